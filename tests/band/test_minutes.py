"""Stored minutes."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.fetch import Batch, RecordKind
from custom_components.mi_band.band.minutes import Minute, decode_minutes, heart_rate_bpm
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import minutes as vectors


def _batch(records: bytes, start: datetime = vectors.START) -> Batch:
    return Batch(kind=RecordKind.MINUTES, start=start, records=records)


def test_the_documented_minutes_are_decoded() -> None:
    assert decode_minutes(_batch(vectors.TRACE.packet)) == [
        Minute(second // 60, vectors.ZONE, kind, intensity, steps, heart_rate)
        for second, kind, intensity, steps, heart_rate in vectors.TRACE.value
    ]


def test_the_first_minute_is_that_of_the_reply() -> None:
    """The mistake of two known clients: theirs is four minutes late."""
    first = decode_minutes(_batch(vectors.TRACE.packet))[0]
    assert first.minute * 60 == vectors.START.timestamp()


def test_no_records_are_no_minutes() -> None:
    assert decode_minutes(_batch(b"")) == []


@pytest.mark.parametrize("length", [length for length in range(24) if length % 4])
def test_a_minute_that_is_cut_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket) as caught:
        decode_minutes(_batch(vectors.TRACE.packet[:length]))
    assert caught.value.characteristic is Characteristic.FETCH_DATA


@pytest.mark.parametrize("length", range(0, 24, 4))
def test_fewer_minutes_are_the_first_of_all(length: int) -> None:
    decoded = decode_minutes(_batch(vectors.TRACE.packet[:length]))
    assert decoded == decode_minutes(_batch(vectors.TRACE.packet))[: length // 4]


@pytest.mark.parametrize("quarter_hours", [-48, -20, -14, 0, 4, 8, 22, 23, 32, 56])
def test_a_minute_remembers_the_clock_that_it_was_recorded_by(quarter_hours: int) -> None:
    zone = timezone(timedelta(minutes=15) * quarter_hours)
    (minute,) = decode_minutes(_batch(bytes(4), datetime(2024, 3, 9, 7, 30, tzinfo=zone)))
    assert minute.zone == quarter_hours
    wall = datetime.fromtimestamp(minute.minute * 60, UTC) + minute.zone * timedelta(minutes=15)
    assert (wall.hour, wall.minute) == (7, 30)


def test_minutes_of_one_batch_go_on_through_a_change_of_the_clock() -> None:
    start = datetime(2026, 10, 25, 0, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    batch = _batch(bytes(4 * 300), start.astimezone(timezone(timedelta(hours=2))))
    decoded = decode_minutes(batch)
    assert all(later.minute - one.minute == 1 for one, later in pairwise(decoded))
    assert {minute.zone for minute in decoded} == {8}


def test_the_seconds_of_the_start_do_not_count() -> None:
    start = vectors.START.replace(second=59, microsecond=999_999)
    assert decode_minutes(_batch(bytes(8), start)) == decode_minutes(_batch(bytes(8)))


_BYTE = st.integers(0, 255)


@given(
    rows=st.lists(st.tuples(_BYTE, _BYTE, _BYTE, _BYTE), max_size=200),
    start=st.integers(366 * 24 * 60, 70_000_000),
    zone=st.integers(-48, 56),
)
def test_every_minute_is_read_back(
    rows: list[tuple[int, int, int, int]], start: int, zone: int
) -> None:
    moment = datetime.fromtimestamp(start * 60, timezone(timedelta(minutes=15) * zone))
    decoded = decode_minutes(_batch(b"".join(map(bytes, rows)), moment))
    assert decoded == [
        Minute(start + index, zone, kind, intensity, steps, heart_rate)
        for index, (kind, intensity, steps, heart_rate) in enumerate(rows)
    ]


@given(records=st.binary(max_size=40))
def test_arbitrary_records_are_minutes_or_malformed(records: bytes) -> None:
    try:
        decoded = decode_minutes(_batch(records))
    except MalformedPacket:
        assert len(records) % 4
    else:
        assert len(decoded) * 4 == len(records)


@pytest.mark.parametrize(("raw", "bpm"), vectors.HEART_RATES)
def test_a_raw_heart_rate_is_one_or_none(raw: int, bpm: int | None) -> None:
    assert heart_rate_bpm(raw) == bpm
