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

    async def write(link: Link) -> Update:
        await set_reminder(link, reminder)
        return lambda state: _with(state, reminder.slot, reminder)

    await coordinator.async_change(write)


async def async_put_back(coordinator: MiBandCoordinator, slot: int) -> None:
    """Write once more what lies in a slot, unless somebody has emptied it by now.

    Raises:
        HomeAssistantError: translated; the band is away.
    """

    async def write(link: Link) -> Update:
        if (reminder := reminder_in(coordinator.data, slot)) is not None:
            await set_reminder(link, reminder)
        return lambda state: state

    await coordinator.async_change(write)


async def async_clear_reminder(coordinator: MiBandCoordinator, slot: int) -> None:
    """Empty a slot.

    Raises:
        HomeAssistantError: translated; the band is away.
    """
    event = slot < EVENT_SLOTS

    async def write(link: Link) -> Update:
        await clear_reminder(link, slot, event=event)
        return lambda state: _with(state, slot, None)

    await coordinator.async_change(write)


def _with(state: BandState, slot: int, reminder: Reminder | None) -> BandState:
    others = [other for other in state.slots.reminders if other.slot != slot]
    kept = sorted(others if reminder is None else [*others, reminder], key=lambda one: one.slot)
    return replace(state, slots=replace(state.slots, reminders=tuple(kept)))
