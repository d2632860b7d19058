"""Values of the current time characteristic."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from . import Origin, Vector

_BERLIN = ZoneInfo("Europe/Berlin")
_ST_JOHNS = ZoneInfo("America/St_Johns")
_KATHMANDU = ZoneInfo("Asia/Kathmandu")
_LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
_CHATHAM = ZoneInfo("Pacific/Chatham")
_KIRITIMATI = ZoneInfo("Pacific/Kiritimati")

_LAYOUT = "protocol-control.md section 8, from the layout"


def _computed(name: str, packet: str, value: datetime) -> Vector[datetime]:
    return Vector(
        name=name,
        packet=bytes.fromhex(packet),
        value=value,
        origin=Origin.COMPUTED,
        source=_LAYOUT,
    )


CLOCKS = (
    Vector(
        name="Thursday in UTC+1",
        packet=bytes.fromhex("e6070c0f142635 04 00 00 04"),
        value=datetime(2022, 12, 15, 20, 38, 53, tzinfo=timezone(timedelta(hours=1))),
        origin=Origin.CAPTURED,
        source="protocol-control.md section 8, protocol-data.md section 0.3",
    ),
    Vector(
        name="Monday in UTC-4",
        packet=bytes.fromhex("e8070701090500 01 00 00 f0"),
        value=datetime(2024, 7, 1, 9, 5, tzinfo=timezone(timedelta(hours=-4))),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 8",
    ),
    Vector(
        name="leap day in UTC+5:30",
        packet=bytes.fromhex("e807021d173b3a 04 00 00 16"),
        value=datetime(2024, 2, 29, 23, 59, 58, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 8",
    ),
    _computed(
        "Sunday in UTC",
        "ea070b16000000 07 00 00 00",
        datetime(2026, 11, 22, tzinfo=UTC),
    ),
    _computed(
        "the second before the clocks go forward",
        "ea07031d013b3b 07 00 00 04",
        datetime(2026, 3, 29, 1, 59, 59, tzinfo=_BERLIN),
    ),
    _computed(
        "the second when the clocks go forward",
        "ea07031d030000 07 00 00 08",
        datetime(2026, 3, 29, 3, tzinfo=_BERLIN),
    ),
    _computed(
        "the hour that comes twice, for the first time",
        "ea070a19021e00 07 00 00 08",
        datetime(2026, 10, 25, 2, 30, tzinfo=_BERLIN),
    ),
    _computed(
        "the hour that comes twice, for the second time",
        "ea070a19021e00 07 00 00 04",
        datetime(2026, 10, 25, 2, 30, tzinfo=_BERLIN, fold=1),
    ),
    _computed(
        "Newfoundland in winter, UTC-3:30",
        "ea07010f0c0000 04 00 00 f2",
        datetime(2026, 1, 15, 12, tzinfo=_ST_JOHNS),
    ),
    _computed(
        "Newfoundland in summer, UTC-2:30",
        "ea07070f0c0000 03 00 00 f6",
        datetime(2026, 7, 15, 12, tzinfo=_ST_JOHNS),
    ),
    _computed(
        "Nepal, UTC+5:45",
        "ea07070f0c0000 03 00 00 17",
        datetime(2026, 7, 15, 12, tzinfo=_KATHMANDU),
    ),
    _computed(
        "Lord Howe in winter, UTC+10:30",
        "ea07070f0c0000 03 00 00 2a",
        datetime(2026, 7, 15, 12, tzinfo=_LORD_HOWE),
    ),
    _computed(
        "Lord Howe in summer, half an hour more",
        "ea07010f0c0000 04 00 00 2c",
        datetime(2026, 1, 15, 12, tzinfo=_LORD_HOWE),
    ),
    _computed(
        "Chatham in summer, UTC+13:45",
        "ea07010f0c0000 04 00 00 37",
        datetime(2026, 1, 15, 12, tzinfo=_CHATHAM),
    ),
    _computed(
        "the earliest zone, UTC+14",
        "ea0701010c0000 04 00 00 38",
        datetime(2026, 1, 1, 12, tzinfo=_KIRITIMATI),
    ),
    _computed(
        "the latest zone, UTC-12",
        "ea0701010c0000 04 00 00 d0",
        datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=-12))),
    ),
)

UNSET = (
    Vector(
        name="a band that does not know its zone",
        packet=bytes.fromhex("e4070b100e3704 01 00 00 80"),
        value=None,
        origin=Origin.CAPTURED,
        source="protocol-control.md section 8, from the BreakMi emulator",
    ),
    Vector(
        name="a band without a date",
        packet=bytes.fromhex("00000000000000 00 00 00 00"),
        value=None,
        origin=Origin.COMPUTED,
        source=_LAYOUT,
    ),
    Vector(
        name="the 31st of April",
        packet=bytes.fromhex("ea07041f000000 05 00 00 00"),
        value=None,
        origin=Origin.COMPUTED,
        source=_LAYOUT,
    ),
    Vector(
        name="a zone that no place on earth has",
        packet=bytes.fromhex("ea07010f0c0000 04 00 00 7f"),
        value=None,
        origin=Origin.COMPUTED,
        source=_LAYOUT,
    ),
)
