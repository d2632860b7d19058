"""An open connection to one band over bleak: the one module that knows bleak."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
import logging
from typing import Final, Self, override

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError
import bleak_retry_connector
from bleak_retry_connector import (
    BLEAK_RETRY_EXCEPTIONS,
    BleakNotFoundError,
    BleakOutOfConnectionSlotsError,
    establish_connection,
)

from .auth import authenticate
from .errors import (
    BandNotFound,
    CommandRefused,
    KeyRejected,
    LinkLost,
    NoConnectionSlot,
    NotSupported,
)
from .link import Link, Packet
from .uuids import Characteristic
from .wire import LOWEST_MTU

_LOGGER = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = timedelta(seconds=60)
REQUEST_TIMEOUT: Final = timedelta(seconds=10)
"""Bluetooth allows an answer 30 s; a band that takes a third of that is in trouble."""
CLOSE_TIMEOUT: Final = timedelta(seconds=15)
"""bleak gives Linux 10 s to close a link, which a band that went out of reach may need, and leaves
a connection to the system behind where it is interrupted in that."""
LONGEST_QUEUE: Final = 4096
"""Notifications kept for a reader: more than a band sends in the time of one database commit."""

type Device = BLEDevice
"""A band as somebody hears it, and the way to it."""

_STATUS_UNKNOWN = 0xFF
_ATT_HEADER = 3
_FAILURES: Final = (*BLEAK_RETRY_EXCEPTIONS, AssertionError, OSError)
"""What bleak raises: its own errors, and what it stumbles over when the system's Bluetooth service,
or the bus on which that is spoken to, goes away under it."""
_BAND_REFUSES: Final = {
    "org.bluez.Error.InvalidArguments",
    "org.bluez.Error.NotAuthorized",
    "org.bluez.Error.NotPermitted",
    "org.bluez.Error.NotSupported",
}
"""The errors of Linux, beside those with a code, that come from a link that stands.

All others tell that there is none: bleak learns that a link broke a moment after the request that
fails with it, and of a Bluetooth service that crashed or an adapter that was pulled out never.
"""


class _Packets(AsyncIterator[Packet]):
    """The notifications of one reader; ends in `LinkLost` when the link does."""

    def __init__(self, queue: asyncio.Queue[Packet]) -> None:
        self._queue = queue

    @override
    def __aiter__(self) -> Self:
        return self

    @override
    async def __anext__(self) -> Packet:
        try:
            return await self._queue.get()
        except asyncio.QueueShutDown as err:
            raise LinkLost("the link broke while waiting for the band") from err


class _RequestTurn:
    """One GATT request at a time; who has the link alone waits only for others."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[object] | None = None
        self._depth = 0

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if task is None or task is not self._owner:
            await self._lock.acquire()
            self._owner = task
        self._depth += 1

    async def __aexit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()


class BandSession(Link):
    """The link over bleak. Made by `open_session` only."""

    def __init__(self, client: BleakClient) -> None:
        self._client = client
        self._request_turn = _RequestTurn()
        self._reader_turns = {characteristic: asyncio.Lock() for characteristic in Characteristic}
        self._queues: dict[Characteristic, asyncio.Queue[Packet]] = {}
        self._subscribed: set[Characteristic] = set()
        self._in_doubt: set[Characteristic] = set()
        self._ended = False

    @property
    def is_open(self) -> bool:
        """Whether the link stands."""
        return not self._ended and self._client.is_connected

    @property
    @override
    def mtu(self) -> int:
        """The ATT MTU in force, in bytes."""
        found = self._find(Characteristic.CHUNKED_TRANSFER)
        try:
            # The client's own figure is 23 on Linux, whatever was agreed.
            room = found.max_write_without_response_size
        except BleakError as err:
            # Not every backend remembers it when the link is gone.
            raise LinkLost("the link broke") from err
        return max(room + _ATT_HEADER, LOWEST_MTU)

    @override
    def offers(self, characteristic: Characteristic) -> bool:
        """Tell whether the band has a characteristic."""
        return self._look_up(characteristic) is not None

    @override
    async def read(self, characteristic: Characteristic) -> bytes:
        """Read a value."""
        found = self._find(characteristic)
        async with self._request_turn:
            return bytes(await self._request(characteristic, self._client.read_gatt_char(found)))

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        """Write packets in order; as commands where the characteristic takes them."""
        found = self._find(characteristic)
        response = "write-without-response" not in found.properties

        async def send() -> None:
            for packet in packets:
                await self._request(
                    characteristic,
                    self._client.write_gatt_char(found, packet, response=response),
                )

        async with self._request_turn:
            if characteristic is Characteristic.CHUNKED_TRANSFER:
                # A band that has the first piece of a message waits for all the others.
                await _to_its_end(send())
            else:
                await send()

    @override
    @asynccontextmanager
    async def notifications(
        self, *characteristics: Characteristic
    ) -> AsyncGenerator[AsyncIterator[Packet]]:
        """Subscribe and read.

        A subscription is kept until the link ends: leaving the block and coming back costs the band
        no further write.
        """
        queue: asyncio.Queue[Packet] = asyncio.Queue(LONGEST_QUEUE)
        async with AsyncExitStack() as turns:
            # One order for everybody, so that two readers of several never wait for each other.
            for characteristic in sorted(characteristics):
                await turns.enter_async_context(self._reader_turns[characteristic])
            for characteristic in characteristics:
                self._queues[characteristic] = queue
                turns.callback(self._queues.pop, characteristic, None)
            for characteristic in characteristics:
                await self._subscribe(characteristic)
            if not self.is_open:
                raise LinkLost("the link broke")
            yield _Packets(queue)

    @override
    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[Link]:
        """Wait for a fetch to end, and keep everybody's requests but the caller's waiting."""
        async with (
            self._reader_turns[Characteristic.FETCH_CONTROL],
            self._reader_turns[Characteristic.FETCH_DATA],
            self._request_turn,
        ):
            yield self

    async def _subscribe(self, characteristic: Characteristic) -> None:
        if characteristic in self._subscribed:
            return

        def received(_: BleakGATTCharacteristic, value: bytearray) -> None:
            self._receive(Packet(characteristic, bytes(value)))

        found = self._find(characteristic)
        async with self._request_turn:
            if characteristic in self._in_doubt:
                # Who was interrupted may have subscribed, and Linux lets nobody do that twice.
                await self._request(characteristic, self._end_subscription(found))
            self._in_doubt.add(characteristic)
            await self._request(characteristic, self._client.start_notify(found, received))
            self._in_doubt.discard(characteristic)
        self._subscribed.add(characteristic)

    async def _end_subscription(self, found: BleakGATTCharacteristic) -> None:
        # Linux objects where there is none. What else is wrong, the next request shows.
        with suppress(BleakError):
            await self._client.stop_notify(found)

    def _receive(self, packet: Packet) -> None:
        queue = self._queues.get(packet.characteristic)
        if queue is None:
            return
        try:
            queue.put_nowait(packet)
        except asyncio.QueueFull:
            # A reader so far behind would see a stream with holes; let it start over instead.
            _LOGGER.debug("the reader of %s fell behind", packet.characteristic.name)
            queue.shutdown(immediate=True)
        except asyncio.QueueShutDown:
            return

    def end(self) -> None:
        """Wake every reader with `LinkLost`, and begin nothing more: the link is gone."""
        self._ended = True
        for queue in self._queues.values():
            queue.shutdown()

    async def forget_bond(self) -> None:
        """Let the operating system forget the bond that it has with the band, and end its link.

        The bond is of use to nobody once the band has another address. Whatever goes wrong is
        passed over: it can be removed by hand, and not every adapter or proxy knows how to.
        """
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT.total_seconds()):
                await self._client.unpair()
        except (*_FAILURES, NotImplementedError) as err:
            _LOGGER.debug("the bond of the operating system stays: %s", err)

    async def forget_services(self) -> None:
        """Have the band's table of services read anew on the next link.

        A table that was kept for another firmware would make every later connection fail. Where it
        is kept in a proxy, that forgets it only as long as the link stands.
        """
        if not isinstance(self._client, bleak_retry_connector.BleakClientWithServiceCache):
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT.total_seconds()):
                await self._client.clear_cache()
        except _FAILURES as err:
            _LOGGER.debug("the table of services may be kept: %s", err)

    def _look_up(self, characteristic: Characteristic) -> BleakGATTCharacteristic | None:
        try:
            return self._client.services.get_characteristic(characteristic)
        except BleakError as err:
            # The table goes with the link.
            raise LinkLost("the link broke") from err

    def _find(self, characteristic: Characteristic) -> BleakGATTCharacteristic:
        if not self.is_open:
            raise LinkLost("the link broke")
        found = self._look_up(characteristic)
        if found is None:
            raise NotSupported(f"the band lacks the characteristic {characteristic.name}")
        return found

    async def _request[T](
        self, characteristic: Characteristic, request: Coroutine[object, object, T]
    ) -> T:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT.total_seconds()):
                return await request
        except TimeoutError as err:
            # What is asked next would not be answered either; let everybody know at once.
            self.end()
            raise LinkLost("the band did not answer in time") from err
        except BleakGATTProtocolError as err:
            raise CommandRefused(f"access to {characteristic.name}", err.code) from err
        except BleakError as err:
            if self._client.is_connected and _is_refusal(err):
                raise CommandRefused(f"access to {characteristic.name}", _STATUS_UNKNOWN) from err
            self.end()
            raise LinkLost("the link broke") from err
        except _FAILURES as err:
            self.end()
            raise LinkLost("the system's Bluetooth service went away") from err


def _is_refusal(err: BleakError) -> bool:
    """Tell whether an error without a code is the band's answer."""
    # A proxy passes what the band refuses on as text.
    return not isinstance(err, BleakDBusError) or err.dbus_error in _BAND_REFUSES


async def _to_its_end(work: Coroutine[object, object, None]) -> None:
    """Do something that whoever is cancelled meanwhile still brings to its end."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            # The cancellation is what is told, whatever came of the rest.
            task.exception()
        raise


@asynccontextmanager
async def open_session(
    find_device: Callable[[], Device | None],
    *,
    name: str,
    key: bytes | None = None,
    attempts: int = 4,
    client_class: type[BleakClient] | None = None,
) -> AsyncGenerator[BandSession]:
    """Connect, authenticate and keep the link while the block runs.

    Args:
        find_device: looks for a way to the band; None when nobody hears it. Asked once: for each
            attempt Home Assistant's client itself takes who hears the band best by then.
        name: of the band, for logs.
        key: 16 bytes; None leaves the link unauthenticated, as pairing needs it.
        attempts: how often to try, at least 1.
        client_class: what connects; bleak-retry-connector's client if left out.

    Raises:
        BandNotFound: nobody hears the band.
        NoConnectionSlot: who hears it has no connection free.
        LinkLost: connecting failed, or the link broke while authenticating.
        KeyRejected: the band holds another key.
        NotSupported: what answered is no Mi Smart Band 4.
    """
    sessions: list[BandSession] = []

    def disconnected(_: BleakClient) -> None:
        for session in sessions:
            session.end()

    client = await _connect(
        find_device,
        name,
        attempts=attempts,
        client_class=client_class,
        disconnected=disconnected,
    )
    session = BandSession(client)
    sessions.append(session)
    try:
        if not session.offers(Characteristic.AUTHENTICATION):
            await session.forget_services()
            raise NotSupported("the band lacks the authentication characteristic")
        if key is not None:
            await prove_key(session, key)
        yield session
    finally:
        session.end()
        await _close(client)


async def _connect(
    find_device: Callable[[], Device | None],
    name: str,
    *,
    attempts: int,
    client_class: type[BleakClient] | None,
    disconnected: Callable[[BleakClient], None],
) -> BleakClient:
    device = find_device()
    if device is None:
        raise BandNotFound("nobody hears the band")
    # Home Assistant replaces this class when its Bluetooth starts: look it up now, not at import.
    client_class = client_class or bleak_retry_connector.BleakClientWithServiceCache
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT.total_seconds()):
            return await establish_connection(
                client_class,
                device,
                name,
                disconnected_callback=disconnected,
                max_attempts=attempts,
            )
    except BleakNotFoundError as err:
        raise BandNotFound("the band went out of reach") from err
    except BleakOutOfConnectionSlotsError as err:
        raise NoConnectionSlot("no adapter or proxy has a connection free") from err
    except _FAILURES as err:
        raise LinkLost("the connection could not be made") from err


async def prove_key(session: BandSession, key: bytes) -> None:
    """Authenticate, and tell a wrong key from a band that wants another protocol.

    Raises:
        KeyRejected: the band holds another key.
        NotSupported: it speaks a later protocol.
        LinkLost: it stayed silent or went away.
    """
    # Looked up first: a band may hang up over a wrong key, and the table goes with the link.
    later_protocol = session.offers(Characteristic.LATER_PROTOCOL_WRITE)
    try:
        await authenticate(session, key)
    except KeyRejected as err:
        if later_protocol:
            raise NotSupported("the band speaks the protocol of 2021") from err
        raise


async def _close(client: BleakClient) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT.total_seconds()):
            await client.disconnect()
    except _FAILURES as err:
        _LOGGER.debug("the link did not close properly: %s", err)
