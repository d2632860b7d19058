"""Texts: where one character ends and the next begins, and what is cut where.

What a character is says a library that implements Unicode's annex whole; the product has none.
"""

from collections.abc import Iterator
from itertools import accumulate
import sys
import unicodedata

from hypothesis import given, strategies as st
import pytest
import regex

from custom_components.mi_band.band.texts import LONGEST_CLUSTER, clean, clusters, cut, split
from tests.vectors.texts import ODDITIES, PICTURES, SCRIPTS

_NEIGHBOURS = (
    *("a", "\n", "\r", "\u0600", "\u0915\u094d", "\u1100", "\uac00", "\uac01", "\u1161", "\u11a8"),
    *("\U0001f1e6", "\U0001f469\u200d", "\u200d", "e\u0301", "\U0001f44d"),
)
# Code points that join in one way or another, so that chance meets all rules.
_JOINING = st.sampled_from(
    "a1 \n\ré\u0301\u20e3\ufe0f\u200c\u200d\u0915\u094d\u093c\u0937\u0b95\u0bcd\u0e01\u0e33"
    "\u05d0\u05b0\u0600\u1000\u1039\u1780\u17d2\u1100\uac00\uac01\u1161\u11a8\u2764"
    "\U0001f1e6\U0001f1e7\U0001f469\U0001f44d\U0001f3fd\U000e0067\U0001f3f4\U00016d63"
)
_ANY = st.text() | st.text(_JOINING, max_size=12)


def _borders(parts: list[str]) -> set[int]:
    return set(accumulate(len(part) for part in parts))


def _characters(text: str) -> list[str]:
    """Take a text apart as Unicode does."""
    return regex.findall(r"\X", text)


def _code_points() -> Iterator[str]:
    """Every assigned code point, but of the large blocks of equals only some."""
    for number in range(sys.maxunicode + 1):
        char = chr(number)
        equals = unicodedata.name(char, "PRIVATE").startswith(("CJK", "HANGUL SYLL", "PRIVATE"))
        if unicodedata.category(char) not in {"Cs", "Cn"} and not (equals and number % 97):
            yield char


def test_no_border_is_seen_within_a_character_whatever_code_points_meet() -> None:
    wrong = [
        text
        for char in _code_points()
        for neighbour in _NEIGHBOURS
        for text in (neighbour + char, char + neighbour)
        if len(found := list(clusters(text))) > 1
        and not _borders(found) <= _borders(_characters(text))
    ]
    assert wrong == []


@given(text=st.text(_JOINING, max_size=12))
def test_no_border_is_seen_within_a_character_of_several(text: str) -> None:
    found = list(clusters(text))
    if all(len(cluster.encode()) < LONGEST_CLUSTER for cluster in found):
        assert _borders(found) <= _borders(_characters(text))


# In these, Unicode sees borders between letters and signs that are drawn as one.
_STRICTER = {"Sinhala", "Burmese"}


@pytest.mark.parametrize("name", sorted((SCRIPTS | PICTURES).keys() - _STRICTER))
def test_writing_and_pictures_are_taken_apart_as_unicode_does(name: str) -> None:
    text = clean((SCRIPTS | PICTURES)[name])
    assert list(clusters(text)) == _characters(text)


@pytest.mark.parametrize("picture", sorted(PICTURES.keys() - {"three flags", "words and pictures"}))
def test_a_picture_is_one_character(picture: str) -> None:
    assert list(clusters(PICTURES[picture])) == [PICTURES[picture]]


@given(text=_ANY)
def test_nothing_is_lost_between_characters(text: str) -> None:
    assert "".join(clusters(text)) == text


def test_marks_without_end_are_no_character_without_end() -> None:
    found = list(clusters("a" + "\u0301" * 5000))
    assert max(len(cluster.encode()) for cluster in found) <= LONGEST_CLUSTER + 3


@given(text=_ANY)
def test_a_clean_text_can_be_sent_and_does_not_end_early(text: str) -> None:
    assert "\x00" not in clean(text)
    assert clean(text).encode().decode() == clean(text)


def test_a_letter_and_its_accent_are_put_together() -> None:
    assert clean(ODDITIES["accents taken apart"]) == "éäôñ "


@given(text=_ANY.map(clean), octets=st.integers(0, 300), characters=st.integers(0, 80) | st.none())
def test_what_is_cut_fits_and_no_more_would(text: str, octets: int, characters: int | None) -> None:
    kept = cut(text, octets, characters)
    assert text.startswith(kept)
    assert len(kept.encode()) <= octets
    assert characters is None or len(kept) <= characters
    whole = list(clusters(text))
    assert kept in set(accumulate(whole, initial=""))
    if kept != text:
        longer = next(at for at in accumulate(whole) if len(at) > len(kept))
        assert len(longer.encode()) > octets or len(longer) > (characters or 0)


@given(text=_ANY.map(clean), octets=st.integers(LONGEST_CLUSTER + 3, 300))
def test_pieces_hold_the_whole_text_in_its_order(text: str, octets: int) -> None:
    pieces = split(text, octets, pieces=len(text) + 1)
    assert all(len(piece.encode()) <= octets for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_pieces_end_between_words() -> None:
    text = "one two three four"
    assert split(text, 8, pieces=9) == ("one two", "three", "four")


def test_a_word_longer_than_a_piece_is_split_within() -> None:
    assert split("a bbbbbbbbbb c", 4, pieces=9) == ("a", "bbbb", "bbbb", "bb c")


def test_no_more_pieces_are_made_than_asked_for() -> None:
    assert split("one two three", 5, pieces=2) == ("one", "two")


@pytest.mark.parametrize("text", ["", "  \n "], ids=["nothing", "blanks"])
def test_nothing_makes_no_piece(text: str) -> None:
    assert split(text, 99, pieces=9) == ()


def test_there_are_texts_of_sixty_kinds() -> None:
    assert len(SCRIPTS) + len(PICTURES) + len(ODDITIES) > 60
