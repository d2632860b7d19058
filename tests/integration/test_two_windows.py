"""Two people who add the same band at the same time, each in a window of their own."""

from datetime import timedelta
from unittest.mock import patch

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
import pytest

from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand

from .bands import MakeBand
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
    async_until_heard,
)
from .house import House


@pytest.fixture(autouse=True)
def no_waiting_for_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scanner of these tests is active all the time."""
    monkeypatch.setattr("custom_components.mi_band.config_flow.NAME_SCAN_SECONDS", 0.1)


async def test_a_band_that_somebody_is_adding_cannot_be_added_in_another_window(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    first = await async_to_key(hass, band)
    second = await _async_pick(hass, band)
    second = await async_submit(hass, second)
    assert (second["type"], second["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    page = await async_submit(hass, first, {"key": KEY.hex()})
    page = await async_submit(hass, page, PROFILE)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert await hass.config_entries.async_unload(page["result"].entry_id)


async def test_who_chose_from_the_list_goes_on_while_another_window_shows_the_card(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    card = await async_discovered(hass, band)
    page = await async_submit(hass, await _async_pick(hass, band))
    assert page["step_id"] == "method"
    card = await async_submit(hass, card)
    assert (card["type"], card["reason"]) == (FlowResultType.ABORT, "already_in_progress")


async def test_a_band_can_be_added_once_the_other_window_was_closed(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    first = await async_to_key(hass, band)
    hass.config_entries.flow.async_abort(first["flow_id"])
    page = await async_submit(hass, await _async_pick(hass, band))
    assert page["step_id"] == "method"


async def test_a_window_in_which_nobody_did_anything_for_long_is_in_nobodys_way(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    with patch("custom_components.mi_band.claims.LONGEST_PAUSE", timedelta()):
        first = await async_to_key(hass, band)
    page = await async_submit(hass, await _async_pick(hass, band))
    assert page["step_id"] == "method"
    first = await async_submit(hass, first, {"key": KEY.hex()})
    assert (first["type"], first["reason"]) == (FlowResultType.ABORT, "already_in_progress")


async def test_the_band_that_was_added_meanwhile_is_told_to_who_picks_it(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    await async_until_heard(hass, band)
    listed = await async_open(hass)
    page = await async_pair_with_key(hass, band)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    listed = await async_submit(hass, listed, {CONF_ADDRESS: band.address})
    assert (listed["type"], listed["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert await hass.config_entries.async_unload(page["result"].entry_id)


async def test_the_other_windows_of_a_band_end_when_it_was_added(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    await async_until_heard(hass, band)
    waiting = await _async_pick(hass, band)
    page = await async_pair_with_key(hass, band)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []
    with pytest.raises(UnknownFlow):
        await async_submit(hass, waiting)
    assert await hass.config_entries.async_unload(page["result"].entry_id)


async def _async_pick(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    """Choose "Add integration", and the band from the list."""
    await async_until_heard(hass, band)
    page = await async_submit(hass, await async_open(hass), {CONF_ADDRESS: band.address})
    assert page["step_id"] == "bluetooth_confirm"
    return page


async def test_a_known_band_is_given_a_new_key_in_one_window_at_a_time(
    hass: HomeAssistant, house: House
) -> None:
    first = await async_choose(hass, await house.entry.start_reconfigure_flow(hass), "new_key")
    assert first["step_id"] == "method"
    second = await async_choose(hass, await house.entry.start_reconfigure_flow(hass), "new_key")
    assert (second["type"], second["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    await house.band.wait_for(lambda: not house.band.connected)
    hass.config_entries.flow.async_abort(first["flow_id"])
    await house.until_connected()
