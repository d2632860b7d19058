"""Notifications of the device event characteristic, and of that for workouts."""

from enum import Enum

from custom_components.mi_band.band.events import DeviceEvent, UnknownEvent, WorkoutEvent

from . import Origin, Vector

_TABLE = "protocol-control.md section 19.1"
_WORKOUTS = "protocol-control.md section 19.3"


def _event[E: Enum](packet: str, event: E, source: str = _TABLE) -> Vector[E]:
    return Vector(
        name=event.name.lower(),
        packet=bytes.fromhex(packet),
        value=event,
        origin=Origin.COMPUTED,
        source=source,
    )


def _unknown(name: str, packet: str) -> Vector[UnknownEvent]:
    return Vector(
        name=name,
        packet=bytes.fromhex(packet),
        value=UnknownEvent(bytes.fromhex(packet)),
        origin=Origin.COMPUTED,
        source=_TABLE,
    )


EVENTS = (
    _event("01", DeviceEvent.FELL_ASLEEP),
    _event("02", DeviceEvent.WOKE_UP),
    _event("03", DeviceEvent.GOAL_REACHED),
    _event("06", DeviceEvent.NOT_WORN),
    _event("07", DeviceEvent.CALL_REJECTED),
    _event("08", DeviceEvent.FIND_PHONE_STARTED),
    _event("09", DeviceEvent.CALL_IGNORED),
    _event("0a", DeviceEvent.ALARM_TOGGLED),
    _event("0f", DeviceEvent.FIND_PHONE_STOPPED),
    _event("1a", DeviceEvent.ALARM_CHANGED),
    _event("fe00", DeviceEvent.MUSIC_PLAY),
    _event("fe01", DeviceEvent.MUSIC_PAUSE),
    _event("fe03", DeviceEvent.MUSIC_NEXT),
    _event("fe04", DeviceEvent.MUSIC_PREVIOUS),
    _event("fe05", DeviceEvent.MUSIC_VOLUME_UP),
    _event("fe06", DeviceEvent.MUSIC_VOLUME_DOWN),
    _event("fee0", DeviceEvent.MUSIC_OPENED),
    _event("fee1", DeviceEvent.MUSIC_CLOSED),
)

UNKNOWN = (
    _unknown("a button press", "04"),
    _unknown("a long press", "0b"),
    _unknown("the tick of the half hour", "0e"),
    _unknown("mute the phone", "1001"),
    _unknown("a workout opened", "14000101"),
    _unknown("the MTU in force, 247", "16f700"),
    _unknown("a music key of no source", "fe02"),
    _unknown("half a music key", "fe"),
    _unknown("nothing", ""),
)

WORKOUTS = (
    _event("1102", WorkoutEvent.STARTED, _WORKOUTS),
    _event("1103", WorkoutEvent.PAUSED, _WORKOUTS),
    _event("1104", WorkoutEvent.RESUMED, _WORKOUTS),
    _event("1105", WorkoutEvent.ENDED, _WORKOUTS),
)
