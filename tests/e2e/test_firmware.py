"""Files for a band, by clicking: brought in, refused, installed with its progress, removed."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import re
import shutil

from playwright.async_api import Locator, expect
import pytest

from tests.emulator import files

from .pages import Visit
from .street import Street, add_with_key, until_connected

OLD, NEW = "1.0.9.66", "1.0.9.68"
# Large enough to be watched on its way.
FIRMWARE = files.firmware(NEW, size=2_000_000)
INSTALLING = re.compile(r"Installing \((\d+)%\)")
UP_TO_DATE = "Up-to-date"
FEWEST_STEPS = 5
# The restart of the band, and being found again.
LONGEST_STEP_MS = 300_000.0
pytestmark = pytest.mark.asyncio(loop_scope="session")


@contextlib.asynccontextmanager
async def leaving_no_file(wearer: Visit) -> AsyncIterator[None]:
    """Remove what is kept at the end; other walks begin without."""
    try:
        yield
    finally:
        folder = wearer.home.server.config_dir / "mi_band"
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def open_gear(wearer: Visit) -> None:
    """Open the pages of the band's gear."""
    await wearer.ha.goto(f"{wearer.home.server.url}/config/integrations/integration/mi_band")
    await wearer.ha.get_by_role("button", name="Configure").click()
    await expect(wearer.dialog.get_by_text("The files are shared by all bands")).to_be_visible()


async def choose_file(wearer: Visit, path: Path, content: bytes) -> None:
    """Choose a file of this computer, and wait until it was sent."""
    await asyncio.to_thread(path.write_bytes, content)
    async with wearer.ha.expect_response("**/api/file_upload") as sent:
        await wearer.dialog.locator("input[type=file]").set_input_files(path)
    assert (await sent.value).status == 200
    await expect(wearer.dialog.get_by_text(path.name).first).to_be_visible()


async def changes(shown: Locator, last: str) -> AsyncIterator[str]:
    """Read a text whenever it has changed, until it is the last one."""
    text = ""
    while text != last:
        await expect(shown).not_to_have_text(text, timeout=LONGEST_STEP_MS)
        text = (await shown.inner_text()).strip()
        yield text


async def install(wearer: Visit, dialog: Locator) -> list[int]:
    """Press the button of an update; give the percents that were on the screen, one by one."""
    await dialog.get_by_role("button", name="Update", exact=True).click()
    shown = dialog.get_by_text(re.compile(f"{INSTALLING.pattern}|{UP_TO_DATE}"))
    percents = []
    async for text in changes(shown, UP_TO_DATE):
        await wearer.shoot(wearer.ha, "installing")
        if found := INSTALLING.fullmatch(text):
            percents.append(int(found[1]))
    return percents


async def test_a_firmware_is_brought_in_and_installed(
    street: Street, artefacts: Path, tmp_path: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer, leaving_no_file(wearer):
        await add_with_key(wearer)
        await until_connected(wearer)
        await open_gear(wearer)
        await wearer.choose("Bring a file for the band")
        await wearer.see("Nothing is sent to the band yet.", "upload")
        await choose_file(wearer, tmp_path / "new.fw", FIRMWARE)
        await wearer.shoot(wearer.ha, "chosen")
        await wearer.press("Next")
        await expect(wearer.dialog.get_by_text(f"Firmware {NEW}")).to_be_visible()
        await wearer.see("it is offered as an update", "kept")
        await wearer.choose("Done")
        await wearer.press("Finish")
        page = wearer.ha
        await page.goto(f"{wearer.home.server.url}/config/dashboard")
        card = page.locator("ha-config-updates")
        await expect(card.get_by_text(NEW)).to_be_visible()
        await wearer.shoot(page, "update-card")
        await card.get_by_text("Mi Smart Band 4 Robin").click()
        dialog = page.locator("ha-more-info-dialog")
        await expect(dialog.get_by_text("charge the band to 30 % or more")).to_be_visible()
        await expect(dialog.get_by_text(OLD)).to_be_visible()
        await wearer.shoot(page, "rules")
        percents = await install(wearer, dialog)
        assert len(percents) >= FEWEST_STEPS
        assert percents == sorted(percents)
        await expect(dialog.get_by_text(OLD)).to_be_hidden()
        await expect(dialog.get_by_text(NEW)).to_have_count(2)
        await wearer.shoot(page, "installed")
        assert (await wearer.home.lab.state())["firmware"]["running"] == "new"


async def test_a_bad_file_is_refused_and_a_kept_one_removed(
    street: Street, artefacts: Path, tmp_path: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer, leaving_no_file(wearer):
        await add_with_key(wearer)
        await until_connected(wearer)
        await open_gear(wearer)
        await wearer.shoot(wearer.ha, "menu")
        await wearer.choose("Bring a file for the band")
        await choose_file(wearer, tmp_path / "face.zip", b"PK\x03\x04" + bytes(1000))
        await wearer.press("Next")
        await wearer.see("unpacked from any archive. It was not kept.", "archive")
        other = files.firmware(model=b"Mi Smart Band 5\x00")
        await choose_file(wearer, tmp_path / "other.fw", other)
        await wearer.press("Next")
        await wearer.see("That file is for another band or watch.", "another-model")
        await choose_file(wearer, tmp_path / "face.bin", files.watchface())
        await wearer.press("Next")
        await wearer.see("mi_band.install_watchface", "kept")
        await wearer.choose("Bring another file")
        await choose_file(wearer, tmp_path / "old.fw", files.firmware("1.0.9.58"))
        await wearer.press("Next")
        await wearer.see("It is not offered as an update", "kept-older")
        await wearer.choose("Files that are kept")
        await expect(wearer.dialog.get_by_text("old.fw · Firmware 1.0.9.58")).to_be_visible()
        await wearer.dialog.get_by_text("face.bin · Watch face").click()
        await wearer.shoot(wearer.ha, "ticked")
        await wearer.press("Submit")
        await expect(wearer.dialog.get_by_text("Kept now: 1.")).to_be_visible()
        await wearer.choose("Files that are kept")
        await expect(wearer.dialog.get_by_text("old.fw · Firmware 1.0.9.58")).to_be_visible()
        await expect(wearer.dialog.get_by_text("face.bin")).to_be_hidden()
        await wearer.shoot(wearer.ha, "removed")
