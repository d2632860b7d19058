"""Who wears the band: a write request of 16 bytes on the user settings.

    offset size  meaning
    0      3     4f 00 00
    3      2     year of birth
    5      1     month of birth
    6      1     day of birth
    7      1     sex: 0 male, 1 female, 2 other
    8      2     height, cm
    10     2     weight in steps of 5 g
    12     4     an id of the user; any stable value

Source: protocol-control.md section 9.1.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, unique
import struct
from typing import Final

from .link import Link
from .uuids import Characteristic

HIGHEST_HEIGHT_CM: Final = 0xFFFF
HIGHEST_WEIGHT_KG: Final = 327.0

_PROFILE = struct.Struct("<3sHBBBHHI")
_STEPS_PER_KG = 200


@unique
class Sex(IntEnum):
    """As the band knows it."""

    MALE = 0
    FEMALE = 1
    OTHER = 2


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


async def set_profile(link: Link, profile: Profile) -> None:
    """Tell the band who wears it."""
    await link.write(Characteristic.USER_SETTINGS, encode_profile(profile))
