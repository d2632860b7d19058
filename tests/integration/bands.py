"""The emulated bands of a test: powered on for it, and free of violations after it."""

from collections.abc import AsyncGenerator, Awaitable
from typing import Any, Protocol, Unpack

import pytest

from tests.emulator.band import EmulatedBand, Options
from tests.emulator.radio import Radio

TICK_S = 0.02
"""How long the bands' second is, so that nobody waits for one."""


class MakeBand(Protocol):
    """Makes a band with options and powers it on."""

    def __call__(self, **options: Unpack[Options]) -> Awaitable[EmulatedBand]:
        """Return the band, on the air."""


def held(band: EmulatedBand) -> Any:
    """Return all that a band holds and has received; Any, for that is JSON."""
    return band.snapshot()


@pytest.fixture
async def make_band(radio: Radio) -> AsyncGenerator[MakeBand]:
    """Provide bands; the test fails when one of them had to refuse what no document allows."""
    bands: list[EmulatedBand] = []

    async def make(**options: Unpack[Options]) -> EmulatedBand:
        # A past of its own takes a band time to tell, so it has one where a test is about that.
        usual = Options(tick_s=TICK_S, days=0, goes_on="now" in options)
        band = EmulatedBand(radio, **(usual | options))
        bands.append(band)
        await band.power_on()
        return band

    yield make
    for band in bands:
        await band.power_off()
    assert not [violation for band in bands for violation in band.violations]
