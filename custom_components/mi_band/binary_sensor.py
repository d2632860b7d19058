"""Binary sensors: what is so on the wrist, or is not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.settings import STEP_GOAL
from .band.state import BandState
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MiBandBinarySensorDescription(MiBandEntityDescription, BinarySensorEntityDescription):
    """A binary sensor and where its value lies."""

    is_on_fn: Callable[[BandState], bool | None]


def goal_reached(state: BandState) -> bool | None:
    """Tell whether today's steps reach the goal; None while either is not known."""
    goal = state.settings.of(STEP_GOAL)
    return None if state.today is None or goal is None else state.today.steps >= goal


BINARY_SENSORS = (
    MiBandBinarySensorDescription(
        key="connected",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        is_on_fn=lambda state: state.connected,
    ),
    MiBandBinarySensorDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        is_on_fn=lambda state: state.battery.charging if state.battery else None,
    ),
    MiBandBinarySensorDescription(key="worn", needs_link=True, is_on_fn=lambda state: state.worn),
    MiBandBinarySensorDescription(
        key="asleep", needs_link=True, is_on_fn=lambda state: state.asleep
    ),
    MiBandBinarySensorDescription(key="goal_reached", is_on_fn=goal_reached),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of a band."""
    async_add_entities(MiBandBinarySensor(entry.runtime_data, row) for row in BINARY_SENSORS)


class MiBandBinarySensor(MiBandEntity, BinarySensorEntity):
    """A binary sensor of a band."""

    entity_description: MiBandBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell whether it is so; None while the band gave no sign of it."""
        return self.entity_description.is_on_fn(self.coordinator.data)
