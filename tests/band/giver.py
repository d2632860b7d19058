"""A band in memory that gives out records as a test has written them down."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import override

from custom_components.mi_band.band.link import Packet
from custom_components.mi_band.band.uuids import Characteristic

from .scripted import ScriptedLink

CONTROL = Characteristic.FETCH_CONTROL
DATA = Characteristic.FETCH_DATA
END = b"\x10\x02\x01"
ACKNOWLEDGED = b"\x10\x03\x01"
ACKNOWLEDGE = b"\x03"


def control(value: str) -> Packet:
    """Notify something on the control characteristic."""
    return Packet(CONTROL, bytes.fromhex(value))


def data(value: bytes) -> Packet:
    """Notify something on the data characteristic."""
    return Packet(DATA, value)


def offer(amount: int, start: datetime) -> bytes:
    """Write a START reply of 15 bytes down by its layout."""
    zone = (start.utcoffset() or timedelta()) // timedelta(minutes=15)
    clock = (start.month, start.day, start.hour, start.minute, start.second, zone & 0xFF)
    return (
        b"\x10\x01\x01"
        + amount.to_bytes(4, "little")
        + start.year.to_bytes(2, "little")
        + (bytes(clock))
    )


def cut(records: bytes, size: int = 16) -> list[bytes]:
    """Cut records into numbered packets."""
    return [
        bytes((number & 0xFF,)) + records[at : at + size]
        for number, at in enumerate(range(0, len(records), size))
    ]


@dataclass(slots=True)
class Round:
    """What the band notifies when START and SEND of one round are written."""

    start: Sequence[Packet] = ()
    send: Sequence[Packet] = ()


def whole(
    records: bytes,
    start: datetime,
    *,
    amount: int | None = None,
    packets: list[bytes] | None = None,
) -> Round:
    """Give out records; the amount counts minutes, the packets are as they should be.

    Args:
        records: What is stored.
        start: Of the first.
        amount: Another amount.
        packets: What comes instead.
    """
    return Round(
        start=[Packet(CONTROL, offer(len(records) // 4 if amount is None else amount, start))],
        send=[
            *(data(packet) for packet in (cut(records) if packets is None else packets)),
            Packet(CONTROL, END),
        ],
    )


@dataclass(slots=True)
class _Script:
    rounds: Iterator[Round]
    present: Round = field(default_factory=Round)


class GivingLink(ScriptedLink):
    """Plays one round after another; a START after the last one is not answered."""

    def __init__(
        self,
        *rounds: Round,
        acknowledgement: Sequence[Packet] = (Packet(CONTROL, ACKNOWLEDGED),),
    ) -> None:
        super().__init__()
        self._script = _Script(iter(rounds))
        self._acknowledgement = acknowledgement

    @property
    def commands(self) -> list[bytes]:
        """First byte of everything that was written to the control characteristic."""
        return [packet[:1] for packet in self.packets(CONTROL)]

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        await super().write(characteristic, *packets)
        for packet in packets:
            if characteristic is CONTROL:
                self._play(packet)

    def play(self, packets: Iterable[Packet]) -> None:
        """Notify packets, now."""
        for packet in packets:
            self.notify(packet.characteristic, packet.value)

    def _play(self, command: bytes) -> None:
        match command[:1]:
            case b"\x01":
                self._script.present = next(self._script.rounds, Round())
                self.play(self._script.present.start)
            case b"\x02":
                self.play(self._script.present.send)
            case _:
                self.play(self._acknowledgement)
