"""How often what a band tells without end is shown."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

CALM: Final = timedelta(seconds=5)
"""From one change to the next of what is told about every second: a pulse, steps while walking.
Each change is a row in the recorder's database, and nobody reads faster."""


class Pace:
    """Lets something happen at once, and then again at most so often, the last time included."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._last = float("-inf")
        self._later: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Let it happen as soon as it may."""
        if self._later is not None:
            return
        loop = asyncio.get_running_loop()
        due = self._last + CALM.total_seconds()
        if loop.time() >= due:
            self._happen()
        else:
            self._later = loop.call_at(due, self._happen)

    def note(self) -> None:
        """Take note that it happened otherwise: what waits is done by that."""
        if self._later is not None:
            self._later.cancel()
        self._later = None
        self._last = asyncio.get_running_loop().time()

    def _happen(self) -> None:
        self.note()
        self._act()
