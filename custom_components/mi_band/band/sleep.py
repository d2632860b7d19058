"""Sleep sessions, found in stored minutes.

A run is a stretch of minutes that the band called light or deep sleep; any other minute ends it,
and a run of five minutes or less does not count (protocol-data.md section 6.4). Runs less than an
hour apart are one session: a night, or a nap. What lies between them was spent awake, or is left
out where the band was not worn or recorded nothing, for nobody knows; an hour of it parts two
sessions. Sixty minutes is the advice of that section [INFERRED].

A minute stands for the sixty seconds that begin with it, so a session ends with the minute after
its last one asleep. Times are minutes since 1970 began, in UTC: neither midnight nor a change of
the clock, of the zone or of the season touches them. The day of a session is the local one on
which it ends, by the zone in which its last minute was recorded.

Source: protocol-data.md section 6.4; the band itself stores no sessions.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, unique
from typing import Final, NamedTuple

from .kinds import Kind
from .minutes import Minute


@unique
class Stage(StrEnum):
    """How a minute of a session was spent. The band knows no REM sleep."""

    LIGHT = "light"
    DEEP = "deep"
    AWAKE = "awake"


class StageSpan(NamedTuple):
    """Minutes in a row that were spent alike."""

    start: int
    """Minutes since 1970 began, in UTC."""
    minutes: int
    stage: Stage


SHORTEST_RUN_MINUTES: Final = 6
"""A run is kept when it is longer than five minutes."""
PARTING_MINUTES: Final = 60
"""So long without sleep: what follows is another session, and the one before is final.
[INFERRED]"""
LONGEST_NAP_MINUTES: Final = 180
"""Asleep; with more of it a session is a night, whenever it was. [INFERRED]"""
NAP_FROM_HOUR: Final = 9
NAP_UNTIL_HOUR: Final = 21
"""Local hours between which a nap begins and ends. [INFERRED]"""

_QUARTER_HOUR = timedelta(minutes=15)
_STAGES = {
    Kind.LIGHT_SLEEP: Stage.LIGHT,
    Kind.DEEP_SLEEP: Stage.DEEP,
    Kind.STILL: Stage.AWAKE,
    Kind.WALKING: Stage.AWAKE,
    Kind.RUNNING: Stage.AWAKE,
    Kind.CYCLING: Stage.AWAKE,
    Kind.AWAKE: Stage.AWAKE,
    Kind.NOT_WORN: None,
    Kind.CHARGING: None,
    Kind.UNKNOWN: None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepSession:
    """A night or a nap."""

    start: int
    """The first minute asleep: minutes since 1970 began, in UTC."""
    end: int
    """The minute after the last one asleep."""
    zone: int
    """Quarter hours from UTC, where the session ended."""
    stages: tuple[StageSpan, ...]
    """From start to end; minutes that no span covers were not worn or not recorded."""
    final: bool
    """Nothing that the band stores later will change it: the wearer is up."""

    @property
    def light_minutes(self) -> int:
        """How long the sleep was light."""
        return self._minutes(Stage.LIGHT)

    @property
    def deep_minutes(self) -> int:
        """How long the sleep was deep."""
        return self._minutes(Stage.DEEP)

    @property
    def awake_minutes(self) -> int:
        """How long the wearer lay awake between the first and the last minute asleep."""
        return self._minutes(Stage.AWAKE)

    @property
    def asleep_minutes(self) -> int:
        """How long the wearer slept."""
        return self.light_minutes + self.deep_minutes

    @property
    def unknown_minutes(self) -> int:
        """How long the band was not worn or recorded nothing, between start and end."""
        return self.end - self.start - sum(span.minutes for span in self.stages)

    @property
    def awakenings(self) -> int:
        """How often the sleep was broken by being awake, however long."""
        return sum(
            1
            for before, span in zip((None, *self.stages), self.stages, strict=False)
            # Taken off while awake, and awake when put on again: still one and the same.
            if span.stage is Stage.AWAKE and (before is None or before.stage is not Stage.AWAKE)
        )

    @property
    def day(self) -> date:
        """The local day on which it ends."""
        return self._local(self.end).date()

    @property
    def is_nap(self) -> bool:
        """Short and by day; everything else is a night."""
        start, end = self._local(self.start), self._local(self.end)
        return (
            self.asleep_minutes <= LONGEST_NAP_MINUTES
            and start.date() == end.date()
            and start.hour >= NAP_FROM_HOUR
            and end.hour < NAP_UNTIL_HOUR
        )

    def _minutes(self, stage: Stage) -> int:
        return sum(span.minutes for span in self.stages if span.stage is stage)

    def _local(self, minute: int) -> datetime:
        return datetime.fromtimestamp(minute * 60, UTC) + self.zone * _QUARTER_HOUR


@dataclass(frozen=True, slots=True)
class _Span:
    """Recorded minutes in a row of one stage; None is not worn, or a kind without a meaning."""

    start: int
    end: int
    zone: int
    stage: Stage | None

    @property
    def asleep(self) -> bool:
        return self.stage is Stage.LIGHT or self.stage is Stage.DEEP


def find_sleep(
    minutes: Sequence[Minute], kinds: Sequence[Kind], *, woke_up: int | None = None
) -> list[SleepSession]:
    """Return the sessions in these minutes, oldest first.

    What is found depends on the minutes alone, not on how they came. A session that touches the
    first minute may have begun before it; `quiet_since` tells from where on to look.

    Args:
        minutes: In time order; minutes may be missing between them.
        kinds: The kind of each minute, inherited ones resolved.
        woke_up: When the band last said that its wearer woke up. That makes a session final at
            once, provided that the minutes up to then are all there.

    Raises:
        ValueError: the minutes are not in order.
    """
    spans = list(_spans(minutes, kinds))
    settled = _settled_until(spans)
    found = []
    for session in _sessions(_runs(spans)):
        start, end = session[0].start, session[-1].end
        inside = spans[
            bisect_left(spans, start, key=_start_of) : bisect_left(spans, end, key=_start_of)
        ]
        told = woke_up is not None and end <= woke_up <= spans[-1].end
        found.append(
            SleepSession(
                start=start,
                end=end,
                zone=inside[-1].zone,
                stages=tuple(_stages(inside, session)),
                final=told or settled - end >= PARTING_MINUTES,
            )
        )
    return found


def last_night(sessions: Iterable[SleepSession]) -> SleepSession | None:
    """Return the night to show: of the last day on which one became final, the longest."""
    nights = [session for session in sessions if session.final and not session.is_nap]
    return max(nights, key=lambda night: (night.day, night.asleep_minutes), default=None)


def quiet_since(minutes: Sequence[Minute], kinds: Sequence[Kind], until: int) -> int | None:
    """Return the latest minute up to `until` that no session spans; None when none is known.

    The hour before it holds no sleep. So sessions found in the minutes from there on are the
    same as if all that was ever recorded had been handed in.

    Args:
        minutes: All that is stored from the first of them to `until`, in time order.
        kinds: The kind of each minute, inherited ones resolved.
        until: Minutes since 1970 began.
    """
    if not minutes:
        return None
    later = until
    for span in reversed(list(_spans(minutes, kinds))):
        if span.asleep:
            if later - span.end >= PARTING_MINUTES:
                return later
            later = span.start
    # Before the first of these minutes there may have been sleep.
    return later if later - minutes[0].minute >= PARTING_MINUTES else None


def _spans(minutes: Sequence[Minute], kinds: Sequence[Kind]) -> Iterator[_Span]:
    """Join the minutes that follow each other and are of one stage. One pass, a year at a time."""
    if not minutes:
        return
    stage = _STAGES[kinds[0]]
    first, following, zone = minutes[0].minute, minutes[0].minute, minutes[0].zone
    last_kind = kinds[0]
    for sample, kind in zip(minutes, kinds, strict=True):
        minute = sample.minute
        if minute != following or (kind is not last_kind and _STAGES[kind] is not stage):
            if minute < following:
                raise ValueError("minutes are needed in the order of time")
            yield _Span(first, following, zone, stage)
            first, stage = minute, _STAGES[kind]
        last_kind = kind
        zone = sample.zone
        following = minute + 1
    yield _Span(first, following, zone, stage)


def _runs(spans: Iterable[_Span]) -> Iterator[tuple[_Span, ...]]:
    """Find the sleep that counts: spans of sleep with nothing recorded between them."""
    run: list[_Span] = []
    for span in spans:
        if span.asleep and not (run and span.start - run[-1].end >= PARTING_MINUTES):
            run.append(span)
            continue
        if _counts(run):
            yield tuple(run)
        run = [span] if span.asleep else []
    if _counts(run):
        yield tuple(run)


def _counts(run: Sequence[_Span]) -> bool:
    return sum(span.end - span.start for span in run) >= SHORTEST_RUN_MINUTES


def _sessions(runs: Iterable[tuple[_Span, ...]]) -> Iterator[list[_Span]]:
    """Merge what less than an hour parts."""
    session: list[_Span] = []
    for run in runs:
        if session and run[0].start - session[-1].end >= PARTING_MINUTES:
            yield session
            session = []
        session.extend(run)
    if session:
        yield session


def _stages(spans: Iterable[_Span], asleep: Iterable[_Span]) -> Iterator[StageSpan]:
    """Tell how the time of a session was spent; sleep too short to count is lying awake."""
    counted = {span.start for span in asleep}
    begun: StageSpan | None = None
    for span in spans:
        if span.stage is None:
            continue
        stage = span.stage if span.start in counted else Stage.AWAKE
        if begun and begun.stage is stage and begun.start + begun.minutes == span.start:
            begun = begun._replace(minutes=span.end - begun.start)
            continue
        if begun:
            yield begun
        begun = StageSpan(span.start, span.end - span.start, stage)
    if begun:
        yield begun


def _settled_until(spans: Sequence[_Span]) -> int:
    """Return up to where it is known what was sleep: a run at the end may still become long."""
    settled = spans[-1].end if spans else 0
    for span in reversed(spans):
        if not span.asleep or settled - span.end >= PARTING_MINUTES:
            break
        settled = span.start
    return settled


def _start_of(span: _Span) -> int:
    return span.start
