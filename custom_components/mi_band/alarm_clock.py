"""The alarms of a band, as its entities and actions have them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from homeassistant.const import WEEKDAYS

from .band.alarms import DAILY, Alarm, clear_alarm, set_alarm
from .band.link import Link
from .band.state import BandState, Update
from .coordinator import MiBandCoordinator

ALARM_DAYS: Final = dict(zip(WEEKDAYS, DAILY, strict=True))
"""The days of the week by the names that Home Assistant has for them."""


def alarm_in(state: BandState, slot: int) -> Alarm | None:
    """Return the alarm in a slot; None when the slot is empty."""
    return next((alarm for alarm in state.slots.alarms if alarm.slot == slot), None)


async def async_alter_alarm(
    coordinator: MiBandCoordinator, slot: int, alter: Callable[[Alarm | None], Alarm | None]
) -> None:
    """Write into a slot what becomes of the alarm there.

    Args:
        coordinator: of the band.
        slot: where the alarm lies.
        alter: makes one of it, or None where nothing is to be written. Called when it is about to
            be written, for others may alter it while the band is not here yet.

    Raises:
        HomeAssistantError: translated; the band is away or refused; or what `alter` raises.
    """

    async def write(link: Link) -> Update:
        alarm = alter(alarm_in(coordinator.data, slot))
        if alarm is None:
            return lambda state: state
        await set_alarm(link, alarm)
        return lambda state: _with(state, slot, alarm)

    await coordinator.async_change(write)


async def async_clear_alarm(coordinator: MiBandCoordinator, slot: int) -> None:
    """Empty a slot.

    Raises:
        HomeAssistantError: translated; the band is away or refused.
    """

    async def write(link: Link) -> Update:
        await clear_alarm(link, slot)
        return lambda state: _with(state, slot, None)

    await coordinator.async_change(write)


def _with(state: BandState, slot: int, alarm: Alarm | None) -> BandState:
    others = [other for other in state.slots.alarms if other.slot != slot]
    alarms = sorted(others if alarm is None else [*others, alarm], key=lambda one: one.slot)
    return replace(state, slots=replace(state.slots, alarms=tuple(alarms)))
