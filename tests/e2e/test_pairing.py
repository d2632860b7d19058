"""From the discovered card to a message on the wrist, by clicking."""

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.demo.home import home
from tests.demo.lab import BandOptions
from tests.demo.process import free_port

from .pages import Visit, visit

# What an operation takes on a real link; without it the pages of a progress are over unseen.
LINK_PACE_S = 0.05


async def go_through_profile(wearer: Visit) -> None:
    """Say who wears it, and stay until the entry is made."""
    await wearer.see("Becomes part of the device's name", "profile")
    await wearer.fill("Name of the wearer", "Robin")
    await wearer.fill("Height", "171")
    await wearer.fill("Weight", "66")
    await wearer.fill("Date of birth", "1990-06-15")
    await wearer.shoot(wearer.ha, "profile-filled")
    await wearer.press("Write to the band")
    await wearer.see("Name and assign", "added")
    await wearer.press("Skip and finish")
    await expect(wearer.dialog).to_be_hidden()
    told = (await wearer.home.lab.state())["user_profile"]["user"]
    assert (told["birth"], told["height_cm"], told["weight_kg"]) == ("1990-06-15", 171, 66)


async def no_complaints(wearer: Visit) -> None:
    """The band was told nothing that no document allows, and nobody else complains."""
    assert await wearer.home.lab.violations() == []
    assert wearer.home.server.log_errors() == []
    assert wearer.faults == []


async def test_a_new_band_is_paired_with_a_tap_and_used(
    browser: Browser, artefacts: Path, tmp_path: Path
) -> None:
    async with (
        home(
            tmp_path / "home",
            BandOptions(profile="v1_new"),
            port=free_port(),
            page_port=free_port(),
            scanning_mode="auto",
        ) as here,
        visit(browser, here, artefacts) as wearer,
    ):
        await here.lab.control("delay", seconds=LINK_PACE_S)
        await wearer.sign_in()
        await wearer.add_discovered()
        await wearer.see("Charge the band to at least 30 %", "confirm")
        await wearer.press("Continue")
        await wearer.see("Where does this band come from?", "method")
        await wearer.choose("New or just reset: ask the band")
        await wearer.see("Tap your band.", "tap")
        await wearer.see_on_band("Pair?", "band-asks")
        await wearer.band.locator("#tap").click()
        await go_through_profile(wearer)

        await wearer.open_device()
        steps = int((await here.lab.state())["steps"]["today"])
        await wearer.see_value("Steps", f"{steps:,} steps", "device")
        await wearer.band.locator("#walk-steps").fill("1234")
        await wearer.band.locator("#walk").click()
        await wearer.see_value("Steps", f"{steps + 1234:,} steps", "walked")

        await wearer.send_message("Laundry", "The washing machine is done.")
        await wearer.see_on_band("Laundry", "message-on-band")
        alert = (await here.lab.state())["alerts"][-1]
        assert (alert["title"], alert["body"]) == ("Laundry", "The washing machine is done.")
        await no_complaints(wearer)
