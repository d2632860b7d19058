"""Fetching the key with the account of the phone app, page by page, against a fake service."""

from collections.abc import AsyncGenerator
from functools import partial

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mi_band.account import (
    mi_sign_in_address,
    sign_in_with_mi,
    sign_in_with_password,
)
from custom_components.mi_band.account_constants import (
    MI_LINK_PLAIN,
    MI_LINK_ZEPP,
    MI_LINKS,
    MiLink,
    Vendor,
)
from tests.emulator.band import EmulatedBand
from tests.emulator.vendor import EmulatedVendor, Owner, Scenario

from .bands import MakeBand
from .flow import DOMAIN, KEY, PROFILE, async_choose, async_submit, async_to_method

FLOW = "custom_components.mi_band.config_flow"
OWNER = Owner()
RIGHT = {"account": OWNER.account, "password": OWNER.password}


pytestmark = pytest.mark.usefixtures("bluetooth_scanner")


@pytest.fixture
async def vendor(loopback: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[EmulatedVendor]:
    """Provide the service, in the place of the vendor's; it found nothing wrong with us."""
    async with EmulatedVendor(key=KEY) as vendor:
        there = Vendor(base=vendor.base)
        for name, sign_in in (
            ("sign_in_with_password", sign_in_with_password),
            ("sign_in_with_mi", sign_in_with_mi),
        ):
            monkeypatch.setattr(f"{FLOW}.{name}", partial(sign_in, vendor=there))
        yield vendor
        assert not vendor.violations
        assert not vendor.open_logins


async def _async_to_email(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    page = await async_choose(hass, await async_to_method(hass, band), "account")
    assert page["menu_options"] == ["account_email", "account_mi"]
    return await async_choose(hass, page, "account_email")


async def _async_to_mi(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    page = await async_choose(hass, await async_to_method(hass, band), "account")
    return await async_choose(hass, page, "account_mi")


def _suggested(page: ConfigFlowResult) -> dict[str, object]:
    """Return what a page has filled in."""
    assert page["data_schema"] is not None
    fields = page["data_schema"].schema
    return {
        str(field): field.description["suggested_value"] for field in fields if field.description
    }


async def test_a_band_that_wants_a_signature_is_added_with_the_account(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    assert page["step_id"] == "vendor_signature_needed"
    page = await async_choose(hass, page, "account")
    page = await async_choose(hass, page, "account_email")
    page = await async_submit(hass, page, RIGHT)
    assert page["step_id"] == "profile"
    await async_submit(hass, page, PROFILE)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["key"] == KEY.hex()
    assert OWNER.password not in str(entry.as_dict())
    assert OWNER.account not in str(entry.as_dict())


async def test_a_mi_account_signs_in_with_the_pasted_address(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    page = await _async_to_mi(hass, band)
    assert page["description_placeholders"] is not None
    assert page["description_placeholders"]["link"].startswith("https://")
    pasted = f"https://landing.example/not?state=x&code={vendor.issue_code()}"
    page = await async_submit(hass, page, {"pasted": pasted})
    assert page["step_id"] == "profile"


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (Scenario.WRONG_PASSWORD, "account_auth_failed"),
        (Scenario.RATE_LIMITED, "account_rate_limited"),
        (Scenario.NOWHERE_REGISTERED, "account_not_registered"),
        (Scenario.FROZEN, "account_frozen"),
        (Scenario.DISABLED, "account_disabled"),
        (Scenario.REGION, "account_wrong_region"),
        (Scenario.HTML, "account_unreachable"),
        (Scenario.NO_BANDS, "account_no_bands"),
        (Scenario.KEY_EMPTY, "account_no_key"),
    ],
)
async def test_each_failure_has_its_sentence_and_a_way_on(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
    *,
    scenario: Scenario,
    code: str,
) -> None:
    band = await make_band(key=KEY)
    vendor.scenario = scenario
    page = await async_submit(hass, await _async_to_email(hass, band), RIGHT)
    assert page["step_id"] == "account_sign_in_failed"
    assert page["errors"] == {"base": code}
    vendor.scenario = Scenario.OK_EMAIL
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "account"
    page = await async_choose(hass, page, "account_email")
    assert _suggested(page) == {"account": OWNER.account}
    page = await async_submit(hass, page, RIGHT)
    assert page["step_id"] == "profile"


async def test_after_a_failure_another_way_can_be_chosen(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    vendor.scenario = Scenario.NO_BANDS
    page = await async_submit(hass, await _async_to_email(hass, band), RIGHT)
    page = await async_submit(hass, page, {"next_step": "method"})
    assert page["step_id"] == "method"


async def test_a_spent_code_is_told(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    vendor.scenario = Scenario.CODE_USED
    page = await _async_to_mi(hass, band)
    page = await async_submit(hass, page, {"pasted": vendor.issue_code()})
    assert page["errors"] == {"base": "account_code_used"}


async def test_another_sign_in_page_can_be_asked_for(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    page = await _async_to_mi(hass, band)
    shown = []
    for _ in MI_LINKS:
        shown.append(_link_on(page))
        page = await async_submit(hass, page, {"other_page": True})
        assert page["step_id"] == "account_mi"
    assert shown == list(MI_LINKS)
    # After the last comes the first again.
    assert _link_on(page) == MI_LINKS[0]
    page = await async_submit(hass, page, {"pasted": vendor.issue_code()})
    assert page["step_id"] == "profile"


async def test_after_a_spent_code_the_next_page_is_offered(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    vendor.scenario = Scenario.CODE_USED
    page = await _async_to_mi(hass, band)
    page = await async_submit(hass, page, {"pasted": vendor.issue_code()})
    assert page["errors"] == {"base": "account_code_used"}
    vendor.scenario = Scenario.OK_EMAIL
    page = await async_submit(hass, page, {"next_step": "retry"})
    page = await async_choose(hass, page, "account_mi")
    assert _link_on(page) == MI_LINK_PLAIN
    page = await async_submit(hass, page, {"pasted": vendor.issue_code()})
    assert page["step_id"] == "profile"


async def test_an_account_that_one_app_does_not_know_is_asked_for_as_the_other(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    vendor.scenario = Scenario.NOT_REGISTERED
    page = await _async_to_mi(hass, band)
    page = await async_submit(hass, page, {"pasted": vendor.issue_code()})
    assert page["errors"] == {"base": "account_not_registered"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    page = await async_choose(hass, page, "account_mi")
    assert _link_on(page) == MI_LINK_ZEPP
    # A bare code does not tell which page gave it.
    code = vendor.issue_code(MI_LINK_ZEPP.app.name)
    page = await async_submit(hass, page, {"pasted": code})
    assert page["step_id"] == "profile"


async def test_an_empty_page_is_told_and_shows_the_same_link_again(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await _async_to_mi(hass, band), {})
    assert page["errors"] == {"base": "account_code_missing"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert _link_on(await async_choose(hass, page, "account_mi")) == MI_LINKS[0]
    assert not vendor.requests


async def test_a_wrong_password_leaves_the_sign_in_page_as_it_is(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY)
    vendor.scenario = Scenario.WRONG_PASSWORD
    page = await async_submit(hass, await _async_to_email(hass, band), RIGHT)
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert _link_on(await async_choose(hass, page, "account_mi")) == MI_LINKS[0]


def _link_on(page: ConfigFlowResult) -> MiLink:
    """Return the link that a page shows."""
    shown = page["description_placeholders"]
    assert shown is not None
    (link,) = (link for link in MI_LINKS if mi_sign_in_address(link) == shown["link"])
    assert (shown["number"], shown["count"]) == (str(MI_LINKS.index(link) + 1), "3")
    return link


async def test_a_key_under_another_address_is_offered_and_proven(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(key=KEY, address="F3:4E:C4:00:00:77")
    page = await async_submit(hass, await _async_to_email(hass, band), RIGHT)
    assert page["step_id"] == "account_bands"
    page = await async_submit(hass, page, {"band": "F3:4E:C4:1E:46:0F"})
    assert page["step_id"] == "profile"


async def test_an_old_key_of_a_reset_band_is_refused_and_told(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
) -> None:
    band = await make_band(profile="bound_08")
    page = await async_submit(hass, await _async_to_email(hass, band), RIGHT)
    assert page["errors"] == {"base": "wrong_key"}


async def test_nothing_secret_of_the_sign_in_is_logged(
    hass: HomeAssistant,
    make_band: MakeBand,
    vendor: EmulatedVendor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    band = await make_band(key=KEY)
    page = await async_submit(hass, await _async_to_email(hass, band), RIGHT)
    await async_submit(hass, page, PROFILE)
    said = "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("aiohttp", "tests.", "bumble"))
    )
    assert not [secret for secret in vendor.secrets if secret in said]
