"""When minutes happened that a band recorded while its clock was wrong.

A band whose battery was empty begins again with a clock that is behind, by minutes or by years, and
stamps its minutes with it until somebody sets it right. Setting it does not change what it has
stored. So a clock that is far off is left as it is until the minutes are fetched, and each of them
is moved by what the clock was off. What is less than the tolerance is a clock that runs a little
fast or slow, and moves nothing.

Not every stored minute has to have been recorded under the wrong clock. Those are left as they are
that cannot have been:

    clock    left as it is, because
    behind   stamped later than what the clock shows now: it would not have come there yet
    behind   the first ones of a batch that are already stored just as they are stamped, or of
             which an hour is stored that they add up to
    ahead    stamped earlier than the end of the last fetch would have been on the wrong clock

The same goes for the moment at which a workout began.

[INFERRED] as a whole: protocol-data.md section 6.5. No source has watched a band do it.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import dropwhile
from typing import Final, Self

from .minutes import Minute

TOLERANCE: Final = timedelta(minutes=5)
"""What a clock may be off before the minutes that it stamped are moved. [INFERRED] section 6.5."""

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockError:
    """What a band's clock is off."""

    ahead: int
    """Minutes that it is ahead; negative when it is behind. Never 0."""
    shown: int
    """The minute that it shows, since 1970-01-01 UTC."""

    @classmethod
    def of(cls, shown: datetime | None, now: datetime) -> Self | None:
        """Return the error of a clock that shows something; None when it is right, or unknown."""
        if shown is None or abs(shown - now) < TOLERANCE:
            return None
        return cls(ahead=round((shown - now) / _MINUTE), shown=int(shown.timestamp() // 60))

    def as_before(self, ahead: int) -> Self:
        """Return the same error in as many minutes as an earlier reading told, if it is that one.

        Both may be half a minute off, and records that are moved by both would not join.
        """
        return self if abs(self.ahead - ahead) > 1 else replace(self, ahead=ahead)

    def first_wanted(self, fetched_until: int) -> int:
        """Return the stamp from which on there may be records that were not fetched yet.

        Args:
            fetched_until: the end of the last fetch, in minutes since 1970-01-01 UTC.
        """
        return min(fetched_until, fetched_until + self.ahead)

    def put_right(
        self, minutes: Iterable[Minute], *, fetched_until: int, stored: Container[Minute]
    ) -> list[Minute]:
        """Move minutes to when they happened.

        Args:
            minutes: of one batch, in the order of the band.
            fetched_until: the end of the last fetch before the clock was found to be wrong.
            stored: which of them are known already, just as they are stamped.
        """
        unknown = minutes if self.ahead > 0 else dropwhile(stored.__contains__, minutes)
        return [
            one._replace(minute=one.minute - self.ahead)
            if self._was_wrong(one.minute, fetched_until)
            else one
            for one in unknown
        ]

    def put_moment_right(self, moment: datetime, *, fetched_until: int) -> datetime:
        """Move a moment likewise, of which it is not known yet what happened then."""
        wrong = self._was_wrong(int(moment.timestamp()) // 60, fetched_until)
        return moment - self.ahead * _MINUTE if wrong else moment

    def _was_wrong(self, stamp: int, fetched_until: int) -> bool:
        """Tell whether a stamp may have been made by the wrong clock."""
        return stamp >= fetched_until + self.ahead if self.ahead > 0 else stamp <= self.shown
