"""A fetch by hand: the bytes of a START, and one round from it to the acknowledgement."""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from tests.emulated.phone import Lab

MINUTES, SUMMARY, DETAILS = 1, 5, 6


class Round(NamedTuple):
    """What one round brought."""

    amount: int
    start: datetime
    records: bytes
    packets: list[bytes]


def start_of(kind: int, since: datetime) -> bytes:
    """Write a START with minute precision."""
    zone = (since.utcoffset() or timedelta()) // timedelta(minutes=15)
    return bytes(
        (
            *(1, kind, since.year & 0xFF, since.year >> 8),
            *(since.month, since.day, since.hour, since.minute),
            *(0, zone & 0xFF),
        )
    )


def time_of(reply: bytes) -> datetime:
    """Read the time of a reply to START."""
    zone = reply[14] - 256 if reply[14] > 127 else reply[14]
    year = int.from_bytes(reply[7:9], "little")
    month, day, hour, minute, second = reply[9:14]
    offset = timezone(timedelta(minutes=15) * zone)
    return datetime(year, month, day, hour, minute, second, tzinfo=offset)


async def fetch_round(here: Lab, kind: int, since: datetime, *, close: bool = True) -> Round:
    """Fetch one round; nothing is an amount of 0."""
    phone = here.phone
    phone.heard["0004"].clear()
    phone.heard["0005"].clear()
    reply = await phone.ask("0004", start_of(kind, since))
    assert reply[:3] == b"\x10\x01\x01", reply.hex(" ")
    amount = int.from_bytes(reply[3:7], "little")
    if amount:
        await phone.write("0004", "02", response=False)
        end = await phone.hear("0004", 2, timeout_s=30)
        assert end[:3] == b"\x10\x02\x01", end.hex(" ")
    packets = list(phone.heard["0005"])
    assert [packet[0] for packet in packets] == [number & 0xFF for number in range(len(packets))]
    if close:
        assert await phone.ask("0004", "03") == b"\x10\x03\x01"
    return Round(amount, time_of(reply), b"".join(packet[1:] for packet in packets), packets)


async def fetch_minutes(here: Lab, since: datetime) -> dict[int, bytes]:
    """Fetch all minutes from a time on, by the minute that the band takes them for."""
    fetched: dict[int, bytes] = {}
    while True:
        one = await fetch_round(here, MINUTES, since)
        if not one.amount:
            return fetched
        first = int(one.start.timestamp()) // 60
        count = len(one.records) // 4
        assert count
        fetched |= {first + index: one.records[4 * index : 4 * index + 4] for index in range(count)}
        since = one.start + timedelta(minutes=count)
