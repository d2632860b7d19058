"""The sports of the band, with their numbers in a stored summary and in a live event.

Source: protocol-data.md, 7.4 (summaries) and section 8 (live); two tables that do not agree.
"""

from enum import Enum, unique


@unique
class Sport(Enum):
    """A sport; its value is the number in a summary and the number in a live event."""

    OUTDOOR_RUNNING = (1, 1)
    TREADMILL = (2, 2)
    WALKING = (3, 4)
    CYCLING = (4, 3)
    EXERCISE = (5, 11)
    POOL_SWIMMING = (6, 5)

    @property
    def summary(self) -> int:
        """The number in a summary."""
        return self.value[0]

    @property
    def live(self) -> int:
        """The number when the band announces it."""
        return self.value[1]

    @classmethod
    def of_live(cls, number: int) -> Sport:
        """Find a sport by its live number; what the band does not store is free exercise."""
        return next((sport for sport in cls if sport.live == number), cls.EXERCISE)
