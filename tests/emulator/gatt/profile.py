"""The wearer's profile: who they are, the goal of the day, the wrist.

`4f 00 00` birth, sex, height, weight, id (16 bytes); `10 00 00` goal `00 00` (7 bytes);
`20 00 00` and `02` left or `82` right. The write response is the answer.

Source: protocol-control.md, 9.1 to 9.3.
"""

from collections.abc import Callable, Mapping
import struct
from typing import override

from .body import AttError, Body, Capability, Json, Refused

_CLAUSE = "protocol-control 9.1-9.3"
_LENGTHS = {0x4F: 16, 0x10: 7, 0x20: 4}
_WRISTS = {0x02: "left", 0x82: "right"}


class Profile(Capability):
    """What the band knows about its wearer."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._user: dict[str, Json] | None = None
        self._wrist: str | None = None
        self.goal = 8000
        """Steps a day."""
        self._goal_written = False

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0008": self._write}

    def _write(self, value: bytes) -> None:
        if self.body.refuses("0008"):
            raise Refused(AttError.VALUE_NOT_ALLOWED)
        opcode = value[0] if value else 0
        if opcode not in _LENGTHS or value[1:3] != b"\x00\x00":
            raise self.body.wrong("0008", "unknown opcode", _CLAUSE, value)
        if len(value) != _LENGTHS[opcode]:
            raise self.body.wrong(
                "0008",
                f"not {_LENGTHS[opcode]} bytes",
                _CLAUSE,
                value,
                error=AttError.INVALID_LENGTH,
            )
        match opcode:
            case 0x4F:
                self._take_user(value)
            case 0x10:
                self._take_goal(value)
            case _:
                if value[3] not in _WRISTS:
                    raise self.body.wrong("0008", "wrist that nobody has", _CLAUSE, value)
                self._wrist = _WRISTS[value[3]]

    def _take_user(self, value: bytes) -> None:
        year, month, day, sex, height, weight, user = struct.unpack("<3xHBBBHHI", value)
        if not (year >= 1900 and 1 <= month <= 12 and 1 <= day <= 31 and sex <= 2):
            raise self.body.wrong("0008", "birth or sex out of range", _CLAUSE, value)
        if not height or not weight:
            raise self.body.wrong("0008", "nobody's height or weight", _CLAUSE, value)
        self._user = {
            "birth": f"{year:04}-{month:02}-{day:02}",
            "sex": ("male", "female", "other")[sex],
            "height_cm": height,
            "weight_kg": weight / 200,
            "user_id": user,
        }

    def _take_goal(self, value: bytes) -> None:
        goal, tail = struct.unpack("<3xHH", value)
        if not goal or tail:
            raise self.body.wrong("0008", "goal of 0, or not 00 00 behind it", _CLAUSE, value)
        self.goal = goal
        self._goal_written = True

    def erase(self) -> None:
        """Forget the wearer."""
        self._user, self._wrist, self.goal, self._goal_written = None, None, 8000, False

    @override
    def state(self) -> dict[str, Json]:
        return {
            "user_profile": {
                "user": self._user,
                "goal": self.goal if self._goal_written else None,
                "wrist": self._wrist,
            }
        }
