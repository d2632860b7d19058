"""Adding up the minutes: in whatever pieces and order they come, the hours are the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mi_band import hours as module
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.profile import Profile, Sex
from custom_components.mi_band.history import History, Hour
from custom_components.mi_band.hours import Place, add_up, are_of, find_fold, find_place, fold

ADA = "0123456789abcdef"
FIRST = 29_000_040
"""A minute of 2025 at which an hour begins."""
ACTIVE, RUNNING, NOT_WORN, NO_CHANGE = 0x01, 0x02, 0x03, 0x70
LIGHT, DEEP, WOKE_UP, UNKNOWN = 0x79, 0x7B, 0x1C, 0x05
MAN = Profile(born=date(1990, 1, 1), sex=Sex.MALE, height_cm=200, weight_kg=80.0, user_id=1)


def run(first: int, count: int, kind: int, *, steps: int = 0, bpm: int = 255) -> list[Minute]:
    return [
        Minute(minute=minute, zone=4, kind=kind, intensity=9, steps=steps, heart_rate=bpm)
        for minute in range(first, first + count)
    ]


def added_up(history: History, since: int = 0) -> dict[int, Hour]:
    hours: dict[int, Hour] = {}
    place: Place | None = find_place(history, ADA, since or FIRST - 60)
    while place is not None:
        piece = add_up(history, ADA, place, MAN)
        assert not hours or piece.hours[0].hour > max(hours)
        hours |= {hour.hour: hour for hour in piece.hours}
        place = piece.rest
    return hours


@contextmanager
def temporary_history() -> Iterator[History]:
    with TemporaryDirectory() as folder:
        history = History.open(Path(folder) / "mi_band.db")
        try:
            yield history
        finally:
            history.close()


def test_the_minutes_of_an_hour_are_added_up(history: History) -> None:
    history.commit_minutes(
        ADA,
        [
            *run(FIRST, 30, ACTIVE, steps=100, bpm=90),
            *run(FIRST + 30, 10, ACTIVE),
            *run(FIRST + 40, 20, ACTIVE, bpm=60),
        ],
    )
    (hour,) = added_up(history).values()
    assert hour.hour == FIRST // 60
    assert hour.steps == 3000
    # 0.415 of 2 m each.
    assert hour.distance_m == pytest.approx(2490)
    # A tenth of a millilitre for each metre and kilogram, five calories each.
    assert hour.energy_kcal == pytest.approx(2490 * 80 * 0.1 * 0.005)
    assert (hour.heart_rate_mean, hour.heart_rate_min, hour.heart_rate_max) == (78, 60, 90)
    assert (hour.light_sleep, hour.deep_sleep, hour.awake) == (0, 0, 0)


def test_sleep_is_parted_at_full_hours(history: History) -> None:
    history.commit_minutes(
        ADA,
        [
            *run(FIRST, 50, ACTIVE),
            *run(FIRST + 50, 40, LIGHT),
            *run(FIRST + 90, 10, WOKE_UP),
            *run(FIRST + 100, 50, DEEP),
        ],
    )
    hours = added_up(history)
    found = [(hour.light_sleep, hour.deep_sleep, hour.awake) for hour in hours.values()]
    assert found == [(10, 0, 0), (30, 20, 10), (0, 30, 0)]


def test_hours_without_minutes_are_left_out(history: History) -> None:
    history.commit_minutes(ADA, [*run(FIRST, 60, ACTIVE), *run(FIRST + 6000, 1, ACTIVE)])
    assert list(added_up(history)) == [FIRST // 60, FIRST // 60 + 100]


def test_nothing_adds_up_to_nothing(history: History) -> None:
    assert added_up(history) == {}


def test_an_hour_without_a_heart_rate_says_so(history: History) -> None:
    history.commit_minutes(ADA, run(FIRST, 60, ACTIVE, bpm=0))
    (hour,) = added_up(history).values()
    assert (hour.heart_rate_mean, hour.heart_rate_min, hour.heart_rate_max) == (None, None, None)


def test_a_night_that_goes_on_changes_the_hour_in_which_it_began(history: History) -> None:
    # Five minutes are no sleep; the next sync shows that there were more.
    history.commit_minutes(ADA, [*run(FIRST, 55, ACTIVE), *run(FIRST + 55, 5, LIGHT)])
    before = added_up(history)
    assert before[FIRST // 60].light_sleep == 0
    history.commit_minutes(ADA, run(FIRST + 60, 30, NO_CHANGE))
    after = added_up(history, FIRST + 60)
    assert after[FIRST // 60].light_sleep == 5
    assert after[FIRST // 60 + 1].light_sleep == 30


# The same in whatever pieces

_SEGMENTS = st.lists(
    st.tuples(
        st.sampled_from((0, 0, 0, 1, 4, 5, 6, 59, 60, 61, 130)),
        st.integers(1, 70),
        st.sampled_from(
            (ACTIVE, RUNNING, NOT_WORN, NO_CHANGE, NO_CHANGE, LIGHT, LIGHT, DEEP, WOKE_UP, UNKNOWN)
        ),
        st.integers(0, 3),
        st.sampled_from((255, 0, 60, 61)),
    ),
    min_size=1,
    max_size=14,
)


def _laid_out(segments: Sequence[tuple[int, int, int, int, int]]) -> list[Minute]:
    minutes: list[Minute] = []
    at = FIRST
    for gap, count, kind, steps, bpm in segments:
        at += gap
        minutes += run(at, count, kind, steps=steps, bpm=bpm)
        at += count
    return minutes


@settings(max_examples=300)
@given(
    segments=_SEGMENTS,
    cuts=st.lists(st.integers(0, 900), max_size=5),
    overlap=st.integers(0, 40),
    order=st.randoms(use_true_random=False),
    back=st.sampled_from((7, 60, 1440)),
    size=st.sampled_from((61, 200, 20_160)),
)
def test_hours_added_up_as_minutes_come_are_those_of_all_at_once(
    *,
    segments: Sequence[tuple[int, int, int, int, int]],
    cuts: Sequence[int],
    overlap: int,
    order: Random,
    back: int,
    size: int,
) -> None:
    minutes = _laid_out(segments)
    edges = [0, *sorted(cuts), len(minutes)]
    batches = [minutes[max(0, start - overlap) : end] for start, end in pairwise(edges)]
    order.shuffle(batches)
    projected: dict[int, Hour] = {}
    with temporary_history() as history, pytest.MonkeyPatch.context() as patch:
        for batch in batches:
            history.commit_minutes(ADA, batch)
            mark = history.unprojected(ADA)
            if mark is None:
                continue
            patch.setattr(module, "_LOOK_BACK_MINUTES", back)
            patch.setattr(module, "PIECE_MINUTES", size)
            begin = find_place(history, ADA, mark.since).minute // 60
            projected = {hour: value for hour, value in projected.items() if hour < begin}
            projected |= added_up(history, mark.since)
            history.mark_projected(ADA, mark.token)
        patch.undo()
        assert projected == added_up(history)


@settings(max_examples=150)
@given(segments=_SEGMENTS, before=st.integers(0, 1200))
def test_what_was_folded_leaves_the_hours_as_they_were(
    segments: Sequence[tuple[int, int, int, int, int]], before: int
) -> None:
    with temporary_history() as history:
        history.commit_minutes(ADA, _laid_out(segments))
        all_at_once = added_up(history)
        fold(history, ADA, FIRST + before, MAN)
        folded = {hour.hour: hour for hour in history.hours(ADA)}
        assert folded | added_up(history) == all_at_once
        assert all(hour * 60 + 60 <= FIRST + before for hour in folded)


def test_minutes_that_are_old_enough_are_folded(history: History) -> None:
    history.commit_minutes(ADA, run(FIRST, 600, ACTIVE, steps=3))
    assert find_fold(history, ADA, FIRST + 330) == FIRST + 300
    assert fold(history, ADA, FIRST + 330, MAN) == 300
    assert history.first_minute(ADA) == FIRST + 300
    assert [hour.steps for hour in history.hours(ADA)] == [180] * 5


def test_a_night_is_not_folded_in_its_middle(history: History) -> None:
    history.commit_minutes(
        ADA,
        [
            *run(FIRST, 240, ACTIVE, steps=3),
            *run(FIRST + 240, 480, LIGHT),
            *run(FIRST + 720, 60, ACTIVE),
        ],
    )
    assert find_fold(history, ADA, FIRST + 600) == FIRST + 240


def test_minutes_that_inherit_keep_what_they_inherit_from(history: History) -> None:
    history.commit_minutes(
        ADA,
        [*run(FIRST, 100, RUNNING, steps=3), *run(FIRST + 100, 200, NO_CHANGE, steps=3)],
    )
    assert find_fold(history, ADA, FIRST + 299) == FIRST + 60


def test_nothing_is_folded_that_is_not_there(history: History) -> None:
    assert fold(history, ADA, FIRST, MAN) == 0
    history.commit_minutes(ADA, run(FIRST, 60, ACTIVE))
    assert fold(history, ADA, FIRST, MAN) == 0
    assert fold(history, ADA, FIRST + 59, MAN) == 0
    assert history.count_minutes(ADA) == 60


# Whether minutes that come once more are those that became an hour

WALK = [*run(FIRST, 30, ACTIVE, steps=100, bpm=90), *run(FIRST + 30, 30, ACTIVE, bpm=60)]
STILL = run(FIRST, 60, ACTIVE)


@pytest.mark.parametrize(
    ("of", "minutes", "are"),
    [
        (WALK, WALK, True),
        (WALK, WALK[20:40], True),
        (WALK, STILL[:20], True),
        (WALK, STILL, False),
        (WALK, [*WALK[:59], *run(FIRST + 59, 1, ACTIVE, steps=1, bpm=60)], False),
        (WALK, [*WALK[:59], *run(FIRST + 59, 1, ACTIVE, bpm=91)], False),
        (WALK, run(FIRST, 31, ACTIVE, steps=100, bpm=75), False),
        (WALK, run(FIRST, 20, ACTIVE, bpm=75), True),
        (WALK, run(FIRST, 20, ACTIVE, bpm=59), False),
        (WALK, run(FIRST, 20, ACTIVE, bpm=91), False),
        (STILL, STILL, True),
        (STILL, STILL[:20], True),
        (STILL, WALK[:1], False),
        (STILL, run(FIRST, 20, ACTIVE, bpm=75), False),
        (STILL, run(FIRST, 20, ACTIVE, steps=1), False),
    ],
)
def test_minutes_are_told_apart_from_those_that_became_an_hour(
    history: History, of: list[Minute], minutes: list[Minute], *, are: bool
) -> None:
    history.commit_minutes(ADA, of, fetched_until=FIRST + 60)
    (hour,) = added_up(history).values()
    assert are_of(hour, minutes) is are
