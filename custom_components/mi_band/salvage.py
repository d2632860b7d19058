"""What is done about a damaged store: all that can still be read of it goes into a new one.

A damaged page hides some hundred minutes; what lies before and behind it is as it was. How far was
fetched is left out on purpose: the band is asked again for all that it still has, which fills the
holes as far as can be, and changes nothing else.

Whenever it is cut off, the next opening goes on: the new store is made beside the damaged one, then
that is renamed, then the new one takes its place. Where the place is empty, the new one is ready.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import batched
import logging
from pathlib import Path
import sqlite3
from typing import Any, Final

from .band.errors import MalformedPacket
from .band.fetch import Batch, RecordKind
from .band.minutes import Minute
from .band.workouts import decode_workout
from .history import History, Hour
from .history_file import HistoryCorrupt, HistoryUnavailable

_LOGGER = logging.getLogger(__name__)

_MINUTES_SKIPPED: Final = 16
"""A page holds more than this; so much may be lost in front of what can be read again."""
_AT_ONCE: Final = 10_000
_LARGEST_KEY: Final = 1 << 40
_LARGEST_BYTE: Final = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """A damaged store that was replaced."""

    aside: Path
    """Where it is now."""
    minutes: int
    """How many could be saved from it."""


def open_or_rebuild(path: Path, now: datetime) -> tuple[History, Rebuilt | None]:
    """Open the store; a damaged one is moved aside, and a new one made of what can be read of it.

    Raises:
        HistoryError: it cannot be opened, and not be rebuilt either.
    """
    rebuilt = path.with_name(f"{path.name}.rebuilt")
    if rebuilt.exists() and not path.exists():
        rebuilt.rename(path)
    try:
        return History.open(path), None
    except HistoryCorrupt as err:
        _LOGGER.debug("%s", err)
    for leftover in rebuilt.parent.glob(f"{rebuilt.name}*"):
        leftover.unlink()
    with closing(History.open(rebuilt)) as history:
        minutes = _save(path, history, now)
    aside = move_aside(path, now)
    rebuilt.rename(path)
    return History.open(path), Rebuilt(aside=aside, minutes=minutes)


def move_aside(path: Path, now: datetime) -> Path:
    """Give a damaged store another name; returns that name.

    Raises:
        HistoryUnavailable: it cannot be renamed.
    """
    stem = f"{path.name}.corrupt-{now:%Y-%m-%d}"
    count = 1
    aside = path.with_name(stem)
    while aside.exists():
        count += 1
        aside = path.with_name(f"{stem}-{count}")
    try:
        # First the journal, by a copy: should we be killed in between, neither is alone. SQLite
        # deletes a journal that it finds without its file.
        journal = path.with_name(f"{path.name}-wal")
        if journal.exists() and journal.stat().st_size:
            aside.with_name(f"{aside.name}-wal").write_bytes(journal.read_bytes())
        path.rename(aside)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    except OSError as err:
        raise HistoryUnavailable(f"the damaged {path.name} cannot be renamed: {err}") from err
    return aside


def _save(path: Path, history: History, now: datetime) -> int:
    """Take over what can be read; returns how many minutes."""
    count = 0
    last = int(now.timestamp()) // 60
    with closing(sqlite3.connect(path)) as damaged, suppress(sqlite3.Error):
        # The file stays as it is, for whoever wants to have a look at it.
        damaged.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)  # noqa: FBT003
        bands = damaged.execute(
            "SELECT id, identity, unprojected, folded_until FROM band"
        ).fetchall()
        for number, band, unprojected, folded_until in bands:
            history.restore_band(band, unprojected=unprojected, folded_until=folded_until)
            for minutes in batched(_minutes(damaged, number, last), _AT_ONCE, strict=False):
                history.restore_minutes(band, minutes)
                count += len(minutes)
            history.keep_hours(band, [*_hours(damaged, number)])
            _save_workouts(damaged, number, band, history)
    return count


def _minutes(damaged: sqlite3.Connection, number: int, last: int) -> Iterator[Minute]:
    query = (
        "SELECT minute, zone, kind, intensity, steps, heart_rate FROM minute"
        " WHERE minute > ?1 AND band = ?2 AND minute <= ?3 ORDER BY minute"
    )
    for row in _readable(damaged, query, (number, last), _MINUTES_SKIPPED):
        minute = Minute._make(row)
        # What a damaged page makes of them may be anything.
        if all(0 <= value <= _LARGEST_BYTE for value in minute[2:]):
            yield minute


def _hours(damaged: sqlite3.Connection, number: int) -> Iterator[Hour]:
    query = (
        "SELECT hour, steps, distance_m, energy_kcal, light_sleep, deep_sleep, awake,"
        " heart_rate_mean, heart_rate_min, heart_rate_max FROM hour"
        " WHERE hour > ?1 AND band = ?2 ORDER BY hour"
    )
    for row in _readable(damaged, query, (number,), 1):
        yield Hour.of_row(row)


def _save_workouts(damaged: sqlite3.Connection, number: int, band: str, history: History) -> None:
    query = (
        "SELECT id, start, zone, summary, track FROM workout"
        " WHERE id > ?1 AND band = ?2 ORDER BY id"
    )
    for _, start, zone, summary, track in _readable(damaged, query, (number,), 1):
        place = timezone(timedelta(minutes=15) * zone) if zone else UTC
        begun = datetime.fromtimestamp(start, place)
        with suppress(MalformedPacket):
            history.commit_workout(
                band,
                decode_workout(
                    Batch(kind=RecordKind.WORKOUT_SUMMARY, start=begun, records=summary)
                ),
            )
            if track is not None:
                history.commit_track(band, begun, track)


def _readable(
    damaged: sqlite3.Connection, query: str, values: tuple[int, ...], skipped: int
) -> Iterator[tuple[Any, ...]]:
    """Give all rows that can be read; the first column is their key, in rising order."""

    def can_read(key: int) -> bool:
        try:
            damaged.execute(f"{query} LIMIT 1", (key, *values)).fetchone()
        except sqlite3.Error:
            return False
        return True

    key: int | None = -1
    while key is not None:
        try:
            for row in damaged.execute(query, (key, *values)):
                yield row
                key = row[0]
        except sqlite3.Error:
            key = _behind_hole(can_read, key, skipped)
        else:
            return


def _behind_hole(can_read: Callable[[int], bool], key: int, skipped: int) -> int | None:
    """Return a key behind which it can be read again; None when nothing comes any more."""
    unreadable, step = key, skipped
    while not can_read(key + step):
        unreadable = key + step
        step *= 2
        if step > _LARGEST_KEY:
            return None
    readable = key + step
    while readable - unreadable > skipped:
        middle = (readable + unreadable) // 2
        if can_read(middle):
            readable = middle
        else:
            unreadable = middle
    return readable
