"""What a person wants to know at once of what is stored: the last night, the last workout.

Everything here follows from the store, so that it is the same after a restart, and right again
after records have come that are older than what was there.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from .band.estimates import resting_heart_rate
from .band.fetch import RecordKind
from .band.kinds import SLEEP_KINDS, activity_of
from .band.sleep import SleepSession, find_sleep, last_night
from .band.state import Recorded
from .history import History
from .hours import kinds_of
from .sleep_log import read_sleep

SPAN: Final = timedelta(days=3)
"""What is looked through for a night at once."""
RESTING_SPAN: Final = timedelta(hours=24)

_TRIES = 10
"""How many such spans may hold naps alone; further back nothing is looked for."""
_MINUTE = timedelta(minutes=1)


def digest(history: History, band: str) -> Recorded:
    """Return what follows from all that is stored of a band.

    Args:
        history: the store; waits for the disk.
        band: its identity.
    """
    fetched_until = history.fetched_until(band, RecordKind.MINUTES)
    recorded = Recorded(
        until=None if fetched_until is None else _moment(fetched_until),
        workout=history.last_workout(band),
    )
    last = history.last_minute(band)
    if last is None:
        return recorded
    woke_up = history.woke_up(band)
    if woke_up == last + 2:
        # The band told it within the minute that follows the last one, and its clock may be some
        # seconds behind.
        woke_up -= 1
    minutes = history.minutes(band, last + 1 - RESTING_SPAN // _MINUTE, last + 1)
    kinds = kinds_of(history, band, minutes)
    return Recorded(
        until=recorded.until,
        workout=recorded.workout,
        activity=activity_of(kinds[-1]),
        night=_last_night(history, band, last + 1, woke_up),
        resting_heart_rate_bpm=resting_heart_rate(minutes, kinds),
    )


def _last_night(history: History, band: str, end: int, woke_up: int | None) -> SleepSession | None:
    """Return the last night before a minute, however long the band was not worn since."""
    for _ in range(_TRIES):
        start = end - SPAN // _MINUTE
        sessions = [*read_sleep(history, band, start, end, woke_up=woke_up)]
        if sessions and woke_up is not None and sessions[-1].start < woke_up < sessions[-1].end:
            # Asleep once more after the band has said that the night is over: until that is final,
            # the night stays as it was told.
            sessions += _until_woke_up(history, band, sessions[-1].start, woke_up)
        if night := last_night(sessions):
            return night
        asleep = history.last_minute_of(band, SLEEP_KINDS, start)
        if asleep is None:
            return None
        end = asleep + 1
    return None


def _until_woke_up(history: History, band: str, start: int, woke_up: int) -> list[SleepSession]:
    minutes = history.minutes(band, start, woke_up)
    return find_sleep(minutes, kinds_of(history, band, minutes), woke_up=woke_up)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
