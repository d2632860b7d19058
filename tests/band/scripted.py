"""A link in memory that answers by a script: for replies that no emulated band may give."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import override

from custom_components.mi_band.band.errors import BandError, LinkLost
from custom_components.mi_band.band.link import Link, Packet
from custom_components.mi_band.band.uuids import Characteristic

type Written = tuple[Characteristic, bytes]


class ScriptedLink(Link):
    """Notes what is written; what it notifies is decided by the test."""

    def __init__(
        self,
        replies: Callable[[bytes], Iterable[bytes]] = lambda _: (),
        *,
        values: Mapping[Characteristic, bytes] | None = None,
        mtu: int = 23,
    ) -> None:
        """Prepare a link.

        Args:
            replies: What is notified on a characteristic that took this packet.
            values: What is read.
            mtu: The ATT MTU.
        """
        self.written: list[Written] = []
        self.calls: list[tuple[bytes, ...]] = []
        self.refusals: dict[bytes, BandError] = {}
        """Packets whose write fails, and how."""
        self._replies = replies
        self._values = dict(values or {})
        self._mtu = mtu
        self._queues: dict[Characteristic, asyncio.Queue[Packet]] = {}

    @property
    @override
    def mtu(self) -> int:
        return self._mtu

    @override
    def offers(self, characteristic: Characteristic) -> bool:
        return True

    @override
    async def read(self, characteristic: Characteristic) -> bytes:
        return self._values[characteristic]

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        self.calls.append(packets)
        for packet in packets:
            if refusal := self.refusals.get(packet):
                raise refusal
            self.written.append((characteristic, packet))
            if queue := self._queues.get(characteristic):
                for reply in self._replies(packet):
                    queue.put_nowait(Packet(characteristic, reply))

    @override
    @asynccontextmanager
    async def notifications(
        self, *characteristics: Characteristic
    ) -> AsyncGenerator[AsyncIterator[Packet]]:
        queue: asyncio.Queue[Packet] = asyncio.Queue()
        self._queues |= dict.fromkeys(characteristics, queue)
        yield _Packets(queue)

    @override
    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[Link]:
        yield self

    def notify(self, characteristic: Characteristic, value: bytes) -> None:
        """Let a packet arrive, if anybody listens."""
        if queue := self._queues.get(characteristic):
            queue.put_nowait(Packet(characteristic, value))

    def break_off(self) -> None:
        """End the link for everybody who listens."""
        for queue in self._queues.values():
            queue.shutdown()

    def packets(self, characteristic: Characteristic) -> list[bytes]:
        """Return what was written to a characteristic."""
        return [packet for target, packet in self.written if target is characteristic]


class _Packets(AsyncIterator[Packet]):
    """A reader that lives on when somebody has given up waiting for it."""

    def __init__(self, queue: asyncio.Queue[Packet]) -> None:
        self._queue = queue

    @override
    async def __anext__(self) -> Packet:
        try:
            return await self._queue.get()
        except asyncio.QueueShutDown as err:
            raise LinkLost("the script ends here") from err
