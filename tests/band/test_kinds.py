"""Kinds of minutes: what the low nibble says, and what is inherited."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.kinds import (
    LONGEST_GAP_MINUTES,
    Activity,
    Kind,
    activity_of,
    kind_before,
    resolve_kinds,
)
from custom_components.mi_band.band.minutes import Minute
from tests.vectors import sleep as vectors

from .diary import (
    BIKE,
    CHARGE,
    DEEP,
    LIGHT,
    NO_CHANGE,
    NO_READING,
    NOT_WORN,
    RUN,
    WALK,
    WOKE_UP,
    diary,
    kinds_of,
)

_MINUTES = st.lists(
    st.builds(
        lambda gap, raw, steps: (gap, raw, steps),
        st.integers(1, LONGEST_GAP_MINUTES + 2),
        st.integers(0, 255),
        st.sampled_from([0, 0, 80]),
    ),
    max_size=60,
)


def _recorded(gaps: list[tuple[int, int, int]]) -> list[Minute]:
    minute, found = 0, []
    for gap, raw, steps in gaps:
        minute += gap
        found.append(Minute(minute, 0, raw, 0, steps, NO_READING))
    return found


def test_the_documented_minutes_have_the_documented_kinds() -> None:
    vector = vectors.EIGHT_MINUTES
    assert kinds_of(*((raw, 0) for raw in vector.packet)) == list(vector.value)


@pytest.mark.parametrize(("raw", "kind"), vectors.ON_RECORD.items(), ids=str)
def test_a_raw_byte_on_record_has_its_kind(raw: int, kind: Kind | None) -> None:
    # After deep sleep, so that what is inherited shows.
    assert kinds_of((DEEP, 0), (raw, 10))[1] == (kind or Kind.DEEP_SLEEP)


@given(high=st.integers(0, 15), low=st.integers(0, 15), steps=st.integers(0, 255))
def test_the_high_nibble_changes_nothing(high: int, low: int, steps: int) -> None:
    before = (DEEP, 0)
    assert kinds_of(before, (high << 4 | low, steps)) == kinds_of(before, (low, steps))


def test_nothing_to_inherit_is_unknown() -> None:
    assert kinds_of((NO_CHANGE, 0), (0x7A, 0)) == [Kind.UNKNOWN, Kind.UNKNOWN]


def test_an_unknown_kind_is_inherited() -> None:
    assert kinds_of((LIGHT, 0), (0x08, 0), (NO_CHANGE, 0)) == [
        Kind.LIGHT_SLEEP,
        Kind.UNKNOWN,
        Kind.UNKNOWN,
    ]


def test_the_first_minute_inherits_what_was_before() -> None:
    samples = diary(0, (NO_CHANGE, 2))
    assert resolve_kinds(samples, Kind.DEEP_SLEEP) == [Kind.DEEP_SLEEP, Kind.DEEP_SLEEP]


@pytest.mark.parametrize("kind", [NOT_WORN, CHARGE, BIKE, LIGHT, DEEP], ids=hex)
def test_no_change_keeps_the_kind_whatever_the_steps(kind: int) -> None:
    first, second, third = kinds_of((kind, 0), (NO_CHANGE, 0), (NO_CHANGE, 30))
    assert first == second == third


@pytest.mark.parametrize(
    ("missing", "kind"), [(LONGEST_GAP_MINUTES - 1, Kind.LIGHT_SLEEP), (5, Kind.UNKNOWN)]
)
def test_a_long_gap_ends_what_is_inherited(missing: int, kind: Kind) -> None:
    samples = diary(0, (LIGHT, 1), (None, missing), (NO_CHANGE, 1))
    assert resolve_kinds(samples) == [Kind.LIGHT_SLEEP, kind]


def test_activity_without_a_step_is_still() -> None:
    assert kinds_of((WALK, 0), (WALK, 3)) == [Kind.STILL, Kind.WALKING]


def test_who_rests_after_a_walk_is_still_until_the_next_step() -> None:
    assert kinds_of((WALK, 90), (0x50, 0), (0x60, 12)) == [Kind.WALKING, Kind.STILL, Kind.WALKING]


def test_a_run_goes_on_only_as_long_as_there_are_steps() -> None:
    assert kinds_of((RUN, 160), (0x10, 150), (0x10, 0), (0x10, 70)) == [
        Kind.RUNNING,
        Kind.RUNNING,
        Kind.STILL,
        Kind.WALKING,
    ]


def test_waking_up_is_one_minute() -> None:
    assert kinds_of((LIGHT, 0), (WOKE_UP, 0), (0x50, 0), (0x50, 20)) == [
        Kind.LIGHT_SLEEP,
        Kind.AWAKE,
        Kind.STILL,
        Kind.WALKING,
    ]


@given(gaps=_MINUTES, cut=st.integers(0, 60))
def test_minutes_in_two_parts_have_the_kinds_of_the_whole(
    gaps: list[tuple[int, int, int]], cut: int
) -> None:
    minutes = _recorded(gaps)
    head, tail = minutes[:cut], minutes[cut:]
    before = kind_before(reversed(head), tail[0].minute) if tail else None
    assert resolve_kinds(head) + resolve_kinds(tail, before) == resolve_kinds(minutes)


def test_no_more_is_read_back_than_to_a_kind_of_its_own() -> None:
    earlier = iter(reversed(diary(0, (WALK, 50), (DEEP, 1), (NO_CHANGE, 3))))
    assert kind_before(earlier, 54) is Kind.DEEP_SLEEP
    assert next(earlier).minute == 49


def test_nothing_is_read_over_a_gap() -> None:
    earlier = diary(0, (DEEP, 10))
    assert kind_before(reversed(earlier), 9 + LONGEST_GAP_MINUTES) is Kind.DEEP_SLEEP
    assert kind_before(reversed(earlier), 9 + LONGEST_GAP_MINUTES + 1) is None


def test_nothing_before_is_nothing_to_inherit() -> None:
    assert kind_before([], 100) is None


@pytest.mark.parametrize(
    ("kind", "activity"),
    [
        (Kind.STILL, Activity.STILL),
        (Kind.WALKING, Activity.WALKING),
        (Kind.RUNNING, Activity.RUNNING),
        (Kind.LIGHT_SLEEP, Activity.SLEEPING),
        (Kind.DEEP_SLEEP, Activity.SLEEPING),
        (Kind.AWAKE, Activity.STILL),
        (Kind.NOT_WORN, Activity.NOT_WORN),
        (Kind.CHARGING, Activity.CHARGING),
        (Kind.CYCLING, None),
        (Kind.UNKNOWN, None),
    ],
)
def test_the_sensor_has_a_word_for_most_kinds(kind: Kind, activity: Activity | None) -> None:
    assert activity_of(kind) is activity
