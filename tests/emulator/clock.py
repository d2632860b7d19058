"""The clock of the emulated band: it runs on from the time that it was told last.

What the band takes for the time need not be the time, and what it takes for its offset from UTC
need not be its zone; it keeps both as they were written. See protocol-control.md, section 8.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from .gatt.wire import QUARTER_HOUR, zone_info

type Now = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class Clock:
    """Local time with its offset, as the band believes them."""

    def __init__(self, now: Now, zone: tzinfo | None) -> None:
        """Start as a clock that is right but has never been told its offset.

        Args:
            now: The true time, aware.
            zone: Where the wearer is; None for this machine's zone.
        """
        self._now = now
        self.error = timedelta()
        """By how much the clock is ahead of the true time."""
        self.home: tzinfo = zone or now().astimezone().tzinfo or UTC
        """Where the wearer is."""
        self._tz = self.home
        self.zone: int | None = None
        """Offset from UTC in quarter hours; None until it has been written."""

    @property
    def true(self) -> datetime:
        """What the time really is."""
        return self._now()

    @property
    def wall(self) -> datetime:
        """What the band shows."""
        return (self._now() + self.error).astimezone(self._tz)

    @property
    def tz(self) -> tzinfo:
        """The zone the band lives in."""
        return self._tz

    @property
    def offset(self) -> int:
        """The UTC offset at work in quarter hours, told or not."""
        return round((self.wall.utcoffset() or timedelta()) / QUARTER_HOUR)

    def set(self, local: datetime, zone: int) -> None:
        """Take over a written local time with its offset in quarter hours."""
        self._tz = zone_info(zone)
        self.zone = zone
        self.error = local.replace(tzinfo=self._tz) - self._now()

    def have(self, error: timedelta, zone: int | None) -> None:
        """Be as wrong as this, without having been told anything by a client of ours."""
        self.error = error
        if zone is not None:
            self._tz = zone_info(zone)
            self.zone = zone

    def forget(self) -> None:
        """Know the offset no longer, as after a factory reset; the time goes on."""
        self.zone = None
