"""Rows of the store: the same whether they are asked for at once or piece by piece."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.extracts import Query, RowKind, read_page, write_table
from custom_components.mi_band.history import History

BAND = "0123456789abcdef"
FIRST = 29_000_040
TAKEN_OFF, NO_CHANGE = 0x03, 0x70
DAY = 1440
DAYS = 4


def query(start: int, end: int) -> Query:
    first, last = (datetime.fromtimestamp(minute * 60, UTC) for minute in (start, end))
    return Query(kind=RowKind.MINUTES, start=first, end=last)


def lay_aside(history: History) -> None:
    """Let the band say that it was taken off, and for days that nothing has changed since."""
    kinds = [TAKEN_OFF] + [NO_CHANGE] * (DAYS * DAY - 1)
    history.commit_minutes(
        BAND, [Minute(FIRST + place, 4, kind, 0, 0, 255) for place, kind in enumerate(kinds)]
    )


def test_a_page_knows_what_nothing_has_changed_of_for_days(history: History) -> None:
    lay_aside(history)
    page = read_page(history, BAND, query(FIRST + 3 * DAY, FIRST + 3 * DAY + 5), 10)
    assert [row["kind"] for row in page.rows] == ["not_worn"] * 5


def test_a_table_knows_what_nothing_has_changed_of_for_days(
    history: History, tmp_path: Path
) -> None:
    lay_aside(history)
    file = tmp_path / "minutes.csv"
    assert write_table(history, BAND, query(FIRST, FIRST + DAYS * DAY), file) == DAYS * DAY
    rows = file.read_text().splitlines()[1:]
    assert Counter(row.split(",")[1] for row in rows) == {"not_worn": DAYS * DAY}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (RowKind.MINUTES, "start,kind,raw_kind,intensity,steps,heart_rate_bpm"),
        (
            RowKind.SLEEP,
            (
                "start,end,nap,final,light_minutes,deep_minutes,awake_minutes,awakenings,"
                "unknown_minutes"
            ),
        ),
        (
            RowKind.WORKOUTS,
            (
                "start,end,sport,distance_m,steps,energy_kcal,average_heart_rate_bpm,"
                "lowest_heart_rate_bpm,highest_heart_rate_bpm,ascent_m,descent_m"
            ),
        ),
    ],
)
def test_a_table_of_nothing_has_its_line_of_names(
    history: History, tmp_path: Path, kind: RowKind, names: str
) -> None:
    file = tmp_path / "nothing.csv"
    nothing = replace(query(FIRST, FIRST + DAY), kind=kind)
    assert write_table(history, BAND, nothing, file) == 0
    assert file.read_text().splitlines() == [names]
