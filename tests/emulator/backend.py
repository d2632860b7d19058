"""The direct way from bleak to the emulated radio, without sockets and without a proxy.

`RadioScanner` is to Home Assistant what a proxy's scanner is; `client_class` serves those who use
bleak without Home Assistant.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, override

from bleak.assigned_numbers import CHARACTERISTIC_PROPERTIES
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bleak_retry_connector import BleakClientWithServiceCache
from bluetooth_data_tools import monotonic_time_coarse, parse_advertisement_data_bytes
from habluetooth import (
    Allocations,
    BaseHaRemoteScanner,
    BluetoothScanningMode,
    HaBluetoothConnector,
    get_manager,
)

from .central import (
    CCCD,
    Adapter,
    CentralLink,
    ConnectFailure,
    GattCharacteristic,
    GattRefusal,
    GattService,
    LinkDown,
)
from .radio import Advertisement, Radio

SOURCE = "02:00:00:00:AD:01"
_CONNECT_TIMEOUT_S = 20.0


class BumbleBackend(BaseBleakClient):
    """What bleak asks of an operating system's Bluetooth, over an adapter of the emulated radio.

    It behaves as a local adapter does: it writes the CCCD in `start_notify` and `stop_notify`,
    forgets the services with the link, and reports every end of a link that had come about.
    """

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        adapter: Adapter,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("timeout", _CONNECT_TIMEOUT_S)
        super().__init__(address_or_ble_device, **kwargs)
        self._adapter = adapter
        self._link: CentralLink | None = None
        self._notifying: set[int] = set()

    @property
    @override
    def name(self) -> str:
        return f"{self._adapter.name} {self.address}"

    @property
    @override
    def mtu_size(self) -> int:
        return self._up().mtu

    @property
    @override
    def is_connected(self) -> bool:
        return self._link is not None

    @override
    async def connect(self, pair: bool, **kwargs: Any) -> None:
        timeout_s = float(kwargs.get("timeout") or self._timeout)
        try:
            link = await self._adapter.connect(
                self.address, timeout_s=timeout_s, lost=self._on_lost
            )
        except ConnectFailure as failure:
            raise BleakError(str(failure)) from failure
        self._link = link
        try:
            self.services = self._collection(await link.discover())
        except BaseException as error:
            # Nobody has been told of a link yet, so nobody is told of its end.
            self._link = None
            await asyncio.shield(link.close())
            if isinstance(error, LinkDown):
                raise BleakError(f"{self.name}: lost while discovering services") from error
            raise

    @override
    async def disconnect(self) -> None:
        if self._link is not None:
            await self._link.close()

    @override
    async def pair(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError

    @override
    async def unpair(self) -> None:
        if self._adapter.system.pop(self.address, None) is None:
            raise NotImplementedError
        # BlueZ forgets the whole device, and so its link.
        await self.disconnect()

    async def clear_cache(self) -> bool:
        """Forget the services of an earlier link; there are none."""
        return True

    @override
    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,
        **kwargs: Any,
    ) -> bytearray:
        return await self._read(characteristic.handle)

    @override
    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return await self._read(descriptor.handle)

    async def _read(self, handle: int) -> bytearray:
        try:
            return bytearray(await self._up().read(handle))
        except (GattRefusal, LinkDown) as error:
            self._translate(error)

    @override
    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: Any,
        response: bool,
    ) -> None:
        await self._write(characteristic.handle, bytes(data), response=response)

    @override
    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        await self._write(descriptor.handle, bytes(data), response=True)

    async def _write(self, handle: int, value: bytes, *, response: bool) -> None:
        try:
            await self._up().write(handle, value, response=response)
        except (GattRefusal, LinkDown) as error:
            self._translate(error)

    @override
    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: NotifyCallback,
        **kwargs: Any,
    ) -> None:
        link = self._up()
        descriptor = characteristic.get_descriptor(CCCD)
        if descriptor is None:
            raise BleakError(f"{characteristic.uuid} can neither notify nor indicate")
        if characteristic.handle in self._notifying:
            raise BleakError(f"{characteristic.uuid} notifies already")
        self._notifying.add(characteristic.handle)
        link.subscribe(characteristic.handle, lambda value: callback(bytearray(value)))
        bits = b"\x01\x00" if "notify" in characteristic.properties else b"\x02\x00"
        try:
            await self._write(descriptor.handle, bits, response=True)
        except BaseException:
            self._notifying.discard(characteristic.handle)
            link.unsubscribe(characteristic.handle)
            raise

    @override
    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        link = self._up()
        descriptor = characteristic.get_descriptor(CCCD)
        if descriptor is None or characteristic.handle not in self._notifying:
            return
        self._notifying.discard(characteristic.handle)
        link.unsubscribe(characteristic.handle)
        await self._write(descriptor.handle, b"\x00\x00", response=True)

    def _up(self) -> CentralLink:
        if self._link is None:
            raise BleakError("Not connected")
        return self._link

    def _translate(self, error: GattRefusal | LinkDown) -> NoReturn:
        """Raise what bleak's users expect."""
        if isinstance(error, GattRefusal):
            raise BleakGATTProtocolError(error.code) from error
        raise BleakError(f"{self.name}: {error}") from error

    def _on_lost(self, _reason: int) -> None:
        if self._link is None:
            return
        self._link = None
        self.services = None
        self._notifying.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    def _collection(self, table: tuple[GattService, ...]) -> BleakGATTServiceCollection:
        services = BleakGATTServiceCollection()
        for found in table:
            service = BleakGATTService(found, found.handle, found.uuid)
            services.add_service(service)
            for characteristic in found.characteristics:
                self._add(services, service, characteristic)
        return services

    def _add(
        self,
        services: BleakGATTServiceCollection,
        service: BleakGATTService,
        found: GattCharacteristic,
    ) -> None:
        characteristic = BleakGATTCharacteristic(
            found,
            found.handle,
            found.uuid,
            [name for bit, name in CHARACTERISTIC_PROPERTIES.items() if found.properties & bit],
            # Asked at the time of a write: the band negotiates the MTU when it likes.
            lambda: self._up().mtu - 3,
            service,
        )
        services.add_characteristic(characteristic)
        for descriptor in found.descriptors:
            services.add_descriptor(
                BleakGATTDescriptor(descriptor, descriptor.handle, descriptor.uuid, characteristic)
            )


# Without Home Assistant


def client_class(adapter: Adapter) -> type[BleakClientWithServiceCache]:
    """Return a client class for bleak_retry_connector.establish_connection.

    Args:
        adapter: Started, and to be stopped by the caller; the radio's end stops it, too.
    """

    class Backend(BumbleBackend):
        def __init__(
            self,
            address_or_ble_device: BLEDevice | str,
            **kwargs: Any,
        ) -> None:
            super().__init__(address_or_ble_device, adapter=adapter, **kwargs)

    class RadioClient(BleakClientWithServiceCache):
        def __init__(
            self,
            address_or_ble_device: BLEDevice | str,
            **kwargs: Any,
        ) -> None:
            # As Home Assistant's client does; bleak's own would pass it on.
            kwargs.pop("_is_retry_client", None)
            super().__init__(address_or_ble_device, backend=Backend, **kwargs)

    return RadioClient


def bleak_device(radio: Radio, address: str) -> BLEDevice:
    """Return the device as a scanner would report it that has heard everything."""
    heard = radio.advertisement(address)
    name = None
    if heard is not None:
        name = parse_advertisement_data_bytes(heard.advertisement + heard.scan_response)[0]
    return BLEDevice(address.upper(), name, {})


# Within Home Assistant


class RadioScanner(BaseHaRemoteScanner):
    """A scanner of Home Assistant that hears the emulated radio and connects through it.

    In active mode it hears scan responses; in auto mode, as a proxy, only during the windows that
    Home Assistant asks for.
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        source: str = SOURCE,
        mode: BluetoothScanningMode = BluetoothScanningMode.ACTIVE,
    ) -> None:
        connector = HaBluetoothConnector(
            # Home Assistant only ever calls it.
            client=partial(BumbleBackend, adapter=adapter),  # type: ignore[arg-type]
            source=source,
            can_connect=lambda: adapter.free > 0,
        )
        current = (
            BluetoothScanningMode.ACTIVE
            if mode is BluetoothScanningMode.ACTIVE
            else BluetoothScanningMode.PASSIVE
        )
        super().__init__(
            source,
            adapter.name,
            connector,
            connectable=True,
            requested_mode=mode,
            current_mode=current,
        )
        self.radio_adapter = adapter

    def hear(self, heard: Advertisement) -> None:
        """Report an advertisement to Home Assistant."""
        data = heard.advertisement
        if self.current_mode is BluetoothScanningMode.ACTIVE:
            data += heard.scan_response
        self._async_on_raw_advertisement(
            heard.address,
            self.radio_adapter.heard_at(heard),
            data,
            {"address_type": 0},
            monotonic_time_coarse(),
        )

    @property
    @override
    def discovered_devices_and_advertisement_data(
        self,
    ) -> dict[str, tuple[BLEDevice, AdvertisementData]]:
        """What was heard, each with what the operating system says of it, as bleak gives it."""
        heard = super().discovered_devices_and_advertisement_data
        return {address: self._told(*found) for address, found in heard.items()}

    @override
    def get_discovered_device_advertisement_data(
        self, address: str
    ) -> tuple[BLEDevice, AdvertisementData] | None:
        found = super().get_discovered_device_advertisement_data(address)
        return None if found is None else self._told(*found)

    def _told(
        self, device: BLEDevice, advertisement: AdvertisementData
    ) -> tuple[BLEDevice, AdvertisementData]:
        said = self.radio_adapter.system.get(device.address)
        if said is None:
            return device, advertisement
        path = f"/org/bluez/hci0/dev_{device.address.replace(':', '_')}"
        return device, advertisement._replace(platform_data=(path, dict(said)))

    @override
    def get_allocations(self) -> Allocations:
        adapter = self.radio_adapter
        return Allocations(
            adapter=self.source,
            slots=adapter.slots,
            free=adapter.free,
            allocated=list(adapter.allocated),
        )

    def tell_allocations(self) -> None:
        """Tell Home Assistant how many slots are free."""
        get_manager().async_on_allocation_changed(self.get_allocations())

    @override
    async def async_request_active_window(self, duration: float) -> bool:
        if self.current_mode is BluetoothScanningMode.ACTIVE:
            return False
        self.set_current_mode(BluetoothScanningMode.ACTIVE)
        try:
            await asyncio.sleep(duration)
        finally:
            self.set_current_mode(BluetoothScanningMode.PASSIVE)
        return True


class AttachedScanner:
    """A scanner that Home Assistant knows. Call it to take the scanner away again."""

    def __init__(self, scanner: RadioScanner, detach: list[Callable[[], None]]) -> None:
        self.scanner = scanner
        self.adapter = scanner.radio_adapter
        self._detach = detach

    def __call__(self) -> None:
        """Take the scanner away, with its links. The adapter's radio stays on the air."""
        while self._detach:
            self._detach.pop()()


async def attach_scanner(
    radio: Radio,
    *,
    source: str = SOURCE,
    connection_slots: int = 3,
    mode: BluetoothScanningMode = BluetoothScanningMode.ACTIVE,
    mtu: int | None = 247,
) -> AttachedScanner:
    """Let Home Assistant's Bluetooth, which must be set up, hear the radio and connect.

    Args:
        radio: The air.
        source: Address by which Home Assistant knows the scanner; one for each.
        connection_slots: Links at a time.
        mode: As the user may choose for a proxy.
        mtu: See `Adapter`.
    """
    adapter = Adapter(radio, name=f"adapter {source}", slots=connection_slots, mtu=mtu)
    await adapter.start()
    scanner = RadioScanner(adapter, source=source, mode=mode)
    detach = [
        get_manager().async_register_scanner(scanner),
        scanner.async_setup(),
        adapter.on_slots_changed(scanner.tell_allocations),
        radio.listen(scanner.hear),
    ]
    scanner.tell_allocations()
    return AttachedScanner(scanner, detach)
