"""Workouts as the band stores them: a summary of 128 bytes and a stream of 8-byte details.

Source: protocol-data.md, 7.2 and 7.3 for the summary, 7.5 for the details.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
import math
from random import Random
import struct
from typing import NamedTuple

from .life import Minute
from .sports import Sport

VERSION = 259
DEGREE = 3_000_000
ALTITUDE_UNKNOWN = -20_000
_NO_LOWEST, _NO_HIGHEST = 100_000.0, -100_000.0
_METRES_PER_DEGREE = 111_320
# Where the phone is when it comes along, in degrees and metres.
_HOME = (13.4050, 52.5200, 34)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwimBlock:
    """Block B of a summary: a pool."""

    stroke_m: float
    strokes_per_second: float
    lap_pace_s: float
    strokes: int
    swolf: int
    style: int
    """1 breaststroke, 2 freestyle, 3 backstroke, 4 medley."""
    laps: int

    def __bytes__(self) -> bytes:
        """Encode bytes 92 to 119."""
        return struct.pack(
            "<3fHHBB10x",
            self.stroke_m,
            self.strokes_per_second,
            self.lap_pace_s,
            self.strokes,
            self.swolf,
            self.style,
            self.laps,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeBlock:
    """Block A of a summary: up, down and level ground; metres and milliseconds."""

    up_m: float = 0.0
    up_ms: int = 0
    down_m: float = 0.0
    down_ms: int = 0
    level_m: float = 0.0
    level_ms: int = 0

    def __bytes__(self) -> bytes:
        """Encode bytes 92 to 119."""
        return struct.pack(
            "<4xfIfIfI",
            self.up_m,
            self.up_ms,
            self.down_m,
            self.down_ms,
            self.level_m,
            self.level_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A summary record of a version below 512, field by field in the order of the wire."""

    version: int = VERSION
    sport: int
    start: int
    end: int
    base: tuple[int, int, int] = (0, 0, ALTITUDE_UNKNOWN)
    """Longitude and latitude in 1/3 000 000 degree, altitude in metres."""
    distance_m: float
    ascent_m: float = 0.0
    descent_m: float = 0.0
    lowest_m: float = _NO_LOWEST
    highest_m: float = _NO_HIGHEST
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Maximum and minimum latitude, maximum and minimum longitude."""
    steps: int
    active_s: int
    energy_kcal: float
    maximum_speed_mps: float = 0.0
    maximum_pace_spm: float = 0.0
    minimum_pace_spm: float = 0.0
    stride_m: float = 0.0
    """Of all strides together."""
    block: SlopeBlock | SwimBlock
    heart_rate_bpm: int = 0
    pace_s_per_km: int = 0
    stride_cm: int = 0

    def __bytes__(self) -> bytes:
        """Encode the 128 bytes."""
        head = struct.pack("<HHIIiii", self.version, self.sport, self.start, self.end, *self.base)
        body = struct.pack(
            "<5f4iIIf4f4x",
            self.distance_m,
            self.ascent_m,
            self.descent_m,
            self.lowest_m,
            self.highest_m,
            *self.box,
            self.steps,
            self.active_s,
            self.energy_kcal,
            self.maximum_speed_mps,
            self.maximum_pace_spm,
            self.minimum_pace_spm,
            self.stride_m,
        )
        tail = struct.pack("<HHH2x", self.heart_rate_bpm, self.pace_s_per_km, self.stride_cm)
        return head + body + bytes(self.block) + tail


class Point(NamedTuple):
    """Where the phone was."""

    second: int
    """After the start."""
    longitude: int
    """1/3 000 000 degree, as the latitude."""
    latitude: int
    altitude_m: int


class Beat(NamedTuple):
    """A pulse that was measured."""

    second: int
    """After the start."""
    bpm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workout:
    """A workout as it was, in true time."""

    sport: Sport
    start: int
    """Unix time, seconds; the end likewise."""
    end: int
    clock_error_s: int = 0
    """By how much the band's clock was ahead of the true time."""
    zone: int = 0
    """The band's offset from UTC, quarter hours."""
    steps: int = 0
    distance_m: float = 0.0
    energy_kcal: float = 0.0
    pauses: tuple[tuple[int, int], ...] = ()
    """From and to, seconds after the start; none longer than four minutes."""
    beats: tuple[Beat, ...] = ()
    points: tuple[Point, ...] = ()
    detailed: bool = True
    """Whether details are stored, too."""
    phone: bool = False
    """Whether a phone fed positions."""
    planned: bool = False
    """Of what was planned only the times are known so far; see `worked_out`."""

    @property
    def believed_start(self) -> int:
        """The start by the band's clock."""
        return self.start + self.clock_error_s

    @property
    def active_s(self) -> int:
        """Seconds without the pauses."""
        return self.end - self.start - sum(end - start for start, end in self.pauses)

    @property
    def heart_rate_bpm(self) -> int:
        """The mean of what was measured, 0 for nothing."""
        return round(sum(bpm for _, bpm in self.beats) / len(self.beats)) if self.beats else 0

    def summary(self, shift_s: int = 0, version: int = VERSION) -> bytes:
        """Encode the summary.

        Args:
            shift_s: By how much the times in the record differ from those of the reply; there
                are devices where that is the hour of daylight saving.
            version: Of the record, below 512.
        """
        start = self.believed_start + shift_s
        speed = self.distance_m / self.active_s if self.active_s else 0.0
        points = self.points
        up, down = _climb(points)
        third = self.active_s * 1000 // 3
        block: SlopeBlock | SwimBlock
        if self.sport is Sport.POOL_SWIMMING:
            laps = round(self.distance_m / 25)
            block = SwimBlock(
                stroke_m=1.6,
                strokes_per_second=0.5,
                lap_pace_s=self.active_s / laps if laps else 0.0,
                strokes=round(self.distance_m / 1.6),
                swolf=48,
                style=2,
                laps=laps,
            )
        elif up or down:
            parts = (self.distance_m * 0.3, self.distance_m * 0.3, self.distance_m * 0.4)
            block = SlopeBlock(
                up_m=parts[0],
                up_ms=third,
                down_m=parts[1],
                down_ms=third,
                level_m=parts[2],
                level_ms=third,
            )
        else:
            block = SlopeBlock()
        return bytes(
            Summary(
                version=version,
                sport=self.sport.summary,
                start=start,
                end=start + self.end - self.start,
                base=points[0][1:] if points else (0, 0, ALTITUDE_UNKNOWN),
                distance_m=self.distance_m,
                ascent_m=up,
                descent_m=down,
                lowest_m=min((point.altitude_m for point in points), default=_NO_LOWEST),
                highest_m=max((point.altitude_m for point in points), default=_NO_HIGHEST),
                box=_box(points),
                steps=self.steps,
                active_s=self.active_s,
                energy_kcal=self.energy_kcal,
                maximum_speed_mps=speed * 1.2,
                maximum_pace_spm=1.3 / speed if speed else 0.0,
                minimum_pace_spm=1 / (1.2 * speed) if speed else 0.0,
                stride_m=self.distance_m if self.steps else 0.0,
                block=block,
                heart_rate_bpm=self.heart_rate_bpm,
                pace_s_per_km=min(round(1000 / speed), 0xFFFF) if speed else 0,
                stride_cm=round(self.distance_m * 100 / self.steps) if self.steps else 0,
            )
        )

    def details(self) -> bytes:
        """Encode the details, in the order of time."""
        if not self.detailed:
            return b""
        return _encode_details(sorted(self._records(), key=lambda record: record[0]))

    def _records(self) -> Iterator[tuple[int, int, bytes]]:
        """Second, type and payload of each record; the time byte comes later."""
        for before, point in zip((*self.points[:1], *self.points), self.points, strict=False):
            yield (
                point.second,
                0,
                struct.pack(
                    "<hhh",
                    point.longitude - before.longitude,
                    point.latitude - before.latitude,
                    point.altitude_m - before.altitude_m,
                ),
            )
        for start, end in self.pauses:
            yield start, 2, bytes(6)
            yield end, 3, bytes(6)
        yield from _beat_records(self.beats)
        # Speed, which nobody decodes; often enough that the time byte never misses a lap.
        for second in range(45, self.end - self.start, 60):
            yield second, 4 + second // 60 % 3, struct.pack("<HHH", 0x0102, second & 0xFF, 0x0304)
        if self.end - self.start > 600:
            yield 333, 0x0B, b"\xa5" * 6


def _beat_records(beats: Sequence[Beat]) -> Iterator[tuple[int, int, bytes]]:
    """Three to a record where the seconds fit into a byte; one by one afterwards."""
    early = [beat for beat in beats if beat.second <= 0xFF]
    while len(early) >= 3:
        three, early = early[:3], early[3:]
        yield three[-1].second, 1, b"".join(bytes(beat) for beat in three)
    for beat in (*early, *beats[sum(beat.second <= 0xFF for beat in beats) :]):
        yield beat.second, 1, bytes((beat.bpm, 0, 0, 0, 0, 0))


def _encode_details(records: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Give each record its time: a byte that begins anew with the step that it cannot hold.

    The decoder of the documents adds the byte itself after a lap, so that is what is written.
    """
    stream = bytearray()
    total = last = 0
    for second, kind, payload in records:
        step = second - total
        if step > 0xFF:
            raise ValueError("nothing stored for more than 255 seconds")
        last = last + step if last + step <= 0xFF else step
        total = second
        stream += bytes((kind, last)) + payload
    return bytes(stream)


def _climb(points: Sequence[Point]) -> tuple[float, float]:
    steps = [after.altitude_m - before.altitude_m for before, after in pairwise(points)]
    return float(sum(s for s in steps if s > 0)), float(-sum(s for s in steps if s < 0))


def _box(points: Sequence[Point]) -> tuple[int, int, int, int]:
    if not points:
        return 0, 0, 0, 0
    latitudes = [point.latitude for point in points]
    longitudes = [point.longitude for point in points]
    return max(latitudes), min(latitudes), max(longitudes), min(longitudes)


# From minutes to a workout

# Metres a step, metres a second where no steps are made, kilocalories a second.
_PACES: dict[Sport, tuple[float, float, float]] = {
    Sport.OUTDOOR_RUNNING: (1.02, 0.0, 0.19),
    Sport.TREADMILL: (0.94, 0.0, 0.17),
    Sport.WALKING: (0.74, 0.0, 0.07),
    Sport.CYCLING: (0.0, 5.4, 0.14),
    Sport.EXERCISE: (0.0, 0.0, 0.12),
    Sport.POOL_SWIMMING: (0.0, 0.7, 0.16),
}


def worked_out(frame: Workout, minutes: Sequence[Minute]) -> Workout:
    """Fill a workout in from the minutes that were noted meanwhile.

    Args:
        frame: Sport, times, pauses, and whether there was a phone.
        minutes: Those it touches, the first and the last in part.
    """
    seconds = frame.end - frame.start
    per_step, speed, burn = _PACES[frame.sport]
    steps = sum(minute.steps for minute in minutes)
    distance = steps * per_step + speed * seconds
    return replace(
        frame,
        steps=steps,
        distance_m=round(distance, 1),
        energy_kcal=round(burn * seconds, 1),
        beats=_beats(frame, minutes),
        points=_loop(frame.start, seconds, distance) if frame.phone else (),
        # There are workouts of which the band keeps nothing but the summary.
        detailed=frame.sport is not Sport.EXERCISE,
        planned=False,
    )


def _beats(frame: Workout, minutes: Sequence[Minute]) -> tuple[Beat, ...]:
    rng = Random(frame.start)  # noqa: S311  a life that repeats
    beats = []
    second = 7
    while minutes and second < frame.end - frame.start:
        minute = minutes[min((frame.start % 60 + second) // 60, len(minutes) - 1)]
        paused = any(begin <= second < finish for begin, finish in frame.pauses)
        if 30 <= minute.heart_rate <= 230 and not paused:
            beats.append(Beat(second, minute.heart_rate + rng.randrange(-3, 4)))
        second += rng.choice((1, 1, 2, 5, 8, 13))
    return tuple(beats)


def _loop(start: int, seconds: int, distance_m: float) -> tuple[Point, ...]:
    """Run around a circle, beginning and ending at home."""
    radius = max(distance_m, 50.0) / (2 * math.pi)
    longitude, latitude, altitude = _HOME
    east = DEGREE / (_METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    north = DEGREE / _METRES_PER_DEGREE
    # The first positions come before the time of the first fix is known, and bear the same one.
    times = (4, 4, 4, *range(9, seconds, 5))
    points = []
    for index, second in enumerate(times):
        angle = 2 * math.pi * index / (len(times) - 1)
        points.append(
            Point(
                second,
                round(longitude * DEGREE + radius * math.sin(angle) * east),
                round(latitude * DEGREE + radius * (1 - math.cos(angle)) * north),
                altitude + round(9 * math.sin(angle * 2)) + start % 3,
            )
        )
    return tuple(points)
