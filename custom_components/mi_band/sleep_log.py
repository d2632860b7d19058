"""The sleep sessions of any span of time, found in the store piece by piece.

A piece ends where nobody slept for an hour, so that no session is cut, and a span of years takes
no more memory than two weeks of it.
"""

from collections.abc import Iterator

from .band.sleep import SleepSession, find_sleep, quiet_since
from .history import History
from .hours import PIECE_MINUTES, find_place, kinds_of

_BEYOND_MINUTES = 1440


def read_sleep(
    history: History, band: str, start: int, end: int, *, woke_up: int | None = None
) -> Iterator[SleepSession]:
    """Give the sessions that lie at least in part from `start` to before `end`, in time order.

    Args:
        history: the store; waits for the disk.
        band: its identity.
        start: minutes since 1970-01-01 UTC.
        end: likewise.
        woke_up: see `find_sleep`.
    """
    begin = find_place(history, band, start).quiet
    count = _piece(begin, end)
    while begin < end:
        minutes = history.minutes_from(band, begin, count)
        kinds = kinds_of(history, band, minutes)
        sessions = find_sleep(minutes, kinds, woke_up=woke_up)
        until = None
        if len(minutes) == count:
            until = quiet_since(minutes, kinds, minutes[-1].minute + 1)
            if until is None or until <= begin:
                # Asleep for so long: look at more of it.
                count *= 2
                continue
        for session in sessions:
            if (
                session.start < end
                and session.end > start
                and (until is None or session.end < until)
            ):
                yield session
        if until is None:
            return
        begin, count = until, _piece(until, end)


def _piece(begin: int, end: int) -> int:
    """Return how much to read: no more than to the end, and the sleep that goes on there."""
    return min(PIECE_MINUTES, max(0, end - begin) + _BEYOND_MINUTES)
