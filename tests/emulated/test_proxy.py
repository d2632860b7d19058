"""The proxy speaks the native API, to its own client library and to Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from typing import Protocol
from unittest.mock import patch

from aioesphomeapi.client import APIClient
from aioesphomeapi.core import APIConnectionError, BluetoothGATTAPIError
from aioesphomeapi.model import (
    BluetoothProxyFeature,
    BluetoothScannerMode,
    BluetoothScannerStateResponse,
)
from bleak import BleakClient
from bleak.exc import BleakError
import bleak_retry_connector
from bleak_retry_connector import BleakOutOfConnectionSlotsError, establish_connection
from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
import pytest

from tests.emulator.proxy import EmulatedProxy
from tests.emulator.radio import Radio
from tests.lab import AddProxy

from .gadget import ADDRESS, ECHO, NAME, READABLE, SERVICE, WRITE_ONLY, Gadget, until

NUMBER = int(ADDRESS.replace(":", ""), 16)


@pytest.fixture
async def proxy(radio: Radio, loopback: None) -> AsyncGenerator[EmulatedProxy]:
    proxy = EmulatedProxy(radio, mac="02:E5:32:00:00:01")
    proxy.report_interval_s = 0.02
    await proxy.start()
    yield proxy
    await proxy.stop()


class ReportedOne(Protocol):
    """An advertisement of a device as the proxy reports it."""

    data: bytes


class Reported(Protocol):
    """The advertisements of one report."""

    advertisements: list[ReportedOne]


class Board:
    """A client of the native API and what it was told."""

    def __init__(self, proxy: EmulatedProxy) -> None:
        self.api = APIClient("127.0.0.1", proxy.port, None)
        self.slots: list[tuple[int, int, list[int]]] = []
        self.states: list[BluetoothScannerStateResponse] = []
        self.heard: list[bytes] = []
        self.links: list[tuple[bool, int, int]] = []
        self.notifications: list[bytes] = []
        self.stopped: list[bool] = []

    async def start(self) -> None:
        async def on_stop(expected: bool) -> None:  # noqa: FBT001  the library's signature
            self.stopped.append(expected)

        await self.api.connect(on_stop=on_stop, login=True)
        self.api.subscribe_bluetooth_connections_free(
            lambda free, limit, allocated: self.slots.append((free, limit, allocated))
        )
        self.api.subscribe_bluetooth_scanner_state(self.states.append)
        self.api.subscribe_bluetooth_le_raw_advertisements(self._on_heard)

    def _on_heard(self, heard: Reported) -> None:
        self.heard.extend(bytes(each.data) for each in heard.advertisements)

    async def connect(self, *, cached: bool = False, timeout_s: float = 5.0) -> dict[str, int]:
        """Connect; return the handles by UUID."""
        await self.api.bluetooth_device_connect(
            NUMBER,
            lambda connected, mtu, error: self.links.append((connected, mtu, error)),
            timeout=timeout_s,
            feature_flags=BluetoothProxyFeature.REMOTE_CACHING,
            has_cache=cached,
            address_type=0,
        )
        services = await self.api.bluetooth_gatt_get_services(NUMBER)
        handles = {service.uuid: service.handle for service in services.services}
        for service in services.services:
            handles |= {found.uuid: found.handle for found in service.characteristics}
        return handles

    async def listen(self, handles: dict[str, int]) -> None:
        await self.api.bluetooth_gatt_start_notify(
            NUMBER, handles[ECHO], lambda _handle, value: self.notifications.append(bytes(value))
        )
        # The descriptor behind the only characteristic of this gadget that has one.
        await self.api.bluetooth_gatt_write_descriptor(NUMBER, handles[ECHO] + 1, b"\x01\x00")


@pytest.fixture
async def board(proxy: EmulatedProxy) -> AsyncGenerator[Board]:
    board = Board(proxy)
    await board.start()
    yield board
    await board.api.disconnect(force=True)


async def test_a_board_says_who_it_is(proxy: EmulatedProxy, board: Board) -> None:
    info = await board.api.device_info()
    assert (info.name, info.mac_address) == (proxy.name, "02:E5:32:00:00:01")
    assert info.bluetooth_mac_address == proxy.bluetooth_mac == "02:E5:32:00:00:03"
    capabilities = (await board.api.device_capabilities()).bluetooth_proxy
    assert capabilities.mac_address == proxy.bluetooth_mac
    assert info.bluetooth_proxy_feature_flags == capabilities.feature_flags == 127
    assert not info.uses_password
    entities, services = await board.api.list_entities_services()
    assert (entities, services) == ([], [])
    await until(lambda: board.slots)
    assert board.slots == [(3, 3, [])]


async def test_names_are_heard_in_active_mode_only(board: Board, gadget: Gadget) -> None:
    await until(lambda: board.heard)
    assert NAME.encode() not in b"".join(board.heard)
    board.api.bluetooth_scanner_set_mode(BluetoothScannerMode.ACTIVE)
    await until(lambda: any(NAME.encode() in heard for heard in board.heard))
    assert [state.mode for state in board.states] == [
        BluetoothScannerMode.PASSIVE,
        BluetoothScannerMode.ACTIVE,
    ]


async def test_a_client_reads_writes_and_is_notified_over_the_air(
    board: Board, gadget: Gadget
) -> None:
    handles = await board.connect()
    assert board.links == [(True, 247, 0)]
    assert handles[SERVICE] < handles[READABLE] < handles[ECHO]
    assert await board.api.bluetooth_gatt_read(NUMBER, handles[READABLE]) == b"hello"
    await board.listen(handles)
    await board.api.bluetooth_gatt_write(NUMBER, handles[ECHO], b"one", response=True)
    await board.api.bluetooth_gatt_write(NUMBER, handles[ECHO], b"two", response=False)
    await until(lambda: len(board.notifications) == 2)
    assert board.notifications == [b"echo one", b"echo two"]
    with pytest.raises(BluetoothGATTAPIError) as refusal:
        await board.api.bluetooth_gatt_read(NUMBER, handles[WRITE_ONLY])
    assert refusal.value.error.error == 2
    await board.api.bluetooth_device_disconnect(NUMBER)
    assert board.links[-1] == (False, 0, 0x16)
    assert board.slots == [(3, 3, []), (2, 3, [NUMBER]), (3, 3, [])]


async def test_writes_without_response_stay_in_their_place(board: Board, gadget: Gadget) -> None:
    handles = await board.connect(cached=True)
    writes = [
        asyncio.create_task(
            board.api.bluetooth_gatt_write(
                NUMBER, handles[ECHO], bytes([number]), response=number % 3 == 0
            )
        )
        for number in range(100)
    ]
    await asyncio.gather(*writes)
    await until(lambda: len(gadget.written) == 100)
    assert gadget.written == [bytes([number]) for number in range(100)]


async def test_the_mtu_stays_at_23_where_the_proxy_does_not_ask(
    proxy: EmulatedProxy, board: Board, gadget: Gadget
) -> None:
    proxy.adapter.mtu = None
    await board.connect()
    assert board.links == [(True, 23, 0)]


async def test_a_lost_link_is_reported_with_its_reason(board: Board, gadget: Gadget) -> None:
    handles = await board.connect()
    gadget.faults.cut_after = 1
    with pytest.raises(APIConnectionError):
        await board.api.bluetooth_gatt_read(NUMBER, handles[READABLE])
    await until(lambda: len(board.links) == 2)
    assert board.links[-1] == (False, 0, 8)
    with pytest.raises(BluetoothGATTAPIError) as refusal:
        await board.api.bluetooth_gatt_read(NUMBER, handles[READABLE])
    assert refusal.value.error.error == -1
    assert await board.connect(cached=True) == handles


async def test_an_attempt_that_the_client_gives_up_frees_its_slot(
    proxy: EmulatedProxy, board: Board, gadget: Gadget
) -> None:
    gadget.faults.out_of_range = True
    with pytest.raises(APIConnectionError):
        await board.connect(timeout_s=0.05)
    assert proxy.adapter.free == 3
    gadget.faults.out_of_range = False
    await board.connect()


async def test_a_failed_attempt_is_reported_with_its_reason(
    proxy: EmulatedProxy, board: Board, gadget: Gadget
) -> None:
    proxy.adapter.fail_next_connects = 1
    attempt = asyncio.create_task(board.connect(timeout_s=0.2))
    await until(lambda: board.links)
    with pytest.raises(APIConnectionError):
        await attempt
    assert board.links[0] == (False, 0, 0x3E)
    await board.connect()
    assert board.links[-1] == (True, 247, 0)


async def test_a_slow_board_takes_its_time_for_every_operation(
    proxy: EmulatedProxy, board: Board, gadget: Gadget
) -> None:
    handles = await board.connect()
    proxy.adapter.delay_s = 0.05
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await board.api.bluetooth_gatt_read(NUMBER, handles[READABLE])
    assert loop.time() - begin >= 0.05


async def test_the_end_of_an_api_connection_ends_its_links(
    proxy: EmulatedProxy, board: Board, gadget: Gadget
) -> None:
    await board.connect()
    await until(lambda: gadget.connection)
    await board.api.disconnect(force=True)
    await until(lambda: not gadget.connection and proxy.adapter.free == 3)
    another = Board(proxy)
    await another.start()
    await another.connect()
    await until(lambda: another.heard or another.states)
    await another.api.disconnect()


async def test_a_reboot_ends_everything_and_keeps_the_port(
    proxy: EmulatedProxy, board: Board, gadget: Gadget
) -> None:
    port = proxy.port
    await board.connect()
    await proxy.reboot()
    await until(lambda: board.stopped)
    assert (proxy.port, board.stopped) == (port, [False])
    assert not gadget.radio.is_connected(ADDRESS)
    again = Board(proxy)
    await again.start()
    await again.connect()
    await again.api.disconnect()


async def test_who_wants_encryption_is_turned_away(proxy: EmulatedProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"\x01\x00\x00")
    assert await reader.read() == b""
    writer.close()


# Within Home Assistant


class Peer:
    """A client of bleak and what it was told."""

    def __init__(self, client: BleakClient) -> None:
        self.client = client
        self.notifications: list[bytes] = []

    async def listen(self) -> None:
        await self.client.start_notify(
            ECHO, lambda _characteristic, value: self.notifications.append(bytes(value))
        )


async def _connect(hass: HomeAssistant, ended: list[BleakClient]) -> Peer:
    device = bluetooth.async_ble_device_from_address(hass, ADDRESS)
    assert device is not None
    return Peer(
        await establish_connection(
            # Replaced when Bluetooth is set up: to be looked up late.
            bleak_retry_connector.BleakClientWithServiceCache,
            device,
            NAME,
            disconnected_callback=ended.append,
            max_attempts=2,
        )
    )


def _no_patience() -> AbstractContextManager[object]:
    """Shorten the four seconds between attempts without a slot, of which there are up to nine."""
    return patch.object(bleak_retry_connector, "BLEAK_OUT_OF_SLOTS_BACKOFF_TIME", 0.01)


def _heard_by(hass: HomeAssistant) -> int:
    return len(bluetooth.async_scanner_devices_by_address(hass, ADDRESS, connectable=True))


async def test_home_assistant_hears_uses_loses_and_finds_the_gadget_through_a_proxy(
    hass: HomeAssistant, add_proxy: AddProxy, gadget: Gadget
) -> None:
    await add_proxy()
    await until(lambda: _heard_by(hass))
    ended: list[BleakClient] = []
    peer = await _connect(hass, ended)
    assert peer.client.mtu_size == 247
    assert await peer.client.read_gatt_char(READABLE) == b"hello"
    await peer.listen()
    await peer.client.write_gatt_char(ECHO, b"one", response=True)
    await peer.client.write_gatt_char(ECHO, b"two", response=False)
    await until(lambda: peer.notifications == [b"echo one", b"echo two"])
    gadget.faults.cut_after = 1
    with pytest.raises(BleakError):
        await peer.client.read_gatt_char(READABLE)
    await until(lambda: ended)
    peer = await _connect(hass, ended)
    assert await peer.client.read_gatt_char(READABLE) == b"hello"
    await peer.client.disconnect()


async def test_home_assistant_learns_the_name_in_an_active_scan(
    hass: HomeAssistant, add_proxy: AddProxy, gadget: Gadget
) -> None:
    await add_proxy()
    await until(lambda: _heard_by(hass))
    found = bluetooth.async_last_service_info(hass, ADDRESS)
    assert found is not None
    assert found.name == ADDRESS
    scan = asyncio.create_task(bluetooth.async_request_active_scan(hass))

    def name() -> str:
        found = bluetooth.async_last_service_info(hass, ADDRESS)
        return "" if found is None else found.name

    await until(lambda: name() == NAME)
    scan.cancel()
    await asyncio.wait({scan})


async def test_home_assistant_goes_through_the_other_proxy_when_the_nearer_one_is_full_or_gone(
    hass: HomeAssistant, add_proxy: AddProxy, gadget: Gadget
) -> None:
    near = await add_proxy(slots=1)
    far = await add_proxy(name="proxy-2", slots=1)
    far.adapter.rssi_offset = -30
    await until(lambda: _heard_by(hass) == 2)
    ended: list[BleakClient] = []
    peer = await _connect(hass, ended)
    assert near.adapter.allocated == (ADDRESS,)
    await peer.client.disconnect()
    near.adapter.slots = 0
    peer = await _connect(hass, ended)
    assert far.adapter.allocated == (ADDRESS,)
    near.adapter.slots = 1
    await far.stop()
    await until(lambda: len(ended) == 2)
    await until(lambda: _heard_by(hass) == 1)
    peer = await _connect(hass, ended)
    assert near.adapter.allocated == (ADDRESS,)
    await peer.client.disconnect()


async def test_home_assistant_finds_no_slot_where_there_is_none(
    hass: HomeAssistant, add_proxy: AddProxy, gadget: Gadget
) -> None:
    await add_proxy(slots=0)
    await until(lambda: _heard_by(hass))
    with _no_patience(), pytest.raises(BleakOutOfConnectionSlotsError):
        await _connect(hass, [])


async def test_home_assistant_returns_to_a_proxy_after_its_reboot(
    hass: HomeAssistant, add_proxy: AddProxy, gadget: Gadget
) -> None:
    proxy = await add_proxy()
    await until(lambda: _heard_by(hass))
    ended: list[BleakClient] = []
    await _connect(hass, ended)
    await proxy.reboot()
    await until(lambda: ended)
    await until(lambda: bluetooth.async_scanner_by_source(hass, proxy.bluetooth_mac), 10)
    await until(lambda: _heard_by(hass))
    with _no_patience():
        peer = await _connect(hass, ended)
    assert await peer.client.read_gatt_char(READABLE) == b"hello"
    await peer.client.disconnect()
