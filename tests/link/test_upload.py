"""Files into the emulated band, when all goes well."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bleak.exc import BleakError
from bleak_retry_connector import BleakClientWithServiceCache
import pytest

from custom_components.mi_band.band import upload as module
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.device_info import read_firmware_version
from custom_components.mi_band.band.fetch import RecordKind, fetch
from custom_components.mi_band.band.files import BandFile, FileKind, recognise
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.upload import Progress, upload
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Running

from .lab import Lab, state

OLD, NEW = "1.0.9.66", "1.0.9.68"
SIZE = 40_000
FIRMWARE = recognise(files.firmware(NEW, size=SIZE))
OTHERS = {
    FileKind.FONT: files.font(2, size=3000),
    FileKind.RESOURCES: files.resources(83, size=3000),
    FileKind.PACKED_RESOURCES: files.packed_resources(81, size=3000),
    FileKind.WATCHFACE: files.watchface(),
}
_WAITS_S = 20.0


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INIT", "RECEIVED", "VERIFIED", "RESTART"):
        monkeypatch.setattr(module, f"{name}_TIMEOUT", timedelta(milliseconds=300))


async def _send(
    link: Link, file: BandFile, *, progress: Progress = lambda _sent, _size: None
) -> None:
    async with upload(link, file, progress=progress):
        pass


async def _version(lab: Lab, band: EmulatedBand) -> str:
    """Read the version once the band is back."""
    async with asyncio.timeout(_WAITS_S):
        await band.wait_for(lambda: band.powered and not band.connected)
        async with lab.open(band) as link:
            await read_battery(link)
            return await read_firmware_version(link)


async def test_a_firmware_is_installed_and_runs_after_the_restart(lab: Lab) -> None:
    band = await lab.band()
    told: list[int] = []
    async with lab.open(band) as link:
        assert await read_firmware_version(link) == OLD
        await _send(link, FIRMWARE, progress=lambda sent, _: told.append(sent))
    await band.wait_for(lambda: not band.powered)
    assert await _version(lab, band) == NEW
    assert band.firmware.running is Running.NEW
    assert (told[0], told[-1]) == (0, SIZE)
    assert all(one < other for one, other in pairwise(told))
    installed = state(band, "firmware")["installed"]
    assert isinstance(installed, list)
    assert len(installed) == 1


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("long_init", [False, True])
async def test_other_files_come_without_a_restart(
    lab: Lab, kind: FileKind, *, long_init: bool
) -> None:
    band = await lab.band()
    band.firmware.long_init = long_init
    async with lab.open(band) as link:
        await _send(link, recognise(OTHERS[kind]))
        assert await read_firmware_version(link) == OLD
    assert band.snapshot()["reboots"] == 0
    held = band.firmware.holds
    assert [name for name, what in held.items() if what] == [
        "resources" if "RESOURCES" in kind.name else kind.name.lower()
    ]


async def test_everybody_else_waits_until_a_file_is_there(lab: Lab) -> None:
    band = await lab.band()
    order: list[str] = []
    async with lab.open(band) as link:

        def progress(sent: int, size: int) -> None:
            order.append("all sent" if sent == size else "sending")

        async def ask() -> None:
            await read_battery(link)
            order.append("battery")

        transfer = asyncio.create_task(
            _send(link, recognise(OTHERS[FileKind.FONT]), progress=progress)
        )
        await band.wait_for(lambda: band.firmware.busy)
        await ask()
        await transfer
    assert order[0] == "sending"
    assert order[-2:] == ["all sent", "battery"]


async def test_a_file_waits_for_a_fetch_to_end(lab: Lab) -> None:
    band = await lab.band(days=1)
    order: list[str] = []
    async with lab.open(band) as link:

        async def send() -> None:
            await _send(link, recognise(OTHERS[FileKind.FONT]))
            order.append("file")

        since = datetime(2020, 1, 1, tzinfo=UTC)
        async with fetch(link, RecordKind.MINUTES, since, keep=True) as batch:
            assert batch.records
            transfer = asyncio.create_task(send())
            await read_battery(link)
            order.append("records")
        await transfer
    assert order == ["records", "file"]


async def test_services_can_be_forgotten_while_the_band_restarts(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    forgotten: list[bool] = []

    async def forget(_: BleakClientWithServiceCache) -> bool:
        forgotten.append(band.connected)
        return True

    monkeypatch.setattr(lab.client_class, "clear_cache", forget)
    async with lab.open(band) as link, upload(link, FIRMWARE):
        await link.forget_services()
    assert forgotten == [True]


async def test_services_that_cannot_be_forgotten_are_no_failure(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()

    async def forget(_: BleakClientWithServiceCache) -> bool:
        raise BleakError("not connected")

    monkeypatch.setattr(lab.client_class, "clear_cache", forget)
    async with lab.open(band) as link, upload(link, FIRMWARE):
        await link.forget_services()
    assert await _version(lab, band) == NEW
