"""The way to a band through Home Assistant's adapters and proxies."""

from typing import ClassVar

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.core import HomeAssistant

from .band.errors import LinkError, NoConnectionSlot
from .band.session import Device
from .const import MODEL


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


def _has_free_slot(heard: bluetooth.BluetoothScannerDevice) -> bool:
    allocations = heard.scanner.get_allocations()
    # Who does not count its connections may have one to spare.
    return allocations is None or allocations.slots == 0 or allocations.free > 0
