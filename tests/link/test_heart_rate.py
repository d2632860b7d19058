"""Measuring the pulse."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.mi_band.band import heart_rate
from custom_components.mi_band.band.errors import CommandRefused, LinkLost
from custom_components.mi_band.band.heart_rate import (
    HeartRate,
    decode_heart_rate,
    measure_continuously,
    start_measurement,
    stop_measurement,
)
from custom_components.mi_band.band.link import Link, Operation
from custom_components.mi_band.band.uuids import Characteristic
from tests.emulator.gatt.body import AttError
from tests.vectors import heart_rate as vectors

from .lab import TICK_S, Lab, state, traffic

_MEASUREMENT = Characteristic.HEART_RATE_MEASUREMENT


async def _reading(link: Link) -> HeartRate:
    async with asyncio.timeout(100 * TICK_S), link.notifications(_MEASUREMENT) as readings:
        await start_measurement(link)
        async for packet in readings:
            reading = decode_heart_rate(packet.value)
            if reading.bpm is not None:
                return reading
    pytest.fail("the readings ended")


async def test_one_measurement_brings_a_reading(lab: Lab) -> None:
    band = await lab.band()
    band.wearer.set_heart_rate(131)
    async with lab.open(band) as link:
        assert await _reading(link) == HeartRate(131)
        await stop_measurement(link)
    assert traffic(band, "2A39").last == [
        command.hex(" ") for command in (*vectors.ONE_SHOT, vectors.STOP_ONE)
    ]


async def test_a_measurement_can_be_stopped(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await start_measurement(link)
        assert state(band, "heart_rate")["one_shot"] is True
        await stop_measurement(link)
        assert state(band, "heart_rate")["one_shot"] is False


async def test_a_band_that_is_not_worn_has_no_result(lab: Lab) -> None:
    band = await lab.band()
    band.wearer.take_off()
    async with lab.open(band) as link, link.notifications(_MEASUREMENT) as readings:
        await start_measurement(link)
        async with asyncio.timeout(100 * TICK_S):
            packet = await anext(readings)
    assert decode_heart_rate(packet.value) == HeartRate(None)


async def test_measuring_goes_on_as_long_as_it_is_kept_alive(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Twelve of the band's seconds, which are short here; without a keep-alive it gives up.
    monkeypatch.setattr(heart_rate, "KEEP_ALIVE_INTERVAL", timedelta(seconds=12 * TICK_S))
    band = await lab.band()
    async with lab.open(band) as link, link.notifications(_MEASUREMENT) as readings:
        heard_at = asyncio.get_running_loop().time()
        measuring = asyncio.create_task(measure_continuously(link, lambda: heard_at))
        for _ in range(45):
            async with asyncio.timeout(200 * TICK_S):
                packet = await anext(readings)
            heard_at = asyncio.get_running_loop().time()
            assert decode_heart_rate(packet.value).bpm
        assert state(band, "heart_rate")["continuous"] is True
        assert traffic(band, "2A39").last.count(vectors.KEEP_ALIVE.hex()) >= 3
        measuring.cancel()
        await asyncio.wait([measuring])
        assert measuring.cancelled()
        assert state(band, "heart_rate")["continuous"] is False
    commands = traffic(band, "2A39").last
    assert commands[:3] == [command.hex(" ") for command in vectors.CONTINUOUS]
    assert set(commands[3:-1]) == {vectors.KEEP_ALIVE.hex()}
    assert commands[-1] == vectors.STOP_CONTINUOUS.hex(" ")


async def test_measuring_ends_with_the_link(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart_rate, "KEEP_ALIVE_INTERVAL", timedelta(seconds=TICK_S))
    band = await lab.band()
    async with lab.open(band) as link, link.notifications(_MEASUREMENT):
        measuring = asyncio.create_task(measure_continuously(link, lambda: 0.0))
        await band.wait_for(lambda: state(band, "heart_rate")["continuous"] is True)
        lab.faults(band).cut()
        with pytest.raises(LinkLost):
            await measuring
    assert state(band, "heart_rate")["continuous"] is False


async def test_a_band_that_stopped_by_itself_is_told_to_measure_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart_rate, "KEEP_ALIVE_INTERVAL", timedelta(seconds=12 * TICK_S))
    # It gives up after its first reading, whatever it is told.
    monkeypatch.setattr("tests.emulator.gatt.heart_rate._PATIENCE", 2)
    monkeypatch.setattr(heart_rate, "SILENCE", timedelta(seconds=20 * TICK_S))
    band = await lab.band()
    async with lab.open(band) as link, link.notifications(_MEASUREMENT) as readings:
        heard_at = 0.0
        measuring = asyncio.create_task(measure_continuously(link, lambda: heard_at))
        for _ in range(2):
            async with asyncio.timeout(200 * TICK_S):
                await anext(readings)
            heard_at = asyncio.get_running_loop().time()
            await band.wait_for(lambda: state(band, "heart_rate")["continuous"] is False)
        measuring.cancel()
        await asyncio.wait([measuring])
    again = [vectors.KEEP_ALIVE.hex(), vectors.START_CONTINUOUS.hex(" ")]
    assert traffic(band, "2A39").last == [
        *(command.hex(" ") for command in vectors.CONTINUOUS),
        *again,
        vectors.STOP_CONTINUOUS.hex(" "),
    ]


@pytest.mark.usefixtures("violations_expected")
@pytest.mark.parametrize("operation", [start_measurement, stop_measurement])
async def test_measuring_wants_the_key(lab: Lab, operation: Operation[None]) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await operation(link)
    assert caught.value.status == AttError.INSUFFICIENT_AUTHENTICATION
    # The first refusal ends the series: nothing else of it is sent.
    assert traffic(band, "2A39").writes == 1
    assert len(band.violations) == 1
