"""The command that a newcomer starts first, as they start it."""

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
from dataclasses import dataclass
import os
from pathlib import Path
import re
import signal
import sys
from uuid import uuid4

from playwright.async_api import Browser, Locator, expect
import pytest

from tests.demo.process import ROOT, Child, free_port
from tests.demo.server import PASSWORD, USER

START_TIMEOUT_S = 300.0
END_TIMEOUT_S = 120.0
SYNC_TIMEOUT_S = 300.0
DRAW_TIMEOUT_S = 120.0
LAST_WORDS = "Ctrl-C ends everything."
MARK = "MI_BAND_DEMONSTRATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    process: asyncio.subprocess.Process
    text: str
    """What it printed until it had nothing more to say."""
    mark: str
    """What all of its processes have in their environment."""

    def address(self, of: str) -> str:
        found = re.search(rf"^{of} +(http://127\.0\.0\.1:\d+)$", self.text, re.MULTILINE)
        assert found, self.text
        return found[1]

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(END_TIMEOUT_S):
            return await self.process.wait()

    def left(self) -> list[str]:
        """What runs of it, by command line."""
        commands = []
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if process.name.isdecimal() and self.mark in (process / "environ").read_text():
                    commands.append((process / "cmdline").read_text().replace("\0", " "))
        return commands


@contextlib.asynccontextmanager
async def demonstration(*options: str) -> AsyncIterator[Demonstration]:
    """Start it where its output is no terminal."""
    mark = uuid4().hex
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.demo", *options),
        *("--port", str(free_port()), "--page-port", str(free_port())),
        cwd=ROOT,
        env=os.environ | {MARK: mark},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    text = ""
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while LAST_WORDS not in text and (line := await process.stdout.readline()):
                text += line.decode()
        assert LAST_WORDS in text, text
        yield Demonstration(process=process, text=text, mark=mark)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def until(condition: Callable[[], bool], timeout_s: float) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.05)


async def settled(charts: Locator) -> None:
    """Wait until the charts have come to rest: what they grow in with is not on a picture."""
    await charts.last.locator("canvas").wait_for()
    before: list[bytes] = []
    async with asyncio.timeout(DRAW_TIMEOUT_S):
        while before != (now := [await chart.screenshot() for chart in await charts.all()]):
            before = now


async def test_a_paired_band_is_shown_and_nothing_is_left(
    browser: Browser, artefacts: Path, tmp_path: Path
) -> None:
    keep = ("--keep", str(tmp_path / "home"))
    async with demonstration("--ready", *keep) as demo:
        page = await browser.new_page(
            viewport={"width": 1440, "height": 1000}, locale="en-GB", timezone_id="Europe/Berlin"
        )
        await page.goto(demo.address("Home Assistant"))
        await page.locator("input[name=username]").fill(USER)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("What its wearer sees")).to_be_visible()
        band = page.frame_locator("iframe")
        await band.locator("#walk-steps").fill("1500")
        await band.locator("#walk").click()
        rate = page.locator("hui-tile-card", has_text="Heart rate").filter(has_text="bpm")
        await expect(rate.first).to_be_visible()
        await page.locator("hui-tile-card", has_text="Hello from the dashboard").click()
        await expect(band.locator("#screen-text")).to_contain_text("Hello")
        # What it recorded before is at home, and what was drawn meanwhile is drawn anew.
        last_sync = page.locator("hui-tile-card", has_text="Last sync")
        await expect(last_sync).not_to_contain_text("Unknown", timeout=SYNC_TIMEOUT_S * 1000)
        await page.reload()
        await expect(band.locator("#screen-text")).to_contain_text("Hello")
        charts = page.locator("hui-history-graph-card, hui-statistics-graph-card")
        await settled(charts)
        await page.evaluate("scrollTo(0, 0)")
        await page.screenshot(path=artefacts / "01-dashboard.png", full_page=True)
        await page.close()
        assert await demo.end(signal.SIGINT) == 0
        assert demo.left() == []
    async with demonstration(*keep) as again:
        assert "The band is paired." in again.text
        assert await again.end(signal.SIGTERM) == 0
        assert again.left() == []


async def test_nothing_is_left_when_it_is_killed(tmp_path: Path) -> None:
    # Its own folder would stay: nobody is left to remove it.
    async with demonstration("--keep", str(tmp_path / "home")) as demo:
        assert 'shows "Mi Smart Band 4" as discovered' in demo.text
        # What they start for a moment, such as to ask what system this is, has the mark as well.
        await until(lambda: len(demo.left()) == 3, END_TIMEOUT_S)
        await demo.end(signal.SIGKILL)
        await until(lambda: not demo.left(), END_TIMEOUT_S)


@pytest.mark.parametrize("stopped", [False, True], ids=["deaf", "standing-still"])
async def test_a_child_that_does_not_end_is_ended(tmp_path: Path, *, stopped: bool) -> None:
    (tmp_path / "deaf.py").write_text(
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up')\n"
        "time.sleep(600)\n"
    )
    child = Child("deaf", ("deaf",), log=tmp_path / "log", cwd=tmp_path, path=tmp_path)
    await child.start()
    await until(lambda: "up" in child.log.read_text(), START_TIMEOUT_S)
    if stopped:
        assert child._process is not None
        child._process.send_signal(signal.SIGSTOP)
    await child.stop(patience_s=0.2)
    assert await child.ended() == -signal.SIGKILL
