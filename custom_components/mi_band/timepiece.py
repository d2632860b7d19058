"""The clock of a band, which is not set before the minutes that it told the time of are here."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
import logging
from typing import Final

from homeassistant.util import dt as dt_util

from .band.clock import ClockReading, correct_clock, look_at_clock, overwrite_clock
from .band.clock_error import ClockError
from .band.errors import UNAVAILABLE, BandBusy, BandError, LinkLost
from .band.link import Link

_LOGGER = logging.getLogger(__name__)

TRIES: Final = 3
"""How often the records may fail to come before the clock is set in spite of them."""


async def async_set_at_first(link: Link) -> None:
    """Set the clock of a band that comes into the house.

    One that somebody has set and that is far off stays until the minutes are here that it told the
    time of. One that knows no zone was never set, or not since a reset, and told of nothing.
    """
    await Timepiece().async_look(link, is_new=True)


class Timepiece:
    """The clock of one band, as it was looked at on the last link."""

    def __init__(self) -> None:
        self._error: ClockError | None = None
        self._failures = 0
        self._told = False

    async def async_look(self, link: Link, *, is_new: bool = False) -> None:
        """Look at it, and put it right unless it is far off.

        A clock of which nobody can say what it shows is set, too: a working client does that on
        each link, without a look.

        Args:
            link: to the band.
            is_new: Whether the band comes into the house; see `async_set_at_first`.
        """
        now = dt_util.now()
        try:
            reading = await look_at_clock(link, now)
        except UNAVAILABLE as err:
            self._tell(err)
            reading = ClockReading(shown=None, knows_zone=False)
        # The clock tells when the stored minutes were, so a wrong one stays until they are here.
        error = ClockError.of(reading.shown, now)
        if is_new and not reading.knows_zone:
            error = None
        if error is None:
            await self._async_try(correct_clock(link, now, reading))
        self._error = error

    @asynccontextmanager
    async def async_set_after(self, link: Link) -> AsyncGenerator[ClockError | None]:
        """Set a wrong one when the block is left, unless the next try may do better.

        That goes for a link that broke, a store that takes nothing now, and a band that did not
        give its records out a few times. But a clock that never is set would be worse than records
        under a wrong time.

        Yields:
            How far it is off; None when it is right.
        """
        try:
            yield self._error
        except LinkLost, BandBusy:
            raise
        except BandError:
            self._failures += 1
            if self._failures >= TRIES:
                await self._async_set(link)
            raise
        await self._async_set(link)

    async def _async_set(self, link: Link) -> None:
        if self._error is not None:
            await self._async_try(overwrite_clock(link, dt_util.now()))
            self._error = None
        self._failures = 0

    async def _async_try(self, writing: Awaitable[object]) -> None:
        try:
            await writing
        except UNAVAILABLE as err:
            self._tell(err)

    def _tell(self, err: BandError) -> None:
        # A band whose clock is its own still counts steps and shows what it is sent.
        if not self._told:
            self._told = True
            _LOGGER.warning("The clock of the band is not kept right: %s", err)
