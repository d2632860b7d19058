"""Workouts: the records of protocol-data.md, 7.2 to 7.5, and how they are fetched (7.1)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import struct
import zlib

import pytest

from tests.emulated.fetching import DETAILS, SUMMARY, fetch_round
from tests.emulated.phone import Lab, authenticated
from tests.emulator.gatt.fetch import Manner
from tests.emulator.radio import Radio
from tests.emulator.sports import Sport
from tests.emulator.workouts import Beat, Point, SlopeBlock, Summary, SwimBlock, Workout

NOW = datetime(2024, 3, 9, 20, 0, 20, tzinfo=UTC)
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
DOCUMENTED = bytes.fromhex(
    """
    03 01 01 00 00 17 ec 65 49 1e ec 65 d8 a1 65 02
    c0 2c 64 09 22 00 00 00 00 a4 9c 45 00 00 a8 41
    00 00 94 41 00 00 f0 41 00 00 68 42 f0 a1 64 09
    90 b7 63 09 a0 51 66 02 40 67 65 02 c8 14 00 00
    30 07 00 00 00 00 ab 43 9a 99 79 40 3d 0a d7 3e
    29 5c 8f 3e 00 a4 9c 45 00 00 00 00 00 00 00 00
    00 80 bb 44 c0 27 09 00 00 00 af 44 60 3d 08 00
    00 08 04 45 60 ae 0a 00 94 00 6f 01 5e 00 00 00
    """
)


def test_the_documented_summary() -> None:
    summary = Summary(
        sport=1,
        start=1709971200,
        end=1709971200 + 1865,
        base=(40215000, 157560000, 34),
        distance_m=5012.5,
        ascent_m=21.0,
        descent_m=18.5,
        lowest_m=30,
        highest_m=58,
        box=struct.unpack("<4i", DOCUMENTED[44:60]),
        steps=5320,
        active_s=1840,
        energy_kcal=342,
        maximum_speed_mps=3.9,
        maximum_pace_spm=0.42,
        minimum_pace_spm=0.28,
        stride_m=5012.5,
        block=SlopeBlock(
            up_m=1500, up_ms=600_000, down_m=1400, down_ms=540_000, level_m=2112.5, level_ms=700_000
        ),
        heart_rate_bpm=148,
        pace_s_per_km=367,
        stride_cm=94,
    )
    assert bytes(summary) == DOCUMENTED
    assert zlib.crc32(bytes(summary)) == 0xEACD2A99


def test_a_pool_has_its_own_block() -> None:
    block = SwimBlock(
        stroke_m=1.5,
        strokes_per_second=0.5,
        lap_pace_s=40,
        strokes=300,
        swolf=52,
        style=2,
        laps=20,
    )
    assert bytes(block).hex(" ") == (
        "00 00 c0 3f 00 00 00 3f 00 00 20 42 2c 01 34 00 02 14" + " 00" * 10
    )


def test_the_documented_pulses_are_stored_as_documented() -> None:
    workout = Workout(sport=Sport.TREADMILL, start=0, end=40, beats=(Beat(7, 71), Beat(8, 70)))
    assert workout.details().hex(" ") == "01 07 47 00 00 00 00 00 01 08 46 00 00 00 00 00"


def test_the_documented_track_is_stored_as_documented() -> None:
    base = Point(35, 40027350, 157395455, 48)
    workout = Workout(
        sport=Sport.OUTDOOR_RUNNING,
        start=0,
        end=40,
        points=(
            base,
            base._replace(longitude=base.longitude - 135, latitude=base.latitude + 205),
            base._replace(longitude=base.longitude - 135 - 120, latitude=base.latitude + 205 + 195),
            # The sample's third delta is -61 in the low byte of c3 00: 195.
        ),
    )
    assert workout.details().hex(" ") == (
        "00 23 00 00 00 00 00 00 00 23 79 ff cd 00 00 00 00 23 88 ff c3 00 00 00"
    )
    head = workout.summary()[12:24]
    assert struct.unpack("<3i", head) == (40027350, 157395455, 48)


def _read(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Read details by the rule of the documents: total second, type, payload."""
    total = last = 0
    for at in range(0, len(stream), 8):
        kind, time = stream[at : at + 2]
        total += time - last if time >= last else time
        last = time
        yield total, kind, stream[at + 2 : at + 8]


def test_details_are_read_back_by_the_rule_of_the_documents() -> None:
    beats = tuple(Beat(second, 90 + second % 50) for second in range(5, 1500, 11))
    points = tuple(Point(second, 100 + second, 200 - second, 30) for second in range(3, 1500, 17))
    workout = Workout(
        sport=Sport.OUTDOOR_RUNNING,
        start=1709971200,
        end=1709971200 + 1500,
        beats=beats,
        points=points,
        pauses=((400, 500),),
    )
    stream = workout.details()
    assert len(stream) % 8 == 0
    found, place = [], (100 + 3, 200 - 3, 30)
    places = []
    for second, kind, payload in _read(stream):
        if kind == 1 and any(payload[1:]):
            found += [Beat(*payload[at : at + 2]) for at in (0, 2, 4)]
        elif kind == 1:
            found.append(Beat(second, payload[0]))
        elif kind == 0:
            deltas = struct.unpack("<3h", payload)
            place = tuple(a + b for a, b in zip(place, deltas, strict=True))
            places.append(Point(second, *place))
    assert tuple(sorted(found)) == beats
    assert tuple(places) == points
    kinds = [kind for _, kind, _ in _read(stream)]
    assert kinds.count(2) == kinds.count(3) == 1
    # Records that nobody decodes, and one of a type that nobody knows.
    assert {4, 5, 6, 0x0B} <= set(kinds)
    assert [second for second, kind, _ in _read(stream) if kind in {2, 3}] == [400, 500]


def _sports(here: Lab) -> list[Sport]:
    return [workout.sport for workout in here.band.truth.workouts()]


async def test_one_workout_comes_a_transfer_the_oldest_first(radio: Radio) -> None:
    async with authenticated(radio, days=14, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        workouts = here.band.truth.workouts()
        assert len(workouts) >= 8
        since = LONG_AGO
        for workout in workouts:
            summary = await fetch_round(here, SUMMARY, since)
            assert summary.amount == len(summary.records) == 128
            assert summary.records == workout.summary()
            assert summary.start.timestamp() == workout.start
            details = await fetch_round(here, DETAILS, summary.start.replace(second=0))
            assert details.records == workout.details()
            assert details.amount == len(details.records)
            assert not details.amount or details.start == summary.start
            since = datetime.fromtimestamp(workout.end, UTC)
        assert (await fetch_round(here, SUMMARY, since)).amount == 0
        assert {Sport.OUTDOOR_RUNNING, Sport.TREADMILL, Sport.WALKING} <= set(_sports(here))
        assert any(workout.points for workout in workouts)
        assert any(not workout.points and workout.beats for workout in workouts)
        assert any(workout.pauses for workout in workouts)
        assert not here.band.violations


async def test_the_minutes_of_a_workout_tell_of_it(radio: Radio) -> None:
    async with authenticated(radio, days=30, now=lambda: NOW, zone=UTC) as here:
        kinds = {
            Sport.OUTDOOR_RUNNING: {2},
            Sport.TREADMILL: {2},
            Sport.WALKING: {1},
            Sport.CYCLING: {4, 0},
            Sport.EXERCISE: {1},
            Sport.POOL_SWIMMING: {1},
        }
        for workout in here.band.truth.workouts():
            minutes = here.band.truth.minutes(workout.start // 60, -(-workout.end // 60))
            assert {minute.kind & 0x0F for minute in minutes} <= kinds[workout.sport]
            assert workout.steps == sum(minute.steps for minute in minutes)


async def test_a_workout_that_is_done_now_is_told_and_stored(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005", "0010", "000f", "0007")
        before = here.band.steps
        workout = here.band.wearer.work_out(Sport.WALKING, 25, phone=True, paused=90)
        await here.phone.hear("000f", 4)
        assert here.phone.heard["0010"][-1] == bytes.fromhex("14 00 01 04")
        assert [event[1] for event in here.phone.heard["000f"]] == [2, 3, 4, 5]
        assert here.band.steps == before + workout.steps
        assert workout.steps > 2000
        summary = await fetch_round(here, SUMMARY, NOW - timedelta(hours=1))
        assert summary.records[2:4] == b"\x03\x00"
        assert summary.start == NOW.replace(second=0) - timedelta(minutes=25)
        active, steps = struct.unpack("<I", summary.records[64:68]), summary.records[60:64]
        assert active == (25 * 60 - 90,)
        assert int.from_bytes(steps, "little") == workout.steps
        minutes = here.band.truth.minutes()[-25:]
        assert sum(minute.steps for minute in minutes) == workout.steps
        assert not here.band.violations


async def test_a_workout_with_the_phone_has_the_track_that_the_phone_fed(radio: Radio) -> None:
    now = [NOW]
    async with authenticated(radio, now=lambda: now[0], zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        here.band.wearer.workout("start", Sport.OUTDOOR_RUNNING.live)
        for number in range(3):
            now[0] += timedelta(seconds=30)
            position = struct.pack(
                "<BIBiiiiqIHB",
                *(6, 0x40001, 1, 40215000 + number, 157560000 - number, 30, 3400),
                *(int(now[0].timestamp() * 1000), 0xFFFFFFFF, 0, 0),
            )
            await here.phone.send(6, position)
        here.band.wearer.workout("pause")
        now[0] += timedelta(seconds=20)
        here.band.wearer.workout("resume")
        now[0] += timedelta(seconds=10)
        here.band.wearer.workout("end")
        (workout,) = here.band.truth.workouts()
        assert (workout.end - workout.start, workout.active_s) == (120, 100)
        details = await fetch_round(here, DETAILS, NOW)
        points = [(second, payload) for second, kind, payload in _read(details.records) if not kind]
        assert [second for second, _ in points] == [30, 60, 90]
        assert points[0][1] == bytes(6)
        assert points[1][1] == struct.pack("<hhh", 1, -1, 0)
        assert (await fetch_round(here, SUMMARY, NOW)).records[12:24] == struct.pack(
            "<iii", 40215000, 157560000, 34
        )


async def test_a_short_workout_comes_again_within_its_minute(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        begun = int(NOW.timestamp()) - 3600
        for second, sport in ((0, Sport.TREADMILL), (25, Sport.WALKING)):
            here.band.history.workouts.append(
                Workout(sport=sport, start=begun + second, end=begun + second + 12)
            )
        since = NOW - timedelta(hours=1)
        first = await fetch_round(here, SUMMARY, since)
        assert first.records[2] == 2
        # The end lies in the same minute, which is all that a START can say.
        again = await fetch_round(here, SUMMARY, since + timedelta(seconds=12))
        assert again == first
        # The longer form tells seconds.
        phone = here.phone
        moment = since + timedelta(seconds=12)
        long = bytes((1, 5, 0xE8, 7, 3, 9, moment.hour, moment.minute, moment.second, 6, 0, 0, 0))
        reply = await phone.ask("0004", long)
        assert reply[13] == (NOW.second + 25) % 60
        assert not here.band.violations


async def test_details_of_a_workout_without_them_are_nothing(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        begun = int(NOW.timestamp()) - 7200
        for offset, detailed in ((0, False), (3600, True)):
            here.band.history.workouts.append(
                Workout(
                    sport=Sport.EXERCISE,
                    start=begun + offset,
                    end=begun + offset + 600,
                    beats=(Beat(9, 99),),
                    detailed=detailed,
                )
            )
        since = NOW - timedelta(hours=2)
        assert (await fetch_round(here, DETAILS, since)).amount == 0
        # Another band looks on, and gives those of the next.
        here.band.records = Manner(next_details=True)
        strange = await fetch_round(here, DETAILS, since)
        assert strange.start == since + timedelta(hours=1)
        assert strange.amount


async def test_an_acknowledged_workout_may_be_gone(radio: Radio) -> None:
    async with authenticated(
        radio, days=7, now=lambda: NOW, zone=UTC, records=Manner(delete=True)
    ) as here:
        await here.phone.subscribe("0004", "0005")
        held = len(here.band.truth.workouts())
        summary = await fetch_round(here, SUMMARY, LONG_AGO)
        details = await fetch_round(here, DETAILS, summary.start.replace(second=0))
        assert details.start == summary.start
        second = await fetch_round(here, SUMMARY, LONG_AGO)
        assert second.start > summary.start
        records = here.band.snapshot()["records"]
        assert isinstance(records, dict)
        assert records["workouts"] == held - 2


async def test_the_times_in_a_summary_may_be_off_by_an_hour(radio: Radio) -> None:
    async with authenticated(
        radio, days=7, now=lambda: NOW, zone=UTC, records=Manner(summary_shift_s=3600)
    ) as here:
        await here.phone.subscribe("0004", "0005")
        workout = here.band.truth.workouts()[0]
        summary = await fetch_round(here, SUMMARY, LONG_AGO)
        assert summary.start.timestamp() == workout.start
        start, end = struct.unpack("<II", summary.records[4:12])
        assert (start, end) == (workout.start + 3600, workout.end + 3600)


def test_a_silence_that_the_time_byte_cannot_hold_is_refused() -> None:
    workout = Workout(sport=Sport.TREADMILL, start=0, end=30, beats=(Beat(300, 90),))
    with pytest.raises(ValueError, match="255"):
        workout.details()
