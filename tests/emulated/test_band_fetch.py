"""The transfer of minutes: protocol-data.md, 4.1 to 4.4 and 4.9."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.emulated.phone import Lab, authenticated, lab
from tests.emulator.gatt.body import Json
from tests.emulator.life import Minute
from tests.emulator.radio import Radio

NOW = datetime(2024, 3, 9, 5, 36, 20, tzinfo=UTC)
# 07:30 at UTC+2.
START = "01 01 e8 07 03 09 07 1e 00 08"
SAMPLES = [
    Minute(0x50, 21, 0, 255),
    Minute(0x50, 22, 0, 76),
    Minute(0x01, 64, 15, 255),
    Minute(0x01, 100, 76, 93),
    Minute(0x70, 0, 0, 255),
    Minute(0x79, 20, 0, 61),
]


def _records(here: Lab) -> dict[str, Json]:
    records = here.band.snapshot()["records"]
    assert isinstance(records, dict)
    return records


def _store(here: Lab, samples: list[Minute], first: datetime) -> None:
    for number, sample in enumerate(samples):
        here.band.history.store(first + timedelta(minutes=number), sample)


async def _ready(here: Lab) -> None:
    await here.phone.write("2A2B", "e8 07 03 09 07 24 14 06 00 00 08")
    await here.phone.subscribe("0004", "0005")


async def test_the_documented_trace(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await _ready(here)
        _store(here, SAMPLES, datetime(2024, 3, 9, 5, 30, tzinfo=UTC))
        assert (await here.phone.ask("0004", START)).hex(" ") == (
            "10 01 01 06 00 00 00 e8 07 03 09 07 1e 00 08"
        )
        assert await here.phone.ask("0004", "02") == b"\x10\x02\x01"
        assert [packet.hex(" ") for packet in here.phone.heard["0005"]] == [
            "00 50 15 00 ff 50 16 00 4c 01 40 0f ff 01 64 4c 5d",
            "01 70 00 00 ff 79 14 00 3d",
        ]
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        again = "01 01 e8 07 03 09 07 24 00 08"
        assert (await here.phone.ask("0004", again)).hex(" ") == (
            "10 01 01 00 00 00 00 e8 07 03 09 07 24 00 08"
        )
        assert await here.phone.ask("0004", "03") == b"\x10\x03\x01"
        assert _records(here)["acknowledged"] == [
            {"type": 1, "since": "2024-03-09T07:30:00+02:00", "count": 6}
        ]
        assert not here.band.violations
        # Reading deletes nothing, acknowledging neither.
        assert (await here.phone.ask("0004", START))[3] == 6


async def test_two_weeks_come_in_rounds_of_a_day(radio: Radio) -> None:
    async with authenticated(radio, days=14, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        since = NOW - timedelta(days=30)
        fetched: list[bytes] = []
        rounds = 0
        while True:
            time = since.year.to_bytes(2, "little") + bytes(
                (since.month, since.day, since.hour, since.minute, 0, 0)
            )
            here.phone.heard.clear()
            reply = await here.phone.ask("0004", b"\x01\x01" + time)
            amount = int.from_bytes(reply[3:7], "little")
            if not amount:
                break
            year = int.from_bytes(reply[7:9], "little")
            month, day, hour, minute, second = reply[9:14]
            first = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            await here.phone.write("0004", "02", response=False)
            await here.phone.hear("0004", 2, timeout_s=20)
            packets = here.phone.heard["0005"]
            assert [packet[0] for packet in packets] == [n & 0xFF for n in range(len(packets))]
            stream = b"".join(packet[1:] for packet in packets)
            assert len(stream) == 4 * amount
            fetched.append(stream)
            since = first + timedelta(minutes=amount)
            rounds += 1
        stored = here.band.history.since(NOW - timedelta(days=30))
        assert rounds == 15
        assert b"".join(fetched) == b"".join(bytes(minute) for _, minute in stored)
        assert since == NOW.replace(second=0)
        assert not here.band.violations


async def test_a_round_ends_before_a_gap(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await _ready(here)
        _store(here, SAMPLES[:2], datetime(2024, 3, 9, 5, 25, tzinfo=UTC))
        _store(here, SAMPLES[2:4], datetime(2024, 3, 9, 5, 31, tzinfo=UTC))
        early = "01 01 e8 07 03 09 07 00 00 08"
        assert (await here.phone.ask("0004", early)).hex(" ") == (
            "10 01 01 02 00 00 00 e8 07 03 09 07 19 00 08"
        )
        later = "01 01 e8 07 03 09 07 1b 00 08"
        assert (await here.phone.ask("0004", later)).hex(" ") == (
            "10 01 01 02 00 00 00 e8 07 03 09 07 1f 00 08"
        )


async def test_seconds_may_be_asked_for(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await _ready(here)
        _store(here, SAMPLES, datetime(2024, 3, 9, 5, 30, tzinfo=UTC))
        precise = "01 01 e8 07 03 09 07 1e 0f 06 00 00 08"
        assert (await here.phone.ask("0004", precise))[3] == 6
        empty = "01 05 e8 07 03 09 07 1e 0f 06 00 00 08"
        assert (await here.phone.ask("0004", empty)).hex(" ") == (
            "10 01 01 00 00 00 00 e8 07 03 09 07 1e 0f 08"
        )
        assert not here.band.violations


@pytest.mark.parametrize("kind", [0x02, 0x05, 0x06, 0x07])
async def test_there_are_no_records_of_other_types(radio: Radio, kind: int) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await _ready(here)
        reply = await here.phone.ask("0004", bytes.fromhex(f"01{kind:02x}e80703090000 0008"))
        assert reply == bytes.fromhex("100101 00000000 e8070309000000 08")
        assert await here.phone.ask("0004", "02") == b"\x10\x02\x04"
        assert not here.band.violations


async def test_an_unknown_type_is_refused(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await _ready(here)
        assert await here.phone.ask("0004", "01 25 e8 07 03 09 07 1e 00 08") == b"\x10\x01\x04"
        assert await here.phone.ask("0004", "02") == b"\x10\x02\x04"


async def test_a_start_while_it_sends_finds_it_busy(radio: Radio) -> None:
    async with authenticated(radio, days=2, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        start = "01 01 e8 07 03 08 00 00 00 00"
        await here.phone.ask("0004", start)
        here.band.faults.delay(0.01)
        await here.phone.write("0004", "02", response=False)
        await here.phone.write("0004", start, response=False)
        here.band.faults.delay(0)
        await here.phone.hear("0004", 3, timeout_s=20)
        assert sorted(here.phone.heard["0004"][1:]) == [b"\x10\x01\x02", b"\x10\x02\x01"]


async def test_a_transfer_ends_with_the_link(radio: Radio) -> None:
    async with authenticated(radio, days=2, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        await here.phone.ask("0004", "01 01 e8 07 03 08 00 00 00 00")
        here.band.faults.delay(0.01)
        await here.phone.write("0004", "02", response=False)
        here.band.faults.out_of_range(value=True)
        await here.band.wait_for(lambda: not here.band.connected)
        assert _records(here)["acknowledged"] == []


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        ("01 01 e8 07 0d 09 07 1e 00 08", "10 01 04"),
        ("01 01 e8 07 03 09 07 1e 01 08", "10 01 04"),
        ("01 01 e8 07 03 09 07 1e 00 7f", "10 01 04"),
        ("01 01 e8 07 03 09 07 1e", "10 01 04"),
        ("03 09", "10 03 04"),
        ("03 01", "10 03 04"),
        ("04", "10 04 04"),
    ],
)
async def test_what_is_no_fetch_command_is_listed(radio: Radio, value: str, reply: str) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await _ready(here)
        assert (await here.phone.ask("0004", value)).hex(" ") == reply
        assert len(here.band.violations) == 1


async def test_somebody_has_to_listen(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await here.phone.write("2A2B", "e8 07 03 09 07 24 14 06 00 00 08")
        _store(here, SAMPLES, datetime(2024, 3, 9, 5, 30, tzinfo=UTC))
        await here.phone.command("0004", START)
        assert here.wrongs == ["0004: nobody hears the reply: CCCD is off"]
        await here.phone.subscribe("0004")
        await here.phone.ask("0004", "02")
        assert here.wrongs[1:] == ["0005: nobody hears the records: CCCD is off"]


async def test_without_the_key_nothing_is_fetched(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0004")
        await here.phone.command("0004", START)
        assert here.phone.heard["0004"] == []
        assert len(here.band.violations) == 1
