"""Conditions hold while it is so on the wrist, and for no band that cannot be asked."""

from collections.abc import Mapping

from homeassistant.components.websocket_api import DOMAIN as WEBSOCKET_API
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.condition import (
    async_from_config,
    async_get_all_descriptions,
    async_validate_condition_config,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from .flow import DOMAIN
from .house import House
from .test_triggers import foreign_entity, measure

NAMES = {"is_asleep", "is_awake", "is_goal_reached", "is_heart_rate", "is_not_worn", "is_worn"}


async def holds(
    house: House,
    condition: str,
    options: Mapping[str, object] | None = None,
    **target: object,
) -> bool:
    """Tell whether a condition on the band holds."""
    config = await async_validate_condition_config(
        house.hass,
        {
            "condition": f"{DOMAIN}.{condition}",
            "target": target or {"device_id": [house.device.id]},
            "options": {"behavior": "any", **(options or {})},
        },
    )
    checker = await async_from_config(house.hass, config)
    try:
        return bool(checker.async_check())
    finally:
        checker.async_unload()


async def test_asleep_and_awake_hold_in_turn(house: House) -> None:
    assert not await holds(house, "is_asleep")
    assert not await holds(house, "is_awake")
    house.band.wearer.fall_asleep()
    await house.until_state("binary_sensor", "asleep", "on")
    assert await holds(house, "is_asleep")
    assert not await holds(house, "is_awake")
    house.band.wearer.wake_up()
    await house.until_state("binary_sensor", "asleep", "off")
    assert await holds(house, "is_awake")
    assert not await holds(house, "is_asleep")


async def test_worn_and_not_worn_hold_in_turn(house: House) -> None:
    await measure(house, 70)
    assert await holds(house, "is_worn")
    assert not await holds(house, "is_not_worn")
    house.band.wearer.take_off()
    await house.until_state("binary_sensor", "worn", "off")
    assert await holds(house, "is_not_worn")
    assert not await holds(house, "is_worn")


async def test_the_goal_is_reached_with_its_last_step(house: House) -> None:
    assert not await holds(house, "is_goal_reached")
    await house.act("number", "step_goal", "set_value", value=1000)
    house.band.wearer.walk(1000)
    await house.until_state("binary_sensor", "goal_reached", "on")
    assert await holds(house, "is_goal_reached")


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ({"type": "above", "value": {"number": 69}}, True),
        ({"type": "above", "value": {"number": 70}}, False),
        ({"type": "between", "value_min": {"number": 60}, "value_max": {"number": 70}}, True),
        ({"type": "below", "value": {"entity": "input_number.limit"}}, True),
    ],
)
async def test_a_heart_rate_is_in_its_range(
    house: House, hass: HomeAssistant, threshold: Mapping[str, object], *, expected: bool
) -> None:
    hass.states.async_set("input_number.limit", "75")
    await measure(house, 70)
    assert await holds(house, "is_heart_rate", {"threshold": threshold}) is expected


@pytest.mark.parametrize("behavior", ["any", "all"])
@pytest.mark.parametrize("condition", ["is_asleep", "is_awake", "is_worn", "is_not_worn"])
async def test_nothing_holds_for_a_band_that_is_away(
    house: House, condition: str, behavior: str
) -> None:
    house.band.wearer.fall_asleep()
    await house.until_state("binary_sensor", "asleep", "on")
    await house.lose_band()
    assert not await holds(house, condition, {"behavior": behavior})


async def test_no_heart_rate_is_in_no_range(house: House) -> None:
    threshold = {"type": "below", "value": {"number": 200}}
    for behavior in ("any", "all"):
        options = {"threshold": threshold, "behavior": behavior}
        assert not await holds(house, "is_heart_rate", options)


async def test_a_foreign_entity_in_the_area_does_not_count(
    house: House, hass: HomeAssistant
) -> None:
    foreign = foreign_entity(hass, "binary_sensor", "asleep")
    living_room = ar.async_get(hass).async_get_or_create("Living room")
    dr.async_get(hass).async_update_device(house.device.id, area_id=living_room.id)
    hass.states.async_set(foreign.entity_id, "on")
    house.band.wearer.wake_up()
    await house.until_state("binary_sensor", "asleep", "off")
    assert not await holds(house, "is_asleep", area_id=[living_room.id])
    assert await holds(house, "is_awake", {"behavior": "all"}, area_id=[living_room.id])


async def test_the_editor_offers_every_condition_for_a_band(
    house: House, hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, WEBSOCKET_API, {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": "get_conditions_for_target", "target": {"device_id": [house.device.id]}}
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    offered = {name for name in answer["result"] if name.startswith(f"{DOMAIN}.")}
    assert offered == {f"{DOMAIN}.{name}" for name in NAMES}
    described = await async_get_all_descriptions(hass)
    assert all(described[name] for name in offered)
