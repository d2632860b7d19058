"""Bands that give their records out otherwise than the documents say: all else goes on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.band import fetch
from custom_components.mi_band.history import History
from custom_components.mi_band.records import MOST_NEW_LINKS
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Amount, Manner, Trouble
from tests.emulator.history import Past

from .bands import MakeBand
from .flow import KEY
from .house import IDENTITY, House, until

HOME = ZoneInfo("Etc/GMT+8")
"""Where the house of the tests is: all days have 24 hours there, whenever these run."""
DAYS = 2
ALWAYS = 1000
"""Rounds: more than any of this takes."""
MINUTES, SUMMARIES, DETAILS = 1, 5, 6


@pytest.fixture(autouse=True)
async def at_home(hass: HomeAssistant) -> None:
    """Be there."""
    await hass.config.async_set_time_zone(HOME.key)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither rest between links nor wait long for what does not come."""
    for name in ("REPLY_TIMEOUT", "SILENCE_TIMEOUT"):
        monkeypatch.setattr(fetch, name, timedelta(milliseconds=500))
    monkeypatch.setattr(fetch, "BUSY_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta())


@pytest.fixture
def manner() -> Manner:
    """Return how the band gives out its records."""
    return Manner()


@pytest.fixture
async def band(make_band: MakeBand, manner: Manner) -> EmulatedBand:
    """Provide a band with a past."""
    return await make_band(key=KEY, past=Past(days=DAYS), zone=HOME, records=manner)


@pytest.fixture
def unready(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> House:
    """Provide a house in which the band is not set up yet."""
    return House(hass, band, entry)


async def in_store[T](house: House, read: Callable[[History], T]) -> T:
    """Read something from the store."""
    archive = await async_get_archive(house.hass)
    return await archive.async_run(read)


async def minutes(house: House) -> int:
    """Return how many minutes are in the store."""
    return await in_store(house, lambda history: history.count_minutes(IDENTITY))


async def workouts(house: House) -> list[int]:
    """Return when the workouts in the store began, in Unix time."""
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    found = await in_store(house, lambda history: history.workouts(IDENTITY, first, last))
    return [int(workout.start.timestamp()) for workout in found]


def lived(house: House) -> list[int]:
    """Return when those really began."""
    return [workout.start for workout in house.band.truth.workouts()]


def asked(house: House, kind: int) -> int:
    """Return how often the band was asked for records of a kind."""
    return sum(one["type"] == kind for one in house.on_band("records", "fetches"))


@pytest.mark.parametrize("kind", [MINUTES, SUMMARIES, DETAILS])
@pytest.mark.parametrize("answers", [True, False], ids=["busy", "silent"])
async def test_a_band_that_is_so_on_each_new_link_keeps_the_one_it_has(
    unready: House, kind: int, caplog: pytest.LogCaptureFixture, *, answers: bool
) -> None:
    house = unready
    trouble = Trouble(kind=kind, start=2) if answers else Trouble(kind=kind, silent_start=True)
    house.band.faults.records(trouble, ALWAYS)
    await house.set_up()
    await until(lambda: "and so on new links" in caplog.text)
    # A link that brought the minutes home was worth another one.
    links = 1 + (kind != MINUTES) + MOST_NEW_LINKS
    assert house.on_band("connections") == links
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("sync")
    assert caught.value.translation_key == "fetch_refused"
    # It is as good as ever for everything else, and told once.
    await house.call("notify", title="Milk", message="is out")
    assert house.value("binary_sensor", "connected") == "on"
    assert house.on_band("connections") == links
    assert caplog.text.count("cannot be brought home yet") == 1
    house.band.faults.forgive_records()
    await house.call("sync")
    assert await workouts(house) == lived(house)
    await house.unload()


async def test_a_band_that_gives_no_minutes_out_gives_its_workouts(unready: House) -> None:
    house = unready
    house.band.faults.records(Trouble(kind=MINUTES, start=4), ALWAYS)
    await house.set_up()
    await house.until_connected()
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("sync")
    assert caught.value.translation_key == "fetch_refused"
    assert await minutes(house) == 0
    assert await workouts(house) == lived(house)
    await house.unload()


async def test_a_band_that_gives_no_details_out_is_asked_once_for_those_of_each_workout(
    unready: House,
) -> None:
    house = unready
    house.band.faults.records(Trouble(kind=DETAILS, start=4), ALWAYS)
    await house.set_up()
    await house.until_synced()
    assert await workouts(house) == lived(house)
    for _ in range(3):
        await house.call("sync")
    assert asked(house, DETAILS) == len(lived(house))
    await house.unload()


async def test_details_of_which_always_the_same_comes_are_not_asked_for_for_ever(
    unready: House,
) -> None:
    house = unready
    house.band.faults.records(Trouble(kind=DETAILS, silent_end=True), ALWAYS)
    await house.set_up()
    await house.until_synced()
    await house.call("sync")
    rounds = asked(house, DETAILS)
    await house.call("sync")
    assert asked(house, DETAILS) == rounds
    assert not await in_store(house, lambda history: history.workouts_without_track(IDENTITY))
    assert not any(one["type"] == DETAILS for one in house.on_band("records", "acknowledged"))
    await house.unload()


@pytest.mark.parametrize("manner", [Manner(strict=True, amount=Amount.BYTES, delete=True)])
async def test_a_band_that_counts_bytes_and_wants_rounds_closed_gives_everything(
    unready: House,
) -> None:
    house = unready
    await house.set_up()
    await house.until_synced()
    lived_minutes = house.band.truth.minutes()
    assert len(lived_minutes) - await minutes(house) <= 1
    assert await workouts(house) == lived(house)
    await house.unload()
