"""Automations in a house, and what they did."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components import automation
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_capture_events

FIRED = "an_automation_ran"
"""The event that an automation of these tests ends with."""


async def automate(
    hass: HomeAssistant,
    trigger: str,
    target: Mapping[str, object],
    options: Mapping[str, object] | None = None,
) -> list[Event[Any]]:
    """Let an automation run on a trigger; give the list of its runs, which grows."""
    runs: list[Event[Any]] = async_capture_events(hass, FIRED)
    await set_up(
        hass,
        {
            "alias": "Test",
            "triggers": {"trigger": trigger, "target": target, "options": options or {}},
            "actions": {
                "event": FIRED,
                "event_data": {"entity_id": "{{ trigger.entity_id }}"},
            },
            "mode": "queued",
        },
    )
    return runs


async def set_up(hass: HomeAssistant, config: Mapping[str, object]) -> None:
    """Set up an automation; the test fails when Home Assistant does not take its configuration."""
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: config})
    await hass.async_block_till_done()
    (state,) = hass.states.async_all(automation.DOMAIN)
    assert state.state == "on", "the configuration was not accepted"
