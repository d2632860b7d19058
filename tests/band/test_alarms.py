"""Alarms: each slot as it is written, and the two ways in which the band tells them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import alarms
from custom_components.mi_band.band.alarms import (
    DAILY,
    SLOTS,
    Alarm,
    Days,
    ToldAlarms,
    clear_alarm,
    decode_list,
    decode_switches,
    encode_alarm,
    encode_empty,
    merge_list,
    merge_switches,
    read_alarms,
    set_alarm,
)
from custom_components.mi_band.band.errors import CommandRefused, LinkLost, MalformedPacket
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, alarms as vectors

from .scripted import ScriptedLink

_READ_LIST = bytes.fromhex("ff 01 00 00 00")
_READ_SWITCHES = b"\x0d"
_ALARMS = st.builds(
    Alarm,
    slot=st.integers(0, SLOTS - 1),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    days=st.integers(1, DAILY).map(Days) | st.just(Days.ONCE),
    enabled=st.booleans(),
    snooze=st.just(True),  # noqa: FBT003  a value, not a parameter
)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIECE_TIMEOUT", "ACKNOWLEDGEMENT_TIMEOUT"):
        monkeypatch.setattr(alarms, name, timedelta(milliseconds=5))


# Written


@pytest.mark.parametrize("vector", vectors.ALARMS, ids=str)
def test_a_documented_alarm_is_encoded(vector: Vector[Alarm]) -> None:
    assert encode_alarm(vector.value) == vector.packet


def test_an_empty_slot_is_encoded() -> None:
    assert encode_empty(vectors.EMPTY.value) == vectors.EMPTY.packet


@pytest.mark.parametrize(
    "alarm",
    [
        replace(vectors.LISTED[0], slot=-1),
        replace(vectors.LISTED[0], slot=10),
        replace(vectors.LISTED[0], hour=24),
        replace(vectors.LISTED[0], hour=-1),
        replace(vectors.LISTED[0], minute=60),
        replace(vectors.LISTED[0], days=Days(0)),
        replace(vectors.LISTED[0], days=Days.ONCE | Days.MONDAY),
    ],
    ids=str,
)
def test_an_alarm_that_no_slot_holds_is_refused(alarm: Alarm) -> None:
    with pytest.raises(ValueError, match="slot"):
        encode_alarm(alarm)


@pytest.mark.parametrize("slot", [-1, 10])
def test_a_slot_that_there_is_not_cannot_be_emptied(slot: int) -> None:
    with pytest.raises(ValueError, match="slot"):
        encode_empty(slot)


async def test_a_slot_is_written_and_emptied() -> None:
    link = ScriptedLink(lambda _: (vectors.REPLY,))
    await set_alarm(link, vectors.ALARMS[0].value)
    await clear_alarm(link, vectors.EMPTY.value)
    assert link.packets(Characteristic.CONFIGURATION) == [
        vectors.ALARMS[0].packet,
        vectors.EMPTY.packet,
    ]


async def test_an_alarm_that_the_band_refuses_is_an_error() -> None:
    link = ScriptedLink(lambda _: (b"\x10\x02\x04",))
    with pytest.raises(CommandRefused, match="alarm"):
        await set_alarm(link, vectors.ALARMS[0].value)


# Told


def test_the_long_answer_is_decoded() -> None:
    assert decode_list(vectors.LIST.packet[8:]) == vectors.LIST.value


@given(told=st.lists(_ALARMS, max_size=SLOTS))
def test_what_was_written_is_told_alike(told: list[Alarm]) -> None:
    # Slot, hour, minute and days stand in both in the same order.
    data = bytes((len(told),)) + b"".join(encode_alarm(alarm)[1:] for alarm in told)
    assert decode_list(data) == tuple(told)


@given(told=st.lists(_ALARMS, min_size=1, max_size=SLOTS), cut=st.integers(1, 4))
def test_a_long_answer_that_is_cut_is_malformed(told: list[Alarm], cut: int) -> None:
    data = bytes((len(told),)) + b"".join(encode_alarm(alarm)[1:] for alarm in told)
    with pytest.raises(MalformedPacket):
        decode_list(data[:-cut])


@pytest.mark.parametrize("data", ["02 00 00 00 00", "02 82 ff ff 00", "02 8a 07 1e 1f"])
def test_a_slot_that_is_empty_or_not_ours_is_left_out(data: str) -> None:
    told = bytes.fromhex(data) + vectors.LIST.packet[9:]
    assert decode_list(told) == vectors.LIST.value


@pytest.mark.parametrize(("days", "rings"), [("ff", DAILY), ("81", Days.MONDAY)])
def test_what_another_client_wrote_can_be_written_again(days: str, rings: Days) -> None:
    (alarm,) = decode_list(bytes.fromhex(f"01 80 07 1e {days}"))
    assert alarm.days == rings
    assert encode_alarm(alarm) == bytes.fromhex("02 80 07 1e") + bytes((rings,))


@pytest.mark.parametrize(
    ("day", "bit"),
    [
        (Days.MONDAY, 0),
        (Days.TUESDAY, 1),
        (Days.WEDNESDAY, 2),
        (Days.THURSDAY, 3),
        (Days.FRIDAY, 4),
        (Days.SATURDAY, 5),
        (Days.SUNDAY, 6),
    ],
)
def test_each_day_has_its_bit(day: Days, bit: int) -> None:
    assert encode_alarm(Alarm(slot=2, hour=7, minute=30, days=day))[-1] == 1 << bit


@pytest.mark.parametrize("data", ["", "01 80 18 1e 1f", "01 80 07 3c 1f", "01"])
def test_a_long_answer_that_makes_no_sense_is_malformed(data: str) -> None:
    with pytest.raises(MalformedPacket):
        decode_list(bytes.fromhex(data))


@pytest.mark.parametrize("vector", [vectors.NO_SWITCHES, vectors.SWITCHES], ids=str)
def test_the_short_answer_is_decoded(vector: Vector[dict[int, bool]]) -> None:
    assert decode_switches(vector.packet[3:]) == vector.value


@pytest.mark.parametrize("size", range(3, len(vectors.SWITCHES.packet)))
def test_a_short_answer_that_is_cut_is_malformed(size: int) -> None:
    with pytest.raises(MalformedPacket):
        decode_switches(vectors.SWITCHES.packet[3:size])


def test_the_long_answer_takes_snooze_from_what_was_written() -> None:
    known = (replace(vectors.LISTED[2], snooze=False, hour=1), vectors.LISTED[0])
    assert merge_list(known, vectors.LISTED[::-1]) == (
        *vectors.LISTED[:2],
        replace(vectors.LISTED[2], snooze=False),
    )


def test_the_short_answer_switches_what_was_written_and_drops_what_is_gone() -> None:
    assert merge_switches(vectors.LISTED, {0: False, 3: True, 9: True}) == (
        replace(vectors.LISTED[0], enabled=False),
        vectors.LISTED[2],
    )


# Asked


def _answering(**answers: Iterable[bytes]) -> Callable[[bytes], Iterable[bytes]]:
    def reply(packet: bytes) -> Iterable[bytes]:
        return answers.get({_READ_LIST: "long", _READ_SWITCHES: "short"}[packet], ())

    return reply


@pytest.mark.parametrize(
    "before",
    [
        (),
        (b"", b"\x80", b"\x80\x01\xc0", b"\x10\x02\x01", b"\x10\x0d\x04"),
        # An answer of another type, and one that broke off.
        (bytes.fromhex("80 01 c0 00 11 00 00 00 05"), vectors.LIST_IN_PIECES[0]),
        (vectors.LIST_IN_PIECES[1],),
    ],
    ids=["nothing", "noise", "others", "a piece without its beginning"],
)
async def test_the_pieces_are_put_together_whatever_comes_before(
    before: tuple[bytes, ...],
) -> None:
    link = ScriptedLink(_answering(long=(*before, *vectors.LIST_IN_PIECES)))
    assert await read_alarms(link, ()) == ToldAlarms(alarms=vectors.LISTED, in_full=True)
    assert link.packets(Characteristic.CONFIGURATION) == [_READ_LIST]


async def test_pieces_that_come_twice_count_once() -> None:
    twice = [piece for piece in vectors.LIST_IN_PIECES for _ in range(2)]
    link = ScriptedLink(_answering(long=twice))
    assert await read_alarms(link, ()) == ToldAlarms(alarms=vectors.LISTED, in_full=True)


@pytest.mark.parametrize(
    "long",
    [(), (b"\x10\xff\x05",), vectors.LIST_IN_PIECES[:2], vectors.LIST_IN_PIECES[::2]],
    ids=["silence", "unknown", "no last piece", "no middle piece"],
)
async def test_without_the_long_answer_the_short_one_is_asked_for(
    long: tuple[bytes, ...],
) -> None:
    link = ScriptedLink(_answering(long=long, short=(vectors.SWITCHES.packet,)))
    told = (vectors.LISTED[0], replace(vectors.LISTED[2], enabled=False))
    assert await read_alarms(link, vectors.LISTED) == ToldAlarms(alarms=told, in_full=False)


@pytest.mark.parametrize("short", [(), (b"\x10\x0d\x05",)], ids=["silence", "unknown"])
async def test_a_band_that_tells_nothing_has_not_told_that_it_has_no_alarms(
    short: tuple[bytes, ...],
) -> None:
    assert await read_alarms(ScriptedLink(_answering(short=short)), vectors.LISTED) is None


async def test_an_answer_that_makes_no_sense_is_malformed() -> None:
    link = ScriptedLink(_answering(long=(vectors.LIST.packet[:-1],)))
    with pytest.raises(MalformedPacket):
        await read_alarms(link, ())


async def test_the_end_of_the_link_is_no_silence() -> None:
    link = ScriptedLink()

    def break_off(_: bytes) -> Iterable[bytes]:
        link.break_off()
        return ()

    link._replies = break_off
    with pytest.raises(LinkLost):
        await read_alarms(link, ())
