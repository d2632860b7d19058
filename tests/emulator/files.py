"""Files with the documented structure of firmware, resources, fonts and watch faces.

Made up from the documents alone; there is no byte of the vendor's in them. What fills them is a
repeating noise that depends on the seed, so that two files of a kind have different checksums.

Source: protocol-data.md, 9.6 to 9.8; binding-and-firmware.md, 7.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
import struct

from . import dials

FIRMWARE, FONT, RESOURCES, PACKED_RESOURCES, WATCHFACE = 0x00, 0x01, 0x02, 0x82, 0x08
KINDS = (FIRMWARE, FONT, RESOURCES, PACKED_RESOURCES, WATCHFACE)

_FIRMWARE_MARK = bytes.fromhex("31000000000000000000 9ce37d5c0004")
_MODEL = b"Mi Smart Band 4\x00"
_VERSION_MARK = b"V%d.%d.%d.%d\x00\x00\x00\x00"
_FACE_MARK = b"HMDIAL\x00".ljust(16, b"\xff")


def _noise(seed: int, size: int) -> bytes:
    """Fill a file with something in which none of the marks can occur: no byte is ASCII."""
    block = bytes(byte | 0x80 for byte in Random(f"file {seed}").randbytes(4096))  # noqa: S311  filler
    return (block * (size // len(block) + 1))[:size]


def _put(content: bytearray, offset: int, what: bytes) -> None:
    if offset + len(what) > len(content):
        raise ValueError(f"{len(content)} bytes are too few")
    content[offset : offset + len(what)] = what


def firmware(
    version: str = "1.0.9.68", *, size: int = 64_000, seed: int = 1, model: bytes = _MODEL
) -> bytes:
    """Make a firmware.

    Args:
        version: Seven or eight characters, without the V.
        size: Bytes in all, 1000 at least.
        seed: For what fills it.
        model: The name that it carries at a multiple of four.
    """
    content = bytearray(_noise(seed, size))
    _put(content, 16, _FIRMWARE_MARK)
    _put(content, 512, model)
    _put(content, 640, _VERSION_MARK + version.encode().ljust(8, b"\x00"))
    return bytes(content)


def packed_resources(version: int = 77, *, size: int = 32_000, seed: int = 2) -> bytes:
    """Make compressed resources; the version stands behind the mark."""
    content = bytearray(_noise(seed, size))
    _put(content, 9, b"HMRES" + bytes((version,)))
    return bytes(content)


def newer_packed_resources(version: int = 77, *, size: int = 32_000, seed: int = 2) -> bytes:
    """Make compressed resources with the later mark, four bytes further on."""
    content = bytearray(_noise(seed, size))
    _put(content, 13, b"NERES" + bytes((version,)))
    return bytes(content)


def resources(version: int = 77, *, size: int = 32_000, seed: int = 3) -> bytes:
    """Make resources that somebody has unpacked."""
    content = bytearray(_noise(seed, size))
    _put(content, 0, b"HMRES" + bytes((version,)))
    return bytes(content)


def font(version: int = 1, *, second: bool = False, size: int = 24_000, seed: int = 4) -> bytes:
    """Make a font; the second form came with firmware 1.0.6.00."""
    content = bytearray(_noise(seed, size))
    _put(content, 0, b"NEZK" + bytes((version,)))
    _put(content, 10, b"\x06" if second else b"\x03")
    return bytes(content)


# Watch faces


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image of a watch face: a palette of up to 256 colours and a byte for each pixel.

    That it begins with `BM` the documents say. The rest of its head (u16 each: form `64 00`, width,
    height, bytes in a row, bits in a pixel, colours, the transparent colour counted from 1) is how
    public editors of watch faces read those of this family [INFERRED for the Band 4].
    """

    width: int
    height: int
    palette: Sequence[tuple[int, int, int]]
    pixels: bytes
    transparent: int = 0
    """Which colour is not drawn, counted from 1; 0 for none."""

    def __bytes__(self) -> bytes:
        """Encode it."""
        if len(self.pixels) != self.width * self.height or not 1 <= len(self.palette) <= 256:
            raise ValueError("as many pixels as the picture has, and 1 to 256 colours")
        sizes = (self.width, self.height, self.width, 8, len(self.palette), self.transparent)
        head = b"BM\x64\x00" + struct.pack("<6H", *sizes)
        colours = b"".join(bytes((*colour, 0)) for colour in self.palette)
        return head + colours + self.pixels


_DOT = Picture(width=2, height=2, palette=((0, 0, 0), (255, 255, 255)), pixels=b"\0\1\1\0")


def watchface(
    pictures: Sequence[bytes | Picture] = (_DOT,),
    *,
    seed: int = 5,
    model: bytes = dials.MODEL,
) -> bytes:
    """Make a watch face that shows its first picture, and holds them all."""
    images = [bytes(picture) for picture in pictures]
    if not all(image.startswith(b"BM") for image in images):
        raise ValueError("each picture begins with BM")
    background = dials.node(1, dials.values(seed & 0x7F, 0, 0))
    return dials.container({2: background}, images, model=model, seed=seed)


def documented_watchface() -> bytes:
    """Make the 70 bytes whose transfer protocol-data 9.4 writes down byte by byte."""
    return _FACE_MARK + bytes(range(54))
