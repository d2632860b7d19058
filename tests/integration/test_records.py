"""What a band recorded, brought home: every minute once, and what follows from it."""

from collections.abc import Sequence
import csv
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.mi_band import coordinator
from custom_components.mi_band.archive import FILE_NAME, async_get_archive
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.workouts import Sport as Stored
from custom_components.mi_band.history import History
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Manner, Trouble
from tests.emulator.history import Past, Setting
from tests.emulator.life import Doing
from tests.emulator.sports import Sport
from tests.emulator.workouts import Workout as Noted

from .bands import MakeBand
from .flow import DOMAIN, KEY
from .house import IDENTITY, House, until

HOME = ZoneInfo("Etc/GMT+8")
"""Where the house of the tests is: all days have 24 hours there, whenever these run."""
DAYS = 2
BEGAN = int(dt_util.utcnow().timestamp()) // 60 * 60 - 3 * 3_600
"""In Unix time: with a full minute, some hours ago."""


@pytest.fixture(autouse=True)
async def at_home(hass: HomeAssistant) -> None:
    """Be there."""
    await hass.config.async_set_time_zone(HOME.key)


@pytest.fixture
def past() -> Past:
    """Return what lies behind the band."""
    return Past(days=DAYS)


@pytest.fixture
def manner() -> Manner:
    """Return how the band gives out its records."""
    return Manner()


@pytest.fixture
async def band(make_band: MakeBand, past: Past, manner: Manner) -> EmulatedBand:
    """Provide a band with a past."""
    return await make_band(key=KEY, past=past, zone=HOME, records=manner)


async def stored(hass: HomeAssistant) -> list[Minute]:
    """Return every minute in the store."""
    archive = await async_get_archive(hass)
    return await archive.async_run(History.minutes, IDENTITY, 0, 1 << 40)


def lived(band: EmulatedBand) -> dict[int, tuple[int, int, int, int]]:
    """Return what the band wrote down of each true minute that is over."""
    held = band.truth.held()
    return {
        one.minute: (one.kind, one.intensity, one.steps, one.heart_rate)
        for one in band.truth.minutes()
        if any(start <= one.minute < end for start, end in held)
    }


def as_lived(minutes: Sequence[Minute]) -> dict[int, tuple[int, int, int, int]]:
    """Return stored minutes in the same form, each of which may be there only once."""
    found = {one.minute: (one.kind, one.intensity, one.steps, one.heart_rate) for one in minutes}
    assert len(found) == len(minutes)
    return found


async def assert_complete(hass: HomeAssistant, band: EmulatedBand) -> None:
    """Check that all is stored that the band wrote down, but for a minute that just ended."""
    found, truth = as_lived(await stored(hass)), lived(band)
    running = max(truth)
    assert {minute: one for minute, one in found.items() if minute < running} == {
        minute: one for minute, one in truth.items() if minute < running
    }
    assert len(found) > DAYS * 1440


async def assert_right(hass: HomeAssistant, band: EmulatedBand) -> None:
    """Check that everything is stored that was written down ever, under its true minute."""
    found = as_lived(await stored(hass))
    truth = {
        one.minute: (one.kind, one.intensity, one.steps, one.heart_rate)
        for one in band.truth.minutes()
    }
    running = max(truth)
    found.pop(running, None)
    del truth[running]
    assert found == truth


async def test_every_minute_is_stored_once(hass: HomeAssistant, house: House) -> None:
    await assert_complete(hass, house.band)


@pytest.mark.parametrize("manner", [Manner(block=300)])
async def test_while_the_past_comes_home_only_how_far_it_is_is_shown(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> None:
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    house = House(hass, band, entry)
    await house.set_up()
    await house.until_synced()

    def shown(key: str) -> list[str]:
        entity_id = house.entity_id("sensor", key)
        states = [
            one.data["new_state"].state for one in changes if one.data["entity_id"] == entity_id
        ]
        return list(dict.fromkeys(state for state in states if state != STATE_UNKNOWN))

    ages = [int(age) for age in shown("unsynced_minutes")]
    assert len(ages) > DAYS
    assert ages == sorted(ages, reverse=True)
    assert {key: len(shown(key)) for key in ("activity", "last_workout", "woke_up_at")} == {
        "activity": 1,
        "last_workout": 1,
        "woke_up_at": 1,
    }
    await house.unload()


async def test_another_sync_brings_only_what_is_new(hass: HomeAssistant, house: House) -> None:
    answer = await house.call("sync")
    # At most the minute that ended meanwhile.
    assert answer["minutes"] <= 1
    assert answer["workouts"] == 0
    assert answer["duration"] > 0
    await assert_complete(hass, house.band)


async def test_what_is_stored_is_acknowledged(house: House) -> None:
    acknowledged = house.on_band("records", "acknowledged")
    assert sum(one["count"] for one in acknowledged if one["type"] == 1) > DAYS * 1440


@pytest.mark.parametrize("options", [{"keep_data_on_band": True}])
async def test_records_stay_on_the_band_if_another_app_wants_them_too(
    hass: HomeAssistant, house: House
) -> None:
    await assert_complete(hass, house.band)
    assert not house.on_band("records", "acknowledged")


WENT_OFF = dt_util.utcnow().replace(second=0, microsecond=0) - timedelta(hours=8)
CAME_BACK = WENT_OFF + timedelta(hours=1)


class TestFastClock:
    """A clock that runs a little fast: its minutes are not moved."""

    @pytest.fixture
    def past(self) -> Past:
        """Return a past in which the clock has been ahead for a while."""
        return Past(days=DAYS, settings=(Setting(at=WENT_OFF, error=timedelta(minutes=3)),))

    @pytest.fixture
    def manner(self) -> Manner:
        """Return how the band gives out its records: once."""
        return Manner(delete=True)

    async def test_its_last_minutes_are_kept(self, hass: HomeAssistant, house: House) -> None:
        held = house.band.truth.minutes()[-1].minute
        minutes = await stored(hass)
        assert minutes[-1].minute >= held + 2

    async def test_minutes_to_come_leave_none_to_fetch(self, house: House) -> None:
        await house.until_state("sensor", "unsynced_minutes", "0")


class TestWrongClock:
    """The battery was empty, and the clock began anew with a wrong time."""

    @pytest.fixture
    def past(self, off: int) -> Past:
        """Return a past in which the clock went wrong by so many minutes."""
        return Past(
            days=DAYS,
            settings=(Setting(at=CAME_BACK, error=timedelta(minutes=off)),),
            off=((WENT_OFF, CAME_BACK),),
        )

    @pytest.fixture
    async def entry(
        self, hass: HomeAssistant, entry: MockConfigEntry, band: EmulatedBand
    ) -> MockConfigEntry:
        """Have fetched until then what the band recorded before, when its clock was right."""
        went_off = int(WENT_OFF.timestamp()) // 60
        zone = round((WENT_OFF.astimezone(HOME).utcoffset() or timedelta()).total_seconds() / 900)
        before = [
            Minute(one.minute, zone, one.kind, one.intensity, one.steps, one.heart_rate)
            for one in band.truth.minutes()
            if one.minute < went_off
        ]
        archive = await async_get_archive(hass)
        await archive.async_run(History.commit_minutes, IDENTITY, before, fetched_until=went_off)
        return entry

    @pytest.mark.parametrize("off", [-60, -55, -7 * 60, -365 * 1440, 12, 9 * 60, 365 * 1440])
    async def test_minutes_come_to_when_they_happened(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await assert_right(hass, house.band)
        clock = house.band._body.clock
        assert abs(clock.wall - clock.true) < timedelta(seconds=5)


class TestRetention:
    """Somebody does not want every minute for ever."""

    @pytest.fixture
    def past(self) -> Past:
        """Return more than is to be kept."""
        return Past(days=9)

    @pytest.mark.parametrize("options", [{"retention": 7}])
    async def test_older_minutes_become_hours(self, hass: HomeAssistant, house: House) -> None:
        minutes = await stored(hass)
        truth = house.band.truth.minutes()
        week_ago = int((dt_util.utcnow() - timedelta(days=7)).timestamp()) // 60
        # Not in the middle of what needs earlier minutes, such as a night.
        assert week_ago - 48 * 60 < minutes[0].minute <= week_ago
        archive = await async_get_archive(hass)
        hours = await archive.async_run(History.hours, IDENTITY)
        assert sum(hour.steps for hour in hours) == sum(
            one.steps for one in truth if one.minute < minutes[0].minute
        )

    @pytest.mark.parametrize("options", [{}])
    async def test_without_the_option_every_minute_is_kept(
        self, hass: HomeAssistant, house: House
    ) -> None:
        assert len(await stored(hass)) > 9 * 1440


async def test_the_last_night_is_told(house: House) -> None:
    over = [slept for slept in house.band.truth.sleeps() if not slept.nap]
    night = [slept for slept in over if slept.end + 60 <= house.band.truth.span[1]][-1]
    asleep = night.minutes(Doing.LIGHT_SLEEP) + night.minutes(Doing.DEEP_SLEEP)
    hours = [
        float(house.value("sensor", key)) for key in ("sleep_duration", "deep_sleep", "light_sleep")
    ]
    minutes = [asleep, night.minutes(Doing.DEEP_SLEEP), night.minutes(Doing.LIGHT_SLEEP)]
    assert hours == pytest.approx([count / 60 for count in minutes])
    assert house.value("sensor", "fell_asleep_at") == moment(night.start)
    assert house.value("sensor", "woke_up_at") == moment(night.end)


def moment(minute: int) -> str:
    """Return a minute as states show it."""
    return datetime.fromtimestamp(minute * 60, UTC).isoformat()


async def test_a_band_that_gives_no_workouts_out_has_its_nights_told(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> None:
    house = House(hass, band, entry)
    band.faults.records(Trouble(kind=5, start=4), 100)
    await house.set_up()
    await until(lambda: house.value("sensor", "woke_up_at") != STATE_UNKNOWN)
    assert house.value("sensor", "activity") != STATE_UNKNOWN
    assert house.value("sensor", "last_sync") == STATE_UNKNOWN
    await house.unload()


class TestMorning:
    """The wearer sleeps when Home Assistant fetches for the first time."""

    @pytest.fixture
    async def band(self, make_band: MakeBand) -> EmulatedBand:
        """Provide a band whose wearer has slept until now."""
        band = await make_band(key=KEY, past=Past(days=DAYS), zone=HOME)
        band.wearer.live(12, Doing.DEEP_SLEEP)
        return band

    async def test_the_night_is_told_as_soon_as_the_band_says_that_it_is_over(
        self, house: House
    ) -> None:
        slept = house.band.truth.sleeps()[-1]
        assert house.value("sensor", "woke_up_at") != moment(slept.end)
        house.band.wearer.wake_up()
        await house.until_state("sensor", "woke_up_at", moment(slept.end))

    async def test_that_it_woke_up_is_written_once(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slept = house.band.truth.sleeps()[-1]
        written: list[int] = []
        write = History.note_woke_up

        def note(history: History, band: str, minute: int) -> None:
            written.append(minute)
            write(history, band, minute)

        monkeypatch.setattr(History, "note_woke_up", note)
        house.band.wearer.wake_up()
        await house.until_state("sensor", "woke_up_at", moment(slept.end))
        await house.call("sync")
        await house.call("sync")
        assert len(written) == 1

    async def test_a_restart_before_breakfast_leaves_the_night_as_it_was_told(
        self, house: House
    ) -> None:
        slept = house.band.truth.sleeps()[-1]
        house.band.wearer.wake_up()
        await house.until_state("sensor", "woke_up_at", moment(slept.end))
        await house.unload()
        await house.set_up()
        await house.until_connected()
        assert house.value("sensor", "woke_up_at") == moment(slept.end)


async def test_the_last_workout_is_told(house: House) -> None:
    workout = house.band.truth.workouts()[-1]
    state = house.state("sensor", "last_workout")
    assert state.state == workout.sport.name.lower()
    assert state.attributes["start"] == datetime.fromtimestamp(workout.start, UTC)
    assert state.attributes["steps"] == workout.steps


async def test_a_workout_that_ended_just_now_comes_with_the_next_sync(house: House) -> None:
    house.band.wearer.work_out(Sport.TREADMILL, 20)
    answer = await house.call("sync")
    assert answer["workouts"] == 1
    assert house.value("sensor", "last_workout") == "treadmill"


class TestOddWorkouts:
    """What a band says of its workouts need not be possible."""

    @pytest.fixture
    def workouts(self) -> tuple[Noted, ...]:
        """Return the workouts on the band."""
        return ()

    @pytest.fixture
    async def band(self, make_band: MakeBand, workouts: tuple[Noted, ...]) -> EmulatedBand:
        """Provide a band that has noted workouts, and forgets what is acknowledged."""
        band = await make_band(key=KEY, zone=HOME, records=Manner(delete=True))
        band.history.workouts.extend(workouts)
        return band

    async def sports(self, hass: HomeAssistant) -> list[str]:
        """Return what is stored, the sports by their start."""
        archive = await async_get_archive(hass)
        ages = timedelta(days=100)
        now = dt_util.utcnow()
        found = await archive.async_run(History.workouts, IDENTITY, now - ages, now + ages)
        return [Stored(workout.sport).name for workout in found]

    @pytest.mark.parametrize(
        "workouts",
        [
            pytest.param(
                (
                    Noted(sport=Sport.CYCLING, start=BEGAN, end=BEGAN + 6 * 86_400),
                    Noted(sport=Sport.WALKING, start=BEGAN + 3_600, end=BEGAN + 5_400),
                ),
                id="one claims to go on for days",
            ),
            pytest.param(
                (
                    Noted(sport=Sport.CYCLING, start=BEGAN + 5, end=BEGAN + 20),
                    Noted(sport=Sport.WALKING, start=BEGAN + 40, end=BEGAN + 900),
                ),
                id="two begin in one minute",
            ),
        ],
    )
    async def test_one_hides_no_other(self, hass: HomeAssistant, house: House) -> None:
        assert await self.sports(hass) == ["CYCLING", "WALKING"]
        assert (await house.call("sync"))["workouts"] == 0

    @pytest.mark.parametrize(
        "workouts",
        [(Noted(sport=Sport.CYCLING, start=BEGAN + 40 * 86_400, end=BEGAN + 41 * 86_400),)],
    )
    async def test_one_that_has_not_been_yet_is_left_on_the_band(
        self, hass: HomeAssistant, house: House
    ) -> None:
        house.band.wearer.work_out(Sport.TREADMILL, 20)
        assert (await house.call("sync"))["workouts"] == 1
        assert await self.sports(hass) == ["TREADMILL"]
        assert house.value("sensor", "last_workout") == "treadmill"
        assert house.band.history.held_workouts == 1


class TestStrictBand:
    """A band that wants every round closed before the next, or else a new link."""

    @pytest.fixture
    async def band(self, make_band: MakeBand) -> EmulatedBand:
        """Provide one with a workout of more days than its battery lasts, and another one."""
        band = await make_band(key=KEY, zone=HOME, records=Manner(strict=True))
        days = 86_400
        endless = Noted(sport=Sport.CYCLING, start=BEGAN - 20 * days, end=BEGAN - 11 * days)
        band.history.workouts += [endless, Noted(sport=Sport.WALKING, start=BEGAN, end=BEGAN + 900)]
        return band

    async def test_a_workout_that_cannot_be_read_keeps_no_other_record_back(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert house.value("sensor", "last_workout") == "walking"
        links = house.entry.runtime_data.keeper.record.connections
        house.band.wearer.work_out(Sport.TREADMILL, 1)
        assert (await house.call("sync"))["workouts"] == 1
        assert (await house.call("sync"))["workouts"] == 0
        assert house.entry.runtime_data.keeper.record.connections == links == 2
        told = [record.getMessage() for record in caplog.get_records("setup") + caplog.records]
        assert sum("Leaving out a workout" in message for message in told) == 1


async def test_a_workout_comes_home_when_the_band_says_that_it_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "WORKOUT_REST", timedelta(milliseconds=20))
    house.band.wearer.work_out(Sport.TREADMILL, 20)
    await house.until_state("sensor", "last_workout", "treadmill")


async def test_what_was_fetched_is_told_after_a_restart(house: House) -> None:
    keys = ("sleep_duration", "woke_up_at", "last_workout", "activity", "resting_heart_rate")
    before = [house.value("sensor", key) for key in keys]
    assert "unknown" not in before
    await house.unload()
    await house.band.power_off()
    await house.set_up()
    assert [house.value("sensor", key) for key in keys] == before


async def test_how_much_is_not_fetched_yet_is_told(house: House) -> None:
    # One may have ended since it was fetched.
    await until(lambda: house.value("sensor", "unsynced_minutes") in {"0", "1"})


async def test_alerts_do_not_wait_for_a_long_transfer(house: House) -> None:
    house.band.faults.records(Trouble(packet_s=0.05))
    house.band.wearer.live(20, Doing.SITTING)
    await house.entry.runtime_data.records.async_forget()
    syncing = house.hass.async_create_task(house.call("sync"))
    await until(lambda: house.on_band("records", "sending"))
    await house.call("notify", message="Soup", title="Kitchen")
    house.band.wearer.walk(5)
    await until(lambda: house.value("sensor", "steps") == str(house.band.steps))
    assert not syncing.done()
    await syncing


# Actions


async def test_minutes_can_be_asked_for_page_by_page(house: House) -> None:
    truth = lived(house.band)
    first = max(truth) - 600
    start, end = (datetime.fromtimestamp(one * 60, UTC) for one in (first, first + 500))
    rows: list[dict[str, Any]] = []
    following: str | None = start.isoformat()
    while following is not None:
        answer = await house.call("get_history", start=following, end=end.isoformat(), limit=300)
        rows += answer["minutes"]
        following = answer["next"]
        assert len(answer["minutes"]) <= 300
    numbers = [int(datetime.fromisoformat(row["start"]).timestamp()) // 60 for row in rows]
    assert numbers == list(range(first, first + 500))
    for number, row in zip(numbers, rows, strict=True):
        assert (row["raw_kind"], row["intensity"], row["steps"]) == truth[number][:3]
        pulse = truth[number][3]
        assert row["heart_rate_bpm"] == (pulse if 10 <= pulse <= 250 else None)


async def test_sleep_can_be_asked_for(house: House) -> None:
    answer = await house.call("get_history", records="sleep", start=days_ago(DAYS + 1))
    # Who sleeps while this runs may yet take a nap or a night.
    until_now = local(house.band.truth.span[1] - 60)
    nights = [row for row in answer["sleep"] if not row["nap"] and row["end"] <= until_now]
    assert len(nights) >= DAYS - 1
    slept = [one for one in house.band.truth.sleeps() if not one.nap]
    assert {row["end"] for row in nights} <= {local(one.end) for one in slept}


def local(minute: int) -> str:
    """Return a minute as answers have it."""
    return datetime.fromtimestamp(minute * 60, HOME).isoformat()


def days_ago(days: int) -> str:
    """Return what somebody types for some days ago."""
    return (dt_util.now() - timedelta(days=days)).isoformat()


async def test_workouts_can_be_asked_for_page_by_page(house: House) -> None:
    truth = house.band.truth.workouts()
    found: list[dict[str, Any]] = []
    following: str | None = days_ago(DAYS + 1)
    while following is not None:
        answer = await house.call("get_history", records="workouts", start=following, limit=1)
        found += answer["workouts"]
        following = answer["next"]
    assert [row["sport"] for row in found] == [one.sport.name.lower() for one in truth]
    assert [row["steps"] for row in found] == [one.steps for one in truth]


async def test_a_span_needs_time(house: House) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("get_history", start=days_ago(1), end=days_ago(2))
    assert caught.value.translation_key == "span_without_time"


@pytest.mark.parametrize("past", [Past(days=0)])
async def test_a_span_within_the_hour_that_comes_twice_has_time(house: House) -> None:
    # Twenty to two in summer time, twenty past one in winter time: forty minutes later.
    span = {"start": "2025-11-02T01:40:00-07:00", "end": "2025-11-02T01:20:00-08:00"}
    answer = await house.call("get_history", **span)
    assert answer == {"minutes": [], "next": None}
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("get_history", start=span["end"], end=span["start"])
    assert caught.value.translation_key == "span_without_time"


async def test_history_is_exported_into_an_allowed_folder(
    hass: HomeAssistant, house: House
) -> None:
    folder = Path(hass.config.path("www"))
    await hass.async_add_executor_job(folder.mkdir)
    hass.config.allowlist_external_dirs = {str(folder)}
    answer = await house.call("export_history", file="www/minutes.csv", start=days_ago(1))
    lines = await hass.async_add_executor_job((folder / "minutes.csv").read_text)
    head, *rows = lines.splitlines()
    assert head == "start,kind,raw_kind,intensity,steps,heart_rate_bpm"
    assert len(rows) == answer["rows"] > 1400
    assert await hass.async_add_executor_job(os.listdir, folder) == ["minutes.csv"]


# On one of two days that follow each other the wearer always works out.
@pytest.mark.parametrize("past", [Past(days=4)])
@pytest.mark.parametrize("records", ["minutes", "sleep", "workouts"])
async def test_a_table_has_what_an_answer_has(
    hass: HomeAssistant, house: House, records: str
) -> None:
    folder = Path(hass.config.path("www"))
    await hass.async_add_executor_job(folder.mkdir)
    hass.config.allowlist_external_dirs = {str(folder)}
    # What ends before anybody sleeps or walks while this runs.
    span = {"records": records, "start": days_ago(5), "end": days_ago(1)}
    await house.call("export_history", file="www/table.csv", **span)
    text = await hass.async_add_executor_job((folder / "table.csv").read_text)
    rows = list(csv.DictReader(text.splitlines()))
    answer = await house.call("get_history", limit=7 * 1440, **span)
    told = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in answer[records]
    ]
    assert rows == told != []


async def test_history_is_exported_nowhere_else(house: House, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "minutes.csv"
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("export_history", file=str(file))
    assert caught.value.translation_key == "path_not_allowed"
    assert not file.exists()


async def test_a_folder_that_is_missing_is_told(hass: HomeAssistant, house: House) -> None:
    hass.config.allowlist_external_dirs = {hass.config.path("www")}
    with pytest.raises(Exception, match="No such file") as caught:
        await house.call("export_history", file="www/minutes.csv")
    assert getattr(caught.value, "translation_key", None) == "file_not_written"


# A store that is damaged


@pytest.fixture
async def damaged(hass: HomeAssistant) -> None:
    """Damage the store before anything opens it."""
    file = Path(hass.config.path(FILE_NAME))
    await hass.async_add_executor_job(file.write_bytes, b"SQLite format 3\0" + bytes(range(256)))


async def test_a_damaged_store_is_moved_aside_and_filled_anew(
    hass: HomeAssistant, damaged: None, house: House
) -> None:
    await assert_complete(hass, house.band)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "history_corrupt")
    assert issue is not None
    assert issue.translation_placeholders is not None
    aside = Path(hass.config.path(issue.translation_placeholders["file"]))
    assert await hass.async_add_executor_job(aside.exists)
