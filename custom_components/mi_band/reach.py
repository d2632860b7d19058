"""The way to a band through Home Assistant's adapters and proxies."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import ClassVar, Final, NamedTuple

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import (
    BluetoothReachabilityIntent,
    BluetoothServiceInfoBleak,
)
from homeassistant.core import HomeAssistant

from .band.errors import BandNotFound, LinkError, NoConnectionSlot
from .band.session import Device
from .const import MODEL

LISTENING: Final = timedelta(seconds=5)
"""How long a band that is there is silent at most; it advertises every second or so."""


class NoAdapter(LinkError):
    """Home Assistant has no adapter or proxy that can connect."""

    code: ClassVar[str] = "no_adapter"


class HeldBySystem(BandNotFound):
    """Nobody hears the band, for the operating system itself holds a link to it."""

    code: ClassVar[str] = "held_by_system"


class SystemHold(NamedTuple):
    """What the operating system under a local adapter has with a band.

    Nothing is known of what proxies, or other computers, have.
    """

    bonded: bool = False
    """Paired in the system's Bluetooth settings."""
    connected: bool = False
    """Linked, by whoever uses the system's Bluetooth: Home Assistant too, while it has a link."""


def system_hold(hass: HomeAssistant, address: str) -> SystemHold:
    """Return what the operating system has with a band, as far as its adapters heard of it."""
    found = [
        _hold(heard.ble_device.details, heard.advertisement.platform_data)
        for heard in bluetooth.async_scanner_devices_by_address(hass, address, connectable=True)
    ]
    return SystemHold(
        bonded=any(hold.bonded for hold in found), connected=any(hold.connected for hold in found)
    )


def bands_held_by_system(hass: HomeAssistant) -> Iterator[str]:
    """Return the addresses of the bands to which the operating system holds a link."""
    for scanner in bluetooth.async_current_scanners(hass):
        for device, advertisement in scanner.discovered_devices_and_advertisement_data.values():
            hold = _hold(device.details, advertisement.platform_data)
            if hold.connected and _is_name_of_band_4(device.name or ""):
                yield device.address


def _hold(details: object, platform_data: tuple[object, ...]) -> SystemHold:
    """Read what BlueZ says of a device, which bleak hands on for its own adapters.

    With the advertisement comes what holds now. Of a band that the system had before Home Assistant
    started, and that nobody has heard since, there are the details only, which BlueZ keeps up to
    date. bleak promises for neither that it stays where it is; other systems give neither.
    """
    first = details.get("props") if isinstance(details, Mapping) else None
    for given in (*platform_data, first):
        if isinstance(given, Mapping):
            return SystemHold(
                bonded=bool(given.get("Paired") or given.get("Bonded")),
                connected=bool(given.get("Connected")),
            )
    return SystemHold()


def is_band_4(heard: BluetoothServiceInfoBleak) -> bool:
    """Tell a Mi Smart Band 4 by its name, the one thing that no other model has."""
    return _is_name_of_band_4(heard.name)


def _is_name_of_band_4(name: str) -> bool:
    return name.casefold().startswith(MODEL.casefold())


def find_device(hass: HomeAssistant, address: str) -> Device | None:
    """Return the best way to the band now: the adapter or proxy that hears it strongest."""
    return bluetooth.async_ble_device_from_address(hass, address, connectable=True)


def signal_dbm(hass: HomeAssistant, address: str) -> int | None:
    """Return how strongly the band was heard last; None when it was not."""
    heard = bluetooth.async_last_service_info(hass, address, connectable=True)
    return heard.rssi if heard else None


def why_unreachable(hass: HomeAssistant, address: str) -> str:
    """Return what Home Assistant knows of the way to the band."""
    return bluetooth.async_address_reachability_diagnostics(
        hass, address, BluetoothReachabilityIntent.CONNECTION
    )


def find_connectable(hass: HomeAssistant, address: str) -> Device | None:
    """Return the best way to the band, or say at once why none can lead there.

    Raises:
        NoAdapter: there is nothing that could connect to any band.
        NoConnectionSlot: all that hear the band are taken. Waiting for one to become free would
            cost somebody half a minute.
        HeldBySystem: the operating system holds a link to the band, so that nobody hears it.
    """
    if not bluetooth.async_scanner_count(hass, connectable=True):
        raise NoAdapter("there is no adapter or proxy that can connect")
    hearing = bluetooth.async_scanner_devices_by_address(hass, address, connectable=True)
    if hearing and not any(_has_free_slot(heard) for heard in hearing):
        raise NoConnectionSlot("every adapter and proxy that hears the band is taken")
    device = find_device(hass, address)
    if device is None and system_hold(hass, address).connected:
        raise HeldBySystem("the operating system holds a link to the band")
    return device


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
