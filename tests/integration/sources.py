"""What bands are fed from in the tests: a weather entity, a player, a calendar."""

from datetime import UTC, datetime, timedelta
from typing import override

from homeassistant.components.calendar import (
    DATA_COMPONENT as CALENDARS,
    CalendarEntity,
    CalendarEvent,
)
from homeassistant.components.media_player import (
    DATA_COMPONENT as PLAYERS,
    MediaPlayerEntity,
    MediaPlayerEntityFeature,
    MediaPlayerState,
)
from homeassistant.components.weather import (
    DATA_COMPONENT as WEATHERS,
    Forecast,
    WeatherEntity,
    WeatherEntityFeature,
)
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from .house import House


class Sky(WeatherEntity):
    """The weather at home."""

    entity_id = "weather.home"
    _attr_name = "Madrid"
    _attr_native_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_condition: str | None = "sunny"
    _attr_native_temperature: float | None = 21.4
    _attr_supported_features: WeatherEntityFeature | None = WeatherEntityFeature.FORECAST_DAILY

    def __init__(self) -> None:
        self.days: list[Forecast] = []
        self.air: object = None
        self.asked = 0

    @property
    @override
    def extra_state_attributes(self) -> dict[str, object]:
        return {} if self.air is None else {"aqi": self.air}

    def change(self, condition: str | None, temperature: float | None) -> None:
        """Let the weather be another."""
        self._attr_condition = condition
        self._attr_native_temperature = temperature
        self.async_write_ha_state()

    def tell_twice_daily(self) -> None:
        """Tell days and nights apart."""
        self._attr_supported_features = WeatherEntityFeature.FORECAST_TWICE_DAILY

    def tell_no_forecast(self) -> None:
        """Know no more than the present."""
        self._attr_supported_features = None

    @override
    async def async_forecast_daily(self) -> list[Forecast]:
        self.asked += 1
        return self.days

    @override
    async def async_forecast_twice_daily(self) -> list[Forecast]:
        return self.days


async def add_sky(hass: HomeAssistant) -> Sky:
    """Add a weather entity."""
    assert await async_setup_component(hass, "weather", {})
    sky = Sky()
    await hass.data[WEATHERS].async_add_entities([sky])
    return sky


class Player(MediaPlayerEntity):
    """A player in the house."""

    entity_id = "media_player.kitchen"
    _attr_name = "Kitchen"
    _attr_supported_features = (
        MediaPlayerEntityFeature.PLAY
        | MediaPlayerEntityFeature.PAUSE
        | MediaPlayerEntityFeature.NEXT_TRACK
        | MediaPlayerEntityFeature.VOLUME_SET
        | MediaPlayerEntityFeature.VOLUME_STEP
    )

    def __init__(self) -> None:
        self.pressed: list[str] = []
        self._attr_state = MediaPlayerState.IDLE

    def play(self, title: str, artist: str = "ABBA", position: int = 30) -> None:
        """Play a song from some position on."""
        self._attr_state = MediaPlayerState.PLAYING
        self._attr_media_title = title
        self._attr_media_artist = artist
        self._attr_media_duration = 202
        self._attr_media_position = position
        self._attr_media_position_updated_at = datetime.now(UTC)
        self._attr_volume_level = 0.5
        self.async_write_ha_state()

    def turn(self, state: MediaPlayerState, volume: float = 0.5) -> None:
        """Be in another state, or as loud as this."""
        self._attr_state = state
        self._attr_volume_level = volume
        self.async_write_ha_state()

    @override
    async def async_media_play(self) -> None:
        self.pressed.append("play")

    @override
    async def async_media_pause(self) -> None:
        self.pressed.append("pause")

    @override
    async def async_media_next_track(self) -> None:
        self.pressed.append("next")

    @override
    async def async_volume_up(self) -> None:
        self.pressed.append("volume_up")

    @override
    async def async_volume_down(self) -> None:
        self.pressed.append("volume_down")


async def add_player(hass: HomeAssistant) -> Player:
    """Add a player."""
    assert await async_setup_component(hass, "media_player", {})
    player = Player()
    await hass.data[PLAYERS].async_add_entities([player])
    return player


class Diary(CalendarEntity):
    """Somebody's calendar."""

    entity_id = "calendar.ada"
    _attr_name = "Ada"

    def __init__(self) -> None:
        self.events: list[CalendarEvent] = []

    def set(self, *events: CalendarEvent) -> None:
        """Have other events."""
        self.events = sorted(events, key=lambda event: str(event.start))
        self.async_write_ha_state()

    def become(self, *, available: bool) -> None:
        """Be there to be read, or not."""
        self._attr_available = available
        self.async_write_ha_state()

    @property
    @override
    def event(self) -> CalendarEvent | None:
        return next((one for one in self.events if isinstance(one.start, datetime)), None)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        return [event for event in self.events if _is_within(event, start_date, end_date)]


def _is_within(event: CalendarEvent, start: datetime, end: datetime) -> bool:
    return event.end_datetime_local > start and event.start_datetime_local < end


async def add_diary(hass: HomeAssistant) -> Diary:
    """Add a calendar."""
    assert await async_setup_component(hass, "calendar", {})
    diary = Diary()
    await hass.data[CALENDARS].async_add_entities([diary])
    return diary


async def settle(house: House) -> None:
    """Let everything be done that is on its way: timers run out, and what they began has ended.

    A whole reading of the band goes over the same link after it.
    """
    async_fire_time_changed(house.hass, dt_util.utcnow() + timedelta(seconds=1))
    await house.hass.async_block_till_done()
    await house.call("sync")
