"""Files into the emulated band: what goes well, and what is left when it does not.

Whatever happens, the band afterwards runs its old firmware and is alive, or runs the new one and
has all of it.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from custom_components.mi_band.band import upload as module
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.device_info import read_firmware_version
from custom_components.mi_band.band.errors import BandError, UploadInterrupted, UploadRefused
from custom_components.mi_band.band.fetch import RecordKind, fetch
from custom_components.mi_band.band.files import BandFile, FileKind, recognise
from custom_components.mi_band.band.upload import upload
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Running, UploadTrouble

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


async def _send(lab: Lab, band: EmulatedBand, file: BandFile = FIRMWARE) -> BandError | None:
    """Send a file on a link of its own; returns as what it failed."""
    async with asyncio.timeout(_WAITS_S):
        try:
            async with lab.open(band) as link:
                await upload(link, file)
        except BandError as err:
            return err
    return None


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
        await upload(link, FIRMWARE, progress=lambda sent, _: told.append(sent))
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
        await upload(link, recognise(OTHERS[kind]))
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
            upload(link, recognise(OTHERS[FileKind.FONT]), progress=progress)
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
            await upload(link, recognise(OTHERS[FileKind.FONT]))
            order.append("file")

        since = datetime(2020, 1, 1, tzinfo=UTC)
        async with fetch(link, RecordKind.MINUTES, since, keep=True) as batch:
            assert batch.records
            transfer = asyncio.create_task(send())
            await read_battery(link)
            order.append("records")
        await transfer
    assert order == ["records", "file"]


# What goes wrong

_PACKETS = -(-SIZE // 244)
_COMMANDS = {"init": 0x01, "start": 0x03, "sync": 0x00, "finish": 0x04, "restart": 0x05}
_STATUSES = (0x02, 0x04, 0x22, 0x47, 0xFF)
TROUBLES: dict[str, UploadTrouble] = {
    **{f"cut at {name}": UploadTrouble(cut_at=value) for name, value in _COMMANDS.items()},
    **{f"cut after {at}": UploadTrouble(cut_after=at) for at in (1, *range(50, _PACKETS, 50))},
    f"cut after the last of {_PACKETS}": UploadTrouble(cut_after=_PACKETS),
    **{f"init says {status:02x}": UploadTrouble(init=status) for status in _STATUSES},
    **{f"received says {status:02x}": UploadTrouble(received=status) for status in _STATUSES},
    **{f"verified says {status:02x}": UploadTrouble(verified=status) for status in _STATUSES},
    **{f"restart says {status:02x}": UploadTrouble(rebooting=status) for status in _STATUSES},
    "init is silent": UploadTrouble(silent_init=True),
    "received is silent": UploadTrouble(silent_received=True),
    "verified is silent": UploadTrouble(silent_verified=True),
    **{
        f"garbled after {name}": UploadTrouble(garbled=value)
        for name, value in _COMMANDS.items()
        if name in {"init", "start", "finish"}
    },
    "first sync refused": UploadTrouble(refuse_sync=0),
    "second sync refused": UploadTrouble(refuse_sync=1),
    **{f"packet {at} lost": UploadTrouble(lost=(at,)) for at in (0, 100, _PACKETS - 1)},
    **{f"packet {at} spoiled": UploadTrouble(spoiled=(at,)) for at in (0, 99, 100, _PACKETS - 1)},
    **{f"battery empty after {at}": UploadTrouble(battery_after=at) for at in (1, 60, 101)},
}
CASES = [
    *((name, trouble, 247) for name, trouble in TROUBLES.items()),
    *(
        (f"cut after {at} at the smallest MTU", UploadTrouble(cut_after=at), 23)
        for at in range(50, SIZE // 20, 50)
    ),
]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 80


@pytest.mark.parametrize(
    ("trouble", "mtu"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_a_failed_transfer_leaves_the_old_firmware_alive(
    lab: Lab, trouble: UploadTrouble, mtu: int
) -> None:
    band = await lab.band(mtu=mtu)
    band.faults.upload(trouble)
    failed = await _send(lab, band)
    # Whether a band that hangs up when it is told to restart has heard that, its version tells.
    assert isinstance(failed, BandError) or trouble.cut_at == _COMMANDS["restart"]
    assert band.firmware.running is Running.OLD
    assert band.snapshot()["reboots"] == 0
    assert await _version(lab, band) == OLD
    assert lab.all_free()


@pytest.mark.parametrize("name", ["cut after 50", "verified says 04", "packet 100 lost"])
async def test_a_new_try_starts_over_and_comes_through(lab: Lab, name: str) -> None:
    band = await lab.band()
    band.faults.upload(TROUBLES[name])
    assert isinstance(await _send(lab, band), (UploadInterrupted, UploadRefused))
    await band.wait_for(lambda: not band.connected)
    assert await _send(lab, band) is None
    await band.wait_for(lambda: not band.powered)
    assert await _version(lab, band) == NEW


@pytest.mark.parametrize(
    "trouble", [UploadTrouble(silent_reboot=True), UploadTrouble(garbled=0x05)], ids=str
)
async def test_a_restart_without_a_proper_reply_is_a_new_firmware(
    lab: Lab, trouble: UploadTrouble
) -> None:
    band = await lab.band()
    band.faults.upload(trouble)
    assert await _send(lab, band) is None
    await band.wait_for(lambda: not band.powered)
    assert await _version(lab, band) == NEW


@pytest.mark.parametrize("sent", [0, 24_644, SIZE])
async def test_a_cancelled_transfer_leaves_the_old_firmware_alive(lab: Lab, sent: int) -> None:
    band = await lab.band(mtu=247)
    reached = asyncio.Event()

    def progress(done: int, _: int) -> None:
        if done >= sent:
            reached.set()

    async with lab.open(band) as link:
        transfer = asyncio.create_task(upload(link, FIRMWARE, progress=progress))
        await reached.wait()
        transfer.cancel()
        with suppress(asyncio.CancelledError):
            await transfer
        assert transfer.cancelled()
        # The link is free for others again.
        await read_battery(link)
    assert band.firmware.running is Running.OLD
    assert await _version(lab, band) == OLD
