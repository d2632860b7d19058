"""Switch, select and number: what is chosen in Home Assistant is so on the band."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from .flow import PROFILE
from .house import House, until


async def test_continuous_heart_rate_brings_readings_until_it_is_off(house: House) -> None:
    assert house.value("switch", "continuous_heart_rate") == STATE_OFF
    await house.act("switch", "continuous_heart_rate", "turn_on")
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    for bpm in (64, 97):
        house.band.wearer.set_heart_rate(bpm)
        await house.until_state("sensor", "heart_rate", str(bpm))
    await house.act("switch", "continuous_heart_rate", "turn_off")
    assert house.value("switch", "continuous_heart_rate") == STATE_OFF
    await until(lambda: house.on_band("heart_rate", "continuous") is False)


async def test_continuous_heart_rate_goes_on_when_the_band_is_back(house: House) -> None:
    await house.act("switch", "continuous_heart_rate", "turn_on")
    await house.lose_band()
    house.band.wearer.set_heart_rate(99)
    await house.bring_band_back()
    assert house.value("switch", "continuous_heart_rate") == STATE_ON
    await house.until_state("sensor", "heart_rate", "99")


@pytest.mark.parametrize(
    ("option", "minutes"), [("1_min", 1), ("5_min", 5), ("10_min", 10), ("30_min", 30), ("off", 0)]
)
async def test_the_interval_of_the_heart_rate_reaches_the_band(
    house: House, option: str, minutes: int
) -> None:
    assert house.value("select", "heart_rate_interval") == STATE_UNKNOWN
    await house.act("select", "heart_rate_interval", "select_option", option=option)
    assert house.value("select", "heart_rate_interval") == option
    assert house.on_band("heart_rate", "interval") == minutes


async def test_an_interval_off_the_list_is_refused(house: House) -> None:
    with pytest.raises(ServiceValidationError):
        await house.act("select", "heart_rate_interval", "select_option", option="7_min")


async def test_the_goal_is_at_first_the_one_of_the_wearer(house: House) -> None:
    assert float(house.value("number", "step_goal")) == PROFILE["step_goal"]


async def test_the_goal_reaches_the_band(house: House) -> None:
    await house.act("number", "step_goal", "set_value", value=12345)
    assert house.value("number", "step_goal") == "12345"
    assert house.on_band("user_profile", "goal") == 12345


@pytest.mark.parametrize("goal", [0, 65536])
async def test_a_goal_that_the_band_cannot_hold_is_refused(house: House, goal: int) -> None:
    with pytest.raises(ServiceValidationError):
        await house.act("number", "step_goal", "set_value", value=goal)


async def test_a_setting_that_the_band_did_not_take_is_not_shown(house: House) -> None:
    before = house.value("number", "step_goal")
    # The write arrives, but no response to it.
    house.band.faults.cut_after(1)
    with pytest.raises(HomeAssistantError, match="broke"):
        await house.act("number", "step_goal", "set_value", value=500)
    await house.until_connected()
    assert house.value("number", "step_goal") == before


async def test_settings_outlive_a_restart(house: House, hass: HomeAssistant) -> None:
    await house.act("number", "step_goal", "set_value", value=4321)
    await house.act("select", "heart_rate_interval", "select_option", option="10_min")
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()
    assert house.value("number", "step_goal") == "4321"
    assert house.value("select", "heart_rate_interval") == "10_min"


@pytest.mark.parametrize(
    ("platform", "key"),
    [
        ("switch", "continuous_heart_rate"),
        ("select", "heart_rate_interval"),
        ("number", "step_goal"),
    ],
)
async def test_a_setting_is_unavailable_without_the_band(
    house: House, platform: str, key: str
) -> None:
    await house.lose_band()
    assert house.value(platform, key) == STATE_UNAVAILABLE
