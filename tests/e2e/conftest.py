"""The browser, and what a run leaves to look at."""

from collections.abc import AsyncIterator
import os
from pathlib import Path
import shutil

from playwright.async_api import Browser, async_playwright
import pytest

from tests.demo.process import ROOT

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # The browser is a part of the demonstration here: no name is looked up, not even by itself.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@pytest.fixture
def chromium() -> str:
    """The machine's own Chromium; no browser of Playwright's is needed."""
    for name in _CHROMIUM:
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium on this machine: apt-get install chromium")


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser, without anybody's profile."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
def artefacts(request: pytest.FixtureRequest) -> Path:
    """The folder of a test's screenshots and logs, empty at its start."""
    name: str = request.node.name
    root = Path(os.environ.get("MI_BAND_ARTEFACTS", ROOT / ".dev" / "artefacts" / "e2e"))
    folder = root / name.removeprefix("test_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
