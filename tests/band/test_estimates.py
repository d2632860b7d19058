"""Estimates against values worked out by hand, and what no estimate may do."""

from datetime import date

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.estimates import (
    LONGEST_RESTING_STRETCH_MINUTES,
    distance_m,
    energy_kcal,
    resting_heart_rate,
)
from custom_components.mi_band.band.kinds import Kind
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.profile import Profile, Sex

from .diary import NO_READING, minute_of

NOON = minute_of("2024-06-15 12:00")


def _wearer(sex: Sex = Sex.MALE, weight_kg: float = 70) -> Profile:
    return Profile(born=date(1984, 6, 15), sex=sex, height_cm=180, weight_kg=weight_kg, user_id=1)


def _kcal(
    kind: Kind, *, steps: int = 0, bpm: int = NO_READING, wearer: Profile | None = None
) -> float:
    """Return the energy of one minute."""
    sample = Minute(NOON, 0, 1, 0, steps, bpm)
    return energy_kcal([sample], [kind], wearer or _wearer())


# Distance


@pytest.mark.parametrize(
    ("steps", "height_cm", "sex", "metres"),
    [
        (1000, 180, Sex.MALE, 747.0),
        (1000, 160, Sex.FEMALE, 660.8),
        (1000, 170, Sex.OTHER, 703.8),
        (0, 180, Sex.MALE, 0.0),
    ],
)
def test_walking_is_a_share_of_the_height_a_step(
    steps: int, height_cm: int, sex: Sex, metres: float
) -> None:
    assert distance_m(steps, height_cm, sex) == pytest.approx(metres)


def test_a_running_step_is_longer() -> None:
    # 0.747 m * 2252 / 1672 = 1.00613 m
    assert distance_m(1000, 180, Sex.MALE, Kind.RUNNING) == pytest.approx(1006.13, abs=0.01)


def test_a_walk_is_as_far_as_the_band_says() -> None:
    # The document's day of 12345 steps and 8760 m, for someone of 171 cm.
    assert distance_m(12345, 171, Sex.MALE) == pytest.approx(8760, rel=0.001)


# Energy


def test_walking_costs_half_a_kilocalorie_a_kilometre_and_kilogram() -> None:
    # 100 steps are 74.7 m: 74.7 * 70 * 0.0005
    assert _kcal(Kind.WALKING, steps=100) == pytest.approx(2.6145)


def test_running_costs_a_kilocalorie_a_kilometre_and_kilogram() -> None:
    # 160 steps are 160.981 m: 160.981 * 70 * 0.001
    assert _kcal(Kind.RUNNING, steps=160) == pytest.approx(11.2687, abs=0.0001)


def test_cycling_costs_three_times_rest() -> None:
    # Four times rest, less rest: 3 * 70 / 60
    assert _kcal(Kind.CYCLING) == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("sex", "kcal"),
    [
        # 82.017 + 13.916 + 8.068 - 55.0969 are 48.904 kJ, or 11.688 kcal with 1.167 of rest.
        (Sex.MALE, 10.5217),
        # 58.136 - 8.841 + 2.960 - 20.4022 are 31.853 kJ, or 7.613 kcal with 1.167 of rest.
        (Sex.FEMALE, 6.4463),
        (Sex.OTHER, 8.4840),
    ],
)
def test_a_fast_heart_tells_how_hard_the_ride_was(sex: Sex, kcal: float) -> None:
    assert _kcal(Kind.CYCLING, bpm=130, wearer=_wearer(sex)) == pytest.approx(kcal, abs=0.0002)


@pytest.mark.parametrize("bpm", [89, 255, 251, 0])
def test_a_slow_heart_or_none_leaves_the_estimate_of_the_movement(bpm: int) -> None:
    assert _kcal(Kind.CYCLING, bpm=bpm) == pytest.approx(3.5)


@pytest.mark.parametrize(
    "kind", [Kind.STILL, Kind.LIGHT_SLEEP, Kind.NOT_WORN, Kind.AWAKE, Kind.UNKNOWN]
)
def test_who_does_not_move_spends_nothing_on_it(kind: Kind) -> None:
    assert _kcal(kind, bpm=150) == 0


def test_someone_not_born_yet_costs_no_less_than_a_newborn() -> None:
    unborn = Profile(born=date(2030, 1, 1), sex=Sex.MALE, height_cm=180, weight_kg=70, user_id=1)
    # 82.017 + 13.916 - 55.0969 are 40.836 kJ, or 9.760 kcal with 1.167 of rest.
    assert _kcal(Kind.RUNNING, bpm=130, wearer=unborn) == pytest.approx(8.5934, abs=0.0002)


def test_minutes_add_up() -> None:
    minutes = [Minute(NOON + place, 0, 1, 0, 100, NO_READING) for place in range(3)]
    kinds = [Kind.WALKING, Kind.STILL, Kind.RUNNING]
    assert energy_kcal(minutes, kinds, _wearer()) == pytest.approx(
        2.6145 + 2.6145 + 7.0429, abs=1e-3
    )


_KINDS = st.sampled_from(Kind)
_BPM = st.integers(0, 255)
_STEPS = st.integers(0, 255)
_SEXES = st.sampled_from(Sex)
_WEIGHTS = st.floats(30, 250)


@given(kind=_KINDS, steps=_STEPS, more=_STEPS, bpm=_BPM, sex=_SEXES, weight=_WEIGHTS)
def test_more_steps_never_cost_less(
    *, kind: Kind, steps: int, more: int, bpm: int, sex: Sex, weight: float
) -> None:
    wearer = _wearer(sex, weight)
    less = _kcal(kind, steps=min(steps, more), bpm=bpm, wearer=wearer)
    assert 0 <= less <= _kcal(kind, steps=max(steps, more), bpm=bpm, wearer=wearer)


@given(
    kind=_KINDS,
    steps=_STEPS,
    bpm=st.lists(st.integers(10, 250), min_size=2, max_size=2).map(sorted),
    sex=_SEXES,
    weight=_WEIGHTS,
)
def test_a_faster_heart_never_costs_less(
    *, kind: Kind, steps: int, bpm: list[int], sex: Sex, weight: float
) -> None:
    wearer = _wearer(sex, weight)
    slow, fast = (_kcal(kind, steps=steps, bpm=each, wearer=wearer) for each in bpm)
    assert 0 <= slow <= fast


@given(steps=st.lists(_STEPS, min_size=2, max_size=2).map(sorted), sex=_SEXES, kind=_KINDS)
def test_more_steps_never_lead_less_far(*, steps: list[int], sex: Sex, kind: Kind) -> None:
    less, more = (distance_m(each, 175, sex, kind) for each in steps)
    assert 0 <= less <= more


# Resting heart rate


def _readings(*told: tuple[int, int], kind: Kind = Kind.LIGHT_SLEEP) -> int | None:
    """Return the resting heart rate of readings, each given by its minute and its bpm."""
    minutes = [Minute(NOON + minute, 0, 0x70, 0, 0, bpm) for minute, bpm in told]
    return resting_heart_rate(minutes, [kind] * len(minutes))


def test_the_calmest_half_hour_counts() -> None:
    calm = [(minute, 50 + minute % 3) for minute in range(60, 90)]
    lively = [(minute, 80) for minute in range(60)]
    # Ten times 50, 51 and 52.
    assert _readings(*lively, *calm, (90, 85)) == 51


def test_a_single_slow_minute_is_no_resting_heart_rate() -> None:
    # 29 of 60 and one of 30: 1770 / 30
    assert _readings(*((minute, 30 if minute == 10 else 60) for minute in range(30))) == 59


def test_less_than_half_an_hour_is_too_short() -> None:
    assert _readings(*((minute, 60) for minute in range(29))) is None


def test_four_readings_are_too_few() -> None:
    assert _readings(*((minute * 10, 60) for minute in range(4))) is None


def test_a_reading_every_half_hour_is_enough() -> None:
    assert _readings(*((minute * 30, 60 + minute) for minute in range(6))) == 62


def test_readings_hours_apart_tell_nothing() -> None:
    apart = LONGEST_RESTING_STRETCH_MINUTES // 4 + 1
    assert _readings(*((minute * apart, 60) for minute in range(20))) is None


def test_only_valid_readings_count() -> None:
    told = [(minute, 60) for minute in range(30)]
    told[3], told[7], told[11], told[13] = (3, 255), (7, 0), (11, 9), (13, 251)
    assert _readings(*told) == 60


@pytest.mark.parametrize("kind", [Kind.WALKING, Kind.RUNNING, Kind.NOT_WORN, Kind.UNKNOWN])
def test_who_moves_does_not_rest(kind: Kind) -> None:
    assert _readings(*((minute, 60) for minute in range(60)), kind=kind) is None


def test_sitting_still_is_rest_as_well() -> None:
    assert _readings(*((minute, 60) for minute in range(60)), kind=Kind.STILL) == 60


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 255)), max_size=80))
def test_the_resting_heart_rate_is_one_that_was_measured_or_between(
    told: list[tuple[int, int]],
) -> None:
    minute, readings = 0, []
    for gap, bpm in told:
        minute += gap
        readings.append((minute, bpm))
    resting = _readings(*readings)
    valid = [bpm for _, bpm in readings if 10 <= bpm <= 250]
    assert resting is None or min(valid) <= resting <= max(valid)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(10, 250)), max_size=40))
def test_the_resting_heart_rate_is_the_lowest_of_all_stretches(told: list[tuple[int, int]]) -> None:
    minute, readings = 0, []
    for gap, bpm in told:
        minute += gap
        readings.append((minute, bpm))
    stretches = [
        # The shortest that is long enough is the only one that counts.
        max(
            (
                readings[begin : end + 1]
                for begin in range(end - 3)
                if readings[end][0] - readings[begin][0] >= 29
            ),
            key=lambda stretch: stretch[0][0],
            default=[],
        )
        for end in range(len(readings))
    ]
    means = [
        sum(bpm for _, bpm in stretch) / len(stretch)
        for stretch in stretches
        if stretch and stretch[-1][0] - stretch[0][0] < LONGEST_RESTING_STRETCH_MINUTES
    ]
    assert _readings(*readings) == (round(min(means)) if means else None)
