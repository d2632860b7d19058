"""The calendar of a band: what its wearer did, and how they slept."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.const import STATE_OFF
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.history import History
from tests.emulator.band import EmulatedBand
from tests.emulator.life import Doing

from .bands import MakeBand
from .flow import KEY
from .house import IDENTITY, House

HOME = ZoneInfo("US/Pacific")
"""Where the house of the tests is."""
DAYS = 7


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band that was worn for a week."""
    return await make_band(key=KEY, days=DAYS, zone=HOME)


@pytest.fixture
async def synced(house: House) -> House:
    """Provide a house in which its records have arrived."""
    await house.call("sync")
    await house.hass.async_block_till_done()
    return house


async def _events(house: House, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return what the calendar shows; Any, for that is JSON."""
    calendar = house.entity_id("calendar", "workouts_and_sleep")
    answer = await house.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": calendar,
            "start_date_time": start.isoformat(),
            "end_date_time": end.isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    found: Any = answer
    return list(found[calendar]["events"])


async def _week(house: House) -> list[dict[str, Any]]:
    return await _events(house, dt_util.now() - timedelta(days=DAYS + 2), dt_util.now())


def _moment(minute: float) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _span(event: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(event["start"]), datetime.fromisoformat(event["end"])


async def test_every_sleep_that_is_over_is_there_once(synced: House) -> None:
    truth = synced.band.truth
    # What is left of the night before the first minute may be too short to count.
    wanted = [
        (_moment(slept.start), _moment(slept.end))
        for slept in truth.sleeps()[1:]
        if slept.end + 60 <= truth.span[1]
    ]
    events = [event for event in await _week(synced) if event["summary"] in {"Sleep", "Nap"}]
    assert [_span(event) for event in events][-len(wanted) :] == wanted
    assert len(wanted) >= DAYS - 1


async def test_every_workout_is_there_once(synced: House) -> None:
    wanted = [
        (datetime.fromtimestamp(workout.start, UTC), workout.sport.name.lower())
        for workout in synced.band.truth.workouts()
    ]
    sports = {"Sleep", "Nap"}
    events = [event for event in await _week(synced) if event["summary"] not in sports]
    assert [_span(event)[0] for event in events] == [start for start, _ in wanted]
    assert [event["summary"].lower().replace(" ", "_") for event in events] == [
        sport for _, sport in wanted
    ]
    assert wanted


async def test_a_night_tells_how_it_was(synced: House) -> None:
    truth = synced.band.truth
    night = [
        slept for slept in truth.sleeps() if not slept.nap and slept.end + 60 <= truth.span[1]
    ][-1]
    (event,) = [event for event in await _week(synced) if _span(event)[0] == _moment(night.start)]
    hours, minutes = divmod(night.minutes(Doing.DEEP_SLEEP), 60)
    told = (
        f"{hours} h {minutes} min"
        if hours and minutes
        else f"{hours} h"
        if hours
        else f"{minutes} min"
    )
    assert f"Deep sleep: {told}" in event["description"].splitlines()


async def test_a_workout_tells_how_far_it_was(synced: House) -> None:
    far = [workout for workout in synced.band.truth.workouts() if workout.distance_m]
    start = datetime.fromtimestamp(far[-1].start, UTC)
    (event,) = [event for event in await _week(synced) if _span(event)[0] == start]
    distance, unit = event["description"].partition("Distance: ")[2].partition("\n")[0].split()
    assert unit == "km"
    assert float(distance) == pytest.approx(far[-1].distance_m / 1000, abs=0.01)


async def test_events_are_in_the_order_of_time(synced: House) -> None:
    starts = [_span(event)[0] for event in await _week(synced)]
    assert starts == sorted(starts)


async def test_a_span_has_what_lies_in_it_in_part(synced: House) -> None:
    truth = synced.band.truth
    night = next(slept for slept in truth.sleeps()[1:] if not slept.nap)
    middle = _moment((night.start + night.end) / 2)
    events = await _events(synced, middle, middle + timedelta(minutes=1))
    assert [_span(event) for event in events] == [(_moment(night.start), _moment(night.end))]


async def test_there_is_nothing_before_the_first_record(synced: House) -> None:
    long_ago = dt_util.now() - timedelta(days=300)
    assert await _events(synced, long_ago, long_ago + timedelta(days=200)) == []


async def test_nothing_is_going_on_or_planned(synced: House) -> None:
    assert synced.value("calendar", "workouts_and_sleep") == STATE_OFF


async def test_the_calendar_stays_when_the_band_goes(synced: House) -> None:
    before = await _week(synced)
    await synced.lose_band()
    assert await _week(synced) == before


class TestTheHourThatComesTwice:
    """At nine in the morning in UTC two o'clock becomes one o'clock once more."""

    @pytest.fixture
    async def band(self, make_band: MakeBand) -> EmulatedBand:
        """Provide a band without a past."""
        return await make_band(key=KEY, zone=HOME)

    async def test_sleep_that_seems_to_end_before_it_began_is_shown(self, house: House) -> None:
        began = datetime(2025, 11, 2, 8, 40, tzinfo=UTC)
        first = int(began.timestamp()) // 60
        kinds = [0x79] * 40 + [0x1C] * 10 + [0x11] * 80
        archive = await async_get_archive(house.hass)
        await archive.async_run(
            History.commit_minutes,
            IDENTITY,
            [Minute(first + place, -32, kind, 9, 0, 255) for place, kind in enumerate(kinds)],
        )
        day = timedelta(days=1)
        (event,) = await _events(house, began - day, began + day)
        assert _span(event) == (began, began + timedelta(minutes=40))
