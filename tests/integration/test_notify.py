"""Messages appear on the wrist, whole or cut, and never break."""

from functools import partial

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mi_band.services import LOOKS

from .house import House, until


async def test_a_message_appears_with_its_title(house: House) -> None:
    await house.act(
        "notify", "wrist", "send_message", message="The washing is done", title="Laundry"
    )
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert (alert["title"], alert["body"]) == ("Laundry", "The washing is done")
    assert "The washing is done" in house.band.screen.text
    assert house.band.vibrations == 1


async def test_a_message_without_a_title_comes_from_home_assistant(house: House) -> None:
    await house.act("notify", "wrist", "send_message", message="Dinner")
    await until(lambda: house.on_band("alerts"))
    assert house.on_band("alerts")[0]["title"] == "Home Assistant"


@pytest.mark.parametrize(
    "text", ["x" * 600, "Ω" * 300, "🎉" * 200, "a" + "家" * 400], ids=str.__len__
)
async def test_a_long_message_is_cut_between_two_characters(house: House, text: str) -> None:
    await house.act("notify", "wrist", "send_message", message=text)
    await until(lambda: house.on_band("alerts"))
    body = house.on_band("alerts")[0]["body"]
    assert text.startswith(body)
    assert len(body.encode()) > 180


async def test_the_entity_tells_when_the_last_message_went_out(house: House) -> None:
    assert house.value("notify", "wrist") == STATE_UNKNOWN
    await house.act("notify", "wrist", "send_message", message="Dinner")
    assert house.value("notify", "wrist") != STATE_UNKNOWN


async def test_a_message_that_did_not_arrive_is_an_error(house: House) -> None:
    house.band.faults.cut_after(1)
    # Long enough for two chunks; the second does not get through.
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.act("notify", "wrist", "send_message", message="x" * 300)
    assert house.value("notify", "wrist") in {STATE_UNAVAILABLE, STATE_UNKNOWN}


async def test_the_wrist_is_unavailable_without_the_band(house: House) -> None:
    await house.lose_band()
    assert house.value("notify", "wrist") == STATE_UNAVAILABLE


# The action of the integration


async def test_the_action_shows_title_icon_and_app(house: House) -> None:
    await house.call(
        "notify", message="It rains", title="Garden", icon="weather", app_name="Rain sensor"
    )
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert (alert["title"], alert["body"]) == ("Garden", "It rains")
    assert (alert["icon"], alert["app"]) == (LOOKS["weather"].value, "Rain sensor")


async def test_the_action_leaves_out_what_is_not_given(house: House) -> None:
    await house.call("notify", message="It rains")
    await until(lambda: house.on_band("alerts"))
    (alert,) = house.on_band("alerts")
    assert (alert["title"], alert["app"]) == ("Home Assistant", "Home Assistant")
    assert alert["icon"] == LOOKS["app"].value


async def test_every_look_reaches_the_screen(house: House) -> None:
    for number, look in enumerate(LOOKS, start=1):
        await house.call("notify", message=f"As {look}", icon=look)
        await until(partial(_has_alerts, house, number))
        assert f"As {look}" in house.band.screen.text


def _has_alerts(house: House, number: int) -> bool:
    return len(house.on_band("alerts")) == number


async def test_the_action_counts_as_the_last_message_too(house: House) -> None:
    await house.call("notify", message="It rains")
    assert house.value("notify", "wrist") != STATE_UNKNOWN
