"""Watch faces with the documented structure, drawn with nothing but numbers.

Parameters are made with `node`, images from rows of colours in every form that this band's faces
have, and `container` puts them together. Two whole faces, one with digits and one with hands, show
all that a picture of a face can show; which colour lies where is written beside them.

Source: protocol-data.md, 9.8. What that leaves open is taken from public programs that read or make
such faces [INFERRED]: flag 2 gives the length of the children; images have a head of eight u16
("BM", form, width, height, bytes in a row, bits in a pixel, colours, transparent colour from 1 on);
tables are 2 background, 3 time, 4 activity, 5 date, 7 steps progress, 8 status, 10 hands, 11 other.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
import struct

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
NAVY, RED, GREEN, AMBER = (16, 24, 64), (224, 32, 32), (32, 200, 96), (240, 176, 32)
CYAN, VIOLET, GREY = (32, 176, 224), (144, 64, 200), (96, 96, 96)

MODEL = bytes.fromhex("2400d0030000 3d78").ljust(16, b"\xff")
_MARK = b"HMDIAL\x00".ljust(16, b"\xff")

type Colour = tuple[int, int, int]
type Rows = Sequence[Sequence[Colour | None]]
"""Colours from the top left; None is not drawn."""


# Parameters


def varint(value: int) -> bytes:
    """Encode a value; a negative one as that of 64 bits."""
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*encoded, value))


def node(number: int, *inside: bytes | int) -> bytes:
    """Encode a parameter: with a value, or with children."""
    if len(inside) == 1 and isinstance(inside[0], int):
        return bytes((number << 3,)) + varint(inside[0])
    children = b"".join(child for child in inside if isinstance(child, bytes))
    return bytes((number << 3 | 2,)) + varint(len(children)) + children


def values(*of: int) -> bytes:
    """Encode values whose numbers are 1, 2, 3 and so on."""
    return b"".join(node(number, value) for number, value in enumerate(of, 1))


def container(
    tables: Mapping[int, bytes], images: Sequence[bytes], *, model: bytes = MODEL, seed: int = 512
) -> bytes:
    """Put a face together.

    Args:
        tables: The parameters of each, by number.
        images: With their heads.
        model: What tells for which model it is.
        seed: The number whose meaning nobody knows.
    """
    descriptors, joined = b"", b""
    for number, table in sorted(tables.items()):
        descriptors += node(number, values(len(joined), len(table)))
        joined += table
    block = node(1, values(len(joined), len(images))) + descriptors
    offsets, at = b"", 0
    for image in images:
        offsets += struct.pack("<I", at)
        at += len(image)
    head = _MARK + model + struct.pack("<II", seed, len(block))
    return head + block + joined + offsets + b"".join(images)


# Images


def _head(form: int, rows: Rows, *row_bits_colours_clear: int) -> bytes:
    return b"BM" + struct.pack("<7H", form, len(rows[0]), len(rows), *row_bits_colours_clear)


def palette_image(rows: Rows, bits: int = 8, *, padding: int = 0) -> bytes:
    """Encode an image with a palette; what is not drawn is its first colour.

    Args:
        rows: Its colours.
        bits: In a pixel: 1, 2, 4 or 8.
        padding: Bytes that fill up each row.
    """
    found = dict.fromkeys(chain.from_iterable(rows))
    clear = None in found
    palette = ([None] if clear else []) + [colour for colour in found if colour is not None]
    if len(palette) > 1 << bits:
        raise ValueError(f"{len(palette)} colours do not fit into {bits} bits")
    colours = b"".join(bytes((*(colour or BLACK), 0)) for colour in palette)
    packed = b"".join(
        _packed([palette.index(colour) for colour in row], bits) + bytes(padding) for row in rows
    )
    row = -(-len(rows[0]) * bits // 8) + padding
    return _head(0x64, rows, row, bits, len(palette), int(clear)) + colours + packed


def _packed(pixels: Sequence[int], bits: int) -> bytes:
    text = "".join(f"{pixel:0{bits}b}" for pixel in pixels)
    return bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))


def plain_image(rows: Rows, bits: int) -> bytes:
    """Encode an image without a palette: 8 bits of grey, 16, 24 or 32."""
    form = {8: 0x08, 16: 0x08, 24: 0x1B, 32: 0x10}[bits]
    pixels = b"".join(_plain(colour, bits) for colour in chain.from_iterable(rows))
    return _head(form, rows, len(rows[0]) * bits // 8, bits, 0, 0) + pixels


def _plain(colour: Colour | None, bits: int) -> bytes:
    red, green, blue = colour or BLACK
    clear = 0 if colour else 255
    sixteen = blue >> 3 << 11 | green >> 2 << 5 | red >> 3
    return {
        8: bytes((red,)),
        16: sixteen.to_bytes(2, "little"),
        24: bytes((clear,)) + sixteen.to_bytes(2, "big"),
        32: bytes((red, green, blue, clear)),
    }[bits]


def filled(width: int, height: int, colour: Colour | None) -> Rows:
    """Make a surface of one colour."""
    return [[colour] * width for _ in range(height)]


# By the bars of a digit: top, both upper ones, the middle, both lower ones, bottom.
_BARS = (
    *("1110111", "0010010", "1011101", "1011011", "0111010"),
    *("1101011", "1101111", "1010010", "1111111", "1111011"),
)


def digit(number: int, width: int, height: int, colour: Colour, *, thick: int = 2) -> Rows:
    """Draw a digit of bars."""
    top, upper_left, upper_right, middle, lower_left, lower_right, bottom = (
        bar == "1" for bar in _BARS[number]
    )
    half = height // 2

    def lit(x: int, y: int) -> bool:
        left, right = x < thick, x >= width - thick
        across = (
            (top and y < thick)
            or (middle and abs(2 * y + 1 - height) <= thick)
            or (bottom and y >= height - thick)
        )
        upper = y < half and ((upper_left and left) or (upper_right and right))
        lower = y >= half and ((lower_left and left) or (lower_right and right))
        return across or upper or lower

    return [[colour if lit(x, y) else None for x in range(width)] for y in range(height)]


def _digits(width: int, height: int, colour: Colour, bits: int, *, thick: int = 2) -> list[bytes]:
    drawn = [digit(number, width, height, colour, thick=thick) for number in range(10)]
    if bits > 8:
        return [plain_image(rows, bits) for rows in drawn]
    return [palette_image(rows, bits) for rows in drawn]


# Whole faces

TOP_LEFT, TOP_RIGHT, TOP_MIDDLE, BOTTOM_RIGHT = 0x12, 0x14, 0x18, 0x24
"""How a number lies in its box: 2 left, 4 right, 8 middle; 10 top, 20 bottom, 40 centre (hex)."""


def _set(number: int, *x_y_first_count: int) -> bytes:
    return node(number, values(*x_y_first_count))


def _box(number: int, borders: Sequence[int], lies: int, first: int) -> bytes:
    return node(number, values(*borders, lies, 1, first, 10))


def digital_face() -> bytes:
    """Make a face that shows the time in large digits, and everything else in small ones.

    Navy with a band of violet at the bottom (from row 220 on). White hours (10, 40) and (62, 40),
    amber minutes (10, 100) and (62, 100), each digit 46 x 54. Green steps right-aligned to column
    112 from row 164, red pulse from (8, 164), grey calories and distance from row 178. The date is
    in the middle of the top, with a cyan square of 4 x 4 between month and day; a weekday of seven
    columns (Monday has one, Sunday seven) at (8, 8). Of ten cyan bars of 8 x 6 from (10, 206) on,
    one every ten columns, as many are shown as tenths of the steps are walked. A sign for the link
    in cyan at (100, 8), one for do-not-disturb in red at (100, 16); a battery of up to 11 rows of
    green at (112, 8) with its percent right-aligned to column 112 from row 24.
    """
    background = [[NAVY] * 120 if y < 220 else [VIOLET] * 120 for y in range(240)]
    images = [palette_image(background)]

    def add(new: Sequence[bytes]) -> int:
        images.extend(new)
        return len(images) - len(new)

    hours = add(_digits(46, 54, WHITE, 1, thick=8))
    minutes = add(_digits(46, 54, AMBER, 24, thick=8))
    steps = add(_digits(7, 11, GREEN, 2))
    small = add(_digits(5, 9, WHITE, 4))
    pulse = add(_digits(7, 11, RED, 32))
    slash = add([palette_image(filled(4, 4, CYAN), 1)])
    point = add([plain_image(filled(2, 2, WHITE), 16)])
    unit = add([palette_image(filled(6, 9, GREY), 1)])
    foreign = [palette_image(filled(1, 1, RED), 1)] * 14
    days = [palette_image(filled(width, 6, AMBER), 1) for width in range(1, 8)]
    weekdays = add([*foreign, *days])
    bar = add([plain_image(filled(8, 6, CYAN), 16)] * 10)
    linked = add([palette_image(filled(6, 6, CYAN), 1), palette_image(filled(6, 6, RED), 1)])
    battery = add([palette_image(filled(6, 1 + level, GREEN), 1) for level in range(11)])
    tables = {
        2: node(1, values(0, 0, 0)),
        3: node(1, _set(1, 10, 40, hours, 3) + _set(2, 62, 40, hours, 10))
        + node(2, _set(1, 10, 100, minutes, 6) + _set(2, 62, 100, minutes, 10)),
        4: node(1, _box(1, (60, 164, 112, 175), TOP_RIGHT, steps))
        + node(3, _box(1, (8, 178, 60, 187), TOP_LEFT, small) + node(2, unit))
        + node(4, _box(1, (8, 164, 40, 175), TOP_LEFT, pulse))
        + node(
            5,
            _box(1, (60, 178, 112, 187), BOTTOM_RIGHT, small) + node(2, unit) + node(3, point),
        ),
        5: node(
            1,
            node(2, _box(1, (20, 8, 100, 20), TOP_MIDDLE, small) + node(2, slash))
            + node(3, 1)
            + node(4, 1),
        )
        + _set(2, 8, 8, weekdays, 21),
        7: node(2, node(1, bar) + b"".join(node(2, values(10 + 10 * i, 206)) for i in range(10))),
        8: node(1, node(1, values(100, 16)) + node(2, linked + 1))
        + node(3, node(1, values(100, 8)) + node(2, linked))
        + node(4, _box(2, (90, 24, 112, 33), TOP_RIGHT, small) + _set(3, 112, 8, battery, 11)),
    }
    return container(tables, images)


def _hand(number: int, colour: Colour, corners: Sequence[tuple[int, int]], *more: bytes) -> bytes:
    red, green, blue = colour
    return node(
        number,
        values(0, red << 16 | green << 8 | blue),
        node(3, values(60, 120)),
        *(node(4, values(*corner)) for corner in corners),
        *more,
    )


def analog_face() -> bytes:
    """Make a face with hands around (60, 120) on grey, and a red cap of 6 x 6 on top of them.

    White hours of 30 and amber minutes of 50 pixels, 8 and 4 wide; cyan seconds of 54, 2 wide.
    """
    images = [palette_image(filled(120, 240, GREY), 1), palette_image(filled(6, 6, RED), 1)]
    hands = (
        _hand(1, WHITE, ((-6, -4), (30, -4), (30, 4), (-6, 4))),
        _hand(2, AMBER, ((-6, -2), (50, -2), (50, 2), (-6, 2))),
        _hand(3, CYAN, ((-8, -1), (54, -1), (54, 1), (-8, 1)), node(5, values(57, 117, 1))),
    )
    return container({2: node(1, values(0, 0, 0)), 10: b"".join(hands)}, images)
