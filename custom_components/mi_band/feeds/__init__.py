"""What Home Assistant shows on the wrist by itself: weather, music, events of a calendar."""

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.entity_registry import EventEntityRegistryUpdatedData
from homeassistant.helpers.event import async_track_entity_registry_updated_event

from ..coordinator import MiBandConfigEntry
from ..options import CALENDAR, MEDIA_PLAYER, SECTIONS, WEATHER_ENTITY, Option
from .calendar import CalendarFeed
from .music import MusicFeed
from .weather import WeatherFeed


@callback
def async_start_feeds(hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
    """Start what was chosen for a band; all of it ends with the entry."""
    if (entity_id := WEATHER_ENTITY.of(entry)) is not None:
        WeatherFeed(hass, entry, entity_id).async_start()
    if (entity_id := MEDIA_PLAYER.of(entry)) is not None:
        MusicFeed(hass, entry, entity_id).async_start()
    # Without a calendar it takes away what one left on the band.
    CalendarFeed(hass, entry, CALENDAR.of(entry)).async_start()
    for source in SECTIONS["feeds"]:
        _async_follow(hass, entry, source)


@callback
def _async_follow(
    hass: HomeAssistant, entry: MiBandConfigEntry, source: Option[str | None]
) -> None:
    """Follow a source that gets another entity id; nobody tells that its news stay away."""

    @callback
    def note(event: Event[EventEntityRegistryUpdatedData]) -> None:
        changed = event.data
        if changed["action"] == "update" and "entity_id" in changed["changes"]:
            options = {**entry.options, source.key: changed["entity_id"]}
            hass.config_entries.async_update_entry(entry, options=options)
            hass.config_entries.async_schedule_reload(entry.entry_id)

    if (entity_id := source.of(entry)) is not None:
        entry.async_on_unload(async_track_entity_registry_updated_event(hass, entity_id, note))
