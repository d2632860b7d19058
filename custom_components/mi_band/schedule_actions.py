"""Actions for what the band does by itself later: alarms and reminders."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial, reduce
from operator import or_
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID, WEEKDAYS
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .agenda import EVENT_SLOTS, REMINDER_SLOTS, async_clear_reminder, async_set_reminder
from .alarm_clock import ALARM_DAYS, async_alter_alarm, async_clear_alarm
from .band import alarms, reminders
from .band.alarms import Alarm, Days
from .band.reminders import Reminder, Repeat
from .const import DOMAIN
from .targets import BAND, coordinator_of

ATTR_ALARM: Final = "alarm"
ATTR_DAYS: Final = "days"
ATTR_ENABLED: Final = "enabled"
ATTR_REMINDER: Final = "reminder"
ATTR_REMOVE: Final = "remove"
ATTR_REPEAT: Final = "repeat"
ATTR_SNOOZE: Final = "snooze"
ATTR_TEXT: Final = "text"
ATTR_TIME: Final = "time"
ATTR_WHEN: Final = "when"

REMINDER_DAYS: Final = dict(zip(WEEKDAYS, reminders.DAILY, strict=True))
REPEATS: Final = {
    "once": reminders.ONCE,
    "daily": reminders.DAILY,
    "weekly": None,
    "monthly": Repeat.MONTHLY,
    "yearly": Repeat.YEARLY,
}
"""When a reminder comes again; weekly is on the day of its date."""

SET_ALARM_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Required(ATTR_ALARM): vol.All(vol.Coerce(int), vol.Range(min=1, max=alarms.SLOTS)),
        vol.Optional(ATTR_TIME): cv.time,
        vol.Optional(ATTR_DAYS): vol.All(cv.ensure_list, [vol.In(ALARM_DAYS)]),
        vol.Optional(ATTR_ENABLED, default=True): cv.boolean,
        vol.Optional(ATTR_SNOOZE): cv.boolean,
        vol.Optional(ATTR_REMOVE, default=False): cv.boolean,
    }
)
SET_REMINDER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Required(ATTR_REMINDER): vol.All(vol.Coerce(int), vol.Range(min=1, max=REMINDER_SLOTS)),
        vol.Optional(ATTR_TEXT): cv.string,
        vol.Optional(ATTR_WHEN): cv.datetime,
        vol.Optional(ATTR_REPEAT, default="once"): vol.In(REPEATS),
        vol.Optional(ATTR_REMOVE, default=False): cv.boolean,
    }
)


async def async_write_alarm(call: ServiceCall) -> None:
    """Set an alarm, or remove it; what is not said stays as it is."""
    coordinator = coordinator_of(call)
    slot = call.data[ATTR_ALARM] - 1
    if call.data[ATTR_REMOVE]:
        await async_clear_alarm(coordinator, slot)
        return
    await async_alter_alarm(coordinator, slot, partial(_altered, call.data, slot))


def _altered(said: Mapping[str, Any], slot: int, alarm: Alarm | None) -> Alarm:
    if (time := said.get(ATTR_TIME)) is not None:
        alarm = alarm or Alarm(slot=slot, hour=0, minute=0, days=Days.ONCE)
        alarm = replace(alarm, hour=time.hour, minute=time.minute)
    if alarm is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="alarm_without_time",
            translation_placeholders={"alarm": str(slot + 1)},
        )
    if (days := said.get(ATTR_DAYS)) is not None:
        chosen = reduce(or_, (ALARM_DAYS[day] for day in days), Days(0))
        alarm = replace(alarm, days=chosen or Days.ONCE)
    return replace(alarm, enabled=said[ATTR_ENABLED], snooze=said.get(ATTR_SNOOZE, alarm.snooze))


async def async_write_reminder(call: ServiceCall) -> None:
    """Set a reminder, or remove it."""
    coordinator = coordinator_of(call)
    slot = EVENT_SLOTS + call.data[ATTR_REMINDER] - 1
    if call.data[ATTR_REMOVE]:
        await async_clear_reminder(coordinator, slot)
        return
    text, when = call.data.get(ATTR_TEXT), call.data.get(ATTR_WHEN)
    if not text or when is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="reminder_without_content"
        )
    # The band shows the time of the house; one without a zone means that already.
    begin = dt_util.as_local(when)
    repeat = REPEATS[call.data[ATTR_REPEAT]]
    if repeat is None:
        repeat = REMINDER_DAYS[WEEKDAYS[begin.weekday()]]
    if not repeat and begin <= dt_util.utcnow():
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="reminder_in_the_past"
        )
    await async_set_reminder(
        coordinator, Reminder(slot=slot, begin=begin, text=text, repeat=repeat)
    )


@callback
def async_setup_schedule_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    register = hass.services.async_register
    register(DOMAIN, "set_alarm", async_write_alarm, SET_ALARM_SCHEMA)
    register(DOMAIN, "set_reminder", async_write_reminder, SET_REMINDER_SCHEMA)
