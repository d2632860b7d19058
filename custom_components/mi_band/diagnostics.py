"""Diagnostics: what helps to find a fault, and nothing of the wearer, the key or the address.

Every field is named here one by one. Taking secrets out of a whole would pass on whatever a later
version adds to it.
"""

from typing import Any, Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothScannerDevice
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .band.settings import HEART_RATE_INTERVAL
from .band.state import BandState
from .const import CONF_BINDING, DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .firmware_memory import async_told
from .options import CHECK_FIRMWARE_ONLINE, CONNECTION_MODE, SYNC_INTERVAL
from .troubles import DROPS_SPAN, TROUBLES, issue_id

TOLD_OPTIONS: Final = (CONNECTION_MODE, SYNC_INTERVAL, CHECK_FIRMWARE_ONLINE)
"""The options that name no entity: such a name often has the wearer's in it."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: MiBandConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of a band."""
    coordinator = entry.runtime_data
    return {
        "entry": {
            "version": entry.version,
            "minor_version": entry.minor_version,
            "options": {option.key: option.of(entry) for option in TOLD_OPTIONS},
            # None in an entry that was made before the answer was kept.
            "binding": entry.data.get(CONF_BINDING),
        },
        "link": _link(coordinator),
        "troubles": _troubles(hass, entry),
        "band": _band(coordinator.data),
        "firmware_online": await async_told(hass, entry),
        "scanners": [
            _scanner(index, heard)
            for index, heard in enumerate(
                bluetooth.async_scanner_devices_by_address(
                    hass, coordinator.address, connectable=True
                )
            )
        ],
    }


def _link(coordinator: MiBandCoordinator) -> dict[str, Any]:
    record = coordinator.keeper.record
    return {
        "connected": coordinator.data.connected,
        "reachable": coordinator.data.reachable,
        "connections": record.connections,
        "failures_in_a_row": record.failures,
        "drops_within_an_hour": record.drops_within(DROPS_SPAN),
        "last_error": record.last_error,
        "signal_dbm": coordinator.data.signal_dbm,
    }


def _troubles(hass: HomeAssistant, entry: MiBandConfigEntry) -> list[str]:
    """Return which repair issues there are; their texts would name the wearer."""
    registry = ir.async_get(hass)
    return [
        trouble.key
        for trouble in TROUBLES
        if registry.async_get_issue(DOMAIN, issue_id(entry.entry_id, trouble.key))
    ]


def _band(state: BandState) -> dict[str, Any]:
    """Return what is known of the band; of what it says about the wearer, only whether."""
    return {
        "firmware_version": state.device.firmware_version if state.device else None,
        "hardware_version": state.device.hardware_version if state.device else None,
        "has_serial_number": state.device is not None and state.device.serial_number is not None,
        "battery_percent": state.battery.level_percent if state.battery else None,
        "charging": state.battery.charging if state.battery else None,
        "last_sync": state.last_sync.isoformat() if state.last_sync else None,
        "totals_known": state.today is not None,
        "heart_rate_known": state.heart_rate_bpm is not None,
        "worn_known": state.worn is not None,
        "asleep_known": state.asleep is not None,
        "heart_rate_interval": state.settings.of(HEART_RATE_INTERVAL),
        "continuous_heart_rate": state.settings.continuous_heart_rate,
        "settings_chosen": sorted(state.settings.chosen),
        "settings_on_band": sorted(state.settings.on_band),
    }


def _scanner(index: int, heard: BluetoothScannerDevice) -> dict[str, Any]:
    """Return how one scanner hears the band; a number stands for its name and address."""
    scanner = heard.scanner
    slots = scanner.get_allocations()
    return {
        "scanner": index,
        "kind": type(scanner).__name__,
        "rssi": heard.advertisement.rssi,
        "scanning": scanner.scanning,
        "mode": scanner.current_mode.value if scanner.current_mode else None,
        "connection_slots": slots.slots if slots else None,
        "free_connection_slots": slots.free if slots else None,
    }
