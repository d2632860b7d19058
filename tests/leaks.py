"""Finds secrets in texts, in whichever form somebody may have written them."""

import base64
from collections.abc import Iterable, Mapping
import html
from itertools import batched
import json
import re
from typing import Final, Literal
from urllib.parse import unquote, unquote_plus

type Secret = bytes | str

_ORDERS: Final[tuple[Literal["big", "little"], ...]] = ("big", "little")
_PIECE: Final = 8
"""Bytes in a row that give a secret away; a key has twice as many."""
_END: Final = "\0"
"""Parts what does not belong together."""
_BETWEEN_HEX = re.compile(r"\\\\?x|0x|[^0-9a-z\0]+")
_BETWEEN_NUMBERS = re.compile(r"[^0-9\0]+")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")
_WORDS_IN_BYTES = re.compile(rb"[\t\n\r -~]{4,}")
_LINES: Final = 1000
"""Lines of a long file that are read together."""


class Reading:
    """A text, read in every way that a secret may have been written in.

    Hexadecimal digits are found in upper and lower case and with anything between them, bytes as
    Python or JSON print them and as lists of numbers, base64 in both alphabets and wherever in a
    longer piece the secret begins; words also quoted for addresses and pages.
    """

    def __init__(self, text: str) -> None:
        plain = html.unescape(text)
        self._texts = tuple({text, plain, unquote(plain), unquote_plus(plain)})
        self._words = tuple(each.casefold() for each in self._texts)
        self._hex = _BETWEEN_HEX.sub("", text.casefold())
        self._numbers = f",{_BETWEEN_NUMBERS.sub(',', text)},".replace(_END, f",{_END},")
        self._base64 = tuple(
            _NO_BASE64.sub(" ", each.replace("-", "+").replace("_", "/")) for each in self._texts
        )

    def holds(self, secret: Secret) -> bool:
        """Tell whether a secret is there."""
        if isinstance(secret, str):
            return self._holds_word(secret) or self._holds_bytes(secret.encode())
        return self._holds_bytes(secret)

    def _holds_word(self, word: str) -> bool:
        forms = {word, *_in_quotation_marks(word)}
        return any(form.casefold() in each for form in forms for each in self._words)

    def _holds_bytes(self, secret: bytes) -> bool:
        return (
            any(piece.hex() in self._hex for piece in _pieces(secret))
            or secret[::-1].hex() in self._hex
            or f",{','.join(map(str, secret))}," in self._numbers
            or any(f",{int.from_bytes(secret, order)}," in self._numbers for order in _ORDERS)
            or any(form in each for form in _printed(secret) for each in self._texts)
            or any(form in each for form in _in_base64(secret) for each in self._base64)
        )


def _in_quotation_marks(word: str) -> set[str]:
    """Return how Python and JSON print a word, within longer ones with either quotation mark."""
    return {
        repr(word)[1:-1],
        repr(f"'{word}")[2:-1],
        repr(f"'\"{word}")[4:-1],
        json.dumps(word)[1:-1],
        json.dumps(word, ensure_ascii=False)[1:-1],
    }


def _pieces(secret: bytes) -> Iterable[bytes]:
    if len(secret) <= _PIECE:
        return (secret,)
    # Of a long one, whatever is twice as long as a piece has one of these in it.
    stride = 1 if len(secret) <= 2 * _PIECE else _PIECE
    return (secret[at : at + _PIECE] for at in range(0, len(secret) - _PIECE + 1, stride))


def _printed(secret: bytes) -> set[str]:
    """Return how Python prints bytes, alone and within longer ones with either quotation mark."""
    alone = repr(secret)[2:-1]
    marked = (repr(b"'" + secret)[3:-1], repr(b"'\"" + secret)[5:-1])
    return {form for form in (alone, *marked) if len(form) >= _PIECE} | {
        # Once more as JSON prints that.
        alone.replace("\\", "\\\\")
    }


def _in_base64(secret: bytes) -> set[str]:
    """Return what is the same of a secret in base64 wherever it begins and whatever follows it."""
    forms = set()
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        # The first digits hold something of what is before it, the last of what is after it.
        begin = (before * 8 + 5) // 6
        end = (before + len(secret)) * 8 // 6
        forms.add(text[begin:end])
    return forms


def texts_of_file(content: bytes) -> Iterable[str]:
    """Return what a file says: the lines of a text; the words and the bytes of anything else."""
    if b"\0" in content:
        # What is between two words is data and no spelling: what it parts is not put together.
        yield _END.join(word.decode("ascii") for word in _WORDS_IN_BYTES.findall(content))
        yield content.hex()
        return
    for lines in batched(content.decode(errors="replace").splitlines(), _LINES, strict=False):
        yield "\n".join(lines)


def find(texts: Iterable[tuple[str, str]], secrets: Mapping[str, Secret]) -> list[str]:
    """Tell which named text holds which named secret."""
    readings = [(source, Reading(text)) for source, text in texts]
    return sorted(
        {
            f"{source}: {name}"
            for source, reading in readings
            for name, secret in secrets.items()
            if reading.holds(secret)
        }
    )
