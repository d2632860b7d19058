"""The medium between the emulated radios: what is heard, carried, delayed and lost.

Bumble's controllers send into it. It closes the gaps of Bumble 0.0.236 that a test would fall into,
and it can be disturbed: see `AirFaults`.

Source: Bluetooth Core Specification, Vol 3 Part F (ATT opcodes), Vol 4 Part E (HCI), Vol 6 Part B
(link layer).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
import random
from typing import NamedTuple, override

from bumble import att, hci, ll
from bumble.controller import Connection as ControllerConnection, Controller, LegacyAdvertiser
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

SUPERVISION_TIMEOUT = int(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
ATT_MTU_DEFAULT = 23

# Vol 3 Part F 3.4.8. Everything that reaches a value is an operation; the rest only looks around.
OPERATIONS = frozenset({0x0A, 0x0C, 0x0E, 0x12, 0x16, 0x18, 0x20, 0x52, 0xD2})
_DISCOVERY = frozenset({0x02, 0x04, 0x06, 0x08, 0x10})
COMMAND_BIT = 0x40
# How many log entries are kept: a fetch of two weeks is a few hundred requests.
_LOG_LENGTH = 4096


class AttOperation(NamedTuple):
    """One read or write that reached a peripheral."""

    opcode: str
    """As in the Core Specification, without its prefix: "READ_REQUEST", "WRITE_COMMAND"."""
    handle: int
    length: int
    """Bytes of the value; 0 for a read."""


class Refusal(NamedTuple):
    """A request or command that the peripheral's GATT table does not allow."""

    operation: AttOperation
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertisement:
    """What a scanner hears of one peripheral at one moment."""

    address: str
    advertisement: bytes
    scan_response: bytes
    """Only a scanner in active mode may make use of it."""
    rssi: int
    """dBm."""
    connectable: bool


type AdvertisementListener = Callable[[Advertisement], None]


class AirFaults:
    """What can be done to the air around one peripheral, and what has been counted there."""

    def __init__(self, air: Air, address: str) -> None:
        self._air = air
        self._address = address
        self._cut_after: int | None = None
        self._out_of_range = False
        self.latency_s = 0.0
        """Delay of every packet, in both directions; their order is kept."""
        self.jitter_s = 0.0
        """Random addition to the latency, from nothing to this."""
        self.interval_s = 0.0
        """Connection interval: packets pass at its events only; 0 is at once."""
        self.packets_per_event = 4
        """In each direction; 1 through slow stacks and proxies, 4 to 6 through good ones."""
        self.supervision_s = 0.01
        """Time between the last packet and the moment when both ends notice (reason 8)."""
        self.rssi = -50
        """dBm."""
        self.att_operations = 0
        """Reads and writes of any kind that the peripheral received, CCCD writes included."""
        self.discovery_operations = 0
        """Requests for the GATT table and the ATT MTU that it received."""
        self.att_log: deque[AttOperation] = deque(maxlen=_LOG_LENGTH)
        self.refusals: deque[Refusal] = deque(maxlen=_LOG_LENGTH)

    @property
    def cut_after(self) -> int | None:
        """Operations still to be received before the link is cut; None is never.

        The last of them reaches the peripheral, its answer does not come back. Nothing but reads
        and writes counts. Afterwards the value is None again.
        """
        return self._cut_after

    @cut_after.setter
    def cut_after(self, operations: int | None) -> None:
        self._cut_after = operations
        if operations is not None and operations <= 0:
            self.cut()

    @property
    def out_of_range(self) -> bool:
        """Whether nothing passes. Setting it loses the link as a supervision timeout does."""
        return self._out_of_range

    @out_of_range.setter
    def out_of_range(self, value: bool) -> None:
        self._out_of_range = value
        if value:
            self.cut()

    def cut(self) -> None:
        """Lose the link, if there is one, now."""
        self._cut_after = None
        self._air.sever(self._address)

    def count(self, pdu: bytes) -> None:
        """Take note of an ATT PDU of the central, about to be delivered."""
        opcode = pdu[0]
        if opcode in _DISCOVERY:
            self.discovery_operations += 1
        elif opcode in OPERATIONS:
            self.att_operations += 1
            self.att_log.append(operation_of(pdu))

    def last_operation(self, pdu: bytes) -> bool:
        """Whether the link ends with this PDU."""
        if self._cut_after is None or pdu[0] not in OPERATIONS:
            return False
        self._cut_after -= 1
        return self._cut_after <= 0


def operation_of(pdu: bytes) -> AttOperation:
    """Describe an ATT PDU that reads or writes."""
    opcode = pdu[0]
    name = att.Opcode(opcode).name.removeprefix("ATT_")
    handle = int.from_bytes(pdu[1:3], "little") if len(pdu) >= 3 else 0
    # A write carries its value behind the handle, a prepared one behind handle and offset.
    header = {0x12: 3, 0x52: 3, 0xD2: 3, 0x16: 5}.get(opcode, len(pdu))
    return AttOperation(name, handle, max(0, len(pdu) - header))


@dataclass(slots=True, eq=False)
class _Lane:
    """One direction of a link: packets leave in the order in which they came."""

    deliver_after: float = 0.0
    packets: deque[Callable[[], None]] = field(default_factory=deque)
    event: float = 0.0
    """The connection event at which the last packet passes."""
    at_event: int = 0
    """How many pass there."""

    def next_event(self, now: float, interval_s: float, room: int) -> float:
        """Take a place for a packet; returns when its connection event is."""
        if now > self.event:
            self.event = ceil(now / interval_s) * interval_s
            self.at_event = 0
        elif self.at_event >= room:
            self.event += interval_s
            self.at_event = 0
        self.at_event += 1
        return self.event


@dataclass(slots=True, eq=False)
class _Link:
    """A connection as the air sees it."""

    central: AirController
    peripheral: AirController
    central_address: hci.Address
    alive: bool = True
    up: _Lane = field(default_factory=_Lane)
    down: _Lane = field(default_factory=_Lane)


@dataclass(slots=True, eq=False)
class Peripheral:
    """A peripheral on the air and what it wants to advertise."""

    controller: AirController
    advertisement: bytes = b""
    scan_response: bytes = b""
    while_connected: bool = False
    advertising: bool = False

    @property
    def connected(self) -> bool:
        return bool(self.controller.le_connections)


class _Advertiser(LegacyAdvertiser):
    """An advertiser that, once stopped, is stopped; Bumble's starts its timer again."""

    @override
    def _on_timer_fired(self) -> None:
        self.timer_handle = asyncio.get_running_loop().call_later(
            self.advertising_interval_min / 1000.0, self._on_timer_fired
        )
        self.send_advertising_data()


class AirController(Controller):
    """A virtual controller without the gaps that Bumble's own has."""

    # Bumble's default of 27 cuts every notification into pieces, which costs most of the time.
    le_acl_data_packet_length = 251
    # Advertising lives in the air (see Radio.set_advertising), which knows legacy PDUs only.
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    )

    def __init__(self, name: str, air: Air, public_address: hci.Address) -> None:
        super().__init__(name, link=air, public_address=public_address)
        self.air = air
        self.le_legacy_advertiser = _Advertiser(self)

    @override
    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Forget the pending connection, which Bumble keeps for ever, and say so (7.8.13)."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet,
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            ),
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    @override
    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Hang up; an unknown handle is refused.

        Bumble answers nothing to that, and its host waits for ever; and it tells this side the
        reason that is meant for the other.
        """
        connection = self.find_le_connection_by_handle(command.connection_handle)
        if connection is None:
            self._send_hci_command_status(
                hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR, command.op_code
            )
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        connection.send_ll_control_pdu(ll.TerminateInd(command.reason))
        self.on_le_disconnected(
            connection, hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
        )

    @override
    def on_ll_control_pdu(self, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
        # Both ends may hang up at the same time: the second word comes too late and is no error.
        if sender_address in self.le_connections:
            super().on_ll_control_pdu(sender_address, packet)

    @override
    def on_link_acl_data(
        self, sender_address: hci.Address, transport: PhysicalTransport, data: bytes
    ) -> None:
        if sender_address in self.le_connections:
            super().on_link_acl_data(sender_address, transport, data)

    @override
    def on_le_disconnected(self, connection: ControllerConnection, reason: int) -> None:
        super().on_le_disconnected(connection, reason)
        self.air.on_disconnected(self, connection)


class Air(LocalLink):
    """Carries advertisements and packets between the controllers, as far as the faults allow."""

    controllers: set[Controller]

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peripherals: dict[str, Peripheral] = {}
        self.faults: dict[str, AirFaults] = {}
        self.listeners: list[AdvertisementListener] = []
        self._links: dict[tuple[hci.Address, hci.Address], _Link] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._random = random.Random(seed)  # noqa: S311  jitter that repeats, no secret
        self._closed = False

    def faults_of(self, address: str) -> AirFaults:
        """Return the faults around an address, whether or not it is on the air yet."""
        return self.faults.setdefault(address, AirFaults(self, address))

    def close(self) -> None:
        """Carry nothing any more."""
        self._closed = True
        self.listeners.clear()
        for peripheral in self.peripherals.values():
            peripheral.controller.le_legacy_advertiser.stop()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._links.clear()

    # Advertising

    def advertise(self, peripheral: Peripheral) -> None:
        """Start, restart or stop the advertiser, whichever its peripheral's state asks for."""
        advertiser = peripheral.controller.le_legacy_advertiser
        wanted = (
            peripheral.advertising
            and not self._closed
            and (peripheral.while_connected or not peripheral.connected)
        )
        if wanted and not advertiser.enabled:
            advertiser.start()
        elif not wanted:
            advertiser.stop()

    @override
    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Let the scanners hear an advertisement, and the one that is waiting for it connect."""
        if not isinstance(packet, ll.ConnectInd | ll.AdvInd):
            return
        address = text_of(packet.advertiser_address)
        peripheral = self.peripherals.get(address)
        if peripheral is None or self._closed:
            return
        if isinstance(packet, ll.ConnectInd):
            peripheral.controller.on_ll_advertising_pdu(packet)
            self.advertise(peripheral)
            return
        faults = self.faults_of(address)
        if faults.out_of_range:
            return
        heard = self.advertisement_of(address, peripheral)
        for listener in tuple(self.listeners):
            listener(heard)
        # A radio that wants to connect does so after everybody has heard the advertisement.
        asyncio.get_running_loop().call_soon(self._offer, peripheral, packet)

    def advertisement_of(self, address: str, peripheral: Peripheral) -> Advertisement:
        """Return what can be heard of a peripheral now."""
        return Advertisement(
            address=address,
            advertisement=peripheral.advertisement,
            scan_response=peripheral.scan_response,
            rssi=self.faults_of(address).rssi,
            connectable=not peripheral.connected,
        )

    def _offer(self, peripheral: Peripheral, packet: ll.AdvInd) -> None:
        """Give a connectable advertisement to the first radio that wants to connect to it."""
        if peripheral.connected or not peripheral.controller.le_legacy_advertiser.enabled:
            return
        address = packet.advertiser_address
        for controller in self.controllers:
            pending = controller.pending_le_connection
            if (
                pending is None
                or pending.peer_address != address
                or address in controller.le_connections
                or not isinstance(controller, AirController)
            ):
                continue
            link = _Link(controller, peripheral.controller, controller.random_address)
            self._links[controller.random_address, address] = link
            controller.on_ll_advertising_pdu(packet)
            return

    # Links

    def _link(self, one: hci.Address, other: hci.Address) -> _Link | None:
        return self._links.get((one, other)) or self._links.get((other, one))

    @override
    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry data over the connection it belongs to.

        Bumble names the sender by its random address, so that a peripheral with a public one is
        never heard. The connection knows under which address its owner is connected.
        """
        connection = sender_controller.le_connections.get(destination_address)
        if connection is None:
            return
        source = connection.self_address
        link = self._link(source, destination_address)
        if link is None:
            return
        if sender_controller is link.central:
            self._carry(link, link.up, lambda: self._deliver_up(link, source, transport, data))
        else:
            self._carry(
                link,
                link.down,
                lambda: link.central.on_link_acl_data(source, transport, data),
            )

    def _deliver_up(
        self, link: _Link, source: hci.Address, transport: PhysicalTransport, data: bytes
    ) -> None:
        """Deliver data to the peripheral; count what is for its ATT server."""
        last = False
        channel, pdu = int.from_bytes(data[2:4], "little"), data[4:]
        if channel == att.ATT_CID and pdu:
            faults = self.faults_of(text_of(link.peripheral.public_address))
            faults.count(pdu)
            last = faults.last_operation(pdu)
        link.peripheral.on_link_acl_data(source, transport, data)
        if last:
            self.faults_of(text_of(link.peripheral.public_address)).cut()

    @override
    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        link = self._link(sender_address, receiver_address)
        if link is None:
            return
        upwards = sender_address == link.central_address
        receiver = link.peripheral if upwards else link.central
        self._carry(
            link,
            link.up if upwards else link.down,
            lambda: receiver.on_ll_control_pdu(sender_address, packet),
        )

    def _carry(self, link: _Link, lane: _Lane, deliver: Callable[[], None]) -> None:
        """Deliver in order, after the latency of the moment."""
        if not link.alive or self._closed:
            return
        faults = self.faults_of(text_of(link.peripheral.public_address))
        loop = asyncio.get_running_loop()
        delay = faults.latency_s + faults.jitter_s * self._random.random()
        # Timers that are due together fire in no fixed order. So what is scheduled is only that
        # one more packet arrives; which one it is, the lane knows.
        lane.packets.append(deliver)
        now = loop.time()
        if faults.interval_s:
            delay += lane.next_event(now, faults.interval_s, faults.packets_per_event) - now
        if delay:
            lane.deliver_after = max(lane.deliver_after, now + delay)
            self._later(lane.deliver_after, self._arrive, link, lane)
        else:
            loop.call_soon(self._arrive, link, lane)

    def _arrive(self, link: _Link, lane: _Lane) -> None:
        if link.alive and lane.packets:
            lane.packets.popleft()()

    def sever(self, address: str) -> None:
        """Let nothing pass on the link of a peripheral; its ends notice a little later."""
        for link in tuple(self._links.values()):
            if link.alive and text_of(link.peripheral.public_address) == address:
                link.alive = False
                link.up.packets.clear()
                link.down.packets.clear()
                self._later(
                    asyncio.get_running_loop().time() + self.faults_of(address).supervision_s,
                    self._supervision_timeout,
                    link,
                )

    def lose(self, address: str) -> None:
        """Let both ends of the link of a peripheral notice at once that it is dead."""
        for link in tuple(self._links.values()):
            if text_of(link.peripheral.public_address) == address:
                link.alive = False
                self._supervision_timeout(link)

    def _supervision_timeout(self, link: _Link) -> None:
        peripheral_address = link.peripheral.public_address
        if self._links.get((link.central_address, peripheral_address)) is not link:
            return
        for controller, peer in (
            (link.central, peripheral_address),
            (link.peripheral, link.central_address),
        ):
            if connection := controller.le_connections.get(peer):
                controller.on_le_disconnected(connection, SUPERVISION_TIMEOUT)

    def on_disconnected(self, controller: AirController, connection: ControllerConnection) -> None:
        """Forget a link that both ends have left, and let the peripheral be heard again."""
        link = self._link(connection.self_address, connection.peer_address)
        if link is not None:
            peripheral_address = link.peripheral.public_address
            if (
                peripheral_address not in link.central.le_connections
                and link.central_address not in link.peripheral.le_connections
            ):
                self._links.pop((link.central_address, peripheral_address), None)
        peripheral = self.peripherals.get(text_of(controller.public_address))
        if peripheral is not None and peripheral.controller is controller:
            self.advertise(peripheral)

    def _later[*Ts](self, when: float, act: Callable[[*Ts], None], *arguments: *Ts) -> None:
        """Call later; the timer ends with the air."""

        def fire() -> None:
            self._timers.discard(timer)
            act(*arguments)

        timer = asyncio.get_running_loop().call_at(when, fire)
        self._timers.add(timer)


def text_of(address: hci.Address) -> str:
    return address.to_string(with_type_qualifier=False)
