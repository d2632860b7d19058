"""Reminders and calendar events, as messages and as the packets that carry them."""

from datetime import UTC, datetime, timedelta
from typing import Final

from custom_components.mi_band.band.reminders import Reminder, Repeat

from . import Origin, Vector

_SOURCE = "protocol-control.md section 13"
_MORNING = datetime(2024, 5, 20, 9, tzinfo=UTC)


def _vector(name: str, packet: str, reminder: Reminder) -> Vector[Reminder]:
    return Vector(
        name=name,
        packet=bytes.fromhex(packet),
        value=reminder,
        origin=Origin.COMPUTED,
        source=_SOURCE,
    )


_PILLS: Final = Reminder(slot=0, begin=_MORNING, text="Take pills")
_GYM: Final = Reminder(
    slot=1,
    begin=_MORNING + timedelta(hours=9, minutes=30),
    text="Gym",
    repeat=Repeat.MONDAY,
)
_STANDUP: Final = Reminder(
    slot=0, begin=_MORNING, end=_MORNING + timedelta(hours=1, minutes=30), text="Standup"
)

REMINDERS: Final = (
    _vector("once", "0b 00 09000000 e80705140900 00 54616b652070696c6c73 00", _PILLS),
    _vector("every Monday", "0b 01 29000000 e8070514121e 00 47796d 00", _GYM),
    _vector("an event", "0b 00 0d000000 e80705140900 e80705140a1e 00 5374616e647570 00", _STANDUP),
)
PACKETS: Final = (
    (
        _PILLS,
        bytes.fromhex("0002000b0009000000e80705140900 0054616b65"),
        bytes.fromhex("0082012070696c6c7300"),
    ),
    (_GYM, bytes.fromhex("00c2000b0129000000e8070514121e 0047796d00")),
    (
        _STANDUP,
        bytes.fromhex("0002000b000d000000e80705140900 e80705140a"),
        bytes.fromhex("0082011e005374616e64757000"),
    ),
)
"""The same at an ATT MTU of 23, as the document has them."""

EMPTY: Final = Vector(
    name="an empty slot",
    packet=bytes.fromhex("0b 05 08000000 00"),
    value=5,
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
EMPTY_EVENT: Final = Vector(
    name="an empty slot that held an event",
    packet=bytes.fromhex("0b 05 08000000") + bytes(14),
    value=5,
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
