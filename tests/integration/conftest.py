"""What the tests in Home Assistant share."""

from collections.abc import AsyncGenerator, Generator
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.lab import add_scanner, bluetooth_scanner, hass_config_dir, loopback, radio

from .bands import MakeBand, make_band
from .flow import KEY
from .house import House, entry_of
from .texts import TextWatch, watch_texts

__all__ = ["add_scanner", "bluetooth_scanner", "hass_config_dir", "loopback", "make_band", "radio"]


@pytest.fixture(autouse=True)
def find_our_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components."""


@pytest.fixture(autouse=True)
def texts(monkeypatch: pytest.MonkeyPatch) -> Generator[TextWatch]:
    """Fail a test in which something was said to a person without a text."""
    watch = watch_texts(monkeypatch)
    yield watch
    assert not watch.missing


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band that is bound with the key of the tests."""
    return await make_band(key=KEY)


@pytest.fixture
def options() -> dict[str, Any]:
    """Provide the options of the band; a test may have others."""
    return {}


@pytest.fixture
def entry(hass: HomeAssistant, band: EmulatedBand, options: dict[str, Any]) -> MockConfigEntry:
    """Provide the config entry of the band, as the flow makes it, not set up yet."""
    return entry_of(hass, band, options=options)


@pytest.fixture
async def house(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> AsyncGenerator[House]:
    """Provide a house in which the band is set up and heard."""
    house = House(hass, band, entry)
    await house.set_up()
    await house.until_connected()
    await house.until_synced()
    yield house
    await house.unload()


@pytest.fixture
def wall_clock_of_the_loop(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is measured by the wall clock, too, not mind a slow machine. See `PatientLoop`."""
    begun, now = hass.loop.time(), dt_util.utcnow()

    def utcnow() -> datetime:
        return now + timedelta(seconds=hass.loop.time() - begun)

    monkeypatch.setattr(dt_util, "utcnow", utcnow)


@pytest.fixture(autouse=True)
def no_time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads the pages here."""
    monkeypatch.setattr("custom_components.mi_band.pairing.SHORTEST_TEXT", timedelta())


@pytest.fixture(autouse=True)
def no_pause_between_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulated band closes a round at once."""
    monkeypatch.setattr("custom_components.mi_band.sync.PAUSE_BETWEEN_ROUNDS", timedelta())


@pytest.fixture(autouse=True)
def no_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show every reading at once, for a second of the emulated bands is short."""
    monkeypatch.setattr("custom_components.mi_band.pace.CALM", timedelta())


@pytest.fixture(autouse=True)
def no_keep_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let measuring go on without a word: the seconds of the band are short, and ours are not.

    It would give up after less than half of one, and be told to go on in tests that take long.
    """
    monkeypatch.setattr("tests.emulator.gatt.heart_rate._PATIENCE", 1_000_000)
    interval = "custom_components.mi_band.band.heart_rate.KEEP_ALIVE_INTERVAL"
    monkeypatch.setattr(interval, timedelta(hours=1))
