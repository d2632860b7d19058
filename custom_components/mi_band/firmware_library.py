"""The files for bands that a person has put into the folder `mi_band` of the configuration."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
import errno
from itertools import islice
import os
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.hass_dict import HassKey

from .band.errors import FileRefused
from .band.files import LARGEST_FILE, BandFile, FileKind, recognise
from .const import DOMAIN

FOLDER: Final = DOMAIN
MOST_FILES: Final = 64
"""More are passed over: every one of them is read."""
LIBRARY_CHANGED: Final = f"{DOMAIN}_library_changed"

type _Mark = tuple[int, int]
"""When a file was changed and how long it is: as long as these stay, so does what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file of the library."""

    name: str
    size: int
    changed: datetime
    kind: FileKind | None
    """None when it is nothing that a band takes."""
    version: str | None


def read_band_file(path: Path) -> BandFile:
    """Read a file and tell what it is; never more of it than a band could take.

    Raises:
        FileRefused: it is nothing that a band takes.
        OSError: it cannot be read.
    """
    if not path.is_file():
        # To open a pipe would be to wait for whoever writes into it.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with path.open("rb") as file:
        return recognise(file.read(LARGEST_FILE + 1))


def newest_firmware(stored: tuple[Stored, ...]) -> Stored | None:
    """Return the firmware with the highest version."""
    found = [file for file in stored if file.kind is FileKind.FIRMWARE and file.version]
    return max(found, key=lambda file: version_parts(file.version or ""), default=None)


def version_parts(version: str) -> tuple[int, ...]:
    """Return a version as numbers, in whose order versions follow each other."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


class FirmwareLibrary:
    """The folder and what is in it; shared by all bands of the house."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.folder = Path(hass.config.path(FOLDER))
        self.files: tuple[Stored, ...] = ()
        """What was there when it was last looked at."""
        self._hass = hass
        self._known: dict[str, tuple[_Mark, Stored]] = {}
        self._turn = asyncio.Lock()

    async def async_look(self) -> None:
        """See what is in the folder now; a folder that is missing is empty."""
        await self._async_do(lambda: None)

    async def async_add(self, name: str, content: bytes) -> Stored:
        """Keep a file, in the place of one with its name.

        Raises:
            FileRefused: it is nothing that a band takes.
            OSError: it cannot be written.
        """
        path = self._path(name)

        def write() -> None:
            recognise(content)
            self.folder.mkdir(exist_ok=True)
            path.write_bytes(content)

        await self._async_do(write)
        return next(file for file in self.files if file.name == path.name)

    async def async_remove(self, name: str) -> None:
        """Delete a file.

        Raises:
            OSError: it cannot be deleted.
        """
        path = self._path(name)
        await self._async_do(lambda: path.unlink(missing_ok=True))

    async def async_read(self, stored: Stored) -> BandFile:
        """Read a file of the library.

        Raises:
            FileRefused: it has become something that no band takes.
            OSError: it cannot be read.
        """
        path = self._path(stored.name)
        return await self._hass.async_add_executor_job(read_band_file, path)

    def _path(self, name: str) -> Path:
        """Return where a file lies: never outside of the folder, whatever it is called."""
        return self.folder / (Path(name).name or "file")

    async def _async_do(self, act: Callable[[], None]) -> None:
        def run() -> tuple[Stored, ...]:
            act()
            return tuple(self._scan())

        async with self._turn:
            files = await self._hass.async_add_executor_job(run)
        if files != self.files:
            self.files = files
            async_dispatcher_send(self._hass, LIBRARY_CHANGED)

    def _scan(self) -> Iterator[Stored]:
        known, self._known = self._known, {}
        try:
            with os.scandir(self.folder) as entries:
                found = list(islice((entry for entry in entries if entry.is_file()), MOST_FILES))
        except OSError:
            return
        for entry in sorted(found, key=lambda entry: entry.name):
            try:
                status = entry.stat()
                mark = (status.st_mtime_ns, status.st_size)
                before = known.get(entry.name)
                stored = before[1] if before and before[0] == mark else _look_at(entry, status)
            except OSError:
                # It went while it was looked at, or may not be read.
                continue
            self._known[entry.name] = (mark, stored)
            yield stored


def _look_at(entry: os.DirEntry[str], status: os.stat_result) -> Stored:
    try:
        file = read_band_file(Path(entry.path))
    except FileRefused:
        file = None
    return Stored(
        name=entry.name,
        size=status.st_size,
        changed=datetime.fromtimestamp(status.st_mtime, UTC),
        kind=file.kind if file else None,
        version=file.version if file else None,
    )


_LIBRARY: Final[HassKey[FirmwareLibrary]] = HassKey(f"{DOMAIN}_library")


@callback
def async_get_library(hass: HomeAssistant) -> FirmwareLibrary:
    """Return the house's library."""
    if _LIBRARY not in hass.data:
        hass.data[_LIBRARY] = FirmwareLibrary(hass)
    return hass.data[_LIBRARY]
