"""What several capabilities share: zone bytes, replies, chunked transfers."""

from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from typing import override

from . import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A command on the configuration characteristic and what the band answers."""

    command: bytes
    echoed: int
    packet: bytes
    status: int

    @override
    def __str__(self) -> str:
        """The command, for pytest."""
        return self.command.hex(" ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A message, the packets that carry it to the band, and the band's acknowledgement."""

    name: str
    message_type: int
    payload: bytes
    mtu: int
    packets: tuple[bytes, ...]
    acknowledgement: bytes
    origin: Origin
    source: str

    @override
    def __str__(self) -> str:
        """The name, for pytest."""
        return self.name


ZONES = (
    (-48, timezone(timedelta(hours=-12))),
    (-20, timezone(timedelta(hours=-5))),
    (-14, timezone(timedelta(hours=-3, minutes=-30))),
    (0, UTC),
    (4, timezone(timedelta(hours=1))),
    (8, timezone(timedelta(hours=2))),
    (22, timezone(timedelta(hours=5, minutes=30))),
    (23, timezone(timedelta(hours=5, minutes=45))),
    (32, timezone(timedelta(hours=8))),
    (56, timezone(timedelta(hours=14))),
)
"""Quarter hours and the zone: protocol-data.md section 0.3, protocol-control.md section 8."""


def _reply(command: str, echoed: int, packet: str, status: int = 0x01) -> Reply:
    return Reply(
        command=bytes.fromhex(command),
        echoed=echoed,
        packet=bytes.fromhex(packet),
        status=status,
    )


REPLIES = (
    _reply("061700656e5f5553", 3, "1006170001"),
    _reply("06190001", 3, "1006190001"),
    _reply("06220000", 3, "1006220001"),
    _reply("06010000", 3, "1006010001"),
    _reply("06030001", 3, "1006030001"),
    _reply("06020001", 3, "1006020001"),
    _reply("060a0000", 3, "10060a0001"),
    _reply("0610000101", 3, "1006100001"),
    _reply("0605000000000000", 3, "1006050001"),
    _reply("06060000", 3, "1006060001"),
    _reply("06230000", 3, "1006230001"),
    _reply("0607000d000000", 3, "1006070001"),
    _reply("0621000000", 3, "1006210006", 0x06),
    _reply("08003c000800150000000000", 1, "100801"),
    _reply("1a00", 1, "101a01"),
    _reply("0d", 1, "100d01 0300400002 00"),
    _reply("0c", 1, "100c05", 0x05),
    _reply("11", 1, "101101080b0207000000600300000001070000 00"),
)
"""Captured pairs: protocol-control.md section 4.1."""

PAIRING = Transfer(
    name="the signature of a pairing",
    message_type=4,
    payload=bytes.fromhex(
        "8300 7689ba6dadce703081c8cff066f995 12fede046f27891a0b16172565189f439b"
        "14a016b934077af6c9a63515b4b530f6c2 65fac534e4064eb6742fc7e198f5c2 00000000"
    ),
    mtu=23,
    packets=(
        bytes.fromhex("00040083007689ba6dadce703081c8cff066f995"),
        bytes.fromhex("00440112fede046f27891a0b16172565189f439b"),
        bytes.fromhex("00440214a016b934077af6c9a63515b4b530f6c2"),
        bytes.fromhex("00440365fac534e4064eb6742fc7e198f5c20000"),
        bytes.fromhex("0084040000"),
    ),
    acknowledgement=bytes.fromhex("10008401010000"),
    origin=Origin.CAPTURED,
    source="protocol-control.md section 5.3, steps 9 and 12",
)

TRANSFERS = (
    PAIRING,
    Transfer(
        name="a piece of music",
        message_type=3,
        payload=bytes.fromhex("4032"),
        mtu=23,
        packets=(bytes.fromhex("00c3004032"),),
        acknowledgement=bytes.fromhex("1000c301010000"),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 4.3",
    ),
    Transfer(
        name="the menu",
        message_type=2,
        payload=bytes.fromhex(
            "1e 0000ff12 0100ff01 0200ff02 0300ff03 0401ff04 0501ff05 0601ff06 0701ff07"
        ),
        mtu=23,
        packets=(
            bytes.fromhex("0002001e0000ff120100ff010200ff020300ff03"),
            bytes.fromhex("0082010401ff040501ff050601ff060701ff07"),
        ),
        acknowledgement=bytes.fromhex("10008201010000"),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 10.1",
    ),
    Transfer(
        name="the menu on a wide link",
        message_type=2,
        payload=bytes.fromhex("1e 0000ff12 0100ff01 0200ff02 0300ff03 0401ff04"),
        mtu=247,
        packets=(bytes.fromhex("00c2001e0000ff120100ff010200ff020300ff030401ff04"),),
        acknowledgement=bytes.fromhex("1000c201010000"),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 4.3, from the layout",
    ),
    Transfer(
        name="exactly one full packet",
        message_type=0,
        payload=bytes(range(17)),
        mtu=23,
        packets=(bytes.fromhex("00c000000102030405060708090a0b0c0d0e0f10"),),
        acknowledgement=bytes.fromhex("1000c001010000"),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 4.3, from the layout",
    ),
    Transfer(
        name="one byte more than a packet holds",
        message_type=1,
        payload=bytes(range(18)),
        mtu=23,
        packets=(
            bytes.fromhex("000100000102030405060708090a0b0c0d0e0f10"),
            bytes.fromhex("00810111"),
        ),
        acknowledgement=bytes.fromhex("10008101010000"),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 4.3, from the layout",
    ),
)
