"""Heart rate: readings, and measuring once or without end.

A reading is notified on the measurement characteristic: 0x00, beats per minute. 10 to 250 are
valid; 0 means "no result yet" [INFERRED], all else is none (protocol-data.md section 2.1).

Commands, each a write request on the control point whose response is the acknowledgement:

    15 02 01, 15 02 00   start, stop one measurement
    15 01 01, 15 01 00   start, stop measuring without end
    16                   keep that alive, every 12 s

Source: protocol-control.md section 11, protocol-data.md section 2.4.
"""

import asyncio
from collections.abc import Callable
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
SILENCE: Final = timedelta(seconds=20)
"""After how long without a notification measuring without end begins anew. [INFERRED]
protocol-data.md section 2.4."""

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


async def measure_continuously(link: Link, heard_at: Callable[[], float]) -> None:
    """Measure until cancelled; readings come as notifications every few seconds.

    A band that has fallen silent is told to begin anew in place of a keep-alive, so that this costs
    no write more [INFERRED]. The sensor's light is on all the time and the battery pays for it, so
    leaving always stops it.

    Args:
        link: to the band.
        heard_at: the event loop's time of the last notification, valid or not, in seconds.
    """
    begin = STOP_ONE, STOP_CONTINUOUS, START_CONTINUOUS
    now = asyncio.get_running_loop().time
    try:
        # Who is cancelled here does not know whether the band has begun.
        await link.write(Characteristic.HEART_RATE_CONTROL, *begin)
        begun = now()
        while True:
            await asyncio.sleep(KEEP_ALIVE_INTERVAL.total_seconds())
            if now() - max(begun, heard_at()) < SILENCE.total_seconds():
                await link.write(Characteristic.HEART_RATE_CONTROL, KEEP_ALIVE)
            else:
                await link.write(Characteristic.HEART_RATE_CONTROL, START_CONTINUOUS)
                begun = now()
    finally:
        # On a broken link the band stops by itself, for nothing keeps it alive any more.
        with suppress(BandError):
            await link.write(Characteristic.HEART_RATE_CONTROL, STOP_CONTINUOUS)
