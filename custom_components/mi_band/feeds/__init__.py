"""What Home Assistant shows on the wrist by itself: weather, music, events of a calendar."""

from homeassistant.core import HomeAssistant, callback

from ..coordinator import MiBandConfigEntry
from ..options import CALENDAR, MEDIA_PLAYER, WEATHER_ENTITY
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
