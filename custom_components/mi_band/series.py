"""What hours tell, as rows of long-term statistics: one table of series, and how rows compare.

An hour has a row where it has something to tell: a sum that grew, a heart rate. A sum is the total
of the band's whole life, so that the change from one row to the next is what the hour adds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import math
from typing import Final, Literal

from homeassistant.components.recorder.models import StatisticData, StatisticMetaData
from homeassistant.components.recorder.statistics import StatisticsRow
from homeassistant.const import UnitOfEnergy, UnitOfLength, UnitOfTime
from homeassistant.util.unit_conversion import DistanceConverter, DurationConverter, EnergyConverter

from .const import DOMAIN
from .history import Hour

_HOUR_S = 3600

type Column = Literal["sum", "mean", "min", "max"]
type Row = tuple[float, ...]
"""The values of a row, in the order of the series' columns."""
type Curve = dict[int, Row]
"""Rows by hour since 1970-01-01 00:00 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One statistic of a band; its key ends the statistic's id and names its text."""

    key: str
    unit: str
    unit_class: str | None
    columns: tuple[Column, ...] = ("sum",)
    values: Callable[[Hour], Row | None]
    """What an hour tells; None when nothing."""
    kept: Callable[[Hour, Row], Hour]
    """The reverse: the hour with that in it."""

    @property
    def is_sum(self) -> bool:
        """Whether the rows add up."""
        return self.columns == ("sum",)


def _amount(field: Callable[[Hour], float]) -> Callable[[Hour], Row | None]:
    return lambda hour: (field(hour),) if field(hour) else None


def _heart_rate(hour: Hour) -> Row | None:
    match hour.heart_rate_mean, hour.heart_rate_min, hour.heart_rate_max:
        case float(mean), int(lowest), int(highest):
            return mean, lowest, highest
        case _:
            return None


STEPS: Final = Series(
    key="steps",
    unit="steps",
    unit_class=None,
    values=_amount(lambda hour: hour.steps),
    kept=lambda hour, row: replace(hour, steps=round(row[0])),
)
SERIES: Final = (
    STEPS,
    Series(
        key="distance",
        unit=UnitOfLength.KILOMETERS,
        unit_class=DistanceConverter.UNIT_CLASS,
        values=_amount(lambda hour: hour.distance_m / 1000),
        kept=lambda hour, row: replace(hour, distance_m=row[0] * 1000),
    ),
    Series(
        key="calories",
        unit=UnitOfEnergy.KILO_CALORIE,
        unit_class=EnergyConverter.UNIT_CLASS,
        values=_amount(lambda hour: hour.energy_kcal),
        kept=lambda hour, row: replace(hour, energy_kcal=row[0]),
    ),
    Series(
        key="heart_rate",
        unit="bpm",
        unit_class=None,
        columns=("mean", "min", "max"),
        values=_heart_rate,
        kept=lambda hour, row: replace(
            hour,
            heart_rate_mean=row[0],
            heart_rate_min=round(row[1]),
            heart_rate_max=round(row[2]),
        ),
    ),
    Series(
        key="sleep_light",
        unit=UnitOfTime.MINUTES,
        unit_class=DurationConverter.UNIT_CLASS,
        values=_amount(lambda hour: hour.light_sleep),
        kept=lambda hour, row: replace(hour, light_sleep=round(row[0])),
    ),
    Series(
        key="sleep_deep",
        unit=UnitOfTime.MINUTES,
        unit_class=DurationConverter.UNIT_CLASS,
        values=_amount(lambda hour: hour.deep_sleep),
        kept=lambda hour, row: replace(hour, deep_sleep=round(row[0])),
    ),
    Series(
        key="sleep_awake",
        unit=UnitOfTime.MINUTES,
        unit_class=DurationConverter.UNIT_CLASS,
        values=_amount(lambda hour: hour.awake),
        kept=lambda hour, row: replace(hour, awake=round(row[0])),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the recorder holds of a series."""

    metadata: StatisticMetaData | None
    """None when it knows nothing of it."""
    before: tuple[int, Row] | None
    """The last row before those that were asked for, and its hour."""
    rows: Curve


type Holdings = dict[str, Found]
"""By the key of the series."""


def statistic_id(band: str, key: str) -> str:
    """Return the id of one statistic of a band."""
    return f"{DOMAIN}:{band}_{key}"


def hour_start(hour: int) -> datetime:
    """Return when an hour begins."""
    return datetime.fromtimestamp(hour * _HOUR_S, UTC)


def rows_read(series: Series, read: Iterable[StatisticsRow]) -> Iterator[tuple[int, Row]]:
    """Give the rows that are complete; others are written anew."""
    for row in read:
        values = tuple(row.get(column) for column in series.columns)
        row_values = tuple(value for value in values if value is not None)
        if len(row_values) == len(series.columns):
            yield round(row["start"]) // _HOUR_S, row_values


def must_begin_anew(found: Holdings, hours: Sequence[Hour], expected: int | None) -> bool:
    """Tell whether the recorder holds something that only can be put right by beginning anew.

    Args:
        found: what it holds.
        hours: all that there are, from the first on that was looked for.
        expected: the last hour before those that must have a row of steps.
    """
    before = found[STEPS.key].before
    if expected is not None and (before is None or before[0] < expected):
        return True
    for series in SERIES:
        held = found[series.key]
        if held.metadata and held.metadata["unit_of_measurement"] != series.unit:
            return True
        if held.rows.keys() - {hour.hour for hour in hours if series.values(hour)}:
            return True
    return False


def unknown_hours(found: Holdings, known: set[int]) -> list[Hour]:
    """Return the hours of which there are rows alone."""
    empty = Hour(
        hour=0,
        steps=0,
        distance_m=0.0,
        energy_kcal=0.0,
        light_sleep=0,
        deep_sleep=0,
        awake=0,
        heart_rate_mean=None,
        heart_rate_min=None,
        heart_rate_max=None,
    )
    hours: dict[int, Hour] = {}
    for series in SERIES:
        for hour, values in _told(series, found[series.key]):
            if hour not in known:
                hours[hour] = series.kept(hours.get(hour, replace(empty, hour=hour)), values)
    return [hours[hour] for hour in sorted(hours)]


def _told(series: Series, held: Found) -> Iterator[tuple[int, Row]]:
    """Give what each row tells of its hour alone."""
    last = held.before[1][0] if held.before else 0.0
    for hour in sorted(held.rows):
        row = held.rows[hour]
        if series.is_sum:
            yield hour, (row[0] - last,)
            last = row[0]
        else:
            yield hour, row


def wanted_curves(hours: Sequence[Hour], found: Holdings) -> dict[str, Curve]:
    """Return the rows that there have to be from the first of these hours on, by series."""
    return {series.key: _curve(series, hours, found[series.key].before) for series in SERIES}


def _curve(series: Series, hours: Iterable[Hour], before: tuple[int, Row] | None) -> Curve:
    told = ((hour.hour, values) for hour in hours if (values := series.values(hour)))
    if not series.is_sum:
        return dict(told)
    total = before[1][0] if before else 0.0
    curve: Curve = {}
    for hour, (amount,) in told:
        total += amount
        curve[hour] = (total,)
    return curve


def rows_to_write(series: Series, wanted: Curve, held: Curve) -> Iterator[StatisticData]:
    """Give the rows that are missing or other."""
    for hour, row in wanted.items():
        if hour in held and _is_row_alike(held[hour], row):
            continue
        start = hour_start(hour)
        if series.is_sum:
            yield StatisticData(start=start, state=row[0], sum=row[0])
        else:
            yield StatisticData(start=start, mean=row[0], min=row[1], max=row[2])


def is_alike(held: Mapping[int, Row], wanted: Mapping[int, Row]) -> bool:
    """Tell whether there are just the rows that there have to be."""
    return held.keys() == wanted.keys() and all(
        _is_row_alike(held[hour], row) for hour, row in wanted.items()
    )


def _is_row_alike(one: Row, other: Row) -> bool:
    # A database may give back another last digit than it was given.
    return all(math.isclose(mine, its) for mine, its in zip(one, other, strict=True))
