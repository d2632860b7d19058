"""Settings by clicking, and the repair of a band that stopped confirming alerts."""

from pathlib import Path

from playwright.async_api import expect
import pytest

from .pages import Visit
from .street import Street, add_with_key, entities, until_connected

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def call(wearer: Visit, action: str, ending: str, **data: object) -> None:
    """Perform an action on the entity of the band whose id ends in this."""
    domain, _, name = action.partition(".")
    (entity,) = (
        one
        for one in await entities(wearer.home)
        if one.startswith(f"{domain}.") and one.endswith(ending)
    )
    await wearer.home.server.command(
        "call_service",
        domain=domain,
        service=name,
        target={"entity_id": entity},
        service_data=data,
    )


async def test_settings_are_chosen_on_the_page_of_the_device(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await add_with_key(wearer)
        await until_connected(wearer)
        await wearer.open_device()
        row = wearer.ha.locator("hui-select-entity-row", has_text="Night mode")
        await expect(row).to_be_visible()
        await row.scroll_into_view_if_needed()
        await wearer.shoot(wearer.ha, "settings")
        await row.locator("ha-select").click()
        await (
            wearer.ha.get_by_role("option", name="From sunset")
            .or_(wearer.ha.locator("ha-dropdown-item, ha-list-item", has_text="From sunset"))
            .first.click()
        )
        lock = wearer.ha.locator("hui-toggle-entity-row", has_text="Swipe lock")
        await wearer.shoot(wearer.ha, "night-mode")
        # What was never chosen is neither on nor off: two buttons.
        await lock.locator("ha-icon-button").nth(1).click()

        async def on_band() -> bool:
            settings = (await wearer.home.lab.state())["settings"]
            return settings.get("night_mode") == {"mode": "sunset"} and bool(
                settings.get("swipe_unlock")
            )

        await wearer.home.server.until(on_band, what="the band has the settings")
        await wearer.shoot(wearer.ha, "chosen")


async def test_a_band_that_stops_confirming_alerts_is_tried_from_its_repair(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await add_with_key(wearer)
        await until_connected(wearer)
        await call(wearer, "notify.send_message", "_wrist", message="first")
        await wearer.home.lab.control("lose", characteristic="0020", count=4)
        for number in range(3):
            await call(wearer, "notify.send_message", "_wrist", message=f"alert {number}")
        await wearer.ha.goto(f"{wearer.home.server.url}/config/repairs")
        await wearer.ha.get_by_text("does not confirm alerts any more").click()
        await wearer.see("Do not disturb keeps alerts from the screen", "remedies")
        await wearer.press("Send a test alert")
        await wearer.see("Did it appear?", "asked")
        await wearer.shoot(wearer.band, "on-band")
        await wearer.press("Continue")
        await wearer.see("It did not appear.", "not-seen")
        await wearer.press("Send a test alert")
        await wearer.see("The issue is repaired!", "confirmed")
