"""Find band: `03` on Alert Level is one run of the vibration pattern, `00` ends it.

Source: protocol-control.md, 17.1.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import override

from ..screen import Content, Kind
from .body import AttError, Body, Capability, Json

_STOP, _MESSAGE, _CALL, _FIND = range(4)
_RUN = 5


class Find(Capability):
    """The immediate alert."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._runs = 0
        self._levels: list[Json] = []
        self._end: asyncio.TimerHandle | None = None

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"2A06": self._write}

    @property
    def ringing(self) -> bool:
        """Whether a run is under way."""
        return self._end is not None

    def _write(self, value: bytes) -> None:
        if len(value) != 1 or value[0] > _FIND:
            raise self.body.wrong(
                "2A06",
                "alert level that is not 00..03",
                "protocol-control 17.1",
                value,
                error=AttError.INVALID_LENGTH if len(value) != 1 else AttError.VALUE_NOT_ALLOWED,
            )
        self._levels.append(value[0])
        del self._levels[:-32]
        if value[0] == _STOP:
            self.stop()
        elif value[0] == _FIND and self.body.bound:
            self._run()

    def _run(self) -> None:
        self.stop()
        self._runs += 1
        self.body.screen.show(
            Kind.FIND, Content(title="Find band", body="Here I am", hint="Tap to stop")
        )
        self.body.vibrate(_RUN)
        self._end = self.body.tasks.later(_RUN * self.body.tick_s, self.stop)

    def stop(self) -> None:
        """End the run: asked to, by a tap, or because it is over."""
        if self._end is None:
            return
        self._end.cancel()
        self._end = None
        self.body.screen.clear(Kind.FIND)
        self.body.still()

    @override
    def state(self) -> dict[str, Json]:
        return {"find": {"ringing": self.ringing, "runs": self._runs, "levels": self._levels}}
