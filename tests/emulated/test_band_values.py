"""Battery, time, steps and heart rate over the air."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.emulated.phone import Lab, authenticated, lab
from tests.emulator.band import EmulatedBand
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind

NOW = datetime(2025, 12, 9, 11, 45, 57, tzinfo=UTC)
CET = timezone(timedelta(hours=1))


def test_wall_clocks_are_compared_in_their_own_zone() -> None:
    assert NOW.astimezone(CET).hour == 12


# Battery


async def test_the_battery_is_read_by_anybody(radio: Radio) -> None:
    async with lab(radio, now=lambda: NOW, zone=UTC) as here:
        assert (await here.phone.read("0006")).hex(" ") == (
            "0f 4d 00 e9 07 0c 07 0a 1e 39 80 e9 07 0c 07 0b 2d 39 80 64"
        )
        assert not here.band.violations


async def test_charging_is_notified_and_remembered(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW, zone=UTC) as here:
        await here.phone.write("2A2B", "e9070c090c2d3902000004")
        await here.phone.subscribe("0006")
        here.band.wearer.charge(charging=True)
        value = await here.phone.hear("0006")
        assert value[:11].hex(" ") == "0f 4d 01 e9 07 0c 09 0c 2d 39 04"
        assert here.shows() is Kind.CHARGING
        assert here.band.screen.text == "Charging\n77 %"
        here.band.wearer.set_battery(100)
        assert (await here.phone.hear("0006", 2))[1:3] == b"\x64\x01"
        here.band.wearer.charge(charging=False)
        value = await here.phone.hear("0006", 3)
        assert value[11:].hex(" ") == "e9 07 0c 09 0c 2d 39 04 64"
        assert here.shows() is Kind.CLOCK


async def test_a_low_battery_is_low(radio: Radio) -> None:
    async with lab(radio, profile="battery_low") as here:
        assert (await here.phone.read("0006"))[1] == 4
        with pytest.raises(ValueError, match="percent"):
            here.band.wearer.set_battery(101)


# Time


async def test_before_it_is_told_the_time_its_zone_is_unknown(radio: Radio) -> None:
    async with lab(radio, now=lambda: NOW, zone=UTC) as here:
        assert (await here.phone.read("2A2B")).hex(" ") == "e9 07 0c 09 0b 2d 39 02 00 00 80"


@pytest.mark.parametrize(
    "value",
    [
        "e6 07 0c 0f 14 26 35 04 00 00 04",
        "e8 07 07 01 09 05 00 01 00 00 f0",
        "e8 07 02 1d 17 3b 3a 04 00 00 16",
    ],
)
async def test_the_time_is_taken_and_read_back(radio: Radio, value: str) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await here.phone.write("2A2B", value)
        assert (await here.phone.read("2A2B")).hex(" ") == value
        assert not here.band.violations


async def test_the_clock_runs_on_from_the_time_it_was_told(radio: Radio) -> None:
    now = [NOW]
    async with authenticated(radio, now=lambda: now[0]) as here:
        await here.phone.write("2A2B", "e6 07 0c 0f 17 3b 3a 04 00 00 04")
        now[0] += timedelta(seconds=5)
        assert (await here.phone.read("2A2B")).hex(" ") == "e6 07 0c 10 00 00 03 05 00 00 04"
        assert here.band.screen.text.startswith("00:00")


async def test_sunday_may_be_zero(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await here.phone.write("2A2B", "e9 07 0c 07 0c 00 00 00 00 00 04")
        await here.phone.write("2A2B", "e9 07 0c 07 0c 00 00 07 00 00 04")
        assert (await here.phone.read("2A2B"))[7] == 7
        assert not here.band.violations


async def test_the_date_decides_and_a_weekday_of_another_one_is_listed(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW) as here:
        await here.phone.write("2A2B", "e9 07 0c 09 0c 00 00 03 00 00 04")
        assert (await here.phone.read("2A2B"))[7] == 2
        assert here.wrongs == ["2A2B: weekday of another date"]


@pytest.mark.parametrize(
    ("value", "error", "what"),
    [
        ("e9 07 0c 09 0c 00 00 02 00", 0x0D, "time that is not 11 bytes"),
        ("e9 07 0d 09 0c 00 00 02 00 00 04", 0x13, "time that does not exist"),
        ("e9 07 0c 09 18 00 00 02 00 00 04", 0x13, "time that does not exist"),
        ("e9 07 0c 09 0c 00 00 09 00 00 04", 0x13, "weekday outside 0..7"),
        ("e9 07 0c 09 0c 00 00 02 00 04 04", 0x13, "daylight saving outside the offset"),
        ("e9 07 0c 09 0c 00 00 02 00 00 80", 0x13, "offset outside -48..56"),
        ("e9 07 0c 09 0c 00 00 02 00 00 39", 0x13, "offset outside -48..56"),
    ],
)
async def test_a_time_that_is_none_is_refused(
    radio: Radio, value: str, error: int, what: str
) -> None:
    async with authenticated(radio, now=lambda: NOW, zone=UTC) as here:
        assert await here.phone.refused("2A2B", value) == error
        assert here.wrongs == [f"2A2B: {what}"]
        assert (await here.phone.read("2A2B"))[10] == 0x80


# Steps


async def test_steps_are_read_in_the_documented_layout(radio: Radio) -> None:
    async with authenticated(radio, tick_s=0.001) as here:
        assert (await here.phone.read("0007")).hex(" ") == "0c" + " 00" * 12
        here.band.wearer.walk(5000)
        await here.band.wait_for(lambda: here.band.steps == 5000)
        assert (await here.phone.read("0007")).hex(" ") == (
            "0c 88 13 00 00 ac 0d 00 00 b4 00 00 00"
        )


async def test_steps_are_notified_while_the_wearer_walks(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0007")
        here.band.wearer.walk(103)
        await here.phone.hear("0007", 5)
        totals = [int.from_bytes(value[1:5], "little") for value in here.phone.heard["0007"]]
        assert totals == [21, 42, 63, 84, 103]


async def test_steps_are_not_notified_before_authentication(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0007")
        here.band.wearer.walk(3)
        await here.band.wait_for(lambda: here.band.steps == 3)
        await here.phone.read("2A28")
        assert here.phone.heard["0007"] == []


async def test_a_new_day_begins_with_no_steps(radio: Radio) -> None:
    now = [NOW]
    async with authenticated(radio, now=lambda: now[0], zone=UTC) as here:
        here.band.wearer.walk(3)
        await here.band.wait_for(lambda: here.band.steps == 3)
        now[0] += timedelta(hours=12)
        assert here.band.steps == 3
        now[0] += timedelta(hours=1)
        assert here.band.steps == 0


async def test_setting_the_clock_takes_no_steps(radio: Radio) -> None:
    async with authenticated(radio, now=lambda: NOW, zone=UTC) as here:
        here.band.wearer.walk(3)
        await here.band.wait_for(lambda: here.band.steps == 3)
        await here.phone.write("2A2B", "e9 07 0c 0a 01 00 00 03 00 00 34")
        assert here.band.steps == 3


async def test_the_goal_is_told_once(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003", "0010")
        await here.phone.ask("0003", "06060001")
        await here.phone.write("0008", "10000064000000")
        heard = len(here.phone.heard["0010"])
        here.band.wearer.walk(99)
        await here.band.wait_for(lambda: here.band.steps == 99)
        here.band.wearer.walk(30)
        await here.band.wait_for(lambda: here.band.steps == 129)
        await here.phone.read("2A28")
        assert here.phone.heard["0010"][heard:] == [b"\x03"]
        assert here.band.screen.text == "Band\nGoal\n100 steps"


async def test_the_past_is_the_same_for_the_same_seed(radio: Radio) -> None:
    bands = [
        EmulatedBand(radio, days=14, seed=seed, now=lambda: NOW, zone=UTC) for seed in (3, 3, 4)
    ]
    since = NOW - timedelta(days=30)
    one, same, other = (band.history.since(since) for band in bands)
    assert one == same
    assert one != other
    assert len(one) == len(bands[0].history) == 14 * 1440 + 11 * 60 + 45
    midnight = int(NOW.replace(hour=0, minute=0, second=0).timestamp()) // 60
    today = [minute for number, minute in one if number >= midnight]
    assert sum(minute.steps for minute in today) == bands[0].steps > 0


async def test_the_past_is_plausible(radio: Radio) -> None:
    band = EmulatedBand(radio, days=21, now=lambda: NOW, zone=UTC)
    by_day: dict[int, list[int]] = {}
    for number, minute in band.history.since(NOW - timedelta(days=30)):
        by_day.setdefault(number // 1440, []).append(minute.steps)
        assert 0 <= minute.intensity <= 255
        assert 0 <= minute.steps <= 200
        assert minute.heart_rate in {0, 5, 254, 255} or 40 <= minute.heart_rate <= 180
        if minute.kind & 0x0F in {9, 11}:
            assert minute.steps == 0
    whole = [sum(steps) for steps in by_day.values() if len(steps) == 1440]
    assert len(whole) == 21
    assert all(3000 < steps < 20000 for steps in whole)


async def test_minutes_are_written_as_the_wearer_lives_them(radio: Radio) -> None:
    now = [NOW.replace(second=0)]
    band = EmulatedBand(radio, days=0, tick_s=0, now=lambda: now[0], zone=UTC)
    start = now[0]
    await band.power_on()
    band.wearer.walk(90)
    await band.wait_for(lambda: band.steps == 90)
    for act in (
        band.wearer.fall_asleep,
        band.wearer.take_off,
        lambda: band.wearer.charge(charging=True),
    ):
        now[0] += timedelta(minutes=1)
        act()
    now[0] += timedelta(minutes=1)
    kinds = [(minute.kind & 0x0F, minute.steps) for _, minute in band.history.since(start)]
    assert kinds == [(1, 90), (9, 0), (3, 0), (6, 0)]
    await band.power_off()


# Heart rate


async def test_one_measurement(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("2A37")
        here.band.wearer.set_heart_rate(76)
        for command in ("150100", "150200", "150201"):
            await here.phone.write("2A39", command)
        assert here.band.screen.text == "Heart rate\nmeasuring"
        assert await here.phone.hear("2A37") == b"\x00\x4c"
        assert here.band.screen.text == "Heart rate\n76 bpm"
        await here.band.wait_for(lambda: here.shows() is Kind.CLOCK)
        assert here.phone.heard["2A37"] == [b"\x00\x4c"]
        assert not here.band.violations


async def test_one_measurement_can_be_stopped(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("2A37")
        await here.phone.write("2A39", "150201")
        await here.phone.write("2A39", "150200")
        assert _heart(here)["one_shot"] is False
        assert here.shows() is Kind.CLOCK


async def test_a_pulse_above_127_is_unsigned(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("2A37")
        here.band.wearer.set_heart_rate(185)
        await here.phone.write("2A39", "150201")
        assert await here.phone.hear("2A37") == b"\x00\xb9"


async def test_a_band_that_is_not_worn_measures_nothing(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("2A37")
        here.band.wearer.take_off()
        await here.phone.write("2A39", "150201")
        assert await here.phone.hear("2A37") == b"\x00\x00"


async def test_a_client_that_never_subscribes_gets_its_one_result(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.write("2A39", "150201")
        await here.band.wait_for(lambda: _heart(here)["measurements"] == 1)
        assert _heart(here)["without_cccd"] == 1
        assert not here.band.violations


async def test_measuring_without_pause_is_kept_alive(radio: Radio) -> None:
    async with authenticated(radio, tick_s=0.005) as here:
        await here.phone.subscribe("2A37")
        await here.phone.write("2A39", "150200")
        await here.phone.write("2A39", "150101")
        for round_ in range(1, 4):
            await here.phone.hear("2A37", 12 * round_)
            await here.phone.write("2A39", "16")
        assert _heart(here)["continuous"] is True
        assert _heart(here)["keep_alives"] == 3
        await here.phone.write("2A39", "150100")
        assert _heart(here)["continuous"] is False
        assert not here.band.violations


async def test_measuring_stops_by_itself_when_nobody_keeps_it_alive(radio: Radio) -> None:
    async with authenticated(radio, tick_s=0.002) as here:
        await here.phone.subscribe("2A37")
        await here.phone.write("2A39", "150101")
        await here.band.wait_for(lambda: _heart(here)["continuous"] is False)
        # The keep-alive may have been on its way.
        await here.phone.write("2A39", "16")
        assert _heart(here)["continuous"] is False
        assert not here.band.violations


async def test_measuring_stops_with_the_link(radio: Radio) -> None:
    async with authenticated(radio, tick_s=0.05) as here:
        await here.phone.subscribe("2A37")
        await here.phone.write("2A39", "150101")
        await here.phone.disconnect()
        assert _heart(here)["continuous"] is False


async def test_measurements_that_nobody_hears_are_a_violation(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.write("2A39", "150101")
        assert here.wrongs == ["2A37: nobody hears the measurements: CCCD is off"]


async def test_the_pulse_of_a_shared_workout_is_told_without_a_key(radio: Radio) -> None:
    """An app for any heart-rate sensor subscribes and waits (protocol-control 9.13)."""
    async with authenticated(radio) as here:
        await here.phone.command("0003", "06 1f 00 01")
        await here.phone.disconnect()
        here.band.wearer.set_heart_rate(131)
        await here.phone.connect()
        await here.phone.subscribe("2A37")
        here.band.wearer.workout("start")
        assert await here.phone.hear("2A37", 3) == b"\x00\x83"
        assert not here.knows_us()
        assert not here.band.violations


@pytest.mark.parametrize("end", ["the workout", "the sharing", "the subscription"])
async def test_the_pulse_is_told_no_more_when_it_is_over(radio: Radio, end: str) -> None:
    async with authenticated(radio) as here:
        await here.phone.command("0003", "06 1f 00 01")
        here.band.wearer.workout("start")
        await here.phone.subscribe("2A37")
        await here.phone.hear("2A37", 2)
        match end:
            case "the workout":
                here.band.wearer.workout("end")
            case "the sharing":
                await here.phone.command("0003", "06 1f 00 00")
            case _:
                configuration = (await here.phone.descriptors("2A37"))["2902"]
                await configuration.write_value(b"\x00\x00", with_response=True)
        await here.phone.read("2A28")
        told = len(here.phone.heard["2A37"])
        # Which takes the band longer than to tell the pulse again.
        await here.phone.write("2A39", "15 02 01")
        await here.band.wait_for(lambda: _heart(here)["last"] == 72)
        await here.phone.read("2A28")
        assert len(here.phone.heard["2A37"]) == told + 1


@pytest.mark.parametrize(("command", "minutes"), [("140a", 10), ("1400", 0), ("1431", 49)])
async def test_the_interval_is_a_number(radio: Radio, command: str, minutes: int) -> None:
    async with authenticated(radio) as here:
        await here.phone.write("2A39", command)
        assert _heart(here)["interval"] == minutes
        assert (await here.phone.read("2A39")).hex() == command
        await here.phone.write("2A39", "150001")
        assert _heart(here)["sleep"] is True
        assert not here.band.violations


@pytest.mark.parametrize(
    "command", ["1479", "14", "143130", "150301", "150102", "1501", "1600", "17", "15020100"]
)
async def test_other_commands_are_refused(radio: Radio, command: str) -> None:
    async with authenticated(radio) as here:
        assert await here.phone.refused("2A39", command) in {0x0D, 0x13}
        assert len(here.band.violations) == 1


def _heart(here: Lab) -> dict[str, object]:
    state = here.band.snapshot()["heart_rate"]
    assert isinstance(state, dict)
    return {**state}
