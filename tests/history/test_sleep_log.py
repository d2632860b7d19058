"""Sleep read from the store piece by piece, against all of it at once."""

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.mi_band import sleep_log
from custom_components.mi_band.history import History
from custom_components.mi_band.sleep_log import read_sleep
from tests.band.diary import DEEP, LIGHT, NO_CHANGE, WALK, Stretch, diary, sleep_of, stretches

BAND = "0123456789abcdef"
PIECE = 200


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a piece shorter than a night."""
    monkeypatch.setattr(sleep_log, "PIECE_MINUTES", PIECE)


def _commit(history: History, *told: Stretch) -> None:
    history.forget(BAND)
    minutes = diary(0, *told)
    if minutes:
        history.commit_minutes(BAND, minutes, fetched_until=minutes[-1].minute + 1)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
@given(told=stretches(), start=st.integers(-100, 1500), length=st.integers(0, 3000))
def test_a_span_has_the_sessions_that_lie_in_it(
    history: History, told: list[Stretch], start: int, length: int
) -> None:
    _commit(history, *told)
    end = start + length
    assert list(read_sleep(history, BAND, start, end)) == [
        session
        for session in sleep_of(diary(0, *told))
        if session.start < end and session.end > start
    ]


def test_a_night_longer_than_a_piece_is_whole(history: History) -> None:
    told = ((WALK, 100), (LIGHT, 1), (NO_CHANGE, 3 * PIECE), (DEEP, 50), (WALK, 100))
    _commit(history, *told)
    assert list(read_sleep(history, BAND, 0, 2000)) == sleep_of(diary(0, *told))


def test_a_night_is_in_each_span_that_it_touches(history: History) -> None:
    _commit(history, (WALK, 100), (LIGHT, 300), (WALK, 100))
    assert len(list(read_sleep(history, BAND, 0, 101))) == 1
    assert len(list(read_sleep(history, BAND, 399, 500))) == 1
    assert not list(read_sleep(history, BAND, 0, 100))
    assert not list(read_sleep(history, BAND, 400, 500))


def test_the_word_of_the_band_ends_the_night(history: History) -> None:
    _commit(history, (WALK, 100), (LIGHT, 300), (WALK, 10))
    (night,) = read_sleep(history, BAND, 0, 500)
    assert not night.final
    (night,) = read_sleep(history, BAND, 0, 500, woke_up=405)
    assert night.final


def test_a_band_without_minutes_has_no_sleep(history: History) -> None:
    assert not list(read_sleep(history, BAND, 0, 5000))
