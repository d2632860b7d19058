"""The stored minutes as long-term statistics of Home Assistant's recorder, hour by hour.

They are external statistics, `mi_band:<identity>_<key>`: only those can be written for hours that
are long over, which is when a band's minutes come. All of it follows from the store and can be
built anew from there.

An hour has a row where it has something to tell: a sum that grew, a heart rate. What the recorder
holds already is read first, and only what differs is written, from the last place that the changed
minutes cannot reach (see `hours`). The recorder writes when it gets to it, so what it holds is read
again in the end. Only then the store takes note that its minutes are projected: whatever happens
before that, all of it is done again.

Rows cannot be taken away one by one. Where one has to go, everything is cleared and written anew.
Hours that only the recorder still knows of, since the store was lost, are kept in the store first.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import batched
import math
from typing import Final, Literal

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    async_add_external_statistics,
    get_last_statistics,
    get_metadata,
)
from homeassistant.const import UnitOfEnergy, UnitOfLength, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.unit_conversion import DistanceConverter, DurationConverter, EnergyConverter
from sqlalchemy.exc import SQLAlchemyError

from .archive import Archive
from .band.profile import Profile
from .const import DOMAIN
from .history import History, Hour
from .hours import HOUR_MINUTES, Place, add_up, find_place, fold

RECORDER: Final = "recorder"
COMMIT_TIMEOUT: Final = timedelta(seconds=60)
"""How long the recorder may be busy with something else before we try again another time."""
ROWS_AT_ONCE: Final = 500
"""The loop checks them and the recorder writes them without a pause."""
READINGS: Final = 3
"""A write that met a lock is put at the end of the recorder's queue, where the next wait is for."""

_ROWS_BACK = 72
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


class Projection:
    """Keeps the statistics of one band like what is stored of it."""

    def __init__(
        self,
        hass: HomeAssistant,
        band: str,
        *,
        name: Callable[[], str],
        profile: Callable[[], Profile],
    ) -> None:
        """Make it.

        Args:
            hass: Home Assistant.
            band: its identity.
            name: what the band is called now.
            profile: who wears it now; distance and energy are estimated by that.
        """
        self._hass = hass
        self._band = band
        self._name = name
        self._profile = profile
        self._turn = asyncio.Lock()
        self._is_checked = False

    async def async_project(self, archive: Archive) -> None:
        """Bring the statistics up to what is stored; returns when they are on disk.

        Without a recorder there is nothing to bring up, and what has changed stays marked. The
        first call looks at the end of the statistics even if nothing has changed, for the recorder
        may have got another database in the meantime.

        Raises:
            HomeAssistantError: translated; the recorder does not take them now.
            HistoryError: the store cannot be read.
        """
        if RECORDER not in self._hass.config.components:
            return
        async with self._turn:
            mark = await archive.async_run(History.unprojected, self._band)
            if mark is None and self._is_checked:
                return
            last = await archive.async_run(History.last_minute, self._band)
            since = last if mark is None else mark.since
            if since is not None:
                with _translated():
                    await self._async_bring_up(archive, since)
            if mark is not None:
                await archive.async_run(History.mark_projected, self._band, mark.token)
            self._is_checked = True

    async def async_rebuild(self, archive: Archive) -> None:
        """Clear the statistics and build them anew from all that is stored.

        Raises:
            HomeAssistantError: translated; the recorder does not take them now, or there is none.
            HistoryError: the store cannot be read.
        """
        if RECORDER not in self._hass.config.components:
            raise _unavailable("no_recorder")
        async with self._turn:
            with _translated():
                await self._async_build_anew(archive)

    async def async_fold(self, archive: Archive, before: int) -> int:
        """Replace the minutes before one by what they add up to; returns how many went.

        Their statistics stay, also when these are built anew.

        Raises:
            HistoryError: the store cannot be read or written.
        """
        async with self._turn:
            return await archive.async_run(fold, self._band, before, self._profile())

    async def _async_bring_up(self, archive: Archive, since: int) -> None:
        place = await archive.async_run(find_place, self._band, since)
        first = place.minute // HOUR_MINUTES
        hours = await self._async_hours(archive, place)
        found = await self._async_found(first)
        known = await self._async_keep_unknown(archive, hours, found)
        expected = await archive.async_run(History.last_hour_with_steps, self._band, first)
        if _is_other(found, known, expected):
            await self._async_build_anew(archive)
        else:
            await self._async_write(first, known, found)

    async def _async_build_anew(self, archive: Archive) -> None:
        place = await archive.async_run(_first_place, self._band)
        hours = [] if place is None else await self._async_hours(archive, place)
        known = await self._async_keep_unknown(archive, hours, await self._async_found(0))
        # From here on it is done again after whatever may happen.
        token = await archive.async_run(History.mark_all, self._band)
        await async_clear_statistics(self._hass, self._band)
        await self._async_write(0, known, await self._async_found(0))
        await archive.async_run(History.mark_projected, self._band, token)

    async def _async_hours(self, archive: Archive, place: Place) -> list[Hour]:
        """Return the hours from a place on, those included that have outlived their minutes."""
        first = place.minute // HOUR_MINUTES
        kept = await archive.async_run(History.hours, self._band, first)
        hours = {hour.hour: hour for hour in kept}
        profile = self._profile()
        rest: Place | None = place
        while rest is not None:
            piece = await archive.async_run(add_up, self._band, rest, profile)
            hours |= {hour.hour: hour for hour in piece.hours}
            rest = piece.rest
        return [hours[hour] for hour in sorted(hours)]

    async def _async_keep_unknown(
        self, archive: Archive, hours: Sequence[Hour], found: Holdings
    ) -> list[Hour]:
        """Keep hours in the store of which only the recorder knows; returns all hours."""
        unknown = _unknown_hours(found, {hour.hour for hour in hours})
        if unknown:
            await archive.async_run(History.keep_hours, self._band, unknown)
        return sorted([*hours, *unknown], key=lambda hour: hour.hour)

    async def _async_found(self, first: int) -> Holdings:
        return await _async_read(self._hass, _read, self._hass, self._band, first)

    async def _async_write(self, first: int, hours: Sequence[Hour], found: Holdings) -> None:
        """Write the rows from an hour on that the recorder does not hold, until it does."""
        metadata = await self._async_metadata()
        wanted, changes = await self._hass.async_add_executor_job(_changes, hours, found)
        for series in SERIES:
            held = found[series.key].metadata
            renamed = held is not None and held["name"] != metadata[series.key]["name"]
            pieces = changes[series.key] or ([[]] if renamed else [])
            for rows in pieces:
                async_add_external_statistics(self._hass, metadata[series.key], rows)
                await _async_until_written(self._hass)
        if not any(changes.values()):
            return
        for _ in range(READINGS):
            held_now = await self._async_found(first)
            if all(_is_alike(held_now[key].rows, curve) for key, curve in wanted.items()):
                return
            await _async_until_written(self._hass)
        raise _unavailable("statistics_unavailable")

    async def _async_metadata(self) -> dict[str, StatisticMetaData]:
        path = f"component.{DOMAIN}.selector.statistics.options"
        texts = await async_get_translations(
            self._hass, self._hass.config.language, "selector", {DOMAIN}
        )
        return {
            series.key: StatisticMetaData(
                source=DOMAIN,
                statistic_id=statistic_id(self._band, series.key),
                name=f"{self._name()} {texts[f'{path}.{series.key}']}",
                unit_of_measurement=series.unit,
                unit_class=series.unit_class,
                has_sum=_is_sum(series),
                mean_type=(
                    StatisticMeanType.NONE if _is_sum(series) else StatisticMeanType.ARITHMETIC
                ),
            )
            for series in SERIES
        }


async def async_clear_statistics(hass: HomeAssistant, band: str) -> None:
    """Delete the statistics of a band; does nothing where there is no recorder.

    Raises:
        HomeAssistantError: translated; the recorder does not do it now.
    """
    if RECORDER in hass.config.components:
        with _translated():
            await _async_clear(hass, [statistic_id(band, series.key) for series in SERIES])


async def _async_until_written(hass: HomeAssistant) -> None:
    """Wait until the recorder has done all that it was asked for so far.

    Its own way to wait for that does not see what it is doing just now. To clear nothing is a task
    like the others, and tells when it is done.
    """
    await _async_clear(hass, [])


async def _async_clear(hass: HomeAssistant, ids: list[str]) -> None:
    recorder = await _async_ready(hass)
    done = asyncio.Event()

    def tell() -> None:
        # A loop that has ended waits for nothing.
        with suppress(RuntimeError):
            hass.loop.call_soon_threadsafe(done.set)

    recorder.async_clear_statistics(ids, on_done=tell)
    async with asyncio.timeout(COMMIT_TIMEOUT.total_seconds()):
        await done.wait()


async def _async_read[**P, R](
    hass: HomeAssistant, read: Callable[P, R], *args: P.args, **_: P.kwargs
) -> R:
    recorder = await _async_ready(hass)
    async with asyncio.timeout(COMMIT_TIMEOUT.total_seconds()):
        return await recorder.async_add_executor_job(read, *args)


async def _async_ready(hass: HomeAssistant) -> Recorder:
    """Return the recorder once its database can be used, which a migration may put off."""
    recorder = get_instance(hass)
    async with asyncio.timeout(COMMIT_TIMEOUT.total_seconds()):
        if not await asyncio.shield(recorder.async_db_ready):
            raise _unavailable("statistics_unavailable")
    return recorder


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (TimeoutError, SQLAlchemyError) as err:
        raise _unavailable("statistics_unavailable") from err


def _unavailable(key: str) -> HomeAssistantError:
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)


def _is_sum(series: Series) -> bool:
    return series.columns == ("sum",)


# What runs in threads


def _first_place(history: History, band: str) -> Place | None:
    """Return where all that is stored of a band begins."""
    kept = history.hours(band)
    first = history.first_minute(band)
    begins = [hour.hour * HOUR_MINUTES for hour in kept[:1]] + ([] if first is None else [first])
    return find_place(history, band, min(begins)) if begins else None


def _read(hass: HomeAssistant, band: str, first: int) -> Holdings:
    """Read from the recorder's database what it holds of a band from an hour on."""
    ids = {series.key: statistic_id(band, series.key) for series in SERIES}
    metadata = get_metadata(hass, statistic_ids=set(ids.values()))
    return {
        series.key: (
            _read_series(hass, series, metadata[ids[series.key]][1], first)
            if ids[series.key] in metadata
            else Found(metadata=None, before=None, rows={})
        )
        for series in SERIES
    }


def _read_series(
    hass: HomeAssistant, series: Series, metadata: StatisticMetaData, first: int
) -> Found:
    count = _ROWS_BACK
    while True:
        newest = get_last_statistics(
            hass,
            count,
            metadata["statistic_id"],
            convert_units=False,
            types={*series.columns},
        ).get(metadata["statistic_id"], [])
        curve = dict(_rows(series, newest))
        earlier = max((hour for hour in curve if hour < first), default=None)
        if earlier is not None or len(newest) < count:
            return Found(
                metadata=metadata,
                before=None if earlier is None else (earlier, curve[earlier]),
                rows={hour: row for hour, row in curve.items() if hour >= first},
            )
        count *= 8


def _rows(series: Series, read: Iterable[StatisticsRow]) -> Iterator[tuple[int, Row]]:
    """Give the rows that are complete; others are written anew."""
    for row in read:
        values = tuple(row.get(column) for column in series.columns)
        row_values = tuple(value for value in values if value is not None)
        if len(row_values) == len(series.columns):
            yield round(row["start"]) // _HOUR_S, row_values


def _is_other(found: Holdings, hours: Sequence[Hour], expected: int | None) -> bool:
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


def _unknown_hours(found: Holdings, known: set[int]) -> list[Hour]:
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
        if _is_sum(series):
            yield hour, (row[0] - last,)
            last = row[0]
        else:
            yield hour, row


def _changes(
    hours: Sequence[Hour], found: Holdings
) -> tuple[dict[str, Curve], dict[str, list[list[StatisticData]]]]:
    """Return the rows that there have to be, and those of them to write, in pieces."""
    wanted = {series.key: _curve(series, hours, found[series.key].before) for series in SERIES}
    return wanted, {
        series.key: [
            list(piece)
            for piece in batched(
                _rows_to_write(series, wanted[series.key], found[series.key].rows),
                ROWS_AT_ONCE,
                strict=False,
            )
        ]
        for series in SERIES
    }


def _curve(series: Series, hours: Iterable[Hour], before: tuple[int, Row] | None) -> Curve:
    told = ((hour.hour, values) for hour in hours if (values := series.values(hour)))
    if not _is_sum(series):
        return dict(told)
    total = before[1][0] if before else 0.0
    curve: Curve = {}
    for hour, (amount,) in told:
        total += amount
        curve[hour] = (total,)
    return curve


def _rows_to_write(series: Series, wanted: Curve, held: Curve) -> Iterator[StatisticData]:
    for hour, row in wanted.items():
        if hour in held and _is_row_alike(held[hour], row):
            continue
        start = datetime.fromtimestamp(hour * _HOUR_S, UTC)
        if _is_sum(series):
            yield StatisticData(start=start, state=row[0], sum=row[0])
        else:
            yield StatisticData(start=start, mean=row[0], min=row[1], max=row[2])


def _is_alike(held: Mapping[int, Row], wanted: Mapping[int, Row]) -> bool:
    return held.keys() == wanted.keys() and all(
        _is_row_alike(held[hour], row) for hour, row in wanted.items()
    )


def _is_row_alike(one: Row, other: Row) -> bool:
    # A database may give back another last digit than it was given.
    return all(math.isclose(mine, its) for mine, its in zip(one, other, strict=True))
