"""Values of the battery characteristic."""

from datetime import UTC, datetime, timedelta, timezone

from custom_components.mi_band.band.battery import Battery

from . import Origin, Vector

_UTC_1 = timezone(timedelta(hours=1))
_UTC_2 = timezone(timedelta(hours=2))

VALUES = (
    Vector(
        name="firmware 1.0.9, 77 percent",
        packet=bytes.fromhex("0f4d00 e9070c09001b2a04 e9070c09002d3904 64"),
        value=Battery(
            level_percent=77,
            charging=False,
            last_charged=datetime(2025, 12, 9, 0, 45, 57, tzinfo=_UTC_1),
        ),
        origin=Origin.CAPTURED,
        source="protocol-control.md section 6.2, from a public write-up",
    ),
    Vector(
        name="zone unknown, 98 percent",
        packet=bytes.fromhex("0f6200 e4070b0a10340b80 e4070b0a10342480 64"),
        value=Battery(level_percent=98, charging=False, last_charged=None),
        origin=Origin.CAPTURED,
        source="protocol-control.md section 6.2, from the BreakMi emulator",
    ),
    Vector(
        name="Mi Band 2, 48 percent",
        packet=bytes.fromhex("0f3000 e0070b1a12232c04 e0070b1a172b3b04 64"),
        value=Battery(
            level_percent=48,
            charging=False,
            last_charged=datetime(2016, 11, 26, 23, 43, 59, tzinfo=_UTC_1),
        ),
        origin=Origin.CAPTURED,
        source="protocol-data.md section 3",
    ),
    Vector(
        name="summer time, 87 percent",
        packet=bytes.fromhex("0f5700 e807030108020b08 e807030109290508 17"),
        value=Battery(
            level_percent=87,
            charging=False,
            last_charged=datetime(2024, 3, 1, 9, 41, 5, tzinfo=_UTC_2),
        ),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 3",
    ),
    Vector(
        name="charging in UTC, last level missing",
        packet=bytes.fromhex("0f0001 e807030108020b00 e807030109290500"),
        value=Battery(
            level_percent=0,
            charging=True,
            last_charged=datetime(2024, 3, 1, 9, 41, 5, tzinfo=UTC),
        ),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 3: a missing tail is unknown",
    ),
    Vector(
        name="full, nothing but level and charging",
        packet=bytes.fromhex("0f6401"),
        value=Battery(level_percent=100, charging=True, last_charged=None),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 3: lengths of 3 or more must be accepted",
    ),
    Vector(
        name="never charged",
        packet=bytes.fromhex("0f5000 0000000000000000 0000000000000000 00"),
        value=Battery(level_percent=80, charging=False, last_charged=None),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 3: a date of zeros is no date",
    ),
    Vector(
        name="charged in the first hour of year 1",
        packet=bytes.fromhex("0f5000 0100010100000004 0100010100000004 17"),
        value=Battery(level_percent=80, charging=False, last_charged=None),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 6.2: in UTC it would be in a year that does not exist",
    ),
    Vector(
        name="charged in the last hour of year 9999",
        packet=bytes.fromhex("0f5000 0f270c1f173b3bf0 0f270c1f173b3bf0 17"),
        value=Battery(level_percent=80, charging=False, last_charged=None),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 6.2: as above, at the other end",
    ),
    Vector(
        name="a zone that no place on earth has",
        packet=bytes.fromhex("0f5000 e807030108020b60 e807030109290560 17"),
        value=Battery(level_percent=80, charging=False, last_charged=None),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 8: zone bytes go from -48 to 56",
    ),
)
