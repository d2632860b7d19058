"""A band that the operating system had connected before Home Assistant started.

Everything between the properties of a device, as BlueZ tells them over its bus, and the pages is
the real thing: what a scanner of a local adapter begins with is what the system knows by then.
"""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from bleak_retry_connector import restore_discoveries_sync
from habluetooth.scanner_bleak import OriginalBleakScanner
from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothScanningMode, HaScanner
from homeassistant.core import HomeAssistant
import pytest

from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand

from .bands import MakeBand
from .flow import KEY, async_open, async_submit
from .house import House, entry_of
from .test_repairs import until_gone, until_raised

ADAPTER = "hci0"
ADDRESS = "F3:4E:C4:00:00:77"
TROUBLES = "custom_components.mi_band.troubles"


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for neither names nor minutes."""
    monkeypatch.setattr("custom_components.mi_band.config_flow.NAME_SCAN_SECONDS", 0.1)
    monkeypatch.setattr(f"{TROUBLES}.CHECK_INTERVAL", timedelta(milliseconds=20))
    monkeypatch.setattr(f"{TROUBLES}.LONG_HOLD", timedelta(milliseconds=150))


@pytest.fixture
def device() -> dict[str, Any]:
    """Provide what BlueZ says of the band, for it to change."""
    return {
        "Adapter": f"/org/bluez/{ADAPTER}",
        "Address": ADDRESS,
        "Alias": "Mi Smart Band 4",
        "Connected": True,
        "Name": "Mi Smart Band 4",
        "Paired": False,
    }


@pytest.fixture
async def local_scanner(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    device: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[HaScanner]:
    """Provide the scanner of a local adapter, as it is when it has just started."""
    scanner = HaScanner(BluetoothScanningMode.ACTIVE, ADAPTER, "00:00:00:00:00:98")
    end = scanner.async_setup()
    scanner.scanner = OriginalBleakScanner(bluez={"adapter": ADAPTER})
    known = {f"/org/bluez/{ADAPTER}/dev_{ADDRESS.replace(':', '_')}": {"org.bluez.Device1": device}}
    monkeypatch.setattr("bleak_retry_connector._get_properties_sync", lambda: known)
    restore_discoveries_sync(scanner.scanner, ADAPTER)
    unregister = bluetooth.async_register_scanner(hass, scanner)
    yield scanner
    unregister()
    end()


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide the band, which is silent while it is held."""
    band = await make_band(key=KEY, address=ADDRESS)
    await band.power_off()
    return band


@pytest.mark.usefixtures("local_scanner")
async def test_it_is_told_on_the_list(hass: HomeAssistant, device: dict[str, Any]) -> None:
    page = await async_open(hass)
    assert page["errors"] == {"base": "held_by_system"}
    assert page["description_placeholders"] == {"address": ADDRESS}
    device["Connected"] = False
    assert (await async_submit(hass, page))["errors"] == {"base": "band_not_found"}


@pytest.mark.usefixtures("local_scanner")
async def test_it_is_told_as_a_trouble_and_goes_with_the_link(
    hass: HomeAssistant, band: EmulatedBand, device: dict[str, Any]
) -> None:
    house = House(hass, band, entry_of(hass, band))
    await house.set_up()
    await until_raised(hass, "held_by_system")
    device["Connected"] = False
    await until_gone(hass, "held_by_system")
    await house.unload()
