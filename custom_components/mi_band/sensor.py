"""Sensors: what the band counted, measures and tells of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfEnergy,
    UnitOfLength,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.state import BandState
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MiBandSensorDescription(MiBandEntityDescription, SensorEntityDescription):
    """A sensor and where its value lies."""

    value_fn: Callable[[BandState], float | datetime | None]


def step_goal_progress(state: BandState) -> float | None:
    """Return how much of the goal is walked, in percent; more than 100 beyond it."""
    if state.today is None or not state.settings.step_goal:
        return None
    return 100 * state.today.steps / state.settings.step_goal


SENSORS = (
    MiBandSensorDescription(
        key="steps",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda state: state.today.steps if state.today else None,
    ),
    MiBandSensorDescription(
        key="distance",
        device_class=SensorDeviceClass.DISTANCE,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfLength.METERS,
        suggested_display_precision=0,
        value_fn=lambda state: state.today.distance_m if state.today else None,
    ),
    # No device class: as an energy it would be offered to the energy dashboard.
    MiBandSensorDescription(
        key="calories",
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_CALORIE,
        value_fn=lambda state: state.today.energy_kcal if state.today else None,
    ),
    MiBandSensorDescription(
        key="heart_rate",
        needs_link=True,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: state.heart_rate_bpm,
    ),
    MiBandSensorDescription(
        key="step_goal_progress",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=step_goal_progress,
    ),
    MiBandSensorDescription(
        key="battery",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        value_fn=lambda state: state.battery.level_percent if state.battery else None,
    ),
    MiBandSensorDescription(
        key="last_charged",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda state: state.battery.last_charged if state.battery else None,
    ),
    MiBandSensorDescription(
        key="last_sync",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda state: state.last_sync,
    ),
    MiBandSensorDescription(
        key="signal_strength",
        needs_link=True,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        value_fn=lambda state: state.signal_dbm,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a band."""
    async_add_entities(MiBandSensor(entry.runtime_data, row) for row in SENSORS)


class MiBandSensor(MiBandEntity, SensorEntity):
    """A sensor of a band."""

    entity_description: MiBandSensorDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value; None while the band has not told it."""
        return self.entity_description.value_fn(self.coordinator.data)
