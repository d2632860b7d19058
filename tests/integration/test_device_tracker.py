"""A band that is linked or heard is at home."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.const import (
    STATE_HOME,
    STATE_NOT_HOME,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.options import LINGERS
from custom_components.mi_band.presence import Presence
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand

from .bands import MakeBand
from .flow import DOMAIN, KEY, async_until_heard
from .house import House, entry_of, until

PATIENCE = timedelta(milliseconds=600)
LINGER = timedelta(milliseconds=100)
TRACKER = "device_tracker", "presence"


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the times that suit a real band."""
    package = "custom_components.mi_band"
    monkeypatch.setattr(f"{package}.presence.PATIENCE", PATIENCE)
    monkeypatch.setattr(f"{package}.keeper.FIRST_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(f"{package}.coordinator.LINGERS", {**LINGERS, "periodic": LINGER})


def enable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Enable the tracker before Home Assistant makes it for the first time."""
    registry = er.async_get(hass)
    unique_id = f"{entry.data['identity']}_presence"
    made = registry.async_get_or_create(
        "device_tracker",
        DOMAIN,
        unique_id,
        config_entry=entry,
        object_id_base="Mi Smart Band 4 Ada Presence",
    )
    assert made.disabled_by is None


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Provide the config entry of a band whose tracker somebody enabled."""
    enable(hass, entry)
    return entry


def _shown(house: House) -> list[str]:
    """Give the list of what the tracker shows from now on, which grows."""
    shown = [house.value(*TRACKER)]
    entity_id = house.entity_id(*TRACKER)

    @callback
    def note(event: Any) -> None:
        if event.data["entity_id"] == entity_id:
            shown.append(event.data["new_state"].state)

    house.hass.bus.async_listen("state_changed", note)
    return shown


async def _pass(span: timedelta) -> None:
    """Let real time pass, for it is the loop's clock that tells how long a band was silent."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(span.total_seconds(), done.set)
    await done.wait()


async def test_a_band_that_is_linked_is_at_home(house: House) -> None:
    assert house.value(*TRACKER) == STATE_HOME
    attributes = house.state(*TRACKER).attributes
    assert attributes["source_type"] == "bluetooth_le"
    assert attributes["in_zones"] == ["zone.home"]
    entity = er.async_get(house.hass).async_get(house.entity_id(*TRACKER))
    assert entity is not None
    assert entity.entity_category is EntityCategory.DIAGNOSTIC
    # It is silent then, for as long as the link lasts.
    await _pass(PATIENCE * 3)
    assert house.value(*TRACKER) == STATE_HOME


async def test_a_band_that_leaves_is_away_a_while_later_and_at_home_when_it_is_back(
    house: House,
) -> None:
    # Also one that was linked for longer, and said nothing meanwhile.
    await _pass(PATIENCE)
    shown = _shown(house)
    left = house.hass.loop.time()
    await house.lose_band()
    assert house.value(*TRACKER) == STATE_HOME
    await house.until_state(*TRACKER, STATE_NOT_HOME)
    assert house.hass.loop.time() - left >= PATIENCE.total_seconds()
    house.band.faults.out_of_range(value=False)
    await house.until_state(*TRACKER, STATE_HOME)
    assert shown == [STATE_HOME, STATE_NOT_HOME, STATE_HOME]


async def test_who_is_away_is_waited_for_and_not_looked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    look = Presence._look

    def count(presence: Presence) -> None:
        looks.append(house.hass.loop.time())
        look(presence)

    monkeypatch.setattr(Presence, "_look", count)
    await house.lose_band()
    await house.until_state(*TRACKER, STATE_NOT_HOME)
    await _pass(PATIENCE * 3)
    assert 2 <= len(looks) <= 6


async def test_a_band_that_comes_home_after_its_entry_was_unloaded_is_nobodys(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.lose_band()
    await house.until_state(*TRACKER, STATE_NOT_HOME)
    await house.unload()
    noted: list[object] = []

    def note(presence: Presence) -> None:
        noted.append(presence)

    monkeypatch.setattr(Presence, "_note_sign", note)
    house.band.faults.out_of_range(value=False)
    await async_until_heard(house.hass, house.band)
    await _pass(PATIENCE)
    assert house.value(*TRACKER) == STATE_UNAVAILABLE
    assert noted == []


async def test_a_link_that_was_lost_for_a_moment_is_no_way_out(house: House) -> None:
    shown = _shown(house)
    await house.lose_band()
    await house.bring_band_back()
    await _pass(PATIENCE * 2)
    assert set(shown) == {STATE_HOME}


class TestFromTimeToTime:
    """The link is made to read the band, and closed again."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"connection_mode": "periodic"}

    async def test_a_band_that_is_only_heard_is_at_home(self, house: House) -> None:
        await house.until_state("binary_sensor", "connected", "off")
        shown = _shown(house)
        written = house.state(*TRACKER).last_reported
        await _pass(PATIENCE * 3)
        # Some fifty advertisements later.
        assert house.state(*TRACKER).last_reported == written
        assert house.value("binary_sensor", "connected") == "off"
        assert set(shown) == {STATE_HOME}

    async def test_a_band_that_is_not_heard_any_more_is_away(self, house: House) -> None:
        await house.until_state("binary_sensor", "connected", "off")
        house.band.faults.out_of_range(value=True)
        await house.until_state(*TRACKER, STATE_NOT_HOME)
        house.band.faults.out_of_range(value=False)
        # Heard is enough: nothing asks for a link now.
        await house.until_state(*TRACKER, STATE_HOME)
        assert house.value("binary_sensor", "connected") == "off"


async def test_nothing_is_known_of_a_band_that_was_not_heard_since_the_start(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> None:
    await async_until_heard(hass, band)
    band.faults.out_of_range(value=True)
    # It was heard before Home Assistant began to look after it.
    await until(lambda: _silence(hass, band) >= PATIENCE.total_seconds())
    house = House(hass, band, entry)
    await house.set_up()
    assert house.value(*TRACKER) == STATE_UNKNOWN
    await house.until_state(*TRACKER, STATE_NOT_HOME)
    await house.unload()


def _silence(hass: HomeAssistant, band: EmulatedBand) -> float:
    """Return for how many seconds nobody heard a band."""
    heard = bluetooth.async_last_service_info(hass, band.address, connectable=False)
    assert heard is not None
    return hass.loop.time() - heard.time


async def _was_heard(hass: HomeAssistant, band: EmulatedBand) -> BluetoothServiceInfoBleak:
    """Have a band leave long ago; return what was heard of it."""
    await async_until_heard(hass, band)
    heard = bluetooth.async_last_service_info(hass, band.address, connectable=True)
    assert heard is not None
    band.faults.out_of_range(value=True)
    bluetooth.async_clear_advertisement_history(hass, band.address)
    await _pass(PATIENCE)
    return heard


async def test_a_scanner_that_only_listens_tells_who_is_at_home(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> None:
    heard = await _was_heard(hass, band)
    _tell_again(hass, heard, heard.rssi)
    house = House(hass, band, entry)
    await house.set_up()
    assert house.value(*TRACKER) == STATE_HOME
    await house.unload()


async def test_a_band_that_the_system_only_remembers_is_not_at_home(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> None:
    heard = await _was_heard(hass, band)
    _tell_again(hass, heard, -127)
    house = House(hass, band, entry)
    await house.set_up()
    shown = _shown(house)
    _tell_again(hass, heard, -127)
    await until(lambda: shown[-1] == STATE_NOT_HOME)
    assert shown == [STATE_UNKNOWN, STATE_NOT_HOME]
    await house.unload()


def _tell_again(hass: HomeAssistant, heard: BluetoothServiceInfoBleak, rssi: int) -> None:
    """Tell Home Assistant of a band now, by something that cannot connect."""
    again = BluetoothServiceInfoBleak(
        name=heard.name,
        address=heard.address,
        rssi=rssi,
        manufacturer_data=heard.manufacturer_data,
        service_data=heard.service_data,
        service_uuids=heard.service_uuids,
        source=heard.source,
        device=heard.device,
        advertisement=heard.advertisement,
        connectable=False,
        time=hass.loop.time(),
        tx_power=heard.tx_power,
    )
    bluetooth.async_get_advertisement_callback(hass)(again)


async def test_who_changes_an_option_neither_leaves_nor_comes_home(house: House) -> None:
    await house.choose(connection_mode="periodic")
    await house.until_state("binary_sensor", "connected", "off")
    await until(lambda: house.value(*TRACKER) == STATE_HOME)
    shown = _shown(house)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.hass.async_block_till_done()
    assert set(shown) == {STATE_HOME, STATE_UNAVAILABLE}


async def test_of_two_bands_each_is_where_it_is(
    hass: HomeAssistant, house: House, make_band: MakeBand
) -> None:
    other = await make_band(key=KEY, address="C8:0F:10:80:50:77")
    entry = entry_of(hass, other, wearer="Bob", identity="f" * 32)
    enable(hass, entry)
    second = House(hass, other, entry)
    await second.set_up()
    await second.until_connected()
    await second.lose_band()
    await second.until_state(*TRACKER, STATE_NOT_HOME)
    assert house.value(*TRACKER) == STATE_HOME
    await house.lose_band()
    await second.bring_band_back()
    await house.until_state(*TRACKER, STATE_NOT_HOME)
    assert second.value(*TRACKER) == STATE_HOME
    await second.unload()


class TestDisabled:
    """Nobody asked for it."""

    @pytest.fixture
    def entry(self, hass: HomeAssistant, band: EmulatedBand) -> MockConfigEntry:
        return entry_of(hass, band)

    async def test_the_tracker_waits_to_be_enabled(self, house: House) -> None:
        entity_id = house.entity_id(*TRACKER)
        entity = er.async_get(house.hass).async_get(entity_id)
        assert entity is not None
        assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert house.hass.states.get(entity_id) is None
