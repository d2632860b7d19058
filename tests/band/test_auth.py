"""Authentication: the bytes, and replies that no band was seen to give."""

import asyncio
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import auth
from custom_components.mi_band.band.auth import authenticate, encode_answer
from custom_components.mi_band.band.errors import (
    BandError,
    CommandRefused,
    KeyRejected,
    LinkLost,
    MalformedPacket,
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


@pytest.mark.parametrize("status", [0x02, 0x04, 0x05, 0x08])
async def test_a_challenge_that_is_not_given_says_nothing_of_the_key(status: int) -> None:
    link = ScriptedLink(lambda _: [bytes((0x10, 0x82, status))])
    with pytest.raises(CommandRefused) as caught:
        await authenticate(link, vectors.KEY)
    assert caught.value.status == status
    assert link.packets(_CHARACTERISTIC) == [vectors.REQUEST]


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
    except KeyRejected, CommandRefused, MalformedPacket, LinkLost:
        return
    assert vectors.AUTHENTICATED in replies
