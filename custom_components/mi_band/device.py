"""How a band stands in the device registry: by its identity, which outlives address and key."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .band.device_info import DeviceInfo
from .const import CONF_IDENTITY, DOMAIN, MANUFACTURER, MODEL


def device_of(entry: ConfigEntry, info: DeviceInfo | None) -> dr.DeviceInfo:
    """Return the device of a band, with what it said of itself."""
    return dr.DeviceInfo(
        identifiers={(DOMAIN, entry.data[CONF_IDENTITY])},
        connections={(dr.CONNECTION_BLUETOOTH, entry.data[CONF_ADDRESS])},
        name=entry.title,
        manufacturer=MANUFACTURER,
        model=MODEL,
        serial_number=info.serial_number if info else None,
        hw_version=info.hardware_version if info else None,
        sw_version=info.firmware_version if info else None,
    )


@callback
def async_note_info(hass: HomeAssistant, entry: ConfigEntry, info: DeviceInfo) -> None:
    """Take note of what the band says of itself now."""
    if device := _find(hass, entry):
        dr.async_get(hass).async_update_device(
            device.id,
            sw_version=info.firmware_version,
            hw_version=info.hardware_version,
            serial_number=info.serial_number,
        )


@callback
def async_note_address(hass: HomeAssistant, entry: ConfigEntry, address: str) -> None:
    """Take note of the band's new address."""
    if device := _find(hass, entry):
        dr.async_get(hass).async_update_device(
            device.id, new_connections={(dr.CONNECTION_BLUETOOTH, address)}
        )


def _find(hass: HomeAssistant, entry: ConfigEntry) -> dr.DeviceEntry | None:
    """Return the device; None before the first entity made it."""
    return dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, entry.data[CONF_IDENTITY]), entry.entry_id
    )
