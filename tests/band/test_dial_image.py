"""The images of a watch face."""

from collections.abc import Callable
from itertools import product
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.dial_image import (
    LARGEST_IMAGE,
    MOST_PIXELS,
    Picture,
    decode_image,
)
from custom_components.mi_band.band.errors import FileRefused
from tests.emulator import dials
from tests.emulator.dials import BLACK, GREEN, RED, WHITE
from tests.vectors import dial_image as vectors


@pytest.mark.parametrize("name", vectors.IMAGES)
def test_an_image_has_the_documented_pixels(name: str) -> None:
    packet, size, pixels = vectors.IMAGES[name]
    assert decode_image(packet) == Picture(*size, bytes.fromhex(pixels))


@pytest.mark.parametrize("name", vectors.REFUSED)
def test_an_image_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(FileRefused):
        decode_image(bytes.fromhex(vectors.REFUSED[name]))


@pytest.mark.parametrize("name", vectors.IMAGES)
def test_an_image_that_ends_too_early_is_refused(name: str) -> None:
    packet, _, _ = vectors.IMAGES[name]
    for end in range(len(packet)):
        with pytest.raises(FileRefused):
            decode_image(packet[:end])


def test_what_follows_an_image_plays_no_part() -> None:
    packet, size, pixels = vectors.IMAGES["sixteen bits"]
    assert decode_image(packet + b"more") == Picture(*size, bytes.fromhex(pixels))


def test_any_colour_of_a_palette_can_be_the_one_that_is_not_drawn() -> None:
    palette = "11223300 44556600"
    for clear, opaque in ((0, (255, 255)), (1, (0, 255)), (2, (255, 0)), (9, (255, 255))):
        head = b"BM" + struct.pack("<7H", 0x64, 2, 1, 2, 8, 2, clear)
        picture = decode_image(head + bytes.fromhex(palette) + b"\x00\x01")
        assert tuple(picture.rgba[3::4]) == opaque


def test_an_image_of_four_screens_is_the_largest() -> None:
    packet = dials.palette_image(dials.filled(480, 240, RED), 1)
    assert len(decode_image(packet).rgba) == 4 * MOST_PIXELS
    with pytest.raises(FileRefused, match="481 x 240"):
        decode_image(dials.palette_image(dials.filled(481, 240, RED), 1))
    assert len(dials.plain_image(dials.filled(480, 240, RED), 32)) <= LARGEST_IMAGE


def _bytes_of(rows: dials.Rows) -> bytes:
    return b"".join(
        bytes((*(colour or BLACK), 255 if colour else 0)) for row in rows for colour in row
    )


ROWS = st.integers(1, 9).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([BLACK, WHITE, RED, GREEN]), min_size=width, max_size=width),
        min_size=1,
        max_size=5,
    )
)


@given(ROWS, st.sampled_from([2, 4, 8]), st.integers(0, 3))
def test_whatever_is_drawn_with_a_palette_comes_back(
    rows: list[list[dials.Colour]], bits: int, padding: int
) -> None:
    picture = decode_image(dials.palette_image(rows, bits, padding=padding))
    assert picture == Picture(len(rows[0]), len(rows), _bytes_of(rows))


@given(ROWS)
def test_whatever_is_drawn_with_all_bits_comes_back(rows: list[list[dials.Colour]]) -> None:
    assert decode_image(dials.plain_image(rows, 32)).rgba == _bytes_of(rows)


@pytest.mark.parametrize("bits", [16, 24])
def test_a_colour_of_sixteen_bits_is_as_near_as_it_can_be(bits: int) -> None:
    steps = (0, 1, 31, 64, 127, 128, 200, 254, 255)
    rows = [list(product(steps, steps, steps))]
    found = decode_image(dials.plain_image(rows, bits)).rgba
    assert all(abs(one - other) <= 7 for one, other in zip(found, _bytes_of(rows), strict=True))


ENCODERS: tuple[Callable[[dials.Rows], bytes], ...] = (
    lambda rows: dials.palette_image(rows, 4),
    lambda rows: dials.plain_image(rows, 16),
    lambda rows: dials.plain_image(rows, 32),
)


@given(
    st.sampled_from(ENCODERS),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_a_spoilt_image_has_as_many_pixels_as_it_says_or_is_refused(
    encode: Callable[[dials.Rows], bytes], changes: list[tuple[int, int]]
) -> None:
    spoilt = bytearray(encode(dials.digit(8, 9, 11, GREEN)))
    for at, byte in changes:
        spoilt[at] = byte
    _try(bytes(spoilt))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_end_in_an_error_with_a_name(content: bytes) -> None:
    _try(content)
    _try(b"BM\x64\x00" + content)
    _try(b"BM\x08\x00" + content)


def _try(packet: bytes) -> None:
    try:
        picture = decode_image(packet)
    except FileRefused:
        return
    assert len(picture.rgba) == 4 * picture.width * picture.height <= 4 * MOST_PIXELS
