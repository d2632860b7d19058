"""Stored records: asked for on fetch control. This band refuses, and says so.

Source: protocol-data.md, 4.1, 4.2 (`10 01 04`, `10 02 04`, `10 03 01`) and 4.9.
"""

from collections.abc import Callable, Mapping
from typing import override

from .body import Body, Capability, Json

_START, _SEND, _ACKNOWLEDGE = 0x01, 0x02, 0x03
_REPLIES = {_START: b"\x10\x01\x04", _SEND: b"\x10\x02\x04", _ACKNOWLEDGE: b"\x10\x03\x01"}
_LENGTHS = {_START: {10, 13}, _SEND: {1}, _ACKNOWLEDGE: {1}}


class Fetch(Capability):
    """The control point of the stored records."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._asked = 0
        self._acknowledged = 0

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0004": self._write}

    def _write(self, value: bytes) -> None:
        opcode = value[0] if value else 0
        if len(value) not in _LENGTHS.get(opcode, set()):
            self.body.wrong("0004", "unknown fetch command", "protocol-data 4.1", value)
            self.body.notify("0004", bytes((0x10, opcode, 0x04)))
            return
        if not self.body.subscribed("0004"):
            self.body.wrong("0004", "nobody hears the reply: CCCD is off", "protocol-data 4.4")
        self._asked += opcode == _START
        self._acknowledged += opcode == _ACKNOWLEDGE
        self.body.notify("0004", _REPLIES[opcode])

    @override
    def state(self) -> dict[str, Json]:
        return {
            "records": {
                "minutes": len(self.body.history),
                "fetches": self._asked,
                "acknowledgements": self._acknowledged,
            }
        }
