"""The next events of a calendar, in the band's slots for them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..agenda import EVENT_SLOTS, async_clear_reminder, async_set_reminder
from ..band.reminders import Reminder, encode_reminder
from ..coordinator import MiBandConfigEntry
from .push import Push

CALM: Final = timedelta(seconds=10)
LOOK: Final = timedelta(hours=1)
"""How often the calendar is read: its entity tells of its next event only."""
SPAN: Final = timedelta(days=7)
"""How far ahead the band knows of events."""


def events_of(items: Iterable[Mapping[str, Any]]) -> list[Reminder]:
    """Return the next events that the band has slots for, not laid into them yet.

    Those of whole days are left out, as a working client does: the band would remind at midnight.
    """
    events = [
        Reminder(slot=0, begin=begin, end=end, text=str(item.get("summary") or ""))
        for item in items
        if (begin := _moment(item["start"])) and (end := _moment(item["end"]))
    ]
    # Times of one zone are compared as its clock shows them, and one hour of the year comes twice.
    events.sort(key=lambda event: event.begin.timestamp())
    return events[:EVENT_SLOTS]


def _moment(text: str) -> datetime | None:
    """Return the moment of an event by the clock of the house; None for a whole day."""
    moment = None if dt_util.parse_date(text) else dt_util.parse_datetime(text)
    return None if moment is None else dt_util.as_local(moment)


def lay_out(events: Iterable[Reminder], lying: Iterable[Reminder]) -> dict[int, Reminder | None]:
    """Return what is to change in the slots: each event stays where it lies already.

    Slots whose event is over are for those that lie nowhere yet; None empties one that is not
    needed.
    """
    wanted = {_content(event): event for event in events}
    # Taken out of those wanted while going through them: the same event twice needs one slot.
    stale = [there.slot for there in lying if wanted.pop(_content(there), None) is None]
    taken = {there.slot for there in lying}
    free = [*stale, *(slot for slot in range(EVENT_SLOTS) if slot not in taken)]
    changes: dict[int, Reminder | None] = {
        slot: replace(event, slot=slot) for slot, event in zip(free, wanted.values(), strict=False)
    }
    return changes | dict.fromkeys(slot for slot in stale if slot not in changes)


def _content(event: Reminder) -> bytes:
    """Return what the band has of an event, whatever its slot."""
    return encode_reminder(replace(event, slot=0))


class CalendarFeed:
    """Keeps the next events of a calendar on one band; without a calendar, none."""

    def __init__(
        self, hass: HomeAssistant, entry: MiBandConfigEntry, entity_id: str | None
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._entity_id = entity_id
        self._push = Push(hass, entry, "calendar", self._async_push)

    @callback
    def async_start(self) -> None:
        """Begin; ends with the entry."""
        self._push.async_start(self._entity_id, CALM)
        if self._entity_id is not None:
            self._entry.async_on_unload(
                async_track_time_interval(
                    self._hass, self._async_look, LOOK, cancel_on_shutdown=True
                )
            )

    @callback
    def _async_look(self, _: datetime) -> None:
        self._push.async_note()

    async def _async_push(self) -> None:
        lying = [
            there for there in self._coordinator.data.slots.reminders if there.slot < EVENT_SLOTS
        ]
        events = await self._async_events()
        if events is None:
            return
        for slot, event in lay_out(events, lying).items():
            if event is None:
                await async_clear_reminder(self._coordinator, slot)
            else:
                await async_set_reminder(self._coordinator, event)

    async def _async_events(self) -> list[Reminder] | None:
        """Return the next events; None while the calendar is not there to be read."""
        if self._entity_id is None:
            return []
        state = self._hass.states.get(self._entity_id)
        if state is None or state.state == STATE_UNAVAILABLE:
            # To ask for it all the same would be a line in the log each time.
            return None
        now = dt_util.now()
        answer = await self._hass.services.async_call(
            "calendar",
            "get_events",
            {
                ATTR_ENTITY_ID: self._entity_id,
                "start_date_time": now.isoformat(),
                "end_date_time": (now + SPAN).isoformat(),
            },
            blocking=True,
            return_response=True,
        )
        told: Any = (answer or {}).get(self._entity_id)
        return None if told is None else events_of(told["events"])
