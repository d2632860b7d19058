"""Selects: settings of the band with a few values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.heart_rate import set_measurement_interval
from .band.link import Operation
from .band.state import Settings
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 1

HEART_RATE_INTERVALS: Final = {"off": 0, "1_min": 1, "5_min": 5, "10_min": 10, "30_min": 30}
"""Minutes between two measurements, by option."""


@dataclass(frozen=True, kw_only=True)
class MiBandSelectDescription(MiBandEntityDescription, SelectEntityDescription):
    """A select, its options, where the chosen one lies, and what makes it so on the band."""

    acts: bool = True
    values: Mapping[str, int]
    value_fn: Callable[[Settings], int | None]
    changed_fn: Callable[[Settings, int], Settings]
    operation_fn: Callable[[int], Operation[None]]


SELECTS = (
    MiBandSelectDescription(
        key="heart_rate_interval",
        entity_category=EntityCategory.CONFIG,
        values=HEART_RATE_INTERVALS,
        value_fn=lambda settings: settings.heart_rate_interval_minutes,
        changed_fn=lambda settings, minutes: replace(settings, heart_rate_interval_minutes=minutes),
        operation_fn=lambda minutes: partial(
            set_measurement_interval, interval=timedelta(minutes=minutes)
        ),
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
        self._attr_options = list(description.values)

    @property
    @override
    def current_option(self) -> str | None:
        """Return what was chosen last; None when nothing was, or something off the list."""
        row = self.entity_description
        chosen = row.value_fn(self.coordinator.data.settings)
        return next((option for option, value in row.values.items() if value == chosen), None)

    @override
    async def async_select_option(self, option: str) -> None:
        """Make it so on the band."""
        row = self.entity_description
        value = row.values[option]
        await self.coordinator.async_choose(
            lambda settings: row.changed_fn(settings, value), row.operation_fn(value)
        )
