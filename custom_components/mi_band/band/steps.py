"""What the wearer walked since the band's midnight: one value of 13 bytes, read or notified.

    offset size  meaning
    0      1     0x0c
    1      4     steps
    5      4     distance, metres whatever unit the band shows
    9      4     energy, kcal

Every source reads narrower fields at these offsets; the full width is [INFERRED] from the layout.
Source: protocol-control.md section 6.3, protocol-data.md section 1.
"""

from dataclasses import dataclass
import struct

from .errors import MalformedPacket
from .link import Link
from .uuids import Characteristic

_TOTALS = struct.Struct("<BIII")
_MARK = 0x0C


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotals:
    """Totals since midnight."""

    steps: int
    distance_m: int
    energy_kcal: int


def decode_day_totals(value: bytes) -> DayTotals:
    """Decode the value of the steps characteristic.

    Raises:
        MalformedPacket: not 13 bytes, or another first byte.
    """
    if len(value) != _TOTALS.size:
        raise MalformedPacket(Characteristic.STEPS, value)
    mark, steps, distance_m, energy_kcal = _TOTALS.unpack(value)
    if mark != _MARK:
        raise MalformedPacket(Characteristic.STEPS, value)
    return DayTotals(steps=steps, distance_m=distance_m, energy_kcal=energy_kcal)


async def read_day_totals(link: Link) -> DayTotals:
    """Read the totals once."""
    return decode_day_totals(await link.read(Characteristic.STEPS))
