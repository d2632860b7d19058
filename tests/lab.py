"""Fixtures for tests against the emulated radio: without Home Assistant, within it, whole chain.

A folder's conftest takes what it needs by importing it:

    from tests.lab import add_scanner, bluetooth_scanner, hass_config_dir, radio

The radio outlives Home Assistant: `hass_config_dir` asks for it, and `hass` for that.
"""

from collections.abc import AsyncGenerator
from typing import Protocol

from bleak_retry_connector import BleakClientWithServiceCache
from habluetooth import BluetoothScanningMode
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from tests.emulator.backend import SOURCE, AttachedScanner, attach_scanner, client_class
from tests.emulator.central import Adapter
from tests.emulator.radio import Radio

__all__ = [
    "adapter",
    "add_scanner",
    "bluetooth_scanner",
    "hass_config_dir",
    "radio",
    "radio_client",
]


@pytest.fixture
async def radio() -> AsyncGenerator[Radio]:
    """Provide the air."""
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
