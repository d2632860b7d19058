"""A house with one band in it, as its inhabitants see it: states, actions, events."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.emulator.band import EmulatedBand

from .flow import DOMAIN, KEY, PROFILE

IDENTITY = "0123456789abcdef0123456789abcdef"


async def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: It did not become so.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def entry_of(
    hass: HomeAssistant,
    band: EmulatedBand,
    *,
    wearer: str = "Ada",
    key: bytes = KEY,
    identity: str = IDENTITY,
    options: dict[str, Any] | None = None,
) -> MockConfigEntry:
    """Return the config entry of a band, as the flow makes it, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=f"Mi Smart Band 4 {wearer}",
        unique_id=band.address,
        data={
            CONF_ADDRESS: band.address,
            "key": key.hex(),
            "identity": identity,
            "profile": PROFILE | {"name": wearer},
        },
        options=options or {},
    )
    entry.add_to_hass(hass)
    return entry


class House:
    """A Home Assistant in which a band is set up."""

    def __init__(self, hass: HomeAssistant, band: EmulatedBand, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.band = band
        self.entry = entry

    async def set_up(self) -> None:
        """Set the band up, as Home Assistant does at its start."""
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def choose(self, **options: object) -> None:
        """Choose options of the band, and wait until Home Assistant has it again."""
        chosen = {**self.entry.options, **options}
        self.hass.config_entries.async_update_entry(self.entry, options=chosen)
        assert await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.until_connected()

    async def unload(self) -> None:
        """Unload the band, unless the test did."""
        if self.entry.state is ConfigEntryState.LOADED:
            assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()

    async def until_synced(self) -> None:
        """Wait until everything that the band has recorded or holds was asked for once."""
        await until(lambda: self.value("sensor", "last_sync") != "unknown")
        coordinator = self.entry.runtime_data
        await until(lambda: coordinator.data.slots.address == coordinator.address)

    async def until_connected(self) -> None:
        """Wait until Home Assistant has the band and hears what it tells."""
        await self.until_state("binary_sensor", "connected", "on")

    async def bring_band_back(self) -> None:
        """Carry the band back, and wait until Home Assistant has it."""
        self.band.faults.out_of_range(value=False)
        await self.until_connected()

    async def lose_band(self) -> None:
        """Carry the band away, and wait until Home Assistant noticed."""
        self.band.faults.out_of_range(value=True)
        await self.until_state("binary_sensor", "connected", "off")

    # What it shows

    def entity_id(self, platform: str, key: str) -> str:
        """Return the entity id of a key of the product's tables."""
        unique_id = f"{self.entry.data['identity']}_{key}"
        found = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert found is not None, f"{platform} {key} was not registered"
        return found

    def state(self, platform: str, key: str) -> State:
        """Return the state of an entity."""
        found = self.hass.states.get(self.entity_id(platform, key))
        assert found is not None, f"{platform} {key} has no state"
        return found

    def value(self, platform: str, key: str) -> str:
        """Return what an entity shows."""
        return self.state(platform, key).state

    async def until_state(self, platform: str, key: str, value: str) -> None:
        """Wait until an entity shows something."""
        try:
            await until(lambda: self.value(platform, key) == value)
        except TimeoutError:
            raise AssertionError(
                f"{platform} {key} is {self.value(platform, key)}, not {value}"
            ) from None

    @property
    def device(self) -> dr.DeviceEntry:
        """The band in the device registry."""
        registry = dr.async_get(self.hass)
        (device,) = dr.async_entries_for_config_entry(registry, self.entry.entry_id)
        return device

    def on_band(self, *path: str) -> Any:
        """Return what the band holds or has received, from its snapshot."""
        found: Any = self.band.snapshot()
        for part in path:
            found = found[part]
        return found

    # What its inhabitants do

    async def act(self, platform: str, key: str, action: str, **data: object) -> None:
        """Call an action of a platform on an entity of the band."""
        target = {"entity_id": self.entity_id(platform, key)}
        await self.hass.services.async_call(platform, action, target | data, blocking=True)

    async def call(self, action: str, **data: object) -> dict[str, Any]:
        """Call an action of the integration on the band; returns its answer, if it gives one."""
        answers = self.hass.services.supports_response(DOMAIN, action).value != "none"
        answer = await self.hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": self.device.id} | data,
            blocking=True,
            return_response=answers,
        )
        return dict(answer or {})
