"""Authentication of a band that has a key."""

from datetime import timedelta

import pytest

from custom_components.mi_band.band import auth
from custom_components.mi_band.band.auth import authenticate
from custom_components.mi_band.band.errors import KeyRejected, LinkLost
from custom_components.mi_band.band.link import Packet
from custom_components.mi_band.band.session import _Packets
from tests.vectors import auth as vectors

from .lab import KEY, OTHER_KEY, Lab, say_first, traffic


@pytest.fixture
def short_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "EXCHANGE_TIMEOUT", timedelta(milliseconds=50))


async def test_the_right_key_opens_the_band(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band):
        assert band.authenticated
    assert traffic(band, "0009").cccd == 1
    assert traffic(band, "0009").writes == 2


async def test_a_session_without_a_key_leaves_the_band_closed(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None):
        assert not band.authenticated
    assert traffic(band, "0009").writes == 0


@pytest.mark.parametrize(
    ("profile", "status"), [("bound_04", 0x04), ("bound_07", 0x07), ("bound_08", 0x08)]
)
async def test_a_wrong_key_is_told_apart_from_silence(lab: Lab, profile: str, status: int) -> None:
    band = await lab.band(profile=profile, key=OTHER_KEY)
    with pytest.raises(KeyRejected) as caught:
        async with lab.open(band):
            pytest.fail("the band took a wrong key")
    assert caught.value.status == status
    assert not band.connected


async def test_a_new_band_rejects_every_key(lab: Lab) -> None:
    band = await lab.band(profile="v2_new")
    with pytest.raises(KeyRejected):
        async with lab.open(band):
            pytest.fail("the band took a key that it cannot have")


async def test_a_wrong_key_leaves_the_link_for_another_try(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(KeyRejected):
            await authenticate(link, OTHER_KEY)
        await authenticate(link, KEY)
        assert band.authenticated


async def test_authenticating_twice_is_possible(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await authenticate(link, KEY)
        assert band.authenticated
    assert traffic(band, "0009").cccd == 1


async def test_wrong_replies_first_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(
        monkeypatch,
        band,
        "0009",
        vectors.WANTS_SIGNATURE,
        bytes.fromhex("100301"),
        bytes.fromhex("10"),
        b"",
    )
    async with lab.open(band):
        assert band.authenticated


@pytest.mark.usefixtures("short_exchange")
async def test_a_band_that_says_nothing_is_a_lost_link_and_no_wrong_key(lab: Lab) -> None:
    band = await lab.band(profile="silent_auth")
    with pytest.raises(LinkLost):
        async with lab.open(band):
            pytest.fail("the band said nothing")
    assert not band.connected
    assert lab.all_free()


async def test_a_band_that_hangs_up_is_a_lost_link_and_no_wrong_key(lab: Lab) -> None:
    band = await lab.band(profile="drops_on_auth")
    with pytest.raises(LinkLost):
        async with lab.open(band):
            pytest.fail("the band hung up")
    assert lab.all_free()


@pytest.mark.usefixtures("short_exchange")
@pytest.mark.parametrize("what", ["lose", "garble"])
async def test_a_challenge_that_does_not_arrive_is_a_lost_link(lab: Lab, what: str) -> None:
    band = await lab.band()
    getattr(band.faults, what)("0009")
    with pytest.raises(LinkLost):
        async with lab.open(band):
            pytest.fail("there was no challenge")
    assert not band.authenticated


@pytest.mark.usefixtures("short_exchange")
async def test_a_verdict_that_does_not_arrive_is_a_lost_link(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    challenge = band._auth._give_challenge

    def challenge_and_fall_silent(opcode: int) -> None:
        challenge(opcode)
        band.faults.lose("0009")

    monkeypatch.setattr(band._auth, "_give_challenge", challenge_and_fall_silent)
    with pytest.raises(LinkLost):
        async with lab.open(band):
            pytest.fail("there was no verdict")


async def test_doubled_notifications_do_no_harm(lab: Lab) -> None:
    band = await lab.band()
    band.faults.double("0009", 2)
    async with lab.open(band) as link:
        assert band.authenticated
        await authenticate(link, KEY)


async def test_a_wrong_key_is_told_even_if_the_band_hangs_up_over_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band(key=OTHER_KEY)
    asked = _Packets.__anext__

    async def look_when_the_link_is_gone(packets: _Packets) -> Packet:
        # A proxy can tell of the verdict and of the end of the link in one breath.
        packet = await asked(packets)
        if packet.value[1] == 0x83:
            await lab.adapter.close_links()
        return packet

    monkeypatch.setattr(_Packets, "__anext__", look_when_the_link_is_gone)
    with pytest.raises(KeyRejected):
        async with lab.open(band):
            pytest.fail("the band took a wrong key")
    assert lab.all_free()
