"""The automations of the README, each copied from it as it stands, and run by an emulated band."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
import re
from typing import Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from .automations import set_up
from .house import House, until

README: Final = Path(__file__).parents[2] / "README.md"
_BLOCK: Final = re.compile(r"^([A-Z][^\n]*):\n\n```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
AUTOMATIONS: Final = dict(_BLOCK.findall(README.read_text()))
WASHING = "The washing machine on the wrist"
QUESTION = "A question on the wrist, and what follows from the answer"
DOORBELL = (
    "The doorbell rings on the wrist, and whoever is away reads it later"
    " (with *Keep messages for a band that is away*)"
)
ALARM = "An alarm on the wrist an hour before the first appointment"
LIGHTS = "Lights out when the wearer falls asleep"
PULSE = "A pulse above 150 for five minutes, once the goal of the day is reached"
PHONE = "Find the phone from the wrist"


async def copy(house: House, name: str) -> None:
    """Copy an automation as its reader does, and put the band's id where it belongs."""
    text = AUTOMATIONS[name].replace("YOUR_BAND", house.device.id)
    config = parse_yaml(text)
    assert isinstance(config, Mapping)
    await set_up(house.hass, {"alias": name, **config})


@pytest.fixture
async def switched_off(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch the automation off at the end: one with a time of day would wait for it."""
    yield
    everything = {"entity_id": "all"}
    await hass.services.async_call("automation", "turn_off", everything, blocking=True)


async def run(hass: HomeAssistant) -> None:
    """Run its actions, whatever else it waits for."""
    (state,) = hass.states.async_all("automation")
    data = {"entity_id": state.entity_id, "skip_condition": True}
    await hass.services.async_call("automation", "trigger", data)


def test_every_automation_of_the_readme_is_run_here() -> None:
    assert set(AUTOMATIONS) == {WASHING, QUESTION, DOORBELL, ALARM, LIGHTS, PULSE, PHONE}


async def test_the_washing_machine_shows_on_the_wrist(house: House, hass: HomeAssistant) -> None:
    hass.states.async_set("binary_sensor.washing_machine", "on")
    await copy(house, WASHING)
    hass.states.async_set("binary_sensor.washing_machine", "off")
    await until(lambda: "The washing machine is done." in house.band.screen.text)
    assert "Laundry" in house.band.screen.text


async def test_a_message_for_a_band_that_is_away_is_no_silence(
    house: House, hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set("binary_sensor.washing_machine", "on")
    await copy(house, WASHING)
    await house.lose_band()
    hass.states.async_set("binary_sensor.washing_machine", "off")
    await hass.async_block_till_done()
    assert "Mi Smart Band 4 Ada is not connected" in caplog.text


@pytest.mark.parametrize(("answer", "closes"), [("reject", True), ("ignore", False)])
async def test_the_answer_on_the_wrist_closes_the_garage(
    house: House, hass: HomeAssistant, answer: str, *, closes: bool
) -> None:
    closed = async_mock_service(hass, "cover", "close_cover")
    await copy(house, QUESTION)
    await run(hass)
    await until(lambda: "Garage is open." in house.band.screen.text)
    house.band.wearer.answer_call(answer)
    await hass.async_block_till_done()
    assert bool(closed) is closes


async def test_who_is_at_home_hears_the_doorbell(house: House, hass: HomeAssistant) -> None:
    hass.states.async_set("event.front_door", "2080-01-01T00:00:00+00:00")
    await copy(house, DOORBELL)
    hass.states.async_set("event.front_door", "2080-01-01T00:01:00+00:00")
    await until(lambda: house.band.screen.kind == "call")
    house.band.wearer.answer_call("reject")
    await hass.async_block_till_done()
    assert house.on_band("alerts") == []


class TestAway:
    """Messages wait for the band."""

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"notify_when_away": 60}

    async def test_who_is_away_reads_of_the_doorbell_later(
        self, house: House, hass: HomeAssistant
    ) -> None:
        hass.states.async_set("event.front_door", "2080-01-01T00:00:00+00:00")
        await copy(house, DOORBELL)
        await house.lose_band()
        hass.states.async_set("event.front_door", "2080-01-01T00:01:00+00:00")
        await hass.async_block_till_done()
        await house.bring_band_back()
        await until(lambda: "Somebody rang at" in house.band.screen.text)


def plan(hass: HomeAssistant, *starts: str) -> None:
    """Let the calendar have events that begin so."""

    async def tell(_: ServiceCall) -> ServiceResponse:
        return {"calendar.work": {"events": [{"start": start} for start in starts]}}

    only = SupportsResponse.ONLY
    hass.services.async_register("calendar", "get_events", tell, supports_response=only)


@pytest.mark.usefixtures("switched_off")
async def test_the_first_appointment_sets_the_alarm(house: House, hass: HomeAssistant) -> None:
    plan(hass, "2080-05-20", "2080-05-20T09:15:00+02:00", "2080-05-20T11:00:00+02:00")
    await copy(house, ALARM)
    await run(hass)
    await until(lambda: house.value("switch", "alarm_1") == "on")
    assert house.value("time", "alarm_1") == "08:15:00"


@pytest.mark.usefixtures("switched_off")
async def test_an_event_of_a_whole_day_sets_no_alarm(house: House, hass: HomeAssistant) -> None:
    plan(hass, "2080-05-20")
    await copy(house, ALARM)
    await run(hass)
    await hass.async_block_till_done()
    assert house.value("switch", "alarm_1") == "off"


async def test_the_lights_go_out_when_the_wearer_falls_asleep(
    house: House, hass: HomeAssistant
) -> None:
    off = async_mock_service(hass, "light", "turn_off")
    await copy(house, LIGHTS)
    house.band.wearer.fall_asleep()
    await until(lambda: off)


async def test_who_has_done_enough_is_told_to_rest(house: House, hass: HomeAssistant) -> None:
    await copy(house, PULSE)
    await run(hass)
    await until(lambda: "Take a rest" in house.band.screen.text)


async def test_the_phone_says_where_it_is(house: House, hass: HomeAssistant) -> None:
    said = async_mock_service(hass, "notify", "mobile_app_phone")
    await copy(house, PHONE)
    house.band.wearer.find_phone()
    await until(lambda: said)
