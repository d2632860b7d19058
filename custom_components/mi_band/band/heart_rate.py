"""Heart rate: readings, and measuring once or without end.

A reading is notified on the measurement characteristic: 0x00, beats per minute. 10 to 250 are
valid; 0 means "no result yet" [INFERRED], all else is none (protocol-data.md section 2.1).

Commands, each a write request on the control point whose response is the acknowledgement:

    15 02 01, 15 02 00   start, stop one measurement
    15 01 01, 15 01 00   start, stop measuring without end
    16                   keep that alive, every 12 s

Source: protocol-control.md section 11.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from .errors import BandError, MalformedPacket
from .link import Link
from .uuids import Characteristic
from .wire import HIGHEST_BPM, LOWEST_BPM

KEEP_ALIVE_INTERVAL: Final = timedelta(seconds=12)
MEASUREMENT_TIMEOUT: Final = timedelta(seconds=45)
"""How long one measurement may take. [INFERRED] protocol-data.md section 2.3."""

START_ONE: Final = b"\x15\x02\x01"
STOP_ONE: Final = b"\x15\x02\x00"
START_CONTINUOUS: Final = b"\x15\x01\x01"
STOP_CONTINUOUS: Final = b"\x15\x01\x00"
KEEP_ALIVE: Final = b"\x16"


@dataclass(frozen=True, slots=True)
class HeartRate:
    """One reading."""

    bpm: int | None
    """Beats per minute, 10 to 250; None when the band has no result."""


def decode_heart_rate(value: bytes) -> HeartRate:
    """Decode a reading.

    Raises:
        MalformedPacket: not two bytes, or flags other than 0.
    """
    try:
        flags, bpm = value
    except ValueError as err:
        raise MalformedPacket(Characteristic.HEART_RATE_MEASUREMENT, value) from err
    if flags != 0:
        raise MalformedPacket(Characteristic.HEART_RATE_MEASUREMENT, value)
    return HeartRate(bpm if LOWEST_BPM <= bpm <= HIGHEST_BPM else None)


async def start_measurement(link: Link) -> None:
    """Start one measurement; its reading comes as a notification after some seconds."""
    # Both stops first: the order of the clients that were tried on the band.
    await link.write(Characteristic.HEART_RATE_CONTROL, STOP_CONTINUOUS, STOP_ONE, START_ONE)


async def stop_measurement(link: Link) -> None:
    """Stop one measurement."""
    await link.write(Characteristic.HEART_RATE_CONTROL, STOP_ONE)


async def measure_continuously(link: Link) -> None:
    """Measure until cancelled; readings come as notifications every few seconds.

    The sensor's light is on all the time and the battery pays for it, so leaving always stops it.
    """
    begin = STOP_ONE, STOP_CONTINUOUS, START_CONTINUOUS
    try:
        # Who is cancelled here does not know whether the band has begun.
        await link.write(Characteristic.HEART_RATE_CONTROL, *begin)
        while True:
            await asyncio.sleep(KEEP_ALIVE_INTERVAL.total_seconds())
            await link.write(Characteristic.HEART_RATE_CONTROL, KEEP_ALIVE)
    finally:
        # On a broken link the band stops by itself, for nothing keeps it alive any more.
        with suppress(BandError):
            await link.write(Characteristic.HEART_RATE_CONTROL, STOP_CONTINUOUS)
