"""The container of a watch face."""

from collections.abc import Iterable
from itertools import chain
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.dial import (
    Dial,
    ImageHead,
    Parameter,
    decode_dial,
    decode_parameters,
)
from custom_components.mi_band.band.errors import FileOfAnotherModel, FileRefused, FileTruncated
from tests.emulator import dials
from tests.vectors import dial as vectors

BLANK = dials.palette_image(dials.filled(2, 2, dials.WHITE), 1)
FACES = (vectors.FACE, dials.digital_face(), dials.analog_face())


def _plainly(parameters: Iterable[Parameter]) -> list[object]:
    return [(one.number, one.value, _plainly(one.children)) for one in parameters]


@pytest.mark.parametrize("packet", vectors.PARAMETERS)
def test_parameters_are_the_documented_ones(packet: str) -> None:
    expected = vectors.PARAMETERS[packet]
    if expected is None:
        with pytest.raises(FileTruncated):
            decode_parameters(bytes.fromhex(packet))
    else:
        assert _plainly(decode_parameters(bytes.fromhex(packet))) == expected


def test_a_parameter_finds_its_children_by_number() -> None:
    (parent,) = decode_parameters(dials.node(1, dials.values(7, 8), dials.node(2, 9)))
    assert (parent.of(1), parent.of(2), parent.of(3)) == (7, 8, None)
    assert [child.value for child in parent.every(2)] == [8, 9]
    assert parent.child(3) is None


def test_parameters_below_each_other_end_somewhere() -> None:
    inside = dials.node(1, 5)
    for _ in range(7):
        inside = dials.node(1, inside)
    assert decode_parameters(inside)
    with pytest.raises(FileRefused, match="without end"):
        decode_parameters(dials.node(1, inside))


def test_there_are_not_more_parameters_than_any_face_has() -> None:
    assert len(decode_parameters(dials.node(1, 0) * 8192)) == 8192
    with pytest.raises(FileRefused, match="16386"):
        decode_parameters(dials.node(1, 0) * 8193)


def test_a_face_is_taken_apart() -> None:
    dial = decode_dial(vectors.FACE)
    assert dial.images == (ImageHead(0x64, 3, 2, 1, 2, 3, 1),)
    assert dial.image(0, 1000) == vectors.IMAGE
    assert dial.image(0, 4) == vectors.IMAGE[:4]
    assert dial.table(3) is None
    background = dial.table(2)
    assert background is not None
    assert _plainly([background]) == [(2, 8, [(1, 6, [(1, 5, []), (2, 7, []), (3, 0, [])])])]


def test_what_a_face_holds_is_not_shown() -> None:
    assert "content" not in repr(decode_dial(vectors.FACE))


def test_every_table_of_a_face_is_found() -> None:
    dial = decode_dial(dials.digital_face())
    assert sorted(dial.tables) == [2, 3, 4, 5, 7, 8]
    assert len(dial.images) == 98
    assert dial.images[0][1:3] == (120, 240)


@pytest.mark.parametrize("face", FACES, ids=["by hand", "digital", "analog"])
def test_a_face_that_ends_anywhere_too_early_is_refused(face: bytes) -> None:
    step = 1 + len(face) // 500
    for end in chain(range(400), range(400, len(face), step), range(len(face) - 50, len(face))):
        if end < len(face):
            with pytest.raises(FileRefused):
                decode_dial(face[:end])


def test_a_face_of_another_model_is_refused() -> None:
    with pytest.raises(FileOfAnotherModel):
        decode_dial(dials.container({}, [BLANK], model=bytes(16)))
    with pytest.raises(FileRefused):
        decode_dial(b"UIHH" + vectors.FACE[4:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0c000000", "0d000000"),
        ("0c000000", "ffffffff"),
        ("0a0408081001", "0a0408091001"),
        ("0a0408081001", "0a0408081002"),
        ("0a0408081001", "0a0408081000"),
        ("0a0408081001", "0a0418081001"),
        ("0a0408081001", "120408081001"),
        ("0a0408081001", "080408081001"),
        ("120408001008", "120408011008"),
        ("120408001008", "120408001009"),
        ("424d6400", "424e6400"),
        ("030002000100", "030003000100"),
        ("030002000100", "030002000200"),
        ("020003000100", "020004000100"),
    ],
)
def test_a_face_that_contradicts_itself_is_refused(before: str, after: str) -> None:
    place = vectors.FACE.rindex(bytes.fromhex(before))
    spoilt = bytearray(vectors.FACE)
    spoilt[place : place + len(after) // 2] = bytes.fromhex(after)
    with pytest.raises(FileTruncated):
        decode_dial(bytes(spoilt))


def test_sizes_below_nothing_are_refused() -> None:
    tail = dials.node(2, 0) + BLANK
    for sizes in (dials.values(-1, 1), dials.values(0, -1), dials.values(0, 5000)):
        block = dials.node(1, sizes)
        with pytest.raises(FileTruncated):
            decode_dial(vectors.HEAD[:36] + struct.pack("<I", len(block)) + block + tail)
    for table in (dials.values(-4, 4), dials.values(0, -4)):
        block = dials.node(1, dials.values(0, 1)) + dials.node(2, table)
        content = vectors.HEAD[:36] + struct.pack("<I", len(block)) + block + bytes(4) + BLANK
        with pytest.raises(FileTruncated):
            decode_dial(content)


def test_a_block_of_parameters_that_no_face_has_is_refused() -> None:
    content = vectors.HEAD[:36] + struct.pack("<I", 16386) + dials.node(1, 0) * 8193
    with pytest.raises(FileRefused, match="parameters"):
        decode_dial(content)


def test_an_image_that_announces_more_than_the_file_has_is_refused() -> None:
    bomb = b"BM" + struct.pack("<7H", 0x64, 0xFFFF, 0xFFFF, 0x2000, 1, 2, 0) + bytes(64)
    with pytest.raises(FileTruncated):
        decode_dial(dials.container({}, [BLANK, bomb]))


def test_what_nobody_knows_yet_is_no_reason_to_refuse() -> None:
    later = b"BM" + struct.pack("<7H", 0x65, 0xFFFF, 0xFFFF, 0xFFFF, 16, 0, 0)
    dial = decode_dial(dials.container({31: dials.node(9, 9)}, [BLANK, later]))
    assert dial.images[1].size is None
    block = dials.node(1, dials.values(0, 1)) + dials.node(2, 7)
    content = vectors.HEAD[:36] + struct.pack("<I", len(block)) + block + bytes(4) + BLANK
    assert decode_dial(content).tables == {}


# Wrong bytes


@given(st.binary(max_size=400))
def test_arbitrary_bytes_end_in_an_error_with_a_name(content: bytes) -> None:
    for tail in (content, vectors.HEAD[:32] + content, vectors.HEAD + content):
        _try(tail)


@given(
    st.sampled_from(FACES),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_spoilt_face_is_taken_apart_or_refused(
    face: bytes, changes: list[tuple[int, int]]
) -> None:
    spoilt = bytearray(face)
    for at, byte in changes:
        spoilt[at % len(face)] = byte
    dial = _try(bytes(spoilt))
    if dial is None:
        return
    for place, image in zip(dial.places, dial.images, strict=True):
        assert place + (image.size or 16) <= len(face)
    for start, end in dial.tables.values():
        assert 40 <= start <= end <= len(face)


def _try(content: bytes) -> Dial | None:
    try:
        dial = decode_dial(content)
        for number in dial.tables:
            dial.table(number)
    except FileRefused:
        return None
    return dial
