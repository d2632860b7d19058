"""Restart and reset on the emulated band."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.mi_band.band import reset
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.errors import CommandRefused, KeyRejected, LinkLost
from custom_components.mi_band.band.reset import factory_reset, reboot
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Firmware
from tests.vectors import reset as vectors

from .lab import Lab, say_first, traffic

_WAITS_S = 5.0


async def _until_back(band: EmulatedBand) -> None:
    await band.wait_for(lambda: band.powered and not band.connected)


async def test_a_reset_band_has_a_new_address_and_no_key(lab: Lab) -> None:
    band = await lab.band()
    address = band.address
    async with lab.open(band) as link:
        assert await factory_reset(link) is True
        # It returns when the band has hung up, not only when it said that it would.
        with pytest.raises(LinkLost):
            await read_battery(link)
    await band.wait_for(lambda: band.address != address and band.powered)
    assert not band.bound
    assert band.key is None
    assert band.steps == 0
    assert band.snapshot()["addresses"] == [address, band.address]
    with pytest.raises(KeyRejected):
        async with lab.open(band):
            pass


async def test_a_restarted_band_keeps_address_and_key(lab: Lab) -> None:
    band = await lab.band()
    address, key = band.address, band.key
    async with lab.open(band) as link:
        await reboot(link)
        with pytest.raises(LinkLost):
            await read_battery(link)
    await _until_back(band)
    assert (band.address, band.key) == (address, key)
    assert band.snapshot()["reboots"] == 1
    async with lab.open(band) as link:
        await read_battery(link)


async def test_the_commands_are_those_of_the_documents(lab: Lab) -> None:
    for operation, characteristic, command in (
        (reboot, "1531", vectors.REBOOT),
        (factory_reset, "0003", vectors.FACTORY_RESET),
    ):
        band = await lab.band(address=f"F3:4E:C4:00:00:{command[0]:02X}")
        async with lab.open(band) as link:
            await operation(link)
        assert traffic(band, characteristic).last == [command.hex(" ")]


async def test_wrong_replies_first_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    wrong = [bytes.fromhex(text) for text in ("1006170006", "10060b", "10", "1006140006")]
    say_first(monkeypatch, band, "0003", *wrong)
    async with lab.open(band) as link:
        assert await factory_reset(link) is True
    await band.wait_for(lambda: not band.bound)


async def test_a_refused_reset_leaves_everything_as_it_is(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    monkeypatch.setattr(
        band._configuration, "_act", lambda number, argument, value: 0x05, raising=True
    )
    async with lab.open(band) as link:
        with pytest.raises(CommandRefused) as caught:
            await factory_reset(link)
        assert caught.value.status == 0x05
        await read_battery(link)
    assert band.bound


async def test_a_refused_restart_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(firmware: Firmware, _: bytes) -> None:
        firmware.body.notify("1531", b"\x10\x05\x05")

    monkeypatch.setattr(Firmware, "_write", refuse)
    band = await lab.band()
    async with lab.open(band) as link:
        with pytest.raises(CommandRefused) as caught:
            await reboot(link)
        assert caught.value.status == 0x05
        await read_battery(link)


@pytest.mark.parametrize("what", ["lose", "garble"])
async def test_a_reset_whose_reply_is_lost_is_done_and_not_confirmed(lab: Lab, what: str) -> None:
    band = await lab.band()
    getattr(band.faults, what)("0003")
    async with lab.open(band) as link:
        assert await factory_reset(link) is False
    await band.wait_for(lambda: not band.bound)


async def test_a_band_that_does_not_hang_up_is_not_waited_for_for_ever(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reset, "LEAVING_TIMEOUT", timedelta(milliseconds=50))
    band = await lab.band(tick_s=60)
    async with lab.open(band) as link, asyncio.timeout(_WAITS_S):
        assert await factory_reset(link) is True
        await read_battery(link)


@pytest.mark.parametrize("operation", [1, 2])
async def test_a_reset_that_is_cut_never_claims_what_is_not_so(lab: Lab, operation: int) -> None:
    band = await lab.band()
    async with lab.open(band) as link, asyncio.timeout(_WAITS_S):
        band.faults.cut_after(operation)
        if operation == 1:
            with pytest.raises(LinkLost):
                await factory_reset(link)
        else:
            # The command has arrived; whether its reply came through is a matter of luck.
            await factory_reset(link)
    await band.wait_for(lambda: band.powered and band.bound is (operation == 1))
    assert lab.all_free()


@pytest.mark.parametrize("operation", [1, 2])
async def test_a_restart_that_is_cut_is_told_and_works_again(lab: Lab, operation: int) -> None:
    band = await lab.band()
    async with lab.open(band) as link, asyncio.timeout(_WAITS_S):
        band.faults.cut_after(operation)
        with pytest.raises(LinkLost):
            await reboot(link)
    assert lab.all_free()
    reboots = operation - 1
    await band.wait_for(lambda: band.snapshot()["reboots"] == reboots)
    if reboots:
        await band.wait_for(lambda: not band.powered)
    await _until_back(band)
    async with lab.open(band) as link, asyncio.timeout(_WAITS_S):
        await reboot(link)
    assert band.snapshot()["reboots"] == reboots + 1
