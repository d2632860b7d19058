"""Keeps what is known of a band's slots as it is: alarms are told, and a reset empties them all."""

import asyncio
from dataclasses import replace
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .agenda import async_set_reminder
from .alarm_clock import async_set_alarm
from .band.alarms import read_alarms
from .band.events import DeviceEvent
from .band.link import Link
from .band.state import Update
from .coordinator import MiBandConfigEntry

_LOGGER = logging.getLogger(__name__)

_CHANGED: Final = {DeviceEvent.ALARM_TOGGLED, DeviceEvent.ALARM_CHANGED}


class SlotWatch:
    """Looks after the slots on every new link, and when the wearer changed an alarm."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._answers = True
        self._reading: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Begin to watch; ends with the entry."""
        self._entry.async_on_unload(
            self._coordinator.companions.async_on_link("slots", self._async_look)
        )
        self._entry.async_on_unload(self._coordinator.async_listen_event(self._async_note))

    @callback
    def _async_note(self, event: DeviceEvent) -> None:
        if event not in _CHANGED:
            return
        if self._reading is not None:
            # What it would tell is old by now.
            self._reading.cancel()
        self._reading = self._entry.async_create_background_task(
            self._hass, self._async_look(), f"slots of {self._entry.title}"
        )

    async def _async_look(self) -> None:
        try:
            if self._coordinator.data.slots.address not in {None, self._coordinator.address}:
                await self._async_fill()
            if self._answers:
                await self._coordinator.async_change(self._async_ask)
        except HomeAssistantError as err:
            # The next link begins anew; nobody waits for that.
            _LOGGER.debug("The slots were not looked after: %s", err)

    async def _async_fill(self) -> None:
        """Write everything anew: the band has another address, which a reset gave it."""
        slots = self._coordinator.data.slots
        for alarm in slots.alarms:
            await async_set_alarm(self._coordinator, alarm)
        for reminder in slots.reminders:
            await async_set_reminder(self._coordinator, reminder)
        # Told as done only now, so that a link that breaks in between leaves all of it to do.
        await self._coordinator.async_change(self._async_note_address)

    async def _async_note_address(self, _: Link) -> Update:
        address = self._coordinator.address
        return lambda state: replace(state, slots=replace(state.slots, address=address))

    async def _async_ask(self, link: Link) -> Update:
        told = await read_alarms(link, self._coordinator.data.slots.alarms)
        if told is None:
            # Its firmware cannot, so what was written last has to do.
            self._answers = False
            return await self._async_note_address(link)
        address = self._coordinator.address
        return lambda state: replace(
            state, slots=replace(state.slots, alarms=told, address=address)
        )
