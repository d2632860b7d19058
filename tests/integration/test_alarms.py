"""Alarms: pairs of a time and a switch, the action, and what the wearer changes on the band."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
import voluptuous as vol

from custom_components.mi_band.band import alarms
from custom_components.mi_band.band.state import BandState
from tests.emulator.gatt.alarms import ReadForms
from tests.vectors import alarms as vectors

from .bands import MakeBand
from .flow import KEY
from .house import House, until

WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def _sent(house: House) -> list[str]:
    """Return the alarms that were written, as on the air."""
    written = house.band._body.traffic["0003"].last
    return [packet for packet in written if packet and packet.startswith("02 ")]


async def _until_on_band(house: House, *expected: dict[str, Any]) -> None:
    await until(lambda: house.on_band("alarms") == list(expected))


async def test_a_time_makes_an_alarm_that_its_switch_turns_on(house: House) -> None:
    assert house.value("time", "alarm_1") == STATE_UNKNOWN
    assert house.value("switch", "alarm_1") == STATE_OFF
    await house.act("time", "alarm_1", "set_value", time="07:30:00")
    assert house.value("time", "alarm_1") == "07:30:00"
    assert house.value("switch", "alarm_1") == STATE_OFF
    await house.act("switch", "alarm_1", "turn_on")
    assert house.value("switch", "alarm_1") == STATE_ON
    await house.act("switch", "alarm_1", "turn_off")
    assert _sent(house) == ["02 00 07 1e 80", "02 80 07 1e 80", "02 00 07 1e 80"]


async def test_a_switch_without_a_time_says_what_is_missing(house: House) -> None:
    with pytest.raises(ServiceValidationError, match="no time yet"):
        await house.act("switch", "alarm_2", "turn_on")
    await house.act("switch", "alarm_2", "turn_off")
    assert _sent(house) == []


@pytest.mark.parametrize(
    ("fields", "packet"),
    [
        ({"alarm": 1, "time": "07:30", "days": WORKDAYS}, vectors.ALARMS[0].packet),
        ({"alarm": 4, "time": "22:05", "snooze": False}, vectors.ALARMS[1].packet),
        (
            {"alarm": 2, "time": "06:00", "days": [*WORKDAYS, "sat", "sun"], "enabled": False},
            vectors.ALARMS[2].packet,
        ),
        ({"alarm": 3, "remove": True}, vectors.EMPTY.packet),
    ],
    ids=["workdays", "once", "daily", "remove"],
)
async def test_the_action_writes_the_documented_bytes(
    house: House, fields: dict[str, object], packet: bytes
) -> None:
    await house.call("set_alarm", **fields)
    assert _sent(house) == [packet.hex(" ")]


async def test_the_action_leaves_alone_what_is_not_said(house: House) -> None:
    await house.call("set_alarm", alarm=1, time="07:30", days=WORKDAYS, snooze=False)
    await house.call("set_alarm", alarm=1, time="08:00")
    (alarm,) = house.on_band("alarms")
    assert (alarm["hour"], alarm["days"], alarm["snooze"]) == (8, vectors.WORKDAYS, False)
    assert house.state("switch", "alarm_1").attributes["days"] == WORKDAYS
    await house.call("set_alarm", alarm=1, days=[])
    assert house.on_band("alarms")[0]["days"] == 0x80
    assert house.state("switch", "alarm_1").attributes["days"] == []
    await house.call("set_alarm", alarm=1, remove=True)
    assert house.on_band("alarms") == []
    assert house.value("time", "alarm_1") == STATE_UNKNOWN
    assert "days" not in house.state("switch", "alarm_1").attributes


async def test_an_alarm_without_a_time_is_refused(house: House) -> None:
    with pytest.raises(ServiceValidationError, match="Alarm 5 has no time yet"):
        await house.call("set_alarm", alarm=5, days=WORKDAYS)


async def test_changes_at_the_same_time_build_on_each_other(house: House) -> None:
    await house.call("set_alarm", alarm=1, time="06:00", enabled=False)
    # As a scene does, or a finger while the link is made.
    await asyncio.gather(
        house.act("time", "alarm_1", "set_value", time="07:30:00"),
        house.act("switch", "alarm_1", "turn_on"),
        house.call("set_alarm", alarm=1, days=WORKDAYS),
    )
    (alarm,) = house.on_band("alarms")
    assert (alarm["hour"], alarm["enabled"], alarm["days"]) == (7, True, vectors.WORKDAYS)
    assert house.value("time", "alarm_1") == "07:30:00"
    assert house.value("switch", "alarm_1") == STATE_ON
    # A time and its switch for an empty slot, too.
    await asyncio.gather(
        house.act("time", "alarm_2", "set_value", time="08:15:00"),
        house.act("switch", "alarm_2", "turn_on"),
    )
    assert house.value("switch", "alarm_2") == STATE_ON


@pytest.mark.parametrize(
    "fields",
    [{}, {"alarm": 0}, {"alarm": 11}, {"alarm": 1, "days": ["someday"]}, {"alarm": 1, "time": 25}],
    ids=str,
)
async def test_an_alarm_that_makes_no_sense_is_refused(
    house: House, fields: dict[str, object]
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("set_alarm", **fields)


async def test_every_slot_has_its_pair_and_most_wait_to_be_enabled(
    house: House, hass: HomeAssistant
) -> None:
    registry = er.async_get(hass)
    for platform in ("time", "switch"):
        entities = [
            registry.async_get(house.entity_id(platform, f"alarm_{number}"))
            for number in range(1, 11)
        ]
        assert [bool(entity and entity.disabled) for entity in entities] == [False] * 3 + [True] * 7


# What the wearer does on the band


async def test_what_is_changed_on_the_band_is_seen_at_once(house: House) -> None:
    await house.call("set_alarm", alarm=1, time="07:30", days=WORKDAYS, snooze=False)
    house.band.wearer.toggle_alarm(0)
    await house.until_state("switch", "alarm_1", STATE_OFF)
    house.band.wearer.edit_alarm(0, 9, 45)
    await house.until_state("time", "alarm_1", "09:45:00")
    assert house.state("switch", "alarm_1").attributes["snooze"] is False


@pytest.mark.parametrize("forms", [ReadForms.BOTH, ReadForms.SHORT])
async def test_what_is_set_while_the_band_is_asked_is_not_forgotten(
    house: House, forms: ReadForms
) -> None:
    house.band._configuration.alarms.forms = forms
    await house.call("set_alarm", alarm=1, time="06:00", snooze=True)
    asked = house.band._body.traffic["0003"].writes
    setting = house.hass.async_create_task(
        house.call("set_alarm", alarm=1, time="07:30", snooze=False)
    )
    # What the band leaves out of its answer is what was known before the question.
    house.band.wearer.event("alarm_toggled")
    await setting
    await until(lambda: house.band._body.traffic["0003"].writes >= asked + 2)
    await house.call("sync")
    await house.hass.async_block_till_done()
    assert house.value("time", "alarm_1") == "07:30:00"
    assert house.state("switch", "alarm_1").attributes["snooze"] is False


async def test_what_is_removed_while_all_is_put_back_stays_removed(house: House) -> None:
    for number in range(1, 4):
        await house.call("set_alarm", alarm=number, time="06:00")
        await house.call(
            "set_reminder", reminder=number, text=f"{number}", when="2080-05-20 06:00:00"
        )
    coordinator = house.entry.runtime_data
    coordinator.async_publish(BandState.doubted)
    await house.lose_band()
    house.band._configuration.alarms.erase()
    await house.bring_band_back()
    for number in range(1, 4):
        await house.call("set_reminder", reminder=number, remove=True)
        await house.call("set_alarm", alarm=number, remove=True)
    await until(lambda: not coordinator.data.slots.doubtful)
    assert house.on_band("reminders") == {}
    assert house.on_band("alarms") == []
    assert coordinator.data.slots.reminders == coordinator.data.slots.alarms == ()


async def test_what_was_changed_while_the_band_was_away_is_read_when_it_is_back(
    house: House,
) -> None:
    await house.call("set_alarm", alarm=2, time="07:30")
    await house.lose_band()
    assert house.value("time", "alarm_2") == STATE_UNAVAILABLE
    house.band.wearer.edit_alarm(1, 5, 15)
    await house.bring_band_back()
    await house.until_state("time", "alarm_2", "05:15:00")


async def test_alarms_that_another_app_set_appear(house: House) -> None:
    for vector in vectors.ALARMS:
        house.band._configuration.alarms.write(vector.packet)
    await house.lose_band()
    await house.bring_band_back()
    await house.until_state("time", "alarm_1", "07:30:00")
    await house.until_state("time", "alarm_2", "06:00:00")
    assert house.value("switch", "alarm_1") == STATE_ON
    assert house.value("switch", "alarm_2") == STATE_OFF


async def test_a_band_that_tells_nothing_keeps_what_was_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((alarms, "PIECE_TIMEOUT"), (alarms, "ACKNOWLEDGEMENT_TIMEOUT")):
        monkeypatch.setattr(module, name, timedelta(milliseconds=20))
    house.band.faults.refuse(b"\xff\x01", None, 9)
    house.band.faults.refuse(b"\x0d", None, 9)
    await house.call("set_alarm", alarm=1, time="07:30")
    house.band.wearer.toggle_alarm(0)
    await until(lambda: "0d" in house.band._body.traffic["0003"].last)
    await house.lose_band()
    await house.bring_band_back()
    assert house.value("time", "alarm_1") == "07:30:00"
    # It is not asked again.
    asked = house.band._body.traffic["0003"].last
    assert len([packet for packet in asked if packet == "0d"]) == 1


async def test_alarms_outlive_a_restart(house: House, hass: HomeAssistant) -> None:
    await house.call("set_alarm", alarm=1, time="07:30", days=WORKDAYS, snooze=False)
    assert await hass.config_entries.async_unload(house.entry.entry_id)
    house.band.faults.out_of_range(value=True)
    await house.set_up()
    coordinator = house.entry.runtime_data
    (alarm,) = coordinator.data.slots.alarms
    assert alarm == alarms.Alarm(slot=0, hour=7, minute=30, days=vectors.WORKDAYS, snooze=False)


# When it goes wrong


async def test_an_alarm_that_is_cut_is_an_error_and_the_band_tells_what_it_has(
    house: House,
) -> None:
    await until(lambda: "ff 01 00 00 00" in house.band._body.traffic["0003"].last)
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.call("set_alarm", alarm=1, time="07:30")
    await until(lambda: house.on_band("connections") == 2)
    await house.until_connected()
    written = bool(house.on_band("alarms"))
    await house.until_state("time", "alarm_1", "07:30:00" if written else STATE_UNKNOWN)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only briefly for what a band does not tell, and for the next link."""
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta(milliseconds=20))
    for name in ("PIECE_TIMEOUT", "ACKNOWLEDGEMENT_TIMEOUT"):
        monkeypatch.setattr(alarms, name, timedelta(milliseconds=20))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("forms", [ReadForms.SHORT, ReadForms.NONE])
@pytest.mark.parametrize("fields", [{"alarm": 1, "time": "07:30"}, {"alarm": 2, "time": "08:00"}])
@pytest.mark.parametrize("reloaded", [False, True])
async def test_an_alarm_whose_answer_is_lost_is_there_or_not_as_was_told(
    house: House, forms: ReadForms, fields: dict[str, object], *, reloaded: bool
) -> None:
    house.band._configuration.alarms.forms = forms
    await house.call("set_alarm", alarm=1, time="06:00")
    before, links = house.on_band("alarms"), house.on_band("connections")
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.call("set_alarm", **fields)
    assert house.on_band("alarms") != before, "it has reached the band"
    if reloaded:
        assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    await until(lambda: house.on_band("connections") > links)
    await until(lambda: house.on_band("alarms") == before)
    coordinator = house.entry.runtime_data
    await until(lambda: not coordinator.data.slots.alarms_in_doubt)
    assert house.value("time", "alarm_1") == "06:00:00"
    assert house.value("time", "alarm_2") == STATE_UNKNOWN


async def test_a_refused_alarm_is_no_doubt(house: House) -> None:
    house.band.faults.refuse(b"\x02")
    with pytest.raises(HomeAssistantError):
        await house.call("set_alarm", alarm=1, time="07:30")
    assert house.entry.runtime_data.data.slots.alarms_in_doubt == ()


async def test_an_alarm_for_a_band_that_is_away_is_an_error(house: House) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("set_alarm", alarm=1, time="07:30")
    assert caught.value.translation_key == "not_connected"


async def test_an_alarm_that_the_band_refuses_is_not_shown(house: House) -> None:
    house.band.faults.refuse(b"\x02")
    with pytest.raises(HomeAssistantError) as caught:
        await house.act("time", "alarm_1", "set_value", time="07:30:00")
    assert caught.value.translation_key == "command_refused"
    assert house.value("time", "alarm_1") == STATE_UNKNOWN


async def test_a_reset_band_gets_its_alarms_and_reminders_back(
    house: House, hass: HomeAssistant, make_band: MakeBand
) -> None:
    await house.call("set_alarm", alarm=1, time="07:30", days=WORKDAYS, snooze=False)
    await house.call("set_alarm", alarm=9, time="22:05", enabled=False)
    await house.call("set_reminder", reminder=1, text="Bins", when="2080-05-20 06:00:00")
    await until(lambda: house.entry.runtime_data.data.slots.address is not None)
    before = house.band.snapshot()
    await house.band.power_off()
    await house.until_state("binary_sensor", "connected", "off")
    reset = await make_band(key=KEY, address="F3:4E:C4:00:00:99")
    hass.config_entries.async_update_entry(
        house.entry, data={**house.entry.data, "address": reset.address}
    )
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await reset.wait_for(lambda: reset.snapshot()["reminders"] == before["reminders"])
    assert reset.snapshot()["alarms"] == before["alarms"]
    # From now on the band is asked what it has.
    await until(lambda: house.entry.runtime_data.data.slots.address == reset.address)
    reset.wearer.toggle_alarm(0)
    await house.until_state("switch", "alarm_1", STATE_OFF)
