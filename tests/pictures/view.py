"""A picture as a person sees it: which colour is where."""

from collections import Counter
from io import BytesIO
from itertools import batched

from PIL import Image

from custom_components.mi_band.drawing import BOTTOM, DENSITY, TOP, Colour

_CHANNELS = 3
_ALIKE = 12
"""How far a channel may be off: edges are smoothed."""


class View:
    """Looks at a PNG file; places are those of a card, from its top left."""

    def __init__(self, png: bytes) -> None:
        with Image.open(BytesIO(png)) as image:
            self.format, self.mode, self.size = image.format, image.mode, image.size
            self._pixels = image.convert("RGB").tobytes()

    def at(self, x: float, y: float) -> Colour:
        """Return the colour of a place."""
        return self._pixel(round(x * DENSITY), round(y * DENSITY))

    def shows(self, colour: Colour, x: float, y: float) -> bool:
        """Tell whether a place has a colour."""
        return _alike(self.at(x, y), colour)

    def heights(self, colour: Colour, x: float) -> list[float]:
        """Return where in the chart, above a place on the axis of time, a colour is found."""
        place = round(x * DENSITY)
        chart = range(TOP * DENSITY, BOTTOM * DENSITY + 1)
        return [y / DENSITY for y in chart if _alike(self._pixel(place, y), colour)]

    def count(
        self, colour: Colour, *, left: float = 0, right: float | None = None, top: float = 0
    ) -> int:
        """Return how many pixels have a colour, in the whole picture or in a part of it."""
        width, _ = self.size
        end = width if right is None else round(right * DENSITY)
        begin = round(left * DENSITY)
        rows = (
            self._pixels[(row * width + begin) * _CHANNELS : (row * width + end) * _CHANNELS]
            for row in range(round(top * DENSITY), self.size[1])
        )
        # Most pixels are of very few colours.
        colours = Counter(found for row in rows for found in batched(row, _CHANNELS, strict=True))
        return sum(count for found, count in colours.items() if _alike(found, colour))

    def _pixel(self, x: int, y: int) -> Colour:
        place = (y * self.size[0] + x) * _CHANNELS
        red, green, blue = self._pixels[place : place + _CHANNELS]
        return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Return how well one colour is seen on another, from 1 to 21, by the formula of WCAG 2."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _alike(found: tuple[int, ...], colour: Colour) -> bool:
    return all(abs(one - other) <= _ALIKE for one, other in zip(found, colour, strict=True))
