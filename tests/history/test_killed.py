"""Real processes that are killed, and a real disk that is full: what was committed stays."""

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
import signal

import pytest
import pytest_socket

from .killed import (
    FullDisk,
    commits_in,
    die_within_a_commit,
    fill_the_disk,
    forked,
    keep_committing,
)

KILLS = 25


@pytest.fixture(autouse=True)
def sockets_of_the_machine() -> None:
    """Allow what processes are started and talked to with."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


def test_what_was_committed_survives_a_kill_at_any_moment(path: Path) -> None:
    random = Random(4)  # noqa: S311  the same moments in each run, no secret
    for _ in range(KILLS):
        _remove(path)
        here, there = Pipe(duplex=False)
        process = forked(keep_committing, path, there)
        there.close()
        told = 0
        for _ in range(random.randrange(1, 12)):
            told = here.recv()
        # Some time within the next commits.
        here.poll(random.random() / 50)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        for told in _rest(here):  # noqa: B007  the last one counts
            pass
        # A commit that was done but not told of may be there as well.
        assert commits_in(path) - told in {0, 1}


def test_a_commit_is_whole_or_not_there_wherever_the_process_is_killed(path: Path) -> None:
    found = []
    count = 0
    while True:
        count += 1
        _remove(path)
        process = forked(die_within_a_commit, path, 400, count)
        process.join()
        found.append(commits_in(path))
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert len(found) > 20
    assert found == sorted(found)
    assert {*found} == {1, 2}


def test_a_full_disk_stops_a_commit_and_nothing_else(path: Path) -> None:
    here, there = Pipe(duplex=False)
    process = forked(fill_the_disk, path, there, 1_000_000)
    there.close()
    answer: FullDisk | str = here.recv()
    process.join()
    if isinstance(answer, str):
        pytest.skip(f"no disk of a size of our own can be had here: {answer}")
    assert answer.committed > 3
    assert answer.when_full == answer.committed
    assert answer.with_room_again == answer.committed + 1
    assert process.exitcode == 0


def _remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def _rest(here: Connection) -> Iterator[int]:
    while True:
        try:
            yield here.recv()
        except EOFError:
            return
