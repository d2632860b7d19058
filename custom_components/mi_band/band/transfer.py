"""What comes of one transfer of records: packets put together, and what of them can be trusted.

    offset size  meaning of a packet
    0      1     counter from 0, modulo 256
    1      n     a piece of the records, of any length; only the last packet is shorter

What was announced is an amount of which the unit is not known: samples, bytes or packets. Later
devices end with the CRC-32 of the records.

Source: protocol-data.md sections 4.2, 4.3 and 4.8; section 5 for the kinds.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, unique
from typing import Final, NamedTuple
import zlib

from .errors import RecordsLost

LONGEST_TRANSFER: Final = 4 * 1024 * 1024
"""Bytes: two years of minutes, more than the band has memory for."""

# Bytes, some thirty packets: two losses that leave the same quarter of that are no accident.
_TELLING_SIZE = 512
_TURN = 256
"""After so many packets the counter begins anew."""


@unique
class RecordKind(IntEnum):
    """What can be fetched; section 5."""

    MINUTES = 0x01
    WORKOUT_SUMMARY = 0x05
    WORKOUT_DETAILS = 0x06


_MINUTE_SIZE = 4
_RECORD_SIZES = {RecordKind.MINUTES: _MINUTE_SIZE, RecordKind.WORKOUT_DETAILS: 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The records of one transfer."""

    kind: RecordKind
    start: datetime
    """Of the first record, in the fixed offset that the band had."""
    records: bytes = field(repr=False)
    """Whole records without the packets' counters; empty when there are none from `since` on."""
    complete: bool = True
    """False: the rest was lost twice, or there is but what nobody wants.

    What is here is right nevertheless. It will not be acknowledged.
    """


class Offer(NamedTuple):
    """What the band is about to send."""

    amount: int
    """At least 1; in which unit is not known."""
    start: datetime
    """Of the first record."""


class Transfer:
    """Puts the packets of one transfer together, as far as they follow each other."""

    def __init__(self, kind: RecordKind, offer: Offer, *, before: Transfer | None = None) -> None:
        """Begin to take packets.

        Args:
            kind: of the records.
            offer: what the band announced.
            before: the try before this one, which did not bring everything.
        """
        self.offer = offer
        self.received = 0
        """Bytes that came, whether they were of use or not."""
        self._kind = kind
        self._before = before
        self._records = bytearray()
        self._packets = 0
        self._full = self._room = 0
        """What the first and the latest packet held of the records, in bytes."""
        self._shrunk = False
        self._sure: int | None = None
        """How many bytes came before the first packet that splits a minute; None without one."""
        self._broken = False
        self._ended = False
        self._right: bool | None = None
        """Whether the checksum agrees; None without one."""

    @property
    def expected(self) -> int:
        """Bytes that will come: a guess, for nobody knows the unit of the amount."""
        return max(self._announced, self.received)

    @property
    def _announced(self) -> int:
        unit = _MINUTE_SIZE if self._kind is RecordKind.MINUTES else 1
        return self.offer.amount * unit

    @property
    def records(self) -> bytes:
        """What came before the first gap."""
        return bytes(self._records)

    @property
    def trusted(self) -> bytes:
        """What came before any doubt about the packets themselves.

        One may split a minute, but none is known to. Together with a loss it rather is one that
        something on the way has cut.
        """
        return bytes(self._records[: self._sure])

    def take(self, packet: bytes) -> None:
        """Take the next packet.

        Raises:
            RecordsLost: the band sends more than a band can hold.
        """
        self.received += max(len(packet) - 1, 1)
        if self.received > LONGEST_TRANSFER:
            raise RecordsLost("the band sends records without end")
        room = len(packet) - 1
        # Only the last packet is shorter than the others: one that has a successor lost its end.
        if self._shrunk or room < 1 or packet[0] != self._packets & 0xFF:
            self._broken = True
        if self._broken:
            return
        if self._sure is None and self._kind is RecordKind.MINUTES and room % _MINUTE_SIZE:
            self._sure = len(self._records)
        self._shrunk, self._room = room < self._room, room
        self._full = self._full or room
        self._packets += 1
        self._records += packet[1:]

    def end(self, checksum: int | None) -> None:
        """Take the band's word that this was all."""
        self._ended = True
        if checksum is not None:
            self._right = checksum == zlib.crc32(self._records)

    def is_whole(self, *, counted_in_bytes: bool) -> bool:
        """Tell whether it ended with the right checksum, or without one but with the amount.

        That what follows the end of this band's transfers may be no checksum is [INFERRED].

        Args:
            counted_in_bytes: believe an amount of minutes in bytes. Else it is taken for what came
                by chance of four times as much.
        """
        if self._right:
            return self._is_closed()
        if self._right is not None:
            # What is no checksum of the records is the same no checksum both times.
            return self._repeats() and len(self._records) >= self._announced
        return self.agrees() and (counted_in_bytes or len(self._records) >= self._announced)

    def proves_bytes(self) -> bool:
        """Tell whether it shows, maybe with the try before, that the band counts minutes in bytes.

        One that lost three quarters looks like that, too; but hardly twice, unless it was so short
        that this is an accident. And none of them ends with a packet that is shorter than those
        before, for there are more to come behind it.
        """
        if self._shrunk:
            return self.agrees() and self.offer.amount == len(self._records)
        return self._repeats() and len(self._records) >= _TELLING_SIZE

    def _repeats(self) -> bool:
        """Tell whether it is what the try before was, and both as much as was announced."""
        before = self._before
        return (
            before is not None
            and self.agrees()
            and before.agrees()
            and self._records == before.records
        )

    def agrees(self) -> bool:
        """Tell whether it ended with the amount in samples, bytes or packets, whichever it is."""
        length = len(self._records)
        records, rest = divmod(length, _RECORD_SIZES.get(self._kind) or max(length, 1))
        counts = {records, length, self._packets}
        return self._is_closed() and not rest and self.offer.amount in counts

    def _is_closed(self) -> bool:
        """Tell whether it ended without a gap that shows."""
        return self._ended and not self._broken

    @property
    def head(self) -> bytes:
        """Whole records that are right although neither this try nor the one before is whole.

        A gap shows where it is, unless it is one of 256 packets or lies at the end, and what is
        left of an older transfer may stand in front of it. So right is what both have in common.
        """
        before = self._before
        size = _RECORD_SIZES.get(self._kind)
        if size is None:
            # The only record, of which a half is of no use. Whatever its amount may count, nobody
            # loses the same twice.
            if before is None or before.offer != self.offer or self._broken:
                return b""
            return self.records if before.records == self.records else b""
        found = b"" if self._is_closed() and self._may_hide_a_gap() else self.trusted
        amount = self.offer.amount
        if before is not None and before.offer.start == self.offer.start:
            found = _common(self.trusted, before.trusted)
            amount = min(amount, before.offer.amount)
        # In whichever unit it is, there are at most as many records as the amount.
        return found[: min(len(found) // size, amount) * size]

    def _may_hide_a_gap(self) -> bool:
        """Tell whether what the amount says is missing may be missing in the middle.

        A gap of 256 packets leaves the counters as they are.
        """
        turn = _TURN * max(self._full, 1)
        missing = self._announced - len(self._records)
        return self._right is False or (missing > 0 and missing % turn == 0)


def _common(one: bytes, other: bytes) -> bytes:
    # By halves: to compare byte by byte would stop everything else for a while.
    ends = range(1, min(len(one), len(other)) + 1)
    alike = bisect_left(ends, True, key=lambda end: one[:end] != other[:end])  # noqa: FBT003  a key
    return one[:alike]
