"""Binding: the bytes, and replies that no band was seen to give."""

import asyncio
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import binding
from custom_components.mi_band.band.binding import (
    LocalKey,
    SignatureRequest,
    VendorSignature,
    bind,
    bind_with_signature,
    decode_binding,
    decode_confirmation,
    derive_digest,
    encode_signature,
    probe_binding,
    request_signature,
)
from custom_components.mi_band.band.errors import (
    CommandRefused,
    ConfirmationRefused,
    ConfirmationTimeout,
    LinkLost,
    MalformedPacket,
    NotSupported,
    SignatureRequired,
)
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import auth as vectors
from tests.vectors.auth import Derivation
from tests.vectors.wire import PAIRING

from .scripted import ScriptedLink

_CHARACTERISTIC = Characteristic.AUTHENTICATION
_ADDRESS = vectors.DERIVATIONS[0].address
_SIGNATURE = PAIRING.payload[2:66]


@pytest.fixture
def short_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "ANSWER_TIMEOUT", timedelta(milliseconds=5))
    monkeypatch.setattr(binding, "TAP_TIMEOUT", timedelta(milliseconds=5))


# How the band wants to be bound


def test_the_answer_of_this_model_asks_for_the_vendor() -> None:
    assert decode_binding(vectors.WANTS_SIGNATURE) == VendorSignature(vectors.PUBLIC_KEY_HASH)


def test_the_answer_of_older_bands_asks_for_a_key() -> None:
    assert decode_binding(vectors.WANTS_LOCAL_KEY) == LocalKey()


def test_another_public_key_is_taken_as_it_comes() -> None:
    assert decode_binding(bytes.fromhex("10018101") + bytes(16)) == VendorSignature(bytes(16))


@pytest.mark.parametrize("length", range(3, 20))
def test_a_truncated_public_key_hash_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket):
        decode_binding(vectors.WANTS_SIGNATURE[:length])


def test_a_longer_public_key_hash_is_malformed() -> None:
    with pytest.raises(MalformedPacket):
        decode_binding(vectors.WANTS_SIGNATURE + b"\x00")


@pytest.mark.parametrize(
    "packet", [b"", b"\x10", b"\x10\x01", vectors.CHALLENGE, vectors.AUTHENTICATED]
)
def test_what_does_not_answer_the_question_is_passed_over(packet: bytes) -> None:
    assert decode_binding(packet) is None


@pytest.mark.parametrize("status", [0x01, 0x05, 0x09, 0xFF])
def test_an_answer_that_no_source_knows_is_a_refusal(status: int) -> None:
    with pytest.raises(CommandRefused) as caught:
        decode_binding(bytes((0x10, 0x01, status)))
    assert caught.value.status == status


@given(st.binary(max_size=24) | st.binary(max_size=20).map(lambda rest: b"\x10\x01" + rest))
def test_arbitrary_bytes_are_an_answer_a_refusal_or_malformed(packet: bytes) -> None:
    try:
        binding = decode_binding(packet)
    except CommandRefused, MalformedPacket:
        return
    assert binding is None or packet[:2] == b"\x10\x01"


async def test_the_probe_is_two_bytes_and_passes_over_other_packets() -> None:
    link = ScriptedLink(lambda _: [vectors.AUTHENTICATED, b"", vectors.WANTS_SIGNATURE])
    assert await probe_binding(link) == VendorSignature(vectors.PUBLIC_KEY_HASH)
    assert link.written == [(_CHARACTERISTIC, vectors.PROBE)]


async def test_a_probe_without_an_answer_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "ANSWER_TIMEOUT", timedelta(milliseconds=5))
    with pytest.raises(LinkLost):
        await probe_binding(ScriptedLink())


# Binding


def test_a_confirmation_is_decoded() -> None:
    assert decode_confirmation(vectors.CONFIRMED) is True


@pytest.mark.parametrize("packet", vectors.REFUSALS, ids=lambda packet: packet.hex())
def test_any_other_status_is_a_refusal(packet: bytes) -> None:
    with pytest.raises(ConfirmationRefused):
        decode_confirmation(packet)


def test_a_band_that_wants_the_vendor_after_all_is_told_apart() -> None:
    with pytest.raises(SignatureRequired):
        decode_confirmation(vectors.WANTS_SIGNATURE)


@pytest.mark.parametrize("packet", [b"", b"\x10", b"\x10\x01", b"\x10\x02", vectors.AUTHENTICATED])
def test_what_does_not_answer_the_key_is_passed_over(packet: bytes) -> None:
    assert decode_confirmation(packet) is None


@given(st.binary(max_size=24) | st.binary(max_size=20).map(lambda rest: b"\x10\x01" + rest))
def test_arbitrary_bytes_confirm_nothing_by_accident(packet: bytes) -> None:
    try:
        confirmed = decode_confirmation(packet)
    except ConfirmationRefused, SignatureRequired:
        return
    assert confirmed is (True if packet[:3] == vectors.CONFIRMED else None)


async def test_a_key_is_sent_in_the_documented_framing() -> None:
    link = ScriptedLink(lambda _: [vectors.AUTHENTICATED, b"", vectors.CONFIRMED])
    await bind(link, vectors.KEY)
    assert link.written == [(_CHARACTERISTIC, vectors.SEND_KEY)]


@pytest.mark.usefixtures("short_answer")
async def test_nobody_taps_in_time() -> None:
    with pytest.raises(ConfirmationTimeout):
        await bind(ScriptedLink(), vectors.KEY)


# Binding with the vendor's signature

_ANSWERS = {
    vectors.PROBE: [vectors.WANTS_SIGNATURE],
    vectors.REQUEST_SEED: [vectors.SEED],
}


@pytest.mark.parametrize("derivation", vectors.DERIVATIONS, ids=str)
def test_a_key_is_derived_as_captured(derivation: Derivation) -> None:
    digest = derive_digest(derivation.address, derivation.seed)
    assert digest == derivation.digest
    assert SignatureRequest(public_key_hash=b"", digest=digest).key == derivation.key


def test_the_address_may_be_in_lower_case() -> None:
    derivation = vectors.DERIVATIONS[0]
    assert derive_digest(derivation.address.lower(), derivation.seed) == derivation.digest


def test_a_signature_is_framed_as_captured() -> None:
    assert encode_signature(_SIGNATURE) == PAIRING.payload


@pytest.mark.parametrize("size", [0, 63, 65, 72])
def test_a_signature_of_another_size_is_our_mistake(size: int) -> None:
    with pytest.raises(ValueError, match="64"):
        encode_signature(bytes(size))


def test_a_request_for_a_signature_does_not_print_the_key() -> None:
    request = SignatureRequest(public_key_hash=bytes(16), digest=vectors.DERIVATIONS[0].digest)
    assert vectors.DERIVATIONS[0].key.hex() not in repr(request)
    assert repr(vectors.DERIVATIONS[0].digest) not in repr(request)


async def test_the_seed_is_asked_for_as_captured() -> None:
    link = ScriptedLink(lambda packet: _ANSWERS.get(packet, []))
    request = await request_signature(link, _ADDRESS)
    assert link.packets(_CHARACTERISTIC) == [vectors.PROBE, vectors.REQUEST_SEED]
    assert request.public_key_hash == vectors.PUBLIC_KEY_HASH
    assert request.digest == derive_digest(_ADDRESS, vectors.SEED[3:])


async def test_wrong_replies_before_the_seed_are_passed_over() -> None:
    noise = [b"", b"\x10", vectors.AUTHENTICATED]
    link = ScriptedLink(lambda packet: [*noise, *_ANSWERS.get(packet, [])])
    assert (await request_signature(link, _ADDRESS)).public_key_hash == vectors.PUBLIC_KEY_HASH


async def test_a_band_that_takes_our_key_needs_no_signature() -> None:
    link = ScriptedLink(lambda _: [vectors.WANTS_LOCAL_KEY])
    with pytest.raises(NotSupported):
        await request_signature(link, _ADDRESS)
    assert link.packets(_CHARACTERISTIC) == [vectors.PROBE]


@pytest.mark.parametrize("length", range(16))
async def test_a_truncated_seed_is_malformed(length: int) -> None:
    answers = _ANSWERS | {vectors.REQUEST_SEED: [vectors.SEED[: 3 + length]]}
    link = ScriptedLink(lambda packet: answers.get(packet, []))
    with pytest.raises(MalformedPacket):
        await request_signature(link, _ADDRESS)


async def test_a_refused_seed_is_a_refusal() -> None:
    answers = _ANSWERS | {vectors.REQUEST_SEED: [bytes.fromhex("108204")]}
    link = ScriptedLink(lambda packet: answers.get(packet, []))
    with pytest.raises(CommandRefused) as caught:
        await request_signature(link, _ADDRESS)
    assert caught.value.status == 0x04


@pytest.mark.usefixtures("short_answer")
@pytest.mark.parametrize("answered", [[], [vectors.PROBE]], ids=["nothing", "no seed"])
async def test_a_band_that_falls_silent_is_a_lost_link(answered: list[bytes]) -> None:
    link = ScriptedLink(lambda packet: _ANSWERS[packet] if packet in answered else [])
    with pytest.raises(LinkLost):
        await request_signature(link, _ADDRESS)


async def test_a_signature_travels_in_the_captured_packets() -> None:
    link = ScriptedLink(lambda _: [])
    binding_ = asyncio.create_task(bind_with_signature(link, _SIGNATURE))
    await asyncio.sleep(0)
    link.notify(Characteristic.CHUNKED_TRANSFER, PAIRING.acknowledgement)
    link.notify(_CHARACTERISTIC, vectors.AUTHENTICATED)
    await asyncio.sleep(0)
    assert not binding_.done()
    link.notify(_CHARACTERISTIC, vectors.CONFIRMED)
    await binding_
    assert link.calls == [PAIRING.packets]
    assert link.packets(Characteristic.CHUNKED_TRANSFER) == list(PAIRING.packets)


async def _answered(*replies: bytes) -> None:
    """Bind with a signature that is answered like this."""
    link = ScriptedLink()
    binding_ = asyncio.create_task(bind_with_signature(link, _SIGNATURE))
    await asyncio.sleep(0)
    for reply in replies:
        link.notify(_CHARACTERISTIC, reply)
    link.break_off()
    await binding_


@pytest.mark.parametrize("status", [0x00, 0x04, 0x08, 0xFF])
async def test_a_signature_that_the_band_does_not_take_is_a_refusal(status: int) -> None:
    with pytest.raises(ConfirmationRefused):
        await _answered(bytes((0x10, 0x83, status)), vectors.CONFIRMED)


@pytest.mark.parametrize("packet", vectors.REFUSALS, ids=lambda packet: packet.hex())
async def test_a_wearer_who_says_no_to_a_signed_pairing_refuses_it(packet: bytes) -> None:
    with pytest.raises(ConfirmationRefused):
        await _answered(vectors.AUTHENTICATED, packet)


async def test_the_tap_may_be_told_before_the_signature_is_accepted() -> None:
    # The sources differ in the order of the two.
    await _answered(vectors.CONFIRMED, vectors.AUTHENTICATED)


@pytest.mark.usefixtures("short_answer")
async def test_nobody_taps_a_signed_pairing_in_time() -> None:
    with pytest.raises(ConfirmationTimeout):
        await bind_with_signature(ScriptedLink(), _SIGNATURE)


@given(st.lists(st.binary(max_size=20) | st.binary(max_size=3).map(lambda rest: b"\x10" + rest)))
def test_arbitrary_answers_to_a_signature_end_in_a_documented_error(replies: list[bytes]) -> None:
    try:
        asyncio.run(_answered(*replies))
    except ConfirmationRefused, SignatureRequired, LinkLost:
        return
    assert any(reply[:3] == vectors.CONFIRMED for reply in replies)
