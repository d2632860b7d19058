"""Actions for what the band's screens show: weather and music of one's own."""

from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .band.link import Link
from .band.music import HIGHEST_VOLUME_PERCENT, Music, send_music, send_volume
from .band.weather import AirQuality, Current, Location, Record, send_weather
from .const import DOMAIN
from .feeds.weather import CONDITIONS, Words, condition_of, daily_forecast
from .targets import BAND, coordinator_of

ATTR_AIR_QUALITY: Final = "air_quality"
ATTR_ALBUM: Final = "album"
ATTR_ARTIST: Final = "artist"
ATTR_CONDITION: Final = "condition"
ATTR_DURATION: Final = "duration"
ATTR_FORECAST: Final = "forecast"
ATTR_LOCATION: Final = "location"
ATTR_PLAYING: Final = "playing"
ATTR_POSITION: Final = "position"
ATTR_TEMPERATURE: Final = "temperature"
ATTR_TRACK: Final = "track"
ATTR_VOLUME: Final = "volume"

HIGHEST_INDEX: Final = 1000
"""Of the quality of the air; what is worse than this no scale tells apart."""
LONGEST: Final = timedelta(hours=18)
"""How long something may play: the band has no more bits for it."""

_TEMPERATURE = vol.All(vol.Coerce(float), vol.Range(min=-150, max=150))
_SECONDS = vol.All(vol.Coerce(int), vol.Range(min=0, max=int(LONGEST.total_seconds())))

# As the action that gets forecasts gives them; what else they tell has no place on the band.
_DAY: Final = vol.Schema(
    {
        vol.Required(ATTR_CONDITION): vol.In(CONDITIONS),
        vol.Required(ATTR_TEMPERATURE): _TEMPERATURE,
        vol.Optional("templow"): vol.Any(None, _TEMPERATURE),
        vol.Optional("datetime"): cv.string,
    },
    extra=vol.REMOVE_EXTRA,
)
SET_WEATHER_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Inclusive(ATTR_CONDITION, "now"): vol.In(CONDITIONS),
        vol.Inclusive(ATTR_TEMPERATURE, "now"): _TEMPERATURE,
        vol.Optional(ATTR_AIR_QUALITY): vol.All(
            vol.Coerce(int), vol.Range(min=0, max=HIGHEST_INDEX)
        ),
        vol.Optional(ATTR_FORECAST): vol.All(cv.ensure_list, [_DAY]),
        vol.Optional(ATTR_LOCATION): cv.string,
    }
)
SET_MUSIC_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Optional(ATTR_TRACK): cv.string,
        vol.Optional(ATTR_ARTIST, default=""): cv.string,
        vol.Optional(ATTR_ALBUM, default=""): cv.string,
        vol.Optional(ATTR_PLAYING, default=True): cv.boolean,
        vol.Optional(ATTR_POSITION, default=0): _SECONDS,
        vol.Optional(ATTR_DURATION): _SECONDS,
        vol.Optional(ATTR_VOLUME): vol.All(
            vol.Coerce(int), vol.Range(min=0, max=HIGHEST_VOLUME_PERCENT)
        ),
    }
)


async def async_set_weather(call: ServiceCall) -> None:
    """Show weather; what is not said stays as it is."""
    coordinator = coordinator_of(call)
    words = Words(call.hass, coordinator, call.hass.config.units.temperature_unit)
    records = _records(call, words)
    if not records:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="weather_without_content"
        )
    for record in records:
        await coordinator.async_run(partial(send_weather, record=record))


def _records(call: ServiceCall, words: Words) -> list[Record]:
    """Return what was said, in the order in which the band wants it."""
    now = dt_util.now()
    records: list[Record] = []
    if (condition := call.data.get(ATTR_CONDITION)) is not None:
        records.append(
            Current(
                time=now,
                condition=condition_of(condition),
                temperature=words.temperature(call.data[ATTR_TEMPERATURE]),
                text=words.condition(condition),
            )
        )
    if (index := call.data.get(ATTR_AIR_QUALITY)) is not None:
        records.append(AirQuality(time=now, index=index))
    if forecast := daily_forecast(words, now, call.data.get(ATTR_FORECAST, ())):
        records.append(forecast)
    if (name := call.data.get(ATTR_LOCATION)) is not None:
        records.append(Location(name))
    return records


async def async_set_music(call: ServiceCall) -> None:
    """Show what plays, or with no track that nothing does."""
    data = call.data
    track, duration = data.get(ATTR_TRACK), data.get(ATTR_DURATION)
    music = None
    if track is not None:
        music = Music(
            playing=data[ATTR_PLAYING],
            position=timedelta(seconds=data[ATTR_POSITION]),
            artist=data[ATTR_ARTIST],
            album=data[ATTR_ALBUM],
            track=track,
            duration=None if duration is None else timedelta(seconds=duration),
        )

    async def show(link: Link) -> None:
        await send_music(link, music)
        if (volume := data.get(ATTR_VOLUME)) is not None:
            await send_volume(link, volume)

    await coordinator_of(call).async_run(show)


@callback
def async_setup_display_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    register = hass.services.async_register
    register(DOMAIN, "set_weather", async_set_weather, SET_WEATHER_SCHEMA)
    register(DOMAIN, "set_music", async_set_music, SET_MUSIC_SCHEMA)
