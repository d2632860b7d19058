"""Everything that goes wrong while a firmware is on its way, one case each.

Whatever happens, the band afterwards runs its old firmware and is alive, or runs the new one and
has all of it; it is never told to restart after a failure; and a new try comes through.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import pytest

from custom_components.mi_band.band import session, upload as module
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.device_info import read_firmware_version
from custom_components.mi_band.band.errors import BandError, UploadInterrupted
from custom_components.mi_band.band.files import BandFile, recognise
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.upload import upload
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Running, UploadTrouble

from .lab import Lab, state

OLD, NEW = "1.0.9.66", "1.0.9.68"
SIZES: Final = {247: 60_000, 23: 20_000}
"""Bytes of the file by the MTU: 246 and 1000 packets."""
FIRMWARES: Final = {mtu: recognise(files.firmware(NEW, size=size)) for mtu, size in SIZES.items()}
PACKETS: Final = {mtu: -(-size // (mtu - 3)) for mtu, size in SIZES.items()}
LAST: Final = PACKETS[247]

INIT, START, SYNC, FINISH, RESTART = 0x01, 0x03, 0x00, 0x04, 0x05
COMMANDS: Final = {
    "init": INIT,
    "start": START,
    "sync": SYNC,
    "finish": FINISH,
    "restart": RESTART,
}
REPLIES: Final = {"init": INIT, "received": START, "verified": FINISH, "restart": RESTART}
STATUSES: Final = (0x02, 0x04, 0x09, 0x22, 0x47, 0xFF)
"""All that a document has, and one that none has."""
GARBLED: Final[dict[str, Callable[[int], bytes | None]]] = {
    "turned around": lambda _: None,
    "empty": lambda _: b"",
    "too short": lambda command: bytes((0x10, command)),
    "too long": lambda command: bytes((0x10, command, 0x01, 0x00)),
    "no reply": lambda command: bytes((0x11, command, 0x01)),
    "of another command": lambda _: b"\x10\x07\x01",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What goes wrong, and what the band runs afterwards."""

    trouble: UploadTrouble
    mtu: int = 247
    ends: Running = Running.OLD


def _cases() -> Generator[tuple[str, Case]]:
    yield from _cuts()
    yield from _words()
    yield from _silences()
    for at in (0, 100, LAST - 1):
        yield f"packet {at} lost", Case(UploadTrouble(lost=(at,)))
        yield f"packet {at} comes twice", Case(UploadTrouble(doubled=(at,)))
    for at in (0, 99, 100, LAST - 1):
        yield f"packet {at} spoiled", Case(UploadTrouble(spoiled=(at,)))
    for at in (1, 60, 101, 200):
        yield f"battery empty after {at}", Case(UploadTrouble(battery_after=at))


def _cuts() -> Generator[tuple[str, Case]]:
    for name, command in COMMANDS.items():
        yield f"cut before {name}", Case(UploadTrouble(cut_at=command))
    for name, command in REPLIES.items():
        ends = Running.NEW if command == RESTART else Running.OLD
        yield f"cut before the reply to {name}", Case(UploadTrouble(cut_reply=command), ends=ends)
    for mtu, packets in PACKETS.items():
        for at in (1, *range(50, packets, 50), packets):
            yield f"cut after {at} at {mtu}", Case(UploadTrouble(cut_after=at), mtu)


def _words() -> Generator[tuple[str, Case]]:
    for status in STATUSES:
        yield f"init says {status:02x}", Case(UploadTrouble(init=status))
        yield f"received says {status:02x}", Case(UploadTrouble(received=status))
        yield f"verified says {status:02x}", Case(UploadTrouble(verified=status))
        yield f"restart says {status:02x}", Case(UploadTrouble(rebooting=status))
        for at in (1, 60, 101):
            trouble = UploadTrouble(breaks_off=(at, status))
            yield f"after {at} packets it says {status:02x}", Case(trouble)
    for step, command in REPLIES.items():
        ends = Running.NEW if command == RESTART else Running.OLD
        for how, says in GARBLED.items():
            trouble = UploadTrouble(garbled=command, says=says(command))
            yield f"{step} garbled: {how}", Case(trouble, ends=ends)
    for name, command in COMMANDS.items():
        yield f"{name} refused", Case(UploadTrouble(refuse=command))
    yield "second sync refused", Case(UploadTrouble(refuse_sync=1))


def _silences() -> Generator[tuple[str, Case]]:
    yield "init is silent", Case(UploadTrouble(silent_init=True))
    yield "received is silent", Case(UploadTrouble(silent_received=True))
    yield "verified is silent", Case(UploadTrouble(silent_verified=True))
    yield "restart is silent", Case(UploadTrouble(silent_reboot=True), ends=Running.NEW)
    for name, command in COMMANDS.items():
        yield f"{name} unanswered", Case(UploadTrouble(unanswered=command))


CASES: Final = dict(_cases())


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INIT", "RECEIVED", "VERIFIED", "RESTART"):
        monkeypatch.setattr(module, f"{name}_TIMEOUT", timedelta(milliseconds=300))
    monkeypatch.setattr(session, "REQUEST_TIMEOUT", timedelta(milliseconds=500))


async def _send(link: Link, file: BandFile) -> BandError | None:
    """Send a file; returns as what it failed."""
    try:
        async with upload(link, file):
            return None
    except BandError as err:
        return err


async def _fail_and_retry(lab: Lab, band: EmulatedBand, case: Case) -> BandError | None:
    """Send a firmware in spite of everything, then again; returns as what the first failed."""
    file = FIRMWARES[case.mtu]
    async with lab.open(band) as link:
        failed = await _send(link, file)
        assert band.firmware.running is case.ends
        if case.ends is Running.NEW:
            return failed
        assert band.snapshot()["reboots"] == 0
        # Who is refused keeps the link, and tries the same file again.
        if failed is not None and not isinstance(failed, UploadInterrupted):
            band._battery.set_level(77)
            assert await _send(link, file) is None
            return failed
    await band.wait_for(lambda: not band.connected)
    async with lab.open(band) as link:
        assert await read_firmware_version(link) == OLD
        assert await _send(link, file) is None
    return failed


async def _version(lab: Lab, band: EmulatedBand) -> str:
    """Read the version once the band is back."""
    await band.wait_for(lambda: not band.powered)
    await band.wait_for(lambda: band.powered and not band.connected)
    async with lab.open(band) as link:
        await read_battery(link)
        return await read_firmware_version(link)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_failed_transfer_leaves_the_old_firmware_and_a_new_try_comes_through(
    lab: Lab, case: Case
) -> None:
    asyncio.get_running_loop().set_debug(False)
    band = await lab.band(mtu=case.mtu, tick_s=0.004)
    band.faults.upload(case.trouble)
    async with asyncio.timeout(30):
        failed = await _fail_and_retry(lab, band, case)
        # Whether a band that goes away when told to restart has heard that, its version tells.
        told_in_vain = RESTART in {case.trouble.cut_at, case.trouble.unanswered}
        assert (failed is None) is (case.ends is Running.NEW or told_in_vain)
        assert await _version(lab, band) == NEW
    assert band.snapshot()["reboots"] == 1
    assert lab.all_free()


async def test_a_wrong_checksum_is_found_out_by_the_band(lab: Lab) -> None:
    band = await lab.band()
    file = replace(FIRMWARES[247], checksum=FIRMWARES[247].checksum ^ 1)
    async with lab.open(band) as link:
        assert isinstance(await _send(link, file), BandError)
        assert band.firmware.running is Running.OLD
        assert band.snapshot()["reboots"] == 0
        assert await _send(link, FIRMWARES[247]) is None
    assert await _version(lab, band) == NEW


# Cancelled


def _step(band: EmulatedBand) -> object:
    return state(band, "firmware")["step"]


def _received(band: EmulatedBand) -> int:
    received = state(band, "firmware")["received"]
    assert isinstance(received, int)
    return received


def _after(packets: int) -> Callable[[EmulatedBand], bool]:
    return lambda band: _received(band) >= packets * 244


CANCELLED: Final[dict[str, tuple[UploadTrouble, Callable[[EmulatedBand], bool]]]] = {
    "before the reply to init": (
        UploadTrouble(silent_init=True),
        lambda band: _step(band) == "accepted",
    ),
    **{f"after {at} packets": (UploadTrouble(), _after(at)) for at in (1, 50, 100, 150, 200, 245)},
    "before the reply to all bytes": (
        UploadTrouble(silent_received=True),
        lambda band: _step(band) == "received",
    ),
    "before the reply to finish": (
        UploadTrouble(silent_verified=True),
        lambda band: _step(band) == "verified",
    ),
}


@pytest.mark.parametrize(("trouble", "reached"), CANCELLED.values(), ids=CANCELLED)
async def test_a_cancelled_transfer_leaves_the_old_firmware_and_a_free_link(
    lab: Lab, trouble: UploadTrouble, reached: Callable[[EmulatedBand], bool]
) -> None:
    asyncio.get_running_loop().set_debug(False)
    band = await lab.band(mtu=247, tick_s=0.004)
    band.faults.upload(trouble)
    async with lab.open(band) as link:
        transfer = asyncio.create_task(_send(link, FIRMWARES[247]))
        await band.wait_for(lambda: reached(band))
        transfer.cancel()
        with suppress(asyncio.CancelledError):
            await transfer
        assert transfer.cancelled()
        await read_battery(link)
        assert band.firmware.running is Running.OLD
        assert band.snapshot()["reboots"] == 0
        assert await _send(link, FIRMWARES[247]) is None
    assert await _version(lab, band) == NEW
