"""The browser, and what a run leaves to look at."""

from collections.abc import AsyncIterator
import contextlib
import os
from pathlib import Path
import shutil

from playwright.async_api import Browser, async_playwright
import pytest
import pytest_asyncio

from tests.demo.process import ROOT

from .street import Street, open_street, secrets_on_disk

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


@pytest.fixture(scope="session")
def chromium() -> str:
    """The machine's own Chromium; no browser of Playwright's is needed."""
    for name in _CHROMIUM:
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium on this machine: apt-get install chromium")


@contextlib.asynccontextmanager
async def _started(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser, without anybody's profile."""
    async with _started(chromium) as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def street(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """One Home Assistant, and a band for each who walks by."""
    folder = tmp_path_factory.mktemp("street")
    async with _started(chromium) as browser, open_street(browser, folder) as street:
        yield street
    # Its files are complete only now.
    assert secrets_on_disk(street) == []


@pytest.fixture
def artefacts(request: pytest.FixtureRequest) -> Path:
    """The folder of a test's screenshots and logs, empty at its start."""
    name: str = request.node.name
    root = Path(os.environ.get("MI_BAND_ARTEFACTS", ROOT / ".dev" / "artefacts" / "e2e"))
    folder = root / name.removeprefix("test_")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
