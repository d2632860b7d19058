"""A damaged store: what can be read of it is saved, wherever that is cut off."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
import sqlite3
import struct

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.mi_band import salvage as module
from custom_components.mi_band.archive import FILE_NAME, async_get_archive
from custom_components.mi_band.band.fetch import Batch, RecordKind
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.workouts import Workout, decode_workout
from custom_components.mi_band.history import History, Hour
from custom_components.mi_band.history_file import HistoryCorrupt, HistoryFile
from custom_components.mi_band.salvage import move_aside, open_or_rebuild

ADA = "0123456789abcdef"
BOB = "fedcba9876543210"
FIRST = 29_000_040
COUNT = 12_000
PAGE = 4096
NOW = datetime.fromtimestamp((FIRST + COUNT) * 60, UTC)
START = NOW - timedelta(days=3)


def minutes(seed: int) -> list[Minute]:
    random = Random(seed)  # noqa: S311  the same for a seed, no secret
    return [
        Minute(minute, 4, random.randrange(256), random.randrange(256), random.randrange(90), 255)
        for minute in range(FIRST, FIRST + COUNT)
    ]


def a_workout() -> Workout:
    """Build a summary by the table in protocol-data.md section 7.2, its numbers all zero."""
    begun = int(START.timestamp())
    head = struct.pack("<HHIIiii", 1, 3, begun, begun + 1800, 0, 0, -20_000)
    return decode_workout(
        Batch(kind=RecordKind.WORKOUT_SUMMARY, start=START, records=head.ljust(128, b"\0"))
    )


def an_hour() -> Hour:
    return Hour(
        hour=FIRST // 60 - 5,
        steps=100,
        distance_m=71.5,
        energy_kcal=4.25,
        light_sleep=1,
        deep_sleep=2,
        awake=3,
        heart_rate_mean=61.5,
        heart_rate_min=60,
        heart_rate_max=63,
    )


@pytest.fixture
def sound(path: Path) -> bytes:
    """Provide what is in the file of a store with two bands in it, and leave it there."""
    history = History.open(path)
    history.commit_minutes(ADA, minutes(1), fetched_until=FIRST + COUNT)
    mark = history.unprojected(ADA)
    assert mark is not None
    history.mark_projected(ADA, mark.token)
    history.commit_minutes(BOB, minutes(2), fetched_until=FIRST + COUNT)
    history.keep_hours(ADA, [an_hour()])
    history.commit_workout(ADA, a_workout(), fetched_until=FIRST + COUNT)
    history.commit_track(ADA, START, bytes((1, 0, 120, 0, 0, 0, 0, 0)))
    history.close()
    return path.read_bytes()


def damage(path: Path, sound: bytes, *pages: int) -> None:
    content = bytearray(sound)
    for page in pages:
        content[page * PAGE : (page + 1) * PAGE] = b"\xa5" * PAGE
    path.write_bytes(content)


def pages_of(path: Path, table: str) -> list[int]:
    """Return which pages of the file hold the rows of a table."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, rootpage FROM sqlite_schema").fetchall()
    finally:
        connection.close()
    return [root - 1 for name, root in rows if name == table]


@pytest.fixture
def rebuilt(path: Path, sound: bytes, request: pytest.FixtureRequest) -> Generator[History]:
    """Provide what is made of the store after some of its pages were damaged."""
    damage(path, sound, *request.param)
    history, was_rebuilt = open_or_rebuild(path, NOW)
    assert was_rebuilt is not None
    yield history
    history.close()


SOME_LEAVES = [(30,), (30, 31), (20, 60, 90), tuple(range(20, 50))]


@pytest.mark.parametrize("rebuilt", SOME_LEAVES, indirect=True)
def test_minutes_outside_of_the_damage_are_saved(
    rebuilt: History, request: pytest.FixtureRequest
) -> None:
    damaged_pages = len(request.node.callspec.params["rebuilt"])
    lost = 0
    for band, seed in ((ADA, 1), (BOB, 2)):
        lived, saved = minutes(seed), rebuilt.minutes(band, 0, 1 << 40)
        assert {*saved} <= {*lived}
        lost += len(lived) - len(saved)
    # Some 230 minutes are in a page.
    assert 0 < lost < damaged_pages * 300


@pytest.mark.parametrize("rebuilt", [(30,)], indirect=True)
def test_everything_else_is_saved_and_the_band_is_asked_again(rebuilt: History) -> None:
    assert rebuilt.hours(ADA) == [an_hour()]
    assert rebuilt.last_workout(ADA) == a_workout()
    track = rebuilt.track(ADA, a_workout())
    assert track is not None
    assert [pulse.bpm for pulse in track.pulses] == [120]
    assert rebuilt.fetched_until(ADA, RecordKind.MINUTES) is None
    assert rebuilt.fetched_until(ADA, RecordKind.WORKOUT_SUMMARY) is None


@pytest.mark.parametrize("rebuilt", [(30,)], indirect=True)
def test_what_was_saved_is_no_change_and_what_comes_again_is_one(rebuilt: History) -> None:
    assert rebuilt.unprojected(ADA) is None
    waiting = rebuilt.unprojected(BOB)
    assert waiting is not None
    assert waiting.since == FIRST
    missing = {*minutes(1)} - {*rebuilt.minutes(ADA, 0, 1 << 40)}
    assert rebuilt.commit_minutes(ADA, minutes(1)) == len(missing)


def test_what_was_damaged_is_kept_aside(path: Path, sound: bytes) -> None:
    damage(path, sound, 30)
    content = path.read_bytes()
    history, rebuilt = open_or_rebuild(path, NOW)
    history.close()
    assert rebuilt is not None
    assert rebuilt.aside.name == f"mi_band.db.corrupt-{NOW:%Y-%m-%d}"
    assert rebuilt.aside.read_bytes() == content
    assert 2 * COUNT - 600 < rebuilt.minutes < 2 * COUNT
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, rebuilt.aside.name]


def test_a_sound_store_is_just_opened(path: Path, sound: bytes) -> None:
    history, rebuilt = open_or_rebuild(path, NOW)
    history.close()
    assert rebuilt is None
    assert path.read_bytes() == sound


@pytest.mark.parametrize("table", ["band", "minute", "hour", "workout", "fetched"])
def test_a_table_that_cannot_be_read_at_all_leaves_a_store_that_works(
    path: Path, sound: bytes, table: str
) -> None:
    damage(path, sound, *pages_of(path, table))
    history, rebuilt = open_or_rebuild(path, NOW)
    try:
        assert rebuilt is not None
        history.commit_minutes(ADA, minutes(1))
        assert history.minutes(ADA, 0, 1 << 40) == minutes(1)
    finally:
        history.close()


def test_a_file_that_is_something_else_leaves_a_store_that_works(path: Path) -> None:
    path.write_bytes(b"once upon a time " * 1000)
    history, rebuilt = open_or_rebuild(path, NOW)
    try:
        assert rebuilt is not None
        assert rebuilt.minutes == 0
        assert history.commit_minutes(ADA, minutes(1)) == COUNT
    finally:
        history.close()


def test_minutes_in_the_journal_are_saved_too(path: Path, sound: bytes) -> None:
    damage(path, sound, 30)
    later = [minute._replace(minute=minute.minute + COUNT) for minute in minutes(3)[:2000]]
    history = History(HistoryFile(sqlite3.connect(path, isolation_level=None)))
    history.file.begin_copying()
    history.commit_minutes(ADA, later)
    history.close()
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    history, rebuilt = open_or_rebuild(path, NOW + timedelta(days=2))
    try:
        assert rebuilt is not None
        assert history.minutes(ADA, FIRST + COUNT, 1 << 40) == later
    finally:
        history.close()


@pytest.mark.parametrize("cut", ["_save", "move_aside", "rename"])
def test_rebuilding_goes_on_wherever_it_was_cut_off(
    path: Path, sound: bytes, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(path, sound, 30)

    class CutOff(BaseException):
        """Nothing catches this, as nothing catches a kill."""

    def cut_off(*_: object) -> None:
        raise CutOff

    def move_and_cut_off(path: Path, now: datetime) -> None:
        move_aside(path, now)
        raise CutOff

    with monkeypatch.context() as patch:
        match cut:
            case "_save":
                patch.setattr(module, "_save", cut_off)
            case "move_aside":
                patch.setattr(module, "move_aside", cut_off)
            case _:
                # After the damaged one was renamed, before the new one is in its place.
                patch.setattr(module, "move_aside", move_and_cut_off)
        with pytest.raises(CutOff):
            open_or_rebuild(path, NOW)
    history, _ = open_or_rebuild(path, NOW)
    try:
        assert 0 < COUNT - history.count_minutes(ADA) + COUNT - history.count_minutes(BOB) < 300
    finally:
        history.close()


def test_a_damaged_store_is_moved_aside_and_kept(path: Path) -> None:
    path.write_bytes(b"once upon a time")
    path.with_name("mi_band.db-wal").write_bytes(b"a journal")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    aside = move_aside(path, now)
    assert aside.name == "mi_band.db.corrupt-2026-03-01"
    assert aside.read_bytes() == b"once upon a time"
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"a journal"
    assert not path.exists()
    assert not path.with_name("mi_band.db-wal").exists()
    path.write_bytes(b"another day")
    assert move_aside(path, now).read_bytes() == b"another day"
    assert aside.read_bytes() == b"once upon a time"


# In the house


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Keep the store of a test out of the others' way."""
    return str(tmp_path)


async def test_damage_that_is_found_while_it_is_in_use_is_mended(
    hass: HomeAssistant, hass_config_dir: str, path: Path, sound: bytes
) -> None:
    assert path == Path(hass_config_dir) / FILE_NAME
    archive = await async_get_archive(hass)
    damage(path, sound, *range(20, 50))
    # Another process wrote, so nothing is taken from memory.
    connection = sqlite3.connect(path)
    connection.execute("UPDATE band SET changes = changes + 1")
    connection.commit()
    connection.close()
    with pytest.raises(HistoryCorrupt):
        await archive.async_run(History.minutes, ADA, 0, 1 << 40)
    saved = await archive.async_run(History.minutes, ADA, 0, 1 << 40)
    assert {*saved} < {*minutes(1)}
    issue = ir.async_get(hass).async_get_issue("mi_band", "history_corrupt")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert int(issue.translation_placeholders["minutes"]) >= len(saved)
    assert (path.parent / issue.translation_placeholders["file"]).exists()
    assert await archive.async_run(History.commit_minutes, ADA, minutes(1))
