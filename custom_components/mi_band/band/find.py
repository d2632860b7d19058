"""Finding the band by its vibration, and the phone from the band.

The alert level characteristic takes one byte: 0x03 runs the vibration pattern once, 0x00 stops it
(protocol-control.md section 17.1). A wearer who looks for the phone makes the band notify an event;
`06 14 00 00` on the configuration characteristic tells it that something rings, `06 14 00 01` that
it was found (section 19.2). The band's reply to them, and sending the second when the phone was
found there rather than given up on the band, are [INFERRED].
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from .errors import BandError
from .link import Link
from .uuids import Characteristic
from .wire import write_configuration

VIBRATE: Final = b"\x03"
STOP: Final = b"\x00"
PATTERN_LENGTH: Final = timedelta(seconds=10)
"""How long one run of the pattern can take at most."""


async def vibrate_once(link: Link) -> None:
    """Run the vibration pattern once; it ends by itself."""
    await link.write(Characteristic.ALERT_LEVEL, VIBRATE)


async def stop_vibrating(link: Link) -> None:
    """End the pattern that runs."""
    await link.write(Characteristic.ALERT_LEVEL, STOP)


async def keep_vibrating(link: Link, duration: timedelta) -> None:
    """Repeat the pattern, whose first run has begun, for a while or until cancelled.

    Leaving always stops it: a wrist must not go on shaking because something broke here.
    """
    try:
        async with asyncio.timeout(duration.total_seconds()):
            while True:
                await asyncio.sleep(PATTERN_LENGTH.total_seconds())
                await vibrate_once(link)
    except TimeoutError:
        return
    finally:
        with suppress(BandError):
            await stop_vibrating(link)


async def answer_find_phone(link: Link, *, found: bool) -> None:
    """Tell a band that looks for its phone whether something rings, or was found.

    Raises:
        CommandRefused: the band answered no.
    """
    await write_configuration(
        link, bytes((0x06, 0x14, 0x00, found)), echoed=3, words="the answer to find phone"
    )
