"""The settings of a band: chosen, told, and told again where the band may have others.

None can be read back, so two facts are kept of each: what was chosen and the band took, and what is
on the band for certain. They part when the answer to a write is lost with the link, when the band
was reset, and when a language follows Home Assistant's. Each new link tells the differences, which
mostly are none.
"""

from collections.abc import Iterator
from dataclasses import replace
import logging

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback

from .band.errors import REFUSALS
from .band.link import Link
from .band.settings import Change, Setting, Value, apply_change, differences
from .band.state import Update
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .preferences import resolved

_LOGGER = logging.getLogger(__name__)


async def async_choose[T: Value](
    coordinator: MiBandCoordinator, setting: Setting[T], value: T
) -> None:
    """Tell the band a setting, and remember the choice once the band took it.

    Raises:
        HomeAssistantError: translated; there is no link, it broke, or the band refused.
    """
    told = setting.of(resolved({setting.key: value}, coordinator.hass.config.language))
    change = setting.to(value if told is None else told)

    async def tell(link: Link) -> Update:
        await _async_tell(coordinator, link, change)
        return lambda state: replace(state, settings=state.settings.choosing(setting.key, value))

    await coordinator.async_change(tell)


class Choices:
    """Sees to it that a band has what was chosen."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._refused: dict[str, Value] = {}

    @callback
    def async_start(self) -> None:
        """Begin to look at each new link; ends with the entry."""
        unload = self._entry.async_on_unload
        unload(self._coordinator.companions.async_on_link("settings", self._async_restore))
        # A band may have chosen to speak Home Assistant's language.
        unload(self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_note_language))

    @callback
    def _async_note_language(self, _: Event) -> None:
        if self._coordinator.data.connected and any(self._differences()):
            self._coordinator.companions.start("settings", self._async_restore())

    async def _async_restore(self) -> None:
        if any(self._differences()):
            await self._coordinator.lease.run(self._async_tell_differences)

    def _differences(self) -> Iterator[Change]:
        settings = self._coordinator.data.settings
        return differences(resolved(settings.chosen, self._hass.config.language), settings.on_band)

    async def _async_tell_differences(self, link: Link) -> None:
        for key in [change.key for change in self._differences()]:
            async with self._coordinator.change_turn:
                await self._async_tell_difference(link, key)

    async def _async_tell_difference(self, link: Link, key: str) -> None:
        # Somebody may have chosen another value since, and told the band.
        change = next((change for change in self._differences() if change.key == key), None)
        if change is None:
            return
        try:
            await _async_tell(self._coordinator, link, change)
        except REFUSALS as err:
            # Tried on each link, for it may have been busy with something else, but told once.
            level = logging.DEBUG if self._refused.get(key) == change.value else logging.WARNING
            self._refused[key] = change.value
            name = self._coordinator.name
            _LOGGER.log(level, "%s has another %s than chosen: %s", name, key, err)
        else:
            self._refused.pop(key, None)


async def _async_tell(coordinator: MiBandCoordinator, link: Link, change: Change) -> None:
    before = coordinator.data.settings.on_band.get(change.key)
    # Until it answers nobody knows what it has; a link that breaks now leaves it at that.
    _note_on_band(coordinator, change.key, None)
    try:
        await apply_change(link, change)
    except REFUSALS:
        _note_on_band(coordinator, change.key, before)
        raise
    _note_on_band(coordinator, change.key, change.value)


def _note_on_band(coordinator: MiBandCoordinator, key: str, value: Value | None) -> None:
    # Nothing that anybody shows, so nobody is told.
    coordinator.async_keep(
        lambda state: replace(state, settings=state.settings.knowing(key, value))
    )
