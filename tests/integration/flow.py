"""Driving the config flow as a person would, page by page."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.components import bluetooth
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from tests.emulator.band import EmulatedBand

DOMAIN = "mi_band"
KEY = bytes.fromhex("c33d3ef72cd974853857f9201a65f252")
PROFILE: dict[str, Any] = {
    "name": "Ada",
    "birth_date": "1990-06-15",
    "sex": "male",
    "height": 180,
    "weight": 75,
    "wrist": "right",
    "step_goal": 10000,
    "distance_unit": "metric",
    "time_format": "twenty_four_hours",
    "language": "german",
}


async def async_until_heard(hass: HomeAssistant, band: EmulatedBand) -> None:
    """Wait until Home Assistant hears the band by its name."""
    async with asyncio.timeout(60):
        while True:
            heard = bluetooth.async_last_service_info(hass, band.address, connectable=True)
            if heard is not None and heard.name != band.address:
                return
            await asyncio.sleep(0.01)


async def async_discovered(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    """Wait for the discovered card of the band and open it."""
    async with asyncio.timeout(60):
        while True:
            if flow_id := _card(hass, band.address):
                return await hass.config_entries.flow.async_configure(flow_id)
            await asyncio.sleep(0.01)


def _card(hass: HomeAssistant, address: str) -> str | None:
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        if flow["context"].get("unique_id") == address:
            return flow["flow_id"]
    return None


async def async_open(hass: HomeAssistant) -> ConfigFlowResult:
    """Choose "Add integration"."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def async_submit(
    hass: HomeAssistant,
    page: ConfigFlowResult,
    answer: dict[str, Any] | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> ConfigFlowResult:
    """Submit a page and wait out what progress it leads to."""
    page = await hass.config_entries.flow.async_configure(
        page["flow_id"], {} if answer is None else answer
    )
    return await async_wait_out(hass, page, meanwhile)


async def async_choose(hass: HomeAssistant, page: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Choose from a menu and wait out what progress it leads to."""
    return await async_submit(hass, page, {"next_step_id": step})


async def async_wait_out(
    hass: HomeAssistant,
    page: ConfigFlowResult,
    meanwhile: Callable[[], object] = lambda: None,
) -> ConfigFlowResult:
    """Follow a progress page to what comes after it, doing something in between."""
    async with asyncio.timeout(60):
        while page["type"] in {FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE}:
            meanwhile()
            await asyncio.sleep(0.005)
            # As the browser does: come back when the page has changed, not before. Who asks while
            # the progress ends runs the next step twice.
            if shown(hass, page["flow_id"]) != (page["step_id"], page.get("progress_action")):
                page = await hass.config_entries.flow.async_configure(page["flow_id"])
    return page


def shown(hass: HomeAssistant, flow_id: str) -> tuple[str, str | None]:
    """Return the step that a flow shows, and what its progress page says."""
    step = hass.config_entries.flow._progress[flow_id].cur_step
    assert step is not None
    return step["step_id"], step.get("progress_action")


async def async_until_action(hass: HomeAssistant, flow_id: str, action: str) -> ConfigFlowResult:
    """Wait until a progress page says what is named."""
    async with asyncio.timeout(60):
        while True:
            if shown(hass, flow_id)[1] == action:
                return await hass.config_entries.flow.async_configure(flow_id)
            await asyncio.sleep(0.005)


async def async_to_method(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    """Open the discovered card and confirm it."""
    return await async_submit(hass, await async_discovered(hass, band))


async def async_to_key(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    """Go to the page that takes a key."""
    return await async_choose(hass, await async_to_method(hass, band), "key")


async def async_pair_with_key(
    hass: HomeAssistant, band: EmulatedBand, key: bytes = KEY
) -> ConfigFlowResult:
    """Add the band with its key, through every page."""
    page = await async_submit(hass, await async_to_key(hass, band), {"key": key.hex()})
    assert page["step_id"] == "profile", page
    return await async_submit(hass, page, PROFILE)
