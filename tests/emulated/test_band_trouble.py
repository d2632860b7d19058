"""What goes wrong with a fetch, on purpose or by a client: protocol-data.md, 4.2 to 4.9."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Unpack
import zlib

from bumble import att
import pytest

from tests.emulated.fetching import DETAILS, MINUTES, SUMMARY, fetch_minutes, fetch_round, start_of
from tests.emulated.phone import Lab, authenticated
from tests.emulator.band import Options
from tests.emulator.gatt.fetch import Amount, Block, Manner, Trouble
from tests.emulator.radio import Radio

NOW = datetime(2024, 3, 9, 20, 0, 20, tzinfo=UTC)
DAY = NOW - timedelta(days=1)
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def listening(radio: Radio, **options: Unpack[Options]) -> AsyncGenerator[Lab]:
    """A band with two days behind it, and a phone that hears its records."""
    defaults: Options = {"days": 2, "now": lambda: NOW, "zone": UTC}
    async with authenticated(radio, **(defaults | options)) as here:
        await here.phone.subscribe("0004", "0005")
        yield here


async def _send(here: Lab) -> bytes:
    """START and SEND; return the last reply."""
    here.phone.heard["0004"].clear()
    here.phone.heard["0005"].clear()
    await here.phone.ask("0004", start_of(MINUTES, DAY))
    await here.phone.write("0004", "02", response=False)
    return await here.phone.hear("0004", 2, timeout_s=20)


def _counters(here: Lab) -> list[int]:
    return [packet[0] for packet in here.phone.heard["0005"]]


def _records(here: Lab) -> bytes:
    return b"".join(packet[1:] for packet in here.phone.heard["0005"])


def _stored(here: Lab) -> bytes:
    """The first round as it is stored."""
    midnight = DAY.replace(hour=0) + timedelta(days=1)
    return b"".join(
        bytes(minute)
        for number, minute in here.band.history.since(DAY)
        if number * 60 < midnight.timestamp() // 60 * 60
    )


# The forms that the documents leave open


async def test_a_round_of_so_many_samples(radio: Radio) -> None:
    async with listening(radio, records=Manner(block=232)) as here:
        one = await fetch_round(here, MINUTES, LONG_AGO)
        assert one.amount == 232
        assert len(one.records) == 928
        fetched = await fetch_minutes(here, LONG_AGO)
        assert len(fetched) == len(here.band.history)
        assert not here.band.violations


async def test_everything_in_one_round(radio: Radio) -> None:
    async with listening(radio, records=Manner(block=Block.ALL)) as here:
        one = await fetch_round(here, MINUTES, LONG_AGO)
        assert one.amount == len(here.band.history)
        # More than 256 packets, so the counter has been round.
        assert len(one.packets) > 512


@pytest.mark.parametrize(("mtu", "room"), [(23, 17), (185, 181), (247, 241)])
async def test_packets_may_be_as_large_as_the_link_takes(radio: Radio, mtu: int, room: int) -> None:
    async with listening(radio, mtu=mtu, records=Manner(packet=None, block=232)) as here:
        connection = here.phone.connection
        assert connection is not None
        await here.band.wait_for(lambda: connection.att_mtu == mtu)
        one = await fetch_round(here, MINUTES, DAY)
        assert max(len(packet) for packet in one.packets) == room
        assert all(len(packet) % 4 == 1 for packet in one.packets)
        assert len(one.records) == 928


async def test_records_may_straddle_packets(radio: Radio) -> None:
    async with listening(radio, records=Manner(packet=19, block=232)) as here:
        one = await fetch_round(here, MINUTES, DAY)
        assert {len(packet) for packet in one.packets[:-1]} == {20}
        assert len(one.records) == 928


@pytest.mark.parametrize(
    ("unit", "amount"), [(Amount.SAMPLES, 232), (Amount.BYTES, 928), (Amount.PACKETS, 58)]
)
async def test_the_amount_has_a_unit(radio: Radio, unit: Amount, amount: int) -> None:
    async with listening(radio, records=Manner(amount=unit, block=232)) as here:
        assert (await fetch_round(here, MINUTES, DAY)).amount == amount


async def test_later_forms_of_the_replies(radio: Radio) -> None:
    async with listening(radio, records=Manner(long_start=True, checksum=True)) as here:
        end = await _send(here)
        assert len(here.phone.heard["0004"][0]) == 16
        assert end == b"\x10\x02\x01" + zlib.crc32(_stored(here)).to_bytes(4, "little")
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        empty = await here.phone.ask("0004", start_of(MINUTES, NOW))
        assert (len(empty), empty[3:7]) == (16, bytes(4))


async def test_an_unknown_type_may_be_empty(radio: Radio) -> None:
    async with listening(radio, records=Manner(unknown_type_is_empty=True)) as here:
        reply = await here.phone.ask("0004", start_of(0x25, NOW))
        assert reply[:7] == bytes.fromhex("100101 00000000")


async def test_an_acknowledgement_may_drop_what_was_sent_and_nothing_else(radio: Radio) -> None:
    async with listening(radio, records=Manner(delete=True, block=232)) as here:
        before = len(here.band.history)
        one = await fetch_round(here, MINUTES, DAY, close=False)
        assert len(here.band.history) == before
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        assert len(here.band.history) == before - 232
        first = int(one.start.timestamp()) // 60
        assert here.band.truth.lost() == [(first, first + 232)]
        again = await fetch_round(here, MINUTES, DAY)
        assert again.start == one.start + timedelta(minutes=232)
        # Nothing was sent, so nothing goes.
        left = len(here.band.history)
        await here.phone.ask("0004", start_of(MINUTES, DAY))
        await here.phone.ask("0004", "03")
        assert len(here.band.history) == left
        assert not here.band.violations


async def test_a_strict_band_wants_every_round_closed(radio: Radio) -> None:
    async with listening(radio, records=Manner(strict=True)) as here:
        await fetch_round(here, MINUTES, DAY, close=False)
        for _ in range(3):
            assert await here.phone.ask("0004", start_of(MINUTES, NOW)) == b"\x10\x01\x02"
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        assert (await here.phone.ask("0004", start_of(MINUTES, NOW)))[:3] == b"\x10\x01\x01"
        # An empty round is one, too.
        assert await here.phone.ask("0004", start_of(MINUTES, NOW)) == b"\x10\x01\x02"
        await here.phone.disconnect()
        await here.phone.connect()
        here.phone.heard.clear()
        await here.phone.authenticate()
        await here.phone.subscribe("0004", "0005")
        assert (await here.phone.ask("0004", start_of(MINUTES, NOW)))[:3] == b"\x10\x01\x01"


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        (lambda: Manner(block=0), "minute"),
        (lambda: Manner(packet=0), "payload"),
        (lambda: Manner(packet=244), "payload"),
        (lambda: Manner(version=0), "layout"),
        (lambda: Manner(version=516), "layout"),
    ],
)
def test_no_band_has_manners_like_these(manner: Callable[[], Manner], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        manner()


# Trouble


async def test_a_packet_is_missing(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(missing=(0, 3)))
        assert await _send(here) == b"\x10\x02\x01"
        assert _counters(here)[:4] == [1, 2, 4, 5]
        assert len(_records(here)) == len(_stored(here)) - 32
        # The next round is a good one.
        here.phone.heard.clear()
        assert await _send(here) == b"\x10\x02\x01"
        assert _records(here) == _stored(here)


async def test_the_last_packet_is_missing(radio: Radio) -> None:
    async with listening(radio, records=Manner(block=232)) as here:
        for missing in ((57,), (-1,)):
            here.band.faults.records(Trouble(missing=missing))
            await _send(here)
            assert _counters(here) == list(range(57))
        here.band.faults.records(Trouble(missing=(-2, -3), doubled=(-1,)))
        await _send(here)
        assert _counters(here) == [*range(55), 57, 57]


async def test_a_packet_comes_twice(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(doubled=(2,)))
        await _send(here)
        assert _counters(here)[:5] == [0, 1, 2, 2, 3]


async def test_a_packet_bears_another_counter(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(wrong_counter=(1,)))
        await _send(here)
        assert _counters(here)[:4] == [0, 2, 2, 3]
        assert _records(here) == _stored(here)


async def test_bytes_belong_to_no_record(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(stray=b"\x50\x00\x00"))
        await _send(here)
        assert _records(here) == _stored(here) + b"\x50\x00\x00"


@pytest.mark.parametrize(
    ("trouble", "replies"),
    [
        (Trouble(start=2), ["10 01 02"]),
        (Trouble(start=4), ["10 01 04"]),
        (Trouble(start_reply=b"\x10\x01\x01\x05\x00\x00"), ["10 01 01 05 00 00"]),
        (Trouble(silent_start=True), []),
    ],
)
async def test_a_start_is_answered_otherwise(
    radio: Radio, trouble: Trouble, replies: list[str]
) -> None:
    async with listening(radio) as here:
        here.band.faults.records(trouble, 2)
        for _ in range(2):
            here.phone.heard["0004"].clear()
            await here.phone.command("0004", start_of(MINUTES, DAY))
            assert [reply.hex(" ") for reply in here.phone.heard["0004"]] == replies
        assert (await here.phone.ask("0004", start_of(MINUTES, DAY)))[:3] == b"\x10\x01\x01"


async def test_a_start_is_answered_with_garbage(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(garbled=True))
        assert (await here.phone.ask("0004", start_of(MINUTES, DAY)))[:3] == b"\xef\xfe\xfe"


@pytest.mark.parametrize("status", [0x02, 0x04, 0x22, 0x47])
async def test_a_send_is_refused(radio: Radio, status: int) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(send=status))
        assert await _send(here) == bytes((0x10, 0x02, status))
        assert here.phone.heard["0005"] == []
        here.band.faults.records(Trouble(end=status))
        assert await _send(here) == bytes((0x10, 0x02, status))
        assert _records(here) == _stored(here)


async def test_the_band_falls_silent(radio: Radio) -> None:
    async with listening(radio) as here:
        for trouble, packets in (
            (Trouble(silent_send=True), 0),
            (Trouble(silent_after=7), 7),
            (Trouble(silent_end=True), len(_stored(here)) // 16 + (len(_stored(here)) % 16 > 0)),
        ):
            here.band.faults.records(trouble)
            here.phone.heard["0004"].clear()
            here.phone.heard["0005"].clear()
            await here.phone.ask("0004", start_of(MINUTES, DAY))
            await here.phone.command("0004", "02")
            if packets:
                await here.phone.hear("0005", packets)
            await here.phone.read("2A28")
            assert len(here.phone.heard["0005"]) == packets
            assert len(here.phone.heard["0004"]) == 1
            # It is asked again, is busy, is closed.
            if not trouble.silent_end:
                assert await here.phone.ask("0004", start_of(MINUTES, DAY)) == b"\x10\x01\x02"
            assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        assert not here.band.violations


async def test_an_acknowledgement_is_not_answered(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(silent_acknowledge=True))
        await _send(here)
        await here.phone.command("0004", "03")
        assert len(here.phone.heard["0004"]) == 2
        here.band.faults.records(Trouble(acknowledge=4))
        await _send(here)
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x04"


@pytest.mark.parametrize("packets", [0, 1, 30])
async def test_the_link_is_cut_after_some_packets(radio: Radio, packets: int) -> None:
    async with listening(radio, records=Manner(delete=True)) as here:
        held = len(here.band.history)
        here.band.faults.records(Trouble(cut_after=packets))
        await here.phone.ask("0004", start_of(MINUTES, DAY))
        await here.phone.write("0004", "02", response=False)
        await here.band.wait_for(lambda: not here.band.connected)
        assert len(here.phone.heard["0005"]) == packets
        assert len(here.band.history) == held


async def test_a_stream_does_not_end(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(endless=True))
        await here.phone.ask("0004", start_of(MINUTES, DAY))
        await here.phone.write("0004", "02", response=False)
        stored = len(_stored(here)) // 16
        await here.phone.hear("0005", 3 * stored, timeout_s=20)
        assert _counters(here)[:180] == list(range(180))
        await here.phone.disconnect()
        sent = here.band.snapshot()["records"]
        await asyncio.sleep(0)
        assert here.band.snapshot()["records"] == sent


async def test_a_band_takes_its_time(radio: Radio) -> None:
    async with listening(radio, records=Manner(block=40)) as here:
        here.band.faults.records(Trouble(packet_s=0.02))
        loop = asyncio.get_running_loop()
        began = loop.time()
        await _send(here)
        assert loop.time() - began >= 10 * 0.02


async def test_a_checksum_is_wrong(radio: Radio) -> None:
    async with listening(radio, records=Manner(checksum=True)) as here:
        here.band.faults.records(Trouble(wrong_checksum=True))
        end = await _send(here)
        assert end[:3] == b"\x10\x02\x01"
        assert int.from_bytes(end[3:], "little") != zlib.crc32(_records(here))


async def test_trouble_waits_for_its_type(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(kind=DETAILS, start=4))
        assert (await fetch_round(here, MINUTES, DAY)).amount
        assert (await fetch_round(here, SUMMARY, LONG_AGO)).start > LONG_AGO
        assert await here.phone.ask("0004", start_of(DETAILS, DAY)) == b"\x10\x01\x04"
        here.band.faults.records(Trouble(start=4), 9)
        here.band.faults.forgive_records()
        assert (await fetch_round(here, MINUTES, DAY)).amount


# What a client does wrong


async def test_fetch_control_takes_no_write_with_response(radio: Radio) -> None:
    async with listening(radio) as here:
        with pytest.raises(att.ATT_Error) as caught:
            await here.phone.write("0004", start_of(MINUTES, DAY), response=True)
        assert caught.value.error_code == att.ATT_WRITE_NOT_PERMITTED_ERROR
        assert here.phone.heard["0004"] == []
        assert [wrong.partition(": write")[0] for wrong in here.wrongs] == ["0004"]


async def test_a_send_without_a_start_is_listed(radio: Radio) -> None:
    async with listening(radio) as here:
        assert await here.phone.ask("0004", "02") == b"\x10\x02\x04"
        assert here.wrongs == ["0004: SEND without records to send"]
        # After an empty round two clients do so.
        await here.phone.ask("0004", start_of(MINUTES, NOW))
        assert await here.phone.ask("0004", "02") == b"\x10\x02\x04"
        assert len(here.wrongs) == 1
        # Once is enough.
        await _send(here)
        assert await here.phone.ask("0004", "02") == b"\x10\x02\x04"
        assert len(here.wrongs) == 2


async def test_an_acknowledgement_before_the_end_is_listed(radio: Radio) -> None:
    async with listening(radio, records=Manner(delete=True)) as here:
        held = len(here.band.history)
        here.band.faults.records(Trouble(packet_s=0.01))
        await here.phone.ask("0004", start_of(MINUTES, DAY))
        await here.phone.write("0004", "02", response=False)
        await here.phone.hear("0005", 2)
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        assert here.wrongs == ["0004: ACK before the end of the transfer"]
        assert len(here.band.history) == held
        # It sends no more.
        heard = len(here.phone.heard["0005"])
        assert (await fetch_round(here, MINUTES, NOW)).amount == 0
        assert len(here.phone.heard["0005"]) == 0 < heard


@pytest.mark.parametrize(
    "trouble",
    [Trouble(missing=(2,)), Trouble(stray=b"\x00"), Trouble(end=4), Trouble(wrong_counter=(0,))],
)
async def test_an_acknowledgement_for_what_did_not_come_is_listed(
    radio: Radio, trouble: Trouble
) -> None:
    async with listening(radio) as here:
        here.band.faults.records(trouble)
        await _send(here)
        await here.phone.ask("0004", "03")
        assert here.wrongs == ["0004: ACK for records that were not received"]


async def test_trouble_beyond_the_last_packet_is_none(radio: Radio) -> None:
    async with listening(radio) as here:
        here.band.faults.records(Trouble(missing=(5000,), doubled=(3,)))
        await _send(here)
        await here.phone.ask("0004", "03")
        assert not here.band.violations


@pytest.mark.parametrize("value", ["03 01", "03 09"])
async def test_acknowledgements_of_later_devices_do_nothing(radio: Radio, value: str) -> None:
    async with listening(radio, records=Manner(delete=True)) as here:
        held = len(here.band.history)
        await _send(here)
        assert await here.phone.ask("0004", value) == b"\x10\x03\x04"
        assert here.wrongs == ["0004: unknown fetch command"]
        assert len(here.band.history) == held
