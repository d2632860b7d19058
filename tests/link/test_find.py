"""Finding the band."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.mi_band.band import find
from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.band.find import keep_vibrating, stop_vibrating, vibrate_once

from .lab import TICK_S, Lab, state


@pytest.fixture(autouse=True)
def _short_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "PATTERN_LENGTH", timedelta(seconds=TICK_S))


async def test_one_write_makes_the_band_vibrate(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await vibrate_once(link)
        await band.wait_for(lambda: band.vibrations == 1)
        assert state(band, "screen")["kind"] == "find"


async def test_the_band_is_still_after_the_time(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await vibrate_once(link)
        await keep_vibrating(link, timedelta(seconds=3 * TICK_S))
        await band.wait_for(lambda: state(band, "find")["levels"][-1:] == [0])  # type: ignore[index]
        assert state(band, "find")["ringing"] is False
    assert band.vibrations >= 2


async def test_a_run_can_be_stopped_at_once(lab: Lab) -> None:
    band = await lab.band(tick_s=60)
    async with lab.open(band) as link:
        await vibrate_once(link)
        await band.wait_for(lambda: state(band, "find")["ringing"] is True)
        await stop_vibrating(link)
        await band.wait_for(lambda: state(band, "find")["ringing"] is False)


async def test_cancelling_stills_the_band(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await vibrate_once(link)
        vibrating = asyncio.create_task(keep_vibrating(link, timedelta(minutes=1)))
        await band.wait_for(lambda: band.vibrations >= 3)
        vibrating.cancel()
        await asyncio.wait([vibrating])
        assert vibrating.cancelled()
        await band.wait_for(lambda: state(band, "find")["ringing"] is False)


async def test_a_lost_link_ends_it(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        vibrating = asyncio.create_task(keep_vibrating(link, timedelta(minutes=1)))
        await band.wait_for(lambda: band.vibrations >= 1)
        lab.faults(band).out_of_range = True
        with pytest.raises(LinkLost):
            await vibrating
