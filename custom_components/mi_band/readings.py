"""Heart rates that somebody asked for and waits for; they come by the way of all others."""

import asyncio
from contextlib import suppress

from .band.errors import LinkError, LinkLost
from .band.heart_rate import (
    MEASUREMENT_TIMEOUT,
    HeartRate,
    measure_continuously,
    start_measurement,
    stop_measurement,
)
from .band.link import Link


class Readings:
    """Everybody who waits for the next heart rate of one band."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self._heard_at = 0.0

    async def async_take(self, link: Link, *, is_measuring: bool) -> None:
        """Measure once; returns when a reading has come.

        Args:
            link: to the band.
            is_measuring: the band measures all the time, which brings the reading too; to start
                anew would end it.

        Raises:
            TimeoutError: no reading came.
            LinkLost: the link broke.
        """
        # Waited for before it is asked for: it may come before the answer to the request does.
        reading = asyncio.get_running_loop().create_future()
        # The end of the link is told by the request too, when that is what it breaks.
        reading.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self._waiting.add(reading)
        try:
            if not is_measuring:
                await start_measurement(link)
            async with asyncio.timeout(MEASUREMENT_TIMEOUT.total_seconds()):
                await reading
        finally:
            self._waiting.discard(reading)
            # Who still waits has the sensor too, and stops it.
            if not is_measuring and not self._waiting:
                with suppress(LinkError):
                    await stop_measurement(link)

    async def async_take_all_the_time(self, link: Link) -> None:
        """Measure until cancelled.

        Raises:
            BandError: the link broke, or the band refuses.
        """
        await measure_continuously(link, lambda: self._heard_at)

    def note(self, reading: HeartRate) -> None:
        """Let everybody go on who waits, when a reading with a result has come."""
        self._heard_at = asyncio.get_running_loop().time()
        if reading.bpm is None:
            return
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def fail(self, reason: LinkLost) -> None:
        """Tell everybody who waits that none will come."""
        for reading in self._waiting:
            if not reading.done():
                reading.set_exception(reason)
