"""A band that has its config entry, in the hands of a dialog that gives it a new key or address."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .band.settings import Values
from .claims import LONGEST_PAUSE
from .const import CONF_BINDING, CONF_KEY, CONF_PROFILE, DOMAIN
from .coordinator import MiBandConfigEntry
from .device import async_note_address
from .pairing import BINDING_NOT_ASKED
from .reach import async_listen
from .snapshot import async_load_chosen
from .wearer import ProfileInput


class KnownBand:
    """The entry of a band, and whether the dialog keeps it from connecting."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self.entry = entry
        self._hass = hass
        self._wanted = False
        self._released = False
        self._changed = False
        self._stop_waiting: CALLBACK_TYPE | None = None
        self._chosen: Values | None = None
        if self._is_loaded:
            self._chosen = entry.runtime_data.data.settings.chosen

    @property
    def address(self) -> str:
        """The address under which it was known until now."""
        address: str = self.entry.data[CONF_ADDRESS]
        return address

    @property
    def profile(self) -> ProfileInput:
        """Who wears it."""
        return dict(self.entry.data[CONF_PROFILE])

    @property
    def is_gone(self) -> bool:
        """Tell whether somebody has removed it meanwhile."""
        return self._hass.config_entries.async_get_entry(self.entry.entry_id) is None

    async def async_chosen(self) -> Values:
        """Return the settings that the wearer chose."""
        if self._chosen is None:
            self._chosen = await async_load_chosen(self._hass, self.entry.entry_id)
        return self._chosen

    async def async_release(self) -> None:
        """Let the band go, so that the dialog can have it, as long as somebody goes on with it.

        Of a dialog that was left open nobody hears any more, and the band is missed meanwhile.
        """
        self._wanted = True
        if self._is_loaded:
            self._released = True
            await self._hass.config_entries.async_unload(self.entry.entry_id)
        self._wait_no_longer()
        self._stop_waiting = async_call_later(
            self._hass, LONGEST_PAUSE, HassJob(self._async_lapse, cancel_on_shutdown=True)
        )

    async def async_keep(self) -> None:
        """Have it still, or anew, if the dialog asked for it."""
        if self._wanted:
            await self.async_release()

    @callback
    def _async_lapse(self, _: datetime) -> None:
        self._stop_waiting = None
        self._async_reload()

    @callback
    def async_give_back(self, *, ask: bool) -> None:
        """Have it connected again, if it was let go.

        Args:
            ask: for a key, if its own was refused. While somebody changes the band, Home Assistant
                begins no dialog about its key.
        """
        self._wait_no_longer()
        if self._released:
            self._async_reload()
        elif ask and not self._changed and self._is_refused:
            self.entry.async_start_reauth(self._hass)

    def _async_reload(self) -> None:
        if self._released and not self.is_gone:
            self._released = False
            self._hass.config_entries.async_schedule_reload(self.entry.entry_id)

    def _wait_no_longer(self) -> None:
        if self._stop_waiting is not None:
            self._stop_waiting()
            self._stop_waiting = None

    @callback
    def async_take_over(self, address: str, key: str, binding: str) -> dict[str, Any]:
        """Return what changes in the entry's data; everything else of the band stays.

        Whoever updates the entry with it loads it again as well.
        """
        self._wanted = self._released = False
        self._changed = True
        async_note_address(self._hass, self.entry, address)
        if binding == BINDING_NOT_ASKED:
            # A key that was typed later does not undo what the band answered once.
            binding = self.entry.data.get(CONF_BINDING, binding)
        return {CONF_ADDRESS: address, CONF_KEY: key, CONF_BINDING: binding}

    @property
    def _is_loaded(self) -> bool:
        return self.entry.state is ConfigEntryState.LOADED

    @property
    def _is_refused(self) -> bool:
        """Tell whether nobody tries to connect any more, for the band took its key no more."""
        return self._is_loaded and self.entry.runtime_data.lease.closed


async def async_silent_entries(hass: HomeAssistant) -> list[MiBandConfigEntry]:
    """Return the known bands that nobody hears and no link holds."""
    known: list[MiBandConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    unlinked = [entry for entry in known if not entry.runtime_data.data.connected]
    there = await async_listen(hass, {entry.data[CONF_ADDRESS] for entry in unlinked})
    return [
        entry
        for entry in unlinked
        if entry.data[CONF_ADDRESS] not in there
        # One of them may have been linked or unloaded meanwhile.
        and entry.state is ConfigEntryState.LOADED
        and not entry.runtime_data.data.connected
    ]
