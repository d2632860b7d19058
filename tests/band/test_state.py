"""How events change what is known of a band."""

from dataclasses import replace
from datetime import UTC, datetime
import logging

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.battery import Battery
from custom_components.mi_band.band.device_info import DeviceInfo
from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.events import DeviceEvent, UnknownEvent, WorkoutEvent
from custom_components.mi_band.band.heart_rate import HeartRate
from custom_components.mi_band.band.link import Packet
from custom_components.mi_band.band.settings import Settings
from custom_components.mi_band.band.state import (
    WATCHED,
    BandState,
    apply,
    decode_packet,
    read_state,
)
from custom_components.mi_band.band.steps import DayTotals
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import battery, device_info, events, heart_rate, steps

from .scripted import ScriptedLink

_BATTERY = battery.VALUES[0]
_TOTALS = steps.TOTALS[0]
_FULL = BandState(
    device=DeviceInfo(serial_number=None, hardware_version="1", firmware_version="2"),
    battery=_BATTERY.value,
    today=_TOTALS.value,
    last_sync=datetime(2026, 1, 1, tzinfo=UTC),
    settings=Settings(chosen={"step_goal": 8000}),
    connected=True,
    heart_rate_bpm=72,
    worn=True,
    asleep=False,
    working_out=True,
    signal_dbm=-60,
)
_EVENTS = st.one_of(
    st.sampled_from([vector.value for vector in battery.VALUES]),
    st.sampled_from([vector.value for vector in steps.TOTALS]),
    st.sampled_from([HeartRate(vector.value) for vector in heart_rate.READINGS]),
    st.sampled_from([vector.value for vector in events.EVENTS]),
    st.sampled_from([vector.value for vector in events.WORKOUTS]),
    st.sampled_from([vector.value for vector in events.UNKNOWN]),
)


@pytest.mark.parametrize(
    ("event", "after"),
    [
        (_BATTERY.value, BandState(battery=_BATTERY.value)),
        (_TOTALS.value, BandState(today=_TOTALS.value)),
        (HeartRate(72), BandState(heart_rate_bpm=72, worn=True)),
        (DeviceEvent.FELL_ASLEEP, BandState(asleep=True)),
        (DeviceEvent.WOKE_UP, BandState(asleep=False)),
        (DeviceEvent.NOT_WORN, BandState(worn=False)),
        (WorkoutEvent.STARTED, BandState(working_out=True)),
        (WorkoutEvent.PAUSED, BandState(working_out=True)),
        (WorkoutEvent.RESUMED, BandState(working_out=True)),
        (WorkoutEvent.ENDED, BandState(working_out=False)),
    ],
    ids=str,
)
def test_an_event_becomes_state(
    event: Battery | DayTotals | HeartRate | DeviceEvent | WorkoutEvent, after: BandState
) -> None:
    assert apply(BandState(), event) == after


def test_a_band_that_is_taken_off_has_no_pulse() -> None:
    after = apply(replace(BandState(), heart_rate_bpm=72, worn=True), DeviceEvent.NOT_WORN)
    assert after == BandState(worn=False)


def test_a_pulse_is_a_sign_of_being_worn() -> None:
    assert apply(BandState(worn=False), HeartRate(60)).worn is True


def test_no_result_leaves_the_last_pulse() -> None:
    assert apply(_FULL, HeartRate(None)) is _FULL


@pytest.mark.parametrize(
    "event",
    [
        *(event for event in DeviceEvent if event.name.startswith(("MUSIC", "CALL", "ALARM"))),
        DeviceEvent.GOAL_REACHED,
        UnknownEvent(b"\x16\xf7\x00"),
        _BATTERY.value,
        _TOTALS.value,
    ],
    ids=str,
)
def test_an_event_without_news_returns_the_same_state(
    event: Battery | DayTotals | DeviceEvent | UnknownEvent,
) -> None:
    assert apply(_FULL, event) is _FULL


@given(st.lists(_EVENTS, max_size=12))
def test_any_events_keep_what_no_event_tells(
    happened: list[Battery | DayTotals | HeartRate | DeviceEvent | UnknownEvent],
) -> None:
    state = _FULL
    for event in happened:
        state = apply(state, event)
    assert (state.device, state.settings, state.last_sync) == (
        _FULL.device,
        _FULL.settings,
        _FULL.last_sync,
    )
    assert state.connected
    assert state.worn or state.heart_rate_bpm is None


@pytest.mark.parametrize(
    ("before", "acknowledged", "after"),
    [
        (None, None, None),
        # A firmware that never acknowledges looks like this for ever.
        (None, False, None),
        (None, True, 0),
        (0, False, 1),
        (1, False, 2),
        (2, None, 2),
        (2, True, 0),
    ],
)
def test_alerts_without_an_acknowledgement_are_counted_once_there_was_one(
    *, before: int | None, acknowledged: bool | None, after: int | None
) -> None:
    state = BandState(unacknowledged_alerts=before).after_alert(acknowledged)
    assert state.unacknowledged_alerts == after


def test_without_a_link_only_what_is_recorded_remains() -> None:
    assert _FULL.without_link() == BandState(
        device=_FULL.device,
        battery=_FULL.battery,
        today=_FULL.today,
        last_sync=_FULL.last_sync,
        settings=_FULL.settings,
    )


@pytest.mark.parametrize(
    ("characteristic", "value", "event"),
    [
        (Characteristic.BATTERY, _BATTERY.packet, _BATTERY.value),
        (Characteristic.STEPS, _TOTALS.packet, _TOTALS.value),
        (Characteristic.HEART_RATE_MEASUREMENT, b"\x00\x48", HeartRate(72)),
        (Characteristic.DEVICE_EVENT, b"\x08", DeviceEvent.FIND_PHONE_STARTED),
        (Characteristic.WORKOUT, b"\x11\x05", WorkoutEvent.ENDED),
    ],
    ids=lambda value: value.name if isinstance(value, Characteristic) else "",
)
def test_a_notification_is_decoded_by_its_characteristic(
    characteristic: Characteristic,
    value: bytes,
    event: Battery | DayTotals | HeartRate | DeviceEvent | WorkoutEvent,
) -> None:
    assert decode_packet(Packet(characteristic, value)) == event


def test_a_notification_that_is_not_watched_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="CONFIGURATION"):
        decode_packet(Packet(Characteristic.CONFIGURATION, b""))


@given(characteristic=st.sampled_from(WATCHED), value=st.binary(max_size=24))
def test_arbitrary_notifications_are_events_or_malformed(
    characteristic: Characteristic, value: bytes
) -> None:
    try:
        event = decode_packet(Packet(characteristic, value))
    except MalformedPacket:
        return
    assert apply(_FULL, event).connected


_VALUES = {
    Characteristic.SERIAL_NUMBER: device_info.SERIAL_NUMBER.packet,
    Characteristic.HARDWARE_REVISION: device_info.HARDWARE.packet,
    Characteristic.SOFTWARE_REVISION: device_info.FIRMWARE.packet,
    Characteristic.BATTERY: _BATTERY.packet,
    Characteristic.STEPS: _TOTALS.packet,
}


async def test_serial_number_and_hardware_are_read_only_once() -> None:
    values = dict(_VALUES)
    first = await read_state(ScriptedLink(values=values), BandState())
    assert first == BandState(
        device=DeviceInfo(
            serial_number="7ac8d2a4d03c",
            hardware_version="0.25.18.5",
            firmware_version="1.0.9.66",
        ),
        battery=_BATTERY.value,
        today=_TOTALS.value,
    )
    del values[Characteristic.SERIAL_NUMBER], values[Characteristic.HARDWARE_REVISION]
    values[Characteristic.SOFTWARE_REVISION] = b"V1.0.9.99"
    second = await read_state(ScriptedLink(values=values), first)
    assert first.device is not None
    assert second.device == replace(first.device, firmware_version="1.0.9.99")


@pytest.mark.parametrize("packet", [b"", b"\x0c", b"\x0c\xff" + bytes(18)])
async def test_what_no_document_explains_is_told_once_and_keeps_nothing_else_away(
    packet: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    values = _VALUES | {Characteristic.BATTERY: packet, Characteristic.STEPS: packet}
    link = ScriptedLink(values=values)
    first = await read_state(link, BandState())
    assert (first.battery, first.today) == (None, None)
    assert first.device is not None
    assert [caplog.text.count(f"of {name}") for name in ("BATTERY", "STEPS")] == [1, 1]
    known = replace(first, battery=_BATTERY.value, today=_TOTALS.value)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert await read_state(link, known) == known
    assert not caplog.text
