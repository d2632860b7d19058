"""The minute store: every minute of every band once, in one SQLite file beside HA's own.

A minute is kept under the band's identity and the minutes since 1970-01-01 00:00 UTC, so that no
clock on a wall decides what is the same minute: docs/history.md has the rules. The last value wins.

What is committed is on the disk when the call returns (WAL with a sync at each commit), and a
process that is killed leaves what was committed and nothing else. All calls wait for the disk and
for each other: they belong into threads.

What changed is marked in the same transaction in which it changed, so that who derives something
from the minutes can catch up at any time later: `unprojected` tells the first minute that changed
and a token, `mark_projected` takes the token back. A change in between makes another token, and the
mark stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
import sqlite3
from typing import NamedTuple, Self

from .band.fetch import Batch, RecordKind
from .band.minutes import Minute
from .band.workouts import Track, Workout, decode_track, decode_workout
from .history_file import HistoryFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What the minutes of an hour add up to; kept where the minutes themselves have gone.

    Attributes:
        hour: hours since 1970-01-01 00:00 UTC.
        steps: of the hour.
        distance_m: of the hour, an estimate.
        energy_kcal: of the hour, an estimate.
        light_sleep: minutes.
        deep_sleep: minutes.
        awake: minutes awake inside of a night.
        heart_rate_mean: beats per minute; None when it was not measured, as the next two.
        heart_rate_min: beats per minute.
        heart_rate_max: beats per minute.
    """

    hour: int
    steps: int
    distance_m: float
    energy_kcal: float
    light_sleep: int
    deep_sleep: int
    awake: int
    heart_rate_mean: float | None
    heart_rate_min: int | None
    heart_rate_max: int | None

    @classmethod
    def of_row(cls, row: tuple[int, int, float, float, int, int, int, float, int, int]) -> Self:
        """Return the hour that a row of the table tells, its columns in the order of the fields."""
        hour, steps, distance_m, energy_kcal, light, deep, awake, mean, lowest, highest = row
        return cls(
            hour=hour,
            steps=steps,
            distance_m=distance_m,
            energy_kcal=energy_kcal,
            light_sleep=light,
            deep_sleep=deep,
            awake=awake,
            heart_rate_mean=mean,
            heart_rate_min=lowest,
            heart_rate_max=highest,
        )


class Unprojected(NamedTuple):
    """What has changed since the last projection."""

    since: int
    """The first minute that changed."""
    token: int
    """For `mark_projected`."""


class WrongClock(NamedTuple):
    """What was noted of a band's clock that is far off, until what it stamped is here."""

    ahead: int
    """Minutes; negative when it is behind."""
    right_until: int
    """The minute up to which was fetched when it was seen first."""


class History:
    """The open store. Made by `open`; every call may raise a `HistoryError`."""

    def __init__(self, file: HistoryFile) -> None:
        self.file = file

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store, and make it or bring it up to the present schema where needed.

        Raises:
            HistoryCorrupt: it is damaged, or something else.
            HistoryNewer: a later version wrote it.
            HistoryUnavailable: it cannot be read or written.
            HistoryFull: there is no room to make it.
        """
        return cls(HistoryFile.open(path))

    def close(self) -> None:
        """Close the file. Every later call fails."""
        self.file.close()

    # Minutes

    def commit_minutes(
        self, band: str, minutes: Iterable[Minute], *, fetched_until: int | None = None
    ) -> int:
        """Store minutes, and how far has been fetched; both or neither.

        Of a minute that comes twice the last one wins. What is stored already as it comes changes
        nothing, and what was folded into hours is left out, as it has been counted.

        Args:
            band: its identity.
            minutes: in any order.
            fetched_until: the minute from which on to fetch next; never goes back.

        Returns:
            How many were new or other than before.
        """
        latest = {minute.minute: minute for minute in minutes}
        with self.file.writing() as connection:
            number, folded_until = _band_to_write(connection, band)
            if fetched_until is not None:
                _set_fetched(connection, number, RecordKind.MINUTES, fetched_until)
            changed = _changed(connection, number, latest, folded_until)
            if changed:
                _write_minutes(connection, number, changed)
                _mark_changed(connection, number, changed[0].minute)
        return len(changed)

    def minutes(self, band: str, start: int, end: int) -> list[Minute]:
        """Return the minutes from `start` to before `end`, in time order."""
        with self.file.reading() as connection:
            return _minutes_within(connection, _number(connection, band), start, end)

    def minutes_from(self, band: str, start: int, count: int) -> list[Minute]:
        """Return the first minutes from `start` on, at most `count`, in time order."""
        with self.file.reading() as connection:
            return _minutes(
                connection,
                "minute >= ? ORDER BY minute LIMIT ?",
                _number(connection, band),
                start,
                count,
            )

    def minutes_before(self, band: str, end: int, count: int) -> list[Minute]:
        """Return the last minutes before `end`, at most `count`, in time order."""
        with self.file.reading() as connection:
            latest_first = _minutes(
                connection,
                "minute < ? ORDER BY minute DESC LIMIT ?",
                _number(connection, band),
                end,
                count,
            )
        return latest_first[::-1]

    def first_minute(self, band: str) -> int | None:
        """Return the first minute that is stored; None when there is none."""
        return self._edge(band, "min")

    def last_minute(self, band: str) -> int | None:
        """Return the last minute that is stored; None when there is none."""
        return self._edge(band, "max")

    def _edge(self, band: str, which: str) -> int | None:
        query = f"SELECT {which}(minute) FROM minute WHERE band = ?"  # noqa: S608  one of two words
        with self.file.reading() as connection:
            return _one(connection, query, _number(connection, band))

    def last_minute_of(self, band: str, kinds: Iterable[int], end: int) -> int | None:
        """Return the last minute before `end` of one of some raw kinds; None without one."""
        among = ", ".join(str(int(kind)) for kind in kinds)
        query = (
            "SELECT minute FROM minute WHERE band = ? AND minute < ?"  # noqa: S608  numbers alone
            f" AND kind IN ({among}) ORDER BY minute DESC LIMIT 1"
        )
        with self.file.reading() as connection:
            return _one(connection, query, _number(connection, band), end)

    def last_hour_with_steps(self, band: str, end: int) -> int | None:
        """Return the last hour before `end`, an hour as well, in which there were steps."""
        query = (
            "SELECT max(hour) FROM (SELECT hour FROM hour"
            " WHERE band = ?1 AND hour < ?2 AND steps > 0 UNION ALL SELECT * FROM"
            " (SELECT minute / 60 FROM minute WHERE band = ?1 AND minute < ?2 * 60 AND steps > 0"
            " ORDER BY minute DESC LIMIT 1))"
        )
        with self.file.reading() as connection:
            return _one(connection, query, _number(connection, band), end)

    def count_minutes(self, band: str) -> int:
        """Return how many minutes are stored."""
        query = "SELECT count(*) FROM minute WHERE band = ?"
        with self.file.reading() as connection:
            return _one(connection, query, _number(connection, band)) or 0

    def fetched_until(self, band: str, kind: RecordKind) -> int | None:
        """Return the minute from which on to fetch; None when that was never done."""
        query = "SELECT until FROM fetched WHERE band = ? AND kind = ?"
        with self.file.reading() as connection:
            return _one(connection, query, _number(connection, band), kind)

    def wrong_clock(self, band: str) -> WrongClock | None:
        """Return what was noted of the band's clock; None when nothing, as it was right."""
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT clock_ahead, right_until FROM band"
                " WHERE identity = ? AND clock_ahead IS NOT NULL",
                (band,),
            ).fetchone()
        return None if row is None else WrongClock(*row)

    def note_wrong_clock(self, band: str, wrong: WrongClock | None) -> None:
        """Take note of a band's clock; None is one that is right."""
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            connection.execute(
                "UPDATE band SET clock_ahead = ?, right_until = ? WHERE id = ?",
                (*(wrong or (None, None)), number),
            )

    def woke_up(self, band: str) -> int | None:
        """Return the minute in which the band said last that its wearer woke up, if it did."""
        query = "SELECT woke_up FROM band WHERE id = ?"
        with self.file.reading() as connection:
            return _one(connection, query, _number(connection, band))

    def note_woke_up(self, band: str, minute: int) -> None:
        """Take note that the band says so."""
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            connection.execute("UPDATE band SET woke_up = ? WHERE id = ?", (minute, number))

    # Projection

    def unprojected(self, band: str) -> Unprojected | None:
        """Return what has changed since the last projection; None when nothing has."""
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT unprojected, changes FROM band"
                " WHERE identity = ? AND unprojected IS NOT NULL",
                (band,),
            ).fetchone()
        return None if row is None else Unprojected(*row)

    def mark_projected(self, band: str, token: int) -> bool:
        """Take note that everything is projected that had changed when the token was given.

        Returns:
            Whether nothing has changed since; if something has, all of it stays marked.
        """
        with self.file.writing() as connection:
            done = connection.execute(
                "UPDATE band SET unprojected = NULL WHERE identity = ? AND changes = ?",
                (band, token),
            )
        return done.rowcount > 0

    def mark_all(self, band: str) -> int:
        """Mark everything of a band as not projected; returns the token for `mark_projected`."""
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            first = [
                _one(connection, "SELECT min(minute) FROM minute WHERE band = ?", number),
                _one(connection, "SELECT min(hour) * 60 FROM hour WHERE band = ?", number),
            ]
            _mark_changed(
                connection, number, min((one for one in first if one is not None), default=0)
            )
            return _one(connection, "SELECT changes FROM band WHERE id = ?", number) or 0

    # Hours, which outlive their minutes

    def fold(self, band: str, before: int, hours: Sequence[Hour]) -> int:
        """Replace the minutes before a full hour by what they add up to.

        Args:
            band: its identity.
            before: a minute at which an hour begins.
            hours: of the minutes that go.

        Returns:
            How many minutes went.
        """
        if before % 60 or any(hour.hour * 60 >= before for hour in hours):
            raise ValueError("only what lies before a full hour can be folded")
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            _keep_hours(connection, number, hours)
            connection.execute(
                "UPDATE band SET folded_until = max(ifnull(folded_until, ?1), ?1) WHERE id = ?2",
                (before, number),
            )
            return connection.execute(
                "DELETE FROM minute WHERE band = ? AND minute < ?", (number, before)
            ).rowcount

    def keep_hours(self, band: str, hours: Sequence[Hour]) -> None:
        """Keep hours of which there never were minutes here."""
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            _keep_hours(connection, number, hours)

    def hours(self, band: str, start: int = 0) -> list[Hour]:
        """Return the hours from one on that have outlived their minutes, in time order."""
        with self.file.reading() as connection:
            rows = connection.execute(
                "SELECT hour, steps, distance_m, energy_kcal, light_sleep, deep_sleep, awake,"
                " heart_rate_mean, heart_rate_min, heart_rate_max"
                " FROM hour WHERE band = ? AND hour >= ? ORDER BY hour",
                (_number(connection, band), start),
            ).fetchall()
        return [Hour.of_row(row) for row in rows]

    # What was saved from a damaged store

    def restore_band(self, band: str, *, unprojected: int | None, folded_until: int | None) -> None:
        """Take over what a store knew of a band."""
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            connection.execute(
                "UPDATE band SET unprojected = ?, folded_until = ? WHERE id = ?",
                (unprojected, folded_until, number),
            )

    def restore_minutes(self, band: str, minutes: Iterable[Minute]) -> None:
        """Take over minutes that were stored; they are no change."""
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            _write_minutes(connection, number, minutes)

    def forget(self, band: str) -> None:
        """Delete everything of a band."""
        with self.file.writing() as connection:
            number = _number(connection, band)
            for table in ("minute", "hour", "fetched", "workout"):
                connection.execute(
                    f"DELETE FROM {table} WHERE band = ?",  # noqa: S608  a name from the line above
                    (number,),
                )
            connection.execute("DELETE FROM band WHERE id = ?", (number,))

    # Workouts

    def commit_workout(
        self, band: str, workout: Workout, *, fetched_until: int | None = None
    ) -> None:
        """Store a workout, and how far workouts have been fetched; its track stays if it has one.

        Args:
            band: its identity.
            workout: it is known by its start.
            fetched_until: the minute from which on to fetch next; never goes back.
        """
        with self.file.writing() as connection:
            number, _ = _band_to_write(connection, band)
            if fetched_until is not None:
                _set_fetched(connection, number, RecordKind.WORKOUT_SUMMARY, fetched_until)
            connection.execute(
                "INSERT INTO workout (band, start, finish, zone, summary) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (band, start) DO UPDATE SET finish = excluded.finish,"
                " zone = excluded.zone, summary = excluded.summary",
                (
                    number,
                    _second(workout.start),
                    _second(workout.end),
                    _zone(workout.start),
                    workout.raw,
                ),
            )

    def commit_track(self, band: str, start: datetime, records: bytes) -> None:
        """Store the details of the workout that began at `start`; empty when it has none."""
        with self.file.writing() as connection:
            connection.execute(
                "UPDATE workout SET track = ? WHERE band = ? AND start = ?",
                (records, _number(connection, band), _second(start)),
            )

    def workouts(self, band: str, start: datetime, end: datetime) -> list[Workout]:
        """Return the workouts that began from `start` to before `end`, in time order."""
        return self._workouts(band, "start >= ? AND start < ?", _second(start), _second(end))

    def last_workout(self, band: str) -> Workout | None:
        """Return the workout that began last; None when there is none."""
        latest = self._workouts(
            band, "start = (SELECT max(start) FROM workout WHERE band = w.band)"
        )
        return latest[0] if latest else None

    def same_workout(self, band: str, summary: bytes) -> Workout | None:
        """Return the workout of which a band sent these bytes; None when none is stored."""
        return next(iter(self._workouts(band, "summary = ?", summary)), None)

    def workouts_without_track(self, band: str) -> list[Workout]:
        """Return the workouts whose details were not fetched yet, in time order."""
        return self._workouts(band, "track IS NULL")

    def _workouts(self, band: str, condition: str, *values: int | bytes) -> list[Workout]:
        query = (
            "SELECT start, zone, summary FROM workout AS w"  # noqa: S608  conditions of this class
            f" WHERE band = ? AND {condition} ORDER BY start"
        )
        with self.file.reading() as connection:
            rows = connection.execute(query, (_number(connection, band), *values)).fetchall()
        return [
            decode_workout(_batch(RecordKind.WORKOUT_SUMMARY, start, zone, summary))
            for start, zone, summary in rows
        ]

    def track(self, band: str, workout: Workout) -> Track | None:
        """Return the track of a workout; None when it was not fetched, or there is none."""
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT start, zone, track FROM workout WHERE band = ? AND start = ?",
                (_number(connection, band), _second(workout.start)),
            ).fetchone()
        if row is None or not row[2]:
            return None
        return decode_track(_batch(RecordKind.WORKOUT_DETAILS, *row), workout)


def _one(connection: sqlite3.Connection, query: str, *values: int) -> int | None:
    row: tuple[int | None] | None = connection.execute(query, values).fetchone()
    return None if row is None else row[0]


def _number(connection: sqlite3.Connection, band: str) -> int:
    """Return what stands for a band in the rows; -1, which has none, for an unknown one."""
    row = connection.execute("SELECT id FROM band WHERE identity = ?", (band,)).fetchone()
    return -1 if row is None else int(row[0])


def _band_to_write(connection: sqlite3.Connection, band: str) -> tuple[int, int | None]:
    """Return what stands for a band in the rows, and up to where it is folded."""
    connection.execute("INSERT OR IGNORE INTO band (identity) VALUES (?)", (band,))
    number, folded_until = connection.execute(
        "SELECT id, folded_until FROM band WHERE identity = ?", (band,)
    ).fetchone()
    return number, folded_until


def _set_fetched(connection: sqlite3.Connection, number: int, kind: RecordKind, until: int) -> None:
    connection.execute(
        "INSERT INTO fetched VALUES (?, ?, ?)"
        " ON CONFLICT (band, kind) DO UPDATE SET until = max(until, excluded.until)",
        (number, kind, until),
    )


def _minutes(connection: sqlite3.Connection, condition: str, *values: int) -> list[Minute]:
    query = (
        "SELECT minute, zone, kind, intensity, steps, heart_rate FROM minute"  # noqa: S608  conditions of ours
        f" WHERE band = ? AND {condition}"
    )
    return [Minute._make(row) for row in connection.execute(query, values)]


def _minutes_within(
    connection: sqlite3.Connection, number: int, start: int, end: int
) -> list[Minute]:
    return _minutes(connection, "minute >= ? AND minute < ? ORDER BY minute", number, start, end)


def _changed(
    connection: sqlite3.Connection,
    number: int,
    latest: dict[int, Minute],
    folded_until: int | None,
) -> list[Minute]:
    """Return the minutes that are not stored as they are, in time order."""
    if not latest:
        return []
    stored = {
        minute.minute: minute
        for minute in _minutes_within(connection, number, min(latest), max(latest) + 1)
    }
    return [
        minute
        for key, minute in sorted(latest.items())
        if stored.get(key) != minute and (folded_until is None or key >= folded_until)
    ]


def _write_minutes(connection: sqlite3.Connection, number: int, minutes: Iterable[Minute]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO minute VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(number, *minute) for minute in minutes],
    )


def _mark_changed(connection: sqlite3.Connection, number: int, first: int) -> None:
    connection.execute(
        "UPDATE band SET unprojected = min(ifnull(unprojected, ?1), ?1), changes = changes + 1"
        " WHERE id = ?2",
        (first, number),
    )


def _keep_hours(connection: sqlite3.Connection, number: int, hours: Sequence[Hour]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO hour VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, *astuple(hour)) for hour in hours],
    )


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _zone(moment: datetime) -> int:
    return (moment.utcoffset() or timedelta()) // timedelta(minutes=15)


def _batch(kind: RecordKind, start: int, zone: int, records: bytes) -> Batch:
    """Return what a stored record was decoded from."""
    place = timezone(timedelta(minutes=15) * zone) if zone else UTC
    return Batch(
        kind=kind, start=datetime.fromtimestamp(start, place), records=records, complete=True
    )
