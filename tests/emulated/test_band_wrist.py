"""What the wearer sees besides alerts: weather, alarms, reminders, what the font lacks."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.emulated.phone import Lab, authenticated
from tests.emulator.gatt.alarms import ReadForms
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind

# A Monday.
MORNING = datetime(2024, 5, 20, 6, 0, 30, tzinfo=UTC)
WEATHER = (
    "02 00 f1 53 65 04 00 15 43 6c 65 61 72 00",
    "04 00 f1 53 65 04 2a 00 00",
    "01 00 f1 53 65 04 02 00 00 19 0e 43 6c 65 61 72 00 02 02 12 fe 4f 76 65 72 63 61 73 74 00",
    "08 4d 61 64 72 69 64 00",
)


def _alarms(here: Lab) -> list[object]:
    alarms = here.band.snapshot()["alarms"]
    assert isinstance(alarms, list)
    return [(alarm["slot"], alarm["enabled"]) for alarm in alarms if isinstance(alarm, dict)]


async def test_the_weather_is_opened_and_put_away(radio: Radio) -> None:
    async with authenticated(radio) as here:
        here.band.wearer.open_weather()
        assert here.band.screen.text == "Weather\nNo data"
        for record in WEATHER:
            assert await here.phone.send(1, bytes.fromhex(record))
        here.band.wearer.open_weather()
        assert here.band.screen.text == ("Madrid\n21° clear\nAir 42\n25/14 clear\n18/-2 overcast")
        assert "Madrid" in here.band.draw()
        here.band.wearer.tap()
        assert here.shows() is Kind.CLOCK


async def test_every_condition_has_a_picture(radio: Radio) -> None:
    async with authenticated(radio) as here:
        for code in (*range(0x1E), 0x1F, 0x35):
            record = bytes.fromhex("02 00 f1 53 65 04") + bytes((code, 0xF6)) + b"?\x00"
            assert await here.phone.send(1, record)
            here.band.wearer.open_weather()
            title = here.band.screen.content.title
            assert title.startswith("-10° ")
            assert not title.endswith("?")


async def test_the_music_screen_tells_how_far_it_is(radio: Radio) -> None:
    async with authenticated(radio) as here:
        here.band.wearer.press_music("open")
        await here.phone.send(3, bytes.fromhex("1b 01 00 1e 00 41 42 42 41 00 53 4f 53 00 ca 00"))
        assert here.band.screen.text == "Playing\nSOS\nABBA\n0:30/3:22"


async def test_an_alarm_rings_at_its_time_on_its_days(radio: Radio) -> None:
    now = [MORNING]
    async with authenticated(radio, now=lambda: now[0], zone=UTC) as here:
        await here.phone.subscribe("0003")
        # Weekdays at 06:30, weekend at 06:30, once at 06:45 without snooze, off at 06:50.
        for alarm in ("02 80 06 1e 1f", "02 81 06 1e 60", "02 c2 06 2d 80", "02 03 06 32 7f"):
            assert await here.phone.ask("0003", alarm) == b"\x10\x02\x01"
        here.band.wearer.look_at_the_clock()
        assert here.shows() is Kind.CLOCK
        now[0] += timedelta(minutes=35)
        here.band.wearer.look_at_the_clock()
        assert here.band.screen.text == "Alarm\n06:30\nSwipe: later"
        assert here.band.vibrations == 1
        here.band.wearer.tap()
        assert here.shows() is Kind.CLOCK
        now[0] += timedelta(minutes=20)
        here.band.wearer.look_at_the_clock()
        assert here.band.screen.text == "Alarm\n06:45\nTap: stop"
        here.band.wearer.refuse()
        assert here.shows() is Kind.CLOCK
        # Once is once.
        assert _alarms(here) == [(0, True), (1, True), (2, False), (3, False)]
        now[0] += timedelta(days=1)
        here.band.wearer.look_at_the_clock()
        assert here.band.vibrations == 3
        with pytest.raises(ValueError, match="slot 2"):
            here.band.wearer.ring_alarm(2)
        assert not here.band.violations


@pytest.mark.parametrize(
    ("forms", "short", "long"),
    [
        (ReadForms.BOTH, "10 0d 01 03 00 40 00 02 00", "80 01 c0 00 01 00 00 00 00"),
        (ReadForms.SHORT, "10 0d 01 03 00 40 00 02 00", "10 ff 05"),
        (ReadForms.LONG, "10 0d 05", "80 01 c0 00 01 00 00 00 00"),
        (ReadForms.NONE, "10 0d 05", "10 ff 05"),
    ],
)
async def test_a_firmware_may_not_tell_its_alarms(
    radio: Radio, forms: ReadForms, short: str, long: str
) -> None:
    async with authenticated(radio, alarm_forms=forms) as here:
        await here.phone.subscribe("0003")
        assert (await here.phone.ask("0003", "0d")).hex(" ") == short
        assert (await here.phone.ask("0003", "ff 01 00 00 00")).hex(" ") == long
        assert not here.band.violations


REMINDERS = {
    # Today at 09:00 only; Mondays; the 20th of each month; every 20 May; tomorrow.
    "once": "0b 00 09 00 00 00 e8 07 05 14 09 00 00 6f 6e 63 65 00",
    "weekly": "0b 01 29 00 00 00 e8 07 05 0d 09 00 00 77 65 65 6b 6c 79 00",
    "monthly": "0b 02 09 10 00 00 e8 07 04 14 09 00 00 6d 6f 6e 74 68 6c 79 00",
    "yearly": "0b 03 09 20 00 00 e7 07 05 14 09 00 00 79 65 61 72 6c 79 00",
}
LATER = "0b 04 09 00 00 00 e8 07 05 15 09 00 00 6c 61 74 65 72 00"


@pytest.mark.parametrize("text", REMINDERS)
async def test_a_reminder_comes_at_its_time(radio: Radio, text: str) -> None:
    now = [MORNING]
    async with authenticated(radio, now=lambda: now[0], zone=UTC) as here:
        for payload in (REMINDERS[text], LATER):
            assert await here.phone.send(2, bytes.fromhex(payload))
        here.band.wearer.look_at_the_clock()
        now[0] += timedelta(hours=2)
        here.band.wearer.look_at_the_clock()
        assert here.shows() is Kind.CLOCK
        now[0] += timedelta(hours=1)
        here.band.wearer.look_at_the_clock()
        assert here.band.screen.text == f"Reminder\n{text}"
        assert here.band.vibrations == 1
        here.band.wearer.tap()
        here.band.wearer.look_at_the_clock()
        assert here.shows() is Kind.CLOCK
        now[0] += timedelta(days=2)
        here.band.wearer.look_at_the_clock()
        assert here.shows() is Kind.CLOCK


async def test_what_the_font_lacks_is_a_box(radio: Radio) -> None:
    async with authenticated(radio) as here:
        payload = b"\xfa\0\0\0\0\x01\x0b" + "Tür 🚪\0auf ☀️!\0Haus\0".encode()
        assert await here.phone.send(0, payload)
        assert here.band.screen.missing == "🚪☀\N{VARIATION SELECTOR-16}"
        assert "🚪" in here.band.screen.text
        drawing = here.band.draw()
        assert "🚪" not in drawing
        assert "Tür \N{WHITE SQUARE}" in drawing
        screen = here.band.snapshot()["screen"]
        assert isinstance(screen, dict)
        assert screen["missing"] == here.band.screen.missing


@pytest.mark.parametrize("status", [0x04, 0x05, 0x06, None])
async def test_a_setting_can_be_refused(radio: Radio, status: int | None) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003")
        here.band.faults.refuse(b"\x06\x02", status)
        here.band.faults.refuse(b"\x1a", status)
        await here.phone.command("0003", "06 02 00 01")
        await here.phone.command("0003", "1a 02")
        heard = [reply.hex(" ") for reply in here.phone.heard["0003"]]
        assert heard == (
            [] if status is None else [f"10 06 02 00 {status:02x}", f"10 1a {status:02x}"]
        )
        assert here.band.snapshot()["settings"] == {}
        assert await here.phone.ask("0003", "06 02 00 01") == bytes.fromhex("1006020001")
        assert await here.phone.ask("0003", "1a 02") == bytes.fromhex("101a01")
        assert not here.band.violations
        with pytest.raises(ValueError, match="begins"):
            here.band.faults.refuse(b"")


async def test_the_sensor_may_search_before_it_finds_a_pulse(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("2A37")
        here.band.wearer.wear_loosely(3)
        await here.phone.write("2A39", "15 02 01")
        assert await here.phone.hear("2A37", 4) == b"\x00\x48"
        assert here.phone.heard["2A37"][:3] == [b"\x00\x00"] * 3
