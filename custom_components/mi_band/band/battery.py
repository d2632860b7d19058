"""The battery: one value of 20 bytes, readable without a key and notified on change.

    offset size  meaning
    0      1     0x0f (which parts follow [INFERRED])
    1      1     level, 0 to 100 %
    2      1     0 on the wrist, anything else on the charger
    3      7     band time of the last power-off
    10     1     its zone, signed quarter hours [INFERRED]
    11     7     band time of the last charge
    18     1     its zone [INFERRED]
    19     1     level at the last charge, %

A shorter value of three bytes or more lacks its tail. Source: protocol-control.md section 6.2.
"""

from dataclasses import dataclass
from datetime import datetime
import struct

from .errors import MalformedPacket
from .link import Link
from .uuids import Characteristic
from .wire import decode_wall_clock, decode_zone

_FULL_PERCENT = 100
_LEVEL_AND_CHARGING = struct.Struct("<xBB")
_LAST_CHARGE = struct.Struct("<11x7sb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """State of the battery."""

    level_percent: int
    """0 to 100."""
    charging: bool
    last_charged: datetime | None
    """Aware; None when the band does not know the time, or its zone."""


def decode_battery(value: bytes) -> Battery:
    """Decode the value of the battery characteristic.

    Raises:
        MalformedPacket: fewer than three bytes, or a level above 100 %.
    """
    if len(value) < _LEVEL_AND_CHARGING.size:
        raise MalformedPacket(Characteristic.BATTERY, value)
    level_percent, charging = _LEVEL_AND_CHARGING.unpack_from(value)
    if level_percent > _FULL_PERCENT:
        raise MalformedPacket(Characteristic.BATTERY, value)
    return Battery(
        level_percent=level_percent,
        charging=charging != 0,
        last_charged=_last_charged(value),
    )


def _last_charged(value: bytes) -> datetime | None:
    if len(value) < _LAST_CHARGE.size:
        return None
    wall_clock, quarter_hours = _LAST_CHARGE.unpack_from(value)
    zone = decode_zone(quarter_hours)
    if zone is None:
        return None
    try:
        return decode_wall_clock(wall_clock, zone)
    except ValueError:
        # A band that was never charged since its reset has no date here.
        return None


async def read_battery(link: Link) -> Battery:
    """Read the battery once."""
    return decode_battery(await link.read(Characteristic.BATTERY))
