"""The transfer of files into the band: protocol-data.md, 9.2 to 9.9."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import struct
from typing import Unpack
import zlib

from bumble import att
import pytest

from tests.emulated.fetching import MINUTES, start_of
from tests.emulated.phone import KEY, Lab, authenticated, lab
from tests.emulator import files
from tests.emulator.band import Options
from tests.emulator.gatt.firmware import Running, UploadTrouble, version_of
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind

SMALL = files.firmware("1.0.9.68", size=3000)
FACE = files.documented_watchface()


@asynccontextmanager
async def listening(radio: Radio, **options: Unpack[Options]) -> AsyncGenerator[Lab]:
    async with authenticated(radio, **({"battery": 77} | options)) as here:
        await here.phone.subscribe("1531")
        yield here


def init_of(kind: int, content: bytes, *, size: int | None = None) -> bytes:
    return b"\x01" + struct.pack(
        "<BII", kind, len(content) if size is None else size, zlib.crc32(content)
    )


async def send(here: Lab, content: bytes, *, room: int = 20) -> None:
    """Send a file with a SYNC after every hundredth packet but the first, and at its end."""
    for number, start in enumerate(range(0, len(content), room)):
        await here.phone.write("1532", content[start : start + room], response=False)
        if number and number % 100 == 0:
            await here.phone.write("1531", "00")
    await here.phone.write("1531", "00")


async def ask(here: Lab, value: str | bytes) -> str:
    """Write a command with response, and return the notification that follows."""
    count = len(here.phone.heard["1531"]) + 1
    await here.phone.write("1531", value)
    return (await here.phone.hear("1531", count)).hex(" ")


async def upload(here: Lab, kind: int, content: bytes) -> str:
    """Go through a whole transfer; return the reply to FINISH."""
    assert await ask(here, init_of(kind, content)) == "10 01 01"
    await here.phone.write("1531", "03 01")
    count = len(here.phone.heard["1531"]) + 1
    await send(here, content)
    assert (await here.phone.hear("1531", count)).hex(" ") == "10 03 01"
    return await ask(here, "04")


def _runs(here: Lab) -> Running:
    """What the band runs at this moment."""
    return here.band.firmware.running


async def again(here: Lab) -> None:
    """Connect and authenticate after a restart."""
    await here.band.wait_for(lambda: not here.band.connected)
    await here.band.wait_for(lambda: here.band.powered)
    here.phone.heard.clear()
    await here.phone.connect()
    assert await here.phone.authenticate(KEY) == b"\x10\x83\x01"


# Files


def test_the_documented_checksums() -> None:
    assert (len(FACE), zlib.crc32(FACE)) == (70, 0x238F66AD)


MADE = {
    "firmware": (files.FIRMWARE, files.firmware("1.0.9.58", size=5000), "1.0.9.58"),
    "packed resources": (files.PACKED_RESOURCES, files.packed_resources(81, size=900), "81"),
    "newer resources": (files.PACKED_RESOURCES, files.newer_packed_resources(82, size=900), "82"),
    "resources": (files.RESOURCES, files.resources(83, size=900), "83"),
    "font": (files.FONT, files.font(2, size=900), "2"),
    "watch face": (files.WATCHFACE, files.watchface(), None),
}


@pytest.mark.parametrize("name", MADE)
async def test_every_kind_of_file_is_taken(radio: Radio, name: str) -> None:
    kind, content, version = MADE[name]
    async with listening(radio) as here:
        assert version_of(kind, content) == version
        assert await upload(here, kind, content) == "10 04 01"
        state = here.band.snapshot()["firmware"]
        assert isinstance(state, dict)
        assert isinstance(state["installed"], list)
        installed = state["installed"][-1]
        assert isinstance(installed, dict)
        assert installed["version"] == version
        assert installed["longest_without_sync"] == min(101, -(-len(content) // 20))
        assert not here.band.violations


def test_a_file_of_a_kind_is_no_file_of_another() -> None:
    made = {
        files.FIRMWARE: files.firmware(),
        files.FONT: files.font(),
        files.WATCHFACE: files.watchface(),
    }
    assert len({content[:40] for content in made.values()}) == 3
    with pytest.raises(ValueError, match="too few"):
        files.firmware(size=600)
    with pytest.raises(ValueError, match="BM"):
        files.watchface([b"PNG"])


def test_a_watch_face_holds_its_pictures() -> None:
    picture = files.Picture(
        width=3, height=2, palette=((0, 0, 0), (255, 0, 0)), pixels=bytes((0, 1, 0, 1, 0, 1))
    )
    face = files.watchface([picture, b"BM" + bytes(9)])
    assert face.startswith(b"HMDIAL\x00" + b"\xff" * 9 + bytes.fromhex("2400d00300003d78"))
    size = int.from_bytes(face[36:40], "little")
    tables = face[40 + size :]
    assert tables.count(b"BM") == 2
    assert bytes(picture).hex(" ") == (
        "42 4d 64 00 03 00 02 00 03 00 08 00 02 00 00 00 00 00 00 00 ff 00 00 00 00 01 00 01 00 01"
    )
    with pytest.raises(ValueError, match="pixels"):
        bytes(files.Picture(width=2, height=2, palette=((0, 0, 0),), pixels=b"\x00"))


# The way of a file


async def test_the_documented_trace(radio: Radio) -> None:
    async with listening(radio, mtu=23) as here:
        assert await ask(here, "01 08 46 00 00 00 ad 66 8f 23") == "10 01 01"
        assert here.band.screen.kind is Kind.UPDATE
        await here.phone.write("1531", "03 01")
        for start in range(0, 70, 20):
            await here.phone.write("1532", FACE[start : start + 20], response=False)
        assert await ask(here, "00") == "10 03 01"
        assert await ask(here, "04") == "10 04 01"
        assert here.shows() is Kind.CLOCK
        assert here.band.screen.text.endswith("face 238f66")
        assert _runs(here) is Running.OLD
        assert not here.band.violations


async def test_a_firmware_runs_after_the_reboot(radio: Radio) -> None:
    async with listening(radio) as here:
        assert await upload(here, files.FIRMWARE, SMALL) == "10 04 01"
        assert _runs(here) is Running.OLD
        assert await here.phone.read("2A28") == b"V1.0.9.66"
        assert await ask(here, "05") == "10 05 01"
        await here.band.wait_for(lambda: not here.band.connected)
        await again(here)
        assert await here.phone.read("2A28") == b"V1.0.9.68"
        assert _runs(here) is Running.NEW
        assert not here.band.violations


async def test_a_new_firmware_may_ask_for_its_resources(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.firmware.asks_for_resources = True
        await upload(here, files.FIRMWARE, SMALL)
        await ask(here, "05")
        await here.band.wait_for(lambda: not here.band.connected)
        await again(here)
        assert here.band.screen.text == "Resources\nUpdate them"
        await here.phone.subscribe("1531")
        await upload(here, files.PACKED_RESOURCES, files.packed_resources(size=800))
        assert here.shows() is Kind.CLOCK


async def test_the_last_sync_may_be_left_out(radio: Radio) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.WATCHFACE, FACE))
        await here.phone.write("1531", "03 01")
        await here.phone.write("1532", FACE, response=False)
        assert await here.phone.hear("1531", 2) == b"\x10\x03\x01"


async def test_a_large_packet_fits_a_large_mtu(radio: Radio) -> None:
    async with listening(radio) as here:
        connection = here.phone.connection
        assert connection is not None
        await here.band.wait_for(lambda: connection.att_mtu == 247)
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        await send(here, SMALL, room=244)
        assert await here.phone.hear("1531", 2) == b"\x10\x03\x01"


async def test_the_longer_answer_to_init(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.firmware.long_init = True
        answer = await ask(here, init_of(files.WATCHFACE, FACE))
        assert answer == "10 01 01" + " 00" * 8


@pytest.mark.parametrize("kind", [0x03, 0x0B, 0xFD])
async def test_other_types_are_refused(radio: Radio, kind: int) -> None:
    async with listening(radio) as here:
        assert await ask(here, init_of(kind, FACE)) == "10 01 04"
        assert here.shows() is Kind.CLOCK


async def test_the_size_has_limits(radio: Radio) -> None:
    async with listening(radio) as here:
        assert await ask(here, init_of(files.FIRMWARE, SMALL, size=0)) == "10 01 04"
        assert await ask(here, init_of(files.FIRMWARE, SMALL, size=1 << 25)) == "10 01 47"


async def test_an_empty_battery_is_no_time_for_it(radio: Radio) -> None:
    async with listening(radio, battery=9) as here:
        assert await ask(here, init_of(files.FIRMWARE, SMALL)) == "10 01 22"
        here.band.wearer.charge(charging=True)
        assert await ask(here, init_of(files.FIRMWARE, SMALL)) == "10 01 01"


async def test_a_workout_is_no_time_for_it(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.wearer.workout("start")
        assert await ask(here, init_of(files.FIRMWARE, SMALL)) == "10 01 02"


async def test_records_wait_for_a_file_and_the_other_way_round(radio: Radio) -> None:
    async with listening(radio, days=3) as here:
        await here.phone.subscribe("0004", "0005")
        await ask(here, init_of(files.FIRMWARE, SMALL))
        since = datetime(2024, 3, 9, tzinfo=UTC)
        assert await here.phone.ask("0004", start_of(MINUTES, since)) == b"\x10\x01\x02"
        assert here.wrongs == ["0004: START while a file is uploaded"]


WRONG = {
    "another model's": (files.FIRMWARE, files.firmware(size=2000, model=b"Mi Smart Band 5\x00")),
    "a watch face as firmware": (files.FIRMWARE, files.watchface()),
    "a font as watch face": (files.WATCHFACE, files.font(size=400)),
    "resources as font": (files.FONT, files.packed_resources(size=400)),
    "unpacked resources as packed": (files.PACKED_RESOURCES, files.resources(size=400)),
    "packed resources as unpacked": (files.RESOURCES, files.packed_resources(size=400)),
}


@pytest.mark.parametrize("name", WRONG)
async def test_the_wrong_file_is_found_out_at_the_end(radio: Radio, name: str) -> None:
    kind, content = WRONG[name]
    async with listening(radio) as here:
        assert await upload(here, kind, content) == "10 04 04"
        assert _runs(here) is Running.OLD


async def test_the_model_stands_at_a_multiple_of_four(radio: Radio) -> None:
    async with listening(radio) as here:
        shifted = bytearray(files.firmware(size=2000, model=b"\xff" * 16))
        shifted[514:530] = b"Mi Smart Band 4\x00"
        assert await upload(here, files.FIRMWARE, bytes(shifted)) == "10 04 04"


# What ends a transfer


async def test_a_wrong_checksum_is_told(radio: Radio) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.FIRMWARE, SMALL)[:-1] + b"\x00")
        await here.phone.write("1531", "03 01")
        await send(here, SMALL)
        assert await here.phone.hear("1531", 2) == b"\x10\x03\x01"
        assert await ask(here, "04") == "10 04 04"
        assert _runs(here) is Running.OLD
        # From the beginning, it goes.
        assert await upload(here, files.FIRMWARE, SMALL) == "10 04 01"


async def test_too_many_bytes_end_it(radio: Radio) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.WATCHFACE, FACE, size=60))
        await here.phone.write("1531", "03 01")
        await here.phone.write("1532", FACE, response=False)
        assert await here.phone.hear("1531", 2) == b"\x10\x03\x04"
        assert here.wrongs == ["1532: more bytes than announced"]
        # What is still on its way does no more harm.
        await here.phone.command("1532", b"\x00")
        assert len(here.wrongs) == 1


async def test_everything_is_thrown_away_with_the_link(radio: Radio) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        await here.phone.command("1532", SMALL[:200])
        await here.phone.disconnect()
        await again(here)
        await here.phone.subscribe("1531")
        state = here.band.snapshot()["firmware"]
        assert isinstance(state, dict)
        assert (state["running"], state["step"], state["received"]) == ("old", "idle", 0)
        assert here.shows() is Kind.CLOCK
        # A reboot is only a reboot now.
        assert await ask(here, "05") == "10 05 01"
        await again(here)
        assert _runs(here) is Running.OLD
        assert not here.band.violations


@pytest.mark.parametrize("sent", [0, 200, 3000])
async def test_a_reboot_in_the_middle_is_the_end_of_the_band(radio: Radio, sent: int) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        await here.phone.command("1532", SMALL[:sent] or b"\x00")
        await ask(here, "05")
        await here.band.wait_for(lambda: not here.band.powered)
        assert _runs(here) is Running.BROKEN
        assert "1531: REBOOT in the middle of a transfer" in here.wrongs
        await here.band.power_on()
        assert not here.band.powered


async def test_a_reboot_after_a_failed_firmware_is_the_end_of_the_band(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(verified=4))
        assert await upload(here, files.FIRMWARE, SMALL) == "10 04 04"
        await ask(here, "05")
        assert _runs(here) is Running.BROKEN


async def test_a_reboot_for_a_watch_face_is_not_asked_for(radio: Radio) -> None:
    async with listening(radio) as here:
        await upload(here, files.WATCHFACE, FACE)
        await ask(here, "05")
        assert here.wrongs == ["1531: REBOOT for what needs none"]
        await again(here)
        assert _runs(here) is Running.OLD
        assert here.band.firmware.face == "238f66"


@pytest.mark.parametrize(
    ("value", "reply", "what"),
    [
        ("03 01", "10 03 02", "START without an accepted INIT, or not 03 01"),
        ("04", "10 04 02", "FINISH before all bytes are in"),
        ("04 b6 3f", "10 04 04", "unknown command"),
        ("01 00 00 00", "10 01 04", "unknown command"),
        ("d0", "10 d0 04", "unknown command"),
        ("03", "10 03 04", "unknown command"),
    ],
)
async def test_what_comes_at_the_wrong_time_is_listed(
    radio: Radio, value: str, reply: str, what: str
) -> None:
    async with listening(radio) as here:
        assert await ask(here, value) == reply
        assert here.wrongs == [f"1531: {what}"]


async def test_start_has_its_second_byte(radio: Radio) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.FIRMWARE, SMALL))
        assert await ask(here, "03 00") == "10 03 02"
        assert len(here.wrongs) == 1


async def test_data_before_the_start_is_ignored_and_listed(radio: Radio) -> None:
    async with listening(radio) as here:
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.command("1532", SMALL[:20])
        assert here.wrongs == ["1532: data without a transfer that was started"]
        state = here.band.snapshot()["firmware"]
        assert isinstance(state, dict)
        assert state["received"] == 0


async def test_a_sync_alone_is_listed(radio: Radio) -> None:
    async with listening(radio) as here:
        await here.phone.write("1531", "00")
        assert here.wrongs == ["1531: SYNC without a transfer"]
        assert here.phone.heard["1531"] == []


async def test_somebody_has_to_listen(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.write("1531", init_of(files.FIRMWARE, SMALL))
        assert here.wrongs == ["1531: nobody hears the reply: CCCD is off"]


async def test_nothing_is_taken_without_the_key(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("1531")
        assert await here.phone.refused("1531", init_of(files.FIRMWARE, SMALL)) == 0x05
        assert len(here.band.violations) == 1


# Trouble


@pytest.mark.parametrize("status", [0x02, 0x04, 0x22, 0x47, 0x99])
async def test_every_step_can_be_refused(radio: Radio, status: int) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(init=status))
        assert await ask(here, init_of(files.WATCHFACE, FACE)) == f"10 01 {status:02x}"
        for trouble, step in (
            (UploadTrouble(received=status), 3),
            (UploadTrouble(verified=status), 4),
        ):
            here.band.faults.upload(trouble)
            here.phone.heard["1531"].clear()
            await ask(here, init_of(files.WATCHFACE, FACE))
            await here.phone.write("1531", "03 01")
            await send(here, FACE)
            answer = await here.phone.hear("1531", 2)
            if step == 4:
                answer = bytes.fromhex(await ask(here, "04"))
            assert answer == bytes((0x10, step, status))
            assert here.band.firmware.face is None
        assert not here.band.violations


async def test_a_reboot_can_be_refused(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(rebooting=4))
        await upload(here, files.FIRMWARE, SMALL)
        assert await ask(here, "05") == "10 05 04"
        assert here.band.powered
        assert _runs(here) is Running.OLD


async def test_every_reply_can_be_missing(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(silent_init=True))
        await here.phone.write("1531", init_of(files.WATCHFACE, FACE))
        assert here.phone.heard["1531"] == []
        here.band.faults.upload(UploadTrouble(silent_received=True))
        await ask(here, init_of(files.WATCHFACE, FACE))
        await here.phone.write("1531", "03 01")
        await send(here, FACE)
        assert len(here.phone.heard["1531"]) == 1
        here.band.faults.upload(UploadTrouble(silent_verified=True, silent_reboot=True))
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        await send(here, SMALL)
        await here.phone.hear("1531", 3)
        await here.phone.write("1531", "04")
        await here.phone.write("1531", "05")
        await here.band.wait_for(lambda: not here.band.connected)
        assert len(here.phone.heard["1531"]) == 3
        assert _runs(here) is Running.NEW


@pytest.mark.parametrize(("step", "heard"), [(1, "ef fe fe"), (3, "ef fc fe"), (4, "ef fb fe")])
async def test_every_reply_can_be_garbled(radio: Radio, step: int, heard: str) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(garbled=step))
        await ask(here, init_of(files.WATCHFACE, FACE))
        await here.phone.write("1531", "03 01")
        await send(here, FACE)
        await here.phone.hear("1531", 2)
        await ask(here, "04")
        assert [one.hex(" ") for one in here.phone.heard["1531"]][(1, 3, 4).index(step)] == heard


@pytest.mark.parametrize(
    "trouble", [UploadTrouble(lost=(1,)), UploadTrouble(spoiled=(0,)), UploadTrouble(lost=(3,))]
)
async def test_data_can_be_lost_or_spoiled(radio: Radio, trouble: UploadTrouble) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(trouble)
        await ask(here, init_of(files.WATCHFACE, FACE))
        await here.phone.write("1531", "03 01")
        await send(here, FACE)
        if trouble.lost:
            # It waits for what is missing, and says nothing.
            assert len(here.phone.heard["1531"]) == 1
        else:
            await here.phone.hear("1531", 2)
            assert await ask(here, "04") == "10 04 04"


async def test_a_garbled_reply_can_be_anything(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(garbled=0x01, says=b"\x10\x04\x01"))
        assert await ask(here, init_of(files.WATCHFACE, FACE)) == "10 04 01"


async def test_packets_can_come_twice(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(doubled=(1,)))
        await ask(here, init_of(files.WATCHFACE, FACE))
        await here.phone.write("1531", "03 01")
        for start in range(0, len(FACE), 20):
            await here.phone.write("1532", FACE[start : start + 20], response=False)
        assert (await here.phone.hear("1531", 2)).hex(" ") == "10 03 04"
        # The client is not to blame.
        assert here.wrongs == []


async def test_a_band_can_break_off_by_itself(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(breaks_off=(2, 0x47)))
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        for start in (0, 20, 40):
            await here.phone.write("1532", SMALL[start : start + 20], response=False)
        assert (await here.phone.hear("1531", 2)).hex(" ") == "10 03 47"


COMMANDS = {
    1: init_of(files.FIRMWARE, SMALL),
    3: b"\x03\x01",
    0: b"\x00",
    4: b"\x04",
    5: b"\x05",
}


async def come_to(here: Lab, command: int) -> None:
    """Send a firmware up to a command, which is not written any more."""
    for earlier, value in COMMANDS.items():
        if earlier == command:
            return
        await (here.phone.write("1531", value) if earlier else send(here, SMALL))


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_can_be_refused(radio: Radio, command: int) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(refuse=command))
        await come_to(here, command)
        with pytest.raises(att.ATT_Error):
            await here.phone.write("1531", COMMANDS[command])
        assert _runs(here) is Running.OLD
        assert here.band.snapshot()["reboots"] == 0


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_can_stay_unanswered(radio: Radio, command: int) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(unanswered=command))
        await come_to(here, command)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await here.phone.write("1531", COMMANDS[command])
        assert _runs(here) is Running.OLD
        assert here.band.snapshot()["reboots"] == 0


@pytest.mark.parametrize("command", [1, 3, 4, 5])
async def test_the_link_can_be_cut_instead_of_a_reply(radio: Radio, command: int) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(cut_reply=command))
        if command == 1:
            await here.phone.write("1531", init_of(files.FIRMWARE, SMALL))
        else:
            await ask(here, init_of(files.FIRMWARE, SMALL))
            await here.phone.write("1531", "03 01")
            await send(here, SMALL)
        for step, value in ((4, "04"), (5, "05")):
            if command >= step:
                await here.phone.write("1531", value)
        await here.band.wait_for(lambda: not here.band.connected)
        await again(here)
        # Only what was told to restart is new, whether or not anybody heard that it would.
        assert _runs(here) is (Running.NEW if command == 5 else Running.OLD)


async def test_a_transfer_may_begin_again_when_the_answer_to_its_finish_was_lost(
    radio: Radio,
) -> None:
    async with listening(radio) as here:
        assert await upload(here, files.FIRMWARE, SMALL) == "10 04 01"
        assert await upload(here, files.FIRMWARE, SMALL) == "10 04 01"
        assert await ask(here, "05") == "10 05 01"
        await again(here)
        assert _runs(here) is Running.NEW


async def test_other_files_wait_for_the_restart(radio: Radio) -> None:
    async with listening(radio) as here:
        await upload(here, files.FIRMWARE, SMALL)
        await ask(here, init_of(files.WATCHFACE, FACE))
        assert here.wrongs == ["1531: INIT of another file while a firmware waits for its reboot"]


async def test_a_new_firmware_may_have_its_services_elsewhere(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.firmware.moves_services = True
        before = here.phone.characteristic("0009").handle
        await upload(here, files.FIRMWARE, SMALL)
        await ask(here, "05")
        await again(here)
        assert here.phone.characteristic("0009").handle > before


async def test_a_new_firmware_may_have_forgotten_what_was_set(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.firmware.forgets_settings = True
        await here.phone.write("0003", "06 02 00 01", response=False)
        await here.phone.write("2A39", "14 05")
        await here.band.wait_for(lambda: "time_format_24h" in here.band._configuration.settings)
        await upload(here, files.FIRMWARE, SMALL)
        await ask(here, "05")
        await again(here)
        assert here.band.snapshot()["settings"] == {}
        assert here.band._body.posture.interval == 10


@pytest.mark.parametrize("command", [0, 1, 3, 4, 5])
async def test_the_link_can_be_cut_at_every_command(radio: Radio, command: int) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(cut_at=command))
        data = [("1532", SMALL[start : start + 20]) for start in range(0, 3000, 20)]
        commands = [
            [("1531", init_of(files.FIRMWARE, SMALL))],
            [("1531", b"\x03\x01")],
            [*data, ("1531", b"\x00")],
            [("1531", b"\x04")],
            [("1531", b"\x05")],
        ]
        for number in range([1, 3, 0, 4, 5].index(command) + 1):
            for name, value in commands[number]:
                await here.phone.write(name, value, response=name == "1531")
        await here.band.wait_for(lambda: not here.band.connected)
        await again(here)
        assert _runs(here) is Running.OLD
        assert await here.phone.read("2A28") == b"V1.0.9.66"


@pytest.mark.parametrize("packets", [1, 75, 150])
async def test_the_link_can_be_cut_in_the_data(radio: Radio, packets: int) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(cut_after=packets))
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        for start in range(0, 20 * packets, 20):
            await here.phone.write("1532", SMALL[start : start + 20], response=False)
        await here.band.wait_for(lambda: not here.band.connected)
        assert _runs(here) is Running.OLD


async def test_the_battery_can_run_down_in_the_middle(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(battery_after=3))
        await ask(here, init_of(files.FIRMWARE, SMALL))
        await here.phone.write("1531", "03 01")
        await here.phone.write("1532", SMALL[:20], response=False)
        await here.phone.write("1532", SMALL[20:40], response=False)
        await here.phone.write("1532", SMALL[40:60], response=False)
        assert await here.phone.hear("1531", 2) == b"\x10\x03\x22"
        assert (await here.phone.read("0006"))[1] == 3
        assert await ask(here, init_of(files.FIRMWARE, SMALL)) == "10 01 22"


async def test_a_sync_can_be_refused(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(refuse_sync=0))
        await ask(here, init_of(files.WATCHFACE, FACE))
        await here.phone.write("1531", "03 01")
        with pytest.raises(att.ATT_Error):
            await here.phone.write("1531", "00")


async def test_a_band_can_come_back_as_it_was(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(stays_old=True))
        await upload(here, files.FIRMWARE, SMALL)
        assert await ask(here, "05") == "10 05 01"
        await here.band.wait_for(lambda: not here.band.connected)
        await again(here)
        assert await here.phone.read("2A28") == b"V1.0.9.66"
        assert _runs(here) is Running.OLD


async def test_a_band_can_stay_away(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(stays_away=True))
        await upload(here, files.FIRMWARE, SMALL)
        await ask(here, "05")
        await here.band.wait_for(lambda: not here.band.powered)
        await here.band.power_on()
        await again(here)
        assert await here.phone.read("2A28") == b"V1.0.9.68"


async def test_trouble_with_files_can_be_forgiven(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.upload(UploadTrouble(init=4), 9)
        here.band.faults.forgive_uploads()
        assert await upload(here, files.WATCHFACE, FACE) == "10 04 01"


async def test_a_factory_reset_takes_the_watch_face_and_leaves_the_firmware(radio: Radio) -> None:
    async with listening(radio) as here:
        await upload(here, files.WATCHFACE, FACE)
        await upload(here, files.FIRMWARE, SMALL)
        await ask(here, "05")
        await here.band.wait_for(lambda: not here.band.connected)
        await here.band.wait_for(lambda: here.band.powered)
        address = here.band.address
        here.band.wearer.reset()
        await here.band.wait_for(lambda: here.band.address != address and here.band.powered)
        assert here.band.firmware.face is None
        assert _runs(here) is Running.NEW
