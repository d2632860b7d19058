"""The alarms of a band, as its entities and actions have them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from homeassistant.const import WEEKDAYS

from .band.alarms import DAILY, Alarm, clear_alarm, set_alarm
from .band.errors import CommandRefused
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
        return await _async_write(coordinator, link, slot, alarm)

    await coordinator.async_change(write)


async def async_clear_alarm(coordinator: MiBandCoordinator, slot: int) -> None:
    """Empty a slot.

    Raises:
        HomeAssistantError: translated; the band is away or refused.
    """
    await coordinator.async_change(lambda link: _async_write(coordinator, link, slot, None))


async def async_put_alarm_back(coordinator: MiBandCoordinator, slot: int) -> None:
    """Write once more what belongs into a slot, be it nothing, as that is known by then.

    Raises:
        HomeAssistantError: translated; the band is away or refused.
    """
    await coordinator.async_change(
        lambda link: _async_write(coordinator, link, slot, alarm_in(coordinator.data, slot))
    )


async def _async_write(
    coordinator: MiBandCoordinator, link: Link, slot: int, alarm: Alarm | None
) -> Update:
    # A link that breaks now leaves it at that: not every band tells; see `SlotWatch`.
    coordinator.async_keep(lambda state: _doubting(state, slot))
    try:
        if alarm is None:
            await clear_alarm(link, slot)
        else:
            await set_alarm(link, alarm)
    except CommandRefused:
        coordinator.async_keep(lambda state: _trusting(state, slot))
        raise
    return lambda state: _trusting(_with(state, slot, alarm), slot)


def _with(state: BandState, slot: int, alarm: Alarm | None) -> BandState:
    others = [other for other in state.slots.alarms if other.slot != slot]
    alarms = sorted(others if alarm is None else [*others, alarm], key=lambda one: one.slot)
    return replace(state, slots=replace(state.slots, alarms=tuple(alarms)))


def _doubting(state: BandState, slot: int) -> BandState:
    in_doubt = {*state.slots.alarms_in_doubt, slot}
    return replace(state, slots=replace(state.slots, alarms_in_doubt=tuple(sorted(in_doubt))))


def _trusting(state: BandState, slot: int) -> BandState:
    in_doubt = tuple(other for other in state.slots.alarms_in_doubt if other != slot)
    return replace(state, slots=replace(state.slots, alarms_in_doubt=in_doubt))
