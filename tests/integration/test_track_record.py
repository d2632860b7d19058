"""How the keeper counts what came of its tries, and how long it rests."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mi_band.band.errors import BandError, KeyRejected, LinkLost
from custom_components.mi_band.keeper import TrackRecord

HOUR = timedelta(hours=1)


def test_each_failure_in_a_row_doubles_the_rest_up_to_five_minutes() -> None:
    record = TrackRecord()
    rests = []
    for _ in range(10):
        record.count(failed=True)
        rests.append(record.pause.total_seconds())
    assert rests == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_even_endless_failure_rests_no_longer_than_five_minutes() -> None:
    record = TrackRecord()
    for _ in range(100_000):
        record.count(failed=True)
    assert record.pause == timedelta(minutes=5)


def test_a_link_that_served_ends_the_row() -> None:
    record = TrackRecord()
    record.count(failed=True)
    record.count(failed=False)
    assert (record.failures, record.failing_since) == (0, None)
    assert record.pause == timedelta()
    record.count(failed=True)
    assert record.pause == timedelta(seconds=2)


def test_a_row_is_told_from_its_first_failure_on(freezer: FrozenDateTimeFactory) -> None:
    record = TrackRecord()
    record.count(failed=True)
    first = dt_util.utcnow()
    freezer.tick(HOUR)
    record.count(failed=True)
    assert record.failing_since == first


@pytest.mark.parametrize(
    ("err", "connected", "drops"),
    [(LinkLost("gone"), True, 1), (LinkLost("gone"), False, 0), (KeyRejected(0x04), True, 0)],
    ids=["a link that broke", "a try that failed", "a key that was refused"],
)
async def test_only_a_link_that_broke_is_a_drop(
    err: BandError, drops: int, *, connected: bool
) -> None:
    record = TrackRecord()
    record.note_error(err, connected=connected)
    assert record.drops_within(HOUR) == drops
    assert record.last_error == err.code
