"""An emulated ESPHome Bluetooth proxy: the native API of the firmware, over the emulated radio.

    0x00 | varint length | varint number | protobuf message

The messages are aioesphomeapi's own classes; what the firmware answers to which follows ESPHome's
`bluetooth_proxy` component. A client that opens with 0x01 wants encryption and is turned away.
"""

import asyncio
from collections.abc import Callable
from enum import IntEnum, unique
import hashlib
from typing import Any, Final, Protocol, override

from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO

from .central import (
    Adapter,
    CentralLink,
    ConnectFailure,
    GattRefusal,
    GattService,
    LinkDown,
    NoFreeSlot,
)
from .radio import Advertisement, Radio

FEATURES: Final = 127
"""Everything but setting connection parameters (128)."""

_API_VERSION = (1, 18)
# Old enough to exist, new enough that Home Assistant does not ask for an update.
_FIRMWARE = "2026.10.0"
_CONNECT_TIMEOUT_S = 20.0
# Most messages are a few bytes; a write of 512 bytes is the longest that a client has reason for.
_LONGEST_MESSAGE = 65535
_MOST_VARINT_BYTES = 4
_BATCH = 16
_NOT_CONNECTED = -1
_CANCELLED = 0x100
_GATT_ERROR = 0x85
_NOT_SUPPORTED = 0x06
_BLUETOOTH_BASE = "-0000-1000-8000-00805f9b34fb"


@unique
class _Message(IntEnum):
    """Numbers of the native API, as in aioesphomeapi's table."""

    HELLO = 1
    HELLO_ANSWER = 2
    DISCONNECT = 5
    DISCONNECT_ANSWER = 6
    PING = 7
    PING_ANSWER = 8
    DEVICE_INFO = 9
    DEVICE_INFO_ANSWER = 10
    LIST_ENTITIES = 11
    LIST_ENTITIES_DONE = 19
    SUBSCRIBE_ADVERTISEMENTS = 66
    DEVICE_REQUEST = 68
    CONNECTION = 69
    GET_SERVICES = 70
    SERVICES = 71
    SERVICES_DONE = 72
    READ = 73
    READ_ANSWER = 74
    WRITE = 75
    READ_DESCRIPTOR = 76
    WRITE_DESCRIPTOR = 77
    NOTIFY = 78
    NOTIFY_DATA = 79
    SUBSCRIBE_CONNECTIONS_FREE = 80
    CONNECTIONS_FREE = 81
    GATT_ERROR = 82
    WRITE_ANSWER = 83
    NOTIFY_ANSWER = 84
    PAIRING_ANSWER = 85
    UNPAIRING_ANSWER = 86
    UNSUBSCRIBE_ADVERTISEMENTS = 87
    CLEAR_CACHE_ANSWER = 88
    RAW_ADVERTISEMENTS = 93
    SCANNER_STATE = 126
    SET_SCANNER_MODE = 127
    CAPABILITIES = 149
    CAPABILITIES_ANSWER = 150


@unique
class _Request(IntEnum):
    """What a device request asks for."""

    CONNECT = 0
    DISCONNECT = 1
    PAIR = 2
    UNPAIR = 3
    CONNECT_WITH_CACHE = 4
    CONNECT_WITHOUT_CACHE = 5
    CLEAR_CACHE = 6


@unique
class ScannerMode(IntEnum):
    """How the proxy scans."""

    PASSIVE = 0
    ACTIVE = 1


_SCANNER_RUNNING = 2


class _Nothing(Protocol):
    """A request without content that matters."""


class _Device(Protocol):
    """A request about a device."""

    address: int


class _DeviceRequest(_Device, Protocol):
    request_type: int


class _Handle(_Device, Protocol):
    """A request about an attribute of a device."""

    handle: int


class _WriteDescriptor(_Handle, Protocol):
    data: bytes


class _Write(_WriteDescriptor, Protocol):
    response: bool


class _Notify(_Handle, Protocol):
    enable: bool


class _Mode(Protocol):
    mode: int


class EmulatedProxy:
    """A board with the proxy firmware: its identity, its radio, its scanner and its API clients.

    Its connection slots, its ATT MTU and its troubles (`slots`, `mtu`, `delay_s`,
    `connect_delay_s`, `fail_next_connects`, `rssi_offset`) are those of its `adapter`.
    """

    def __init__(
        self,
        radio: Radio,
        *,
        name: str = "emulated-proxy",
        host: str = "127.0.0.1",
        port: int = 0,
        slots: int = 3,
        mac: str | None = None,
    ) -> None:
        """Describe a proxy; `start` switches it on.

        Args:
            radio: The air.
            name: Host name of the board.
            host: Address to listen at.
            port: To listen at; 0 for a free one, which is kept over a reboot.
            slots: Links it can hold.
            mac: Of its Wi-Fi, made up from the name if left out; its Bluetooth has that plus two.
        """
        self.name = name
        number = int(mac.replace(":", ""), 16) if mac else _made_up(name)
        self.mac = _address(number)
        self.bluetooth_mac = _address(number + 2)
        self.adapter = Adapter(radio, name=name, slots=slots)
        self.report_interval_s = 0.1
        """Time in which advertisements are collected."""
        self.mode = ScannerMode.PASSIVE
        self._radio = radio
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._scanning_for: _Session | None = None
        self._heard: list[tuple[Advertisement, ScannerMode]] = []
        self._report: asyncio.TimerHandle | None = None
        self._stop_listening: list[Callable[[], None]] = []

    @property
    def port(self) -> int:
        """Where it listens, once it has been started."""
        return self._port

    async def start(self) -> None:
        """Switch on."""
        await self.adapter.start()
        self.mode = ScannerMode.PASSIVE
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Session(self), self._host, self._port
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._stop_listening = [
            self._radio.listen(self._hear),
            self.adapter.on_slots_changed(self._tell_slots),
        ]

    async def stop(self) -> None:
        """Cut the power: API connections and links are gone without a word."""
        while self._stop_listening:
            self._stop_listening.pop()()
        if self._report is not None:
            self._report.cancel()
            self._report = None
        self._heard.clear()
        # First of all listen no more: a client comes back as soon as it is dropped.
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            await session.abort()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        await self.adapter.stop()

    async def reboot(self, down_s: float = 0.0) -> None:
        """Cut the power and give it back; the port stays the same."""
        await self.stop()
        await asyncio.sleep(down_s)
        await self.start()

    # What the sessions ask of their board

    def enter(self, session: _Session) -> None:
        """Take note of an API connection."""
        self._sessions.add(session)

    def leave(self, session: _Session) -> None:
        """Forget an API connection."""
        self._sessions.discard(session)
        self.unsubscribe(session)

    def subscribe(self, session: _Session) -> None:
        """Report advertisements to one session; there is only one such subscription."""
        if self._scanning_for not in {None, session}:
            return
        self._scanning_for = session
        self.tell_scanner_state(session)

    def unsubscribe(self, session: _Session) -> None:
        """Report advertisements no more."""
        if self._scanning_for is session:
            self._scanning_for = None
            self._heard.clear()

    def set_mode(self, mode: int) -> None:
        """Scan otherwise from now on."""
        self.mode = ScannerMode(mode)
        if self._scanning_for is not None:
            self.tell_scanner_state(self._scanning_for)

    def tell_scanner_state(self, session: _Session) -> None:
        """Say how the scanner is doing."""
        session.send(
            _Message.SCANNER_STATE,
            state=_SCANNER_RUNNING,
            mode=int(self.mode),
            configured_mode=int(ScannerMode.ACTIVE),
        )

    def _tell_slots(self) -> None:
        for session in tuple(self._sessions):
            session.tell_slots()

    def _hear(self, heard: Advertisement) -> None:
        if self._scanning_for is None:
            return
        self._heard.append((heard, self.mode))
        if len(self._heard) >= _BATCH:
            self._tell_heard()
        elif self._report is None:
            self._report = asyncio.get_running_loop().call_later(
                self.report_interval_s, self._tell_heard
            )

    def _tell_heard(self) -> None:
        if self._report is not None:
            self._report.cancel()
            self._report = None
        if self._scanning_for is None:
            return
        self._scanning_for.send(
            _Message.RAW_ADVERTISEMENTS,
            advertisements=[
                {
                    "address": _number(heard.address),
                    "rssi": self.adapter.heard_at(heard),
                    "address_type": 0,
                    "data": heard.advertisement
                    + (heard.scan_response if mode is ScannerMode.ACTIVE else b""),
                }
                for heard, mode in self._heard
            ],
        )
        self._heard.clear()


class _Session(asyncio.Protocol):
    """An API connection to the proxy, and the links that it asked for."""

    def __init__(self, proxy: EmulatedProxy) -> None:
        self._proxy = proxy
        self._adapter = proxy.adapter
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._wants_slots = False
        self._attempts: dict[int, asyncio.Task[int]] = {}
        self._links: dict[int, CentralLink] = {}
        self._tables: dict[int, tuple[GattService, ...]] = {}
        self._hanging_up: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._handlers: dict[int, Callable[[Any], None]] = {
            _Message.HELLO: self._on_hello,
            _Message.DISCONNECT: self._on_disconnect,
            _Message.PING: self._on_ping,
            _Message.DEVICE_INFO: self._on_device_info,
            _Message.LIST_ENTITIES: self._on_list_entities,
            _Message.CAPABILITIES: self._on_capabilities,
            _Message.SUBSCRIBE_ADVERTISEMENTS: self._on_subscribe_advertisements,
            _Message.UNSUBSCRIBE_ADVERTISEMENTS: self._on_unsubscribe_advertisements,
            _Message.SET_SCANNER_MODE: self._on_set_scanner_mode,
            _Message.SUBSCRIBE_CONNECTIONS_FREE: self._on_subscribe_connections_free,
            _Message.DEVICE_REQUEST: self._on_device_request,
            _Message.GET_SERVICES: self._on_get_services,
            _Message.READ: self._on_read,
            _Message.READ_DESCRIPTOR: self._on_read,
            _Message.WRITE: self._on_write,
            _Message.WRITE_DESCRIPTOR: self._on_write_descriptor,
            _Message.NOTIFY: self._on_notify,
        }

    # Bytes

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._proxy.enter(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while not self._closed and (frame := self._next_frame()) is not None:
            number, content = frame
            # The rest (states, services, the clock of Home Assistant) needs no answer.
            if handler := self._handlers.get(number):
                request = MESSAGE_TYPE_TO_PROTO[number]()
                request.ParseFromString(content)
                handler(request)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Take a message from what has been received; None while it is incomplete."""
        if self._received and self._received[0] != 0:
            self._close()
            return None
        try:
            length, begin = self._varint(1)
            number, begin = self._varint(begin)
        except IndexError:
            return None
        end = begin + length
        if length > _LONGEST_MESSAGE:
            self._close()
            return None
        if len(self._received) < end:
            return None
        content = bytes(self._received[begin:end])
        del self._received[:end]
        return number, content

    def _varint(self, begin: int) -> tuple[int, int]:
        value = 0
        for place in range(_MOST_VARINT_BYTES):
            byte = self._received[begin + place]
            value |= (byte & 0x7F) << (7 * place)
            if not byte & 0x80:
                return value, begin + place + 1
        return _LONGEST_MESSAGE + 1, begin

    def send(self, number: _Message, **content: object) -> None:
        """Send a message, unless the client is gone."""
        if self._closed or self._transport is None:
            return
        message: bytes = MESSAGE_TYPE_TO_PROTO[number](**content).SerializeToString()
        self._transport.write(b"\x00" + _varint(len(message)) + _varint(number) + message)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._end()

    async def abort(self) -> None:
        """Drop the client without a word and wait until its links are gone."""
        if self._transport is not None:
            self._transport.abort()
        self._end()
        while self._hanging_up:
            await asyncio.wait(self._hanging_up)

    def _end(self) -> None:
        """Give up everything that this client had asked for."""
        if self._closed:
            return
        self._closed = True
        self._proxy.leave(self)
        for attempt in self._attempts.values():
            attempt.cancel()
            self._hanging_up.add(attempt)
            attempt.add_done_callback(self._hanging_up.discard)
        for link in tuple(self._links.values()):
            self._hang_up(link)

    def _hang_up(self, link: CentralLink) -> None:
        task = asyncio.get_running_loop().create_task(link.close())
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    # The board

    def _on_hello(self, _: _Nothing) -> None:
        major, minor = _API_VERSION
        self.send(
            _Message.HELLO_ANSWER,
            api_version_major=major,
            api_version_minor=minor,
            server_info=f"{self._proxy.name} (emulated)",
            name=self._proxy.name,
        )

    def _on_disconnect(self, _: _Nothing) -> None:
        self.send(_Message.DISCONNECT_ANSWER)
        self._close()

    def _on_ping(self, _: _Nothing) -> None:
        self.send(_Message.PING_ANSWER)

    def _on_device_info(self, _: _Nothing) -> None:
        self.send(
            _Message.DEVICE_INFO_ANSWER,
            name=self._proxy.name,
            friendly_name=self._proxy.name,
            mac_address=self._proxy.mac,
            bluetooth_mac_address=self._proxy.bluetooth_mac,
            esphome_version=_FIRMWARE,
            compilation_time="Oct  1 2026, 00:00:00",
            manufacturer="Emulated",
            model="esp32dev",
            bluetooth_proxy_feature_flags=FEATURES,
        )

    def _on_list_entities(self, _: _Nothing) -> None:
        self.send(_Message.LIST_ENTITIES_DONE)

    def _on_capabilities(self, _: _Nothing) -> None:
        self.send(
            _Message.CAPABILITIES_ANSWER,
            bluetooth_proxy={
                "feature_flags": FEATURES,
                "mac_address": self._proxy.bluetooth_mac,
            },
        )

    def _on_subscribe_advertisements(self, _: _Nothing) -> None:
        self._proxy.subscribe(self)

    def _on_unsubscribe_advertisements(self, _: _Nothing) -> None:
        self._proxy.unsubscribe(self)

    def _on_set_scanner_mode(self, request: _Mode) -> None:
        self._proxy.set_mode(request.mode)

    def _on_subscribe_connections_free(self, _: _Nothing) -> None:
        self._wants_slots = True
        self.tell_slots()

    def tell_slots(self) -> None:
        """Say how many slots are free, if the client wants to know."""
        if self._wants_slots:
            self.send(
                _Message.CONNECTIONS_FREE,
                free=self._adapter.free,
                limit=self._adapter.slots,
                allocated=[_number(address) for address in self._adapter.allocated],
            )

    # Links

    def _on_device_request(self, request: _DeviceRequest) -> None:
        address = request.address
        match request.request_type:
            case _Request.CONNECT_WITH_CACHE:
                self._connect(address, cached=True)
            case _Request.CONNECT_WITHOUT_CACHE | _Request.CONNECT:
                self._connect(address, cached=False)
            case _Request.DISCONNECT:
                self._disconnect(address)
            case _Request.PAIR:
                self.send(_Message.PAIRING_ANSWER, address=address, error=_NOT_SUPPORTED)
            case _Request.UNPAIR:
                self.send(_Message.UNPAIRING_ANSWER, address=address, success=True)
            case _Request.CLEAR_CACHE:
                self._tables.pop(address, None)
                self.send(_Message.CLEAR_CACHE_ANSWER, address=address, success=True)
            case _:
                # A newer client may know requests that this firmware does not.
                pass

    def _tell_connection(self, address: int, *, mtu: int = 0, error: int = 0) -> None:
        self.send(_Message.CONNECTION, address=address, connected=mtu > 0, mtu=mtu, error=error)

    def _connect(self, address: int, *, cached: bool) -> None:
        if link := self._links.get(address):
            self._tell_connection(address, mtu=link.mtu)
        elif address not in self._attempts:
            attempt = asyncio.get_running_loop().create_task(self._attempt(address, cached=cached))
            self._attempts[address] = attempt
            attempt.add_done_callback(lambda attempt: self._attempted(address, attempt))

    async def _attempt(self, address: int, *, cached: bool) -> int:
        """Connect; return what went wrong."""
        try:
            await self._open(address, cached=cached)
        except NoFreeSlot:
            # The firmware says no more than that there is no connection.
            return 0
        except ConnectFailure as failure:
            return failure.code
        except LinkDown as end:
            return end.reason
        except TimeoutError, ConnectionError:
            return _CANCELLED
        except GattRefusal:
            return _GATT_ERROR
        return 0

    def _attempted(self, address: int, attempt: asyncio.Task[int]) -> None:
        del self._attempts[address]
        if link := self._links.get(address):
            self._tell_connection(address, mtu=link.mtu)
        else:
            error = _CANCELLED if attempt.cancelled() else attempt.result()
            self._tell_connection(address, error=error)

    async def _open(self, address: int, *, cached: bool) -> None:
        link = await self._adapter.connect(
            _address(address),
            timeout_s=_CONNECT_TIMEOUT_S,
            lost=lambda reason: self._on_lost(address, reason),
        )
        try:
            if not cached:
                # Without a cache at the client the firmware looks around before it reports.
                self._tables[address] = await link.discover()
        except BaseException:
            await asyncio.shield(link.close())
            raise
        self._links[address] = link

    def _on_lost(self, address: int, reason: int) -> None:
        self._tables.pop(address, None)
        if self._links.pop(address, None) is not None:
            self._tell_connection(address, error=reason)

    def _disconnect(self, address: int) -> None:
        if attempt := self._attempts.get(address):
            attempt.cancel()
        elif link := self._links.get(address):
            self._hang_up(link)
        else:
            self._tell_connection(address)

    # GATT

    def _link(self, address: int, handle: int) -> CentralLink | None:
        """Return the link that a request is about, or say that there is none."""
        link = self._links.get(address)
        if link is None:
            self._tell_error(address, handle, _NOT_CONNECTED)
        return link

    def _tell_error(self, address: int, handle: int, error: int) -> None:
        self.send(_Message.GATT_ERROR, address=address, handle=handle, error=error)

    def _failed(self, address: int, handle: int, done: asyncio.Future[Any]) -> bool:
        """Say why an operation failed, if it did.

        Nothing is said of a link that went down: that has been said already.
        """
        match done.exception():
            case None:
                return False
            case GattRefusal(code=code):
                self._tell_error(address, handle, code)
            case LinkDown():
                pass
            case _:
                self._tell_error(address, handle, _GATT_ERROR)
        return True

    def _on_get_services(self, request: _Device) -> None:
        address = request.address

        def answer(done: asyncio.Future[tuple[GattService, ...]]) -> None:
            if not self._failed(address, 0, done):
                self._tell_services(address, done.result())

        if link := self._link(address, 0):
            if table := self._tables.get(address):
                self._tell_services(address, table)
            else:
                link.discover().add_done_callback(answer)

    def _tell_services(self, address: int, table: tuple[GattService, ...]) -> None:
        for service in table:
            self.send(_Message.SERVICES, address=address, services=[_service(service)])
        self.send(_Message.SERVICES_DONE, address=address)

    def _on_read(self, request: _Handle) -> None:
        address, handle = request.address, request.handle

        def answer(done: asyncio.Future[bytes]) -> None:
            if not self._failed(address, handle, done):
                self.send(_Message.READ_ANSWER, address=address, handle=handle, data=done.result())

        if link := self._link(address, handle):
            link.read(handle).add_done_callback(answer)

    def _on_write(self, request: _Write) -> None:
        self._write(request, response=request.response)

    def _on_write_descriptor(self, request: _WriteDescriptor) -> None:
        self._write(request, response=True)

    def _write(self, request: _WriteDescriptor, *, response: bool) -> None:
        address, handle = request.address, request.handle

        def answer(done: asyncio.Future[None]) -> None:
            if not self._failed(address, handle, done) and response:
                self.send(_Message.WRITE_ANSWER, address=address, handle=handle)

        if link := self._link(address, handle):
            link.write(handle, request.data, response=response).add_done_callback(answer)

    def _on_notify(self, request: _Notify) -> None:
        address, handle = request.address, request.handle
        link = self._link(address, handle)
        if link is None:
            return
        if request.enable:
            link.subscribe(
                handle,
                lambda value: self.send(
                    _Message.NOTIFY_DATA, address=address, handle=handle, data=value
                ),
            )
        else:
            link.unsubscribe(handle)
        self.send(_Message.NOTIFY_ANSWER, address=address, handle=handle)


def _made_up(name: str) -> int:
    """Make a locally administered address up from a name."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(b"\x02" + digest[:4] + b"\x00")


def _service(service: GattService) -> dict[str, object]:
    """Write a service of a table down as the API wants it."""
    return {
        **_uuid(service.uuid),
        "handle": service.handle,
        "characteristics": [
            {
                **_uuid(characteristic.uuid),
                "handle": characteristic.handle,
                "properties": characteristic.properties,
                "descriptors": [
                    {**_uuid(descriptor.uuid), "handle": descriptor.handle}
                    for descriptor in characteristic.descriptors
                ],
            }
            for characteristic in service.characteristics
        ],
    }


def _uuid(uuid: str) -> dict[str, object]:
    """Write a UUID down in the short form, where it has one, or in two halves."""
    if uuid.endswith(_BLUETOOTH_BASE):
        return {"short_uuid": int(uuid[:8], 16)}
    number = int(uuid.replace("-", ""), 16)
    return {"uuid": [number >> 64, number & 0xFFFF_FFFF_FFFF_FFFF]}


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _number(address: str) -> int:
    return int(address.replace(":", ""), 16)


def _address(number: int) -> str:
    digits = f"{number:012X}"
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
