"""Messages in pieces: `00`, flags and type, sequence number, data.

Flags `00` first, `40` middle, `80` last, `c0` only piece. The last piece is acknowledged with
`10 00`, its second byte and `01 01 00 00`; a message that makes no sense is not acknowledged.

Source: protocol-control.md, 4.3 and 4.4.
"""

from collections.abc import Callable, Mapping
from typing import override

from .body import AttError, Body, Capability, Json, Refused

# Takes the payload; says whether the message is acknowledged.
type Receiver = Callable[[bytes], bool]

_CLAUSE = "protocol-control 4.3"
_FIRST, _MIDDLE, _LAST, _ONLY = 0x00, 0x40, 0x80, 0xC0
# What a client may send without having shown the key: music, and the signature of a binding.
_OPEN_TYPES = {3, 4}
_KEPT = 50


class Chunked(Capability):
    """The receiver of pieces."""

    def __init__(self, body: Body, receivers: Mapping[int, Receiver]) -> None:
        super().__init__(body)
        self._receivers = receivers
        self._type: int | None = None
        self._next = 0
        self._payload = bytearray()
        self._messages: list[Json] = []
        self._sizes: list[int] = []

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0020": self._write}

    def _wrong(self, what: str, value: bytes, clause: str = _CLAUSE) -> Refused:
        """Write down a violation and wait for a new first piece."""
        self._type = None
        return self.body.wrong("0020", what, clause, value)

    def _write(self, value: bytes) -> None:
        flags, kind, sequence = self._header(value)
        if flags in {_FIRST, _ONLY}:
            if self._type is not None:
                self._wrong("new message before the last one was complete", value)
            self._type, self._next = kind, 0
            self._payload.clear()
            self._sizes.clear()
        elif self._type != kind:
            raise self._wrong("piece of a message that was not begun", value)
        if sequence != self._next:
            raise self._wrong(f"piece {sequence} where {self._next} was due", value)
        self._next = (self._next + 1) & 0xFF
        self._payload += value[3:]
        self._sizes.append(len(value))
        if flags in {_LAST, _ONLY}:
            self._deliver(kind, value[1])

    def _header(self, value: bytes) -> tuple[int, int, int]:
        """Take flags, type and sequence number of a piece that may be sent now."""
        if len(value) < 4 or value[0] != 0:
            raise self._wrong("piece without header and data", value)
        flags, kind, sequence = value[1] & 0xF0, value[1] & 0x0F, value[2]
        if flags not in {_FIRST, _MIDDLE, _LAST, _ONLY}:
            raise self._wrong("unknown flags", value)
        if kind not in self._receivers:
            raise self._wrong(f"message of unknown type {kind}", value)
        if kind not in _OPEN_TYPES and not self.body.authenticated:
            self._wrong("message without authentication", value, "protocol-control 3, 21.3")
            raise Refused(AttError.INSUFFICIENT_AUTHENTICATION)
        return flags, kind, sequence

    def _deliver(self, kind: int, last: int) -> None:
        payload, self._type = bytes(self._payload), None
        if kind != 4:
            self._messages.append(
                {"type": kind, "payload": payload.hex(" "), "pieces": list(self._sizes)}
            )
            del self._messages[:-_KEPT]
        if self._receivers[kind](payload):
            self.body.notify("0020", bytes((0x10, 0x00, last, 0x01, 0x01, 0x00, 0x00)))

    @override
    def disconnected(self) -> None:
        self._type = None

    @override
    def state(self) -> dict[str, Json]:
        return {"messages": list(self._messages)}
