"""A life that a band has recorded, and what there has to be of it in the end."""

from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
import sqlite3
from typing import Any, Final, NamedTuple
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util

from custom_components.mi_band import sync
from custom_components.mi_band.band.minutes import heart_rate_bpm
from custom_components.mi_band.history import History
from custom_components.mi_band.series import SERIES, statistic_id
from tests.emulator.band import Options
from tests.emulator.truth import Truth
from tests.vectors.auth import KEY

ZONE: Final = ZoneInfo("Europe/Berlin")
NOW: Final = datetime(2026, 3, 11, 0, 0, 20, tzinfo=ZONE)
"""When it is on the band: just after midnight, so that the last whole day has just ended."""
PROFILE: Final[dict[str, Any]] = {
    "name": "Ada",
    "birth_date": "1990-06-15",
    "sex": "female",
    "height": 170,
    "weight": 65,
}

type Stored = dict[int, tuple[int, int, int, int]]
"""Kind, intensity, steps and raw heart rate, by minute since 1970-01-01 UTC."""
type Told = dict[str, dict[int, tuple[float, ...]]]
"""Sum, or mean, lowest and highest, by series and hour since 1970-01-01 UTC."""


def options(days: int) -> Options:
    """Return what makes a band that has recorded so many days of this life."""
    return Options(key=KEY, days=days, now=lambda: NOW, zone=ZONE, tick_s=0.02)


@contextmanager
def lived_long_ago() -> Generator[None]:
    """Ask a band for that life however long it is over; a first sync goes back some weeks only.

    And do not wait for an emulated band, which has closed a round when it says so.
    """
    span = dt_util.utcnow() - (NOW - sync.FIRST_SYNC_SPAN)
    with (
        patch.object(sync, "FIRST_SYNC_SPAN", span),
        patch.object(sync, "PAUSE_BETWEEN_ROUNDS", timedelta()),
    ):
        yield


def recorded(truth: Truth) -> Stored:
    """Return every minute that the band wrote down, by its own account."""
    return {
        one.minute: (one.kind, one.intensity, one.steps, one.heart_rate) for one in truth.minutes()
    }


def stored(history: History, band: str) -> Stored:
    """Return every minute in the store, each of which may be there only once."""
    minutes = history.minutes(band, 0, 1 << 40)
    found = {one.minute: (one.kind, one.intensity, one.steps, one.heart_rate) for one in minutes}
    assert len(found) == len(minutes)
    return found


class Home(NamedTuple):
    """What a folder of Home Assistant's holds of a band."""

    minutes: Stored
    workouts: list[tuple[int, int]]
    """When each began, in seconds since 1970-01-01 UTC, and the bytes of its track."""
    statistics: Told
    unprojected: bool


def home_of(folder: Path, band: str) -> Home:
    """Look into the files of a Home Assistant that is not running."""
    history = History.open(folder / "mi_band.db")
    try:
        marked = history.unprojected(band) is not None
        minutes = stored(history, band)
    finally:
        history.close()
    with closing(sqlite3.connect(folder / "mi_band.db")) as store:
        workouts = store.execute("SELECT start, length(track) FROM workout ORDER BY start")
        return Home(minutes, workouts.fetchall(), told(folder, band), marked)


def told(folder: Path, band: str) -> Told:
    """Return the rows of the recorder's database, each of which may be there only once."""
    keys = {statistic_id(band, series.key): series for series in SERIES}
    found: Told = defaultdict(dict)
    with closing(sqlite3.connect(folder / "home-assistant_v2.db")) as database:
        rows = database.execute(
            "SELECT statistic_id, start_ts, sum, mean, min, max FROM statistics"
            " JOIN statistics_meta ON statistics_meta.id = metadata_id"
        ).fetchall()
    for which, start, total, mean, lowest, highest in rows:
        series = keys[which]
        hour = round(start) // 3600
        assert hour not in found[series.key]
        found[series.key][hour] = _rounded((total,) if series.is_sum else (mean, lowest, highest))
    return dict(found)


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    # How a sum came about moves its last digit.
    return tuple(round(value, 6) for value in values)


def counted(minutes: Stored) -> Told:
    """Return what the statistics have to say of steps and heart rate, counted by hand."""
    hours: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for minute, values in sorted(minutes.items()):
        hours[minute // 60].append(values)
    steps, rates = {}, {}
    total = 0
    for hour, inside in hours.items():
        if made := sum(one[2] for one in inside):
            total += made
            steps[hour] = _rounded((total,))
        if beats := [bpm for one in inside if (bpm := heart_rate_bpm(one[3])) is not None]:
            rates[hour] = _rounded((sum(beats) / len(beats), min(beats), max(beats)))
    return {"steps": steps, "heart_rate": rates}


def first_minute_of(days: int) -> int:
    """Return the minute with which so many whole days before now begin."""
    first = (NOW - timedelta(days=days)).replace(second=0)
    return int(first.timestamp()) // 60
