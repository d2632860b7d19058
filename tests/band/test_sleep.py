"""Sleep found in minutes: sessions, stages, naps, gaps, and when a night is over."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from random import Random
from time import process_time

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.kinds import kind_before, resolve_kinds
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.sleep import (
    PARTING_MINUTES,
    SHORTEST_RUN_MINUTES,
    SleepSession,
    Stage,
    StageSpan,
    find_sleep,
    last_night,
    quiet_since,
)
from tests.vectors import sleep as vectors

from .diary import (
    CHARGE,
    DEEP,
    LIGHT,
    NO_CHANGE,
    NOT_WORN,
    NOTHING,
    ODD,
    WALK,
    WOKE_UP,
    Stretch,
    diary,
    minute_of,
    sleep_of,
    stretches,
)

EVENING = minute_of("2024-03-09 22:30")
UTC_PLUS_2 = 8


def _session(*told: Stretch, start: int = EVENING, zone: int = 0) -> SleepSession:
    """Return the only session in a diary."""
    (session,) = sleep_of(diary(start, *told, zone=zone))
    return session


# Which minutes


def test_the_documented_minutes_are_the_documented_session() -> None:
    session = _session(*((raw, 1) for raw in vectors.EIGHT_MINUTES.packet), start=0)
    # From 00:01; the last minute asleep is 00:06.
    assert (session.start, session.end - 1) == (1, 6)
    assert (session.light_minutes, session.deep_minutes) == (3, 3)


@pytest.mark.parametrize(("asleep", "found"), [(5, 0), (SHORTEST_RUN_MINUTES, 1)])
def test_sleep_of_five_minutes_or_less_is_none(asleep: int, found: int) -> None:
    assert len(sleep_of(diary(0, (WALK, 20), (LIGHT, asleep), (WALK, 100)))) == found


def test_no_minutes_hold_no_sleep() -> None:
    assert sleep_of([]) == []


def test_a_day_without_sleep_has_no_session() -> None:
    assert sleep_of(diary(0, (WALK, 700), (NOT_WORN, 300), (CHARGE, 60), (ODD, 380))) == []


def test_a_night_is_told_stage_by_stage() -> None:
    session = _session(
        (WALK, 30), (LIGHT, 1), (NO_CHANGE, 49), (DEEP, 60), (LIGHT, 40), (WOKE_UP, 10)
    )
    assert session.stages == (
        StageSpan(EVENING + 30, 50, Stage.LIGHT),
        StageSpan(EVENING + 80, 60, Stage.DEEP),
        StageSpan(EVENING + 140, 40, Stage.LIGHT),
    )
    assert (session.light_minutes, session.deep_minutes, session.awake_minutes) == (90, 60, 0)
    assert session.asleep_minutes == 150
    assert session.awakenings == 0


def test_being_awake_inside_a_night_belongs_to_it() -> None:
    session = _session((LIGHT, 100), (WOKE_UP, 1), (WALK, 14), (LIGHT, 200), (WALK, 5))
    assert session.stages[1] == StageSpan(EVENING + 100, 15, Stage.AWAKE)
    assert (session.asleep_minutes, session.awake_minutes, session.awakenings) == (300, 15, 1)
    assert session.end == EVENING + 315


def test_falling_asleep_for_a_moment_is_lying_awake() -> None:
    session = _session((DEEP, 60), (WALK, 10), (LIGHT, 5), (WALK, 10), (DEEP, 60))
    assert session.stages == (
        StageSpan(EVENING, 60, Stage.DEEP),
        StageSpan(EVENING + 60, 25, Stage.AWAKE),
        StageSpan(EVENING + 85, 60, Stage.DEEP),
    )


@pytest.mark.parametrize(("awake", "found"), [(PARTING_MINUTES - 1, 1), (PARTING_MINUTES, 2)])
@pytest.mark.parametrize("raw", [WALK, NOT_WORN, CHARGE, ODD, NOTHING])
def test_an_hour_without_sleep_parts_two_sessions(raw: int | None, awake: int, found: int) -> None:
    sessions = sleep_of(diary(EVENING, (DEEP, 90), (raw, awake), (DEEP, 90), (WALK, 90)))
    assert len(sessions) == found
    assert sum(session.asleep_minutes for session in sessions) == 180


@pytest.mark.parametrize("raw", [NOT_WORN, CHARGE, ODD, NOTHING])
def test_nobody_sleeps_while_the_band_lies_on_the_table(raw: int | None) -> None:
    session = _session((LIGHT, 120), (raw, 40), (LIGHT, 100), (WALK, 5))
    assert session.stages == (
        StageSpan(EVENING, 120, Stage.LIGHT),
        StageSpan(EVENING + 160, 100, Stage.LIGHT),
    )
    assert session.asleep_minutes == 220
    assert session.unknown_minutes == 40
    # Whether they were awake is not known either.
    assert (session.awake_minutes, session.awakenings) == (0, 0)


def test_a_band_that_is_not_put_on_again_ends_the_session() -> None:
    session = _session((LIGHT, 120), (NOT_WORN, 400))
    assert session.end == EVENING + 120
    assert session.final


def test_no_change_after_the_band_was_put_on_again_is_no_sleep() -> None:
    session = _session((LIGHT, 120), (NOT_WORN, 5), (NO_CHANGE, 100), (WALK, 5))
    assert session.end == EVENING + 120


def test_taking_the_band_off_while_awake_is_one_awakening() -> None:
    session = _session((DEEP, 60), (WALK, 5), (NOT_WORN, 10), (WALK, 5), (DEEP, 60), (WALK, 1))
    assert session.awakenings == 1
    assert (session.awake_minutes, session.unknown_minutes) == (10, 10)


def test_every_awakening_counts() -> None:
    session = _session((DEEP, 60), (WALK, 1), (DEEP, 60), (WALK, 30), (LIGHT, 60), (WALK, 9))
    assert session.awakenings == 2


@given(stretches())
def test_all_time_of_a_session_is_accounted_for(told: list[Stretch]) -> None:
    for session in sleep_of(diary(0, *told)):
        assert session.unknown_minutes >= 0
        assert session.asleep_minutes >= SHORTEST_RUN_MINUTES
        assert session.stages[0].start == session.start
        assert session.stages[-1].start + session.stages[-1].minutes == session.end
        assert all(
            before.start + before.minutes <= span.start for before, span in pairwise(session.stages)
        )


@given(stretches())
def test_sessions_are_an_hour_apart(told: list[Stretch]) -> None:
    sessions = sleep_of(diary(0, *told))
    for before, session in pairwise(sessions):
        assert session.start - before.end >= PARTING_MINUTES


@given(stretches())
def test_no_sleep_is_invented(told: list[Stretch]) -> None:
    minutes = diary(0, *told)
    kinds = dict(zip((sample.minute for sample in minutes), resolve_kinds(minutes), strict=True))
    for session in sleep_of(minutes):
        for start, length, stage in session.stages:
            if stage is not Stage.AWAKE:
                assert {kinds[minute] for minute in range(start, start + length)} == {
                    f"{stage}_sleep"
                }


# Which day


def test_a_night_belongs_to_the_local_day_on_which_it_ends() -> None:
    # 21:30 to 23:30 in UTC is past midnight two hours east.
    assert _session((DEEP, 120), (WALK, 90), start=minute_of("2024-03-09 21:30")).day == date(
        2024, 3, 9
    )
    assert _session(
        (DEEP, 120), (WALK, 90), start=minute_of("2024-03-09 21:30"), zone=UTC_PLUS_2
    ).day == date(2024, 3, 10)


@pytest.mark.parametrize(
    ("start", "before", "after"),
    [("2024-03-30 22:00", 4, 8), ("2024-10-26 21:00", 8, 4)],
    ids=["an hour is left out", "an hour comes twice"],
)
def test_a_change_of_the_clock_makes_a_night_neither_shorter_nor_longer(
    start: str, before: int, after: int
) -> None:
    # The band keeps the zone of its clock with each minute; the minutes themselves go on.
    begin = minute_of(start)
    minutes = diary(begin, (LIGHT, 200), zone=before)
    minutes += diary(begin + 200, (DEEP, 280), (WALK, 70), zone=after)
    (session,) = sleep_of(minutes)
    assert session.asleep_minutes == session.end - session.start == 480
    assert session.zone == after
    assert session.day == date.fromisoformat(start[:10]).replace(day=int(start[8:10]) + 1)


# Naps


@pytest.mark.parametrize(
    ("start", "asleep", "nap"),
    [
        ("2024-03-09 13:00", 60, True),
        ("2024-03-09 09:00", 180, True),
        ("2024-03-09 08:59", 60, False),
        ("2024-03-09 13:00", 181, False),
        ("2024-03-09 19:59", 60, True),
        ("2024-03-09 20:00", 60, False),
        ("2024-03-09 23:30", 60, False),
        ("2024-03-09 03:00", 90, False),
    ],
)
def test_a_nap_is_short_and_by_day(start: str, asleep: int, *, nap: bool) -> None:
    told = ((LIGHT, asleep), (WALK, 90))
    assert _session(*told, start=minute_of(start)).is_nap is nap
    # It is the wearer's clock that counts.
    assert _session(*told, start=minute_of(start) - 120, zone=UTC_PLUS_2).is_nap is nap


# Over or not


@pytest.mark.parametrize(
    ("awake", "final"), [(PARTING_MINUTES - 1, False), (PARTING_MINUTES, True)]
)
def test_a_night_is_over_after_an_hour_out_of_bed(awake: int, *, final: bool) -> None:
    assert _session((DEEP, 300), (WALK, awake)).final is final


def test_a_moment_of_sleep_at_the_end_may_still_prolong_the_night() -> None:
    told = [(DEEP, 300), (WALK, 57), (LIGHT, 3)]
    assert not _session(*told).final
    assert _session(*told, (LIGHT, 3), (WALK, 1)).end == EVENING + 363
    assert _session(*told, (WALK, 1)).final


def test_falling_asleep_an_hour_later_is_another_sleep() -> None:
    assert _session((DEEP, 300), (NOTHING, 60), (LIGHT, 3)).final
    assert not _session((DEEP, 300), (NOTHING, 59), (LIGHT, 3)).final


def test_a_gap_after_the_night_ends_it_as_well() -> None:
    assert _session((DEEP, 300), (NOTHING, 59), (WALK, 1)).final


def test_a_night_is_over_when_the_band_says_so() -> None:
    minutes = diary(EVENING, (DEEP, 300), (WALK, 10))
    (session,) = sleep_of(minutes, woke_up=EVENING + 302)
    assert session.final


@pytest.mark.parametrize(
    "woke_up", [EVENING + 299, EVENING + 311], ids=["before the last sleep", "not fetched yet"]
)
def test_an_older_or_a_newer_word_of_the_band_does_not_end_the_night(woke_up: int) -> None:
    (session,) = sleep_of(diary(EVENING, (DEEP, 300), (WALK, 10)), woke_up=woke_up)
    assert not session.final


@given(told=stretches(), cut=st.integers(0, 1500))
def test_what_is_final_never_changes(told: list[Stretch], cut: int) -> None:
    minutes = diary(0, *told)
    later = sleep_of(minutes)
    for session in sleep_of(minutes[:cut]):
        assert not session.final or session in later


# The night to show


def _night(day: int, start: str, asleep: int) -> list[Minute]:
    return diary(minute_of(f"2024-03-{day:02} {start}"), (LIGHT, asleep), (WALK, 70))


def test_the_night_to_show_is_the_last_one() -> None:
    sessions = sleep_of([*_night(9, "23:00", 480), *_night(10, "23:30", 300)])
    assert last_night(sessions) == sessions[1]


def test_a_nap_is_not_the_night_to_show() -> None:
    sessions = sleep_of([*_night(9, "23:00", 480), *_night(10, "14:00", 60)])
    assert last_night(sessions) == sessions[0]


@pytest.mark.parametrize(("first", "second", "shown"), [(240, 90, 0), (90, 240, 1)])
def test_of_a_night_in_two_parts_the_longer_one_is_shown(
    first: int, second: int, shown: int
) -> None:
    sessions = sleep_of([*_night(10, "00:00", first), *_night(10, "05:30", second)])
    assert len(sessions) == 2
    assert last_night(sessions) == sessions[shown]


def test_a_night_that_goes_on_is_not_shown_yet() -> None:
    sessions = sleep_of([*_night(9, "23:00", 480), *_night(10, "23:30", 300)[:-30]])
    assert last_night(sessions) == sessions[0]


def test_nobody_has_slept_yet() -> None:
    assert last_night([]) is None


# Parts and the whole


@given(
    told=stretches(),
    cuts=st.lists(st.integers(0, 1500), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_sleep_is_the_same_however_the_minutes_came(
    told: list[Stretch], cuts: list[int], order: Random
) -> None:
    minutes = diary(0, *told)
    places = [0, *sorted(cuts), len(minutes)]
    batches = [
        # Some minutes come with two batches, as after a lost acknowledgement.
        minutes[max(0, begin - 3) : end]
        for begin, end in pairwise(places)
    ]
    order.shuffle(batches)
    stored: dict[int, Minute] = {}
    for batch in batches:
        stored.update((sample.minute, sample) for sample in batch)
    assert sleep_of(stored[minute] for minute in sorted(stored)) == sleep_of(minutes)


@given(told=stretches(longest=400), begin=st.integers(0, 3000), until=st.integers(0, 3000))
def test_sleep_after_a_quiet_hour_is_that_of_the_whole(
    told: list[Stretch], begin: int, until: int
) -> None:
    minutes = diary(0, *told)
    kinds = resolve_kinds(minutes)
    known = [place for place, sample in enumerate(minutes) if begin <= sample.minute < until]
    quiet = quiet_since(
        [minutes[place] for place in known], [kinds[place] for place in known], until
    )
    if quiet is None:
        return
    assert begin <= quiet <= until
    later = [sample for sample in minutes if sample.minute >= quiet]
    before = (
        kind_before((item for item in reversed(minutes) if item.minute < quiet), later[0].minute)
        if later
        else None
    )
    whole = find_sleep(minutes, kinds)
    assert not any(session.start < quiet < session.end for session in whole)
    assert find_sleep(later, resolve_kinds(later, before)) == [
        session for session in whole if session.start >= quiet
    ]


def _quiet(*told: Stretch, until: int) -> int | None:
    minutes = diary(0, *told)
    return quiet_since(minutes, resolve_kinds(minutes), until)


def test_a_quiet_hour_is_found_before_the_latest_sleep() -> None:
    assert _quiet((LIGHT, 100), (WALK, 60), (LIGHT, 300), until=460) == 160


def test_a_quiet_hour_may_be_the_last_one() -> None:
    assert _quiet((LIGHT, 100), (WALK, 60), until=160) == 160


def test_too_short_a_rest_from_sleep_is_not_quiet() -> None:
    assert _quiet((LIGHT, 100), (WALK, 59), (LIGHT, 300), until=459) is None


def test_nothing_is_known_of_what_was_before_the_first_minute() -> None:
    assert _quiet((WALK, 59), (LIGHT, 300), until=359) is None
    assert _quiet((WALK, 60), (LIGHT, 300), until=360) == 60
    assert quiet_since([], [], 100) is None


def test_minutes_out_of_order_are_refused() -> None:
    minutes = diary(0, (LIGHT, 10))
    backwards: Sequence[Minute] = minutes[::-1]
    with pytest.raises(ValueError, match="order"):
        find_sleep(backwards, resolve_kinds(backwards))


# Time


def _year(days: int) -> list[Minute]:
    day = [(LIGHT, 1), (NO_CHANGE, 200), (DEEP, 1), (NO_CHANGE, 100), (WOKE_UP, 1), (LIGHT, 137)]
    day += [(WALK, 1), (0x50, 9)] * 100
    return diary(0, *(day * days))


def test_a_year_takes_no_more_for_each_minute_than_a_month() -> None:
    month, year = _year(30), _year(365)

    def seconds(minutes: list[Minute]) -> float:
        begin = process_time()
        find_sleep(minutes, resolve_kinds(minutes))
        return process_time() - begin

    once = min(seconds(month) for _ in range(5)) / len(month)
    assert min(seconds(year) for _ in range(3)) / len(year) < once * 3
