"""What happens on the band happens in Home Assistant, once each time."""

from collections.abc import Callable

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from tests.emulator.wearer import Wearer

from .house import House, until

HAPPENINGS: list[tuple[str, str, Callable[[Wearer], None]]] = [
    ("find_phone", "started", lambda wearer: wearer.find_phone()),
    ("find_phone", "stopped", lambda wearer: wearer.stop_finding_phone()),
    ("call", "rejected", lambda wearer: wearer.event("call_reject")),
    ("call", "ignored", lambda wearer: wearer.event("call_ignore")),
    ("music", "play", lambda wearer: wearer.press_music("play")),
    ("music", "pause", lambda wearer: wearer.press_music("pause")),
    ("music", "next", lambda wearer: wearer.press_music("next")),
    ("music", "previous", lambda wearer: wearer.press_music("previous")),
    ("music", "volume_up", lambda wearer: wearer.press_music("volume_up")),
    ("music", "volume_down", lambda wearer: wearer.press_music("volume_down")),
    ("music", "opened", lambda wearer: wearer.press_music("open")),
    ("music", "closed", lambda wearer: wearer.press_music("close")),
    ("sleep", "fell_asleep", lambda wearer: wearer.fall_asleep()),
    ("sleep", "woke_up", lambda wearer: wearer.wake_up()),
    ("wear", "not_worn", lambda wearer: wearer.take_off()),
    ("alarm", "toggled", lambda wearer: wearer.event("alarm_toggled")),
    ("alarm", "changed", lambda wearer: wearer.event("alarm_edited")),
    ("goal", "reached", lambda wearer: wearer.event("goal_reached")),
]
KEYS = sorted({key for key, _, _ in HAPPENINGS})


@pytest.mark.parametrize(
    ("key", "event_type", "happen"),
    HAPPENINGS,
    ids=[f"{key}-{event_type}" for key, event_type, _ in HAPPENINGS],
)
async def test_an_event_says_what_happened(
    house: House, key: str, event_type: str, happen: Callable[[Wearer], None]
) -> None:
    happen(house.band.wearer)
    await until(lambda: house.value("event", key) != STATE_UNKNOWN)
    state = house.state("event", key)
    assert state.attributes["event_type"] == event_type
    assert event_type in state.attributes["event_types"]
    others = {house.value("event", other) for other in KEYS if other != key}
    assert others == {STATE_UNKNOWN}


async def test_the_same_thing_twice_is_two_events(house: House, hass: HomeAssistant) -> None:
    changes = async_capture_events(hass, "state_changed")
    house.band.wearer.press_music("next")
    house.band.wearer.press_music("next")
    music = house.entity_id("event", "music")
    await until(lambda: len([one for one in changes if one.data["entity_id"] == music]) == 2)


async def test_an_unknown_event_and_the_mtu_are_no_events(house: House) -> None:
    house.band.wearer.event("tick")
    house.band.wearer.event("goal_reached")
    await until(lambda: house.value("event", "goal") != STATE_UNKNOWN)
    assert {house.value("event", key) for key in KEYS if key != "goal"} == {STATE_UNKNOWN}


async def test_the_state_has_changed_before_its_event_is_told(
    house: House, hass: HomeAssistant
) -> None:
    changes = async_capture_events(hass, "state_changed")
    house.band.wearer.fall_asleep()
    await until(lambda: house.value("event", "sleep") != STATE_UNKNOWN)
    told = [change.data["entity_id"] for change in changes]
    asleep, sleep = house.entity_id("binary_sensor", "asleep"), house.entity_id("event", "sleep")
    assert told.index(asleep) < told.index(sleep)


async def test_events_stay_available_and_remembered_without_the_band(house: House) -> None:
    house.band.wearer.press_music("play")
    await until(lambda: house.value("event", "music") != STATE_UNKNOWN)
    before = {key: house.value("event", key) for key in KEYS}
    await house.lose_band()
    assert {key: house.value("event", key) for key in KEYS} == before
