"""Switches: what the band does by itself, or not."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .alarm_clock import ALARM_DAYS, alarm_in, async_alter_alarm
from .band.alarms import Alarm
from .band.settings import (
    DISCONNECT_ALERT,
    GOAL_NOTIFICATION,
    INACTIVITY_WARNING,
    LIFT_TO_WAKE,
    SHARE_HEART_RATE,
    SLEEP_HEART_RATE,
    SWIPE_LOCK,
    VISIBLE_WHEN_CONNECTED,
    Setting,
    Settings,
)
from .choices import async_choose
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription
from .measuring import async_set_continuous_heart_rate

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class MiBandSwitchDescription(MiBandEntityDescription, SwitchEntityDescription):
    """A switch, where its position lies, and what moves it."""

    acts: bool = True
    is_on_fn: Callable[[Settings], bool | None]
    turn_fn: Callable[[MiBandCoordinator, bool], Awaitable[None]]


def _chosen(setting: Setting[bool]) -> Callable[[Settings], bool | None]:
    return lambda settings: settings.of(setting)


def _choose(setting: Setting[bool]) -> Callable[[MiBandCoordinator, bool], Awaitable[None]]:
    return lambda coordinator, on: async_choose(coordinator, setting, on)


SWITCHES = (
    MiBandSwitchDescription(
        key="continuous_heart_rate",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=lambda settings: settings.continuous_heart_rate,
        turn_fn=lambda coordinator, on: async_set_continuous_heart_rate(coordinator, enabled=on),
    ),
    MiBandSwitchDescription(
        key="sleep_heart_rate",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(SLEEP_HEART_RATE),
        turn_fn=_choose(SLEEP_HEART_RATE),
    ),
    MiBandSwitchDescription(
        key="lift_to_wake",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(LIFT_TO_WAKE),
        turn_fn=_choose(LIFT_TO_WAKE),
    ),
    MiBandSwitchDescription(
        key="goal_notification",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(GOAL_NOTIFICATION),
        turn_fn=_choose(GOAL_NOTIFICATION),
    ),
    MiBandSwitchDescription(
        key="inactivity_warning",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(INACTIVITY_WARNING),
        turn_fn=_choose(INACTIVITY_WARNING),
    ),
    MiBandSwitchDescription(
        key="disconnect_alert",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(DISCONNECT_ALERT),
        turn_fn=_choose(DISCONNECT_ALERT),
    ),
    MiBandSwitchDescription(
        key="swipe_lock",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(SWIPE_LOCK),
        turn_fn=_choose(SWIPE_LOCK),
    ),
    MiBandSwitchDescription(
        key="visible_when_connected",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(VISIBLE_WHEN_CONNECTED),
        turn_fn=_choose(VISIBLE_WHEN_CONNECTED),
    ),
    MiBandSwitchDescription(
        key="share_heart_rate",
        entity_category=EntityCategory.CONFIG,
        is_on_fn=_chosen(SHARE_HEART_RATE),
        turn_fn=_choose(SHARE_HEART_RATE),
    ),
)


@dataclass(frozen=True, kw_only=True)
class MiBandAlarmSwitchDescription(MiBandEntityDescription, SwitchEntityDescription):
    """A slot of the band's alarms; see the times that belong to them."""

    acts: bool = True
    slot: int


ALARM_SWITCHES = (
    MiBandAlarmSwitchDescription(key="alarm_1", slot=0),
    MiBandAlarmSwitchDescription(key="alarm_2", slot=1),
    MiBandAlarmSwitchDescription(key="alarm_3", slot=2),
    MiBandAlarmSwitchDescription(key="alarm_4", slot=3, entity_registry_enabled_default=False),
    MiBandAlarmSwitchDescription(key="alarm_5", slot=4, entity_registry_enabled_default=False),
    MiBandAlarmSwitchDescription(key="alarm_6", slot=5, entity_registry_enabled_default=False),
    MiBandAlarmSwitchDescription(key="alarm_7", slot=6, entity_registry_enabled_default=False),
    MiBandAlarmSwitchDescription(key="alarm_8", slot=7, entity_registry_enabled_default=False),
    MiBandAlarmSwitchDescription(key="alarm_9", slot=8, entity_registry_enabled_default=False),
    MiBandAlarmSwitchDescription(key="alarm_10", slot=9, entity_registry_enabled_default=False),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of a band."""
    async_add_entities(MiBandSwitch(entry.runtime_data, row) for row in SWITCHES)
    async_add_entities(MiBandAlarmSwitch(entry.runtime_data, row) for row in ALARM_SWITCHES)


class MiBandSwitch(MiBandEntity, SwitchEntity):
    """A switch of a band."""

    entity_description: MiBandSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Tell what was chosen last; None when nothing was."""
        return self.entity_description.is_on_fn(self.coordinator.data.settings)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn it on."""
        await self.entity_description.turn_fn(self.coordinator, True)  # noqa: FBT003  which way

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn it off."""
        await self.entity_description.turn_fn(self.coordinator, False)  # noqa: FBT003  which way


class MiBandAlarmSwitch(MiBandEntity, SwitchEntity):
    """Whether one alarm rings."""

    entity_description: MiBandAlarmSwitchDescription

    @property
    @override
    def is_on(self) -> bool:
        """Tell whether it rings; an empty slot does not."""
        alarm = alarm_in(self.coordinator.data, self.entity_description.slot)
        return alarm is not None and alarm.enabled

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Tell on which days it rings, which the action for alarms decides."""
        alarm = alarm_in(self.coordinator.data, self.entity_description.slot)
        if alarm is None:
            return {}
        days = [day for day, bit in ALARM_DAYS.items() if bit in alarm.days]
        return {"days": days, "snooze": alarm.snooze}

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let it ring."""
        await self._async_enable(enabled=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Let it be silent."""
        await self._async_enable(enabled=False)

    async def _async_enable(self, *, enabled: bool) -> None:
        slot = self.entity_description.slot

        def alter(now: Alarm | None) -> Alarm | None:
            if now is not None:
                return replace(now, enabled=enabled)
            if enabled:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="alarm_without_time",
                    translation_placeholders={"alarm": str(slot + 1)},
                )
            return None

        await async_alter_alarm(self.coordinator, slot, alter)
