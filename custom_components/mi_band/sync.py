"""Brings home what a band has stored: fetch, commit, project, acknowledge.

This is the one place with that order. The acknowledgement lets the band drop what it sent. It is
given by leaving a `fetch` block normally, so that everything inside of the block has been done by
then: the records are in the store, and the long-term statistics that follow from them are in the
recorder's database. Whatever fails in between leaves the block by an exception, and nothing is
acknowledged. What is in the store but not yet in the statistics is marked there, and comes first at
the next sync.

A round is what the band gives at once, about a day of minutes. Every round ends durable, so that a
sync that breaks goes on there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.util import dt as dt_util

from .archive import Archive
from .band.clock_error import TOLERANCE, ClockError
from .band.errors import MalformedPacket
from .band.fetch import RecordKind, fetch
from .band.link import Link
from .band.minutes import Minute, decode_minutes
from .band.workouts import Workout, decode_track, decode_workout
from .history import History

_LOGGER = logging.getLogger(__name__)

FIRST_SYNC_SPAN: Final = timedelta(days=100)
"""How far back a band is asked that was never fetched from. protocol-data.md section 4.6."""
MOST_ROUNDS: Final = 1000
"""More than a band holds: years of days. One that offers more repeats itself."""
PAUSE_BETWEEN_ROUNDS: Final = timedelta(milliseconds=100)
"""Time that the band gets to close a round. [INFERRED] protocol-data.md section 4.6."""

_MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync brought."""

    minutes: int
    workouts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What is needed to bring the records of one band home."""

    archive: Archive
    band: str
    """Its identity."""
    project: Callable[[], Awaitable[None]]
    """Puts what changed in the store into the statistics; returns when they are on disk."""
    committed: Callable[[], Awaitable[None]]
    """Called after each round, for whoever shows what is new."""
    keep: bool
    """Leave the records on the band, for another app."""

    async def async_run(self, link: Link, error: ClockError | None) -> Synced:
        """Fetch everything that was not fetched yet.

        Args:
            link: to the band.
            error: of the band's clock, which must not be set before this is done; None when it is
                right.

        Raises:
            BandError: the link broke, or the band sends what no document explains.
            HomeAssistantError: the store or the statistics cannot be written.
        """
        # What a sync that broke has left behind.
        await self.project()
        minutes = await self._fetch_minutes(link, error)
        return Synced(minutes=minutes, workouts=await self._fetch_workouts(link))

    async def _fetched_until(self, kind: RecordKind) -> int:
        stored = await self.archive.async_run(History.fetched_until, self.band, kind)
        return _minute(dt_util.utcnow() - FIRST_SYNC_SPAN) if stored is None else stored

    async def _fetch_minutes(self, link: Link, error: ClockError | None) -> int:
        fetched_until = await self._fetched_until(RecordKind.MINUTES)
        since = error.first_wanted(fetched_until) if error else fetched_until
        may_be_known = True
        count = 0
        for _ in range(MOST_ROUNDS):
            async with fetch(link, RecordKind.MINUTES, _moment(since), keep=self.keep) as batch:
                # A band may give out all that it has at once.
                stamped = await asyncio.to_thread(decode_minutes, batch)
                if not stamped:
                    break
                minutes = stamped
                if error:
                    known = {*await self._stored(stamped)} if may_be_known else ()
                    minutes = error.put_right(stamped, fetched_until=fetched_until, stored=known)
                    may_be_known = not minutes
                count += await self._commit_minutes(minutes)
            await self._pause()
            if (until := stamped[-1].minute + 1) <= since:
                break
            since = until
        return count

    async def _pause(self) -> None:
        """Let the band close a round, and meanwhile show what is new."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + PAUSE_BETWEEN_ROUNDS.total_seconds()
        await self.committed()
        await asyncio.sleep(max(0.0, ends - loop.time()))

    async def _stored(self, stamped: list[Minute]) -> list[Minute]:
        return await self.archive.async_run(
            History.minutes, self.band, stamped[0].minute, stamped[-1].minute + 1
        )

    async def _commit_minutes(self, minutes: list[Minute]) -> int:
        # One that has not been yet would be shown as the last. Those of a clock that runs a little
        # fast are kept, for they are about to be acknowledged: the next ones of that time win.
        latest = _minute(dt_util.utcnow() + TOLERANCE)
        count = await self.archive.async_run(_commit_until, self.band, minutes, latest)
        if count:
            await self.project()
        return count

    async def _fetch_workouts(self, link: Link) -> int:
        # A track that is missing belongs to a summary whose fetch was the last thing that worked.
        for workout in await self.archive.async_run(History.workouts_without_track, self.band):
            await self._fetch_track(link, workout)
        since = await self._fetched_until(RecordKind.WORKOUT_SUMMARY)
        count = 0
        for _ in range(MOST_ROUNDS):
            found, following = await self._fetch_summary(link, since)
            if following == since:
                break
            since = following
            if found is not None:
                await self._fetch_track(link, found)
                count += 1
            await self._pause()
        return count

    async def _fetch_summary(self, link: Link, since: int) -> tuple[Workout | None, int]:
        """Fetch the first workout from a minute on; None for one that cannot be read.

        Returns:
            The workout, and from which minute on to ask for the next: the same when there is none.
        """
        begun: datetime | None = None
        try:
            async with fetch(
                link, RecordKind.WORKOUT_SUMMARY, _moment(since), keep=self.keep
            ) as batch:
                if not batch.records:
                    return None, since
                begun = batch.start
                workout = decode_workout(batch)
                following = await self._commit_workout(workout)
        except MalformedPacket as err:
            if begun is None:
                raise
            # Later ones can be read. It stays on the band, and is asked for again next time.
            _LOGGER.warning("Leaving out a workout: %s", err)
            return None, _minute(begun) + 1
        return workout, following

    async def _commit_workout(self, workout: Workout) -> int:
        """Store a workout; returns the minute from which on to ask for the next."""
        # The band is asked in whole minutes, and answers with the same workout again when it ended
        # within the minute in which it began.
        since = max(_minute(workout.end), _minute(workout.start) + 1)
        await self.archive.async_run(
            History.commit_workout, self.band, workout, fetched_until=since
        )
        return since

    async def _fetch_track(self, link: Link, workout: Workout) -> None:
        try:
            async with fetch(
                link, RecordKind.WORKOUT_DETAILS, workout.start, keep=self.keep
            ) as batch:
                # A day in the mountains has tens of thousands of points and beats.
                await asyncio.to_thread(decode_track, batch, workout)
                # A workout without details has an empty track, and is not asked for again. One of
                # which a part was lost is.
                if batch.complete or not batch.records:
                    await self.archive.async_run(
                        History.commit_track, self.band, workout.start, batch.records
                    )
        except MalformedPacket as err:
            # The summary is safe, and other workouts wait. It is asked for again next time.
            _LOGGER.warning("Leaving out the details of a workout: %s", err)


def _commit_until(history: History, band: str, minutes: list[Minute], latest: int) -> int:
    """Store the minutes up to one, and tell how many."""
    past = [minute for minute in minutes if minute.minute <= latest]
    if past:
        fetched_until = max(minute.minute for minute in past) + 1
        history.commit_minutes(band, past, fetched_until=fetched_until)
    return len(past)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // _MINUTE_S


def _moment(minute: int) -> datetime:
    return dt_util.as_local(dt_util.utc_from_timestamp(minute * _MINUTE_S))
