"""A band's clock that is wrong, and time that goes on: nothing is lost, doubled or misplaced."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.workouts import Sport as Stored
from custom_components.mi_band.const import CONF_PROFILE
from custom_components.mi_band.history import History
from custom_components.mi_band.history_file import HistoryFull
from custom_components.mi_band.hours import fold
from custom_components.mi_band.wearer import wearer
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Manner, Trouble
from tests.emulator.history import Past, Setting
from tests.emulator.life import Doing
from tests.emulator.sports import Sport

from .bands import MakeBand
from .flow import KEY, async_pair_with_key
from .house import IDENTITY, House, until
from .test_records import HOME, as_lived, assert_right, stored

DAYS = 1
HOURS_AGO = timedelta(hours=8)


class Time:
    """The time in the house and on the wrist: it stands until a test lets some pass."""

    def __init__(self) -> None:
        self._now = dt_util.utcnow().replace(second=30, microsecond=0)

    def __call__(self) -> datetime:
        """Tell it."""
        return self._now

    def local(self, zone: tzinfo | None = None) -> datetime:
        """Tell it in a zone, or in that of the house."""
        return self._now.astimezone(zone or dt_util.get_default_time_zone())

    def pass_by(self, minutes: int) -> None:
        """Let some pass."""
        self._now += timedelta(minutes=minutes)

    @property
    def minute(self) -> int:
        """The minute that is running."""
        return int(self._now.timestamp()) // 60


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Provide the time."""
    now = Time()
    monkeypatch.setattr(dt_util, "utcnow", now)
    monkeypatch.setattr(dt_util, "now", now.local)
    return now


@pytest.fixture
def manner() -> Manner:
    """Return how the band gives out its records."""
    return Manner()


@pytest.fixture
def past(now: Time, off: int) -> Past:
    """Return a past in which the clock went wrong by so many minutes, some hours ago."""
    return Past(
        days=DAYS,
        settings=(Setting(at=now() - HOURS_AGO, error=timedelta(minutes=off)),),
        off=((now() - HOURS_AGO - timedelta(hours=1), now() - HOURS_AGO),),
        # Of workouts that were not fetched nobody can tell under which clock they were noted.
        workouts=False,
    )


@pytest.fixture
async def band(make_band: MakeBand, now: Time, past: Past, manner: Manner) -> EmulatedBand:
    """Provide a band with a past."""
    return await make_band(key=KEY, past=past, zone=HOME, records=manner, now=now)


async def have_fetched(hass: HomeAssistant, band: EmulatedBand, until: datetime) -> None:
    """Have fetched what the band recorded before, when its clock was right."""
    end = int(until.timestamp()) // 60
    zone = round((until.astimezone(HOME).utcoffset() or timedelta()).total_seconds() / 900)
    before = [
        Minute(one.minute, zone, one.kind, one.intensity, one.steps, one.heart_rate)
        for one in band.truth.minutes()
        if one.minute < end
    ]
    archive = await async_get_archive(hass)
    await archive.async_run(History.commit_minutes, IDENTITY, before, fetched_until=end)


@pytest.fixture
async def fetched(hass: HomeAssistant, band: EmulatedBand, now: Time) -> None:
    """Have fetched what was before the clock went wrong."""
    await have_fetched(hass, band, now() - HOURS_AGO - timedelta(hours=1))


async def starts(hass: HomeAssistant) -> dict[str, datetime]:
    """Return when each stored workout began, by its sport."""
    archive = await async_get_archive(hass)
    ages = timedelta(days=2000)
    now = dt_util.utcnow()
    found = await archive.async_run(History.workouts, IDENTITY, now - ages, now + ages)
    assert len({workout.sport for workout in found}) == len(found)
    return {Stored(workout.sport).name: workout.start for workout in found}


def began(band: EmulatedBand) -> dict[str, datetime]:
    """Return when each workout of the wearer really began."""
    return {
        workout.sport.name: datetime.fromtimestamp(workout.start, UTC)
        for workout in band.truth.workouts()
    }


class TestALittleFast:
    """What a clock is ahead by less than five minutes moves nothing."""

    @pytest.fixture
    def off(self) -> int:
        """Return how far it is ahead, in minutes."""
        return 4

    async def test_the_minutes_after_it_was_set_are_not_left_out(
        self, hass: HomeAssistant, house: House, now: Time
    ) -> None:
        # It has stamped minutes that are not over yet; they come once more, and are others then.
        assert house.value("sensor", "unsynced_minutes") == "0"
        was_set = now.minute
        now.pass_by(30)
        house.band.wearer.live(0.5, Doing.WALKING)
        await house.call("sync")
        found = as_lived(await stored(hass))
        for one in house.band.truth.minutes(was_set, now.minute):
            lived = (one.kind, one.intensity, one.steps, one.heart_rate)
            assert found[one.minute] == lived
        assert max(found) == now.minute - 1


@pytest.mark.usefixtures("fetched")
class TestWorkouts:
    """Some were noted while the clock was wrong."""

    @pytest.fixture
    async def band(self, make_band: MakeBand, now: Time, past: Past, off: int) -> EmulatedBand:
        """Provide a band whose wearer has worked out under a wrong clock."""
        band = await make_band(
            key=KEY, past=past, zone=HOME, now=now, records=Manner(delete=bool(off % 2))
        )
        band.wearer.work_out(Sport.TREADMILL, 20)
        return band

    @pytest.mark.parametrize("off", [-365 * 1440, -421, 60, 365 * 1440 + 1])
    async def test_they_come_to_when_they_happened_and_hide_no_later_ones(
        self, hass: HomeAssistant, house: House, now: Time, off: int
    ) -> None:
        now.pass_by(50)
        house.band.wearer.work_out(Sport.EXERCISE, 20)
        answer = await house.call("sync")
        assert answer["workouts"] == 1
        wrong_from = now() - timedelta(minutes=50) - HOURS_AGO
        found, truth = await starts(hass), began(house.band)
        assert {sport: start for sport, start in found.items() if start >= wrong_from} == {
            sport: start for sport, start in truth.items() if start >= wrong_from
        }
        assert house.value("sensor", "last_workout") == "exercise"
        # What the band still holds under its wrong time is known.
        now.pass_by(90)
        assert (await house.call("sync"))["workouts"] == 0

    @pytest.mark.parametrize("off", [-421, 540])
    async def test_their_details_are_found_under_the_wrong_time(
        self, hass: HomeAssistant, house: House, off: int
    ) -> None:
        archive = await async_get_archive(hass)
        workout = await archive.async_run(History.last_workout, IDENTITY)
        assert workout is not None
        track = await archive.async_run(History.track, IDENTITY, workout)
        assert track is not None
        assert track.pulses
        assert all(workout.start <= pulse.time <= workout.end for pulse in track.pulses)


@pytest.mark.usefixtures("fetched")
class TestALinkForEachRound:
    """Records stay on the band, which gives out one round and then wants a new link."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Have nothing acknowledged."""
        return {"keep_data_on_band": True}

    @pytest.fixture
    def manner(self) -> Manner:
        """Return how the band gives out its records."""
        return Manner(strict=True, block=200)

    @pytest.fixture(autouse=True)
    def soon_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the next link at once."""
        pause = timedelta(milliseconds=20)
        monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", pause)

    @pytest.mark.parametrize("off", [-365 * 1440, -421, 0, 60, 365 * 1440])
    async def test_all_of_it_comes_home_and_the_clock_is_set(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await assert_right(hass, house.band)
        assert clock_error(house.band) < timedelta(seconds=5)
        assert house.on_band("connections") > 2


@pytest.mark.usefixtures("fetched")
class TestBrokenOff:
    """The records cannot be brought home yet, and the clock is wrong."""

    @pytest.fixture
    async def waiting(
        self,
        hass: HomeAssistant,
        bluetooth_scanner: AttachedScanner,
        band: EmulatedBand,
        entry: MockConfigEntry,
    ) -> AsyncGenerator[House]:
        """Provide a house that is not set up yet."""
        house = House(hass, band, entry)
        yield house
        await house.unload()

    @pytest.mark.parametrize("off", [-421, 540])
    async def test_a_full_disk_moves_nothing_to_a_wrong_time(
        self,
        hass: HomeAssistant,
        waiting: House,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def refuse(*_: object, **__: object) -> int:
            raise HistoryFull("no room")

        with monkeypatch.context() as patch:
            patch.setattr(History, "commit_minutes", refuse)
            await waiting.set_up()
            await waiting.until_connected()
            await until(lambda: "cannot be brought home yet" in caplog.text)
        await waiting.call("sync")
        await assert_right(hass, waiting.band)
        assert clock_error(waiting.band) < timedelta(seconds=5)

    @pytest.mark.parametrize("off", [540])
    async def test_records_that_get_lost_on_the_way_do_not_come_to_a_wrong_time(
        self, hass: HomeAssistant, waiting: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        # Twice in a row, which ends the sync.
        waiting.band.faults.records(Trouble(kind=1, missing=(0,)), 2)
        await waiting.set_up()
        await waiting.until_connected()
        await until(lambda: "cannot be brought home yet" in caplog.text)
        assert clock_error(waiting.band) > timedelta(hours=1)
        await waiting.call("sync")
        await assert_right(hass, waiting.band)
        assert clock_error(waiting.band) < timedelta(seconds=5)

    @pytest.mark.parametrize("off", [-421])
    async def test_a_band_that_never_gives_its_records_out_has_its_clock_set_in_the_end(
        self, waiting: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        waiting.band.faults.records(Trouble(start=4), 100)
        await waiting.set_up()
        await waiting.until_connected()
        await until(lambda: "cannot be brought home yet" in caplog.text)
        for _ in range(2):
            assert clock_error(waiting.band) > timedelta(hours=1)
            with pytest.raises(HomeAssistantError):
                await waiting.call("sync")
        assert clock_error(waiting.band) < timedelta(seconds=5)

    @pytest.mark.parametrize(
        ("off", "manner"),
        [
            (-421, Manner(block=100)),
            (240, Manner(block=100)),
            (240, Manner(block=100, delete=True)),
        ],
    )
    async def test_links_that_break_in_the_middle_leave_every_minute_where_it_belongs(
        self, hass: HomeAssistant, waiting: House
    ) -> None:
        house = waiting
        house.band.faults.records(Trouble(kind=1), 2)
        house.band.faults.records(Trouble(kind=1, cut_after=10))
        house.band.faults.records(Trouble(kind=1))
        house.band.faults.records(Trouble(kind=1, cut_after=3))
        await house.set_up()
        await house.until_connected()
        await house.until_synced()
        await assert_right(hass, house.band)

    @pytest.mark.parametrize("off", [-421, 540])
    async def test_a_restart_before_the_workouts_came_moves_none_to_a_wrong_time(
        self, hass: HomeAssistant, waiting: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        waiting.band.wearer.work_out(Sport.TREADMILL, 20)
        waiting.band.faults.records(Trouble(kind=5, start=4))
        await waiting.set_up()
        await until(lambda: "cannot be brought home yet" in caplog.text)
        await waiting.unload()
        await waiting.set_up()
        await waiting.until_synced()
        await assert_right(hass, waiting.band)
        assert (await starts(hass))["TREADMILL"] == began(waiting.band)["TREADMILL"]

    @pytest.mark.parametrize("restarted", [False, True])
    @pytest.mark.parametrize(("off", "manner"), [(-61, Manner(block=100, delete=True))])
    async def test_minutes_that_are_all_alike_are_not_taken_for_those_before_the_link_broke(
        self,
        hass: HomeAssistant,
        waiting: House,
        caplog: pytest.LogCaptureFixture,
        restarted: bool,  # noqa: FBT001  a case of the test
    ) -> None:
        house = waiting
        # It was charged all the time.
        house.band.wearer.live(HOURS_AGO / timedelta(hours=1), Doing.CHARGING)
        for _ in range(3):
            house.band.faults.records(Trouble(kind=1))
        house.band.faults.records(Trouble(kind=1, start=4))
        await house.set_up()
        await until(lambda: "cannot be brought home yet" in caplog.text)
        if restarted:
            await house.unload()
            await house.set_up()
            await house.until_synced()
        else:
            await house.call("sync")
        await assert_right(hass, house.band)


class TestFolded:
    """A band without power for longer than minutes are kept, which still holds all that it sent."""

    @pytest.fixture
    def went_off(self, now: Time) -> datetime:
        """Return when its battery was empty."""
        return now() - timedelta(days=9)

    @pytest.fixture
    def past(self, now: Time, went_off: datetime) -> Past:
        """Return a past in which its clock stood still until it was charged."""
        charged = now() - HOURS_AGO
        return Past(
            days=18,
            settings=(Setting(at=charged, error=went_off - charged),),
            off=((went_off, charged),),
            workouts=False,
        )

    @pytest.fixture
    async def entry(
        self, hass: HomeAssistant, entry: MockConfigEntry, band: EmulatedBand, went_off: datetime
    ) -> MockConfigEntry:
        """Have fetched what was before, of which only hours are left."""
        await have_fetched(hass, band, went_off)
        archive = await async_get_archive(hass)
        week_ago = int(went_off.timestamp()) // 60 - 7 * 1440
        profile = wearer(entry.data[CONF_PROFILE])
        assert await archive.async_run(fold, IDENTITY, week_ago, profile) > 1440
        return entry

    @pytest.mark.parametrize("manner", [Manner(), Manner(block=700)])
    @pytest.mark.parametrize("options", [{"retention": 7}])
    async def test_what_was_added_up_before_is_not_moved_to_when_it_had_no_power(
        self, hass: HomeAssistant, house: House, now: Time, went_off: datetime
    ) -> None:
        found = as_lived(await stored(hass))
        truth = {
            one.minute: (one.kind, one.intensity, one.steps, one.heart_rate)
            for one in house.band.truth.minutes()
            if one.minute >= min(found)
        }
        assert found == truth
        assert len(found) >= HOURS_AGO / timedelta(minutes=1)


def clock_error(band: EmulatedBand) -> timedelta:
    """Return what the clock of a band is off."""
    clock = band._body.clock
    return abs(clock.wall - clock.true)


class TestPairing:
    """The battery was empty before the band came into the house."""

    @pytest.fixture
    def past(self, now: Time, off: int) -> Past:
        """Return a past with a wrong clock."""
        longer_ago = now() - timedelta(days=DAYS + 2)
        wrong = Setting(at=longer_ago, error=timedelta(minutes=off), zone=-32)
        return Past(days=DAYS, settings=(wrong,))

    @pytest.mark.parametrize("off", [-420, 365 * 1440])
    async def test_the_minutes_of_a_band_that_is_added_come_to_when_they_happened(
        self, hass: HomeAssistant, bluetooth_scanner: AttachedScanner, band: EmulatedBand
    ) -> None:
        page = await async_pair_with_key(hass, band)
        entry = page["result"]
        coordinator = entry.runtime_data
        await until(lambda: coordinator.data.last_sync is not None, timeout_s=20)
        archive = await async_get_archive(hass)
        minutes = await archive.async_run(History.minutes, coordinator.identity, 0, 1 << 40)
        truth = band.truth.minutes()
        assert [one.minute for one in minutes] == [one.minute for one in truth]
        assert clock_error(band) < timedelta(seconds=5)
        assert await hass.config_entries.async_unload(entry.entry_id)
