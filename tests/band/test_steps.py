"""The day's totals, byte by byte."""

import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.steps import DayTotals, decode_day_totals
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, steps as vectors

_COUNTS = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize("vector", vectors.TOTALS, ids=str)
def test_a_documented_value_is_decoded(vector: Vector[DayTotals]) -> None:
    assert decode_day_totals(vector.packet) == vector.value


@given(steps=_COUNTS, distance_m=_COUNTS, energy_kcal=_COUNTS)
def test_all_totals_are_read_back(steps: int, distance_m: int, energy_kcal: int) -> None:
    packet = struct.pack("<BIII", 0x0C, steps, distance_m, energy_kcal)
    assert decode_day_totals(packet) == DayTotals(
        steps=steps, distance_m=distance_m, energy_kcal=energy_kcal
    )


@pytest.mark.parametrize("length", range(13))
def test_a_shorter_value_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket) as caught:
        decode_day_totals(vectors.TOTALS[0].packet[:length])
    assert caught.value.characteristic is Characteristic.STEPS


def test_a_longer_value_is_malformed() -> None:
    with pytest.raises(MalformedPacket):
        decode_day_totals(vectors.TOTALS[0].packet + b"\x00")


def test_another_first_byte_is_malformed() -> None:
    with pytest.raises(MalformedPacket):
        decode_day_totals(b"\x0d" + vectors.TOTALS[0].packet[1:])


@given(st.binary(max_size=16) | st.binary(min_size=13, max_size=13))
def test_arbitrary_bytes_are_totals_or_malformed(value: bytes) -> None:
    try:
        totals = decode_day_totals(value)
    except MalformedPacket:
        return
    assert totals.steps >= 0
