"""Weather and music of one's own on the band: the bytes, and what its screen shows."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest
import voluptuous as vol

from tests.emulator.screen import Kind
from tests.vectors import music as music_vectors, weather as weather_vectors

from .house import House
from .sources import add_sky

_TIME_AND_ZONE = 5
"""Bytes of a weather record that depend on when it is sent."""


def _sent(house: House, kind: int) -> list[bytes]:
    return [
        bytes.fromhex(message["payload"])
        for message in house.on_band("messages")
        if message["type"] == kind
    ]


async def test_weather_is_sent_as_documented_and_shown(house: House, hass: HomeAssistant) -> None:
    await add_sky(hass)
    await house.call(
        "set_weather",
        condition="sunny",
        temperature=21,
        air_quality=42,
        forecast=[
            {"condition": "sunny", "temperature": 25, "templow": 14},
            {"condition": "cloudy", "temperature": 18.2, "templow": -2, "humidity": 40},
        ],
        location="Madrid",
    )
    current, _, air, forecast, location = (vector.packet for vector in weather_vectors.RECORDS)
    sent = _sent(house, 1)
    assert [packet[:1] for packet in sent] == [b"\x02", b"\x04", b"\x01", b"\x08"]
    # The documents say "Clear" and "Overcast" where Home Assistant says "Sunny" and "Cloudy".
    assert sent[0][1 + _TIME_AND_ZONE :] == current[6:].replace(b"Clear", b"Sunny")
    assert sent[1][1 + _TIME_AND_ZONE :] == air[6:]
    assert sent[2][1 + _TIME_AND_ZONE :] == forecast[6:].replace(b"Clear", b"Sunny").replace(
        b"Overcast", b"Cloudy"
    )
    assert sent[3] == location
    assert abs(int.from_bytes(sent[0][1:5], "little") - dt_util.utcnow().timestamp()) < 60
    house.band.wearer.open_weather()
    assert house.band.screen.kind is Kind.WEATHER
    for text in ("Madrid", "21° clear", "Air 42", "18/-2 overcast"):
        assert text in house.band.screen.text


async def test_what_is_not_said_stays(house: House) -> None:
    await house.call("set_weather", condition="fog", temperature=3)
    await house.call("set_weather", location="Oslo")
    assert house.on_band("weather", "current")["condition"] == 0x12
    assert house.on_band("weather", "location") == "Oslo"
    assert len(_sent(house, 1)) == 2


async def test_temperatures_are_in_the_unit_of_the_house(house: House, hass: HomeAssistant) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    await house.call("set_weather", condition="sunny", temperature=68)
    assert house.on_band("weather", "current")["temperature"] == 20


async def test_weather_of_nothing_is_refused(house: House) -> None:
    with pytest.raises(ServiceValidationError, match="nothing to show"):
        await house.call("set_weather")
    with pytest.raises(ServiceValidationError, match="nothing to show"):
        await house.call(
            "set_weather",
            forecast=[{"condition": "sunny", "temperature": 1, "datetime": "2020-01-01T12:00:00Z"}],
        )


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("set_weather", {"condition": "sunny"}),
        ("set_weather", {"temperature": 21}),
        ("set_weather", {"condition": "volcanic ash", "temperature": 21}),
        ("set_weather", {"condition": "sunny", "temperature": 151}),
        ("set_weather", {"air_quality": -1}),
        ("set_weather", {"forecast": [{"condition": "sunny"}]}),
        ("set_music", {"track": "SOS", "volume": 101}),
        ("set_music", {"track": "SOS", "position": -1}),
        ("set_music", {"track": "SOS", "duration": 64801}),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(
    house: House, action: str, fields: dict[str, object]
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call(action, **fields)


async def test_music_is_sent_as_documented_and_shown(house: House) -> None:
    house.band.wearer.press_music("open")
    await house.call("set_music", track="SOS", artist="ABBA", position=30, duration=202, volume=50)
    assert _sent(house, 3) == [music_vectors.PLAYING.packet, music_vectors.VOLUME.packet]
    assert house.band.screen.kind is Kind.MUSIC
    assert "SOS" in house.band.screen.text
    await house.call("set_music", track="SOS", album="A", playing=False)
    assert house.on_band("music", "playing") is False
    await house.call("set_music")
    assert _sent(house, 3)[-1] == music_vectors.NOTHING.packet
    assert house.on_band("music", "nothing_playing") is True


@pytest.mark.parametrize(
    ("action", "fields"),
    [("set_weather", {"location": "Oslo"}), ("set_music", {"track": "SOS"})],
    ids=["weather", "music"],
)
async def test_a_band_that_is_away_or_leaves_is_an_error(
    house: House, action: str, fields: dict[str, object]
) -> None:
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.call(action, **fields)
    await house.lose_band()
    with pytest.raises(HomeAssistantError) as caught:
        await house.call(action, **fields)
    assert caught.value.translation_key == "not_connected"
