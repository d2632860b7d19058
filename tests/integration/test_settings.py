"""Switch, select and number: what is chosen in Home Assistant is so on the band, and stays so."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.band.state import BandState
from tests.emulator.band import EmulatedBand
from tests.emulator.radio import Radio
from tests.on_band import on_band
from tests.vectors import Vector, settings as vectors
from tests.vectors.settings import Choice

from .bands import MakeBand, held
from .flow import PROFILE, async_discovered, async_submit, async_until_heard, async_wait_out
from .house import House, until

NEW_ADDRESS = "F3:4E:C4:00:00:99"
SWITCHES = {
    *("continuous_heart_rate", "sleep_heart_rate", "lift_to_wake", "goal_notification"),
    *("inactivity_warning", "disconnect_alert", "swipe_lock", "visible_when_connected"),
    "share_heart_rate",
}
SELECTS = {
    *("heart_rate_interval", "wear_location", "night_mode", "distance_unit", "time_format"),
    *("language", "lift_sensitivity"),
}
ON_PAGE = {
    "step_goal": PROFILE["step_goal"],
    "wear_location": PROFILE["wrist"],
    "language": PROFILE["language"],
    "time_format": PROFILE["time_format"],
    "distance_unit": PROFILE["distance_unit"],
}
EVERYTHING: dict[str, bool | int | str] = {
    **{vector.value.key: vector.value.value for vector in vectors.SETTINGS},
    "step_goal": 12345,
}
"""One value of each, and for none of them what the page about the wearer gave."""

type Value = bool | int | str


def platform_of(key: str) -> str:
    return "switch" if key in SWITCHES else "select" if key in SELECTS else "number"


async def choose(house: House, key: str, value: Value) -> None:
    """Choose a value for a setting in Home Assistant."""
    match platform_of(key):
        case "switch":
            await house.act("switch", key, "turn_on" if value else "turn_off")
        case "select":
            await house.act("select", key, "select_option", option=value)
        case _:
            await house.act("number", key, "set_value", value=value)


def shown(value: Value) -> str:
    """Return the state of an entity that shows a value."""
    if isinstance(value, bool):
        return STATE_ON if value else STATE_OFF
    return str(value)


def has(band: EmulatedBand, key: str, value: Value) -> bool:
    """Tell whether the band has a setting."""
    part, name, there = on_band(key, value)
    return bool(held(band)[part][name] == there)


def writes(band: EmulatedBand) -> int:
    """Return how often a band was told a setting, or to measure."""
    told: int = held(band)["settings_told"]
    return told + sum(band._body.traffic[name].writes for name in ("0008", "2A39"))


def where_of(key: str) -> str:
    """Return the characteristic to which a setting goes, by its short name."""
    (where,) = {
        vector.value.characteristic for vector in vectors.SETTINGS if vector.value.key == key
    }
    return where


def refuse(band: EmulatedBand, key: str) -> None:
    """Let the band say no to the next change of a setting."""
    if (where := where_of(key)) != "0003":
        band.faults.refuse_requests(where)
        return
    packet = next(vector.packet for vector in vectors.SETTINGS if vector.value.key == key)
    band.faults.refuse(packet[: 2 if packet[0] == 0x06 else 1], 0x06)


def others(key: str) -> Iterator[Value]:
    """Return what else a setting can be, as far as the documents give it."""
    for vector in vectors.SETTINGS:
        if vector.value.key == key and vector.value.value != EVERYTHING[key]:
            yield vector.value.value


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for what spares a real band."""
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta(milliseconds=20))


async def test_every_setting_of_the_product_is_there(house: House) -> None:
    assert set(EVERYTHING) == (SWITCHES | SELECTS | {"step_goal"}) - {"continuous_heart_rate"}
    for key in EVERYTHING:
        assert house.value(platform_of(key), key) == shown(ON_PAGE.get(key, STATE_UNKNOWN))


@pytest.mark.parametrize("vector", vectors.SETTINGS, ids=str)
async def test_what_is_chosen_goes_to_the_band_in_the_documented_bytes(
    house: House, vector: Vector[Choice]
) -> None:
    choice = vector.value
    before = writes(house.band)
    await choose(house, choice.key, choice.value)
    assert house.value(platform_of(choice.key), choice.key) == shown(choice.value)
    assert has(house.band, choice.key, choice.value)
    assert house.band._body.traffic[choice.characteristic].last[-1] == vector.packet.hex(" ")
    assert writes(house.band) == before + 1


@pytest.mark.parametrize("key", EVERYTHING)
async def test_a_setting_that_the_band_refuses_is_told_and_stays_as_it_is(
    house: House, key: str
) -> None:
    await choose(house, key, EVERYTHING[key])
    refuse(house.band, key)
    with pytest.raises(HomeAssistantError, match="answered no"):
        await choose(house, key, next(others(key)))
    assert house.value(platform_of(key), key) == shown(EVERYTHING[key])
    assert has(house.band, key, EVERYTHING[key])
    # A band that said no is in no doubt.
    before = writes(house.band)
    await house.lose_band()
    await house.bring_band_back()
    assert writes(house.band) == before


@pytest.mark.parametrize("key", EVERYTHING)
async def test_a_setting_that_is_lost_with_the_link_is_put_right_on_the_next(
    house: House, key: str
) -> None:
    await choose(house, key, EVERYTHING[key])
    # It arrives, and its answer does not.
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await choose(house, key, next(others(key)))
    assert has(house.band, key, next(others(key)))
    await house.until_connected()
    coordinator = house.entry.runtime_data
    await until(lambda: coordinator.data.settings.on_band.get(key) == EVERYTHING[key])
    assert has(house.band, key, EVERYTHING[key])
    assert house.value(platform_of(key), key) == shown(EVERYTHING[key])
    before = writes(house.band)
    await house.lose_band()
    await house.bring_band_back()
    assert writes(house.band) == before


async def test_everything_outlives_a_restart_and_is_not_written_again(
    house: House, hass: HomeAssistant
) -> None:
    for key, value in EVERYTHING.items():
        await choose(house, key, value)
    await choose(house, "continuous_heart_rate", value=True)
    await until(lambda: house.on_band("heart_rate", "continuous"))
    before = writes(house.band)
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()
    for key, value in EVERYTHING.items():
        assert house.value(platform_of(key), key) == shown(value)
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    # Measuring without end is begun anew, and stopped before.
    await until(lambda: house.on_band("heart_rate", "continuous"))
    assert writes(house.band) == before + 1 + 3


async def test_a_reconnection_writes_no_setting(house: House) -> None:
    for key, value in EVERYTHING.items():
        await choose(house, key, value)
    before = writes(house.band)
    for _ in range(3):
        await house.lose_band()
        await house.bring_band_back()
    assert writes(house.band) == before


@pytest.mark.parametrize("key", [*EVERYTHING, "continuous_heart_rate"])
async def test_a_setting_is_unavailable_without_the_band(house: House, key: str) -> None:
    await house.lose_band()
    assert house.value(platform_of(key), key) == STATE_UNAVAILABLE


@pytest.fixture
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scanner of these tests is active all the time, and the bands advertise often."""
    monkeypatch.setattr("custom_components.mi_band.config_flow.NAME_SCAN_SECONDS", 0.1)
    monkeypatch.setattr("custom_components.mi_band.reach.LISTENING", timedelta(seconds=0.3))


async def pair_again(hass: HomeAssistant, house: House, make_band: MakeBand) -> EmulatedBand:
    """Reset the band on its screen, and pair it into its old place."""
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", STATE_OFF)
    reset = await make_band(profile="v1_new", address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, reset))
    page = await async_submit(hass, page, {"known_band": house.entry.entry_id})
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "tap"})
    await reset.wait_for(lambda: held(reset)["asking"])
    reset.wearer.tap()
    page = await async_wait_out(hass, page)
    assert page["reason"] == "reconfigure_successful"
    await house.until_connected()
    return reset


@pytest.mark.usefixtures("short_listening")
async def test_everything_is_on_the_band_again_after_a_reset_in_one_write_each(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    for key, value in EVERYTHING.items():
        await choose(house, key, value)
    reset = await pair_again(hass, house, make_band)
    for key, value in EVERYTHING.items():
        assert has(reset, key, value), key
        assert house.value(platform_of(key), key) == shown(value)
    # On the first link after it the band is asked for its alarms when everything else has begun.
    await until(lambda: reset._body.traffic["0003"].subscriptions == 2)
    # Beside the settings the wearer is told; nothing is told twice.
    assert writes(reset) == len(EVERYTHING) + 1 == 17


@pytest.mark.usefixtures("short_listening")
async def test_only_what_was_chosen_is_written_after_a_reset(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await choose(house, "time_format", "twelve_hours")
    reset = await pair_again(hass, house, make_band)
    # The page said otherwise when the band was added; what is chosen since counts.
    assert has(reset, "time_format", "twelve_hours")
    assert PROFILE["time_format"] != "twelve_hours"
    assert writes(reset) == len(ON_PAGE) + 1
    assert held(reset)["settings"].keys() == {"language", "time_format_24h", "imperial"}


@pytest.mark.usefixtures("short_listening")
async def test_what_was_chosen_survives_although_its_entry_is_not_loaded(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await choose(house, "night_mode", "sunset")
    await house.unload()
    await house.band.power_off()
    reset = await make_band(profile="v1_new", address=NEW_ADDRESS)
    await async_until_heard(hass, reset)
    page: Any = await house.entry.start_reconfigure_flow(hass)
    page = await hass.config_entries.flow.async_configure(
        page["flow_id"], {"next_step_id": "new_address"}
    )
    page = await async_submit(hass, page, {"address": NEW_ADDRESS})
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "tap"})
    await reset.wait_for(lambda: held(reset)["asking"])
    reset.wearer.tap()
    page = await async_wait_out(hass, page)
    assert page["reason"] == "reconfigure_successful"
    assert has(reset, "night_mode", "sunset")


# The language


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("de", "german"),
        ("en-GB", "english"),
        ("pt-BR", "portuguese"),
        ("zh-Hans", "chinese_simplified"),
        ("zh-Hant", "chinese_traditional"),
        ("sv", "english"),
    ],
)
async def test_the_language_can_be_home_assistants(
    hass: HomeAssistant, house: House, tag: str, language: str
) -> None:
    await choose(house, "language", "french" if language != "french" else "german")
    await hass.config.async_update(language=tag)
    await choose(house, "language", "auto")
    assert house.value("select", "language") == "auto"
    locale = {
        "german": "de_DE",
        "english": "en_US",
        "portuguese": "pt_PT",
        "chinese_simplified": "zh_CN",
        "chinese_traditional": "zh_TW",
    }[language]
    assert house.on_band("settings", "language") == locale


async def test_what_is_chosen_while_the_band_is_told_all_anew_stays_chosen(house: House) -> None:
    for key in ("goal_notification", "swipe_lock", "share_heart_rate"):
        await choose(house, key, value=True)
    coordinator = house.entry.runtime_data
    coordinator.async_publish(BandState.doubted)
    await house.lose_band()
    await house.bring_band_back()
    await choose(house, "share_heart_rate", value=False)
    await until(lambda: coordinator.data.settings.on_band == coordinator.data.settings.chosen)
    assert house.value("switch", "share_heart_rate") == STATE_OFF
    assert has(house.band, "share_heart_rate", value=False)


async def test_the_language_follows_home_assistants(hass: HomeAssistant, house: House) -> None:
    await choose(house, "language", "auto")
    assert house.on_band("settings", "language") == "en_US"
    await hass.config.async_update(language="it")
    await until(lambda: house.on_band("settings", "language") == "it_IT")
    # To no other language of the band's, and to no other setting.
    before = writes(house.band)
    await hass.config.async_update(language="it-CH", country="CH")
    await hass.async_block_till_done()
    assert writes(house.band) == before
    assert house.value("select", "language") == "auto"


async def test_the_language_follows_home_assistants_when_the_band_is_back(
    hass: HomeAssistant, house: House
) -> None:
    await choose(house, "language", "auto")
    await house.lose_band()
    await hass.config.async_update(language="pl")
    before = writes(house.band)
    await house.bring_band_back()
    await until(lambda: house.on_band("settings", "language") == "pl_PL")
    assert writes(house.band) == before + 1


async def test_a_chosen_language_follows_nobody(hass: HomeAssistant, house: House) -> None:
    await choose(house, "language", "turkish")
    before = writes(house.band)
    await hass.config.async_update(language="it")
    await hass.async_block_till_done()
    assert writes(house.band) == before
    assert house.on_band("settings", "language") == "tr_TR"


async def test_a_refused_language_is_told_in_the_log_and_tried_on_the_next_link(
    hass: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await choose(house, "language", "auto")
    refuse(house.band, "language")
    await hass.config.async_update(language="el")
    await until(lambda: "has another language than chosen" in caplog.text)
    assert house.on_band("settings", "language") == "en_US"
    await house.lose_band()
    await house.bring_band_back()
    await until(lambda: house.on_band("settings", "language") == "el_GR")


# What has rules of its own


@pytest.mark.parametrize(
    ("key", "value"), [("heart_rate_interval", "7_min"), ("language", "klingon"), ("step_goal", 0)]
)
async def test_a_value_off_the_list_is_refused(house: House, key: str, value: Value) -> None:
    before = writes(house.band)
    with pytest.raises(ServiceValidationError):
        await choose(house, key, value)
    assert writes(house.band) == before


async def test_a_goal_that_the_band_cannot_hold_is_refused(house: House) -> None:
    with pytest.raises(ServiceValidationError):
        await choose(house, "step_goal", 65536)


async def test_a_band_that_is_visible_is_heard_while_it_is_connected(
    house: House, radio: Radio
) -> None:
    heard: list[str] = []
    stop = radio.listen(lambda advertisement: heard.append(advertisement.address))
    await asyncio.sleep(0.1)  # several advertisements
    assert not heard
    await choose(house, "visible_when_connected", value=True)
    await until(lambda: house.band.address in heard)
    assert house.value("binary_sensor", "connected") == STATE_ON
    await choose(house, "visible_when_connected", value=False)
    heard.clear()
    await asyncio.sleep(0.1)
    assert not heard
    stop()


async def test_continuous_heart_rate_brings_readings_until_it_is_off(house: House) -> None:
    assert house.value("switch", "continuous_heart_rate") == STATE_OFF
    await house.act("switch", "continuous_heart_rate", "turn_on")
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    for bpm in (64, 97):
        house.band.wearer.set_heart_rate(bpm)
        await house.until_state("sensor", "heart_rate", str(bpm))
    await house.act("switch", "continuous_heart_rate", "turn_off")
    assert house.value("switch", "continuous_heart_rate") == STATE_OFF
    await until(lambda: house.on_band("heart_rate", "continuous") is False)


async def test_continuous_heart_rate_goes_on_when_the_band_is_back(house: House) -> None:
    await house.act("switch", "continuous_heart_rate", "turn_on")
    await house.lose_band()
    house.band.wearer.set_heart_rate(99)
    await house.bring_band_back()
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    await house.until_state("sensor", "heart_rate", "99")


@pytest.mark.usefixtures("bluetooth_scanner")
async def test_an_entry_of_an_older_version_begins_with_its_page(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> None:
    hass_storage[f"mi_band.{entry.entry_id}"] = {
        "version": 1,
        "data": {
            **dict.fromkeys(("device", "battery", "today", "last_sync")),
            "settings": {
                "step_goal": 5,
                "heart_rate_interval_minutes": None,
                "continuous_heart_rate": False,
            },
        },
    }
    house = House(hass, band, entry)
    await house.set_up()
    await house.until_connected()
    for key, value in ON_PAGE.items():
        assert house.value(platform_of(key), key) == shown(value)
    await house.unload()
