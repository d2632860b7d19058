"""Buttons do once what they say, or say why not."""

from datetime import timedelta
import gc

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mi_band.band.heart_rate import HeartRate
from custom_components.mi_band.band.link import Link

from .house import House, until

BUTTONS = ["find", "sync", "measure_heart_rate"]
READINGS = "custom_components.mi_band.readings"


async def test_find_makes_the_band_vibrate_once(house: House) -> None:
    await house.act("button", "find", "press")
    await until(lambda: house.on_band("find", "runs") == 1)
    assert house.on_band("find", "levels") == [3]
    assert "Find band" in house.band.screen.text


async def test_sync_reads_the_band_again(house: House) -> None:
    reads = house.on_band("att", "characteristics", "0007", "reads")
    await house.act("button", "sync", "press")
    assert house.on_band("att", "characteristics", "0007", "reads") == reads + 1


async def test_a_measurement_waits_for_its_reading_and_stops_the_sensor(house: House) -> None:
    house.band.wearer.set_heart_rate(88)
    await house.act("button", "measure_heart_rate", "press")
    assert house.value("sensor", "heart_rate") == "88"
    assert house.on_band("heart_rate", "one_shot") is False


async def test_a_reading_that_comes_before_the_answer_to_its_request_counts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{READINGS}.MEASUREMENT_TIMEOUT", timedelta(seconds=0.3))
    coordinator = house.entry.runtime_data

    async def answer_late(_: Link) -> None:
        coordinator._handle(HeartRate(91))

    monkeypatch.setattr(f"{READINGS}.start_measurement", answer_late)
    await house.act("button", "measure_heart_rate", "press")
    assert house.value("sensor", "heart_rate") == "91"


@pytest.mark.parametrize("cut_after", [1, 2, 3])
async def test_a_measurement_that_is_cut_leaves_nothing_behind(
    house: House, cut_after: int
) -> None:
    house.band.faults.cut_after(cut_after)
    with pytest.raises(HomeAssistantError):
        await house.act("button", "measure_heart_rate", "press")
    gc.collect()


async def test_a_measurement_without_a_pulse_says_what_to_do(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{READINGS}.MEASUREMENT_TIMEOUT", timedelta(seconds=0.3))
    house.band.wearer.take_off()
    with pytest.raises(HomeAssistantError, match="Wear it snugly"):
        await house.act("button", "measure_heart_rate", "press")
    await until(lambda: house.on_band("heart_rate", "one_shot") is False)


async def test_a_measurement_ends_with_the_link(house: House) -> None:
    house.band.faults.cut_after(2)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.act("button", "measure_heart_rate", "press")


async def test_a_button_remembers_when_it_was_pressed(house: House) -> None:
    assert house.value("button", "find") == STATE_UNKNOWN
    await house.act("button", "find", "press")
    assert house.value("button", "find") != STATE_UNKNOWN


@pytest.mark.parametrize("key", BUTTONS)
async def test_a_button_is_unavailable_without_the_band(house: House, key: str) -> None:
    await house.lose_band()
    assert house.value("button", key) == STATE_UNAVAILABLE
