"""Times: when the alarms of the band ring."""

from dataclasses import dataclass, replace
from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .alarm_clock import alarm_in, async_alter_alarm
from .band.alarms import Alarm, Days
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MiBandTimeDescription(MiBandEntityDescription, TimeEntityDescription):
    """A slot of the band's alarms. Most people need few, so the others wait to be enabled."""

    acts: bool = True
    slot: int


TIMES = (
    MiBandTimeDescription(key="alarm_1", slot=0),
    MiBandTimeDescription(key="alarm_2", slot=1),
    MiBandTimeDescription(key="alarm_3", slot=2),
    MiBandTimeDescription(key="alarm_4", slot=3, entity_registry_enabled_default=False),
    MiBandTimeDescription(key="alarm_5", slot=4, entity_registry_enabled_default=False),
    MiBandTimeDescription(key="alarm_6", slot=5, entity_registry_enabled_default=False),
    MiBandTimeDescription(key="alarm_7", slot=6, entity_registry_enabled_default=False),
    MiBandTimeDescription(key="alarm_8", slot=7, entity_registry_enabled_default=False),
    MiBandTimeDescription(key="alarm_9", slot=8, entity_registry_enabled_default=False),
    MiBandTimeDescription(key="alarm_10", slot=9, entity_registry_enabled_default=False),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the times of a band's alarms."""
    async_add_entities(MiBandAlarmTime(entry.runtime_data, row) for row in TIMES)


class MiBandAlarmTime(MiBandEntity, TimeEntity):
    """When one alarm rings."""

    entity_description: MiBandTimeDescription

    @property
    @override
    def native_value(self) -> time | None:
        """Return the time; unknown while the slot is empty."""
        alarm = alarm_in(self.coordinator.data, self.entity_description.slot)
        return None if alarm is None else time(alarm.hour, alarm.minute)

    @override
    async def async_set_value(self, value: time) -> None:
        """Let the alarm ring then; in an empty slot a new one, once and switched off at first."""
        slot = self.entity_description.slot

        def alter(now: Alarm | None) -> Alarm:
            now = now or Alarm(slot=slot, hour=0, minute=0, days=Days.ONCE, enabled=False)
            return replace(now, hour=value.hour, minute=value.minute)

        await async_alter_alarm(self.coordinator, slot, alter)
