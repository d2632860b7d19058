"""What a file for the band is: told by its content, never by its name.

    kind                   transfer type  at              bytes
    firmware               00             16              31 00*9 9c e3 7d 5c 00 04, and somewhere
                                                          at a multiple of four the model's name
    font                   01             0 and 10        "NEZK", and 03 or 06
    resources, unpacked    02             0               "HMRES"
    watch face             08             0 and 16        "HMDIAL", and the mark of the model
    resources, compressed  82             9, or 13 and 9  "HMRES", or "NERES"

A known file tells its version by its CRC-16, any other inside: a firmware in the eight characters
after "V%d.%d.%d.%d" 00 00 00 00, at a multiple of four; resources and fonts in one byte.
Nothing inside of a firmware tells how long it must be, nor for which variant of the model it is
[INFERRED]; the band itself refuses one whose signature is wrong. Of a watch face everything that it
says is in it has to be in it; what of it can be drawn plays no part.
Source: protocol-data.md sections 9.6 to 9.8, binding-and-firmware.md section 7.4.
"""

import binascii
from dataclasses import dataclass, field
from enum import IntEnum, unique
import re
from typing import Final
import zlib

from .dial import MARK, decode_dial
from .errors import FileEmpty, FileOfAnotherModel, FileRefused, FileTooLarge, FileTruncated

LARGEST_FILE: Final = 4 * 1024 * 1024
SMALLEST_FILE: Final = 64
"""The heads of all kinds fit into this, and something to put on the band does not. [INFERRED]"""


@unique
class FileKind(IntEnum):
    """What a file changes on the band; the value announces its transfer."""

    FIRMWARE = 0x00
    FONT = 0x01
    RESOURCES = 0x02
    WATCHFACE = 0x08
    PACKED_RESOURCES = 0x82


@dataclass(frozen=True, slots=True, kw_only=True)
class BandFile:
    """A file that the band takes."""

    kind: FileKind
    version: str | None
    """Such as 1.0.9.66, or a number; a watch face has none."""
    checksum: int
    """CRC-32 of all of it."""
    content: bytes = field(repr=False)
    name: str | None = None
    """What it is called, for people; nothing is told by it."""


_FIRMWARE_MARK = bytes.fromhex("31000000000000000000 9ce37d5c0004")
_FIRMWARE_MARK_AT = 16
_MODEL = b"Mi Smart Band 4\x00"
_VERSION_MARK = b"V%d.%d.%d.%d\x00\x00\x00\x00"
_VERSION_LENGTH = 8
_VERSION = re.compile(rb"(\d+\.\d+\.\d+\.\d+)\x00*")
_OLDER_FIRMWARE = bytes.fromhex("a368043b02dbc858d050fae70c34f3e7")
_OLDER_FIRMWARE_AT = 0x150
_LATER_CONTAINER = b"UIHH"
_OLDER_FONT = b"HMZK"
_ARCHIVE = b"PK\x03\x04"

_PIECE = 64 * 1024

# 22570 belongs to 1.0.9.48 and to 1.0.9.58: these tell it inside.
_FIRMWARES = {
    8969: "1.0.5.22",
    43437: "1.0.5.66",
    31632: "1.0.6.00",
    6856: "1.0.7.14",
    50145: "1.0.7.60",
}
_RESOURCES = {
    27412: "1.0.5.22",
    5466: "1.0.5.66",
    20047: "1.0.6.00",
    62914: "1.0.7.14",
    17303: "1.0.7.60",
    57922: "1.0.9.58",
}
_FONTS = {31978: "1"}


def checksum_16(content: bytes) -> int:
    """Return the CRC-16 by which known files are told: CCITT-FALSE."""
    checksum = 0xFFFF
    for start in range(0, len(content), _PIECE):
        # While this counts, no other thread of the process has a turn: so not all of it at once.
        checksum = binascii.crc_hqx(content[start : start + _PIECE], checksum)
    return checksum


def recognise(content: bytes) -> BandFile:
    """Tell what a file is.

    Raises:
        FileEmpty: there is nothing in it.
        FileTooLarge: it is larger than anything that a band takes.
        FileOfAnotherModel: it is for another band or watch.
        FileTruncated: it ends before what it says is in it.
        FileRefused: it is nothing that a band takes.
    """
    if not content:
        raise FileEmpty
    if len(content) > LARGEST_FILE:
        raise FileTooLarge(len(content), LARGEST_FILE)
    kind = _kind_of(content)
    if len(content) < SMALLEST_FILE:
        raise FileTruncated
    return BandFile(
        kind=kind,
        version=_version_of(kind, content),
        checksum=zlib.crc32(content),
        content=content,
    )


def _kind_of(content: bytes) -> FileKind:
    if content[9:14] in {b"HMRES", b"NERES"} or content[13:18] == b"NERES":
        return FileKind.PACKED_RESOURCES
    if content.startswith(_FIRMWARE_MARK, _FIRMWARE_MARK_AT):
        if _find_aligned(content, _MODEL) is None:
            raise FileOfAnotherModel
        return FileKind.FIRMWARE
    if content.startswith(MARK):
        # All that it says is in it has to be in it.
        decode_dial(content)
        return FileKind.WATCHFACE
    if content.startswith(b"NEZK") and content[10:11] in {b"\x03", b"\x06"}:
        return FileKind.FONT
    if content.startswith(b"HMRES"):
        return FileKind.RESOURCES
    raise _refusal(content)


def _refusal(content: bytes) -> FileRefused:
    older = content.startswith(_OLDER_FIRMWARE, _OLDER_FIRMWARE_AT)
    if older or content.startswith((_OLDER_FONT, _LATER_CONTAINER)):
        return FileOfAnotherModel()
    if content.startswith(_ARCHIVE):
        return FileRefused("an archive; what is in it is needed")
    return FileRefused("nothing that a Mi Smart Band 4 takes")


def _version_of(kind: FileKind, content: bytes) -> str | None:
    match kind:
        case FileKind.FIRMWARE:
            return _FIRMWARES.get(checksum_16(content)) or _firmware_version(content)
        case FileKind.PACKED_RESOURCES:
            place = 14 if content[11:14] == b"RES" else 18
            return _RESOURCES.get(checksum_16(content)) or str(content[place])
        case FileKind.RESOURCES:
            return _RESOURCES.get(checksum_16(content)) or str(content[5])
        case FileKind.FONT:
            return _FONTS.get(checksum_16(content)) or str(content[4])
        case FileKind.WATCHFACE:
            return None


def _firmware_version(content: bytes) -> str:
    """Read the version of a firmware.

    One that does not tell it is refused: nobody could find out afterwards whether it arrived.
    """
    place = _find_aligned(content, _VERSION_MARK)
    if place is None:
        raise FileTruncated
    start = place + len(_VERSION_MARK)
    text = content[start : start + _VERSION_LENGTH]
    found = _VERSION.fullmatch(text)
    if found is None or len(text) < _VERSION_LENGTH:
        raise FileTruncated
    return found[1].decode("ascii")


def _find_aligned(content: bytes, what: bytes) -> int | None:
    """Find something at a multiple of four."""
    place = content.find(what)
    while place % 4 and place >= 0:
        place = content.find(what, place + 1)
    return place if place >= 0 else None
