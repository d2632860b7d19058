"""The link to a known band: it comes back by itself, and is let go when it should be."""

from collections.abc import AsyncGenerator
from datetime import timedelta

from bluetooth_data_tools import monotonic_time_coarse
from habluetooth import BaseHaRemoteScanner, get_manager
from homeassistant.components import bluetooth
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
import pytest

from tests.emulator.backend import AttachedScanner
from tests.emulator.radio import Advertisement, Radio
from tests.lab import AddScanner

from .bands import MakeBand, held
from .flow import DOMAIN, KEY, async_pair_with_key
from .house import House, until

KEEPER = "custom_components.mi_band.keeper"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the pauses that spare a real band."""
    monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=20))


class _Listener(BaseHaRemoteScanner):
    """Hears bands and connects to none, as many a plug in the wall does."""

    def hear(self, heard: Advertisement) -> None:
        """Report an advertisement to Home Assistant."""
        self._async_on_raw_advertisement(
            heard.address, heard.rssi, heard.advertisement, {}, monotonic_time_coarse()
        )


@pytest.fixture
async def listener(house: House, radio: Radio) -> AsyncGenerator[None]:
    """Let something hear the band that cannot connect."""
    scanner = _Listener("02:00:00:00:5E:01", "plug", None, connectable=False)
    ends = [
        scanner.async_setup(),
        get_manager().async_register_scanner(scanner),
        radio.listen(scanner.hear),
    ]
    yield
    for end in reversed(ends):
        end()


async def test_the_band_comes_back_after_it_was_away(hass: HomeAssistant, house: House) -> None:
    await house.lose_band()
    await house.bring_band_back()


@pytest.mark.usefixtures("listener")
async def test_the_band_comes_back_where_it_was_heard_before_anything_could_connect(
    house: House, bluetooth_scanner: AttachedScanner, add_scanner: AddScanner
) -> None:
    hass, address = house.hass, house.band.address
    bluetooth_scanner()
    await house.until_state("binary_sensor", "connected", "off")
    # Once a try has failed, it is waited for whom somebody hears that can connect.
    await until(lambda: bluetooth.async_ble_device_from_address(hass, address) is None)
    await until(lambda: bluetooth.async_address_present(hass, address, connectable=False))
    await add_scanner()
    await house.until_connected()


@pytest.mark.parametrize("cut_after", range(1, 13))
async def test_the_link_comes_back_after_a_cut_at_each_operation(
    hass: HomeAssistant, house: House, cut_after: int
) -> None:
    await house.lose_band()
    connections = held(house.band)["connections"]
    house.band.faults.cut_after(cut_after)
    await house.bring_band_back()
    await until(lambda: held(house.band)["connections"] > connections)
    await until(lambda: house.entry.runtime_data.data.connected and house.band.authenticated)


async def test_what_the_band_stored_survives_a_restart_and_what_is_live_does_not(
    hass: HomeAssistant, house: House
) -> None:
    house.band.wearer.set_heart_rate(77)
    house.band.wearer.walk(50)
    await until(lambda: house.state("sensor", "steps").state == str(house.band.steps))
    await until(lambda: house.value("sensor", "last_sync") != "unknown")
    steps = house.state("sensor", "steps").state
    await house.unload()
    await house.band.power_off()
    assert await hass.config_entries.async_setup(house.entry.entry_id)
    await hass.async_block_till_done()
    assert house.state("binary_sensor", "connected").state == "off"
    assert house.state("sensor", "steps").state == steps
    assert house.state("sensor", "battery").state == "77"
    assert house.state("sensor", "last_sync").state not in {"unknown", "unavailable"}
    assert house.state("sensor", "heart_rate").state == "unavailable"


async def test_unloading_lets_the_band_go(hass: HomeAssistant, house: House) -> None:
    await house.unload()
    await house.band.wait_for(lambda: not house.band.connected)


async def test_stopping_home_assistant_lets_the_band_go(hass: HomeAssistant, house: House) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await house.band.wait_for(lambda: not house.band.connected)


async def test_removing_the_entry_deletes_what_was_kept(
    hass: HomeAssistant, house: House, hass_storage: dict[str, object]
) -> None:
    await house.unload()
    assert f"{DOMAIN}.{house.entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(house.entry.entry_id)
    await hass.async_block_till_done()
    assert f"{DOMAIN}.{house.entry.entry_id}" not in hass_storage


async def test_a_refused_key_is_not_tried_again_and_asks_the_person(
    hass: HomeAssistant, house: House, make_band: MakeBand, caplog: pytest.LogCaptureFixture
) -> None:
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    rebound = await make_band(key=bytes(reversed(KEY)), address=house.band.address)
    await until(lambda: list(house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})))
    (flow,) = house.entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    # With the code, for not all are known.
    assert "the band refused the key with status 0x08" in caplog.text
    await rebound.wait_for(lambda: not rebound.connected)
    assert held(rebound)["connections"] == 1
    assert house.entry.state is ConfigEntryState.LOADED
    hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_two_bands_are_held_at_the_same_time(
    hass: HomeAssistant, house: House, make_band: MakeBand, bluetooth_scanner: AttachedScanner
) -> None:
    other = await make_band(key=KEY, address="F3:4E:C4:00:00:02")
    await async_pair_with_key(hass, other)
    await other.wait_for(lambda: other.authenticated)
    assert house.band.authenticated
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)


async def test_the_log_has_one_line_each_way_and_no_secret(
    hass: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    await house.lose_band()
    await house.bring_band_back()
    ours = [
        record
        for record in caplog.records
        if record.name.startswith("custom_components.mi_band") and record.levelname != "DEBUG"
    ]
    assert [record.getMessage() for record in ours] == [
        "Mi Smart Band 4 Ada can no longer be reached",
        "Mi Smart Band 4 Ada can be reached",
    ]
    said = "\n".join(record.getMessage() for record in caplog.records if "mi_band" in record.name)
    assert KEY.hex() not in said.casefold()
    assert house.band.address not in said
