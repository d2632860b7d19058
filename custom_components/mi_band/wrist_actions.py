"""Actions for what appears on the wrist: alerts, calls and questions."""

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
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_send
import voluptuous as vol

from .alert_queue import Message, Outcome, Priority
from .band.alerts import Alert, Category, Icon, split_alert
from .band.find import answer_find_phone
from .call_desk import Answer
from .const import DOMAIN
from .coordinator import MiBandCoordinator
from .notify import ALERTED
from .options import TRANSLITERATE
from .targets import BAND, coordinator_of
from .transliteration import transliterate

ATTR_ANSWER: Final = "answer"
ATTR_APP_NAME: Final = "app_name"
ATTR_CALLER: Final = "caller"
ATTR_DURATION: Final = "duration"
ATTR_ICON: Final = "icon"
ATTR_OUTCOME: Final = "outcome"
ATTR_PRIORITY: Final = "priority"
ATTR_QUESTION: Final = "question"
ATTR_REPEAT: Final = "repeat"
ATTR_SPLIT: Final = "split"
ATTR_STOP: Final = "stop"
ATTR_TRANSLITERATE: Final = "transliterate"

LOOKS: Final = {look.name.lower(): look for look in (*Icon, *Category)}
"""How an alert can look on the band, by the name that the action takes."""
PRIORITIES: Final = {priority.name.lower(): priority for priority in Priority}
HIGHEST_REPEAT: Final = 5
LONGEST_RING: Final = timedelta(minutes=2)
"""A band that rings on until somebody answers would be empty by then."""
DEFAULT_RING: Final = timedelta(seconds=30)
REPLIES: Final = {
    Answer.REJECTED: "no",
    Answer.IGNORED: "yes",
    Answer.TIMEOUT: Answer.TIMEOUT.value,
    Answer.CANCELLED: Answer.CANCELLED.value,
}
"""What the keys of the call screen mean under a question."""

NOTIFY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Required(ATTR_MESSAGE): cv.string,
        vol.Optional(ATTR_TITLE, default=ATTR_TITLE_DEFAULT): cv.string,
        vol.Optional(ATTR_ICON, default=Icon.APP.name.lower()): vol.In(LOOKS),
        vol.Optional(ATTR_APP_NAME, default=ATTR_TITLE_DEFAULT): cv.string,
        vol.Optional(ATTR_SPLIT, default=False): cv.boolean,
        vol.Optional(ATTR_TRANSLITERATE): cv.boolean,
        vol.Optional(ATTR_REPEAT, default=1): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=HIGHEST_REPEAT)
        ),
        vol.Optional(ATTR_PRIORITY, default=Priority.NORMAL.name.lower()): vol.In(PRIORITIES),
    }
)
_RING: Final = {
    vol.Required(ATTR_DEVICE_ID): BAND,
    vol.Optional(ATTR_DURATION, default=int(DEFAULT_RING.total_seconds())): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=int(LONGEST_RING.total_seconds()))
    ),
    vol.Optional(ATTR_TRANSLITERATE): cv.boolean,
}
CALL_SCHEMA: Final = vol.Schema(
    {
        **_RING,
        vol.Optional(ATTR_CALLER, default=ATTR_TITLE_DEFAULT): cv.string,
        vol.Optional(ATTR_STOP, default=False): cv.boolean,
    }
)
BAND_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): BAND})
ASK_SCHEMA: Final = vol.Schema({**_RING, vol.Required(ATTR_QUESTION): cv.string})


def _written(call: ServiceCall, coordinator: MiBandCoordinator, text: str) -> str:
    """Return a text in the letters that were asked for."""
    wanted = call.data.get(ATTR_TRANSLITERATE, TRANSLITERATE.of(coordinator.config_entry))
    return transliterate(text) if wanted else text


async def async_notify(call: ServiceCall) -> ServiceResponse:
    """Show an alert on the wrist, or several when its text is to be split."""
    coordinator = coordinator_of(call)
    alert = Alert(
        title=_written(call, coordinator, call.data[ATTR_TITLE]),
        body=_written(call, coordinator, call.data[ATTR_MESSAGE]),
        look=LOOKS[call.data[ATTR_ICON]],
        app_name=_written(call, coordinator, call.data[ATTR_APP_NAME]),
    )
    message = Message(
        alerts=split_alert(alert) if call.data[ATTR_SPLIT] else (alert,),
        repeat=call.data[ATTR_REPEAT],
        priority=PRIORITIES[call.data[ATTR_PRIORITY]],
    )
    outcome = await coordinator.alerts.async_deliver(message)
    if outcome is not Outcome.LIMITED:
        async_dispatcher_send(call.hass, ALERTED, coordinator.identity)
    return {ATTR_OUTCOME: outcome.value}


async def async_call(call: ServiceCall) -> ServiceResponse:
    """Let the band ring as for a phone call, or end what rings."""
    coordinator = coordinator_of(call)
    if call.data[ATTR_STOP]:
        coordinator.calls.stop()
        return {ATTR_ANSWER: Answer.CANCELLED.value}
    answer = await _async_ring(call, coordinator, call.data[ATTR_CALLER])
    return {ATTR_ANSWER: answer.value}


async def async_ask(call: ServiceCall) -> ServiceResponse:
    """Ask a question on the wrist."""
    coordinator = coordinator_of(call)
    answer = await _async_ring(call, coordinator, call.data[ATTR_QUESTION])
    return {ATTR_ANSWER: REPLIES[answer]}


async def async_stop_find_phone(call: ServiceCall) -> None:
    """Tell a band that looks for its phone that it was found."""
    await coordinator_of(call).async_run(partial(answer_find_phone, found=True))


async def _async_ring(call: ServiceCall, coordinator: MiBandCoordinator, text: str) -> Answer:
    duration = timedelta(seconds=call.data[ATTR_DURATION])
    return await coordinator.calls.async_call(_written(call, coordinator, text), duration)


@callback
def async_setup_wrist_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    register = hass.services.async_register
    optional = SupportsResponse.OPTIONAL
    register(DOMAIN, "notify", async_notify, NOTIFY_SCHEMA, optional)
    register(DOMAIN, "call", async_call, CALL_SCHEMA, optional)
    register(DOMAIN, "ask", async_ask, ASK_SCHEMA, optional)
    register(DOMAIN, "stop_find_phone", async_stop_find_phone, BAND_SCHEMA)
