"""Files for the band: what they are, and what is none of them."""

from collections.abc import Iterator
import io
import zipfile

import pytest

from custom_components.mi_band.band.errors import (
    FileEmpty,
    FileOfAnotherModel,
    FileRefused,
    FileTooLarge,
    FileTruncated,
)
from custom_components.mi_band.band.files import (
    LARGEST_FILE,
    FileKind,
    checksum_16,
    recognise,
)
from tests.emulator import files
from tests.vectors import files as vectors

MADE = {
    "firmware": (FileKind.FIRMWARE, files.firmware("1.0.9.68"), "1.0.9.68"),
    "short version": (FileKind.FIRMWARE, files.firmware("1.0.9.6"), "1.0.9.6"),
    "compressed resources": (FileKind.PACKED_RESOURCES, files.packed_resources(81), "81"),
    "newer resources": (FileKind.PACKED_RESOURCES, files.newer_packed_resources(82), "82"),
    "resources": (FileKind.RESOURCES, files.resources(83), "83"),
    "font": (FileKind.FONT, files.font(2), "2"),
    "second font": (FileKind.FONT, files.font(3, second=True), "3"),
    "watch face": (FileKind.WATCHFACE, files.watchface(), None),
}
FIRMWARE = files.firmware(size=2000)
FACE = files.watchface()
NAME = b"Mi Smart Band 4\x00"
PLACE_OF_VERSION = FIRMWARE.index(b"V%d") + 16


@pytest.mark.parametrize("known", vectors.CHECKSUMS, ids=lambda known: f"{known.crc_32:08x}")
def test_the_checksums_are_the_documented_ones(known: vectors.Checksums) -> None:
    assert checksum_16(known.content) == known.crc_16


@pytest.mark.parametrize("name", MADE)
def test_a_file_is_told_by_its_content(name: str) -> None:
    kind, content, version = MADE[name]
    file = recognise(content)
    assert (file.kind, file.version, file.content) == (kind, version, content)


@pytest.mark.parametrize(
    ("kind", "crc_16", "version"),
    [
        ("firmware", 8969, "1.0.5.22"),
        ("firmware", 43437, "1.0.5.66"),
        ("firmware", 31632, "1.0.6.00"),
        ("firmware", 6856, "1.0.7.14"),
        ("firmware", 50145, "1.0.7.60"),
        ("resources", 27412, "1.0.5.22"),
        ("resources", 5466, "1.0.5.66"),
        ("compressed resources", 20047, "1.0.6.00"),
        ("compressed resources", 62914, "1.0.7.14"),
        ("compressed resources", 17303, "1.0.7.60"),
        ("font", 31978, "1"),
    ],
)
def test_the_table_is_the_documented_one(
    monkeypatch: pytest.MonkeyPatch, kind: str, crc_16: int, version: str
) -> None:
    monkeypatch.setattr("custom_components.mi_band.band.files.checksum_16", lambda content: crc_16)
    assert recognise(MADE[kind][1]).version == version


def test_a_known_file_bears_the_version_of_the_table() -> None:
    # Two bytes in the middle make any checksum that is wanted.
    content = bytearray(files.packed_resources(81, size=200))
    for tail in range(0x10000):
        content[100:102] = tail.to_bytes(2)
        if checksum_16(bytes(content)) == 57922:
            break
    assert recognise(bytes(content)).version == "1.0.9.58"


def test_the_content_of_a_file_is_not_shown() -> None:
    assert "content" not in repr(recognise(FIRMWARE))


def test_the_name_of_the_model_counts_only_at_a_multiple_of_four() -> None:
    moved = FIRMWARE.replace(NAME, b"\x80" * 16)
    with pytest.raises(FileOfAnotherModel):
        recognise(moved[:513] + NAME + moved[529:])
    # One at an odd place before it does not hide it.
    assert recognise(FIRMWARE[:401] + NAME + FIRMWARE[417:]).kind is FileKind.FIRMWARE


def _bad_files() -> Iterator[tuple[str, bytes, type[FileRefused]]]:
    """Yield files that no band takes, and as what they are refused."""
    yield "nothing", b"", FileEmpty
    yield "too large", FIRMWARE.ljust(LARGEST_FILE + 1, b"\x80"), FileTooLarge
    heads = dict.fromkeys(MADE, 64) | {"firmware": 664, "short version": 664}
    for name, (_, content, _) in MADE.items():
        if content[:6] != b"HMDIAL":
            for end in range(1, heads[name], 7 if name == "firmware" else 3):
                yield f"{name}, {end} bytes", content[:end], FileRefused
    for end in range(1, len(FACE)):
        yield f"watch face, {end} bytes", FACE[:end], FileRefused
    yield from _of_other_models()
    yield from _of_other_kinds()


def _of_other_models() -> Iterator[tuple[str, bytes, type[FileRefused]]]:
    for at in range(16):
        spoiled = bytes((FIRMWARE[16 + at] ^ 0x01,))
        yield f"mark, {at}", FIRMWARE[: 16 + at] + spoiled + FIRMWARE[17 + at :], FileRefused
        spoiled = bytes((FIRMWARE[512 + at] ^ 0x01,))
        content = FIRMWARE[: 512 + at] + spoiled + FIRMWARE[513 + at :]
        yield f"model, {at}", content, FileOfAnotherModel
        spoiled = bytes((FACE[16 + at] ^ 0x01,))
        yield (
            f"face for another, {at}",
            FACE[: 16 + at] + spoiled + FACE[17 + at :],
            FileOfAnotherModel,
        )
    for at in range(6):
        spoiled = bytes((FACE[at] ^ 0x01,))
        yield f"face, {at}", FACE[:at] + spoiled + FACE[at + 1 :], FileRefused
    for model in ("Mi Smart Band 3", "Mi Smart Band 5", "Mi Smart Band 6", "Mi Band 2", "Amazfit"):
        content = files.firmware(model=model.encode().ljust(16, b"\x00"))
        yield model, content, FileOfAnotherModel
    for text in (b"1.0.9", b"1.0.9.x", b"\x80" * 8, bytes(8), b"1..9.68", b"V1.0.9.6", b"1.0.9.6 "):
        spoilt = bytearray(FIRMWARE)
        spoilt[PLACE_OF_VERSION : PLACE_OF_VERSION + 8] = text.ljust(8, b"\x00")
        yield f"version {text!r}", bytes(spoilt), FileTruncated


def _of_other_kinds() -> Iterator[tuple[str, bytes, type[FileRefused]]]:
    older = bytearray(b"\x80" * 4000)
    older[0x150:0x160] = bytes.fromhex("a368043b02dbc858d050fae70c34f3e7")
    yield "firmware of an older band", bytes(older), FileOfAnotherModel
    yield "font of an older band", b"HMZK".ljust(4000, b"\x80"), FileOfAnotherModel
    yield "watch face of a later watch", b"UIHH".ljust(4000, b"\x80"), FileOfAnotherModel
    for third in set(range(256)) - {3, 6}:
        if third % 32 == 0:
            content = bytearray(files.font())
            content[10] = third
            yield f"font with {third}", bytes(content), FileRefused
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Mili_cinco.fw", bytes(64 * 1024 * 1024))
    yield "an archive that would be large", bomb.getvalue(), FileRefused
    for name, head in {
        "picture": b"\x89PNG\r\n\x1a\n",
        "page": b"<!DOCTYPE html><html>",
        "app": b"PK\x03\x04\x14\x00\x08\x08",
        "program": b"\x7fELF\x02\x01\x01",
        "text": b"Mi Smart Band 4\x00",
        "zeros": b"",
    }.items():
        yield name, head.ljust(5000, b"\x00"), FileRefused


BAD = list(_bad_files())


def test_there_are_enough_bad_files() -> None:
    assert len({content for _, content, _ in BAD}) >= 200


@pytest.mark.parametrize(
    ("content", "error"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD]
)
def test_a_bad_file_is_refused(content: bytes, error: type[FileRefused]) -> None:
    with pytest.raises(error) as caught:
        recognise(content)
    assert issubclass(caught.type, FileRefused)
    if error is FileTooLarge:
        assert f"{LARGEST_FILE}" in str(caught.value)


def _spoiled_faces() -> Iterator[bytes]:
    """Yield watch faces that promise more than is in them."""
    # The size of the block of parameters, the tables, the number of images and their offsets.
    for at in (36, 37, 38, 39):
        yield FACE[:at] + b"\xff" + FACE[at + 1 :]
    place = FACE.index(b"BM")
    for at in range(place - 4, place):
        yield FACE[:at] + b"\x7f" + FACE[at + 1 :]
    yield FACE[:place] + b"PN" + FACE[place + 2 :]
    for at in range(40, 43):
        yield FACE[:at] + b"\xff" * 8 + FACE[at + 8 :]


@pytest.mark.parametrize("content", _spoiled_faces())
def test_a_watch_face_that_promises_more_than_it_has_is_refused(content: bytes) -> None:
    with pytest.raises(FileTruncated):
        recognise(content)
