"""Binding a new band with the vendor's signature.

The band gives a seed; key and signature hang on it. C is the client, B the band
(protocol-control.md section 5.3, binding-and-firmware.md section 5):

    C  01 00                              hello
    B  10 01 81 01 hash[16]               which public key must have signed
    C  82 00 02                           give me a seed
    B  10 82 01 seed[16]
       digest = SHA-256(address[6] in printed order, seed); key = digest[0:16]
       the vendor's server signs; that it signs the whole digest is [INFERRED]
    C  83 00 signature[64] 00 00 00 00    by chunked transfer of type 4
    B  10 83 01                           signature accepted, now tap [INFERRED]
    B  10 01 01                           confirmed, key stored

The order of the last two differs between the sources. The derivation was verified on three
captures of a band of this generation; nobody has shown the whole procedure on a Mi Smart Band 4.
"""

from dataclasses import dataclass, field
import hashlib
from typing import Final

from .auth import (
    EXCHANGE_TIMEOUT,
    HELLO,
    KEY_SIZE,
    PROBE_TIMEOUT,
    TAP_TIMEOUT,
    VendorSignature,
    decode_binding,
    decode_confirmation,
)
from .errors import (
    ConfirmationRefused,
    ConfirmationTimeout,
    LinkLost,
    MalformedPacket,
    NotSupported,
)
from .link import Link
from .uuids import Characteristic
from .wire import decode_status, encode_chunks, first, reply_to

SIGNATURE_SIZE: Final = 64
REQUEST_SEED: Final = b"\x82\x00\x02"

_MESSAGE_TYPE = 4
_HEAD = b"\x83\x00"
_TAIL = bytes(4)
_SUCCESS = 0x01


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
            binding = await first(replies, decode_binding, PROBE_TIMEOUT)
            if not isinstance(binding, VendorSignature):
                raise NotSupported("the band takes a key without a signature")
            await link.write(Characteristic.AUTHENTICATION, REQUEST_SEED)
            seed = await reply_to(
                replies, REQUEST_SEED[:1], words="the question for a seed", within=EXCHANGE_TIMEOUT
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
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
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
