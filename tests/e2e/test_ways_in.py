"""The ways to a key, by clicking: typed, from the account, and with the maker's signature."""

from pathlib import Path

from playwright.async_api import expect
import pytest

from tests.emulator.vendor import Step

from .pages import Visit
from .street import KEY, Street, entities, until_connected
from .test_pairing import go_through_profile

WRONG_KEY = "0123456789abcdef0123456789abcdef"
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask_the_band(wearer: Visit) -> None:
    """Open the discovered card and choose what a new owner chooses; the band wants its maker."""
    await wearer.add_discovered()
    await wearer.see("Charge the band to at least 30 %", "confirm")
    await wearer.press("Continue")
    await wearer.see("Where does this band come from?", "method")
    await wearer.choose("New or just reset: ask the band")
    await wearer.see("This band wants its maker's signature", "signature")


async def sign_in(wearer: Visit, account: str, password: str) -> None:
    await wearer.choose("E-mail address or phone number")
    await wearer.see("Used for this sign-in only, and not kept.", "sign-in")
    await wearer.fill("E-mail address or phone number", account)
    await wearer.fill("Password", password)
    await wearer.shoot(wearer.ha, "sign-in-filled")
    await wearer.press("Sign in")


async def paste_mi_address(wearer: Visit) -> None:
    """Sign in on the page of the Mi account, and paste the address of the page after it."""
    await wearer.choose("Mi (Xiaomi) account")
    await wearer.see("Copy the whole address of that page", "mi-account")
    async with wearer.ha.expect_popup() as opened:
        await wearer.dialog.get_by_role("link", name="Open the sign-in page").click()
    browser_page = await opened.value
    async with browser_page.expect_event("requestfailed") as failed:
        await browser_page.get_by_role("link", name="Agree").click()
    landed = (await failed.value).url
    await wearer.shoot(browser_page, "mi-landed")
    # The page of the maker that does not exist; nothing of ours asked for it.
    assert wearer.faults == [f"request: {landed}"]
    wearer.faults.clear()
    await wearer.ha.bring_to_front()
    await wearer.fill("Address of the page", landed)
    await wearer.shoot(wearer.ha, "mi-pasted")
    await wearer.press("Continue")


async def consent(wearer: Visit) -> None:
    """Consent to the signature, after half a consent."""
    await wearer.choose("It is new or was reset: pair it with the signature (experimental)")
    await wearer.see("Home Assistant never resets a band for this.", "consent")
    await wearer.dialog.locator("ha-checkbox").nth(1).click()
    await wearer.press("Continue")
    await wearer.see("Tick both points to go on", "consent-missing")
    await wearer.dialog.locator("ha-checkbox").nth(0).click()
    await wearer.press("Continue")
    await wearer.see("Which account?", "account")


async def is_added(wearer: Visit, binding: str = "vendor_signature") -> None:
    """The entry is there, the band holds the link, and its page shows what it told."""
    server = wearer.home.server
    (entry,) = await server.entries("mi_band")
    assert (entry["title"], entry["state"]) == ("Mi Smart Band 4 Robin", "loaded")
    await until_connected(wearer)
    state = await wearer.home.lab.state()
    assert (state["bound"], state["authenticated"]) == (True, True)
    assert len(await entities(wearer.home)) > 20
    await wearer.open_device()
    await wearer.see_value("Battery", "77%", "device")
    diagnostics = await server.get(f"/api/diagnostics/config_entry/{entry['entry_id']}")
    assert diagnostics["data"]["entry"]["binding"] == binding


async def test_a_band_with_a_key_is_paired_when_the_key_is_right(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await wearer.add_discovered()
        await wearer.see("Charge the band to at least 30 %", "confirm")
        await wearer.press("Continue")
        await wearer.choose("I have the key")
        await wearer.see("Type or paste the key.", "key")
        await wearer.fill("Key", WRONG_KEY)
        await wearer.press("Try the key")
        await expect(wearer.dialog.get_by_text("Enter another key")).to_be_visible()
        await wearer.see("The band has another key.", "wrong-key")
        await wearer.press("Continue")
        await wearer.fill("Key", f" 0x{KEY.upper()} ")
        await wearer.press("Try the key")
        await go_through_profile(wearer)
        await is_added(wearer, binding="not_asked")
        assert street.vendor.requests == []


async def test_a_band_of_an_account_is_added_by_e_mail_and_password(
    street: Street, artefacts: Path
) -> None:
    owner = street.vendor.owner
    async with street.walk("bound", artefacts) as wearer:
        await ask_the_band(wearer)
        await wearer.choose("Fetch its key with the account")
        await wearer.see("Which account?", "account")
        await sign_in(wearer, owner.account, "not the password")
        await expect(wearer.dialog.get_by_text("Try again")).to_be_visible()
        await wearer.see("The account or the password is wrong.", "wrong-password")
        assert street.vendor.steps == {Step.TOKENS: 1}
        await wearer.press("Continue")
        await wearer.choose("E-mail address or phone number")
        account = wearer.field("E-mail address or phone number")
        await expect(account).to_have_value(owner.account)
        await wearer.fill("Password", owner.password)
        await wearer.shoot(wearer.ha, "name-is-kept")
        # The answers of a service that is far away.
        street.vendor.delay_s = 0.4
        await wearer.press("Sign in")
        await wearer.see("Signing in to the maker's service", "signing-in")
        await go_through_profile(wearer)
        await is_added(wearer)
        assert street.vendor.steps[Step.LOGOUT] == 1


async def test_a_band_of_a_mi_account_is_added_with_the_address_of_the_last_page(
    street: Street, artefacts: Path
) -> None:
    async with street.walk("bound", artefacts) as wearer:
        await ask_the_band(wearer)
        await wearer.choose("Fetch its key with the account")
        await paste_mi_address(wearer)
        await go_through_profile(wearer)
        await is_added(wearer)
        assert street.vendor.steps[Step.LOGOUT] == 1


async def test_a_new_band_is_paired_with_its_makers_signature(
    street: Street, artefacts: Path
) -> None:
    owner = street.vendor.owner
    async with street.walk("v2_new", artefacts) as wearer:
        await ask_the_band(wearer)
        await consent(wearer)
        assert street.vendor.requests == []
        await sign_in(wearer, owner.account, owner.password)
        await wearer.see("Tap your band.", "tap")
        await wearer.see_on_band("Pair?", "band-asks")
        await wearer.band.locator("#tap").click()
        await go_through_profile(wearer)
        await is_added(wearer)
        bound = street.vendor.bindings[street.vendor.address]
        assert bound["bind_timezone"] in {"4", "8"}
        assert street.vendor.steps[Step.LOGOUT] == 1
