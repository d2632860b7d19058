"""What lies behind a band: plausible, the same for the same seed, and known to the truth."""

from collections import Counter
from datetime import UTC, datetime, timedelta
import time
from typing import Unpack
from zoneinfo import ZoneInfo

import pytest

from tests.bench.yardstick import budget_s
from tests.emulated.fetching import MINUTES, fetch_minutes, fetch_round
from tests.emulated.phone import authenticated
from tests.emulator.band import EmulatedBand, Options
from tests.emulator.gatt.fetch import Block, Manner
from tests.emulator.history import Minute, Past, Setting
from tests.emulator.life import ASLEEP, Doing, Travel
from tests.emulator.radio import Radio

BERLIN = ZoneInfo("Europe/Berlin")
# Ten days after both the end and the beginning of daylight saving in Berlin.
AUTUMN = datetime(2024, 11, 3, 10, 20, 5, tzinfo=UTC)
SPRING = datetime(2024, 4, 5, 10, 20, 5, tzinfo=UTC)
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def _band(radio: Radio, **options: Unpack[Options]) -> EmulatedBand:
    defaults: Options = {"now": lambda: AUTUMN, "zone": UTC}
    return EmulatedBand(radio, **(defaults | options))


def _lived(band: EmulatedBand) -> dict[int, bytes]:
    return {lived.minute: bytes(lived[1:5]) for lived in band.truth.minutes()}


def _held(band: EmulatedBand) -> dict[int, bytes]:
    return {number: bytes(minute) for number, minute in band.history.since(LONG_AGO)}


def _number(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


# Plausible


def test_a_date_has_the_same_minutes_whenever_it_is_looked_at(radio: Radio) -> None:
    one = _lived(_band(radio, days=9, seed=7))
    later = AUTUMN + timedelta(days=2, hours=3)
    other = _lived(_band(radio, days=9, seed=7, now=lambda: later))
    # The first minute of all is written out, whatever was before it.
    common = (one.keys() & other.keys()) - {min(other)}
    assert len(common) > 6 * 1440
    assert all(one[minute] == other[minute] for minute in common)


def test_a_past_has_all_that_a_life_has(radio: Radio) -> None:
    band = _band(radio, days=120)
    minutes = band.truth.minutes()
    kinds = Counter(minute.kind & 0x0F for minute in minutes)
    assert {0, 1, 2, 3, 4, 6, 9, 10, 11, 12} <= set(kinds)
    unknown = sum(kinds[kind] for kind in (5, 7, 8, 13, 14, 15))
    assert 5 < unknown < 200
    assert {minute.kind >> 4 for minute in minutes} == {0, 1, 5, 6, 7}
    rates = Counter(minute.heart_rate for minute in minutes)
    assert {0, 5, 254, 255} <= set(rates)
    assert all(30 <= rate <= 180 for rate in rates if rate not in {0, 5, 254, 255})
    assert rates[255] > len(minutes) / 2
    sleeps = band.truth.sleeps()
    naps = [slept for slept in sleeps if slept.nap]
    nights = [slept for slept in sleeps if not slept.nap]
    assert 15 < len(naps) < 60
    assert 105 < len(nights) < 121
    assert any(slept.start // 1440 == slept.end // 1440 for slept in nights)
    assert sum(slept.start // 1440 < slept.end // 1440 for slept in nights) > 50
    assert all(5 * 60 < slept.end - slept.start < 11 * 60 for slept in nights)
    assert any(slept.minutes(Doing.AWAKE_IN_BED) for slept in nights)
    assert any(minute.doing is Doing.NOT_WORN for minute in minutes)


def test_sleep_is_what_the_rules_of_the_documents_make_of_it(radio: Radio) -> None:
    """Kinds that change nothing inherit (6.3); so read, the stages are the wearer's."""
    minutes = _band(radio, days=60).truth.minutes()
    kind: int | None = None
    read = {}
    for minute in minutes:
        if minute.kind & 0x0F not in {0, 10}:
            kind = minute.kind & 0x0F
        read[minute.minute] = kind
    stages = {Doing.LIGHT_SLEEP: 9, Doing.DEEP_SLEEP: 11}
    for minute in minutes:
        if minute.doing in ASLEEP:
            assert read[minute.minute] == stages[minute.doing]
        elif minute.doing in {Doing.NOT_WORN, Doing.CHARGING}:
            assert read[minute.minute] in {3, 6}
        else:
            assert read[minute.minute] not in {3, 6, 9, 11}


@pytest.mark.parametrize("days", [100, 365])
def test_a_long_past_takes_little_time(radio: Radio, days: int) -> None:
    began = time.process_time()
    band = _band(radio, days=days)
    assert len(_held(band)) == len(band.history) == days * 1440 + 10 * 60 + 20
    assert len(band.truth.workouts()) > days / 2
    assert time.process_time() - began < budget_s(8)


# Zones


@pytest.mark.parametrize("now", [SPRING, AUTUMN])
@pytest.mark.parametrize(
    "zone",
    [
        *("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu"),
        *("Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "America/Los_Angeles"),
    ],
)
def test_in_every_zone_the_band_holds_what_was_lived(
    radio: Radio, zone: str, now: datetime
) -> None:
    band = _band(radio, days=14, zone=ZoneInfo(zone), now=lambda: now)
    lived = _lived(band)
    assert _held(band) == lived
    first, last = min(lived), max(lived)
    assert len(lived) == last - first + 1
    assert last == _number(now) - 1
    local = datetime.fromtimestamp(first * 60, tz=ZoneInfo(zone))
    assert (local.hour, local.minute) == (0, 0)
    assert band.truth.lost() == []


@pytest.mark.parametrize(("now", "hours", "zones"), [(SPRING, 23, (4, 8)), (AUTUMN, 25, (8, 4))])
async def test_the_clocks_change_between_two_rounds(
    radio: Radio, now: datetime, hours: int, zones: tuple[int, int]
) -> None:
    async with authenticated(radio, days=10, now=lambda: now, zone=BERLIN) as here:
        await here.phone.subscribe("0004", "0005")
        starts, counts = [], []
        since = LONG_AGO
        while (one := await fetch_round(here, MINUTES, since)).amount:
            starts.append(one.start)
            counts.append(one.amount)
            since = one.start + timedelta(minutes=one.amount)
        offsets = [(start.utcoffset() or timedelta()) // timedelta(minutes=15) for start in starts]
        place = offsets.index(zones[1])
        assert offsets == [zones[0]] * place + [zones[1]] * (len(offsets) - place)
        # The day of the change comes in two rounds, and its length is not 24 hours.
        assert counts[place - 1] + counts[place] == hours * 60
        assert sum(counts) == len(_lived(here.band))


async def test_a_block_may_go_over_a_change_of_the_clocks(radio: Radio) -> None:
    whole = Manner(block=Block.ALL, split_zones=False)
    async with authenticated(
        radio, days=10, now=lambda: AUTUMN, zone=BERLIN, records=whole
    ) as here:
        await here.phone.subscribe("0004", "0005")
        one = await fetch_round(here, MINUTES, LONG_AGO)
        assert one.amount == len(_lived(here.band))
        assert one.start.utcoffset() == timedelta(hours=2)
        first = _number(one.start)
        assert {
            first + index: one.records[4 * index : 4 * index + 4] for index in range(one.amount)
        } == _lived(here.band)


async def test_a_reply_may_be_in_the_present_zone(radio: Radio) -> None:
    async with authenticated(
        radio, days=10, now=lambda: AUTUMN, zone=BERLIN, records=Manner(present_zone=True)
    ) as here:
        await here.phone.subscribe("0004", "0005")
        one = await fetch_round(here, MINUTES, LONG_AGO)
        assert one.start.utcoffset() == timedelta(hours=1)
        assert _number(one.start) == min(_lived(here.band))


async def test_a_journey_changes_the_zone_and_no_minute(radio: Radio) -> None:
    landed = AUTUMN - timedelta(days=2, hours=7)
    past = Past(
        days=6,
        home=BERLIN,
        travels=(
            Travel(AUTUMN - timedelta(days=4), ZoneInfo("Asia/Kathmandu")),
            Travel(landed, ZoneInfo("America/St_Johns")),
        ),
    )
    async with authenticated(
        radio, now=lambda: AUTUMN, zone=ZoneInfo("America/St_Johns"), past=past
    ) as here:
        await here.phone.subscribe("0004", "0005")
        since, zones = LONG_AGO, []
        while (one := await fetch_round(here, MINUTES, since)).amount:
            zones.append(one.start.utcoffset())
            since = one.start + timedelta(minutes=one.amount)
        assert list(dict.fromkeys(zones)) == [
            timedelta(hours=1),
            timedelta(hours=5, minutes=45),
            timedelta(hours=-2, minutes=-30),
            # There the clocks changed this morning.
            timedelta(hours=-3, minutes=-30),
        ]
        assert await fetch_minutes(here, LONG_AGO) == _lived(here.band)
        assert here.band.truth.lost() == []


def test_travels_have_an_order(radio: Radio) -> None:
    travels = (Travel(AUTUMN, UTC), Travel(SPRING, UTC))
    with pytest.raises(ValueError, match="after the other"):
        len(_band(radio, past=Past(days=3, travels=travels)).history)


# A clock that was wrong


@pytest.mark.parametrize(
    "error",
    [
        timedelta(minutes=7),
        timedelta(minutes=-7),
        timedelta(hours=1),
        timedelta(days=-366),
        timedelta(days=400),
    ],
)
async def test_minutes_lie_under_the_clock_of_their_time(radio: Radio, error: timedelta) -> None:
    wrong_since = AUTUMN.replace(second=0) - timedelta(hours=30)
    empty_since = wrong_since - timedelta(hours=5)
    past = Past(
        days=4,
        settings=(Setting(wrong_since, error),),
        off=((empty_since, wrong_since),),
    )
    async with authenticated(radio, now=lambda: AUTUMN, zone=UTC, past=past) as here:
        await here.phone.subscribe("0004", "0005")
        clock = await here.phone.read("2A2B")
        shown = datetime(
            int.from_bytes(clock[:2], "little"), clock[2], clock[3], clock[4], clock[5], clock[6],
            tzinfo=UTC,
        )  # fmt: skip
        assert shown == AUTUMN + error
        shift = error // timedelta(minutes=1)
        lived = _lived(here.band)
        assert not any(_number(empty_since) <= minute < _number(wrong_since) for minute in lived)
        expected = {
            minute + (shift if minute >= _number(wrong_since) else 0): record
            for minute, record in sorted(lived.items())
        }
        assert await fetch_minutes(here, LONG_AGO) == expected
        assert not here.band.violations


def test_a_clock_that_was_set_back_writes_over_what_is_there(radio: Radio) -> None:
    set_back = AUTUMN.replace(second=0) - timedelta(hours=10)
    past = Past(
        days=2,
        settings=(
            Setting(set_back - timedelta(hours=8), timedelta(minutes=12)),
            Setting(set_back),
        ),
    )
    band = _band(radio, past=past)
    lived, held = _lived(band), _held(band)
    assert len(held) == len(lived) - 12
    # The last twelve minutes under the wrong clock bore the times of the first under the right.
    assert band.truth.lost() == [(_number(set_back) - 12, _number(set_back))]
    assert held[_number(set_back)] == lived[_number(set_back)]
    # Where it was set ahead there is a gap.
    gap = _number(set_back - timedelta(hours=8))
    assert gap not in held
    assert held[gap + 12] == lived[gap]


def test_a_band_that_was_told_another_zone_keeps_its_time(radio: Radio) -> None:
    """The wall clock is right and the offset is winter's: an hour late in UTC."""
    told = Setting(AUTUMN.replace(second=0) - timedelta(days=1), timedelta(hours=1), zone=4)
    band = _band(radio, zone=ZoneInfo("Etc/GMT-2"), past=Past(days=2, settings=(told,)))
    runs = list(band.history.runs(0))
    assert [(run.zone, run.believed - run.true) for run in runs] == [(8, 0), (4, 60)]
    state = band.snapshot()["time"]
    assert isinstance(state, dict)
    assert state["wall"] == "2024-11-03T12:20:05"


def test_half_a_minute_of_error_is_not_made_up(radio: Radio) -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        Past(settings=(Setting(AUTUMN, timedelta(seconds=90)),))
    with pytest.raises(ValueError, match="after the other"):
        Past(settings=(Setting(AUTUMN), Setting(SPRING)))


async def test_setting_the_clock_begins_a_new_run(radio: Radio) -> None:
    now = [AUTUMN.replace(second=0)]
    async with authenticated(radio, now=lambda: now[0], zone=UTC) as here:
        await here.phone.subscribe("0004", "0005")
        start = _number(now[0])
        now[0] += timedelta(minutes=3)
        # An hour ahead, then back.
        await here.phone.write("2A2B", "e8 07 0b 03 0b 17 00 07 00 00 00")
        now[0] += timedelta(minutes=2)
        await here.phone.write("2A2B", "e8 07 0b 03 0a 18 00 07 00 00 00")
        now[0] += timedelta(minutes=2)
        runs = [(run.believed - start, run.true - start, run.length) for run in
                here.band.history.runs(0)]  # fmt: skip
        assert runs == [(0, 0, 3), (4, 5, 2), (63, 3, 2)]
        assert len(here.band.truth.minutes()) == 7
        assert here.band.truth.lost() == []
        fetched = await fetch_minutes(here, LONG_AGO)
        assert [minute - start for minute in fetched] == [0, 1, 2, 4, 5, 63, 64]


# The present


async def test_a_band_lives_through_a_night_at_once(radio: Radio) -> None:
    evening = AUTUMN + timedelta(hours=10)
    async with authenticated(radio, days=1, now=lambda: evening, zone=UTC) as here:
        await here.phone.subscribe("0004", "0005", "0010")
        here.band.wearer.live(7.5, Doing.LIGHT_SLEEP)
        await here.phone.hear("0010", 2)
        assert here.phone.heard["0010"][-2:] == [b"\x01", b"\x02"]
        slept = here.band.truth.sleeps()[-1]
        assert (slept.end, slept.end - slept.start) == (_number(evening), 450)
        assert slept.minutes(Doing.DEEP_SLEEP) > 30
        assert await fetch_minutes(here, LONG_AGO) == _lived(here.band)
        assert here.band.snapshot()["asleep"] is False


async def test_what_is_lived_at_once_is_counted(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: AUTUMN, zone=UTC) as here:
        await here.phone.subscribe("0007")
        here.band.wearer.live(0.5, Doing.WALKING)
        value = await here.phone.hear("0007")
        steps = sum(minute.steps for minute in here.band.truth.minutes())
        assert int.from_bytes(value[1:5], "little") == here.band.steps == steps > 2500


@pytest.mark.parametrize(("hours", "doing"), [(0, Doing.WALKING), (1, Doing.OFF)])
def test_nothing_is_not_lived(radio: Radio, hours: float, doing: Doing) -> None:
    with pytest.raises(ValueError, match="minutes"):
        _band(radio, days=0).wearer.live(hours, doing)


def test_sleep_while_the_band_is_on_begins_light_and_becomes_deep(radio: Radio) -> None:
    now = [AUTUMN]
    band = _band(radio, days=0, now=lambda: now[0])
    band.wearer.fall_asleep()
    now[0] += timedelta(minutes=60)
    band.wearer.wake_up()
    now[0] += timedelta(minutes=2)
    doings = Counter(minute.doing for minute in band.truth.minutes())
    assert doings == {Doing.LIGHT_SLEEP: 30, Doing.DEEP_SLEEP: 30, Doing.SITTING: 2}
    kinds = [minute.kind for minute in band.truth.minutes()]
    assert (kinds[0], kinds[20], kinds[50], kinds[60]) == (0x79, 0x7B, 0x79, 0x1C)


def test_a_stored_minute_is_part_of_the_truth(radio: Radio) -> None:
    band = _band(radio, days=0)
    band.history.store(AUTUMN - timedelta(minutes=9), Minute(0x0B, 0, 0, 50))
    (lived,) = band.truth.minutes()
    assert lived == (_number(AUTUMN) - 9, 0x0B, 0, 0, 50, Doing.DEEP_SLEEP)
    assert band.truth.held() == [(_number(AUTUMN) - 9, _number(AUTUMN) - 8)]


async def test_a_band_that_is_off_notes_nothing(radio: Radio) -> None:
    now = [AUTUMN.replace(second=0)]
    band = _band(radio, days=0, now=lambda: now[0], tick_s=0)
    await band.power_on()
    now[0] += timedelta(minutes=2)
    await band.power_off()
    now[0] += timedelta(minutes=30)
    assert len(band.history) == 2
    await band.power_on()
    now[0] += timedelta(minutes=3)
    start = _number(AUTUMN)
    assert band.truth.held() == [(start, start + 2), (start + 32, start + 35)]
    # What begins anew is written out.
    assert [minute.kind for minute in band.truth.minutes()] == [0x11, 0x50, 0x11, 0x50, 0x50]
    await band.power_off()
