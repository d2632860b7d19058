"""Workouts: a summary of each, and its details from second to second.

Summary, little endian, alone in its batch. The head of every version:

    offset size  meaning
    0      2     version, below 512 on this band
    2      2     sport
    4      4     start, Unix seconds
    8      4     end, Unix seconds
    12     4     base longitude, signed, 1/3 000 000 degree
    16     4     base latitude, likewise
    20     4     base altitude, signed, metres; -20000 is unknown

What follows it below version 512, where f is a 32-bit float:

    offset size  meaning                 offset size  meaning
    24     f     distance, m             76     f     a pace, s/m: one extreme
    28     f     ascent, m               80     f     a pace, s/m: the other one
    32     f     descent, m              84     f     stride, added up, m: not used
    36     f     lowest altitude, m      88     4     unknown
    40     f     highest altitude, m     92     28    by sport, below
    44     16    the track's borders     120    2     average heart rate, per minute
    60     4     steps                   122    2     average pace, s/km
    64     4     active time, s          124    2     average stride, cm
    68     f     energy, kcal            126    2     unknown
    72     f     highest speed, m/s

By sport: the times of ascent, descent and flat parts in ms at 100, 108 and 116; in a pool strokes
at 104 and SWOLF at 106 of two bytes, style at 108 and laps at 109 of one.

Later watches have versions from 512 on, with another table that begins at 24, in version 516 at 28
and in version 519 at 140. Offsets from its begin:

    offset size  meaning                 offset size  meaning
    0      4     steps                   44     f     lowest altitude, m
    4      4     active time, s          52     f     highest speed, m/s
    24     f     energy, kcal            64     f     a pace, s/m: one extreme
    28     f     distance, m             68     f     a pace, s/m: the other one
    32     f     ascent, m               108    2     average heart rate, per minute
    36     f     descent, m              110    2     average pace, s/km
    40     f     highest altitude, m     112    2     average stride, cm

Details: records of eight bytes: type, time, payload of six. The time counts the seconds from the
start in one byte; one smaller than the one before is added as it is.

    type  payload
    0     longitude, latitude and altitude: signed 16-bit differences to the point before
    1     a heart rate and five zeros, or three pairs of a second and a heart rate
    2, 3  pause, resume: what their payload means is not known

What the summary says of its own time is off by an hour on some bands, so that only its length
counts; the time is that of the batch. What a number cannot be is None.

Source: protocol-data.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, unique
from itertools import takewhile
import struct
from typing import Final, NamedTuple

from .errors import MalformedPacket
from .fetch import Batch
from .uuids import Characteristic
from .wire import HIGHEST_BPM, LOWEST_BPM

LONGEST_WORKOUT: Final = timedelta(days=7)
"""What claims to be longer than that is none: the band's battery does not last it out."""

_HEAD = struct.Struct("<2H2I3i")
_EARLY = struct.Struct("<5f16x2I4f36x3H")
_LATER = struct.Struct("<2I16x6f4xf8x2f36x3H")
_FIRST_LATER_VERSION = 512
_LATER_AT = {516: 28, 519: 140}
_SLOPES = struct.Struct("<I4xI4xI")
_SLOPES_AT = 100
_POOL = struct.Struct("<2H2B")
_POOL_AT = 104

_RECORD = struct.Struct("<2B6s")
_DELTAS = struct.Struct("<3h")
_GPS, _HEART_RATE, _PAUSE, _RESUME = range(4)
_FULL_BYTE = 0xFF
_HALF_BYTE = 0x80
_UNITS_PER_DEGREE = 3_000_000
_ALTITUDE_UNKNOWN = -20_000

# What a person can do in a week, amply; outside of it is no value, or the band's word for none.
_DISTANCES_M = (0, 1_000_000)
_CLIMBS_M = (0, 100_000)
_ALTITUDES_M = (-1_000, 10_000)
_STEPS = (0, 1_000_000)
_ENERGIES_KCAL = (0, 100_000)
_SPEEDS_M_S = (0, 100)
_PACES_S_M = (0.01, 100)
_PACES_S_KM = (10, 0xFFFE)
_STRIDES_CM = (1, 1_000)
_LONGITUDES_DEG = (-180, 180)
_LATITUDES_DEG = (-90, 90)


@unique
class Sport(IntEnum):
    """What was done; section 7.4."""

    OUTDOOR_RUNNING = 1
    TREADMILL = 2
    WALKING = 3
    CYCLING = 4
    EXERCISE = 5
    POOL_SWIMMING = 6
    OPEN_WATER_SWIMMING = 7
    INDOOR_CYCLING = 8
    ELLIPTICAL = 9
    CLIMBING = 10
    HIKING = 15
    SOCCER = 18
    JUMP_ROPE = 21
    ROWING_MACHINE = 23
    STRENGTH_TRAINING = 52
    YOGA = 60
    CRICKET = 78
    BASKETBALL = 85
    TABLE_TENNIS = 89
    BADMINTON = 92


@unique
class Stroke(IntEnum):
    """How somebody swam."""

    BREASTSTROKE = 1
    FREESTYLE = 2
    BACKSTROKE = 3
    MEDLEY = 4


class Base(NamedTuple):
    """Where the differences of a track begin, in the band's units."""

    longitude: int
    latitude: int
    """Both in 1/3 000 000 degree."""
    altitude_m: int | None


@dataclass(frozen=True, slots=True)
class Slopes:
    """How long somebody went up, down and on the level."""

    ascent: timedelta
    descent: timedelta
    flat: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Swim:
    """What is counted in a pool only."""

    strokes: int
    swolf: int
    stroke: Stroke | None
    laps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workout:
    """The summary of one workout. None is what the band does not know."""

    version: int
    sport: Sport | int
    """A number where the sport has no name here."""
    start: datetime
    end: datetime
    """Both in the fixed offset that the band had."""
    active: timedelta | None
    """Without the pauses."""
    distance_m: float | None
    steps: int | None
    energy_kcal: float | None
    average_heart_rate_bpm: int | None
    """10 to 250. What was highest and lowest only the track tells."""
    average_pace_s_km: int | None
    fastest_pace_s_m: float | None
    slowest_pace_s_m: float | None
    highest_speed_m_s: float | None
    average_stride_cm: int | None
    ascent_m: float | None
    descent_m: float | None
    lowest_altitude_m: float | None
    highest_altitude_m: float | None
    slopes: Slopes | None
    """None in a pool, and of later watches."""
    swim: Swim | None
    """None outside of a pool."""
    base: Base
    raw: bytes = field(repr=False)
    """The whole record."""


class Point(NamedTuple):
    """Where somebody was."""

    time: datetime
    longitude_deg: float
    latitude_deg: float
    altitude_m: int | None


class Pulse(NamedTuple):
    """A heart rate within a workout."""

    time: datetime
    bpm: int
    """10 to 250."""


class Pause(NamedTuple):
    """A break within a workout."""

    start: datetime
    end: datetime | None
    """None when the workout ended with it."""


@dataclass(frozen=True, slots=True)
class Track:
    """The details of one workout, each in the order in which the band noted it."""

    points: tuple[Point, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    pauses: tuple[Pause, ...] = ()

    @property
    def lowest_heart_rate_bpm(self) -> int | None:
        """The lowest of all."""
        return min((pulse.bpm for pulse in self.pulses), default=None)

    @property
    def highest_heart_rate_bpm(self) -> int | None:
        """The highest of all."""
        return max((pulse.bpm for pulse in self.pulses), default=None)


class _Values(NamedTuple):
    """What the tables of all versions have, as it stands there."""

    distance: float
    ascent: float
    descent: float
    lowest: float
    highest: float
    steps: int
    active: int
    energy: float
    speed: float
    pace: float
    other_pace: float
    heart_rate: int
    average_pace: int
    stride: int


def decode_workout(batch: Batch) -> Workout:
    """Decode the summary in a batch.

    Raises:
        MalformedPacket: it is too short for its version, ends before it starts or never.
    """
    raw = batch.records
    try:
        version, sport, start_s, end_s, longitude, latitude, altitude = _HEAD.unpack_from(raw)
        values = _later(raw, version) if version >= _FIRST_LATER_VERSION else _early(raw)
    except struct.error as err:
        raise MalformedPacket(Characteristic.FETCH_DATA, raw) from err
    if not 0 <= end_s - start_s <= LONGEST_WORKOUT.total_seconds():
        raise MalformedPacket(Characteristic.FETCH_DATA, raw)
    measured = (_measured(pace, _PACES_S_M) for pace in (values.pace, values.other_pace))
    paces = sorted(pace for pace in measured if pace is not None)
    in_pool = sport == Sport.POOL_SWIMMING
    early = version < _FIRST_LATER_VERSION
    return Workout(
        version=version,
        sport=Sport(sport) if sport in Sport else sport,
        start=batch.start,
        end=batch.start + timedelta(seconds=end_s - start_s),
        active=_time(values.active),
        distance_m=_measured(values.distance, _DISTANCES_M),
        steps=_within(values.steps, _STEPS),
        energy_kcal=_measured(values.energy, _ENERGIES_KCAL),
        average_heart_rate_bpm=_within(values.heart_rate, (LOWEST_BPM, HIGHEST_BPM)),
        average_pace_s_km=_within(values.average_pace, _PACES_S_KM),
        # Which of the two is which the sources do not agree on.
        fastest_pace_s_m=paces[0] if paces else None,
        slowest_pace_s_m=paces[-1] if paces else None,
        highest_speed_m_s=_measured(values.speed, _SPEEDS_M_S),
        average_stride_cm=_within(values.stride, _STRIDES_CM),
        ascent_m=_measured(values.ascent, _CLIMBS_M),
        descent_m=_measured(values.descent, _CLIMBS_M),
        lowest_altitude_m=_measured(values.lowest, _ALTITUDES_M),
        highest_altitude_m=_measured(values.highest, _ALTITUDES_M),
        slopes=_slopes(raw) if early and not in_pool else None,
        swim=_swim(raw) if early and in_pool else None,
        base=Base(longitude, latitude, None if altitude == _ALTITUDE_UNKNOWN else altitude),
        raw=raw,
    )


def _early(raw: bytes) -> _Values:
    return _Values._make(_EARLY.unpack_from(raw, _HEAD.size))


def _later(raw: bytes, version: int) -> _Values:
    found = _LATER.unpack_from(raw, _LATER_AT.get(version, _HEAD.size))
    steps, active, energy, distance, ascent, descent, highest, lowest, *rest = found
    return _Values(distance, ascent, descent, lowest, highest, steps, active, energy, *rest)


def _slopes(raw: bytes) -> Slopes | None:
    times = [_time(milliseconds / 1000) for milliseconds in _SLOPES.unpack_from(raw, _SLOPES_AT)]
    match times:
        case timedelta() as ascent, timedelta() as descent, timedelta() as flat:
            return Slopes(ascent, descent, flat)
        case _:
            return None


def _swim(raw: bytes) -> Swim:
    strokes, swolf, stroke, laps = _POOL.unpack_from(raw, _POOL_AT)
    return Swim(
        strokes=strokes,
        swolf=swolf,
        stroke=Stroke(stroke) if stroke in Stroke else None,
        laps=laps,
    )


def _within[T: (int, float)](value: T, limits: tuple[float, float]) -> T | None:
    """Return a value unless it is none: outside of what can be, infinite or not a number."""
    lowest, highest = limits
    return value if lowest <= value <= highest else None


def _measured(value: float, limits: tuple[float, float]) -> float | None:
    """Return 227.9 for what 32 bits make of it, 227.89999389648438: they hold seven digits."""
    within = _within(value, limits)
    return None if within is None else float(f"{within:.7g}")


def _time(seconds: float) -> timedelta | None:
    within = _within(seconds, (0, LONGEST_WORKOUT.total_seconds()))
    return None if within is None else timedelta(seconds=within)


def decode_track(batch: Batch, workout: Workout) -> Track:
    """Decode the details of a workout; records of unknown types are passed over.

    Raises:
        MalformedPacket: the records do not have eight bytes each.
    """
    if len(batch.records) % _RECORD.size:
        raise MalformedPacket(Characteristic.FETCH_DATA, batch.records)
    records = list(_records(batch.records))
    return Track(
        points=tuple(_points(records, workout)),
        pulses=tuple(_pulses(records, workout.start)),
        pauses=tuple(_pauses(records, workout.start)),
    )


class _Record(NamedTuple):
    """One record, its time unrolled."""

    kind: int
    seconds: int
    """From the start of the workout."""
    clock: int
    """The same as it was noted, in one byte."""
    payload: bytes


def _records(raw: bytes) -> Iterator[_Record]:
    seconds = last = 0
    for kind, clock, payload in _RECORD.iter_unpack(raw):
        # A full turn of the byte ought to add 256 less what was; the one working client adds this.
        seconds += clock - last if clock >= last else clock
        last = clock
        yield _Record(kind, seconds, clock, payload)


def _points(records: list[_Record], workout: Workout) -> Iterator[Point]:
    longitude, latitude, altitude_m = workout.base
    fixes = [record for record in records if record.kind == _GPS]
    for record, seconds in zip(fixes, _fix_times(fixes), strict=True):
        east, north, up = _DELTAS.unpack(record.payload)
        longitude += east
        latitude += north
        altitude_m = None if altitude_m is None else altitude_m + up
        longitude_deg = _within(longitude / _UNITS_PER_DEGREE, _LONGITUDES_DEG)
        latitude_deg = _within(latitude / _UNITS_PER_DEGREE, _LATITUDES_DEG)
        if longitude_deg is not None and latitude_deg is not None:
            yield Point(
                workout.start + timedelta(seconds=seconds),
                longitude_deg,
                latitude_deg,
                None if altitude_m is None else _within(altitude_m, _ALTITUDES_M),
            )


def _fix_times(fixes: list[_Record]) -> list[float]:
    """Return the seconds of each point.

    Those at the beginning that share one time were noted before the time was known; they are
    spread over the time before the first that has another.
    """
    times: list[float] = [record.seconds for record in fixes]
    alike = sum(1 for _ in takewhile(lambda time: time == times[0], times))
    if 1 < alike < len(times):
        times[:alike] = [times[alike] * index / alike for index in range(alike)]
    return times


def _pulses(records: list[_Record], start: datetime) -> Iterator[Pulse]:
    for record in records:
        if record.kind != _HEART_RATE:
            continue
        pairs = record.payload
        if any(pairs[1:]):
            found = [
                (_unroll(record, clock), bpm)
                for clock, bpm in zip(pairs[::2], pairs[1::2], strict=True)
            ]
        else:
            found = [(record.seconds, pairs[0])]
        for seconds, bpm in found:
            if LOWEST_BPM <= bpm <= HIGHEST_BPM:
                yield Pulse(start + timedelta(seconds=seconds), bpm)


def _unroll(record: _Record, clock: int) -> int:
    """Return the second from the start that a byte in a record means.

    The one source takes it as it is, which cannot be so after the first 255 seconds. From there on
    it is taken for the nearest to the record's own. [INFERRED]
    """
    if record.seconds <= _FULL_BYTE:
        return clock
    return record.seconds + (clock - record.clock + _HALF_BYTE) % (_FULL_BYTE + 1) - _HALF_BYTE


def _pauses(records: list[_Record], start: datetime) -> Iterator[Pause]:
    began: datetime | None = None
    for record in records:
        time = start + timedelta(seconds=record.seconds)
        if record.kind == _PAUSE and began is None:
            began = time
        elif record.kind == _RESUME and began is not None:
            yield Pause(began, time)
            began = None
    if began is not None:
        yield Pause(began, None)
