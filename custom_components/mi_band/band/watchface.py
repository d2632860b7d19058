"""What a watch face shows: which image of it lies where, at a moment that is made up.

    table  what            parameters, by the numbers on the way to them
    2      background      1 an image
    3      time            1 hours, 2 minutes, 3 seconds: each 1 tens, 2 ones, a set; 10 what parts
                           hours and minutes, an image
    4      activity        1.1 steps, 2 their goal: numbers; 3.1 calories, 3.2 what follows them;
                           4.1 pulse; 5.1 distance, 5.2 what follows it, 5.3 its point
    5      date            1.1.1 month, 1.1.3 day: numbers; 1.2.1 both as one, 1.2.2 what parts
                           them; 1.3 and 1.4 whether month and day always have two digits;
                           2 weekday: a set, Monday first, in one or in three languages
    7      steps progress  2.1 the first image, 2.2 where each of them lies, again and again
    8      status          1 do not disturb, 2 lock, 3 Bluetooth: 1 where, 2 on, 3 off;
                           4.2 battery, a number; 4.3 a set, from empty to full
    10     hands           1 hours, 2 minutes, 3 seconds: 1 whether only their edge is drawn,
                           2 colour, 3 around which place, 4 corners, again and again, x from the
                           place on along the hand; 5 an image on top
    11     other           1.1 an animation: a set, of which the first is shown

An image is 1 x, 2 y, 3 which; a set has 4 how many besides; a number 1 left, 2 top, 3 right,
4 bottom, 5 how it lies between these, 6 how far digits are apart, 7 the image of zero, 8 how many.

Left out, for nobody knows well enough how they look, or because the moment has none of it: weather
(6), morning and afternoon, the circle of the steps and what is shown at their goal, texts of one
language in place of another.

Source: public programs that read or draw the faces of this band [INFERRED]: a parser (stirante,
miband-watchface-parser), an editor in a telephone (ddaydd, organizeur), the descriptions beside
faces that people made (fm94, MiBand4WF), and a preview in Python of such descriptions. The hands
are those of an older watch's tool, with the names that these descriptions have. The order is the
preview's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from itertools import islice
from math import cos, pi, sin
from typing import Final, NamedTuple

from .dial import Dial, Parameter

WIDTH: Final = 120
HEIGHT: Final = 240
"""Of the band's screen, in pixels."""

_LANGUAGES = 3
_WEEK = 7
_FARTHEST = 1024
"""A corner so far from the screen makes no sense."""
_FEWEST_CORNERS = 3
_MOST_PARTS = 64
"""Of a hand, or of a progress."""
_DIGITS = 10


class _Lies(IntFlag):
    """How a number lies between its borders."""

    LEFT = 2
    RIGHT = 4
    MIDDLE = 8
    TOP = 16
    BOTTOM = 32
    CENTRE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a face shows."""

    hour: int = 10
    minute: int = 8
    second: int = 36
    month: int = 6
    day: int = 24
    weekday: int = 2
    """0 is Monday."""
    steps: int = 6542
    goal: int = 8000
    calories_kcal: int = 217
    pulse_bpm: int = 72
    distance: tuple[int, int] = (4, 73)
    """Before and after the point, kilometres."""
    battery_percent: int = 80


EXAMPLE: Final = Moment()


class Placed(NamedTuple):
    """An image and where its top left corner is."""

    image: int
    x: int
    y: int


class Hand(NamedTuple):
    """A hand as the surface between its corners."""

    corners: tuple[tuple[float, float], ...]
    colour: tuple[int, int, int]
    filled: bool
    """Else only its edge is drawn."""


type Piece = Placed | Hand
type _Maybe = Parameter | None


def lay_out(dial: Dial, moment: Moment = EXAMPLE) -> Iterator[Piece]:
    """Tell what lies on the screen, from the back to the front.

    What cannot be understood is left out.

    Raises:
        FileRefused: a table cannot be read.
    """
    for number, lay in _TABLES.items():
        if table := dial.table(number):
            yield from (piece for piece in lay(dial, table, moment) if _is_seen(dial, piece))


def _is_seen(dial: Dial, piece: Piece) -> bool:
    if isinstance(piece, Hand):
        return True
    if not 0 <= piece.image < len(dial.images):
        return False
    head = dial.images[piece.image]
    return -head.width < piece.x < WIDTH and -head.height < piece.y < HEIGHT


# Tables


def _background(_: Dial, table: Parameter, __: Moment) -> Iterator[Piece]:
    yield from _image(table.child(1))


def _time(_: Dial, table: Parameter, moment: Moment) -> Iterator[Piece]:
    for number, value in enumerate((moment.hour, moment.minute, moment.second), 1):
        if pair := table.child(number):
            yield from _image(pair.child(1), value // 10)
            yield from _image(pair.child(2), value % 10)
    yield from _image(table.child(10))


def _activity(dial: Dial, table: Parameter, moment: Moment) -> Iterator[Piece]:
    steps, goal, calories, pulse, distance = map(table.child, range(1, 6))
    if steps:
        yield from _number(dial, steps.child(1), moment.steps)
    yield from _number(dial, goal, moment.goal)
    if calories:
        yield from _number(dial, calories.child(1), moment.calories_kcal, after=calories.of(2))
    if pulse:
        yield from _number(dial, pulse.child(1), moment.pulse_bpm)
    if distance:
        whole, part = moment.distance
        words = (f"{whole}", distance.of(3), f"{part:02}", distance.of(2))
        yield from _line(dial, distance.child(1), words)


def _date(dial: Dial, table: Parameter, moment: Moment) -> Iterator[Piece]:
    if date := table.child(1):
        month = f"{moment.month:0{2 if date.of(3) else 1}}"
        day = f"{moment.day:0{2 if date.of(4) else 1}}"
        if apart := date.child(1):
            yield from _line(dial, apart.child(1), (month,))
            yield from _line(dial, apart.child(3), (day,))
        if together := date.child(2):
            yield from _line(dial, together.child(1), (month, together.of(2), day))
    if weekday := table.child(2):
        # English is the last of three languages.
        many = (weekday.of(4) or 0) >= _LANGUAGES * _WEEK
        yield from _image(weekday, moment.weekday + (_LANGUAGES - 1) * _WEEK * many)


def _progress(_: Dial, table: Parameter, moment: Moment) -> Iterator[Piece]:
    bar = table.child(2)
    first = bar.of(1) if bar else None
    if bar is None or first is None:
        return
    parts = list(islice(bar.every(2), _MOST_PARTS))
    done = len(parts) * moment.steps // moment.goal
    for number, part in enumerate(parts[:done]):
        yield from _at(part, first + number)


def _status(dial: Dial, table: Parameter, moment: Moment) -> Iterator[Piece]:
    # Not disturbed by anything, unlocked, linked.
    for number, is_on in ((1, False), (2, False), (3, True)):
        if sign := table.child(number):
            yield from _at(sign.child(1), sign.of(2 if is_on else 3))
    if battery := table.child(4):
        yield from _number(dial, battery.child(2), moment.battery_percent)
        if icons := battery.child(3):
            count = icons.of(4) or 1
            yield from _image(icons, min(count * moment.battery_percent // 100, count - 1))


def _hands(_: Dial, table: Parameter, moment: Moment) -> Iterator[Piece]:
    minutes = moment.minute + moment.second / 60
    turns = ((moment.hour % 12 + minutes / 60) / 12, minutes / 60, moment.second / 60)
    for number, turn in enumerate(turns, 1):
        if hand := table.child(number):
            yield from _hand(hand, turn)
            yield from _image(hand.child(5))


def _other(_: Dial, table: Parameter, __: Moment) -> Iterator[Piece]:
    if animation := table.child(1):
        yield from _image(animation.child(1))


_TABLES: dict[int, Callable[[Dial, Parameter, Moment], Iterator[Piece]]] = {
    2: _background,
    3: _time,
    4: _activity,
    7: _progress,
    5: _date,
    8: _status,
    10: _hands,
    11: _other,
}


# What tables are made of


def _at(place: _Maybe, image: int | None) -> Iterator[Piece]:
    if place is not None and image is not None:
        yield Placed(image, place.of(1) or 0, place.of(2) or 0)


def _image(image: _Maybe, which: int = 0) -> Iterator[Piece]:
    """Place one image of a set, if it has so many."""
    if image is None or (first := image.of(3)) is None:
        return
    count = image.of(4)
    if which < (1 if count is None else count):
        yield from _at(image, first + which)


def _number(dial: Dial, box: _Maybe, value: int, *, after: int | None = None) -> Iterator[Piece]:
    yield from _line(dial, box, (f"{value}", after))


def _line(dial: Dial, box: _Maybe, words: Iterable[str | int | None]) -> Iterator[Piece]:
    """Place digits, and images between and after them, side by side."""
    if box is None or (zero := box.of(7)) is None or (box.of(8) or 0) < _DIGITS:
        return
    images = list(_images_of(words, zero))
    if not all(0 <= image < len(dial.images) for image in images):
        return
    space = box.of(6) or 0
    widths = [dial.images[image].width for image in images]
    height = max(dial.images[image].height for image in images)
    x, y = _corner(box, sum(widths) + space * (len(widths) - 1), height)
    for image, width in zip(images, widths, strict=True):
        yield Placed(image, x, y)
        x += width + space


def _images_of(words: Iterable[str | int | None], zero: int) -> Iterator[int]:
    for word in words:
        match word:
            case str():
                yield from (zero + int(digit) for digit in word)
            case int():
                yield word
            case None:
                pass


def _corner(box: Parameter, width: int, height: int) -> tuple[int, int]:
    """Tell where a line begins; one that is too long begins at the left."""
    left, top, right, bottom, lies = (box.of(number) or 0 for number in range(1, 6))
    x, y = left, top
    if lies & _Lies.RIGHT:
        x = max(right - width, left)
    elif lies & _Lies.MIDDLE:
        x = max((left + right - width) // 2, left)
    if lies & _Lies.BOTTOM:
        y = max(bottom - height, top)
    elif lies & _Lies.CENTRE:
        y = max((top + bottom - height) // 2, top)
    return x, y


def _hand(hand: Parameter, turn: float) -> Iterator[Piece]:
    middle = hand.child(3)
    shape = [_place(corner) for corner in islice(hand.every(4), _MOST_PARTS)]
    if middle is None or len(shape) < _FEWEST_CORNERS:
        return
    x, y = _place(middle)
    if not _is_near([(x, y), *shape]):
        return
    # Its own direction is to the right; that of the hour twelve is up.
    along, across = cos(2 * pi * turn - pi / 2), sin(2 * pi * turn - pi / 2)
    corners = tuple(
        (x + far * along - beside * across, y + far * across + beside * along)
        for far, beside in shape
    )
    colour = hand.of(2) or 0
    yield Hand(
        corners,
        (colour >> 16 & 0xFF, colour >> 8 & 0xFF, colour & 0xFF),
        filled=not hand.of(1),
    )


def _place(place: Parameter) -> tuple[int, int]:
    return place.of(1) or 0, place.of(2) or 0


def _is_near(places: Iterable[tuple[int, int]]) -> bool:
    return all(max(abs(x), abs(y)) <= _FARTHEST for x, y in places)
