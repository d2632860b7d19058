"""The container of a watch face: a head, parameters, tables, and pictures.

    offset  size  meaning
    0       16    "HMDIAL" 00, filled with ff
    16      16    24 00 d0 03 00 00 3d 78, filled with ff: the Mi Smart Band 4
    32      4     u32, not known
    36      4     u32, size of the block of parameters at 40
    40            the block. 1 holds how long the tables are (1) and how many images there are (2),
                  every other where a table begins (1) and how long it is (2)
                  the tables, each a list of parameters
                  u32 for each image: where it is, counted from the first
                  the images

A parameter is a byte, number << 3 | flags, and a value of seven bits in a byte, the lowest first,
the highest bit of a byte telling that another one follows; negative ones are those of 64 bits. With
flag 02 the value is how many bytes of children follow.

An image has a head of eight u16: "BM", its form, width, height, bytes in a row, bits in a pixel,
colours in its palette, and which of these is not drawn.

Source: protocol-data.md section 9.8; the image and the places of the tables are as public programs
read them that were made for this band [INFERRED]: a parser (stirante, miband-watchface-parser) and
an editor in a telephone (ddaydd, organizeur).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
import struct
from typing import Final, NamedTuple

from .errors import FileOfAnotherModel, FileRefused, FileTruncated

MARK: Final = b"HMDIAL"
PALETTE_FORM: Final = 0x64
PLAIN_FORMS: Final = frozenset({0x08, 0x10, 0x1B})
"""Of these and of a palette it is known how long an image is. [INFERRED]"""

_MODEL = bytes.fromhex("2400d0030000 3d78ffffffffffffffff")
_MODEL_AT = 16
_BLOCK_SIZE = struct.Struct("<36xI")
_HEAD = 40
_MOST_IMAGES = 4096
"""More than fit into a file, with their heads; less than would take long to look at."""
_LONGEST_LIST = 16 * 1024
"""Bytes of parameters; a face with everything on it has some 2000. [INFERRED]"""
_DEEPEST = 8
_CHILDREN = 0x02
_LONGEST_VALUE = 10
_IMAGE_HEAD = struct.Struct("<2s7H")
_IMAGE_MARK = b"BM"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number and its value; of one with children the value is how long they are."""

    number: int
    value: int
    children: tuple[Parameter, ...] = ()

    def child(self, number: int) -> Parameter | None:
        """Return the first child of a number."""
        return next(self.every(number), None)

    def every(self, number: int) -> Iterator[Parameter]:
        """Give all children of a number."""
        return (child for child in self.children if child.number == number)

    def of(self, number: int) -> int | None:
        """Return the value of the first child of a number."""
        child = self.child(number)
        return child.value if child else None


class ImageHead(NamedTuple):
    """What an image says of itself."""

    form: int
    width: int
    height: int
    row: int
    """Bytes in a row."""
    bits: int
    """In a pixel."""
    colours: int
    transparent: int
    """Which colour is not drawn, counted from 1; 0 for none."""

    @property
    def size(self) -> int | None:
        """Tell how many bytes it takes, its head included; None of a form that is not known."""
        if self.form not in PLAIN_FORMS | {PALETTE_FORM}:
            return None
        return _IMAGE_HEAD.size + 4 * self.colours + self.row * self.height

    @property
    def pixels_at(self) -> int:
        """Tell where its pixels begin."""
        return _IMAGE_HEAD.size + 4 * self.colours


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A watch face, taken apart as far as is needed to find something in it."""

    content: bytes = field(repr=False)
    images: tuple[ImageHead, ...]
    places: tuple[int, ...]
    """Where each image begins."""
    tables: dict[int, tuple[int, int]]
    """From where to where each table goes."""

    def table(self, number: int) -> Parameter | None:
        """Read a table, as if it were the children of a parameter.

        Raises:
            FileRefused: it cannot be read.
        """
        if number not in self.tables:
            return None
        start, end = self.tables[number]
        return Parameter(number, end - start, decode_parameters(self.content[start:end]))

    def image(self, number: int, longest: int) -> bytes:
        """Return an image, or so much of it."""
        start = self.places[number]
        return self.content[start : start + longest]


def decode_dial(content: bytes) -> Dial:
    """Take a watch face apart; all that it says is in it is in it.

    Raises:
        FileOfAnotherModel: it is for another band or watch.
        FileTruncated: it ends before what it says is in it.
        FileRefused: it is no watch face, or larger inside than any could be.
    """
    if not content.startswith(MARK):
        raise FileRefused("no watch face")
    if content[_MODEL_AT : _MODEL_AT + len(_MODEL)] != _MODEL:
        raise FileOfAnotherModel if len(content) >= _HEAD else FileTruncated
    if len(content) < _HEAD:
        raise FileTruncated
    (block_size,) = _BLOCK_SIZE.unpack_from(content)
    tables_at = _HEAD + block_size
    if tables_at > len(content):
        raise FileTruncated
    block = decode_parameters(content[_HEAD:tables_at])
    tables_size, count = _read_sizes(block)
    offsets_at = tables_at + tables_size
    images_at = offsets_at + 4 * count
    if images_at > len(content):
        raise FileTruncated
    places = [
        images_at + offset for offset in struct.unpack_from(f"<{count}I", content, offsets_at)
    ]
    return Dial(
        content=content,
        images=tuple(_read_image(content, place) for place in places),
        places=tuple(places),
        tables=dict(_read_tables(block[1:], tables_at, offsets_at)),
    )


def decode_parameters(packet: bytes) -> tuple[Parameter, ...]:
    """Read a list of parameters with all that is below them.

    Raises:
        FileTruncated: it ends within one.
        FileRefused: it is longer or deeper than any could be.
    """
    if len(packet) > _LONGEST_LIST:
        raise FileRefused(f"{len(packet)} bytes of parameters")
    return tuple(_read_list(packet, 0))


def _read_list(packet: bytes, depth: int) -> Iterator[Parameter]:
    if depth == _DEEPEST:
        raise FileRefused("parameters below parameters without end")
    at = 0
    while at < len(packet):
        head = packet[at]
        value, at = _read_value(packet, at + 1)
        if not head & _CHILDREN:
            yield Parameter(head >> 3, value)
            continue
        if not 0 <= value <= len(packet) - at:
            raise FileTruncated
        inside = tuple(_read_list(packet[at : at + value], depth + 1))
        yield Parameter(head >> 3, value, inside)
        at += value


def _read_value(packet: bytes, at: int) -> tuple[int, int]:
    """Read a value; returns it and where what follows begins."""
    value = 0
    for place, byte in enumerate(packet[at : at + _LONGEST_VALUE]):
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return (value & (1 << 63) - 1) - (value & 1 << 63), at + place + 1
    raise FileTruncated


def _read_sizes(block: tuple[Parameter, ...]) -> tuple[int, int]:
    """Read how long the tables are, and how many images follow them."""
    if not block or block[0].number != 1:
        raise FileTruncated
    tables_size, count = block[0].of(1), block[0].of(2)
    if tables_size is None or count is None:
        raise FileTruncated
    if tables_size < 0 or not 1 <= count <= _MOST_IMAGES:
        raise FileTruncated
    return tables_size, count


def _read_tables(
    block: tuple[Parameter, ...], start: int, end: int
) -> Iterator[tuple[int, tuple[int, int]]]:
    for table in block:
        offset, size = table.of(1), table.of(2)
        # Without these it is something that nobody knows yet.
        if offset is None or size is None:
            continue
        if offset < 0 or size < 0 or start + offset + size > end:
            raise FileTruncated
        yield table.number, (start + offset, start + offset + size)


def _read_image(content: bytes, place: int) -> ImageHead:
    head = read_image_head(content, place)
    if place + (head.size or 0) > len(content):
        raise FileTruncated
    return head


def read_image_head(content: bytes, place: int = 0) -> ImageHead:
    """Read what an image says of itself.

    Raises:
        FileTruncated: there is no image, or not all of its head.
    """
    if place + _IMAGE_HEAD.size > len(content):
        raise FileTruncated
    mark, *head = _IMAGE_HEAD.unpack_from(content, place)
    if mark != _IMAGE_MARK:
        raise FileTruncated
    return ImageHead(*head)
