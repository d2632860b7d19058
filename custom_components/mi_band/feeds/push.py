"""When a feed brings its news to the band."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
import logging

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_track_state_change_event

from ..coordinator import MiBandConfigEntry

_LOGGER = logging.getLogger(__name__)


class Push:
    """Does a feed's work on every new link, and while there is one when its source has news.

    A band that is away is not waited for, and no link is made for it: the next one brings the news.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MiBandConfigEntry,
        name: str,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._name = name
        self._work = work
        self._failed = False
        self._turn = asyncio.Lock()
        self._news: Debouncer[Awaitable[None]] | None = None

    @callback
    def async_start(self, entity_id: str | None, calm: timedelta) -> None:
        """Begin; ends with the entry.

        Args:
            entity_id: the source; None where there is none.
            calm: how long to wait for more news before the first is brought.
        """
        unload = self._entry.async_on_unload
        self._news = Debouncer(
            self._hass,
            _LOGGER,
            cooldown=calm.total_seconds(),
            immediate=False,
            function=self._async_push,
            background=True,
        )
        unload(self._news.async_shutdown)
        unload(self._entry.runtime_data.companions.async_on_link(self._name, self._async_push))

        @callback
        def note(_: Event[EventStateChangedData]) -> None:
            self.async_note()

        if entity_id is not None:
            unload(async_track_state_change_event(self._hass, entity_id, note))

    @callback
    def async_note(self) -> None:
        """Bring the news soon; on the next link where there is none."""
        if self._news is not None and self._entry.runtime_data.data.connected:
            self._news.async_schedule_call()

    async def _async_push(self) -> None:
        async with self._turn:
            if not self._entry.runtime_data.data.connected:
                return
            try:
                await self._work()
            except HomeAssistantError as err:
                self._note_failure(err)
            else:
                self._failed = False

    def _note_failure(self, err: HomeAssistantError) -> None:
        # A band that goes away in the middle is no failure: all of it is brought on the next link.
        if self._entry.runtime_data.data.connected and not self._failed:
            self._failed = True
            _LOGGER.warning("The %s for %s was not brought: %s", self._name, self._entry.title, err)
