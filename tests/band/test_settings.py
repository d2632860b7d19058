"""Settings of the 06 family, byte by byte."""

import pytest

from custom_components.mi_band.band.settings import (
    DistanceUnit,
    Language,
    Setting,
    TimeFormat,
    encode_setting,
)
from tests.vectors import Vector, settings as vectors


@pytest.mark.parametrize("vector", vectors.SETTINGS, ids=str)
def test_a_documented_setting_is_encoded(vector: Vector[Setting]) -> None:
    assert encode_setting(vector.value) == vector.packet


def test_the_languages_are_those_of_this_model() -> None:
    assert {language.value for language in Language} == set(vectors.LANGUAGES.split())


@pytest.mark.parametrize("language", Language, ids=lambda language: language.value)
def test_a_language_is_five_characters_behind_the_command(language: Language) -> None:
    assert encode_setting(language) == b"\x06\x17\x00" + language.value.encode()
    assert len(encode_setting(language)) == 8


@pytest.mark.parametrize("kind", [TimeFormat, DistanceUnit])
def test_a_switch_has_one_value_of_one_byte(
    kind: type[TimeFormat] | type[DistanceUnit],
) -> None:
    assert {len(encode_setting(setting)) for setting in kind} == {4}
