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

from datetime import datetime, timedelta, timezone
import struct
from typing import Final, NamedTuple

from .errors import MalformedPacket
from .link import Link
from .uuids import Characteristic
from .wire import decode_wall_clock, decode_zone, encode_wall_clock, encode_zone

TOLERANCE: Final = timedelta(seconds=5)
"""What the clock may be off before it is worth a write."""

_CLOCK = struct.Struct("<7sBBBb")


class ClockReading(NamedTuple):
    """What the clock showed when it was read."""

    shown: datetime | None
    """None when it shows no date that there is."""
    knows_zone: bool
    """Otherwise it was taken to be in the zone of whoever read it."""

    def is_right_at(self, now: datetime) -> bool:
        """Tell whether it shows a moment, as a clock in the zone of that moment does."""
        return (
            self.knows_zone
            and self.shown is not None
            and self.shown.utcoffset() == now.utcoffset()
            and abs(self.shown - now) <= TOLERANCE
        )


def encode_clock(now: datetime) -> bytes:
    """Encode an aware moment as the clock of its own zone shows it.

    Raises:
        ValueError: the moment is naive.
    """
    return _CLOCK.pack(encode_wall_clock(now), now.isoweekday(), 0, 0, encode_zone(now))


def decode_clock(value: bytes, assumed: timezone | None = None) -> datetime | None:
    """Decode what the clock shows; None when its zone or its date is not known.

    Args:
        value: of the characteristic.
        assumed: the zone to take for one that the band does not know.

    Raises:
        MalformedPacket: not 11 bytes.
    """
    if len(value) != _CLOCK.size:
        raise MalformedPacket(Characteristic.CURRENT_TIME, value)
    wall_clock, _, _, _, quarter_hours = _CLOCK.unpack(value)
    zone = decode_zone(quarter_hours) or assumed
    if zone is None:
        return None
    try:
        return decode_wall_clock(wall_clock, zone)
    except ValueError:
        return None


async def read_clock(link: Link) -> datetime | None:
    """Read the clock; None when the band does not know its zone or the date."""
    return decode_clock(await link.read(Characteristic.CURRENT_TIME))


async def look_at_clock(link: Link, now: datetime) -> ClockReading:
    """Read the clock, which is taken to be in the zone of `now` where it does not know its own."""
    value = await link.read(Characteristic.CURRENT_TIME)
    assumed = timezone(now.utcoffset() or timedelta())
    return ClockReading(
        shown=decode_clock(value, assumed), knows_zone=decode_clock(value) is not None
    )


async def set_clock(link: Link, now: datetime) -> bool:
    """Set the clock where it is off by more than the tolerance, or in another zone.

    Returns:
        Whether it was written.
    """
    return await correct_clock(link, now, await look_at_clock(link, now))


async def correct_clock(link: Link, now: datetime, reading: ClockReading) -> bool:
    """Set a clock that was looked at just now, likewise."""
    if reading.is_right_at(now):
        return False
    await overwrite_clock(link, now)
    return True


async def overwrite_clock(link: Link, now: datetime) -> None:
    """Set the clock, whatever it shows."""
    await link.write(Characteristic.CURRENT_TIME, encode_clock(now))
