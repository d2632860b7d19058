"""A small gadget of nobody's make: enough GATT to see whether the radio world works."""

import asyncio
from collections.abc import Callable

from bumble import att
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
import pytest

from tests.emulator.radio import AirFaults, Radio

ADDRESS = "C0:FF:EE:00:00:01"
NAME = "Gadget"
SERVICE = "0000fee0-0000-1000-8000-00805f9b34fb"
READABLE = "0000aa01-0000-1000-8000-00805f9b34fb"
ECHO = "0000aa02-0000-1000-8000-00805f9b34fb"
WRITE_ONLY = "0000aa03-0000-1000-8000-00805f9b34fb"
DEVICE_NAME = "00002a00-0000-1000-8000-00805f9b34fb"

# Flags, then a list of 16-bit service UUIDs; the name is in the scan response, as a band's is.
ADVERTISEMENT = bytes.fromhex("020106 0302e0fe")
SCAN_RESPONSE = bytes([len(NAME) + 1, 0x09]) + NAME.encode()


class Gadget:
    """Reads a constant, echoes what is written to it, counts what it does not echo."""

    def __init__(self, radio: Radio, address: str = ADDRESS, *, mtu: int = 247) -> None:
        properties = Characteristic.Properties
        permissions = Characteristic.Permissions
        self.address = address
        self.radio = radio
        self.faults: AirFaults = radio.faults(address)
        self.device: Device = radio.peripheral(address, NAME)
        self.device.gatt_server.max_mtu = mtu
        self.written: list[bytes] = []
        self.reasons: list[int] = []
        self.connection: Connection | None = None
        self.value = b"hello"
        self.readable = Characteristic[bytes](
            READABLE,
            properties.READ,
            permissions.READABLE,
            CharacteristicValue(read=lambda _connection: self.value),
        )
        self.echo = Characteristic[bytes](
            ECHO,
            properties.WRITE | properties.WRITE_WITHOUT_RESPONSE | properties.NOTIFY,
            permissions.WRITEABLE,
            CharacteristicValue(write=self._on_write),
        )
        self.write_only = Characteristic[bytes](
            WRITE_ONLY,
            properties.WRITE,
            permissions.WRITEABLE,
            CharacteristicValue(write=lambda _connection, value: self.written.append(value)),
        )
        self.device.add_service(Service(SERVICE, [self.readable, self.echo, self.write_only]))
        self.device.on(Device.EVENT_CONNECTION, self._on_connection)

    async def power_on(self) -> None:
        await self.device.power_on()
        self.advertise()

    def advertise(self, *, while_connected: bool = False) -> None:
        self.radio.set_advertising(
            self.address, ADVERTISEMENT, SCAN_RESPONSE, while_connected=while_connected
        )

    async def power_off(self) -> None:
        await self.device.power_off()

    async def notify(self, value: bytes, count: int = 1) -> None:
        assert self.connection is not None
        for number in range(count):
            await self.device.notify_subscriber(self.connection, self.echo, value)
            if number % 64 == 63:
                await self.connection.drain()

    async def _on_write(self, connection: Connection, value: bytes) -> None:
        self.written.append(value)
        if value == b"\xff":
            raise att.ATT_Error(error_code=att.ATT_INSUFFICIENT_RESOURCES_ERROR)
        await self.device.notify_subscriber(connection, self.echo, b"echo " + value)

    def _on_connection(self, connection: Connection) -> None:
        self.connection = connection
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)

    def _on_disconnection(self, reason: int) -> None:
        self.connection = None
        self.reasons.append(reason)


@pytest.fixture
async def gadget(radio: Radio) -> Gadget:
    """Provide a gadget that is switched on."""
    gadget = Gadget(radio)
    await gadget.power_on()
    return gadget


async def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: It did not become so.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)
