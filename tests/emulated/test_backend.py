"""bleak and Home Assistant's Bluetooth reach the emulated radio directly."""

import asyncio
from unittest.mock import patch

from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError
import bleak_retry_connector
from bleak_retry_connector import (
    BleakClientWithServiceCache,
    BleakNotFoundError,
    BleakOutOfConnectionSlotsError,
    establish_connection,
)
from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
import pytest

from tests.emulator.backend import AttachedScanner, bleak_device
from tests.emulator.central import Adapter
from tests.emulator.radio import Radio
from tests.lab import AddScanner

from .gadget import DEVICE_NAME, ECHO, NAME, READABLE, SERVICE, WRITE_ONLY, Gadget, until


class Peer:
    """A client of bleak and what it was told."""

    def __init__(self) -> None:
        self.client: BleakClient = None  # type: ignore[assignment]
        self.ended = 0
        self.notifications: list[bytes] = []

    def on_end(self, _client: BleakClient) -> None:
        self.ended += 1

    async def listen(self) -> None:
        await self.client.start_notify(
            ECHO, lambda _characteristic, value: self.notifications.append(bytes(value))
        )


async def _connect(
    radio: Radio, gadget: Gadget, client: type[BleakClientWithServiceCache], attempts: int = 1
) -> Peer:
    peer = Peer()
    peer.client = await establish_connection(
        client,
        bleak_device(radio, gadget.address),
        NAME,
        disconnected_callback=peer.on_end,
        max_attempts=attempts,
    )
    return peer


@pytest.fixture
async def peer(
    radio: Radio, gadget: Gadget, radio_client: type[BleakClientWithServiceCache]
) -> Peer:
    return await _connect(radio, gadget, radio_client)


async def test_bleak_reads_writes_and_hears_without_home_assistant(
    peer: Peer, gadget: Gadget
) -> None:
    client = peer.client
    assert client.mtu_size == 247
    echo = client.services.get_characteristic(ECHO)
    assert echo is not None
    assert echo.service_uuid == SERVICE
    assert set(echo.properties) == {"write", "write-without-response", "notify"}
    assert echo.max_write_without_response_size == 244
    assert await client.read_gatt_char(READABLE) == b"hello"
    await peer.listen()
    await client.write_gatt_char(ECHO, b"one", response=True)
    await client.write_gatt_char(ECHO, b"two", response=False)
    await until(lambda: len(peer.notifications) == 2)
    assert peer.notifications == [b"echo one", b"echo two"]
    await client.stop_notify(ECHO)
    await client.write_gatt_char(ECHO, b"three", response=True)
    await client.disconnect()
    assert peer.notifications == [b"echo one", b"echo two"]
    assert gadget.written == [b"one", b"two", b"three"]
    assert (client.is_connected, peer.ended) == (False, 1)


async def test_an_adapter_that_does_not_ask_stays_at_an_mtu_of_23_until_the_gadget_asks(
    radio: Radio, gadget: Gadget, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> None:
    adapter.mtu = None
    peer = await _connect(radio, gadget, radio_client)
    echo = peer.client.services.get_characteristic(ECHO)
    assert echo is not None
    assert (peer.client.mtu_size, echo.max_write_without_response_size) == (23, 20)
    assert gadget.connection is not None
    await gadget.connection.gatt_client.request_mtu(100)
    assert (peer.client.mtu_size, echo.max_write_without_response_size) == (100, 97)


async def test_long_values_are_read_and_written_in_pieces(
    radio: Radio, gadget: Gadget, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> None:
    adapter.mtu = None
    gadget.value = bytes(range(100))
    peer = await _connect(radio, gadget, radio_client)
    assert await peer.client.read_gatt_char(READABLE) == gadget.value
    await peer.client.write_gatt_char(WRITE_ONLY, bytes(range(50)), response=True)
    assert gadget.written == [bytes(range(50))]
    assert {operation.opcode for operation in gadget.faults.att_log} == {
        "READ_REQUEST",
        "READ_BLOB_REQUEST",
        "PREPARE_WRITE_REQUEST",
        "EXECUTE_WRITE_REQUEST",
    }


async def test_what_the_gadget_refuses_is_a_protocol_error(peer: Peer) -> None:
    with pytest.raises(BleakGATTProtocolError) as refusal:
        await peer.client.read_gatt_char(WRITE_ONLY)
    assert refusal.value.code == 2
    assert peer.client.is_connected


async def test_a_lost_link_ends_requests_and_is_reported_once(peer: Peer, gadget: Gadget) -> None:
    gadget.faults.cut_after = 1
    reads = [asyncio.create_task(peer.client.read_gatt_char(READABLE)) for _ in range(3)]
    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [BleakError] * 3
    assert gadget.faults.att_operations == 1
    assert (peer.client.is_connected, peer.ended) == (False, 1)
    with pytest.raises(BleakError):
        await peer.client.read_gatt_char(READABLE)


async def test_an_answer_that_nobody_waits_for_is_not_taken_for_the_next(
    peer: Peer, gadget: Gadget
) -> None:
    gadget.faults.latency_s = 0.02
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await peer.client.read_gatt_char(DEVICE_NAME)
    assert await peer.client.read_gatt_char(READABLE) == b"hello"


async def test_a_second_attempt_succeeds_where_the_first_one_failed(
    radio: Radio, gadget: Gadget, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> None:
    adapter.fail_next_connects = 1
    peer = await _connect(radio, gadget, radio_client, attempts=2)
    assert await peer.client.read_gatt_char(READABLE) == b"hello"


async def test_a_gadget_that_is_not_heard_is_not_found(
    radio: Radio, gadget: Gadget, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> None:
    gadget.faults.out_of_range = True
    with (
        patch.object(bleak_retry_connector, "BLEAK_TIMEOUT", 0.05),
        pytest.raises(BleakNotFoundError),
    ):
        await _connect(radio, gadget, radio_client)
    assert adapter.free == 3


async def test_without_a_slot_there_is_no_link(
    radio: Radio, gadget: Gadget, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> None:
    adapter.slots = 0
    # Nine times four seconds otherwise.
    no_patience = patch.object(bleak_retry_connector, "BLEAK_OUT_OF_SLOTS_BACKOFF_TIME", 0.01)
    with no_patience, pytest.raises(BleakOutOfConnectionSlotsError):
        await _connect(radio, gadget, radio_client)
    adapter.slots = 1
    peer = await _connect(radio, gadget, radio_client)
    assert (adapter.free, adapter.allocated) == (0, (gadget.address,))
    await peer.client.disconnect()
    assert (adapter.free, adapter.allocated) == (1, ())


async def test_giving_up_a_connection_at_any_moment_frees_its_slot(
    radio: Radio, gadget: Gadget, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> None:
    for turns in range(0, 200, 3):
        attempt = asyncio.create_task(_connect(radio, gadget, radio_client))
        for _ in range(turns):
            await asyncio.sleep(0)
        attempt.cancel()
        (outcome,) = await asyncio.gather(attempt, return_exceptions=True)
        if isinstance(outcome, Peer):
            await outcome.client.disconnect()
        await until(lambda: adapter.free == 3 and not gadget.device.connections)


# Within Home Assistant


def _found(hass: HomeAssistant, gadget: Gadget) -> bluetooth.BluetoothServiceInfoBleak | None:
    return bluetooth.async_last_service_info(hass, gadget.address, connectable=True)


async def _connect_in(hass: HomeAssistant, gadget: Gadget, attempts: int = 1) -> Peer:
    device = bluetooth.async_ble_device_from_address(hass, gadget.address)
    assert device is not None
    peer = Peer()
    peer.client = await establish_connection(
        # Replaced when Bluetooth is set up: to be looked up late.
        bleak_retry_connector.BleakClientWithServiceCache,
        device,
        NAME,
        disconnected_callback=peer.on_end,
        max_attempts=attempts,
    )
    return peer


async def test_home_assistant_hears_connects_loses_and_finds_the_gadget_again(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, gadget: Gadget
) -> None:
    await until(lambda: _found(hass, gadget))
    found = _found(hass, gadget)
    assert found is not None
    assert (found.name, found.service_uuids) == (NAME, [SERVICE])
    peer = await _connect_in(hass, gadget)
    assert bluetooth_scanner.adapter.allocated == (gadget.address,)
    assert await peer.client.read_gatt_char(READABLE) == b"hello"
    await peer.listen()
    await peer.client.write_gatt_char(ECHO, b"one", response=True)
    await until(lambda: peer.notifications == [b"echo one"])
    gadget.faults.out_of_range = True
    await until(lambda: peer.ended)
    gadget.faults.out_of_range = False
    peer = await _connect_in(hass, gadget)
    assert await peer.client.read_gatt_char(READABLE) == b"hello"
    await peer.client.disconnect()


async def test_home_assistant_finds_no_slot_where_there_is_none(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, gadget: Gadget
) -> None:
    await until(lambda: _found(hass, gadget))
    bluetooth_scanner.adapter.slots = 0
    no_patience = patch.object(bleak_retry_connector, "BLEAK_OUT_OF_SLOTS_BACKOFF_TIME", 0.01)
    with no_patience, pytest.raises(BleakOutOfConnectionSlotsError):
        await _connect_in(hass, gadget)


async def test_home_assistant_goes_through_the_nearer_scanner_and_then_through_the_other(
    hass: HomeAssistant, bluetooth_scanner: AttachedScanner, add_scanner: AddScanner, gadget: Gadget
) -> None:
    far = bluetooth_scanner
    far.adapter.rssi_offset = -30
    near = await add_scanner(source="02:00:00:00:AD:02", connection_slots=1)
    await until(
        lambda: (
            len(bluetooth.async_scanner_devices_by_address(hass, gadget.address, connectable=True))
            == 2
        )
    )
    peer = await _connect_in(hass, gadget)
    assert near.adapter.allocated == (gadget.address,)
    await peer.client.disconnect()
    near.adapter.slots = 0
    peer = await _connect_in(hass, gadget)
    assert far.adapter.allocated == (gadget.address,)
    await peer.client.disconnect()


async def test_a_scanner_in_auto_mode_learns_the_name_in_an_active_window_only(
    hass: HomeAssistant, add_scanner: AddScanner, gadget: Gadget
) -> None:
    attached = await add_scanner(mode=bluetooth.BluetoothScanningMode.AUTO)
    await until(lambda: _found(hass, gadget))
    found = _found(hass, gadget)
    assert found is not None
    assert found.name == gadget.address
    await attached.scanner.async_request_active_window(0.1)
    found = _found(hass, gadget)
    assert found is not None
    assert found.name == NAME
