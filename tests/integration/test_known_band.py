"""A band that Home Assistant knows: a new key, a new address, its key for the next owner."""

from datetime import timedelta
import logging
from unittest.mock import patch

from habluetooth import get_manager
from homeassistant.components import bluetooth
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mi_band.band.errors import LinkLost

from .bands import MakeBand, held
from .flow import (
    DOMAIN,
    KEY,
    PROFILE,
    async_choose,
    async_discovered,
    async_submit,
    async_until_heard,
    async_wait_out,
)
from .house import House, entry_of, until

OTHER_KEY = bytes(reversed(KEY))
NEW_ADDRESS = "F3:4E:C4:00:00:99"
SHORT = timedelta(milliseconds=100)
KEEPER = "custom_components.mi_band.keeper"


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scanner of these tests is active all the time, and the bands advertise often."""
    monkeypatch.setattr("custom_components.mi_band.config_flow.NAME_SCAN_SECONDS", 0.1)
    monkeypatch.setattr("custom_components.mi_band.reach.LISTENING", timedelta(seconds=0.3))


def _registered(hass: HomeAssistant, house: House) -> list[tuple[str, str]]:
    entries = er.async_entries_for_config_entry(er.async_get(hass), house.entry.entry_id)
    return sorted((entry.entity_id, entry.unique_id) for entry in entries)


async def _async_reconfigure(hass: HomeAssistant, house: House) -> ConfigFlowResult:
    page: ConfigFlowResult = await house.entry.start_reconfigure_flow(hass)
    assert page["type"] is FlowResultType.MENU
    assert page["menu_options"] == ["new_key", "new_address", "show_key"]
    return page


async def test_a_band_with_a_new_address_keeps_device_entities_and_settings(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": house.entity_id("number", "step_goal"), "value": 12345},
        blocking=True,
    )
    before = _registered(hass, house)
    device_before = house.device.id
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    reset = await make_band(profile="v1_new", address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, reset))
    assert page["step_id"] == "known_band"
    page = await async_submit(hass, page, {"known_band": house.entry.entry_id})
    page = await hass.config_entries.flow.async_configure(page["flow_id"], {"next_step_id": "tap"})
    await reset.wait_for(lambda: held(reset)["asking"])
    reset.wearer.tap()
    page = await async_wait_out(hass, page)
    assert page["reason"] == "reconfigure_successful"
    assert house.entry.unique_id == NEW_ADDRESS
    await reset.wait_for(lambda: reset.authenticated)
    await house.until_state("binary_sensor", "connected", "on")

    assert reset.key is not None
    assert house.entry.data["key"] == reset.key.hex()
    assert house.entry.data["address"] == NEW_ADDRESS
    assert _registered(hass, house) == before
    assert house.device.id == device_before
    assert house.device.connections == {(dr.CONNECTION_BLUETOOTH, NEW_ADDRESS)}
    assert held(reset)["user_profile"]["goal"] == 12345
    assert held(reset)["settings"]["language"] == "de_DE"


async def test_a_band_that_was_heard_just_before_its_reset_is_offered_all_the_same(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    late = bluetooth.async_last_service_info(hass, house.band.address, connectable=True)
    assert late is not None
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    reset = await make_band(profile="v1_new", address=NEW_ADDRESS)
    page = await async_discovered(hass, reset)
    get_manager().scanner_adv_received(late)
    assert bluetooth.async_address_present(hass, house.band.address)
    page = await async_submit(hass, page)
    assert page["step_id"] == "known_band"


async def test_nobody_looks_for_the_old_address_while_the_new_one_is_paired(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    reset = await make_band(profile="v1_new", address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, reset))
    page = await async_submit(hass, page, {"known_band": house.entry.entry_id})
    assert house.entry.state is ConfigEntryState.NOT_LOADED
    hass.config_entries.flow.async_abort(page["flow_id"])
    await until(lambda: house.entry.state is ConfigEntryState.LOADED)


async def test_a_known_band_that_is_heard_but_not_linked_is_not_offered(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    with patch(f"{KEEPER}.open_session", side_effect=LinkLost("no answer")):
        await house.band.power_off()
        await house.until_state("binary_sensor", "connected", "off")
        await house.band.power_on()
        other = await make_band(key=KEY, address=NEW_ADDRESS)
        page = await async_discovered(hass, other)
        await async_until_heard(hass, house.band)
        page = await async_submit(hass, page)
    assert page["step_id"] == "method"


async def test_a_band_that_is_another_one_becomes_an_entry_of_its_own(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    other = await make_band(key=KEY, address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, other))
    page = await async_submit(hass, page, {"known_band": "new"})
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["step_id"] == "profile"


async def test_a_known_band_that_is_here_is_not_offered_for_a_new_one(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    other = await make_band(key=KEY, address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, other))
    assert page["step_id"] == "method"


async def test_a_new_key_is_proven_and_kept(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    page = await async_choose(hass, await _async_reconfigure(hass, house), "new_key")
    assert page["step_id"] == "method"
    await house.band.power_off()
    rebound = await make_band(key=OTHER_KEY, address=house.band.address)
    await async_until_heard(hass, rebound)
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": OTHER_KEY.hex()})
    assert page["reason"] == "reconfigure_successful"
    assert house.entry.data["key"] == OTHER_KEY.hex()
    await rebound.wait_for(lambda: rebound.authenticated)


async def test_leaving_the_reconfiguration_takes_the_band_back(
    hass: HomeAssistant, house: House
) -> None:
    page = await async_choose(hass, await _async_reconfigure(hass, house), "new_key")
    await house.band.wait_for(lambda: not house.band.connected)
    hass.config_entries.flow.async_abort(page["flow_id"])
    await house.band.wait_for(lambda: house.band.authenticated)
    await house.until_state("binary_sensor", "connected", "on")


async def test_a_new_address_can_be_picked(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    page = await async_choose(hass, await _async_reconfigure(hass, house), "new_address")
    assert page["errors"] == {"base": "band_not_found"}
    reset = await make_band(key=KEY, address=NEW_ADDRESS)
    await async_until_heard(hass, reset)
    page = await async_submit(hass, page)
    page = await async_submit(hass, page, {"address": NEW_ADDRESS})
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["reason"] == "reconfigure_successful"
    assert house.entry.unique_id == NEW_ADDRESS
    await reset.wait_for(lambda: reset.authenticated)


async def test_the_card_of_a_new_address_goes_once_it_was_picked(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    reset = await make_band(key=KEY, address=NEW_ADDRESS)
    await async_discovered(hass, reset)
    await _async_pick_new_address(hass, house)
    await reset.wait_for(lambda: reset.authenticated)
    assert NEW_ADDRESS not in _offered(hass)


async def test_a_new_address_whose_card_was_dismissed_can_be_picked(
    hass: HomeAssistant, house: House, make_band: MakeBand, caplog: pytest.LogCaptureFixture
) -> None:
    reset = await make_band(key=KEY, address=NEW_ADDRESS)
    await async_discovered(hass, reset)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": NEW_ADDRESS, "title": "Mi Smart Band 4 0099"},
    )
    assert NEW_ADDRESS not in _offered(hass)
    await _async_pick_new_address(hass, house)
    await reset.wait_for(lambda: reset.authenticated)
    assert hass.config_entries.async_entries(DOMAIN) == [house.entry]
    assert NEW_ADDRESS not in _offered(hass)
    assert not [said for said in caplog.records if said.levelno >= logging.ERROR]


async def _async_pick_new_address(hass: HomeAssistant, house: House) -> None:
    page = await async_choose(hass, await _async_reconfigure(hass, house), "new_address")
    page = await async_submit(hass, page, {"address": NEW_ADDRESS})
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["reason"] == "reconfigure_successful"
    assert house.entry.unique_id == NEW_ADDRESS


def _offered(hass: HomeAssistant) -> list[str | None]:
    """Return the addresses of the bands that a card offers to set up."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow["context"].get("unique_id") for flow in flows]


async def test_a_key_that_is_refused_while_a_dialog_is_open_is_asked_for_after_it(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    page = await _async_reconfigure(hass, house)
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    rebound = await make_band(key=OTHER_KEY, address=house.band.address)
    await until(lambda: house.entry.runtime_data.lease.closed)
    assert not [*house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})]
    hass.config_entries.flow.async_abort(page["flow_id"])
    await until(lambda: [*house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})])
    (asked,) = house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    page = await hass.config_entries.flow.async_configure(asked["flow_id"])
    page = await async_choose(hass, await async_submit(hass, page), "key")
    page = await async_submit(hass, page, {"key": OTHER_KEY.hex()})
    assert page["reason"] == "reauth_successful"
    await rebound.wait_for(lambda: rebound.authenticated)
    assert not [*house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})]


async def test_a_key_that_was_refused_before_a_dialog_is_asked_for_after_it(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    await make_band(key=OTHER_KEY, address=house.band.address)
    await until(lambda: [*house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})])
    page = await _async_reconfigure(hass, house)
    # Which ends what was asked until then. The key is refused anew while this dialog is open.
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await until(lambda: house.entry.runtime_data.lease.closed)
    assert not [*house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})]
    hass.config_entries.flow.async_abort(page["flow_id"])
    await until(lambda: [*house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})])


async def test_a_dialog_about_a_band_ends_when_that_is_removed(
    hass: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    menu = await _async_reconfigure(hass, house)
    page = await async_choose(hass, await _async_reconfigure(hass, house), "new_key")
    await hass.config_entries.async_remove(house.entry.entry_id)
    for left in (menu, page):
        with pytest.raises(UnknownFlow):
            await hass.config_entries.flow.async_configure(left["flow_id"])
    await hass.async_block_till_done()
    assert not [said for said in caplog.records if said.levelno >= logging.ERROR]


async def test_a_new_address_of_a_band_that_was_removed_meanwhile_becomes_a_band_of_its_own(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    reset = await make_band(key=KEY, address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, reset))
    page = await async_submit(hass, page, {"known_band": house.entry.entry_id})
    page = await async_choose(hass, page, "key")
    await hass.config_entries.async_remove(house.entry.entry_id)
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["step_id"] == "profile"
    page = await async_submit(hass, page, PROFILE | {"wrist": "left"})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["address"] == entry.unique_id == NEW_ADDRESS
    assert entry.data["identity"] != house.entry.data["identity"]
    assert held(reset)["user_profile"]["wrist"] == "left"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_address_that_another_band_got_meanwhile_is_not_taken_from_it(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    other = await make_band(profile="v1_new", address=NEW_ADDRESS)
    await async_until_heard(hass, other)
    listed = await async_choose(hass, await _async_reconfigure(hass, house), "new_address")
    chosen = await async_choose(hass, await _async_reconfigure(hass, house), "new_address")
    with patch("custom_components.mi_band.claims.LONGEST_PAUSE", timedelta()):
        chosen = await async_submit(hass, chosen, {"address": NEW_ADDRESS})
    assert chosen["step_id"] == "method"
    theirs = entry_of(hass, other, wearer="Bob", identity="b" * 32)
    for page, answer in ((listed, {"address": NEW_ADDRESS}), (chosen, {"next_step_id": "tap"})):
        ended = await async_submit(hass, page, answer)
        assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert not other.bound
    assert house.entry.unique_id == house.band.address
    assert theirs.unique_id == NEW_ADDRESS
    await house.until_connected()


async def test_a_dialog_that_was_left_open_keeps_nobody_from_the_band_for_ever(
    hass: HomeAssistant, house: House
) -> None:
    with patch("custom_components.mi_band.known_band.LONGEST_PAUSE", SHORT):
        page = await async_choose(hass, await _async_reconfigure(hass, house), "new_key")
        assert house.entry.state is ConfigEntryState.NOT_LOADED
        await until(lambda: house.entry.state is ConfigEntryState.LOADED)
    await house.until_connected()
    # Who comes back has it once more.
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["reason"] == "reconfigure_successful"
    await house.until_connected()


async def test_a_band_that_was_loaded_anew_meanwhile_gives_way_to_the_dialog(
    hass: HomeAssistant, house: House
) -> None:
    page = await async_choose(hass, await _async_reconfigure(hass, house), "new_key")
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["reason"] == "reconfigure_successful"
    await house.until_connected()


async def test_the_key_is_shown_only_after_a_confirmation(
    hass: HomeAssistant, house: House
) -> None:
    page = await async_choose(hass, await _async_reconfigure(hass, house), "show_key")
    page = await async_submit(hass, page, {"confirm": False})
    assert page["step_id"] == "reconfigure"
    page = await async_choose(hass, page, "show_key")
    page = await async_submit(hass, page, {"confirm": True})
    assert page["step_id"] == "key_shown"
    assert page["description_placeholders"] == {"key": KEY.hex()}
    page = await async_submit(hass, page)
    assert page["reason"] == "reconfigure_successful"
    assert house.band.authenticated
