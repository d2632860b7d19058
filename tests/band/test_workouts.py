"""Workouts: summaries and details."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
import math
import struct
import zlib

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.fetch import Batch, RecordKind
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.band.workouts import (
    Base,
    Pause,
    Point,
    Pulse,
    Slopes,
    Sport,
    Stroke,
    Swim,
    Track,
    Workout,
    decode_track,
    decode_workout,
)
from tests.vectors import workouts as vectors

_START = vectors.START


def _decode(record: bytes, start: datetime = _START) -> Workout:
    return decode_workout(Batch(kind=RecordKind.WORKOUT_SUMMARY, start=start, records=record))


def _details(records: bytes, workout: Workout) -> Track:
    batch = Batch(kind=RecordKind.WORKOUT_DETAILS, start=workout.start, records=records)
    return decode_track(batch, workout)


def _changed(offset: int, layout: str, *values: float, record: bytes = vectors.SUMMARY) -> bytes:
    changed = bytearray(record)
    struct.pack_into(f"<{layout}", changed, offset, *values)
    return bytes(changed)


_RUN = _decode(vectors.SUMMARY)
_BASE = Base(vectors.BASE_LONGITUDE, vectors.BASE_LATITUDE, vectors.BASE_ALTITUDE_M)


# The summary


def test_the_vector_is_the_documented_one() -> None:
    assert zlib.crc32(vectors.SUMMARY) == vectors.SUMMARY_CRC32


def test_the_documented_summary_is_decoded() -> None:
    assert (
        Workout(
            version=259,
            sport=Sport.OUTDOOR_RUNNING,
            start=_START,
            end=_START + timedelta(seconds=1865),
            active=timedelta(seconds=1840),
            distance_m=5012.5,
            steps=5320,
            energy_kcal=342.0,
            average_heart_rate_bpm=148,
            average_pace_s_km=367,
            fastest_pace_s_m=0.28,
            slowest_pace_s_m=0.42,
            highest_speed_m_s=3.9,
            average_stride_cm=94,
            ascent_m=21.0,
            descent_m=18.5,
            lowest_altitude_m=30.0,
            highest_altitude_m=58.0,
            slopes=Slopes(timedelta(seconds=600), timedelta(seconds=540), timedelta(seconds=700)),
            swim=None,
            base=Base(40_215_000, 157_560_000, 34),
            raw=vectors.SUMMARY,
        )
        == _RUN
    )
    assert _RUN.base.longitude / 3_000_000 == pytest.approx(13.4050)
    assert _RUN.base.latitude / 3_000_000 == pytest.approx(52.5200)


def test_the_time_is_that_of_the_reply_whatever_the_record_says() -> None:
    start = datetime(2024, 3, 9, 9, 0, 7, tzinfo=timezone(timedelta(hours=1)))
    workout = _decode(vectors.SUMMARY, start)
    assert (workout.start, workout.end) == (start, start + timedelta(seconds=1865))
    assert workout.end.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize(("code", "name"), vectors.SPORTS.items())
def test_a_sport_has_its_name(code: int, name: str) -> None:
    sport = _decode(_changed(2, "H", code)).sport
    assert isinstance(sport, Sport)
    assert sport.name == name


def test_there_are_no_sports_but_the_documented_ones() -> None:
    assert {sport.value: sport.name for sport in Sport} == vectors.SPORTS


@pytest.mark.parametrize("code", [0, 11, 255, 0xFFFF])
def test_an_unknown_sport_stays_a_number(code: int) -> None:
    sport = _decode(_changed(2, "H", code)).sport
    assert sport == code
    assert not isinstance(sport, Sport)


@pytest.mark.parametrize("length", range(126))
def test_a_summary_that_is_cut_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket) as caught:
        _decode(vectors.SUMMARY[:length])
    assert caught.value.characteristic is Characteristic.FETCH_DATA


@pytest.mark.parametrize("length", [126, 127, 128, 129, 140, 400])
def test_a_summary_may_have_any_other_length_and_is_kept_whole(length: int) -> None:
    record = vectors.SUMMARY[:length].ljust(length, b"\xee")
    assert _decode(record) == replace(_RUN, raw=record)


def test_in_a_pool_strokes_take_the_place_of_slopes() -> None:
    pool = struct.pack("<3f2H2B", 1.5, 0.5, 40.0, 312, 38, 2, 16)
    workout = _decode(_changed(2, "H", 6)[:92] + pool + vectors.SUMMARY[110:])
    assert workout.sport is Sport.POOL_SWIMMING
    assert workout.slopes is None
    assert workout.swim == Swim(strokes=312, swolf=38, stroke=Stroke.FREESTYLE, laps=16)
    assert workout.average_heart_rate_bpm == 148


@pytest.mark.parametrize(
    ("code", "stroke"),
    [
        (0, None),
        (1, Stroke.BREASTSTROKE),
        (2, Stroke.FREESTYLE),
        (3, Stroke.BACKSTROKE),
        (4, Stroke.MEDLEY),
        (5, None),
        (255, None),
    ],
)
def test_a_stroke_is_one_or_none(code: int, stroke: Stroke | None) -> None:
    swim = _decode(_changed(108, "B", code, record=_changed(2, "H", 6))).swim
    assert swim is not None
    assert swim.stroke is stroke


_FLOATS = {
    24: "distance_m",
    28: "ascent_m",
    32: "descent_m",
    36: "lowest_altitude_m",
    40: "highest_altitude_m",
    68: "energy_kcal",
    72: "highest_speed_m_s",
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38, -3e38], ids=str)
@pytest.mark.parametrize("offset", _FLOATS)
def test_a_number_that_cannot_be_is_none_and_spoils_nothing_else(offset: int, value: float) -> None:
    name = _FLOATS[offset]
    record = _changed(offset, "f", value)
    assert _decode(record) == replace(_RUN, **{name: None}, raw=record)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offset", "values"),
    [
        (24, (0.0, 1_000_000.0)),
        (28, (0.0, 100_000.0)),
        (32, (0.0, 100_000.0)),
        (36, (-1_000.0, 10_000.0)),
        (40, (-1_000.0, 10_000.0)),
        (68, (0.0, 100_000.0)),
        (72, (0.0, 100.0)),
    ],
)
def test_a_number_at_the_limit_is_one(offset: int, values: tuple[float, float]) -> None:
    for value in values:
        assert getattr(_decode(_changed(offset, "f", value)), _FLOATS[offset]) == value
    for beyond in (values[0] - 1, values[1] + 1):
        assert getattr(_decode(_changed(offset, "f", beyond)), _FLOATS[offset]) is None


@given(st.integers(0, 1_000_000).map(lambda tenths: tenths / 10))
def test_a_number_is_told_as_it_was_meant(value: float) -> None:
    """What 32 bits make of 227.9 is 227.89999389648438."""
    assert _decode(_changed(68, "f", value)).energy_kcal == value


@pytest.mark.parametrize(
    ("offset", "layout", "name", "values"),
    [
        (60, "I", "steps", (0, 1_000_000)),
        (120, "H", "average_heart_rate_bpm", (10, 250)),
        (122, "H", "average_pace_s_km", (10, 0xFFFE)),
        (124, "H", "average_stride_cm", (1, 1_000)),
    ],
)
def test_a_count_at_the_limit_is_one(
    offset: int, layout: str, name: str, values: tuple[int, int]
) -> None:
    for value in values:
        assert getattr(_decode(_changed(offset, layout, value)), name) == value


@pytest.mark.parametrize("seconds", [0, 604_800])
def test_active_time_may_be_none_at_all_or_a_week(seconds: int) -> None:
    assert _decode(_changed(64, "I", seconds)).active == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("offset", "value", "name"),
    [(36, 100_000.0, "lowest_altitude_m"), (40, -100_000.0, "highest_altitude_m")],
)
def test_the_words_of_the_band_for_no_altitude_are_none(
    offset: int, value: float, name: str
) -> None:
    assert getattr(_decode(_changed(offset, "f", value)), name) is None


@pytest.mark.parametrize(
    ("offset", "layout", "name", "values"),
    [
        (60, "I", "steps", [1_000_001, 2**32 - 1]),
        (64, "I", "active", [604_801, 2**32 - 1]),
        (120, "H", "average_heart_rate_bpm", [0, 9, 251, 255, 0xFFFF]),
        (122, "H", "average_pace_s_km", [0, 0xFFFF]),
        (124, "H", "average_stride_cm", [0, 1001, 0xFFFF]),
        (100, "I", "slopes", [604_800_001, 2**32 - 1]),
        (108, "I", "slopes", [604_800_001, 2**32 - 1]),
        (116, "I", "slopes", [604_800_001, 2**32 - 1]),
    ],
)
def test_a_count_that_cannot_be_is_none(
    offset: int, layout: str, name: str, values: list[int]
) -> None:
    for value in values:
        assert getattr(_decode(_changed(offset, layout, value)), name) is None


def test_an_unknown_base_altitude_is_none() -> None:
    assert _decode(_changed(20, "i", -20_000)).base.altitude_m is None


@pytest.mark.parametrize("first", [0.0, math.nan, -1.0])
def test_one_pace_is_both_extremes(first: float) -> None:
    workout = _decode(_changed(76, "f", first))
    assert workout.fastest_pace_s_m == workout.slowest_pace_s_m == pytest.approx(0.28)


def test_no_pace_is_none() -> None:
    workout = _decode(_changed(76, "2f", 0.0, 0.0))
    assert (workout.fastest_pace_s_m, workout.slowest_pace_s_m) == (None, None)


def test_the_extremes_of_the_pace_may_stand_either_way_round() -> None:
    workout = _decode(_changed(76, "2f", 0.25, 0.5))
    assert (workout.fastest_pace_s_m, workout.slowest_pace_s_m) == (0.25, 0.5)


def test_a_workout_may_be_shorter_than_a_second() -> None:
    workout = _decode(_changed(8, "I", 1709971200))
    assert workout.end == workout.start


@pytest.mark.parametrize("end", [1709971199, 0, 1709971200 + 7 * 86400 + 1, 2**32 - 1])
def test_a_workout_that_ends_before_it_starts_or_never_is_malformed(end: int) -> None:
    with pytest.raises(MalformedPacket):
        _decode(_changed(8, "I", end))


# Later watches


def _later(version: int, at: int) -> bytes:
    """Write a record down by the second table of section 7.3."""
    record = bytearray(at + 116)
    struct.pack_into("<2H2I3i", record, 0, version, 4, 1000, 2800, 3_000_000, 6_000_000, 100)
    struct.pack_into("<2I", record, at, 4321, 1700)
    struct.pack_into("<6f", record, at + 24, 250.5, 7000.0, 40.0, 45.0, 120.0, 80.0)
    struct.pack_into("<f", record, at + 48, 99.0)
    struct.pack_into("<3f", record, at + 52, 8.5, 1.0, 4.0)
    struct.pack_into("<3f", record, at + 64, 0.5, 0.125, 0.25)
    struct.pack_into("<4H", record, at + 108, 131, 250, 80, 170)
    return bytes(record)


@pytest.mark.parametrize(("version", "at"), [(512, 24), (518, 24), (516, 28), (519, 140)])
def test_the_record_of_a_later_watch_is_decoded(version: int, at: int) -> None:
    workout = _decode(_later(version, at))
    assert workout.version == version
    assert workout.sport is Sport.CYCLING
    assert workout.end - workout.start == timedelta(minutes=30)
    assert (workout.steps, workout.active) == (4321, timedelta(seconds=1700))
    assert (workout.energy_kcal, workout.distance_m) == (250.5, 7000.0)
    assert (workout.ascent_m, workout.descent_m) == (40.0, 45.0)
    assert (workout.lowest_altitude_m, workout.highest_altitude_m) == (80.0, 120.0)
    assert workout.highest_speed_m_s == 8.5
    assert (workout.fastest_pace_s_m, workout.slowest_pace_s_m) == (0.125, 0.5)
    assert workout.average_heart_rate_bpm == 131
    assert (workout.average_pace_s_km, workout.average_stride_cm) == (250, 80)
    assert (workout.slopes, workout.swim) == (None, None)


@pytest.mark.parametrize(("version", "at"), [(512, 24), (516, 28), (519, 140)])
def test_the_record_of_a_later_watch_that_is_cut_is_malformed(version: int, at: int) -> None:
    record = _later(version, at)
    for length in range(at + 114):
        with pytest.raises(MalformedPacket):
            _decode(record[:length])


def test_the_last_version_of_the_band_itself_is_below_512() -> None:
    workout = _decode(_changed(0, "H", 511))
    assert workout.distance_m == 5012.5


# The details


@pytest.mark.parametrize("vector", vectors.DETAILS, ids=str)
def test_documented_details_are_decoded(vector: vectors.Details) -> None:
    track = _details(vector.packet, replace(_RUN, base=_BASE))
    assert [(pulse.time - _START, pulse.bpm) for pulse in track.pulses] == [
        (timedelta(seconds=second), bpm) for second, bpm in vector.pulses
    ]
    assert [
        (point.time - _START, round(point.longitude_deg, 6), round(point.latitude_deg, 6))
        for point in track.points
    ] == [(timedelta(seconds=second), east, north) for second, east, north in vector.points]


def test_no_details_are_an_empty_track() -> None:
    track = _details(b"", _RUN)
    assert track == Track()
    assert (track.lowest_heart_rate_bpm, track.highest_heart_rate_bpm) == (None, None)


@pytest.mark.parametrize("length", [length for length in range(24) if length % 8])
def test_details_that_are_cut_are_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket) as caught:
        _details(bytes(length), _RUN)
    assert caught.value.characteristic is Characteristic.FETCH_DATA


def _record(kind: int, second: int, *payload: int) -> bytes:
    return bytes((kind, second, *payload)).ljust(8, b"\x00")


def _fix(second: int, east: int = 0, north: int = 0, up: int = 0) -> bytes:
    return struct.pack("<2B3h", 0, second, east, north, up)


def _at(seconds: float) -> datetime:
    return _START + timedelta(seconds=seconds)


def test_the_lowest_and_the_highest_heart_rate_come_from_the_details() -> None:
    track = _details(_record(1, 1, 120) + _record(1, 2, 95) + _record(1, 3, 171), _RUN)
    assert (track.lowest_heart_rate_bpm, track.highest_heart_rate_bpm) == (95, 171)


def test_points_add_up_from_the_base() -> None:
    workout = replace(_RUN, base=Base(3_000_000, 6_000_000, 100))
    track = _details(_fix(1, 3000, -3000, 5) + _fix(2, -6000, 3000, -7), workout)
    assert track.points == (
        Point(_at(1), 1.001, 1.999, 105),
        Point(_at(2), 0.999, 2.0, 98),
    )


def test_points_have_no_altitude_without_that_of_the_base() -> None:
    workout = replace(_RUN, base=Base(0, 0, None))
    (point,) = _details(_fix(1, 1, 1, 500), workout).points
    assert point.altitude_m is None


def test_points_that_were_noted_before_their_time_was_known_are_spread() -> None:
    track = _details(b"".join(map(_fix, (40, 40, 40, 40, 44, 45, 45))), _RUN)
    assert [point.time for point in track.points] == [
        *map(_at, (0, 11, 22, 33)),
        *map(_at, (44, 45, 45)),
    ]


def test_two_points_are_enough_to_be_spread_and_one_is_not() -> None:
    track = _details(b"".join(map(_fix, (40, 40, 44))), _RUN)
    assert [point.time for point in track.points] == [*map(_at, (0, 22, 44))]
    track = _details(b"".join(map(_fix, (40, 44))), _RUN)
    assert [point.time for point in track.points] == [*map(_at, (40, 44))]


def test_one_heart_rate_in_a_record_for_three_has_its_own_second() -> None:
    track = _details(_record(1, 20, 8, 71), _RUN)
    assert track.pulses == (Pulse(_at(8), 71),)


def test_a_point_outside_of_the_world_is_left_out_and_the_next_one_counts_from_it() -> None:
    workout = replace(_RUN, base=Base(180 * 3_000_000, 0, None))
    track = _details(_fix(1, 1) + _fix(2, -1), workout)
    assert track.points == (Point(_at(2), 180.0, 0.0, None),)


@pytest.mark.parametrize("latitude", [2**31 - 1, -(2**31), 270_000_001, -270_000_001])
def test_a_base_outside_of_the_world_has_no_points(latitude: int) -> None:
    assert _details(_fix(1), replace(_RUN, base=Base(0, latitude, 0))).points == ()


def test_an_altitude_that_cannot_be_is_none() -> None:
    (point,) = _details(_fix(1), replace(_RUN, base=Base(0, 0, 2**31 - 1))).points
    assert point.altitude_m is None


def test_a_pause_ends_where_somebody_went_on() -> None:
    records = (_record(2, 10), _record(3, 25), _record(2, 50), _record(1, 60, 99))
    assert _details(b"".join(records), _RUN).pauses == (
        Pause(_at(10), _at(25)),
        Pause(_at(50), None),
    )


def test_a_pause_within_a_pause_and_going_on_without_one_change_nothing() -> None:
    records = (_record(3, 5), _record(2, 10), _record(2, 15), _record(3, 25), _record(3, 30))
    assert _details(b"".join(records), _RUN).pauses == (Pause(_at(10), _at(25)),)


def test_three_heart_rates_late_in_a_workout_lie_near_their_record() -> None:
    turns = b"".join(_record(9, second) for second in (200, 255, 0, 200, 255, 0))
    assert _details(turns + _record(1, 4, 254, 100, 1, 101, 4, 102), _RUN).pulses == (
        Pulse(_at(508), 100),
        Pulse(_at(511), 101),
        Pulse(_at(514), 102),
    )


@given(records=st.binary(max_size=400), summary=st.binary(min_size=126, max_size=160))
def test_arbitrary_details_are_a_track_or_malformed(records: bytes, summary: bytes) -> None:
    try:
        workout = _decode(summary)
    except MalformedPacket:
        workout = _RUN
    try:
        track = _details(records, workout)
    except MalformedPacket:
        assert len(records) % 8
        return
    assert all(10 <= pulse.bpm <= 250 for pulse in track.pulses)
    for point in track.points:
        assert abs(point.longitude_deg) <= 180
        assert abs(point.latitude_deg) <= 90


@given(change=st.binary(min_size=1, max_size=16), offset=st.integers(0, 127))
def test_a_changed_summary_is_a_workout_or_malformed(change: bytes, offset: int) -> None:
    record = (vectors.SUMMARY[:offset] + change + vectors.SUMMARY[offset + len(change) :])[:128]
    try:
        workout = _decode(record)
    except MalformedPacket:
        return
    assert workout.start <= workout.end <= workout.start + timedelta(days=7)
    assert workout.raw == record


@given(
    seconds=st.lists(st.integers(0, 255), max_size=50),
    kind=st.sampled_from([0, 1, 2, 3, 4, 99]),
)
def test_time_never_runs_backwards(seconds: list[int], kind: int) -> None:
    records = b"".join(_record(1, second, 72) for second in seconds)
    track = _details(records + _record(kind, 0), _RUN)
    times = [pulse.time for pulse in track.pulses]
    assert times == sorted(times)
    assert len(times) == len(seconds)


def test_a_summary_does_not_show_its_bytes() -> None:
    show: Callable[[Workout], str] = repr
    assert "raw" not in show(_RUN)
