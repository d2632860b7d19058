"""Messages, calls and feeds for a band that is connected to from time to time."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.feeds import weather as feed
from custom_components.mi_band.options import LINGERS

from .house import House, until
from .sources import Sky, add_sky

LINGER = timedelta(milliseconds=300)


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the times that suit a real band."""
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta(milliseconds=20))
    lingers = {**LINGERS, "periodic": LINGER}
    monkeypatch.setattr("custom_components.mi_band.coordinator.LINGERS", lingers)
    monkeypatch.setattr(feed, "CALM", timedelta(milliseconds=1))


@pytest.fixture
def options() -> dict[str, Any]:
    """Provide the options of the band; a test may have others."""
    return {"connection_mode": "periodic"}


@pytest.fixture
async def sky(hass: HomeAssistant) -> Sky:
    return await add_sky(hass)


@pytest.fixture
def entry(
    hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any], sky: Sky
) -> MockConfigEntry:
    hass.config_entries.async_update_entry(entry, options=options)
    return entry


async def _until_let_go(house: House) -> None:
    await house.until_state("binary_sensor", "connected", "off")
    await house.band.wait_for(lambda: not house.band.connected)


@pytest.fixture
async def visited(house: House) -> House:
    """Provide a house whose band was visited once, and let go."""
    await _until_let_go(house)
    return house


async def test_a_call_makes_a_link_and_holds_it_as_long_as_it_rings(visited: House) -> None:
    ringing = asyncio.create_task(visited.call("ask", question="Tea?", duration=60))
    await until(lambda: visited.on_band("calling") == "Tea?")
    await asyncio.sleep(2 * LINGER.total_seconds())
    assert visited.on_band("calling") == "Tea?"
    visited.band.wearer.answer_call("ignore")
    assert await ringing == {"answer": "yes"}
    await _until_let_go(visited)
    assert visited.on_band("connections") == 2


async def test_a_message_that_is_repeated_needs_one_link(
    visited: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.mi_band.alert_queue.REPEAT_PAUSE", LINGER / 3)
    assert await visited.call("notify", message="Tea", repeat=5) == {"outcome": "shown"}
    assert visited.on_band("connections") == 2


@pytest.mark.parametrize("options", [{"connection_mode": "periodic", "notify_when_away": 10}])
async def test_a_message_that_waits_is_brought_as_soon_as_the_band_is_heard(
    visited: House,
) -> None:
    # Carried away in the middle of something, so that its absence is noticed.
    await visited.call("find_band", duration=60)
    await visited.lose_band()
    assert await visited.call("notify", message="Later") == {"outcome": "waiting"}
    visited.band.faults.out_of_range(value=False)
    await until(lambda: [alert["body"] for alert in visited.on_band("alerts")] == ["Later"])


@pytest.mark.parametrize(
    "options", [{"connection_mode": "periodic", "weather_entity": "weather.home"}]
)
async def test_no_link_is_made_for_the_weather_and_the_next_one_brings_it(
    visited: House, sky: Sky
) -> None:
    assert visited.on_band("weather", "current")["temperature"] == 21
    sky.change("fog", 3)
    await visited.hass.async_block_till_done()
    assert visited.on_band("connections") == 1
    await visited.call("sync")
    await until(lambda: visited.on_band("weather", "current")["temperature"] == 3)
    assert visited.on_band("connections") == 2


async def test_an_alarm_is_set_on_a_link_of_its_own(visited: House) -> None:
    await visited.call("set_alarm", alarm=1, time="07:30")
    assert visited.on_band("alarms")[0]["hour"] == 7
    assert visited.value("time", "alarm_1") == "07:30:00"
    await _until_let_go(visited)
    assert visited.on_band("connections") == 2
