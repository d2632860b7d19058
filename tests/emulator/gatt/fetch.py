"""Stored records: asked for on fetch control, sent in packets, acknowledged or not.

START `01 TT` and a time, SEND `02`, ACK `03`. A round is at most what one local day holds, without
a gap, because a sample's time is the reply's time plus its number of minutes. A packet is a
counter and four samples, whatever the ATT MTU. Reading deletes nothing.

Source: protocol-data.md, 4.1 to 4.3 and the state machine of 4.9; section 5 for the types.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum, auto, unique
from typing import override

from ..history import Minute
from .body import Body, Capability, Json, Session
from .wire import ZONE_MAX, ZONE_MIN, full_time, short_time, signed, zone_info

_START, _SEND, _ACKNOWLEDGE = 0x01, 0x02, 0x03
_OK, _BUSY, _FAILED = 0x01, 0x02, 0x04
_MINUTES = 0x01
# Manual heart rate, workouts and their details, logs: this band has none of them.
_EMPTY_TYPES = {0x02, 0x05, 0x06, 0x07}
_LENGTHS = {_START: {10, 13}, _SEND: {1}, _ACKNOWLEDGE: {1}}
_PACKET = 16
# So many notifications at once; then the link has to have carried them.
_BURST = 64
_KEPT = 100


@unique
class _State(Enum):
    IDLE = auto()
    EMPTY = auto()
    READY = auto()
    SENDING = auto()
    DONE = auto()


class Fetch(Capability):
    """The control point of the stored records."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._state = _State.IDLE
        self._batch: list[tuple[int, Minute]] = []
        self._starts: list[Json] = []
        self._acknowledged: list[Json] = []

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0004": self._write}

    def _reply(self, opcode: int, status: int, rest: bytes = b"") -> None:
        if not self.body.subscribed("0004"):
            self.body.wrong("0004", "nobody hears the reply: CCCD is off", "protocol-data 4.4")
        self.body.notify("0004", bytes((0x10, opcode, status)) + rest)

    def _write(self, value: bytes) -> None:
        opcode = value[0] if value else 0
        if len(value) not in _LENGTHS.get(opcode, set()):
            self.body.wrong("0004", "unknown fetch command", "protocol-data 4.1", value)
            self._reply(opcode, _FAILED)
            return
        match opcode:
            case 0x01:
                self._start(value)
            case 0x02:
                self._send()
            case _:
                self._acknowledge()

    # START

    def _start(self, value: bytes) -> None:
        if self._state is _State.SENDING:
            self._reply(_START, _BUSY)
            return
        self._state, self._batch = _State.IDLE, []
        since = _since(value)
        if since is None:
            self.body.wrong("0004", "time that does not exist", "protocol-data 4.1", value)
            self._reply(_START, _FAILED)
            return
        kind = value[1]
        self._starts.append({"type": kind, "since": since.isoformat()})
        del self._starts[:-_KEPT]
        if kind != _MINUTES and kind not in _EMPTY_TYPES:
            self._reply(_START, _FAILED)
            return
        self._batch = self._choose(since) if kind == _MINUTES else []
        self._state = _State.READY if self._batch else _State.EMPTY
        self._reply(_START, _OK, self._offer(value))

    def _choose(self, since: datetime) -> list[tuple[int, Minute]]:
        """Take the first stored minutes from a time on, up to a gap or the end of the day."""
        batch: list[tuple[int, Minute]] = []
        for number, minute in self.body.history.since(since.replace(second=0)):
            if batch and (
                number != batch[-1][0] + 1 or self._day(number) != self._day(batch[0][0])
            ):
                break
            batch.append((number, minute))
        return batch

    def _local(self, number: int) -> datetime:
        return datetime.fromtimestamp(number * 60, tz=self.body.clock.wall.tzinfo)

    def _day(self, number: int) -> int:
        return self._local(number).toordinal()

    def _offer(self, value: bytes) -> bytes:
        """Say how much there is, and from when on; nothing is from when it was asked for."""
        amount = len(self._batch).to_bytes(4, "little")
        if not self._batch:
            seconds = value[8:9] if len(value) == 13 else b"\x00"
            return amount + value[2:8] + seconds + value[-1:]
        zone = self.body.clock.offset & 0xFF
        return amount + full_time(self._local(self._batch[0][0])) + bytes((zone,))

    # SEND

    def _send(self) -> None:
        session = self.body.session
        if self._state is not _State.READY or session is None:
            self._state = _State.SENDING if self._state is _State.SENDING else _State.IDLE
            self._reply(_SEND, _FAILED)
            return
        if not self.body.subscribed("0005"):
            self.body.wrong("0005", "nobody hears the records: CCCD is off", "protocol-data 4.4")
        self._state = _State.SENDING
        session.tasks.spawn(self._transfer(session))

    async def _transfer(self, session: Session) -> None:
        stream = b"".join(bytes(minute) for _, minute in self._batch)
        for number, start in enumerate(range(0, len(stream), _PACKET)):
            self.body.notify("0005", bytes((number & 0xFF,)) + stream[start : start + _PACKET])
            if number % _BURST == _BURST - 1:
                await session.connection.drain()
        self._state = _State.DONE
        self._reply(_SEND, _OK)

    # ACK

    def _acknowledge(self) -> None:
        if self._state is _State.DONE:
            self._acknowledged.append(
                {
                    "type": _MINUTES,
                    "since": self._local(self._batch[0][0]).isoformat(),
                    "count": len(self._batch),
                }
            )
            del self._acknowledged[:-_KEPT]
        self._state, self._batch = _State.IDLE, []
        self._reply(_ACKNOWLEDGE, _OK)

    @override
    def disconnected(self) -> None:
        self._state, self._batch = _State.IDLE, []

    @override
    def state(self) -> dict[str, Json]:
        return {
            "records": {
                "minutes": len(self.body.history),
                "fetches": list(self._starts),
                "acknowledged": list(self._acknowledged),
            }
        }


def _since(value: bytes) -> datetime | None:
    """Read the time of a START; None when there is no such time."""
    zone = signed(value[-1])
    if value[-2] != 0 or not ZONE_MIN <= zone <= ZONE_MAX:
        return None
    try:
        return short_time(value[2:8], zone_info(zone))
    except ValueError:
        return None
