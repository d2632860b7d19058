"""The minute store: what is in it, what it says has changed, and what it refuses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
import sqlite3
from time import process_time

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band import history_file as module
from custom_components.mi_band.band.fetch import RecordKind
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.history import History, Hour, Unprojected
from custom_components.mi_band.history_file import (
    HistoryCorrupt,
    HistoryFull,
    HistoryNewer,
    HistoryUnavailable,
)
from tests.bench.yardstick import budget_s, least

ADA = "0123456789abcdef"
BOB = "fedcba9876543210"
FIRST = 29_000_040
"""A minute of 2025 at which an hour begins."""
YEAR = 365 * 24 * 60


def a_minute(minute: int, steps: int = 0) -> Minute:
    return Minute(minute=minute, zone=4, kind=0x01, intensity=20, steps=steps, heart_rate=255)


def run_of(count: int, first: int = FIRST, steps: int = 7) -> list[Minute]:
    return [a_minute(first + index, steps) for index in range(count)]


def an_hour(hour: int) -> Hour:
    return Hour(
        hour=hour,
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


def everything(history: History, band: str = ADA) -> list[Minute]:
    return history.minutes(band, 0, 1 << 40)


@contextmanager
def inside(path: Path) -> Iterator[sqlite3.Connection]:
    """Reach into the file as somebody else would."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


# Minutes


def test_what_was_committed_is_there_after_opening_again(history: History, path: Path) -> None:
    history.commit_minutes(ADA, run_of(1000), fetched_until=FIRST + 1000)
    history.close()
    again = History.open(path)
    try:
        assert everything(again) == run_of(1000)
        assert again.fetched_until(ADA, RecordKind.MINUTES) == FIRST + 1000
        assert again.unprojected(ADA) == Unprojected(FIRST, 1)
    finally:
        again.close()


def test_minutes_are_read_from_a_start_to_before_an_end(history: History) -> None:
    history.commit_minutes(ADA, run_of(100))
    assert history.minutes(ADA, FIRST + 10, FIRST + 13) == run_of(3, FIRST + 10)
    assert history.minutes(ADA, FIRST + 98, FIRST + 500) == run_of(2, FIRST + 98)
    assert history.minutes(ADA, FIRST - 100, FIRST) == []


def test_the_last_minutes_before_one_are_read_in_order(history: History) -> None:
    history.commit_minutes(ADA, run_of(100))
    assert history.minutes_before(ADA, FIRST + 50, 3) == run_of(3, FIRST + 47)
    assert history.minutes_before(ADA, FIRST + 2, 3) == run_of(2)
    assert history.minutes_before(ADA, FIRST, 3) == []


def test_bands_do_not_see_each_other(history: History) -> None:
    history.commit_minutes(ADA, run_of(10), fetched_until=FIRST + 10)
    history.commit_minutes(BOB, run_of(5, steps=9), fetched_until=FIRST + 5)
    assert everything(history, ADA) == run_of(10)
    assert everything(history, BOB) == run_of(5, steps=9)
    history.forget(ADA)
    assert everything(history, ADA) == []
    assert history.fetched_until(ADA, RecordKind.MINUTES) is None
    assert everything(history, BOB) == run_of(5, steps=9)
    assert history.fetched_until(BOB, RecordKind.MINUTES) == FIRST + 5


def test_a_band_that_was_never_fetched_has_nothing(history: History) -> None:
    assert everything(history) == []
    assert history.first_minute(ADA) is None
    assert history.last_minute(ADA) is None
    assert history.count_minutes(ADA) == 0
    assert history.fetched_until(ADA, RecordKind.MINUTES) is None
    assert history.unprojected(ADA) is None
    assert history.hours(ADA) == []


def test_of_a_minute_that_comes_twice_the_last_one_is_kept(history: History) -> None:
    assert history.commit_minutes(ADA, [a_minute(FIRST, 3), a_minute(FIRST, 4)]) == 1
    assert everything(history) == [a_minute(FIRST, 4)]
    assert history.commit_minutes(ADA, [a_minute(FIRST, 5)]) == 1
    assert everything(history) == [a_minute(FIRST, 5)]


def test_the_edges_and_the_count_of_what_is_stored_are_told(history: History) -> None:
    history.commit_minutes(ADA, run_of(100))
    assert history.first_minute(ADA) == FIRST
    assert history.last_minute(ADA) == FIRST + 99
    assert history.count_minutes(ADA) == 100


def test_how_far_was_fetched_never_goes_back(history: History) -> None:
    history.commit_minutes(ADA, [], fetched_until=FIRST + 10)
    history.commit_minutes(ADA, [], fetched_until=FIRST + 5)
    assert history.fetched_until(ADA, RecordKind.MINUTES) == FIRST + 10
    assert history.fetched_until(ADA, RecordKind.WORKOUT_SUMMARY) is None


# What has changed


def test_minutes_that_are_stored_already_change_nothing(history: History) -> None:
    history.commit_minutes(ADA, run_of(100))
    mark = history.unprojected(ADA)
    assert mark is not None
    assert history.mark_projected(ADA, mark.token)
    assert history.commit_minutes(ADA, run_of(100)) == 0
    assert history.unprojected(ADA) is None


def test_the_first_minute_that_changed_is_marked_and_not_the_first_that_came(
    history: History,
) -> None:
    history.commit_minutes(ADA, run_of(100))
    _project(history)
    assert history.commit_minutes(ADA, [*run_of(60), a_minute(FIRST + 40, 8)]) == 1
    mark = history.unprojected(ADA)
    assert mark is not None
    assert mark.since == FIRST + 40


def test_a_later_change_leaves_an_earlier_mark(history: History) -> None:
    history.commit_minutes(ADA, run_of(10))
    history.commit_minutes(ADA, run_of(10, FIRST + 10))
    mark = history.unprojected(ADA)
    assert mark is not None
    assert mark.since == FIRST


def test_an_earlier_change_moves_the_mark_back(history: History) -> None:
    history.commit_minutes(ADA, run_of(10))
    history.commit_minutes(ADA, run_of(10, FIRST - 10))
    mark = history.unprojected(ADA)
    assert mark is not None
    assert mark.since == FIRST - 10


def test_a_change_during_a_projection_keeps_the_mark(history: History) -> None:
    history.commit_minutes(ADA, run_of(10))
    mark = history.unprojected(ADA)
    assert mark is not None
    history.commit_minutes(ADA, run_of(10, FIRST + 10))
    assert not history.mark_projected(ADA, mark.token)
    assert history.unprojected(ADA) == Unprojected(FIRST, mark.token + 1)


def test_a_projection_of_one_band_is_none_of_another(history: History) -> None:
    history.commit_minutes(ADA, run_of(10))
    history.commit_minutes(BOB, run_of(10))
    _project(history)
    assert history.unprojected(ADA) is None
    assert history.unprojected(BOB) == Unprojected(FIRST, 1)


def _project(history: History) -> None:
    mark = history.unprojected(ADA)
    assert mark is not None
    assert history.mark_projected(ADA, mark.token)


_MINUTES = st.builds(
    Minute,
    minute=st.integers(FIRST, FIRST + 30),
    zone=st.just(4),
    kind=st.integers(0, 2),
    intensity=st.just(0),
    steps=st.integers(0, 1),
    heart_rate=st.just(255),
)


@given(commits=st.lists(st.lists(_MINUTES, max_size=12), max_size=6))
def test_the_store_holds_and_marks_what_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, commits: Sequence[Sequence[Minute]]
) -> None:
    history = History.open(tmp_path_factory.mktemp("store") / "mi_band.db")
    expected: dict[int, Minute] = {}
    try:
        for commit in commits:
            before = dict(expected)
            expected |= {minute.minute: minute for minute in commit}
            changed = {key for key, minute in expected.items() if before.get(key) != minute}
            assert history.commit_minutes(ADA, commit) == len(changed)
            mark = history.unprojected(ADA)
            assert (mark and mark.since) == min(changed, default=None)
            if mark:
                history.mark_projected(ADA, mark.token)
            assert everything(history) == [expected[key] for key in sorted(expected)]
    finally:
        history.close()


# Hours that outlive their minutes


def test_folded_minutes_go_and_their_hours_stay(history: History) -> None:
    history.commit_minutes(ADA, run_of(180))
    hours = [an_hour(FIRST // 60), an_hour(FIRST // 60 + 1)]
    assert history.fold(ADA, FIRST + 120, hours) == 120
    assert everything(history) == run_of(60, FIRST + 120)
    assert history.hours(ADA) == hours


def test_a_folded_minute_that_comes_again_is_not_counted_again(history: History) -> None:
    history.commit_minutes(ADA, run_of(120))
    history.fold(ADA, FIRST + 60, [an_hour(FIRST // 60)])
    _project(history)
    assert history.commit_minutes(ADA, run_of(120, steps=8)) == 60
    mark = history.unprojected(ADA)
    assert mark is not None
    assert mark.since == FIRST + 60
    assert everything(history) == run_of(60, FIRST + 60, steps=8)


@pytest.mark.parametrize("before", [FIRST + 1, FIRST])
def test_an_hour_that_is_not_over_cannot_be_folded(history: History, before: int) -> None:
    history.commit_minutes(ADA, run_of(120))
    with pytest.raises(ValueError, match="full hour"):
        history.fold(ADA, before, [an_hour(FIRST // 60)])
    assert everything(history) == run_of(120)


def test_hours_without_minutes_can_be_kept(history: History) -> None:
    history.keep_hours(ADA, [an_hour(FIRST // 60)])
    assert history.hours(ADA) == [an_hour(FIRST // 60)]
    assert history.commit_minutes(ADA, run_of(10)) == 10


def test_an_hour_without_a_heart_rate_is_kept_as_such(history: History) -> None:
    hour = Hour(
        hour=FIRST // 60,
        steps=0,
        distance_m=0.0,
        energy_kcal=0.0,
        light_sleep=0,
        deep_sleep=60,
        awake=0,
        heart_rate_mean=None,
        heart_rate_min=None,
        heart_rate_max=None,
    )
    history.keep_hours(ADA, [hour])
    assert history.hours(ADA) == [hour]


# What is refused, and what is done about it


def test_a_file_that_is_no_database_is_corrupt(path: Path) -> None:
    path.write_bytes(b"once upon a time " * 1000)
    with pytest.raises(HistoryCorrupt):
        History.open(path)


def test_a_damaged_page_is_found_at_opening(path: Path) -> None:
    history = History.open(path)
    history.commit_minutes(ADA, run_of(10_000))
    history.close()
    content = bytearray(path.read_bytes())
    assert len(content) > 20 * 4096
    content[10 * 4096 : 11 * 4096] = bytes(range(256)) * 16
    path.write_bytes(content)
    with pytest.raises(HistoryCorrupt):
        History.open(path)


def test_damage_that_comes_while_it_is_open_is_told_as_such(path: Path) -> None:
    history = History.open(path)
    history.commit_minutes(ADA, run_of(10_000))
    history.close()
    history = History.open(path)
    try:
        content = bytearray(path.read_bytes())
        content[3 * 4096 :] = b"\xff" * (len(content) - 3 * 4096)
        path.write_bytes(content)
        # Another process wrote, so nothing is taken from memory.
        with inside(path) as connection:
            connection.execute("UPDATE band SET changes = changes + 1")
        with pytest.raises(HistoryCorrupt):
            everything(history)
    finally:
        history.close()


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with inside(path) as connection:
        connection.execute("CREATE TABLE something (else_ INTEGER)")
    before = path.read_bytes()[28:]
    with pytest.raises(HistoryCorrupt):
        History.open(path)
    with inside(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert tables == [("something",)]
    assert len(path.read_bytes()[28:]) == len(before)


def test_a_newer_schema_is_refused_and_left_as_it_is(history: History, path: Path) -> None:
    history.commit_minutes(ADA, run_of(10))
    history.close()
    with inside(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(module.MIGRATIONS) + 1}")
    before = path.read_bytes()
    with pytest.raises(HistoryNewer, match="update"):
        History.open(path)
    assert path.read_bytes() == before


def test_an_older_schema_is_brought_up_with_all_that_is_in_it(
    history: History, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.commit_minutes(ADA, run_of(10))
    history.close()
    later = (
        *module.MIGRATIONS,
        "ALTER TABLE minute ADD COLUMN first TEXT; ALTER TABLE band ADD COLUMN name TEXT;",
        "CREATE TABLE mood (band INTEGER, minute INTEGER) STRICT;",
    )
    monkeypatch.setattr(module, "MIGRATIONS", later)
    History.open(path).close()
    with inside(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        rows = connection.execute("SELECT minute, steps, first FROM minute").fetchall()
        assert connection.execute("SELECT count(*) FROM mood").fetchone() == (0,)
    assert version == len(later)
    assert rows == [(FIRST + index, 7, None) for index in range(10)]


def test_a_step_of_the_schema_that_fails_changes_nothing(
    history: History, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.commit_minutes(ADA, run_of(10))
    history.close()
    broken = (*module.MIGRATIONS, "DELETE FROM minute; ALTER TABLE nothing ADD COLUMN name TEXT;")
    with monkeypatch.context() as patch:
        patch.setattr(module, "MIGRATIONS", broken)
        with pytest.raises(HistoryUnavailable):
            History.open(path)
    again = History.open(path)
    try:
        assert everything(again) == run_of(10)
    finally:
        again.close()


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    history = History.open(path)
    history.commit_minutes(ADA, run_of(1))
    history.close()


def test_a_folder_that_is_not_there_makes_it_unavailable(tmp_path: Path) -> None:
    with pytest.raises(HistoryUnavailable):
        History.open(tmp_path / "nowhere" / "mi_band.db")


def test_a_closed_store_is_unavailable(history: History) -> None:
    history.close()
    with pytest.raises(HistoryUnavailable):
        history.commit_minutes(ADA, run_of(1))


def test_another_program_that_holds_the_file_makes_it_unavailable(
    history: History, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.file.connection.execute("PRAGMA busy_timeout = 1")
    with inside(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryUnavailable):
            history.commit_minutes(ADA, run_of(10))
    assert history.commit_minutes(ADA, run_of(10)) == 10


def test_no_word_of_an_error_tells_a_value(path: Path) -> None:
    path.write_bytes(b"once upon a time " * 1000)
    with pytest.raises(HistoryCorrupt) as caught:
        History.open(path)
    assert "once" not in str(caught.value)


def test_a_disk_that_is_full_loses_nothing_that_was_committed(history: History) -> None:
    history.commit_minutes(ADA, run_of(1000), fetched_until=FIRST + 1000)
    (pages,) = history.file.connection.execute("PRAGMA page_count").fetchone()
    history.file.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(HistoryFull, match="room"):
        history.commit_minutes(ADA, run_of(9000, FIRST + 1000), fetched_until=FIRST + 10_000)
    assert everything(history) == run_of(1000)
    assert history.fetched_until(ADA, RecordKind.MINUTES) == FIRST + 1000
    assert history.unprojected(ADA) == Unprojected(FIRST, 1)
    history.file.connection.execute("PRAGMA max_page_count = 1000000")
    history.commit_minutes(ADA, run_of(9000, FIRST + 1000), fetched_until=FIRST + 10_000)
    assert everything(history) == run_of(10_000)


# How long it takes


def test_the_check_at_opening_ends_in_time(
    history: History, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is damaged so far inside that nobody has come to it by then is not found."""
    history.commit_minutes(ADA, run_of(200_000))
    history.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 4096)
    with pytest.raises(HistoryCorrupt):
        History.open(path)
    monkeypatch.setattr(module, "CHECK_TIMEOUT", timedelta())
    # Looking at the clock so seldom that a small store is through is right, but not here.
    monkeypatch.setattr(module, "_CHECK_STEP", 50)
    again = History.open(path)
    assert again.minutes(ADA, FIRST, FIRST + 10) == run_of(10)
    again.close()


def test_two_weeks_are_committed_and_a_day_of_a_year_is_read_in_time(history: History) -> None:
    history.commit_minutes(ADA, run_of(YEAR))

    def committing() -> float:
        begun = process_time()
        history.commit_minutes(ADA, run_of(14 * 24 * 60, FIRST + YEAR))
        return process_time() - begun

    def reading() -> float:
        begun = process_time()
        day = history.minutes(ADA, FIRST + YEAR // 2, FIRST + YEAR // 2 + 1440)
        assert len(day) == 1440
        return process_time() - begun

    # Several times what it takes.
    assert least(committing, budget_s(0.3)) < budget_s(0.3)
    assert least(reading, budget_s(0.02)) < budget_s(0.02)
