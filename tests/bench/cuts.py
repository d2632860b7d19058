"""The link cut after every packet of three days, over the radio: `python -m tests.bench.cuts`.

Each of the 1083 cuts is another band's and another house's. The band drops what was acknowledged.
Every 40th house has a recorder, and its statistics have to be those without a cut.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import logging
from pathlib import Path
import tempfile
import time
from typing import Final

from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.band.errors import LinkLost
from tests.crash.core import core
from tests.crash.house import PLACES, House, nothing
from tests.crash.life import lived_long_ago, options, recorded, stored
from tests.emulator.backend import client_class
from tests.emulator.band import EmulatedBand
from tests.emulator.central import Adapter
from tests.emulator.gatt.fetch import Manner, Trouble
from tests.emulator.radio import Radio
from tests.history.projected import Band as Projected, Told
from tests.link.lab import Lab

DAYS: Final = 3
RECORDER_EVERY: Final = 40


class LossError(AssertionError):
    """Something was lost, or came twice."""


@asynccontextmanager
async def _lab() -> AsyncGenerator[Lab]:
    async with Radio(advertising_interval_s=0.005) as radio:
        adapter = Adapter(radio)
        await adapter.start()
        yield Lab(radio, adapter, client_class(adapter))
        await adapter.stop()


class Street:
    """Bands and houses, one after the other."""

    def __init__(self, house: House, quiet: Projected) -> None:
        self._house = house
        self._quiet = quiet
        self._expected: Told = {}

    async def begin(self) -> None:
        """Bring everything home once without a cut."""
        async with _lab() as lab:
            band = await self._band(lab)
            identity = self._quiet.identity
            await self._house.bring_home(identity, lambda: lab.open(band), self._quiet.project)
            self._expected = await self._quiet.told()
            await lab.close()

    async def cut(self, number: int, *, recorder: bool) -> None:
        """Cut at a place, and bring the rest home.

        Raises:
            LossError: not everything is there once.
        """
        day, packets = PLACES[number]
        ada = Projected(self._quiet.hass, self._quiet.archive, f"{number:x}")
        project = ada.project if recorder else nothing
        async with _lab() as lab:
            band = await self._band(lab)
            if day:
                band.faults.records(Trouble(), day)
            band.faults.records(Trouble(cut_after=packets))
            try:
                await self._house.bring_home(ada.identity, lambda: lab.open(band), project)
            except LinkLost:
                pass
            else:
                raise LossError(f"the link was not cut at {day, packets}")
            before = self._house.known_of(ada.identity)[0]
            await self._house.bring_home(ada.identity, lambda: lab.open(band), project)
            if before != day * 1440:
                raise LossError(f"{before} minutes before the cut at {day, packets}")
            self._look(band, ada.identity)
            if recorder and await ada.told() != self._expected:
                raise LossError(f"other statistics after a cut at {day, packets}")
            await lab.close()

    def _look(self, band: EmulatedBand, identity: str) -> None:
        complete = stored(self._house.history, identity) == recorded(band.truth)
        if not complete or band.truth.held() or band.violations:
            raise LossError(f"not everything is there once for {identity}")

    async def _band(self, lab: Lab) -> EmulatedBand:
        alike = options(DAYS)
        alike["records"] = Manner(delete=True)
        return await lab.band(**alike)


async def _run(every: int) -> None:
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, lived_long_ago():
        async with core(Path(folder)) as hass:
            archive = await async_get_archive(hass)
            street = Street(House(hass, archive._history), Projected(hass, archive, "quiet"))
            await street.begin()
            places = range(0, len(PLACES), every)
            with_recorder = 0
            for count, number in enumerate(places):
                recorder = count % RECORDER_EVERY == 0
                await street.cut(number, recorder=recorder)
                with_recorder += recorder
            print(
                f"{len(places)} cuts, {with_recorder} of them with the recorder: nothing lost,"
                f" nothing twice, in {time.perf_counter() - begun:.0f} s"
            )


def main() -> None:
    """Cut everywhere."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cuts", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many places")
    for name in ("bumble", "homeassistant"):
        logging.getLogger(name).setLevel(logging.ERROR)
    asyncio.run(_run(parser.parse_args().every))


if __name__ == "__main__":
    main()
