"""Authentication and binding.

Known key: `02 00` or `82 00 02 [01 00]` asks for a challenge, `03 00` or `83 00` with
AES-128-ECB(key, challenge) answers it; one family of opcodes from question to answer. A band
without a key takes one after a tap (method v1), or derives it from its address and the seed it
gave when the vendor has signed the digest (method v2).

Source: protocol-control.md, section 5; binding-and-firmware.md, sections 2, 5 and 6.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, unique
import hashlib
import secrets
from typing import override

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ..screen import Content, Kind
from .body import Body, Capability, Json

# Truncated SHA-1 of the vendor's public key, the same on every band.
VENDOR_KEY_HASH = bytes.fromhex("1863c2cce5d159413bed92c4b163c279")
KEY_LENGTH = 16

_OK, _FAILED, _SIGN = 0x01, 0x04, 0x81
_CLAUSE = "protocol-control 5"
_REQUESTS = {b"\x02\x00", b"\x82\x00\x02", b"\x82\x00\x02\x01\x00"}


@unique
class Method(Enum):
    """How a band without a key gets one."""

    UPLOAD = "v1"
    SIGNATURE = "v2"


@unique
class Behaviour(StrEnum):
    """What the band makes of authentication."""

    PROPER = "proper"
    SILENT = "silent"
    DROPS = "drops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What tells one profile's authentication from another's.

    Attributes:
        method: How a band without a key gets one.
        behaviour: Whether it takes part at all.
        wrong_key: Status of the answer to a wrong key: `08`, on some firmware `07` or `04`.
        verify_key: The vendor's public key; None verifies nothing, so that no signature is right.
        tap_timeout_s: How long the question for a tap stays on the screen.
    """

    method: Method = Method.SIGNATURE
    behaviour: Behaviour = Behaviour.PROPER
    wrong_key: int = 0x08
    verify_key: ec.EllipticCurvePublicKey | None = None
    tap_timeout_s: float = 60.0


@dataclass(slots=True)
class _Question:
    """A tap that the band waits for, and what it means."""

    key: bytes
    timer: asyncio.TimerHandle


def encrypt(key: bytes, challenge: bytes) -> bytes:
    """Answer a challenge."""
    # One block, so that the mode has nothing to hide; it is what the band does.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(challenge) + encryptor.finalize()


def binding_digest(address: str, seed: bytes) -> bytes:
    """Compute what the vendor signs; its first half is the key."""
    return hashlib.sha256(bytes.fromhex(address.replace(":", "")) + seed).digest()


class Authentication(Capability):
    """The key, the challenge of the moment, and the question for a tap."""

    def __init__(
        self,
        body: Body,
        manner: Manner,
        key: bytes | None,
        *,
        address: Callable[[], str],
        hang_up: Callable[[], None],
    ) -> None:
        super().__init__(body)
        self.key = key
        self._manner = manner
        self._address = address
        self._hang_up = hang_up
        self._challenge: bytes | None = None
        self._family = 0
        self._question: _Question | None = None
        self.on_question: Callable[[], None] = lambda: None
        """The band has just asked its wearer for a tap."""
        self.on_authenticated: Callable[[], None] = lambda: None
        self._settle()

    def _settle(self) -> None:
        self.body.bound = self.key is not None
        if self.body.bound:
            self.body.screen.clear(Kind.PAIRING)
        else:
            self.body.screen.show(
                Kind.PAIRING, Content(title="Pair me", body="Open the\napp to\npair")
            )

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0009": self._write}

    def _reply(self, *parts: int | bytes) -> None:
        if not self.body.subscribed("0009"):
            self.body.wrong("0009", "nobody hears the reply: CCCD is off", _CLAUSE)
        value = b"\x10" + b"".join(
            bytes((part,)) if isinstance(part, int) else part for part in parts
        )
        self.body.notify("0009", value)

    def _fail(self, value: bytes, what: str) -> None:
        self.body.wrong("0009", what, _CLAUSE, value)
        self._reply(value[0] if value else 0, _FAILED)

    def _write(self, value: bytes) -> None:
        match self._manner.behaviour:
            case Behaviour.SILENT:
                pass
            case Behaviour.DROPS:
                self._hang_up()
            case Behaviour.PROPER:
                self._take(value)

    def _take(self, value: bytes) -> None:
        if value in _REQUESTS:
            self._give_challenge(value[0])
            return
        if value[1:2] != b"\x00":
            self._fail(value, "second byte is not this band's 00")
            return
        match value[0], len(value) - 2:
            case 0x01, 0:
                self._hello()
            case 0x01, 16:
                self._take_key(value[2:])
            case (0x03 | 0x83) as opcode, 16:
                self._take_answer(opcode, value)
            case 0x01 | 0x02 | 0x03 | 0x82 | 0x83, _:
                self._fail(value, "wrong length")
            case _:
                self._fail(value, "unknown opcode")

    # Authentication

    def _give_challenge(self, opcode: int) -> None:
        self._challenge = secrets.token_bytes(KEY_LENGTH)
        self._family = opcode & 0x80
        self._reply(opcode, _OK, self._challenge)

    def _take_answer(self, opcode: int, value: bytes) -> None:
        session = self.body.session
        challenge, self._challenge = self._challenge, None
        if session is None:
            return
        if challenge is None:
            self._fail(value, "answer without a challenge")
            return
        if opcode & 0x80 != self._family:
            self._fail(value, "opcode families mixed within one exchange")
            return
        right = self.key is not None and value[2:] == encrypt(self.key, challenge)
        session.authenticated = right
        session.answered_wrong = not right
        self._reply(opcode, _OK if right else self._manner.wrong_key)
        if right:
            self.on_authenticated()

    # Binding

    def _hello(self) -> None:
        if self._manner.method is Method.UPLOAD:
            self._reply(0x01, _FAILED)
        else:
            self._reply(0x01, _SIGN, 0x01, VENDOR_KEY_HASH)

    def _take_key(self, key: bytes) -> None:
        if self._manner.method is Method.UPLOAD:
            self._ask(key)
        else:
            self._hello()

    def take_blob(self, payload: bytes) -> bool:
        """Take a message of chunk type 4; say whether it is to be acknowledged."""
        if len(payload) != 70 or payload[:2] != b"\x83\x00" or payload[66:] != bytes(4):
            self.body.wrong(
                "0020",
                f"type 4 message of {len(payload)} bytes, not 83 00, signature, 00 00 00 00",
                "protocol-control 5.3",
            )
            return False
        seed, self._challenge = self._challenge, None
        if seed is None or self._family != 0x80:
            self.body.wrong("0020", "signature without a seed", "protocol-control 5.3")
            self._reply(0x83, _FAILED)
            return True
        digest = binding_digest(self._address(), seed)
        if self.key is not None or not self._verifies(payload[2:66], digest):
            self._reply(0x83, _FAILED)
            return True
        self._reply(0x83, _OK)
        # The acknowledgement comes before the question, which the wearer may answer at once.
        self.body.tasks.later(0, lambda: self._ask(digest[:KEY_LENGTH]))
        return True

    def _verifies(self, signature: bytes, digest: bytes) -> bool:
        public_key = self._manner.verify_key
        if public_key is None:
            return False
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        try:
            public_key.verify(
                utils.encode_dss_signature(r, s),
                digest,
                ec.ECDSA(utils.Prehashed(hashes.SHA256())),
            )
        except InvalidSignature:
            return False
        return True

    # The tap

    @property
    def asking(self) -> bool:
        """Whether the band waits for a tap."""
        return self._question is not None

    def _ask(self, key: bytes) -> None:
        if self.body.session is None:
            return
        self._withdraw()
        self._question = _Question(
            key, self.body.tasks.later(self._manner.tap_timeout_s, self._withdraw)
        )
        self.body.screen.show(
            Kind.CONFIRM, Content(title="Pair?", body="Tap to\nconfirm", hint="Tap")
        )
        self.body.vibrate()
        self.on_question()

    def _withdraw(self) -> None:
        """Take the question from the screen; nobody is told."""
        if self._question is not None:
            self._question.timer.cancel()
            self._question = None
            self.body.screen.clear(Kind.CONFIRM)
            self.body.changed()

    def confirm(self) -> None:
        """Take the tap for a yes."""
        if self._question is None:
            return
        self.key = self._question.key
        self._withdraw()
        self._settle()
        self._reply(0x01, _OK)

    def refuse(self) -> None:
        """Take a swipe for a no."""
        if self._question is None:
            return
        self._withdraw()
        self._reply(0x01, _FAILED)

    def ignore(self) -> None:
        """Let the time for a tap pass at once."""
        self._withdraw()

    def pair_elsewhere(self, key: bytes) -> None:
        """Be paired anew by another phone: it brings another key, and takes the link.

        Raises:
            ValueError: The key is not 16 bytes long.
        """
        if len(key) != KEY_LENGTH:
            raise ValueError("a key has 16 bytes")
        self._withdraw()
        self.key = key
        self._settle()
        self._hang_up()

    def forget(self) -> None:
        """Lose the key, as a factory reset does."""
        self._withdraw()
        self.key = None
        self._settle()

    @override
    def disconnected(self) -> None:
        self._challenge = None
        self._withdraw()

    @override
    def state(self) -> dict[str, Json]:
        return {
            "bound": self.body.bound,
            "authenticated": self.body.authenticated,
            "asking": self.asking,
        }
