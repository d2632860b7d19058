"""Texts in letters that the band's font has."""

import pytest

from custom_components.mi_band.band.texts import clean
from custom_components.mi_band.transliteration import transliterate
from tests.vectors.texts import ODDITIES, PICTURES, SCRIPTS


@pytest.fixture(autouse=True)
def find_our_integration() -> None:
    """Nothing here needs a Home Assistant."""


@pytest.mark.parametrize(
    "name",
    [
        *("English", "French", "German", "Turkish", "Vietnamese", "Polish", "Greek", "Russian"),
        *("Ukrainian", "Arabic", "Thai", "Chinese"),
    ],
)
def test_what_the_bands_languages_need_stays(name: str) -> None:
    assert transliterate(SCRIPTS[name]) == clean(SCRIPTS[name]).strip()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Tür \N{BELL} auf", "Tür auf"),
        ("\N{DOOR}", "door"),
        ("\u2764\ufe0f", "heavy black heart"),
        ("\U0001f44d\U0001f3fd", "thumbs up sign"),
        ("セタ", "seta"),
        ("한국", "hangug"),
        ("x → y", "x - y"),
        ("№ 5 ½ ②", "No 5 ½ 2"),
        ("\U0001d400da", "Ada"),
        ("e\u0301", "é"),
        ("x\u0300", "x"),
        ("20 °C, 5 €", "20 °C, 5 €"),
        ("  two  blanks ", "two blanks"),
        ("line\nline", "line\nline"),
        ("\U00020000", "\U00020000"),
        ("", ""),
    ],
    ids=str,
)
def test_what_the_font_lacks_is_written_otherwise(text: str, written: str) -> None:
    assert transliterate(text) == written


@pytest.mark.parametrize("text", (SCRIPTS | PICTURES | ODDITIES).values())
def test_what_was_written_otherwise_stays_and_no_letter_turns_into_nothing(text: str) -> None:
    assert transliterate(transliterate(text)) == transliterate(text)
    if any(char.isalpha() for char in text):
        assert any(char.isalpha() for char in transliterate(text))
