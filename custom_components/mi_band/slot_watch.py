"""Keeps what is known of a band's slots as it is: alarms are told, and a reset empties them all.

Another firmware may have emptied them, too, and forgotten who wears the band; no document says.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .agenda import async_put_back
from .alarm_clock import async_alter_alarm, async_put_alarm_back
from .band.alarms import ToldAlarms, read_alarms
from .band.errors import REFUSALS, MalformedPacket
from .band.events import DeviceEvent
from .band.link import Link
from .band.profile import set_profile
from .band.state import Slots, Update
from .const import CONF_PROFILE
from .coordinator import MiBandConfigEntry
from .wearer import wearer

_LOGGER = logging.getLogger(__name__)

FIRST_PAUSE: Final = timedelta(seconds=2)
"""From one look for a change on the band to the next: twice as long each time that they follow each
other, until there is none for a while."""
LONGEST_PAUSE: Final = timedelta(hours=1)

_CHANGED: Final = {DeviceEvent.ALARM_TOGGLED, DeviceEvent.ALARM_CHANGED}


class SlotWatch:
    """Looks after the slots on every new link, and when the wearer changed an alarm."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._answers = True
        self._looking: asyncio.Task[None] | None = None
        self._waits = False
        self._looked = float("-inf")
        self._pause = FIRST_PAUSE

    @callback
    def async_start(self) -> None:
        """Begin to watch; ends with the entry."""
        self._entry.async_on_unload(
            self._coordinator.companions.async_on_link("slots", self._async_look)
        )
        self._entry.async_on_unload(self._coordinator.async_listen_event(self._async_note))

    @callback
    def _async_note(self, event: DeviceEvent) -> None:
        if event not in _CHANGED or self._waits:
            return
        self._waits = True
        # A band may tell of a change that is our own, or whenever it is asked.
        quiet = self._hass.loop.time() - self._looked
        pause = self._pause.total_seconds()
        if quiet >= 2 * pause:
            self._pause = FIRST_PAUSE
        elif quiet < pause:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._looking = self._entry.async_create_background_task(
            self._hass,
            self._async_look_again(max(0.0, pause - quiet)),
            f"slots of {self._entry.title}",
        )

    async def _async_look_again(self, after: float) -> None:
        await asyncio.sleep(after)
        self._waits, self._looked = False, self._hass.loop.time()
        # Every new link is looked at, too.
        if self._coordinator.data.connected:
            await self._async_look()

    async def _async_look(self) -> None:
        try:
            slots = self._coordinator.data.slots
            if slots.address not in {None, self._coordinator.address}:
                await self._async_fill()
            elif slots.doubtful:
                await self._async_make_sure()
            for slot in self._coordinator.data.slots.in_doubt:
                await async_put_back(self._coordinator, slot)
            if self._answers:
                await self._coordinator.async_change(self._async_ask)
            for slot in self._coordinator.data.slots.alarms_in_doubt:
                await async_put_alarm_back(self._coordinator, slot)
        except HomeAssistantError as err:
            # The next link begins anew; nobody waits for that.
            _LOGGER.debug("The slots were not looked after: %s", err)

    async def _async_make_sure(self) -> None:
        """Write what the band may have lost; of alarms that it tells of, it has lost none."""
        await self._coordinator.async_run(self._async_tell_wearer)
        told = await self._coordinator.async_run(self._async_read)
        await self._async_fill(alarms=not (told and told.alarms))

    async def _async_tell_wearer(self, link: Link) -> None:
        try:
            await set_profile(link, wearer(self._entry.data[CONF_PROFILE]))
        except REFUSALS as err:
            # Its slots are to be filled all the same.
            _LOGGER.warning("%s does not know who wears it: %s", self._entry.title, err)

    async def _async_fill(self, *, alarms: bool = True) -> None:
        """Write all reminders, and alarms: after a reset the band has another address, and none.

        Somebody may change them meanwhile, so that each is written as it is by then.
        """
        slots = self._coordinator.data.slots
        for alarm in slots.alarms if alarms else ():
            await async_alter_alarm(self._coordinator, alarm.slot, lambda now: now)
        for reminder in slots.reminders:
            await async_put_back(self._coordinator, reminder.slot)
        # Told as done only now, so that a link that breaks in between leaves all of it to do.
        await self._coordinator.async_change(self._async_note_address)

    async def _async_note_address(self, _: Link) -> Update:
        address = self._coordinator.address
        return lambda state: replace(
            state, slots=replace(state.slots, address=address, doubtful=False)
        )

    async def _async_read(self, link: Link) -> ToldAlarms | None:
        """Return what the band tells of its alarms; None where its firmware tells nothing."""
        try:
            told = await read_alarms(link, self._coordinator.data.slots.alarms)
        except MalformedPacket as err:
            _LOGGER.warning(
                "%s tells its alarms in a way that is not understood: %s", self._entry.title, err
            )
            told = None
        self._answers = told is not None
        return told

    async def _async_ask(self, link: Link) -> Update:
        told = await self._async_read(link)
        if told is None:
            # What was written last has to do.
            return await self._async_note_address(link)
        address = self._coordinator.address
        return lambda state: replace(state, slots=_told(state.slots, told, address))


def _told(slots: Slots, told: ToldAlarms, address: str) -> Slots:
    in_doubt = () if told.in_full else slots.alarms_in_doubt
    return replace(
        slots, alarms=told.alarms, alarms_in_doubt=in_doubt, address=address, doubtful=False
    )
