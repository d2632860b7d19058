"""The band's clock in every zone, and over both ends of daylight saving."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.mi_band.band.clock import read_clock, set_clock
from custom_components.mi_band.band.errors import CommandRefused
from tests.emulator.gatt.body import AttError
from tests.vectors import Vector, clock as vectors

from .lab import Lab, state, traffic

_BERLIN = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 7, 15, 12, tzinfo=_BERLIN)


async def test_a_band_that_was_never_set_does_not_know_its_zone(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        assert await read_clock(link) is None


@pytest.mark.parametrize("vector", vectors.CLOCKS, ids=str)
async def test_the_band_shows_the_time_of_the_wearers_zone(
    lab: Lab, vector: Vector[datetime]
) -> None:
    moment = vector.value
    band = await lab.band(now=lambda: moment.astimezone(UTC))
    async with lab.open(band) as link:
        assert await set_clock(link, moment)
        shown = await read_clock(link)
        assert not await set_clock(link, moment)
    assert state(band, "time")["wall"] == moment.replace(tzinfo=None).isoformat()
    assert traffic(band, "2A2B").last == [vector.packet.hex(" ")]
    assert shown == moment.astimezone(UTC)
    assert shown is not None
    assert shown.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    ("change", "hours_after"),
    [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), 2),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 1),
    ],
    ids=["spring", "autumn"],
)
async def test_the_clock_is_put_right_when_daylight_saving_changes(
    lab: Lab, change: datetime, hours_after: int
) -> None:
    time = [change - timedelta(seconds=1)]
    band = await lab.band(now=lambda: time[0])
    async with lab.open(band) as link:
        assert await set_clock(link, time[0].astimezone(_BERLIN))
        time[0] = change
        # The band knows no rules: it goes on in the old zone until it is told.
        shown = await read_clock(link)
        assert shown is not None
        assert shown.utcoffset() != timedelta(hours=hours_after)
        assert await set_clock(link, change.astimezone(_BERLIN))
        shown = await read_clock(link)
        assert not await set_clock(link, change.astimezone(_BERLIN))
    assert shown == change
    assert shown is not None
    assert shown.utcoffset() == timedelta(hours=hours_after)


async def test_a_clock_that_is_right_is_not_written(lab: Lab) -> None:
    time = [_NOW]
    band = await lab.band(now=lambda: time[0])
    async with lab.open(band) as link:
        await set_clock(link, _NOW)
        assert not await set_clock(link, _NOW + timedelta(seconds=4))
        assert await set_clock(link, _NOW + timedelta(seconds=6))
    assert state(band, "time")["writes"] == 2


async def test_travelling_sets_the_clock(lab: Lab) -> None:
    band = await lab.band(now=lambda: _NOW)
    async with lab.open(band) as link:
        await set_clock(link, _NOW)
        assert await set_clock(link, _NOW.astimezone(ZoneInfo("America/St_Johns")))
    assert state(band, "time")["zone"] == -10


@pytest.mark.usefixtures("violations_expected")
async def test_writing_the_clock_wants_the_key(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await set_clock(link, _NOW)
    assert caught.value.status == AttError.INSUFFICIENT_AUTHENTICATION
    assert [violation["characteristic"] for violation in band.violations] == ["2A2B"]
