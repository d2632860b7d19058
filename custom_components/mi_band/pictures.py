"""Pictures of a night and of a day's heart rate, as PNG files for a dashboard.

Times on the axis are those of the clock on the wall; the axis itself is of minutes that passed, so
a night in which the clocks change shows an hour twice or not at all, and no sleep is stretched.
Time of which nothing is known is hatched.

The words come from the caller. Drawing takes some tens of milliseconds and belongs into a thread.
What it needs of memory depends on the size of the picture, not on how much there is to show.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from math import ceil, floor
from typing import Final, NamedTuple

from .band.kinds import Kind
from .band.minutes import Minute, heart_rate_bpm
from .band.sleep import SleepSession, Stage
from .drawing import (
    BOTTOM,
    FAINT,
    GRID,
    HATCH,
    HEIGHT,
    MARGIN,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Canvas,
    duration,
    local_time,
)

STAGE_COLOURS: Final = {
    Stage.AWAKE: (244, 166, 86),
    Stage.LIGHT: (108, 178, 240),
    Stage.DEEP: (92, 104, 226),
}
RANGE: Final = (111, 50, 66)
"""Between the lowest and the highest heart rate."""
PULSE: Final = (255, 117, 140)
RESTING: Final = (118, 209, 168)

_ROW_LABELS_WIDTH = 84
_BLOCK_HEIGHT = 28
_SCALE_WIDTH = 30
_BUCKET_MINUTES = 10
_LONGEST_LINK_MINUTES = 45
"""Readings so far apart are joined: a band that measures every half hour may miss its minute."""
_CALM = (55, 105)
_CLOSE_TICKS_BPM, _WIDE_TICKS_BPM = 20, 40
_MOST_CLOSE_TICKS = 6
_NOT_WORN = frozenset({Kind.NOT_WORN, Kind.CHARGING})


@dataclass(frozen=True, slots=True, kw_only=True)
class NightWords:
    """What is written into the picture of a night."""

    stages: Mapping[Stage, str]
    unknown: str
    """What the hatched time is."""
    nothing: str
    """In place of a night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartRateWords:
    """What is written into the picture of a day's heart rate."""

    unit: str
    resting: str
    not_worn: str
    """What the hatched time is."""
    nothing: str
    """In place of a heart rate."""


class Day(NamedTuple):
    """A day's minutes, in time order, and what they were spent with."""

    day: date
    minutes: Sequence[Minute]
    kinds: Sequence[Kind]
    resting_bpm: int | None


def draw_night(session: SleepSession | None, zone: tzinfo, words: NightWords) -> bytes:
    """Draw the stages of a night or a nap over time; an empty picture when there is none."""
    canvas = Canvas()
    if session is None:
        canvas.text((WIDTH / 2, HEIGHT / 2), words.nothing, size=18, colour=FAINT, anchor="mm")
        return canvas.png()
    axis = Axis(session.start, session.end, left=MARGIN + _ROW_LABELS_WIDTH)
    start, end = (local_time(minute, zone) for minute in (session.start, session.end))
    canvas.heading(duration(session.asleep_minutes))
    canvas.aside(0, f"{end:%Y-%m-%d}")
    canvas.aside(1, f"{start:%H:%M} - {end:%H:%M}")
    canvas.time_grid(axis, zone)
    canvas.hatch(axis, list(_unknown(session)), words.unknown)
    totals = {
        Stage.AWAKE: session.awake_minutes,
        Stage.LIGHT: session.light_minutes,
        Stage.DEEP: session.deep_minutes,
    }
    height = (BOTTOM - TOP) / len(totals)
    middles = {stage: TOP + (row + 0.5) * height for row, stage in enumerate(totals)}
    for stage, total in totals.items():
        canvas.label(middles[stage], words.stages[stage], duration(total), _ROW_LABELS_WIDTH - 8)
    # First what joins the blocks, so that they lie on top of it.
    for before, span in pairwise(session.stages):
        if before.start + before.minutes == span.start:
            x = axis.x(span.start)
            canvas.line([(x, middles[before.stage]), (x, middles[span.stage])], HATCH, 1)
    for span in session.stages:
        canvas.block(
            (axis.x(span.start), middles[span.stage] - _BLOCK_HEIGHT / 2),
            (axis.x(span.start + span.minutes), middles[span.stage] + _BLOCK_HEIGHT / 2),
            STAGE_COLOURS[span.stage],
        )
    return canvas.png()


def draw_heart_rate(day: Day, zone: tzinfo, words: HeartRateWords) -> bytes:
    """Draw the heart rate of a local day: its range every ten minutes, and the resting one."""
    canvas = Canvas()
    axis = Axis(*day_bounds(day.day, zone), left=MARGIN + _SCALE_WIDTH)
    buckets = list(_buckets(day.minutes))
    not_worn = _not_worn(day)
    scale = _Scale.around(buckets, day.resting_bpm)
    canvas.aside(0, f"{day.day:%Y-%m-%d}")
    canvas.time_grid(axis, zone)
    canvas.hatch(axis, not_worn, words.not_worn)
    for bpm in scale.ticks():
        y = scale.y(bpm)
        canvas.line([(axis.left, y), (RIGHT, y)], GRID, 1)
        canvas.text((axis.left - 8, y), str(bpm), size=12, colour=FAINT, anchor="rm")
    if not buckets:
        canvas.heading(words.nothing, colour=FAINT)
        return canvas.png()
    lowest = min(bucket.lowest for bucket in buckets)
    highest = max(bucket.highest for bucket in buckets)
    extent = f"{lowest} - {highest}" if lowest < highest else f"{lowest}"
    canvas.heading(f"{extent} {words.unit}")
    for run in _linked(buckets, not_worn):
        _draw_run(canvas, run, axis, scale)
    if day.resting_bpm is not None:
        y = scale.y(day.resting_bpm)
        canvas.dashes((axis.left, y), RIGHT, RESTING)
        canvas.aside(1, f"{words.resting} {day.resting_bpm} {words.unit}", RESTING)
    return canvas.png()


def day_bounds(day: date, zone: tzinfo) -> tuple[int, int]:
    """Return the first minute of a local day and that of the next: 23 to 25 hours apart."""
    start, end = (
        int(datetime.combine(each, time(), zone).timestamp()) // 60
        for each in (day, day + timedelta(days=1))
    )
    return start, end


class _Bucket(NamedTuple):
    """The readings of some minutes."""

    middle: float
    lowest: int
    highest: int
    mean: float


class _Scale(NamedTuple):
    """Where a heart rate lies."""

    bottom: int
    top: int

    @classmethod
    def around(cls, buckets: Sequence[_Bucket], resting_bpm: int | None) -> _Scale:
        """Hold all of them, and not so little that a calm day looks wild."""
        rates = [*_CALM, *(bucket.lowest for bucket in buckets)]
        rates += [bucket.highest for bucket in buckets]
        rates += [resting_bpm] if resting_bpm else []
        return cls(floor((min(rates) - 5) / 10) * 10, ceil((max(rates) + 5) / 10) * 10)

    def y(self, bpm: float) -> float:
        return BOTTOM - (bpm - self.bottom) / (self.top - self.bottom) * (BOTTOM - TOP)

    def ticks(self) -> range:
        few = self.top - self.bottom <= _MOST_CLOSE_TICKS * _CLOSE_TICKS_BPM
        step = _CLOSE_TICKS_BPM if few else _WIDE_TICKS_BPM
        return range(-(-self.bottom // step) * step, self.top + 1, step)


def _draw_run(canvas: Canvas, run: Sequence[_Bucket], axis: Axis, scale: _Scale) -> None:
    if len(run) == 1:
        (bucket,) = run
        x = axis.x(bucket.middle)
        canvas.line([(x, scale.y(bucket.lowest)), (x, scale.y(bucket.highest))], RANGE, 5)
        canvas.dot((x, scale.y(bucket.mean)), PULSE)
        return
    above = [(axis.x(bucket.middle), scale.y(bucket.highest)) for bucket in run]
    below = [(axis.x(bucket.middle), scale.y(bucket.lowest)) for bucket in run]
    canvas.polygon(above + below[::-1], RANGE)
    canvas.line([(axis.x(bucket.middle), scale.y(bucket.mean)) for bucket in run], PULSE, 2)


def _buckets(minutes: Iterable[Minute]) -> Iterator[_Bucket]:
    """Sum up the valid readings of every ten minutes that have one."""
    readings: dict[int, list[int]] = {}
    for sample in minutes:
        if (bpm := heart_rate_bpm(sample.heart_rate)) is not None:
            readings.setdefault(sample.minute // _BUCKET_MINUTES, []).append(bpm)
    for number, bpms in sorted(readings.items()):
        yield _Bucket((number + 0.5) * _BUCKET_MINUTES, min(bpms), max(bpms), sum(bpms) / len(bpms))


def _linked(
    buckets: Iterable[_Bucket], not_worn: Sequence[tuple[int, int]]
) -> Iterator[list[_Bucket]]:
    """Part the readings where the band was off, or did not measure for long."""
    run: list[_Bucket] = []
    for bucket in buckets:
        if run and (
            bucket.middle - run[-1].middle > _LONGEST_LINK_MINUTES
            or any(run[-1].middle < end and start < bucket.middle for start, end in not_worn)
        ):
            yield run
            run = []
        run.append(bucket)
    if run:
        yield run


def _not_worn(day: Day) -> list[tuple[int, int]]:
    """Give from when to when the band lay somewhere."""
    spans: list[tuple[int, int]] = []
    for sample, kind in zip(day.minutes, day.kinds, strict=True):
        if kind not in _NOT_WORN:
            continue
        joins = spans and spans[-1][1] == sample.minute
        start = spans.pop()[0] if joins else sample.minute
        spans.append((start, sample.minute + 1))
    return spans


def _unknown(session: SleepSession) -> Iterator[tuple[int, int]]:
    """Give from when to when nobody knows how the wearer slept."""
    for before, span in pairwise(session.stages):
        if (end := before.start + before.minutes) < span.start:
            yield end, span.start
