"""How the band wants to be bound is remembered with its entry, and told in its diagnostics."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.emulator.band import EmulatedBand

from .bands import MakeBand, held
from .flow import (
    DOMAIN,
    KEY,
    PROFILE,
    async_choose,
    async_discovered,
    async_pair_with_key,
    async_submit,
    async_to_method,
    async_until_heard,
)
from .house import House

OTHER_KEY = bytes(reversed(KEY))
NEW_ADDRESS = "F3:4E:C4:00:00:99"


@pytest.fixture(autouse=True)
def no_waiting_for_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scanner of these tests is active all the time."""
    monkeypatch.setattr("custom_components.mi_band.config_flow.NAME_SCAN_SECONDS", 0.1)


def the_entry(hass: HomeAssistant) -> ConfigEntry:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


def tap_if_asked(band: EmulatedBand) -> None:
    if held(band)["asking"]:
        band.wearer.tap()


async def _async_told(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry
) -> Any:
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    return told["entry"]


@pytest.mark.usefixtures("bluetooth_scanner")
async def test_a_band_that_took_a_key_of_ours(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, make_band: MakeBand
) -> None:
    band = await make_band(profile="v1_new")
    page = await async_to_method(hass, band)
    page = await async_submit(hass, page, {"next_step_id": "tap"}, lambda: tap_if_asked(band))
    await async_submit(hass, page, PROFILE)
    assert the_entry(hass).data["binding"] == "local_key"
    assert (await _async_told(hass, hass_client, the_entry(hass)))["binding"] == "local_key"


@pytest.mark.usefixtures("bluetooth_scanner")
async def test_a_band_with_a_typed_key_was_not_asked(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, make_band: MakeBand
) -> None:
    await async_pair_with_key(hass, await make_band(key=KEY))
    assert the_entry(hass).data["binding"] == "not_asked"
    assert (await _async_told(hass, hass_client, the_entry(hass)))["binding"] == "not_asked"


@pytest.mark.usefixtures("bluetooth_scanner")
async def test_the_answer_that_led_to_the_key_is_remembered_and_not_its_hash(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, make_band: MakeBand
) -> None:
    band = await make_band(key=KEY)
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["step_id"] == "vendor_signature_needed"
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": KEY.hex()})
    await async_submit(hass, page, PROFILE)
    told = await _async_told(hass, hass_client, the_entry(hass))
    # Nothing but the word: the band's answer also names a key of the maker.
    assert told == {
        "version": 1,
        "minor_version": 1,
        "options": {
            "connection_mode": "always",
            "sync_interval": 30,
            "check_firmware_online": False,
        },
        "binding": "vendor_signature",
    }
    assert the_entry(hass).data.keys() == {"address", "key", "identity", "profile", "binding"}


async def test_an_older_entry_tells_nothing_until_its_band_has_a_new_key(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    house: House,
    make_band: MakeBand,
) -> None:
    assert "binding" not in house.entry.data
    assert (await _async_told(hass, hass_client, house.entry))["binding"] is None
    await _async_give_new_key(hass, house, make_band)
    assert house.entry.data["binding"] == "not_asked"


async def test_a_new_key_that_was_typed_leaves_the_answer_of_the_band(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    hass.config_entries.async_update_entry(
        house.entry, data=house.entry.data | {"binding": "vendor_signature"}
    )
    await _async_give_new_key(hass, house, make_band)
    assert house.entry.data["binding"] == "vendor_signature"


async def test_a_known_band_that_is_asked_anew_tells_its_new_answer(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    hass.config_entries.async_update_entry(
        house.entry, data=house.entry.data | {"binding": "vendor_signature"}
    )
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    reset = await make_band(profile="v1_new", address=NEW_ADDRESS)
    page = await async_submit(hass, await async_discovered(hass, reset))
    page = await async_submit(hass, page, {"known_band": house.entry.entry_id})
    page = await async_submit(hass, page, {"next_step_id": "tap"}, lambda: tap_if_asked(reset))
    assert page["reason"] == "reconfigure_successful"
    assert house.entry.data["binding"] == "local_key"
    await reset.wait_for(lambda: reset.authenticated)


async def _async_give_new_key(hass: HomeAssistant, house: House, make_band: MakeBand) -> None:
    page = await async_choose(hass, await house.entry.start_reconfigure_flow(hass), "new_key")
    await house.band.power_off()
    rebound = await make_band(key=OTHER_KEY, address=house.band.address)
    await async_until_heard(hass, rebound)
    page = await async_choose(hass, page, "key")
    page = await async_submit(hass, page, {"key": OTHER_KEY.hex()})
    assert page["reason"] == "reconfigure_successful"
    await rebound.wait_for(lambda: rebound.authenticated)
