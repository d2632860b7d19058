"""Buttons: what the band does once, when asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.find import vibrate_once
from .band.reset import reboot
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription
from .farewell import async_factory_reset
from .measuring import async_measure_heart_rate

# The link takes turns by itself. A limit here would let a band that is to be found wait for the
# heart rate, which takes most of a minute.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MiBandButtonDescription(MiBandEntityDescription, ButtonEntityDescription):
    """A button and what it does."""

    acts: bool = True
    press_fn: Callable[[MiBandCoordinator], Awaitable[object]]


BUTTONS = (
    MiBandButtonDescription(
        key="find",
        # Home Assistant wants a button that identifies a device among the diagnostics.
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=ButtonDeviceClass.IDENTIFY,
        press_fn=lambda coordinator: coordinator.async_run(vibrate_once),
    ),
    MiBandButtonDescription(
        key="sync",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=lambda coordinator: coordinator.async_sync(),
    ),
    MiBandButtonDescription(
        key="measure_heart_rate",
        press_fn=async_measure_heart_rate,
    ),
    MiBandButtonDescription(
        key="reboot",
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        device_class=ButtonDeviceClass.RESTART,
        press_fn=lambda coordinator: coordinator.async_run(reboot),
    ),
    MiBandButtonDescription(
        key="factory_reset",
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        # A button cannot be told to give up what was not read: that takes the action.
        press_fn=async_factory_reset,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of a band."""
    async_add_entities(MiBandButton(entry.runtime_data, row) for row in BUTTONS)


class MiBandButton(MiBandEntity, ButtonEntity):
    """A button of a band."""

    entity_description: MiBandButtonDescription

    @override
    async def async_press(self) -> None:
        """Do it, and return when it is done."""
        await self.entity_description.press_fn(self.coordinator)
