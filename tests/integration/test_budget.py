"""What a connection costs the band, counted on its side."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from .bands import held
from .house import House, until

_QUESTION = "ff 01 00 00 00"
"""What its alarms are asks for without changing anything."""
MOST_OPERATIONS = 12
"""From the advertisement to the first published state, with the services cached."""


async def test_a_known_band_is_published_within_the_budget(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is right and nothing was changed, so nothing is written but what gets in."""
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta())
    await house.lose_band()
    before = held(house.band)
    operations_at_publishing: list[int] = []

    def published(_: object) -> None:
        if house.state("binary_sensor", "connected").state == "on":
            operations_at_publishing.append(
                held(house.band)["att"]["operations"] - before["att"]["operations"]
            )

    stop = house.entry.runtime_data.async_add_listener(lambda: published(None))
    await house.bring_band_back()
    stop()
    after = held(house.band)
    assert operations_at_publishing[0] <= MOST_OPERATIONS
    assert after["time"]["writes"] == before["time"]["writes"]
    assert _values_written(after) == _values_written(before)
    assert set(house.band._body.traffic["0003"].last) <= {_QUESTION}


def _values_written(on_band: Any) -> dict[str, int]:
    """Count the writes of values; to get in a key must be proven, to know more it must be asked."""
    return {
        name: traffic["writes"]
        for name, traffic in on_band["att"]["characteristics"].items()
        if name not in {"0003", "0004", "0009"}
    }


async def test_a_sync_without_news_costs_four_reads_and_two_empty_rounds(
    hass: HomeAssistant, house: House
) -> None:
    """The values are read; minutes and workouts are asked for, and the empty rounds are closed."""
    before = held(house.band)["att"]
    await house.entry.runtime_data.async_sync()
    after = held(house.band)["att"]
    fetching = after["characteristics"]["0004"], before["characteristics"]["0004"]
    assert fetching[0]["writes"] - fetching[1]["writes"] == 4
    assert after["operations"] - before["operations"] == 4 + 4


async def test_a_wrong_clock_is_set_on_connecting(hass: HomeAssistant, house: House) -> None:
    await house.lose_band()
    writes = held(house.band)["time"]["writes"]
    await hass.config.async_set_time_zone("Asia/Kathmandu")
    await house.bring_band_back()
    await until(lambda: held(house.band)["time"]["zone"] == 23)
    assert held(house.band)["time"]["writes"] == writes + 1
    await hass.config.async_set_time_zone("US/Pacific")
