"""Adding a band: every page, every error with its way on, against the emulated band."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from habluetooth import get_manager
from homeassistant.components.bluetooth import BluetoothScanningMode
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
import pytest

from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt import server
from tests.emulator.gatt.table import HUAMI, ROWS, TABLE, Service
from tests.emulator.radio import AirFaults
from tests.emulator.wearer import Policy
from tests.lab import AddScanner
from tests.vectors.key_forms import FORMS, KeyForm

from .bands import MakeBand, held
from .flow import (
    DOMAIN,
    KEY,
    PROFILE,
    async_choose,
    async_discovered,
    async_open,
    async_pair_with_key,
    async_submit,
    async_to_key,
    async_to_method,
    async_until_action,
    async_until_heard,
    async_wait_out,
)

OTHER_KEY = bytes.fromhex("fb721110280a4394d2b6fcd076b59818")
FLOW = "custom_components.mi_band.config_flow"


@pytest.fixture(autouse=True)
def no_waiting_for_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scanner of these tests is active all the time."""
    monkeypatch.setattr(f"{FLOW}.NAME_SCAN_SECONDS", 0.1)


def the_entry(hass: HomeAssistant) -> ConfigEntry:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def test_a_new_band_is_paired_with_a_tap(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new")
    page = await async_to_method(hass, band)
    assert page["type"] is FlowResultType.MENU
    assert page["menu_options"] == ["tap", "account", "key"]

    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "tap"})
    assert page["type"] is FlowResultType.SHOW_PROGRESS
    assert page["progress_action"] == "connecting"
    page = await async_until_action(hass, page["flow_id"], "tap_band")
    await band.wait_for(lambda: band.vibrations > 0)
    band.wearer.tap()
    page = await async_wait_out(hass, page)
    assert page["step_id"] == "profile"
    assert band.key is not None

    page = await async_submit(hass, page, PROFILE)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert page["title"] == "Mi Smart Band 4 Ada"
    entry = the_entry(hass)
    assert entry.unique_id == band.address
    assert entry.data["key"] == band.key.hex()
    assert entry.data["address"] == band.address
    assert len(entry.data["identity"]) == 32


async def test_the_first_sync_puts_time_wearer_and_preferences_on_the_band(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    await hass.config.async_set_time_zone("Asia/Kathmandu")
    band = await make_band(key=KEY)
    page = await async_pair_with_key(hass, band)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    on_band = held(band)
    wearer = on_band["user_profile"]
    assert wearer["user"]["birth"] == "1990-06-15"
    assert (wearer["user"]["height_cm"], wearer["user"]["weight_kg"]) == (180, 75.0)
    assert (wearer["goal"], wearer["wrist"]) == (10000, "right")
    assert on_band["settings"] == {"imperial": False, "time_format_24h": True, "language": "de_DE"}
    # Kathmandu lies five hours and three quarters ahead: 23 quarters.
    assert (on_band["time"]["zone"], on_band["time"]["writes"]) == (23, 1)
    await hass.config.async_set_time_zone("US/Pacific")


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_a_key_is_understood_as_it_was_pasted_or_its_fault_is_named(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    make_band: MakeBand,
    form: KeyForm,
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": form.typed})
    if isinstance(form.outcome, bytes):
        assert page["step_id"] == "profile"
    else:
        assert page["step_id"] == "key"
        assert page["errors"] == {"key": form.outcome}


@pytest.mark.parametrize("profile", ["bound_04", "bound_07", "bound_08"])
async def test_a_wrong_key_is_told_and_another_one_can_be_entered(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    make_band: MakeBand,
    profile: str,
) -> None:
    band = await make_band(profile=profile, key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": OTHER_KEY.hex()})
    assert page["step_id"] == "pair_failed"
    assert page["errors"] == {"base": "wrong_key"}
    page = await async_submit(hass, page, {"next_step": "key"})
    assert page["step_id"] == "key"
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["step_id"] == "profile"


async def test_after_a_wrong_key_another_way_can_be_chosen(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": OTHER_KEY.hex()})
    page = await async_submit(hass, page, {"next_step": "method"})
    assert page["step_id"] == "method"


async def test_a_band_that_wants_the_vendors_signature_leads_to_the_key(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="bound", key=KEY)
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["step_id"] == "vendor_signature_needed"
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["step_id"] == "profile"


async def test_a_refused_tap_can_be_tried_again(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new")
    page = await async_to_method(hass, band)
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "tap"})
    page = await async_until_action(hass, page["flow_id"], "tap_band")
    await band.wait_for(lambda: band.vibrations > 0)
    band.wearer.refuse()
    page = await async_wait_out(hass, page)
    assert page["errors"] == {"base": "confirm_refused"}

    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step": "retry"})
    page = await async_until_action(hass, page["flow_id"], "tap_band")
    await band.wait_for(lambda: "tap" in band.screen.text.casefold() or band.vibrations > 1)
    band.wearer.tap()
    page = await async_wait_out(hass, page)
    assert page["step_id"] == "profile"


async def test_a_tap_that_never_comes_ends_on_a_page_of_its_own(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new", policy=Policy.IGNORE, tap_timeout_s=60.0)
    page = await async_to_method(hass, band)
    with patch("custom_components.mi_band.band.binding.TAP_TIMEOUT", timedelta(seconds=0.3)):
        page = await async_choose(hass, page, "tap")
    assert page["step_id"] == "pair_failed"
    assert page["errors"] == {"base": "confirm_timeout"}
    await band.wait_for(lambda: not band.connected)


async def test_closing_the_dialog_takes_the_question_off_the_band(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new")
    page = await async_to_method(hass, band)
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "tap"})
    page = await async_until_action(hass, page["flow_id"], "tap_band")
    await band.wait_for(lambda: band.connected)
    hass.config_entries.flow.async_abort(page["flow_id"])
    await band.wait_for(lambda: not band.connected)
    assert not band.bound


async def test_a_battery_too_low_stops_pairing_before_the_band_is_asked(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new", battery=29)
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["errors"] == {"base": "low_battery"}
    words = page["description_placeholders"] or {}
    assert (words["level"], words["needed"]) == ("29", "30")
    assert band.vibrations == 0

    band.wearer.set_battery(30)
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step": "retry"})
    await async_until_action(hass, page["flow_id"], "tap_band")


async def test_a_battery_too_low_is_told_with_whether_it_charges(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new", battery=29)
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["errors"] == {"base": "low_battery"}
    band.wearer.charge(charging=True)
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["errors"] == {"base": "low_battery_charging"}
    words = page["description_placeholders"] or {}
    assert (words["level"], words["needed"]) == ("29", "30")

    band.wearer.set_battery(30)
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step": "retry"})
    await async_until_action(hass, page["flow_id"], "tap_band")


async def test_without_an_adapter_the_list_says_so_and_looks_again(
    hass: HomeAssistant, add_scanner: AddScanner, make_band: MakeBand
) -> None:
    page = await async_open(hass)
    assert page["step_id"] == "user"
    assert page["errors"] == {"base": "no_adapter"}
    band = await make_band(key=KEY)
    await add_scanner()
    await async_until_heard(hass, band)
    page = await async_submit(hass, page)
    assert page["errors"] in ({}, None)
    page = await async_submit(hass, page, {"address": band.address})
    assert page["step_id"] == "bluetooth_confirm"


async def test_a_band_that_nobody_hears_can_be_looked_for_again(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    page = await async_open(hass)
    assert page["errors"] == {"base": "band_not_found"}
    band = await make_band(key=KEY)
    await async_until_heard(hass, band)
    page = await async_submit(hass, page)
    page = await async_submit(hass, page, {"address": band.address})
    assert page["step_id"] == "bluetooth_confirm"


async def test_a_band_that_the_operating_system_holds_is_told_on_the_list(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    await async_until_heard(hass, band)
    await _silence(band)
    page = await async_open(hass)
    assert page["errors"] == {"base": "band_not_found"}
    # Other devices may well be paired there.
    bluetooth_scanner.adapter.system["C0:00:00:00:00:01"] = {"Connected": True}
    assert (await async_submit(hass, page))["errors"] == {"base": "band_not_found"}
    bluetooth_scanner.adapter.system[band.address] = {"Paired": True, "Connected": True}
    page = await async_submit(hass, page)
    assert page["errors"] == {"base": "held_by_system"}
    assert page["description_placeholders"] == {"address": band.address}
    del bluetooth_scanner.adapter.system[band.address]
    await band.power_on()
    await async_until_heard(hass, band)
    page = await async_submit(hass, page)
    assert not page["errors"]


async def test_a_band_that_the_operating_system_took_meanwhile_is_told(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_to_key(hass, band)
    await _silence(band)
    bluetooth_scanner.adapter.system[band.address] = {"Connected": True}
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["errors"] == {"base": "held_by_system"}
    assert page["description_placeholders"] is not None
    assert page["description_placeholders"]["address"] == band.address
    bluetooth_scanner.adapter.system.clear()
    await band.power_on()
    await async_until_heard(hass, band)
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "profile"


async def _silence(band: EmulatedBand) -> None:
    """Let the band be silent, as it is while somebody holds it, for so long that it shows."""
    await band.power_off()
    get_manager().async_clear_advertisement_history(band.address)


async def test_the_list_has_the_strongest_band_first_and_marks_known_ones(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    far = await make_band(key=KEY, address="F3:4E:C4:00:00:01")
    near = await make_band(key=KEY, address="F3:4E:C4:00:00:02")
    far_rssi, near_rssi = -70, -50
    _air(far).rssi, _air(near).rssi = far_rssi, near_rssi
    await async_until_heard(hass, far)
    await async_pair_with_key(hass, far)
    await hass.config_entries.async_unload(the_entry(hass).entry_id)
    await async_until_heard(hass, far)
    await async_until_heard(hass, near)
    page = await async_open(hass)
    schema = page["data_schema"]
    assert schema is not None
    (options,) = [selector.config["options"] for selector in schema.schema.values()]
    labels = [option["label"] for option in options]
    assert labels[0].startswith(f"Mi Smart Band 4 · {near.address} · ")
    assert labels[1].startswith(f"Mi Smart Band 4 · {far.address} · ")
    assert [label.endswith("✓") for label in labels] == [False, True]

    page = await async_submit(hass, page, {"address": far.address})
    assert page["type"] is FlowResultType.ABORT
    assert page["reason"] == "already_configured"


async def test_a_weak_signal_is_told_once_and_may_be_overridden(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    _air(band).rssi = -90
    page = await async_discovered(hass, band)
    page = await async_submit(hass, page)
    assert page["step_id"] == "bluetooth_confirm"
    assert page["errors"] == {"base": "weak_signal"}
    page = await async_submit(hass, page)
    assert page["step_id"] == "method"


async def test_no_free_connection_slot_is_told_and_can_be_tried_again(
    hass: HomeAssistant, add_scanner: AddScanner, make_band: MakeBand
) -> None:
    await add_scanner(connection_slots=1)
    first = await make_band(key=KEY, address="F3:4E:C4:00:00:01")
    await async_pair_with_key(hass, first)
    await first.wait_for(lambda: first.authenticated)
    second = await make_band(key=KEY, address="F3:4E:C4:00:00:02")
    page = await async_to_key(hass, second)
    with patch("custom_components.mi_band.pairing.PAIRING_ATTEMPTS", 1):
        page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["errors"] == {"base": "no_slot"}

    await hass.config_entries.async_unload(the_entry(hass).entry_id)
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "profile"


@pytest.mark.parametrize("profile", ["silent_auth", "drops_on_auth"])
async def test_a_band_that_does_not_answer_ends_on_a_page_with_a_way_on(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    make_band: MakeBand,
    profile: str,
) -> None:
    band = await make_band(profile=profile, key=KEY)
    page = await async_to_key(hass, band)
    with patch("custom_components.mi_band.band.auth.EXCHANGE_TIMEOUT", timedelta(seconds=0.2)):
        page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["step_id"] == "pair_failed"
    assert page["errors"] == {"base": "cannot_connect"}


async def test_a_band_that_went_away_is_told(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_to_key(hass, band)
    with patch("custom_components.mi_band.reach.find_device", return_value=None):
        page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["errors"] == {"base": "band_not_found"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "profile"


async def test_an_adapter_that_went_away_is_told(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_to_key(hass, band)
    with patch("homeassistant.components.bluetooth.async_scanner_count", return_value=0):
        page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["errors"] == {"base": "no_adapter"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "profile"


@pytest.mark.no_fail_on_log_exception
async def test_a_bug_is_logged_and_ends_on_a_page_with_a_way_on(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    make_band: MakeBand,
    caplog: pytest.LogCaptureFixture,
) -> None:
    band = await make_band(key=KEY)
    page = await async_to_key(hass, band)
    with patch("custom_components.mi_band.pairing.read_battery", side_effect=ZeroDivisionError):
        page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["errors"] == {"base": "unknown"}
    assert "ZeroDivisionError" in caplog.text
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "profile"


@pytest.mark.parametrize("wrong", ["2999-01-01", "1850-01-01", "15.6.1990"])
async def test_a_birth_date_that_makes_no_sense_is_told(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand, wrong: str
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": KEY.hex()})
    page = await async_submit(hass, page, PROFILE | {"birth_date": wrong})
    assert page["step_id"] == "profile"
    assert page["errors"] == {"birth_date": "invalid_birth_date"}
    page = await async_submit(hass, page, PROFILE)
    assert page["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("pages", [2, 5])
async def test_several_open_pages_make_one_entry(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand, pages: int
) -> None:
    """Each page asks anew all the time, also at the moment in which the sync ends."""
    band = await make_band(key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": KEY.hex()})
    page = await hass.config_entries.flow.async_configure(page["flow_id"], PROFILE)

    async def ask() -> FlowResultType | None:
        while True:
            await asyncio.sleep(0)
            try:
                shown = await hass.config_entries.flow.async_configure(page["flow_id"])
            except UnknownFlow:
                return None
            if shown["type"] is not FlowResultType.SHOW_PROGRESS:
                return shown["type"]

    async with asyncio.timeout(60):
        ends = await asyncio.gather(*(ask() for _ in range(pages)))
    assert ends.count(FlowResultType.CREATE_ENTRY) <= 1
    assert set(ends) <= {FlowResultType.CREATE_ENTRY, None}
    await band.wait_for(lambda: band.authenticated)
    assert the_entry(hass).data["key"] == KEY.hex()


async def test_a_first_sync_that_was_cut_goes_on_where_it_stopped(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": KEY.hex()})
    # Three of these authenticate; the clock, the wearer and the wrist come through.
    band.faults.cut_after(3 + 2 + 2)
    with patch("custom_components.mi_band.pairing.PAIRING_ATTEMPTS", 1):
        page = await async_submit(hass, page, PROFILE)
    assert page["step_id"] == "first_sync_failed"
    assert page["errors"] == {"base": "cannot_connect"}
    before = held(band)
    assert before["time"]["writes"] == 1
    assert before["user_profile"]["wrist"] == "right"
    assert before["user_profile"]["goal"] is None
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert held(band)["user_profile"]["goal"] == 10000
    # The answer to the wrist was lost with the link, so that is written again, and nothing else.
    assert _writes(band, "0008") == 4


async def test_a_band_that_got_another_key_before_its_first_sync_is_synced_with_that(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await async_to_key(hass, band), {"key": KEY.hex()})
    band.wearer.pair_elsewhere(OTHER_KEY)
    page = await async_submit(hass, page, PROFILE)
    assert page["step_id"] == "first_sync_failed"
    assert page["errors"] == {"base": "wrong_key"}
    page = await async_submit(hass, page, {"next_step": "key"})
    page = await async_submit(hass, page, {"key": OTHER_KEY.hex()})
    assert page["step_id"] == "profile"
    page = await async_submit(hass, page, PROFILE | {"wrist": "left"})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert the_entry(hass).data["key"] == OTHER_KEY.hex()
    assert the_entry(hass).data["profile"]["wrist"] == "left"
    assert held(band)["user_profile"]["wrist"] == "left"


@pytest.mark.parametrize("status", [0x05, 0x06])
@pytest.mark.usefixtures("bluetooth_scanner")
async def test_a_language_that_the_band_lacks_does_not_keep_it_out(
    hass: HomeAssistant, make_band: MakeBand, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    band = await make_band(key=KEY)
    band.faults.refuse(b"\x06\x17", status)
    page = await async_pair_with_key(hass, band)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert "has another language than chosen" in caplog.text
    # It is told once more on each link, and nothing else is.
    await band.wait_for(lambda: held(band)["settings"].get("language") == "de_DE")
    told = held(band)["att"]["characteristics"]["0003"]["last"]
    settings = [command[:5] for command in told if command.startswith("06")]
    assert settings == ["06 17", "06 02", "06 03", "06 17"]


async def test_a_band_that_tells_nobody_its_battery_before_it_has_a_key_is_paired(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new", policy=Policy.ACCEPT)
    band.faults.refuse_requests("0006")
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["step_id"] == "profile"
    assert held(band)["att"]["characteristics"]["0006"]["reads"] == 1


async def test_a_band_whose_battery_no_document_explains_is_paired(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    make_band: MakeBand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.emulator.gatt.battery.Battery.encode", lambda _: b"\x0f")
    band = await make_band(profile="v1_new", policy=Policy.ACCEPT)
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["step_id"] == "profile"


@pytest.mark.parametrize(("silences", "step"), [(1, "profile"), (2, "pair_failed")])
@pytest.mark.usefixtures("bluetooth_scanner")
async def test_a_band_that_does_not_tell_how_it_wants_to_be_bound_is_asked_on_another_link(
    hass: HomeAssistant, make_band: MakeBand, silences: int, step: str
) -> None:
    band = await make_band(profile="v1_new", policy=Policy.ACCEPT)
    page = await async_to_method(hass, band)
    band.faults.lose("0009", silences)
    with patch("custom_components.mi_band.band.binding.ANSWER_TIMEOUT", timedelta(seconds=0.2)):
        page = await async_choose(hass, page, "tap")
    assert page["step_id"] == step
    assert held(band)["att"]["characteristics"]["0009"]["cccd"] == 2
    if step == "pair_failed":
        assert page["errors"] == {"base": "cannot_connect"}


async def test_a_band_of_the_later_protocol_is_told_from_a_wrong_key(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    make_band: MakeBand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = replace(ROWS["0009"], name="0016", uuid=HUAMI.format("0016"))
    later = Service(HUAMI.format("fee2"), (row,))
    monkeypatch.setattr(server, "TABLE", (*TABLE, later))
    band = await make_band(profile="bound_08")
    page = await async_submit(hass, await async_to_key(hass, band), {"key": KEY.hex()})
    assert page["step_id"] == "pair_failed"
    assert page["errors"] == {"base": "not_supported"}
    assert page["description_placeholders"] is not None
    assert page["description_placeholders"]["firmware"] == " 1.0.9.66"


async def test_another_huami_device_is_not_offered(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    other = await make_band(name="Amazfit Bip")
    await async_until_heard(hass, other)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def test_a_band_heard_by_a_passive_scanner_is_offered_once_its_name_is_known(
    hass: HomeAssistant, add_scanner: AddScanner, make_band: MakeBand
) -> None:
    await add_scanner(mode=BluetoothScanningMode.AUTO)
    band = await make_band(key=KEY)
    page = await async_discovered(hass, band)
    assert page["step_id"] == "bluetooth_confirm"


async def test_a_known_band_is_not_discovered_again(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    await async_pair_with_key(hass, band)
    await hass.config_entries.async_unload(the_entry(hass).entry_id)
    await band.wait_for(lambda: not band.connected)
    await async_until_heard(hass, band)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def test_a_band_that_holds_another_key_now_asks_for_it_and_keeps_the_rest(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    await async_pair_with_key(hass, band)
    entry = the_entry(hass)
    before = dict(entry.data)
    await hass.config_entries.async_unload(entry.entry_id)
    await band.power_off()
    rebound = await make_band(key=OTHER_KEY, address=band.address)
    await async_until_heard(hass, rebound)
    await hass.config_entries.async_setup(entry.entry_id)
    page = await _async_reauth_page(hass, rebound)
    assert page["step_id"] == "reauth_confirm"
    page = await async_submit(hass, page)
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": OTHER_KEY.hex()})
    assert page["type"] is FlowResultType.ABORT
    assert page["reason"] == "reauth_successful"
    assert dict(entry.data) == before | {"key": OTHER_KEY.hex()}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await rebound.wait_for(lambda: rebound.authenticated)


async def _async_reauth_page(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    await band.wait_for(lambda: bool(hass.config_entries.flow.async_progress_by_handler(DOMAIN)))
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return await hass.config_entries.flow.async_configure(flow["flow_id"])


def _air(band: EmulatedBand) -> AirFaults:
    return band._radio.faults(band.address)


def _writes(band: EmulatedBand, characteristic: str) -> Any:
    return held(band)["att"]["characteristics"][characteristic]["writes"]
