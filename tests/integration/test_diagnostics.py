"""Diagnostics help to find a fault, and tell nothing of the wearer."""

from datetime import timedelta
import json
import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.emulator.backend import SOURCE

from .flow import KEY, PROFILE
from .house import IDENTITY, House, until

ADDRESS = re.compile(r"([0-9A-Fa-f]{2}[:_-]?){5}[0-9A-Fa-f]{2}")


async def test_diagnostics_tell_of_link_band_and_scanners(
    house: House, hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    told = await get_diagnostics_for_config_entry(hass, hass_client, house.entry)
    assert told["link"]["connected"] is True
    assert told["link"]["reachable"] is True
    assert told["link"]["connections"] == 1
    assert told["link"]["last_error"] is None
    assert told["link"]["drops_within_an_hour"] == 0
    assert told["troubles"] == []
    assert f"V{told['band']['firmware_version']}" == house.on_band("device", "software")
    assert told["band"]["battery_percent"] == 77
    assert told["entry"]["options"] == {
        "connection_mode": "always",
        "sync_interval": 30,
        "check_firmware_online": False,
    }
    (scanner,) = told["scanners"]
    assert scanner == {
        "scanner": 0,
        "kind": "RadioScanner",
        "rssi": scanner["rssi"],
        "scanning": True,
        "mode": "active",
        "connection_slots": 3,
        "free_connection_slots": 2,
    }
    assert scanner["rssi"] < 0


async def test_diagnostics_tell_nothing_secret_or_healthy(
    house: House, hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    house.band.wearer.set_heart_rate(171)
    await house.act("button", "measure_heart_rate", "press")
    house.band.wearer.walk(1234)
    house.band.wearer.fall_asleep()
    await house.until_state("binary_sensor", "asleep", "on")
    told = await get_diagnostics_for_config_entry(hass, hass_client, house.entry)
    text = json.dumps(told).lower()
    secrets = [
        KEY.hex(),
        IDENTITY,
        house.band.address,
        house.band.address.replace(":", ""),
        SOURCE,
        house.entry.title,
        "ada",
        house.on_band("device", "serial"),
        PROFILE["birth_date"],
        house.value("sensor", "steps"),
        house.value("sensor", "distance"),
        "171",
    ]
    assert [secret for secret in secrets if str(secret).lower() in text] == []
    assert ADDRESS.search(text) is None


async def test_diagnostics_do_not_tell_options_that_may_name_the_wearer(
    house: House, hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    hass.config_entries.async_update_entry(house.entry, options={"calendar": "calendar.ada"})
    told = await get_diagnostics_for_config_entry(hass, hass_client, house.entry)
    assert "ada" not in json.dumps(told)


async def test_diagnostics_are_there_while_the_band_is_away(
    house: House, hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    await house.lose_band()
    told = await get_diagnostics_for_config_entry(hass, hass_client, house.entry)
    assert told["link"]["connected"] is False
    assert told["link"]["last_error"] == "cannot_connect"
    assert told["link"]["drops_within_an_hour"] == 1
    assert told["band"]["heart_rate_known"] is False


async def test_diagnostics_name_the_repairs_and_not_their_texts(
    house: House,
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.mi_band.troubles.LONG_SILENCE", timedelta())
    await house.lose_band()
    await until(lambda: ir.async_get(hass).issues)
    told = await get_diagnostics_for_config_entry(hass, hass_client, house.entry)
    assert told["troubles"] == ["not_heard"]
    assert house.entry.title not in json.dumps(told)
