"""The heart rate all the time: how often it is shown, and when measuring ends."""

import asyncio
from datetime import timedelta
from functools import partial

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.mi_band import pace
from custom_components.mi_band.band import heart_rate
from tests.vectors.heart_rate import KEEP_ALIVE, START_CONTINUOUS

from .house import House, until


def _is_known(house: House, bpm: int) -> bool:
    return bool(house.entry.runtime_data.data.heart_rate_bpm == bpm)


async def _measure(house: House) -> None:
    await house.act("switch", "continuous_heart_rate", "turn_on")
    await until(lambda: house.on_band("heart_rate", "continuous") is True)


async def test_readings_are_shown_at_once_and_then_now_and_then(
    house: House, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CALM", timedelta(hours=1))
    house.band.wearer.set_heart_rate(64)
    await _measure(house)
    await house.until_state("sensor", "heart_rate", "64")
    changes = async_capture_events(hass, "state_changed")
    heart_rate = house.entity_id("sensor", "heart_rate")
    for bpm in (70, 75, 80, 89):
        house.band.wearer.set_heart_rate(bpm)
        await until(partial(_is_known, house, bpm))
    assert [one for one in changes if one.data["entity_id"] == heart_rate] == []
    # The last of them is shown when the time has come.
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=1, seconds=1))
    await house.until_state("sensor", "heart_rate", "89")


async def test_steps_on_the_way_are_shown_now_and_then_too(
    house: House, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CALM", timedelta(hours=1))
    changes = async_capture_events(hass, "state_changed")
    house.band.wearer.walk(500)
    await until(lambda: house.on_band("steps", "walking") == 0)
    total = house.on_band("steps", "today")
    coordinator = house.entry.runtime_data
    await until(lambda: coordinator.data.today.steps == total)
    steps = house.entity_id("sensor", "steps")
    assert len([one for one in changes if one.data["entity_id"] == steps]) <= 1
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=1, seconds=1))
    await house.until_state("sensor", "steps", str(total))


async def test_what_else_happens_is_shown_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CALM", timedelta(hours=1))
    await _measure(house)
    await house.until_state("binary_sensor", "worn", "on")
    house.band.wearer.set_heart_rate(99)
    await until(lambda: house.entry.runtime_data.data.heart_rate_bpm == 99)
    house.band.wearer.take_off()
    await house.until_state("binary_sensor", "worn", "off")
    await house.until_state("sensor", "heart_rate", "unknown")


async def test_measuring_ends_after_the_time_that_was_chosen(
    house: House, hass: HomeAssistant
) -> None:
    await house.choose(heart_rate_limit=30)
    await _measure(house)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=29))
    await hass.async_block_till_done()
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=30, seconds=2))
    await house.until_state("switch", "continuous_heart_rate", STATE_OFF)
    await until(lambda: house.on_band("heart_rate", "continuous") is False)


async def test_switching_on_what_is_on_goes_on_measuring(house: House) -> None:
    await _measure(house)
    begun = list(house.band._body.traffic["2A39"].last)
    await house.act("switch", "continuous_heart_rate", "turn_on")
    # What measured until now ends before it begins anew; the other way round it ended for good.
    commands = house.band._body.traffic["2A39"].last
    await until(lambda: list(commands) == [*begun, "15 01 00", *begun])
    assert house.on_band("heart_rate", "continuous") is True


async def test_who_gives_up_waiting_for_a_reading_leaves_it_to_the_others(house: House) -> None:
    house.band.wearer.wear_loosely(1000)
    first = asyncio.create_task(house.act("button", "measure_heart_rate", "press"))
    second = asyncio.create_task(house.act("button", "measure_heart_rate", "press"))
    await until(lambda: len(house.entry.runtime_data.readings._waiting) == 2)
    await until(lambda: house.on_band("heart_rate", "one_shot") is True)
    first.cancel()
    await asyncio.wait([first])
    house.band.wearer.wear_loosely(0)
    house.band._heart_rate._searching = 0
    async with asyncio.timeout(10):
        await second
    assert house.value("sensor", "heart_rate") != "unknown"
    await until(lambda: house.on_band("heart_rate", "one_shot") is False)


async def test_who_switches_off_and_on_again_has_the_whole_time(
    house: House, hass: HomeAssistant
) -> None:
    await house.choose(heart_rate_limit=30)
    await _measure(house)
    await house.act("switch", "continuous_heart_rate", "turn_off")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=31))
    await _measure(house)
    await hass.async_block_till_done()
    assert house.value("switch", "continuous_heart_rate") == STATE_ON


async def test_measuring_that_a_restart_found_ends_too(house: House, hass: HomeAssistant) -> None:
    await _measure(house)
    await house.choose(heart_rate_limit=30)
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=30, seconds=2))
    await house.until_state("switch", "continuous_heart_rate", STATE_OFF)


async def test_without_a_limit_measuring_goes_on(house: House, hass: HomeAssistant) -> None:
    await _measure(house)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=1))
    await hass.async_block_till_done()
    assert house.value("switch", "continuous_heart_rate") == STATE_ON


@pytest.mark.parametrize(
    ("seconds_of_the_band", "anew"),
    [(2, True), (1_000_000, False)],
    ids=["it stops by itself", "it goes on"],
)
async def test_measuring_begins_anew_where_the_band_falls_silent(
    house: House, monkeypatch: pytest.MonkeyPatch, seconds_of_the_band: int, *, anew: bool
) -> None:
    monkeypatch.setattr("tests.emulator.gatt.heart_rate._PATIENCE", seconds_of_the_band)
    monkeypatch.setattr(heart_rate, "KEEP_ALIVE_INTERVAL", timedelta(seconds=0.1))
    monkeypatch.setattr(heart_rate, "SILENCE", timedelta(seconds=1))

    def commands() -> list[str]:
        written: list[str] = house.on_band("att", "characteristics", "2A39", "last")
        return written

    await _measure(house)
    await until(lambda: commands().count(KEEP_ALIVE.hex()) >= 25)
    assert (commands().count(START_CONTINUOUS.hex(" ")) > 1) is anew
