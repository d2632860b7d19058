"""Child processes that end when they should, and surely."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
import contextlib
import os
from pathlib import Path
import signal
import socket
import sys
from typing import Self

ROOT = Path(__file__).parents[2]
_LAUNCHER = Path(__file__).with_name("loopback.py")


class ChildEndedError(Exception):
    """A child ended although nobody told it to; the message holds the end of its log."""


class Child:
    """A Python module as a process in a group of its own, with its output in a file.

    Args:
        name: What it is called in messages.
        command: Module and arguments.
        log: The file that takes what it prints.
        cwd: Where it runs.
        path: Folder of modules that it may import beside the environment's.
        environment: Variables that it has beside ours.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        cwd: Path = ROOT,
        path: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._cwd = cwd
        self._path = path
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Self:
        """Start it; loopback.py says what it may reach, and ends it when we are killed."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        # A demonstration has no business with the Bluetooth adapters of the machine it runs on.
        environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self._cwd / 'no-system-bus'}"
        environment["PYTHONUNBUFFERED"] = "1"
        environment |= self._environment
        if self._path is not None:
            environment["PYTHONPATH"] = str(self._path)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(_LAUNCHER), *self._command),
                cwd=self._cwd,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C of the terminal is for us alone; we end the children, one after the other.
                start_new_session=True,
            )
        return self

    async def ended(self) -> int:
        """Wait until it has ended, and give its exit code."""
        assert self._process is not None
        return await self._process.wait()

    def check(self) -> None:
        """Say that it lives.

        Raises:
            ChildEndedError: it does not.
        """
        if self._process is None or self._process.returncode is not None:
            code = self._process.returncode if self._process else "no process"
            raise ChildEndedError(f"{self.name} ended ({code}). {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        """Give the last lines that it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def stop(self, patience_s: float) -> None:
        """End it politely, and by force after `patience_s`; with it all that it has started."""
        if (process := self._process) is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await process.wait()
        # The group outlives its leader while the leader has left somebody behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def free_port() -> int:
    """Find a port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert isinstance(port, int)
        return port


def is_free(port: int) -> bool:
    """Tell whether a server may listen on this port of the loopback interface."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


async def until[T](
    probe: Callable[[], Awaitable[T | None]], *, what: str, timeout_s: float, child: Child
) -> T:
    """Ask again and again until there is an answer that is neither None, False nor empty.

    Raises:
        ChildEndedError: whom we ask has ended.
        TimeoutError: there was no answer in time; the message says what was waited for.
    """
    try:
        async with asyncio.timeout(timeout_s):
            # Other processes tell nobody when they change: there is no event to wait for.
            while not (answer := await probe()):
                child.check()
                await asyncio.sleep(0.05)
            return answer
    except TimeoutError as error:
        raise TimeoutError(f"Waited {timeout_s:.0f} s in vain: {what}") from error
