"""Home Assistant's process is killed on the way: the next one has every minute once."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from multiprocessing import Pipe
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
import signal
from threading import Lock
from typing import Final

import pytest

from custom_components.mi_band.sync import Synced
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Manner
from tests.link.lab import Lab, state

from .driver import IDENTITY, PLACES, PLACES_TO_REBUILD, bring_home, forked, rebuild
from .life import Home, counted, home_of, options, recorded
from .remote import Gate

MANNER: Final = Manner(delete=True, block=480)
"""Three rounds of eight hours; what was acknowledged is gone from the band."""
AT_ONCE: Final = 4
"""Processes wait most of their time, for the disk and for each other."""
PROCESS_S: Final = 300.0
"""More than a process takes."""

_ASKING: Final = Lock()
"""To start a process asks all others how they ended, and only the first who asks is told."""

pytestmark = pytest.mark.usefixtures("loopback")


class Street:
    """Bands, each with a home of its own, some of which are looked at side by side."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self._lab.adapter.slots = AT_ONCE
        self._folder = folder
        self._houses = 0

    @asynccontextmanager
    async def house(self) -> AsyncGenerator[tuple[EmulatedBand, Path]]:
        """Provide a band that was never fetched from, and an empty folder."""
        self._houses += 1
        number = self._houses
        folder = self._folder / f"{number}"
        await asyncio.to_thread(folder.mkdir)
        alike = options(1)
        alike["records"] = MANNER
        alike["address"] = f"F3:4E:C4:00:00:{number:02X}"
        band = await self._lab.band(**alike)
        yield band, folder
        await band.power_off()

    async def sync(self, band: EmulatedBand, folder: Path, place: str | None = None) -> Synced:
        """Bring everything home in a process of its own; returns what it has told.

        Raises:
            EOFError: it was killed.
        """
        here, there = Pipe(duplex=False)
        async with Gate(lambda: self._lab.open(band), folder / "link"):
            exitcode = await end_of(bring_home, folder, folder / "link", place, there)
            there.close()
            await band.wait_for(lambda: not band.connected)
        assert exitcode == (0 if place is None else -signal.SIGKILL)
        synced = here.recv()
        assert isinstance(synced, Synced)
        return synced

    async def sync_and_kill(self, band: EmulatedBand, folder: Path, packets: int) -> bool:
        """Bring everything home, and kill the process once the band has sent it so many packets.

        Returns:
            Whether it was killed; else it has come to its end.
        """
        packets += packets_of(band)
        here, there = Pipe(duplex=False)
        async with Gate(lambda: self._lab.open(band), folder / "link"):
            process = await asyncio.to_thread(
                forked, bring_home, folder, folder / "link", None, there
            )
            ended = asyncio.ensure_future(asyncio.to_thread(process.join, PROCESS_S))
            await band.wait_for(lambda: ended.done() or packets_of(band) >= packets, PROCESS_S)
            process.kill()
            await ended
            await band.wait_for(lambda: not band.connected)
        there.close()
        here.close()
        assert process.exitcode in {0, -signal.SIGKILL}
        return process.exitcode != 0

    async def quiet_home(self) -> Home:
        """Return what is at home if nobody is killed."""
        async with self.house() as (band, folder):
            await self.sync(band, folder)
            return await asyncio.to_thread(home_of, folder, IDENTITY)


@pytest.fixture
async def street(lab: Lab, tmp_path: Path) -> Street:
    # Half of the time would go into looking after the loop of the bands.
    asyncio.get_running_loop().set_debug(False)
    return Street(lab, tmp_path)


async def end_of[**P](work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> int | None:
    """Let a process work to its end, while the bands go on."""

    def start() -> ForkServerProcess:
        with _ASKING:
            return forked(work, *args, **kwargs)

    def end(process: ForkServerProcess) -> int | None:
        wait([process.sentinel], PROCESS_S)
        with _ASKING:
            return process.exitcode

    return await asyncio.to_thread(end, await asyncio.to_thread(start))


def packets_of(band: EmulatedBand) -> int:
    """Return how many packets of records a band has ever sent."""
    packets = state(band, "records")["packets"]
    assert isinstance(packets, int)
    return packets


async def assert_complete(folder: Path, band: EmulatedBand, quiet: Home) -> None:
    home = await asyncio.to_thread(home_of, folder, IDENTITY)
    truth = recorded(band.truth)
    assert len(truth) == 1440
    assert home.minutes == truth
    assert home.statistics == quiet.statistics
    assert counted(truth).items() <= home.statistics.items()
    assert len(home.workouts) == len(band.truth.workouts()) > 0
    assert home.workouts == quiet.workouts
    assert not home.unprojected


async def test_a_sync_that_is_killed_anywhere_loses_nothing_and_counts_nothing_twice(
    street: Street, subtests: pytest.Subtests
) -> None:
    quiet = await street.quiet_home()
    turns = asyncio.Semaphore(AT_ONCE)

    async def die_and_live(place: str) -> int:
        async with turns, street.house() as (band, folder):
            with pytest.raises(EOFError):
                await street.sync(band, folder, place)
            synced = await street.sync(band, folder)
            await assert_complete(folder, band, quiet)
            return synced.minutes

    ends = await asyncio.gather(*(die_and_live(place) for place in PLACES), return_exceptions=True)
    for place, end in zip(PLACES, ends, strict=True):
        with subtests.test(place):
            if isinstance(end, BaseException):
                raise end
    # The places lie in all rounds, before and after what was acknowledged.
    assert {*ends} == {1440, 960, 480, 0}
    assert len(ends) == 30


async def test_killing_again_and_again_at_any_moment_loses_nothing(street: Street) -> None:
    """Killed from outside, whatever the process is doing when the band has sent so much."""
    random = Random(4)  # noqa: S311  the same moments in each run, no secret
    quiet = await street.quiet_home()
    async with street.house() as (band, folder):
        kills = 0
        while await street.sync_and_kill(band, folder, random.randrange(1, 500)):
            kills += 1
            assert kills < 100
        await assert_complete(folder, band, quiet)
    assert kills > 5


async def test_statistics_that_are_killed_while_they_are_built_anew_are_built_next_time(
    street: Street, subtests: pytest.Subtests
) -> None:
    quiet = await street.quiet_home()
    async with street.house() as (band, folder):
        await street.sync(band, folder)
        for place in PLACES_TO_REBUILD:
            with subtests.test(place):
                assert await end_of(rebuild, folder, place) == -signal.SIGKILL
                assert (await street.sync(band, folder)).minutes == 0
                await assert_complete(folder, band, quiet)
    assert len(PLACES_TO_REBUILD) == 5
