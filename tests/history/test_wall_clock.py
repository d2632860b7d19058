"""Clocks on walls: summer and winter, odd zones and travel neither lose nor double a minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.mi_band.band.fetch import Batch, RecordKind
from custom_components.mi_band.band.minutes import decode_minutes
from custom_components.mi_band.band.profile import Profile, Sex
from custom_components.mi_band.band.wire import decode_zone, encode_zone
from custom_components.mi_band.history import History
from custom_components.mi_band.hours import all_hours

ADA = "0123456789abcdef"
BERLIN = "Europe/Berlin"
MAN = Profile(born=date(1990, 1, 1), sex=Sex.MALE, height_cm=200, weight_kg=80.0, user_id=1)


def recorded(start: datetime, count: int, *, steps: int = 1) -> Batch:
    """Return what a band sends that was told the zone of `start`, and knows no other."""
    zone = decode_zone(encode_zone(start))
    assert zone is not None
    return Batch(
        kind=RecordKind.MINUTES,
        start=start.astimezone(zone),
        records=bytes((0x01, 9, steps, 255)) * count,
    )


def at(zone: str, *moment: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = moment
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)


def commit(history: History, batches: Sequence[Batch]) -> None:
    for batch in batches:
        history.commit_minutes(ADA, decode_minutes(batch))


def moments(history: History) -> list[datetime]:
    return [
        datetime.fromtimestamp(minute.minute * 60, UTC)
        for minute in history.minutes(ADA, 0, 1 << 40)
    ]


def without_a_break(start: datetime, count: int) -> list[datetime]:
    return [start.astimezone(UTC) + timedelta(minutes=index) for index in range(count)]


def test_the_hour_that_comes_twice_in_autumn_is_kept_twice(history: History) -> None:
    # From 02:00 to 03:00 on the wall, once in summer time and once more in winter time.
    summer = at(BERLIN, 2026, 10, 25, 1, 0)
    winter = at(BERLIN, 2026, 10, 25, 2, 0, fold=1)
    commit(history, [recorded(summer, 120), recorded(winter, 60, steps=2)])
    assert moments(history) == without_a_break(summer, 180)
    assert sum(hour.steps for hour in all_hours(history, ADA, MAN)) == 120 + 120


def test_a_band_that_was_not_told_of_winter_time_yet_is_read_once(history: History) -> None:
    # The same minutes, first under the summer's clock and then under that of the winter.
    summer = at(BERLIN, 2026, 10, 25, 1, 0)
    commit(history, [recorded(summer, 240)])
    commit(history, [recorded(at(BERLIN, 2026, 10, 25, 2, 0, fold=1), 120)])
    assert moments(history) == without_a_break(summer, 240)
    zones = [minute.zone for minute in history.minutes(ADA, 0, 1 << 40)]
    assert zones == [8] * 120 + [4] * 120


def test_the_hour_that_is_left_out_in_spring_leaves_no_hole(history: History) -> None:
    winter = at(BERLIN, 2026, 3, 29, 1, 0)
    summer = at(BERLIN, 2026, 3, 29, 3, 0)
    commit(history, [recorded(winter, 60), recorded(summer, 60)])
    assert moments(history) == without_a_break(winter, 120)


@pytest.mark.parametrize(
    ("zone", "quarter_hours"),
    [
        ("Asia/Kolkata", 22),
        ("Asia/Kathmandu", 23),
        ("America/St_Johns", -14),
        ("Australia/Lord_Howe", 44),
        ("Pacific/Chatham", 55),
        ("Pacific/Kiritimati", 56),
        ("Pacific/Pago_Pago", -44),
    ],
)
def test_odd_zones_count_every_step_once(history: History, zone: str, quarter_hours: int) -> None:
    midnight = at(zone, 2026, 1, 10, 0, 0)
    commit(history, [recorded(midnight, 700), recorded(midnight + timedelta(hours=11), 780)])
    assert moments(history) == without_a_break(midnight, 1440)
    assert {minute.zone for minute in history.minutes(ADA, 0, 1 << 40)} == {quarter_hours}
    hours = all_hours(history, ADA, MAN)
    assert sum(hour.steps for hour in hours) == 1440
    # Hours are those of UTC, so a day of such a zone begins within one.
    first_minutes = 60 - (midnight.astimezone(UTC).minute or 0)
    assert hours[0].steps == first_minutes


@pytest.mark.parametrize(
    ("left", "arrived"),
    [("Asia/Tokyo", "America/Los_Angeles"), ("America/Los_Angeles", "Asia/Tokyo")],
)
def test_a_journey_keeps_every_minute(history: History, left: str, arrived: str) -> None:
    # Westward the same day comes again on the wall; eastward most of one is left out.
    start = at(left, 2026, 6, 1, 12, 0)
    landed = (start + timedelta(hours=10)).astimezone(ZoneInfo(arrived))
    commit(history, [recorded(start, 600), recorded(landed, 300, steps=2)])
    assert moments(history) == without_a_break(start, 900)
    assert sum(hour.steps for hour in all_hours(history, ADA, MAN)) == 1200


def test_a_minute_tells_the_zone_it_was_recorded_in(history: History) -> None:
    start = at("Asia/Tokyo", 2026, 6, 1, 12, 0)
    landed = at("America/Los_Angeles", 2026, 6, 1, 6, 0)
    commit(history, [recorded(start, 2), recorded(landed, 2)])
    assert [minute.zone for minute in history.minutes(ADA, 0, 1 << 40)] == [36, 36, -28, -28]
