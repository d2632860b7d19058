"""What a player plays, shown on the band's music screen; by chunked transfer of type 3.

One byte of flags, then each field whose flag is set, in this order:

    flag  size  field
    01    4     01 playing or 00 not, 00, position in seconds (16 bits)
    02    n     artist in UTF-8, 00
    04    n     album, 00
    08    n     track, 00
    10    2     duration in seconds
    40    1     volume in percent

Flag 20 tells that nothing plays. A text has at most 80 characters, and an empty one is left out.
The keys of the screen come as events: see `events`. Source: protocol-control.md section 16.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntFlag, unique
import struct
from typing import Final

from .link import Link
from .texts import clean, cut
from .wire import send_chunked

HIGHEST_CHARACTERS: Final = 80
HIGHEST_VOLUME_PERCENT: Final = 100
NOTHING_PLAYS: Final = b"\x60\x00"
"""With a volume of nought, as a working client sends it."""

_MESSAGE_TYPE = 3
_STATE = struct.Struct("<BBH")
_SECONDS = struct.Struct("<H")
_HIGHEST_SECONDS = 0xFFFF
_SECOND = timedelta(seconds=1)
_BYTES_OF_A_CHARACTER = 4


@unique
class _Field(IntFlag):
    STATE = 0x01
    ARTIST = 0x02
    ALBUM = 0x04
    TRACK = 0x08
    DURATION = 0x10
    VOLUME = 0x40


@dataclass(frozen=True, slots=True, kw_only=True)
class Music:
    """What plays, or is paused."""

    playing: bool
    position: timedelta = timedelta()
    artist: str = ""
    album: str = ""
    track: str = ""
    duration: timedelta | None = None


def encode_music(music: Music) -> bytes:
    """Encode what plays, its texts cut to what the band takes.

    Times are told in whole seconds, and as 18 hours at most, which is what there are bits for.
    """
    texts = {
        _Field.ARTIST: music.artist,
        _Field.ALBUM: music.album,
        _Field.TRACK: music.track,
    }
    sent = {field: encoded for field, text in texts.items() if (encoded := _encode_text(text))}
    flags = _Field.STATE
    for field in sent:
        flags |= field
    payload = _STATE.pack(music.playing, 0, _seconds(music.position)) + b"".join(sent.values())
    if music.duration is not None:
        flags |= _Field.DURATION
        payload += _SECONDS.pack(_seconds(music.duration))
    return bytes((flags,)) + payload


def _encode_text(text: str) -> bytes:
    kept = cut(clean(text), HIGHEST_CHARACTERS * _BYTES_OF_A_CHARACTER, HIGHEST_CHARACTERS)
    return kept.encode() + b"\x00" if kept else b""


def _seconds(time: timedelta) -> int:
    return max(0, min(time // _SECOND, _HIGHEST_SECONDS))


def encode_volume(percent: int) -> bytes:
    """Encode the volume alone.

    Raises:
        ValueError: it is not 0 to 100.
    """
    if not 0 <= percent <= HIGHEST_VOLUME_PERCENT:
        raise ValueError("a volume is 0 to 100 percent")
    return bytes((_Field.VOLUME, percent))


async def send_music(link: Link, music: Music | None) -> None:
    """Show what plays; None for nothing.

    Raises:
        LinkLost: the link broke.
    """
    payload = NOTHING_PLAYS if music is None else encode_music(music)
    await send_chunked(link, _MESSAGE_TYPE, payload)


async def send_volume(link: Link, percent: int) -> None:
    """Show how loud it plays.

    Raises:
        LinkLost: the link broke.
        ValueError: it is not 0 to 100.
    """
    await send_chunked(link, _MESSAGE_TYPE, encode_volume(percent))
