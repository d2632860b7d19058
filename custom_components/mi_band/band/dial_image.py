"""The images of a watch face: from the forms in which they are stored to plain pixels.

    form        bits     a pixel
    64          1 to 8   which colour of the palette, the first pixel in the highest bits;
                         a colour is red, green, blue, and a byte that counts for nothing
    08, 10, 1b  8        a grey
                16       u16: red in bits 0 to 4, green in 5 to 10, blue in 11 to 15
                24       how transparent, and a u16 with the high byte first: the same colours
                32       red, green, blue, how transparent

Other forms belong to later watches, as far as is known.

Source: public programs that read them [INFERRED]: a parser for this band (stirante,
miband-watchface-parser), its ancestor for an older watch, and an editor for this band's family.
They agree on all of these but the grey, which the last one lacks, and on which colour of a palette
is not drawn when it is not the first: here it counts as the last one has it. A fourth (ddaydd,
organizeur) has red and blue of sixteen bits the other way round, and says that the band takes
nothing but palettes.
"""

from typing import Final, NamedTuple

from .dial import PALETTE_FORM, PLAIN_FORMS, ImageHead, read_image_head
from .errors import FileRefused, FileTruncated

MOST_PIXELS: Final = 4 * 120 * 240
"""Four screens."""
LARGEST_IMAGE: Final = 16 + 4 * 256 + 4 * MOST_PIXELS
"""More bytes of it are not looked at."""

_PALETTE_BITS = frozenset({1, 2, 4, 8})
_PLAIN_BITS = frozenset({8, 16, 24, 32})
_MOST_COLOURS = 256
_INVERTED = bytes(range(255, -1, -1))
# The highest bits once more in place of the missing ones: white is white.
_HIGH_FIVE = bytes(byte & 0xF8 | byte >> 5 for byte in range(256))
_LOW_FIVE = bytes((byte & 0x1F) << 3 | (byte & 0x1F) >> 2 for byte in range(256))
_GREEN_OF_LOW = bytes(byte >> 5 << 2 for byte in range(256))
_GREEN_OF_HIGH = bytes((byte & 0x07) << 5 | (byte & 0x07) >> 1 for byte in range(256))


class Picture(NamedTuple):
    """Pixels from the top left, row by row: red, green, blue and how opaque."""

    width: int
    height: int
    rgba: bytes


def decode_image(packet: bytes) -> Picture:
    """Turn an image into pixels.

    Raises:
        FileTruncated: it ends before what it says is in it, or contradicts itself.
        FileRefused: it is of a form that is not known, or larger than makes sense.
    """
    head = read_image_head(packet)
    if not head.width or not head.height:
        raise FileTruncated
    if head.width * head.height > MOST_PIXELS:
        raise FileRefused(f"an image of {head.width} x {head.height} pixels")
    if head.row * 8 < head.width * head.bits or (head.size or 0) > len(packet):
        raise FileTruncated
    match head.form:
        case form if form == PALETTE_FORM:
            return _of_palette(packet, head)
        case form if form in PLAIN_FORMS and not head.colours:
            return _of_colours(packet, head)
        case _:
            raise FileRefused(f"an image of the form {head.form:#04x}")


def _of_palette(packet: bytes, head: ImageHead) -> Picture:
    if head.bits not in _PALETTE_BITS or not 1 <= head.colours <= _MOST_COLOURS:
        raise FileRefused(f"an image with {head.colours} colours of {head.bits} bits")
    colours = _apart(packet, head, head.bits)
    if max(colours) >= head.colours:
        raise FileTruncated
    palette = packet[head.pixels_at - 4 * head.colours : head.pixels_at]
    opaque = bytes(0 if at == head.transparent else 255 for at in range(1, head.colours + 1))
    channels = (palette[0::4], palette[1::4], palette[2::4], opaque)
    return _joined(head, *(colours.translate(channel.ljust(256)) for channel in channels))


def _apart(packet: bytes, head: ImageHead, bits: int) -> bytes:
    """Give each pixel a byte of its own."""
    packed = _rows(packet, head)
    shifts = range(8 - bits, -1, -bits)
    if len(shifts) == 1:
        return packed
    mask = (1 << bits) - 1
    apart = [bytes(byte >> shift & mask for shift in shifts) for byte in range(256)]
    used = _used(head)
    return b"".join(
        b"".join(apart[byte] for byte in packed[at : at + used])[: head.width]
        for at in range(0, len(packed), used)
    )


def _of_colours(packet: bytes, head: ImageHead) -> Picture:
    if head.bits not in _PLAIN_BITS:
        raise FileRefused(f"an image with {head.bits} bits in a pixel")
    stored = _rows(packet, head)
    opaque = b"\xff" * (head.width * head.height)
    match head.bits:
        case 8:
            return _joined(head, stored, stored, stored, opaque)
        case 16:
            return _joined(head, *_colours(high=stored[1::2], low=stored[0::2]), opaque)
        case 24:
            alpha = stored[0::3].translate(_INVERTED)
            return _joined(head, *_colours(high=stored[1::3], low=stored[2::3]), alpha)
        case _:
            alpha = stored[3::4].translate(_INVERTED)
            return _joined(head, stored[0::4], stored[1::4], stored[2::4], alpha)


def _colours(*, high: bytes, low: bytes) -> tuple[bytes, bytes, bytes]:
    """Return red, green and blue of pixels of sixteen bits."""
    # Thousands of pixels at once: as one large number.
    green = int.from_bytes(low.translate(_GREEN_OF_LOW)) | int.from_bytes(
        high.translate(_GREEN_OF_HIGH)
    )
    return low.translate(_LOW_FIVE), green.to_bytes(len(low)), high.translate(_HIGH_FIVE)


def _rows(packet: bytes, head: ImageHead) -> bytes:
    """Leave out what only fills up the rows."""
    used = _used(head)
    starts = range(head.pixels_at, head.pixels_at + head.row * head.height, head.row)
    return b"".join(packet[start : start + used] for start in starts)


def _used(head: ImageHead) -> int:
    return -(-head.width * head.bits // 8)


def _joined(head: ImageHead, *channels: bytes) -> Picture:
    rgba = bytearray(4 * head.width * head.height)
    for at, channel in enumerate(channels):
        rgba[at::4] = channel
    return Picture(head.width, head.height, bytes(rgba))
