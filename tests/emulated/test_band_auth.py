"""Authentication and binding, with the vectors of protocol-control.md, section 5."""

from collections.abc import Callable
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
import pytest

from tests.emulated.phone import KEY, Lab, aes, authenticated, lab, pieces
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind
from tests.emulator.wearer import Policy

CONSTANT = bytes.fromhex("10018101 1863c2cce5d159413bed92c4b163c279")
VECTORS = [
    (
        "c33d3ef72cd974853857f9201a65f252",
        "90983782d557b2f77c79d78630482154",
        "a20d47a3b2a1d0b35343950a79fa293d",
    ),
    (
        "fb721110280a4394d2b6fcd076b59818",
        "06eabeefe5cf1c49c1ca859ea9eb197e",
        "4f4fd61cbe683ec80e574e4c4fc43a53",
    ),
    (
        "946969452468530e888d7c57aafc509f",
        "f514b3172333c65f01ec9bdfa16e0dc1",
        "061f7c2cb9132b2ff4d3edee9f7d3866",
    ),
    (
        "30313233343536373839404142434445",
        "573a0e2fab36464ee272f3517c4c3ca7",
        "0ad76d0935a2cdf8145ce1b5e37721d1",
    ),
]

type Give = Callable[[str], None]


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Give:
    """Let the band's next challenges be these bytes."""

    def give(challenge: str) -> None:
        monkeypatch.setattr(
            "tests.emulator.gatt.auth.secrets.token_bytes", lambda _count: bytes.fromhex(challenge)
        )

    return give


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("request_", ["8200020100", "820002", "0200"])
async def test_the_captured_pairs(
    radio: Radio, give: Give, vector: tuple[str, str, str], request_: str
) -> None:
    key, challenge, answer = vector
    async with lab(radio, key=bytes.fromhex(key)) as here:
        give(challenge)
        await here.phone.subscribe("0009")
        opcode = request_[:2]
        assert (await here.phone.ask("0009", request_)).hex() == f"10{opcode}01{challenge}"
        reply = "83" if opcode == "82" else "03"
        assert (await here.phone.ask("0009", f"{reply}00{answer}")).hex() == f"10{reply}01"
        assert here.knows_us()
        assert not here.band.violations


async def test_every_challenge_is_a_new_one(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        challenges = {await here.phone.ask("0009", "0200") for _ in range(20)}
        assert len(challenges) == 20


@pytest.mark.parametrize(
    ("profile", "status"), [("bound", 8), ("bound_04", 4), ("bound_07", 7), ("bound_08", 8)]
)
@pytest.mark.parametrize("family", [0x00, 0x80])
async def test_a_wrong_key_is_called_so(
    radio: Radio, profile: str, status: int, family: int
) -> None:
    async with lab(radio, profile=profile) as here:
        assert await here.phone.authenticate(bytes(16), family=family) == bytes(
            (0x10, 0x03 | family, status)
        )
        assert not here.knows_us()
        assert not here.band.violations


async def test_a_profile_with_a_foreign_key_knows_no_key_unless_it_is_given_one(
    radio: Radio,
) -> None:
    async with lab(radio, profile="bound_08", key=None) as here:
        assert await here.phone.authenticate(KEY) == b"\x10\x83\x08"


async def test_hello_is_answered_and_harms_nothing(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        assert await here.phone.ask("0009", "0100") == CONSTANT
        assert await here.phone.authenticate() == b"\x10\x83\x01"
        assert await here.phone.ask("0009", "0100") == CONSTANT
        assert here.knows_us()
        assert not here.band.violations


async def test_a_bound_band_takes_no_other_key(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        assert await here.phone.ask("0009", b"\x01\x00" + bytes(16)) == CONSTANT
        assert here.band.key == KEY
        assert here.shows() is Kind.CLOCK


@pytest.mark.parametrize(("asked", "answered"), [("0200", "83"), ("820002", "03")])
async def test_families_are_never_mixed(radio: Radio, asked: str, answered: str) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        challenge = (await here.phone.ask("0009", asked))[3:]
        reply = await here.phone.ask("0009", bytes.fromhex(answered + "00") + aes(KEY, challenge))
        assert reply.hex() == f"10{answered}04"
        assert here.wrongs == ["0009: opcode families mixed within one exchange"]


@pytest.mark.parametrize(
    ("written", "reply"),
    [
        ("8200", "108204"),
        ("82000201", "108204"),
        ("020002", "100204"),
        ("0208", "100204"),
        ("8300" + "00" * 15, "108304"),
        ("0300" + "00" * 16, "100304"),
        ("01ff", "100104"),
        ("0100" + "00" * 15, "100104"),
        ("77", "107704"),
        ("7700", "107704"),
    ],
)
async def test_what_is_malformed_is_refused_and_listed(
    radio: Radio, written: str, reply: str
) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        assert (await here.phone.ask("0009", written)).hex() == reply
        assert len(here.band.violations) == 1


async def test_an_answer_counts_once(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        challenge = (await here.phone.ask("0009", "820002"))[3:]
        answer = b"\x83\x00" + aes(KEY, challenge)
        assert await here.phone.ask("0009", answer) == b"\x10\x83\x01"
        assert await here.phone.ask("0009", answer) == b"\x10\x83\x04"
        assert here.wrongs == ["0009: answer without a challenge"]


async def test_authentication_ends_with_the_link(radio: Radio) -> None:
    async with authenticated(radio) as here:
        assert here.knows_us()
        await here.phone.disconnect()
        await here.phone.connect()
        assert not here.knows_us()
        assert await here.phone.refused("0007") == 5


async def test_a_reply_that_nobody_hears_is_a_violation(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.command("0009", "0200")
        assert here.wrongs == ["0009: nobody hears the reply: CCCD is off"]


@pytest.mark.parametrize("key", [KEY, bytes(16)])
async def test_a_time_write_may_follow_the_answer_before_its_verdict(
    radio: Radio, key: bytes
) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        challenge = (await here.phone.ask("0009", "8200020100"))[3:]
        await here.phone.write("0009", b"\x83\x00" + aes(key, challenge), response=False)
        time = "e6070c0f1426350400 0004"
        if key == KEY:
            await here.phone.write("2A2B", time)
            assert here.band.snapshot()["time"]
        else:
            assert await here.phone.refused("2A2B", time) == 5
            assert not here.band.violations
            assert await here.phone.refused("2A2B", time) == 5
        assert len(here.band.violations) == (key != KEY)


async def test_a_silent_band_says_nothing(radio: Radio) -> None:
    async with lab(radio, profile="silent_auth") as here:
        await here.phone.subscribe("0009")
        await here.phone.command("0009", "8200020100")
        assert here.phone.heard["0009"] == []
        assert here.band.connected


async def test_a_band_that_drops_the_link_drops_it(radio: Radio) -> None:
    async with lab(radio, profile="drops_on_auth") as here:
        await here.phone.subscribe("0009")
        await here.phone.write("0009", "8200020100", response=False)
        await here.band.wait_for(lambda: not here.band.connected)


async def test_nothing_secret_is_listed(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009")
        await here.phone.ask("0009", b"\x03\x00" + KEY)
        await here.phone.command("0020", b"\x00\x44\x05" + KEY)
        await here.phone.authenticate()
        await here.phone.subscribe("0003")
        await here.phone.ask("0003", "06210001393939393900")
        listed = repr(here.band.violations) + repr(here.band.snapshot())
        assert len(here.band.violations) == 3
        assert KEY.hex() not in listed.replace(" ", "")
        assert "39 39 39" not in listed


# Method v1: the band takes a key after a tap


async def _upload(here: Lab, key: bytes = KEY) -> None:
    await here.phone.subscribe("0009")
    assert await here.phone.ask("0009", "0100") == b"\x10\x01\x04"
    await here.phone.command("0009", b"\x01\x00" + key)


async def test_v1_takes_the_key_after_a_tap(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", key=None) as here:
        assert here.shows() is Kind.PAIRING
        await _upload(here)
        assert here.shows() is Kind.CONFIRM
        assert here.band.screen.text == "Pair?\nTap to\nconfirm\nTap"
        assert here.band.vibrations == 1
        assert here.phone.heard["0009"] == [b"\x10\x01\x04"]
        here.band.wearer.tap()
        assert await here.phone.hear("0009", 2) == b"\x10\x01\x01"
        assert here.band.key == KEY
        assert here.shows() is Kind.CLOCK
        assert not here.knows_us()
        assert await here.phone.authenticate() == b"\x10\x83\x01"
        assert not here.band.violations


async def test_v1_refused(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", key=None) as here:
        await _upload(here)
        here.band.wearer.refuse()
        assert await here.phone.hear("0009", 2) == b"\x10\x01\x04"
        assert not here.band.bound
        assert here.shows() is Kind.PAIRING


async def test_v1_asks_until_the_time_is_over_and_tells_nobody(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", key=None, tap_timeout_s=0.05) as here:
        await _upload(here)
        await here.band.wait_for(lambda: here.shows() is Kind.PAIRING)
        here.band.wearer.tap()
        assert len(here.phone.heard["0009"]) == 1
        assert not here.band.bound


async def test_a_tap_after_the_client_has_left_binds_nothing(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", key=None) as here:
        await _upload(here)
        await here.phone.disconnect()
        assert here.shows() is Kind.PAIRING
        here.band.wearer.tap()
        assert not here.band.bound


@pytest.mark.parametrize(
    ("profile", "policy", "replies", "bound"),
    [
        ("v1_new", Policy.ACCEPT, ["100101"], True),
        ("v1_refuses", None, ["100104"], False),
        ("v1_ignores", None, [], False),
    ],
)
async def test_a_wearer_may_have_made_up_their_mind(
    radio: Radio, profile: str, policy: Policy | None, replies: list[str], *, bound: bool
) -> None:
    async with lab(radio, profile=profile, key=None) as here:
        if policy is not None:
            here.band.wearer.policy = policy
        await _upload(here)
        await here.band.wait_for(lambda: here.shows() is not Kind.CONFIRM)
        await here.phone.read("2A28")
        assert [reply.hex() for reply in here.phone.heard["0009"][1:]] == replies
        assert here.band.bound is bound


async def test_a_v1_band_can_be_paired_again(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", policy=Policy.ACCEPT) as here:
        await _upload(here)
        await here.phone.hear("0009", 2)
        other = bytes(range(16))
        await here.phone.write("0009", b"\x01\x00" + other, response=False)
        assert await here.phone.hear("0009", 3) == b"\x10\x01\x01"
        assert here.band.key == other


async def test_a_band_that_was_paired_elsewhere_takes_only_its_new_key(radio: Radio) -> None:
    async with authenticated(radio) as here:
        other = bytes(range(16))
        here.band.wearer.pair_elsewhere(other)
        await here.band.wait_for(lambda: not here.band.connected)
        await here.phone.connect()
        await here.phone.subscribe("0009")
        assert await here.phone.authenticate() == b"\x10\x83\x08"
        assert await here.phone.authenticate(other) == b"\x10\x83\x01"
        assert (here.band.key, here.band.bound) == (other, True)


# Method v2: the vendor signs


SEEDS = [
    ("69df29231c52f948ec0a1188803e9ea7", "c33d3ef72cd974853857f9201a65f252"),
    ("b44c80dd44080896516c74df90eff4a7", "fb721110280a4394d2b6fcd076b59818"),
    ("e4b0a3b5f40bf12fe411b17963c67c89", "946969452468530e888d7c57aafc509f"),
]
VENDOR = ec.generate_private_key(ec.SECP256R1())


def _sign(digest: bytes) -> bytes:
    r, s = utils.decode_dss_signature(
        VENDOR.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    )
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize(("seed", "key"), SEEDS)
async def test_v2_derives_the_captured_keys(radio: Radio, give: Give, seed: str, key: str) -> None:
    async with lab(
        radio,
        address="E0:C4:A3:D6:D1:3E",
        profile="v2_new",
        key=None,
        verify_key=VENDOR.public_key(),
    ) as here:
        give(seed)
        await here.phone.subscribe("0020", "0009")
        assert await here.phone.ask("0009", "0100") == CONSTANT
        assert (await here.phone.ask("0009", "820002")).hex() == f"108201{seed}"
        digest = hashlib.sha256(bytes.fromhex("e0c4a3d6d13e") + bytes.fromhex(seed)).digest()
        blob = pieces(4, b"\x83\x00" + _sign(digest) + bytes(4))
        assert [piece[:3].hex() for piece in blob] == [
            "000400",
            "004401",
            "004402",
            "004403",
            "008404",
        ]
        for piece in blob:
            await here.phone.command("0020", piece)
        assert await here.phone.hear("0009", 3) == b"\x10\x83\x01"
        assert (await here.phone.hear("0020")).hex() == "10008401010000"
        await here.band.wait_for(lambda: here.shows() is Kind.CONFIRM)
        assert not here.band.bound
        here.band.wearer.tap()
        assert await here.phone.hear("0009", 4) == b"\x10\x01\x01"
        assert here.band.key == bytes.fromhex(key)
        assert await here.phone.authenticate(bytes.fromhex(key)) == b"\x10\x83\x01"
        assert not here.band.violations


async def _bind(here: Lab, signature: bytes) -> bytes:
    await here.phone.subscribe("0020", "0009")
    await here.phone.ask("0009", "820002")
    for piece in pieces(4, b"\x83\x00" + signature + bytes(4)):
        await here.phone.command("0020", piece)
    return await here.phone.hear("0009", 2)


async def test_v2_refuses_a_signature_of_somebody_else(radio: Radio) -> None:
    async with lab(radio, profile="v2_new", key=None, verify_key=VENDOR.public_key()) as here:
        assert await _bind(here, bytes(range(64))) == b"\x10\x83\x04"
        assert here.shows() is Kind.PAIRING
        assert not here.band.violations


async def test_without_the_vendors_key_no_signature_is_right(radio: Radio) -> None:
    async with lab(radio, profile="v2_new", key=None) as here:
        assert await _bind(here, bytes(range(64))) == b"\x10\x83\x04"


async def test_v2_takes_no_key(radio: Radio) -> None:
    async with lab(radio, profile="v2_new", key=None) as here:
        await here.phone.subscribe("0009")
        assert await here.phone.ask("0009", b"\x01\x00" + KEY) == CONSTANT
        assert not here.band.bound


async def test_a_signature_needs_a_seed(radio: Radio) -> None:
    async with lab(radio, profile="v2_new", key=None, verify_key=VENDOR.public_key()) as here:
        await here.phone.subscribe("0009")
        await here.phone.send(4, b"\x83\x00" + bytes(68))
        assert await here.phone.hear("0009") == b"\x10\x83\x04"
        assert here.wrongs == ["0020: signature without a seed"]


@pytest.mark.parametrize("blob", [b"\x83\x00" + bytes(67), b"\x82\x00" + bytes(68), b"\x83" * 70])
async def test_a_blob_has_one_shape(radio: Radio, blob: bytes) -> None:
    async with lab(radio, profile="v2_new", key=None) as here:
        assert await here.phone.send(4, blob) is None
        assert len(here.wrongs) == 1


async def test_a_key_has_sixteen_bytes(radio: Radio) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        async with lab(radio, key=bytes(15)):
            pass
    with pytest.raises(ValueError, match="no profile"):
        async with lab(radio, profile="nobody"):
            pass
