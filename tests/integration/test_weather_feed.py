"""The weather of a chosen entity on the wrist: what is sent, when, and when not."""

from datetime import timedelta

from homeassistant.components.weather import Forecast
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest

from custom_components.mi_band.band.weather import Condition
from custom_components.mi_band.feeds import weather as feed
from tests.emulator.screen import Kind

from .house import House, until
from .sources import Sky, add_sky, settle


@pytest.fixture(autouse=True)
def no_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "CALM", timedelta(milliseconds=1))


@pytest.fixture
async def sky(hass: HomeAssistant) -> Sky:
    return await add_sky(hass)


def _days(*days: tuple[str, float, float | None]) -> list[Forecast]:
    today = dt_util.now().replace(hour=12)
    return [
        Forecast(
            datetime=(today + timedelta(days=number)).isoformat(),
            condition=condition,
            native_temperature=highest,
            native_templow=lowest,
        )
        for number, (condition, highest, lowest) in enumerate(days)
    ]


def _messages(house: House) -> list[bytes]:
    return [
        bytes.fromhex(message["payload"])
        for message in house.on_band("messages")
        if message["type"] == 1
    ]


async def _until_told(house: House, count: int) -> None:
    await until(lambda: len(_messages(house)) == count)
    await settle(house)
    assert len(_messages(house)) == count


async def test_the_band_shows_now_and_the_days_to_come(house: House, sky: Sky) -> None:
    sky.days = _days(("sunny", 25.2, 14), ("rainy", 18, -2.4), ("snowy", 1, None))
    sky.air = 42
    sky.change("sunny", 21.4)
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 4)
    weather = house.on_band("weather")
    offset = dt_util.now().utcoffset()
    assert offset is not None
    for record in ("current", "air_quality", "forecast"):
        assert weather[record].pop("zone") == offset // timedelta(minutes=15)
        assert abs(weather[record].pop("time") - dt_util.utcnow().timestamp()) < 60
    assert weather == {
        "current": {"condition": 0, "temperature": 21, "text": "Sunny"},
        "air_quality": {"aqi": 42, "text": ""},
        "forecast": {
            "days": [
                {"day": 0, "night": 0, "maximum": 25, "minimum": 14, "text": "Sunny"},
                {"day": 8, "night": 8, "maximum": 18, "minimum": -2, "text": "Rainy"},
                {"day": 15, "night": 15, "maximum": 1, "minimum": 1, "text": "Snowy"},
            ]
        },
        "location": "Madrid",
    }
    assert [message[0] for message in _messages(house)] == [0x02, 0x04, 0x01, 0x08]
    house.band.wearer.open_weather()
    assert house.band.screen.kind is Kind.WEATHER
    assert "21° clear" in house.band.screen.text
    assert "18/-2 rain" in house.band.screen.text


@pytest.mark.parametrize("index", [40000, float("inf")])
async def test_air_worse_than_there_are_bits_for_is_as_bad_as_they_can_say(
    house: House, sky: Sky, index: float
) -> None:
    sky.air = index
    sky.change("sunny", 21.4)
    await house.choose(weather_entity="weather.home")
    await until(lambda: house.on_band("weather").get("location") == "Madrid")
    assert house.on_band("weather", "air_quality", "aqi") == 32767


async def test_only_what_changed_is_sent(house: House, sky: Sky) -> None:
    sky.days = _days(("sunny", 25, 14))
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    sky.change("cloudy", 21.4)
    await _until_told(house, 4)
    assert _messages(house)[-1][0] == 0x02
    assert house.on_band("weather", "current")["condition"] == 2
    sky.days = _days(("sunny", 26, 14))
    sky.change("cloudy", 21.2)
    await _until_told(house, 5)
    assert _messages(house)[-1][0] == 0x01


async def test_a_new_link_brings_only_what_changed_meanwhile(house: House, sky: Sky) -> None:
    sky.days = _days(("sunny", 25, 14))
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    await house.lose_band()
    await house.bring_band_back()
    await house.lose_band()
    sky.change("fog", 3)
    await house.bring_band_back()
    await _until_told(house, 4)
    assert house.on_band("weather", "current")["condition"] == 0x12


async def test_the_band_learns_now_and_then_that_the_weather_is_still_so(
    house: House, sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    sky.days = _days(("sunny", 25, 14))
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    monkeypatch.setattr(feed, "FRESH", timedelta())
    sky.change("sunny", 21.3)
    # The place has no age.
    await _until_told(house, 5)


async def test_a_cut_brings_what_is_missing_on_the_next_link(house: House, sky: Sky) -> None:
    sky.days = _days(("sunny", 25, 14))
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    house.band.faults.cut_after(1)
    sky.days = _days(("sunny", 1, 1))
    sky.change("snowy", -3)
    await until(lambda: house.on_band("connections") == 3)
    await house.until_connected()
    await until(lambda: house.on_band("weather", "current")["temperature"] == -3)
    await until(lambda: house.on_band("weather", "forecast")["days"][0]["maximum"] == 1)


async def test_who_chooses_miles_reads_fahrenheit(house: House, sky: Sky) -> None:
    sky.days = _days(("sunny", 25, 14))
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    await house.act("select", "distance_unit", "select_option", option="imperial")
    await _until_told(house, 5)
    assert house.on_band("weather", "current")["temperature"] == 71
    (day,) = house.on_band("weather", "forecast")["days"]
    assert (day["maximum"], day["minimum"]) == (77, 57)


async def test_a_house_that_counts_in_fahrenheit_is_understood(
    house: House, hass: HomeAssistant
) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    sky = await add_sky(hass)
    sky.days = _days(("sunny", 25, 14))
    sky.change("sunny", 20)
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    state = hass.states.get("weather.home")
    assert state is not None
    assert state.attributes["temperature"] == 68
    assert house.on_band("weather", "current")["temperature"] == 20
    assert house.on_band("weather", "forecast")["days"][0]["maximum"] == 25


async def test_days_and_nights_are_told_apart_where_the_entity_does(house: House, sky: Sky) -> None:
    today = dt_util.now().replace(hour=12, minute=0)
    halves: list[tuple[int, bool, str, float]] = [
        (0, False, "clear-night", 9),
        (24, True, "rainy", 18),
        (36, False, "cloudy", 7),
        (48, True, "sunny", 20),
    ]
    sky.days = [
        Forecast(
            datetime=(today + timedelta(hours=hours)).isoformat(),
            is_daytime=is_daytime,
            condition=condition,
            native_temperature=temperature,
        )
        for hours, is_daytime, condition, temperature in halves
    ]
    # The second night belongs to the day that it follows.
    sky.days[2]["datetime"] = sky.days[1]["datetime"]
    sky.tell_twice_daily()
    sky.change("sunny", 21.4)
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    days = house.on_band("weather", "forecast")["days"]
    assert [(day["day"], day["night"], day["maximum"], day["minimum"]) for day in days] == [
        (0, 0, 9, 9),
        (8, 2, 18, 7),
        (0, 0, 20, 20),
    ]


async def test_an_entity_without_a_forecast_shows_the_present(house: House, sky: Sky) -> None:
    sky.tell_no_forecast()
    sky.change("sunny", 21.4)
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 2)
    assert house.on_band("weather").keys() == {"current", "location"}


async def test_yesterday_is_no_day_to_come(house: House, sky: Sky) -> None:
    sky.days = _days(*[("sunny", float(number), 0) for number in range(9)])
    yesterday = dt_util.now() - timedelta(days=1)
    sky.days[0]["datetime"] = yesterday.isoformat()
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 3)
    days = house.on_band("weather", "forecast")["days"]
    assert [day["maximum"] for day in days] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("air", ["bad", -1, None])
async def test_air_that_is_no_number_is_not_told(house: House, sky: Sky, air: object) -> None:
    sky.air = air
    sky.tell_no_forecast()
    sky.change("sunny", 21.4)
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 2)


async def test_without_a_temperature_only_the_forecast_is_told(house: House, sky: Sky) -> None:
    sky.days = _days(("sunny", 25, 14))
    sky.change("sunny", None)
    await house.choose(weather_entity="weather.home")
    await _until_told(house, 2)
    assert house.on_band("weather").keys() == {"forecast", "location"}


async def test_an_entity_that_is_not_there_yet_is_waited_for(
    house: House, hass: HomeAssistant
) -> None:
    await house.choose(weather_entity="weather.home")
    sky = await add_sky(hass)
    sky.tell_no_forecast()
    sky.change("sunny", 20)
    await _until_told(house, 2)
    hass.states.async_set("weather.home", STATE_UNAVAILABLE)
    await settle(house)
    assert len(_messages(house)) == 2


async def test_a_forecast_that_cannot_be_had_is_told_once(
    house: House, sky: Sky, caplog: pytest.LogCaptureFixture
) -> None:
    await house.choose(weather_entity="weather.home")
    hass = house.hass
    hass.services.async_remove("weather", "get_forecasts")
    for temperature in (1, 2, 3):
        sky.change("sunny", temperature)
        await settle(house)
    assert caplog.text.count("was not brought") == 1


def test_every_condition_of_home_assistant_has_a_picture() -> None:
    assert feed.CONDITIONS.keys() == {
        *("clear-night", "cloudy", "exceptional", "fog", "hail", "lightning", "lightning-rainy"),
        *("partlycloudy", "pouring", "rainy", "snowy", "snowy-rainy", "sunny", "windy"),
        "windy-variant",
    }
    assert feed.condition_of("volcanic ash") is Condition.CLOUDY
