"""Sensors: what the band counted, measures and tells of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, override

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
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.kinds import Activity
from .band.settings import STEP_GOAL
from .band.sleep import SleepSession
from .band.state import BandState
from .band.workouts import Sport, Workout
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MiBandSensorDescription(MiBandEntityDescription, SensorEntityDescription):
    """A sensor and where its value lies."""

    value_fn: Callable[[BandState], str | float | datetime | None]
    attributes_fn: Callable[[BandState], Mapping[str, object]] = lambda _: {}


OTHER_SPORT: Final = "other"
"""A sport that the band has a number for, and the documents no name."""


def of_night[T](value: Callable[[SleepSession], T]) -> Callable[[BandState], T | None]:
    """Return what reads a value of the last night."""
    return lambda state: value(state.recorded.night) if state.recorded.night else None


def sport(state: BandState) -> str | None:
    """Return the sport of the last workout."""
    if (workout := state.recorded.workout) is None:
        return None
    return workout.sport.name.lower() if isinstance(workout.sport, Sport) else OTHER_SPORT


def workout_attributes(state: BandState) -> Mapping[str, object]:
    """Return what is known of the last workout beside its sport."""
    workout: Workout | None = state.recorded.workout
    if workout is None:
        return {}
    return {
        "start": workout.start,
        "end": workout.end,
        "distance_m": workout.distance_m,
        "steps": workout.steps,
        "energy_kcal": workout.energy_kcal,
        "average_heart_rate_bpm": workout.average_heart_rate_bpm,
    }


def moment(minute: int) -> datetime:
    """Return the moment at which a minute begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


def step_goal_progress(state: BandState) -> float | None:
    """Return how much of the goal is walked, in percent; more than 100 beyond it."""
    goal = state.settings.of(STEP_GOAL)
    return None if state.today is None or not goal else 100 * state.today.steps / goal


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
        key="resting_heart_rate",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda state: state.recorded.resting_heart_rate_bpm,
    ),
    MiBandSensorDescription(
        key="sleep_duration",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        # They are shown in hours and minutes, and a tenth of an hour is six of them.
        suggested_display_precision=2,
        value_fn=of_night(lambda night: night.asleep_minutes),
    ),
    MiBandSensorDescription(
        key="deep_sleep",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=2,
        value_fn=of_night(lambda night: night.deep_minutes),
    ),
    MiBandSensorDescription(
        key="light_sleep",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=2,
        value_fn=of_night(lambda night: night.light_minutes),
    ),
    MiBandSensorDescription(
        key="fell_asleep_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=of_night(lambda night: moment(night.start)),
    ),
    MiBandSensorDescription(
        key="woke_up_at",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=of_night(lambda night: moment(night.end)),
    ),
    MiBandSensorDescription(
        key="activity",
        device_class=SensorDeviceClass.ENUM,
        options=[activity.value for activity in Activity],
        value_fn=lambda state: state.recorded.activity,
    ),
    MiBandSensorDescription(
        key="last_workout",
        device_class=SensorDeviceClass.ENUM,
        options=[*(one.name.lower() for one in Sport), OTHER_SPORT],
        value_fn=sport,
        attributes_fn=workout_attributes,
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
        key="unsynced_minutes",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        value_fn=lambda state: state.unsynced_minutes,
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
    def native_value(self) -> str | float | datetime | None:
        """Return the value; None while the band has not told it."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, object]:
        """Return what is known beside the value."""
        return self.entity_description.attributes_fn(self.coordinator.data)
