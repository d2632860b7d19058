"""Calls that ring on the band.

On the alert characteristic: `03 01` and the caller's name in UTF-8, at most 255 characters, rings;
`03 00` ends that, which the band needs to be told even when the wearer rejected the call
(protocol-control.md section 15). Names show only after `06 10 00 00 01` on the configuration
characteristic, a setting like others (section 9.4). What the wearer answers comes as an event: see
`events`.
"""

import logging
from typing import Final

from .errors import REFUSALS
from .link import Link
from .texts import clean, cut
from .uuids import Characteristic
from .wire import write_configuration

_LOGGER = logging.getLogger(__name__)

HIGHEST_CALLER_CHARACTERS: Final = 255

_CALL, _BEGINS, _ENDS = 0x03, 0x01, 0x00
_SHOW_CALLER = b"\x06\x10\x00\x00\x01"
_ATT_HEADER = 3


def encode_call(caller: str, mtu: int) -> bytes:
    """Encode a call, its caller's name cut to what one write carries."""
    head = bytes((_CALL, _BEGINS))
    name = cut(clean(caller), mtu - _ATT_HEADER - len(head), HIGHEST_CALLER_CHARACTERS)
    return head + name.encode()


async def ring(link: Link, caller: str) -> None:
    """Let the band ring; who begins it ends it, with `hang_up`.

    Raises:
        CommandRefused: the band does not ring.
        LinkLost: the link broke; it may ring all the same.
    """
    # With every call, for a reset clears it and nobody would miss the name before.
    try:
        await write_configuration(link, _SHOW_CALLER, echoed=3, words="to show who calls")
    except REFUSALS as err:
        # Who is called wants to know of it, be it without a name.
        _LOGGER.debug("the name of a caller may not show: %s", err)
    await link.write(Characteristic.NEW_ALERT, encode_call(caller, link.mtu))


async def hang_up(link: Link) -> None:
    """End the call that rings; nothing happens where none does."""
    await link.write(Characteristic.NEW_ALERT, bytes((_CALL, _ENDS)))
