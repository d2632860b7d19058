"""The picture of a night, by its pixels."""

from datetime import UTC
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
import pytest

from custom_components.mi_band.band.sleep import SleepSession, Stage
from custom_components.mi_band.drawing import (
    BACKGROUND,
    BOTTOM,
    DENSITY,
    FAINT,
    HATCH,
    HEIGHT,
    RIGHT,
    SHADE,
    TEXT,
    TOP,
    WIDTH,
    Axis,
    duration,
)
from custom_components.mi_band.pictures import (
    PULSE,
    RANGE,
    RESTING,
    STAGE_COLOURS,
    NightWords,
    draw_night,
)
from tests.band.diary import (
    DEEP,
    LIGHT,
    NOT_WORN,
    NOTHING,
    WALK,
    WOKE_UP,
    Stretch,
    diary,
    minute_of,
    sleep_of,
    stretches,
)

from .view import View, contrast

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = minute_of("2024-03-09 22:00")
LEFT = 98
"""Where the chart begins, right of the names of its rows."""
ROWS = {Stage.AWAKE: 88, Stage.LIGHT: 128, Stage.DEEP: 168}
"""The middle of each row."""
WORDS = NightWords(
    stages={Stage.AWAKE: "Awake", Stage.LIGHT: "Light", Stage.DEEP: "Deep"},
    unknown="Not recorded",
    nothing="No night yet",
)
NO_WORDS = NightWords(stages=dict.fromkeys(Stage, ""), unknown="", nothing="")


def _night(*told: Stretch, start: int = EVENING) -> SleepSession:
    (session,) = sleep_of(diary(start, *told))
    return session


def _view(*told: Stretch, words: NightWords = WORDS) -> View:
    return View(draw_night(_night(*told), UTC, words))


def _x(minute: float, length: int) -> float:
    """Return where a minute of a night lies."""
    return LEFT + minute / length * (RIGHT - LEFT)


def test_a_picture_has_two_pixels_for_each_of_a_card_and_no_holes() -> None:
    view = _view((LIGHT, 60))
    assert (view.format, view.mode) == ("PNG", "RGB")
    assert view.size == (WIDTH * DENSITY, HEIGHT * DENSITY)


def test_each_stage_is_in_its_row_at_its_time() -> None:
    view = _view((LIGHT, 100), (DEEP, 100), (WOKE_UP, 50), (LIGHT, 150))
    told = {50: Stage.LIGHT, 150: Stage.DEEP, 225: Stage.AWAKE, 325: Stage.LIGHT}
    for minute, stage in told.items():
        for row, y in ROWS.items():
            shown = view.at(_x(minute, 400), y)
            assert shown == (STAGE_COLOURS[stage] if row is stage else BACKGROUND)


def test_a_stage_begins_where_the_one_before_it_ends() -> None:
    view = _view((LIGHT, 100), (DEEP, 300))
    assert view.shows(STAGE_COLOURS[Stage.LIGHT], _x(100, 400) - 2, ROWS[Stage.LIGHT])
    assert not view.shows(STAGE_COLOURS[Stage.LIGHT], _x(100, 400) + 2, ROWS[Stage.LIGHT])
    assert not view.shows(STAGE_COLOURS[Stage.DEEP], _x(100, 400) - 2, ROWS[Stage.DEEP])
    assert view.shows(STAGE_COLOURS[Stage.DEEP], _x(100, 400) + 2, ROWS[Stage.DEEP])


def test_stages_that_follow_each_other_are_joined() -> None:
    between = (ROWS[Stage.LIGHT] + ROWS[Stage.DEEP]) / 2
    assert _view((LIGHT, 100), (DEEP, 300)).shows(HATCH, _x(100, 400), between)
    # Over a gap nobody knows that they do.
    parted = _view((LIGHT, 100), (NOTHING, 50), (DEEP, 250))
    assert not any(parted.shows(HATCH, _x(minute, 400), between) for minute in (50, 90, 160, 300))


def test_a_minute_awake_in_a_long_night_can_be_seen() -> None:
    view = _view((LIGHT, 400), (WOKE_UP, 1), (LIGHT, 399))
    heights = view.heights(STAGE_COLOURS[Stage.AWAKE], _x(400.5, 800) + 0.5)
    assert heights[-1] - heights[0] > 20


def test_an_hour_of_sleep_has_the_whole_width() -> None:
    view = _view((LIGHT, 60))
    for x in (LEFT + 4, (LEFT + RIGHT) / 2, RIGHT - 4):
        assert view.at(x, ROWS[Stage.LIGHT]) == STAGE_COLOURS[Stage.LIGHT]
    assert view.at(RIGHT + 2, ROWS[Stage.LIGHT]) == BACKGROUND


def test_time_without_the_band_is_hatched_and_no_sleep() -> None:
    view = _view((LIGHT, 150), (NOT_WORN, 50), (LIGHT, 200))
    x = _x(175, 400)
    assert view.shows(SHADE, x, TOP + 1) or view.shows(HATCH, x, TOP + 1)
    assert view.heights(HATCH, x)
    for colour in STAGE_COLOURS.values():
        assert not view.heights(colour, x)
    # And it is told what the hatching means.
    assert view.count(FAINT, right=LEFT, top=45) > _view((LIGHT, 400)).count(
        FAINT, right=LEFT, top=45
    )


def test_a_night_without_gaps_has_no_hatching() -> None:
    view = _view((LIGHT, 400))
    assert not any(view.heights(HATCH, _x(minute, 400)) for minute in range(5, 400, 30))


def test_no_night_is_told_in_words() -> None:
    view = View(draw_night(None, UTC, WORDS))
    assert view.count(FAINT, left=WIDTH / 2 - 80, right=WIDTH / 2 + 80) > 100
    for colour in STAGE_COLOURS.values():
        assert view.count(colour) == 0


# The axis


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        ("2024-03-30 22:00", ["23:00", "00:00", "01:00", "03:00", "04:00", "05:00"]),
        ("2024-10-26 21:00", ["23:00", "00:00", "01:00", "02:00", "02:00", "03:00"]),
    ],
    ids=["an hour is left out", "an hour comes twice"],
)
def test_the_hours_are_those_of_the_clock_and_evenly_apart(start: str, hours: list[str]) -> None:
    begin = minute_of(start)
    axis = Axis(begin, begin + 300, left=LEFT)
    ticks = axis.ticks(BERLIN)
    assert [name for _, name in ticks] == hours
    assert {later - minute for (minute, _), (later, _) in pairwise(ticks)} == {60}
    assert (axis.x(ticks[0][0]), axis.x(ticks[-1][0])) == (LEFT, RIGHT)


@pytest.mark.parametrize(
    ("length", "names"),
    [
        (6, ["22:00"]),
        (60, ["22:00", "22:15", "22:30", "22:45", "23:00"]),
        (150, ["22:00", "22:30", "23:00", "23:30", "00:00", "00:30"]),
        (600, ["22:00", "00:00", "02:00", "04:00", "06:00", "08:00"]),
        (1440, ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"]),
    ],
)
def test_there_are_as_many_times_as_fit(length: int, names: list[str]) -> None:
    axis = Axis(EVENING, EVENING + length, left=LEFT)
    assert [name for _, name in axis.ticks(UTC)] == names


def test_full_hours_are_those_of_the_zone() -> None:
    axis = Axis(EVENING, EVENING + 120, left=LEFT)
    # At 22:00 in UTC it is 03:45 in Kathmandu.
    names = [name for _, name in axis.ticks(ZoneInfo("Asia/Kathmandu"))]
    assert names == ["04:00", "04:30", "05:00", "05:30"]


# Words


def test_words_change_nothing_of_the_chart() -> None:
    told = ((LIGHT, 150), (NOT_WORN, 50), (LIGHT, 200))
    one, other = _view(*told), _view(*told, words=NO_WORDS)
    assert all(
        one.at(x, y) == other.at(x, y)
        for x in range(LEFT, WIDTH, 3)
        for y in range(TOP, int(BOTTOM), 3)
    )
    assert one.count(TEXT) > other.count(TEXT)


def test_a_long_word_does_not_reach_the_chart() -> None:
    long = NightWords(
        stages=dict.fromkeys(Stage, "Superficial sleep, or nearly"), unknown="", nothing=""
    )
    assert _view((LIGHT, 60), words=long).count(TEXT, left=LEFT - 6, top=TOP) == 0


def test_accents_are_left_out() -> None:
    accents = NightWords(stages=dict.fromkeys(Stage, "Éveillé"), unknown="", nothing="")
    plain = NightWords(stages=dict.fromkeys(Stage, "Eveille"), unknown="", nothing="")
    session = _night((LIGHT, 60))
    assert draw_night(session, UTC, accents) == draw_night(session, UTC, plain)


def test_letters_that_the_font_does_not_know_are_not_drawn_as_boxes() -> None:
    chinese = NightWords(stages=dict.fromkeys(Stage, "深睡"), unknown="", nothing="")
    session = _night((LIGHT, 60))
    assert draw_night(session, UTC, chinese) == draw_night(session, UTC, NO_WORDS)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (436, "7 h 16 min")]
)
def test_a_length_of_time_is_told_in_hours_and_minutes(minutes: int, words: str) -> None:
    assert duration(minutes) == words


@pytest.mark.parametrize("colour", [TEXT, FAINT, RESTING])
def test_words_can_be_read(colour: tuple[int, int, int]) -> None:
    assert contrast(colour, BACKGROUND) >= 4.5


@pytest.mark.parametrize("colour", [*STAGE_COLOURS.values(), PULSE])
def test_what_is_shown_can_be_seen(colour: tuple[int, int, int]) -> None:
    assert contrast(colour, BACKGROUND) >= 3
    # On a hatched place as well.
    assert contrast(colour, SHADE) >= 3


def test_the_heart_rate_can_be_seen_on_its_range() -> None:
    assert contrast(PULSE, RANGE) >= 3


@settings(max_examples=15)
@given(stretches())
def test_any_sleep_can_be_drawn(told: list[Stretch]) -> None:
    for session in sleep_of(diary(EVENING, *told, (WALK, 1))):
        view = View(draw_night(session, BERLIN, WORDS))
        shown = {
            stage
            for stage, colour in STAGE_COLOURS.items()
            if any(
                view.shows(colour, x / DENSITY, ROWS[stage])
                for x in range(LEFT * DENSITY, RIGHT * DENSITY)
            )
        }
        assert shown == {span.stage for span in session.stages}
