"""What a watch face shows, and where."""

from collections.abc import Iterable, Sequence
from math import isclose

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.dial import decode_dial
from custom_components.mi_band.band.errors import FileRefused
from custom_components.mi_band.band.watchface import (
    EXAMPLE,
    HEIGHT,
    WIDTH,
    Hand,
    Moment,
    Piece,
    Placed,
    lay_out,
)
from tests.emulator import dials
from tests.emulator.dials import node, values
from tests.vectors import dial as vectors

DIGIT = dials.palette_image(dials.filled(5, 8, dials.WHITE), 1)
WIDE = dials.palette_image(dials.filled(9, 3, dials.RED), 1)
IMAGES = [DIGIT] * 10 + [WIDE] * 30
"""Ten digits, and images with the numbers from 10 to 39."""
LEFT, RIGHT, MIDDLE, TOP, BOTTOM, CENTRE = 2, 4, 8, 16, 32, 64


def _laid(tables: dict[int, bytes], moment: Moment = EXAMPLE) -> list[Piece]:
    return list(lay_out(decode_dial(dials.container(tables, IMAGES)), moment))


def _set(number: int, *x_y_first_count: int) -> bytes:
    return node(number, values(*x_y_first_count))


def _box(
    number: int, borders: Sequence[int], lies: int, *, space: int = 1, count: int = 10
) -> bytes:
    return node(number, values(*borders, lies, space, 0, count))


def _images(pieces: Iterable[Piece]) -> list[int]:
    return [piece.image for piece in pieces if isinstance(piece, Placed)]


def _line(borders: Sequence[int], lies: int, steps: int, space: int = 1) -> list[Piece]:
    table = node(1, _box(1, borders, lies, space=space))
    return _laid({4: table}, Moment(steps=steps))


def test_a_face_by_hand_shows_its_background() -> None:
    assert list(lay_out(decode_dial(vectors.FACE))) == [Placed(0, 5, 7)]


def test_the_time_is_made_of_digits() -> None:
    pair = _set(1, 3, 4, 0, 3) + _set(2, 13, 4, 0, 10)
    later = _set(1, 3, 24, 0, 6) + _set(2, 13, 24, 0, 10)
    last = _set(1, 3, 44, 0, 6) + _set(2, 13, 44, 0, 10)
    table = node(1, pair) + node(2, later) + node(3, last) + node(10, values(8, 14, 12))
    assert _laid({3: table}, Moment(hour=17, minute=5, second=42)) == [
        Placed(1, 3, 4),
        Placed(7, 13, 4),
        Placed(0, 3, 24),
        Placed(5, 13, 24),
        Placed(4, 3, 44),
        Placed(2, 13, 44),
        Placed(12, 8, 14),
    ]


def test_a_digit_that_a_set_does_not_have_is_left_out() -> None:
    pair = _set(1, 0, 0, 0, 2) + _set(2, 10, 0, 0, 10)
    assert _laid({3: node(1, pair)}, Moment(hour=23)) == [Placed(3, 10, 0)]
    assert _laid({4: node(1, _box(1, (0, 0, 50, 9), 18, count=9))}) == []


@pytest.mark.parametrize(
    ("lies", "x", "y"),
    [
        (LEFT | TOP, 20, 30),
        (RIGHT | TOP, 43, 30),
        (MIDDLE | TOP, 31, 30),
        (LEFT | BOTTOM, 20, 52),
        (RIGHT | BOTTOM, 43, 52),
        (MIDDLE | CENTRE, 31, 41),
        (0, 20, 30),
    ],
)
def test_a_number_lies_in_its_box_as_it_says(lies: int, x: int, y: int) -> None:
    # Three digits of 5 with 1 between them: 17 wide, and 8 high.
    pieces = _line((20, 30, 60, 60), lies, 456)
    assert pieces == [Placed(4, x, y), Placed(5, x + 6, y), Placed(6, x + 12, y)]


@pytest.mark.parametrize("lies", [LEFT | TOP, RIGHT | BOTTOM, MIDDLE | CENTRE])
def test_a_number_that_is_too_long_begins_where_its_box_does(lies: int) -> None:
    assert _line((20, 30, 24, 34), lies, 123)[0] == Placed(1, 20, 30)


def test_digits_may_overlap() -> None:
    assert [piece[1] for piece in _line((20, 30, 60, 60), LEFT, 123, -2)] == [20, 23, 26]


def test_activity_is_shown_with_what_follows_it() -> None:
    box = _box(1, (0, 0, 100, 9), LEFT)
    table = (
        node(1, box)
        + _box(2, (0, 20, 100, 9), LEFT)
        + node(3, box + node(2, 11))
        + node(4, box)
        + node(5, box + node(2, 12) + node(3, 13))
    )
    moment = Moment(steps=12, goal=34, calories_kcal=56, pulse_bpm=78, distance=(9, 1))
    assert _images(_laid({4: table}, moment)) == [1, 2, 3, 4, 5, 6, 11, 7, 8, 9, 13, 0, 1, 12]


def test_what_follows_a_number_stands_beside_it() -> None:
    table = node(3, _box(1, (0, 0, 100, 9), RIGHT) + node(2, 11))
    assert _laid({4: table}, Moment(calories_kcal=5)) == [Placed(5, 85, 0), Placed(11, 91, 0)]


@pytest.mark.parametrize(
    ("two_digits", "month", "day"),
    [((0, 0), [6], [1]), ((1, 0), [0, 6], [1]), ((0, 1), [6], [0, 1]), ((1, 1), [0, 6], [0, 1])],
)
def test_month_and_day_have_one_or_two_digits(
    two_digits: tuple[int, int], month: list[int], day: list[int]
) -> None:
    flags = node(3, two_digits[0]) + node(4, two_digits[1])
    line = (0, 0, 100, 9)

    def shown(date: bytes) -> list[int]:
        return _images(_laid({5: node(1, date + flags)}, Moment(month=6, day=1)))

    assert shown(node(1, _box(1, line, LEFT) + _box(3, line, LEFT))) == month + day
    assert shown(node(2, _box(1, line, LEFT) + node(2, 15))) == [*month, 15, *day]
    assert shown(node(2, _box(1, line, LEFT))) == month + day


@pytest.mark.parametrize(("count", "image"), [(7, 12), (21, 26)])
def test_a_weekday_is_shown_in_the_last_of_its_languages(count: int, image: int) -> None:
    assert _laid({5: _set(2, 1, 2, 10, count)}, Moment(weekday=2)) == [Placed(image, 1, 2)]


def test_as_much_of_the_progress_is_shown_as_was_walked() -> None:
    parts = b"".join(node(2, values(10 * number, 5)) for number in range(8))
    table = node(2, node(1, 20) + parts)
    for steps, shown in ((0, 0), (999, 0), (1000, 1), (4100, 4), (8000, 8), (20_000, 8)):
        laid = _laid({7: table}, Moment(steps=steps, goal=8000))
        assert laid == [Placed(20 + number, 10 * number, 5) for number in range(shown)]
    assert _laid({7: node(2, parts)}) == _laid({7: node(1, values(0, 0, 20))}) == []


def test_a_progress_with_parts_without_end_ends() -> None:
    table = node(2, node(1, 0) + node(2, values(1, 1)) * 1000)
    assert len(_laid({7: table}, Moment(steps=9, goal=9))) == len(IMAGES)


def test_signs_show_a_band_that_is_linked_and_awake() -> None:
    both = node(2, 10) + node(3, 11)
    table = b"".join(node(number, node(1, values(number, 9)) + both) for number in (1, 2, 3))
    assert _laid({8: table}) == [Placed(11, 1, 9), Placed(11, 2, 9), Placed(10, 3, 9)]
    assert _laid({8: node(1, node(1, values(1, 9)) + node(2, 10)) + node(2, node(3, 4))}) == []


@pytest.mark.parametrize(("percent", "image"), [(0, 10), (9, 10), (55, 15), (99, 19), (100, 19)])
def test_the_battery_is_shown_as_a_number_and_as_a_sign(percent: int, image: int) -> None:
    table = node(4, _box(2, (0, 20, 60, 30), LEFT) + _set(3, 1, 2, 10, 10))
    *digits, sign = _laid({8: table}, Moment(battery_percent=percent))
    assert _images(digits) == [int(digit) for digit in f"{percent}"]
    assert sign == Placed(image, 1, 2)


def _hand(corners: Iterable[tuple[int, int]], *more: bytes, colour: int = 0xC08040) -> bytes:
    shape = (node(4, values(*corner)) for corner in corners)
    return b"".join((node(2, colour), node(3, values(60, 120)), *shape, *more))


ARROW = ((-10, 0), (40, 2), (40, -2))


@pytest.mark.parametrize(
    ("hour", "minute", "tip"),
    [(3, 0, (100, 120)), (6, 0, (60, 160)), (9, 0, (20, 120)), (12, 0, (60, 80)), (0, 0, (60, 80))],
)
def test_a_hand_points_to_its_hour(hour: int, minute: int, tip: tuple[int, int]) -> None:
    table = node(1, _hand(((0, 0), (40, 0), (40, 0))))
    (hand,) = _laid({10: table}, Moment(hour=hour, minute=minute, second=0))
    assert isinstance(hand, Hand)
    assert all(
        isclose(one, other, abs_tol=1e-6) for one, other in zip(hand.corners[1], tip, strict=True)
    )


def test_each_hand_has_its_pace() -> None:
    table = b"".join(node(number, _hand(((0, 0), (40, 0), (40, 0)))) for number in (1, 2, 3))
    tips = [
        hand.corners[1]
        for hand in _laid({10: table}, Moment(hour=6, minute=30, second=0))
        if isinstance(hand, Hand)
    ]
    hours, minutes, seconds = tips
    assert hours[0] < 60 < hours[1]
    assert (round(minutes[0]), round(minutes[1])) == (60, 160)
    assert (round(seconds[0]), round(seconds[1])) == (60, 80)


def test_the_side_of_a_hand_is_to_its_right() -> None:
    (hand,) = _laid({10: node(1, _hand(ARROW))}, Moment(hour=12, minute=0, second=0))
    assert isinstance(hand, Hand)
    rounded = [(round(x), round(y)) for x, y in hand.corners]
    assert rounded == [(60, 130), (62, 80), (58, 80)]


def test_a_hand_has_a_colour_and_is_filled_or_not() -> None:
    table = node(1, _hand(ARROW)) + node(2, node(1, 1) + _hand(ARROW, node(5, values(1, 2, 12))))
    filled, edge, cap = _laid({10: table})
    assert isinstance(filled, Hand)
    assert isinstance(edge, Hand)
    assert (filled.colour, filled.filled, edge.filled) == ((0xC0, 0x80, 0x40), True, False)
    assert cap == Placed(12, 1, 2)


@pytest.mark.parametrize(
    "hand",
    [
        b"",
        _hand(ARROW[:2]),
        _hand((*ARROW, (2000, 0))),
        _hand((*ARROW, (0, -(1 << 62)))),
        node(3, values(1 << 40, 0)) + b"".join(node(4, values(*corner)) for corner in ARROW),
        b"".join(node(4, values(*corner)) for corner in ARROW),
    ],
    ids=["nothing", "two corners", "far", "very far", "a far middle", "no middle"],
)
def test_a_hand_that_makes_no_sense_is_left_out(hand: bytes) -> None:
    assert _laid({10: node(1, hand)}) == []


def test_of_an_animation_the_first_image_is_shown() -> None:
    table = node(1, node(1, values(4, 5, 20, 9, 100)) + node(3, 1) + node(4, 80))
    assert _laid({11: table}) == [Placed(20, 4, 5)]


@pytest.mark.parametrize(
    "place", [(WIDTH, 0), (0, HEIGHT), (-9, 0), (0, -3), (1 << 60, 0), (0, -(1 << 60))]
)
def test_what_is_not_on_the_screen_is_left_out(place: tuple[int, int]) -> None:
    assert _laid({2: node(1, values(*place, 10))}) == []


def test_what_is_half_on_the_screen_is_shown() -> None:
    assert _laid({2: node(1, values(-8, -2, 10))}) == [Placed(10, -8, -2)]


@pytest.mark.parametrize("image", [40, -1, 1 << 60])
def test_an_image_that_is_not_there_is_left_out(image: int) -> None:
    assert _laid({2: node(1, values(0, 0, image))}) == []
    assert _laid({4: node(3, _box(1, (0, 0, 50, 9), 18) + node(2, image))}) == []


def test_what_lies_behind_comes_first() -> None:
    tables = {number: node(1, values(0, 0, 10)) for number in (2, 9, 31)}
    tables[5] = _set(2, 0, 0, 11, 7)
    tables[3] = node(10, values(0, 0, 12))
    assert _images(_laid(tables, Moment(weekday=0))) == [10, 12, 11]


def test_a_table_that_cannot_be_read_is_an_error_with_a_name() -> None:
    dial = decode_dial(dials.container({2: b"\x0a\x7f"}, IMAGES))
    with pytest.raises(FileRefused):
        list(lay_out(dial))


def test_the_whole_face_is_understood() -> None:
    pieces = list(lay_out(decode_dial(dials.digital_face())))
    assert len(pieces) == 38
    assert pieces[0] == Placed(0, 0, 0)


# Wrong parameters

NODES = st.recursive(
    st.builds(
        node,
        st.integers(0, 31),
        st.one_of(st.integers(0, 45), st.integers(-(1 << 63), (1 << 63) - 1)),
    ),
    lambda inner: st.builds(
        lambda number, children: node(number, *children),
        st.integers(1, 11),
        st.lists(inner, max_size=8),
    ),
    max_leaves=40,
)


@given(st.dictionaries(st.integers(2, 11), st.lists(NODES, max_size=6)))
def test_whatever_the_parameters_are_what_is_shown_is_on_the_screen(
    tables: dict[int, list[bytes]],
) -> None:
    content = dials.container({number: b"".join(table) for number, table in tables.items()}, IMAGES)
    try:
        pieces = list(lay_out(decode_dial(content)))
    except FileRefused:
        return
    assert len(pieces) < 400
    for piece in pieces:
        if isinstance(piece, Placed):
            assert 0 <= piece.image < len(IMAGES)
            assert -9 < piece.x < WIDTH
            assert -8 < piece.y < HEIGHT


@given(st.sampled_from([dials.digital_face(), dials.analog_face()]), st.data())
def test_a_face_with_spoilt_tables_is_laid_out_or_refused(face: bytes, data: st.DataObject) -> None:
    dial = decode_dial(face)
    start = min(place for place, _ in dial.tables.values())
    end = max(place for _, place in dial.tables.values())
    spoilt = bytearray(face)
    for _ in range(data.draw(st.integers(1, 6))):
        spoilt[data.draw(st.integers(start, end - 1))] = data.draw(st.integers(0, 255))
    try:
        pieces = list(lay_out(decode_dial(bytes(spoilt))))
    except FileRefused:
        return
    assert len(pieces) < 400
