"""Actions: what can be done to a band with words of one's own."""

from datetime import timedelta
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

from .band.alerts import Alert, Category, Icon, send_alert
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .notify import ALERTED

ATTR_APP_NAME: Final = "app_name"
ATTR_DURATION: Final = "duration"
ATTR_ICON: Final = "icon"
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
SYNC_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): cv.string})


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
    await coordinator.async_run(lambda link: send_alert(link, alert))
    async_dispatcher_send(call.hass, ALERTED, coordinator.identity)


async def async_sync(call: ServiceCall) -> ServiceResponse:
    """Read everything from the band now."""
    duration = await _target(call).async_sync()
    return {ATTR_DURATION: duration.total_seconds()}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions; they stay when no band is set up, so that automations stay valid."""
    register = hass.services.async_register
    register(DOMAIN, "find_band", async_find_band, FIND_BAND_SCHEMA)
    register(DOMAIN, "notify", async_notify, NOTIFY_SCHEMA)
    register(DOMAIN, "sync", async_sync, SYNC_SCHEMA, SupportsResponse.OPTIONAL)
