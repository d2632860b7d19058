"""Calls and questions on one wrist: one at a time, and each surely ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from enum import StrEnum, unique
from functools import partial
from typing import Final, Protocol

from homeassistant.core import CALLBACK_TYPE
from homeassistant.exceptions import HomeAssistantError

from .alert_queue import RateLimit
from .band.calls import hang_up, ring
from .band.errors import BandError, CommandRefused, LinkLost
from .band.events import DeviceEvent
from .band.link import Link, Operation
from .const import DOMAIN

HIGHEST_WAITING: Final = 5
"""Calls at the same time, the one that rings included; more are no calls but a fault."""


@unique
class Answer(StrEnum):
    """How a call ended."""

    REJECTED = "rejected"
    IGNORED = "ignored"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


_PARTING: Final = timedelta(seconds=5)
"""How long the end of a call may hold up the end of its link."""
_ANSWERS: Final = {
    DeviceEvent.CALL_REJECTED: Answer.REJECTED,
    DeviceEvent.CALL_IGNORED: Answer.IGNORED,
}

type Listen = Callable[[Callable[[DeviceEvent], None]], CALLBACK_TYPE]


class Run(Protocol):
    """Runs an operation on the band, or raises a translated `HomeAssistantError`."""

    def __call__[T](self, operation: Operation[T], /) -> Awaitable[T]:
        """Return what the operation returns."""


class CallDesk:
    """Lets one wrist ring.

    Attributes:
        unended: whether the band may still ring, for the link broke before it could be told.
    """

    def __init__(self, name: str, run: Run, listen: Listen) -> None:
        self.unended = False
        self._name = name
        self._run = run
        self._listen = listen
        self._turn = asyncio.Lock()
        self._limit = RateLimit()
        self._calls: list[asyncio.Future[Answer]] = []
        self._ringing: asyncio.Future[Answer] | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def async_call(self, caller: str, duration: timedelta) -> Answer:
        """Ring until the wearer answers, the time is up or somebody stops it.

        Calls at the same time ring one after the other, each for as long as it was given.

        Raises:
            HomeAssistantError: translated; the band is away, the link broke meanwhile, or there are
                more calls than a wrist bears.
        """
        loop = asyncio.get_running_loop()
        if len(self._calls) >= HIGHEST_WAITING or not self._limit.admit(loop.time(), 1):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="too_many_calls",
                translation_placeholders={"name": self._name},
            )
        answer: asyncio.Future[Answer] = loop.create_future()
        # The end of the link is told by the ringing too, when that is what it breaks.
        answer.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self._calls.append(answer)
        try:
            async with self._turn:
                if answer.done():
                    return answer.result()
                return await self._async_ring(caller, duration, answer)
        finally:
            self._calls.remove(answer)

    @asynccontextmanager
    async def silence(self) -> AsyncGenerator[None]:
        """Wait for the call that rings to end, and let others wait while the block runs."""
        async with self._turn:
            yield

    def stop(self) -> None:
        """End the call that rings, and those that wait for their turn."""
        for answer in self._calls:
            if not answer.done():
                answer.set_result(Answer.CANCELLED)

    async def async_let_go(self) -> None:
        """End the call that rings, for the link is about to be closed or gone already."""
        if self._ringing is not None and not self._ringing.done():
            self._ringing.set_exception(LinkLost("the link ended while the band rang"))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING.total_seconds()):
                await self._quiet.wait()

    async def async_end_late(self, link: Link) -> None:
        """End a call that the band could not be told the end of before."""
        # The end of one that rings by now is the end of both.
        if self._ringing is None:
            await self._async_hang_up(link)

    async def _async_hang_up(self, link: Link) -> None:
        # Not only after it was told: the next call may have begun by then, and wants an end, too.
        self.unended, told = False, False
        try:
            await hang_up(link)
            told = True
        finally:
            self.unended = self.unended or not told

    async def _async_end(self, link: Link) -> None:
        try:
            await self._async_hang_up(link)
        except CommandRefused:
            # No band was seen to say no to this, but a proxy that is busy may; and where the link
            # is kept, the next one may be days away.
            await self._async_hang_up(link)

    async def _async_ring(
        self, caller: str, duration: timedelta, answer: asyncio.Future[Answer]
    ) -> Answer:
        # Listened to before it rings: an answer may come before the write is confirmed.
        stop_listening = self._listen(partial(_note, answer))
        try:
            return await self._run(
                partial(self._async_hold, caller=caller, duration=duration, answer=answer)
            )
        finally:
            stop_listening()

    async def _async_hold(
        self, link: Link, *, caller: str, duration: timedelta, answer: asyncio.Future[Answer]
    ) -> Answer:
        self._ringing = answer
        self._quiet.clear()
        self.unended = True
        try:
            await ring(link, caller)
            async with asyncio.timeout(duration.total_seconds()):
                return await answer
        except TimeoutError:
            return Answer.TIMEOUT
        finally:
            # Whatever ended it: an answer, the time, an error or a script that was stopped.
            try:
                with suppress(BandError):
                    await self._async_end(link)
            finally:
                self._ringing = None
                self._quiet.set()


def _note(answer: asyncio.Future[Answer], event: DeviceEvent) -> None:
    if event in _ANSWERS and not answer.done():
        answer.set_result(_ANSWERS[event])
