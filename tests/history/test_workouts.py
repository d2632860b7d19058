"""Workouts in the store: as the band sent them, so that a better decoder can read them again."""

from datetime import UTC, datetime, timedelta, timezone
import struct

import pytest

from custom_components.mi_band.band.fetch import Batch, RecordKind
from custom_components.mi_band.band.workouts import Workout, decode_track, decode_workout
from custom_components.mi_band.history import History

ADA = "0123456789abcdef"
BOB = "fedcba9876543210"
KATHMANDU = timezone(timedelta(hours=5, minutes=45))
START = datetime(2026, 3, 1, 10, 0, 30, tzinfo=KATHMANDU)
HOUR = timedelta(hours=1)
# Two records of eight bytes, by the table in protocol-data.md section 7.5: a heart rate each.
DETAILS = bytes((1, 0, 120, 0, 0, 0, 0, 0)) + bytes((1, 10, 130, 0, 0, 0, 0, 0))


def a_workout(start: datetime, *, sport: int = 1, minutes: int = 30) -> Workout:
    """Build a summary by the table in protocol-data.md section 7.2, its numbers all zero."""
    begun = int(start.timestamp())
    head = struct.pack("<HHIIiii", 1, sport, begun, begun + minutes * 60, 0, 0, -20_000)
    return decode_workout(
        Batch(kind=RecordKind.WORKOUT_SUMMARY, start=start, records=head.ljust(128, b"\0"))
    )


def test_a_workout_is_read_back_as_it_was_decoded(history: History) -> None:
    workout = a_workout(START)
    history.commit_workout(ADA, workout, fetched_until=29_000_000)
    assert history.workouts(ADA, START, START + HOUR) == [workout]
    assert history.last_workout(ADA) == workout
    assert history.fetched_until(ADA, RecordKind.WORKOUT_SUMMARY) == 29_000_000
    assert history.fetched_until(ADA, RecordKind.MINUTES) is None


def test_a_workout_keeps_the_zone_it_was_recorded_in(history: History) -> None:
    history.commit_workout(ADA, a_workout(START))
    (found,) = history.workouts(ADA, START, START + HOUR)
    assert found.start.utcoffset() == timedelta(hours=5, minutes=45)
    assert found.start.isoformat() == START.isoformat()


def test_a_workout_that_comes_again_is_there_once_and_keeps_its_track(history: History) -> None:
    workout = a_workout(START)
    history.commit_workout(ADA, workout)
    history.commit_track(ADA, START, DETAILS)
    again = a_workout(START, sport=3)
    history.commit_workout(ADA, again)
    assert history.workouts(ADA, START, START + HOUR) == [again]
    assert history.track(ADA, again) is not None


def test_workouts_are_found_by_when_they_began(history: History) -> None:
    first, second = a_workout(START), a_workout(START + HOUR)
    history.commit_workout(ADA, second)
    history.commit_workout(ADA, first)
    assert history.workouts(ADA, START, START + 2 * HOUR) == [first, second]
    assert history.workouts(ADA, START + timedelta(seconds=1), START + HOUR) == []
    assert history.last_workout(ADA) == second


def test_a_track_is_read_back_as_it_was_decoded(history: History) -> None:
    workout = a_workout(START)
    history.commit_workout(ADA, workout)
    assert history.track(ADA, workout) is None
    assert history.workouts_without_track(ADA) == [workout]
    history.commit_track(ADA, START, DETAILS)
    track = history.track(ADA, workout)
    assert track == decode_track(
        Batch(kind=RecordKind.WORKOUT_DETAILS, start=START, records=DETAILS), workout
    )
    assert [pulse.bpm for pulse in track.pulses] == [120, 130]
    assert history.workouts_without_track(ADA) == []


def test_a_workout_without_details_is_not_asked_for_again(history: History) -> None:
    workout = a_workout(START)
    history.commit_workout(ADA, workout)
    history.commit_track(ADA, START, b"")
    assert history.workouts_without_track(ADA) == []
    assert history.track(ADA, workout) is None


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-3, minutes=-30))])
def test_bands_do_not_see_each_others_workouts(history: History, zone: timezone) -> None:
    start = START.astimezone(zone)
    history.commit_workout(ADA, a_workout(start))
    history.commit_workout(BOB, a_workout(start, sport=3))
    assert history.last_workout(ADA) == a_workout(start)
    history.forget(ADA)
    assert history.last_workout(ADA) is None
    assert history.last_workout(BOB) == a_workout(start, sport=3)
