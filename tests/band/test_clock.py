"""The clock's value: zones, daylight saving, and what cannot be a time."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.clock import decode_clock, encode_clock, set_clock
from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, clock as vectors

from .scripted import ScriptedLink

_BERLIN = ZoneInfo("Europe/Berlin")
_PLACES = [
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
]
_NOW = datetime(2026, 7, 15, 12, tzinfo=_BERLIN)


@pytest.mark.parametrize("vector", vectors.CLOCKS, ids=str)
def test_a_moment_is_encoded_as_its_own_clock_shows_it(vector: Vector[datetime]) -> None:
    assert encode_clock(vector.value) == vector.packet


@pytest.mark.parametrize("vector", vectors.CLOCKS, ids=str)
def test_a_documented_clock_is_decoded(vector: Vector[datetime]) -> None:
    shown = decode_clock(vector.packet)
    # Moments of one and the same zone object would be compared without their offsets.
    assert shown == vector.value.astimezone(UTC)
    assert shown is not None
    assert shown.utcoffset() == vector.value.utcoffset()


@pytest.mark.parametrize("vector", vectors.UNSET, ids=str)
def test_a_clock_without_date_or_zone_is_unknown(vector: Vector[None]) -> None:
    assert decode_clock(vector.packet) is None


@given(
    moment=st.datetimes(
        datetime(2000, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
        datetime(2037, 12, 31),  # noqa: DTZ001 - as above
        timezones=st.sampled_from(_PLACES).map(ZoneInfo),
        allow_imaginary=False,
    )
)
def test_every_moment_of_every_zone_survives_the_band(moment: datetime) -> None:
    shown = decode_clock(encode_clock(moment))
    assert shown == moment.astimezone(UTC).replace(microsecond=0)
    assert shown is not None
    assert shown.utcoffset() == moment.utcoffset()


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_weekday_is_1_on_monday_and_7_on_sunday(moment: datetime) -> None:
    assert encode_clock(moment)[7] == moment.weekday() + 1


def test_a_naive_moment_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="aware"):
        encode_clock(datetime(2026, 7, 15))  # noqa: DTZ001 - what the test is about


@pytest.mark.parametrize("length", range(11))
def test_a_shorter_value_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket) as caught:
        decode_clock(vectors.CLOCKS[0].packet[:length])
    assert caught.value.characteristic is Characteristic.CURRENT_TIME


def test_a_longer_value_is_malformed() -> None:
    with pytest.raises(MalformedPacket):
        decode_clock(vectors.CLOCKS[0].packet + b"\x00")


@given(st.binary(max_size=13) | st.binary(min_size=11, max_size=11))
def test_arbitrary_bytes_are_a_clock_or_malformed(value: bytes) -> None:
    try:
        shown = decode_clock(value)
    except MalformedPacket:
        return
    assert shown is None or shown.utcoffset() is not None


@pytest.mark.parametrize(
    "shown",
    [_NOW, _NOW + timedelta(seconds=5), _NOW - timedelta(seconds=5)],
    ids=["exact", "five seconds fast", "five seconds slow"],
)
async def test_a_clock_within_the_tolerance_is_left_alone(shown: datetime) -> None:
    link = ScriptedLink(values={Characteristic.CURRENT_TIME: encode_clock(shown)})
    assert not await set_clock(link, _NOW)
    assert not link.written


@pytest.mark.parametrize(
    "shown",
    [
        encode_clock(_NOW + timedelta(seconds=6)),
        encode_clock(_NOW - timedelta(seconds=6)),
        encode_clock(_NOW.astimezone(UTC)),
        encode_clock(_NOW.astimezone(timezone(timedelta(hours=2, minutes=15)))),
        *(vector.packet for vector in vectors.UNSET),
    ],
    ids=[
        "fast",
        "slow",
        "the same moment in UTC",
        "the same moment in a zone beside",
        *map(str, vectors.UNSET),
    ],
)
async def test_a_clock_that_is_off_is_set(shown: bytes) -> None:
    link = ScriptedLink(values={Characteristic.CURRENT_TIME: shown})
    assert await set_clock(link, _NOW)
    assert link.written == [(Characteristic.CURRENT_TIME, encode_clock(_NOW))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)),
    ],
    ids=["spring", "autumn"],
)
async def test_the_clock_is_set_when_daylight_saving_changes(
    before: datetime, after: datetime
) -> None:
    # One second passes, the band goes on counting, and only its zone has become wrong.
    shown = encode_clock(before.astimezone(_BERLIN))
    link = ScriptedLink(values={Characteristic.CURRENT_TIME: shown})
    assert await set_clock(link, after.astimezone(_BERLIN))
