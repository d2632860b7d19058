"""The central's half of the radio: an adapter with connection slots, and the links it holds.

The emulated proxy and the direct backend both stand on it, so that both behave alike.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
import uuid

from bumble import att, core, gatt_client
from bumble.device import Connection

from .radio import ATT_MTU_DEFAULT, Advertisement, AirDevice, Radio

CCCD = "00002902-0000-1000-8000-00805f9b34fb"
# What a current ESP32 proxy and BlueZ end up with on a band; it is also what the band offers.
MTU_PREFERRED = 247
_LOCAL_HOST = 0x16


class LinkDown(Exception):
    """The link ended, with an HCI reason."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"the link is down, reason {reason}")
        self.reason = reason


class GattRefusal(Exception):
    """The peripheral answered with an ATT error."""

    def __init__(self, handle: int, code: int) -> None:
        super().__init__(f"ATT error {code} at handle {handle}")
        self.handle = handle
        self.code = code


class ConnectFailure(Exception):
    """No link came about, for an HCI or adapter reason."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class NoFreeSlot(ConnectFailure):
    """The adapter holds, or is making, as many links as it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GattDescriptor:
    """A descriptor of a peripheral's table."""

    uuid: str
    handle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GattCharacteristic:
    """A characteristic of a peripheral's table."""

    uuid: str
    handle: int
    """Of the value."""
    properties: int
    """As on the air: read 2, write without response 4, write 8, notify 16, indicate 32."""
    descriptors: tuple[GattDescriptor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GattService:
    """A primary service of a peripheral's table."""

    uuid: str
    handle: int
    characteristics: tuple[GattCharacteristic, ...]


@dataclass(frozen=True, slots=True)
class _Turn[T]:
    """An operation that waits in line, and who waits for it."""

    handle: int
    operation: Callable[[], Awaitable[T]]
    done: asyncio.Future[T]

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class CentralLink:
    """One link. Its GATT operations happen one after the other, in the order of the calls."""

    def __init__(
        self,
        radio: Radio,
        connection: Connection,
        *,
        delay_s: Callable[[], float],
        lost: Callable[[int], None],
    ) -> None:
        """Take over a connection.

        Args:
            radio: The air.
            connection: As the radio made it.
            delay_s: Asked before every operation, how long to dawdle.
            lost: Called once with the HCI reason when the link is down, whoever ended it.
        """
        self._radio = radio
        self._connection = connection
        self._gatt: gatt_client.Client = connection.gatt_client
        self._delay_s = delay_s
        self._lost = lost
        self._turns: deque[_Turn[Any]] = deque()
        self._more = asyncio.Event()
        self.reason: int | None = None
        """The HCI reason for which the link is down; None while it is up."""
        self._worker = asyncio.create_task(self._work())
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)

    @property
    def mtu(self) -> int:
        """The ATT MTU as negotiated so far, by whichever side."""
        return int(self._connection.att_mtu)

    async def close(self) -> None:
        """Hang up and wait until nothing is left of the link."""
        await self._radio.disconnect(self._connection)
        if self.reason is None:
            self._on_disconnection(_LOCAL_HOST)
        await asyncio.wait({self._worker})

    def exchange_mtu(self, mtu: int) -> asyncio.Future[int]:
        """Tell the peripheral what this side can take, and use what both can."""
        return self._enqueue(0, lambda: self._gatt.request_mtu(mtu))

    def discover(self) -> asyncio.Future[tuple[GattService, ...]]:
        """Read the peripheral's table."""
        return self._enqueue(0, self._discover)

    def read(self, handle: int) -> asyncio.Future[bytes]:
        """Read a value, long or short."""
        return self._enqueue(handle, lambda: self._gatt.read_value(handle))

    def write(self, handle: int, value: bytes, *, response: bool) -> asyncio.Future[None]:
        """Write a value, by request or by command."""
        return self._enqueue(
            handle, lambda: self._gatt.write_value(handle, value, with_response=response)
        )

    def subscribe(self, handle: int, receive: Callable[[bytes], None]) -> None:
        """Pass on the notifications and indications of a value. The CCCD is not touched."""
        self._gatt.notification_subscribers[handle] = {receive}
        self._gatt.indication_subscribers[handle] = {receive}

    def unsubscribe(self, handle: int) -> None:
        """Drop the notifications and indications of a value. The CCCD is not touched."""
        # Not removed: Bumble warns of a notification for nobody, and those are to be expected.
        self.subscribe(handle, _ignore)

    def _enqueue[T](self, handle: int, operation: Callable[[], Awaitable[T]]) -> asyncio.Future[T]:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self.reason is not None:
            done.set_exception(LinkDown(self.reason))
        else:
            self._turns.append(_Turn(handle, operation, done))
            self._more.set()
        return done

    async def _work(self) -> None:
        """Do what has been asked for, one by one, until the link is down.

        A caller that gives up does not take its operation back: it is on the air, and its answer
        must not be taken for the answer to the next one.
        """
        while True:
            while not self._turns:
                self._more.clear()
                await self._more.wait()
            if delay_s := self._delay_s():
                await asyncio.sleep(delay_s)
            await self._perform(self._turns[0])
            self._turns.popleft()

    async def _perform(self, turn: _Turn[Any]) -> None:
        try:
            result = await turn.operation()
        except att.ATT_Error as error:
            turn.fail(GattRefusal(turn.handle, int(error.error_code)))
        except (core.BaseBumbleError, TimeoutError) as error:
            # Without an answer in 30 s nothing more may be asked on this link (Core
            # Specification, Vol 3 Part F 3.3.3).
            turn.fail(TimeoutError(str(error)))
            await self._radio.disconnect(self._connection)
        else:
            if not turn.done.done():
                turn.done.set_result(result)

    def _on_disconnection(self, reason: int) -> None:
        if self.reason is not None:
            return
        self.reason = reason
        self._worker.cancel()
        for turn in self._turns:
            turn.fail(LinkDown(reason))
        self._turns.clear()
        self._lost(reason)

    async def _discover(self) -> tuple[GattService, ...]:
        services = await self._gatt.discover_services()
        return tuple([await self._discover_service(service) for service in services])

    async def _discover_service(self, service: gatt_client.ServiceProxy) -> GattService:
        found: list[GattCharacteristic] = []
        for characteristic in await service.discover_characteristics():
            descriptors = await characteristic.discover_descriptors()
            found.append(
                GattCharacteristic(
                    uuid=_uuid(characteristic.uuid),
                    handle=int(characteristic.handle),
                    properties=int(characteristic.properties),
                    descriptors=tuple(
                        GattDescriptor(uuid=_uuid(each.type), handle=int(each.handle))
                        for each in descriptors
                    ),
                )
            )
        return GattService(
            uuid=_uuid(service.uuid), handle=int(service.handle), characteristics=tuple(found)
        )


class Adapter:
    """A central with a name, a number of connection slots and its own troubles."""

    def __init__(
        self,
        radio: Radio,
        *,
        name: str = "adapter",
        slots: int = 3,
        mtu: int | None = MTU_PREFERRED,
    ) -> None:
        """Describe the adapter; `start` puts it on the air.

        Args:
            radio: The air.
            name: For logs.
            slots: Links it can hold at a time.
            mtu: Exchanged before a link is reported; None leaves it at 23 until the peripheral
                asks for more.
        """
        self.radio = radio
        self.name = name
        self.mtu = mtu
        self.delay_s = 0.0
        """Before every GATT operation."""
        self.connect_delay_s = 0.0
        self.fail_next_connects = 0
        """So many attempts to come fail with reason 0x3E."""
        self.system: dict[str, dict[str, object]] = {}
        """What BlueZ would say of a device that it knows, by address: Paired, Connected."""
        self.rssi_offset = 0
        """dB, added to what is heard: how far away from the others it is."""
        self._slots = slots
        self._slots_changed: list[Callable[[], None]] = []
        self._reserved: list[str] = []
        self._links: dict[str, CentralLink] = {}
        self._turn = asyncio.Lock()
        self._device: AirDevice = radio.central(name)
        self._device.gatt_server.max_mtu = mtu or MTU_PREFERRED

    async def start(self) -> None:
        """Switch the radio on."""
        if not self._device.powered_on:
            await self._device.power_on()

    async def stop(self) -> None:
        """Drop every link and switch the radio off; `start` switches it on again."""
        await self.close_links()
        await self._device.power_off()

    async def close_links(self) -> None:
        """Hang up on everybody."""
        for link in tuple(self._links.values()):
            await link.close()

    @property
    def slots(self) -> int:
        """Links it can hold at a time. Lowering it does not end a link."""
        return self._slots

    @slots.setter
    def slots(self, slots: int) -> None:
        self._slots = slots
        self._tell()

    @property
    def free(self) -> int:
        """Slots that are neither used nor waiting for a peripheral to be heard."""
        return max(0, self._slots - len(self._reserved))

    @property
    def allocated(self) -> tuple[str, ...]:
        """Addresses that take a slot."""
        return tuple(self._reserved)

    def on_slots_changed(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call when a slot is taken or becomes free, until the returned function is called."""
        self._slots_changed.append(listener)

        def stop() -> None:
            if listener in self._slots_changed:
                self._slots_changed.remove(listener)

        return stop

    def _tell(self) -> None:
        for listener in tuple(self._slots_changed):
            listener()

    def link(self, address: str) -> CentralLink | None:
        """Return the link to an address, if there is one."""
        return self._links.get(address.upper())

    def heard_at(self, advertisement: Advertisement) -> int:
        """Return the RSSI at which this adapter hears, in dBm."""
        return max(-127, min(20, advertisement.rssi + self.rssi_offset))

    async def connect(
        self, address: str, *, timeout_s: float, lost: Callable[[int], None]
    ) -> CentralLink:
        """Connect, and exchange the ATT MTU if the adapter does so.

        Only one attempt is made at a time; the others wait for it, within their own time.

        Args:
            address: Public address of the peripheral.
            timeout_s: For everything.
            lost: Called once with the HCI reason when the link, once made, is down.

        Raises:
            NoFreeSlot: All slots are taken.
            ConnectFailure: There is a link already, or the attempt failed.
            TimeoutError: The peripheral was not heard in time.
        """
        address = address.upper()
        if address in self._reserved:
            raise ConnectFailure(0x0B, f"{self.name} is connected to {address} already")
        if not self.free:
            raise NoFreeSlot(0x0D, f"{self.name} is out of connection slots")
        self._reserved.append(address)
        self._tell()
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                link = await self._open(address, timeout_s, lost)
        finally:
            if address not in self._links:
                self._release(address)
        return link

    async def _open(
        self, address: str, timeout_s: float, lost: Callable[[int], None]
    ) -> CentralLink:
        if self.connect_delay_s:
            await asyncio.sleep(self.connect_delay_s)
        if self.fail_next_connects > 0:
            self.fail_next_connects -= 1
            raise ConnectFailure(0x3E, f"{self.name} failed to connect to {address}")
        connection = await self.radio.connect(self._device, address, timeout_s=timeout_s)

        def ended(reason: int) -> None:
            if self._links.get(address) is link:
                del self._links[address]
                self._release(address)
                lost(reason)

        link = CentralLink(self.radio, connection, delay_s=lambda: self.delay_s, lost=ended)
        try:
            if self.mtu is not None and self.mtu > ATT_MTU_DEFAULT:
                await link.exchange_mtu(self.mtu)
        except LinkDown as error:
            raise ConnectFailure(error.reason, f"{self.name} lost {address} at once") from error
        except BaseException:
            await asyncio.shield(link.close())
            raise
        self._links[address] = link
        return link

    def _release(self, address: str) -> None:
        if address in self._reserved:
            self._reserved.remove(address)
            self._tell()


def _ignore(_value: bytes) -> None:
    """Receive nothing."""


def _uuid(found: core.UUID) -> str:
    """Write a UUID out in full, in lower case."""
    return str(uuid.UUID(bytes=bytes(reversed(found.to_bytes(force_128=True)))))
