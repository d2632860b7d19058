"""What is told at once of what is stored: the last night, whatever has come after it."""

from collections.abc import Sequence

import pytest

from custom_components.mi_band.band.kinds import Activity
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.digest import digest
from custom_components.mi_band.history import History

BAND = "0123456789abcdef"
EVENING = 29_000_040
"""Ten in the evening at this band, whose zone is an hour ahead."""
ACTIVE, LIGHT, DEEP, WOKE_UP, NO_CHANGE = 0x11, 0x79, 0x7B, 0x1C, 0x70
TAKEN_OFF, NOT_WORN = 0x03, 0x73
NIGHT = 480
DAY = 1440


def spent(start: int, *stretches: tuple[int, int]) -> list[Minute]:
    """Return minutes: so many of a kind, one stretch after the other."""
    kinds = [kind for kind, count in stretches for _ in range(count)]
    return [Minute(start + index, 4, kind, 9, 0, 255) for index, kind in enumerate(kinds)]


def night_of(history: History, woke_up: int | None = None) -> tuple[int, int] | None:
    """Return when the night that is told begins and ends, in minutes after the evening."""
    if woke_up is not None:
        history.note_woke_up(BAND, woke_up)
    night = digest(history, BAND).night
    return (night.start - EVENING, night.end - EVENING) if night else None


def commit(history: History, minutes: Sequence[Minute]) -> None:
    history.commit_minutes(BAND, minutes)


@pytest.mark.parametrize("kind", [NOT_WORN, NO_CHANGE])
def test_the_last_night_stays_whole_however_long_the_band_is_not_worn(
    history: History, kind: int
) -> None:
    commit(history, spent(EVENING, (DEEP, NIGHT), (WOKE_UP, 10), (TAKEN_OFF, 60)))
    following = EVENING + NIGHT + 70
    for _ in range(30):
        assert night_of(history) == (0, NIGHT)
        assert digest(history, BAND).activity is Activity.NOT_WORN
        commit(history, spent(following, (kind, DAY // 4)))
        following += DAY // 4


def test_naps_alone_do_not_make_the_last_night_forgotten(history: History) -> None:
    commit(history, spent(EVENING, (DEEP, NIGHT), (WOKE_UP, DAY - NIGHT)))
    # From two in the afternoon, with the band taken off for each night.
    for day in range(1, 15):
        nap = (ACTIVE, 960), (LIGHT, 40), (WOKE_UP, 100), (NOT_WORN, DAY - 1100)
        commit(history, spent(EVENING + day * DAY, *nap))
    assert night_of(history) == (0, NIGHT)


def test_without_a_night_there_is_none(history: History) -> None:
    commit(history, spent(EVENING, (NOT_WORN, 5 * DAY)))
    assert night_of(history) is None


def test_who_goes_on_to_sleep_is_not_told_an_older_night_meanwhile(history: History) -> None:
    commit(history, spent(EVENING - DAY, (DEEP, NIGHT), (WOKE_UP, DAY - NIGHT)))
    woke_up = EVENING + NIGHT
    commit(history, spent(EVENING, (LIGHT, NIGHT)))
    assert night_of(history, woke_up) == (0, NIGHT)
    # Ten minutes later the wearer falls asleep once more.
    commit(history, spent(woke_up, (WOKE_UP, 10), (LIGHT, 20)))
    assert night_of(history, woke_up) == (0, NIGHT)
    # An hour after the second waking nothing can be added to that night any more.
    commit(history, spent(woke_up + 30, (ACTIVE, 60)))
    assert night_of(history, woke_up) == (0, NIGHT + 30)


def test_a_band_whose_clock_is_seconds_behind_ends_a_night_as_well(history: History) -> None:
    commit(history, spent(EVENING, (LIGHT, NIGHT)))
    # It says so in the last second of its minute, which is the first of ours.
    assert night_of(history, EVENING + NIGHT + 1) == (0, NIGHT)
    # Later than that, minutes are missing that may hold more sleep.
    assert night_of(history, EVENING + NIGHT + 2) is None
