"""When the records of a band are brought home without anybody asking for it."""

import asyncio
from datetime import timedelta
import logging
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from .band.errors import BandBusy, BandError, LinkLost
from .band.link import Operation
from .lease import Lease
from .sync import Synced

_LOGGER = logging.getLogger(__name__)

LEAST_BETWEEN: Final = timedelta(minutes=5)
"""From one sync for something that happened to the next for the same. Of what makes a band say that
its wearer woke up, no document tells all, and each sync costs its battery."""


class Timetable:
    """The syncs of one band that are due by themselves.

    Attributes:
        interval: from one to the next, and from one link to the next where none is kept.
    """

    def __init__(self, name: str, lease: Lease, interval: timedelta) -> None:
        self.interval = interval
        self._name = name
        self._lease = lease
        self._failed = False
        self._planned: dict[str, float] = {}

    async def async_keep(self, first: Operation[Synced], later: Operation[Synced]) -> None:
        """Sync on a new link, and whenever it is due again, until the link breaks."""
        self._planned.clear()
        await self.async_try(first)
        while True:
            await asyncio.sleep(self.interval.total_seconds())
            await self.async_try(later)

    def plan(self, why: str, after: timedelta) -> timedelta | None:
        """Plan a sync for something that happened; what happens soon again waits for its turn.

        Args:
            why: what happened.
            after: what has to pass before.

        Returns:
            How long until then; None when it is planned already.
        """
        now, planned = asyncio.get_running_loop().time(), self._planned.get(why, float("-inf"))
        if planned > now:
            return None
        soon, turn = now + after.total_seconds(), planned + LEAST_BETWEEN.total_seconds()
        self._planned[why] = max(soon, turn)
        return after if soon >= turn else timedelta(seconds=turn - now)

    async def async_try(
        self, operation: Operation[Synced], *, after: timedelta = timedelta()
    ) -> None:
        """Sync; what fails is tried again next time, and told the first time.

        Args:
            operation: how to sync.
            after: what has to pass before.

        Raises:
            LinkLost: the link broke.
            BandBusy: nothing more comes of this link.
            NoLink: there is none.
        """
        await asyncio.sleep(after.total_seconds())
        try:
            await self._lease.run(operation)
        except LinkLost, BandBusy:
            raise
        except (BandError, HomeAssistantError) as err:
            if not self._failed:
                _LOGGER.warning("The records of %s cannot be brought home yet: %s", self._name, err)
            self._failed = True
        else:
            self._failed = False
