"""The stored records of one band: brought home by one sync at a time, and told of."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Concatenate, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .archive import Archive, async_get_archive
from .band.clock_error import ClockError
from .band.errors import BandBusy, StillBusy
from .band.fetch import RecordKind
from .band.link import Link
from .band.state import Recorded
from .const import CONF_IDENTITY, CONF_PROFILE, DOMAIN
from .digest import digest
from .history import History
from .history_file import HistoryError
from .hours import HOUR_MINUTES
from .statistics import Projection, async_clear_statistics
from .sync import Sync, Synced, async_note_clock
from .wearer import wearer

MOST_NEW_LINKS: Final = 3
"""So often within the span a new link is worth a try for a band that is busy or silent.

Another one is where at least an hour of minutes came: it goes on with what followed them.
"""
NEW_LINKS_SPAN: Final = timedelta(hours=3)

_MINUTE_S: Final = 60


class Records:
    """What the store holds of one band, and the way by which more gets in."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        *,
        keep: bool,
        retention: timedelta | None,
        fetched: Callable[[datetime], None],
        changed: Callable[[Recorded], None],
    ) -> None:
        """Make the records of a band.

        Args:
            hass: Home Assistant.
            entry: of the band.
            keep: leave on the band what was fetched.
            retention: how long minutes are kept before they become hours; None is for ever.
            fetched: called after each round, with up to when the minutes have come home.
            changed: called with what follows from the records when all minutes are home, and again
                when the workouts are. Not before: at the first sync months pass by, and automations
                would see each workout end.
        """
        self._hass = hass
        self._entry = entry
        self._band: str = entry.data[CONF_IDENTITY]
        self._keep = keep
        self._retention = retention
        self._fetched = fetched
        self._changed = changed
        self._projection = Projection(
            hass,
            self._band,
            name=lambda: entry.title,
            profile=lambda: wearer(entry.data[CONF_PROFILE]),
        )
        self._turn = asyncio.Lock()
        self._woke_up: int | None = None
        self._stamps: dict[RecordKind, int] = {}
        self._stamped_ahead: int | None = None
        self._left_out: set[datetime] = set()
        self._details: dict[datetime, bytes] = {}
        self._brought = 0
        self._new_links: deque[float] = deque(maxlen=MOST_NEW_LINKS)

    async def async_digest(self) -> Recorded:
        """Return what follows from what is stored.

        Raises:
            HistoryError: the store cannot be read.
        """
        archive = await async_get_archive(self._hass)
        return await archive.async_run(digest, self._band)

    async def async_read[**P, R](
        self, read: Callable[Concatenate[History, str, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call what reads this band's part of the store, in a thread.

        Raises:
            HomeAssistantError: translated; the store.
        """
        with _translated():
            archive = await async_get_archive(self._hass)
            return await archive.async_run(read, self._band, *args, **kwargs)

    def note_woke_up(self) -> None:
        """Take note that the band says just now that its wearer woke up; the next sync tells."""
        self._woke_up = int(dt_util.utcnow().timestamp()) // _MINUTE_S

    async def async_sync(self, link: Link, error: ClockError | None) -> Synced:
        """Bring home what was not fetched yet; who comes second waits, and then finds less to do.

        Args:
            link: to the band.
            error: see `Sync`.

        Raises:
            BandError: the band or the link.
            HomeAssistantError: translated; the store or the statistics.
        """
        async with self._turn:
            with _translated():
                archive = await async_get_archive(self._hass)
                error, right_until = await async_note_clock(archive, self._band, error)
                await self._async_keep_woke_up(archive)
                ahead = error.ahead if error else None
                if ahead != self._stamped_ahead:
                    self._stamps, self._stamped_ahead = {}, ahead
                sync = Sync(
                    archive=archive,
                    band=self._band,
                    keep=self._keep,
                    right_until=right_until,
                    stamps=self._stamps,
                    left_out=self._left_out,
                    details=self._details,
                    project=lambda: self._projection.async_project(archive),
                    committed=lambda brought: self._async_tell_round(archive, brought),
                    told=self._async_tell,
                )
                synced = await self._async_run(sync, link, error)
                if self._retention is not None:
                    oldest = int((dt_util.utcnow() - self._retention).timestamp()) // _MINUTE_S
                    await self._projection.async_fold(archive, oldest)
                await self._async_tell()
                return synced

    async def async_rebuild(self) -> None:
        """Build the statistics anew from what is stored.

        Raises:
            HomeAssistantError: translated; the store or the statistics.
        """
        async with self._turn:
            with _translated():
                await self._projection.async_rebuild(await async_get_archive(self._hass))

    async def async_forget(self) -> None:
        """Delete everything that is stored of this band, and its statistics.

        Raises:
            HomeAssistantError: translated; the store or the statistics.
        """
        async with self._turn:
            await self.async_read(History.forget)
            # Where to go on belonged to what is gone.
            self._stamps, self._details, self._woke_up = {}, {}, None
            await async_clear_statistics(self._hass, self._band)

    async def _async_keep_woke_up(self, archive: Archive) -> None:
        """Write once that the night is over: it has to be so after a restart as well."""
        if (woke_up := self._woke_up) is not None:
            await archive.async_run(History.note_woke_up, self._band, woke_up)
            if self._woke_up == woke_up:
                self._woke_up = None

    async def _async_tell(self) -> None:
        # Nothing new is news too: a night that has lasted until now is over.
        self._changed(await self.async_digest())

    async def _async_run(self, sync: Sync, link: Link, error: ClockError | None) -> Synced:
        self._brought = 0
        try:
            return await sync.async_run(link, error)
        except BandBusy as err:
            if self._is_worth_a_link():
                raise
            raise StillBusy(f"{err}, and so on new links") from err

    def _is_worth_a_link(self) -> bool:
        """Tell whether to try again at once on a new link, which cuts everything else off."""
        if self._brought >= HOUR_MINUTES:
            return True
        now = asyncio.get_running_loop().time()
        links = self._new_links
        if len(links) == MOST_NEW_LINKS and now - links[0] < NEW_LINKS_SPAN.total_seconds():
            return False
        links.append(now)
        return True

    async def _async_tell_round(self, archive: Archive, brought: int) -> None:
        self._brought += brought
        kind = RecordKind.MINUTES
        minute = await archive.async_run(History.fetched_until, self._band, kind)
        if minute is not None:
            self._fetched(dt_util.utc_from_timestamp(minute * _MINUTE_S))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except HistoryError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=err.code) from err
