"""Who uses the link to a band, and how long it stays open when nobody does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from .band.errors import BandError
from .band.link import Operation
from .band.session import BandSession

_NONE = timedelta()


class NoLink(Exception):
    """There is no link, and none came in time."""


class Lease:
    """The link to one band, as those see it who use it.

    Attributes:
        linger: how long the link stays open after its last use; None keeps it.
        wanted: set while somebody asked for a link since the last one was there, or was tried for.
    """

    def __init__(self, linger: timedelta | None) -> None:
        self.linger = linger
        self.wanted = asyncio.Event()
        self._link: BandSession | None = None
        self._end: asyncio.Timeout | None = None
        self._uses = 0
        # In the order in which they came, which is that in which they get the link: who says stop
        # said so last.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._refusal: BandError | None = None

    @property
    def link(self) -> BandSession | None:
        """The link; None while there is none that may be used."""
        # One whose time is up is still open, but about to be closed.
        return None if self._end is None or self._end.expired() else self._link

    @property
    def closed(self) -> bool:
        """Whether no link will come any more."""
        return self._refusal is not None

    @asynccontextmanager
    async def offer(self, link: BandSession) -> AsyncGenerator[None]:
        """Let a link be used while the block runs.

        The block is ended, as if it had ended by itself, when nobody has used the link for long.
        """
        try:
            async with asyncio.timeout(None) as self._end:
                self._link = link
                self.wanted.clear()
                self.prolong()
                self._wake()
                yield
        except TimeoutError:
            if self._end is None or not self._end.expired():
                raise
        finally:
            self._link = self._end = None

    async def run[T](self, operation: Operation[T], patience: timedelta = _NONE) -> T:
        """Run an operation on the link, which stays open meanwhile.

        Args:
            operation: what needs the link.
            patience: how long to wait for a link where there is none; nothing asks for none.

        Raises:
            NoLink: none came in time.
            BandError: none will come, for this reason; or what the operation raises.
        """
        link = self.link or await self._wait(patience)
        self._uses += 1
        self.prolong()
        try:
            return await operation(link)
        finally:
            self._uses -= 1
            self.prolong()

    def prolong(self) -> None:
        """Begin the time anew after which an unused link is closed."""
        if self.linger is None or self._end is None or self._end.expired():
            return
        loop = asyncio.get_running_loop()
        self._end.reschedule(None if self._uses else loop.time() + self.linger.total_seconds())

    def end(self) -> None:
        """Have the link closed, and a new one made where one is kept."""
        if self._link is not None:
            self._link.end()

    def close(self, reason: BandError) -> None:
        """Tell everybody who waits for a link, now or later, that none will come."""
        self._refusal = reason
        self._wake()

    async def _wait(self, patience: timedelta) -> BandSession:
        if not patience:
            raise NoLink
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while (link := self.link) is None:
                    await self._next()
                return link
        except TimeoutError as err:
            raise NoLink from err

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def _next(self) -> None:
        if self._refusal is not None:
            raise self._refusal
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[waiting] = None
        self.wanted.set()
        try:
            await waiting
        finally:
            del self._waiting[waiting]
