"""What becomes of a band that Home Assistant knows, by clicking: another key, a reset, the end."""

from pathlib import Path

from playwright.async_api import expect
import pytest

from tests.emulator.vendor import Step

from .pages import Visit
from .street import Street, add_with_key, entities, until_connected
from .test_ways_in import consent, paste_mi_address, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")
OTHER_KEY = "0f9b8a7c6d5e4f3021324354657687a9"


async def device_id(wearer: Visit) -> str:
    registry = await wearer.home.server.command("config/device_registry/list")
    return next(str(one["id"]) for one in registry if one["manufacturer"] == "Xiaomi")


async def see_the_end(wearer: Visit, words: str, name: str) -> None:
    """See the last page of a dialog that adds nothing, and close it."""
    await wearer.see(words, name)
    # The cross in the corner has the same name.
    await wearer.dialog.get_by_text("Close", exact=True).click()
    await expect(wearer.dialog).to_be_hidden()


async def test_a_band_that_was_paired_elsewhere_gets_its_new_key_from_the_account(
    street: Street, artefacts: Path
) -> None:
    owner = street.vendor.owner
    async with street.walk("bound_07", artefacts) as wearer:
        await add_with_key(wearer)
        await until_connected(wearer)
        before = (await device_id(wearer), await entities(wearer.home))
        street.vendor.key = bytes.fromhex(OTHER_KEY)
        await wearer.home.lab.control("pair_elsewhere", key=OTHER_KEY)
        await wearer.open_integrations()
        card = wearer.ha.locator("ha-config-flow-card", has_text="Mi Smart Band 4 Robin")
        await expect(card).to_be_visible()
        await wearer.shoot(wearer.ha, "attention")
        await card.get_by_role("button", name="Reconfigure").click()
        await expect(wearer.dialog.get_by_text("does not accept its key any more")).to_be_visible()
        await wearer.see("Its history in Home Assistant stays.", "refused")
        await wearer.press("Continue")
        await wearer.see("Where does this band come from?", "method")
        await wearer.choose("Used with Mi Fit or Zepp Life: fetch its key")
        await wearer.see("Which account?", "account")
        await sign_in(wearer, owner.account, owner.password)
        await see_the_end(wearer, "The band accepts the new key.", "accepted")
        await until_connected(wearer)
        await expect(card).to_be_hidden()
        await wearer.shoot(wearer.ha, "no-attention")
        assert (await device_id(wearer), await entities(wearer.home)) == before
        assert (await wearer.home.lab.state())["authenticated"] is True
        assert street.vendor.steps[Step.LOGOUT] == 1


async def reset_by_its_menu(wearer: Visit) -> None:
    await wearer.band.bring_to_front()
    wearer.band.once("dialog", lambda dialog: dialog.accept())
    await wearer.band.locator("#reset").click()
    await wearer.see_on_band("Pair me", "reset")
    await wearer.ha.bring_to_front()


async def add_as_known(wearer: Visit) -> None:
    """Open the discovered card and say which band it is; it wants its maker."""
    await wearer.add_discovered()
    await wearer.see("Charge the band to at least 30 %", "confirm")
    await wearer.press("Continue")
    await expect(wearer.dialog.get_by_text("Mi Smart Band 4 Robin")).to_be_visible()
    await wearer.see("A band gets a new address with every reset.", "known-band")
    await wearer.choose("Mi Smart Band 4 Robin")
    await wearer.shoot(wearer.ha, "known-band-chosen")
    await wearer.press("Continue")
    await wearer.see("Where does this band come from?", "method")
    await wearer.choose("New or just reset: ask the band")
    await wearer.see("This band wants its maker's signature", "signature")


async def test_a_band_that_was_reset_keeps_its_place_under_its_new_address(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await add_with_key(wearer)
        await until_connected(wearer)
        before = (await device_id(wearer), await entities(wearer.home))
        old = await wearer.home.lab.state()
        await reset_by_its_menu(wearer)
        await add_as_known(wearer)
        await consent(wearer)
        await paste_mi_address(wearer)
        await wearer.see("Tap your band.", "tap")
        await wearer.see_on_band("Pair?", "band-asks")
        await wearer.band.locator("#tap").click()
        await see_the_end(wearer, "Entities and history are the same as before.", "paired-again")
        await until_connected(wearer)
        await wearer.open_device()
        await wearer.see_value("Battery", "77%", "device")
        assert (await device_id(wearer), await entities(wearer.home)) == before
        state = await wearer.home.lab.state()
        assert state["address"] != old["address"]
        assert (state["bound"], state["authenticated"]) == (True, True)
        assert state["user_profile"]["user"] == old["user_profile"]["user"]
        await expect(wearer.ha.get_by_text(state["address"])).to_be_visible()


async def test_a_band_is_unbound_and_may_be_added_by_its_next_owner(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await add_with_key(wearer)
        await until_connected(wearer)
        old = (await wearer.home.lab.state())["address"]
        action = {"action": "mi_band.unbind", "data": {"device_id": await device_id(wearer)}}
        await wearer.fill_action(action)
        await wearer.ha.get_by_text("UI mode").click()
        await expect(wearer.ha.get_by_text("Mi Smart Band 4 Robin")).to_be_visible()
        await wearer.shoot(wearer.ha, "action-by-fields")
        await wearer.ha.get_by_role("button", name="Perform action").click()
        await wearer.see_on_band("Pair me", "new-again")
        await wearer.ha.bring_to_front()
        await expect(wearer.ha.get_by_text("heard_as_new: true")).to_be_visible()
        await wearer.shoot(wearer.ha, "answer")
        state = await wearer.home.lab.state()
        assert state["bound"] is False
        assert state["address"] != old
        assert await wearer.home.server.entries("mi_band") == []
        assert await entities(wearer.home) == {}
        await wearer.open_integrations()
        card = wearer.ha.locator("ha-config-flow-card", has_text="Mi Smart Band 4")
        await expect(card).to_be_visible()
        await wearer.shoot(wearer.ha, "gone-and-discovered")
