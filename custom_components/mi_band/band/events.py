"""What the band reports when it happens: one notification an event.

    bytes    event                          bytes    event
    01       fell asleep                    fe 00    music: play
    02       woke up                        fe 01    music: pause
    03       step goal reached              fe 03    music: next
    06       not worn any more              fe 04    music: previous
    07       call rejected                  fe 05    music: volume up
    08       find phone: start              fe 06    music: volume down
    09       call ignored                   fe e0    music screen opened
    0a       alarm switched on the band     fe e1    music screen closed
    0f       find phone: stop               16 mtu   ATT MTU in force, 16 bits
    1a       alarm edited on the band

Workouts have a characteristic of their own:

    11 02    workout started                11 04    workout goes on
    11 03    workout paused                 11 05    workout ended

Whether other bytes follow those of an event is not documented, so they are passed over.
Source: protocol-control.md sections 19.1 and 19.3.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, unique
from typing import Final


@unique
class DeviceEvent(Enum):
    """Something happened on the band; the value is how its notification begins."""

    FELL_ASLEEP = b"\x01"
    WOKE_UP = b"\x02"
    GOAL_REACHED = b"\x03"
    NOT_WORN = b"\x06"
    CALL_REJECTED = b"\x07"
    FIND_PHONE_STARTED = b"\x08"
    CALL_IGNORED = b"\x09"
    ALARM_TOGGLED = b"\x0a"
    FIND_PHONE_STOPPED = b"\x0f"
    ALARM_CHANGED = b"\x1a"
    MUSIC_PLAY = b"\xfe\x00"
    MUSIC_PAUSE = b"\xfe\x01"
    MUSIC_NEXT = b"\xfe\x03"
    MUSIC_PREVIOUS = b"\xfe\x04"
    MUSIC_VOLUME_UP = b"\xfe\x05"
    MUSIC_VOLUME_DOWN = b"\xfe\x06"
    MUSIC_OPENED = b"\xfe\xe0"
    MUSIC_CLOSED = b"\xfe\xe1"


@unique
class WorkoutEvent(IntEnum):
    """What became of a workout on the band; the value is the second byte of its notification."""

    STARTED = 0x02
    PAUSED = 0x03
    RESUMED = 0x04
    ENDED = 0x05


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A notification that no source explains, kept as it came."""

    value: bytes


_WORKOUT: Final = 0x11
_PREFIX_LENGTHS = sorted({len(event.value) for event in DeviceEvent}, reverse=True)
_BY_PREFIX = {event.value: event for event in DeviceEvent}


def decode_event(value: bytes) -> DeviceEvent | UnknownEvent:
    """Decode a device event; what is not known, the empty packet included, is kept."""
    for length in _PREFIX_LENGTHS:
        if event := _BY_PREFIX.get(value[:length]):
            return event
    return UnknownEvent(value)


def decode_workout_event(value: bytes) -> WorkoutEvent | UnknownEvent:
    """Decode an event of a workout; what is not known, the empty packet included, is kept."""
    match [*value]:
        case [first, step, *_] if first == _WORKOUT and step in WorkoutEvent:
            return WorkoutEvent(step)
        case _:
            return UnknownEvent(value)
