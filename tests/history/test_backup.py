"""A backup that is taken while minutes come in: the copy is whole, and nothing had to wait."""

from pathlib import Path
import shutil

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mi_band.archive import FILE_NAME, async_get_archive
from custom_components.mi_band.backup import async_post_backup, async_pre_backup
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.history import History

ADA = "0123456789abcdef"
FIRST = 29_000_040
BATCH = 700


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Keep the store of a test out of the others' way."""
    return str(tmp_path)


def batch(number: int) -> list[Minute]:
    first = FIRST + number * BATCH
    return [
        Minute(minute=minute, zone=4, kind=1, intensity=9, steps=minute % 200, heart_rate=255)
        for minute in range(first, first + BATCH)
    ]


def commit(history: History, number: int) -> None:
    history.commit_minutes(ADA, batch(number), fetched_until=FIRST + (number + 1) * BATCH)


def break_off(history: History) -> None:
    """Write much into the journal, and take it back."""
    with history.file.writing() as connection:
        connection.execute("PRAGMA cache_size = 10")
        connection.executemany(
            "INSERT INTO minute VALUES (1, ?, 0, 0, 0, 0, 0)", [(place,) for place in range(5000)]
        )
        raise LookupError


def copied_batches(file: Path, journal: bytes, folder: Path) -> int:
    """Open a copy, check that it is whole, and return how many batches it holds."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy = folder / "mi_band.db"
    copy.write_bytes(file.read_bytes())
    copy.with_name("mi_band.db-wal").write_bytes(journal)
    history = History.open(copy)
    try:
        minutes = history.minutes(ADA, 0, 1 << 40)
        count, rest = divmod(len(minutes), BATCH)
        assert rest == 0
        assert minutes == [minute for number in range(count) for minute in batch(number)]
        mark = history.unprojected(ADA)
        assert (mark and mark.token) == (count or None)
    finally:
        history.close()
    return count


def journal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def test_a_copy_of_the_journal_that_ends_anywhere_is_whole(
    history: History, path: Path, tmp_path: Path
) -> None:
    for number in range(3):
        commit(history, number)
    history.file.begin_copying()
    for number in range(3, 6):
        commit(history, number)
    journal = journal_of(path).read_bytes()
    found = [
        copied_batches(path, journal[:end], tmp_path / "copy")
        for end in [*range(0, len(journal), 1999), len(journal)]
    ]
    assert found == sorted(found)
    assert {*found} == {3, 4, 5, 6}


def test_the_file_itself_is_left_alone_while_it_is_copied(history: History, path: Path) -> None:
    commit(history, 0)
    history.file.begin_copying()
    before = path.read_bytes()
    # Many times what SQLite otherwise moves from the journal into the file.
    for number in range(1, 120):
        commit(history, number)
    assert journal_of(path).stat().st_size > 4096 * 1000
    assert path.read_bytes() == before
    history.file.end_copying()
    assert path.read_bytes() != before


def test_a_journal_that_is_written_while_it_is_copied_is_whole(
    history: History, path: Path, tmp_path: Path
) -> None:
    commit(history, 0)
    history.file.begin_copying()
    commit(history, 1)
    half = journal_of(path).stat().st_size // 2
    first_half = journal_of(path).read_bytes()[:half]
    # A transaction that is taken back, and one that overwrites its traces.
    with pytest.raises(LookupError):
        break_off(history)
    assert journal_of(path).stat().st_size > 2 * half + 50_000
    commit(history, 2)
    second_half = journal_of(path).read_bytes()[half:]
    assert copied_batches(path, first_half + second_half, tmp_path / "copy") == 3


def test_a_store_that_is_closed_while_it_is_copied_leaves_the_file_alone(
    history: History, path: Path
) -> None:
    commit(history, 0)
    history.file.begin_copying()
    before = path.read_bytes()
    commit(history, 1)
    history.close()
    assert path.read_bytes() == before
    again = History.open(path)
    try:
        assert again.minutes(ADA, 0, 1 << 40) == [*batch(0), *batch(1)]
    finally:
        again.close()


async def test_the_backup_of_the_house_gets_a_whole_copy(
    hass: HomeAssistant, hass_config_dir: str, tmp_path: Path
) -> None:
    path = Path(hass_config_dir) / FILE_NAME
    archive = await async_get_archive(hass)
    await archive.async_run(commit, 0)
    await async_pre_backup(hass)
    before = path.read_bytes()
    await archive.async_run(commit, 1)
    assert path.read_bytes() == before
    await async_post_backup(hass)
    await archive.async_run(commit, 2)
    journal = journal_of(path).read_bytes()
    assert copied_batches(path, journal, tmp_path / "copy") == 3


async def test_a_store_that_was_never_opened_is_not_opened_for_a_backup(
    hass: HomeAssistant, hass_config_dir: str
) -> None:
    await async_pre_backup(hass)
    await async_post_backup(hass)
    assert not (Path(hass_config_dir) / FILE_NAME).exists()


async def test_a_store_that_fails_does_not_end_the_backup_of_the_house(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    archive = await async_get_archive(hass)
    await archive.async_run(History.close)
    await async_pre_backup(hass)
    assert "may not be whole in this backup" in caplog.text
    await async_post_backup(hass)
    assert "cannot be used after the backup" in caplog.text
