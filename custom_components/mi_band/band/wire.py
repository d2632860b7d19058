"""What several capabilities share on the wire: band time, zone byte, reply envelope, chunking.

Band time, little endian (protocol-data.md section 0.3):

    offset size  meaning
    0      2     year
    2      1     month, 1 to 12
    3      1     day, 1 to 31
    4      1     hour, 0 to 23
    5      1     minute
    6      1     second

Zone byte: signed quarter hours from UTC with daylight saving included; 0x80 is unknown.

Reply envelope (protocol-control.md section 4.1): 0x10, echo of the command, status, data.

Chunked transfer to the band (protocol-control.md section 4.3), each packet:

    offset size  meaning
    0      1     0x00
    1      1     flags in the high nibble, message type in the low one
    2      1     sequence from 0, modulo 256
    3      n     data, at most MTU - 6 bytes

Its acknowledgement (section 4.4): 10 00, echo of flags and type, 01 01 00 00.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
import logging
import struct
from typing import Final

from .errors import CommandRefused
from .link import Link, Packet
from .uuids import Characteristic

_LOGGER = logging.getLogger(__name__)

KEY_SIZE: Final = 16
LOWEST_MTU: Final = 23
EARLIEST_ZONE: Final = 56
LATEST_ZONE: Final = -48
"""Quarter hours from UTC; no place keeps a clock outside of them."""
LOWEST_BPM: Final = 10
HIGHEST_BPM: Final = 250
"""A heart rate outside of them, notified or stored, is none (protocol-data.md section 2.1)."""
ACKNOWLEDGEMENT_TIMEOUT: Final = timedelta(seconds=2)
"""How long a confirmation is waited for before going on without it. [INFERRED] section 4.6."""

_TIME = struct.Struct("<H5B")
_ATT_AND_CHUNK_HEADER = 6
_QUARTER_HOUR = timedelta(minutes=15)
_HIGHEST_TYPE = 0x0F
_SUCCESS = 0x01
_FIRST, _MIDDLE, _LAST, _ONLY = 0x00, 0x40, 0x80, 0xC0


def encode_wall_clock(moment: datetime) -> bytes:
    """Encode the seven bytes of band time, as the clock on the wall of `moment`'s zone shows."""
    return _TIME.pack(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second
    )


def decode_wall_clock(value: bytes, zone: timezone) -> datetime:
    """Decode seven bytes of band time in a zone.

    Raises:
        ValueError: no such date or time, a year in which no band was worn, or not seven bytes.
    """
    try:
        year, month, day, hour, minute, second = _TIME.unpack(value)
    except struct.error as err:
        raise ValueError("band time has seven bytes") from err
    if not MINYEAR < year < MAXYEAR:
        # Told in another zone, its first or last hours would be in a year that does not exist.
        raise ValueError("that year has no other zones")
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def encode_zone(moment: datetime) -> int:
    """Encode the offset of an aware moment, daylight saving included, as -48 to 56 quarter hours.

    Offsets off the quarter-hour grid, which no present zone has, are rounded down.

    Raises:
        ValueError: the moment is naive.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("an aware moment is needed")
    return offset // _QUARTER_HOUR


def decode_zone(quarter_hours: int) -> timezone | None:
    """Decode a zone byte read as signed; None when the band does not know its zone.

    It then says -128. Other values that no place on earth has are taken for the same.
    """
    if not LATEST_ZONE <= quarter_hours <= EARLIEST_ZONE:
        return None
    offset = quarter_hours * _QUARTER_HOUR
    return UTC if not offset else timezone(offset)


def decode_status(packet: bytes, command: bytes) -> int | None:
    """Return the status of a reply to `command`, or None when it replies to something else."""
    head = b"\x10" + command
    if len(packet) <= len(head) or not packet.startswith(head):
        return None
    return packet[len(head)]


async def first[T](
    packets: AsyncIterator[Packet], decode: Callable[[bytes], T | None], within: timedelta
) -> T:
    """Wait for the first notification that `decode` makes something of, and return that.

    Raises:
        TimeoutError: none came in time.
    """
    async with asyncio.timeout(within.total_seconds()):
        async for packet in packets:
            if (decoded := decode(packet.value)) is not None:
                return decoded
    raise TimeoutError


async def reply_to(
    packets: AsyncIterator[Packet], command: bytes, *, words: str, within: timedelta
) -> bytes:
    """Wait for the band's reply to `command` and return its data behind the status.

    Notifications that answer something else are passed over.

    Raises:
        TimeoutError: the band did not reply.
        CommandRefused: it replied with a status other than success.
    """

    def decode(packet: bytes) -> bytes | None:
        status = decode_status(packet, command)
        if status is not None and status != _SUCCESS:
            raise CommandRefused(words, status)
        return None if status is None else packet[len(command) + 2 :]

    return await first(packets, decode, within)


async def write_configuration(link: Link, command: bytes, *, echoed: int, words: str) -> None:
    """Write a command to the configuration characteristic and wait for its reply.

    Args:
        link: the band.
        command: the whole command.
        echoed: how many of its bytes the reply repeats: three for the 06 family, else one.
        words: what the command does, for the error.

    Raises:
        CommandRefused: the band replied with another status than success.
        LinkLost: the link broke.
    """
    async with link.notifications(Characteristic.CONFIGURATION) as replies:
        await link.write(Characteristic.CONFIGURATION, command)
        try:
            await reply_to(replies, command[:echoed], words=words, within=ACKNOWLEDGEMENT_TIMEOUT)
        except TimeoutError:
            # A working client never waits for these replies at all, so silence is no failure.
            _LOGGER.debug("no reply to %s", words)


def encode_chunks(message_type: int, payload: bytes, mtu: int) -> tuple[bytes, ...]:
    """Cut a message into the packets of a chunked transfer.

    Args:
        message_type: 0 to 15.
        payload: at least one byte.
        mtu: the ATT MTU in force, at least 23.

    Raises:
        ValueError: one of them is out of its range.
    """
    if not 0 <= message_type <= _HIGHEST_TYPE or not payload or mtu < LOWEST_MTU:
        raise ValueError("a type of one nibble, a payload and an MTU of 23 or more are needed")
    room = mtu - _ATT_AND_CHUNK_HEADER
    pieces = [payload[start : start + room] for start in range(0, len(payload), room)]
    last = len(pieces) - 1
    return tuple(
        bytes((0x00, _chunk_flags(index, last) | message_type, index & 0xFF)) + piece
        for index, piece in enumerate(pieces)
    )


def _chunk_flags(index: int, last: int) -> int:
    match index == 0, index == last:
        case True, True:
            return _ONLY
        case True, False:
            return _FIRST
        case False, True:
            return _LAST
        case _:
            return _MIDDLE


async def send_chunked(link: Link, message_type: int, payload: bytes) -> bool:
    """Send one message by chunked transfer and wait for its acknowledgement.

    Which byte of the acknowledgement is the status is not known (protocol-control.md section 4.4),
    so its coming is taken as success, and its absence is no failure. [INFERRED]

    Returns:
        Whether the acknowledgement came.

    Raises:
        LinkLost: the link broke.
    """
    packets = encode_chunks(message_type, payload, link.mtu)
    acknowledgement = b"\x10\x00" + packets[-1][1:2]
    async with AsyncExitStack() as stack:
        try:
            subscription = link.notifications(Characteristic.CHUNKED_TRANSFER)
            replies = await stack.enter_async_context(subscription)
        except CommandRefused as err:
            # A working client does not listen at all.
            _LOGGER.debug("no acknowledgement of a message can be heard: %s", err)
            await link.write(Characteristic.CHUNKED_TRANSFER, *packets)
            return False
        await link.write(Characteristic.CHUNKED_TRANSFER, *packets)
        try:
            await first(
                replies,
                lambda packet: packet.startswith(acknowledgement) or None,
                ACKNOWLEDGEMENT_TIMEOUT,
            )
        except TimeoutError:
            _LOGGER.debug("no acknowledgement of a message of type %d", message_type)
            return False
    return True
