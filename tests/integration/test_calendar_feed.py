"""The next events of a calendar in the band's slots."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
import logging

from homeassistant.components.calendar import CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.mi_band.agenda import EVENT_SLOTS
from custom_components.mi_band.band.reminders import Reminder
from custom_components.mi_band.feeds import calendar as feed

from .house import House, until
from .sources import Diary, add_diary, settle

_SOON = dt_util.now().replace(second=0, microsecond=0) + timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "CALM", timedelta(milliseconds=1))


@pytest.fixture
async def diary(hass: HomeAssistant) -> AsyncGenerator[Diary]:
    diary = await add_diary(hass)
    yield diary
    # It waits for the begin of its next event.
    if diary.hass is not None:
        await diary.async_remove()


def _event(summary: str, hours: float = 0, minutes: int = 30) -> CalendarEvent:
    begin = dt_util.now().replace(second=0, microsecond=0) + timedelta(hours=1 + hours)
    return CalendarEvent(start=begin, end=begin + timedelta(minutes=minutes), summary=summary)


def _texts(house: House) -> dict[str, str]:
    return {slot: event["text"] for slot, event in house.on_band("reminders").items()}


def _writes(house: House) -> int:
    return len([message for message in house.on_band("messages") if message["type"] == 2])


async def _until_texts(house: House, texts: dict[str, str], writes: int) -> None:
    await until(lambda: _texts(house) == texts)
    await settle(house)
    assert (_texts(house), _writes(house)) == (texts, writes)


async def test_the_next_events_are_on_the_band(house: House, diary: Diary) -> None:
    standup, lunch = _event("Standup"), _event("Lunch", hours=3, minutes=60)
    diary.set(standup, lunch)
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Standup", "1": "Lunch"}, 2)
    begin, end = standup.start_datetime_local, standup.end_datetime_local
    assert house.on_band("reminders", "0") == {
        "enabled": True,
        "start": begin.replace(tzinfo=None).isoformat(timespec="minutes"),
        "end": end.replace(tzinfo=None).isoformat(timespec="minutes"),
        "weekdays": 0,
        "monthly": False,
        "yearly": False,
        "text": "Standup",
    }


async def test_an_event_stays_in_its_slot_and_is_not_written_again(
    house: House, diary: Diary, hass: HomeAssistant
) -> None:
    events = [_event(f"Event {number}", hours=number) for number in range(3)]
    diary.set(*events)
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Event 0", "1": "Event 1", "2": "Event 2"}, 3)
    await house.lose_band()
    await house.bring_band_back()
    diary.set(*events[1:], _event("New", hours=9))
    await _until_texts(house, {"0": "New", "1": "Event 1", "2": "Event 2"}, 4)
    diary.set(events[2])
    await _until_texts(house, {"2": "Event 2"}, 6)
    # Nor after a restart.
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()
    diary.set(events[2], _event("Another", hours=1))
    await _until_texts(house, {"0": "Another", "2": "Event 2"}, 7)


async def test_no_more_events_are_on_the_band_than_are_the_calendars_slots(
    house: House, diary: Diary
) -> None:
    diary.set(*[_event(f"{number:02}", hours=number) for number in range(12)])
    await house.call("set_reminder", reminder=1, text="Mine", when="2080-05-20 09:00:00")
    await house.choose(calendar="calendar.ada")
    expected = {str(number): f"{number:02}" for number in range(EVENT_SLOTS)} | {"9": "Mine"}
    await _until_texts(house, expected, 1 + EVENT_SLOTS)


async def test_whole_days_and_what_is_far_away_are_left_out(house: House, diary: Diary) -> None:
    today = dt_util.now().date()
    holiday = CalendarEvent(start=today, end=today + timedelta(days=2), summary="Holiday")
    diary.set(holiday, _event("Far", hours=24 * 8), _event("Near"))
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Near"}, 1)


async def test_without_a_calendar_its_events_are_taken_away(house: House, diary: Diary) -> None:
    diary.set(_event("Standup"))
    await house.call("set_reminder", reminder=1, text="Mine", when="2080-05-20 09:00:00")
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Standup", "9": "Mine"}, 2)
    await house.choose(calendar=None)
    await _until_texts(house, {"9": "Mine"}, 3)


async def test_the_calendar_is_read_every_hour(
    house: House, diary: Diary, hass: HomeAssistant
) -> None:
    diary.set(_event("Standup"))
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Standup"}, 1)
    # Something changes that its state does not tell of.
    diary.events.append(_event("Later", hours=9))
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=1, seconds=1))
    await until(lambda: _texts(house) == {"0": "Standup", "1": "Later"})


async def test_a_calendar_that_is_not_there_takes_nothing_away(
    house: House, diary: Diary, hass: HomeAssistant
) -> None:
    diary.set(_event("Standup"))
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Standup"}, 1)
    await diary.async_remove()
    await house.lose_band()
    await house.bring_band_back()
    await settle(house)
    assert _texts(house) == {"0": "Standup"}


async def test_a_calendar_that_is_unavailable_is_not_asked(
    house: House, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    diary.set(_event("Standup"))
    await house.choose(calendar="calendar.ada")
    await _until_texts(house, {"0": "Standup"}, 1)
    diary.become(available=False)
    await house.lose_band()
    await house.bring_band_back()
    await settle(house)
    assert _texts(house) == {"0": "Standup"}
    assert "calendar" not in " ".join(
        record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING
    )
    diary.become(available=True)
    diary.set()
    await until(lambda: _texts(house) == {})


async def test_a_cut_brings_the_rest_on_the_next_link(house: House, diary: Diary) -> None:
    await house.choose(calendar="calendar.ada")
    house.band.faults.cut_after(3)
    diary.set(*[_event(f"{number}", hours=number) for number in range(5)])
    await until(lambda: len(_texts(house)) == 5)
    assert sorted(_texts(house).values()) == list("01234")


# Which event goes where


def _reminder(text: str, slot: int = 0, hours: int = 0) -> Reminder:
    begin: datetime = _SOON + timedelta(hours=hours)
    return Reminder(slot=slot, begin=begin, end=begin + timedelta(hours=1), text=text)


def test_the_same_event_twice_needs_one_slot() -> None:
    lying = [_reminder("a", slot=0), _reminder("a", slot=1)]
    assert feed.lay_out([_reminder("a"), _reminder("a")], lying) == {1: None}


def test_what_is_over_makes_room_before_an_empty_slot_is_taken() -> None:
    lying = [_reminder("over", slot=3)]
    assert feed.lay_out([_reminder("a"), _reminder("b", hours=1)], lying) == {
        3: _reminder("a", slot=3),
        0: _reminder("b", slot=0, hours=1),
    }


def test_an_event_that_moved_is_another_event() -> None:
    lying = [_reminder("a", slot=0)]
    assert feed.lay_out([_reminder("a", hours=1)], lying) == {0: _reminder("a", slot=0, hours=1)}


def test_events_in_the_hour_that_comes_twice_are_in_the_order_of_time(hass: HomeAssistant) -> None:
    # The house of the tests puts its clocks back on this night.
    items = [
        {"start": "2025-11-02T01:10:00-08:00", "end": "2025-11-02T01:20:00-08:00", "summary": "2"},
        {"start": "2025-11-02T01:40:00-07:00", "end": "2025-11-02T01:50:00-07:00", "summary": "1"},
    ]
    assert [event.text for event in feed.events_of(items)] == ["1", "2"]
