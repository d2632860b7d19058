"""A link to a band that another process holds, so that one of the two can be killed.

Both ends are ours: what passes is Python objects, each behind its length. A connection is a link:
it is opened with the connection, and breaks with it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
import pickle
from types import TracebackType
from typing import Any, Final, Self, override

from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.band.link import Link, Packet
from custom_components.mi_band.band.uuids import Characteristic

FORWARDED: Final = (Characteristic.FETCH_CONTROL, Characteristic.FETCH_DATA)
"""What the band notifies is passed on for these."""

_LENGTH = 4


class Gate:
    """Gives out links to whoever connects to its socket."""

    def __init__(
        self, open_link: Callable[[], AbstractAsyncContextManager[Link]], path: Path
    ) -> None:
        self._open_link = open_link
        self._path = path
        self._servers: list[asyncio.Server] = []
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._servers.append(await asyncio.start_unix_server(self._accept, self._path))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.close()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Either end may be the one that breaks.
            with suppress(LinkLost, EOFError, ConnectionError):
                async with self._open_link() as link, link.notifications(*FORWARDED) as packets:
                    await _send(writer, None, link.mtu)
                    await _pass_on(link, packets, reader, writer)
        finally:
            writer.close()


async def _pass_on(
    link: Link,
    packets: AsyncIterator[Packet],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    forwarding = asyncio.create_task(_forward(packets, writer))
    try:
        while True:
            await _answer(link, await _receive(reader), writer)
    finally:
        forwarding.cancel()
        await asyncio.wait({forwarding})


async def _forward(packets: AsyncIterator[Packet], writer: asyncio.StreamWriter) -> None:
    async for packet in packets:
        await _send(writer, None, packet)


async def _answer(link: Link, request: Any, writer: asyncio.StreamWriter) -> None:
    match request:
        case number, Characteristic() as characteristic, None:
            await _send(writer, number, await link.read(characteristic))
        case number, Characteristic() as characteristic, packets:
            await link.write(characteristic, *packets)
            await _send(writer, number, None)
        case _:
            raise ConnectionError("not one of our requests")


async def _send(writer: asyncio.StreamWriter, *content: object) -> None:
    body = pickle.dumps(content)
    writer.write(len(body).to_bytes(_LENGTH) + body)
    await writer.drain()


async def _receive(reader: asyncio.StreamReader) -> Any:
    length = int.from_bytes(await reader.readexactly(_LENGTH))
    return pickle.loads(await reader.readexactly(length))  # noqa: S301  from a process of ours


class FarLink(Link):
    """The link as the other process has it. Made by `connect` only."""

    def __init__(self, writer: asyncio.StreamWriter, mtu: int) -> None:
        self._writer = writer
        self._mtu = mtu
        self._numbers = count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._queue: asyncio.Queue[Packet] | None = None
        self._ended = False

    @property
    @override
    def mtu(self) -> int:
        return self._mtu

    @override
    def offers(self, characteristic: Characteristic) -> bool:
        return True

    @override
    async def read(self, characteristic: Characteristic) -> bytes:
        return bytes(await self._ask(characteristic, None))

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        await self._ask(characteristic, packets)

    async def _ask(self, characteristic: Characteristic, packets: tuple[bytes, ...] | None) -> Any:
        if self._ended:
            raise LinkLost("the link broke")
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await _send(self._writer, number, characteristic, packets)
        return await answer

    @override
    @asynccontextmanager
    async def notifications(
        self, *characteristics: Characteristic
    ) -> AsyncGenerator[AsyncIterator[Packet]]:
        assert {*characteristics} == {*FORWARDED}
        if self._ended:
            raise LinkLost("the link broke")
        self._queue = asyncio.Queue()
        try:
            yield _packets(self._queue)
        finally:
            self._queue = None

    @override
    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[Link]:
        yield self

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Take what comes until the link breaks."""
        try:
            while True:
                number, content = await _receive(reader)
                if number is not None:
                    self._answers.pop(number).set_result(content)
                elif self._queue is not None:
                    self._queue.put_nowait(content)
        except EOFError, ConnectionError:
            self._ended = True
            for answer in self._answers.values():
                answer.set_exception(LinkLost("the link broke"))
            if self._queue is not None:
                self._queue.shutdown()


async def _packets(queue: asyncio.Queue[Packet]) -> AsyncIterator[Packet]:
    try:
        while True:
            yield await queue.get()
    except asyncio.QueueShutDown as err:
        raise LinkLost("the link broke") from err


@asynccontextmanager
async def connect(path: Path) -> AsyncGenerator[FarLink]:
    """Have a link through a gate while the block runs.

    Raises:
        LinkLost: the band cannot be reached.
    """
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        _, mtu = await _receive(reader)
        link = FarLink(writer, mtu)
        serving = asyncio.create_task(link.serve(reader))
        try:
            yield link
        finally:
            serving.cancel()
            await asyncio.wait({serving})
    except EOFError as err:
        raise LinkLost("no link could be made") from err
    finally:
        writer.close()
