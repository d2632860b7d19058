"""What stored minutes do not hold and can only be estimated: distance, energy, resting heart rate.

The band keeps totals of today alone (protocol-data.md section 1.1), so those of past days are
derived from steps, kinds, heart rate and who wears the band. All of it is an estimate [INFERRED]:
never negative, and never less for more steps or a faster heart.

Distance: a step is 0.415 of a man's height and 0.413 of a woman's, the factors that makers of
pedometers publish. A running step is longer by 2252/1672, the mean steps in a mile walked in twenty
minutes and run in ten (Hoeger et al., ACSM's Health & Fitness Journal 12, 2008).

Energy, above what the body needs at rest, as a band counts it:

    walking  0.1 ml of oxygen a metre and kilogram: the metabolic equations of the American
             College of Sports Medicine, on level ground
    running  0.2 ml, from the same
    cycling  4 times rest: Compendium of Physical Activities 2011, code 01010, at leisure
    running or cycling with a heart rate of at least 90: that, or if it is more, what Keytel et al.
             give (Journal of Sports Sciences 23, 2005), in kJ a minute, rest included:
        men    -55.0969 + 0.6309 bpm + 0.1988 kg + 0.2017 years
        women  -20.4022 + 0.4472 bpm - 0.1263 kg + 0.0740 years

A litre of oxygen is 5 kcal, and rest is 1 kcal an hour for each kilogram. Who is neither man nor
woman gets the mean of both.

Resting heart rate: the lowest mean of the readings in a stretch of half an hour or more that holds
at least five of them, all taken asleep or still.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from .kinds import Kind
from .minutes import Minute
from .profile import Profile, Sex
from .wire import HIGHEST_BPM, LOWEST_BPM

RESTING_STRETCH_MINUTES: Final = 30
RESTING_READINGS: Final = 5
LONGEST_RESTING_STRETCH_MINUTES: Final = 150
"""Five readings of a band that measures every half hour fit in, with one that failed."""

_STEP_OF_HEIGHT = {Sex.MALE: 0.415, Sex.FEMALE: 0.413, Sex.OTHER: 0.414}
_RUNNING_STEP = 2252 / 1672
_KCAL_PER_ML = 5 / 1000
_WALKING_KCAL = 0.1 * _KCAL_PER_ML
_RUNNING_KCAL = 0.2 * _KCAL_PER_ML
"""For each metre and kilogram, as that for walking."""
_CYCLING_TIMES_REST = 4.0
_REST_KCAL = 1 / 60
"""A minute, for each kilogram."""
_KJ_PER_KCAL = 4.184
_LOWEST_EXERTION_BPM = 90
"""The equations were fitted to exercise; at rest they make no sense."""
_DAYS_PER_YEAR = 365.2425
_RESTING = frozenset({Kind.STILL, Kind.LIGHT_SLEEP, Kind.DEEP_SLEEP})


class _Exertion(NamedTuple):
    """What energy follows from in kJ a minute, one equation of Keytel et al."""

    constant: float
    per_bpm: float
    per_kg: float
    per_year: float


_MEN = _Exertion(-55.0969, 0.6309, 0.1988, 0.2017)
_WOMEN = _Exertion(-20.4022, 0.4472, -0.1263, 0.0740)
_EXERTION = {Sex.MALE: (_MEN,), Sex.FEMALE: (_WOMEN,), Sex.OTHER: (_MEN, _WOMEN)}


def distance_m(steps: int, height_cm: float, sex: Sex, kind: Kind = Kind.WALKING) -> float:
    """Estimate how far so many steps lead."""
    distance = steps * _STEP_OF_HEIGHT[sex] * height_cm / 100
    return distance * _RUNNING_STEP if kind is Kind.RUNNING else distance


def energy_kcal(minutes: Iterable[Minute], kinds: Iterable[Kind], profile: Profile) -> float:
    """Estimate the energy that the wearer spent on moving in these minutes."""
    return sum(
        _minute_kcal(sample, kind, profile)
        for sample, kind in zip(minutes, kinds, strict=True)
        if sample.steps or kind is Kind.CYCLING or kind is Kind.RUNNING
    )


def resting_heart_rate(minutes: Iterable[Minute], kinds: Iterable[Kind]) -> int | None:
    """Estimate the resting heart rate of a day, or of what else is handed in, in time order.

    Returns:
        Beats per minute; None when it was measured too seldom asleep or still.
    """
    readings = [
        (sample.minute, sample.heart_rate)
        for sample, kind in zip(minutes, kinds, strict=True)
        if kind in _RESTING and LOWEST_BPM <= sample.heart_rate <= HIGHEST_BPM
    ]
    return round(min(means)) if (means := list(_stretches(readings))) else None


def _stretches(readings: Sequence[tuple[int, int]]) -> Iterable[float]:
    """Give the mean of each shortest stretch that is long enough, one for every end of it."""
    first = total = 0
    for place, (minute, bpm) in enumerate(readings):
        total += bpm
        # Leave out at the front what the stretch does not need.
        while (
            place - first >= RESTING_READINGS
            and minute - readings[first + 1][0] >= RESTING_STRETCH_MINUTES - 1
        ):
            total -= readings[first][1]
            first += 1
        count, span = place - first + 1, minute - readings[first][0] + 1
        if (
            count >= RESTING_READINGS
            and RESTING_STRETCH_MINUTES <= span <= LONGEST_RESTING_STRETCH_MINUTES
        ):
            yield total / count


def _minute_kcal(sample: Minute, kind: Kind, profile: Profile) -> float:
    distance = distance_m(sample.steps, profile.height_cm, profile.sex, kind)
    per_metre = _RUNNING_KCAL if kind is Kind.RUNNING else _WALKING_KCAL
    moving = distance * per_metre * profile.weight_kg
    if kind is Kind.CYCLING:
        moving = max(moving, (_CYCLING_TIMES_REST - 1) * _REST_KCAL * profile.weight_kg)
    if kind in {Kind.RUNNING, Kind.CYCLING} and (
        _LOWEST_EXERTION_BPM <= sample.heart_rate <= HIGHEST_BPM
    ):
        moving = max(moving, _exertion_kcal(sample, profile))
    return moving


def _exertion_kcal(sample: Minute, profile: Profile) -> float:
    day = datetime.fromtimestamp(sample.minute * 60, UTC).date()
    years = max(0.0, (day - profile.born).days / _DAYS_PER_YEAR)
    equations = _EXERTION[profile.sex]
    kilojoules = sum(
        equation.constant
        + equation.per_bpm * sample.heart_rate
        + equation.per_kg * profile.weight_kg
        + equation.per_year * years
        for equation in equations
    ) / len(equations)
    return kilojoules / _KJ_PER_KCAL - _REST_KCAL * profile.weight_kg
