"""Heart rate: readings and commands."""

import asyncio
from contextlib import suppress
from typing import override

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import heart_rate
from custom_components.mi_band.band.errors import LinkLost, MalformedPacket
from custom_components.mi_band.band.heart_rate import (
    HeartRate,
    decode_heart_rate,
    measure_continuously,
)
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, heart_rate as vectors

from .scripted import ScriptedLink


@pytest.mark.parametrize("vector", vectors.READINGS, ids=str)
def test_a_reading_is_decoded(vector: Vector[int | None]) -> None:
    assert decode_heart_rate(vector.packet) == HeartRate(vector.value)


@given(st.integers(10, 250))
def test_every_pulse_is_read_back(bpm: int) -> None:
    assert decode_heart_rate(bytes((0, bpm))) == HeartRate(bpm)


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x00\x48\x00"], ids=["0", "1", "3"])
def test_another_number_of_bytes_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedPacket) as caught:
        decode_heart_rate(value)
    assert caught.value.characteristic is Characteristic.HEART_RATE_MEASUREMENT
    assert caught.value.packet == value


@pytest.mark.parametrize("flags", [0x01, 0x10, 0xFF])
def test_flags_are_malformed(flags: int) -> None:
    with pytest.raises(MalformedPacket):
        decode_heart_rate(bytes((flags, 72)))


@given(st.binary(max_size=4))
def test_arbitrary_bytes_are_a_reading_or_malformed(value: bytes) -> None:
    try:
        reading = decode_heart_rate(value)
    except MalformedPacket:
        return
    assert reading.bpm is None or 10 <= reading.bpm <= 250


def test_the_commands_are_those_of_the_documents() -> None:
    assert heart_rate.START_ONE == vectors.START_ONE
    assert heart_rate.STOP_ONE == vectors.STOP_ONE
    assert heart_rate.START_CONTINUOUS == vectors.START_CONTINUOUS
    assert heart_rate.STOP_CONTINUOUS == vectors.STOP_CONTINUOUS
    assert heart_rate.KEEP_ALIVE == vectors.KEEP_ALIVE


def test_the_times_are_those_of_the_documents() -> None:
    assert 10 <= heart_rate.KEEP_ALIVE_INTERVAL.total_seconds() <= 12
    assert heart_rate.SILENCE.total_seconds() == 20


async def test_cancelling_is_not_lost_when_the_stop_cannot_be_written() -> None:
    link = ScriptedLink()
    measuring = asyncio.create_task(measure_continuously(link, asyncio.get_running_loop().time))
    await asyncio.sleep(0)
    assert link.packets(Characteristic.HEART_RATE_CONTROL) == list(vectors.CONTINUOUS)
    link.refusals[vectors.STOP_CONTINUOUS] = LinkLost("gone")
    measuring.cancel()
    with suppress(asyncio.CancelledError):
        await measuring
    assert measuring.cancelled()


async def test_who_is_cancelled_while_it_begins_stops_it_too() -> None:
    begun = asyncio.Event()

    class Slow(ScriptedLink):
        """Confirms the beginning only after a while."""

        @override
        async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
            await super().write(characteristic, *packets)
            if vectors.START_CONTINUOUS in packets:
                begun.set()
                await asyncio.Event().wait()

    link = Slow()
    measuring = asyncio.create_task(measure_continuously(link, asyncio.get_running_loop().time))
    await begun.wait()
    measuring.cancel()
    with suppress(asyncio.CancelledError):
        await measuring
    assert link.packets(Characteristic.HEART_RATE_CONTROL)[-1] == vectors.STOP_CONTINUOUS
