"""What the pictures are drawn with: a canvas of the size of a card, and an axis of time.

The background is opaque and dark, so that a picture can be read on any dashboard, light or dark,
and in a notification. There are two pixels to each of a card's, for dense screens.

The font that Pillow brings knows plain letters only: accents are left out, and words in other
letters are not drawn.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from io import BytesIO
from math import floor
from typing import Final
from unicodedata import combining, normalize

from PIL import Image, ImageDraw, ImageFont

WIDTH: Final = 400
HEIGHT: Final = 220
"""About as large as a card on a telephone and in a column of a dashboard."""
DENSITY: Final = 2
"""Pixels of the picture for each of a card."""
MARGIN: Final = 14
TOP: Final = 68
BOTTOM: Final = 188
RIGHT: Final = WIDTH - 20
"""Where the chart ends; it begins where its axis does."""

BACKGROUND: Final = (22, 27, 38)
SHADE: Final = (34, 41, 55)
HATCH: Final = (58, 67, 86)
GRID: Final = (43, 51, 67)
TEXT: Final = (233, 237, 243)
FAINT: Final = (158, 168, 185)

# Pillow draws jagged edges: shapes are drawn larger still and reduced, text is not.
_SMOOTHING = 2
_SHAPES = DENSITY * _SMOOTHING
_HEADING, _LEGEND, _ASIDE = 26, 50, 22
_ASIDE_HEIGHT = 17
_SWATCH = 10
_HATCH_STEP = 6
_TICK_WIDTH = 40
_TICKS_MINUTES = (15, 30, 60, 120, 180, 240, 360)
_QUARTER_MINUTES = 15

type Colour = tuple[int, int, int]
type Point = tuple[float, float]


class Axis:
    """Where a minute lies."""

    def __init__(self, start: int, end: int, *, left: float) -> None:
        self.start, self.end, self.left = start, end, left

    def x(self, minute: float) -> float:
        """Tell how far from the left of the picture."""
        return self.left + (minute - self.start) / (self.end - self.start) * (RIGHT - self.left)

    def ticks(self, zone: tzinfo) -> list[tuple[int, str]]:
        """Give the full hours, or whatever fits, with their names."""
        first = -(-self.start // _QUARTER_MINUTES) * _QUARTER_MINUTES
        quarters = [
            (minute, local_time(minute, zone))
            for minute in range(first, self.end + 1, _QUARTER_MINUTES)
        ]
        most = (RIGHT - self.left) // _TICK_WIDTH
        ticks: list[tuple[int, str]] = []
        for every in _TICKS_MINUTES:
            ticks = [
                (minute, f"{local:%H:%M}")
                for minute, local in quarters
                if (local.hour * 60 + local.minute) % every == 0
            ]
            if len(ticks) <= most:
                break
        return ticks


class Canvas:
    """A picture in the making; places are those of a card, from its top left."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (WIDTH * _SHAPES, HEIGHT * _SHAPES), BACKGROUND)
        self._shapes = ImageDraw.Draw(self._image)
        self._texts: list[tuple[Point, str, int, Colour, str]] = []

    def png(self) -> bytes:
        """Finish the picture."""
        image = self._image.reduce(_SMOOTHING)
        draw = ImageDraw.Draw(image)
        for (x, y), words, size, colour, anchor in self._texts:
            draw.text(
                (x * DENSITY, y * DENSITY), words, fill=colour, font=font(size), anchor=anchor
            )
        file = BytesIO()
        image.save(file, "PNG", optimize=True)
        return file.getvalue()

    def text(
        self,
        place: Point,
        words: str,
        *,
        size: int = 13,
        colour: Colour = TEXT,
        anchor: str = "la",
    ) -> None:
        """Write a line on top of all shapes; the anchor is Pillow's."""
        self._texts.append((place, drawable(words), size, colour, anchor))

    def heading(self, words: str, colour: Colour = TEXT) -> None:
        """Write what the picture says above all."""
        self.text((MARGIN, _HEADING), words, size=25, colour=colour, anchor="lm")

    def aside(self, row: int, words: str, colour: Colour = FAINT) -> None:
        """Write a line at the top right."""
        place = (WIDTH - MARGIN, _ASIDE + row * _ASIDE_HEIGHT)
        self.text(place, words, colour=colour, anchor="rm")

    def label(self, middle: float, words: str, value: str, width: float) -> None:
        """Write what a row of the chart is, and how much; too long a word is cut."""
        while words and font(13).getlength(drawable(words)) > width * DENSITY:
            words = words[:-1]
        self.text((MARGIN, middle - 8), words, anchor="lm")
        self.text((MARGIN, middle + 9), value, size=12, colour=FAINT, anchor="lm")

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw from point to point."""
        self._shapes.line(
            [_enlarged(point) for point in points],
            fill=colour,
            width=round(width * _SHAPES),
            joint="curve",
        )

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill what the points surround."""
        self._shapes.polygon([_enlarged(point) for point in points], fill=colour)

    def block(self, first: Point, last: Point, colour: Colour) -> None:
        """Draw a block with round corners, at least as wide as can be seen."""
        (left, top), (right, bottom) = first, last
        right = max(right, left + 2)
        self._shapes.rounded_rectangle(
            [_enlarged((left, top)), _enlarged((right, bottom))],
            radius=min(4, (right - left) / 2) * _SHAPES,
            fill=colour,
        )

    def dot(self, place: Point, colour: Colour) -> None:
        """Draw a single value."""
        self._shapes.circle(_enlarged(place), 2.5 * _SHAPES, fill=colour)

    def dashes(self, start: Point, right: float, colour: Colour) -> None:
        """Draw a level."""
        x, y = start
        while x < right:
            self.line([(x, y), (min(x + 5, right), y)], colour, 1.5)
            x += 9

    def time_grid(self, axis: Axis, zone: tzinfo) -> None:
        """Draw the hours."""
        for minute, name in axis.ticks(zone):
            x = axis.x(minute)
            self.line([(x, TOP), (x, BOTTOM)], GRID, 1)
            half = font(12).getlength(name) / DENSITY / 2
            self.text(
                (min(max(x, half + 2), WIDTH - half - 2), BOTTOM + 14),
                name,
                size=12,
                colour=FAINT,
                anchor="mm",
            )

    def hatch(self, axis: Axis, spans: Sequence[tuple[int, int]], words: str) -> None:
        """Shade the time of which nothing is known, and tell what that means."""
        for start, end in spans:
            self._hatch((axis.x(start), TOP), (axis.x(end), BOTTOM))
        if not spans:
            return
        self._hatch((MARGIN, _LEGEND - _SWATCH / 2), (MARGIN + _SWATCH, _LEGEND + _SWATCH / 2))
        told = f"{words} {duration(sum(end - start for start, end in spans))}"
        self.text((MARGIN + _SWATCH + 6, _LEGEND), told, size=12, colour=FAINT, anchor="lm")

    def _hatch(self, first: Point, last: Point) -> None:
        (left, top), (right, bottom) = first, last
        self._shapes.rectangle([_enlarged(first), _enlarged(last)], fill=SHADE)
        # Lines that rise by 45 degrees, cut off at the sides.
        foot = floor((left - (bottom - top)) / _HATCH_STEP) * _HATCH_STEP
        while foot < right:
            begin, end = max(foot, left), min(foot + bottom - top, right)
            if begin < end:
                self.line([(begin, bottom - begin + foot), (end, bottom - end + foot)], HATCH, 0.75)
            foot += _HATCH_STEP


def local_time(minute: int, zone: tzinfo) -> datetime:
    """Return what the clock on the wall showed."""
    return datetime.fromtimestamp(minute * 60, zone)


def duration(minutes: int) -> str:
    """Return a length of time, in units that need no translation."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def drawable(words: str) -> str:
    """Leave out accents; return nothing where letters remain that the font does not know."""
    plain = "".join(letter for letter in normalize("NFKD", words) if not combining(letter))
    return plain if plain.isascii() else ""


def _enlarged(point: Point) -> Point:
    x, y = point
    return x * _SHAPES, y * _SHAPES


@lru_cache(maxsize=8)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow brings, in a size that counts in pixels of a card."""
    return ImageFont.load_default(size * DENSITY)
