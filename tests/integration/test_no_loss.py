"""A house in which bringing records home fails: it is told, and in the end nothing is missing."""

from datetime import timedelta
import logging
from typing import Final
from zoneinfo import ZoneInfo

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.components.recorder.tasks import ImportStatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band import ledger
from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.history import History
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Manner, Trouble
from tests.emulator.history import Past

from .bands import MakeBand
from .flow import KEY
from .house import IDENTITY, House, until

HOME: Final = ZoneInfo("US/Pacific")
"""Where the house of the tests is."""
DAYS: Final = 3
ROUND: Final = 720
"""Minutes."""
CUTS: Final = ((0, 0), (0, 1), (0, 100), (1, 0), (0, 180), (1, 179), (0, 90), (2, 5))
"""Whole rounds that a try gets, and packets of the next one, until it is cut."""

pytestmark = pytest.mark.usefixtures("recorder_mock", "bluetooth_scanner")

type Steps = dict[int, int]


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Make the recorder ready before Home Assistant is."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once after a cut."""
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta())
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with a past, which drops what was acknowledged."""
    manner = Manner(delete=True, block=ROUND)
    past = Past(days=DAYS)
    # Stands still, but at the time of this test: a clock that is minutes off is a test of its own.
    now = dt_util.utcnow().replace(second=0, microsecond=0)
    return await make_band(key=KEY, past=past, now=lambda: now, zone=HOME, records=manner)


@pytest.fixture
def unready(hass: HomeAssistant, band: EmulatedBand, entry: MockConfigEntry) -> House:
    """Provide a house with a recorder in which the band is not set up yet."""
    return House(hass, band, entry)


async def assert_complete(house: House) -> None:
    """Check that every minute is stored once, and that its steps are in the statistics once."""
    archive = await async_get_archive(house.hass)
    stored = await archive.async_run(History.minutes, IDENTITY, 0, 1 << 40)
    truth = house.band.truth.minutes()
    assert [(one.minute, one.steps, one.heart_rate) for one in stored] == [
        (one.minute, one.steps, one.heart_rate) for one in truth
    ]
    assert len(truth) > DAYS * 1440
    steps: Steps = {}
    for one in truth:
        steps[one.minute // 60] = steps.get(one.minute // 60, 0) + one.steps
    assert await told_steps(house.hass) == {hour: count for hour, count in steps.items() if count}


async def told_steps(hass: HomeAssistant) -> Steps:
    """Return what the long-term statistics say of each hour."""
    which = f"mi_band:{IDENTITY}_steps"
    rows = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass, dt_util.utcnow() - timedelta(days=9), None, {which}, "hour", None, {"change"}
        )
    )
    return {round(row["start"]) // 3600: round(row["change"] or 0) for row in rows.get(which, [])}


def held(house: House) -> int:
    """Return how many minutes the band still has."""
    return sum(end - start for start, end in house.band.truth.held())


async def test_a_link_that_is_cut_again_and_again_ends_with_everything(unready: House) -> None:
    house = unready
    for rounds, packets in CUTS:
        house.band.faults.records(Trouble(kind=1), rounds)
        house.band.faults.records(Trouble(kind=1, cut_after=packets))
    await house.set_up()
    await house.until_synced()
    await assert_complete(house)
    assert house.on_band("connections") == len(CUTS) + 1
    await house.unload()


# A recorder that does not take anything


async def test_a_recorder_that_is_held_up_is_told_once_and_gets_everything_later(
    unready: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = unready
    recorder = get_instance(house.hass)
    # As a backup does.
    assert await recorder.lock_database()
    minutes = held(house)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "TIMEOUT", timedelta(milliseconds=200))
        await house.set_up()
        await until(lambda: "cannot be brought home yet" in caplog.text)
        for _ in range(2):
            with pytest.raises(HomeAssistantError) as caught:
                await house.call("sync")
            assert caught.value.translation_key == "statistics_unavailable"
    assert caplog.text.count("cannot be brought home yet") == 1
    assert held(house) == minutes
    assert not house.on_band("records", "acknowledged")
    assert house.value("sensor", "last_sync") == "unknown"
    # What the band tells by itself goes on, and it is not connected anew.
    assert house.value("binary_sensor", "connected") == "on"
    assert recorder.unlock_database()
    await house.call("sync")
    await assert_complete(house)
    # The round that got as far as the store is not asked for again; it does no harm there.
    assert held(house) == ROUND
    await house.unload()


async def test_a_recorder_that_breaks_on_the_way_ends_with_everything(
    unready: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its database loses what it is given, from the third round on."""
    house = unready
    minutes = held(house)
    imports = 0
    properly = ImportStatisticsTask.run

    def forgetful(task: ImportStatisticsTask, instance: Recorder) -> None:
        nonlocal imports
        imports += 1
        if imports < 15:
            properly(task, instance)

    with monkeypatch.context() as patch:
        patch.setattr(ImportStatisticsTask, "run", forgetful)
        await house.set_up()
        await house.until_connected()
        with pytest.raises(HomeAssistantError) as caught:
            await house.call("sync")
    assert caught.value.translation_key == "statistics_unavailable"
    assert imports >= 15
    # Two rounds are in the statistics, the third only in the store.
    assert minutes - held(house) == 2 * ROUND
    await house.call("sync")
    await assert_complete(house)
    assert held(house) == ROUND
    await house.unload()


# A store that does not take anything


async def test_a_store_that_is_full_is_told_and_filled_when_there_is_room(
    unready: House, caplog: pytest.LogCaptureFixture
) -> None:
    house = unready
    archive = await async_get_archive(house.hass)
    await archive.async_run(limit, 25)
    minutes = held(house)
    await house.set_up()
    await until(lambda: "cannot be brought home yet" in caplog.text)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("sync")
    assert caught.value.translation_key == "history_full"
    assert caplog.text.count("cannot be brought home yet") == 1
    # Something fitted. What did is in the statistics, and all else is still on the band.
    stored = await archive.async_run(History.count_minutes, IDENTITY)
    assert 0 < stored == minutes - held(house)
    assert sum((await told_steps(house.hass)).values()) == sum(
        one.steps for one in house.band.truth.minutes()[:stored]
    )
    await archive.async_run(limit, 10_000)
    await house.call("sync")
    await assert_complete(house)
    assert held(house) == 0
    await house.unload()


def limit(history: History, pages: int) -> None:
    """Let the store grow to so many pages of its file and no further."""
    history.file.connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
