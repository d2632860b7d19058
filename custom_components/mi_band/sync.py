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
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
import logging
from typing import Final, NamedTuple

from homeassistant.util import dt as dt_util

from .archive import Archive
from .band.clock_error import TOLERANCE, ClockError
from .band.errors import BandBusy, BandError, FetchRefused, MalformedPacket, RecordsLost
from .band.fetch import Batch, RecordKind, fetch
from .band.link import Link
from .band.minutes import Minute, decode_minutes
from .band.workouts import Workout, decode_track, decode_workout
from .history import History, WrongClock
from .hours import HOUR_MINUTES, are_of

_LOGGER = logging.getLogger(__name__)

FIRST_SYNC_SPAN: Final = timedelta(days=100)
"""How far back a band is asked that was never fetched from. protocol-data.md section 4.6."""
MOST_ROUNDS: Final = 1000
"""More than a band holds: years of days. One that offers more repeats itself."""
PAUSE_BETWEEN_ROUNDS: Final = timedelta(milliseconds=100)
"""Time that the band gets to close a round. [INFERRED] protocol-data.md section 4.6."""

_MINUTE_S = 60
_OF_ONE_KIND: Final = (FetchRefused, MalformedPacket, RecordsLost)
"""How a band fails to give out records of one kind, which says nothing of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync brought."""

    minutes: int
    workouts: int


class _NotYet(Exception):
    """A record is of a time that has not been yet."""


class _Fetched(NamedTuple):
    """What came of asking for a workout."""

    workout: Workout | None
    """None where it is nothing new, or cannot be read."""
    stamped: datetime
    """When it began by the clock of the band."""
    following: int
    """The minute of that clock from which on to ask for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What is needed to bring the records of one band home."""

    archive: Archive
    band: str
    """Its identity."""
    project: Callable[[], Awaitable[None]]
    """Puts what changed in the store into the statistics; returns when they are on disk."""
    committed: Callable[[int], Awaitable[None]]
    """Called after each round with how many records it brought, for whoever shows how far it is."""
    told: Callable[[], Awaitable[None]]
    """Called when all minutes are here, for whoever shows what follows from them.

    Before the workouts, as a band that does not give these out has slept nights as well.
    """
    keep: bool
    """Leave the records on the band, for another app."""
    right_until: int
    """Up to where was fetched when the clock of the band was not known to be wrong yet."""
    stamps: dict[RecordKind, int] = field(default_factory=dict)
    """From which stamp of a wrong clock on to go on after a sync that broke; none of a right one.

    A band that wants a new link for each round would else give out the same one for ever.
    """
    details: dict[datetime, bytes] = field(default_factory=dict)
    """What came of the details of workouts that began then: a part, or nothing but a refusal.

    Who asked for all of them at each sync would only drain the band.
    """
    left_out: set[datetime] = field(default_factory=set)
    """When workouts began, by the clock of the band, that cannot be stored.

    They are not acknowledged, and a band may want a new link then, on which it offers them again:
    there they are passed over.
    """

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
        minutes = 0
        failure: BandError | None = None
        try:
            minutes = await self._fetch_minutes(link, error)
            await self.told()
        except _OF_ONE_KIND as err:
            failure = err
        try:
            workouts = await self._fetch_workouts(link, error)
        except (BandBusy, *_OF_ONE_KIND) as err:
            # The first failure tells more, and a new link would end with the same.
            raise (failure or err) from None
        if failure is not None:
            raise failure
        return Synced(minutes=minutes, workouts=workouts)

    async def _first_wanted(self, kind: RecordKind, error: ClockError | None) -> int:
        fetched_until = await async_fetched_until(self.archive, self.band, kind)
        if error is None:
            return fetched_until
        return self.stamps.get(kind, error.first_wanted(fetched_until))

    async def _fetch_minutes(self, link: Link, error: ClockError | None) -> int:
        since = await self._first_wanted(RecordKind.MINUTES, error)
        fetched_until = await async_fetched_until(self.archive, self.band, RecordKind.MINUTES)
        # After a sync that broke it goes on in the middle of what the wrong clock stamped.
        may_be_known = fetched_until <= self.right_until
        count = 0
        for _ in range(MOST_ROUNDS):
            async with fetch(link, RecordKind.MINUTES, _moment(since), keep=self.keep) as batch:
                # A band may give out all that it has at once.
                stamped = await asyncio.to_thread(decode_minutes, batch)
                if not stamped:
                    break
                minutes = stamped
                if error:
                    known = await self._known(stamped) if may_be_known else ()
                    minutes = error.put_right(stamped, fetched_until=self.right_until, stored=known)
                    may_be_known = not minutes
                count += await self._commit_minutes(minutes)
                if error:
                    self.stamps[RecordKind.MINUTES] = stamped[-1].minute + 1
            await self._pause(len(stamped))
            if (until := stamped[-1].minute + 1) <= since:
                break
            since = until
        return count

    async def _pause(self, brought: int) -> None:
        """Let the band close a round, and meanwhile show what is new."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + PAUSE_BETWEEN_ROUNDS.total_seconds()
        await self.committed(brought)
        await asyncio.sleep(max(0.0, ends - loop.time()))

    async def _known(self, stamped: list[Minute]) -> set[Minute]:
        """Return which minutes were fetched just so while the clock was right."""
        return await self.archive.async_run(_known, self.band, stamped, self.right_until)

    async def _commit_minutes(self, minutes: list[Minute]) -> int:
        # One that has not been yet would be shown as the last. Those of a clock that runs a little
        # fast are kept, for they are about to be acknowledged: the next ones of that time win.
        count = await self.archive.async_run(_commit, self.band, minutes, dt_util.utcnow())
        if count:
            await self.project()
        return count

    async def _fetch_workouts(self, link: Link, error: ClockError | None) -> int:
        # A track that is missing belongs to a summary whose fetch was the last thing that worked.
        trackless = await self.archive.async_run(History.workouts_without_track, self.band)
        since = await self._first_wanted(RecordKind.WORKOUT_SUMMARY, error)
        count = 0
        for _ in range(MOST_ROUNDS):
            fetched = await self._fetch_summary(link, since, error)
            if fetched is None:
                break
            since = fetched.following
            if error:
                self.stamps[RecordKind.WORKOUT_SUMMARY] = since
            if fetched.workout is not None:
                await self._fetch_track(link, fetched.workout, fetched.stamped)
                count += 1
            await self._pause(1)
        # Last, for a band may have summaries to give out and no details.
        for workout in trackless:
            if self.details.get(workout.start) != b"":
                await self._fetch_track(link, workout, workout.start)
        return count

    async def _fetch_summary(
        self, link: Link, since: int, error: ClockError | None
    ) -> _Fetched | None:
        """Fetch the first workout from a minute on, and store it; None when there is none."""
        begun: datetime | None = None
        try:
            async with fetch(
                link,
                RecordKind.WORKOUT_SUMMARY,
                _moment(since),
                keep=self.keep,
                unwanted=self.left_out,
            ) as batch:
                begun = batch.start
                if begun in self.left_out:
                    return _Fetched(None, begun, max(since, _minute(begun)) + 1)
                if not batch.records:
                    return None
                return await self._commit_workout(batch, since, error)
        except (MalformedPacket, _NotYet) as err:
            if begun is None:
                raise
            # Later ones can be read. It stays on the band, and is asked for again after a restart.
            _LOGGER.warning("Leaving out a workout: %s", err)
            self.left_out.add(begun)
            return _Fetched(None, begun, max(since, _minute(begun)) + 1)

    async def _commit_workout(self, batch: Batch, since: int, error: ClockError | None) -> _Fetched:
        """Store a workout that was asked for from a minute on.

        One that is stored already, maybe as it was put right when the band's clock was wrong, stays
        as it is.
        """
        now = dt_util.utcnow()
        known = await self.archive.async_run(History.same_workout, self.band, batch.records)
        if known is None and error:
            start = error.put_moment_right(batch.start, fetched_until=self.right_until)
            workout = decode_workout(replace(batch, start=start))
        else:
            workout = known or decode_workout(batch)
        if workout.start > now + TOLERANCE:
            raise _NotYet("it has not been yet")
        # What claims to go on beyond now tells nothing of its end.
        over = workout.end if workout.end <= now + TOLERANCE else workout.start
        ahead = (batch.start - workout.start) // timedelta(minutes=1)
        # The band is asked in whole minutes, and answers with the same workout again when it ended
        # within that in which it began.
        following = max(_minute(over) + ahead, since + 1 if known else since)
        await self.archive.async_run(
            History.commit_workout,
            self.band,
            workout,
            fetched_until=min(following - ahead, _minute(now)),
        )
        return _Fetched(None if known else workout, batch.start, following)

    async def _fetch_track(self, link: Link, workout: Workout, stamped: datetime) -> None:
        try:
            async with fetch(link, RecordKind.WORKOUT_DETAILS, stamped, keep=self.keep) as batch:
                # A day in the mountains has tens of thousands of points and beats.
                await asyncio.to_thread(decode_track, batch, workout)
                # A workout without details has an empty track, and is not asked for again. One of
                # which a part was lost is, unless it is the same part as last time.
                if batch.complete or self.details.get(workout.start, b"") == batch.records:
                    await self.archive.async_run(
                        History.commit_track, self.band, workout.start, batch.records
                    )
                else:
                    self.details[workout.start] = batch.records
        except _OF_ONE_KIND as err:
            # The summary is safe, and other workouts wait. What was lost is asked for again next
            # time, and what the band does not give out after a restart.
            _LOGGER.warning("Leaving out the details of a workout: %s", err)
            if not isinstance(err, RecordsLost):
                self.details[workout.start] = b""


async def async_fetched_until(archive: Archive, band: str, kind: RecordKind) -> int:
    """Return the minute from which on to fetch records of a kind.

    Raises:
        HistoryError: the store cannot be read.
    """
    stored = await archive.async_run(History.fetched_until, band, kind)
    return _minute(dt_util.utcnow() - FIRST_SYNC_SPAN) if stored is None else stored


async def async_note_clock(
    archive: Archive, band: str, error: ClockError | None
) -> tuple[ClockError | None, int]:
    """Take note of what a band's clock is off, until a sync finds it right.

    A sync that breaks is not to take what it brought for what was right, nor is the next one after
    a restart.

    Returns:
        The error, as it was when it was first seen, and up to where was fetched by then.

    Raises:
        HistoryError: the store cannot be read or written.
    """
    noted = await archive.async_run(History.wrong_clock, band)
    if error and noted and (same := error.as_before(noted.ahead)).ahead == noted.ahead:
        return same, noted.right_until
    until = await async_fetched_until(archive, band, RecordKind.MINUTES)
    if error or noted:
        wrong = WrongClock(error.ahead, until) if error else None
        await archive.async_run(History.note_wrong_clock, band, wrong)
    return error, until


def _known(history: History, band: str, stamped: list[Minute], right_until: int) -> set[Minute]:
    first, end = stamped[0].minute, min(stamped[-1].minute + 1, right_until)
    known = {*history.minutes(band, first, end)}
    # Of some there only is what they added up to.
    hours = {hour.hour: hour for hour in history.hours(band, first // HOUR_MINUTES)}
    for number, group in groupby(stamped, lambda minute: minute.minute // HOUR_MINUTES):
        samples = list(group)
        if number in hours and are_of(hours[number], samples):
            known.update(samples)
    return known


def _commit(history: History, band: str, minutes: list[Minute], now: datetime) -> int:
    """Store the minutes that can have been by now, and tell how many."""
    latest = _minute(now + TOLERANCE)
    past = [minute for minute in minutes if minute.minute <= latest]
    if past:
        # Never from beyond now on: the minutes that really are then would be left out.
        fetched_until = min(max(minute.minute for minute in past) + 1, _minute(now))
        history.commit_minutes(band, past, fetched_until=fetched_until)
    return len(past)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // _MINUTE_S


def _moment(minute: int) -> datetime:
    return dt_util.as_local(dt_util.utc_from_timestamp(minute * _MINUTE_S))
