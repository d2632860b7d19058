"""The file of the minute store: opened, checked, kept from whoever comes second, and copied.

The schema has a number, PRAGMA user_version: the count of `MIGRATIONS` that made it. An older file
is brought up at opening, a newer one is refused as it is.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
import sqlite3
from threading import Lock
import time
from typing import ClassVar, Final, Self

LOCK_TIMEOUT: Final = timedelta(seconds=10)
"""How long another program, such as one that copies the file, may hold it."""
CHECK_TIMEOUT: Final = timedelta(seconds=5)
"""What the check at opening may take; what it has not seen by then is taken to be sound."""

_APPLICATION_ID: Final = 0x6D694234
_CHECK_STEP: Final = 10_000
"""Instructions of SQLite between two looks at the clock."""

MIGRATIONS: Final = (
    """
    CREATE TABLE band (
        id INTEGER PRIMARY KEY,
        identity TEXT NOT NULL UNIQUE,
        -- The first minute that changed since the last projection; null when none did.
        unprojected INTEGER,
        -- Goes up with each change of the band's minutes.
        changes INTEGER NOT NULL DEFAULT 0,
        -- Minutes before this one were folded into hours.
        folded_until INTEGER
    ) STRICT;
    CREATE TABLE minute (
        band INTEGER NOT NULL REFERENCES band,
        minute INTEGER NOT NULL,
        zone INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        intensity INTEGER NOT NULL,
        steps INTEGER NOT NULL,
        heart_rate INTEGER NOT NULL,
        PRIMARY KEY (band, minute)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE hour (
        band INTEGER NOT NULL REFERENCES band,
        hour INTEGER NOT NULL,
        steps INTEGER NOT NULL,
        distance_m REAL NOT NULL,
        energy_kcal REAL NOT NULL,
        light_sleep INTEGER NOT NULL,
        deep_sleep INTEGER NOT NULL,
        awake INTEGER NOT NULL,
        heart_rate_mean REAL,
        heart_rate_min INTEGER,
        heart_rate_max INTEGER,
        PRIMARY KEY (band, hour)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE fetched (
        band INTEGER NOT NULL REFERENCES band,
        kind INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (band, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE workout (
        id INTEGER PRIMARY KEY,
        band INTEGER NOT NULL REFERENCES band,
        -- Seconds since 1970; the zone is that of the clock it was recorded under.
        start INTEGER NOT NULL,
        finish INTEGER NOT NULL,
        zone INTEGER NOT NULL,
        summary BLOB NOT NULL,
        -- Null until it was fetched; empty when there is none.
        track BLOB,
        UNIQUE (band, start)
    ) STRICT;
    """,
    """
    -- What the band's clock is off, in minutes, and up to where was fetched when that was seen
    -- first; null while it is right.
    ALTER TABLE band ADD COLUMN clock_ahead INTEGER;
    ALTER TABLE band ADD COLUMN right_until INTEGER;
    -- The minute in which the band said last that its wearer woke up.
    ALTER TABLE band ADD COLUMN woke_up INTEGER;
    """,
)
"""One script per step of the schema; a step that was published is never edited."""


class HistoryError(Exception):
    """The store cannot be used; never raised itself.

    Its words tell what to do. Nothing of the band's data is in them.
    """

    code: ClassVar[str]


class HistoryUnavailable(HistoryError):
    """The file cannot be opened, read or written now: rights, a broken disk, another program."""

    code: ClassVar[str] = "history_unavailable"


class HistoryFull(HistoryError):
    """There is no room on the disk. What was committed before is untouched."""

    code: ClassVar[str] = "history_full"


class HistoryCorrupt(HistoryError):
    """The file is damaged, or is no store of ours: move it aside and begin anew."""

    code: ClassVar[str] = "history_corrupt"


class HistoryNewer(HistoryError):
    """A later version of the integration wrote the file: update, or restore the file's backup."""

    code: ClassVar[str] = "history_newer"


class HistoryFile:
    """The open file. Made by `open`; every call may raise a `HistoryError`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._lock = Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store, and make it or bring it up to the present schema where needed.

        Raises:
            HistoryCorrupt: it is damaged, or something else.
            HistoryNewer: a later version wrote it.
            HistoryUnavailable: it cannot be read or written.
            HistoryFull: there is no room to make it.
        """
        with _translated():
            connection = sqlite3.connect(
                path,
                timeout=LOCK_TIMEOUT.total_seconds(),
                # The lock of this class keeps threads apart.
                check_same_thread=False,
                isolation_level=None,
            )
            with ExitStack() as unless_opened:
                unless_opened.callback(connection.close)
                # A file system that cannot share memory stays with another journal, as safe.
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                _check(connection)
                _migrate(connection)
                connection.execute("PRAGMA foreign_keys = ON")
                unless_opened.pop_all()
        return cls(connection)

    def close(self) -> None:
        """Close the file. Every later call fails."""
        with self._lock, _translated():
            self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Have the file for oneself while the block runs."""
        with self._lock, _translated():
            yield self.connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Have the file for oneself; what the block writes is on the disk after it, or none is."""
        with self._lock, _translated(), _transaction(self.connection):
            yield self.connection

    def begin_copying(self) -> None:
        """Make the file such that it, with its journal, can be copied at any moment.

        From here on changes only ever are appended to the journal, of which a copy that ends
        anywhere still is whole up to some commit. Nothing has to wait for the copying to end.
        """
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
            # To close would move the journal into the file below the hands of who copies it.
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)  # noqa: FBT003

    def end_copying(self) -> None:
        """Let the journal be moved into the file again."""
        with self.reading() as connection:
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, False)  # noqa: FBT003
            connection.execute("PRAGMA wal_autocheckpoint = 1000").fetchall()
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as err:
        raise _translate(err) from err


def _translate(err: sqlite3.Error) -> HistoryError:
    # The lower byte is the kind of error, the rest says more about it. Misuse has no number.
    match getattr(err, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return HistoryCorrupt(f"the stored history is damaged: {err}")
        case sqlite3.SQLITE_FULL:
            return HistoryFull("no room on the disk for the history; make some and sync again")
        case _:
            return HistoryUnavailable(f"the stored history cannot be used now: {err}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    finally:
        _end(connection)


def _end(connection: sqlite3.Connection) -> None:
    """Undo a transaction that did not come to its end; a full disk ends one by itself."""
    if connection.in_transaction:
        # What went wrong is told by the first error.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def _check(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + CHECK_TIMEOUT.total_seconds()
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _CHECK_STEP)
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as err:
        if err.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    else:
        if found != "ok":
            raise HistoryCorrupt(f"the stored history is damaged: {found}")
    finally:
        connection.set_progress_handler(None, 0)


def _migrate(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise HistoryNewer(
            f"a later version wrote the stored history (schema {version}, known up to"
            f" {len(MIGRATIONS)}); update, or restore the file from a backup"
        )
    if application != _APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables:
            raise HistoryCorrupt("the file of the stored history holds something else")
    for step, script in enumerate(MIGRATIONS[version:], version + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {_APPLICATION_ID};"
                f" PRAGMA user_version = {step}; COMMIT;"
            )
        finally:
            _end(connection)
