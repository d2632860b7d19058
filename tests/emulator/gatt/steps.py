"""Steps, distance and energy of the day: 13 bytes, read and notified.

`0c`, u32 steps, u32 metres, u32 kilocalories; all since local midnight.

Source: protocol-control.md, 6.3; protocol-data.md, section 1.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import struct
from typing import override

from .body import Body, Capability, Json

# 5000 steps are 3500 m and 180 kcal in the documents' own example.
_METRES_PER_1000 = 700
_KCAL_PER_1000 = 36
_PORTIONS = 5
_FARTHEST = 1_000_000


class Steps(Capability):
    """The counter of the day."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._day = body.clock.wall.date()
        self._total = body.history.steps_before
        self._to_walk = 0
        self._portion = 0
        self._walking = False
        self.on_steps: Callable[[int, int], None] = lambda _before, _after: None
        """Called with the totals before and after steps were made."""

    @property
    @override
    def reads(self) -> Mapping[str, Callable[[], bytes]]:
        return {"0007": self.encode}

    @property
    def total(self) -> int:
        """Steps since local midnight."""
        today = self.body.clock.wall.date()
        if today != self._day:
            # A clock that is set back keeps its steps; only a new day takes them.
            if today > self._day:
                self._total = 0
            self._day = today
        return self._total

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Stay with the count while the clock is set: the wearer's day goes on."""
        total = self.total
        yield
        self._total, self._day = total, self.body.clock.wall.date()

    def encode(self) -> bytes:
        """Encode the value of the characteristic."""
        total = self.total
        return struct.pack("<BIII", 0x0C, total, _metres(total), _kilocalories(total))

    def walk(self, steps: int) -> None:
        """Walk: some steps at once and the rest in the band's next seconds.

        Raises:
            ValueError: There is nothing to walk, or nobody could.
        """
        if not 0 < steps <= _FARTHEST:
            raise ValueError(f"a walk has 1 to {_FARTHEST} steps")
        self._to_walk += steps
        self._portion = -(-self._to_walk // _PORTIONS)
        if not self._walking:
            self._walking = True
            self.body.tasks.later(0, self._step)

    def _step(self) -> None:
        portion = min(self._to_walk, self._portion)
        self._to_walk -= portion
        self._make(portion)
        self._walking = self._to_walk > 0
        if self._walking:
            self.body.tasks.later(self.body.tick_s, self._step)

    def _make(self, steps: int) -> None:
        self.body.history.add_steps(steps)
        self.have_made(steps)

    def have_made(self, steps: int) -> None:
        """Count steps whose minutes are written down already."""
        before = self.total
        self._total = before + steps
        if self.body.authenticated:
            self.body.notify("0007", self.encode())
        self.on_steps(before, self._total)
        self.body.announce()
        self.body.changed()

    def erase(self) -> None:
        """Start from nothing, as after a factory reset."""
        self._total = self._to_walk = 0

    @override
    def state(self) -> dict[str, Json]:
        total = self.total
        return {
            "steps": {
                "today": total,
                "distance_m": _metres(total),
                "calories_kcal": _kilocalories(total),
                "walking": self._walking,
            }
        }


def _metres(steps: int) -> int:
    return steps * _METRES_PER_1000 // 1000


def _kilocalories(steps: int) -> int:
    return steps * _KCAL_PER_1000 // 1000
