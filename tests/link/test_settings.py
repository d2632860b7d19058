"""Settings on the band, and its replies."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.mi_band.band import wire
from custom_components.mi_band.band.errors import CommandRefused
from custom_components.mi_band.band.find import answer_find_phone
from custom_components.mi_band.band.settings import (
    DISTANCE_UNIT,
    LANGUAGE,
    LOCALES,
    SETTINGS,
    TIME_FORMAT,
    apply_change,
)
from custom_components.mi_band.band.wire import write_configuration
from tests.emulator.gatt.body import AttError
from tests.on_band import on_band
from tests.vectors import Vector, settings as vectors
from tests.vectors.settings import Choice

from .lab import Lab, items, say_first, state, traffic

ROWS = {setting.key: setting for setting in SETTINGS}
IMPERIAL, METRIC = DISTANCE_UNIT.to("imperial"), DISTANCE_UNIT.to("metric")
TWELVE, TWENTY_FOUR = TIME_FORMAT.to("twelve_hours"), TIME_FORMAT.to("twenty_four_hours")


@pytest.fixture
def short_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ACKNOWLEDGEMENT_TIMEOUT", timedelta(milliseconds=20))


@pytest.mark.parametrize("vector", vectors.SETTINGS, ids=str)
async def test_the_band_takes_a_setting(lab: Lab, vector: Vector[Choice]) -> None:
    choice = vector.value
    band = await lab.band()
    change = ROWS[choice.key].change_to({choice.key: choice.value})
    assert change is not None
    async with lab.open(band) as link:
        await apply_change(link, change)
        part, name, there = on_band(choice.key, choice.value)
        assert state(band, part)[name] == there
    assert traffic(band, choice.characteristic).last == [vector.packet.hex(" ")]


@pytest.mark.usefixtures("violations_expected")
@pytest.mark.parametrize("key", ["step_goal", "heart_rate_interval", "wear_location"])
async def test_without_a_key_the_band_takes_no_setting(lab: Lab, key: str) -> None:
    band = await lab.band()
    change = ROWS[key].change_to({key: 8000 if key == "step_goal" else ROWS[key].values[0]})
    assert change is not None
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await apply_change(link, change)
    assert caught.value.status == AttError.INSUFFICIENT_AUTHENTICATION
    assert len(band.violations) == 1


async def test_the_band_takes_every_language(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for language, locale in LOCALES.items():
            await apply_change(link, LANGUAGE.to(language))
            assert state(band, "settings")["language"] == locale


async def test_settings_share_one_subscription(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for language in LOCALES:
            await apply_change(link, LANGUAGE.to(language))
    assert traffic(band, "0003").cccd == 1
    async with lab.open(band) as link:
        await apply_change(link, TWELVE)
    assert traffic(band, "0003").cccd == 2


@pytest.mark.usefixtures("violations_expected")
async def test_a_setting_that_the_band_lacks_is_refused(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        with pytest.raises(CommandRefused) as caught:
            await write_configuration(link, b"\x06\x7f\x00\x01", echoed=3, words="nonsense")
        assert caught.value.status == 0x05
        with pytest.raises(CommandRefused) as caught:
            await write_configuration(link, b"\x06\x03\x00\x07", echoed=3, words="a third unit")
        assert caught.value.status == 0x06
        await apply_change(link, METRIC)
    assert len(band.violations) == 2


async def test_wrong_replies_first_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(
        monkeypatch,
        band,
        "0003",
        bytes.fromhex("1006170006"),
        bytes.fromhex("100604"),
        bytes.fromhex("8001c00001000000"),
        b"\x10",
    )
    async with lab.open(band) as link:
        await apply_change(link, IMPERIAL)
    assert state(band, "settings")["imperial"] is True


@pytest.mark.usefixtures("short_acknowledgement")
@pytest.mark.parametrize("what", ["lose", "garble"])
async def test_a_reply_that_does_not_arrive_is_no_failure(lab: Lab, what: str) -> None:
    band = await lab.band()
    getattr(band.faults, what)("0003")
    async with lab.open(band) as link:
        await apply_change(link, IMPERIAL)
        assert state(band, "settings")["imperial"] is True


async def test_doubled_replies_do_not_answer_the_next_setting(lab: Lab) -> None:
    band = await lab.band()
    band.faults.double("0003", 10)
    async with lab.open(band) as link:
        for unit in (IMPERIAL, METRIC) * 2:
            await apply_change(link, unit)
            assert state(band, "settings")["imperial"] is (unit is IMPERIAL)


async def test_settings_at_the_same_time_get_their_own_replies(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link, asyncio.TaskGroup() as group:
        group.create_task(apply_change(link, IMPERIAL))
        group.create_task(apply_change(link, TWENTY_FOUR))
        group.create_task(apply_change(link, LANGUAGE.to("german")))
    assert traffic(band, "0003").cccd == 1
    assert traffic(band, "0003").writes == 3


@pytest.mark.parametrize("found", [False, True])
async def test_a_search_for_the_phone_is_answered(lab: Lab, *, found: bool) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        band.wearer.find_phone()
        await answer_find_phone(link, found=found)
    assert items(band, "acknowledgements") == [{"find_phone": "stopped" if found else "ringing"}]
    assert state(band, "find_phone")["searching"] is not found
