"""Minutes as the band stores them: what it noticed in each, four bytes.

    offset size  meaning
    0      1     raw kind, of which the low nibble is understood
    1      1     intensity of movement, 0 to 255
    2      1     steps
    3      1     heart rate in beats per minute; 255 is not measured

The first belongs to the time of the batch, each further one to the next minute.

Source: protocol-data.md sections 4.5 and 6.1; section 2.1 for what counts as a heart rate.
"""

from datetime import timedelta
from itertools import count, repeat
from typing import NamedTuple

from .errors import MalformedPacket
from .fetch import Batch
from .uuids import Characteristic
from .wire import HIGHEST_BPM, LOWEST_BPM

_SIZE = 4
_MINUTE_S = 60
_QUARTER_HOUR = timedelta(minutes=15)


class Minute(NamedTuple):
    """What the band noticed in one minute."""

    minute: int
    """Whole minutes since 1970-01-01 00:00 UTC."""
    zone: int
    """Quarter hours from UTC, daylight saving included, of the clock that it was recorded by."""
    kind: int
    """Raw, 0 to 255."""
    intensity: int
    """Of movement, 0 to 255; no unit is known."""
    steps: int
    """0 to 255."""
    heart_rate: int
    """Raw, 0 to 255; `heart_rate_bpm` tells what it means."""


def decode_minutes(batch: Batch) -> list[Minute]:
    """Decode the minutes of a batch, oldest first.

    Raises:
        MalformedPacket: the records do not have four bytes each.
    """
    records = batch.records
    if len(records) % _SIZE:
        raise MalformedPacket(Characteristic.FETCH_DATA, records)
    first = int(batch.start.timestamp()) // _MINUTE_S
    zone = (batch.start.utcoffset() or timedelta()) // _QUARTER_HOUR
    # A year is half a million of them: columns by stride, and no frame for each tuple.
    columns = zip(
        count(first),
        repeat(zone),
        records[0::_SIZE],
        records[1::_SIZE],
        records[2::_SIZE],
        records[3::_SIZE],
        strict=False,
    )
    return list(map(Minute._make, columns))


def heart_rate_bpm(raw: int) -> int | None:
    """Return beats per minute, 10 to 250; None for all else, which is no measurement."""
    return raw if LOWEST_BPM <= raw <= HIGHEST_BPM else None
