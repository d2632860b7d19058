"""What the wearer did in a stored minute: the low nibble of its raw kind.

    nibble  meaning                              nibble  meaning
    0, 10   no change: the kind before it        6       charging
    1       light activity, walking              9       light sleep
    2       running                              11      deep sleep
    3       not worn                             12      woke up
    4       riding a bike                        others  unknown

The high nibble is not explained by any source; the store keeps the raw byte, so that better rules
can be applied later. What the sources call activity is told apart here by the minute's steps:
without a step it is still, and a run ends with the first minute without one [INFERRED].
Source: protocol-data.md sections 6.2 and 6.3.
"""

from collections.abc import Iterable
from enum import StrEnum, unique
from typing import Final

from .minutes import Minute


@unique
class Kind(StrEnum):
    """What a minute was spent with."""

    STILL = "still"
    WALKING = "walking"
    RUNNING = "running"
    CYCLING = "cycling"
    NOT_WORN = "not_worn"
    CHARGING = "charging"
    LIGHT_SLEEP = "light_sleep"
    DEEP_SLEEP = "deep_sleep"
    AWAKE = "awake"
    """The minute in which the band noticed that the wearer woke up."""
    UNKNOWN = "unknown"


@unique
class Activity(StrEnum):
    """What the wearer does now, in the words of the sensor."""

    STILL = "still"
    WALKING = "walking"
    RUNNING = "running"
    SLEEPING = "sleeping"
    NOT_WORN = "not_worn"
    CHARGING = "charging"


LONGEST_GAP_MINUTES: Final = 5
"""From one minute to the next; over a longer gap nothing is inherited. [INFERRED] section 6.3."""

_NIBBLE = 0x0F
_NO_CHANGE = (0, 10)
_NAMED = {
    1: Kind.WALKING,
    2: Kind.RUNNING,
    3: Kind.NOT_WORN,
    4: Kind.CYCLING,
    6: Kind.CHARGING,
    9: Kind.LIGHT_SLEEP,
    11: Kind.DEEP_SLEEP,
    12: Kind.AWAKE,
}
# By raw byte; None inherits.
_BY_RAW = tuple(
    None if raw & _NIBBLE in _NO_CHANGE else _NAMED.get(raw & _NIBBLE, Kind.UNKNOWN)
    for raw in range(256)
)
SLEEP_KINDS: Final = frozenset(
    raw for raw, kind in enumerate(_BY_RAW) if kind in {Kind.LIGHT_SLEEP, Kind.DEEP_SLEEP}
)
"""The raw kinds that say by themselves that the wearer slept."""
# Without a step, and with steps after something else than a run, they are the same.
_ON_FOOT = frozenset({Kind.STILL, Kind.WALKING, Kind.RUNNING, Kind.AWAKE})
_ACTIVITIES = {
    Kind.STILL: Activity.STILL,
    Kind.WALKING: Activity.WALKING,
    Kind.RUNNING: Activity.RUNNING,
    Kind.CYCLING: None,
    Kind.NOT_WORN: Activity.NOT_WORN,
    Kind.CHARGING: Activity.CHARGING,
    Kind.LIGHT_SLEEP: Activity.SLEEPING,
    Kind.DEEP_SLEEP: Activity.SLEEPING,
    Kind.AWAKE: Activity.STILL,
    Kind.UNKNOWN: None,
}


def resolve_kinds(minutes: Iterable[Minute], before: Kind | None = None) -> list[Kind]:
    """Return the kind of each minute, inherited where its own byte says "no change".

    Args:
        minutes: In time order; minutes may be missing between them.
        before: What the first minute inherits, see `kind_before`; None when nothing.
    """
    kinds = []
    last = before or Kind.UNKNOWN
    previous = None
    for minute, _, raw, _, steps, _ in minutes:
        own = _BY_RAW[raw]
        if own is None:
            if previous is not None and minute - previous > LONGEST_GAP_MINUTES:
                last = Kind.UNKNOWN
            if last in _ON_FOOT:
                last = _on_foot(last, steps)
        elif own is Kind.WALKING and not steps:
            last = Kind.STILL
        else:
            last = own
        kinds.append(last)
        previous = minute
    return kinds


def kind_before(earlier: Iterable[Minute], minute: int) -> Kind | None:
    """Return what `minute` inherits from the minutes before it; None when nothing.

    Args:
        earlier: The minutes before it, newest first. No more of them is read than is needed:
            back to one with a kind of its own, or to a gap.
        minute: Minutes since 1970 began.
    """
    run: list[Minute] = []
    following = minute
    for sample in earlier:
        if following - sample.minute > LONGEST_GAP_MINUTES:
            break
        run.append(sample)
        if _BY_RAW[sample.kind] is not None:
            break
        following = sample.minute
    kinds = resolve_kinds(reversed(run))
    return kinds[-1] if kinds else None


def activity_of(kind: Kind) -> Activity | None:
    """Return what the sensor shows in a minute of this kind; None where it has no word for it."""
    return _ACTIVITIES[kind]


def _on_foot(last: Kind, steps: int) -> Kind:
    if not steps:
        return Kind.STILL
    return Kind.RUNNING if last is Kind.RUNNING else Kind.WALKING
