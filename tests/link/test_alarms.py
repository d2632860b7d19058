"""Alarms in the slots of the emulated band."""

from dataclasses import replace

import pytest

from custom_components.mi_band.band.alarms import (
    DAILY,
    SLOTS,
    Alarm,
    Days,
    ToldAlarms,
    clear_alarm,
    read_alarms,
    set_alarm,
)
from custom_components.mi_band.band.errors import CommandRefused
from custom_components.mi_band.band.wire import write_configuration
from tests.vectors import Vector, alarms as vectors

from .lab import Lab, items, say_first, traffic

_ALL = tuple(
    Alarm(
        slot=slot,
        hour=2 * slot,
        minute=59 - slot,
        days=Days.ONCE if slot % 3 == 0 else Days(DAILY >> slot % 7),
        enabled=bool(slot % 2),
        snooze=slot != 7,
    )
    for slot in range(SLOTS)
)


def _told(*alarms: Alarm) -> ToldAlarms:
    return ToldAlarms(alarms=alarms, in_full=True)


@pytest.mark.parametrize("vector", vectors.ALARMS, ids=str)
async def test_the_band_takes_an_alarm(lab: Lab, vector: Vector[Alarm]) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await set_alarm(link, vector.value)
    assert traffic(band, "0003").last == [vector.packet.hex(" ")]
    (alarm,) = items(band, "alarms")
    assert alarm == {
        "slot": vector.value.slot,
        "enabled": vector.value.enabled,
        "snooze": vector.value.snooze,
        "hour": vector.value.hour,
        "minute": vector.value.minute,
        "days": vector.value.days.value,
    }


async def test_a_slot_is_emptied(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for alarm in vectors.LISTED:
            await set_alarm(link, alarm)
        await clear_alarm(link, 1)
        assert [alarm["slot"] for alarm in items(band, "alarms")] == [0, 3]
        await clear_alarm(link, 1)
    assert len(items(band, "alarms")) == 2


@pytest.mark.parametrize("mtu", [247, 23])
async def test_all_slots_are_read_back_as_they_were_written(lab: Lab, mtu: int) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        assert await read_alarms(link, _ALL) == _told()
        for alarm in _ALL:
            await set_alarm(link, alarm)
        assert await read_alarms(link, _ALL) == _told(*_ALL)
        # Nobody knows of snooze but who wrote it.
        without_snooze = [replace(alarm, snooze=True) for alarm in _ALL]
        assert await read_alarms(link, ()) == _told(*without_snooze)


async def test_what_was_changed_on_the_band_is_read_back(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for alarm in vectors.LISTED:
            await set_alarm(link, alarm)
        band.wearer.toggle_alarm(1)
        band.wearer.edit_alarm(3, 23, 59)
        assert await read_alarms(link, vectors.LISTED) == _told(
            vectors.LISTED[0],
            replace(vectors.LISTED[1], enabled=True),
            replace(vectors.LISTED[2], hour=23, minute=59),
        )


async def test_wrong_replies_first_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(monkeypatch, band, "0003", b"\x10\x06\x17\x00\x01", b"\x10", b"", b"\x80\x01")
    async with lab.open(band) as link:
        await set_alarm(link, vectors.LISTED[0])
        assert await read_alarms(link, ()) == _told(vectors.LISTED[0])


@pytest.mark.usefixtures("violations_expected")
async def test_a_slot_that_the_band_lacks_is_refused(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        with pytest.raises(CommandRefused) as caught:
            await write_configuration(link, b"\x02\x8f\x07\x1e\x1f", echoed=1, words="an alarm")
        assert caught.value.status == 0x04
        assert items(band, "alarms") == []
        await set_alarm(link, vectors.LISTED[0])
