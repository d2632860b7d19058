"""What a person does in the browser, by the words that are on the screen."""

from collections.abc import AsyncIterator, Iterator, Mapping
import contextlib
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil

from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Request,
    ViewportSize,
    WebError,
    expect,
)

from tests.demo.home import Home
from tests.demo.server import HOST, NAME, PASSWORD, USER

# A page of Home Assistant is there within a second or two; a slow and busy machine may
# take many times it.
PATIENCE_MS = 120_000.0
_TIME_ZONE = "Europe/Berlin"
_SIZE = ViewportSize(width=1280, height=900)

expect.set_options(timeout=PATIENCE_MS)


@dataclass(slots=True, kw_only=True)
class Visit:
    """Somebody in front of two pages: Home Assistant, and the band.

    Every screenshot is numbered; what went wrong in the browser itself is noted.
    """

    home: Home
    ha: Page
    band: Page
    folder: Path
    faults: list[str] = field(default_factory=list)
    _shots: int = 0

    async def shoot(self, page: Page, name: str, *, full: bool = False) -> None:
        """Keep what a page shows, or all of it."""
        self._shots += 1
        path = self.folder / f"{self._shots:02}-{name}.png"
        await page.screenshot(path=path, animations="disabled", full_page=full)

    async def sign_in(self) -> None:
        """Sign in as the owner."""
        await self.ha.goto(self.home.server.url)
        await self.ha.locator("input[name=username]").fill(USER)
        await self.ha.locator("input[name=password]").fill(PASSWORD)
        await self.shoot(self.ha, "signing-in")
        await self.ha.keyboard.press("Enter")
        await expect(self.ha.get_by_text(f"Welcome {NAME}")).to_be_visible()

    async def open_integrations(self) -> None:
        """Open the page of integrations, the discovered ones first."""
        await self._go("config/integrations/dashboard")

    async def _go(self, path: str) -> None:
        """Open a page of Home Assistant in a new tab, instead of the old one."""
        # A dialog that is still closing there would lead the browser back to where it was opened.
        old, self.ha = self.ha, await self.ha.context.new_page()
        await old.close()
        await self.ha.goto(f"{self.home.server.url}/{path}")

    async def add_discovered(self) -> None:
        """Find the card of the band and press its button."""
        await self.open_integrations()
        card = self.ha.locator("ha-config-flow-card", has_text="Mi Smart Band 4")
        await expect(card).to_be_visible()
        await self.shoot(self.ha, "discovered")
        await card.get_by_role("button", name="Add").click()

    @property
    def dialog(self) -> Locator:
        """The dialog that leads through the pages."""
        return self.ha.locator("dialog-data-entry-flow")

    async def see(self, words: str, name: str) -> None:
        """Wait until the dialog shows these words."""
        await expect(self.dialog.get_by_text(words).first).to_be_visible()
        await self.shoot(self.ha, name)

    async def press(self, button: str) -> None:
        """Press a button of the dialog."""
        await self.dialog.get_by_role("button", name=button, exact=True).click()

    async def choose(self, item: str) -> None:
        """Choose from the menu of the dialog."""
        await self.dialog.get_by_text(item, exact=True).click()

    def field(self, label: str) -> Locator:
        """Give a field of the dialog."""
        return self.dialog.locator("ha-selector", has_text=label).locator("input")

    async def fill(self, label: str, text: str) -> None:
        """Write into a field of the dialog."""
        field = self.field(label)
        await field.fill(text)
        await expect(field).to_have_value(text)

    async def open_device(self) -> None:
        """Open the device page of the band."""
        registry = await self.home.server.command("config/device_registry/list")
        device = next(one["id"] for one in registry if one["manufacturer"] == "Xiaomi")
        await self._go(f"config/devices/device/{device}")

    async def see_value(self, name: str, value: str, shot: str) -> None:
        """Wait until a row of the device page has this value."""
        row = self.ha.locator("hui-simple-entity-row, hui-sensor-entity-row", has_text=name)
        await expect(row.filter(has_text=value).first).to_be_visible()
        await self.shoot(self.ha, shot)

    async def see_on_band(self, words: str, name: str) -> None:
        """Wait until the band shows these words."""
        await expect(self.band.locator("#screen-text")).to_contain_text(words)
        await self.shoot(self.band, name)

    async def send_message(self, title: str, text: str) -> None:
        """Perform the action of the notify entity on the page for trying actions."""
        states = await self.home.server.states()
        wrist = next(entity_id for entity_id in states if entity_id.startswith("notify."))
        action = {
            "action": "notify.send_message",
            "target": {"entity_id": wrist},
            "data": {"title": title, "message": text},
        }
        await self.fill_action(action)
        await self.ha.get_by_role("button", name="Perform action").click()

    async def fill_action(self, action: Mapping[str, object]) -> None:
        """Open the page for trying actions, and write one into it."""
        await self._go("config/developer-tools/action")
        await self.ha.get_by_text("YAML mode").click()
        # JSON is YAML, and without the indentation that the editor would add by itself.
        await self.ha.locator("ha-code-editor .cm-content").fill(json.dumps(action))
        await self.shoot(self.ha, "action")


@contextlib.asynccontextmanager
async def visit(browser: Browser, home: Home, folder: Path) -> AsyncIterator[Visit]:
    """Open both pages; whatever happens, keep the last sight of them and the logs."""
    context = await new_context(browser)
    try:
        async with revisit(context, home, folder) as visit:
            yield visit
    finally:
        await context.close()


async def new_context(browser: Browser) -> BrowserContext:
    """Open a browser as somebody has it who was never here."""
    context = await browser.new_context(viewport=_SIZE, locale="en-GB", timezone_id=_TIME_ZONE)
    context.set_default_timeout(PATIENCE_MS)
    return context


@contextlib.asynccontextmanager
async def revisit(context: BrowserContext, home: Home, folder: Path) -> AsyncIterator[Visit]:
    """Open both pages in a browser that is open; close them in the end."""
    visit = Visit(
        home=home, ha=await context.new_page(), band=await context.new_page(), folder=folder
    )
    try:
        with _noting_faults(context, visit.faults):
            await visit.band.goto(home.lab.url)
            await visit.ha.bring_to_front()
            yield visit
    finally:
        await visit.shoot(visit.ha, "last-of-home-assistant")
        await visit.shoot(visit.band, "last-of-the-band")
        for child in (home.server.child, home.lab.child):
            shutil.copy(child.log, folder)
        for page in context.pages:
            await page.close()


@contextlib.contextmanager
def _noting_faults(context: BrowserContext, faults: list[str]) -> Iterator[None]:
    """Note errors of the pages' scripts and requests to anybody but this machine."""

    def fail(error: WebError) -> None:
        faults.append(f"script: {error.error}")

    def ask(request: Request) -> None:
        if not request.url.startswith((f"http://{HOST}:", "data:", "blob:")):
            faults.append(f"request: {request.url}")

    context.on("weberror", fail)
    context.on("request", ask)
    yield
    context.remove_listener("weberror", fail)
    context.remove_listener("request", ask)
