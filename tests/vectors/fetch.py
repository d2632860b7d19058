"""Stored records: the questions for them, the replies and the packets."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import override

from custom_components.mi_band.band.fetch import Offer, RecordKind

from . import Origin, Vector

_REQUEST = "protocol-data.md section 4.1"
_REPLY = "protocol-data.md section 4.2"


def _zone(hours: int, minutes: int = 0) -> timezone:
    return timezone(timedelta(hours=hours, minutes=minutes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for, and how."""

    kind: RecordKind
    since: datetime
    packet: bytes
    source: str = _REQUEST

    @override
    def __str__(self) -> str:
        """The bytes, for pytest."""
        return self.packet.hex(" ")


QUESTIONS = (
    Question(
        kind=RecordKind.MINUTES,
        since=datetime(2024, 3, 9, 7, 30, tzinfo=_zone(2)),
        packet=bytes.fromhex("0101 e8070309071e 00 08"),
    ),
    Question(
        kind=RecordKind.MINUTES,
        since=datetime(2021, 11, 24, tzinfo=_zone(-5)),
        packet=bytes.fromhex("0101 e5070b180000 00 ec"),
    ),
    Question(
        kind=RecordKind.MINUTES,
        since=datetime(2020, 10, 27, 18, 5, tzinfo=_zone(5, 45)),
        packet=bytes.fromhex("0101 e4070a1b1205 00 17"),
    ),
    Question(
        kind=RecordKind.WORKOUT_SUMMARY,
        since=datetime(2024, 3, 1, tzinfo=_zone(1)),
        packet=bytes.fromhex("0105 e80703010000 00 04"),
    ),
    Question(
        kind=RecordKind.MINUTES,
        since=datetime(2024, 3, 9, 7, 30, 59, 999_999, tzinfo=_zone(2)),
        packet=bytes.fromhex("0101 e8070309071e 00 08"),
        source=f"{_REQUEST}, from the layout: seconds are left out",
    ),
    Question(
        kind=RecordKind.WORKOUT_DETAILS,
        since=datetime(2024, 3, 9, 7, 30, tzinfo=_zone(-3, -30)),
        packet=bytes.fromhex("0106 e8070309071e 00 f2"),
        source="protocol-data.md sections 0.3, 4.1 and 5, from the layout",
    ),
)

START = datetime(2024, 3, 9, 7, 30, tzinfo=_zone(2))
START_EPOCH_S = 1_709_962_200

OFFERS = (
    Vector[Offer | None](
        name="six minutes",
        packet=bytes.fromhex("100101 06000000 e8070309071e00 08"),
        value=Offer(6, START),
        origin=Origin.COMPUTED,
        source=_REPLY,
    ),
    Vector[Offer | None](
        name="six minutes, of a later device",
        packet=bytes.fromhex("100101 06000000 e8070309071e00 08 00"),
        value=Offer(6, START),
        origin=Origin.COMPUTED,
        source=_REPLY,
    ),
    Vector[Offer | None](
        name="with seconds, west of Greenwich",
        packet=bytes.fromhex("100101 80000000 e8070309071e0f ec"),
        value=Offer(128, datetime(2024, 3, 9, 7, 30, 15, tzinfo=_zone(-5))),
        origin=Origin.COMPUTED,
        source=f"{_REPLY}, from the layout",
    ),
    Vector[Offer | None](
        name="nothing",
        packet=bytes.fromhex("100101 00000000 e80703090724 00 08"),
        value=None,
        origin=Origin.COMPUTED,
        source="protocol-data.md section 4.4, the second round of the trace",
    ),
    Vector[Offer | None](
        name="the short form",
        packet=bytes.fromhex("100101 060000"),
        value=None,
        origin=Origin.COMPUTED,
        source=f"{_REPLY}, an older band",
    ),
    Vector[Offer | None](
        name="no amount at all",
        packet=bytes.fromhex("100101"),
        value=None,
        origin=Origin.COMPUTED,
        source=_REPLY,
    ),
)

BUSY = bytes.fromhex("100102")
START_FAILED = bytes.fromhex("100104")
SEND_FAILED = bytes.fromhex("100204")

RECORDS = bytes.fromhex("501500ff 5016004c 01400fff 0164 4c5d 700000ff 7914003d")
CHECKSUM = 0xE52018B5

END = Vector[int | None](
    name="the end",
    packet=bytes.fromhex("100201"),
    value=None,
    origin=Origin.COMPUTED,
    source=_REPLY,
)
CHECKED_END = Vector[int | None](
    name="the end, with a checksum",
    packet=bytes.fromhex("100201 b51820e5"),
    value=CHECKSUM,
    origin=Origin.COMPUTED,
    source="protocol-data.md sections 4.2 and 4.4",
)
ENDS = (END, CHECKED_END)

TRACE = (
    ("C", "0101 e8070309071e 00 08"),
    ("control", "100101 06000000 e8070309071e00 08"),
    ("C", "02"),
    ("data", "00 501500ff 5016004c 01400fff 01644c5d"),
    ("data", "01 700000ff 7914003d"),
    ("control", "100201"),
    ("C", "03"),
    ("control", "100301"),
    ("C", "0101 e80703090724 00 08"),
    ("control", "100101 00000000 e80703090724 00 08"),
    ("C", "03"),
    ("control", "100301"),
)
"""Section 4.4: what the client writes, and what the band notifies on the two characteristics."""
