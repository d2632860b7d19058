"""Numbers: settings of the band with many values."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import override

from homeassistant.components.number import (
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.link import Operation
from .band.profile import HIGHEST_STEP_GOAL, set_step_goal
from .band.state import Settings
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MiBandNumberDescription(MiBandEntityDescription, NumberEntityDescription):
    """A number, where it lies, and what makes it so on the band."""

    acts: bool = True
    value_fn: Callable[[Settings], int | None]
    changed_fn: Callable[[Settings, int], Settings]
    operation_fn: Callable[[int], Operation[None]]


NUMBERS = (
    MiBandNumberDescription(
        key="step_goal",
        entity_category=EntityCategory.CONFIG,
        mode=NumberMode.BOX,
        native_min_value=1,
        native_max_value=HIGHEST_STEP_GOAL,
        native_step=1,
        value_fn=lambda settings: settings.step_goal,
        changed_fn=lambda settings, steps: replace(settings, step_goal=steps),
        operation_fn=lambda steps: partial(set_step_goal, steps=steps),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of a band."""
    async_add_entities(MiBandNumber(entry.runtime_data, row) for row in NUMBERS)


class MiBandNumber(MiBandEntity, NumberEntity):
    """A number of a band."""

    entity_description: MiBandNumberDescription

    @property
    @override
    def native_value(self) -> int | None:
        """Return what was chosen last; None when nothing was."""
        return self.entity_description.value_fn(self.coordinator.data.settings)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Make it so on the band."""
        row = self.entity_description
        chosen = int(value)
        await self.coordinator.async_choose(
            lambda settings: row.changed_fn(settings, chosen), row.operation_fn(chosen)
        )
