"""The ways to a key that end with the maker's service: their pages, up to where it is asked."""

from pathlib import Path

from playwright.async_api import Browser

from tests.demo.home import home
from tests.demo.lab import BandOptions
from tests.demo.process import free_port

from .pages import visit


async def test_a_band_that_wants_a_signature_leads_to_the_account(
    browser: Browser, artefacts: Path, tmp_path: Path
) -> None:
    async with (
        home(
            tmp_path / "home",
            BandOptions(profile="v2_new"),
            port=free_port(),
            page_port=free_port(),
        ) as here,
        visit(browser, here, artefacts) as wearer,
    ):
        await wearer.sign_in()
        await wearer.add_discovered()
        await wearer.see("Charge the band to at least 30 %", "confirm")
        await wearer.press("Continue")
        await wearer.choose("New or just reset: ask the band")
        await wearer.see("This band wants its maker's signature", "signature")
        await wearer.choose("It is new or was reset: pair it with the signature (experimental)")
        await wearer.see("Home Assistant never resets a band for this.", "consent")
        await wearer.dialog.locator("ha-checkbox").nth(1).click()
        await wearer.press("Continue")
        await wearer.see("It takes both points.", "consent-missing")
        await wearer.dialog.locator("ha-checkbox").nth(0).click()
        await wearer.press("Continue")
        await wearer.see("Which account?", "account")
        await wearer.choose("Mi (Xiaomi) account")
        await wearer.see("Copy the whole address of that page", "mi-account")
        assert await wearer.home.lab.violations() == []
        assert wearer.home.server.log_errors() == []
        assert wearer.faults == []
