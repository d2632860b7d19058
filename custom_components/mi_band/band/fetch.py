"""The transfer of stored records: asked for, sent in packets, acknowledged once they are safe.

Commands on the control characteristic: START `01`, kind, since; SEND `02`; acknowledge `03`.

Since, eight bytes: the band time of protocol-data.md section 0.3 without its seconds, 00, zone.

Reply to START, 15 bytes, or 16 on later devices; what follows further plays no part [INFERRED]:

    offset size  meaning
    0      3     10 01 01; 10 01 02 is busy, any other status is failed
    3      4     amount, 0 when there is nothing. In samples, bytes or packets: not known
    7      7     band time of the first record
    14     1     zone of that time

A shorter reply of success means that there is nothing. [INFERRED]

Packet on the data characteristic: a counter from 0, modulo 256, then a piece of the records of any
length. After the last comes `10 02 01` on the control characteristic, followed on later devices by
the CRC-32 of the records. What follows in another length is none. [INFERRED]

There is no way to ask for one packet again, and none to make the band stop. What reading deletes is
not known; the acknowledgement may delete what was read, so it is only written when the caller has
it safe.

Source: protocol-data.md section 4; section 5 for the kinds.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone, tzinfo
import logging
import struct
from typing import Final
from weakref import WeakSet

from .errors import (
    BandBusy,
    BandSilent,
    FetchRefused,
    LinkLost,
    MalformedPacket,
    RecordsLost,
)
from .link import Link, Packet
from .transfer import Batch, Offer, RecordKind, Transfer
from .uuids import Characteristic
from .wire import decode_status, decode_wall_clock, decode_zone, encode_wall_clock, encode_zone

__all__ = [
    "Batch",
    "Offer",
    "RecordKind",
    "decode_end",
    "decode_offer",
    "encode_start",
    "fetch",
]

_LOGGER = logging.getLogger(__name__)

REPLY_TIMEOUT: Final = timedelta(seconds=10)
"""The band may write its memory first. This and the next four: [INFERRED] section 4.8."""
SILENCE_TIMEOUT: Final = timedelta(seconds=10)
"""How long the next packet may take."""
ACKNOWLEDGEMENT_TIMEOUT: Final = timedelta(seconds=5)
ROUND_TIMEOUT: Final = timedelta(minutes=5)
BUSY_PAUSE: Final = timedelta(seconds=1)
QUIET: Final = timedelta(seconds=2)
"""After so long without a packet, a transfer that was given up is over. [INFERRED]"""
FIRST_DETAIL: Final = timedelta(minutes=2)
"""From the minute in which a workout began, it has its first detail within so long, whose time may
be that of the offer. [INFERRED]"""
STARTS: Final = 4
"""How often a transfer is asked for, when the band is busy."""

_START: Final = b"\x01"
_SEND: Final = b"\x02"
_ACKNOWLEDGE: Final = b"\x03"
_SUCCESS = 0x01
_OFFER = struct.Struct("<3xI7sb")
_CHECKED_END = struct.Struct("<3xI")
_ZONE_UNKNOWN = -128
# Records hold their times as unsigned seconds of Unix time, which end in 2106.
_YEARS = range(1971, 2106)
_WORDS = {
    RecordKind.MINUTES: "its stored minutes",
    RecordKind.WORKOUT_SUMMARY: "its stored workouts",
    RecordKind.WORKOUT_DETAILS: "the details of a workout",
}

_unacknowledged: WeakSet[Link] = WeakSet()
"""Links on which records were sent that nobody has acknowledged.

A band that then says it is busy wants its acknowledgement, or a new link. It would take the former
for the records that were lost here, and may forget them; so it gets the latter.
"""
_counting_bytes: WeakSet[Link] = WeakSet()
"""Links with bands that were found to announce minutes in bytes."""


def encode_start(kind: RecordKind, since: datetime) -> bytes:
    """Encode the question for the records of a kind from a minute on.

    Raises:
        ValueError: `since` is naive.
    """
    zone = encode_zone(since)
    # An offset off the grid is rounded in the zone byte; the wall clock has to agree with it.
    wall = since.astimezone(timezone(timedelta(minutes=15) * zone))
    return _START + bytes((kind,)) + encode_wall_clock(wall)[:6] + bytes((0x00, zone & 0xFF))


def decode_offer(packet: bytes, place: tzinfo) -> Offer | None:
    """Decode the successful reply to START; None when there is nothing.

    Args:
        packet: the reply.
        place: where the band is, if it does not know its zone.

    Raises:
        MalformedPacket: it has another layout, or a time that does not exist.
    """
    if decode_status(packet, _START) != _SUCCESS:
        raise MalformedPacket(Characteristic.FETCH_CONTROL, packet)
    if len(packet) < _OFFER.size:
        return None
    amount, wall_clock, quarter_hours = _OFFER.unpack_from(packet)
    if not amount:
        return None
    zone = place if quarter_hours == _ZONE_UNKNOWN else decode_zone(quarter_hours)
    try:
        start = decode_wall_clock(wall_clock, UTC)
    except ValueError as err:
        raise MalformedPacket(Characteristic.FETCH_CONTROL, packet) from err
    if zone is None or start.year not in _YEARS:
        raise MalformedPacket(Characteristic.FETCH_CONTROL, packet)
    return Offer(amount, _on_wall(start, zone))


def _on_wall(shown: datetime, place: tzinfo) -> datetime:
    """Return when the clocks of a place show this, in the fixed offset that they have then."""
    return shown.replace(tzinfo=timezone(shown.replace(tzinfo=place).utcoffset() or timedelta()))


def decode_end(packet: bytes) -> int | None:
    """Decode the reply after the last packet: the CRC-32 of the records, None without one.

    Raises:
        MalformedPacket: it is no successful reply to SEND.
    """
    if decode_status(packet, _SEND) != _SUCCESS:
        raise MalformedPacket(Characteristic.FETCH_CONTROL, packet)
    if len(packet) != _CHECKED_END.size:
        return None
    checksum: int
    (checksum,) = _CHECKED_END.unpack(packet)
    return checksum


@asynccontextmanager
async def fetch(
    link: Link,
    kind: RecordKind,
    since: datetime,
    *,
    keep: bool = False,
    unwanted: Container[datetime] = (),
    received: Callable[[int, int], None] | None = None,
) -> AsyncGenerator[Batch]:
    """Fetch one batch: the band gives out a part of what it has, from a minute on.

    Leaving the block acknowledges the batch, unless it is incomplete; leaving it by an exception
    does not. A round without records is always acknowledged, for that closes it.

    Args:
        link: the band.
        kind: what to fetch.
        since: aware, its seconds do not count; for details the start of the workout.
        keep: do not acknowledge, for that may delete the records on the band.
        unwanted: what begins then is not sent; the batch is empty and incomplete, and begins then.
        received: called with the bytes that have come and those expected, a guess, as they come.

    Raises:
        BandBusy: the band is still at an earlier transfer, or silent; a new link ends that.
        FetchRefused: it answered with another status than success.
        LinkLost: the link broke.
        MalformedPacket: a reply breaks the layout.
        RecordsLost: records were lost twice, and what came before them is of no use alone.
    """
    async with link.notifications(
        Characteristic.FETCH_CONTROL, Characteristic.FETCH_DATA
    ) as packets:
        exchange = _Exchange(link, packets, kind, since)
        batch = await exchange.collect(unwanted, received or (lambda _done, _expected: None))
        yield batch
        if batch.complete and not (keep and batch.records):
            await exchange.acknowledge()


class _Exchange:
    """What is said on the control characteristic in one round, and what is sent in answer."""

    def __init__(
        self, link: Link, packets: AsyncIterator[Packet], kind: RecordKind, since: datetime
    ) -> None:
        self._link = link
        self._packets = packets
        self._kind = kind
        self._since = since
        self._start = encode_start(kind, since)
        self._ends = asyncio.get_running_loop().time() + ROUND_TIMEOUT.total_seconds()
        self._disturbed = False
        """Whether records came while a reply was waited for."""

    async def collect(
        self, unwanted: Container[datetime], received: Callable[[int, int], None]
    ) -> Batch:
        """Ask for the records, and a second time if they did not come whole."""
        transfer: Transfer | None = None
        for again in (False, True):
            if again and self._is_over():
                break
            offer = await self._ask(again=again)
            if offer is None:
                break
            if not self._is_asked_for(offer) or offer.start in unwanted:
                return Batch(kind=self._kind, start=offer.start, records=b"", complete=False)
            transfer = Transfer(self._kind, offer, before=transfer)
            await self._receive(transfer, received)
            if self._is_whole(transfer):
                return Batch(kind=self._kind, start=offer.start, records=transfer.records)
            _LOGGER.debug("of %d announced %d bytes came", offer.amount, transfer.received)
        if transfer is None:
            return Batch(kind=self._kind, start=self._since, records=b"")
        if not transfer.head:
            raise RecordsLost("records were lost twice")
        return Batch(
            kind=self._kind, start=transfer.offer.start, records=transfer.head, complete=False
        )

    def _is_whole(self, transfer: Transfer) -> bool:
        if transfer.proves_bytes():
            _counting_bytes.add(self._link)
        return transfer.is_whole(counted_in_bytes=self._link in _counting_bytes)

    def _is_asked_for(self, offer: Offer) -> bool:
        """Tell whether details on offer are those of the workout, or of a later one.

        The latter come, if ever, when this workout has none. [INFERRED]
        """
        if self._kind is not RecordKind.WORKOUT_DETAILS:
            return True
        since = self._since.replace(second=0, microsecond=0)
        return since <= offer.start < since + FIRST_DETAIL

    def _is_over(self) -> bool:
        return asyncio.get_running_loop().time() >= self._ends

    async def _ask(self, *, again: bool) -> Offer | None:
        """Make the band ready to send; None when it has nothing, or not a second time."""
        for _ in range(STARTS):
            await self._link.write(Characteristic.FETCH_CONTROL, self._start)
            reply = await self._reply(_START, REPLY_TIMEOUT)
            if self._disturbed:
                # The rest of a transfer that was given up here must not get into this one.
                await self._wait_for_quiet()
                continue
            if reply is None:
                raise BandSilent(f"the band does not answer when asked for {_WORDS[self._kind]}")
            match decode_status(reply, _START):
                case 0x01:
                    return decode_offer(reply, self._since.tzinfo or UTC)
                case 0x02 if self._link in _unacknowledged:
                    break
                case 0x02:
                    await asyncio.sleep(BUSY_PAUSE.total_seconds())
                    await self.acknowledge()
                case status:
                    raise FetchRefused(_WORDS[self._kind], status or 0)
        if again:
            return None
        raise BandBusy("the band is still at an earlier transfer")

    async def _reply(self, command: bytes, within: timedelta) -> bytes | None:
        """Return the reply to a command; None if the band gives none."""
        self._disturbed = False
        try:
            async with asyncio.timeout(within.total_seconds()):
                return await self._next_reply(command)
        except TimeoutError:
            return None

    async def _next_reply(self, command: bytes) -> bytes:
        async for characteristic, value in self._packets:
            if characteristic is Characteristic.FETCH_DATA:
                self._disturbed = True
            elif decode_status(value, command) is not None:
                return value
        raise LinkLost("the link broke")

    async def _wait_for_quiet(self) -> None:
        """Wait until a transfer that nobody wants has ended."""
        while self._disturbed and not self._is_over():
            if await self._reply(_SEND, QUIET):
                return

    async def _receive(self, transfer: Transfer, received: Callable[[int, int], None]) -> None:
        """Let the band send, until it says that it has, is silent or takes too long."""
        _unacknowledged.add(self._link)
        await self._link.write(Characteristic.FETCH_CONTROL, _SEND)
        try:
            async with asyncio.timeout(SILENCE_TIMEOUT.total_seconds()) as limit:
                await self._take_all(transfer, received, limit)
        except TimeoutError:
            _LOGGER.debug("the band fell silent in the middle of %s", _WORDS[self._kind])

    async def _take_all(
        self, transfer: Transfer, received: Callable[[int, int], None], limit: asyncio.Timeout
    ) -> None:
        loop = asyncio.get_running_loop()
        silence = SILENCE_TIMEOUT.total_seconds()
        renewed = 0.0
        async for characteristic, value in self._packets:
            if characteristic is Characteristic.FETCH_DATA:
                transfer.take(value)
                received(transfer.received, transfer.expected)
                # Anything else that arrives does not make the band less silent. A new timer for
                # each of thousands of packets a second would cost more than the packet.
                now = loop.time()
                if now - renewed > silence / 16:
                    renewed = now
                    limit.reschedule(min(now + silence, self._ends))
                continue
            status = decode_status(value, _SEND)
            if status == _SUCCESS:
                transfer.end(decode_end(value))
                return
            if status is not None:
                raise FetchRefused(_WORDS[self._kind], status)

    async def acknowledge(self) -> None:
        """Tell the band that its records are safe, or that there were none.

        What it answers, and whether, makes no difference.

        Raises:
            LinkLost: the link broke.
        """
        await self._link.write(Characteristic.FETCH_CONTROL, _ACKNOWLEDGE)
        _unacknowledged.discard(self._link)
        await self._reply(_ACKNOWLEDGE, ACKNOWLEDGEMENT_TIMEOUT)
