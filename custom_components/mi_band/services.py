"""Actions: what can be done to a band with words of one's own."""

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service
import voluptuous as vol

from .band.reset import reboot
from .const import DOMAIN
from .display_actions import async_setup_display_actions
from .farewell import async_factory_reset, async_unbind
from .finding import async_find, async_stop_find
from .firmware_actions import async_setup_firmware_actions
from .history_actions import async_setup_history_actions
from .schedule_actions import async_setup_schedule_actions
from .targets import BAND, coordinator_of
from .wrist_actions import async_setup_wrist_actions

ATTR_DURATION: Final = "duration"
ATTR_FORCE: Final = "force"
ATTR_KEEP_HISTORY: Final = "keep_history"
ATTR_STOP: Final = "stop"

LONGEST_FIND: Final = timedelta(minutes=5)
"""A band that vibrates on until somebody finds it would be empty by then."""

FIND_BAND_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Optional(ATTR_DURATION, default=int(LONGEST_FIND.total_seconds())): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=int(LONGEST_FIND.total_seconds()))
        ),
        vol.Optional(ATTR_STOP, default=False): cv.boolean,
    }
)
BAND_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): BAND})
FAREWELL_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
        vol.Optional(ATTR_KEEP_HISTORY, default=True): cv.boolean,
    }
)


async def async_find_band(call: ServiceCall) -> None:
    """Let the band vibrate, or stop that."""
    coordinator = coordinator_of(call)
    if call.data[ATTR_STOP]:
        await async_stop_find(coordinator)
    else:
        await async_find(coordinator, timedelta(seconds=call.data[ATTR_DURATION]))


async def async_sync(call: ServiceCall) -> ServiceResponse:
    """Bring everything home from the band now."""
    started = call.hass.loop.time()
    synced = await coordinator_of(call).async_sync()
    return {**asdict(synced), ATTR_DURATION: call.hass.loop.time() - started}


async def async_restart(call: ServiceCall) -> None:
    """Restart the band."""
    await coordinator_of(call).async_run(reboot)


async def async_reset(call: ServiceCall) -> ServiceResponse:
    """Reset the band, and keep its place."""
    farewell = await async_factory_reset(
        coordinator_of(call), force=call.data[ATTR_FORCE], keep_history=call.data[ATTR_KEEP_HISTORY]
    )
    return asdict(farewell)


async def async_leave(call: ServiceCall) -> ServiceResponse:
    """Reset the band and remove it."""
    farewell = await async_unbind(
        coordinator_of(call), force=call.data[ATTR_FORCE], keep_history=call.data[ATTR_KEEP_HISTORY]
    )
    return asdict(farewell)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they stay when no band is set up, so that automations stay valid."""
    register = hass.services.async_register
    register(DOMAIN, "find_band", async_find_band, FIND_BAND_SCHEMA)
    register(DOMAIN, "sync", async_sync, BAND_SCHEMA, SupportsResponse.OPTIONAL)
    register_for_admins = partial(service.async_register_admin_service, hass, DOMAIN)
    register_for_admins("reboot", async_restart, BAND_SCHEMA)
    optional = SupportsResponse.OPTIONAL
    register_for_admins("factory_reset", async_reset, FAREWELL_SCHEMA, optional)
    register_for_admins("unbind", async_leave, FAREWELL_SCHEMA, optional)
    async_setup_history_actions(hass)
    async_setup_wrist_actions(hass)
    async_setup_schedule_actions(hass)
    async_setup_display_actions(hass)
    async_setup_firmware_actions(hass)
