"""The weather on the wrist, from a weather entity."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_SUPPORTED_FEATURES,
    ATTR_TEMPERATURE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers.translation import async_translate_state
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import TemperatureConverter

from ..band.settings import DISTANCE_UNIT
from ..band.weather import (
    HIGHEST_DAYS,
    HIGHEST_INDEX,
    AirQuality,
    Condition,
    Current,
    Day,
    Forecast,
    Location,
    Record,
    send_weather,
)
from ..coordinator import MiBandConfigEntry, MiBandCoordinator
from .push import Push

CALM: Final = timedelta(seconds=30)
"""Weather entities change several of their attributes one after the other."""
FRESH: Final = timedelta(hours=3)
"""How old the time of an observation may grow on the band while the weather stays as it is: it
tells the wearer how far to trust it. [INFERRED]"""

CONDITIONS: Final[Mapping[str, Condition]] = {
    "clear-night": Condition.CLEAR,
    "cloudy": Condition.CLOUDY,
    "exceptional": Condition.CLOUDY,
    "fog": Condition.FOG,
    "hail": Condition.HAIL,
    "lightning": Condition.THUNDERSTORM,
    "lightning-rainy": Condition.THUNDERSTORM,
    "partlycloudy": Condition.SCATTERED_CLOUDS,
    "pouring": Condition.HEAVY_RAIN,
    "rainy": Condition.RAIN,
    "snowy": Condition.SNOW,
    "snowy-rainy": Condition.SLEET,
    "sunny": Condition.CLEAR,
    # The band has no picture of wind.
    "windy": Condition.SCATTERED_CLOUDS,
    "windy-variant": Condition.CLOUDY,
}
"""The band's picture for each condition of Home Assistant."""

_DAILY, _TWICE_DAILY = 1, 4
_LOWEST, _HIGHEST = -128, 127


class Words:
    """How a band's wearer reads the weather: in which unit, and in which language."""

    def __init__(self, hass: HomeAssistant, coordinator: MiBandCoordinator, unit: str) -> None:
        """Prepare for temperatures that come in a unit of Home Assistant's."""
        self._hass = hass
        imperial = coordinator.data.settings.of(DISTANCE_UNIT) == "imperial"
        self._to = UnitOfTemperature.FAHRENHEIT if imperial else UnitOfTemperature.CELSIUS
        self._from = unit

    def temperature(self, value: float) -> int:
        """Return a temperature in the wearer's unit, as near as a byte comes to it."""
        converted = TemperatureConverter.convert(float(value), self._from, self._to)
        return max(_LOWEST, min(round(converted), _HIGHEST))

    def condition(self, name: str) -> str:
        """Return a condition in the language of the house."""
        return async_translate_state(self._hass, name, "weather", None, None, None)


def condition_of(name: object) -> Condition:
    """Return the band's picture for a condition; clouds for one that Home Assistant lacks."""
    return CONDITIONS.get(str(name), Condition.CLOUDY)


def daily_forecast(
    words: Words, time: datetime, items: Iterable[Mapping[str, Any]]
) -> Forecast | None:
    """Return a forecast of whole days, from today on; None when it has no day."""
    days = [
        Day(
            condition=condition_of(item.get("condition")),
            # Which the nights are is not told; a working client repeats the day's, too.
            night=condition_of(item.get("condition")),
            highest=words.temperature(item["temperature"]),
            lowest=words.temperature(_lowest(item)),
            text=words.condition(str(item.get("condition") or "")),
        )
        for item in items
        if item.get("temperature") is not None and _date_of(item) >= dt_util.now().date()
    ][:HIGHEST_DAYS]
    return Forecast(time=time, days=tuple(days)) if days else None


def _lowest(item: Mapping[str, Any]) -> float:
    lowest = item.get("templow")
    return float(item["temperature"] if lowest is None else lowest)


def twice_daily_forecast(
    words: Words, time: datetime, items: Iterable[Mapping[str, Any]]
) -> Forecast | None:
    """Return a forecast whose days and nights are told apart."""
    halves: dict[date, dict[bool, Mapping[str, Any]]] = {}
    for item in items:
        if item.get("temperature") is not None and _date_of(item) >= dt_util.now().date():
            halves.setdefault(_date_of(item), {})[bool(item.get("is_daytime", True))] = item
    days = []
    for parts in list(halves.values())[:HIGHEST_DAYS]:
        # The last day may have no night, and today, in the evening, no day.
        light, dark = parts.get(True) or parts[False], parts.get(False) or parts[True]
        temperatures = [words.temperature(part["temperature"]) for part in (light, dark)]
        days.append(
            Day(
                condition=condition_of(light.get("condition")),
                night=condition_of(dark.get("condition")),
                highest=max(temperatures),
                lowest=min(temperatures),
                text=words.condition(str(light.get("condition") or "")),
            )
        )
    return Forecast(time=time, days=tuple(days)) if days else None


def _date_of(item: Mapping[str, Any]) -> date:
    moment = dt_util.parse_datetime(str(item.get("datetime")))
    # What has no date is taken for today: the action allows that.
    return (dt_util.as_local(moment) if moment else dt_util.now()).date()


class WeatherFeed:
    """Brings the weather to one band, what changed of it."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry, entity_id: str) -> None:
        self._hass = hass
        self._coordinator = entry.runtime_data
        self._entity_id = entity_id
        self._push = Push(hass, entry, "weather", self._async_push)
        self._told: dict[type[Record], Record] = {}
        self._unit = self._coordinator.data.settings.of(DISTANCE_UNIT)
        self._doubtful = False

    @callback
    def async_start(self) -> None:
        """Begin; ends with the entry."""
        self._push.async_start(self._entity_id, CALM)
        unload = self._coordinator.config_entry.async_on_unload
        unload(self._coordinator.async_add_listener(self._async_note_state))

    @callback
    def _async_note_state(self) -> None:
        state = self._coordinator.data
        doubtful, self._doubtful = self._doubtful, state.slots.doubtful
        if self._doubtful and not doubtful:
            # Another firmware may have lost this, too; the next link brings all of it.
            self._told.clear()
        unit = state.settings.of(DISTANCE_UNIT)
        if unit != self._unit:
            self._unit = unit
            self._push.async_note()

    async def _async_push(self) -> None:
        state = self._hass.states.get(self._entity_id)
        if state is None or state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
            return
        for record in await self._async_records(state):
            if self._is_news(record):
                await self._coordinator.async_run(partial(send_weather, record=record))
                self._told[type(record)] = record

    async def _async_records(self, state: State) -> list[Record]:
        unit = state.attributes.get("temperature_unit", self._hass.config.units.temperature_unit)
        words = Words(self._hass, self._coordinator, unit)
        time = dt_util.as_local(state.last_reported)
        records: list[Record] = []
        if (temperature := state.attributes.get(ATTR_TEMPERATURE)) is not None:
            records.append(
                Current(
                    time=time,
                    condition=condition_of(state.state),
                    temperature=words.temperature(temperature),
                    text=words.condition(state.state),
                )
            )
        # Not an attribute of all weather entities; some integrations add it.
        index = state.attributes.get("aqi")
        if isinstance(index, int | float) and index >= 0:
            records.append(AirQuality(time=time, index=int(min(index, HIGHEST_INDEX))))
        if (forecast := await self._async_forecast(state, words, time)) is not None:
            records.append(forecast)
        records.append(Location(state.name))
        return records

    async def _async_forecast(self, state: State, words: Words, time: datetime) -> Forecast | None:
        features = state.attributes.get(ATTR_SUPPORTED_FEATURES, 0)
        if features & _DAILY:
            kind, build = "daily", daily_forecast
        elif features & _TWICE_DAILY:
            kind, build = "twice_daily", twice_daily_forecast
        else:
            return None
        answer = await self._hass.services.async_call(
            "weather",
            "get_forecasts",
            {ATTR_ENTITY_ID: self._entity_id, "type": kind},
            blocking=True,
            return_response=True,
        )
        told: Any = (answer or {}).get(self._entity_id)
        return build(words, time, told["forecast"] if told else ())

    def _is_news(self, record: Record) -> bool:
        told = self._told.get(type(record))
        if told is None or isinstance(record, Location) or isinstance(told, Location):
            return record != told
        return replace(record, time=told.time) != told or record.time - told.time >= FRESH
