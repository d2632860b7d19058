"""After a firmware: whatever the band has kept of it, everything is there again, and found."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mi_band import installer
from custom_components.mi_band.band.state import BandState
from tests.emulator import files
from tests.emulator.backend import BumbleBackend
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.alarms import ReadForms
from tests.emulator.gatt.firmware import Running
from tests.lab import AddProxy, add_proxy, esphome_hass

from .bands import MakeBand, held
from .flow import KEY
from .house import House, entry_of, until
from .shelf import folder, put
from .sources import add_sky
from .test_settings import EVERYTHING, choose, has, writes

__all__ = ["add_proxy", "esphome_hass", "folder"]

OLD, NEW = "1.0.9.66", "1.0.9.68"
FIRMWARE = files.firmware(NEW, size=5000)
HELD = ("alarms", "reminders", "user_profile", "settings", "heart_rate")


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "_RETURN_LOOK", timedelta(milliseconds=50))
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta(milliseconds=20))


@pytest.fixture
async def file(house: House, folder: Path) -> str:
    """Provide a new firmware that lies in the library."""
    return await put(house, folder, "new", FIRMWARE)


def _put_there(band: EmulatedBand) -> Mapping[str, Any]:
    """Return what others have put on the band, but for what it measures."""
    snapshot = held(band)
    heart_rate = {name: snapshot["heart_rate"][name] for name in ("interval", "sleep")}
    return {**{name: snapshot[name] for name in HELD}, "heart_rate": heart_rate}


async def _live_in(house: House) -> Mapping[str, Any]:
    """Choose every setting, set alarms and a reminder; returns what the band has then."""
    for key, value in EVERYTHING.items():
        await choose(house, key, value)
    await house.call("set_alarm", alarm=1, time="07:30", days=["mon", "fri"], snooze=False)
    await house.call("set_alarm", alarm=9, time="22:05", enabled=False)
    await house.call("set_reminder", reminder=1, text="Bins", when="2080-05-20 06:00:00")
    # The wearer is told when a band is paired, which this one was before the test.
    house.entry.runtime_data.async_publish(BandState.doubted)
    await _anew(house)
    return _put_there(house.band)


async def _anew(house: House) -> None:
    """Lose the link, and wait until all is told that has to be."""
    await house.lose_band()
    await house.bring_band_back()
    await _until_sure(house)


async def _until_sure(house: House) -> None:
    await house.until_connected()
    coordinator = house.entry.runtime_data
    await until(lambda: not coordinator.data.slots.doubtful)
    await until(
        lambda: coordinator.data.settings.on_band.keys() >= coordinator.data.settings.chosen.keys()
    )


@pytest.mark.parametrize("forms", [ReadForms.BOTH, ReadForms.SHORT, ReadForms.NONE])
@pytest.mark.parametrize("forgets", [True, False], ids=["forgets", "keeps"])
async def test_everything_is_on_the_band_after_a_firmware(
    house: House, file: str, *, forgets: bool, forms: ReadForms
) -> None:
    house.band._configuration.alarms.forms = forms
    before = await _live_in(house)
    house.band.firmware.forgets_settings = forgets
    told = writes(house.band)
    await house.call("update_firmware", file=file)
    await _until_sure(house)
    assert _put_there(house.band) == before
    for key, value in EVERYTHING.items():
        assert has(house.band, key, value), key
    # Each setting and the wearer, once.
    assert writes(house.band) - told == len(EVERYTHING) + 1
    # The next link has nothing to tell.
    told = writes(house.band)
    await _anew(house)
    assert writes(house.band) == told


async def test_the_weather_is_on_the_band_after_a_firmware(
    house: House, hass: HomeAssistant, file: str
) -> None:
    sky = await add_sky(hass)
    sky.change("sunny", 21.4)
    await house.choose(weather_entity=sky.entity_id)
    await until(lambda: house.on_band("weather").get("location") == "Madrid")
    house.band.firmware.forgets_settings = True
    await house.call("update_firmware", file=file)
    await _until_sure(house)
    await until(lambda: house.on_band("weather").get("location") == "Madrid")
    assert house.on_band("weather", "current")["temperature"] == 21


async def test_what_was_never_chosen_is_left_to_the_band(house: House, file: str) -> None:
    told = writes(house.band)
    await house.call("update_firmware", file=file)
    await _until_sure(house)
    chosen = house.entry.runtime_data.data.settings.chosen
    assert len(chosen) == 5
    assert writes(house.band) - told == len(chosen) + 1


async def test_an_alarm_that_the_wearer_changed_meanwhile_stays_changed(
    house: House, file: str
) -> None:
    await house.call("set_alarm", alarm=1, time="07:30", days=["mon"])
    assert house.value("switch", "alarm_1") == "on"
    installing = house.hass.async_create_task(house.call("update_firmware", file=file))
    await house.band.wait_for(lambda: not house.band.powered)
    house.band._configuration.alarms.toggle(0)
    await installing
    await _until_sure(house)
    assert held(house.band)["alarms"][0]["enabled"] is False
    await house.until_state("switch", "alarm_1", "off")


async def test_a_firmware_that_another_app_brought_is_noticed(house: House) -> None:
    before = await _live_in(house)
    await house.lose_band()
    machinery = house.band.firmware._machinery
    machinery.identity = replace(machinery.identity, software=f"V{NEW}")
    machinery.forget()
    assert _put_there(house.band) != before
    await house.bring_band_back()
    await until(lambda: _put_there(house.band) == before)
    assert house.state("update", "firmware").attributes["installed_version"] == NEW
    assert house.device.sw_version == NEW


async def test_a_firmware_that_came_while_home_assistant_was_off_is_noticed(house: House) -> None:
    before = await _live_in(house)
    await house.unload()
    machinery = house.band.firmware._machinery
    machinery.identity = replace(machinery.identity, software=f"V{NEW}")
    machinery.forget()
    await house.set_up()
    await until(lambda: _put_there(house.band) == before)


async def test_the_same_firmware_once_more_is_one_too(house: House, folder: Path) -> None:
    before = await _live_in(house)
    house.band.firmware.forgets_settings = True
    name = await put(house, folder, "same", files.firmware(OLD, size=5000))
    await house.call("update_firmware", file=name, force=True)
    await _until_sure(house)
    assert _put_there(house.band) == before


async def test_a_band_that_is_visited_gets_its_firmware_too(house: House, file: str) -> None:
    await house.choose(connection_mode="periodic")
    house.band.firmware.forgets_settings = True
    chosen = house.entry.runtime_data.data.settings.chosen
    answer = await house.call("update_firmware", file=file)
    assert answer["after"] == NEW
    await until(lambda: house.entry.runtime_data.data.settings.on_band == chosen)
    assert house.state("update", "firmware").attributes["installed_version"] == NEW


# Services


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch, band: EmulatedBand) -> list[bool]:
    """Note when the services of the band are forgotten: whether there was a link."""
    noted: list[bool] = []

    async def clear_cache(_: BumbleBackend) -> bool:
        noted.append(band.connected)
        return True

    monkeypatch.setattr(BumbleBackend, "clear_cache", clear_cache)
    return noted


async def test_services_are_forgotten_once_after_a_firmware_while_the_link_stands(
    house: House, folder: Path, file: str, forgotten: list[bool]
) -> None:
    names = [
        file,
        await put(house, folder, "resources", files.packed_resources(81, size=3000)),
        await put(house, folder, "font", files.font(2, size=3000)),
    ]
    await house.call("update_firmware", file=names)
    assert forgotten == [True]


async def test_services_are_kept_after_a_watch_face(
    house: House, folder: Path, forgotten: list[bool]
) -> None:
    name = await put(house, folder, "face", files.watchface())
    await house.call("install_watchface", file=name)
    assert forgotten == []


async def test_services_that_have_moved_are_found_through_a_proxy_that_kept_them(
    esphome_hass: HomeAssistant, add_proxy: AddProxy, make_band: MakeBand, folder: Path
) -> None:
    await add_proxy()
    band = await make_band(key=KEY, battery=77)
    entry = entry_of(esphome_hass, band)
    house = House(esphome_hass, band, entry)
    await house.set_up()
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    await until(lambda: house.value("binary_sensor", "connected") == "on")
    await house.until_synced()
    band.firmware.moves_services = True
    name = await put(house, folder, "new", FIRMWARE)
    assert (await house.call("update_firmware", file=name))["after"] == NEW
    assert band.firmware.running is Running.NEW
    await _until_sure(house)
    await house.call("find_band", duration=1)
    await house.unload()
