"""The way to a band through Home Assistant's adapters and proxies."""

import asyncio
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import ClassVar, Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.core import HomeAssistant

from .band.errors import LinkError, NoConnectionSlot
from .band.session import Device
from .const import MODEL

LISTENING: Final = timedelta(seconds=5)
"""How long a band that is there is silent at most; it advertises every second or so."""


class NoAdapter(LinkError):
    """Home Assistant has no adapter or proxy that can connect."""

    code: ClassVar[str] = "no_adapter"


def is_band_4(heard: BluetoothServiceInfoBleak) -> bool:
    """Tell a Mi Smart Band 4 by its name, the one thing that no other model has."""
    return heard.name.casefold().startswith(MODEL.casefold())


def find_device(hass: HomeAssistant, address: str) -> Device | None:
    """Return the best way to the band now: the adapter or proxy that hears it strongest."""
    return bluetooth.async_ble_device_from_address(hass, address, connectable=True)


def find_connectable(hass: HomeAssistant, address: str) -> Device | None:
    """Return the best way to the band, or say at once why none can lead there.

    Raises:
        NoAdapter: there is nothing that could connect to any band.
        NoConnectionSlot: all that hear the band are taken. Waiting for one to become free would
            cost somebody half a minute.
    """
    if not bluetooth.async_scanner_count(hass, connectable=True):
        raise NoAdapter("there is no adapter or proxy that can connect")
    hearing = bluetooth.async_scanner_devices_by_address(hass, address, connectable=True)
    if hearing and not any(_has_free_slot(heard) for heard in hearing):
        raise NoConnectionSlot("every adapter and proxy that hears the band is taken")
    return find_device(hass, address)


async def async_listen(hass: HomeAssistant, addresses: set[str]) -> set[str]:
    """Listen until all of these bands were heard, or long enough; return those that were.

    Home Assistant calls a band present for minutes after its last advertisement, which is how long
    a band that was reset would seem to be in two places.
    """
    there: set[str] = set()
    complete = asyncio.Event()

    def note(heard: BluetoothServiceInfoBleak) -> None:
        there.add(heard.address)
        if there == addresses:
            complete.set()

    with ExitStack() as registered, suppress(TimeoutError):
        for address in addresses:
            registered.callback(
                bluetooth.async_register_advertisement_callback(hass, note, address)
            )
        async with asyncio.timeout(LISTENING.total_seconds() if addresses else 0):
            await complete.wait()
    return there


def _has_free_slot(heard: bluetooth.BluetoothScannerDevice) -> bool:
    allocations = heard.scanner.get_allocations()
    # Who does not count its connections may have one to spare.
    return allocations is None or allocations.slots == 0 or allocations.free > 0
