"""Every operation with the link cut at each of its reads and writes.

An operation that is cut ends in `LinkLost`: never in a wrong key, a refusal, a time-out or nothing
at all. Afterwards the adapter is free and the same operation works on a new connection.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import override
from zoneinfo import ZoneInfo

import pytest

from custom_components.mi_band.band.alarms import clear_alarm, read_alarms, set_alarm
from custom_components.mi_band.band.alerts import Alert, Category, send_alert
from custom_components.mi_band.band.auth import authenticate
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.binding import LocalKey, bind, probe_binding
from custom_components.mi_band.band.calls import hang_up, ring
from custom_components.mi_band.band.clock import set_clock
from custom_components.mi_band.band.device_info import read_device_info, read_firmware_version
from custom_components.mi_band.band.errors import KeyRejected, LinkLost
from custom_components.mi_band.band.events import DeviceEvent
from custom_components.mi_band.band.fetch import RecordKind, fetch
from custom_components.mi_band.band.find import answer_find_phone, stop_vibrating, vibrate_once
from custom_components.mi_band.band.heart_rate import (
    measure_continuously,
    start_measurement,
    stop_measurement,
)
from custom_components.mi_band.band.link import Link, Operation
from custom_components.mi_band.band.music import send_music, send_volume
from custom_components.mi_band.band.profile import set_profile
from custom_components.mi_band.band.reminders import clear_reminder, set_reminder
from custom_components.mi_band.band.settings import (
    DISTANCE_UNIT,
    HEART_RATE_INTERVAL,
    STEP_GOAL,
    Values,
    apply_change,
    differences,
)
from custom_components.mi_band.band.state import BandState, read_state, watch
from custom_components.mi_band.band.steps import read_day_totals
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.band.weather import send_weather
from tests.emulator.band import EmulatedBand
from tests.emulator.wearer import Policy
from tests.vectors import alarms, music, profile as vectors, reminders, weather

from .lab import KEY, Lab, items, run, state

_NOW = datetime(2026, 7, 15, 12, tzinfo=ZoneInfo("Europe/Berlin"))
_WAITS_S = 10.0
"""More than any operation takes here; waiting longer is hanging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """An operation, and how many reads and writes it is on a fresh session."""

    name: str
    operation: Operation[object]
    operations: int
    profile: str = "bound"
    keyless: bool = False
    """Run on a session that has not shown a key."""
    narrow: bool = False
    """Run on a link with an ATT MTU of 23."""
    unanswered: bool = False
    """The last write is a command that nothing answers: whether it arrived nobody can tell."""

    @override
    def __str__(self) -> str:
        """The name, for pytest."""
        return self.name


@dataclass(frozen=True, slots=True)
class Cut:
    """A procedure and the read or write after which the link is gone."""

    procedure: Procedure
    operation: int

    @override
    def __str__(self) -> str:
        """The name, for pytest."""
        return f"{self.procedure}, {self.operation} of {self.procedure.operations}"


async def _pair(link: Link) -> None:
    """Pair as the flow does it."""
    await read_battery(link)
    assert await probe_binding(link) == LocalKey()
    await bind(link, KEY)
    await authenticate(link, KEY)


async def _watch(link: Link) -> None:
    """Watch until the wearer looks for the phone."""
    async with watch(link) as events:
        async for event in events:
            if event is DeviceEvent.FIND_PHONE_STARTED:
                return


async def _first_sync(link: Link) -> None:
    """Put everything on the band that a first pairing does."""
    await set_clock(link, _NOW)
    await set_profile(link, vectors.PROFILES[0].value)
    for change in differences(_CHOSEN, {}):
        await apply_change(link, change)


_CHOSEN: Values = {
    "step_goal": 8000,
    "wear_location": "left",
    "language": "german",
    "time_format": "twenty_four_hours",
    "distance_unit": "metric",
}
_ALERT = Alert(title="Alice", body="0123456789" * 10)
_MISSED = Alert(title="Alice", body="missed call", look=Category.MISSED_CALL)


async def _fetch(link: Link) -> None:
    """Ask for minutes that the band does not have."""
    async with fetch(link, RecordKind.MINUTES, _NOW):
        pass


PROCEDURES = (
    Procedure(
        name="authenticate",
        operation=lambda link: authenticate(link, KEY),
        operations=3,
        keyless=True,
    ),
    Procedure(name="probe", operation=probe_binding, operations=2, keyless=True),
    Procedure(name="pair", operation=_pair, operations=6, profile="v1_new", keyless=True),
    Procedure(name="battery", operation=read_battery, operations=1, keyless=True),
    Procedure(name="device information", operation=read_device_info, operations=3, keyless=True),
    Procedure(name="firmware", operation=read_firmware_version, operations=1, keyless=True),
    Procedure(name="steps", operation=read_day_totals, operations=1),
    Procedure(
        name="everything", operation=lambda link: read_state(link, BandState()), operations=5
    ),
    Procedure(name="clock", operation=lambda link: set_clock(link, _NOW), operations=2),
    Procedure(
        name="profile",
        operation=lambda link: set_profile(link, vectors.PROFILES[0].value),
        operations=1,
    ),
    Procedure(
        name="goal", operation=lambda link: apply_change(link, STEP_GOAL.to(8000)), operations=1
    ),
    Procedure(
        name="setting",
        operation=lambda link: apply_change(link, DISTANCE_UNIT.to("imperial")),
        operations=2,
    ),
    Procedure(name="first sync", operation=_first_sync, operations=9),
    Procedure(name="one measurement", operation=start_measurement, operations=3),
    Procedure(name="stop measuring", operation=stop_measurement, operations=1),
    Procedure(
        name="interval",
        operation=lambda link: apply_change(link, HEART_RATE_INTERVAL.to("5_min")),
        operations=1,
    ),
    Procedure(name="alert", operation=lambda link: send_alert(link, _ALERT), operations=2),
    Procedure(
        name="alert in pieces",
        operation=lambda link: send_alert(link, _ALERT),
        operations=9,
        narrow=True,
    ),
    Procedure(
        name="missed call",
        operation=lambda link: send_alert(link, _MISSED),
        operations=1,
        keyless=True,
    ),
    Procedure(name="call", operation=lambda link: ring(link, "Alice"), operations=3),
    Procedure(name="end of a call", operation=hang_up, operations=1, keyless=True),
    Procedure(
        name="alarm",
        operation=lambda link: set_alarm(link, alarms.LISTED[0]),
        operations=2,
    ),
    Procedure(name="no alarm", operation=lambda link: clear_alarm(link, 0), operations=2),
    Procedure(name="alarms", operation=lambda link: read_alarms(link, ()), operations=2),
    Procedure(
        name="weather",
        operation=lambda link: send_weather(link, weather.RECORDS[0].value),
        operations=2,
    ),
    Procedure(
        name="forecast in pieces",
        operation=lambda link: send_weather(link, weather.RECORDS[3].value),
        operations=3,
        narrow=True,
    ),
    Procedure(
        name="music", operation=lambda link: send_music(link, music.PLAYING.value), operations=2
    ),
    Procedure(name="volume", operation=lambda link: send_volume(link, 50), operations=2),
    Procedure(
        name="reminder",
        operation=lambda link: set_reminder(link, reminders.REMINDERS[0].value),
        operations=2,
    ),
    Procedure(
        name="no reminder",
        operation=lambda link: clear_reminder(link, 0, event=False),
        operations=2,
    ),
    Procedure(name="fetch", operation=_fetch, operations=4),
    Procedure(name="vibrate", operation=vibrate_once, operations=1, unanswered=True),
    Procedure(name="stop", operation=stop_vibrating, operations=1, unanswered=True),
    Procedure(
        name="find phone",
        operation=lambda link: answer_find_phone(link, found=True),
        operations=2,
    ),
)

CUTS = [
    Cut(procedure, operation)
    for procedure in PROCEDURES
    for operation in range(1, procedure.operations + 1)
]


async def _band(lab: Lab, procedure: Procedure) -> EmulatedBand:
    if procedure.narrow:
        lab.adapter.mtu = None
    return await lab.band(
        profile=procedure.profile,
        policy=Policy.ACCEPT,
        mtu=23 if procedure.narrow else 247,
        now=lambda: _NOW,
    )


def _key(procedure: Procedure) -> bytes | None:
    return None if procedure.keyless else KEY


@pytest.mark.parametrize("procedure", PROCEDURES, ids=str)
async def test_a_procedure_is_as_many_reads_and_writes_as_it_needs(
    lab: Lab, procedure: Procedure
) -> None:
    band = await _band(lab, procedure)
    async with lab.open(band, _key(procedure)) as link:
        before = lab.faults(band).att_operations
        await procedure.operation(link)
        # A command is done when it is sent; one read later it has arrived.
        await read_battery(link)
        assert lab.faults(band).att_operations - before == procedure.operations + 1


@pytest.mark.parametrize("cut", CUTS, ids=str)
async def test_an_operation_whose_link_is_cut_ends_and_works_again(lab: Lab, cut: Cut) -> None:
    procedure = cut.procedure
    band = await _band(lab, procedure)
    async with lab.open(band, _key(procedure)) as link:
        band.faults.cut_after(cut.operation)
        doing = asyncio.ensure_future(procedure.operation(link))
        await asyncio.wait([doing], timeout=_WAITS_S)
        assert doing.done()
        if procedure.unanswered and cut.operation == procedure.operations:
            assert doing.exception() is None
        else:
            assert isinstance(doing.exception(), LinkLost)
        await band.wait_for(lambda: not band.connected)
        with pytest.raises(LinkLost):
            await read_battery(link)
    assert lab.all_free()
    async with lab.open(band, _key(procedure)) as link, asyncio.timeout(_WAITS_S):
        await procedure.operation(link)
    assert lab.all_free()


@pytest.mark.parametrize("operation", range(1, 5))
async def test_watching_whose_link_is_cut_while_subscribing_ends(lab: Lab, operation: int) -> None:
    band = await lab.band()
    band.faults.cut_after(3 + operation)
    async with asyncio.timeout(_WAITS_S):
        with pytest.raises(LinkLost):
            await run(lab.open(band), _watch)
    assert lab.all_free()
    async with asyncio.timeout(_WAITS_S), lab.open(band) as link, asyncio.TaskGroup() as group:
        group.create_task(_watch(link))
        await band.wait_for(lambda: band._body.subscribed("0010"))
        band.wearer.find_phone()


@pytest.mark.parametrize("operation", range(1, 4))
async def test_measuring_all_the_time_ends_with_the_link(lab: Lab, operation: int) -> None:
    band = await lab.band()
    async with (
        asyncio.timeout(_WAITS_S),
        lab.open(band) as link,
        link.notifications(Characteristic.HEART_RATE_MEASUREMENT),
    ):
        band.faults.cut_after(operation)
        with pytest.raises(LinkLost):
            await measure_continuously(link, asyncio.get_running_loop().time)
    assert state(band, "heart_rate")["continuous"] is False
    assert lab.all_free()


@pytest.mark.parametrize("operation", range(1, 7))
async def test_a_pairing_that_is_cut_is_never_a_wrong_key_and_never_asks_twice_for_a_tap(
    lab: Lab, operation: int
) -> None:
    band = await lab.band(profile="v1_new", policy=Policy.ACCEPT)
    band.faults.cut_after(operation)
    with pytest.raises(LinkLost):
        await run(lab.open(band, None), _pair)
    # The key was stored if the tap came through, whether we heard of it or not.
    async with lab.open(band, None) as link:
        try:
            await authenticate(link, KEY)
        except KeyRejected:
            assert band.key is None
            await _pair(link)
    assert band.key == KEY
    assert band.vibrations <= 2


async def test_an_alert_that_is_cut_is_not_shown_in_part(lab: Lab) -> None:
    band = await lab.band(mtu=23)
    lab.adapter.mtu = None
    for operation in range(1, 9):
        band.faults.cut_after(3 + operation)
        with pytest.raises(LinkLost):
            await run(lab.open(band), lambda link: send_alert(link, _ALERT))
        assert items(band, "alerts") == []
    await run(lab.open(band), lambda link: send_alert(link, _ALERT))
    (shown,) = items(band, "alerts")
    assert shown["body"] == _ALERT.body
