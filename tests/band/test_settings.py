"""Settings, byte by byte, and what of them a band has still to be told."""

import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.errors import CommandRefused
from custom_components.mi_band.band.settings import (
    AUTO,
    LANGUAGE,
    LOCALES,
    SETTINGS,
    STEP_GOAL,
    TIME_FORMAT,
    VISIBLE_WHEN_CONNECTED,
    WEAR_LOCATION,
    Change,
    Settings,
    Value,
    Values,
    apply_change,
    differences,
)
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, settings as vectors
from tests.vectors.settings import Choice

from .scripted import ScriptedLink

ROWS = {setting.key: setting for setting in SETTINGS}
SHORT = {
    Characteristic.CONFIGURATION: "0003",
    Characteristic.USER_SETTINGS: "0008",
    Characteristic.HEART_RATE_CONTROL: "2A39",
}
CHOICES: dict[str, list[Value]] = {
    setting.key: [value for value in setting.values if value != AUTO] or [1, 65535]
    for setting in SETTINGS
}
CHOSEN = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in CHOICES.items()}
)


def _change(choice: Choice) -> Change:
    change = ROWS[choice.key].change_to({choice.key: choice.value})
    assert change is not None
    return change


@pytest.mark.parametrize("vector", vectors.SETTINGS, ids=str)
def test_a_documented_setting_is_encoded(vector: Vector[Choice]) -> None:
    change = _change(vector.value)
    assert change.command == vector.packet
    assert SHORT[change.characteristic] == vector.value.characteristic
    assert (change.key, change.value) == (vector.value.key, vector.value.value)


def test_every_value_of_every_setting_has_a_vector() -> None:
    given = {(vector.value.key, vector.value.value) for vector in vectors.SETTINGS}
    wanted = {
        (setting.key, value)
        for setting in SETTINGS
        for value in setting.values
        if setting is not LANGUAGE
    }
    assert wanted <= given
    assert {vector.value.key for vector in vectors.SETTINGS} == set(ROWS)


def test_no_two_settings_share_a_command_or_a_key() -> None:
    commands = {
        change.command
        for setting in SETTINGS
        for value in CHOICES[setting.key]
        if (change := setting.change_to({setting.key: value}))
    }
    assert len(commands) == sum(map(len, CHOICES.values()))
    assert len(ROWS) == len(SETTINGS)


def test_the_languages_are_those_of_this_model() -> None:
    assert set(LOCALES.values()) == set(vectors.LANGUAGES.split())
    assert LANGUAGE.values == (AUTO, *LOCALES)


@pytest.mark.parametrize("language", LOCALES)
def test_a_language_is_five_characters_behind_the_command(language: str) -> None:
    command = LANGUAGE.to(language).command
    assert command == b"\x06\x17\x00" + LOCALES[language].encode()
    assert len(command) == 8


@given(st.integers(1, 65535))
def test_every_goal_can_be_read_back(steps: int) -> None:
    command = STEP_GOAL.to(steps).command
    assert struct.unpack("<3sH2s", command) == (b"\x10\x00\x00", steps, b"\x00\x00")


@pytest.mark.parametrize("steps", [0, -1, 65536])
def test_a_goal_that_the_field_cannot_hold_is_our_mistake(steps: int) -> None:
    with pytest.raises(ValueError, match="65535"):
        STEP_GOAL.to(steps)


@pytest.mark.parametrize("language", [AUTO, "klingon", ""])
def test_a_language_that_the_band_lacks_is_our_mistake(language: str) -> None:
    with pytest.raises(ValueError, match="languages"):
        LANGUAGE.to(language)


def test_a_value_that_a_setting_does_not_have_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="wear_location cannot be both"):
        WEAR_LOCATION.to("both")


@pytest.mark.parametrize("value", [0, 1, "on", None])
def test_what_is_of_another_kind_is_not_known(value: bool | int | str | None) -> None:  # noqa: FBT001  none of them is a bool
    values = {} if value is None else {"visible_when_connected": value}
    assert VISIBLE_WHEN_CONNECTED.of(values) is None
    assert VISIBLE_WHEN_CONNECTED.change_to(values) is None


# What has still to be told


@given(chosen=CHOSEN, on_band=CHOSEN)
def test_only_differences_are_told(chosen: Values, on_band: Values) -> None:
    told = {change.key: change.value for change in differences(chosen, on_band)}
    assert {**on_band, **told} == {**on_band, **chosen}
    assert not [key for key in told if on_band.get(key) == chosen[key]]
    assert list(told) == [key for key in ROWS if key in told]


def test_a_setting_that_nobody_chose_is_left_alone() -> None:
    assert list(differences({}, {"step_goal": 8000})) == []


def test_what_an_older_version_knew_is_left_alone() -> None:
    assert list(differences({"volume": 3, "time_format": 7}, {})) == []


def test_a_choice_changes_what_is_shown_and_nothing_else() -> None:
    before = Settings(chosen={"step_goal": 8000}, on_band={"step_goal": 8000})
    after = before.choosing("time_format", "twelve_hours")
    assert after.of(TIME_FORMAT) == "twelve_hours"
    assert after.of(STEP_GOAL) == 8000
    assert after.on_band == before.on_band
    assert before.of(TIME_FORMAT) is None


def test_a_lost_answer_leaves_a_doubt_and_an_answer_ends_it() -> None:
    before = Settings(chosen={"step_goal": 8000}, on_band={"step_goal": 8000})
    in_doubt = before.knowing("step_goal", None)
    assert in_doubt.of(STEP_GOAL) == 8000
    assert [change.value for change in differences(in_doubt.chosen, in_doubt.on_band)] == [8000]
    known = in_doubt.knowing("step_goal", 8000)
    assert list(differences(known.chosen, known.on_band)) == []


# Telling


@pytest.mark.parametrize("vector", vectors.SETTINGS, ids=str)
async def test_a_setting_is_one_write(vector: Vector[Choice]) -> None:
    change = _change(vector.value)
    echoed = 3 if vector.packet[0] == 0x06 else 1
    link = ScriptedLink(lambda packet: [b"\x10" + packet[:echoed] + b"\x01"])
    await apply_change(link, change)
    assert link.written == [(change.characteristic, vector.packet)]


@pytest.mark.parametrize("key", ["time_format", "night_mode", "inactivity_warning"])
async def test_a_refusal_names_the_setting(key: str) -> None:
    change = ROWS[key].change_to({key: CHOICES[key][0]})
    assert change is not None
    echoed = 3 if change.command[0] == 0x06 else 1
    link = ScriptedLink(lambda packet: [b"\x10" + packet[:echoed] + b"\x06"])
    with pytest.raises(CommandRefused, match=key) as caught:
        await apply_change(link, change)
    assert caught.value.status == 0x06


async def test_the_reply_to_another_setting_is_passed_over() -> None:
    link = ScriptedLink(lambda _: [bytes.fromhex("1006020006"), bytes.fromhex("1006030001")])
    change = ROWS["distance_unit"].change_to({"distance_unit": "metric"})
    assert change is not None
    await apply_change(link, change)
