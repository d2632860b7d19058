"""A process that brings records home to a disk that is full, and again when there is room.

The disk is a small file system in memory that only this process sees, under Home Assistant's
folder with the store and the recorder's database.
"""

import asyncio
from dataclasses import dataclass
from multiprocessing.connection import Connection
import os
from pathlib import Path
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.records import Records
from tests.history.killed import _enter_small_disk

from .core import core
from .driver import IDENTITY, records_of
from .life import Home, home_of, lived_long_ago, stored
from .remote import connect

DISK: Final = 8_000_000
"""Bytes; several times what is needed."""
TRIES: Final = 3
"""An error that comes once may be told by the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came of it."""

    codes: list[str]
    """The keys of the texts by which the tries with a full disk failed."""
    minutes_when_full: int
    home: Home
    """In the end."""


def fill_and_make_room(folder: Path, gate: Path, room: int, told: Connection) -> None:
    """Sync with so many bytes left on the disk until it fails, then make room and sync again."""
    try:
        _enter_small_disk(folder, DISK)
    except OSError as err:
        told.send(err.strerror)
        return
    with lived_long_ago():
        codes, minutes = asyncio.run(_run(folder, gate, room))
    told.send(Filled(codes=codes, minutes_when_full=minutes, home=home_of(folder, IDENTITY)))


async def _run(folder: Path, gate: Path, room: int) -> tuple[list[str], int]:
    ballast = folder / "ballast"
    async with core(folder) as hass, connect(gate) as link:
        archive = await async_get_archive(hass)
        records = records_of(hass)
        await hass.async_add_executor_job(_leave, ballast, room)
        codes = []
        for _ in range(TRIES):
            codes += await _try(records, link)
        minutes = len(await archive.async_run(stored, IDENTITY))
        await hass.async_add_executor_job(ballast.unlink)
        if left := await _try(records, link):
            codes.append(f"with room: {left}")
    return codes, minutes


async def _try(records: Records, link: Link) -> list[str]:
    try:
        await records.async_sync(link, None)
    except HomeAssistantError as err:
        return [str(err.translation_key)]
    return []


def _leave(ballast: Path, room: int) -> None:
    """Fill the disk but for some bytes."""
    disk = os.statvfs(ballast.parent)
    ballast.write_bytes(b"\0" * (disk.f_bavail * disk.f_frsize - room))
