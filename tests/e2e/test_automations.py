"""Automations by clicking: one of our trigger and our action, and one from a blueprint."""

from collections.abc import AsyncIterator
import contextlib
from pathlib import Path

from aiohttp import web
from playwright.async_api import expect
import pytest

from tests.demo.process import ROOT, free_port
from tests.demo.server import HOST

from .pages import Visit
from .street import Street, add_with_key, entities, until_connected

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
