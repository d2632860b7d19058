"""The actions of the integration: what they do, and what they say when they cannot."""

import asyncio
from datetime import timedelta

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from .flow import DOMAIN
from .house import House, until

COORDINATOR = "custom_components.mi_band.coordinator"
CALLS: list[tuple[str, dict[str, object]]] = [
    ("find_band", {}),
    ("notify", {"message": "Dinner"}),
    ("sync", {}),
]
EVERY: dict[str, dict[str, object]] = {
    "ask": {"question": "Close it?"},
    "call": {"caller": "Front door"},
    "export_history": {"file": "www/minutes.csv"},
    "factory_reset": {},
    "find_band": {},
    "get_history": {},
    "install_watchface": {"file": "/local/face.bin"},
    "notify": {"message": "Dinner"},
    "reboot": {},
    "rebuild_statistics": {},
    "set_alarm": {"alarm": 1, "time": "07:30:00"},
    "set_music": {"track": "SOS"},
    "set_reminder": {"reminder": 1, "text": "Pills", "when": "2126-12-24 18:00:00"},
    "set_weather": {"condition": "sunny", "temperature": 21},
    "stop_find_phone": {},
    "sync": {},
    "unbind": {},
    "update_firmware": {"file": "mi_band/firmware.fw"},
}
"""Every action, with fields that are right."""
FILES = {"install_watchface", "update_firmware"}
"""Those that look at their files first."""


async def test_find_band_vibrates_until_it_is_stopped(house: House) -> None:
    await house.call("find_band")
    await until(lambda: house.on_band("find", "ringing"))
    await house.call("find_band", stop=True)
    await until(lambda: not house.on_band("find", "ringing"))
    assert house.on_band("find", "levels")[-1] == 0


async def test_find_band_stops_by_itself(house: House) -> None:
    await house.call("find_band", duration=1)
    await until(lambda: 0 in house.on_band("find", "levels"))
    assert not house.on_band("find", "ringing")


async def test_find_band_runs_its_pattern_again_and_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = timedelta(milliseconds=50)
    monkeypatch.setattr("custom_components.mi_band.band.find.PATTERN_LENGTH", pattern)
    await house.call("find_band")
    await until(lambda: house.on_band("find", "runs") >= 3)
    await house.call("find_band", stop=True)
    runs = house.on_band("find", "runs")
    assert house.on_band("find", "levels") == [3] * runs + [0]


async def test_a_stop_ends_what_was_asked_for_right_before_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = timedelta(milliseconds=20)
    monkeypatch.setattr("custom_components.mi_band.band.find.PATTERN_LENGTH", pattern)
    await asyncio.gather(house.call("find_band"), house.call("find_band", stop=True))
    runs = house.on_band("find", "runs")
    await asyncio.sleep(10 * pattern.total_seconds())
    assert house.on_band("find", "runs") == runs
    assert house.on_band("find", "levels")[-1] == 0


@pytest.mark.parametrize("end", ["unload", "stop"])
async def test_no_wrist_shakes_on_when_home_assistant_is_gone(house: House, end: str) -> None:
    await house.call("find_band")
    await until(lambda: house.on_band("find", "ringing"))
    if end == "unload":
        await house.unload()
    else:
        house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        await house.hass.async_block_till_done()
    await until(lambda: not house.band.connected)
    assert house.on_band("find", "levels")[-1] == 0


async def test_a_link_that_breaks_begins_no_vibration_anew(house: House) -> None:
    await house.call("find_band")
    await until(lambda: house.on_band("find", "ringing"))
    await house.lose_band()
    # Nobody tells it to stop: its pattern ends by itself.
    await until(lambda: not house.on_band("find", "ringing"))
    runs = house.on_band("find", "runs")
    await house.bring_band_back()
    await house.until_synced()
    assert house.on_band("find", "runs") == runs


async def test_stopping_what_does_not_vibrate_does_no_harm(house: House) -> None:
    await house.call("find_band", stop=True)
    assert house.on_band("find", "levels") == []


@pytest.mark.parametrize("duration", [0, 301, "long"])
async def test_a_duration_that_makes_no_sense_is_refused(house: House, duration: object) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("find_band", duration=duration)


@pytest.mark.parametrize("fields", [{}, {"message": "Hi", "icon": "no_such_icon"}])
async def test_an_alert_that_makes_no_sense_is_refused(
    house: House, fields: dict[str, object]
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call("notify", **fields)


async def test_sync_answers_what_came_and_how_long_it_took(house: House) -> None:
    answer = await house.call("sync")
    assert answer.keys() == {"minutes", "workouts", "duration"}
    assert 0 < answer["duration"] < 5


async def test_sync_needs_nobody_who_wants_its_answer(house: House, hass: HomeAssistant) -> None:
    await hass.services.async_call(DOMAIN, "sync", {"device_id": house.device.id}, blocking=True)


@pytest.mark.parametrize(("action", "fields"), CALLS, ids=str)
async def test_an_action_says_that_the_band_is_away(
    house: House, action: str, fields: dict[str, object]
) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError, match="Mi Smart Band 4 Ada is not connected") as caught:
        await house.call(action, **fields)
    assert caught.value.translation_key == "not_connected"


async def test_every_action_that_needs_the_band_says_that_it_is_away(house: House) -> None:
    await house.lose_band()
    said = {}
    for action in EVERY.keys() - {"export_history", "get_history", "rebuild_statistics"} - FILES:
        with pytest.raises(HomeAssistantError) as caught:
            await house.call(action, **EVERY[action])
        assert caught.value.translation_domain == DOMAIN
        said[action] = caught.value.translation_key
    assert said == dict.fromkeys(said, "not_connected") | dict.fromkeys(
        ("factory_reset", "unbind"), "last_sync_failed"
    )


async def test_every_action_refuses_a_band_that_is_not_set_up(
    hass: HomeAssistant, house: House
) -> None:
    device_id = house.device.id
    await house.unload()
    assert await _refusals(house, device_id) == dict.fromkeys(
        EVERY, "service_config_entry_not_loaded"
    )
    await hass.config_entries.async_set_disabled_by(house.entry.entry_id, ConfigEntryDisabler.USER)
    assert await _refusals(house, device_id) == dict.fromkeys(
        EVERY, "service_config_entry_not_loaded"
    )


async def test_every_action_refuses_a_device_that_is_no_band(
    house: House, hass: HomeAssistant
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("other", "lamp")}, name="Lamp"
    )
    for wrong in (device.id, "no such device"):
        refusals = await _refusals(house, wrong)
        assert refusals.keys() == EVERY.keys()
        assert len({*refusals.values()}) == 1


async def test_every_action_is_for_one_band(house: House) -> None:
    for wrong in ([house.device.id, "another"], []):
        assert await _refusals(house, wrong) == dict.fromkeys(EVERY, "not_one_band")


async def test_a_target_of_one_device_is_a_band(hass: HomeAssistant, house: House) -> None:
    target = {"device_id": [house.device.id]}
    await hass.services.async_call(DOMAIN, "find_band", {}, target=target, blocking=True)
    await until(lambda: house.on_band("find", "ringing"))


async def _refusals(house: House, device_id: object) -> dict[str, str | None]:
    """Call every action; return with which key each of them is refused in words."""
    assert EVERY.keys() == house.hass.services.async_services_for_domain(DOMAIN).keys()
    refusals: dict[str, str | None] = {}
    for action, fields in EVERY.items():
        with pytest.raises(ServiceValidationError) as caught:
            await house.call(action, **fields, device_id=device_id)
        refusals[action] = caught.value.translation_key
    return refusals
