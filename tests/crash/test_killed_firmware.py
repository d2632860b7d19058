"""Home Assistant is killed while a firmware is on its way: the band lives, the next one ends it."""

import asyncio
from multiprocessing import Pipe
from pathlib import Path
import signal
from typing import Final

import pytest

from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Running
from tests.emulator.proxy import EmulatedProxy
from tests.emulator.screen import Kind
from tests.link.lab import Lab

from .installing import FILE, NEW_AFTERWARDS, PLACES, Seen, Surroundings, install
from .test_killed import end_of

OLD, NEW = "1.0.9.66", "1.0.9.68"
SIZE: Final = 300 * 244
AT_ONCE: Final = 3
"""Processes wait for a part of their time."""
SLOW: Final = {"while the band restarts": 0.2}
"""The second of a band that has to be looked for some times before it is back."""

pytestmark = pytest.mark.usefixtures("loopback")


class Street:
    """Houses with a band and a proxy each."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self._folder = folder
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def die_and_live(self, number: int, place: str) -> Seen:
        """Kill Home Assistant at a place, look at the band, and start another one."""
        async with self._turns:
            folder = await asyncio.to_thread(_furnish, self._folder / f"{number}")
            band = await self._lab.band(
                address=f"F3:4E:C4:00:00:{number:02X}", tick_s=SLOW.get(place, 0.01)
            )
            proxy = EmulatedProxy(self._lab.radio, name=f"proxy-{number}")
            proxy.report_interval_s = 0.02
            await proxy.start()
            try:
                with pytest.raises(EOFError):
                    await self._run(folder, proxy, band, place)
                await self._look_at(band, place)
                return await self._run(folder, proxy, band, None)
            finally:
                await proxy.stop()
                await band.power_off()

    async def _run(
        self, folder: Path, proxy: EmulatedProxy, band: EmulatedBand, place: str | None
    ) -> Seen:
        here, there = Pipe(duplex=False)
        where = Surroundings(folder=folder, port=proxy.port, address=band.address)
        exitcode = await end_of(install, where, place, there)
        there.close()
        assert exitcode == (0 if place is None else -signal.SIGKILL)
        seen = here.recv()
        assert isinstance(seen, Seen)
        return seen

    async def _look_at(self, band: EmulatedBand, place: str) -> None:
        """See that the band is as it was, or has the new firmware whole."""
        new = place in NEW_AFTERWARDS
        await band.wait_for(lambda: not band.connected)
        await band.wait_for(lambda: band.powered and band.screen.kind is Kind.CLOCK)
        assert band.firmware.running is (Running.NEW if new else Running.OLD)
        assert band.snapshot()["reboots"] == int(new)


def _furnish(folder: Path) -> Path:
    """Make a configuration folder with a firmware in its library."""
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_bytes(files.firmware(NEW, size=SIZE))
    return folder


async def test_a_band_survives_that_home_assistant_is_killed_anywhere(
    lab: Lab, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    # Half of the time would go into looking after the loop of the bands.
    asyncio.get_running_loop().set_debug(False)
    street = Street(lab, tmp_path)
    lives = [street.die_and_live(number, place) for number, place in enumerate(PLACES)]
    ends = await asyncio.gather(*lives, return_exceptions=True)
    for place, end in zip(PLACES, ends, strict=True):
        with subtests.test(place):
            if isinstance(end, BaseException):
                raise end
            # The next one knows nothing of it but what the band says, and comes through.
            before = NEW if place in NEW_AFTERWARDS else OLD
            assert (end.version, end.in_progress) == (before, False)
            assert (end.answer["before"], end.answer["after"]) == (before, NEW)
    assert len(ends) == 12
