"""Pairing with the link cut after each of its operations in turn: it always has a way on."""

from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand

from .bands import MakeBand, held
from .flow import DOMAIN, KEY, PROFILE, async_discovered, async_until_heard, async_wait_out

OPERATIONS_WITH_TAP = 18
"""From the battery to the last setting: six to pair, three to get in again, nine settings."""
LONGEST_WAY = 12
"""Pages after which a person would have given up."""


async def _async_walk(
    hass: HomeAssistant, band: EmulatedBand, method: dict[str, Any]
) -> tuple[ConfigFlowResult, list[str]]:
    """Go through the flow as a patient person does: fill in, and try again where it failed.

    Returns:
        The last page, and the steps that said that something failed.
    """
    page = await async_discovered(hass, band)
    failures: list[str] = []
    answers: dict[str, dict[str, Any]] = {
        "bluetooth_confirm": {},
        "method": method,
        "key": {"key": KEY.hex()},
        "profile": PROFILE,
        "pair_failed": {"next_step": "retry"},
        "first_sync_failed": {"next_step": "retry"},
    }

    def tap_if_asked() -> None:
        if held(band)["asking"]:
            band.wearer.tap()

    for _ in range(LONGEST_WAY):
        page = await async_wait_out(hass, page, tap_if_asked)
        if page["type"] in {FlowResultType.CREATE_ENTRY, FlowResultType.ABORT}:
            return page, failures
        step = page["step_id"]
        if step.endswith("_failed"):
            failures.append(step)
            assert page["errors"] == {"base": "cannot_connect"}
        page = await hass.config_entries.flow.async_configure(page["flow_id"], answers[step])
    pytest.fail(f"no end after {LONGEST_WAY} pages: {failures}")


@pytest.mark.parametrize("way", ["tap", "key"])
@pytest.mark.parametrize("cut_after", range(1, OPERATIONS_WITH_TAP + 2))
@pytest.mark.usefixtures("bluetooth_scanner")
async def test_pairing_completes_after_the_link_was_cut(
    hass: HomeAssistant, make_band: MakeBand, cut_after: int, way: str
) -> None:
    band = await (make_band(profile="v1_new") if way == "tap" else make_band(key=KEY))
    await async_until_heard(hass, band)
    band.faults.cut_after(cut_after)
    with patch("custom_components.mi_band.pairing.PAIRING_ATTEMPTS", 2):
        page, failures = await _async_walk(hass, band, {"next_step_id": way})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert len(failures) <= 1
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["key"] == _key(band)
    await band.wait_for(lambda: band.authenticated)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await band.wait_for(lambda: not band.connected)


def _key(band: EmulatedBand) -> str:
    assert band.key is not None
    return band.key.hex()


async def test_the_enumeration_of_cuts_reaches_the_last_operation(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, make_band: MakeBand
) -> None:
    """Without this the enumeration could end too early and nobody would see."""
    band = await make_band(profile="v1_new")
    await async_until_heard(hass, band)
    with patch("custom_components.mi_band.async_setup_entry", return_value=True):
        page, failures = await _async_walk(hass, band, {"next_step_id": "tap"})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert not failures
    assert held(band)["att"]["operations"] == OPERATIONS_WITH_TAP
