"""Stored records of the emulated band: in every form, with every trouble, cut everywhere."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.mi_band.band import fetch as module, transfer
from custom_components.mi_band.band.alerts import Alert, send_alert
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.errors import (
    BandBusy,
    BandError,
    BandSilent,
    FetchRefused,
    LinkLost,
    MalformedPacket,
    RecordsLost,
)
from custom_components.mi_band.band.fetch import Batch, RecordKind, fetch
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.minutes import Minute, decode_minutes
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.band.workouts import (
    Pause,
    Point,
    Pulse,
    Track,
    Workout,
    decode_track,
    decode_workout,
)
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.fetch import Amount, Block, Manner, Trouble
from tests.emulator.sports import Sport
from tests.emulator.workouts import Workout as StoredWorkout

from .lab import Lab, items, notify, state, traffic

_BERLIN = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 7, 15, 12, 0, 20, tzinfo=_BERLIN)
_SINCE = _NOW - timedelta(days=100)
_MINUTES = RecordKind.MINUTES
_WAITS_S = 30.0
"""More than any of this takes; waiting longer is hanging."""
_SHORT_WAIT = timedelta(milliseconds=60)
_BLOCK = 30
"""Minutes of a short round: eight packets."""


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("REPLY_TIMEOUT", "SILENCE_TIMEOUT", "ACKNOWLEDGEMENT_TIMEOUT", "BUSY_PAUSE", "QUIET")
    for name in names:
        monkeypatch.setattr(module, name, _SHORT_WAIT)


async def _band(lab: Lab, manner: Manner | None = None, *, days: int = 1) -> EmulatedBand:
    return await lab.band(days=days, now=lambda: _NOW, zone=_BERLIN, records=manner or Manner())


async def _one(
    link: Link, since: datetime = _SINCE, kind: RecordKind = _MINUTES, *, keep: bool = False
) -> Batch:
    async with asyncio.timeout(_WAITS_S), fetch(link, kind, since, keep=keep) as batch:
        pass
    return batch


async def _all(link: Link, since: datetime = _SINCE, *, keep: bool = False) -> list[Minute]:
    """Fetch round by round until the band has no more."""
    minutes: list[Minute] = []
    while True:
        batch = await _one(link, since, keep=keep)
        if not batch.records:
            return minutes
        minutes += decode_minutes(batch)
        since = datetime.fromtimestamp((minutes[-1].minute + 1) * 60, UTC)


def _stored(band: EmulatedBand) -> list[tuple[int, int, int, int, int]]:
    """What the band holds, by its own account."""
    return [(number, *minute) for number, minute in band.history.since(_SINCE)]


def _seen(minutes: list[Minute]) -> list[tuple[int, int, int, int, int]]:
    return [
        (minute.minute, minute.kind, minute.intensity, minute.steps, minute.heart_rate)
        for minute in minutes
    ]


def _acknowledged(band: EmulatedBand) -> int:
    acknowledged = state(band, "records")["acknowledged"]
    assert isinstance(acknowledged, list)
    return len(acknowledged)


def _starts(band: EmulatedBand) -> int:
    starts = state(band, "records")["fetches"]
    assert isinstance(starts, list)
    return len(starts)


# Every form that the documents allow

_MANNERS = {
    "a day a round": Manner(),
    "232 minutes a round": Manner(block=232),
    "all at once": Manner(block=Block.ALL),
    "as the MTU allows": Manner(packet=None, block=Block.ALL),
    "one minute a packet": Manner(packet=4, block=600),
    "minutes across packets": Manner(packet=19),
    "241 bytes": Manner(packet=240),
    "counted in bytes": Manner(amount=Amount.BYTES),
    "counted in packets": Manner(amount=Amount.PACKETS),
    "replies of later devices": Manner(long_start=True, checksum=True),
    "rounds have to be closed": Manner(strict=True),
    "what is acknowledged is gone": Manner(delete=True, block=500),
    "gone, strict, checked and wide": Manner(
        delete=True, strict=True, checksum=True, packet=None, amount=Amount.BYTES
    ),
}


@pytest.mark.parametrize("manner", _MANNERS.values(), ids=_MANNERS)
async def test_every_minute_comes_once_however_the_band_gives_it(lab: Lab, manner: Manner) -> None:
    band = await _band(lab, manner)
    stored = _stored(band)
    async with lab.open(band) as link:
        assert _seen(await _all(link)) == stored
    assert len(stored) > 1440


async def test_a_band_may_give_minute_by_minute(lab: Lab) -> None:
    band = await _band(lab, Manner(block=1))
    async with lab.open(band) as link:
        assert _seen(await _all(link, _NOW - timedelta(minutes=20))) == _stored(band)[-20:]
    assert _acknowledged(band) == 20


@pytest.mark.parametrize("mtu", [23, 185, 247])
@pytest.mark.parametrize("packet", [16, None], ids=["16 bytes", "as large as it can be"])
async def test_every_minute_comes_once_at_every_mtu(lab: Lab, mtu: int, packet: int | None) -> None:
    if mtu == 23:
        lab.adapter.mtu = None
    band = await lab.band(days=1, now=lambda: _NOW, mtu=mtu, records=Manner(packet=packet))
    async with lab.open(band) as link:
        assert link.mtu == mtu
        assert _seen(await _all(link)) == _stored(band)


async def test_records_that_are_to_stay_are_never_acknowledged(lab: Lab) -> None:
    band = await _band(lab, Manner(delete=True))
    stored = _stored(band)
    async with lab.open(band) as link:
        assert _seen(await _all(link, keep=True)) == stored
    assert _stored(band) == stored
    assert _acknowledged(band) == 0


async def test_a_minute_carries_the_zone_that_it_was_lived_in(lab: Lab) -> None:
    """The clocks went forward in the night to 29 March 2026, and the band was told so."""
    now = datetime(2026, 3, 29, 12, 0, 20, tzinfo=_BERLIN)
    band = await lab.band(days=2, now=lambda: now, zone=_BERLIN)
    async with lab.open(band) as link:
        minutes = await _all(link, now - timedelta(days=3))
    change = int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()) // 60
    assert {minute.zone for minute in minutes if minute.minute < change} == {4}
    assert {minute.zone for minute in minutes if minute.minute >= change} == {8}
    numbers = [minute.minute for minute in minutes]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


# Trouble

_REPEATED = {
    "the first packet is missing": Trouble(missing=(0,)),
    "one in the middle is missing": Trouble(missing=(3,)),
    "the last is missing": Trouble(missing=(7,)),
    "one comes twice": Trouble(doubled=(3,)),
    "the last comes twice": Trouble(doubled=(7,)),
    "a counter is wrong": Trouble(wrong_counter=(3,)),
    "bytes that belong to nothing": Trouble(stray=b"\x50\x00\x00"),
    "a minute too many": Trouble(stray=b"\x50\x00\x00\x00"),
    "the end is not told": Trouble(silent_end=True),
}


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("trouble", _REPEATED.values(), ids=_REPEATED)
async def test_a_round_with_trouble_is_repeated_and_then_acknowledged(
    lab: Lab, trouble: Trouble
) -> None:
    band = await _band(lab, Manner(block=_BLOCK))
    async with lab.open(band) as link:
        band.faults.records(trouble)
        batch = await _one(link)
    assert batch.complete
    assert _seen(decode_minutes(batch)) == _stored(band)[:_BLOCK]
    assert (_starts(band), _acknowledged(band)) == (2, 1)


_KEPT = {
    "the first packet is missing": 0,
    "one in the middle is missing": 12,
    "the last is missing": 28,
    "one comes twice": 16,
    "the last comes twice": 30,
    "a counter is wrong": 12,
    "bytes that belong to nothing": 28,
    "a minute too many": 30,
    "the end is not told": 30,
}
"""How many of the minutes are left when it happens twice."""


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("name", _REPEATED)
async def test_of_a_round_with_trouble_twice_the_head_is_kept_and_nothing_acknowledged(
    lab: Lab, name: str
) -> None:
    band = await _band(lab, Manner(block=_BLOCK))
    stored = _stored(band)
    async with lab.open(band) as link:
        band.faults.records(_REPEATED[name], 2)
        try:
            first = _seen(decode_minutes(await _one(link)))
        except RecordsLost:
            first = []
        assert _acknowledged(band) == 0
        assert (first, len(first)) == (stored[: len(first)], _KEPT[name])
        # It goes on behind them, and in the end nothing is missing.
        since = datetime.fromtimestamp(stored[len(first)][0] * 60, UTC)
        assert first + _seen(await _all(link, since)) == stored


async def test_a_wrong_checksum_is_seen(lab: Lab) -> None:
    band = await _band(lab, Manner(block=_BLOCK, checksum=True))
    async with lab.open(band) as link:
        band.faults.records(Trouble(wrong_checksum=True))
        assert _seen(decode_minutes(await _one(link))) == _stored(band)[:_BLOCK]
    assert (_starts(band), _acknowledged(band)) == (2, 1)


@pytest.mark.usefixtures("short_waits")
async def test_a_busy_band_gives_its_records_when_it_is_asked_again(lab: Lab) -> None:
    band = await _band(lab)
    async with lab.open(band) as link:
        band.faults.records(Trouble(start=2), 3)
        assert (await _one(link)).complete
        band.faults.records(Trouble(start=2), 4)
        with pytest.raises(BandBusy):
            await _one(link)
        assert (await _one(link)).complete


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble(start=4), FetchRefused),
        (Trouble(send=4), FetchRefused),
        (Trouble(end=4), FetchRefused),
        (Trouble(silent_start=True), BandSilent),
        (Trouble(garbled=True), BandSilent),
        (Trouble(silent_send=True), RecordsLost),
        (Trouble(start_reply=bytes.fromhex("100101 05000000 e8070d09071e00 08")), MalformedPacket),
        (Trouble(start_reply=bytes.fromhex("100101 05000000 e8070309071e00 7f")), MalformedPacket),
    ],
    ids=str,
)
async def test_what_the_band_refuses_is_told_and_not_acknowledged(
    lab: Lab, trouble: Trouble, error: type[BandError]
) -> None:
    band = await _band(lab)
    async with lab.open(band) as link:
        band.faults.records(trouble)
        with pytest.raises(error):
            await _one(link)
        assert _acknowledged(band) == 0
    async with lab.open(band) as link:
        assert _seen(await _all(link)) == _stored(band)


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize(
    "trouble", [Trouble(silent_acknowledge=True), Trouble(acknowledge=4)], ids=["silent", "no"]
)
async def test_what_the_band_says_to_the_acknowledgement_does_not_matter(
    lab: Lab, trouble: Trouble
) -> None:
    band = await _band(lab)
    async with lab.open(band) as link:
        band.faults.records(trouble, 2)
        assert _seen(await _all(link)) == _stored(band)


async def test_the_short_form_of_the_reply_is_nothing(lab: Lab) -> None:
    band = await _band(lab)
    async with lab.open(band) as link:
        band.faults.records(Trouble(start_reply=bytes.fromhex("100101 050000")))
        assert (await _one(link)).records == b""


@pytest.mark.usefixtures("short_waits")
async def test_a_band_that_falls_silent_leaves_what_it_sent_and_works_on_a_new_link(
    lab: Lab,
) -> None:
    band = await _band(lab)
    async with lab.open(band) as link:
        band.faults.records(Trouble(silent_after=7))
        batch = await _one(link)
        assert (len(batch.records), batch.complete) == (7 * 16, False)
        with pytest.raises(BandBusy):
            await _one(link)
    async with lab.open(band) as link:
        assert _seen(await _all(link)) == _stored(band)


async def test_a_band_that_sends_without_end_is_given_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LONGEST_TRANSFER", 64 * 1024)
    band = await _band(lab, Manner(packet=240))
    async with lab.open(band) as link:
        band.faults.records(Trouble(endless=True))
        with pytest.raises(RecordsLost):
            await _one(link)
    async with lab.open(band) as link:
        assert _seen(await _all(link)) == _stored(band)


# What does not reach the store


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
async def test_records_that_could_not_be_stored_are_given_again(lab: Lab, *, strict: bool) -> None:
    band = await _band(lab, Manner(delete=True, strict=strict))
    stored = _stored(band)
    async with lab.open(band) as link:
        with pytest.raises(OSError, match="full"):
            async with fetch(link, _MINUTES, _SINCE):
                raise OSError("the disk is full")
        if strict:
            with pytest.raises(BandBusy):
                await _one(link)
        else:
            assert _seen(await _all(link)) == stored
            return
    assert _stored(band) == stored
    async with lab.open(band) as link:
        assert _seen(await _all(link)) == stored


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
async def test_a_transfer_that_was_given_up_does_not_spoil_the_next_one(
    lab: Lab, *, strict: bool
) -> None:
    """There is no way to stop the band: it goes on sending to nobody."""
    band = await _band(lab, Manner(delete=True, strict=strict))
    stored = _stored(band)

    def enough(done: int, _: int) -> None:
        if done >= 160:
            raise OSError("the disk is full")

    async with lab.open(band) as link:
        with pytest.raises(OSError, match="full"):
            async with fetch(link, _MINUTES, _SINCE, received=enough):
                pass
        assert band._fetch.busy
        if not strict:
            assert _seen(await _all(link)) == stored
            return
        with pytest.raises(BandBusy):
            await _one(link)
    assert _stored(band) == stored
    async with lab.open(band) as link:
        assert _seen(await _all(link)) == stored


# Everything else goes on meanwhile


async def test_alerts_and_live_values_pass_a_long_transfer(lab: Lab) -> None:
    band = await _band(lab, Manner(block=200))
    band.faults.records(Trouble(packet_s=0.01))
    async with lab.open(band) as link, link.notifications(Characteristic.DEVICE_EVENT) as events:
        fetching = asyncio.create_task(_one(link))
        await band.wait_for(lambda: band._fetch.busy)
        await send_alert(link, Alert(title="Alice", body="now"))
        notify(band, "0010", b"\x04")
        async with asyncio.timeout(_WAITS_S):
            while (await anext(events)).value != b"\x04":
                pass
        assert (await read_battery(link)).level_percent == 77
        assert [alert["body"] for alert in items(band, "alerts")] == ["now"]
        assert band._fetch.busy
        assert not fetching.done()
        assert _seen(decode_minutes(await fetching)) == _stored(band)[:200]


async def test_two_fetches_at_once_come_one_after_the_other(lab: Lab) -> None:
    band = await _band(lab)
    async with lab.open(band) as link:
        one, other = await asyncio.gather(_one(link), _one(link))
    assert one == other
    assert _acknowledged(band) == 2
    assert (traffic(band, "0004").cccd, traffic(band, "0005").cccd) == (1, 1)


# A link that is cut


@pytest.mark.parametrize("operation", range(1, 7))
async def test_a_fetch_whose_link_is_cut_ends_and_loses_nothing(lab: Lab, operation: int) -> None:
    """Two subscriptions, START, SEND, the acknowledgement, and the START of the next round."""
    band = await _band(lab, Manner(delete=True))
    stored = _stored(band)
    minutes: list[Minute] = []

    async def store_all(link: Link) -> None:
        since = _SINCE
        while True:
            async with fetch(link, _MINUTES, since) as batch:
                minutes.extend(decode_minutes(batch))
            since = batch.start + timedelta(minutes=len(batch.records) // 4)

    async with lab.open(band) as link:
        band.faults.cut_after(operation)
        async with asyncio.timeout(_WAITS_S):
            with pytest.raises(LinkLost):
                await store_all(link)
    assert lab.all_free()
    assert _acknowledged(band) == (1 if operation >= 5 else 0)
    since = _SINCE
    if minutes:
        since = datetime.fromtimestamp((minutes[-1].minute + 1) * 60, UTC)
    async with lab.open(band) as link:
        assert _seen(minutes) + _seen(await _all(link, since)) == stored


@pytest.mark.parametrize("packets", range(9))
async def test_a_fetch_whose_link_is_cut_after_any_packet_ends_and_loses_nothing(
    lab: Lab, packets: int
) -> None:
    """Eight packets; after the last one it is the end that does not come."""
    band = await _band(lab, Manner(block=_BLOCK, delete=True))
    stored = _stored(band)
    async with lab.open(band) as link:
        band.faults.records(Trouble(cut_after=packets))
        with pytest.raises(LinkLost):
            await _one(link)
    assert _stored(band) == stored
    assert lab.all_free()
    async with lab.open(band) as link:
        assert _seen(decode_minutes(await _one(link))) == stored[:_BLOCK]


# Workouts


async def _workouts(link: Link) -> list[tuple[Workout, Track]]:
    found: list[tuple[Workout, Track]] = []
    since = _SINCE
    while True:
        async with fetch(link, RecordKind.WORKOUT_SUMMARY, since) as batch:
            if not batch.records:
                return found
            workout = decode_workout(batch)
        async with fetch(link, RecordKind.WORKOUT_DETAILS, workout.start) as batch:
            found.append((workout, decode_track(batch, workout)))
        since = workout.end


def _expected(stored: StoredWorkout) -> Track:
    """What the details have to say of a workout as it was."""
    start = datetime.fromtimestamp(stored.believed_start, UTC)

    def at(second: float) -> datetime:
        return start + timedelta(seconds=second)

    # The first three bear the time of the third; they were taken on the way to the fourth.
    seconds = [point.second for point in stored.points]
    if seconds:
        seconds[:3] = [seconds[3] * index // 3 for index in range(3)]
    return Track(
        points=tuple(
            Point(
                at(second),
                point.longitude / 3_000_000,
                point.latitude / 3_000_000,
                point.altitude_m,
            )
            for second, point in zip(seconds, stored.points, strict=True)
        ),
        pulses=tuple(Pulse(at(beat.second), beat.bpm) for beat in stored.beats),
        pauses=tuple(Pause(at(begin), at(end)) for begin, end in stored.pauses),
    )


@pytest.mark.parametrize(
    "manner",
    [
        Manner(),
        Manner(packet=None, checksum=True, long_start=True),
        Manner(packet=19, strict=True, delete=True),
        Manner(summary_shift_s=3600),
        Manner(next_details=True),
    ],
    ids=["plain", "later", "strict", "an hour off", "the next one's details"],
)
async def test_every_workout_comes_with_its_details(lab: Lab, manner: Manner) -> None:
    band = await _band(lab, manner, days=21)
    truth = band.truth.workouts()
    async with lab.open(band) as link:
        found = await _workouts(link)
    assert len(found) == len(truth) > 5
    for (workout, track), stored in zip(found, truth, strict=True):
        assert workout.start.timestamp() == stored.believed_start
        assert (workout.end - workout.start).total_seconds() == stored.end - stored.start
        assert workout.sport == stored.sport.summary
        assert workout.steps == stored.steps
        assert workout.distance_m == pytest.approx(stored.distance_m)
        assert workout.energy_kcal == pytest.approx(stored.energy_kcal)
        assert workout.active == timedelta(seconds=stored.active_s)
        assert workout.average_heart_rate_bpm == (stored.heart_rate_bpm or None)
        assert (workout.swim is not None) == (stored.sport is Sport.POOL_SWIMMING)
        assert track == (_expected(stored) if stored.detailed else Track())
    assert any(track.points for _, track in found)
    assert any(track.pauses for _, track in found)


async def test_a_workout_without_details_has_an_empty_track(lab: Lab) -> None:
    band = await _band(lab, Manner(next_details=True), days=0)
    for hours, detailed in ((3, False), (1, True)):
        start = int(_NOW.timestamp()) - hours * 3600
        band.history.workouts.append(
            StoredWorkout(
                sport=Sport.EXERCISE, start=start, end=start + 600, zone=8, detailed=detailed
            )
        )
    async with lab.open(band) as link:
        found = await _workouts(link)
    assert [track for _, track in found] == [Track(), Track()]
    assert [workout.start.hour for workout, _ in found] == [9, 11]
