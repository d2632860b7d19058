"""What really was: the wearer's minutes, nights and workouts in true time, whatever the band says.

The counterpart of a client's store: a minute that the band wrote down and still holds has to
arrive there once, under the true minute and with these bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from .gatt.body import Json
from .history import History
from .life import ASLEEP, RECORD, Doing
from .workouts import Workout

# Sleep that is interrupted for longer than this is two sleeps. The made-up nights have nothing
# near it: they are interrupted for a quarter of an hour, and naps are hours away.
_APART = 60
_NAP = 180


class Lived(NamedTuple):
    """A minute that was written down."""

    minute: int
    """Since the epoch, in UTC."""
    kind: int
    intensity: int
    steps: int
    heart_rate: int
    doing: Doing


@dataclass(frozen=True, slots=True, kw_only=True)
class Slept:
    """A sleep; times are minutes since the epoch, in UTC."""

    start: int
    end: int
    """The minute after the last one asleep."""
    stages: tuple[tuple[int, int, Doing], ...]
    """From when, how long, what: light or deep sleep, or what came between."""

    def minutes(self, doing: Doing) -> int:
        """Return the minutes of a stage."""
        return sum(length for _, length, stage in self.stages if stage is doing)

    @property
    def nap(self) -> bool:
        """Whether it was a short one."""
        return self.end - self.start < _NAP


class Truth:
    """What a band's wearer has lived."""

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def span(self) -> tuple[int, int]:
        """From the first minute of all to the one that is running."""
        return self._history.span

    def minutes(self, start: int | None = None, end: int | None = None) -> list[Lived]:
        """Return the minutes that were written down, whether they are still held or not."""
        start, end = self._between(start, end)
        noted = self._history.noted(start, end)
        doings = self._history.doings(start, end)
        return [
            Lived(start + index, *_minute(noted, index), Doing(doing))
            for index, doing in enumerate(doings)
            if doing
        ]

    def held(self) -> list[tuple[int, int]]:
        """From and to which true minutes the band still holds."""
        return self._history.held()

    def lost(self) -> list[tuple[int, int]]:
        """From and to which true minutes were written down and are no longer held.

        Because a clock that was set back wrote over them, or because they were acknowledged.
        """
        lost = []
        held = self._history.held()
        for start, end in self._history.recorded():
            at = start
            for first, after in held:
                if after <= at or first >= end:
                    continue
                if first > at:
                    lost.append((at, first))
                at = after
            if at < end:
                lost.append((at, end))
        return lost

    def sleeps(self, start: int | None = None, end: int | None = None) -> list[Slept]:
        """Return the sleeps, oldest first."""
        start, end = self._between(start, end)
        stages = list(_stages(start, self._history.doings(start, end)))
        groups: list[list[tuple[int, int, Doing]]] = []
        for stage in stages:
            begin, _, doing = stage
            if doing not in ASLEEP:
                continue
            last = groups[-1][-1] if groups else None
            if last is None or begin - (last[0] + last[1]) > _APART:
                groups.append([])
            groups[-1].append(stage)
        return [
            Slept(
                start=(begin := group[0][0]),
                end=(finish := group[-1][0] + group[-1][1]),
                stages=tuple(stage for stage in stages if begin <= stage[0] < finish),
            )
            for group in groups
        ]

    def workouts(self) -> list[Workout]:
        """Return the workouts, those too that are no longer held."""
        history = self._history
        return [history.fill(workout) for workout in history.all_workouts()]

    def _between(self, start: int | None, end: int | None) -> tuple[int, int]:
        first, last = self._history.span
        return first if start is None else start, last if end is None else end

    def as_json(self, start: int | None = None, end: int | None = None) -> dict[str, Json]:
        """Describe it for the control port; the last day unless told otherwise."""
        first, last = self._history.span
        end = last if end is None else end
        start = max(first, end - 1440) if start is None else start
        return {
            "from": start,
            "to": end,
            "first": first,
            "last": last,
            "minutes": [list[Json](lived[:5]) for lived in self.minutes(start, end)],
            "lost": [list[Json](times) for times in self.lost()],
            "sleeps": [_sleep_json(slept) for slept in self.sleeps(start, end)],
            "workouts": [
                _workout_json(workout)
                for workout in self.workouts()
                if start <= workout.start // 60 < end
            ],
        }


def _minute(noted: bytes, index: int) -> tuple[int, int, int, int]:
    kind, intensity, steps, heart_rate = noted[index * RECORD : (index + 1) * RECORD]
    return kind, intensity, steps, heart_rate


def _stages(start: int, doings: bytes) -> Iterator[tuple[int, int, Doing]]:
    begin = 0
    for index in range(1, len(doings) + 1):
        if index == len(doings) or doings[index] != doings[begin]:
            yield start + begin, index - begin, Doing(doings[begin])
            begin = index


def _sleep_json(slept: Slept) -> dict[str, Json]:
    return {
        "start": slept.start,
        "end": slept.end,
        "light": slept.minutes(Doing.LIGHT_SLEEP),
        "deep": slept.minutes(Doing.DEEP_SLEEP),
        "nap": slept.nap,
        "stages": [[begin, length, doing.name.lower()] for begin, length, doing in slept.stages],
    }


def _workout_json(workout: Workout) -> dict[str, Json]:
    return {
        "sport": workout.sport.name.lower(),
        "start": datetime.fromtimestamp(workout.start, tz=UTC).isoformat(),
        "seconds": workout.end - workout.start,
        "active_s": workout.active_s,
        "steps": workout.steps,
        "distance_m": workout.distance_m,
        "energy_kcal": workout.energy_kcal,
        "heart_rate_bpm": workout.heart_rate_bpm,
        "beats": len(workout.beats),
        "points": len(workout.points),
        "detailed": workout.detailed,
    }
