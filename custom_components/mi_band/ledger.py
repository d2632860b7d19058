"""The recorder's database, as far as it concerns the long-term statistics of a band.

The recorder writes when it gets to it, one task after the other; what it holds is read beside that,
in threads of its own. Everything here waits for it no longer than `TIMEOUT`.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import (
    get_last_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from .const import DOMAIN
from .series import (
    SERIES,
    Curve,
    Found,
    Holdings,
    Row,
    Series,
    hour_start,
    rows_read,
    statistic_id,
)

RECORDER: Final = "recorder"
TIMEOUT: Final = timedelta(seconds=60)
"""How long the recorder may be busy with something else before we try again another time."""
EARLIEST: Final = 429_528
"""The hour with which 2019 began; the band came out in that year."""

_HOURS_AT_ONCE = 336
"""Read by one query; the driver of the database keeps the loop waiting while it hands out rows."""
_HOURS_BACK = 72
_ROWS_BACK = 100


def has_recorder(hass: HomeAssistant) -> bool:
    """Tell whether there is anything that keeps statistics."""
    return RECORDER in hass.config.components


@contextmanager
def translated() -> Iterator[None]:
    """Tell of a recorder that is held up, or of its database, in words for people."""
    try:
        yield
    except (TimeoutError, SQLAlchemyError) as err:
        raise unavailable() from err


def unavailable() -> HomeAssistantError:
    """Return the error that the recorder does not take statistics now."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key="statistics_unavailable")


async def async_until_written(hass: HomeAssistant) -> None:
    """Wait until the recorder has done all that it was asked for so far.

    Its own way to wait for that does not see what it is doing just now. To clear nothing is a task
    like the others, and tells when it is done.
    """
    await async_clear(hass, [])


async def async_clear(hass: HomeAssistant, ids: list[str]) -> None:
    """Delete statistics, and wait until that is done."""
    recorder = await _async_ready(hass)
    done = asyncio.Event()

    def tell() -> None:
        # A loop that has ended waits for nothing.
        with suppress(RuntimeError):
            hass.loop.call_soon_threadsafe(done.set)

    recorder.async_clear_statistics(ids, on_done=tell)
    async with asyncio.timeout(TIMEOUT.total_seconds()):
        await done.wait()


async def async_read[R](
    hass: HomeAssistant, read: Callable[[HomeAssistant, str, int], R], band: str, first: int
) -> R:
    """Call one of the functions below, in a thread of the recorder."""
    recorder = await _async_ready(hass)
    async with asyncio.timeout(TIMEOUT.total_seconds()):
        return await recorder.async_add_executor_job(read, hass, band, first)


async def _async_ready(hass: HomeAssistant) -> Recorder:
    """Return the recorder once its database can be used, which a migration may put off."""
    recorder = get_instance(hass)
    async with asyncio.timeout(TIMEOUT.total_seconds()):
        if not await asyncio.shield(recorder.async_db_ready):
            raise unavailable()
    return recorder


def read_holdings(hass: HomeAssistant, band: str, first: int) -> Holdings:
    """Read what the recorder holds of a band from an hour on."""
    metadata = _read_metadata(hass, band)
    recent = read_curves(hass, band, max(EARLIEST, first - _HOURS_BACK))
    found = {}
    for series in SERIES:
        held = metadata.get(series.key)
        before = _last_before(recent[series.key], first)
        if before is None and held and first > EARLIEST:
            before = _read_before(hass, series, held["statistic_id"], first)
        found[series.key] = Found(
            metadata=held,
            before=before,
            rows={hour: row for hour, row in recent[series.key].items() if hour >= first},
        )
    return found


def read_curves(hass: HomeAssistant, band: str, first: int) -> dict[str, Curve]:
    """Read all rows from an hour on, by series."""
    curves: dict[str, Curve] = {series.key: {} for series in SERIES}
    ids = {series.key: statistic_id(band, series.key) for series in SERIES}
    end = int(dt_util.utcnow().timestamp()) // 3600 + 24
    for start in range(first, max(end, first + 1), _HOURS_AT_ONCE):
        read = statistics_during_period(
            hass,
            hour_start(start),
            hour_start(start + _HOURS_AT_ONCE),
            {*ids.values()},
            "hour",
            None,
            {"sum", "mean", "min", "max"},
        )
        for series in SERIES:
            curves[series.key].update(rows_read(series, read.get(ids[series.key], ())))
    return curves


def _read_metadata(hass: HomeAssistant, band: str) -> dict[str, StatisticMetaData]:
    ids = {statistic_id(band, series.key): series.key for series in SERIES}
    return {
        ids[which]: data for which, (_, data) in get_metadata(hass, statistic_ids={*ids}).items()
    }


def _read_before(
    hass: HomeAssistant, series: Series, which: str, first: int
) -> tuple[int, Row] | None:
    """Read the last row before an hour, however long before it was."""
    count = _ROWS_BACK
    while True:
        newest = get_last_statistics(
            hass, count, which, convert_units=False, types={*series.columns}
        ).get(which, [])
        before = _last_before(dict(rows_read(series, newest)), first)
        if before is not None or len(newest) < count:
            return before
        count *= 8


def _last_before(curve: Curve, first: int) -> tuple[int, Row] | None:
    return max(((hour, row) for hour, row in curve.items() if hour < first), default=None)
