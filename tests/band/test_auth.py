"""Authentication and binding: the bytes, and replies that no band was seen to give."""

import asyncio
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import auth, binding
from custom_components.mi_band.band.auth import authenticate, encode_answer
from custom_components.mi_band.band.binding import (
    LocalKey,
    VendorSignature,
    bind,
    decode_binding,
    decode_confirmation,
    probe_binding,
)
from custom_components.mi_band.band.errors import (
    BandError,
    CommandRefused,
    ConfirmationRefused,
    KeyRejected,
    LinkLost,
    MalformedPacket,
    SignatureRequired,
)
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import auth as vectors
from tests.vectors.auth import Answer

from .scripted import ScriptedLink

_CHARACTERISTIC = Characteristic.AUTHENTICATION
_REPLIES = {
    vectors.REQUEST: [vectors.CHALLENGE],
    vectors.RESPONSE: [vectors.AUTHENTICATED],
}


def _band(packet: bytes) -> list[bytes]:
    return _REPLIES.get(packet, [])


@pytest.mark.parametrize("answer", vectors.ANSWERS, ids=str)
def test_a_challenge_is_answered_as_captured(answer: Answer) -> None:
    assert encode_answer(answer.key, answer.challenge) == answer.answer


async def test_the_exchange_is_the_documented_one() -> None:
    link = ScriptedLink(_band)
    await authenticate(link, vectors.KEY)
    assert link.written == [
        (_CHARACTERISTIC, vectors.REQUEST),
        (_CHARACTERISTIC, vectors.RESPONSE),
    ]


async def test_wrong_replies_first_are_passed_over() -> None:
    noise = [b"", b"\x10", vectors.WANTS_SIGNATURE, bytes.fromhex("100301"), b"\x10\x84\x01"]
    link = ScriptedLink(lambda packet: [*noise, *_band(packet)])
    await authenticate(link, vectors.KEY)
    assert link.packets(_CHARACTERISTIC) == [vectors.REQUEST, vectors.RESPONSE]


@pytest.mark.parametrize("status", [*vectors.WRONG_KEY_STATUSES, 0x02, 0x81, 0xFF])
async def test_every_refusal_of_the_answer_is_a_wrong_key(status: int) -> None:
    link = ScriptedLink(
        lambda packet: _band(packet) if packet == vectors.REQUEST else [bytes((0x10, 0x83, status))]
    )
    with pytest.raises(KeyRejected) as caught:
        await authenticate(link, vectors.KEY)
    assert caught.value.status == status
    assert caught.value.code == "wrong_key"


@pytest.mark.parametrize("length", range(16))
async def test_a_truncated_challenge_is_malformed_and_not_answered(length: int) -> None:
    link = ScriptedLink(lambda _: [vectors.CHALLENGE[: 3 + length]])
    with pytest.raises(MalformedPacket):
        await authenticate(link, vectors.KEY)
    assert link.packets(_CHARACTERISTIC) == [vectors.REQUEST]


async def test_a_longer_challenge_is_malformed() -> None:
    link = ScriptedLink(lambda _: [vectors.CHALLENGE + b"\x00"])
    with pytest.raises(MalformedPacket):
        await authenticate(link, vectors.KEY)


@pytest.mark.parametrize("refused", [vectors.REQUEST, vectors.RESPONSE], ids=["request", "answer"])
async def test_a_write_that_fails_is_not_a_wrong_key(refused: bytes) -> None:
    # A proxy reports every hiccup of a write as a refusal; the band has said nothing of the key.
    link = ScriptedLink(_band)
    link.refusals[refused] = CommandRefused("access to AUTHENTICATION", 0xFF)
    with pytest.raises(BandError) as caught:
        await authenticate(link, vectors.KEY)
    assert not isinstance(caught.value, KeyRejected)


async def test_a_band_that_stays_silent_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "EXCHANGE_TIMEOUT", timedelta(milliseconds=5))
    with pytest.raises(LinkLost):
        await authenticate(ScriptedLink(), vectors.KEY)


@given(st.lists(st.binary(max_size=20) | st.sampled_from(list(_REPLIES.values())).map(b"".join)))
def test_arbitrary_replies_end_in_a_documented_error(replies: list[bytes]) -> None:
    link = ScriptedLink(lambda packet: replies if packet == vectors.REQUEST else [])

    async def attempt() -> None:
        trying = asyncio.create_task(authenticate(link, vectors.KEY))
        for _ in range(len(replies) + 5):
            await asyncio.sleep(0)
        link.break_off()
        await trying

    try:
        asyncio.run(attempt())
    except KeyRejected, MalformedPacket, LinkLost:
        return
    assert vectors.AUTHENTICATED in replies


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
