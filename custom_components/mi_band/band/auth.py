"""Authentication on every connection, and the binding of a new band with a key of our own.

All on the authentication characteristic (protocol-control.md section 5,
binding-and-firmware.md section 2). C is the client, B the band:

    C  01 00                    which way of binding do you want?
    B  10 01 04                 send me a key
    B  10 01 81 01 hash[16]     the vendor's server must sign; the hash names its public key
    C  01 00 key[16]            here is your key; the band asks its wearer for a tap
    B  10 01 01                 confirmed, key stored
    B  10 01 04, 10 02 04       refused
    C  82 00 02 01 00           give me a challenge
    B  10 82 01 challenge[16]
    C  83 00 answer[16]         answer = AES-128-ECB(key, challenge)
    B  10 83 01                 authenticated
    B  10 83 04, 07, 08         another key

No source shows a Mi Smart Band 4 that takes a key without the signature; the sequence is that of
its predecessors. [INFERRED]
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .errors import (
    CommandRefused,
    ConfirmationRefused,
    ConfirmationTimeout,
    KeyRejected,
    LinkLost,
    MalformedPacket,
    SignatureRequired,
)
from .link import Link, Packet
from .uuids import Characteristic
from .wire import decode_status, first, reply_to

KEY_SIZE: Final = 16
HELLO: Final = b"\x01\x00"
REQUEST_CHALLENGE: Final = b"\x82\x00\x02\x01\x00"
ANSWER_CHALLENGE: Final = b"\x83\x00"

PROBE_TIMEOUT: Final = timedelta(seconds=5)
EXCHANGE_TIMEOUT: Final = timedelta(seconds=10)
TAP_TIMEOUT: Final = timedelta(seconds=30)


_SIGNATURE_REQUIRED_SIZE = 20
_INVISIBLE = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")
_HEX_DIGITS = re.compile(r"[0-9A-Fa-f]+")
_BETWEEN_BYTES = re.compile(r"[\s:\-]+")
_WITH_ADDRESS = re.compile(
    r"(?P<address>[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{12})"
    r"\s*[;,\s]\s*(?P<key>.+)",
    re.DOTALL,
)


class InvalidKeyFormat(ValueError):
    """The text holds no key: not 32 hexadecimal digits, or only zeros."""

    code = "invalid_key_format"


class KeyTruncated(InvalidKeyFormat):
    """The text is hexadecimal, but a piece of the key is missing.

    Attributes:
        digits: how many digits there are.
    """

    code = "key_truncated"

    def __init__(self, digits: int) -> None:
        super().__init__(f"{digits} digits where a key has {2 * KEY_SIZE}")
        self.digits = digits


class KeyOfOtherBand(InvalidKeyFormat):
    """The text names the address of another band beside its key."""

    code = "key_other_band"


@dataclass(frozen=True, slots=True)
class LocalKey:
    """The band takes a key of our own after a tap."""


@dataclass(frozen=True, slots=True)
class VendorSignature:
    """The band takes a key only with a signature of the vendor's server.

    That is the normal answer of this model and does not tell whether the band is bound.
    """

    public_key_hash: bytes
    """Truncated SHA-1 of the vendor's public key, 16 bytes."""


type Binding = LocalKey | VendorSignature


def parse_key(text: str, address: str) -> bytes:
    """Read a key from what a person typed or pasted.

    Taken are 32 hexadecimal digits, upper or lower case, with or without 0x, with white space,
    colons or dashes between them, alone or behind the band's address as in "address;key".
    Source: binding-and-firmware.md section 3.

    Args:
        text: what was typed.
        address: of the band in front of us, six bytes with colons.

    Returns:
        The key, 16 bytes.

    Raises:
        KeyTruncated: digits are missing.
        KeyOfOtherBand: the text names another address.
        InvalidKeyFormat: it is no key for another reason.
    """
    text = text.translate(_INVISIBLE).strip()
    digits = _digits_of(text)
    if len(digits) != 2 * KEY_SIZE and (match := _WITH_ADDRESS.fullmatch(text)):
        if _bare(match["address"]) != _bare(address):
            raise KeyOfOtherBand("the text names the address of another band")
        digits = _digits_of(match["key"])
    if not _HEX_DIGITS.fullmatch(digits) or len(digits) > 2 * KEY_SIZE or not int(digits, 16):
        raise InvalidKeyFormat("a key has 32 hexadecimal digits that are not all zero")
    if len(digits) < 2 * KEY_SIZE:
        raise KeyTruncated(len(digits))
    return bytes.fromhex(digits)


def _digits_of(text: str) -> str:
    text = text.strip()
    if text[:2] in {"0x", "0X"}:
        text = text[2:]
    return _BETWEEN_BYTES.sub("", text)


def _bare(address: str) -> str:
    return _BETWEEN_BYTES.sub("", address).lower()


def encode_answer(key: bytes, challenge: bytes) -> bytes:
    """Encrypt a challenge with the key: one block of AES-128, 16 bytes."""
    # The band's protocol fixes this mode; one random block is all that is ever encrypted.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - see above
    return encryptor.update(challenge) + encryptor.finalize()


def decode_binding(packet: bytes) -> Binding | None:
    """Decode the answer to the hello; None when the packet answers something else.

    Raises:
        CommandRefused: an answer that no source knows.
        MalformedPacket: the hash of the public key is not 16 bytes long.
    """
    match decode_status(packet, HELLO[:1]):
        case None:
            return None
        case 0x04:
            return LocalKey()
        case 0x81 if len(packet) == _SIGNATURE_REQUIRED_SIZE:
            return VendorSignature(packet[4:])
        case 0x81:
            raise MalformedPacket(Characteristic.AUTHENTICATION, packet)
        case other:
            raise CommandRefused("the question how it wants to be bound", other)


def decode_confirmation(packet: bytes) -> bool | None:
    """Decode what the band answers to a key: True, or None when it answers something else.

    Raises:
        SignatureRequired: it wants the vendor's signature.
        ConfirmationRefused: any other answer is a no.
    """
    match packet[:2], packet[2:3]:
        case b"\x10\x01", b"\x01":
            return True
        case b"\x10\x01", b"\x81":
            raise SignatureRequired("the band wants the vendor's signature")
        case ((b"\x10\x01" | b"\x10\x02"), status) if status:
            raise ConfirmationRefused("the pairing was refused")
        case _:
            return None


async def authenticate(link: Link, key: bytes) -> None:
    """Prove to the band that we know its key.

    Raises:
        KeyRejected: the band holds another key, or none.
        CommandRefused: a write failed, which says nothing of the key.
        LinkLost: the band stayed silent or went away.
    """
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
        await link.write(Characteristic.AUTHENTICATION, REQUEST_CHALLENGE)
        challenge = await _reply(replies, REQUEST_CHALLENGE)
        if len(challenge) != KEY_SIZE:
            raise MalformedPacket(Characteristic.AUTHENTICATION, challenge)
        answer = ANSWER_CHALLENGE + encode_answer(key, challenge)
        await link.write(Characteristic.AUTHENTICATION, answer)
        await _reply(replies, ANSWER_CHALLENGE)


async def _reply(replies: AsyncIterator[Packet], command: bytes) -> bytes:
    # Only what the band itself says counts against the key: a write that fails tells nothing of it.
    try:
        return await reply_to(replies, command[:1], words="the key", within=EXCHANGE_TIMEOUT)
    except CommandRefused as err:
        raise KeyRejected(err.status) from err
    except TimeoutError as err:
        raise LinkLost("the band did not answer the authentication") from err


async def probe_binding(link: Link) -> Binding:
    """Ask the band how it wants to be bound; harmless in every state.

    Raises:
        CommandRefused: an answer that no source knows.
        LinkLost: the band stayed silent or went away.
    """
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
        await link.write(Characteristic.AUTHENTICATION, HELLO)
        try:
            return await first(replies, decode_binding, PROBE_TIMEOUT)
        except TimeoutError as err:
            raise LinkLost("the band did not answer") from err


async def bind(link: Link, key: bytes) -> None:
    """Give a new band its key; its wearer confirms with a tap.

    Ending the link before the tap takes the question off the band's screen.

    Raises:
        ConfirmationRefused: the wearer or the band said no.
        ConfirmationTimeout: nobody tapped within 30 seconds.
        SignatureRequired: the band wants the vendor's signature after all.
        LinkLost: the band went away.
    """
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
        await link.write(Characteristic.AUTHENTICATION, HELLO + key)
        try:
            await first(replies, decode_confirmation, TAP_TIMEOUT)
        except TimeoutError as err:
            raise ConfirmationTimeout("nobody tapped the band in time") from err
