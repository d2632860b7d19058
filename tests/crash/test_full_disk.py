"""A disk that is really full, with the store and the recorder's database on it."""

import asyncio
from multiprocessing import Pipe
from pathlib import Path
from typing import Final

import pytest

from tests.emulator.gatt.fetch import Manner
from tests.link.lab import Lab

from .driver import forked
from .full import DISK, TRIES, Filled, fill_and_make_room
from .life import counted, options, recorded
from .remote import Gate

ROUND: Final = 480
"""Minutes; a day has three."""
ROOMS: Final = (0, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144)
"""Bytes that are left before the sync."""
PROCESS_S: Final = 300.0
"""More than a process takes."""


@pytest.fixture(autouse=True)
def quick(loopback: None) -> None:
    """Allow what the processes talk over."""


async def fill(lab: Lab, folder: Path, room: int) -> tuple[Filled, int]:
    """Let a process sync with so much room; returns that, and how many minutes are on the band."""
    asyncio.get_running_loop().set_debug(False)
    home = folder / "home"
    await asyncio.to_thread(home.mkdir, parents=True)
    alike = options(1)
    alike["records"] = Manner(delete=True, block=ROUND)
    alike["address"] = f"F3:4E:C4:00:00:{len(lab.bands):02X}"
    band = await lab.band(**alike)
    here, there = Pipe(duplex=False)
    gate = folder / "link"
    async with Gate(lambda: lab.open(band), gate):
        process = await asyncio.to_thread(
            lambda: forked(fill_and_make_room, home, gate, room, there)
        )
        there.close()
        await asyncio.to_thread(process.join, PROCESS_S)
    assert process.exitcode == 0
    answer = here.recv()
    if isinstance(answer, str):
        pytest.skip(f"no disk of a size of our own can be had here: {answer}")
    assert isinstance(answer, Filled)
    truth = recorded(band.truth)
    assert answer.home.minutes == truth
    assert len(truth) == 1440
    assert counted(truth).items() <= answer.home.statistics.items()
    assert not answer.home.unprojected
    left = sum(end - start for start, end in band.truth.held())
    await band.power_off()
    return answer, left


async def test_a_full_disk_is_told_and_everything_comes_when_there_is_room(
    lab: Lab, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    quiet, _ = await fill(lab, tmp_path / "quiet", DISK // 2)
    assert quiet.codes == []
    codes = set()
    for room in ROOMS:
        with subtests.test(room=room):
            filled, left = await fill(lab, tmp_path / f"{room}", room)
            assert filled.home.statistics == quiet.home.statistics
            assert filled.home.workouts == quiet.home.workouts
            # Each try is told in the same words, and gets no further than the one before.
            assert len(filled.codes) == TRIES
            assert len({*filled.codes}) == 1
            codes.update(filled.codes)
            # What was in the store but not in the statistics was not acknowledged.
            assert left == (ROUND if filled.minutes_when_full else 0)
    assert codes == {"history_full", "statistics_unavailable"}
    assert len(ROOMS) == 7
