"""The emulated band's stored records without radio and session: for thousands of cuts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, tzinfo
from typing import cast, override

from bumble.device import Connection

from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.band.link import Link, Packet
from custom_components.mi_band.band.uuids import Characteristic
from tests.emulator.clock import Clock
from tests.emulator.gatt.body import Body, Session
from tests.emulator.gatt.fetch import Fetch, Manner, Trouble
from tests.emulator.history import History, Past, Posture
from tests.emulator.truth import Truth

from .life import NOW, ZONE

_NAMES = {"0004": Characteristic.FETCH_CONTROL, "0005": Characteristic.FETCH_DATA}


class _Undelayed:
    """A connection that carries everything at once."""

    async def drain(self) -> None:
        """Return when all is carried, which it is."""


class DirectBand:
    """The part of a band that stores records and gives them out."""

    def __init__(
        self, days: int, manner: Manner, *, now: datetime = NOW, zone: tzinfo = ZONE
    ) -> None:
        clock, posture = Clock(lambda: now, zone), Posture()
        history = History(clock, posture, Past(days=days))
        self.body = Body(clock=clock, posture=posture, history=history, tick_s=0.02)
        self.body.transmit = self._transmit
        self.truth = Truth(history)
        self._fetch = Fetch(self.body, self.cut, manner)
        self._links: list[DirectLink] = []

    def expect(self, trouble: Trouble) -> None:
        """Have trouble in the next round that is without so far."""
        self._fetch.expect(trouble, 1)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[DirectLink]:
        """Have a link while the block runs."""
        session = Session(connection=cast("Connection", _Undelayed()), authenticated=True)
        session.subscribed.update(_NAMES)
        self.body.session = session
        link = DirectLink(self)
        self._links.append(link)
        try:
            yield link
        finally:
            self.cut()
            await session.tasks.close()

    def write(self, value: bytes) -> None:
        """Take a command."""
        self._fetch.writes["0004"](value)

    def _transmit(self, _session: Session, name: str, value: bytes) -> None:
        for link in self._links:
            link.notify(Packet(_NAMES[name], value))

    def cut(self) -> None:
        """Break the link, if there is one."""
        while self._links:
            self._links.pop().end()
            self.body.session = None
            self._fetch.disconnected()


class DirectLink(Link):
    """A link to such a band. Made by `DirectBand.open` only."""

    def __init__(self, band: DirectBand) -> None:
        self._band = band
        self._queue: asyncio.Queue[Packet] = asyncio.Queue()
        self._ended = False

    @property
    @override
    def mtu(self) -> int:
        return 23

    @override
    def offers(self, characteristic: Characteristic) -> bool:
        return True

    @override
    async def read(self, characteristic: Characteristic) -> bytes:
        raise NotImplementedError

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        if self._ended:
            raise LinkLost("the link broke")
        for packet in packets:
            self._band.write(packet)

    @override
    @asynccontextmanager
    async def notifications(
        self, *characteristics: Characteristic
    ) -> AsyncGenerator[AsyncIterator[Packet]]:
        if self._ended:
            raise LinkLost("the link broke")
        self._queue = asyncio.Queue()
        yield _packets(self._queue)

    @override
    def alone(self) -> AbstractAsyncContextManager[Link]:
        raise NotImplementedError

    def notify(self, packet: Packet) -> None:
        """Pass on what the band says."""
        self._queue.put_nowait(packet)

    def end(self) -> None:
        """Break, after what has been carried."""
        self._ended = True
        self._queue.shutdown()


async def _packets(queue: asyncio.Queue[Packet]) -> AsyncIterator[Packet]:
    try:
        while True:
            yield await queue.get()
    except asyncio.QueueShutDown as err:
        raise LinkLost("the link broke") from err
