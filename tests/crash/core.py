"""A Home Assistant of one's own with a recorder and nothing else, in a folder that stays."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from homeassistant import config_entries, loader
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
    recorder,
    translation,
)
from homeassistant.setup import async_setup_component

from custom_components.mi_band.ledger import async_until_written


@asynccontextmanager
async def core(folder: Path) -> AsyncGenerator[HomeAssistant]:
    """Run it while the block runs."""
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    translation.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    dr.async_setup(hass)
    try:
        for registry in (dr, er, ir):
            await registry.async_load(hass)
        recorder.async_initialize_recorder(hass)
        hass.set_state(CoreState.running)
        assert await async_setup_component(hass, "recorder", {"recorder": {}})
        # Its thread forgets that it has to stop if it is told so among the tasks of its beginning.
        # The first of these may be one of them, the second is none.
        await async_until_written(hass)
        await async_until_written(hass)
        yield hass
    finally:
        await hass.async_stop(force=True)
