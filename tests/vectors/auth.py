"""Authentication and binding."""

from dataclasses import dataclass
from typing import override

from . import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A key, a challenge and the answer to it."""

    key: bytes
    challenge: bytes
    answer: bytes
    origin: Origin
    source: str

    @override
    def __str__(self) -> str:
        """The beginning of the key, for pytest."""
        return self.key.hex()[:6]


def _answer(key: str, challenge: str, answer: str, origin: Origin = Origin.CAPTURED) -> Answer:
    return Answer(
        key=bytes.fromhex(key),
        challenge=bytes.fromhex(challenge),
        answer=bytes.fromhex(answer),
        origin=origin,
        source="protocol-control.md section 5.2, binding-and-firmware.md section 2.4",
    )


ANSWERS = (
    _answer(
        "c33d3ef72cd974853857f9201a65f252",
        "90983782d557b2f77c79d78630482154",
        "a20d47a3b2a1d0b35343950a79fa293d",
    ),
    _answer(
        "fb721110280a4394d2b6fcd076b59818",
        "06eabeefe5cf1c49c1ca859ea9eb197e",
        "4f4fd61cbe683ec80e574e4c4fc43a53",
    ),
    _answer(
        "946969452468530e888d7c57aafc509f",
        "f514b3172333c65f01ec9bdfa16e0dc1",
        "061f7c2cb9132b2ff4d3edee9f7d3866",
    ),
    _answer(
        "30313233343536373839404142434445",
        "573a0e2fab36464ee272f3517c4c3ca7",
        "0ad76d0935a2cdf8145ce1b5e37721d1",
        Origin.COMPUTED,
    ),
)

KEY = ANSWERS[0].key


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """What a key comes from when the vendor signs; captured, the digest computed."""

    address: str
    seed: bytes
    digest: bytes
    key: bytes
    origin: Origin = Origin.CAPTURED
    source: str = "protocol-control.md section 5.3"

    @override
    def __str__(self) -> str:
        """The beginning of the key, for pytest."""
        return self.key.hex()[:6]


def _derivation(seed: str, digest: str, key: str) -> Derivation:
    return Derivation(
        address="E0:C4:A3:D6:D1:3E",
        seed=bytes.fromhex(seed),
        digest=bytes.fromhex(digest),
        key=bytes.fromhex(key),
    )


DERIVATIONS = (
    _derivation(
        "69df29231c52f948ec0a1188803e9ea7",
        "c33d3ef72cd974853857f9201a65f25264b0a9b7105f4c5a342c35e5226c9d10",
        "c33d3ef72cd974853857f9201a65f252",
    ),
    _derivation(
        "b44c80dd44080896516c74df90eff4a7",
        "fb721110280a4394d2b6fcd076b598182a1d9aba9980f93dd997b9f46ade6ad0",
        "fb721110280a4394d2b6fcd076b59818",
    ),
    _derivation(
        "e4b0a3b5f40bf12fe411b17963c67c89",
        "946969452468530e888d7c57aafc509f6d57f1f81f72134045db5a05ef6d7e43",
        "946969452468530e888d7c57aafc509f",
    ),
)

# The exchange with the first key: protocol-control.md section 5.2, computed framing.
REQUEST = bytes.fromhex("8200020100")
CHALLENGE = bytes.fromhex("108201 90983782d557b2f77c79d78630482154")
RESPONSE = bytes.fromhex("8300 a20d47a3b2a1d0b35343950a79fa293d")
AUTHENTICATED = bytes.fromhex("108301")

PROBE = bytes.fromhex("0100")
SEND_KEY = bytes.fromhex("0100 c33d3ef72cd974853857f9201a65f252")
"""The key in the framing of the older bands: protocol-control.md section 5.4."""
WANTS_LOCAL_KEY = bytes.fromhex("100104")
PUBLIC_KEY_HASH = bytes.fromhex("1863c2cce5d159413bed92c4b163c279")
WANTS_SIGNATURE = bytes.fromhex("10018101 1863c2cce5d159413bed92c4b163c279")
"""Captured: protocol-control.md section 5.3, step 5."""
REQUEST_SEED = bytes.fromhex("820002")
SEED = bytes.fromhex("108201 573a0e2fab36464ee272f3517c4c3ca7")
"""Captured: protocol-control.md section 5.3, steps 6 and 7."""
CONFIRMED = bytes.fromhex("100101")
REFUSALS = (
    bytes.fromhex("100104"),
    bytes.fromhex("100204"),
    bytes.fromhex("100109"),
    bytes.fromhex("100106"),
)
"""Any status but success is a refusal: protocol-control.md section 5.4."""

WRONG_KEY_STATUSES = (0x04, 0x07, 0x08)
"""What bands answer to a wrong key: binding-and-firmware.md section 2.1."""
