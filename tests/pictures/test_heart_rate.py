"""The picture of a day's heart rate, by its pixels."""

from collections.abc import Iterable
from datetime import UTC, date
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.mi_band.band.kinds import Kind
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.drawing import BOTTOM, FAINT, HATCH, RIGHT, SHADE, TEXT, TOP
from custom_components.mi_band.pictures import (
    PULSE,
    RANGE,
    RESTING,
    Day,
    HeartRateWords,
    day_bounds,
    draw_heart_rate,
)
from tests.band.diary import minute_of

from .view import View

DAY = date(2024, 3, 9)
MIDNIGHT = minute_of("2024-03-09 00:00")
LEFT = 44
"""Where the chart begins, right of its scale."""
WORDS = HeartRateWords(
    unit="bpm", resting="Resting heart rate", not_worn="Not worn", nothing="Not measured yet"
)
BERLIN = ZoneInfo("Europe/Berlin")

type Reading = tuple[int, int]
"""Minutes since midnight, and beats per minute."""


def _day(
    readings: Iterable[Reading],
    *,
    not_worn: range = range(0),
    resting_bpm: int | None = None,
) -> Day:
    measured = dict(readings)
    minutes = sorted(measured.keys() | set(not_worn))
    return Day(
        DAY,
        [Minute(MIDNIGHT + at, 0, 0, 0, 0, measured.get(at, 255)) for at in minutes],
        [Kind.NOT_WORN if at in not_worn else Kind.STILL for at in minutes],
        resting_bpm,
    )


def _view(
    readings: Iterable[Reading],
    *,
    not_worn: range = range(0),
    resting_bpm: int | None = None,
) -> View:
    day = _day(readings, not_worn=not_worn, resting_bpm=resting_bpm)
    return View(draw_heart_rate(day, UTC, WORDS))


def _x(minute: float) -> float:
    return LEFT + minute / 1440 * (RIGHT - LEFT)


def _y(bpm: float, bottom: int = 50, top: int = 110) -> float:
    """Return where a heart rate lies; on a calm day the chart is from 50 to 110."""
    return BOTTOM - (bpm - bottom) / (top - bottom) * (BOTTOM - TOP)


def test_a_steady_heart_is_a_level_line() -> None:
    view = _view((minute, 80) for minute in range(1440))
    for minute in range(10, 1430, 70):
        heights = view.heights(PULSE, _x(minute))
        assert heights
        assert all(abs(y - _y(80)) <= 1.5 for y in heights)


def test_the_line_is_the_mean_and_the_band_reaches_from_the_lowest_to_the_highest() -> None:
    view = _view((minute, 100 if minute % 2 else 60) for minute in range(1440))
    x = _x(701)
    assert view.shows(PULSE, x, _y(80))
    band = view.heights(RANGE, x)
    assert band[0] == pytest.approx(_y(100), abs=1.5)
    assert band[-1] == pytest.approx(_y(60), abs=1.5)


def test_a_fast_heart_makes_the_chart_higher() -> None:
    view = _view([(600, 170), (610, 170)])
    # From 50 to 180.
    assert view.shows(PULSE, _x(610), _y(170, 50, 180))


@pytest.mark.parametrize("bpm", [10, 250])
def test_every_valid_heart_rate_is_inside_of_the_chart(bpm: int) -> None:
    heights = _view((minute, bpm) for minute in range(600, 700)).heights(PULSE, _x(650))
    assert heights
    assert TOP <= heights[0] <= heights[-1] <= BOTTOM


def test_readings_every_half_hour_are_joined() -> None:
    view = _view((minute, 80) for minute in range(0, 1440, 30))
    assert all(view.heights(PULSE, _x(minute)) for minute in range(10, 1400, 25))


def test_nothing_is_drawn_where_nothing_was_measured() -> None:
    view = _view((minute, 80) for minute in range(0, 1440, 10) if not 600 <= minute < 720)
    assert view.heights(PULSE, _x(580))
    assert view.heights(PULSE, _x(740))
    assert not any(view.heights(PULSE, _x(minute)) for minute in range(605, 715, 10))


@pytest.mark.parametrize("raw", [0, 9, 251, 255])
def test_what_is_no_heart_rate_is_not_drawn(raw: int) -> None:
    view = _view([*((minute, 80) for minute in range(600)), *((at, raw) for at in range(600, 900))])
    assert not any(view.heights(PULSE, _x(minute)) for minute in range(610, 900, 20))


def test_a_single_reading_is_a_dot() -> None:
    view = _view([(700, 80)])
    assert view.shows(PULSE, _x(705), _y(80))
    assert 10 < view.count(PULSE, left=LEFT, top=TOP) < 200


def test_the_rest_of_today_is_empty() -> None:
    view = _view((minute, 80) for minute in range(600))
    assert view.count(PULSE, left=_x(610)) == 0


def test_a_band_on_the_table_is_hatched_and_parts_the_line() -> None:
    readings = [(minute, 80) for minute in range(1440) if not 600 <= minute < 630]
    view = _view(readings, not_worn=range(600, 630))
    x = _x(615)
    assert not view.heights(PULSE, x)
    assert len(view.heights(SHADE, x)) + len(view.heights(HATCH, x)) > 200
    beside = [*range(5, 596, 23), 596, 634, *range(640, 1440, 23)]
    assert not any(view.heights(HATCH, _x(minute)) for minute in beside)


def test_the_resting_heart_rate_is_a_dashed_line() -> None:
    view = _view([(minute, 80) for minute in range(1440)], resting_bpm=60)
    row = [view.shows(RESTING, x, _y(60)) for x in range(LEFT, int(RIGHT))]
    assert 0.4 < sum(row) / len(row) < 0.7
    assert view.count(RESTING, right=RIGHT) > _view([(0, 80)]).count(RESTING)


def test_a_resting_heart_rate_below_all_readings_is_inside_of_the_chart() -> None:
    view = _view([(minute, 80) for minute in range(100)], resting_bpm=38)
    # From 30 to 110.
    assert any(view.shows(RESTING, x, _y(38, 30, 110)) for x in range(LEFT, LEFT + 9))


def test_a_day_without_a_reading_is_told_in_words() -> None:
    view = _view([])
    assert view.count(PULSE) == view.count(RESTING) == view.count(TEXT) == 0
    # They are at the top left, where else the heart rate is.
    assert view.count(FAINT, right=200) > _view([(0, 80)]).count(FAINT, right=200)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2024, 3, 30), 24), (date(2024, 3, 31), 23), (date(2024, 10, 27), 25)],
)
def test_a_day_is_as_long_as_the_clock_makes_it(day: date, hours: int) -> None:
    start, end = day_bounds(day, BERLIN)
    assert end - start == hours * 60
    assert start == minute_of(f"{day} 00:00") - (120 if day.month == 10 else 60)


def test_on_a_short_day_noon_is_left_of_the_middle() -> None:
    day = date(2024, 3, 31)
    start, _ = day_bounds(day, BERLIN)
    minutes = [Minute(start + 660 + place, 0, 0, 0, 0, 80) for place in range(20)]
    view = View(draw_heart_rate(Day(day, minutes, [Kind.STILL] * 20, None), BERLIN, WORDS))
    assert view.shows(PULSE, LEFT + 670 / 1380 * (RIGHT - LEFT), _y(80))


@settings(max_examples=15)
@given(
    readings=st.dictionaries(st.integers(0, 1439), st.integers(0, 255), max_size=60),
    off=st.integers(0, 1439),
    length=st.integers(0, 600),
)
def test_any_day_can_be_drawn(readings: dict[int, int], off: int, length: int) -> None:
    worn = {at: bpm for at, bpm in readings.items() if not off <= at < off + length}
    view = _view(worn.items(), not_worn=range(off, min(off + length, 1440)))
    valid = [bpm for bpm in worn.values() if 10 <= bpm <= 250]
    assert (view.count(PULSE, left=LEFT - 3, top=TOP) > 0) == bool(valid)
