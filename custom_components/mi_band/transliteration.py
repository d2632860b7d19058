"""Texts in letters that the band's font has.

Which it has is not documented. Its languages (protocol-control.md section 9.5) need Latin, Greek,
Cyrillic, Arabic, Thai and Chinese letters; it has no emoji (section 14.1). What lies outside of
these is taken for missing. [INFERRED]
"""

import re
from typing import Final
import unicodedata

# Home Assistant's own names for entities are made with it, so it is always there.
from text_unidecode import unidecode

from .band.texts import clean, clusters

_FONT: Final = (
    (0x0000, 0x024F),  # Latin
    (0x0370, 0x052F),  # Greek and Cyrillic
    (0x0600, 0x06FF),  # Arabic
    (0x0E00, 0x0E7F),  # Thai
    (0x1E00, 0x1EFF),  # Latin of Vietnamese
    (0x2010, 0x2027),  # dashes, quotation marks, dots
    (0x20A0, 0x20BF),  # currencies
    (0x3001, 0x3020),  # Chinese punctuation
    (0x4E00, 0x9FFF),  # Chinese
    (0xFF01, 0xFF5E),  # wide Latin, for Chinese
)
_UNKNOWN: Final = "[?]"
"""What the library writes for some of what it does not know."""


def transliterate(text: str) -> str:
    """Write a text in letters that the band has, as near to it as that goes.

    Pictures are left out. A text of nothing else gets their names, for it was meant to say
    something; what has neither letters nor names stays.
    """
    written = "".join(
        cluster if _is_in_font(cluster) else _in_latin(cluster) for cluster in clusters(clean(text))
    )
    return re.sub(" {2,}", " ", written).strip() or _named(text) or clean(text)


def _is_in_font(cluster: str) -> bool:
    return all(any(first <= ord(char) <= last for first, last in _FONT) for char in cluster)


def _in_latin(cluster: str) -> str:
    return unidecode(unicodedata.normalize("NFKC", cluster)).replace(_UNKNOWN, "")


def _named(text: str) -> str:
    return " ".join(
        unicodedata.name(char, "").lower() for char in text if unicodedata.category(char) == "So"
    )
