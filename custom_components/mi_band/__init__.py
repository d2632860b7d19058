"""The Mi Band integration: a Xiaomi Mi Smart Band 4 without phone and cloud."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .alert_queue import async_forget_alert_queue
from .choices import Choices
from .claims import async_end_dialogs
from .const import CONF_IDENTITY, DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .face_log import face_store
from .feeds import async_start_feeds
from .finding import async_answer_find_phone
from .firmware_memory import firmware_store
from .measuring import Measuring
from .services import async_setup_services
from .slot_watch import SlotWatch
from .snapshot import snapshot_store
from .troubles import TroubleWatch

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.DEVICE_TRACKER,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.NOTIFY,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
    Platform.UPDATE,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: MiBandConfigEntry) -> bool:
    """Set up a band; it need not be here for that, as bands leave the house with their wearer."""
    coordinator = MiBandCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    Choices(hass, entry).async_start()
    Measuring(hass, entry).async_start()
    SlotWatch(hass, entry).async_start()
    async_start_feeds(hass, entry)
    async_answer_find_phone(entry)
    coordinator.async_start()
    TroubleWatch(hass, entry).async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: MiBandConfigEntry) -> bool:
    """Take the entities away; the link ends with what the coordinator left to the entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
    """Delete what was kept beside the entry, and end what was going on about it."""
    async_end_dialogs(hass, entry.entry_id)
    async_forget_alert_queue(hass, entry.data[CONF_IDENTITY])
    await snapshot_store(hass, entry.entry_id).async_remove()
    await face_store(hass, entry.entry_id).async_remove()
    await firmware_store(hass, entry.entry_id).async_remove()
