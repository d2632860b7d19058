"""Workouts: a summary, and pieces of the details of some."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import override

from . import Origin

START = datetime(2024, 3, 9, 8, tzinfo=UTC)
SOURCE = "protocol-data.md section 7.3"

SUMMARY = bytes.fromhex(
    "03 01 01 00 00 17 ec 65 49 1e ec 65 d8 a1 65 02"
    "c0 2c 64 09 22 00 00 00 00 a4 9c 45 00 00 a8 41"
    "00 00 94 41 00 00 f0 41 00 00 68 42 f0 a1 64 09"
    "90 b7 63 09 a0 51 66 02 40 67 65 02 c8 14 00 00"
    "30 07 00 00 00 00 ab 43 9a 99 79 40 3d 0a d7 3e"
    "29 5c 8f 3e 00 a4 9c 45 00 00 00 00 00 00 00 00"
    "00 80 bb 44 c0 27 09 00 00 00 af 44 60 3d 08 00"
    "00 08 04 45 60 ae 0a 00 94 00 6f 01 5e 00 00 00"
)
"""An outdoor run that begins at START and takes 1865 s."""
SUMMARY_CRC32 = 0xEACD2A99

SPORTS = {
    1: "OUTDOOR_RUNNING",
    2: "TREADMILL",
    3: "WALKING",
    4: "CYCLING",
    5: "EXERCISE",
    6: "POOL_SWIMMING",
    7: "OPEN_WATER_SWIMMING",
    8: "INDOOR_CYCLING",
    9: "ELLIPTICAL",
    10: "CLIMBING",
    15: "HIKING",
    18: "SOCCER",
    21: "JUMP_ROPE",
    23: "ROWING_MACHINE",
    52: "STRENGTH_TRAINING",
    60: "YOGA",
    78: "CRICKET",
    85: "BASKETBALL",
    89: "TABLE_TENNIS",
    92: "BADMINTON",
}
"""Section 7.4."""

BASE_LONGITUDE, BASE_LATITUDE, BASE_ALTITUDE_M = 40_027_350, 157_395_455, 48
"""Of the captured details."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A piece of a details stream, and what it says; times in seconds from the start."""

    name: str
    packet: bytes
    pulses: tuple[tuple[int, int], ...] = ()
    points: tuple[tuple[int, float, float], ...] = ()
    """Longitude and latitude in degrees, rounded to six places."""
    origin: Origin
    source: str = "protocol-data.md section 7.5"

    @override
    def __str__(self) -> str:
        """The name, for pytest."""
        return self.name


DETAILS = (
    Details(
        name="two heart rates",
        packet=bytes.fromhex("0107470000000000 0108460000000000"),
        pulses=((7, 71), (8, 70)),
        origin=Origin.CAPTURED,
    ),
    Details(
        name="three points",
        packet=bytes.fromhex("0023000000000000 002379ffcd000000 002388ffc3000000"),
        points=(
            (35, 13.342450, 52.465152),
            (35, 13.342405, 52.465220),
            (35, 13.342365, 52.465285),
        ),
        origin=Origin.CAPTURED,
    ),
    Details(
        name="three heart rates in one record",
        packet=bytes.fromhex("010a 0847 0946 0a48"),
        pulses=((8, 71), (9, 70), (10, 72)),
        origin=Origin.COMPUTED,
    ),
    Details(
        name="the time starts over",
        packet=bytes.fromhex("01fa480000000000 0105490000000000 01054a0000000000"),
        pulses=((250, 72), (255, 73), (255, 74)),
        origin=Origin.COMPUTED,
    ),
    Details(
        name="what is not understood is passed over",
        packet=bytes.fromhex(
            "0401aabbccddeeff 0502aabbccddeeff 0603aabbccddeeff 0804aabbccddeeff ff05aabbccddeeff"
            "0106480000000000"
        ),
        pulses=((6, 72),),
        origin=Origin.COMPUTED,
    ),
    Details(
        name="what is no heart rate is left out",
        packet=bytes.fromhex("0101000000000000 0102090000000000 01030948 04ff 05fb"),
        pulses=((9, 72),),
        origin=Origin.COMPUTED,
    ),
)

DURATION = timedelta(seconds=1865)
