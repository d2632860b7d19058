"""Reminders and calendar events, byte by byte."""

from dataclasses import replace
from itertools import accumulate

from hypothesis import given, strategies as st
import pytest
import regex

from custom_components.mi_band.band.reminders import (
    DAILY,
    SLOTS,
    Reminder,
    Repeat,
    encode_empty,
    encode_reminder,
)
from custom_components.mi_band.band.texts import clean
from custom_components.mi_band.band.wire import encode_chunks
from tests.vectors import Vector, reminders as vectors
from tests.vectors.texts import TEXTS

_ONE = vectors.REMINDERS[0].value
_EVENT = vectors.REMINDERS[2].value


@pytest.mark.parametrize("vector", vectors.REMINDERS, ids=str)
def test_a_documented_reminder_is_encoded(vector: Vector[Reminder]) -> None:
    assert encode_reminder(vector.value) == vector.packet


@pytest.mark.parametrize("packets", vectors.PACKETS, ids=lambda packets: packets[0].text)
def test_a_reminder_travels_in_the_documented_packets(
    packets: tuple[Reminder, *tuple[bytes, ...]],
) -> None:
    reminder, *documented = packets
    assert list(encode_chunks(2, encode_reminder(reminder), 23)) == documented


def test_empty_slots_are_encoded() -> None:
    assert encode_empty(vectors.EMPTY.value, event=False) == vectors.EMPTY.packet
    assert encode_empty(vectors.EMPTY_EVENT.value, event=True) == vectors.EMPTY_EVENT.packet


WEEK = [
    Repeat.MONDAY,
    Repeat.TUESDAY,
    Repeat.WEDNESDAY,
    Repeat.THURSDAY,
    Repeat.FRIDAY,
    Repeat.SATURDAY,
    Repeat.SUNDAY,
]


@pytest.mark.parametrize(
    ("repeat", "flags"),
    [
        (Repeat.MONDAY | Repeat.SUNDAY, 0x0829),
        *((day, 0x0009 | 0x0020 << number) for number, day in enumerate(WEEK)),
        (DAILY, 0x0FE9),
        (Repeat.MONTHLY, 0x1009),
        (Repeat.YEARLY, 0x2009),
    ],
)
def test_what_comes_again_has_its_flags(repeat: Repeat, flags: int) -> None:
    encoded = encode_reminder(replace(_ONE, repeat=repeat))
    assert int.from_bytes(encoded[2:6], "little") == flags


def test_a_disabled_reminder_lacks_its_flag() -> None:
    assert encode_reminder(replace(_ONE, enabled=False))[2] == 0x08


@pytest.mark.parametrize("slot", [-1, SLOTS])
def test_a_slot_that_there_is_not_is_refused(slot: int) -> None:
    with pytest.raises(ValueError, match="slot"):
        encode_reminder(replace(_ONE, slot=slot))
    with pytest.raises(ValueError, match="slot"):
        encode_empty(slot, event=False)


@pytest.mark.parametrize(("reminder", "characters"), [(_ONE, 16), (_EVENT, 64)])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_fits_and_ends_with_a_whole_character(
    reminder: Reminder, characters: int, text: str
) -> None:
    encoded = encode_reminder(replace(reminder, text=text))
    nought, sent, end = encoded[12 if reminder.end is None else 18 :].split(b"\x00")
    assert (nought, end) == (b"", b"")
    assert 1 <= len(sent.decode()) <= characters
    beginnings = set(accumulate(regex.findall(r"\X", clean(text)), initial=""))
    assert sent.decode() in beginnings | {" "}


@given(text=st.text(), slot=st.integers(0, SLOTS - 1))
def test_no_text_is_empty_or_ends_early(text: str, slot: int) -> None:
    encoded = encode_reminder(replace(_ONE, text=text, slot=slot))
    assert encoded[:2] == bytes((0x0B, slot))
    assert encoded.count(b"\x00", 12) == 2
