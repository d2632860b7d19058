"""Switches: what the band does all the time, or not."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.state import Settings
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MiBandSwitchDescription(MiBandEntityDescription, SwitchEntityDescription):
    """A switch, where its position lies, and what moves it."""

    acts: bool = True
    is_on_fn: Callable[[Settings], bool]
    turn_on_fn: Callable[[MiBandCoordinator], Awaitable[None]]
    turn_off_fn: Callable[[MiBandCoordinator], Awaitable[None]]


SWITCHES = (
    MiBandSwitchDescription(
        key="continuous_heart_rate",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=lambda settings: settings.continuous_heart_rate,
        turn_on_fn=lambda coordinator: coordinator.async_set_continuous_heart_rate(enabled=True),
        turn_off_fn=lambda coordinator: coordinator.async_set_continuous_heart_rate(enabled=False),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of a band."""
    async_add_entities(MiBandSwitch(entry.runtime_data, row) for row in SWITCHES)


class MiBandSwitch(MiBandEntity, SwitchEntity):
    """A switch of a band."""

    entity_description: MiBandSwitchDescription

    @property
    @override
    def is_on(self) -> bool:
        """Tell what was chosen last."""
        return self.entity_description.is_on_fn(self.coordinator.data.settings)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn it on."""
        await self.entity_description.turn_on_fn(self.coordinator)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn it off."""
        await self.entity_description.turn_off_fn(self.coordinator)
