"""Minutes that were recorded while the clock was wrong."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.clock_error import ClockError
from custom_components.mi_band.band.minutes import Minute

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOW_MINUTE = 29_552_400 + 7_200


def minute(number: int, steps: int = 0) -> Minute:
    """Return a minute that its number tells from its neighbours."""
    return Minute(number, 4, 0x50, number % 256, steps, 255)


def stamped(error: ClockError, happened: range) -> list[Minute]:
    """Return minutes as a band stamps them whose clock is wrong."""
    return [minute(number)._replace(minute=number + error.ahead) for number in happened]


def happened(span: range) -> list[Minute]:
    """Return minutes as they happened."""
    return [minute(number) for number in span]


def error_of(ahead: int, now: int = NOW_MINUTE) -> ClockError:
    """Return the error of a clock that is so many minutes ahead."""
    return ClockError(ahead=ahead, shown=now + ahead)


@pytest.mark.parametrize(
    "off", [timedelta(), timedelta(seconds=299), -timedelta(seconds=299)], ids=str
)
def test_a_clock_that_runs_a_little_wrong_is_right(off: timedelta) -> None:
    assert ClockError.of(NOW + off, NOW) is None


def test_a_clock_that_shows_no_time_has_no_error_to_reckon_with() -> None:
    assert ClockError.of(None, NOW) is None


@pytest.mark.parametrize(
    ("off", "minutes"),
    [
        (timedelta(minutes=5), 5),
        (timedelta(minutes=-7, seconds=-10), -7),
        (timedelta(hours=3), 180),
        (timedelta(days=-365), -525_600),
    ],
    ids=str,
)
def test_the_error_is_told_in_minutes(off: timedelta, minutes: int) -> None:
    error = ClockError.of(NOW + off, NOW)
    assert error is not None
    assert error.ahead == minutes
    assert error.shown == int((NOW + off).timestamp()) // 60


def test_the_zone_of_the_clock_makes_no_error() -> None:
    assert ClockError.of(NOW.astimezone(None), NOW) is None


def test_a_clock_that_is_behind_is_asked_from_before_what_was_fetched() -> None:
    assert error_of(-600).first_wanted(1_000_000) == 999_400


def test_a_clock_that_is_ahead_is_asked_from_what_was_fetched() -> None:
    """Before it went wrong there may have been minutes with the right time."""
    assert error_of(600).first_wanted(1_000_000) == 1_000_000


@given(
    ahead=st.one_of(st.integers(-600_000, -5), st.integers(5, 600_000)),
    wrong=st.integers(1, 300),
    before=st.integers(0, 300),
)
def test_minutes_come_to_when_they_happened(ahead: int, wrong: int, before: int) -> None:
    """Some of them, not fetched yet, were recorded before the clock went wrong."""
    went_wrong = NOW_MINUTE - wrong
    fetched_until = went_wrong - before
    error = error_of(ahead)
    true = happened(range(went_wrong, NOW_MINUTE))
    batch = stamped(error, range(went_wrong, NOW_MINUTE))
    put_right = error.put_right(batch, fetched_until=fetched_until, stored=())
    assert put_right == true
    early = happened(range(fetched_until, went_wrong))
    # Where the error is smaller, stamps of both lie in the same span and cannot be told apart.
    if abs(ahead) > before + wrong:
        assert error.put_right(early, fetched_until=fetched_until, stored=()) == early


def test_what_is_known_already_is_not_moved_onto_later_minutes() -> None:
    """Behind by less than what was fetched last: the band gives that again, and then the rest."""
    error = error_of(-30)
    fetched_until = NOW_MINUTE - 60
    known = happened(range(fetched_until - 30, fetched_until))
    # The band was off for 30 minutes after the last fetch, and has run for 30 since.
    new = stamped(error, range(NOW_MINUTE - 30, NOW_MINUTE))
    put_right = error.put_right([*known, *new], fetched_until=fetched_until, stored=known)
    assert put_right == happened(range(NOW_MINUTE - 30, NOW_MINUTE))


def test_what_the_clock_has_not_come_to_yet_was_recorded_before_it_went_wrong() -> None:
    error = error_of(-525_600)
    early = happened(range(NOW_MINUTE - 100, NOW_MINUTE - 90))
    late = stamped(error, range(NOW_MINUTE - 5, NOW_MINUTE))
    put_right = error.put_right([*late, *early], fetched_until=NOW_MINUTE - 100, stored=())
    assert put_right == [*happened(range(NOW_MINUTE - 5, NOW_MINUTE)), *early]


@given(ahead=st.one_of(st.integers(-600_000, -5), st.integers(5, 600_000)))
def test_no_minute_comes_twice(ahead: int) -> None:
    batch = [minute(number) for number in range(NOW_MINUTE - 500 + ahead, NOW_MINUTE + ahead)]
    put_right = error_of(ahead).put_right(batch, fetched_until=NOW_MINUTE - 500, stored=())
    assert all(one.minute < other.minute for one, other in pairwise(put_right))


@pytest.mark.parametrize("ahead", [-600, 600])
def test_a_workout_is_moved_like_the_minutes_around_it(ahead: int) -> None:
    error = error_of(ahead)
    began = datetime.fromtimestamp((NOW_MINUTE - 50) * 60 + 10, UTC)
    stamp = began + timedelta(minutes=ahead)
    assert error.put_moment_right(stamp, fetched_until=NOW_MINUTE - 100) == began


def test_a_workout_before_the_clock_went_wrong_stays_where_it_was() -> None:
    began = datetime.fromtimestamp((NOW_MINUTE - 50) * 60, UTC)
    for ahead in (-525_600, 525_600):
        put_right = error_of(ahead).put_moment_right(began, fetched_until=NOW_MINUTE - 100)
        assert put_right == began


def test_another_reading_of_the_same_error_moves_by_the_same_minutes() -> None:
    """Half a minute more or less is read from one link to the next."""
    first, second = error_of(-60), error_of(-61, NOW_MINUTE + 20)
    assert second.as_before(first.ahead) == ClockError(ahead=-60, shown=second.shown)
    other = error_of(-62)
    assert other.as_before(first.ahead) == other
