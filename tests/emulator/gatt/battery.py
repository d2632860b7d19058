"""Battery: 20 bytes, readable by anybody, notified on change.

| offset | size | meaning |
|---|---|---|
| 0 | 1 | `0f` |
| 1 | 1 | level, percent |
| 2 | 1 | 1 while charging |
| 3 | 7 + 1 | when the last charge began, with its zone |
| 11 | 7 + 1 | when it ended, with its zone |
| 19 | 1 | level when it ended, percent |

Source: protocol-control.md, 6.2; protocol-data.md, section 3.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import override

from ..screen import Content, Kind
from .body import Body, Capability, Json
from .wire import full_time, zone_byte


class Battery(Capability):
    """The level and the last charge."""

    def __init__(self, body: Body, level: int) -> None:
        super().__init__(body)
        self.level = level
        self._charged_to = 100
        # Charged two evenings ago, for an hour and a quarter.
        self._began = body.clock.wall - timedelta(days=2, hours=1, minutes=15)
        self._ended = body.clock.wall - timedelta(days=2)
        self._zones: tuple[int | None, int | None] = (None, None)

    @property
    @override
    def reads(self) -> Mapping[str, Callable[[], bytes]]:
        return {"0006": self.encode}

    def encode(self) -> bytes:
        """Encode the value of the characteristic."""
        return b"".join(
            (
                bytes((0x0F, self.level, self.body.posture.charging)),
                _moment(self._began, self._zones[0]),
                _moment(self._ended, self._zones[1]),
                bytes((self._charged_to,)),
            )
        )

    def set_level(self, percent: int) -> None:
        """Let the level be something else from now on."""
        if not 0 <= percent <= 100:
            raise ValueError("a level is 0 to 100 percent")
        self.level = percent
        self._tell()

    def plug_in(self) -> None:
        """Put the band on its charger."""
        if self.body.posture.charging:
            return
        self.body.history.advance()
        self.body.posture.charging = True
        self._began = self.body.clock.wall
        self._zones = (self.body.clock.zone, self._zones[1])
        self.body.screen.show(Kind.CHARGING, Content())
        self._tell()

    def unplug(self) -> None:
        """Take the band off its charger."""
        if not self.body.posture.charging:
            return
        self.body.history.advance()
        self.body.posture.charging = False
        self._ended = self.body.clock.wall
        self._zones = (self._zones[0], self.body.clock.zone)
        self._charged_to = self.level
        self.body.screen.clear(Kind.CHARGING)
        self._tell()

    def _tell(self) -> None:
        self.body.notify("0006", self.encode())
        self.body.changed()

    @override
    def state(self) -> dict[str, Json]:
        return {
            "battery": {
                "level": self.level,
                "charging": self.body.posture.charging,
                "charge_began": self._began.isoformat(),
                "charge_ended": self._ended.isoformat(),
                "charged_to": self._charged_to,
            }
        }


def _moment(moment: datetime, zone: int | None) -> bytes:
    return full_time(moment) + bytes((zone_byte(zone),))
