"""An event loop whose clock stands still while the machine is slow.

The bands, the air and Home Assistant share a loop, and with it their speed: on a busy machine all
of them are slow together. A time-out is measured by a clock that goes on meanwhile, so it would
strike because something took the processor away, and not because somebody fell silent. This clock
counts a turn of the loop as short, however long it took, and a wait as what was asked for. It is
never fast: what waits for a second waits for one, or longer.

Where Home Assistant makes a time of the wall clock into one of its loop's, and the plugin's
`async_fire_time_changed` compares both, the wall clock has to be as late.

A test that lets hours pass at once means what is planned. Whoever waits for an answer at that
moment with a time-out goes on waiting: nobody was silent for hours.
"""

import asyncio
import selectors
import time
from typing import Any, Final, override

from homeassistant.helpers import event
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component import common

LONGEST_TURN_S: Final = 0.001
"""As what a turn of the loop counts at most; most take a tenth of that."""


class PatientLoop(asyncio.SelectorEventLoop):
    """A loop that gives everybody who waits as many turns on a slow machine as on a fast one."""

    def __init__(self) -> None:
        self._patient = _PatientSelector()
        super().__init__(self._patient)

    @override
    def time(self) -> float:
        """Return the time of this loop in seconds."""
        return self._patient.time()

    @property
    def late_s(self) -> float:
        """By how much this loop is behind the machine."""
        return self._patient.late_s

    def skip(self, seconds: float) -> None:
        """Let time pass at once, as a test does that moves the clock of the machine."""
        for handle in tuple(get_scheduled_timer_handles(self)):
            limit = _limit_of(handle)
            if limit is not None and (when := limit.when()) is not None:
                limit.reschedule(when + seconds)
        self._patient.skip(seconds)

    @override
    def __setattr__(self, name: str, value: object) -> None:
        # Home Assistant puts the machine's clock here, to save a call.
        if name != "time":
            super().__setattr__(name, value)


class _PatientSelector(selectors.DefaultSelector):
    """Waits for files and timers as any selector, and keeps the loop's clock."""

    # Kept here, where no test that freezes the time finds it.
    _clock = staticmethod(time.monotonic)

    def __init__(self) -> None:
        super().__init__()
        self._turn_began = self._clock()
        self._lost = 0.0

    def time(self) -> float:
        """Return the machine's time less all that it was too slow for."""
        return min(self._clock(), self._turn_began + LONGEST_TURN_S) - self._lost

    @property
    def late_s(self) -> float:
        return self._clock() - self.time()

    def skip(self, seconds: float) -> None:
        """Let time pass at once."""
        self._lost -= seconds

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait; however late that ends, only the wait that was asked for counts."""
        time, began = self.time(), self._clock()
        found = super().select(timeout)
        self._turn_began = self._clock()
        waited = self._turn_began - began
        if timeout is not None:
            waited = min(waited, max(timeout, 0.0) + LONGEST_TURN_S)
        self._lost = self._turn_began - (time + waited)
        return found


def _limit_of(handle: asyncio.TimerHandle) -> asyncio.Timeout | None:
    """Return the time-out that a timer is for, if it is for one."""
    if handle.cancelled():
        return None
    owner = getattr(getattr(handle, "_callback", None), "__self__", None)
    return owner if isinstance(owner, asyncio.Timeout) else None


def _planned(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """Return the timers of a loop but those of somebody who waits for an answer."""
    return [handle for handle in get_scheduled_timer_handles(loop) if _limit_of(handle) is None]


class _TimeOfTheLoop:
    """Python's module of time, but that its wall clock is as late as the loop that runs."""

    def time(self) -> float:
        """Return the seconds since the epoch."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return time.time()
        return time.time() - (loop.late_s if isinstance(loop, PatientLoop) else 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


def keep_clocks_together() -> None:
    """Let what knows both clocks find them together."""
    for module in (event, common):
        vars(module)["time"] = _TimeOfTheLoop()
    vars(common)["get_scheduled_timer_handles"] = _planned
