"""Parts of the store as rows: for an answer to an automation, and for a table in a file.

Rows are plain values, moments as ISO 8601 in Home Assistant's zone. All of it waits for the disk.
"""

from collections.abc import Iterator, Mapping
import csv
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, NamedTuple

from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .band.minutes import heart_rate_bpm
from .band.workouts import Sport
from .history import History
from .hours import kinds_of
from .sleep_log import read_sleep

_DAY: Final = 24 * 60
_MINUTE_S = 60

type Row = JsonObjectType


@unique
class RowKind(StrEnum):
    """What there are rows of."""

    MINUTES = "minutes"
    SLEEP = "sleep"
    WORKOUTS = "workouts"


_COLUMNS: Final[Mapping[RowKind, tuple[str, ...]]] = {
    RowKind.MINUTES: ("start", "kind", "raw_kind", "intensity", "steps", "heart_rate_bpm"),
    RowKind.SLEEP: (
        "start",
        "end",
        "nap",
        "final",
        "light_minutes",
        "deep_minutes",
        "awake_minutes",
        "awakenings",
        "unknown_minutes",
    ),
    RowKind.WORKOUTS: (
        "start",
        "end",
        "sport",
        "distance_m",
        "steps",
        "energy_kcal",
        "average_heart_rate_bpm",
        "lowest_heart_rate_bpm",
        "highest_heart_rate_bpm",
        "ascent_m",
        "descent_m",
    ),
}
"""The line of names above a table. A row with another name is a fault that its writing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to return. Rows belong to a span when they begin in it."""

    kind: RowKind
    start: datetime
    end: datetime
    """Not included."""

    @property
    def minutes(self) -> range:
        """The span as minutes since 1970-01-01 UTC."""
        return range(_minute(self.start), _minute(self.end))


class Page(NamedTuple):
    """A part of the rows that were asked for."""

    rows: list[Row]
    following: datetime | None
    """Where the next part begins; None when this is the last."""


def read_page(history: History, band: str, query: Query, limit: int) -> Page:
    """Return the first rows, at most `limit`."""
    if query.kind is RowKind.MINUTES:
        rest = query.minutes[limit:]
        rows = list(_minutes(history, band, query.minutes[:limit]))
        return Page(rows, _moment(rest.start) if rest else None)
    found = list(_rows(history, band, query))
    following = dt_util.parse_datetime(str(found[limit]["start"])) if found[limit:] else None
    return Page(found[:limit], following)


def write_table(history: History, band: str, query: Query, path: Path) -> int:
    """Write rows into a file, as comma-separated values under a line of names.

    The file is there as a whole or not at all.

    Returns:
        How many rows it has.

    Raises:
        OSError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, _COLUMNS[query.kind])
            # Of an empty span too: who reads such files wants the names.
            table.writeheader()
            count = 0
            for row in _rows(history, band, query):
                table.writerow(row)
                count += 1
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _rows(history: History, band: str, query: Query) -> Iterator[Row]:
    match query.kind:
        case RowKind.MINUTES:
            # A day at a time: a year at once would be a gigabyte.
            for days in range(0, len(query.minutes), _DAY):
                yield from _minutes(history, band, query.minutes[days : days + _DAY])
        case RowKind.SLEEP:
            yield from _sleep(history, band, query.minutes)
        case RowKind.WORKOUTS:
            yield from _workouts(history, band, query)


def _minutes(history: History, band: str, span: range) -> Iterator[Row]:
    minutes = history.minutes(band, span.start, span.stop)
    for minute, kind in zip(minutes, kinds_of(history, band, minutes), strict=True):
        yield {
            "start": _moment(minute.minute).isoformat(),
            "kind": kind.value,
            "raw_kind": minute.kind,
            "intensity": minute.intensity,
            "steps": minute.steps,
            "heart_rate_bpm": heart_rate_bpm(minute.heart_rate),
        }


def _sleep(history: History, band: str, span: range) -> Iterator[Row]:
    for session in read_sleep(history, band, span.start, span.stop):
        # What ends within the span may have begun before it, and belongs to another one then.
        if session.start in span:
            yield {
                "start": _moment(session.start).isoformat(),
                "end": _moment(session.end).isoformat(),
                "nap": session.is_nap,
                "final": session.final,
                "light_minutes": session.light_minutes,
                "deep_minutes": session.deep_minutes,
                "awake_minutes": session.awake_minutes,
                "awakenings": session.awakenings,
                "unknown_minutes": session.unknown_minutes,
            }


def _workouts(history: History, band: str, query: Query) -> Iterator[Row]:
    for workout in history.workouts(band, query.start, query.end):
        track = history.track(band, workout)
        yield {
            "start": dt_util.as_local(workout.start).isoformat(),
            "end": dt_util.as_local(workout.end).isoformat(),
            "sport": workout.sport.name.lower()
            if isinstance(workout.sport, Sport)
            else str(workout.sport),
            "distance_m": workout.distance_m,
            "steps": workout.steps,
            "energy_kcal": workout.energy_kcal,
            "average_heart_rate_bpm": workout.average_heart_rate_bpm,
            "lowest_heart_rate_bpm": track.lowest_heart_rate_bpm if track else None,
            "highest_heart_rate_bpm": track.highest_heart_rate_bpm if track else None,
            "ascent_m": workout.ascent_m,
            "descent_m": workout.descent_m,
        }


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // _MINUTE_S


def _moment(minute: int) -> datetime:
    return dt_util.as_local(dt_util.utc_from_timestamp(minute * _MINUTE_S))
