"""Texts as the band takes them: so many bytes of UTF-8, and whole characters.

A character is here what a reader takes for one: a letter with its accents, a flag, a family of
emoji joined to one picture. Unicode calls it an extended grapheme cluster (UAX #29). Python knows
the kinds of code points but not these clusters, so the rules of the annex stand here, simplified
towards joining: where this module sees a border there is one, and only where scripts mix in ways
that no text does it sees none where there is. (Python 3.15 brings `unicodedata.iter_graphemes`,
which then takes the place of `clusters`.)

The limits of each field are those of protocol-control.md; its texts are UTF-8 (section 0.2).
"""

from collections.abc import Iterator
from itertools import takewhile
from typing import Final
import unicodedata

LONGEST_CLUSTER: Final = 64
"""Bytes after which a character ends at the next code point. A family of four with skin tones has
41; what is longer is no writing but marks piled on marks, which nothing could be cut between."""

_JOINER = "\u200d"
_MARKS = {"Mn", "Mc", "Me", "Cn"}
"""Cn too: what this Python's Unicode has no name for yet may be a mark of a newer one."""
_EXTENDERS = frozenset(
    {"\u200c", _JOINER, "\u0e33", "\u0eb3", "\uff9e", "\uff9f"}
    | {chr(tone) for tone in range(0x1F3FB, 0x1F400)}
    | {chr(tag) for tag in range(0xE0020, 0xE0080)}
)
"""What belongs to the code point before it and is no mark by its category."""
_PREPENDED = frozenset(
    chr(number)
    for number in (
        *range(0x0600, 0x0606),
        *(0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x0D4E, 0x1CF5, 0x1CF6),
        *(0x110BD, 0x110CD, 0x111C2, 0x111C3, 0x113D1, 0x1193F, 0x11941),
        *(0x11A3A, *range(0x11A84, 0x11A8A), 0x11D46, 0x11F02),
    )
)
"""What belongs to the code point after it."""
_KIRAT_RAI_VOWELS = frozenset("\U00016d63\U00016d67\U00016d68\U00016d69\U00016d6a")
"""They join as the vowels of a Korean syllable do."""
_LINKERS = frozenset(
    chr(number)
    for number in (
        *(0x094D, 0x09CD, 0x0ACD, 0x0B4D, 0x0C4D, 0x0D4D, 0x1039, 0x17D2, 0x1A60, 0x1B44, 0x1BAB),
        *(0xA9C0, 0xAAF6, 0x10A3F, 0x11133, 0x113D0, 0x1193E, 0x11A47, 0x11A99, 0x11F42),
    )
)
"""Signs that join two letters of an Indic script to one."""
_FIRST_FLAG_LETTER, _LAST_FLAG_LETTER = "\U0001f1e6", "\U0001f1ff"


def clean(text: str) -> str:
    """Return a text without what would break it on the way: a NUL ends a field on the wire.

    Letters and their accents are put together where Unicode has both in one, which is shorter and
    asks less of the band's font.
    """
    whole = text.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", whole.replace("\x00", " "))


def clusters(text: str) -> Iterator[str]:
    """Take a text apart into characters as a reader counts them."""
    cluster = ""
    for char in text:
        if cluster and (len(cluster.encode()) >= LONGEST_CLUSTER or not _joins(cluster, char)):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _joins(cluster: str, char: str) -> bool:
    """Tell whether a code point continues a character."""
    before = cluster[-1]
    category = unicodedata.category(char)
    return (
        category in _MARKS
        or char in _EXTENDERS
        or before == _JOINER
        or before in _PREPENDED
        or (before == "\r" and char == "\n")
        or (_is_flag_letter(char) and _flag_letters_at_end(cluster) % 2 == 1)
        or _joins_syllable(before, char)
        or (category == "Lo" and _ends_in_linker(cluster))
    )


def _is_flag_letter(char: str) -> bool:
    return _FIRST_FLAG_LETTER <= char <= _LAST_FLAG_LETTER


def _flag_letters_at_end(cluster: str) -> int:
    """Count them: two make a flag, and a third begins the next one."""
    return sum(1 for _ in takewhile(_is_flag_letter, reversed(cluster)))


def _joins_syllable(before: str, char: str) -> bool:
    """Tell whether two parts of a Korean syllable, or one of Kirat Rai, belong together."""
    if _is_hangul_tail(char):
        return _is_hangul_tail(before) or _is_hangul_head(before) or "\uac00" <= before <= "\ud7a3"
    return _is_hangul_head(before) and (_is_hangul_head(char) or "\uac00" <= char <= "\ud7a3")


def _is_hangul_head(char: str) -> bool:
    return "\u1100" <= char <= "\u115f" or "\ua960" <= char <= "\ua97c"


def _is_hangul_tail(char: str) -> bool:
    return "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb" or char in _KIRAT_RAI_VOWELS


def _ends_in_linker(cluster: str) -> bool:
    for char in reversed(cluster):
        if char in _LINKERS:
            return True
        if char not in _EXTENDERS and unicodedata.category(char) not in _MARKS:
            return False
    return False


def cut(text: str, octets: int, characters: int | None = None) -> str:
    """Return as much of a text as fits, never a part of a character.

    Args:
        text: cleaned.
        octets: how many bytes of UTF-8 there is room for.
        characters: how many code points may be used of them; None for as many as fit.
    """
    kept = ""
    for cluster in clusters(text):
        longer = kept + cluster
        if len(longer.encode()) > octets or (characters is not None and len(longer) > characters):
            break
        kept = longer
    return kept


def split(text: str, octets: int, pieces: int) -> tuple[str, ...]:
    """Split a text into pieces that fit, between words where it has some.

    Args:
        text: cleaned.
        octets: how many bytes of UTF-8 a piece may have; at least `LONGEST_CLUSTER` and a code
            point, so that every piece takes something.
        pieces: how many there may be at most; what is left then is left out.
    """
    found: list[str] = []
    rest = text.strip()
    while rest and len(found) < pieces:
        piece = cut(rest, octets)
        if len(piece) < len(rest) and not rest[len(piece)].isspace():
            piece = _whole_words(piece)
        found.append(piece.rstrip())
        rest = rest[len(piece) :].lstrip()
    return tuple(found)


def _whole_words(piece: str) -> str:
    """Return a piece up to its last blank; the whole piece when it is one word."""
    border = next((at for at in range(len(piece) - 1, 0, -1) if piece[at].isspace()), 0)
    return piece[:border] or piece
