"""The band's clock: one value of 11 bytes.

    offset size  meaning
    0      7     band time
    7      1     weekday, Monday 1 to Sunday 7
    8      1     fractions of a second, 0
    9      1     0 (daylight saving is in the next byte)
    10     1     zone: signed quarter hours with daylight saving; 0x80 unknown

The band knows no rules of daylight saving: the zone must be written again when it changes.
Reading needs no key, writing does. Source: protocol-control.md section 8.
"""

from datetime import datetime, timedelta
import struct
from typing import Final

from .errors import MalformedPacket
from .link import Link
from .uuids import Characteristic
from .wire import decode_wall_clock, decode_zone, encode_wall_clock, encode_zone

TOLERANCE: Final = timedelta(seconds=5)
"""What the clock may be off before it is worth a write."""

_CLOCK = struct.Struct("<7sBBBb")


def encode_clock(now: datetime) -> bytes:
    """Encode an aware moment as the clock of its own zone shows it.

    Raises:
        ValueError: the moment is naive.
    """
    return _CLOCK.pack(encode_wall_clock(now), now.isoweekday(), 0, 0, encode_zone(now))


def decode_clock(value: bytes) -> datetime | None:
    """Decode what the clock shows; None when its zone or its date is not known.

    Raises:
        MalformedPacket: not 11 bytes.
    """
    if len(value) != _CLOCK.size:
        raise MalformedPacket(Characteristic.CURRENT_TIME, value)
    wall_clock, _, _, _, quarter_hours = _CLOCK.unpack(value)
    zone = decode_zone(quarter_hours)
    if zone is None:
        return None
    try:
        return decode_wall_clock(wall_clock, zone)
    except ValueError:
        return None


async def read_clock(link: Link) -> datetime | None:
    """Read the clock; None when the band does not know its zone or the date."""
    return decode_clock(await link.read(Characteristic.CURRENT_TIME))


async def set_clock(link: Link, now: datetime) -> bool:
    """Set the clock where it is off by more than the tolerance, or in another zone.

    Returns:
        Whether it was written.
    """
    return await correct_clock(link, now, await read_clock(link))


async def correct_clock(link: Link, now: datetime, shown: datetime | None) -> bool:
    """Set a clock that was read just now, and showed something, likewise."""
    if shown is not None and shown.utcoffset() == now.utcoffset() and abs(shown - now) <= TOLERANCE:
        return False
    await link.write(Characteristic.CURRENT_TIME, encode_clock(now))
    return True
