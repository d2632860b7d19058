"""A Home Assistant in a process of its own that installs a firmware, and dies where it is told to.

All of it is there: its Bluetooth with a proxy that another process holds, the config entry, the
library, the update entity and the action. It kills itself with SIGKILL, as the others here do.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
import logging
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from unittest.mock import AsyncMock, patch

from aioesphomeapi.client import APIClient
from bleak_esphome import connect_scanner
from homeassistant.auth import auth_manager_from_config
from homeassistant.components.bluetooth import async_register_scanner
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band import installer, keeper
from custom_components.mi_band.band import upload
from custom_components.mi_band.band.session import BandSession
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors.auth import KEY

from .core import core
from .driver import IDENTITY, Place
from .life import PROFILE

DOMAIN: Final = "mi_band"
ON_PAGE: Final = {
    "step_goal": 8000,
    "wrist": "left",
    "language": "english",
    "time_format": "twenty_four_hours",
    "distance_unit": "metric",
}
FILE: Final = "mi_band/firmware"
PATIENCE_S: Final = 300.0
_CONTROL, _DATA = Characteristic.FIRMWARE, Characteristic.FIRMWARE_DATA


def _command(opcode: int, *, after: bool = False, time: int = 1) -> Place:
    def such(_: BandSession, characteristic: Characteristic, *packets: bytes) -> bool:
        return characteristic is _CONTROL and packets[0][0] == opcode

    return Place(owner=BandSession, name="write", after=after, time=time, such=such)


def _data(time: int, *, after: bool = False) -> Place:
    def such(_: BandSession, characteristic: Characteristic, *_packets: bytes) -> bool:
        return characteristic is _DATA

    return Place(owner=BandSession, name="write", after=after, time=time, such=such)


PLACES: Final = {
    "before it begins": _command(0x01),
    "when it is announced": _command(0x01, after=True),
    "before the first packet": _data(1),
    "in the data": _data(2, after=True),
    "after the last packet": _data(3, after=True),
    "before the checksum": _command(0x04),
    "when the checksum is asked for": _command(0x04, after=True),
    "before the restart": _command(0x05),
    "when the restart is asked for": _command(0x05, after=True),
    "when the services are forgotten": Place(owner=BandSession, name="forget_services", after=True),
    "while the band restarts": Place(owner=installer, name="_async_version", after=True, time=3),
    "when the band is back": Place(owner=installer, name="_async_until_back", after=True),
}
"""Where to die while a firmware of three times 100 packets is installed."""
NEW_AFTERWARDS: Final = tuple(PLACES)[8:]
"""The places at which the band has been told to restart: it has all of the new firmware then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a Home Assistant has found and done."""

    version: str
    """That the entity showed, before anything was done."""
    in_progress: bool
    answer: dict[str, Any]
    """Of the action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where such a Home Assistant lives."""

    folder: Path
    port: int
    """Of the proxy."""
    address: str
    """Of the band."""


def install(where: Surroundings, place: str | None, told: Connection) -> None:
    """Install the firmware in the folder; die at a place, or tell what came of it."""
    logging.disable(logging.WARNING)
    if place is not None:
        PLACES[place].mine()
    told.send(asyncio.run(_install(where)))


async def _install(where: Surroundings) -> Seen:
    async with _house(where) as (hass, entry):
        async with asyncio.timeout(PATIENCE_S):
            await _until_connected(hass)
            state = hass.states.get(_entity_id(hass, "update", "firmware"))
            assert state is not None
            (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
            answer = await hass.services.async_call(
                DOMAIN,
                "update_firmware",
                {"device_id": device.id, "file": FILE, "force": True},
                blocking=True,
                return_response=True,
            )
        return Seen(
            version=state.attributes["installed_version"],
            in_progress=bool(state.attributes["in_progress"]),
            answer=dict(answer or {}),
        )


def _entity_id(hass: HomeAssistant, platform: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{IDENTITY}_{key}")
    assert found is not None
    return found


async def _until_connected(hass: HomeAssistant) -> None:
    entity_id = _entity_id(hass, "binary_sensor", "connected")
    changed = asyncio.Event()
    stop = async_track_state_change_event(hass, entity_id, callback(lambda _: changed.set()))
    while (state := hass.states.get(entity_id)) is None or state.state != "on":
        await changed.wait()
        changed.clear()
    stop()


@asynccontextmanager
async def _house(where: Surroundings) -> AsyncGenerator[tuple[HomeAssistant, MockConfigEntry]]:
    """Run a Home Assistant with a proxy and a band."""
    with _quick(), _no_adapters():
        async with core(where.folder) as hass:
            hass.auth = await auth_manager_from_config(hass, [], [])
            assert await async_setup_component(hass, "bluetooth", {})
            client = APIClient("127.0.0.1", where.port, None)
            await client.connect(login=True)
            heard = connect_scanner(client, await client.device_info(), available=True)
            assert heard.scanner is not None
            async_register_scanner(hass, heard.scanner)
            heard.scanner.async_setup()
            entry = MockConfigEntry(
                domain=DOMAIN,
                entry_id="band",
                title="Ada",
                unique_id=where.address,
                data={
                    "address": where.address,
                    "key": KEY.hex(),
                    "identity": IDENTITY,
                    "profile": PROFILE | ON_PAGE,
                },
            )
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            yield hass, entry
            await hass.config_entries.async_unload(entry.entry_id)
            await client.disconnect()


@contextmanager
def _quick() -> Generator[None]:
    """Do not wait for what spares a real band."""
    with ExitStack() as patched:
        for owner, name, value in (
            (keeper, "FIRST_PAUSE", timedelta(milliseconds=20)),
            (installer, "_RETURN_LOOK", timedelta(milliseconds=20)),
            (upload, "RESTART_TIMEOUT", timedelta(seconds=10)),
        ):
            patched.enter_context(patch.object(owner, name, value))
        yield


@contextmanager
def _no_adapters() -> Generator[None]:
    """Have no Bluetooth of the machine's own, whatever it has."""
    with (
        patch("habluetooth.channels.bluez.MGMTBluetoothCtl.setup", AsyncMock(side_effect=OSError)),
        patch("bluetooth_adapters.systems.linux.LinuxAdapters.refresh", AsyncMock()),
        patch("bluetooth_adapters.systems.linux.LinuxAdapters.adapters", {}),
    ):
        yield
