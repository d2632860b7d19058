"""What the emulated band has stored: minutes as its own clock numbered them, and workouts.

The wearer's life runs in true time; the band writes it down under the time that it believes in.
Both are kept apart: a `Run` says which true minutes lie under which believed ones. Where two runs
claim the same believed minute, the later one has it, as a band keeps one record a minute.

Source: protocol-data.md, 4.5 (gaps), 4.9, 6.5 (clock changes: older samples keep their basis).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from random import Random
from typing import NamedTuple

from .clock import Clock
from .life import (
    ASLEEP,
    DAY,
    NOT_MEASURED,
    RECORD,
    SPORTS,
    Doing,
    Life,
    Minute,
    Plan,
    Travel,
    Whereabouts,
    note,
    number_of,
    sleep,
    workouts_of,
)
from .workouts import Workout, worked_out

__all__ = ["History", "Minute", "Past", "Posture", "Run", "Setting", "Travel"]

# A stopped process has no minutes to tell about; what a test lets pass is less than this.
_LONGEST_ABSENCE = 40 * DAY


@dataclass(slots=True)
class Posture:
    """How the band is at the moment: what its minutes will say."""

    worn: bool = True
    asleep: bool = False
    charging: bool = False
    heart_rate: int = 72
    """Beats per minute that the sensor would find, 30 to 230."""
    interval: int = 10
    """Minutes between two measurements by itself; 0 is off."""
    sport: Doing | None = None
    """What a running workout is made of."""


class Setting(NamedTuple):
    """What the band's clock was like from a moment on."""

    at: datetime
    error: timedelta = timedelta()
    """By how much it was ahead of the true time; whole minutes."""
    zone: int | None = None
    """The offset that it had been told, quarter hours; None for the one of where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What lies behind a band when it is switched on for the first time.

    Attributes:
        days: Whole days before today; 0 is a band without a past, not even today's.
        seed: For all chance in it.
        home: Where the wearer lived before the first travel; None for where they are now.
        travels: Moves to other zones; the last leads to where the wearer is now.
        settings: What the clock was like; before the first one it was right.
        off: From when to when the band was switched off.
        workouts: Whether the band was told of the sport in it, which depends on the weekday.
    """

    days: int = 14
    seed: int = 1
    home: tzinfo | None = None
    travels: tuple[Travel, ...] = ()
    settings: tuple[Setting, ...] = ()
    off: tuple[tuple[datetime, datetime], ...] = ()
    workouts: bool = True

    def __post_init__(self) -> None:
        """Refuse what could not have been.

        Raises:
            ValueError: A clock was wrong by half a minute, or times are not in order.
        """
        if any(setting.error % timedelta(minutes=1) for setting in self.settings):
            raise ValueError("the error of a clock of the past is whole minutes")
        moments = [setting.at for setting in self.settings]
        if moments != sorted(moments):
            raise ValueError("settings come one after the other")


class Run(NamedTuple):
    """Minutes without a gap, in true and in believed time; both count from the epoch in UTC."""

    believed: int
    true: int
    zone: int
    """Quarter hours that the band was ahead of UTC."""
    length: int

    @property
    def end(self) -> int:
        """The believed minute after the last."""
        return self.believed + self.length

    def cut(self, start: int, end: int) -> Run:
        """Keep what lies between two believed minutes."""
        start, end = max(start, self.believed), min(end, self.end)
        return Run(start, self.true + start - self.believed, self.zone, end - start)


class Shelf:
    """Runs in the order of believed time, none over another."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def __iter__(self) -> Iterator[Run]:
        """Go through the runs."""
        return iter(self._runs)

    def __len__(self) -> int:
        """Count the minutes."""
        return sum(run.length for run in self._runs)

    def since(self, minute: int) -> Iterator[Run]:
        """Go through the runs from a believed minute on."""
        first = bisect_right(self._runs, minute, key=lambda run: run.believed) - 1
        for run in self._runs[max(first, 0) :]:
            if run.end > minute:
                yield run.cut(minute, run.end)

    def take_out(self, start: int, end: int) -> None:
        """Remove what lies between two believed minutes."""
        low = bisect_right(self._runs, start, key=lambda run: run.end)
        high = bisect_left(self._runs, end, key=lambda run: run.believed)
        left = [
            part
            for run in self._runs[low:high]
            for part in (run.cut(run.believed, start), run.cut(end, run.end))
            if part.length > 0
        ]
        self._runs[low:high] = left

    def put(self, run: Run) -> None:
        """Put a run over what is there."""
        if run.length <= 0:
            return
        self.take_out(run.believed, run.end)
        place = bisect_left(self._runs, run.believed, key=lambda other: other.believed)
        before = self._runs[place - 1] if place else None
        if (
            before is not None
            and before.end == run.believed
            and before.true + before.length == run.true
            and before.zone == run.zone
        ):
            self._runs[place - 1] = before._replace(length=before.length + run.length)
        else:
            self._runs.insert(place, run)

    def clear(self) -> None:
        """Remove everything."""
        self._runs.clear()


class History:
    """The minutes and workouts of a band, its own and those from before it was switched on."""

    def __init__(self, clock: Clock, posture: Posture, past: Past, *, goes_on: bool = True) -> None:
        """Have a past, and go on writing from now.

        Args:
            clock: The band's.
            posture: Read whenever a minute is over.
            past: What lies behind it.
            goes_on: Whether the minutes that pass are written down.
        """
        self._clock = clock
        self._posture = posture
        self._past = past
        self._goes_on = goes_on
        self._born = number_of(clock.true)
        self._next = number_of(clock.wall)
        self._on = True
        self._steps = 0
        self._asleep = 0
        self._before: Doing | None = None
        self._lived: dict[int, tuple[Minute, Doing]] = {}
        self._own = Shelf()
        self._recorded = Shelf()
        self.workouts: list[Workout] = []
        """Those since it was switched on, oldest first."""
        self._gone: set[tuple[int, int]] = set()

    # The past

    @cached_property
    def _where(self) -> Whereabouts:
        past = self._past
        home = self._clock.home if past.home is None else past.home
        return Whereabouts(home, past.travels)

    @cached_property
    def _first(self) -> int:
        """The first minute of the past, a local midnight."""
        if not self._past.days:
            return self._born
        today = self._where.local(self._born).date()
        first = today - timedelta(days=self._past.days)
        zone = self._where.zone(self._born - self._past.days * DAY)
        return number_of(datetime.combine(first, time(), tzinfo=zone))

    @cached_property
    def _off(self) -> tuple[tuple[int, int], ...]:
        return tuple((number_of(off), number_of(on)) for off, on in self._past.off)

    @cached_property
    def _life(self) -> Life:
        # What was before the first minute nobody noted, so that begins with a kind of its own.
        return Life(self._past.seed, self._where, ((0, self._first), *self._off))

    @cached_property
    def _shelf(self) -> Shelf:
        """What the band holds; only a fetch needs the past, and that takes some time."""
        shelf = Shelf()
        for run in self._past_runs():
            shelf.put(run)
            self._recorded.put(run._replace(believed=run.true))
        return shelf

    def _past_runs(self) -> Iterator[Run]:
        """Cut the past where the clock, the zone or the power changed."""
        settings = [(number_of(setting.at), setting) for setting in self._past.settings]
        marks = {self._first, *(minute for minute, _ in settings)}
        marks |= {minute for times in self._off for minute in times}
        marks |= {minute for minute, _ in self._where.stretches(self._first, self._born)}
        starts = sorted(mark for mark in marks if self._first <= mark < self._born)
        if self._first >= self._born:
            return
        for start, end in zip(starts, [*starts[1:], self._born], strict=True):
            if any(off <= start < on for off, on in self._off):
                continue
            error, zone = self._clock_at(start)
            yield Run(start + error, start, zone, end - start)

    def _clock_at(self, minute: int) -> tuple[int, int]:
        """The error in minutes and the zone of the band's clock at a true minute of the past."""
        setting = next(
            (one for one in reversed(self._past.settings) if number_of(one.at) <= minute), None
        )
        error = 0 if setting is None else setting.error // timedelta(minutes=1)
        zone = None if setting is None else setting.zone
        return error, self._where.offset(minute) // 15 if zone is None else zone

    @cached_property
    def _past_workouts(self) -> list[Workout]:
        """The workouts of the past, not yet filled in."""
        if not (self._past.days and self._past.workouts):
            return []
        first, last = (self._where.local(one).toordinal() for one in (self._first, self._born))
        return [
            workout
            for ordinal in range(first, last + 1)
            for plan in workouts_of(self._past.seed, date.fromordinal(ordinal))
            if (workout := self._past_workout(date.fromordinal(ordinal), plan)) is not None
        ]

    def _past_workout(self, day: date, plan: Plan) -> Workout | None:
        """Find out when a planned workout was; None when something came between."""
        about = number_of(datetime.combine(day, time(), tzinfo=UTC)) + plan.start // 60
        local = datetime.combine(day, time(), tzinfo=self._where.zone(about))
        start = int((local + timedelta(seconds=plan.start)).timestamp())
        end = start + plan.end - plan.start
        if not self._whole(start // 60, -(-end // 60), SPORTS[plan.sport]):
            return None
        error, zone = self._clock_at(start // 60)
        middle = (end - start) // 2
        return Workout(
            sport=plan.sport,
            start=start,
            end=end,
            clock_error_s=error * 60,
            zone=zone,
            pauses=((middle, middle + plan.paused),) if plan.paused else (),
            phone=plan.phone,
            planned=True,
        )

    def _whole(self, start: int, end: int, doing: Doing) -> bool:
        """Whether a time was spent with one thing, under one clock."""
        return (
            start >= self._first
            and end <= self._born
            and set(self._life.doings(start, end)) == {doing}
            and self._clock_at(start) == self._clock_at(end - 1)
        )

    @property
    def steps_before(self) -> int:
        """Steps of the day before the band was switched on."""
        if not self._past.days:
            return 0
        midnight = datetime.combine(
            self._where.local(self._born).date(), time(), tzinfo=self._where.zone(self._born)
        )
        return sum(self._life.noted(number_of(midnight), self._born)[2::RECORD])

    # The present

    def advance(self) -> None:
        """Write down the minutes that have passed. To be called before the posture changes."""
        if not self._on or not self._goes_on:
            return
        now = number_of(self._clock.wall)
        error = round(self._clock.error / timedelta(minutes=1))
        start = max(self._next, now - _LONGEST_ABSENCE)
        for number in range(start, now):
            self._lived[number - error] = self._minute_of(number)
            self._steps = 0
        self._write(start, start - error, now - start)
        self._next = now

    def _write(self, believed: int, true: int, length: int) -> None:
        run = Run(believed, true, self._clock.offset, length)
        self._shelf.put(run)
        self._recorded.put(run._replace(believed=true))

    def restart(self) -> None:
        """Go on at the present time after the clock was set."""
        self._next = number_of(self._clock.wall)

    def switch(self, *, on: bool) -> None:
        """Stop writing while the band is off, and go on at the present time afterwards."""
        self.advance()
        if on and not self._on:
            self._next = number_of(self._clock.wall)
            self._before = Doing.OFF
        self._on = on

    def add_steps(self, steps: int) -> None:
        """Count steps into the minute that is running."""
        self.advance()
        self._steps += steps

    def _doing(self) -> Doing:
        posture = self._posture
        if posture.charging:
            return Doing.CHARGING
        if not posture.worn:
            return Doing.NOT_WORN
        if posture.sport is not None:
            return posture.sport
        if self._steps:
            return Doing.WALKING
        if posture.asleep:
            # Deep for half an hour in each hour and a half, after twenty minutes.
            return (
                Doing.DEEP_SLEEP
                if self._asleep >= 20 and (self._asleep - 20) % 90 < 30
                else (Doing.LIGHT_SLEEP)
            )
        return Doing.SITTING

    def _minute_of(self, number: int) -> tuple[Minute, Doing]:
        posture, steps, doing = self._posture, self._steps, self._doing()
        self._asleep = self._asleep + 1 if doing in ASLEEP else 0
        before = self._doing_at(self._born - 1) if self._before is None else self._before
        measured = posture.sport is not None or (
            posture.interval > 0 and number % posture.interval == 0
        )
        if doing in {Doing.NOT_WORN, Doing.CHARGING, Doing.SWIMMING}:
            measured = False
        # Quiet chance: what a test does decides what the minute says.
        kind, intensity, made, _ = note((doing,), before, b"\x81\x01\x80", number)
        if doing is Doing.SITTING:
            intensity = number % 22
        elif doing in {Doing.WALKING, Doing.RUNNING}:
            intensity, made = min(steps, 200), min(steps, 255)
        self._before = doing
        pulse = posture.heart_rate if measured else NOT_MEASURED
        return Minute(kind, intensity, made, pulse), doing

    def live(self, minutes: int, doing: Doing) -> None:
        """Have spent the last minutes with one thing, whatever has been there.

        Args:
            minutes: How many, up to the one that is running.
            doing: What; light sleep stands for a whole sleep with its stages.

        Raises:
            ValueError: There are none, or the band cannot have been switched off.
        """
        if minutes <= 0 or doing is Doing.OFF:
            raise ValueError("some minutes, and something that the band notes")
        self.advance()
        error = round(self._clock.error / timedelta(minutes=1))
        start = self._next - minutes
        rng = Random(f"{self._past.seed} {start} {minutes}")  # noqa: S311  a life that repeats
        doings = sleep(rng, minutes) if doing in ASLEEP else bytes((doing,)) * minutes
        before = self._doing_at(start - error - 1)
        noted = note(doings, before, rng.randbytes(3 * minutes), start)
        for index, done in enumerate(doings):
            minute = Minute(*noted[index * RECORD : (index + 1) * RECORD])
            self._lived[start - error + index] = minute, Doing(done)
        self._write(start, start - error, minutes)
        self._before = Doing(doings[-1])

    def _doing_at(self, true: int) -> Doing:
        if true in self._lived:
            return self._lived[true][1]
        if self._first <= true < self._born:
            return Doing(self._life.doings(true, true + 1)[0])
        return Doing.OFF

    def store(self, moment: datetime, minute: Minute) -> None:
        """Put a minute into the past, over what is there."""
        true = number_of(moment)
        kinds = {1: Doing.WALKING, 2: Doing.RUNNING, 9: Doing.LIGHT_SLEEP, 11: Doing.DEEP_SLEEP}
        self._lived[true] = minute, kinds.get(minute.kind & 0x0F, Doing.SITTING)
        self._write(true + round(self._clock.error / timedelta(minutes=1)), true, 1)

    def steps_since(self, moment: datetime) -> int:
        """Count the noted steps of the minutes that are over."""
        self.advance()
        true = moment - self._clock.error
        return sum(self.noted(number_of(true), number_of(self._clock.true))[2::RECORD])

    # What is held

    def runs(self, believed: int) -> Iterator[Run]:
        """Go through what is held from a believed minute on."""
        self.advance()
        return self._shelf.since(believed)

    def read(self, run: Run) -> bytes:
        """Read the records of a run."""
        return self.noted(run.true, run.true + run.length)

    def since(self, moment: datetime) -> list[tuple[int, Minute]]:
        """Return what is held from a moment on, each with its believed minute since the epoch."""
        return [
            (run.believed + index, Minute(*record))
            for run in self.runs(number_of(moment))
            for index, record in enumerate(_records(self.read(run)))
        ]

    def drop(self, start: int, end: int) -> None:
        """Forget the minutes between two believed ones."""
        self._shelf.take_out(start, end)

    def __len__(self) -> int:
        """Count the minutes that are held."""
        self.advance()
        return len(self._shelf)

    # What was

    @property
    def span(self) -> tuple[int, int]:
        """The true minutes from the first to the one that is running."""
        self.advance()
        running = number_of(self._clock.true) if self._goes_on else self._born
        return min([self._first, *self._lived]), running

    def noted(self, start: int, end: int) -> bytes:
        """What was written down between two true minutes, nothing but zeros where nothing was."""
        return self._mixed(start, end, RECORD)

    def doings(self, start: int, end: int) -> bytes:
        """What was done between two true minutes, as far as the band knew."""
        return self._mixed(start, end, 1)

    def _mixed(self, start: int, end: int, size: int) -> bytes:
        low, high = max(start, self._first), min(end, self._born)
        planned = self._life.noted if size == RECORD else self._life.doings
        mixed = bytearray((end - start) * size)
        if high > low:
            mixed[(low - start) * size : (high - start) * size] = planned(low, high)
        lived = self._lived
        touched = range(start, end) if len(lived) > end - start else sorted(lived)
        for minute in touched:
            if start <= minute < end and minute in lived:
                said, doing = lived[minute]
                place = (minute - start) * size
                mixed[place : place + size] = bytes(said) if size == RECORD else bytes((doing,))
        return bytes(mixed)

    def recorded(self) -> list[tuple[int, int]]:
        """From and to which true minutes the band wrote, joined."""
        self.advance()
        _ = self._shelf
        return _joined((run.true, run.true + run.length) for run in self._recorded)

    def held(self) -> list[tuple[int, int]]:
        """From and to which true minutes the band still has."""
        self.advance()
        return _joined(sorted((run.true, run.true + run.length) for run in self._shelf))

    # Workouts

    def all_workouts(self) -> list[Workout]:
        """All workouts, those too that are no longer held, by believed start; contents may lack."""
        return sorted(
            [*self._past_workouts, *self.workouts], key=lambda workout: workout.believed_start
        )

    def fill(self, workout: Workout) -> Workout:
        """Fill a workout in from the minutes that were noted, if it is only planned so far."""
        if not workout.planned:
            return workout
        first, last = workout.start // 60, -(-workout.end // 60)
        minutes = [Minute(*record) for record in _records(self.noted(first, last))]
        return worked_out(workout, minutes)

    def workout_since(self, second: int, kind: int, *, detailed: bool) -> Workout | None:
        """Return the oldest held workout that begins at or after a believed second.

        Args:
            second: By the band's clock.
            kind: Whether its summary (5) or its details (6) must be held.
            detailed: Pass over workouts without details.
        """
        return next(
            (
                self.fill(workout)
                for workout in self.all_workouts()
                if workout.believed_start >= second
                and (workout.start, kind) not in self._gone
                and not (detailed and not self.fill(workout).detailed)
            ),
            None,
        )

    @property
    def held_workouts(self) -> int:
        """How many summaries are held."""
        return sum((workout.start, 5) not in self._gone for workout in self.all_workouts())

    def drop_workout(self, workout: Workout, kind: int) -> None:
        """Forget the summary (5) or the details (6) of a workout."""
        self._gone.add((workout.start, kind))

    def erase(self) -> None:
        """Forget everything, as a factory reset does."""
        self._past = Past(days=0, seed=self._past.seed)
        for name in ("_where", "_first", "_off", "_life", "_past_workouts"):
            self.__dict__.pop(name, None)
        self._shelf.clear()
        self._recorded.clear()
        self._lived.clear()
        self.workouts.clear()
        self._gone.clear()
        self._steps = 0


def _records(noted: bytes) -> Iterator[bytes]:
    return (noted[place : place + RECORD] for place in range(0, len(noted), RECORD))


def _joined(times: Sequence[tuple[int, int]] | Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in times:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
