"""Reminders and calendar events: 22 slots, by chunked transfer of type 2.

    offset  size  meaning
    0       1     0b
    1       1     slot, 0 to 21
    2       4     flags: 01 enabled, 04 with an end, 08 with a text, 20 to 800 weekly on Monday to
                  Sunday, 1000 monthly, 2000 yearly
    6       6     begin: year (16 bits), month, day, hour, minute, by the clock that the band shows
    12      6     end, alike; only with its flag, which makes it a calendar event
    then    1     00
    then    n     text in UTF-8, and 00

A reminder's text has at most 16 characters; how many an event's may have is not documented, so it
gets 64. [INFERRED] Flags of 08 alone and zeros behind empty a slot: one for a reminder, fourteen
for an event. Source: protocol-control.md section 13.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag, unique
import struct
from typing import Final

from .link import Link
from .texts import clean, cut
from .wire import encode_wall_clock, send_chunked

SLOTS: Final = 22
HIGHEST_REMINDER_CHARACTERS: Final = 16
HIGHEST_EVENT_CHARACTERS: Final = 64

_MESSAGE_TYPE = 2
_HEAD = struct.Struct("<BBI")
_REMINDER = 0x0B
_ENABLED, _HAS_END, _HAS_TEXT = 0x01, 0x04, 0x08
_TO_THE_MINUTE = 6
_BYTES_OF_A_CHARACTER = 4


@unique
class Repeat(IntFlag):
    """When a reminder comes again, by its flags on the wire; none for once."""

    MONDAY = 0x0020
    TUESDAY = 0x0040
    WEDNESDAY = 0x0080
    THURSDAY = 0x0100
    FRIDAY = 0x0200
    SATURDAY = 0x0400
    SUNDAY = 0x0800
    MONTHLY = 0x1000
    YEARLY = 0x2000


ONCE: Final = Repeat(0)
DAILY: Final = Repeat(0x0FE0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A reminder, or with an end a calendar event."""

    slot: int
    """0 to 21."""
    begin: datetime
    """Aware; the band gets what a clock on the wall of its zone shows."""
    end: datetime | None = None
    """Alike."""
    text: str
    repeat: Repeat = ONCE
    enabled: bool = True


def encode_reminder(reminder: Reminder) -> bytes:
    """Encode a reminder, its text cut to what the band takes.

    Raises:
        ValueError: there is no such slot.
    """
    _check_slot(reminder.slot)
    flags = _HAS_TEXT | reminder.repeat | (_ENABLED if reminder.enabled else 0)
    times = encode_wall_clock(reminder.begin)[:_TO_THE_MINUTE]
    characters = HIGHEST_REMINDER_CHARACTERS
    if reminder.end is not None:
        flags |= _HAS_END
        times += encode_wall_clock(reminder.end)[:_TO_THE_MINUTE]
        characters = HIGHEST_EVENT_CHARACTERS
    text = cut(clean(reminder.text), characters * _BYTES_OF_A_CHARACTER, characters) or " "
    return _HEAD.pack(_REMINDER, reminder.slot, flags) + times + b"\x00" + text.encode() + b"\x00"


def encode_empty(slot: int, *, event: bool) -> bytes:
    """Encode what empties a slot, which held an event or a reminder.

    Raises:
        ValueError: there is no such slot.
    """
    _check_slot(slot)
    return _HEAD.pack(_REMINDER, slot, _HAS_TEXT) + bytes(14 if event else 1)


def _check_slot(slot: int) -> None:
    if not 0 <= slot < SLOTS:
        raise ValueError("a slot is 0 to 21")


async def set_reminder(link: Link, reminder: Reminder) -> None:
    """Write a reminder or event into its slot.

    Raises:
        LinkLost: the link broke.
        ValueError: there is no such slot.
    """
    await send_chunked(link, _MESSAGE_TYPE, encode_reminder(reminder))


async def clear_reminder(link: Link, slot: int, *, event: bool) -> None:
    """Empty a slot, which held an event or a reminder.

    Raises:
        LinkLost: the link broke.
        ValueError: there is no such slot.
    """
    await send_chunked(link, _MESSAGE_TYPE, encode_empty(slot, event=event))
