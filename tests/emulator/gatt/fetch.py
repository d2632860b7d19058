"""Stored records: asked for on fetch control, sent in packets, acknowledged or not.

START `01 TT` and a time, SEND `02`, ACK `03`. Minutes come in blocks without a gap, because a
sample's time is the reply's time plus its number of minutes; of workouts comes one a transfer. A
packet is a counter and 16 bytes, unless told otherwise. What no document decides is a `Manner`;
what goes wrong on purpose is a `Trouble`.

Source: protocol-data.md, 4.1 to 4.3 and the state machine of 4.9; section 5 for the types, 7.1.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto, unique
from itertools import chain, repeat
from typing import override
import zlib

from ..history import Run
from .body import Body, Capability, Json, Session
from .wire import (
    QUARTER_HOUR,
    ZONE_MAX,
    ZONE_MIN,
    ZONE_UNKNOWN,
    full_time,
    short_time,
    signed,
    zone_info,
)

_START, _SEND, _ACKNOWLEDGE = 0x01, 0x02, 0x03
_OK, _BUSY, _FAILED = 0x01, 0x02, 0x04
_MINUTES, _SUMMARY, _DETAILS = 0x01, 0x05, 0x06
# Manual heart rate and logs: this band has none of them.
_EMPTY_TYPES = {0x02, 0x07}
_LENGTHS = {_START: {10, 13}, _SEND: {1}, _ACKNOWLEDGE: {1}}
_RECORD = 4
# So many notifications at once; then the link has to have carried them.
_BURST = 64
_KEPT = 100


@unique
class Block(StrEnum):
    """How much one round of minutes holds, besides a plain number of them."""

    DAY = "day"
    """What one local day holds."""
    ALL = "all"


@unique
class Amount(StrEnum):
    """What the amount of minutes is counted in; other types count bytes."""

    SAMPLES = "samples"
    BYTES = "bytes"
    PACKETS = "packets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How this band transfers records where the documents leave it open (their section 12).

    Attributes:
        block: Most that one round of minutes holds.
        packet: Payload bytes of a packet; None for as many whole samples as the ATT MTU takes.
        amount: Unit of the amount of minutes.
        long_start: Answer START with 16 bytes, as later devices do.
        checksum: Answer SEND with the CRC-32 of the records, as later devices do.
        delete: An acknowledgement drops what was sent.
        strict: A round has to be closed before the next; until then START is answered `10 01 02`.
        unknown_type_is_empty: Answer an unknown type with no records instead of `10 01 04`.
        present_zone: Give the time of a reply in the present zone instead of that of the records.
        split_zones: End a block of minutes where the band was told another zone.
        next_details: A workout without details is passed over when details are asked for, so that
            those of the next one come.
        summary_shift_s: By how much the times in a summary differ from the reply's.
        version: Of the summary record.
    """

    block: Block | int = Block.DAY
    packet: int | None = 16
    amount: Amount = Amount.SAMPLES
    long_start: bool = False
    checksum: bool = False
    delete: bool = False
    strict: bool = False
    unknown_type_is_empty: bool = False
    present_zone: bool = False
    split_zones: bool = True
    next_details: bool = False
    summary_shift_s: int = 0
    version: int = 259

    def __post_init__(self) -> None:
        """Refuse what no band does.

        Raises:
            ValueError: Blocks or packets of nothing, a record of another kind.
        """
        if not isinstance(self.block, str) and self.block < 1:
            raise ValueError("a block holds a minute at least")
        if self.packet is not None and not 1 <= self.packet <= 243:
            raise ValueError("a packet has a payload of 1 to 243 bytes")
        if not 0 < self.version < 512:
            raise ValueError("the record of another version has another layout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong in one round, from its START to the next.

    Packets count from 0; -1 is the last one, where there is a last one.

    Attributes:
        kind: Only in a round of this type.
        start: Status of the reply to START instead of 01: 2 busy, 4 failed.
        start_reply: The whole reply to START.
        send: Status of the reply to SEND, instead of sending anything.
        end: Status of the reply after the last packet.
        acknowledge: Status of the reply to ACK.
        silent_start: No reply to START; likewise the next two.
        silent_send: Neither packets nor a reply after SEND.
        silent_end: No reply after the last packet.
        silent_acknowledge: No reply to ACK.
        silent_after: Fall silent after so many packets.
        cut_after: Cut the link after so many packets; 0 is right after SEND.
        wrong_counter: Packets with a counter that is one too high.
        missing: Packets that are not sent.
        doubled: Packets that are sent twice.
        stray: Bytes at the end of the records that belong to none.
        endless: Send the records again and again.
        garbled: Turn every bit of the reply to START around.
        wrong_checksum: Send another checksum than that of the records.
        packet_s: Seconds before each packet.
    """

    kind: int | None = None
    start: int | None = None
    start_reply: bytes | None = None
    send: int | None = None
    end: int = _OK
    acknowledge: int = _OK
    silent_start: bool = False
    silent_send: bool = False
    silent_end: bool = False
    silent_acknowledge: bool = False
    silent_after: int | None = None
    cut_after: int | None = None
    wrong_counter: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    stray: bytes = b""
    endless: bool = False
    garbled: bool = False
    wrong_checksum: bool = False
    packet_s: float = 0.0


_PLAIN = Trouble()


@unique
class _State(Enum):
    IDLE = auto()
    EMPTY = auto()
    READY = auto()
    SENDING = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """The records of one round."""

    kind: int
    amount: int
    start: datetime
    """Of the first record, in the zone of the reply."""
    count: int
    read: Callable[[], bytes]
    drop: Callable[[], None]


class Fetch(Capability):
    """The control point of the stored records."""

    def __init__(self, body: Body, hang_up: Callable[[], None], manner: Manner) -> None:
        super().__init__(body)
        self.manner = manner
        self._hang_up = hang_up
        self._state = _State.IDLE
        self._batch: _Batch | None = None
        self._troubles: deque[Trouble] = deque()
        self._trouble = _PLAIN
        self._open = False
        """A round was begun and not closed."""
        self._told_busy = False
        self._spoiled = False
        """What was sent of this round was not what is stored."""
        self._starts: list[Json] = []
        self._acknowledged: list[Json] = []
        self._sent = {"rounds": 0, "packets": 0, "bytes": 0}

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0004": self._write}

    def expect(self, trouble: Trouble, rounds: int) -> None:
        """Have trouble in so many of the next rounds, after that of earlier calls."""
        self._troubles.extend(repeat(trouble, rounds))

    def forgive(self) -> None:
        """Have no more trouble than in the round of the moment."""
        self._troubles.clear()

    @property
    def busy(self) -> bool:
        """Whether records are being sent."""
        return self._state is _State.SENDING

    def _reply(self, opcode: int, status: int, rest: bytes = b"") -> None:
        self._answer(bytes((0x10, opcode, status)) + rest)

    def _answer(self, value: bytes) -> None:
        if not self.body.subscribed("0004"):
            self.body.wrong("0004", "nobody hears the reply: CCCD is off", "protocol-data 4.4")
        self.body.notify("0004", value)

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
        since = _since(value, self.body.clock.offset)
        if since is None:
            self._state, self._batch = _State.IDLE, None
            self.body.wrong("0004", "time that does not exist", "protocol-data 4.1", value)
            self._reply(_START, _FAILED)
            return
        kind = value[1]
        self._starts.append({"type": kind, "since": since.isoformat()})
        del self._starts[:-_KEPT]
        if self.body.uploading():
            self.body.wrong("0004", "START while a file is uploaded", "protocol-data 4.8", value)
            self._reply(_START, _BUSY)
            return
        if self._state is _State.SENDING or (self.manner.strict and self._open):
            self._told_busy = True
            self._reply(_START, _BUSY)
            return
        self._trouble = self._next_trouble(kind)
        self._state, self._batch = _State.IDLE, None
        if self._trouble.start is not None:
            self._told_busy = self._trouble.start == _BUSY
            self._reply(_START, self._trouble.start)
            return
        if kind not in {_MINUTES, _SUMMARY, _DETAILS, *_EMPTY_TYPES} and (
            not self.manner.unknown_type_is_empty
        ):
            self._reply(_START, _FAILED)
            return
        self._batch = self._choose(kind, since, precise=len(value) == 13)
        self._state = _State.EMPTY if self._batch is None else _State.READY
        self._open, self._told_busy, self._spoiled = True, False, False
        self._sent["rounds"] += 1
        self._tell_start(value)

    def _next_trouble(self, kind: int) -> Trouble:
        for trouble in self._troubles:
            if trouble.kind in {None, kind}:
                self._troubles.remove(trouble)
                return trouble
        return _PLAIN

    def _tell_start(self, value: bytes) -> None:
        if self._trouble.silent_start:
            return
        reply = self._trouble.start_reply
        if reply is None:
            reply = bytes((0x10, _START, _OK)) + self._offer(value)
        if self._trouble.garbled:
            reply = bytes(byte ^ 0xFF for byte in reply)
        self._answer(reply)

    def _offer(self, value: bytes) -> bytes:
        """Say how much there is, and from when on; nothing is from when it was asked for."""
        tail = b"\x00" if self.manner.long_start else b""
        if self._batch is None:
            seconds = value[8:9] if len(value) == 13 else b"\x00"
            return bytes(4) + value[2:8] + seconds + value[-1:] + tail
        start = self._batch.start
        zone = round((start.utcoffset() or 0 * QUARTER_HOUR) / QUARTER_HOUR) & 0xFF
        return self._batch.amount.to_bytes(4, "little") + full_time(start) + bytes((zone,)) + tail

    def _choose(self, kind: int, since: datetime, *, precise: bool) -> _Batch | None:
        match kind:
            case 0x01:
                return self._choose_minutes(int(since.timestamp()) // 60)
            case 0x05 | 0x06:
                second = int(since.timestamp())
                return self._choose_workout(kind, second if precise else second // 60 * 60)
            case _:
                return None

    # Minutes

    def _choose_minutes(self, since: int) -> _Batch | None:
        runs = self._block(since)
        if not runs:
            return None
        first, last = runs[0], runs[-1]
        count = sum(run.length for run in runs)
        packet = self._packet()
        amount = {
            Amount.SAMPLES: count,
            Amount.BYTES: count * _RECORD,
            Amount.PACKETS: -(-count * _RECORD // packet),
        }[self.manner.amount]
        history = self.body.history
        return _Batch(
            kind=_MINUTES,
            amount=amount,
            start=self._time(first.believed * 60, first.zone),
            count=count,
            read=lambda: b"".join(history.read(run) for run in runs),
            drop=lambda: history.drop(first.believed, last.end),
        )

    def _block(self, since: int) -> list[Run]:
        """Take the first stored minutes from a time on, up to a gap or the end of the block."""
        block: list[Run] = []
        limit = self.manner.block
        room = limit if isinstance(limit, int) else None
        for run in self.body.history.runs(since):
            if block and (
                block[-1].end != run.believed
                or (self.manner.split_zones and block[-1].zone != run.zone)
            ):
                break
            end = run.end
            if limit is Block.DAY:
                first = block[0] if block else run
                day = (first.believed + first.zone * 15) // 1440
                end = min(end, (day + 1) * 1440 - first.zone * 15)
            if room is not None:
                end = min(end, run.believed + room)
                room -= end - run.believed
            if end <= run.believed:
                break
            block.append(run.cut(run.believed, end))
            if end < run.end:
                break
        return block

    def _time(self, second: int, zone: int) -> datetime:
        if self.manner.present_zone:
            zone = self.body.clock.offset
        return datetime.fromtimestamp(second, tz=UTC).astimezone(zone_info(zone))

    # Workouts

    def _choose_workout(self, kind: int, since: int) -> _Batch | None:
        history = self.body.history
        workout = history.workout_since(
            since, kind, detailed=kind == _DETAILS and self.manner.next_details
        )
        if workout is None:
            return None
        stream = (
            workout.summary(self.manner.summary_shift_s, self.manner.version)
            if kind == _SUMMARY
            else workout.details()
        )
        if not stream:
            return None
        return _Batch(
            kind=kind,
            amount=len(stream),
            start=self._time(workout.believed_start, workout.zone),
            count=1 if kind == _SUMMARY else len(stream) // 8,
            read=lambda: stream,
            drop=lambda: history.drop_workout(workout, kind),
        )

    # SEND

    def _packet(self) -> int:
        session = self.body.session
        if self.manner.packet is None:
            room = 20 if session is None else session.connection.att_mtu - 4
            return room // _RECORD * _RECORD
        return self.manner.packet

    def _send(self) -> None:
        session = self.body.session
        if self._state is not _State.READY or session is None:
            self._refuse_send()
            return
        if not self.body.subscribed("0005"):
            self.body.wrong("0005", "nobody hears the records: CCCD is off", "protocol-data 4.4")
        trouble = self._trouble
        if trouble.send is not None:
            self._state = _State.IDLE
            self._reply(_SEND, trouble.send)
            return
        self._state = _State.SENDING
        if not trouble.silent_send:
            session.tasks.spawn(self._transfer(session))

    def _refuse_send(self) -> None:
        """Refuse; two clients send after an empty round, and nobody sends without a START."""
        if self._state is not _State.EMPTY:
            self.body.wrong("0004", "SEND without records to send", "protocol-data 4.9")
        if self._state is not _State.SENDING:
            self._state = _State.IDLE
        self._reply(_SEND, _FAILED)

    async def _transfer(self, session: Session) -> None:
        batch = self._batch
        assert batch is not None
        stream = batch.read()
        number = 0
        async for packet in self._packets(session, stream):
            if self._batch is not batch:
                return
            self.body.notify("0005", packet)
            number += 1
            self._sent["packets"] += 1
            self._sent["bytes"] += len(packet) - 1
            if number % _BURST == 0:
                await session.connection.drain()
        if self._trouble.cut_after is not None:
            await session.connection.drain()
            self._hang_up()
            return
        if self._trouble.silent_after is not None:
            return
        self._state = _State.DONE
        self._spoiled |= self._trouble.end != _OK
        if not self._trouble.silent_end:
            self._reply(_SEND, self._trouble.end, self._checksum(stream))

    async def _packets(self, session: Session, stream: bytes) -> AsyncIterator[bytes]:
        """Cut the records into packets, with all that goes wrong."""
        trouble, size = self._trouble, self._packet()
        last = min(
            (one for one in (trouble.cut_after, trouble.silent_after) if one is not None),
            default=None,
        )
        whole = stream + trouble.stray
        self._spoiled |= bool(trouble.stray)
        rounds = repeat(whole) if trouble.endless else (whole,)
        pieces = chain.from_iterable(
            (one[at : at + size] for at in range(0, len(one), size)) for one in rounds
        )
        count = -(-len(whole) // size)

        def hit(numbers: tuple[int, ...]) -> bool:
            return number in numbers or number - count in numbers

        for number, piece in enumerate(pieces):
            if number == last:
                return
            if trouble.packet_s:
                await session.connection.drain()
                await asyncio.sleep(trouble.packet_s)
            wrong, missing = hit(trouble.wrong_counter), hit(trouble.missing)
            counter = (number + wrong) & 0xFF
            self._spoiled |= wrong or missing
            times = (not missing) * (1 + hit(trouble.doubled))
            for _ in range(times):
                yield bytes((counter,)) + piece

    def _checksum(self, stream: bytes) -> bytes:
        if not self.manner.checksum:
            return b""
        wrong = self._trouble.wrong_checksum
        self._spoiled |= wrong
        checksum = zlib.crc32(stream) ^ (0xFFFF if wrong else 0)
        return checksum.to_bytes(4, "little")

    # ACK

    def _acknowledge(self) -> None:
        batch, state = self._batch, self._state
        # A client that was told "busy" closes what it may have left open, whatever that is.
        if state is _State.SENDING and not self._told_busy:
            self.body.wrong("0004", "ACK before the end of the transfer", "protocol-data 4.7")
        if state is _State.DONE and batch is not None:
            if self._spoiled and not self._told_busy:
                self.body.wrong(
                    "0004", "ACK for records that were not received", "protocol-data 4.7"
                )
            self._acknowledged.append(
                {"type": batch.kind, "since": batch.start.isoformat(), "count": batch.count}
            )
            del self._acknowledged[:-_KEPT]
            if self.manner.delete:
                batch.drop()
        self._state, self._batch = _State.IDLE, None
        self._open = self._told_busy = False
        if not self._trouble.silent_acknowledge:
            self._reply(_ACKNOWLEDGE, self._trouble.acknowledge)
        self._trouble = _PLAIN

    @override
    def disconnected(self) -> None:
        self._state, self._batch, self._trouble = _State.IDLE, None, _PLAIN
        self._open = self._told_busy = False

    @override
    def state(self) -> dict[str, Json]:
        return {
            "records": {
                "minutes": len(self.body.history),
                "workouts": self.body.history.held_workouts,
                "fetches": list(self._starts),
                "acknowledged": list(self._acknowledged),
                "sending": self.busy,
                "troubles": len(self._troubles),
                **self._sent,
            }
        }


def _since(value: bytes, own: int) -> datetime | None:
    """Read the time of a START; None when there is no such time.

    Args:
        value: The command.
        own: The band's own zone. Two clients copy the zone byte of the time that they read
            (protocol-data 0.3), and a band that was never told its zone gives them `80`.
    """
    zone = own if value[-1] == ZONE_UNKNOWN else signed(value[-1])
    if value[-2] != 0 or not ZONE_MIN <= zone <= ZONE_MAX:
        return None
    precise = len(value) == 13
    try:
        since = short_time(value[2:9] if precise else value[2:8], zone_info(zone))
    except ValueError:
        return None
    # The long time has the weekday behind its seconds, and no fraction of one.
    return None if precise and value[9:11] != bytes((since.isoweekday(), 0)) else since
