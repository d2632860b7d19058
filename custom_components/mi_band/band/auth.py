"""Authentication: the proof on every connection that we know the band's key.

All on the authentication characteristic (protocol-control.md section 5). C is the client, B the
band:

    C  82 00 02 01 00           give me a challenge
    B  10 82 01 challenge[16]
    C  83 00 answer[16]         answer = AES-128-ECB(key, challenge)
    B  10 83 01                 authenticated
    B  10 83 04, 07, 08         another key

That a refusal of this form carries 08, as 10 03 08 was seen to, is [INFERRED]. A challenge that is
not given says nothing of the key, for nobody has shown one by then.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .errors import CommandRefused, KeyRejected, LinkLost, MalformedPacket
from .link import Link, Packet
from .uuids import Characteristic
from .wire import KEY_SIZE, reply_to

REQUEST_CHALLENGE: Final = b"\x82\x00\x02\x01\x00"
ANSWER_CHALLENGE: Final = b"\x83\x00"

EXCHANGE_TIMEOUT: Final = timedelta(seconds=10)

_CHALLENGE, _KEY = "to give a challenge", "the key"


def encode_answer(key: bytes, challenge: bytes) -> bytes:
    """Encrypt a challenge with the key: one block of AES-128, 16 bytes."""
    # The band's protocol fixes this mode; one random block is all that is ever encrypted.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - see above
    return encryptor.update(challenge) + encryptor.finalize()


async def authenticate(link: Link, key: bytes) -> None:
    """Prove to the band that we know its key.

    Raises:
        KeyRejected: the band holds another key, or none.
        CommandRefused: a write failed, or there is no challenge, which says nothing of the key.
        LinkLost: the band stayed silent or went away.
    """
    async with link.notifications(Characteristic.AUTHENTICATION) as replies:
        await link.write(Characteristic.AUTHENTICATION, REQUEST_CHALLENGE)
        challenge = await _reply(replies, REQUEST_CHALLENGE, words=_CHALLENGE)
        if len(challenge) != KEY_SIZE:
            raise MalformedPacket(Characteristic.AUTHENTICATION, challenge)
        answer = ANSWER_CHALLENGE + encode_answer(key, challenge)
        await link.write(Characteristic.AUTHENTICATION, answer)
        try:
            await _reply(replies, ANSWER_CHALLENGE, words=_KEY)
        except CommandRefused as err:
            raise KeyRejected(err.status) from err


async def _reply(replies: AsyncIterator[Packet], command: bytes, *, words: str) -> bytes:
    try:
        return await reply_to(replies, command[:1], words=words, within=EXCHANGE_TIMEOUT)
    except TimeoutError as err:
        raise LinkLost("the band did not answer the authentication") from err
