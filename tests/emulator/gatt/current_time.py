"""Current time: 11 bytes, readable by anybody, written by who has the key.

`yy yy MM dd hh mm ss wd ff 00 zz`: local time, ISO weekday, fractions of a second, nothing, UTC
offset in quarter hours including daylight saving; read back as `80` until it has been written.

Source: protocol-control.md, section 8.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import override

from .body import AttError, Body, Capability, Json
from .steps import Steps
from .wire import ZONE_MAX, ZONE_MIN, full_time, short_time, signed, zone_byte

_CLAUSE = "protocol-control 8"
_LENGTH = 11


class CurrentTime(Capability):
    """The clock over the air."""

    def __init__(self, body: Body, steps: Steps) -> None:
        super().__init__(body)
        self._steps = steps
        self._writes = 0
        self._written: datetime | None = None

    @property
    @override
    def reads(self) -> Mapping[str, Callable[[], bytes]]:
        return {"2A2B": self.encode}

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"2A2B": self._write}

    def encode(self) -> bytes:
        """Encode the value of the characteristic."""
        clock = self.body.clock
        wall = clock.wall
        return full_time(wall) + bytes((wall.isoweekday(), 0, 0, zone_byte(clock.zone)))

    def _write(self, value: bytes) -> None:
        if len(value) != _LENGTH:
            raise self.body.wrong(
                "2A2B", "time that is not 11 bytes", _CLAUSE, value, error=AttError.INVALID_LENGTH
            )
        try:
            local = short_time(value[:7], UTC)
        except ValueError:
            raise self.body.wrong("2A2B", "time that does not exist", _CLAUSE, value) from None
        zone = signed(value[10])
        if not ZONE_MIN <= zone <= ZONE_MAX:
            raise self.body.wrong("2A2B", "offset outside -48..56", _CLAUSE, value)
        if value[7] > 7:
            raise self.body.wrong("2A2B", "weekday outside 0..7", _CLAUSE, value)
        if value[9] != 0:
            raise self.body.wrong("2A2B", "daylight saving outside the offset", _CLAUSE, value)
        # Two clients write Sunday as 0 (protocol-control 22). Two others count from Monday as 0 and
        # go on, where an error would have stopped them: the band sets its clock by the date.
        if value[7] % 7 != local.isoweekday() % 7:
            self.body.wrong("2A2B", "weekday of another date", _CLAUSE, value)
        self.body.history.advance()
        with self._steps.kept():
            self.body.clock.set(local, zone)
        self.body.history.restart()
        self._writes += 1
        self._written = self.body.clock.wall

    @override
    def state(self) -> dict[str, Json]:
        clock = self.body.clock
        return {
            "time": {
                "wall": clock.wall.replace(tzinfo=None).isoformat(timespec="seconds"),
                "zone": clock.zone,
                "writes": self._writes,
                "written": None if self._written is None else self._written.isoformat(),
            }
        }
