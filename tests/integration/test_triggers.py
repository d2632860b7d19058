"""Automations run on what the band tells now: each once, and on nothing else."""

from collections.abc import AsyncIterator, Callable, Mapping
import contextlib
from datetime import timedelta

from homeassistant.components.websocket_api import DOMAIN as WEBSOCKET_API
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.emulator.history import Past
from tests.emulator.life import Doing
from tests.emulator.wearer import Wearer

from .automations import automate
from .bands import MakeBand
from .flow import DOMAIN
from .house import House, entry_of, until

ABOVE_100 = {"threshold": {"type": "above", "value": {"number": 100}}}
BELOW_50 = {"threshold": {"type": "below", "value": {"number": 50}}}

type Happen = Callable[[Wearer], None]

ON_EVENTS: list[tuple[str, str, Happen, Happen]] = [
    ("fell_asleep", "sleep", lambda wearer: wearer.fall_asleep(), lambda wearer: wearer.wake_up()),
    ("woke_up", "sleep", lambda wearer: wearer.wake_up(), lambda wearer: wearer.fall_asleep()),
    ("taken_off", "wear", lambda wearer: wearer.take_off(), lambda wearer: wearer.fall_asleep()),
    (
        "find_phone_started",
        "find_phone",
        lambda wearer: wearer.find_phone(),
        lambda wearer: wearer.stop_finding_phone(),
    ),
    (
        "find_phone_stopped",
        "find_phone",
        lambda wearer: wearer.stop_finding_phone(),
        lambda wearer: wearer.find_phone(),
    ),
    (
        "goal_reached",
        "goal",
        lambda wearer: wearer.event("goal_reached"),
        lambda wearer: wearer.event("alarm_toggled"),
    ),
    (
        "music_key_pressed",
        "music",
        lambda wearer: wearer.press_music("next"),
        lambda wearer: wearer.press_music("open"),
    ),
    (
        "call_answered",
        "call",
        lambda wearer: wearer.event("call_reject"),
        lambda wearer: wearer.find_phone(),
    ),
]


@pytest.mark.parametrize(
    ("trigger", "entity", "happen", "other"), ON_EVENTS, ids=[row[0] for row in ON_EVENTS]
)
async def test_a_trigger_fires_for_its_event_and_no_other(
    house: House, trigger: str, *, entity: str, happen: Happen, other: Happen
) -> None:
    runs = await automate(house.hass, f"{DOMAIN}.{trigger}", {"device_id": house.device.id})
    other(house.band.wearer)
    happen(house.band.wearer)
    # What the band tells comes in its order: an end after both.
    house.band.wearer.event("alarm_edited")
    await until(lambda: house.value("event", "alarm") != STATE_UNKNOWN)
    await until(lambda: house.state("event", "alarm").attributes["event_type"] == "changed")
    await house.hass.async_block_till_done()
    assert [run.data["entity_id"] for run in runs] == [house.entity_id("event", entity)]


@pytest.mark.parametrize(
    ("trigger", "options", "presses"),
    [
        ("music_key_pressed", {"key": ["play", "volume_up"]}, 2),
        ("music_key_pressed", {"key": "next"}, 1),
        ("call_answered", {"answer": ["ignored"]}, 1),
        ("call_answered", {}, 2),
    ],
)
async def test_a_trigger_fires_for_what_was_chosen_only(
    house: House,
    hass: HomeAssistant,
    *,
    trigger: str,
    options: Mapping[str, object],
    presses: int,
) -> None:
    runs = await automate(hass, f"{DOMAIN}.{trigger}", {"device_id": house.device.id}, options)
    for key in ("open", "play", "next", "volume_up", "close"):
        house.band.wearer.press_music(key)
    house.band.wearer.event("call_reject")
    house.band.wearer.event("call_ignore")
    await until(lambda: house.value("event", "call") != STATE_UNKNOWN)
    await until(lambda: house.state("event", "call").attributes["event_type"] == "ignored")
    await hass.async_block_till_done()
    assert len(runs) == presses


@pytest.mark.parametrize(
    ("trigger", "options"),
    [
        ("music_key_pressed", {"key": []}),
        ("music_key_pressed", {"key": ["opened"]}),
        ("call_answered", {"answer": ["timeout"]}),
        ("heart_rate_crossed_threshold", {}),
        ("fell_asleep", {"key": "play"}),
    ],
)
async def test_an_option_that_cannot_be_is_refused(
    house: House,
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    *,
    trigger: str,
    options: Mapping[str, object],
) -> None:
    with pytest.raises(AssertionError, match="not accepted"):
        await automate(hass, f"{DOMAIN}.{trigger}", {"device_id": house.device.id}, options)
    assert "failed to setup triggers" in caplog.text


def foreign_entity(hass: HomeAssistant, platform: str, key: str) -> er.RegistryEntry:
    """Add what looks like ours and is another integration's, on a device in the living room."""
    entry = MockConfigEntry(domain="elsewhere")
    entry.add_to_hass(hass)
    area = ar.async_get(hass).async_get_or_create("Living room")
    devices = dr.async_get(hass)
    device = devices.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("elsewhere", "1")}
    )
    devices.async_update_device(device.id, area_id=area.id)
    return er.async_get(hass).async_get_or_create(
        platform,
        "elsewhere",
        "1",
        config_entry=entry,
        device_id=device.id,
        translation_key=key,
    )


@pytest.mark.parametrize("target", ["device", "entity", "area"])
async def test_a_trigger_fires_for_its_target_and_not_for_a_foreign_entity(
    house: House, hass: HomeAssistant, target: str
) -> None:
    foreign = foreign_entity(hass, "event", "sleep")
    living_room = ar.async_get(hass).async_get_or_create("Living room")
    dr.async_get(hass).async_update_device(house.device.id, area_id=living_room.id)
    targets: dict[str, dict[str, object]] = {
        "device": {"device_id": [house.device.id, foreign.device_id]},
        "entity": {"entity_id": [house.entity_id("event", "sleep"), foreign.entity_id]},
        "area": {"area_id": living_room.id},
    }
    runs = await automate(hass, f"{DOMAIN}.fell_asleep", targets[target])
    hass.states.async_set(foreign.entity_id, "2026-11-02T21:00:00", {"event_type": "woke_up"})
    hass.states.async_set(foreign.entity_id, "2026-11-02T22:00:00", {"event_type": "fell_asleep"})
    house.band.wearer.fall_asleep()
    await until(lambda: runs)
    await hass.async_block_till_done()
    assert [run.data["entity_id"] for run in runs] == [house.entity_id("event", "sleep")]


@contextlib.asynccontextmanager
async def moving_in(
    hass: HomeAssistant, band: EmulatedBand, key: bytes, wearer: str = "Grace"
) -> AsyncIterator[House]:
    """Set up another band for a while."""
    house = House(hass, band, entry_of(hass, band, wearer=wearer, key=key, identity="f" * 32))
    await house.set_up()
    await house.until_connected()
    yield house
    await house.unload()


async def test_a_trigger_for_one_band_does_not_fire_for_another(
    house: House, hass: HomeAssistant, make_band: MakeBand
) -> None:
    key = bytes(range(16))
    band = await make_band(key=key, address="F3:4E:C4:00:00:02")
    async with moving_in(hass, band, key) as other:
        runs = await automate(hass, f"{DOMAIN}.fell_asleep", {"device_id": other.device.id})
        house.band.wearer.fall_asleep()
        await house.until_state("binary_sensor", "asleep", "on")
        band.wearer.fall_asleep()
        await until(lambda: runs)
        await hass.async_block_till_done()
        assert [run.data["entity_id"] for run in runs] == [other.entity_id("event", "sleep")]


async def test_an_entity_under_a_name_of_the_owner_still_triggers(
    house: House, hass: HomeAssistant
) -> None:
    runs = await automate(hass, f"{DOMAIN}.fell_asleep", {"device_id": house.device.id})
    er.async_get(hass).async_update_entity(
        house.entity_id("event", "sleep"), new_entity_id="event.nap"
    )
    await hass.async_block_till_done()
    await until(lambda: hass.states.get("event.nap"))
    house.band.wearer.fall_asleep()
    await until(lambda: runs)
    assert runs[0].data["entity_id"] == "event.nap"


async def test_what_happened_before_a_restart_triggers_nothing_after_it(
    house: House, hass: HomeAssistant
) -> None:
    house.band.wearer.fall_asleep()
    await until(lambda: house.value("event", "sleep") != STATE_UNKNOWN)
    happened = house.value("event", "sleep")
    await house.unload()
    assert house.value("event", "sleep") == STATE_UNAVAILABLE
    runs = await automate(hass, f"{DOMAIN}.fell_asleep", {"device_id": house.device.id})
    await house.set_up()
    await house.until_connected()
    await hass.async_block_till_done()
    assert house.value("event", "sleep") == happened
    assert runs == []


async def test_a_link_that_is_lost_and_made_again_triggers_nothing(
    house: House, hass: HomeAssistant
) -> None:
    house.band.wearer.fall_asleep()
    await until(lambda: house.value("event", "sleep") != STATE_UNKNOWN)
    runs = await automate(hass, f"{DOMAIN}.fell_asleep", {"device_id": house.device.id})
    await house.lose_band()
    await house.bring_band_back()
    await hass.async_block_till_done()
    assert runs == []


async def test_sleep_that_is_fetched_later_triggers_nothing(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    key = bytes(range(16))
    band = await make_band(key=key, past=Past(days=1))
    # The band tells that its wearer woke up while nobody hears it, and keeps it in its records.
    band.wearer.live(9, Doing.DEEP_SLEEP)
    band.wearer.live(2, Doing.SITTING)
    target = {"entity_id": "event.mi_smart_band_4_grace_sleep"}
    runs = await automate(hass, f"{DOMAIN}.woke_up", target)
    async with moving_in(hass, band, key) as house:
        await house.until_synced()
        assert house.value("sensor", "woke_up_at") != STATE_UNKNOWN
        await hass.async_block_till_done()
        assert runs == []
        band.wearer.wake_up()
        await until(lambda: runs)
        assert len(runs) == 1


# Heart rate


async def measure(house: House, bpm: int) -> None:
    """Let the wearer have this pulse, and the band measure it."""
    house.band.wearer.set_heart_rate(bpm)
    await house.act("button", "measure_heart_rate", "press")
    await house.until_state("sensor", "heart_rate", str(bpm))
    await house.hass.async_block_till_done()


@pytest.mark.parametrize(
    ("options", "readings", "count"),
    [
        (ABOVE_100, (80, 120, 130, 90, 110), 2),
        (BELOW_50, (80, 45, 44, 60), 1),
        (ABOVE_100, (80, 90, 100), 0),
        # The first that is known at all.
        (ABOVE_100, (140, 150), 1),
    ],
    ids=["above", "below", "not-above", "first"],
)
async def test_a_heart_rate_fires_when_it_comes_into_its_range(
    house: House,
    hass: HomeAssistant,
    *,
    options: Mapping[str, object],
    readings: tuple[int, ...],
    count: int,
) -> None:
    trigger = f"{DOMAIN}.heart_rate_crossed_threshold"
    runs = await automate(hass, trigger, {"device_id": house.device.id}, options)
    for bpm in readings:
        await measure(house, bpm)
    assert len(runs) == count


async def test_a_pulse_that_rose_out_of_reach_is_told(house: House, hass: HomeAssistant) -> None:
    trigger = f"{DOMAIN}.heart_rate_crossed_threshold"
    runs = await automate(hass, trigger, {"device_id": house.device.id}, ABOVE_100)
    await measure(house, 80)
    await house.lose_band()
    await house.bring_band_back()
    await measure(house, 130)
    assert len(runs) == 1


async def test_a_pulse_has_to_stay_as_long_as_was_asked(house: House, hass: HomeAssistant) -> None:
    options = ABOVE_100 | {"for": {"minutes": 5}}
    trigger = f"{DOMAIN}.heart_rate_crossed_threshold"
    runs = await automate(hass, trigger, {"device_id": house.device.id}, options)
    await measure(house, 80)
    await measure(house, 120)
    assert runs == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=5, seconds=1))
    await hass.async_block_till_done()
    assert len(runs) == 1


async def test_resting_heart_rate_is_no_pulse(house: House, hass: HomeAssistant) -> None:
    trigger = f"{DOMAIN}.heart_rate_crossed_threshold"
    runs = await automate(hass, trigger, {"device_id": house.device.id}, BELOW_50)
    resting = house.entity_id("sensor", "resting_heart_rate")
    hass.states.async_set(resting, "60")
    hass.states.async_set(resting, "40")
    await hass.async_block_till_done()
    assert runs == []


# The editor


async def test_the_editor_offers_every_trigger_for_a_band(
    house: House, hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, WEBSOCKET_API, {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "get_triggers_for_target",
            "target": {"device_id": [house.device.id]},
        }
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    offered = {name for name in answer["result"] if name.startswith(f"{DOMAIN}.")}
    described = await async_get_all_descriptions(hass)
    assert offered == {
        *(f"{DOMAIN}.{row[0]}" for row in ON_EVENTS),
        f"{DOMAIN}.heart_rate_crossed_threshold",
    }
    assert all(described[name] for name in offered)
