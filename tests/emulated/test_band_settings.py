"""Configuration, profile and alarms, with the vectors of sections 4.1, 9, 10 and 12."""

import pytest

from tests.emulated.phone import Lab, authenticated
from tests.emulator.gatt.body import AttError, Json
from tests.emulator.radio import Radio


def _settings(here: Lab) -> dict[str, Json]:
    settings = here.band.snapshot()["settings"]
    assert isinstance(settings, dict)
    return settings


# Captured pairs of 4.1 and the vectors of 9.4 to 10.2.
@pytest.mark.parametrize(
    ("command", "reply", "setting"),
    [
        ("06 17 00 65 6e 5f 55 53", "10 06 17 00 01", {"language": "en_US"}),
        ("06 19 00 01", "10 06 19 00 01", {"phone_silent": True}),
        ("06 22 00 00", "10 06 22 00 01", {"activity_heart_rate": False}),
        ("06 01 00 00", "10 06 01 00 01", {"visible": False}),
        ("06 03 00 01", "10 06 03 00 01", {"imperial": True}),
        ("06 02 00 01", "10 06 02 00 01", {"time_format_24h": True}),
        ("06 0a 00 00", "10 06 0a 00 01", {"idle_screen_date": False}),
        ("06 0a 00 03", "10 06 0a 00 01", {"idle_screen_date": True}),
        ("06 10 00 01 01", "10 06 10 00 01", {"show_caller": True}),
        ("06 10 00 00 01", "10 06 10 00 01", {"show_caller": True}),
        ("06 10 00 00 00", "10 06 10 00 01", {"show_caller": False}),
        (
            "06 05 00 00 00 00 00 00",
            "10 06 05 00 01",
            {"lift_wrist": {"enabled": False, "start": "00:00", "end": "00:00"}},
        ),
        (
            "06 05 00 00",
            "10 06 05 00 01",
            {"lift_wrist": {"enabled": False, "start": "00:00", "end": "00:00"}},
        ),
        (
            "06 05 00 01",
            "10 06 05 00 01",
            {"lift_wrist": {"enabled": True, "start": "00:00", "end": "00:00"}},
        ),
        (
            "06 05 00 01 08 00 16 1e",
            "10 06 05 00 01",
            {"lift_wrist": {"enabled": True, "start": "08:00", "end": "22:30"}},
        ),
        ("06 06 00 00", "10 06 06 00 01", {"goal_notification": False}),
        ("06 23 00 00", "10 06 23 00 01", {"lift_wrist_sensitive": False}),
        ("06 07 00 0d 00 00 00", "10 06 07 00 01", {"unknown_07": True}),
        ("06 21 00 00 00", "10 06 21 00 06", {}),
        (
            "06 21 00 01 31 32 33 34 00",
            "10 06 21 00 01",
            {"lock": {"enabled": True, "pin": "1234"}},
        ),
        ("06 0d 00 00", "10 06 0d 00 01", {"rotate_wrist": False}),
        ("06 16 00 01", "10 06 16 00 01", {"swipe_unlock": True}),
        (
            "06 1a 00 01 96",
            "10 06 1a 00 01",
            {"heart_rate_alert": {"enabled": True, "threshold": 150}},
        ),
        (
            "06 1e 00 64 64 2f 4d 4d 2f 79 79 79 79",
            "10 06 1e 00 01",
            {"date_format": "dd/MM/yyyy"},
        ),
        ("06 1f 00 01", "10 06 1f 00 01", {"share_heart_rate": True}),
        (
            "06 0c 00 01 00 00 00 00",
            "10 06 0c 00 01",
            {"disconnect_alert": {"enabled": True, "start": "00:00", "end": "00:00"}},
        ),
        (
            "08 00 3c 00 08 00 15 00 00 00 00 00",
            "10 08 01",
            {
                "inactivity": {
                    "enabled": False,
                    "minutes": 60,
                    "first": ["08:00", "21:00"],
                    "second": ["00:00", "00:00"],
                }
            },
        ),
        (
            "08 01 3c 00 06 00 0c 00 0e 00 16 00",
            "10 08 01",
            {
                "inactivity": {
                    "enabled": True,
                    "minutes": 60,
                    "first": ["06:00", "12:00"],
                    "second": ["14:00", "22:00"],
                }
            },
        ),
        ("09 82", "10 09 01", {"do_not_disturb": {"mode": "off"}}),
        ("09 83", "10 09 01", {"do_not_disturb": {"mode": "automatic", "lift_wrist": False}}),
        (
            "09 81 01 00 06 00",
            "10 09 01",
            {
                "do_not_disturb": {
                    "mode": "scheduled",
                    "start": "01:00",
                    "end": "06:00",
                    "lift_wrist": False,
                }
            },
        ),
        ("1a 00", "10 1a 01", {"night_mode": {"mode": "off"}}),
        ("1a 02", "10 1a 01", {"night_mode": {"mode": "sunset"}}),
        (
            "1a 01 10 00 07 00",
            "10 1a 01",
            {"night_mode": {"mode": "scheduled", "start": "16:00", "end": "07:00"}},
        ),
        (
            "0a 7f 00 00 01 02 03 04 05 06 07 08",
            "10 0a 01",
            {"display_mask": {"mask": 127, "positions": [0, 1, 2, 3, 4, 5, 6, 7, 8]}},
        ),
        ("0c", "10 0c 05", {}),
        ("0d", "10 0d 01 03 00 40 00 02 00", {}),
        ("0e", "10 0e 01", {}),
        ("11", "10 11 01 08 0b 02 07 00 00 00 60 03 00 00 00 01 07 00 00 00", {}),
        ("fe 06 00 00", "10 fe 05", {}),
    ],
)
async def test_a_setting_is_kept_and_acknowledged(
    radio: Radio, command: str, reply: str, setting: dict[str, Json]
) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003")
        assert (await here.phone.ask("0003", command)).hex(" ") == reply
        assert _settings(here) == setting
        assert not here.band.violations


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("06 02 00 02", "10 06 02 00 06"),
        ("06 02 00 01 00", "10 06 02 00 06"),
        ("06 02 01 01", "10 06 02 01 06"),
        ("06 02", "10 06 02 00 06"),
        ("06 0a 00 01", "10 06 0a 00 06"),
        ("06 13 00 02", "10 06 13 00 05"),
        ("06 3b 00 02 03", "10 06 3b 00 05"),
        ("06 17 00 65 6e 5f 47 42", "10 06 17 00 06"),
        ("06 1e 00 64 64 2f 4d 4d 2f 79 79", "10 06 1e 00 06"),
        ("06 05 00 01 18 00 16 1e", "10 06 05 00 06"),
        ("06 0c 00 00", "10 06 0c 00 06"),
        ("06 21 00 01 30 31 32 33 00", "10 06 21 00 06"),
        ("06 21 00 01 31 32 33 34", "10 06 21 00 06"),
        ("06 14 00 02", "10 06 14 00 06"),
        ("06 0b 00 00", "10 06 0b 00 06"),
        ("08 01 3c 00", "10 08 04"),
        ("09 81", "10 09 04"),
        ("09", "10 09 04"),
        ("1a 01 18 00 07 00", "10 1a 04"),
        ("1a", "10 1a 04"),
        ("0a 7e 00 00 01 02 03 04 05 06 07 08", "10 0a 04"),
        ("02 8a 07 1e 1f", "10 02 04"),
        ("02 80 18 1e 1f", "10 02 04"),
        ("02 80 07 1e ff", "10 02 04"),
        ("02 80 07 1e", "10 02 04"),
        ("0d 00", "10 0d 04"),
        ("ff 11 00 00 00", "10 ff 05"),
        ("fe 01", "10 fe 05"),
        ("77 01", "10 77 05"),
    ],
)
async def test_what_is_no_setting_is_refused_and_listed(
    radio: Radio, command: str, reply: str
) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003")
        assert (await here.phone.ask("0003", command)).hex(" ") == reply
        assert _settings(here) == {}
        assert here.band.snapshot()["alarms"] == []
        assert len(here.band.violations) == 1


async def test_settings_need_no_listener_and_questions_do(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.command("0003", "06 02 00 00")
        assert not here.band.violations
        assert _settings(here) == {"time_format_24h": False}
        await here.phone.command("0003", "0d")
        assert here.wrongs == ["0003: nobody hears the reply: CCCD is off"]


async def test_the_clock_face_follows_the_time_format(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.write("2A2B", "e8 07 07 01 15 05 00 01 00 00 f0")
        assert here.band.screen.text.startswith("21:05")
        await here.phone.command("0003", "06 02 00 00")
        assert here.band.screen.text.startswith("09:05 PM")


async def test_a_pin_without_the_key_is_ignored_and_no_violation(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.disconnect()
        await here.phone.connect()
        await here.phone.command("0003", "06 21 00 01 31 32 33 34 00")
        assert _settings(here) == {}
        assert not here.band.violations


# Find phone


async def test_the_search_for_the_phone_is_acknowledged(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0003", "0010")
        here.band.wearer.find_phone()
        assert await here.phone.hear("0010") == b"\x08"
        assert here.band.screen.text == "Find phone\nSearching\nStop"
        assert await here.phone.ask("0003", "06 14 00 00") == bytes.fromhex("1006140001")
        assert here.band.snapshot()["find_phone"] == {"searching": True}
        here.band.wearer.stop_finding_phone()
        assert await here.phone.hear("0010", 2) == b"\x0f"
        assert await here.phone.ask("0003", "06 14 00 01") == bytes.fromhex("1006140001")
        assert here.band.snapshot()["acknowledgements"] == [
            {"find_phone": "ringing"},
            {"find_phone": "stopped"},
        ]
        assert not here.band.violations


async def test_the_phone_ends_the_search_when_it_is_found(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003", "0010")
        here.band.wearer.find_phone()
        await here.phone.ask("0003", "06 14 00 01")
        assert here.band.snapshot()["find_phone"] == {"searching": False}


# Alarms


def _alarm(slot: int, hour: int, minute: int, days: int, **other: bool) -> dict[str, Json]:
    return {
        "slot": slot,
        "enabled": other.get("enabled", True),
        "snooze": other.get("snooze", True),
        "hour": hour,
        "minute": minute,
        "days": days,
    }


async def test_alarms_are_written_and_deleted(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003")
        for command in (
            "02 80 07 1e 1f",
            "02 c3 16 05 80",
            "02 01 06 00 7f",
            "02 82 05 00 7f",
            "02 02 00 00 00",
        ):
            assert await here.phone.ask("0003", command) == b"\x10\x02\x01"
        assert here.band.snapshot()["alarms"] == [
            _alarm(0, 7, 30, 0x1F),
            _alarm(1, 6, 0, 0x7F, enabled=False),
            _alarm(3, 22, 5, 0x80, snooze=False),
        ]
        assert await here.phone.ask("0003", "0d") == bytes.fromhex("100d01 0300400002 03 10 01 13")
        assert not here.band.violations


async def test_one_alarm_is_read_back_in_one_piece(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0003")
        await here.phone.ask("0003", "02 80 07 1e 1f")
        assert await here.phone.ask("0003", "ff 01 00 00 00") == bytes.fromhex(
            "8001c00001000000 01 80071e1f"
        )
        assert not here.band.violations


async def test_no_alarms_are_read_back_as_none(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003")
        assert await here.phone.ask("0003", "ff 01 00 00 00") == bytes.fromhex("8001c0000100000000")


async def test_ten_alarms_are_read_back_in_pieces(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0003")
        for slot in range(10):
            await here.phone.ask("0003", bytes((0x02, 0x80 | slot, slot, 59, 0x7F)))
        await here.phone.ask("0003", "ff 01 00 00 00")
        pieces = [await here.phone.hear("0003", 11 + number) for number in range(3)]
        assert [piece[:4].hex() for piece in pieces] == ["80010000", "80014001", "80018002"]
        assert all(len(piece) <= 20 for piece in pieces)
        data = pieces[0][4:] + pieces[1][4:] + pieces[2][4:]
        assert data[:5] == b"\x01\x00\x00\x00\x0a"
        assert data[5:] == b"".join(bytes((0x80 | slot, slot, 59, 0x7F)) for slot in range(10))


async def test_the_wearer_changes_alarms_and_the_band_says_so(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0003", "0010")
        await here.phone.ask("0003", "02 80 07 1e 1f")
        here.band.wearer.toggle_alarm(0)
        assert await here.phone.hear("0010") == b"\x0a"
        here.band.wearer.edit_alarm(0, 8, 15)
        assert await here.phone.hear("0010", 2) == b"\x1a"
        assert here.band.snapshot()["alarms"] == [_alarm(0, 8, 15, 0x1F, enabled=False)]
        with pytest.raises(ValueError, match="slot 4"):
            here.band.wearer.toggle_alarm(4)
        with pytest.raises(ValueError, match="no such time"):
            here.band.wearer.edit_alarm(0, 24, 0)


# Profile


async def test_the_profile_is_kept(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.write("0008", "4f 00 00 c6 07 06 0f 00 b4 00 98 3a 80 96 89 05")
        await here.phone.write("0008", "10 00 00 40 1f 00 00")
        await here.phone.write("0008", "20 00 00 82")
        assert here.band.snapshot()["user_profile"] == {
            "user": {
                "birth": "1990-06-15",
                "sex": "male",
                "height_cm": 180,
                "weight_kg": 75.0,
                "user_id": 0x05899680,
            },
            "goal": 8000,
            "wrist": "right",
        }
        assert not here.band.violations


@pytest.mark.parametrize(
    "value",
    [
        "4f 00 00 c6 07 06 0f 00 b4 00 98 3a 80 96 89",
        "4f 00 00 c6 07 0d 0f 00 b4 00 98 3a 80 96 89 05",
        "4f 00 00 c6 07 06 0f 03 b4 00 98 3a 80 96 89 05",
        "10 00 00 00 00 00 00",
        "10 00 00 40 1f 01 00",
        "10 00 00 40 1f",
        "20 00 00 03",
        "20 00 01 02",
        "30 00 00 00",
    ],
)
async def test_what_is_no_profile_is_refused(radio: Radio, value: str) -> None:
    async with authenticated(radio) as here:
        assert await here.phone.refused("0008", value) in {0x0D, 0x13}
        assert len(here.band.violations) == 1


async def test_a_firmware_may_lack_settings(radio: Radio) -> None:
    async with authenticated(radio) as here:
        for name, value in (("0008", "20 00 00 02"), ("2A39", "14 05")):
            here.band.faults.refuse_requests(name)
            assert await here.phone.refused(name, value) == AttError.VALUE_NOT_ALLOWED
            await here.phone.write(name, value)
        assert not here.band.violations
