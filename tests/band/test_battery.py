"""The battery's value, byte by byte."""

from datetime import datetime, timedelta, timezone
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.battery import Battery, decode_battery
from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, battery as vectors

_ZONES = st.integers(-48, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
_MOMENTS = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - the zone comes from the strategy beside it
    datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=_ZONES,
).map(lambda moment: moment.replace(microsecond=0))


def _encode(level: int, charging: int, moment: datetime) -> bytes:
    """Write the documented layout down once more; the code under test only reads it."""
    offset = moment.utcoffset()
    assert offset is not None
    return struct.pack(
        "<BBB8xH5BbB",
        0x0F,
        level,
        charging,
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        offset // timedelta(minutes=15),
        100,
    )


@pytest.mark.parametrize("vector", vectors.VALUES, ids=str)
def test_a_documented_value_is_decoded(vector: Vector[Battery]) -> None:
    assert decode_battery(vector.packet) == vector.value


def test_the_time_of_the_last_charge_keeps_its_zone() -> None:
    charged = decode_battery(vectors.VALUES[0].packet).last_charged
    assert charged is not None
    assert charged.utcoffset() == timedelta(hours=1)


@given(level=st.integers(0, 100), charging=st.integers(0, 255), moment=_MOMENTS)
def test_every_level_and_every_moment_is_read_back(
    level: int, charging: int, moment: datetime
) -> None:
    battery = decode_battery(_encode(level, charging, moment))
    assert battery == Battery(level_percent=level, charging=charging != 0, last_charged=moment)


@pytest.mark.parametrize("length", range(3))
def test_a_value_without_level_and_charging_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket) as caught:
        decode_battery(vectors.VALUES[0].packet[:length])
    assert caught.value.characteristic is Characteristic.BATTERY
    assert caught.value.packet == vectors.VALUES[0].packet[:length]


@pytest.mark.parametrize("length", range(3, 19))
def test_a_value_cut_before_the_last_charge_has_no_last_charge(length: int) -> None:
    battery = decode_battery(vectors.VALUES[0].packet[:length])
    assert battery == Battery(level_percent=77, charging=False, last_charged=None)


def test_the_level_at_the_last_charge_may_be_missing() -> None:
    assert decode_battery(vectors.VALUES[0].packet[:19]) == vectors.VALUES[0].value


@pytest.mark.parametrize("level", [101, 255])
def test_a_level_above_100_percent_is_malformed(level: int) -> None:
    with pytest.raises(MalformedPacket):
        decode_battery(bytes((0x0F, level, 0)))


@given(st.binary(max_size=24))
def test_arbitrary_bytes_are_a_battery_or_malformed(value: bytes) -> None:
    try:
        battery = decode_battery(value)
    except MalformedPacket:
        return
    assert 0 <= battery.level_percent <= 100
    assert battery.last_charged is None or battery.last_charged.tzinfo is not None
