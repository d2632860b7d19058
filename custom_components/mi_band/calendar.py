"""A calendar of what was: workouts, nights and naps, from the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.const import UnitOfLength
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import UnitSystem

from .band.sleep import SleepSession
from .band.workouts import LONGEST_WORKOUT, Sport, Workout
from .const import DOMAIN
from .coordinator import MiBandConfigEntry
from .drawing import duration
from .entity import MiBandEntity, MiBandEntityDescription
from .history import History
from .sleep_log import read_sleep

# The store takes turns by itself.
PARALLEL_UPDATES = 0

_MINUTE_S: Final = 60
_SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class MiBandCalendarDescription(MiBandEntityDescription, CalendarEntityDescription):
    """A calendar."""


CALENDARS = (MiBandCalendarDescription(key="workouts_and_sleep"),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of a band."""
    async_add_entities(MiBandCalendar(entry.runtime_data, row) for row in CALENDARS)


class MiBandCalendar(MiBandEntity, CalendarEntity):
    """What a band has recorded, by the time at which it happened."""

    entity_description: MiBandCalendarDescription

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return what is going on or comes next: nothing, for it holds what is over."""
        return None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return what happened at least in part within a span of time."""
        words = await _async_words(hass)
        night = self.coordinator.data.recorded.night

        def read(history: History, band: str) -> list[CalendarEvent]:
            sleep = read_sleep(history, band, _minute(start_date), -(-_second(end_date) // 60))
            workouts = history.workouts(band, start_date - LONGEST_WORKOUT, end_date)
            events = [
                _sleep_event(session, words)
                for session in sleep
                # One that the band itself said is over is not read as that from its minutes.
                if session.final or (night and session.start == night.start)
            ]
            events += [
                _workout_event(workout, words, hass.config.units)
                for workout in workouts
                if workout.end > start_date
            ]
            return sorted(events, key=lambda event: event.start_datetime_local.timestamp())

        return await self.coordinator.records.async_read(read)


def _sleep_event(session: SleepSession, words: Mapping[str, str]) -> CalendarEvent:
    told = {
        "light": session.light_minutes,
        "deep": session.deep_minutes,
        "awake": session.awake_minutes,
        "not_recorded": session.unknown_minutes,
    }
    return _event(
        _moment(session.start),
        _moment(session.end),
        summary=words["nap" if session.is_nap else "night"],
        told=(f"{words[key]}: {duration(minutes)}" for key, minutes in told.items() if minutes),
        uid=f"sleep-{session.start}",
    )


def _workout_event(workout: Workout, words: Mapping[str, str], units: UnitSystem) -> CalendarEvent:
    sport = workout.sport.name.lower() if isinstance(workout.sport, Sport) else "other"
    told = {
        "active": duration(round(workout.active / timedelta(minutes=1)))
        if workout.active
        else None,
        "distance": (
            f"{units.length(workout.distance_m, UnitOfLength.METERS):.2f} {units.length_unit}"
            if workout.distance_m
            else None
        ),
        "steps": workout.steps,
        "energy": f"{workout.energy_kcal:.0f} kcal" if workout.energy_kcal else None,
        "heart_rate": (
            f"{workout.average_heart_rate_bpm} bpm" if workout.average_heart_rate_bpm else None
        ),
    }
    return _event(
        workout.start,
        max(workout.end, workout.start + _SHORTEST),
        summary=words[sport],
        told=(f"{words[key]}: {value}" for key, value in told.items() if value),
        uid=f"workout-{_second(workout.start)}",
    )


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _minute(moment: datetime) -> int:
    return _second(moment) // _MINUTE_S


def _moment(minute: int) -> datetime:
    return dt_util.utc_from_timestamp(minute * _MINUTE_S)


def _event(
    start: datetime, end: datetime, *, summary: str, told: Iterable[str], uid: str
) -> CalendarEvent:
    start, end = dt_util.as_local(start), dt_util.as_local(end)
    event = CalendarEvent(
        start=start, end=max(start, end), summary=summary, description="\n".join(told), uid=uid
    )
    # What ends in the hour that comes twice in autumn may seem to end before it began: both are
    # compared as the clock on the wall shows them, and for one such event all would be refused.
    event.end = end
    return event


async def _async_words(hass: HomeAssistant) -> dict[str, str]:
    """Return the words of the events, and the names of the sports."""
    language = hass.config.language
    texts = {
        f"component.{DOMAIN}.selector.calendar.options.": await async_get_translations(
            hass, language, "selector", {DOMAIN}
        ),
        f"component.{DOMAIN}.entity.sensor.last_workout.state.": await async_get_translations(
            hass, language, "entity", {DOMAIN}
        ),
    }
    return {
        key.removeprefix(path): text
        for path, found in texts.items()
        for key, text in found.items()
        if key.startswith(path)
    }
