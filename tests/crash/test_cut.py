"""The link is cut on the way: after any packet, at any operation, between any two steps."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.history import History
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Manner, Trouble
from tests.history.projected import Band as Projected, Told
from tests.link.lab import Lab, state

from .direct import DirectBand
from .house import DAYS, PACKETS, PLACES, House
from .life import NOW, options, recorded, stored

SOME_PLACES: Final = sorted({*PLACES[::100], *((day, PACKETS) for day in range(DAYS))})
WHEN: Final = ("before the statistics", "after the statistics")
OPERATIONS: Final = 21
"""Three to get in, two subscriptions, three for each of two rounds of minutes and each of the two
parts of a workout, two for each of the two ends."""


@pytest.fixture
def history(tmp_path: Path) -> Generator[History]:
    history = History.open(tmp_path / "mi_band.db")
    yield history
    history.close()


@pytest.fixture
def house(hass: HomeAssistant, history: History) -> House:
    return House(hass, history)


async def test_a_link_that_is_cut_after_every_packet_loses_nothing(house: House) -> None:
    """One cut after the other: each try gets one packet further than the one before."""
    band = DirectBand(DAYS, Manner(delete=True))
    cuts = 0
    for day, packets in PLACES:
        if packets == 0 and day:
            band.expect(Trouble())
        band.expect(Trouble(cut_after=packets))
        before = house.known_of("ada")
        with pytest.raises(LinkLost):
            await house.bring_home("ada", band.open)
        cuts += 1
        count, *told = house.known_of("ada")
        assert count == day * 1440
        # A round that came whole in the same try was stored; of the one that was cut nothing.
        if packets:
            assert (count, *told) == before
    assert (await house.bring_home("ada", band.open)).minutes == 1440
    assert stored(house.history, "ada") == recorded(band.truth)
    assert cuts == 1083
    assert not band.body.violations


async def test_a_cut_and_what_was_left_by_it_end_in_the_same_statistics(
    house: House, lab: Lab, hass: HomeAssistant, recorder_mock: Recorder
) -> None:
    """Over the radio, with the recorder; each try is that of another house."""
    alike = options(DAYS)
    alike["records"] = Manner()
    band = await lab.band(**alike)
    truth = recorded(band.truth)
    quiet = Projected(hass, house.archive, "quiet")
    await house.bring_home("quiet", lambda: lab.open(band), quiet.project)
    expected = await quiet.told()
    assert {len(rows) for rows in expected.values()} != {0}
    assert len(expected) == 7
    for day, packets in SOME_PLACES:
        identity = f"{day:x}{packets:x}"
        ada = Projected(hass, house.archive, identity)
        for _ in range(day):
            band.faults.records(Trouble())
        band.faults.records(Trouble(cut_after=packets))
        with pytest.raises(LinkLost):
            await house.bring_home(identity, lambda: lab.open(band), ada.project)
        assert house.known_of(identity)[0] == day * 1440
        await house.bring_home(identity, lambda: lab.open(band), ada.project)
        assert stored(house.history, identity) == truth
        assert await ada.told() == expected
    assert len(SOME_PLACES) == 14


async def test_a_link_that_is_cut_at_any_operation_loses_nothing(
    house: House, lab: Lab, hass: HomeAssistant, recorder_mock: Recorder
) -> None:
    """What is written and read reaches the band, and then nothing comes back."""

    async def bring_home(cut_after: int) -> Told:
        alike["address"] = f"F3:4E:C4:00:00:{cut_after:02X}"
        band = await lab.band(**alike)
        identity = f"{cut_after:x}"
        ada = Projected(hass, house.archive, identity)
        if cut_after:
            band.faults.cut_after(cut_after)
            with pytest.raises(LinkLost):
                await house.bring_home(identity, lambda: lab.open(band), ada.project)
        await house.bring_home(identity, lambda: lab.open(band), ada.project)
        if not cut_after:
            assert state(band, "att")["since_connected"] == OPERATIONS
        assert_all_is_there(house.history, band, identity)
        await band.power_off()
        return await ada.told()

    alike = options(1)
    alike["records"] = Manner(block=720, packet=None, delete=True)
    quiet = await bring_home(0)
    cuts = 0
    for operation in range(1, OPERATIONS + 1):
        assert await bring_home(operation) == quiet
        cuts += 1
    assert cuts == 21


def assert_all_is_there(history: History, band: EmulatedBand, identity: str) -> None:
    """Check that a house knows all of a band's life, and that it was projected."""
    assert stored(history, identity) == recorded(band.truth)
    assert history.unprojected(identity) is None
    workouts = history.workouts(identity, datetime.fromtimestamp(0, UTC), NOW)
    assert [int(one.start.timestamp()) for one in workouts] == [
        one.start for one in band.truth.workouts()
    ]
    assert len(workouts) == 1
    assert history.workouts_without_track(identity) == []


@pytest.mark.parametrize("place", [(day, when) for day in range(DAYS) for when in WHEN])
async def test_what_is_not_acknowledged_any_more_is_not_counted_twice(
    house: House, hass: HomeAssistant, recorder_mock: Recorder, place: tuple[int, str]
) -> None:
    day, when = place
    band = DirectBand(DAYS, Manner(delete=True))
    ada = Projected(hass, house.archive, "ada")
    projections = 0

    async def project_and_cut() -> None:
        nonlocal projections
        # The first of all is before anything was fetched.
        cuts = projections == day + 1
        projections += 1
        if cuts and when == "before the statistics":
            band.cut()
        await ada.project()
        if cuts:
            band.cut()

    with pytest.raises(LinkLost):
        await house.bring_home("ada", band.open, project_and_cut)
    assert house.known_of("ada")[0] == (day + 1) * 1440
    assert sum(end - start for start, end in band.truth.held()) == (DAYS - day) * 1440
    await house.bring_home("ada", band.open, ada.project)
    assert stored(house.history, "ada") == recorded(band.truth)
    told = await ada.told()
    counted = sum(steps or 0 for (steps,) in told["steps"].values())
    assert counted == sum(one.steps for one in band.truth.minutes())
    await ada.rebuild()
    assert await ada.told() == told
