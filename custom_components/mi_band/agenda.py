"""The slots of a band's reminders: the events of a calendar, and what actions put there."""

from dataclasses import replace
from typing import Final

from .band.link import Link
from .band.reminders import SLOTS, Reminder, clear_reminder, encode_reminder, set_reminder
from .band.state import BandState, Update
from .coordinator import MiBandCoordinator

EVENT_SLOTS: Final = 9
"""The first slots are the calendar's; as many as another client keeps for it."""
REMINDER_SLOTS: Final = SLOTS - EVENT_SLOTS


def reminder_in(state: BandState, slot: int) -> Reminder | None:
    """Return what was last written into a slot; None when it is empty."""
    return next((one for one in state.slots.reminders if one.slot == slot), None)


def lies_there(state: BandState, reminder: Reminder) -> bool:
    """Tell whether writing a reminder would change nothing."""
    there = reminder_in(state, reminder.slot)
    # Equal moments may be different times on the wall, and it is those that the band has.
    return there is not None and encode_reminder(there) == encode_reminder(reminder)


async def async_set_reminder(coordinator: MiBandCoordinator, reminder: Reminder) -> None:
    """Write a reminder or an event into its slot.

    Raises:
        HomeAssistantError: translated; the band is away.
    """
    await coordinator.async_change(
        lambda link: _async_write(coordinator, link, reminder.slot, reminder)
    )


async def async_clear_reminder(coordinator: MiBandCoordinator, slot: int) -> None:
    """Empty a slot.

    Raises:
        HomeAssistantError: translated; the band is away.
    """
    await coordinator.async_change(lambda link: _async_write(coordinator, link, slot, None))


async def async_put_back(coordinator: MiBandCoordinator, slot: int) -> None:
    """Write once more what belongs into a slot, be it nothing, as that is known by then.

    Raises:
        HomeAssistantError: translated; the band is away.
    """
    await coordinator.async_change(
        lambda link: _async_write(coordinator, link, slot, reminder_in(coordinator.data, slot))
    )


async def _async_write(
    coordinator: MiBandCoordinator, link: Link, slot: int, reminder: Reminder | None
) -> Update:
    # A link that breaks now leaves it at that, for the band tells of none; see `SlotWatch`.
    coordinator.async_keep(lambda state: _doubting(state, slot))
    if reminder is None:
        await clear_reminder(link, slot, event=slot < EVENT_SLOTS)
    else:
        await set_reminder(link, reminder)
    return lambda state: _with(state, slot, reminder)


def _doubting(state: BandState, slot: int) -> BandState:
    return replace(state, slots=replace(state.slots, in_doubt=(*_sure(state, slot), slot)))


def _with(state: BandState, slot: int, reminder: Reminder | None) -> BandState:
    others = [other for other in state.slots.reminders if other.slot != slot]
    kept = sorted(others if reminder is None else [*others, reminder], key=lambda one: one.slot)
    slots = replace(state.slots, reminders=tuple(kept), in_doubt=_sure(state, slot))
    return replace(state, slots=slots)


def _sure(state: BandState, slot: int) -> tuple[int, ...]:
    """Return the slots that are in doubt but for one."""
    return tuple(other for other in state.slots.in_doubt if other != slot)
