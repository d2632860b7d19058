"""Real database servers for the recorder, started for a test where their programs are installed."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import socket
import subprocess
import tempfile
import time
from typing import Final

TIMEOUT_S: Final = 60.0

# Debian keeps them out of the PATH of most people.
_FOLDERS = ("/usr/sbin", "/usr/bin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))


class NotInstalled(Exception):
    """A program of the server is not there; the text says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How one kind of server is made and reached; `{folder}` is where all its files are."""

    package: str
    """Of Debian."""
    prepare: tuple[str, ...]
    serve: tuple[str, ...]
    socket: str
    url: str


SERVERS: Final[Mapping[str, Server]] = {
    "postgresql": Server(
        package="postgresql",
        prepare=(
            *("initdb", "--pgdata={folder}/data", "--username=ha", "--auth=trust"),
            *("--encoding=UTF8", "--no-sync", "--locale=C"),
        ),
        serve=(
            *("postgres", "-D", "{folder}/data", "-k", "{folder}"),
            *("-c", "listen_addresses=", "-c", "fsync=off"),
        ),
        socket=".s.PGSQL.5432",
        url="postgresql://ha@/postgres?host={folder}",
    ),
    "mariadb": Server(
        package="mariadb-server-core",
        # A folder is a database; without its system tables it asks nobody who they are.
        prepare=("mkdir", "-p", "{folder}/data/ha"),
        serve=(
            *("mariadbd", "--no-defaults", "--datadir={folder}/data", "--socket={folder}/socket"),
            *("--skip-networking", "--skip-grant-tables", "--pid-file={folder}/pid"),
            *("--innodb-flush-log-at-trx-commit=0", "--innodb-fast-shutdown=1"),
        ),
        socket="socket",
        url="mysql+pymysql://root@localhost/ha?unix_socket={folder}/socket&charset=utf8mb4",
    ),
}


@contextmanager
def running(server: Server) -> Generator[str]:
    """Run a server of one's own; gives the URL by which the recorder gets to it.

    Raises:
        NotInstalled: it is not there.
    """
    prepare, serve = _command(server, server.prepare), _command(server, server.serve)
    # Not in pytest's folder: the path of a socket must be short, and another user has to get there.
    with tempfile.TemporaryDirectory(prefix="band-") as folder:
        who, group = _somebody(Path(folder))
        with Path(folder, "log").open("wb") as log:
            subprocess.run(  # noqa: S603  programs found above
                [word.format(folder=folder) for word in prepare],
                check=True,
                stdout=log,
                stderr=log,
                cwd=folder,
                user=who,
                group=group,
                extra_groups=None if who is None else [],
            )
            process = subprocess.Popen(  # noqa: S603  as above
                [word.format(folder=folder) for word in serve],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=who,
                group=group,
                extra_groups=None if who is None else [],
            )
        try:
            _wait(Path(folder, server.socket), process, Path(folder, "log"))
            yield server.url.format(folder=folder)
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)


def _command(server: Server, words: tuple[str, ...]) -> list[str]:
    path = os.pathsep.join((os.environ.get("PATH", ""), *_FOLDERS))
    program = shutil.which(words[0], path=path)
    if program is None:
        raise NotInstalled(f"{words[0]} is not installed (apt-get install {server.package})")
    return [program, *words[1:]]


def _somebody(folder: Path) -> tuple[str | None, str | None]:
    """Return whom to run it as, and hand over the folder: such servers refuse to run as root."""
    if os.getuid():
        return None, None
    shutil.chown(folder, "nobody", "nogroup")
    return "nobody", "nogroup"


def _wait(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    with socket.socket(socket.AF_UNIX) as client:
        while client.connect_ex(str(path)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not come up:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
