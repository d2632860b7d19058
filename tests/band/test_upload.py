"""The transfer of a file, packet by packet, as the documents write it down."""

from collections.abc import Iterable
from datetime import timedelta
import zlib

import pytest

from custom_components.mi_band.band import upload as module
from custom_components.mi_band.band.errors import (
    BandError,
    CommandRefused,
    LinkLost,
    MalformedPacket,
    UploadBatteryLow,
    UploadBusy,
    UploadInterrupted,
    UploadNoSpace,
    UploadNotVerified,
    UploadRefused,
)
from custom_components.mi_band.band.files import BandFile, FileKind
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.upload import Progress, decode_reply, encode_init, upload
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import files as vectors

from .scripted import ScriptedLink

CONTROL, DATA = Characteristic.FIRMWARE, Characteristic.FIRMWARE_DATA
NAMES = {CONTROL: "control", DATA: "data"}


def _file(content: bytes, kind: FileKind = FileKind.WATCHFACE) -> BandFile:
    return BandFile(kind=kind, version=None, checksum=zlib.crc32(content), content=content)


FACE = _file(vectors.FACE)
FIRMWARE = _file(vectors.FACE, FileKind.FIRMWARE)


async def _send(
    link: Link,
    file: BandFile,
    *,
    progress: Progress = lambda _sent, _size: None,
    small_packets: bool = False,
) -> None:
    async with upload(link, file, progress=progress, small_packets=small_packets):
        pass


def _script(**replies: bytes) -> ScriptedLink:
    """Make a link to a band that takes a file in four packets, but for these replies."""
    said = {
        "init": b"\x10\x01\x01",
        "received": b"\x10\x03\x01",
        "verified": b"\x10\x04\x01",
        "restart": b"\x10\x05\x01",
    } | replies

    def reply(packet: bytes) -> Iterable[bytes]:
        step = {b"\x00": "received", b"\x04": "verified", b"\x05": "restart"}.get(packet)
        step = "init" if len(packet) == 10 else step
        return [said[step]] if step and said[step] else []

    return ScriptedLink(reply)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INIT", "RECEIVED", "VERIFIED", "RESTART"):
        monkeypatch.setattr(module, f"{name}_TIMEOUT", timedelta(milliseconds=20))


@pytest.mark.parametrize("kind", FileKind)
def test_init_is_the_documented_one(kind: FileKind) -> None:
    known = next(known for known in vectors.CHECKSUMS if known.crc_32 == 0x29058C73)
    packet = encode_init(kind, len(known.content), known.crc_32)
    assert packet == bytes.fromhex(vectors.INITS[kind])


async def test_the_documented_transfer_goes_out_byte_by_byte() -> None:
    link = _script()
    assert FACE.checksum == vectors.FACE_CRC_32
    await _send(link, FACE)
    written = [(NAMES[target], packet) for target, packet in link.written]
    assert written == [(name, bytes.fromhex(packet)) for name, packet in vectors.FACE_WRITES]


async def test_the_longer_reply_to_init_is_taken() -> None:
    link = _script(init=b"\x10\x01\x01" + bytes(8))
    await _send(link, FACE)
    assert link.written[-1] == (CONTROL, b"\x04")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (vectors.SYNCED_SIZE, vectors.SYNCED_AFTER),
        (20, (1,)),
        (2000, (100,)),
        (2020, (101,)),
        (2021, (101, 102)),
        (4020, (101, 201)),
        (4021, (101, 201, 202)),
    ],
)
async def test_a_sync_comes_after_the_packets_that_the_documents_say(
    size: int, expected: tuple[int, ...]
) -> None:
    link = _quiet_until_all_is_in(size)
    await _send(link, _file(bytes(size)))
    data = 0
    syncs = []
    for target, packet in link.written:
        data += target is DATA
        if (target, packet) == (CONTROL, b"\x00"):
            syncs.append(data)
    assert tuple(syncs) == expected
    assert b"".join(link.packets(DATA)) == bytes(size)


def _quiet_until_all_is_in(size: int, *, mtu: int = 23, meanwhile: bytes = b"") -> ScriptedLink:
    """Make a link to a band that says nothing, or something else, to a SYNC before the last."""

    def reply(packet: bytes) -> Iterable[bytes]:
        if len(packet) == 10:
            return [b"\x10\x01\x01"]
        if packet == b"\x00":
            came = sum(len(data) for data in link.packets(DATA))
            return [b"\x10\x03\x01"] if came == size else [meanwhile] if meanwhile else []
        return [b"\x10\x04\x01"] if packet == b"\x04" else []

    link = ScriptedLink(reply, mtu=mtu)
    return link


@pytest.mark.parametrize("mtu", [23, 64, 247, 517])
async def test_packets_are_as_large_as_the_link_takes(mtu: int) -> None:
    link = _quiet_until_all_is_in(60_000, mtu=mtu)
    await _send(link, _file(bytes(60_000)))
    *full, last = [len(packet) for packet in link.packets(DATA)]
    assert set(full) == {mtu - 3}
    assert 0 < last <= mtu - 3


async def test_small_packets_fit_every_link() -> None:
    link = _quiet_until_all_is_in(3000, mtu=247)
    await _send(link, _file(bytes(3000)), small_packets=True)
    assert {len(packet) for packet in link.packets(DATA)} == {20}
    assert b"".join(link.packets(DATA)) == bytes(3000)


async def test_the_block_runs_when_the_band_has_agreed_to_restart() -> None:
    link = _script()
    async with upload(link, FIRMWARE):
        assert link.packets(CONTROL)[-1] == b"\x05"
        link.break_off()


async def test_the_block_does_not_run_when_the_band_refuses() -> None:
    link = _script(verified=b"\x10\x04\x04")
    with pytest.raises(UploadRefused):
        async with upload(link, FIRMWARE):
            pytest.fail("it was not there")


async def test_progress_is_told_at_each_sync_and_never_goes_back() -> None:
    told: list[tuple[int, int]] = []
    link = _quiet_until_all_is_in(4021)
    await _send(link, _file(bytes(4021)), progress=lambda sent, size: told.append((sent, size)))
    assert told == [(0, 4021), (2020, 4021), (4020, 4021), (4021, 4021)]


@pytest.mark.parametrize("kind", FileKind)
async def test_the_band_is_told_to_restart_only_after_a_firmware(kind: FileKind) -> None:
    link = _script()
    await _send(link, _file(vectors.FACE, kind))
    assert (link.packets(CONTROL)[-1] == b"\x05") is (kind is FileKind.FIRMWARE)


@pytest.mark.parametrize("step", ["init", "received", "verified"])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("{}02", UploadRefused),
        ("{}04", UploadRefused),
        ("{}22", UploadRefused),
        ("{}47", UploadRefused),
        ("{}ff", UploadRefused),
        ("100701", UploadRefused),
        ("", UploadInterrupted),
        ("{}", MalformedPacket),
        ("{}0100", MalformedPacket),
        ("110101", MalformedPacket),
        ("effefe", MalformedPacket),
    ],
)
async def test_no_other_reply_leads_on_and_none_leads_to_a_restart(
    step: str, reply: str, error: type[BandError]
) -> None:
    command = {"init": "1001", "received": "1003", "verified": "1004"}[step]
    link = _script(**{step: bytes.fromhex(reply.format(command))})
    with pytest.raises(error) as caught:
        await _send(link, FIRMWARE)
    assert b"\x05" not in link.packets(CONTROL)
    if isinstance(caught.value, UploadRefused) and reply.startswith("{}"):
        assert caught.value.details == {"status": f"0x{reply[2:]}"}
    if step == "init":
        assert not link.packets(DATA)


@pytest.mark.parametrize(
    ("step", "status", "error"),
    [
        *((step, 0x02, UploadBusy) for step in ("init", "received", "verified", "restart")),
        *((step, 0x22, UploadBatteryLow) for step in ("init", "received", "verified", "restart")),
        *((step, 0x47, UploadNoSpace) for step in ("init", "received", "verified", "restart")),
        ("init", 0x04, UploadRefused),
        ("received", 0x04, UploadRefused),
        ("verified", 0x04, UploadNotVerified),
        ("verified", 0xFF, UploadNotVerified),
        ("restart", 0x04, UploadRefused),
    ],
)
async def test_a_refusal_says_what_the_band_said(
    step: str, status: int, error: type[UploadRefused]
) -> None:
    command = {"init": 0x01, "received": 0x03, "verified": 0x04, "restart": 0x05}[step]
    with pytest.raises(UploadRefused) as caught:
        await _send(_script(**{step: bytes((0x10, command, status))}), FIRMWARE)
    assert type(caught.value) is error


@pytest.mark.parametrize("reply", ["100322", "100301", "100101"])
async def test_what_the_band_says_in_the_middle_ends_the_transfer_there(reply: str) -> None:
    link = _quiet_until_all_is_in(60_000, meanwhile=bytes.fromhex(reply))
    with pytest.raises(UploadRefused):
        await _send(link, _file(bytes(60_000), FileKind.FIRMWARE))
    assert len(link.packets(DATA)) == 101
    assert link.packets(CONTROL)[-1] == b"\x00"


@pytest.mark.parametrize("refused", [b"\x03\x01", b"\x00", b"\x04", b"\x05"])
@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (CommandRefused("access to FIRMWARE", 0x0D), UploadRefused),
        (LinkLost("the link broke"), UploadInterrupted),
    ],
)
async def test_a_write_that_fails_ends_the_transfer(
    refused: bytes, refusal: BandError, error: type[BandError]
) -> None:
    link = _script()
    link.refusals[refused] = refusal
    if (refused, error) == (b"\x05", UploadInterrupted):
        # The band may have heard it all the same, so its version tells.
        await _send(link, FIRMWARE)
    else:
        with pytest.raises(error):
            await _send(link, FIRMWARE)
    assert refused not in link.packets(CONTROL)


@pytest.mark.parametrize("reply", ["", "effafe", "10", "100501", "100701"])
async def test_a_band_that_was_told_to_restart_is_believed_to(reply: str) -> None:
    link = _script(restart=bytes.fromhex(reply))
    await _send(link, FIRMWARE)
    assert link.packets(CONTROL)[-1] == b"\x05"


async def test_a_restart_that_the_band_refuses_is_told() -> None:
    with pytest.raises(UploadRefused):
        await _send(_script(restart=b"\x10\x05\x02"), FIRMWARE)


def test_a_reply_has_three_or_eleven_bytes() -> None:
    assert decode_reply(b"\x10\x01\x01") == decode_reply(b"\x10\x01\x01" + bytes(8)) == (1, 1)
    for size in {*range(20)} - {3, 11}:
        with pytest.raises(MalformedPacket):
            decode_reply((b"\x10\x01\x01" + bytes(20))[:size])
