"""What the band tells without being asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
import logging

import pytest

from custom_components.mi_band.band.battery import Battery, read_battery
from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.band.events import DeviceEvent, UnknownEvent, WorkoutEvent
from custom_components.mi_band.band.heart_rate import HeartRate, start_measurement
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.settings import (
    DISTANCE_UNIT,
    SHARE_HEART_RATE,
    apply_change,
)
from custom_components.mi_band.band.state import BandEvent, BandState, apply, watch
from custom_components.mi_band.band.steps import DayTotals
from custom_components.mi_band.band.uuids import Characteristic
from tests.emulator.band import EmulatedBand
from tests.emulator.wearer import Wearer

from .lab import Lab, notify, traffic

_MTU = UnknownEvent(b"\x16\xf7\x00")


async def _next(events: AsyncIterator[BandEvent]) -> BandEvent:
    """Return the next event that is none of the link's own."""
    async with asyncio.timeout(5):
        while True:
            event = await anext(events)
            if event != _MTU:
                return event


async def _after(
    band: EmulatedBand, link: Link, act: Callable[[Wearer], None], count: int = 1
) -> list[BandEvent]:
    """Do something to the band while it is watched; return what it tells of it."""
    async with watch(link) as events:
        act(band.wearer)
        return [await _next(events) for _ in range(count)]


@pytest.mark.parametrize(
    ("act", "event"),
    [
        (Wearer.fall_asleep, DeviceEvent.FELL_ASLEEP),
        (Wearer.wake_up, DeviceEvent.WOKE_UP),
        (Wearer.take_off, DeviceEvent.NOT_WORN),
        (Wearer.find_phone, DeviceEvent.FIND_PHONE_STARTED),
        (Wearer.stop_finding_phone, DeviceEvent.FIND_PHONE_STOPPED),
        (lambda wearer: wearer.event("goal_reached"), DeviceEvent.GOAL_REACHED),
        (lambda wearer: wearer.event("call_reject"), DeviceEvent.CALL_REJECTED),
        (lambda wearer: wearer.event("call_ignore"), DeviceEvent.CALL_IGNORED),
        (lambda wearer: wearer.event("alarm_toggled"), DeviceEvent.ALARM_TOGGLED),
        (lambda wearer: wearer.event("alarm_edited"), DeviceEvent.ALARM_CHANGED),
        (lambda wearer: wearer.press_music("open"), DeviceEvent.MUSIC_OPENED),
        (lambda wearer: wearer.press_music("close"), DeviceEvent.MUSIC_CLOSED),
        (lambda wearer: wearer.press_music("play"), DeviceEvent.MUSIC_PLAY),
        (lambda wearer: wearer.press_music("pause"), DeviceEvent.MUSIC_PAUSE),
        (lambda wearer: wearer.press_music("next"), DeviceEvent.MUSIC_NEXT),
        (lambda wearer: wearer.press_music("previous"), DeviceEvent.MUSIC_PREVIOUS),
        (lambda wearer: wearer.press_music("volume_up"), DeviceEvent.MUSIC_VOLUME_UP),
        (lambda wearer: wearer.press_music("volume_down"), DeviceEvent.MUSIC_VOLUME_DOWN),
        (lambda wearer: wearer.event("button"), UnknownEvent(b"\x04")),
        (lambda wearer: wearer.event("mute_phone"), UnknownEvent(b"\x10\x01")),
        (lambda wearer: wearer.workout("open"), UnknownEvent(b"\x14\x00\x01\x01")),
        (lambda wearer: wearer.workout("start"), WorkoutEvent.STARTED),
    ],
    ids=lambda value: str(getattr(value, "name", "")),
)
async def test_what_the_wearer_does_arrives(
    lab: Lab, act: Callable[[Wearer], None], event: BandEvent
) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        assert await _after(band, link, act) == [event]


async def test_every_step_of_a_workout_arrives(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link, watch(link) as events:
        for step in ("start", "pause", "resume", "end"):
            band.wearer.workout(step)
        assert [await _next(events) for _ in range(4)] == [*WorkoutEvent]


async def test_what_a_band_does_not_have_is_not_listened_to(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        has = link.offers
        monkeypatch.setattr(
            type(link), "offers", lambda _, name: name is not Characteristic.WORKOUT and has(name)
        )
        async with watch(link) as events:
            band.wearer.workout("start")
            band.wearer.fall_asleep()
            assert await _next(events) is DeviceEvent.FELL_ASLEEP
        assert traffic(band, "000f").cccd == 0


async def test_every_step_of_a_walk_arrives(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        events = await _after(band, link, lambda wearer: wearer.walk(100), 5)
    totals = [event.steps for event in events if isinstance(event, DayTotals)]
    assert totals == [20, 40, 60, 80, 100]
    assert band.steps == 100


async def test_the_charger_is_noticed(lab: Lab) -> None:
    band = await lab.band(battery=41)
    async with lab.open(band) as link:
        (event,) = await _after(band, link, lambda wearer: wearer.charge(charging=True))
    assert isinstance(event, Battery)
    assert event.charging
    assert event.level_percent == 41


async def test_a_pulse_that_was_asked_for_comes_the_same_way(lab: Lab) -> None:
    band = await lab.band()
    band.wearer.set_heart_rate(99)
    async with lab.open(band) as link, watch(link) as events:
        await start_measurement(link)
        assert await _next(events) == HeartRate(99)


async def test_the_pulse_of_a_shared_workout_comes_unasked(lab: Lab) -> None:
    band = await lab.band()
    band.wearer.set_heart_rate(131)
    async with lab.open(band) as link, watch(link) as events:
        await apply_change(link, SHARE_HEART_RATE.to(value=True))
        band.wearer.workout("start")
        assert await _next(events) is WorkoutEvent.STARTED
        assert await _next(events) == HeartRate(131)
    assert not band.violations


async def test_watching_does_not_hold_up_a_command(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link, watch(link) as events:
        first = asyncio.create_task(_next(events))
        await apply_change(link, DISTANCE_UNIT.to("imperial"))
        band.wearer.find_phone()
        assert await first is DeviceEvent.FIND_PHONE_STARTED


async def test_what_the_band_tells_while_something_else_is_done_first_is_not_lost(
    lab: Lab,
) -> None:
    band = await lab.band()
    async with lab.open(band) as link, watch(link) as events:
        band.wearer.find_phone()
        await apply_change(link, DISTANCE_UNIT.to("imperial"))
        band.wearer.stop_finding_phone()
        await read_battery(link)
        assert await _next(events) is DeviceEvent.FIND_PHONE_STARTED
        assert await _next(events) is DeviceEvent.FIND_PHONE_STOPPED


async def test_a_doubled_event_comes_twice_and_changes_the_state_once(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        band.faults.double("0006")
        one, other = await _after(band, link, lambda wearer: wearer.set_battery(12), 2)
    assert one == other
    once = apply(BandState(), one)
    assert apply(once, other) is once


async def test_a_lost_notification_is_made_good_by_the_next(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        band.faults.lose("0007", 4)
        (event,) = await _after(band, link, lambda wearer: wearer.walk(100))
    assert isinstance(event, DayTotals)
    assert event.steps == 100


@pytest.mark.parametrize("characteristic", ["0006", "0007", "2A37"])
async def test_a_garbled_notification_is_logged_once_and_passed_over(
    lab: Lab, characteristic: str, caplog: pytest.LogCaptureFixture
) -> None:
    band = await lab.band()

    def act(wearer: Wearer) -> None:
        for _ in range(3):
            notify(band, characteristic, b"\xf0\xb2\xff")
        wearer.find_phone()

    caplog.set_level(logging.WARNING)
    async with lab.open(band) as link:
        assert await _after(band, link, act) == [DeviceEvent.FIND_PHONE_STARTED]
    ours = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert len(ours) == 1
    assert "f0" not in ours[0].getMessage()


async def test_a_garbled_event_is_kept_as_unknown(lab: Lab) -> None:
    band = await lab.band()

    def act(wearer: Wearer) -> None:
        band.faults.garble("0010")
        wearer.find_phone()

    async with lab.open(band) as link:
        assert await _after(band, link, act) == [UnknownEvent(b"\xf7")]


async def test_watching_ends_with_the_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link, watch(link) as events:
        first = asyncio.create_task(_next(events))
        await asyncio.sleep(0)
        lab.faults(band).out_of_range = True
        with pytest.raises(LinkLost):
            await first


async def test_what_arrived_before_the_link_broke_is_still_told(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link, watch(link) as events:
        notify(band, "0010", b"\x01", b"\x02")
        # What is read afterwards comes after them: now they are here, and the link ends.
        await read_battery(link)
        await lab.adapter.close_links()
        assert await _next(events) is DeviceEvent.FELL_ASLEEP
        assert await _next(events) is DeviceEvent.WOKE_UP
        with pytest.raises(LinkLost):
            await _next(events)


async def test_watching_again_costs_no_subscription(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await _after(band, link, Wearer.find_phone)
        async with watch(link) as events:
            band.wearer.stop_finding_phone()
            assert await _next(events) is DeviceEvent.FIND_PHONE_STOPPED
    for characteristic in ("0006", "0007", "0010", "2A37"):
        assert traffic(band, characteristic).cccd == 1
