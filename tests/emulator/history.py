"""Minutes of a made-up but plausible life, and those that the emulated band lives itself.

The past is a pure function of seed and date, so that two runs of a test have the same nights and
walks. A minute is four bytes: raw kind, movement intensity, steps, heart rate (255: not measured).

Source: protocol-data.md, 6.1 and 6.2 for the kinds and how they lie together.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from random import Random
from typing import NamedTuple

from .clock import Clock

NOT_MEASURED = 255

RESTING, STIRRING, MOVING = 0x50, 0x60, 0x10
WALKING, RUNNING = 0x01, 0x02
NOT_WORN, CHARGING = 0x73, 0x76
ASLEEP, LIGHT_SLEEP, DEEP_SLEEP, WOKE_UP = 0x70, 0x79, 0x7B, 0x1C


class Minute(NamedTuple):
    """What the band keeps of one minute."""

    kind: int
    intensity: int
    steps: int
    heart_rate: int = NOT_MEASURED


@dataclass(frozen=True, slots=True)
class _Outing:
    """A walk or run, in minutes of the day."""

    start: int
    end: int
    cadence: int
    kind: int = WALKING


def _outings(rng: Random, day: date, wake: int) -> list[_Outing]:
    """Plan the ways of a day: to work or to the market, lunch, evening."""
    begin = wake + 45 + rng.randrange(20)
    outings = [
        _Outing(begin, begin + rng.randrange(12, 24), rng.randrange(96, 114)),
        _Outing(745, 745 + rng.randrange(8, 22), rng.randrange(88, 108)),
        _Outing(1065, 1065 + rng.randrange(12, 26), rng.randrange(94, 116)),
    ]
    if day.weekday() in {1, 5}:
        outings.append(
            _Outing(1150, 1150 + rng.randrange(24, 40), rng.randrange(148, 166), RUNNING)
        )
    return outings


def _asleep(rng: Random, minute: int, phase: int) -> Minute:
    """Sleep in cycles of about an hour and a half, deep at their beginning."""
    position = (minute + phase) % 92
    pulse = 51 + position // 12 + rng.randrange(4) if minute % 2 == 0 else NOT_MEASURED
    if position < 24:
        return Minute(DEEP_SLEEP, 0, 0, pulse)
    if position % 13 == 0:
        return Minute(LIGHT_SLEEP, 20 + rng.randrange(2), 0, pulse)
    return Minute(ASLEEP, rng.randrange(4), 0, pulse)


def _awake(rng: Random, minute: int) -> Minute:
    """Sit, stand, fetch something."""
    pulse = 64 + rng.randrange(16) if minute % 10 == 0 else NOT_MEASURED
    match rng.randrange(100):
        case chance if chance < 8:
            return Minute(WALKING, 40 + rng.randrange(30), 10 + rng.randrange(40), pulse)
        case chance if chance < 25:
            return Minute(MOVING, 25 + rng.randrange(35), rng.randrange(5), pulse)
        case chance if chance < 45:
            return Minute(STIRRING, 10 + rng.randrange(20), 0, pulse)
        case _:
            return Minute(RESTING, rng.randrange(22), 0, pulse)


@lru_cache(maxsize=512)
def plan_day(seed: int, day: date) -> tuple[Minute, ...]:
    """Live through a day: 1440 minutes from midnight to midnight, local time."""
    rng = Random(f"{seed} {day.isoformat()}")  # noqa: S311  a life that repeats, no secret
    wake = 390 + rng.randrange(75) + (45 if day.weekday() > 4 else 0)
    bed = 1350 + rng.randrange(75)
    phase = rng.randrange(92)
    outings = _outings(rng, day, wake)
    shower = range(wake + 18, wake + 29)
    charging = range(1215, 1290) if day.toordinal() % 9 == seed % 9 else range(0)
    minutes: list[Minute] = []
    for minute in range(1440):
        outing = next((one for one in outings if one.start <= minute < one.end), None)
        if minute < wake or minute >= bed:
            minutes.append(_asleep(rng, minute, phase))
        elif minute == wake:
            minutes.append(Minute(WOKE_UP, 60, 0))
        elif minute in shower:
            minutes.append(Minute(NOT_WORN, 0, 0))
        elif minute in charging:
            minutes.append(Minute(CHARGING, 0, 0))
        elif outing is not None:
            steps = outing.cadence + rng.randrange(-9, 9)
            pulse = 92 + rng.randrange(12) + (48 if outing.kind == RUNNING else 0)
            minutes.append(Minute(outing.kind, min(steps, 200), steps, pulse))
        else:
            minutes.append(_awake(rng, minute))
    return tuple(minutes)


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


class History:
    """The minutes that the band holds, oldest first."""

    def __init__(self, clock: Clock, posture: Posture, *, days: int, seed: int) -> None:
        """Have `days` whole days and today behind it.

        Args:
            clock: The band's.
            posture: Read whenever a minute is over.
            days: Whole days before today; 0 is a band without a past, not even today's.
            seed: For the past.
        """
        self._clock = clock
        self._posture = posture
        self._days = days
        self._seed = seed
        self._born = clock.wall
        self._minute = self._number(self._born)
        self._steps = 0
        self._lived: dict[int, Minute] = {}

    @staticmethod
    def _number(moment: datetime) -> int:
        return int(moment.timestamp()) // 60

    @cached_property
    def _past(self) -> dict[int, Minute]:
        """Only a fetch needs it, and it takes some time to think up."""
        past: dict[int, Minute] = {}
        if not self._days:
            return past
        midnight = datetime.combine(self._born.date(), time(), tzinfo=self._born.tzinfo)
        start = midnight - timedelta(days=self._days)
        for number in range(self._number(start), self._number(self._born)):
            local = datetime.fromtimestamp(number * 60, tz=self._born.tzinfo)
            plan = plan_day(self._seed, local.date())
            past[number] = plan[local.hour * 60 + local.minute]
        return past

    @property
    def steps_before(self) -> int:
        """Steps of the day before the band was switched on."""
        if not self._days:
            return 0
        until = self._born.hour * 60 + self._born.minute
        return sum(minute.steps for minute in plan_day(self._seed, self._born.date())[:until])

    def advance(self) -> None:
        """Write down the minutes that have passed. To be called before the posture changes."""
        now = self._number(self._clock.wall)
        # A stopped process has no minutes to tell about; a day is more than any test lives.
        for number in range(max(self._minute, now - 1440), now):
            self._lived[number] = self._minute_of(number)
            self._steps = 0
        self._minute = now

    def restart(self) -> None:
        """Go on at the present time after the clock was set."""
        self._minute = self._number(self._clock.wall)

    def add_steps(self, steps: int) -> None:
        """Count steps into the minute that is running."""
        self.advance()
        self._steps += steps

    def _minute_of(self, number: int) -> Minute:
        posture = self._posture
        if posture.charging:
            return Minute(CHARGING, 0, 0)
        if not posture.worn:
            return Minute(NOT_WORN, 0, 0)
        measured = posture.interval and number % posture.interval == 0
        pulse = posture.heart_rate if measured else NOT_MEASURED
        if self._steps:
            return Minute(WALKING, min(self._steps, 200), min(self._steps, 255), pulse)
        if posture.asleep:
            return Minute(ASLEEP, 0, 0, pulse)
        return Minute(RESTING, number % 22, 0, pulse)

    def since(self, moment: datetime) -> list[tuple[int, Minute]]:
        """Return what is stored from a moment on: minutes since the epoch, and the minute."""
        self.advance()
        first = self._number(moment)
        stored = {**self._past, **self._lived}
        return [(number, stored[number]) for number in sorted(stored) if number >= first]

    def store(self, moment: datetime, minute: Minute) -> None:
        """Put a minute into the past, over what is there."""
        self._lived[self._number(moment)] = minute

    def erase(self) -> None:
        """Forget everything, as a factory reset does."""
        self.__dict__["_past"] = {}
        self._lived.clear()
        self._days = 0
        self._steps = 0

    def __len__(self) -> int:
        self.advance()
        return len({**self._past, **self._lived})
