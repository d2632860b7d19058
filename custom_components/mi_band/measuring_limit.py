"""Ends the measuring of the heart rate all the time after the time that somebody chose."""

from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .coordinator import MiBandConfigEntry
from .options import HEART_RATE_LIMIT


class MeasuringLimit:
    """Switches the measuring off; a restart of Home Assistant begins the time anew."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._limit = timedelta(minutes=HEART_RATE_LIMIT.of(entry))
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Begin to watch the measuring; ends with the entry."""
        if not self._limit:
            return
        self._entry.async_on_unload(self._coordinator.async_add_listener(self._async_note))
        self._entry.async_on_unload(self._forget)
        self._async_note()

    @callback
    def _async_note(self) -> None:
        if not self._coordinator.data.settings.continuous_heart_rate:
            self._forget()
        elif self._cancel is None:
            self._cancel = async_call_later(self._hass, self._limit, self._async_end)

    async def _async_end(self, _: datetime) -> None:
        self._cancel = None
        await self._coordinator.async_set_continuous_heart_rate(enabled=False)

    @callback
    def _forget(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
