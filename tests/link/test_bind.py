"""Binding: how a band wants it, and the tap of its wearer."""

import asyncio
from datetime import timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
import pytest

from custom_components.mi_band.band import binding
from custom_components.mi_band.band.auth import authenticate
from custom_components.mi_band.band.binding import (
    LocalKey,
    SignatureRequest,
    VendorSignature,
    bind,
    bind_with_signature,
    probe_binding,
    request_signature,
)
from custom_components.mi_band.band.errors import (
    ConfirmationRefused,
    ConfirmationTimeout,
    KeyRejected,
    LinkLost,
    SignatureRequired,
)
from custom_components.mi_band.band.link import Link
from tests.emulator.wearer import Policy
from tests.vectors import auth as vectors

from .lab import KEY, OTHER_KEY, Lab, run, say_first, state, traffic


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


# The vendor's signature


@pytest.fixture(scope="module")
def vendor() -> ec.EllipticCurvePrivateKey:
    """Return the vendor's private key, which nobody outside of these tests has."""
    return ec.generate_private_key(ec.SECP256R1())


def _sign(vendor: ec.EllipticCurvePrivateKey, request: SignatureRequest) -> bytes:
    """Sign as the vendor's server does: r and s, 32 bytes each."""
    signature = vendor.sign(request.digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    r, s = utils.decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("mtu", [247, 23])
async def test_a_signature_and_a_tap_bind_the_band(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey, mtu: int
) -> None:
    lab.adapter.mtu = mtu
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key(), mtu=mtu)
    async with lab.open(band, None) as link:
        request = await request_signature(link, band.address)
        assert request.public_key_hash == vectors.PUBLIC_KEY_HASH
        binding_ = asyncio.create_task(bind_with_signature(link, _sign(vendor, request)))
        await band.wait_for(lambda: bool(state(band, "screen")["hint"]))
        assert not band.bound
        band.wearer.tap()
        await binding_
        assert band.key == request.key
        await authenticate(link, request.key)
    async with lab.open(band, request.key):
        assert band.authenticated


async def test_a_signature_of_somebody_else_is_refused(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey
) -> None:
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key())
    async with lab.open(band, None) as link:
        request = await request_signature(link, band.address)
        other = ec.generate_private_key(ec.SECP256R1())
        with pytest.raises(ConfirmationRefused):
            await bind_with_signature(link, _sign(other, request))
        # A new seed, and the right signature for it.
        band.wearer.policy = Policy.ACCEPT
        request = await request_signature(link, band.address)
        await bind_with_signature(link, _sign(vendor, request))
    assert band.key == request.key


async def test_a_signature_for_another_address_is_refused(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey
) -> None:
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key())
    async with lab.open(band, None) as link:
        request = await request_signature(link, "E0:C4:A3:D6:D1:3E")
        with pytest.raises(ConfirmationRefused):
            await bind_with_signature(link, _sign(vendor, request))


async def test_a_bound_band_takes_no_signature(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey
) -> None:
    band = await lab.band(verify_key=vendor.public_key())
    async with lab.open(band, None) as link:
        request = await request_signature(link, band.address)
        with pytest.raises(ConfirmationRefused):
            await bind_with_signature(link, _sign(vendor, request))
    assert band.key == KEY


async def test_a_swipe_refuses_a_signed_pairing(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey
) -> None:
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key(), policy=Policy.REFUSE)
    async with lab.open(band, None) as link:
        request = await request_signature(link, band.address)
        with pytest.raises(ConfirmationRefused):
            await bind_with_signature(link, _sign(vendor, request))
    assert not band.bound


@pytest.mark.usefixtures("short_waits")
async def test_a_signed_pairing_without_a_tap_times_out(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey
) -> None:
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key(), policy=Policy.IGNORE)
    async with lab.open(band, None) as link:
        request = await request_signature(link, band.address)
        with pytest.raises(ConfirmationTimeout):
            await bind_with_signature(link, _sign(vendor, request))
    assert not band.bound


async def test_doubled_notifications_do_no_harm_to_a_signed_pairing(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey
) -> None:
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key(), policy=Policy.ACCEPT)
    band.faults.double("0009", 9)
    band.faults.double("0020", 9)
    async with lab.open(band, None) as link:
        request = await request_signature(link, band.address)
        await bind_with_signature(link, _sign(vendor, request))
        await authenticate(link, request.key)
    assert band.key == request.key


@pytest.mark.parametrize("operation", range(1, 8))
async def test_a_signed_pairing_that_is_cut_ends_and_can_be_tried_again(
    lab: Lab, vendor: ec.EllipticCurvePrivateKey, operation: int
) -> None:
    band = await lab.band(profile="v2_new", verify_key=vendor.public_key(), policy=Policy.ACCEPT)

    async def pair(link: Link) -> bytes:
        request = await request_signature(link, band.address)
        await bind_with_signature(link, _sign(vendor, request))
        await authenticate(link, request.key)
        return request.key

    # Subscribe, hello, seed; subscribe, signature; challenge, answer.
    band.faults.cut_after(operation)
    with pytest.raises(LinkLost):
        await run(lab.open(band, None), pair)
    assert lab.all_free()
    if band.key is None:
        assert await run(lab.open(band, None), pair) == band.key
    async with lab.open(band, band.key):
        assert band.authenticated
