"""Calls: what is cut of a name, and what goes where."""

from itertools import accumulate

from hypothesis import given, strategies as st
import pytest
import regex

from custom_components.mi_band.band.calls import encode_call, hang_up, ring
from custom_components.mi_band.band.texts import clean
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import calls as vectors
from tests.vectors.texts import TEXTS

from .scripted import ScriptedLink


def _band(packet: bytes) -> tuple[bytes, ...]:
    return (b"\x10\x06\x10\x00\x01",) if packet == vectors.SHOW_CALLER.packet else ()


def test_a_documented_call_is_encoded() -> None:
    assert encode_call(vectors.CALL.value, 23) == vectors.CALL.packet


@pytest.mark.parametrize("mtu", [23, 247, 517])
@pytest.mark.parametrize("caller", TEXTS.values(), ids=TEXTS.keys())
def test_a_caller_fits_into_one_write_and_ends_with_a_whole_character(
    caller: str, mtu: int
) -> None:
    packet = encode_call(caller, mtu)
    assert packet[:2] == b"\x03\x01"
    assert len(packet) <= mtu - 3
    assert len(packet[2:].decode()) <= 255
    assert b"\x00" not in packet[2:]
    beginnings = accumulate(regex.findall(r"\X", clean(caller)), initial="")
    assert packet[2:].decode() in set(beginnings)


@given(caller=st.text(max_size=300), mtu=st.integers(23, 517))
def test_no_caller_is_too_long_for_one_write(caller: str, mtu: int) -> None:
    assert len(encode_call(caller, mtu)) <= mtu - 3


async def test_a_call_begins_with_showing_names_and_ends_with_its_end() -> None:
    link = ScriptedLink(_band)
    await ring(link, "Alice")
    await hang_up(link)
    assert link.written == [
        (Characteristic.CONFIGURATION, vectors.SHOW_CALLER.packet),
        (Characteristic.NEW_ALERT, vectors.CALL.packet),
        (Characteristic.NEW_ALERT, vectors.END.packet),
    ]


async def test_a_band_that_shows_no_names_rings_all_the_same() -> None:
    link = ScriptedLink(lambda _: (b"\x10\x06\x10\x00\x05",))
    await ring(link, "Alice")
    assert link.packets(Characteristic.NEW_ALERT) == [vectors.CALL.packet]
