"""System health tells whether the house can reach its bands, and nothing of their wearers."""

import json
import re
from typing import Any

from homeassistant.components.system_health import get_info
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from tests.emulator.backend import AttachedScanner

from .flow import DOMAIN, KEY
from .house import House
from .texts import load_texts

ADDRESS = re.compile(r"([0-9A-Fa-f]{2}[:_-]?){5}[0-9A-Fa-f]{2}")


async def told(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows of us."""
    assert await async_setup_component(hass, "system_health", {})
    info: dict[str, Any] = dict((await get_info(hass))[DOMAIN])
    return info


async def test_it_tells_what_there_is_to_connect_with_and_who_is_here(
    hass: HomeAssistant, house: House
) -> None:
    info = await told(hass)
    last_sync = dt_util.parse_datetime(info.pop("last_sync"))
    assert last_sync is not None
    assert (dt_util.utcnow() - last_sync).total_seconds() < 60
    assert info == {
        "adapters": 0,
        "proxies": 1,
        "free_connection_slots": "2/3",
        "bands_configured": 1,
        "bands_connected": 1,
        "bands_heard": 1,
    }


async def test_a_band_whose_card_was_dismissed_does_not_count(
    hass: HomeAssistant, house: House
) -> None:
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": "F3:4E:C4:00:00:77", "title": "Mi Smart Band 4 0077"},
    )
    assert (await told(hass))["bands_configured"] == 1


async def test_it_follows_the_band_and_the_scanners(
    hass: HomeAssistant, house: House, bluetooth_scanner: AttachedScanner
) -> None:
    await house.lose_band()
    info = await told(hass)
    assert (info["bands_connected"], info["free_connection_slots"]) == (0, "3/3")
    bluetooth_scanner()
    info = await told(hass)
    assert (info["adapters"], info["proxies"], info["free_connection_slots"]) == (0, 0, "0/0")


async def test_it_does_without_a_band(hass: HomeAssistant, house: House) -> None:
    await house.unload()
    info = await told(hass)
    assert (info["bands_configured"], info["bands_heard"]) == (1, 0)
    assert "last_sync" not in info


async def test_every_line_has_a_text_and_none_a_secret(hass: HomeAssistant, house: House) -> None:
    info = await told(hass)
    assert set(load_texts()["system_health"]["info"]) == set(info)
    text = json.dumps(info, default=str).lower()
    assert ADDRESS.search(text) is None
    assert KEY.hex() not in text
    assert house.entry.title.lower() not in text
