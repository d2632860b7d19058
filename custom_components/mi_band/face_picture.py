"""The picture of a watch face, as a PNG file: what the band's screen would show at 10:08.

Each pixel of the screen is a square of some, for the screens of people are finer. What of a face
cannot be understood is left out; of one without anything else there is no picture. Drawing belongs
into a thread.
"""

from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from .band.dial import Dial, decode_dial
from .band.dial_image import LARGEST_IMAGE, decode_image
from .band.errors import FileRefused
from .band.watchface import HEIGHT, WIDTH, Hand, Placed, lay_out
from .drawing import BACKGROUND, FAINT, drawable, font

DENSITY: Final = 2
"""Pixels of the picture, across and down, for each of the band's."""
MOST_PIXELS: Final = 2_000_000
"""How many pixels of images are drawn for one picture; seventy screens."""

_BLACK = (0, 0, 0)
_WORDS_SIZE = 15
_WORDS_WIDTH = WIDTH * DENSITY - 32


def draw_face(content: bytes) -> bytes | None:
    """Draw a watch face; returns nothing when nothing of it can be drawn.

    Raises:
        FileRefused: it cannot be read.
    """
    dial = decode_dial(content)
    screen = Image.new("RGB", (WIDTH, HEIGHT), _BLACK)
    images = _Images(dial)
    drawn = False
    for piece in lay_out(dial):
        match piece:
            case Placed():
                drawn |= _draw_image(screen, images, piece)
            case Hand():
                _draw_hand(screen, piece)
                drawn = True
    return _png(screen.resize(_enlarged(), Image.Resampling.NEAREST)) if drawn else None


def draw_words(words: str) -> bytes:
    """Write what is to be said in place of a face, in the middle of an empty one."""
    picture = Image.new("RGB", _enlarged(), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    lines = [""]
    for word in drawable(words).split():
        longer = f"{lines[-1]} {word}".strip()
        if font(_WORDS_SIZE).getlength(longer) <= _WORDS_WIDTH:
            lines[-1] = longer
        else:
            lines.append(word)
    draw.multiline_text(
        (WIDTH * DENSITY / 2, HEIGHT * DENSITY / 2),
        "\n".join(lines),
        fill=FAINT,
        font=font(_WORDS_SIZE),
        anchor="mm",
        align="center",
        spacing=10,
    )
    return _png(picture)


class _Images:
    """The images of a face, each turned into pixels once."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._known: dict[int, Image.Image | None] = {}
        self._left = MOST_PIXELS

    def get(self, number: int) -> Image.Image | None:
        """Return an image; None when it cannot be drawn."""
        if number not in self._known:
            self._known[number] = self._decode(number)
        return self._known[number]

    def _decode(self, number: int) -> Image.Image | None:
        head = self._dial.images[number]
        if head.width * head.height > self._left:
            return None
        try:
            picture = decode_image(self._dial.image(number, LARGEST_IMAGE))
        except FileRefused:
            # The face may be good for all that: it has something that nobody knows yet.
            return None
        self._left -= picture.width * picture.height
        return Image.frombytes("RGBA", (picture.width, picture.height), picture.rgba)


def _draw_image(screen: Image.Image, images: _Images, piece: Placed) -> bool:
    image = images.get(piece.image)
    if image is None:
        return False
    screen.paste(image, (piece.x, piece.y), image)
    return True


def _draw_hand(screen: Image.Image, hand: Hand) -> None:
    fill = hand.colour if hand.filled else None
    ImageDraw.Draw(screen).polygon(hand.corners, fill=fill, outline=hand.colour)


def _enlarged() -> tuple[int, int]:
    return WIDTH * DENSITY, HEIGHT * DENSITY


def _png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
