"""What is read: device information, battery, steps, and everything at once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.clock import set_clock
from custom_components.mi_band.band.device_info import (
    DeviceInfo,
    read_device_info,
    read_firmware_version,
)
from custom_components.mi_band.band.errors import CommandRefused, MalformedPacket
from custom_components.mi_band.band.state import BandState, read_state
from custom_components.mi_band.band.steps import read_day_totals
from tests.emulator.gatt.body import AttError
from tests.emulator.gatt.device_info import Identity

from .lab import TICK_S, Lab, state, traffic


async def test_device_information_is_read_without_a_key(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        assert await read_device_info(link) == DeviceInfo(
            serial_number="7ac8d2a4d03c",
            hardware_version="0.25.18.5",
            firmware_version="1.0.9.66",
        )


async def test_the_firmware_version_is_one_read(lab: Lab) -> None:
    band = await lab.band(identity=Identity(software="V1.0.5.22"))
    async with lab.open(band, None) as link:
        assert await read_firmware_version(link) == "1.0.5.22"
    assert traffic(band, "2A28").reads == 1
    assert traffic(band, "2A25").reads == 0


async def test_a_serial_number_of_another_shape_is_none(lab: Lab) -> None:
    band = await lab.band(identity=Identity(serial="12/345"))
    async with lab.open(band, None) as link:
        assert (await read_device_info(link)).serial_number is None


async def test_a_version_that_is_no_text_is_malformed(lab: Lab) -> None:
    band = await lab.band(identity=Identity(software="V1\u00e4"))
    async with lab.open(band, None) as link:
        with pytest.raises(MalformedPacket):
            await read_firmware_version(link)


async def test_the_battery_is_read_without_a_key(lab: Lab) -> None:
    band = await lab.band(battery=41)
    async with lab.open(band, None) as link:
        battery = await read_battery(link)
    assert battery.level_percent == 41
    assert not battery.charging
    # The band was never told its zone, so its date says nothing.
    assert battery.last_charged is None


async def test_a_band_on_its_charger_says_so(lab: Lab) -> None:
    band = await lab.band(battery=41)
    band.wearer.charge(charging=True)
    async with lab.open(band, None) as link:
        assert (await read_battery(link)).charging


async def test_the_last_charge_is_told_in_the_zone_of_the_band(lab: Lab) -> None:
    now = datetime(2026, 7, 15, 12, tzinfo=ZoneInfo("Asia/Kathmandu"))
    band = await lab.band(now=lambda: now)
    async with lab.open(band) as link:
        await set_clock(link, now)
        band.wearer.charge(charging=True)
        band.wearer.charge(charging=False)
        battery = await read_battery(link)
    assert battery.last_charged == now.astimezone(UTC)
    assert battery.last_charged is not None
    assert battery.last_charged.utcoffset() == timedelta(hours=5, minutes=45)


async def test_the_totals_of_the_day_are_read(lab: Lab) -> None:
    band = await lab.band()
    band.wearer.walk(5000)
    await band.wait_for(lambda: not state(band, "steps")["walking"], timeout=100 * TICK_S)
    async with lab.open(band) as link:
        totals = await read_day_totals(link)
    assert totals.steps == band.steps
    assert totals.distance_m == state(band, "steps")["distance_m"]
    assert totals.energy_kcal == state(band, "steps")["calories_kcal"]


@pytest.mark.usefixtures("violations_expected")
async def test_the_totals_of_the_day_want_the_key(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await read_day_totals(link)
        assert caught.value.status == AttError.INSUFFICIENT_AUTHENTICATION
        # The refusal is an answer, and the link is as good as before.
        assert (await read_battery(link)).level_percent == 77
    assert [violation["characteristic"] for violation in band.violations] == ["0007"]


async def test_everything_is_read_at_once(lab: Lab) -> None:
    band = await lab.band(battery=41)
    async with lab.open(band) as link:
        known = await read_state(link, BandState())
        assert known.device is not None
        assert known.device.serial_number == "7ac8d2a4d03c"
        assert known.battery is not None
        assert known.battery.level_percent == 41
        assert known.today is not None
        assert known.today.steps == band.steps
        before = lab.faults(band).att_operations
        assert await read_state(link, known) == known
    assert lab.faults(band).att_operations - before == 3
