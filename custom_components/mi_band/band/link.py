"""What an operation may do to a band, and nothing more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from .uuids import Characteristic


class Packet(NamedTuple):
    """One notification."""

    characteristic: Characteristic
    value: bytes


class Link(Protocol):
    """An open connection to one band.

    The implementation keeps one GATT request in flight and gives each characteristic one reader at
    a time; who comes second waits. So no operation needs a lock.
    """

    @property
    def mtu(self) -> int:
        """The ATT MTU in force, in bytes; 23 until a larger one is agreed.

        Raises:
            LinkLost: the link broke.
        """

    def offers(self, characteristic: Characteristic) -> bool:
        """Tell whether the band has a characteristic."""

    async def read(self, characteristic: Characteristic) -> bytes:
        """Read a value.

        Raises:
            LinkLost: the link broke or the band did not answer in time.
            CommandRefused: the band answered with an ATT error.
        """

    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        """Write packets in order, with no packet of another call between them.

        Raises:
            LinkLost: the link broke or the band did not answer in time.
            CommandRefused: the band answered with an ATT error.
        """

    def notifications(
        self, *characteristics: Characteristic
    ) -> AbstractAsyncContextManager[AsyncIterator[Packet]]:
        """Subscribe, then yield what the band notifies, in the order of its arrival.

        The subscription stands before the block begins. Iterating raises `LinkLost` when the link
        breaks.
        """

    def alone(self) -> AbstractAsyncContextManager[Link]:
        """Have the link for oneself while the block runs, for the transfer of a file.

        A fetch that has begun comes to its end before. The requests of every other task wait until
        the block ends; what the band tells by itself still arrives. What the block listens to, it
        subscribes to before.
        """


type Operation[T] = Callable[[Link], Awaitable[T]]
"""One thing to do to a band: the currency between Home Assistant's side and the protocol."""
