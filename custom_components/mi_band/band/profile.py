"""Who wears the band: body, goal and wrist, each a write request on the user settings.

Profile, 16 bytes:

    offset size  meaning
    0      3     4f 00 00
    3      2     year of birth
    5      1     month of birth
    6      1     day of birth
    7      1     sex: 0 male, 1 female, 2 other
    8      2     height, cm
    10     2     weight in steps of 5 g
    12     4     an id of the user; any stable value

Step goal: 10 00 00, goal (2 bytes), 00 00. Wrist: 20 00 00, then 02 left or 82 right.
Source: protocol-control.md sections 9.1 to 9.3.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, unique
import struct
from typing import Final

from .link import Link
from .uuids import Characteristic

HIGHEST_STEP_GOAL: Final = 0xFFFF
HIGHEST_HEIGHT_CM: Final = 0xFFFF
HIGHEST_WEIGHT_KG: Final = 327.0

_PROFILE = struct.Struct("<3sHBBBHHI")
_GOAL = struct.Struct("<3sH2x")
_STEPS_PER_KG = 200


@unique
class Sex(IntEnum):
    """As the band knows it."""

    MALE = 0
    FEMALE = 1
    OTHER = 2


@unique
class Wrist(IntEnum):
    """Where the band is worn."""

    LEFT = 0x02
    RIGHT = 0x82


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The wearer."""

    born: date
    sex: Sex
    height_cm: int
    """1 to 65535."""
    weight_kg: float
    """Above 0, up to 327; kept in steps of 5 g."""
    user_id: int
    """32 bits; any value that stays the same for this wearer."""


def encode_profile(profile: Profile) -> bytes:
    """Encode the wearer.

    Raises:
        ValueError: a value is out of its range.
    """
    if not 0 < profile.weight_kg <= HIGHEST_WEIGHT_KG:
        raise ValueError("a weight above 0 and up to 327 kg is needed")
    if not 0 < profile.height_cm <= HIGHEST_HEIGHT_CM:
        raise ValueError("a height from 1 to 65535 cm is needed")
    return _PROFILE.pack(
        b"\x4f\x00\x00",
        profile.born.year,
        profile.born.month,
        profile.born.day,
        profile.sex,
        profile.height_cm,
        round(profile.weight_kg * _STEPS_PER_KG),
        profile.user_id & 0xFFFFFFFF,
    )


def encode_step_goal(steps: int) -> bytes:
    """Encode the daily goal.

    Raises:
        ValueError: not from 1 to 65535.
    """
    if not 0 < steps <= HIGHEST_STEP_GOAL:
        raise ValueError("a goal from 1 to 65535 steps is needed")
    return _GOAL.pack(b"\x10\x00\x00", steps)


def encode_wrist(wrist: Wrist) -> bytes:
    """Encode where the band is worn."""
    return bytes((0x20, 0x00, 0x00, wrist))


async def set_profile(link: Link, profile: Profile) -> None:
    """Tell the band who wears it."""
    await link.write(Characteristic.USER_SETTINGS, encode_profile(profile))


async def set_step_goal(link: Link, steps: int) -> None:
    """Set the daily goal, 1 to 65535 steps."""
    await link.write(Characteristic.USER_SETTINGS, encode_step_goal(steps))


async def set_wrist(link: Link, wrist: Wrist) -> None:
    """Tell the band which wrist wears it."""
    await link.write(Characteristic.USER_SETTINGS, encode_wrist(wrist))
