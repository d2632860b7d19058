"""Binary sensors tell what is so on the wrist."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
import pytest

from .house import House


async def test_connected_is_there_with_and_without_the_band(house: House) -> None:
    assert house.value("binary_sensor", "connected") == STATE_ON
    await house.lose_band()
    assert house.value("binary_sensor", "connected") == STATE_OFF
    await house.bring_band_back()
    assert house.value("binary_sensor", "connected") == STATE_ON


async def test_charging_follows_the_charger_and_stays_known(house: House) -> None:
    assert house.value("binary_sensor", "charging") == STATE_OFF
    house.band.wearer.charge(charging=True)
    await house.until_state("binary_sensor", "charging", STATE_ON)
    await house.lose_band()
    assert house.value("binary_sensor", "charging") == STATE_ON


async def test_a_band_that_is_taken_off_is_not_worn_until_it_feels_a_pulse(house: House) -> None:
    assert house.value("binary_sensor", "worn") == STATE_UNKNOWN
    house.band.wearer.take_off()
    await house.until_state("binary_sensor", "worn", STATE_OFF)
    house.band.wearer.put_on()
    await house.act("button", "measure_heart_rate", "press")
    assert house.value("binary_sensor", "worn") == STATE_ON


async def test_asleep_from_falling_asleep_to_waking_up(house: House) -> None:
    assert house.value("binary_sensor", "asleep") == STATE_UNKNOWN
    house.band.wearer.fall_asleep()
    await house.until_state("binary_sensor", "asleep", STATE_ON)
    house.band.wearer.wake_up()
    await house.until_state("binary_sensor", "asleep", STATE_OFF)


async def test_the_goal_is_reached_by_the_last_step(house: House) -> None:
    steps = int(house.value("sensor", "steps"))
    await house.act("number", "step_goal", "set_value", value=steps + 50)
    assert house.value("binary_sensor", "goal_reached") == STATE_OFF
    house.band.wearer.walk(49)
    await house.until_state("sensor", "steps", str(steps + 49))
    assert house.value("binary_sensor", "goal_reached") == STATE_OFF
    house.band.wearer.walk(1)
    await house.until_state("binary_sensor", "goal_reached", STATE_ON)


@pytest.mark.parametrize("key", ["worn", "asleep"])
async def test_what_is_live_is_unavailable_without_the_band(house: House, key: str) -> None:
    await house.lose_band()
    assert house.value("binary_sensor", key) == STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("key", "device_class"),
    [
        ("connected", "connectivity"),
        ("charging", "battery_charging"),
        ("worn", None),
        ("asleep", None),
        ("goal_reached", None),
    ],
)
async def test_a_binary_sensor_is_of_its_kind(
    house: House, key: str, device_class: str | None
) -> None:
    assert house.state("binary_sensor", key).attributes.get("device_class") == device_class
