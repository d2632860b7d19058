"""Workouts that are done while the band is on: begun, paused, ended, and stored then.

Source: protocol-data.md, section 8 (the live steps) and 7.1 (stored when it is over).
"""

from dataclasses import replace

from .clock import Clock
from .history import History, Posture
from .life import SPORTS
from .sports import Sport
from .workouts import Point, Workout

_LONGEST_PAUSE_S = 240


class Training:
    """The workout of the moment."""

    def __init__(self, clock: Clock, posture: Posture, history: History) -> None:
        self._clock = clock
        self._posture = posture
        self._history = history
        self._sport: Sport | None = None
        self._start = 0
        self._paused: int | None = None
        self._pauses: list[tuple[int, int]] = []
        self._points: list[Point] = []

    def step(self, step: str, sport: Sport) -> None:
        """Begin, pause, resume or end; what was never begun cannot end."""
        now = int(self._clock.true.timestamp())
        match step:
            case "start":
                self._begin(sport, now)
            case "pause":
                self._paused = now - self._start
            case "resume":
                self._resume(now)
            case _:
                self._end(now)

    def _begin(self, sport: Sport, now: int) -> None:
        self._history.advance()
        self._sport, self._start, self._paused = sport, now, None
        self._pauses, self._points = [], []
        self._posture.sport = SPORTS[sport]

    def _resume(self, now: int) -> None:
        if self._paused is not None and now - self._start > self._paused:
            self._pauses.append((self._paused, now - self._start))
        self._paused = None

    def locate(self, longitude: int, latitude: int, altitude_m: int) -> None:
        """Take a position from the phone; 1/3 000 000 degree and metres."""
        if self._sport is not None:
            second = int(self._clock.true.timestamp()) - self._start
            self._points.append(Point(second, longitude, latitude, altitude_m))

    def _end(self, now: int) -> None:
        sport, self._sport = self._sport, None
        if sport is None:
            return
        self._resume(now)
        self._history.advance()
        self._posture.sport = None
        frame = self._frame(sport, self._start, max(now, self._start + 1))
        workout = self._history.fill(replace(frame, pauses=tuple(self._pauses)))
        self._history.workouts.append(replace(workout, points=tuple(self._points)))

    def have_done(self, sport: Sport, minutes: int, *, phone: bool, paused: int) -> Workout:
        """Have the last minutes been a workout.

        Raises:
            ValueError: It has no length, or its pause is longer than four minutes.
        """
        if minutes < 1 or not 0 <= paused <= min(_LONGEST_PAUSE_S, minutes * 30):
            raise ValueError("a workout takes a minute, a pause four and not half of it")
        self._history.live(minutes, SPORTS[sport])
        end = int(self._clock.true.timestamp()) // 60 * 60
        frame = self._frame(sport, end - minutes * 60, end)
        middle = minutes * 30
        pauses = ((middle, middle + paused),) if paused else ()
        workout = self._history.fill(replace(frame, pauses=pauses, phone=phone))
        self._history.workouts.append(workout)
        return workout

    def _frame(self, sport: Sport, start: int, end: int) -> Workout:
        return Workout(
            sport=sport,
            start=start,
            end=end,
            clock_error_s=round(self._clock.error.total_seconds()),
            zone=self._clock.offset,
            planned=True,
        )
