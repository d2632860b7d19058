"""Pairing a new band with the vendor's signature, page by page, against a fake service."""

from collections.abc import AsyncGenerator
from functools import partial
from unittest.mock import patch

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mi_band.account_constants import MI_LINK_ZEPP, Vendor
from custom_components.mi_band.signing import signer_with_mi, signer_with_password
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.device_info import Identity
from tests.emulator.vendor import EmulatedVendor, Owner, Scenario

from .bands import MakeBand, held
from .flow import (
    DOMAIN,
    KEY,
    PROFILE,
    async_choose,
    async_submit,
    async_to_method,
    async_until_action,
    async_wait_out,
)

FLOW = "custom_components.mi_band.config_flow"
OWNER = Owner()
RIGHT = {"account": OWNER.account, "password": OWNER.password}
CONSENT = {"was_reset": True, "experiment": True}

pytestmark = pytest.mark.usefixtures("bluetooth_scanner")


@pytest.fixture
async def vendor(loopback: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[EmulatedVendor]:
    """Provide the service in the place of the vendor's; it found nothing wrong with us."""
    async with EmulatedVendor() as vendor:
        there = Vendor(base=vendor.base)
        monkeypatch.setattr(
            f"{FLOW}.signer_with_password", partial(signer_with_password, vendor=there)
        )
        monkeypatch.setattr(f"{FLOW}.signer_with_mi", partial(signer_with_mi, vendor=there))
        yield vendor
        assert not vendor.violations
        assert not vendor.open_logins


@pytest.fixture
async def band(make_band: MakeBand, vendor: EmulatedVendor) -> EmulatedBand:
    """Provide a new band that knows the vendor's public key."""
    return await make_band(profile="v2_new", verify_key=vendor.verify_key)


async def _async_to_account(hass: HomeAssistant, band: EmulatedBand) -> ConfigFlowResult:
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    page = await async_choose(hass, page, "sign")
    return await async_submit(hass, page, CONSENT)


async def _async_sign_in(
    hass: HomeAssistant, page: ConfigFlowResult, band: EmulatedBand
) -> ConfigFlowResult:
    page = await async_choose(hass, page, "account_email")
    return await async_submit(hass, page, RIGHT, lambda: tap_if_asked(band))


def tap_if_asked(band: EmulatedBand) -> None:
    """Tap as soon as the band asks."""
    if held(band)["asking"]:
        band.wearer.tap()


async def test_a_new_band_is_paired_with_a_real_signature(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    page = await _async_sign_in(hass, await _async_to_account(hass, band), band)
    assert page["step_id"] == "profile"
    page = await async_submit(hass, page, PROFILE)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert band.key is not None
    assert entry.data["key"] == band.key.hex()
    assert vendor.bindings[band.address]["auth_key"] == band.key.hex()


async def test_a_band_with_nfc_is_registered_as_one(
    hass: HomeAssistant, make_band: MakeBand, vendor: EmulatedVendor
) -> None:
    band = await make_band(
        profile="v2_new",
        verify_key=vendor.verify_key,
        identity=Identity(hardware="V0.25.131.21", product_version=0x0100),
    )
    page = await _async_sign_in(hass, await _async_to_account(hass, band), band)
    assert page["step_id"] == "profile"
    assert vendor.bindings[band.address]["device_source"] == "24"
    assert vendor.bindings[band.address]["productVersion"] == "256"


async def test_a_mi_account_signs_too(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    page = await async_choose(hass, await _async_to_account(hass, band), "account_mi")
    page = await async_submit(
        hass, page, {"pasted": vendor.issue_code()}, lambda: tap_if_asked(band)
    )
    assert page["step_id"] == "profile"


async def test_the_other_app_of_a_mi_account_signs_too(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    vendor.scenario = Scenario.NOT_REGISTERED
    page = await async_choose(hass, await _async_to_account(hass, band), "account_mi")
    page = await async_submit(hass, page, {"pasted": vendor.issue_code()})
    assert page["errors"] == {"base": "account_not_registered"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    page = await async_choose(hass, page, "account_mi")
    code = vendor.issue_code(MI_LINK_ZEPP.app.name)
    page = await async_submit(hass, page, {"pasted": code}, lambda: tap_if_asked(band))
    assert page["step_id"] == "profile"


async def test_nothing_begins_without_consent(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    page = await async_choose(hass, await async_to_method(hass, band), "tap")
    page = await async_choose(hass, page, "sign")
    page = await async_submit(hass, page, {"was_reset": False, "experiment": True})
    assert page["step_id"] == "sign"
    assert page["errors"] == {"base": "consent_needed"}
    page = await async_submit(hass, page, {"was_reset": False, "experiment": False})
    assert page["step_id"] == "method"
    assert not vendor.requests


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (Scenario.SIGN_REFUSED, "account_sign_refused"),
        (Scenario.NO_SIGNATURE, "account_unreachable"),
        (Scenario.WRONG_PASSWORD, "account_auth_failed"),
    ],
)
async def test_without_a_signature_the_band_is_as_new_as_before(
    hass: HomeAssistant,
    band: EmulatedBand,
    vendor: EmulatedVendor,
    *,
    scenario: Scenario,
    code: str,
) -> None:
    vendor.scenario = scenario
    page = await _async_sign_in(hass, await _async_to_account(hass, band), band)
    assert page["errors"] == {"base": code}
    assert not band.bound
    vendor.scenario = Scenario.OK_EMAIL
    page = await async_submit(hass, page, {"next_step": "retry"})
    page = await _async_sign_in(hass, page, band)
    assert page["step_id"] == "profile"


async def test_a_refused_tap_asks_for_the_account_again(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    page = await async_choose(hass, await _async_to_account(hass, band), "account_email")
    page = await hass.config_entries.flow.async_configure(page["flow_id"], RIGHT)
    page = await async_until_action(hass, page["flow_id"], "tap_band")
    await band.wait_for(lambda: held(band)["asking"])
    band.wearer.refuse()
    page = await async_wait_out(hass, page)
    assert page["errors"] == {"base": "confirm_refused"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "account"
    page = await _async_sign_in(hass, page, band)
    assert page["step_id"] == "profile"


async def test_a_signature_of_another_key_is_refused_by_the_band(
    hass: HomeAssistant, make_band: MakeBand, vendor: EmulatedVendor
) -> None:
    async with EmulatedVendor() as other:
        stranger = await make_band(profile="v2_new", verify_key=other.verify_key)
    page = await _async_sign_in(hass, await _async_to_account(hass, stranger), stranger)
    assert page["errors"] == {"base": "confirm_refused"}
    assert not stranger.bound


async def test_a_vendor_that_is_not_told_does_not_spoil_the_pairing(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    vendor.scenario = Scenario.COMPLETE_FAILS
    page = await _async_sign_in(hass, await _async_to_account(hass, band), band)
    assert page["step_id"] == "profile"


async def test_a_typed_key_that_could_not_be_tried_is_tried_again_after_a_signature(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor
) -> None:
    page = await _async_sign_in(hass, await _async_to_account(hass, band), band)
    band.wearer.pair_elsewhere(KEY)
    page = await async_submit(hass, page, PROFILE)
    assert page["errors"] == {"base": "wrong_key"}
    page = await async_submit(hass, page, {"next_step": "key"})
    band.faults.cut_after(3)
    with patch("custom_components.mi_band.pairing.PAIRING_ATTEMPTS", 1):
        page = await async_submit(hass, page, {"key": KEY.hex()})
    assert page["errors"] == {"base": "cannot_connect"}
    page = await async_submit(hass, page, {"next_step": "retry"})
    assert page["step_id"] == "profile"
    page = await async_submit(hass, page, PROFILE)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["key"] == KEY.hex()


@pytest.mark.parametrize("cut_after", range(1, 19))
async def test_the_link_may_be_cut_at_each_operation(
    hass: HomeAssistant, band: EmulatedBand, vendor: EmulatedVendor, cut_after: int
) -> None:
    page = await _async_to_account(hass, band)
    band.faults.cut_after(cut_after)
    page = await _async_sign_in(hass, page, band)
    if page["step_id"] == "pair_failed":
        assert page["errors"] == {"base": "cannot_connect"}
        page = await async_submit(hass, page, {"next_step": "retry"})
        page = await _async_sign_in(hass, page, band)
    assert page["step_id"] == "profile"
    assert band.bound
