"""Binding: how a band wants it, and the tap of its wearer."""

import asyncio
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.mi_band.band import binding
from custom_components.mi_band.band.auth import authenticate
from custom_components.mi_band.band.binding import LocalKey, VendorSignature, bind, probe_binding
from custom_components.mi_band.band.errors import (
    ConfirmationRefused,
    ConfirmationTimeout,
    KeyRejected,
    LinkLost,
    SignatureRequired,
)
from tests.emulator.wearer import Policy
from tests.vectors import auth as vectors

from .lab import KEY, OTHER_KEY, Lab, say_first, state, traffic


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "TAP_TIMEOUT", timedelta(milliseconds=200))
    monkeypatch.setattr(binding, "ANSWER_TIMEOUT", timedelta(milliseconds=200))


# The probe


@pytest.mark.parametrize("profile", ["bound", "v2_new", "bound_08"])
async def test_a_band_of_this_model_asks_for_the_vendors_signature(lab: Lab, profile: str) -> None:
    band = await lab.band(profile=profile)
    async with lab.open(band, None) as link:
        assert await probe_binding(link) == VendorSignature(vectors.PUBLIC_KEY_HASH)


async def test_a_band_of_the_older_kind_asks_for_a_key(lab: Lab) -> None:
    band = await lab.band(profile="v1_new")
    async with lab.open(band, None) as link:
        assert await probe_binding(link) == LocalKey()


async def test_probing_is_harmless_on_an_authenticated_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await probe_binding(link)
        assert band.authenticated
        await authenticate(link, KEY)


async def test_wrong_replies_to_the_probe_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(monkeypatch, band, "0009", vectors.AUTHENTICATED, b"\x10", vectors.CHALLENGE)
    async with lab.open(band, None) as link:
        assert isinstance(await probe_binding(link), VendorSignature)


@pytest.mark.usefixtures("short_waits")
async def test_a_band_that_does_not_answer_the_probe_is_a_lost_link(lab: Lab) -> None:
    band = await lab.band(profile="silent_auth")
    async with lab.open(band, None) as link:
        with pytest.raises(LinkLost):
            await probe_binding(link)


async def test_a_band_that_hangs_up_over_the_probe_is_a_lost_link(lab: Lab) -> None:
    band = await lab.band(profile="drops_on_auth")
    async with lab.open(band, None) as link:
        with pytest.raises(LinkLost):
            await probe_binding(link)


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("what", ["lose", "garble"])
async def test_a_disturbed_answer_to_the_probe_is_a_lost_link(lab: Lab, what: str) -> None:
    band = await lab.band()
    getattr(band.faults, what)("0009")
    async with lab.open(band, None) as link:
        with pytest.raises(LinkLost):
            await probe_binding(link)
        assert isinstance(await probe_binding(link), VendorSignature)


# The tap


async def test_a_tap_binds_the_band_with_our_key(lab: Lab) -> None:
    band = await lab.band(profile="v1_new")
    async with lab.open(band, None) as link:
        binding = asyncio.create_task(bind(link, KEY))
        await band.wait_for(lambda: bool(state(band, "screen")["hint"]))
        assert band.vibrations == 1
        assert not band.bound
        band.wearer.tap()
        await binding
        assert band.key == KEY
        await authenticate(link, KEY)
        assert band.authenticated


async def test_a_bound_band_opens_with_the_key_on_the_next_connection(lab: Lab) -> None:
    band = await lab.band(profile="v1_new", policy=Policy.ACCEPT)
    async with lab.open(band, None) as link:
        await bind(link, KEY)
    async with lab.open(band):
        assert band.authenticated


async def test_a_swipe_refuses_the_pairing(lab: Lab) -> None:
    band = await lab.band(profile="v1_refuses")
    async with lab.open(band, None) as link:
        with pytest.raises(ConfirmationRefused):
            await bind(link, KEY)
    assert not band.bound


async def test_a_refused_pairing_can_be_tried_again(lab: Lab) -> None:
    band = await lab.band(profile="v1_refuses")
    async with lab.open(band, None) as link:
        with pytest.raises(ConfirmationRefused):
            await bind(link, KEY)
        band.wearer.policy = Policy.ACCEPT
        await bind(link, KEY)
        await authenticate(link, KEY)


@pytest.mark.usefixtures("short_waits")
async def test_a_wearer_who_does_nothing_lets_the_pairing_time_out(lab: Lab) -> None:
    band = await lab.band(profile="v1_ignores")
    async with lab.open(band, None) as link:
        with pytest.raises(ConfirmationTimeout):
            await bind(link, KEY)
    assert not band.bound


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("what", ["lose", "garble"])
async def test_a_disturbed_confirmation_times_out_though_the_key_is_stored(
    lab: Lab, what: str
) -> None:
    band = await lab.band(profile="v1_new", policy=Policy.ACCEPT)
    getattr(band.faults, what)("0009")
    async with lab.open(band, None) as link:
        with pytest.raises(ConfirmationTimeout):
            await bind(link, KEY)
        # What the flow does before it asks for another tap.
        await authenticate(link, KEY)


async def test_a_doubled_confirmation_does_no_harm(lab: Lab) -> None:
    band = await lab.band(profile="v1_new", policy=Policy.ACCEPT)
    band.faults.double("0009", 3)
    async with lab.open(band, None) as link:
        assert await probe_binding(link) == LocalKey()
        await bind(link, KEY)
        await authenticate(link, KEY)


async def test_wrong_replies_to_the_key_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band(profile="v1_new", policy=Policy.ACCEPT)
    say_first(monkeypatch, band, "0009", vectors.AUTHENTICATED, b"\x10\x01", vectors.CHALLENGE)
    async with lab.open(band, None) as link:
        await bind(link, KEY)
    assert band.bound


async def test_leaving_before_the_tap_takes_the_question_off_the_screen(lab: Lab) -> None:
    band = await lab.band(profile="v1_new")
    async with lab.open(band, None) as link:
        binding = asyncio.create_task(bind(link, KEY))
        await band.wait_for(lambda: bool(state(band, "screen")["hint"]))
        binding.cancel()
    await band.wait_for(lambda: not band.connected)
    assert not state(band, "screen")["hint"]
    band.wearer.tap()
    assert not band.bound
    assert binding.cancelled()


async def test_a_link_that_breaks_before_the_tap_is_told(lab: Lab) -> None:
    band = await lab.band(profile="v1_new")
    async with lab.open(band, None) as link:
        binding = asyncio.create_task(bind(link, KEY))
        await band.wait_for(lambda: bool(state(band, "screen")["hint"]))
        lab.faults(band).cut()
        with pytest.raises(LinkLost):
            await binding
    band.wearer.tap()
    assert not band.bound


@pytest.mark.parametrize("profile", ["bound", "v2_new"])
async def test_a_key_sent_to_a_band_that_wants_the_vendor_is_answered_with_that(
    lab: Lab, profile: str
) -> None:
    verify_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    band = await lab.band(profile=profile, verify_key=verify_key)
    before = band.key
    async with lab.open(band, None) as link:
        with pytest.raises(SignatureRequired):
            await bind(link, OTHER_KEY)
    assert band.key == before


async def test_a_band_that_was_reset_rejects_the_old_key_under_its_new_address(lab: Lab) -> None:
    band = await lab.band()
    before = band.address
    band.wearer.reset()
    await band.wait_for(lambda: band.address != before and band.powered)
    with pytest.raises(KeyRejected):
        async with lab.open(band):
            pytest.fail("a band without a key took one")


async def test_probe_binding_and_authentication_share_one_subscription(lab: Lab) -> None:
    band = await lab.band(profile="v1_new", policy=Policy.ACCEPT)
    async with lab.open(band, None) as link:
        await probe_binding(link)
        await bind(link, KEY)
        await authenticate(link, KEY)
    assert traffic(band, "0009").cccd == 1
    assert traffic(band, "0009").writes == 4
