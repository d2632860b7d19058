"""Selects: settings of the band with a few values."""

from dataclasses import dataclass
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.settings import (
    DISTANCE_UNIT,
    HEART_RATE_INTERVAL,
    LANGUAGE,
    LIFT_SENSITIVITY,
    NIGHT_MODE,
    TIME_FORMAT,
    WEAR_LOCATION,
    Setting,
)
from .choices import async_choose
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MiBandSelectDescription(MiBandEntityDescription, SelectEntityDescription):
    """A select, and the setting that it shows and changes."""

    acts: bool = True
    setting: Setting[str]


SELECTS = (
    MiBandSelectDescription(
        key="heart_rate_interval",
        entity_category=EntityCategory.CONFIG,
        setting=HEART_RATE_INTERVAL,
    ),
    MiBandSelectDescription(
        key="wear_location", entity_category=EntityCategory.CONFIG, setting=WEAR_LOCATION
    ),
    MiBandSelectDescription(
        key="night_mode", entity_category=EntityCategory.CONFIG, setting=NIGHT_MODE
    ),
    MiBandSelectDescription(
        key="distance_unit", entity_category=EntityCategory.CONFIG, setting=DISTANCE_UNIT
    ),
    MiBandSelectDescription(
        key="time_format", entity_category=EntityCategory.CONFIG, setting=TIME_FORMAT
    ),
    MiBandSelectDescription(
        key="language", entity_category=EntityCategory.CONFIG, setting=LANGUAGE
    ),
    MiBandSelectDescription(
        key="lift_sensitivity", entity_category=EntityCategory.CONFIG, setting=LIFT_SENSITIVITY
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of a band."""
    async_add_entities(MiBandSelect(entry.runtime_data, row) for row in SELECTS)


class MiBandSelect(MiBandEntity, SelectEntity):
    """A select of a band."""

    entity_description: MiBandSelectDescription

    def __init__(
        self, coordinator: MiBandCoordinator, description: MiBandSelectDescription
    ) -> None:
        super().__init__(coordinator, description)
        self._attr_options = list(description.setting.values)

    @property
    @override
    def current_option(self) -> str | None:
        """Return what was chosen last; None when nothing was."""
        return self.coordinator.data.settings.of(self.entity_description.setting)

    @override
    async def async_select_option(self, option: str) -> None:
        """Make it so on the band."""
        await async_choose(self.coordinator, self.entity_description.setting, option)
