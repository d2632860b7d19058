"""Sleep found in the minutes of the emulated band, against what its wearer lived.

The two were written apart from each other, from the documents: what one side has misread, the
other tells.
"""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from custom_components.mi_band.band.kinds import Kind, resolve_kinds
from custom_components.mi_band.band.minutes import Minute
from custom_components.mi_band.band.sleep import SleepSession, Stage, find_sleep
from tests.emulator.clock import Clock
from tests.emulator.history import History, Past, Posture
from tests.emulator.life import Doing
from tests.emulator.truth import Lived, Slept, Truth

NOON = datetime(2024, 11, 3, 12, 0, tzinfo=UTC)
"""A week after the end of daylight saving in Europe."""
NIGHTS = 60
STAGES = {
    Doing.LIGHT_SLEEP: Stage.LIGHT,
    Doing.DEEP_SLEEP: Stage.DEEP,
    Doing.AWAKE_IN_BED: Stage.AWAKE,
}
KINDS = {
    Doing.SITTING: {Kind.STILL, Kind.WALKING, Kind.AWAKE, Kind.UNKNOWN},
    Doing.WALKING: {Kind.WALKING},
    Doing.RUNNING: {Kind.RUNNING},
    Doing.CYCLING: {Kind.CYCLING},
    Doing.LIGHT_SLEEP: {Kind.LIGHT_SLEEP},
    Doing.DEEP_SLEEP: {Kind.DEEP_SLEEP},
    Doing.AWAKE_IN_BED: {Kind.STILL, Kind.WALKING, Kind.AWAKE},
    Doing.NOT_WORN: {Kind.NOT_WORN},
    Doing.CHARGING: {Kind.CHARGING},
}


def _truth(seed: int, zone: tzinfo) -> Truth:
    past = Past(days=NIGHTS, seed=seed)
    return Truth(History(Clock(lambda: NOON, zone), Posture(), past))


def _minutes(lived: list[Lived], zone: tzinfo) -> list[Minute]:
    return [Minute(one.minute, _quarters(one.minute, zone), *one[1:5]) for one in lived]


def _quarters(minute: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(minute * 60, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) // 900


def _told(session: SleepSession) -> list[tuple[int, int, Stage]]:
    return [(start, length, stage) for start, length, stage in session.stages]


def _lived(slept: Slept) -> list[tuple[int, int, Stage]]:
    return [(start, length, STAGES[doing]) for start, length, doing in slept.stages]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_every_sleep_is_found_minute_by_minute(seed: int, zone: str) -> None:
    truth = _truth(seed, ZoneInfo(zone))
    minutes = _minutes(truth.minutes(), ZoneInfo(zone))
    sessions = find_sleep(minutes, resolve_kinds(minutes))
    sleeps = truth.sleeps()
    assert len(sleeps) > NIGHTS - 5
    # What is left of the night before the first minute may be too short to count.
    assert [_told(session) for session in sessions][1:] == [_lived(slept) for slept in sleeps][1:]


@pytest.mark.parametrize("seed", range(1, 6))
def test_naps_are_told_from_nights(seed: int) -> None:
    truth = _truth(seed, UTC)
    minutes = _minutes(truth.minutes(), UTC)
    sessions = find_sleep(minutes, resolve_kinds(minutes))
    assert any(session.is_nap for session in sessions)
    # The first night began before the first minute, and may be short.
    assert [session.is_nap for session in sessions[1:]] == [
        slept.nap for slept in truth.sleeps()[1:]
    ]


def test_every_minute_has_a_kind_that_fits_what_was_done() -> None:
    lived = _truth(1, UTC).minutes()
    kinds = resolve_kinds(_minutes(lived, UTC))
    wrong = {
        (one.doing, kind)
        for one, kind in zip(lived, kinds, strict=True)
        if one.doing in KINDS and kind not in KINDS[one.doing]
    }
    assert not wrong
