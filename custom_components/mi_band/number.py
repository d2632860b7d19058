"""Numbers: settings of the band with many values."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.settings import HIGHEST_STEP_GOAL, STEP_GOAL, Setting
from .choices import async_choose
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MiBandNumberDescription(MiBandEntityDescription, NumberEntityDescription):
    """A number, and the setting that it shows and changes."""

    acts: bool = True
    setting: Setting[int]


NUMBERS = (
    MiBandNumberDescription(
        key="step_goal",
        entity_category=EntityCategory.CONFIG,
        mode=NumberMode.BOX,
        native_min_value=1,
        native_max_value=HIGHEST_STEP_GOAL,
        native_step=1,
        setting=STEP_GOAL,
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
        return self.coordinator.data.settings.of(self.entity_description.setting)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Make it so on the band."""
        await async_choose(self.coordinator, self.entity_description.setting, int(value))
