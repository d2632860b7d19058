"""Automations: by clicking, from a blueprint, and of each trigger and condition that there is."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import contextlib
import json
from pathlib import Path
from typing import Final

from aiohttp import web
from playwright.async_api import expect
import pytest

from tests.demo.process import ROOT, free_port
from tests.demo.server import HOST

from .pages import Visit
from .street import Street, add_with_key, entities, until_connected

TEXTS = ROOT / "custom_components" / "mi_band" / "translations" / "en.json"
BLUEPRINTS = ROOT / "blueprints" / "automation" / "mi_band"
LIFT = "Lift to wake"
pytestmark = pytest.mark.asyncio(loop_scope="session")


@contextlib.asynccontextmanager
async def leaving_nothing(wearer: Visit) -> AsyncIterator[None]:
    """Remove the automations and blueprints that were made meanwhile."""
    server = wearer.home.server
    before = await server.command("blueprint/list", domain="automation")
    yield
    for name, state in (await server.states()).items():
        if name.startswith("automation."):
            await server.delete(f"/api/config/automation/config/{state.attributes['id']}")
    for path in await server.command("blueprint/list", domain="automation"):
        if path not in before:
            await server.command("blueprint/delete", domain="automation", path=path)


@contextlib.asynccontextmanager
async def on_the_web(folder: Path) -> AsyncIterator[str]:
    """Serve files as a web site does."""
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await runner.cleanup()


async def choose_band(wearer: Visit) -> None:
    """Choose the only device that a field offers."""
    page = wearer.ha
    await page.get_by_text("Select a device").click()
    offered = page.get_by_role("option").filter(has_text="Mi Smart Band 4")
    await offered.click()
    await expect(page.locator("ha-device-picker")).to_contain_text("Mi Smart Band 4")
    # What is typed while the list closes goes astray.
    await expect(offered).to_be_hidden()


async def holds(wearer: Visit, condition: str) -> bool:
    """Tell what the button that tries a condition would tell."""
    server = wearer.home.server
    target = {"entity_id": list(await entities(wearer.home))}
    tried = {"condition": condition, "target": target, "options": {"behavior": "any"}}
    answer = await server.command("test_condition", condition=tried)
    return bool(answer["result"])


async def until_saved(wearer: Visit) -> None:
    """Wait until there is an automation."""

    async def saved() -> bool:
        return any(name.startswith("automation.") for name in await wearer.home.server.states())

    await wearer.home.server.until(saved, what="the automation is saved")


async def test_an_automation_of_our_trigger_and_action_shows_on_the_wrist(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer, leaving_nothing(wearer):
        await add_with_key(wearer)
        await until_connected(wearer)
        page = wearer.ha
        await page.goto(f"{wearer.home.server.url}/config/automation/edit/new")
        await page.get_by_role("button", name="Add trigger").click()
        dialog = page.locator("add-automation-element-dialog")
        await dialog.get_by_text("Devices", exact=True).click()
        await dialog.get_by_text("Mi Smart Band 4").first.click()
        trigger = dialog.get_by_text("Fell asleep").first
        await trigger.scroll_into_view_if_needed()
        await wearer.shoot(page, "triggers")
        await trigger.click()
        await page.get_by_role("button", name="Add action").click()
        await dialog.get_by_placeholder("Search").fill("alert to the band")
        await dialog.get_by_text("Send an alert to the band").first.click()
        await choose_band(wearer)
        message = page.locator("ha-service-control textarea").first
        await message.fill("Good night")
        await expect(message).to_have_value("Good night")
        await wearer.shoot(page, "action")
        await page.get_by_role("button", name="Save", exact=True).click()
        naming = page.locator("ha-dialog-automation-save")
        await naming.locator("input").first.fill("Good night")
        await naming.get_by_role("button", name="Save", exact=True).click()
        await until_saved(wearer)
        await wearer.home.lab.control("sleep", asleep=True)
        await wearer.see_on_band("Good night", "on-band")
        assert await holds(wearer, "mi_band.is_asleep")
        assert not await holds(wearer, "mi_band.is_awake")


async def test_a_blueprint_is_imported_and_used(street: Street, artefacts: Path) -> None:
    async with (
        street.walk("bound", artefacts) as wearer,
        leaving_nothing(wearer),
        on_the_web(BLUEPRINTS) as site,
    ):
        await add_with_key(wearer)
        await until_connected(wearer)
        server, page = wearer.home.server, wearer.ha
        lift = next(one for one in await entities(wearer.home) if one.endswith("_lift_to_wake"))
        target = {"entity_id": lift}
        await server.post("/api/services/switch/turn_on", target)
        lifting = (await wearer.home.lab.state())["settings"]["lift_wrist"]
        await page.goto(f"{server.url}/config/blueprint/dashboard")
        await page.get_by_role("button", name="Import blueprint").click()
        dialog = page.locator("ha-dialog-import-blueprint")
        await dialog.locator("input").first.fill(f"{site}/asleep_off.yaml")
        await dialog.get_by_role("button", name="Preview").click()
        await expect(dialog.get_by_text("Asleep, so switch off").first).to_be_visible()
        await wearer.shoot(page, "preview")
        await dialog.get_by_role("button", name="Import blueprint").click()
        await page.locator("ha-data-table").get_by_text("Asleep, so switch off").click()
        await choose_band(wearer)
        await page.get_by_role("button", name="Add target").click()
        await page.get_by_placeholder("Search").last.fill(LIFT)
        await page.get_by_role("option").filter(has_text=LIFT).first.click()
        await expect(page.locator("ha-target-picker")).to_contain_text(LIFT)
        await wearer.shoot(page, "inputs")
        # It takes the name of its blueprint, and no dialog.
        await page.get_by_role("button", name="Save", exact=True).click()
        await until_saved(wearer)
        await wearer.home.lab.control("sleep", asleep=True)
        await wearer.home.lab.until(
            lambda state: state["settings"]["lift_wrist"] != lifting,
            what="the automation of the blueprint has run",
        )
        await expect(page.get_by_role("link", name="Traces")).to_be_visible()
        await wearer.shoot(page, "saved-and-run")


ABOVE: Final = {"threshold": {"type": "above", "value": {"number": 120}}, "behavior": "each"}
TRIGGERS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "fell_asleep": ("sleep", {"asleep": True}),
    "woke_up": ("sleep", {"asleep": False}),
    "find_phone_started": ("find_phone", {"action": "start"}),
    "find_phone_stopped": ("find_phone", {"action": "stop"}),
    "goal_reached": ("walk", {"steps": 200}),
    "music_key_pressed": ("music_key", {"key": "previous"}),
    "call_answered": ("call_answer", {"answer": "ignore"}),
    "taken_off": ("wear", {"worn": False}),
    "heart_rate_crossed_threshold": ("heart_rate", {"bpm": 150}),
}
"""What the wearer does that fires each trigger; in this order."""
OPTIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "music_key_pressed": {"key": ["previous"]},
    "call_answered": {"answer": ["ignored"]},
    "heart_rate_crossed_threshold": ABOVE,
}
HOLD_AT_NIGHT: Final = {"is_asleep", "is_worn", "is_goal_reached", "is_heart_rate"}
HOLD_BY_DAY: Final = {"is_awake", "is_not_worn"}
KEY: Final = "next"


class Automations:
    """Automations of one band, by the name of what each of them is made of."""

    def __init__(self, wearer: Visit, device_id: str) -> None:
        self._server = wearer.home.server
        self._target = {"device_id": device_id}

    async def add(self, name: str, trigger: str, condition: str | None = None) -> None:
        """Write one, as the editor does; it does nothing but run."""
        options = {"key": [KEY]} if condition else OPTIONS.get(trigger, {})
        conditions = []
        if condition:
            tried = ABOVE if condition == "is_heart_rate" else {}
            held = {**tried, "behavior": "any"}
            conditions = [
                {"condition": f"mi_band.{condition}", "target": self._target, "options": held}
            ]
        config = {
            "alias": name,
            "triggers": [
                {"trigger": f"mi_band.{trigger}", "target": self._target, "options": options}
            ],
            "conditions": conditions,
            "actions": [{"event": "it_ran"}],
        }
        await self._server.post(f"/api/config/automation/config/{name}", config)

        async def there() -> bool:
            return name in await self.ran()

        await self._server.until(there, what=f"the automation {name} is there")

    async def ring(self) -> None:
        """Let the band ring until somebody answers."""
        await self._server.post("/api/services/mi_band/call", self._target)

    async def ran(self) -> dict[str, str | None]:
        """Tell when each ran last."""
        return {
            str(state.attributes["id"]): state.attributes["last_triggered"]
            for name, state in (await self._server.states()).items()
            if name.startswith("automation.")
        }

    async def until_ran(self, name: str, before: Mapping[str, str | None]) -> set[str]:
        """Wait until one has run; give the names of all that have."""

        async def has_run() -> set[str]:
            runs = await self.ran()
            found = {one for one, when in runs.items() if when != before[one]}
            return found if name in found else set()

        return await self._server.until(has_run, what=f"the automation {name} runs")


@contextlib.asynccontextmanager
async def with_automations(
    street: Street, folder: Path
) -> AsyncIterator[tuple[Visit, Automations, Mapping[str, str]]]:
    """Have a band that is read, and the ids of its entities by platform and key."""
    async with street.walk("bound", folder) as wearer, leaving_nothing(wearer):
        await add_with_key(wearer)
        await until_connected(wearer)
        await wearer.home.lab.control("delay", seconds=0)
        registry = await wearer.home.server.command("config/entity_registry/list")
        ours = [one for one in registry if one["platform"] == "mi_band"]
        ids = {
            f"{one['entity_id'].partition('.')[0]}.{one['unique_id'].partition('_')[2]}": one[
                "entity_id"
            ]
            for one in ours
        }
        yield wearer, Automations(wearer, ours[0]["device_id"]), ids


async def set_goal(wearer: Visit, ids: Mapping[str, str], away: int) -> None:
    """Choose a goal that is so many steps away."""
    steps = (await wearer.home.lab.state())["steps"]["today"]
    data = {"entity_id": ids["number.step_goal"], "value": max(1, steps + away)}
    await wearer.home.server.post("/api/services/number/set_value", data)


async def press(wearer: Visit, ids: Mapping[str, str], entity: str) -> None:
    await wearer.home.server.post("/api/services/button/press", {"entity_id": ids[entity]})


@contextlib.asynccontextmanager
async def ringing(wearer: Visit, automations: Automations, *, rings: bool) -> AsyncIterator[None]:
    """Let the band ring meanwhile, if it shall."""
    call = asyncio.create_task(automations.ring()) if rings else None
    if call:
        await wearer.home.lab.until(lambda state: state["calling"], what="the band rings")
    yield
    if call:
        await call


async def test_each_trigger_is_fired_by_the_band(street: Street, artefacts: Path) -> None:
    assert set(TRIGGERS) == set(json.loads(TEXTS.read_text())["triggers"])
    async with with_automations(street, artefacts) as (wearer, automations, ids):
        lab = wearer.home.lab
        await set_goal(wearer, ids, 100)
        await lab.control("heart_rate", bpm=72)
        await press(wearer, ids, "button.measure_heart_rate")
        for name in TRIGGERS:
            await automations.add(name, name)
        for name, (control, fields) in TRIGGERS.items():
            before = await automations.ran()
            assert before[name] is None
            async with ringing(wearer, automations, rings=name == "call_answered"):
                await lab.control(control, **fields)
            if name == "heart_rate_crossed_threshold":
                await lab.control("wear", worn=True)
                await press(wearer, ids, "button.measure_heart_rate")
            assert await automations.until_ran(name, before) == {name}


async def test_each_condition_is_met_and_not_met_by_the_band(
    street: Street, artefacts: Path
) -> None:
    assert set(json.loads(TEXTS.read_text())["conditions"]) == HOLD_AT_NIGHT | HOLD_BY_DAY
    async with with_automations(street, artefacts) as (wearer, automations, ids):
        lab = wearer.home.lab
        for name in HOLD_AT_NIGHT | HOLD_BY_DAY:
            await automations.add(name, "music_key_pressed", name)
        await set_goal(wearer, ids, 100)
        await lab.control("walk", steps=200)
        await until_shown(wearer, ids["binary_sensor.goal_reached"], "on")
        await lab.control("heart_rate", bpm=150)
        await press(wearer, ids, "button.measure_heart_rate")
        await lab.control("sleep", asleep=True)
        await until_shown(wearer, ids["binary_sensor.asleep"], "on")
        assert await ran_on_key(wearer, automations, "is_asleep") == HOLD_AT_NIGHT
        await set_goal(wearer, ids, 1000)
        await lab.control("heart_rate", bpm=72)
        await press(wearer, ids, "button.measure_heart_rate")
        await lab.control("sleep", asleep=False)
        await lab.control("wear", worn=False)
        for key in ("worn", "asleep", "goal_reached"):
            await until_shown(wearer, ids[f"binary_sensor.{key}"], "off")
        assert await ran_on_key(wearer, automations, "is_awake") == HOLD_BY_DAY


async def until_shown(wearer: Visit, entity_id: str, value: str) -> None:
    async def shown() -> bool:
        return (await wearer.home.server.states())[entity_id].state == value

    await wearer.home.server.until(shown, what=f"{entity_id} is {value}")


async def ran_on_key(wearer: Visit, automations: Automations, last: str) -> set[str]:
    """Press the key that all of them wait for; give the names of those that ran."""
    before = await automations.ran()
    await wearer.home.lab.control("music_key", key=KEY)
    await automations.until_ran(last, before)
    # Each has looked at its conditions when one more event, behind the key, was told.
    search = next(one for one in await entities(wearer.home) if one.endswith("_find_phone"))
    told = (await wearer.home.server.states())[search].state
    await wearer.home.lab.control("find_phone", action="start")
    await wearer.home.lab.control("find_phone", action="stop")

    async def told_more() -> bool:
        return (await wearer.home.server.states())[search].state != told

    await wearer.home.server.until(told_more, what="what came behind the key was told")
    return await automations.until_ran(last, before)
