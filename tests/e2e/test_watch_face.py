"""A watch face, by clicking: brought in, installed, and seen."""

from pathlib import Path

from playwright.async_api import expect
import pytest

from tests.emulator import dials

from .street import Street, add_with_key, until_connected
from .test_automations import choose_band
from .test_firmware import choose_file, leaving_no_file, open_gear

NAME = "digits.bin"
SIZE = {"width": 240, "height": 480}
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_watch_face_is_installed_and_seen(
    street: Street, artefacts: Path, tmp_path: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer, leaving_no_file(wearer):
        await add_with_key(wearer)
        await until_connected(wearer)
        await open_gear(wearer)
        await wearer.choose("Bring a file for the band")
        await choose_file(wearer, tmp_path / NAME, dials.digital_face())
        await wearer.press("Next")
        await wearer.see("mi_band.install_watchface", "kept")
        await wearer.dialog.get_by_role("link", name="mi_band.install_watchface").click()
        # Somebody may have left the page the other way.
        await wearer.ha.get_by_text("UI mode").click()
        await choose_band(wearer)
        file = wearer.ha.locator("ha-service-control ha-selector-text input")
        await file.fill(f"mi_band/{NAME}")
        await expect(file).to_have_value(f"mi_band/{NAME}")
        await wearer.shoot(wearer.ha, "action")
        await wearer.ha.get_by_role("button", name="Perform action").click()
        server = wearer.home.server
        entity_id = next(one for one in await server.states() if one.endswith("_watch_face"))

        async def installed() -> bool:
            return (await server.states())[entity_id].state != "unknown"

        await server.until(installed, what="the watch face is installed")
        await wearer.shoot(wearer.ha, "installed")
        await wearer.ha.goto(f"{server.url}/history?more-info-entity-id={entity_id}")
        picture = wearer.ha.locator("ha-more-info-dialog img").first
        await expect(picture).to_be_visible()
        size = "image => ({width: image.naturalWidth, height: image.naturalHeight})"
        await expect(picture).to_have_js_property("complete", value=True)
        assert await picture.evaluate(size) == SIZE
        await wearer.shoot(wearer.ha, "seen")
