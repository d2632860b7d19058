"""A made-up but plausible life: what the wearer does, minute by minute, and what the band notes.

All of it is a pure function of a seed, a date and a place, so that two runs of a test have the
same nights and walks. A minute is four bytes: raw kind, movement intensity, steps, heart rate
(255: not measured). A kind is written out where something begins; afterwards the band writes
mostly kinds that change nothing (low nibble 0 or 10).

Source: protocol-data.md, 6.1 to 6.3 for the kinds and how they lie together.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import IntEnum, unique
from functools import lru_cache
from random import Random
from typing import NamedTuple

from .sports import Sport

NOT_MEASURED = 255
DAY = 1440
RECORD = 4


@unique
class Doing(IntEnum):
    """What the wearer does for a minute."""

    OFF = 0
    """Nobody knows: the band is switched off."""
    SITTING = 1
    WALKING = 2
    RUNNING = 3
    CYCLING = 4
    EXERCISING = 5
    SWIMMING = 6
    LIGHT_SLEEP = 7
    DEEP_SLEEP = 8
    AWAKE_IN_BED = 9
    NOT_WORN = 10
    CHARGING = 11


ASLEEP = frozenset({Doing.LIGHT_SLEEP, Doing.DEEP_SLEEP})
SPORTS: dict[Sport, Doing] = {
    Sport.OUTDOOR_RUNNING: Doing.RUNNING,
    Sport.TREADMILL: Doing.RUNNING,
    Sport.WALKING: Doing.WALKING,
    Sport.CYCLING: Doing.CYCLING,
    Sport.EXERCISE: Doing.EXERCISING,
    Sport.POOL_SWIMMING: Doing.SWIMMING,
}


class Minute(NamedTuple):
    """What the band keeps of one minute."""

    kind: int
    intensity: int
    steps: int
    heart_rate: int = NOT_MEASURED


class Plan(NamedTuple):
    """A workout that a day holds; seconds since local midnight."""

    sport: Sport
    start: int
    end: int
    phone: bool
    """The phone came along, with its GPS."""
    paused: int
    """Seconds of a pause in the middle; 0 for none."""


# What a day holds


@lru_cache(maxsize=1024)
def _night(seed: int, evening: date) -> tuple[int, bytes]:
    """Sleep from an evening on: when, in minutes since that day's midnight, and how."""
    rng = Random(f"{seed} night {evening.isoformat()}")  # noqa: S311  a life that repeats
    bed = 1350 + rng.randrange(110)
    free = (evening + timedelta(days=1)).weekday() > 4
    wake = DAY + 390 + rng.randrange(75) + (45 if free else 0)
    if rng.randrange(40) == 0:
        # It lay on the table all night.
        return bed, bytes((Doing.NOT_WORN,)) * (wake - bed)
    return bed, sleep(rng, wake - bed)


def sleep(rng: Random, minutes: int) -> bytes:
    """Sleep in cycles of about an hour and a half, deeper at first, waking now and then."""
    doings = bytearray()
    deep = 34
    while len(doings) < minutes:
        doings += bytes((Doing.LIGHT_SLEEP,)) * rng.randrange(12, 26)
        doings += bytes((Doing.DEEP_SLEEP,)) * max(0, deep + rng.randrange(-6, 7))
        doings += bytes((Doing.LIGHT_SLEEP,)) * rng.randrange(22, 44)
        deep -= 7
        if rng.randrange(100) < 35 and len(doings) < minutes - 40:
            doings += bytes((Doing.AWAKE_IN_BED,)) * rng.randrange(2, 15)
    return bytes(doings[:minutes])


@lru_cache(maxsize=1024)
def workouts_of(seed: int, day: date) -> tuple[Plan, ...]:
    """Plan the workouts of a day."""
    rng = Random(f"{seed} sport {day.isoformat()}")  # noqa: S311  a life that repeats

    def plan(sport: Sport, minute: int, least: int, most: int, *, chance: int = 100) -> Plan | None:
        start = minute * 60 + rng.randrange(600)
        end = start + rng.randrange(least * 60, most * 60)
        phone = sport in {Sport.OUTDOOR_RUNNING, Sport.WALKING} and rng.randrange(3) > 0
        paused = rng.randrange(50, 200) if rng.randrange(3) == 0 else 0
        return Plan(sport, start, end, phone, paused) if rng.randrange(100) < chance else None

    match day.weekday():
        case 0:
            planned = [plan(Sport.CYCLING, 1060, 18, 40, chance=40)]
        case 1:
            planned = [plan(Sport.OUTDOOR_RUNNING, 1150, 24, 40)]
        case 2:
            planned = [plan(Sport.EXERCISE, 1110, 10, 16, chance=40)]
        case 3:
            planned = [plan(Sport.TREADMILL, 1110, 20, 36)]
        case 4:
            planned = [plan(Sport.POOL_SWIMMING, 1080, 20, 40, chance=30)]
        case 5:
            planned = [plan(Sport.OUTDOOR_RUNNING, 620, 24, 45)]
        case _:
            planned = [plan(Sport.WALKING, 930, 40, 75)]
    return tuple(one for one in planned if one is not None)


def _fill(doings: bytearray, doing: Doing, start: int, end: int) -> None:
    start, end = max(start, 0), min(end, len(doings))
    if start < end:
        doings[start:end] = bytes((doing,)) * (end - start)


@lru_cache(maxsize=1024)
def plan_day(seed: int, day: date) -> bytes:
    """Live through a day: a `Doing` for each minute on the clock, from midnight to midnight."""
    rng = Random(f"{seed} {day.isoformat()}")  # noqa: S311  a life that repeats
    doings = bytearray((Doing.SITTING,)) * DAY
    before, night = _night(seed, day - timedelta(days=1))
    wake = before + len(night) - DAY
    for begin in (wake + 45 + rng.randrange(20), 745, 1035):
        _fill(doings, Doing.WALKING, begin, begin + rng.randrange(10, 26))
    _fill(doings, Doing.NOT_WORN, wake + 18, wake + 29)
    if rng.randrange(12) == 0:
        _fill(doings, Doing.NOT_WORN, 950, 1015)
    if day.toordinal() % 9 == seed % 9:
        _fill(doings, Doing.CHARGING, 1215, 1290)
    if rng.randrange(7) < (3 if day.weekday() > 4 else 1):
        nap = 800 + rng.randrange(40)
        doings[nap : nap + 80] = (
            sleep(rng, rng.randrange(20, 75)).ljust(80, bytes((Doing.SITTING,)))
        ).replace(bytes((Doing.AWAKE_IN_BED,)), bytes((Doing.LIGHT_SLEEP,)))
    for plan in workouts_of(seed, day):
        _fill(doings, SPORTS[plan.sport], plan.start // 60, -(-plan.end // 60))
    # Who goes to bed after midnight is up in the first minutes of the next day.
    late = max(0, before - DAY)
    doings[late:wake] = night[late - wake :]
    bed, tonight = _night(seed, day)
    if bed < DAY:
        doings[bed:] = tonight[: DAY - bed]
    return bytes(doings)


# What the band notes

type _Note = tuple[int, int, int]


def _sitting(before: int, a: int, b: int) -> _Note:
    """Sit, stand, fetch something; kinds nobody knows now and then."""
    if before in ASLEEP:
        return 0x1C, 60 + b % 20, 0
    if before not in _INHERITED:
        return 0x11, 25 + b % 30, 0
    return next(said for most, said in _SITTING if a <= most)(a, b)


# From one of these a minute may inherit that nothing much happens.
_INHERITED = frozenset({Doing.SITTING, Doing.WALKING, Doing.AWAKE_IN_BED})
_UNKNOWN = (0x05, 0x57, 0x08, 0x1D, 0x5E, 0x6F)
# What is noted of sitting, with the highest of 256 chances for it.
_SITTING: tuple[tuple[int, Callable[[int, int], _Note]], ...] = (
    (19, lambda _, b: (0x01, 40 + b % 30, 10 + b % 40)),
    (63, lambda _, b: (0x10, 25 + b % 35, b % 5)),
    (114, lambda _, b: (0x60, 10 + b % 20, 0)),
    (121, lambda _a, _b: (0x5A, 0, 0)),
    (254, lambda a, b: (0x50 if a % 8 else 0x00, b % 22, 0)),
    (255, lambda _, b: (_UNKNOWN[b % 6] if b < 32 else 0x50, b % 22, 0)),
)


def _walking(_before: int, a: int, b: int) -> _Note:
    steps = 92 + b % 26
    return (0x01, 0x01, 0x11, 0x51)[a % 4], min(steps + a % 12, 200), steps


def _running(_before: int, a: int, b: int) -> _Note:
    steps = 142 + b % 24
    return 0x02, min(steps + 10 + a % 20, 200), steps


def _cycling(before: int, a: int, b: int) -> _Note:
    return (0x04 if before != Doing.CYCLING or a % 3 else 0x60), 50 + b % 40, 0


def _exercising(_before: int, a: int, b: int) -> _Note:
    return 0x01, 90 + a % 80, b % 30


def _swimming(_before: int, a: int, b: int) -> _Note:
    return 0x11, 80 + a % 80, b % 3


def _light_sleep(before: int, a: int, b: int) -> _Note:
    if before != Doing.LIGHT_SLEEP or a < 16:
        return 0x79, 20 + b % 2, 0
    if a < 28:
        return 0x7A, 20 + b % 2, 0
    return 0x70, b % 4, 0


def _deep_sleep(before: int, a: int, _b: int) -> _Note:
    return (0x7B if before != Doing.DEEP_SLEEP or a < 12 else 0x70), 0, 0


def _awake_in_bed(before: int, a: int, b: int) -> _Note:
    if before != Doing.AWAKE_IN_BED:
        return 0x1C, 30 + b % 30, 0
    return (0x01, 30 + b % 20, 4 + b % 20) if a < 40 else (0x60, 5 + b % 20, 0)


def _not_worn(before: int, a: int, _b: int) -> _Note:
    return (0x03 if before == Doing.NOT_WORN and a < 8 else 0x73), 0, 0


def _charging(before: int, a: int, _b: int) -> _Note:
    return (0x06 if before == Doing.CHARGING and a < 8 else 0x76), 0, 0


def _off(_before: int, _a: int, _b: int) -> _Note:
    return 0, 0, 0


_NOTES = (
    *(_off, _sitting, _walking, _running, _cycling, _exercising, _swimming),
    *(_light_sleep, _deep_sleep, _awake_in_bed, _not_worn, _charging),
)
# Lowest pulse, its width, and every how many minutes it is measured; 0 is never.
_PULSES = (
    *((0, 1, 0), (64, 16, 10), (92, 14, 5), (138, 26, 1), (118, 22, 1), (112, 26, 1), (0, 1, 0)),
    *((52, 8, 2), (48, 6, 2), (58, 10, 2), (0, 1, 0), (0, 1, 0)),
)
# A measurement that failed, and values that no pulse has (protocol-data 2.1).
_FAILED = (0, 254, 5)


def note(doings: Sequence[int], before: int, noise: bytes, first: int) -> bytes:
    """Write down minutes as the band does.

    Args:
        doings: What is done in each.
        before: What was done in the minute before the first; `OFF` when it was not noted.
        noise: Three bytes of chance for each minute.
        first: Number of the first minute, for the pulse is measured at round ones.
    """
    noted = bytearray()
    add = noted.extend
    for index, doing in enumerate(doings):
        a, b, c = noise[3 * index : 3 * index + 3]
        low, width, every = _PULSES[doing]
        if not every or (first + index) % every:
            pulse = NOT_MEASURED
        else:
            pulse = low + c % width if c > 2 else _FAILED[c]
        add(_NOTES[doing](before, a, b))
        noted.append(pulse)
        before = doing
    return bytes(noted)


# Where it is lived


class Travel(NamedTuple):
    """From a moment on the wearer is somewhere else."""

    at: datetime
    zone: tzinfo


class Whereabouts:
    """Which local time the wearer lives by when."""

    def __init__(self, home: tzinfo, travels: Sequence[Travel] = ()) -> None:
        self._zones = [home, *(travel.zone for travel in travels)]
        self._from = [number_of(travel.at) for travel in travels]
        if self._from != sorted(self._from):
            raise ValueError("travels come one after the other")

    def zone(self, minute: int) -> tzinfo:
        """The zone at a minute since the epoch."""
        return self._zones[bisect_right(self._from, minute)]

    def local(self, minute: int) -> datetime:
        """The local time at a minute since the epoch."""
        return datetime.fromtimestamp(minute * 60, tz=self.zone(minute))

    def offset(self, minute: int) -> int:
        """Minutes by which local time is ahead of UTC."""
        return round((self.local(minute).utcoffset() or timedelta()) / timedelta(minutes=1))

    def stretches(self, start: int, end: int) -> list[tuple[int, int]]:
        """Cut a time into stretches of one offset: the first minute of each, and the offset."""
        found = [(start, self.offset(start))]
        for hour in range(start, end, 60):
            until = min(hour + 60, end - 1)
            if (offset := self.offset(until)) != found[-1][1]:
                minutes = range(hour, until + 1)
                place = bisect_left(minutes, offset, key=self._when(offset))
                found.append((minutes[place], offset))
        return found

    def _when(self, offset: int) -> Callable[[int], int]:
        """Order minutes by whether an offset is in force already."""
        return lambda minute: offset if self.offset(minute) == offset else offset - 1


def number_of(moment: datetime) -> int:
    """Return the minutes since the epoch."""
    return int(moment.timestamp() // 60)


class Life:
    """The planned life of a wearer, thought up a UTC day at a time when somebody asks."""

    def __init__(self, seed: int, where: Whereabouts, off: Sequence[tuple[int, int]] = ()) -> None:
        """Plan a life.

        Args:
            seed: For all chance in it.
            where: The wearer's places.
            off: From and to which minutes the band was switched off.
        """
        self._seed = seed
        self._where = where
        self._off = tuple(off)
        self._doings: dict[int, bytes] = {}
        self._noted: dict[int, bytes] = {}

    def doings(self, start: int, end: int) -> bytes:
        """What is done from a minute to another."""
        return self._cut(self._day_of_doings, start, end, 1)

    def noted(self, start: int, end: int) -> bytes:
        """What the band notes of it, four bytes a minute."""
        return self._cut(self._day_of_notes, start, end, RECORD)

    @staticmethod
    def _cut(day_of: Callable[[int], bytes], start: int, end: int, size: int) -> bytes:
        days = range(start // DAY, -(-end // DAY)) if end > start else range(0)
        whole = b"".join(day_of(day) for day in days)
        skip = (start % DAY) * size
        return whole[skip : skip + (end - start) * size]

    def _day_of_doings(self, day: int) -> bytes:
        if day not in self._doings:
            first, last = day * DAY, (day + 1) * DAY
            doings = bytearray()
            stretches = self._where.stretches(first, last)
            ends = [start for start, _ in stretches[1:]] + [last]
            for (start, offset), end in zip(stretches, ends, strict=True):
                doings += self._planned(start + offset, end + offset)
            for off, on in self._off:
                _fill(doings, Doing.OFF, off - first, on - first)
            self._doings[day] = bytes(doings)
        return self._doings[day]

    def _planned(self, start: int, end: int) -> bytes:
        """Take the plans between two minutes on the clock."""
        planned = bytearray()
        while start < end:
            day, minute = divmod(start, DAY)
            until = min(DAY, minute + end - start)
            plan = plan_day(self._seed, date.fromordinal(day + _EPOCH))
            planned += plan[minute:until]
            start += until - minute
        return bytes(planned)

    def _day_of_notes(self, day: int) -> bytes:
        if day not in self._noted:
            noise = Random(f"{self._seed} {day}").randbytes(3 * DAY)  # noqa: S311  a life that repeats
            before = self._day_of_doings(day - 1)[-1]
            self._noted[day] = note(self._day_of_doings(day), before, noise, day * DAY)
        return self._noted[day]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
