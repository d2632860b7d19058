"""The transfer of a file into the band: firmware, resources, a font or a watch face.

    written to control (with response)      notified          within
    01, type, u32 size, u32 CRC-32          10 01 01 [+ 8]    20 s
    03 01, then the file to the data characteristic in packets of MTU - 3 bytes
    00 after the 101st packet, every 100th from there on, and the last
                                            10 03 01          30 s
    04                                      10 04 01          60 s
    05, only after a firmware               10 05 01          5 s, then the band restarts

A status other than 01, an answer to something else or none ends the transfer. What 02, 22 and 47
mean is known of later bands, and [INFERRED] for this one. A transfer cannot be resumed, and the
band is told to restart only after it has said that the whole file is right: until then it goes on
with what it had. How long the band takes at most is [INFERRED].
Source: protocol-data.md sections 9.2 to 9.5; binding-and-firmware.md section 7.5 for the packets.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
import struct
from typing import Final

from .errors import (
    CommandRefused,
    LinkLost,
    MalformedPacket,
    UploadBatteryLow,
    UploadBusy,
    UploadInterrupted,
    UploadNoSpace,
    UploadNotVerified,
    UploadRefused,
)
from .files import BandFile, FileKind
from .link import Link, Packet
from .uuids import Characteristic
from .wire import first

INIT_TIMEOUT: Final = timedelta(seconds=20)
RECEIVED_TIMEOUT: Final = timedelta(seconds=30)
VERIFIED_TIMEOUT: Final = timedelta(seconds=60)
RESTART_TIMEOUT: Final = timedelta(seconds=5)

type Progress = Callable[[int, int], None]
"""Called with the bytes that were sent and those of the file, at each sync."""

_INIT = struct.Struct("<BBII")
_INIT_COMMAND, _START_COMMAND, _FINISH_COMMAND, _RESTART_COMMAND = 0x01, 0x03, 0x04, 0x05
_START = b"\x03\x01"
_SYNC = b"\x00"
_FINISH = b"\x04"
_RESTART = b"\x05"
_PACKETS_PER_SYNC = 100
_ATT_HEAD = 3
_SMALLEST_MTU = 23
_REPLY = 0x10
_SUCCESS = 0x01
_REPLY_SIZES = {3, 11}
_REPLY_HEAD = struct.Struct("<BBB")
_REFUSALS = {0x02: UploadBusy, 0x22: UploadBatteryLow, 0x47: UploadNoSpace}
_WORDS = {
    _INIT_COMMAND: "the beginning of a transfer",
    _START_COMMAND: "the bytes of a file",
    _FINISH_COMMAND: "the checksum of a file",
    _RESTART_COMMAND: "the restart into a new firmware",
}


def encode_init(kind: FileKind, size: int, checksum: int) -> bytes:
    """Encode the announcement of a file."""
    return _INIT.pack(_INIT_COMMAND, kind, size, checksum)


def decode_reply(packet: bytes) -> tuple[int, int]:
    """Decode a reply: the command and the status.

    Raises:
        MalformedPacket: it is no reply of 3 or 11 bytes.
    """
    if len(packet) not in _REPLY_SIZES:
        raise MalformedPacket(Characteristic.FIRMWARE, packet)
    mark, command, status = _REPLY_HEAD.unpack_from(packet)
    if mark != _REPLY:
        raise MalformedPacket(Characteristic.FIRMWARE, packet)
    return command, status


@asynccontextmanager
async def upload(
    link: Link,
    file: BandFile,
    *,
    progress: Progress = lambda _sent, _size: None,
    small_packets: bool = False,
) -> AsyncGenerator[None]:
    """Bring a file into the band, with the link for this alone; the block runs when it is there.

    After a firmware the block runs while the band restarts, mostly before it hangs up. Leaving it
    waits until the band has done so, or should have. Whether a firmware runs then only its version
    tells.

    Args:
        link: to the band.
        file: what to bring.
        progress: told how far it is.
        small_packets: send packets that fit every link, for some adapters lose larger ones.

    Raises:
        MalformedPacket: a reply breaks the layout.
        UploadInterrupted: the link broke, or the band did not answer in time.
        UploadRefused: the band answered no, or something that it was not asked for.
    """
    restarts = file.kind is FileKind.FIRMWARE
    try:
        async with link.notifications(Characteristic.FIRMWARE) as replies, link.alone() as alone:
            room = (_SMALLEST_MTU if small_packets else alone.mtu) - _ATT_HEAD
            await _transfer(alone, replies, file, room=room, progress=progress)
            if restarts:
                await _restart(alone, replies)
            yield
            if restarts:
                await _until_gone(replies)
    except UploadRefused:
        raise
    except CommandRefused as err:
        raise UploadRefused(err.command, err.status) from err
    except LinkLost as err:
        raise UploadInterrupted("the link broke while a file was on its way") from err
    except TimeoutError as err:
        raise UploadInterrupted("the band fell silent while a file was on its way") from err


async def _transfer(
    link: Link, replies: AsyncIterator[Packet], file: BandFile, *, room: int, progress: Progress
) -> None:
    size = len(file.content)
    await link.write(Characteristic.FIRMWARE, encode_init(file.kind, size, file.checksum))
    await _expect(replies, _INIT_COMMAND, INIT_TIMEOUT)
    await link.write(Characteristic.FIRMWARE, _START)
    progress(0, size)
    await _send(link, replies, file.content, room=room, progress=progress)
    await _expect(replies, _START_COMMAND, RECEIVED_TIMEOUT)
    await link.write(Characteristic.FIRMWARE, _FINISH)
    await _expect(replies, _FINISH_COMMAND, VERIFIED_TIMEOUT)


async def _send(
    link: Link, replies: AsyncIterator[Packet], content: bytes, *, room: int, progress: Progress
) -> None:
    """Send all bytes, and after some packets wait for the band to have them."""
    # The packet after which the first SYNC comes is the one with the number 100, counted from 0.
    ends = [0, *range((_PACKETS_PER_SYNC + 1) * room, len(content), _PACKETS_PER_SYNC * room)]
    for start, end in zip(ends, [*ends[1:], len(content)], strict=True):
        packets = (content[at : min(at + room, end)] for at in range(start, end, room))
        await link.write(Characteristic.FIRMWARE_DATA, *packets)
        await link.write(Characteristic.FIRMWARE, _SYNC)
        progress(end, len(content))
        if end < len(content):
            # Whatever the band says in between is no success.
            with suppress(TimeoutError):
                await _expect(replies, None, timedelta())


async def _restart(link: Link, replies: AsyncIterator[Packet]) -> None:
    # One that says something else, or nothing, may restart all the same. Its version will tell.
    with suppress(LinkLost, MalformedPacket, TimeoutError):
        await link.write(Characteristic.FIRMWARE, _RESTART)
        answered, status = await first(replies, decode_reply, RESTART_TIMEOUT)
        if answered == _RESTART_COMMAND and status != _SUCCESS:
            raise _refusal(answered, status)


async def _until_gone(replies: AsyncIterator[Packet]) -> None:
    with suppress(LinkLost, TimeoutError):
        await first(replies, _no_more, RESTART_TIMEOUT)


async def _expect(replies: AsyncIterator[Packet], command: int | None, within: timedelta) -> None:
    """Take the next reply, which must be a success, and of this command."""
    answered, status = await first(replies, decode_reply, within)
    if status != _SUCCESS or answered != command:
        raise _refusal(answered, status)


def _refusal(command: int, status: int) -> UploadRefused:
    kind = _REFUSALS.get(status)
    if kind is None:
        wrong = command == _FINISH_COMMAND and status != _SUCCESS
        kind = UploadNotVerified if wrong else UploadRefused
    return kind(_WORDS.get(command, "a file"), status)


def _no_more(_: bytes) -> None:
    """Wait on, whatever comes."""
