"""The files for bands, in the folder `mi_band` of the configuration.

A person copies them there, or brings them in through the browser. What comes through the browser
replaces nothing: a name that is taken gets a number, unless the very same file has it already.
"""

import asyncio
from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import errno
from itertools import chain, count, islice
import os
from pathlib import Path
import re
from typing import Final
import unicodedata

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

_LONGEST_STEM: Final = 48
_LONGEST_SUFFIX: Final = 8
"""With a number, and at four bytes a character, a name stays within the 255 of file systems."""
_NOT_IN_A_NAME: Final = re.compile(r"[^\w.()+-]+")

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


class LibraryFull(Exception):
    """There are as many files as are looked at."""


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
        return replace(recognise(file.read(LARGEST_FILE + 1)), name=path.name)


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
        """Keep a file under its name or, where another file has that, one like it.

        Raises:
            FileRefused: it is nothing that a band takes.
            LibraryFull: one of the others has to go first.
            OSError: it cannot be written.
        """

        def write() -> str:
            recognise(content)
            self.folder.mkdir(exist_ok=True)
            path = self._place_for(name, content)
            if not path.exists():
                if len(tuple(self._scan())) >= MOST_FILES:
                    raise LibraryFull
                _write_whole(path, content)
            return path.name

        kept = await self._async_do(write)
        found = next((file for file in self.files if file.name == kept), None)
        if found is None:
            # Somebody else has deleted it, or has filled the folder at the same moment.
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), kept)
        return found

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

    def _place_for(self, name: str, content: bytes) -> Path:
        """Return where a file may lie: where nothing does, or where the same file does."""
        first = Path(safe_name(name))
        numbered = (f"{first.stem}-{number}{first.suffix}" for number in count(2))
        places = (self.folder / name for name in chain((first.name,), numbered))
        return next(path for path in places if not path.exists() or _holds(path, content))

    async def _async_do[T](self, act: Callable[[], T]) -> T:
        def run() -> tuple[T, tuple[Stored, ...]]:
            return act(), tuple(self._scan())

        async with self._turn:
            done, files = await self._hass.async_add_executor_job(run)
        if files != self.files:
            self.files = files
            async_dispatcher_send(self._hass, LIBRARY_CHANGED)
        return done

    def _scan(self) -> Iterator[Stored]:
        known, self._known = self._known, {}
        try:
            with os.scandir(self.folder) as entries:
                found = list(islice(filter(_is_shown, entries), MOST_FILES))
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


def safe_name(name: str) -> str:
    """Return a name for a file from elsewhere that no path and no page stumbles over."""
    # What a browser sends is a bare name; what another client sends may be anything.
    bare = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    path = Path(_NOT_IN_A_NAME.sub("_", bare).lstrip("."))
    return f"{path.stem[:_LONGEST_STEM]}{path.suffix[:_LONGEST_SUFFIX]}".strip("_") or "file"


def _is_shown(entry: os.DirEntry[str]) -> bool:
    """Pass over what hides, and over names that no page can show."""
    return entry.is_file() and not entry.name.startswith(".") and entry.name.isprintable()


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all.

    Nothing inside of a firmware tells how long it must be: half of one would pass for one.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


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
