"""What a person wants to know at once of what is stored: the last night, the last workout.

Everything here follows from the store, so that it is the same after a restart, and right again
after records have come that are older than what was there.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from .band.estimates import resting_heart_rate
from .band.fetch import RecordKind
from .band.kinds import activity_of, resolve_kinds
from .band.sleep import find_sleep, last_night
from .band.state import Recorded
from .history import History

SPAN: Final = timedelta(days=3)
"""Before the last minute. A night that began earlier than that was none."""
RESTING_SPAN: Final = timedelta(hours=24)

_MINUTE = timedelta(minutes=1)


def digest(history: History, band: str, *, woke_up: int | None = None) -> Recorded:
    """Return what follows from all that is stored of a band.

    Args:
        history: the store; waits for the disk.
        band: its identity.
        woke_up: the minute, since 1970-01-01 UTC, in which the band said so; None when it did not.
    """
    fetched_until = history.fetched_until(band, RecordKind.MINUTES)
    recorded = Recorded(
        until=None if fetched_until is None else _moment(fetched_until),
        workout=history.last_workout(band),
    )
    last = history.last_minute(band)
    if last is None:
        return recorded
    minutes = history.minutes(band, last - SPAN // _MINUTE, last + 1)
    kinds = resolve_kinds(minutes)
    resting_from = next(
        place
        for place, minute in enumerate(minutes)
        if minute.minute > last - RESTING_SPAN // _MINUTE
    )
    return Recorded(
        until=recorded.until,
        workout=recorded.workout,
        activity=activity_of(kinds[-1]),
        night=last_night(find_sleep(minutes, kinds, woke_up=woke_up)),
        resting_heart_rate_bpm=resting_heart_rate(minutes[resting_from:], kinds[resting_from:]),
    )


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
