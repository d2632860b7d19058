"""What runs in a process of its own, so that it can be killed or run out of disk there.

The processes are forked from a server that has imported all of it, see `forked`.
"""

from collections.abc import Callable
import ctypes
from dataclasses import dataclass
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
import os
from pathlib import Path
import signal
from typing import Final

from custom_components.mi_band.band.fetch import RecordKind
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.history import History
from custom_components.mi_band.history_file import HistoryFull

ADA: Final = "0123456789abcdef"
FIRST: Final = 29_000_040
BATCH: Final = 500

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


def batch(number: int) -> list[Minute]:
    """Return the minutes of a commit; each replaces half of the one before."""
    first = FIRST + number * BATCH // 2
    return [
        Minute(minute=minute, zone=4, kind=1, intensity=9, steps=number % 200, heart_rate=255)
        for minute in range(first, first + BATCH)
    ]


def after(commits: int) -> list[Minute]:
    """Return what is stored after so many commits."""
    stored = {minute.minute: minute for number in range(commits) for minute in batch(number)}
    return [stored[minute] for minute in sorted(stored)]


def end_of(number: int) -> int:
    """Return up to where a commit tells that was fetched."""
    return FIRST + number * BATCH // 2 + BATCH


def commit(history: History, number: int) -> None:
    history.commit_minutes(ADA, batch(number), fetched_until=end_of(number))


def commits_in(path: Path) -> int:
    """Open the store after the fact, check that it is whole, and return how many commits it holds.

    What it says of itself is from the same commit as its minutes.
    """
    history = History.open(path)
    try:
        until = history.fetched_until(ADA, RecordKind.MINUTES)
        commits = 0 if until is None else (until - end_of(0)) * 2 // BATCH + 1
        assert history.minutes(ADA, 0, 1 << 40) == after(commits)
        mark = history.unprojected(ADA)
        assert mark == ((FIRST, commits) if commits else None)
    finally:
        history.close()
    return commits


def forked[**P](work: Callable[P, None], *args: P.args, **_: P.kwargs) -> ForkServerProcess:
    """Start a process that does some work; it ends with this one."""
    process = _FORKS.Process(target=work, args=args, daemon=True)
    process.start()
    return process


def keep_committing(path: Path, told: Connection) -> None:
    """Commit one batch after the other, and tell of each when it is done."""
    history = History.open(path)
    number = 0
    while True:
        commit(history, number)
        number += 1
        told.send(number)


def die_within_a_commit(path: Path, instructions: int, count: int) -> None:
    """Commit once whole; then die after so many instructions of SQLite, or end."""
    history = History.open(path)
    commit(history, 0)
    left = count

    def look() -> int:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    history.file.connection.set_progress_handler(look, instructions)
    commit(history, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullDisk:
    """How many commits there were: told of, found with the disk full, and found in the end."""

    committed: int
    when_full: int
    with_room_again: int


def fill_the_disk(path: Path, told: Connection, size: int) -> None:
    """Commit on a disk of so many bytes until it is full, then make room and commit again."""
    try:
        _enter_small_disk(path.parent, size)
    except OSError as err:
        told.send(err.strerror)
        return
    ballast = path.with_name("ballast")
    ballast.write_bytes(b"\0" * (size // 2))
    history = History.open(path)
    number = 0
    try:
        while True:
            commit(history, number)
            number += 1
    except HistoryFull:
        history.close()
    full_at = commits_in(path)
    ballast.unlink()
    history = History.open(path)
    commit(history, number)
    history.close()
    told.send(FullDisk(committed=number, when_full=full_at, with_room_again=commits_in(path)))


def _enter_small_disk(folder: Path, size: int) -> None:
    """Lay a file system in memory over a folder, for this process only.

    Raises:
        OSError: the kernel does not let this user do so.
    """
    user, group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={size}".encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
