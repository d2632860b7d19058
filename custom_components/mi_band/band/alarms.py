"""Alarms: ten slots on the configuration characteristic, written one at a time.

    offset size  meaning
    0      1     02
    1      1     slot, 0 to 9; bit 7 set while enabled; bit 6 set as well without snooze
    2      1     hour, 0 to 23
    3      1     minute, 0 to 59
    4      1     days: bit 0 Monday to bit 6 Sunday; 80 once; 00 empties the slot

The band replies `10 02 01`. It tells its alarms in two ways, and which of them a firmware knows is
not documented. `ff 01 00 00 00` is answered in pieces of

    offset size  meaning
    0      2     80 01
    2      1     c0 the only one, 00 the first, 40 further ones, 80 the last
    3      1     number of the piece, from 0 [INFERRED]
    4      4     01 00 00 00, in the first only
    then         count, and for each alarm slot with bit 7 while enabled, hour, minute, days

and `0d` with `10 0d 01`, five unknown bytes, a count, and for each alarm its slot with bit 4 while
enabled. Neither tells of snooze. Source: protocol-control.md sections 12 and 4.5.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import IntFlag, unique
from itertools import batched
from typing import Final

from .errors import CommandRefused, MalformedPacket
from .link import Link, Packet
from .uuids import Characteristic
from .wire import ACKNOWLEDGEMENT_TIMEOUT, decode_status, reply_to, write_configuration

SLOTS: Final = 10
PIECE_TIMEOUT: Final = timedelta(seconds=5)
"""How long the next piece of an answer is waited for. [INFERRED] section 4.6."""

_WRITE, _READ_SWITCHES, _READ_LIST = 0x02, b"\x0d", b"\xff\x01\x00\x00\x00"
_ENABLED, _NO_SNOOZE, _SLOT = 0x80, 0x40, 0x0F
_SWITCHED_ON = 0x10
_HIGHEST_HOUR, _HIGHEST_MINUTE = 23, 59
_UNKNOWN_BEFORE_COUNT = 5
_ALARM_SIZE = 4
_PIECE = b"\x80\x01"
_PIECE_HEADER, _ANSWER_HEADER = 4, b"\x01\x00\x00\x00"
_FIRST, _LAST, _ONLY = 0x00, 0x80, 0xC0
_QUESTION = "the question for its alarms"


@unique
class Days(IntFlag):
    """On which days an alarm rings; the values are the bits on the wire."""

    MONDAY = 0x01
    TUESDAY = 0x02
    WEDNESDAY = 0x04
    THURSDAY = 0x08
    FRIDAY = 0x10
    SATURDAY = 0x20
    SUNDAY = 0x40
    ONCE = 0x80
    """The next time that the clock shows it, and never again; alone."""


DAILY: Final = Days(0x7F)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm, by the clock that the band shows."""

    slot: int
    """0 to 9."""
    hour: int
    """0 to 23."""
    minute: int
    """0 to 59."""
    days: Days
    """At least one, or once."""
    enabled: bool = True
    snooze: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAlarms:
    """What a band answered about its alarms."""

    alarms: tuple[Alarm, ...]
    """By slot."""
    in_full: bool
    """Whether it told when they ring; else only which there are, and whether they are on."""


def encode_alarm(alarm: Alarm) -> bytes:
    """Encode an alarm as the command that writes its slot.

    Raises:
        ValueError: one of its fields is out of its range.
    """
    weekdays, once = bool(alarm.days & DAILY), Days.ONCE in alarm.days
    if not _is_slot(alarm.slot) or not _is_clock_time(alarm.hour, alarm.minute) or weekdays == once:
        raise ValueError("a slot, a time of day, and either days or once are needed")
    head = alarm.slot | (_ENABLED if alarm.enabled else 0)
    if alarm.enabled and not alarm.snooze:
        head |= _NO_SNOOZE
    return bytes((_WRITE, head, alarm.hour, alarm.minute, alarm.days))


def encode_empty(slot: int) -> bytes:
    """Encode the command that empties a slot.

    Raises:
        ValueError: there is no such slot.
    """
    if not _is_slot(slot):
        raise ValueError("a slot is 0 to 9")
    return bytes((_WRITE, slot, 0, 0, 0))


def _is_slot(slot: int) -> bool:
    return 0 <= slot < SLOTS


def _is_clock_time(hour: int, minute: int) -> bool:
    return 0 <= hour <= _HIGHEST_HOUR and 0 <= minute <= _HIGHEST_MINUTE


def decode_list(data: bytes) -> tuple[Alarm, ...]:
    """Decode the alarms that the band told, put together from its pieces.

    Left out are empty slots, which have no days, and slots beyond the ten, which another client may
    have filled. One that has days beside once is for these days. [INFERRED]

    Raises:
        MalformedPacket: they break their layout.
    """
    if not data or len(data) != 1 + _ALARM_SIZE * data[0]:
        raise MalformedPacket(Characteristic.CONFIGURATION, data)
    alarms = tuple(
        Alarm(
            slot=head & _SLOT,
            hour=hour,
            minute=minute,
            days=Days(days & DAILY or days),
            enabled=bool(head & _ENABLED),
        )
        for head, hour, minute, days in batched(data[1:], _ALARM_SIZE, strict=True)
        if days and _is_slot(head & _SLOT)
    )
    if not all(_is_clock_time(alarm.hour, alarm.minute) for alarm in alarms):
        raise MalformedPacket(Characteristic.CONFIGURATION, data)
    return alarms


def decode_switches(data: bytes) -> dict[int, bool]:
    """Decode which slots hold an alarm, and whether it is enabled, behind the reply's status.

    Raises:
        MalformedPacket: it breaks its layout.
    """
    count, alarms = data[_UNKNOWN_BEFORE_COUNT:][:1], data[_UNKNOWN_BEFORE_COUNT + 1 :]
    if not count or len(alarms) != count[0]:
        raise MalformedPacket(Characteristic.CONFIGURATION, data)
    return {alarm & _SLOT: bool(alarm & _SWITCHED_ON) for alarm in alarms}


def merge_list(known: Iterable[Alarm], told: Iterable[Alarm]) -> tuple[Alarm, ...]:
    """Return the alarms that the band told of, with the snooze that it was last given."""
    snoozes = {alarm.slot: alarm.snooze for alarm in known}
    return tuple(
        replace(alarm, snooze=snoozes.get(alarm.slot, alarm.snooze))
        for alarm in sorted(told, key=lambda alarm: alarm.slot)
    )


def merge_switches(known: Iterable[Alarm], told: Mapping[int, bool]) -> tuple[Alarm, ...]:
    """Return the known alarms that the band still has, on or off as it told.

    One that was made on the band cannot be among them: nothing tells when it rings.
    """
    return tuple(replace(alarm, enabled=told[alarm.slot]) for alarm in known if alarm.slot in told)


async def set_alarm(link: Link, alarm: Alarm) -> None:
    """Write an alarm into its slot.

    Raises:
        CommandRefused: the band answered no.
        ValueError: there is no such alarm.
    """
    await write_configuration(link, encode_alarm(alarm), echoed=1, words="an alarm")


async def clear_alarm(link: Link, slot: int) -> None:
    """Empty a slot.

    Raises:
        CommandRefused: the band answered no.
        ValueError: there is no such slot.
    """
    await write_configuration(link, encode_empty(slot), echoed=1, words="the end of an alarm")


async def read_alarms(link: Link, known: Iterable[Alarm]) -> ToldAlarms | None:
    """Ask the band for its alarms, in the way that tells all of them or else in the short one.

    Args:
        link: the band.
        known: what was last written, for what the band does not tell.

    Returns:
        What it answered; None when the band answers neither question.

    Raises:
        MalformedPacket: an answer breaks its layout.
    """
    told = await _ask(link, _READ_LIST, _put_together)
    if told is not None:
        return ToldAlarms(alarms=merge_list(known, decode_list(told)), in_full=True)
    told = await _ask(link, _READ_SWITCHES, _short_answer)
    if told is None:
        return None
    return ToldAlarms(alarms=merge_switches(known, decode_switches(told)), in_full=False)


async def _ask(
    link: Link, question: bytes, answer: Callable[[AsyncIterator[Packet]], Awaitable[bytes]]
) -> bytes | None:
    """Return the answer to a question; None when there is none."""
    async with link.notifications(Characteristic.CONFIGURATION) as replies:
        await link.write(Characteristic.CONFIGURATION, question)
        try:
            return await answer(replies)
        except TimeoutError, CommandRefused:
            return None


async def _short_answer(replies: AsyncIterator[Packet]) -> bytes:
    return await reply_to(replies, _READ_SWITCHES, words=_QUESTION, within=ACKNOWLEDGEMENT_TIMEOUT)


async def _put_together(replies: AsyncIterator[Packet]) -> bytes:
    """Put the pieces of the long answer together; what is no piece of it is passed over.

    Raises:
        TimeoutError: the next piece did not come.
        CommandRefused: the band does not know the question.
    """
    data = b""
    due = 0
    while True:
        flags, number, content = await _next_piece(replies)
        if flags in {_FIRST, _ONLY}:
            data, due = b"", 0
        # One that came twice, or of another answer.
        if number != due or (not due and not content.startswith(_ANSWER_HEADER)):
            continue
        data += content if due else content.removeprefix(_ANSWER_HEADER)
        due += 1
        if flags in {_LAST, _ONLY}:
            return data


async def _next_piece(replies: AsyncIterator[Packet]) -> tuple[int, int, bytes]:
    async with asyncio.timeout(PIECE_TIMEOUT.total_seconds()):
        async for packet in replies:
            status = decode_status(packet.value, _READ_LIST[:1])
            if status is not None:
                raise CommandRefused(_QUESTION, status)
            if packet.value.startswith(_PIECE) and len(packet.value) >= _PIECE_HEADER:
                flags, number = packet.value[len(_PIECE) : _PIECE_HEADER]
                return flags, number, packet.value[_PIECE_HEADER:]
    raise TimeoutError
