"""System health: whether the house can reach its bands, without a word of who wears them."""

from collections.abc import Sequence
from typing import Any

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BaseHaRemoteScanner, BaseHaScanner
from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .coordinator import MiBandConfigEntry


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register what tells."""
    register.async_register_info(async_info)


async def async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what there is to connect with, and how many bands are there."""
    scanners = [
        scanner for scanner in bluetooth.async_current_scanners(hass) if scanner.connectable
    ]
    proxies = sum(isinstance(scanner, BaseHaRemoteScanner) for scanner in scanners)
    entries: list[MiBandConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    states = [entry.runtime_data.data for entry in entries]
    syncs = [state.last_sync for state in states if state.last_sync]
    info = {
        "adapters": len(scanners) - proxies,
        "proxies": proxies,
        "free_connection_slots": _free_slots(scanners),
        "bands_configured": len(hass.config_entries.async_entries(DOMAIN, include_ignore=False)),
        "bands_connected": sum(state.connected for state in states),
        "bands_heard": sum(_is_heard(hass, entry) for entry in entries),
    }
    # The oldest, for that is the band to look after.
    return info | ({"last_sync": min(syncs)} if syncs else {})


def _is_heard(hass: HomeAssistant, entry: MiBandConfigEntry) -> bool:
    coordinator = entry.runtime_data
    # A band that is connected falls silent.
    return coordinator.data.connected or bluetooth.async_address_present(
        hass, coordinator.address, connectable=True
    )


def _free_slots(scanners: Sequence[BaseHaScanner]) -> str:
    """Return free and all slots of those that count them."""
    counted = [
        slots
        for scanner in scanners
        if (slots := scanner.get_allocations()) is not None and slots.slots
    ]
    return f"{sum(slots.free for slots in counted)}/{sum(slots.slots for slots in counted)}"
