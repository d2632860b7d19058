"""Actions: what can be done to a band with words of one's own."""

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.components.notify import ATTR_MESSAGE, ATTR_TITLE, ATTR_TITLE_DEFAULT
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, service
from homeassistant.helpers.dispatcher import async_dispatcher_send
import voluptuous as vol

from .band.alerts import Alert, Category, Icon
from .band.reset import reboot
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .farewell import async_factory_reset, async_unbind
from .notify import ALERTED

ATTR_APP_NAME: Final = "app_name"
ATTR_DURATION: Final = "duration"
ATTR_FORCE: Final = "force"
ATTR_ICON: Final = "icon"
ATTR_KEEP_HISTORY: Final = "keep_history"
ATTR_STOP: Final = "stop"

LONGEST_FIND: Final = timedelta(minutes=5)
"""A band that vibrates on until somebody finds it would be empty by then."""
LOOKS: Final = {look.name.lower(): look for look in (*Icon, *Category)}
"""How an alert can look on the band, by the name that the action takes."""

FIND_BAND_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_DURATION, default=int(LONGEST_FIND.total_seconds())): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=int(LONGEST_FIND.total_seconds()))
        ),
        vol.Optional(ATTR_STOP, default=False): cv.boolean,
    }
)
NOTIFY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_MESSAGE): cv.string,
        vol.Optional(ATTR_TITLE, default=ATTR_TITLE_DEFAULT): cv.string,
        vol.Optional(ATTR_ICON, default=Icon.APP.name.lower()): vol.In(LOOKS),
        vol.Optional(ATTR_APP_NAME, default=ATTR_TITLE_DEFAULT): cv.string,
    }
)
BAND_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): cv.string})
FAREWELL_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
        vol.Optional(ATTR_KEEP_HISTORY, default=True): cv.boolean,
    }
)


def _target(call: ServiceCall) -> MiBandCoordinator:
    entry: MiBandConfigEntry
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    return entry.runtime_data


async def async_find_band(call: ServiceCall) -> None:
    """Let the band vibrate, or stop that."""
    coordinator = _target(call)
    if call.data[ATTR_STOP]:
        await coordinator.async_stop_find()
    else:
        await coordinator.async_find(timedelta(seconds=call.data[ATTR_DURATION]))


async def async_notify(call: ServiceCall) -> None:
    """Show an alert on the wrist."""
    coordinator = _target(call)
    alert = Alert(
        title=call.data[ATTR_TITLE],
        body=call.data[ATTR_MESSAGE],
        look=LOOKS[call.data[ATTR_ICON]],
        app_name=call.data[ATTR_APP_NAME],
    )
    await coordinator.async_alert(alert)
    async_dispatcher_send(call.hass, ALERTED, coordinator.identity)


async def async_sync(call: ServiceCall) -> ServiceResponse:
    """Read everything from the band now."""
    duration = await _target(call).async_sync()
    return {ATTR_DURATION: duration.total_seconds()}


async def async_restart(call: ServiceCall) -> None:
    """Restart the band."""
    await _target(call).async_run(reboot)


async def async_reset(call: ServiceCall) -> ServiceResponse:
    """Reset the band, and keep its place."""
    farewell = await async_factory_reset(
        _target(call), force=call.data[ATTR_FORCE], keep_history=call.data[ATTR_KEEP_HISTORY]
    )
    return asdict(farewell)


async def async_leave(call: ServiceCall) -> ServiceResponse:
    """Reset the band and remove it."""
    farewell = await async_unbind(
        _target(call), force=call.data[ATTR_FORCE], keep_history=call.data[ATTR_KEEP_HISTORY]
    )
    return asdict(farewell)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they stay when no band is set up, so that automations stay valid."""
    register = hass.services.async_register
    register(DOMAIN, "find_band", async_find_band, FIND_BAND_SCHEMA)
    register(DOMAIN, "notify", async_notify, NOTIFY_SCHEMA)
    register(DOMAIN, "sync", async_sync, BAND_SCHEMA, SupportsResponse.OPTIONAL)
    register_for_admins = partial(service.async_register_admin_service, hass, DOMAIN)
    register_for_admins("reboot", async_restart, BAND_SCHEMA)
    optional = SupportsResponse.OPTIONAL
    register_for_admins("factory_reset", async_reset, FAREWELL_SCHEMA, optional)
    register_for_admins("unbind", async_leave, FAREWELL_SCHEMA, optional)
