"""The picture of a watch face, by its pixels."""

from io import BytesIO
import struct
import time
import tracemalloc

from hypothesis import given, settings, strategies as st
from PIL import Image
import pytest

from custom_components.mi_band.band.errors import FileRefused
from custom_components.mi_band.drawing import BACKGROUND, FAINT
from custom_components.mi_band.face_picture import draw_face, draw_words
from tests.bench.yardstick import budget_s
from tests.emulator import dials
from tests.emulator.dials import (
    AMBER,
    BLACK,
    CYAN,
    GREEN,
    GREY,
    NAVY,
    RED,
    VIOLET,
    WHITE,
    node,
    values,
)

from .view import View


def _view(content: bytes) -> View:
    png = draw_face(content)
    assert png is not None
    return View(png)


@pytest.fixture(scope="module")
def digital() -> View:
    """Provide the face with digits, in the pixels of the band."""
    return _view(dials.digital_face())


def test_the_picture_is_as_large_as_the_screen_with_four_pixels_for_each_of_it() -> None:
    view = _view(dials.digital_face())
    assert (view.format, view.mode, view.size) == ("PNG", "RGB", (240, 480))


def test_the_background_is_shown(digital: View) -> None:
    assert digital.at(3, 130) == NAVY
    assert digital.at(60, 230) == VIOLET


def test_the_time_is_eight_past_ten(digital: View) -> None:
    # One: only its right bars. Nought: all but the middle. Nought and eight in amber below.
    assert not digital.shows(WHITE, 14, 60)
    assert digital.shows(WHITE, 52, 60)
    assert digital.shows(WHITE, 85, 43)
    assert not digital.shows(WHITE, 85, 67)
    assert not digital.shows(AMBER, 33, 127)
    assert digital.shows(AMBER, 33, 103)
    assert digital.shows(AMBER, 85, 127)


def test_the_pieces_around_the_time_are_where_they_belong(digital: View) -> None:
    # A weekday of three columns for Wednesday, and what parts month and day.
    assert digital.shows(AMBER, 10, 10)
    assert not digital.shows(AMBER, 11, 10)
    assert digital.shows(CYAN, 60, 9)
    # Linked, nobody wants to be left alone, and eight of ten in the battery.
    assert digital.shows(CYAN, 102, 10)
    assert digital.at(102, 18) == NAVY
    assert digital.shows(GREEN, 114, 8 + 8)
    assert digital.at(114, 8 + 9) == NAVY
    # Eight of ten bars; the steps end at the right, the pulse begins at the left.
    assert digital.shows(CYAN, 84, 208)
    assert digital.at(94, 208) == NAVY
    assert digital.shows(GREEN, 111, 165)
    assert digital.at(112, 165) == NAVY
    assert digital.shows(RED, 8, 165)
    # Calories and distance are followed by what they are counted in.
    assert digital.shows(GREY, 27, 180)
    assert digital.shows(GREY, 107, 180)


def test_hands_are_drawn_on_top_of_each_other() -> None:
    view = _view(dials.analog_face())
    assert view.at(5, 5) == GREY
    # Between ten and eleven, a little past eight minutes, thirty-six seconds; the cap on all.
    assert view.shows(WHITE, 42, 107)
    assert view.shows(AMBER, 90, 98)
    assert view.shows(CYAN, 34, 156)
    assert view.shows(RED, 60, 120)


def test_only_the_edge_of_a_hand_is_drawn_where_it_says_so() -> None:
    corners = ((-40, -30), (40, -30), (40, 30), (-40, 30))
    shape = b"".join(node(4, values(*corner)) for corner in corners)
    hand = node(3, node(1, 1) + node(2, 0xFF0000) + node(3, values(60, 120)) + shape)
    view = _view(dials.container({10: hand}, [_dot(BLACK)]))
    assert view.count((255, 0, 0))
    assert view.at(60, 120) == BLACK


def _dot(colour: dials.Colour) -> bytes:
    return dials.palette_image(dials.filled(1, 1, colour), 1)


def test_what_is_not_drawn_lets_the_background_through() -> None:
    ring = [[RED if x in {0, 9} or y in {0, 9} else None for x in range(10)] for y in range(10)]
    for image in (dials.palette_image(ring, 1), *(dials.plain_image(ring, b) for b in (24, 32))):
        pieces = {2: node(1, values(0, 0, 0)), 11: node(1, node(1, values(20, 20, 1, 1)))}
        images = [dials.palette_image(dials.filled(120, 240, GREEN), 1), image]
        view = _view(dials.container(pieces, images))
        assert view.shows(RED, 20, 20)
        assert view.shows(GREEN, 25, 25)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_every_form_of_an_image_is_drawn(bits: int) -> None:
    image = dials.plain_image(dials.filled(120, 240, WHITE), bits)
    view = _view(dials.container({2: node(1, values(0, 0, 0))}, [image]))
    assert view.at(0, 0) == view.at(119, 239) == WHITE


def test_an_image_half_outside_is_cut_off() -> None:
    images = [dials.palette_image(dials.filled(20, 20, RED), 1)]
    for x, y in ((-10, -10), (110, 230)):
        view = _view(dials.container({2: node(1, values(x, y, 0))}, images))
        assert view.count(RED) == 4 * 100


LATER = b"BM" + struct.pack("<7H", 0x65, 120, 240, 240, 16, 0, 0) + bytes(64)


def test_an_image_that_nobody_knows_is_left_out() -> None:
    tables = {2: node(1, values(0, 0, 1)), 11: node(1, node(1, values(5, 5, 0, 1)))}
    view = _view(dials.container(tables, [_dot(RED), LATER]))
    assert view.count(RED) == 4
    assert view.at(60, 120) == BLACK


def test_of_a_face_of_which_nothing_is_known_there_is_no_picture() -> None:
    assert draw_face(dials.container({2: node(1, values(0, 0, 0))}, [LATER])) is None
    assert draw_face(dials.container({}, [_dot(RED)])) is None
    assert draw_face(dials.container({6: node(1, values(0, 0, 0))}, [_dot(RED)])) is None


@pytest.mark.parametrize("content", [b"", b"HMDIAL", dials.digital_face()[:-1]])
def test_what_is_no_face_is_an_error_with_a_name(content: bytes) -> None:
    with pytest.raises(FileRefused):
        draw_face(content)


def _greedy_face() -> bytes:
    """Make a face whose small images are as many large surfaces as can be asked for."""
    image = dials.palette_image(dials.filled(480, 240, RED), 1)
    parts = b"".join(node(2, values(0, 0)) for _ in range(64))
    return dials.container({7: node(2, node(1, 0) + parts)}, [image] * 64)


def test_a_greedy_face_takes_neither_long_nor_much() -> None:
    face = _greedy_face()
    assert len(face) < 1_000_000
    assert draw_face(face)
    tracemalloc.start()
    started = time.process_time()
    assert draw_face(face)
    spent = time.process_time() - started
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Some 0.04 s and 2 MiB, beside the images that Pillow holds: four bytes for each pixel of
    # `MOST_PIXELS` at most.
    assert spent < budget_s(2)
    assert most < 8 * 1024 * 1024


@settings(max_examples=60)
@given(
    st.sampled_from([dials.digital_face(), dials.analog_face()]),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_spoilt_face_is_drawn_or_refused(face: bytes, changes: list[tuple[int, int]]) -> None:
    spoilt = bytearray(face)
    for at, byte in changes:
        spoilt[at % len(face)] = byte
    try:
        png = draw_face(bytes(spoilt))
    except FileRefused:
        return
    if png is not None:
        assert View(png).size == (240, 480)


# In place of a face


def test_words_stand_in_the_middle_of_an_empty_screen() -> None:
    view = View(draw_words("No watch face installed from here yet"))
    assert view.size == (240, 480)
    assert view.at(2, 2) == BACKGROUND
    assert view.count(FAINT, top=80) == view.count(FAINT)
    assert view.count(FAINT) > 200


def test_words_do_not_leave_the_screen() -> None:
    with Image.open(BytesIO(draw_words("one " * 12 + "word"))) as picture:
        edge = [picture.getpixel((x, y)) for x in (0, 239) for y in range(480)]
    assert set(edge) == {BACKGROUND}


def test_words_in_letters_that_the_font_does_not_know_are_left_out() -> None:
    assert not View(draw_words("表盘")).count(FAINT)
