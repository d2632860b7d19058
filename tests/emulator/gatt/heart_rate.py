"""Heart rate: measured once, continuously, or by the band itself every so many minutes.

`15 02 xx` one-shot, `15 01 xx` continuous, `15 00 xx` for sleep, `14 mm` interval, `16` keeps a
continuous measurement alive. The value is notified as `00 bpm`; 0 is no result. The pulse of a
workout that is shared is told to whoever listens, with or without a key.

Source: protocol-control.md, 9.13 and section 11; protocol-data.md, section 2.
"""

import asyncio
from collections.abc import Callable, Mapping
from enum import IntEnum, unique
from typing import override

from ..history import Posture
from ..screen import Content, Kind
from .body import AttError, Body, Capability, Json, Refused

_CLAUSE = "protocol-control 11"
_INTERVAL_MAX = 120
# In the band's seconds. Clients keep it alive every 12 s; the band's own patience is not known.
_ONE_SHOT = 3
_PATIENCE = 20
_SHOWN = 5


@unique
class _Function(IntEnum):
    SLEEP = 0
    CONTINUOUS = 1
    ONE_SHOT = 2


class HeartRate(Capability):
    """The sensor and who asked for it."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._sleep = False
        self._one_shot: asyncio.TimerHandle | None = None
        self._continuous: asyncio.TimerHandle | None = None
        self._patience = 0
        self._last: int | None = None
        self._kept_alive = 0
        self._measurements = 0
        self._unheard = 0
        self._hide: asyncio.TimerHandle | None = None
        self._sharing: asyncio.TimerHandle | None = None
        self.shared: Callable[[], bool] = lambda: False
        """Whether the pulse is for everybody at this moment."""
        self._command = b"\x00"
        self.searches = 0
        """How many results of 0 come before one that was asked for."""
        self._searching = 0

    @property
    @override
    def reads(self) -> Mapping[str, Callable[[], bytes]]:
        return {"2A39": lambda: self._command}

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"2A39": self._write, "0001": self._end_raw}

    @property
    def continuous(self) -> bool:
        """Whether the sensor measures without pause."""
        return self._continuous is not None

    def erase(self) -> None:
        """Measure as a new band does."""
        self.body.history.advance()
        self.body.posture.interval = Posture().interval
        self._sleep = False

    def _write(self, value: bytes) -> None:
        if self.body.refuses("2A39"):
            raise Refused(AttError.VALUE_NOT_ALLOWED)
        match tuple(value):
            case (0x14, interval) if interval <= _INTERVAL_MAX:
                self.body.history.advance()
                self.body.posture.interval = interval
            case (0x15, _Function.SLEEP, (0 | 1) as on):
                self._sleep = bool(on)
            case (0x15, _Function.CONTINUOUS, (0 | 1) as on):
                self._set_continuous(on=bool(on))
            case (0x15, _Function.ONE_SHOT, (0 | 1) as on):
                self._set_one_shot(on=bool(on))
            case (0x16,):
                self._keep_alive(value)
            case (0x14 | 0x15 | 0x16, *_):
                raise self.body.wrong(
                    "2A39",
                    "heart-rate command of another shape",
                    _CLAUSE,
                    value,
                    error=AttError.INVALID_LENGTH if len(value) > 3 else AttError.VALUE_NOT_ALLOWED,
                )
            case _:
                raise self.body.wrong("2A39", "unknown opcode", _CLAUSE, value)
        self._command = value

    def _end_raw(self, value: bytes) -> None:
        """Send no more raw data, which nobody can begin: two clients end what they never began."""
        if value != b"\x03":
            raise self.body.wrong(
                "0001", "write without a documented meaning", "protocol-data 0.4", value
            )

    # One result

    def _set_one_shot(self, *, on: bool) -> None:
        if self._one_shot is not None:
            self._one_shot.cancel()
            self._one_shot = None
        if on:
            self._show("measuring")
            self._searching = self.searches
            self._one_shot = self.body.tasks.later(_ONE_SHOT * self.body.tick_s, self._result)
        elif not self.continuous:
            self._show_no_more()

    def _result(self) -> None:
        if self._searching:
            self._searching -= 1
            self.body.notify("2A37", b"\x00\x00")
            self._one_shot = self.body.tasks.later(self.body.tick_s, self._result)
            return
        self._one_shot = None
        if not self.body.subscribed("2A37"):
            self._unheard += 1
        # One client never switches notifications on and is said to get its result; so be it.
        self._measure(unasked=True)
        if not self.continuous:
            self._hide = self.body.tasks.later(_SHOWN * self.body.tick_s, self._show_no_more)

    # A result every second

    def _set_continuous(self, *, on: bool) -> None:
        self._stop()
        if on:
            if not self.body.subscribed("2A37"):
                self.body.wrong("2A37", "nobody hears the measurements: CCCD is off", _CLAUSE)
            self._patience = _PATIENCE
            self._show("measuring")
            self._continuous = self.body.tasks.later(self.body.tick_s, self._beat)

    def _stop(self) -> None:
        if self._continuous is not None:
            self._continuous.cancel()
            self._continuous = None
            self._show_no_more()

    def _beat(self) -> None:
        self._patience -= 1
        if self._patience <= 0:
            self._stop()
            self.body.changed()
            return
        self._measure()
        self._continuous = self.body.tasks.later(self.body.tick_s, self._beat)

    def _keep_alive(self, value: bytes) -> None:
        if self._continuous is None:
            # It may have stopped while the keep-alive was on its way: no wrong.
            return
        del value
        self._kept_alive += 1
        self._patience = _PATIENCE

    # For everybody

    def share(self) -> None:
        """Tell the pulse every second for as long as it is shared and somebody listens."""
        if self._sharing is None and self.shared() and self.body.subscribed("2A37"):
            self._sharing = self.body.tasks.later(self.body.tick_s, self._tell)

    def _tell(self) -> None:
        self._sharing = None
        # What is measured without pause is told already.
        if self.shared() and not self.continuous:
            self.body.notify("2A37", bytes((0, self._pulse())))
        self.share()

    @override
    def subscribed(self, characteristic: str) -> None:
        if characteristic == "2A37":
            self.share()

    # The sensor

    def _pulse(self) -> int:
        posture = self.body.posture
        return posture.heart_rate if posture.worn and not posture.charging else 0

    def _measure(self, *, unasked: bool = False) -> None:
        bpm = self._pulse()
        self._measurements += 1
        self._last = bpm or None
        self._show(f"{bpm} bpm" if bpm else "not worn")
        if self.body.authenticated:
            self.body.notify("2A37", bytes((0, bpm)), unasked=unasked)
        self.body.announce()
        self.body.changed()

    def _show(self, text: str) -> None:
        if self._hide is not None:
            self._hide.cancel()
            self._hide = None
        self.body.screen.show(Kind.HEART_RATE, Content(title=text, label="Heart rate"))
        self.body.changed()

    def _show_no_more(self) -> None:
        self.body.screen.clear(Kind.HEART_RATE)
        self.body.changed()

    @override
    def disconnected(self) -> None:
        self._set_one_shot(on=False)
        self._stop()
        self._show_no_more()
        if self._sharing is not None:
            self._sharing.cancel()
            self._sharing = None

    @override
    def state(self) -> dict[str, Json]:
        return {
            "heart_rate": {
                "bpm": self.body.posture.heart_rate,
                "last": self._last,
                "interval": self.body.posture.interval,
                "sleep": self._sleep,
                "one_shot": self._one_shot is not None,
                "continuous": self.continuous,
                "keep_alives": self._kept_alive,
                "measurements": self._measurements,
                "without_cccd": self._unheard,
            }
        }
