"""The two ways to hold a band: always, or from time to time and for who needs it."""

import asyncio
from datetime import timedelta

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.options import LINGERS

from .bands import held
from .house import House

KEEPER = "custom_components.mi_band.keeper"
COORDINATOR = "custom_components.mi_band.coordinator"
LINGER = timedelta(milliseconds=200)


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the times that suit a real band."""
    monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(
        "custom_components.mi_band.coordinator.LINGERS", LINGERS | {"periodic": LINGER}
    )


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Provide the config entry of a band that is visited from time to time."""
    hass.config_entries.async_update_entry(entry, options={"connection_mode": "periodic"})
    return entry


@pytest.fixture
async def visited(house: House) -> House:
    """Provide a house whose band was visited once, and let go."""
    await until_let_go(house)
    return house


async def until_let_go(house: House) -> None:
    """Wait until nobody holds the band."""
    await house.until_state("binary_sensor", "connected", "off")
    await house.band.wait_for(lambda: not house.band.connected)


def connections(house: House) -> int:
    """Return how often the band was connected to."""
    count: int = held(house.band)["connections"]
    return count


async def test_the_link_ends_when_nobody_has_used_it_for_long(visited: House) -> None:
    assert connections(visited) == 1
    await asyncio.sleep(3 * LINGER.total_seconds())
    assert connections(visited) == 1


async def test_a_command_makes_a_link_for_itself(visited: House) -> None:
    await visited.act("notify", "wrist", "send_message", message="Soup", title="Ready")
    assert "Soup" in str(visited.on_band("screen"))
    await until_let_go(visited)
    assert connections(visited) == 2
