"""Restarting the band, and making it as it was when new.

    command      on              reply           then
    05           firmware        10 05 01        it restarts; the key stays [INFERRED]
    06 0b 00 01  configuration   10 06 0b 00 01  it erases its data, its settings and its key, and
                                                 advertises under a new address

After the reply the band hangs up [INFERRED].
Source: protocol-control.md sections 20.1, 20.2 and 4.1.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from .errors import LinkLost
from .link import Link
from .uuids import Characteristic
from .wire import first, reply_to

REBOOT: Final = b"\x05"
FACTORY_RESET: Final = b"\x06\x0b\x00\x01"
LEAVING_TIMEOUT: Final = timedelta(seconds=5)
"""How long the band has for its reply, and again for hanging up. [INFERRED]"""


async def reboot(link: Link) -> None:
    """Restart the band; returns when it has hung up, or should have.

    Raises:
        CommandRefused: the band answered no.
        LinkLost: the link broke before the band had the command, or while it took it.
    """
    await _send_off(link, Characteristic.FIRMWARE, REBOOT, echoed=1, words="the restart")


async def factory_reset(link: Link) -> bool:
    """Erase all that the band holds, its key too; returns when it has hung up, or should have.

    Returns:
        Whether it said yes. One that hangs up without a reply most likely is reset too [INFERRED],
        but only its new address proves it.

    Raises:
        CommandRefused: the band answered no.
        LinkLost: the link broke before the band had the command.
    """
    return await _send_off(
        link, Characteristic.CONFIGURATION, FACTORY_RESET, echoed=3, words="the factory reset"
    )


async def _send_off(
    link: Link, characteristic: Characteristic, command: bytes, *, echoed: int, words: str
) -> bool:
    async with link.notifications(characteristic) as replies:
        await link.write(characteristic, command)
        try:
            await reply_to(replies, command[:echoed], words=words, within=LEAVING_TIMEOUT)
        except LinkLost, TimeoutError:
            return False
        # Who hung up first might interrupt it.
        with suppress(LinkLost, TimeoutError):
            await first(replies, _no_more, LEAVING_TIMEOUT)
        return True


def _no_more(_: bytes) -> None:
    """Wait on, whatever comes."""
