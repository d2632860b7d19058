"""A house to which records are brought home, and the places at which the link may be cut."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from homeassistant.core import HomeAssistant

from custom_components.mi_band.archive import Archive
from custom_components.mi_band.band.fetch import RecordKind
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.history import History, Unprojected
from custom_components.mi_band.sync import Sync, Synced

DAYS: Final = 3
PACKETS: Final = 360
"""Of a day, in a round of its own."""
PLACES: Final = [(day, packets) for day in range(DAYS) for packets in range(PACKETS + 1)]
"""Cut in a day's round after so many packets; after the last one its end does not come."""
type Step = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """Do nothing."""


class House:
    """A store, with a name for each band that was ever brought home to it."""

    def __init__(self, hass: HomeAssistant, history: History) -> None:
        # The loop is looked after elsewhere; here half of the time would go into that.
        hass.loop.set_debug(False)
        self.history = history
        self.archive = Archive(hass, history, lambda damaged: damaged)

    async def bring_home(
        self,
        identity: str,
        link: Callable[[], AbstractAsyncContextManager[Link]],
        project: Step = nothing,
    ) -> Synced:
        """Bring home what a band has."""
        sync = Sync(
            archive=self.archive,
            band=identity,
            project=project,
            committed=lambda _: nothing(),
            told=nothing,
            keep=False,
            right_until=0,
        )
        async with link() as opened:
            return await sync.async_run(opened, None)

    def known_of(self, identity: str) -> tuple[int, int | None, Unprojected | None]:
        """Return how many minutes there are, up to when, and what changed since a projection."""
        return (
            self.history.count_minutes(identity),
            self.history.fetched_until(identity, RecordKind.MINUTES),
            self.history.unprojected(identity),
        )
