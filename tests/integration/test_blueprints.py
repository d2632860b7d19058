"""The blueprints of the repository: each imported from its address, and run by an emulated band."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any
from urllib.parse import unquote

from homeassistant.components.websocket_api import DOMAIN as WEBSOCKET_API
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.mi_band.options import LINGERS

from .automations import FIRED
from .house import House, until
from .test_device_tracker import enable
from .test_triggers import measure

FOLDER = Path(__file__).parents[2] / "blueprints" / "automation" / "mi_band"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
ADDRESS = "https://github.com/mi-band-ha/mi-band/blob/main/blueprints/automation/mi_band/{}.yaml"
RAW = (
    "https://raw.githubusercontent.com/mi-band-ha/mi-band"
    "/main/blueprints/automation/mi_band/{}.yaml"
)
LAMP = "input_boolean.lamp"

type Runs = list[Event[Mapping[str, object]]]
type Import = Callable[[str], Awaitable[str]]
type Use = Callable[[str, Mapping[str, object]], Awaitable[Runs]]


def say(what: str) -> list[dict[str, object]]:
    """Give actions that can be seen to have run."""
    return [{"event": FIRED, "event_data": {"what": what}}]


def said(runs: Runs) -> list[object]:
    return [run.data["what"] for run in runs]


@pytest.fixture
async def import_blueprint(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    hass_ws_client: WebSocketGenerator,
) -> Import:
    """Import a blueprint as the dialog does, and give the path under which it is kept."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, WEBSOCKET_API, {})
    assert await async_setup_component(hass, "automation", {})
    assert await async_setup_component(hass, "blueprint", {})
    client = await hass_ws_client(hass)

    async def run(name: str) -> str:
        text = (FOLDER / f"{name}.yaml").read_text()
        aioclient_mock.get(RAW.format(name), text=text)
        await client.send_json_auto_id({"type": "blueprint/import", "url": ADDRESS.format(name)})
        answer = await client.receive_json()
        assert answer["success"], answer
        found = answer["result"]
        assert not found["validation_errors"]
        assert found["blueprint"]["metadata"]["source_url"] == ADDRESS.format(name)
        await client.send_json_auto_id(
            {
                "type": "blueprint/save",
                "domain": "automation",
                "path": found["suggested_filename"],
                "yaml": found["raw_data"],
                "source_url": ADDRESS.format(name),
            }
        )
        answer = await client.receive_json()
        assert answer["success"], answer
        return f"{found['suggested_filename']}.yaml"

    return run


@pytest.fixture
async def use(house: House, hass: HomeAssistant, import_blueprint: Import) -> AsyncIterator[Use]:
    """Make an automation from a blueprint; give the list of what its actions said."""
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"lamp": {}}})

    async def run(name: str, inputs: Mapping[str, object]) -> Runs:
        path = await import_blueprint(name)
        runs: Runs = async_capture_events(hass, FIRED)
        band: Mapping[str, object] = (
            {"presence": house.entity_id("binary_sensor", "connected")}
            if name == "band_away"
            else {"band": house.device.id}
        )
        config = {"alias": name, "use_blueprint": {"path": path, "input": {**band, **inputs}}}
        # JSON is YAML.
        file = Path(hass.config.path("configuration.yaml"))
        await hass.async_add_executor_job(file.write_text, json.dumps({"automation": [config]}))
        await hass.services.async_call("automation", "reload", blocking=True)
        (state,) = hass.states.async_all("automation")
        assert state.state == "on", "the inputs were not accepted"
        return runs

    yield run
    # One with a time of day would wait for it.
    everything = {"entity_id": "all"}
    await hass.services.async_call("automation", "turn_off", everything, blocking=True)


def let_pass(hass: HomeAssistant, **span: int) -> None:
    """Let a time pass."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**span))


async def until_running(hass: HomeAssistant, *, running: bool) -> None:
    """Wait until the automation is in the middle of its actions, or at their end."""

    def count() -> int:
        (state,) = hass.states.async_all("automation")
        return int(state.attributes["current"])

    await until(lambda: count() == running)


def clock(**ahead: int) -> str:
    """Give the wall clock's time, some time ahead of now."""
    return f"{dt_util.now() + timedelta(**ahead):%H:%M:%S}"


async def until_told(house: House, event: str, kind: str) -> None:
    """Wait until an event entity tells this last, and all that follows from it is done."""
    await until(lambda: house.state("event", event).attributes["event_type"] == kind)
    await house.hass.async_block_till_done()


@pytest.mark.parametrize("name", NAMES)
async def test_a_blueprint_is_imported_from_its_address(
    import_blueprint: Import, name: str
) -> None:
    assert await import_blueprint(name) == f"mi-band-ha/{name}.yaml"


def test_there_is_a_blueprint_for_each_promise() -> None:
    assert [
        *("ask_on_the_wrist", "asleep_off", "awake_morning", "band_away"),
        *("battery_low", "doorbell_to_wrist", "music_keys_scenes", "not_worn_at_night"),
    ] == NAMES


def test_the_readme_links_to_each_of_them() -> None:
    text = (FOLDER.parents[2] / "README.md").read_text()
    begin = "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
    linked = re.findall(re.escape(begin) + r"([^)]+)\)", text)
    assert sorted(unquote(link) for link in linked) == [ADDRESS.format(name) for name in NAMES]


# Asleep, awake


async def lamp_on(hass: HomeAssistant) -> None:
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": LAMP}, blocking=True)


def lamp(hass: HomeAssistant) -> str:
    state = hass.states.get(LAMP)
    assert state
    return state.state


async def test_the_lamp_goes_off_when_the_wearer_falls_asleep(
    house: House, hass: HomeAssistant, use: Use
) -> None:
    await use("asleep_off", {"things": {"entity_id": LAMP}})
    await lamp_on(hass)
    house.band.wearer.fall_asleep()
    await until(lambda: lamp(hass) == "off")


@pytest.mark.parametrize("wakes", [False, True])
async def test_the_lamp_stays_on_for_who_wakes_up_while_it_waits(
    house: House, hass: HomeAssistant, use: Use, *, wakes: bool
) -> None:
    await use("asleep_off", {"things": {"entity_id": LAMP}, "patience": {"minutes": 20}})
    await lamp_on(hass)
    house.band.wearer.fall_asleep()
    await until_running(hass, running=True)
    assert lamp(hass) == "on"
    if wakes:
        house.band.wearer.wake_up()
    else:
        let_pass(hass, minutes=21)
    await until_running(hass, running=False)
    assert lamp(hass) == ("on" if wakes else "off")


async def test_the_morning_comes_once_a_day(house: House, use: Use) -> None:
    hours = {"earliest": clock(hours=-1), "latest": clock(hours=1)}
    runs = await use("awake_morning", {"morning": say("coffee"), **hours})
    for _ in range(2):
        house.band.wearer.wake_up()
        await until_told(house, "sleep", "woke_up")
        house.band.wearer.fall_asleep()
        await until_told(house, "sleep", "fell_asleep")
    assert said(runs) == ["coffee"]


async def test_a_nap_is_no_night(house: House, use: Use) -> None:
    hours = {"earliest": clock(hours=1), "latest": clock(hours=2)}
    runs = await use("awake_morning", {"morning": say("coffee"), **hours})
    house.band.wearer.wake_up()
    await until_told(house, "sleep", "woke_up")
    assert said(runs) == []


# The wrist as a screen, and as an answer


@pytest.mark.parametrize(
    ("doorbell", "before", "ringing"),
    [
        ("binary_sensor.door", "off", "on"),
        ("event.door", "unknown", "2026-11-02T21:00:00.000+00:00"),
        ("event.door", "2026-11-02T20:00:00.000+00:00", "2026-11-02T21:00:00.000+00:00"),
    ],
)
async def test_the_doorbell_shows_on_the_wrist(
    house: House, hass: HomeAssistant, use: Use, *, doorbell: str, before: str, ringing: str
) -> None:
    hass.states.async_set(doorbell, before)
    await use("doorbell_to_wrist", {"doorbell": doorbell, "message": "The postman", "repeat": 1})
    hass.states.async_set(doorbell, ringing)
    await until(lambda: house.on_band("alerts"))
    assert "The postman" in house.band.screen.text
    await hass.async_block_till_done()
    assert len(house.on_band("alerts")) == 1


@pytest.mark.parametrize(
    ("doorbell", "before", "now"),
    [
        ("binary_sensor.door", "on", "off"),
        ("binary_sensor.door", "unavailable", "on"),
        ("binary_sensor.door", "unknown", "on"),
        ("event.door", "unavailable", "2026-11-02T21:00:00.000+00:00"),
        ("event.door", "2026-11-02T21:00:00.000+00:00", "unavailable"),
    ],
)
async def test_a_doorbell_that_comes_or_goes_does_not_ring(
    house: House, hass: HomeAssistant, use: Use, *, doorbell: str, before: str, now: str
) -> None:
    hass.states.async_set(doorbell, before)
    await use("doorbell_to_wrist", {"doorbell": doorbell})
    hass.states.async_set(doorbell, now)
    await hass.async_block_till_done()
    assert house.on_band("alerts") == []


ON_OPEN = [{"trigger": "state", "entity_id": "cover.garage", "to": "open"}]


def garage(**more: object) -> dict[str, object]:
    return {
        "occasion": ON_OPEN,
        "question": "Close the garage?",
        "if_yes": say("yes"),
        "if_no": say("no"),
        "if_silent": say("silent"),
        **more,
    }


@pytest.mark.parametrize(("press", "answer"), [("ignore", "yes"), ("reject", "no")])
async def test_the_answer_on_the_wrist_decides(
    house: House, hass: HomeAssistant, use: Use, *, press: str, answer: str
) -> None:
    runs = await use("ask_on_the_wrist", garage())
    hass.states.async_set("cover.garage", "open")
    await until(lambda: house.on_band("calling") == "Close the garage?")
    house.band.wearer.answer_call(press)
    await until(lambda: runs)
    await hass.async_block_till_done()
    assert said(runs) == [answer]


async def test_no_answer_is_silence(house: House, hass: HomeAssistant, use: Use) -> None:
    runs = await use("ask_on_the_wrist", garage(patience=1))
    hass.states.async_set("cover.garage", "open")
    await until(lambda: runs)
    assert said(runs) == ["silent"]


async def test_a_band_that_cannot_be_asked_is_silent(
    house: House, hass: HomeAssistant, use: Use
) -> None:
    runs = await use("ask_on_the_wrist", garage())
    await house.lose_band()
    hass.states.async_set("cover.garage", "open")
    await until(lambda: runs)
    assert said(runs) == ["silent"]


async def test_keys_of_the_music_screen_run_their_scenes(
    house: House, hass: HomeAssistant, use: Use
) -> None:
    scenes = [{"name": name, "entities": {LAMP: name}} for name in ("on", "off")]
    assert await async_setup_component(hass, "scene", {"scene": scenes})
    await use(
        "music_keys_scenes",
        {
            key: [{"action": "scene.turn_on", "target": {"entity_id": f"scene.{name}"}}]
            for key, name in (("next", "on"), ("previous", "off"))
        },
    )
    house.band.wearer.press_music("next")
    await until(lambda: lamp(hass) == "on")
    house.band.wearer.press_music("play")
    house.band.wearer.press_music("previous")
    await until(lambda: lamp(hass) == "off")


# Reminders


async def until_worn(house: House, *, worn: bool) -> None:
    await measure(house, 70)
    if not worn:
        house.band.wearer.take_off()
        await house.until_state("binary_sensor", "worn", "off")


@pytest.mark.parametrize("worn", [True, False])
async def test_a_band_that_is_not_worn_at_bedtime_is_reminded_of(
    house: House, hass: HomeAssistant, use: Use, *, worn: bool
) -> None:
    await until_worn(house, worn=worn)
    night = {"bedtime": clock(minutes=-1), "morning": clock(hours=1), "patience": {"seconds": 0}}
    runs = await use("not_worn_at_night", {"reminder": say("wear it"), **night})
    let_pass(hass, days=1)
    await hass.async_block_till_done()
    assert said(runs) == ([] if worn else ["wear it"])


@pytest.mark.parametrize("back", [True, False])
async def test_a_band_that_stays_off_in_the_night_is_reminded_of(
    house: House, hass: HomeAssistant, use: Use, *, back: bool
) -> None:
    await until_worn(house, worn=True)
    night = {"bedtime": clock(hours=-1), "morning": clock(hours=1)}
    runs = await use("not_worn_at_night", {"reminder": say("wear it"), **night})
    house.band.wearer.take_off()
    await until_running(hass, running=True)
    if back:
        house.band.wearer.put_on()
        await house.act("button", "measure_heart_rate", "press")
        await house.until_state("binary_sensor", "worn", "on")
    assert said(runs) == []
    let_pass(hass, minutes=11)
    await until_running(hass, running=False)
    assert said(runs) == ([] if back else ["wear it"])


async def test_a_band_that_is_taken_off_by_day_reminds_nobody(
    house: House, hass: HomeAssistant, use: Use
) -> None:
    await until_worn(house, worn=True)
    night = {"bedtime": clock(hours=1), "morning": clock(hours=2)}
    runs = await use("not_worn_at_night", {"reminder": say("wear it"), **night})
    house.band.wearer.take_off()
    await until_told(house, "wear", "not_worn")
    let_pass(hass, minutes=11)
    await hass.async_block_till_done()
    assert said(runs) == []


async def test_a_low_battery_is_reminded_of_once(house: House, use: Use) -> None:
    runs = await use("battery_low", {"reminder": say("charge it"), "level": 25})
    for level in (40, 24, 23):
        house.band.wearer.set_battery(level)
        await house.until_state("sensor", "battery", str(level))
        await house.hass.async_block_till_done()
    assert said(runs) == ["charge it"]


# Away


async def test_who_takes_the_band_away_is_away_until_it_is_back(
    house: House, hass: HomeAssistant, use: Use
) -> None:
    runs = await use("band_away", {"away": say("away"), "back": say("back")})
    await house.lose_band()
    await hass.async_block_till_done()
    assert said(runs) == []
    let_pass(hass, minutes=11)
    await until(lambda: runs)
    assert said(runs) == ["away"]
    await house.bring_band_back()
    await until(lambda: len(runs) == 2)
    assert said(runs) == ["away", "back"]


class TestTracker:
    """The link is not held, and the tracker is enabled."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"connection_mode": "periodic"}

    @pytest.fixture
    def entry(
        self, hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
    ) -> MockConfigEntry:
        package, moment = "custom_components.mi_band", timedelta(milliseconds=500)
        monkeypatch.setattr(f"{package}.presence.PATIENCE", moment)
        monkeypatch.setattr(f"{package}.coordinator.LINGERS", {**LINGERS, "periodic": moment / 5})
        enable(hass, entry)
        return entry

    async def test_who_is_not_heard_any_more_is_away_until_the_band_is_heard(
        self, house: House, hass: HomeAssistant, use: Use
    ) -> None:
        await house.until_state("binary_sensor", "connected", "off")
        await house.until_state("device_tracker", "presence", "home")
        tracker = house.entity_id("device_tracker", "presence")
        inputs = {"presence": tracker, "away": say("away"), "back": say("back")}
        runs = await use("band_away", inputs)
        house.band.faults.out_of_range(value=True)
        await house.until_state("device_tracker", "presence", "not_home")
        await hass.async_block_till_done()
        assert said(runs) == []
        let_pass(hass, minutes=11)
        await until(lambda: runs)
        house.band.faults.out_of_range(value=False)
        await until(lambda: len(runs) == 2)
        assert said(runs) == ["away", "back"]


async def test_a_link_that_was_lost_for_a_moment_is_no_way_out(
    house: House, hass: HomeAssistant, use: Use
) -> None:
    runs = await use("band_away", {"away": say("away"), "back": say("back")})
    await house.lose_band()
    await house.bring_band_back()
    let_pass(hass, minutes=11)
    await hass.async_block_till_done()
    assert said(runs) == []
