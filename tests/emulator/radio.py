"""Emulated Bluetooth LE radios that hear, connect and lose each other in one event loop.

Every radio is a Bumble device with a virtual controller of its own. Bumble does GATT, ATT and the
host; what is between the controllers is in `air`.
"""

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
import hashlib
from typing import Self, override

from bumble import att, gatt, hci
from bumble.controller import LegacyAdvertiser
from bumble.device import (
    AdvertisingType,
    Connection,
    Device,
    DeviceConfiguration,
    LegacyAdvertiser as HostAdvertiser,
)
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink
from bumble.utils import AsyncRunner

from .air import (
    ATT_MTU_DEFAULT,
    COMMAND_BIT,
    OPERATIONS,
    Advertisement,
    AdvertisementListener,
    Air,
    AirController,
    AirFaults,
    AttOperation,
    Peripheral,
    Refusal,
    operation_of,
    text_of,
)

__all__ = [
    "ATT_MTU_DEFAULT",
    "Advertisement",
    "AirDevice",
    "AirFaults",
    "AttOperation",
    "Radio",
    "Refusal",
]

_WITHOUT_ONE_HANDLE = frozenset(
    {"EXECUTE_WRITE_REQUEST", "READ_MULTIPLE_REQUEST", "READ_MULTIPLE_VARIABLE_REQUEST"}
)
# Nothing that the radio waits for by itself takes longer than some turns of the event loop.
_SETTLE_S = 2.0


class AirDevice(Device):
    """A Bumble device that keeps to its own GATT table and leaves the air when switched off."""

    def __init__(self, radio: Radio, controller: AirController, address: hci.Address) -> None:
        super().__init__(
            config=DeviceConfiguration(name=controller.name, address=address),
            host=Host(controller, AsyncPipeSink(controller)),
        )
        self.radio = radio
        self.controller = controller
        self.connecting = asyncio.Lock()

    @override
    def on_le_connection(
        self,
        connection_handle: int,
        peer_address: hci.Address,
        self_resolvable_address: hci.Address | None,
        peer_resolvable_address: hci.Address | None,
        role: hci.Role,
        connection_interval: int,
        peripheral_latency: int,
        supervision_timeout: int,
    ) -> None:
        # The air advertises, not the host; it only has to know under which address that was.
        if role == hci.Role.PERIPHERAL:
            self.legacy_advertiser = HostAdvertiser(
                device=self,
                advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
                own_address_type=hci.OwnAddressType.PUBLIC,
                peer_address=hci.Address.ANY,
                auto_restart=False,
            )
        super().on_le_connection(
            connection_handle,
            peer_address,
            self_resolvable_address,
            peer_resolvable_address,
            role,
            connection_interval,
            peripheral_latency,
            supervision_timeout,
        )

    @override
    async def power_off(self) -> None:
        """Switch off as a battery does that is taken out."""
        self.radio.silence(self)
        # The host still has to be told about its links, before it forgets them.
        await asyncio.sleep(0)
        await super().power_off()

    @override
    def on_gatt_pdu(self, connection_handle: int, pdu: bytes) -> None:
        """Enforce what Bumble declares but does not check: permissions, properties and the MTU.

        Without this a characteristic that cannot be read answers nothing, and its reader waits
        for 30 seconds.
        """
        connection = self.lookup_connection(connection_handle)
        if connection is None or not pdu:
            return
        if pdu[0] not in OPERATIONS:
            super().on_gatt_pdu(connection_handle, pdu)
            return
        refusal = self._refusal(connection, pdu)
        if refusal is None:
            super().on_gatt_pdu(connection_handle, pdu)
            return
        error, reason = refusal
        operation = operation_of(pdu)
        self.radio.faults(text_of(self.controller.public_address)).refusals.append(
            Refusal(operation, reason)
        )
        if not pdu[0] & COMMAND_BIT:
            self.gatt_server.send_response(
                connection,
                att.ATT_Error_Response(
                    request_opcode_in_error=pdu[0],
                    attribute_handle_in_error=operation.handle,
                    error_code=error,
                ),
            )

    def _refusal(self, connection: Connection, pdu: bytes) -> tuple[int, str] | None:
        """Say why a read or write is not allowed, with its ATT error."""
        if len(pdu) > connection.att_mtu:
            return att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR, "longer than the ATT MTU allows"
        operation = operation_of(pdu)
        attribute = self.gatt_server.get_attribute(operation.handle)
        if attribute is None:
            if operation.opcode in _WITHOUT_ONE_HANDLE:
                return None
            return att.ATT_INVALID_HANDLE_ERROR, "no such handle"
        if "READ" in operation.opcode and not attribute.permissions & att.Attribute.READABLE:
            return att.ATT_READ_NOT_PERMITTED_ERROR, "cannot be read"
        if "WRITE" in operation.opcode and not _writable(attribute, pdu[0]):
            return att.ATT_WRITE_NOT_PERMITTED_ERROR, "cannot be written this way"
        return None


def _writable(attribute: att.Attribute[bytes], opcode: int) -> bool:
    """Say whether an attribute takes a write request, or a write command."""
    if not attribute.permissions & att.Attribute.WRITEABLE:
        return False
    if not isinstance(attribute, gatt.Characteristic):
        return True
    needed = gatt.Characteristic.Properties.WRITE
    if opcode & COMMAND_BIT:
        needed = gatt.Characteristic.Properties.WRITE_WITHOUT_RESPONSE
    return bool(attribute.properties & needed)


class Radio:
    """The air and everybody on it.

    To be created inside the running event loop and closed there: `async with Radio() as radio`.
    """

    def __init__(self, *, advertising_interval_s: float = 0.05, seed: int = 1) -> None:
        """Create silent air.

        Args:
            advertising_interval_s: What `set_advertising` uses unless told otherwise.
            seed: For the jitter.
        """
        self._air = Air(seed)
        self._advertising_interval_s = advertising_interval_s
        self._devices: list[AirDevice] = []
        self._centrals = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection, timer and task that the radios own."""
        for device in self._devices:
            await _settle(device.power_off())
        self._air.close()
        self._devices.clear()
        # Bumble starts tasks that nobody owns, for example for every write request.
        loop = asyncio.get_running_loop()
        stray = {task for task in _stray_tasks() if task.get_loop() is loop}
        for task in stray:
            task.cancel()
        if stray:
            await asyncio.wait(stray, timeout=_SETTLE_S)

    def peripheral(self, address: str, name: str) -> AirDevice:
        """Put a peripheral with a public address on the air; it still has to be powered on.

        Raises:
            ValueError: The address is taken.
        """
        public = hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS)
        address = text_of(public)
        if address in self._air.peripherals:
            raise ValueError(f"{address} is on the air already")
        controller = AirController(name, self._air, public)
        self._air.peripherals[address] = Peripheral(controller)
        device = AirDevice(self, controller, _random_address(f"{address} {name}"))
        self._devices.append(device)
        return device

    def central(self, name: str) -> AirDevice:
        """Put a central on the air; it still has to be powered on."""
        self._centrals += 1
        random_address = _random_address(f"{name} {self._centrals}")
        controller = AirController(name, self._air, hci.Address.ANY)
        device = AirDevice(self, controller, random_address)
        self._devices.append(device)
        return device

    async def remove(self, device: Device) -> None:
        """Switch a radio off and take it from the air; its address is free again."""
        if not isinstance(device, AirDevice) or device not in self._devices:
            return
        await _settle(device.power_off())
        self._devices.remove(device)
        self._air.remove_controller(device.controller)
        address = text_of(device.controller.public_address)
        peripheral = self._air.peripherals.get(address)
        if peripheral is not None and peripheral.controller is device.controller:
            del self._air.peripherals[address]

    def silence(self, device: AirDevice) -> None:
        """Stop advertising and drop the links of a device that is being switched off."""
        controller = device.controller
        controller.pending_le_connection = None
        address = text_of(controller.public_address)
        peripheral = self._air.peripherals.get(address)
        if peripheral is not None and peripheral.controller is controller:
            peripheral.advertising = False
            self._air.advertise(peripheral)
            self._air.lose(address)
        for connection in tuple(controller.le_connections.values()):
            self._air.lose(text_of(connection.peer_address))

    def faults(self, address: str) -> AirFaults:
        """Return what can be done to the air around the peripheral with this address."""
        return self._air.faults_of(address.upper())

    # Advertising

    def set_advertising(
        self,
        address: str,
        advertisement: bytes,
        scan_response: bytes,
        *,
        interval_s: float | None = None,
        while_connected: bool = False,
    ) -> None:
        """Advertise from now on whenever the peripheral is not connected.

        Call it again to change the data, as often as they change.

        Args:
            address: Of a peripheral of this radio.
            advertisement: At most 31 bytes.
            scan_response: At most 31 bytes; only scanners in active mode ask for it.
            interval_s: Time between two advertisements; None for the radio's own.
            while_connected: Go on when connected, but not connectable.

        Raises:
            ValueError: The data do not fit into a legacy advertisement.
        """
        if len(advertisement) > 31 or len(scan_response) > 31:
            raise ValueError("a legacy advertisement holds 31 bytes")
        peripheral = self._air.peripherals[address.upper()]
        peripheral.advertisement = advertisement
        peripheral.scan_response = scan_response
        peripheral.while_connected = while_connected
        peripheral.advertising = True
        advertiser: LegacyAdvertiser = peripheral.controller.le_legacy_advertiser
        advertiser.own_address_type = hci.OwnAddressType.PUBLIC
        # Bumble's virtual controller counts it in milliseconds.
        interval_s = self._advertising_interval_s if interval_s is None else interval_s
        advertiser.advertising_interval_min = max(1, round(interval_s * 1000))
        self._air.advertise(peripheral)

    def stop_advertising(self, address: str) -> None:
        """Advertise no more. A link is not touched."""
        peripheral = self._air.peripherals[address.upper()]
        peripheral.advertising = False
        self._air.advertise(peripheral)

    def listen(self, listener: AdvertisementListener) -> Callable[[], None]:
        """Hear every advertisement until the function that is returned is called."""
        self._air.listeners.append(listener)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._air.listeners.remove(listener)

        return stop

    def advertisement(self, address: str) -> Advertisement | None:
        """Return what a scanner would hear next; None for who does not want to be heard."""
        peripheral = self._air.peripherals.get(address.upper())
        if peripheral is None or not peripheral.advertising:
            return None
        return self._air.advertisement_of(address.upper(), peripheral)

    def is_connected(self, address: str) -> bool:
        """Say whether the peripheral with this address has a link."""
        peripheral = self._air.peripherals.get(address.upper())
        return peripheral is not None and peripheral.connected

    # Connecting

    async def connect(self, central: AirDevice, address: str, *, timeout_s: float) -> Connection:
        """Connect a central to a peripheral, one attempt at a time.

        Cancelling it, like the time-out, takes the attempt back.

        Raises:
            TimeoutError: The peripheral was not heard in time, or is connected already.
            ConnectionError: The central was switched off meanwhile.
        """
        peer = hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS)
        async with asyncio.timeout(timeout_s), central.connecting:
            # Bumble's own time-out leaves an exception that nobody retrieves.
            attempt = asyncio.create_task(central.connect_le(peer, timeout=None))
            try:
                await asyncio.wait({attempt})
            except asyncio.CancelledError:
                await _uninterrupted(self._take_back(central, attempt))
                raise
        if attempt.cancelled():
            raise ConnectionError("the radio was switched off")
        return attempt.result()

    async def _take_back(self, central: AirDevice, attempt: asyncio.Task[Connection]) -> None:
        """Cancel a connection attempt; when it has just succeeded, hang up."""
        if not attempt.done():
            # When it is refused there is nothing to cancel: the connection is about to appear.
            await _settle(
                central.host.send_sync_command_raw(hci.HCI_LE_Create_Connection_Cancel_Command())
            )
            await _settle(attempt)
        if not attempt.cancelled() and attempt.exception() is None:
            await self.disconnect(attempt.result())

    async def disconnect(self, connection: Connection) -> None:
        """Hang up. Nothing happens when the link is gone already."""
        if connection.device.connections.get(connection.handle) is connection:
            await _settle(connection.disconnect())


async def _settle(work: Coroutine[object, object, object] | asyncio.Task[Connection]) -> None:
    """See something through that cannot take long; how it ends does not matter."""
    task = work if isinstance(work, asyncio.Task) else asyncio.create_task(work)
    await asyncio.wait({task}, timeout=_SETTLE_S)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_SETTLE_S)
    if task.done() and not task.cancelled():
        task.exception()


async def _uninterrupted(work: Coroutine[object, object, None]) -> None:
    """Finish something short even if the caller is cancelled, once more, meanwhile."""
    task = asyncio.create_task(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


def _stray_tasks() -> set[asyncio.Task[object]]:
    return {task for task in AsyncRunner.running_tasks if isinstance(task, asyncio.Task)}


def _random_address(seed: str) -> hci.Address:
    """Make up a random static address: the two highest bits are set (Vol 6 Part B 1.3.2.1)."""
    digest = bytearray(hashlib.sha256(seed.encode()).digest()[:6])
    digest[5] |= 0xC0
    return hci.Address(bytes(digest), hci.Address.RANDOM_DEVICE_ADDRESS)
