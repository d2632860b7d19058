"""The alarms of a band: written from here, and read back from where the wearer may change them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import logging
from typing import Final

from homeassistant.const import WEEKDAYS
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .band.alarms import DAILY, Alarm, clear_alarm, read_alarms, set_alarm
from .band.events import DeviceEvent
from .band.link import Link
from .band.state import BandState
from .coordinator import MiBandConfigEntry, MiBandCoordinator

_LOGGER = logging.getLogger(__name__)

ALARM_DAYS: Final = dict(zip(WEEKDAYS, DAILY, strict=True))
"""The days of the week by the names that Home Assistant has for them."""

_CHANGED: Final = {DeviceEvent.ALARM_TOGGLED, DeviceEvent.ALARM_CHANGED}

type Change = Callable[[BandState], BandState]


def alarm_in(state: BandState, slot: int) -> Alarm | None:
    """Return the alarm in a slot; None when the slot is empty."""
    return next((alarm for alarm in state.slots.alarms if alarm.slot == slot), None)


async def async_set_alarm(coordinator: MiBandCoordinator, alarm: Alarm) -> None:
    """Write an alarm into its slot.

    Raises:
        HomeAssistantError: translated; the band is away or refused.
    """

    async def write(link: Link) -> Change:
        await set_alarm(link, alarm)
        return lambda state: _with(state, alarm.slot, alarm)

    await coordinator.async_change(write)


async def async_clear_alarm(coordinator: MiBandCoordinator, slot: int) -> None:
    """Empty a slot.

    Raises:
        HomeAssistantError: translated; the band is away or refused.
    """

    async def write(link: Link) -> Change:
        await clear_alarm(link, slot)
        return lambda state: _with(state, slot, None)

    await coordinator.async_change(write)


def _with(state: BandState, slot: int, alarm: Alarm | None) -> BandState:
    others = [other for other in state.slots.alarms if other.slot != slot]
    alarms = sorted(others if alarm is None else [*others, alarm], key=lambda one: one.slot)
    return replace(state, slots=replace(state.slots, alarms=tuple(alarms)))


class AlarmWatch:
    """Reads the alarms on every new link, and when the wearer changed one."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._answers = True
        self._reading: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Begin to watch; ends with the entry."""
        self._entry.async_on_unload(self._coordinator.async_on_link("alarms", self._async_read))
        self._entry.async_on_unload(self._coordinator.async_listen_event(self._async_note))

    @callback
    def _async_note(self, event: DeviceEvent) -> None:
        if event not in _CHANGED:
            return
        if self._reading is not None:
            # What it would tell is old by now.
            self._reading.cancel()
        self._reading = self._entry.async_create_background_task(
            self._hass, self._async_read(), f"alarms of {self._entry.title}"
        )

    async def _async_read(self) -> None:
        if not self._answers:
            return
        try:
            await self._coordinator.async_change(self._async_ask)
        except HomeAssistantError as err:
            # The next link reads them anew; nobody waits for that.
            _LOGGER.debug("The alarms were not read: %s", err)

    async def _async_ask(self, link: Link) -> Change:
        told = await read_alarms(link, self._coordinator.data.slots.alarms)
        if told is None:
            # Its firmware cannot, so what was written last has to do.
            self._answers = False
            return lambda state: state
        return lambda state: replace(state, slots=replace(state.slots, alarms=told))
