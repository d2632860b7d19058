"""Fixtures for tests against the emulated radio: without Home Assistant, within it, whole chain.

A folder's conftest takes what it needs by importing it:

    from tests.lab import add_scanner, bluetooth_scanner, hass_config_dir, radio

The radio outlives Home Assistant: `hass_config_dir` asks for it, and `hass` for that.
"""

import asyncio
from collections.abc import AsyncGenerator
import logging
from typing import Protocol
from unittest.mock import MagicMock

from bleak_retry_connector import BleakClientWithServiceCache
from habluetooth import BluetoothScanningMode
from homeassistant.components.bluetooth import async_scanner_by_source
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
import pytest_socket

from tests.emulator.backend import SOURCE, AttachedScanner, attach_scanner, client_class
from tests.emulator.central import Adapter
from tests.emulator.proxy import EmulatedProxy
from tests.emulator.radio import Radio

__all__ = [
    "adapter",
    "add_proxy",
    "add_scanner",
    "bluetooth_scanner",
    "esphome_hass",
    "hass_config_dir",
    "loopback",
    "radio",
    "radio_client",
]


@pytest.fixture
async def radio() -> AsyncGenerator[Radio]:
    """Provide the air."""
    # Bumble has a line for every packet at every layer; a failing test's report drowns in them.
    logging.getLogger("bumble").setLevel(logging.INFO)
    async with Radio(advertising_interval_s=0.02) as radio:
        yield radio


@pytest.fixture
async def adapter(radio: Radio) -> AsyncGenerator[Adapter]:
    """Provide a local adapter for use without Home Assistant."""
    adapter = Adapter(radio)
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest.fixture
def radio_client(adapter: Adapter) -> type[BleakClientWithServiceCache]:
    """Provide the client class for establish_connection, over the local adapter."""
    return client_class(adapter)


@pytest.fixture
def hass_config_dir(radio: Radio, hass_tmp_config_dir: str) -> str:
    """Keep Home Assistant's files out of the environment, and the radio alive until it ends."""
    return hass_tmp_config_dir


class AddScanner(Protocol):
    """Adds a scanner, which is taken away again after the test. See `attach_scanner`."""

    async def __call__(
        self,
        *,
        source: str = SOURCE,
        connection_slots: int = 3,
        mode: BluetoothScanningMode = BluetoothScanningMode.ACTIVE,
    ) -> AttachedScanner: ...


@pytest.fixture
async def add_scanner(
    radio: Radio, mock_bluetooth: None, hass: HomeAssistant
) -> AsyncGenerator[AddScanner]:
    """Set Home Assistant's Bluetooth up, and provide what adds scanners that hear the radio."""
    assert await async_setup_component(hass, "bluetooth", {})
    await hass.async_block_till_done()
    attached: list[AttachedScanner] = []

    async def add(
        *,
        source: str = SOURCE,
        connection_slots: int = 3,
        mode: BluetoothScanningMode = BluetoothScanningMode.ACTIVE,
    ) -> AttachedScanner:
        attached.append(
            await attach_scanner(radio, source=source, connection_slots=connection_slots, mode=mode)
        )
        return attached[-1]

    yield add
    for scanner in attached:
        scanner()


@pytest.fixture
async def bluetooth_scanner(add_scanner: AddScanner) -> AttachedScanner:
    """Provide Home Assistant's Bluetooth with one scanner in active mode, with three slots."""
    return await add_scanner()


@pytest.fixture
def loopback() -> None:
    """Allow this test sockets, within the machine."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


class AddProxy(Protocol):
    """Starts a proxy and adds it to Home Assistant as a user would."""

    async def __call__(self, *, name: str = "proxy-1", slots: int = 3) -> EmulatedProxy: ...


@pytest.fixture
async def esphome_hass(
    loopback: None, mock_bluetooth: None, mock_async_zeroconf: MagicMock, hass: HomeAssistant
) -> HomeAssistant:
    """Provide a Home Assistant that can take proxies."""
    # Without the first, conversation fails, and esphome with it.
    for domain in ("homeassistant", "bluetooth"):
        assert await async_setup_component(hass, domain, {})
    await hass.async_block_till_done()
    return hass


@pytest.fixture
async def add_proxy(radio: Radio, esphome_hass: HomeAssistant) -> AsyncGenerator[AddProxy]:
    """Provide what adds proxies to Home Assistant."""
    hass = esphome_hass
    proxies: list[EmulatedProxy] = []

    async def add(*, name: str = "proxy-1", slots: int = 3) -> EmulatedProxy:
        proxy = EmulatedProxy(radio, name=name, slots=slots)
        proxy.report_interval_s = 0.02
        proxies.append(proxy)
        await proxy.start()
        flows = hass.config_entries.flow
        flow = await flows.async_init("esphome", context={"source": SOURCE_USER})
        result = await flows.async_configure(
            flow["flow_id"], {CONF_HOST: "127.0.0.1", CONF_PORT: proxy.port}
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        async with asyncio.timeout(60):
            while async_scanner_by_source(hass, proxy.bluetooth_mac) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return proxy

    yield add
    for entry in hass.config_entries.async_loaded_entries("esphome"):
        await hass.config_entries.async_unload(entry.entry_id)
    for proxy in proxies:
        await proxy.stop()
