"""Minutes as a test tells them: stretches of a raw kind, one after the other."""

from collections.abc import Iterable
from datetime import UTC, datetime

from hypothesis import strategies as st

from custom_components.mi_band.band.kinds import Kind, resolve_kinds
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.sleep import SleepSession, find_sleep

WALK, RUN, NOT_WORN, BIKE, CHARGE = 0x01, 0x02, 0x53, 0x04, 0x76
LIGHT, DEEP, WOKE_UP, NO_CHANGE, ODD = 0x79, 0x7B, 0x1C, 0x70, 0x0F
NOTHING = None
"""The band recorded no minute."""
NO_READING = 255

type Stretch = tuple[int | None, int]
"""A raw kind, and for how many minutes."""


def minute_of(text: str) -> int:
    """Return the minute of a time in UTC, such as "2024-03-09 22:30"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def diary(start: int, *stretches: Stretch, zone: int = 0) -> list[Minute]:
    """Return what the band recorded from `start` on."""
    found: list[Minute] = []
    minute = start
    for raw, count in stretches:
        if raw is not None:
            steps = 80 if raw in {WALK, RUN} else 0
            found.extend(
                Minute(at, zone, raw, 0, steps, NO_READING) for at in range(minute, minute + count)
            )
        minute += count
    return found


def sleep_of(minutes: Iterable[Minute], *, woke_up: int | None = None) -> list[SleepSession]:
    """Return the sleep in minutes before which nothing was recorded."""
    samples = list(minutes)
    return find_sleep(samples, resolve_kinds(samples), woke_up=woke_up)


def kinds_of(*samples: tuple[int, int], start: int = 0) -> list[Kind]:
    """Return the kinds of minutes, each given as its raw kind and its steps."""
    return resolve_kinds(
        Minute(start + place, 0, raw, 0, steps, NO_READING)
        for place, (raw, steps) in enumerate(samples)
    )


def stretches(longest: int = 150) -> st.SearchStrategy[list[Stretch]]:
    """Give diaries in which everything happens, sleep the most."""
    raw = st.sampled_from(
        [LIGHT, DEEP, LIGHT, NO_CHANGE, WALK, WOKE_UP, NOT_WORN, CHARGE, ODD, 0x7A, NOTHING]
    )
    return st.lists(st.tuples(raw, st.integers(1, longest)), max_size=25)
