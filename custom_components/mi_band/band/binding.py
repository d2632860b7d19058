"""Binding: how a new band gets its key, once, after its wearer confirmed with a tap.

On the authentication characteristic (protocol-control.md sections 5.3 and 5.4,
binding-and-firmware.md sections 2 and 5). C is the client, B the band. The question:

    C  01 00                              which way of binding do you want?
    B  10 01 04                           send me a key
    B  10 01 81 01 hash[16]               the vendor's server must sign; names its public key

A key of our own. No source shows a Mi Smart Band 4 that takes one; this is how its predecessors
do. [INFERRED]

    C  01 00 key[16]                      here is your key; the band asks its wearer for a tap
    B  10 01 01                           confirmed, key stored
    B  10 01 04, 10 02 04                 refused

With the vendor's signature. The derivation was verified on three captures of a band of this
generation; nobody has shown the whole procedure on a Mi Smart Band 4.

    C  82 00 02                           give me a seed
    B  10 82 01 seed[16]
       digest = SHA-256(address[6] in printed order, seed); key = digest[0:16]
       the vendor's server signs; that it signs the whole digest is [INFERRED]
    C  83 00 signature[64] 00 00 00 00    by chunked transfer of type 4
    B  10 83 01                           signature accepted, now tap [INFERRED]
    B  10 01 01                           confirmed, key stored

The order of the last two differs between the sources.
"""

from dataclasses import dataclass, field
from datetime import timedelta
import hashlib
from typing import Final

from .errors import (
    CommandRefused,
    ConfirmationRefused,
    ConfirmationTimeout,
    LinkLost,
    MalformedPacket,
    NotSupported,
    SignatureRequired,
)
from .link import Link
from .uuids import Characteristic
from .wire import KEY_SIZE, decode_status, encode_chunks, first, reply_to

SIGNATURE_SIZE: Final = 64
HELLO: Final = b"\x01\x00"
REQUEST_SEED: Final = b"\x82\x00\x02"

ANSWER_TIMEOUT: Final = timedelta(seconds=5)
TAP_TIMEOUT: Final = timedelta(seconds=30)
"""After so long a silence nobody confirmed. [INFERRED] protocol-control.md section 5.4."""

_SIGNATURE_REQUIRED_SIZE = 20
_MESSAGE_TYPE = 4
_HEAD = b"\x83\x00"
_TAIL = bytes(4)
_SUCCESS = 0x01


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRequest:
    """What the vendor's server has to sign for one band, valid for one connection."""

    public_key_hash: bytes
    """Names the public key that the band knows, 16 bytes."""
    digest: bytes = field(repr=False)
    """32 bytes; the first 16 are the key-to-be."""

    @property
    def key(self) -> bytes:
        """The key that the band will have, 16 bytes."""
        return self.digest[:KEY_SIZE]


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


def derive_digest(address: str, seed: bytes) -> bytes:
    """Return the 32 bytes that key and signature come from.

    Args:
        address: of the band, six bytes with colons.
        seed: 16 bytes that the band gave.
    """
    return hashlib.sha256(bytes.fromhex(address.replace(":", "")) + seed).digest()


def encode_signature(signature: bytes) -> bytes:
    """Encode the message that carries a signature.

    Raises:
        ValueError: not 64 bytes.
    """
    if len(signature) != SIGNATURE_SIZE:
        raise ValueError("a signature has 64 bytes")
    return _HEAD + signature + _TAIL


async def probe_binding(link: Link) -> Binding:
    """Ask the band how it wants to be bound; harmless in every state.

    Raises:
        CommandRefused: an answer that no source knows.
        LinkLost: the band stayed silent or went away.
    """
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
        await link.write(Characteristic.AUTHENTICATION, HELLO)
        try:
            return await first(replies, decode_binding, ANSWER_TIMEOUT)
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


async def request_signature(link: Link, address: str) -> SignatureRequest:
    """Ask a new band for what has to be signed.

    Raises:
        NotSupported: the band takes a key without a signature.
        CommandRefused: it refused to give a seed.
        LinkLost: it stayed silent or went away.
    """
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
        try:
            await link.write(Characteristic.AUTHENTICATION, HELLO)
            binding = await first(replies, decode_binding, ANSWER_TIMEOUT)
            if not isinstance(binding, VendorSignature):
                raise NotSupported("the band takes a key without a signature")
            await link.write(Characteristic.AUTHENTICATION, REQUEST_SEED)
            seed = await reply_to(
                replies, REQUEST_SEED[:1], words="the question for a seed", within=ANSWER_TIMEOUT
            )
        except TimeoutError as err:
            raise LinkLost("the band did not answer") from err
    if len(seed) != KEY_SIZE:
        raise MalformedPacket(Characteristic.AUTHENTICATION, seed)
    return SignatureRequest(
        public_key_hash=binding.public_key_hash, digest=derive_digest(address, seed)
    )


async def bind_with_signature(link: Link, signature: bytes) -> None:
    """Give the band the signature; its wearer confirms with a tap.

    Raises:
        ConfirmationRefused: the band did not take the signature, or its wearer said no.
        ConfirmationTimeout: nobody tapped in time.
        LinkLost: the band went away.
    """
    packets = encode_chunks(_MESSAGE_TYPE, encode_signature(signature), link.mtu)
    # The captured pairing subscribes to both. The acknowledgement of the message tells nothing.
    async with link.notifications(
        Characteristic.AUTHENTICATION, Characteristic.CHUNKED_TRANSFER
    ) as replies:
        await link.write(Characteristic.CHUNKED_TRANSFER, *packets)
        try:
            await first(replies, _decode_signed_confirmation, TAP_TIMEOUT)
        except TimeoutError as err:
            raise ConfirmationTimeout("nobody tapped the band in time") from err


def _decode_signed_confirmation(packet: bytes) -> bool | None:
    status = decode_status(packet, _HEAD[:1])
    if status is not None and status != _SUCCESS:
        raise ConfirmationRefused("the band did not take the signature")
    return decode_confirmation(packet)
