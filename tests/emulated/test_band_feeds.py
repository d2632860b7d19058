"""Weather, music, reminders, the menu, vibration patterns and the phone's place."""

import pytest

from tests.emulated.phone import authenticated, lab
from tests.emulator.gatt.body import Json
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind


def _unchunked(*pieces: str) -> bytes:
    return b"".join(bytes.fromhex(piece)[3:] for piece in pieces)


HEAD = {"time": 1700000000, "zone": 4}
CLEAR = {"day": 0, "night": 0, "maximum": 25, "minimum": 14, "text": "Clear"}


@pytest.mark.parametrize(
    ("pieces", "weather"),
    [
        (
            ["00 c1 00 02 00 f1 53 65 04 00 15 43 6c 65 61 72 00"],
            {"current": {**HEAD, "condition": 0, "temperature": 21, "text": "Clear"}},
        ),
        (
            ["00 c1 00 04 00 f1 53 65 04 ff ff 28 6e 2f 61 29 00"],
            {"air_quality": {**HEAD, "aqi": None, "text": "(n/a)"}},
        ),
        (
            ["00 c1 00 04 00 f1 53 65 04 2a 00 00"],
            {"air_quality": {**HEAD, "aqi": 42, "text": ""}},
        ),
        (
            [
                "00 01 00 01 00 f1 53 65 04 02 00 00 19 0e 43 6c 65 61 72 00",
                "00 81 01 02 02 12 fe 4f 76 65 72 63 61 73 74 00",
            ],
            {
                "forecast": {
                    **HEAD,
                    "days": [
                        CLEAR,
                        {"day": 2, "night": 2, "maximum": 18, "minimum": -2, "text": "Overcast"},
                    ],
                }
            },
        ),
        (["00 c1 00 08 4d 61 64 72 69 64 00"], {"location": "Madrid"}),
    ],
)
async def test_weather(radio: Radio, pieces: list[str], weather: dict[str, Json]) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0020")
        for piece in pieces:
            await here.phone.command("0020", piece)
        last = "c1" if len(pieces) == 1 else "81"
        assert (await here.phone.hear("0020")).hex() == f"1000{last}01010000"
        assert here.band.snapshot()["weather"] == weather
        assert not here.band.violations


@pytest.mark.parametrize(
    ("payload", "music"),
    [
        (
            "1b 01 00 1e 00 41 42 42 41 00 53 4f 53 00 ca 00",
            # Flags 1b: state, artist, track and duration.
            {
                "nothing_playing": False,
                "playing": True,
                "position_s": 30,
                "artist": "ABBA",
                "track": "SOS",
                "duration_s": 202,
            },
        ),
        ("40 32", {"nothing_playing": False, "volume": 50}),
        ("40 32 00", {"nothing_playing": False, "volume": 50}),
        ("60 00", {"nothing_playing": True, "volume": 0}),
    ],
)
async def test_music_needs_no_key(radio: Radio, payload: str, music: dict[str, Json]) -> None:
    async with lab(radio) as here:
        ack = await here.phone.send(3, bytes.fromhex(payload))
        assert ack == bytes.fromhex("1000c301010000")
        assert here.band.snapshot()["music"] == music
        assert not here.band.violations


async def test_the_music_screen_shows_what_plays(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0010")
        here.band.wearer.press_music("open")
        assert await here.phone.hear("0010") == b"\xfe\xe0"
        await here.phone.send(3, bytes.fromhex("1b01001e004142424100534f5300ca00"))
        assert here.band.screen.text == "Playing\nSOS\nABBA\n0:30/3:22"
        for number, (key, byte) in enumerate(
            [
                ("play", 0),
                ("pause", 1),
                ("next", 3),
                ("previous", 4),
                ("volume_up", 5),
                ("volume_down", 6),
                ("close", 0xE1),
            ]
        ):
            here.band.wearer.press_music(key)
            assert await here.phone.hear("0010", number + 2) == bytes((0xFE, byte))
        assert here.band.screen.kind is Kind.CLOCK
        with pytest.raises(ValueError, match="no music key"):
            here.band.wearer.press_music("shout")


async def test_the_music_screen_shows_that_nothing_plays(radio: Radio) -> None:
    async with lab(radio) as here:
        here.band.wearer.press_music("open")
        await here.phone.send(3, bytes.fromhex("1b01001e004142424100534f5300ca00"))
        await here.phone.send(3, bytes.fromhex("6000"))
        assert here.band.screen.text == "Music\nNo music"


REMINDER: dict[str, Json] = {
    "enabled": True,
    "end": None,
    "weekdays": 0,
    "monthly": False,
    "yearly": False,
}


async def test_reminders_are_kept_by_slot(radio: Radio) -> None:
    async with authenticated(radio) as here:
        for payload in (
            _unchunked(
                "00 02 00 0b 00 09 00 00 00 e8 07 05 14 09 00 00 54 61 6b 65",
                "00 82 01 20 70 69 6c 6c 73 00",
            ),
            _unchunked("00 c2 00 0b 01 29 00 00 00 e8 07 05 14 12 1e 00 47 79 6d 00"),
            _unchunked(
                "00 02 00 0b 02 0d 00 00 00 e8 07 05 14 09 00 e8 07 05 14 0a",
                "00 82 01 1e 00 53 74 61 6e 64 75 70 00",
            ),
            _unchunked("00 c2 00 0b 05 08 00 00 00 00"),
        ):
            assert await here.phone.send(2, payload) is not None
        assert here.band.snapshot()["reminders"] == {
            "0": {**REMINDER, "start": "2024-05-20T09:00", "text": "Take pills"},
            "1": {**REMINDER, "start": "2024-05-20T18:30", "text": "Gym", "weekdays": 1},
            "2": {
                **REMINDER,
                "start": "2024-05-20T09:00",
                "end": "2024-05-20T10:30",
                "text": "Standup",
            },
        }
        assert await here.phone.send(2, bytes.fromhex("0b000800000000")) is not None
        assert await here.phone.send(2, bytes.fromhex("0b0108000000") + bytes(14)) is not None
        assert "0" not in repr(here.band.snapshot()["reminders"])[:3]
        assert not here.band.violations


async def test_the_menu_is_kept_in_order(radio: Radio) -> None:
    async with authenticated(radio) as here:
        payload = _unchunked(
            "00 02 00 1e 00 00 ff 12 01 00 ff 01 02 00 ff 02 03 00 ff 03",
            "00 82 01 04 01 ff 04 05 01 ff 05 06 01 ff 06 07 01 ff 07",
        )
        assert await here.phone.send(2, payload) == bytes.fromhex("10008201010000")
        assert here.band.snapshot()["display_items"] == [
            {"item": item, "shown": item not in {4, 5, 6, 7}}
            for item in (0x12, 1, 2, 3, 4, 5, 6, 7)
        ]
        assert not here.band.violations


async def test_vibration_patterns_are_kept_or_played(radio: Radio) -> None:
    async with authenticated(radio) as here:
        kept = _unchunked("00 c2 00 20 01 42 2c 01 c8 00 58 02 d0 07")
        played = _unchunked("00 c2 00 20 00 c2 c8 00 c8 00 c8 00 c8 00")
        assert await here.phone.send(2, kept) is not None
        assert await here.phone.send(2, played) is not None
        assert here.band.snapshot()["vibration_patterns"] == {"1": [[300, 200], [600, 2000]]}
        assert here.band.vibrations == 1
        assert not here.band.violations


async def test_the_phones_place_arrives(radio: Radio) -> None:
    async with authenticated(radio) as here:
        payload = _unchunked(
            "00 06 00 06 01 00 04 00 01 18 74 56 ff 60 22 3a 07 14 00 00",
            "00 46 01 00 e8 fd 00 00 00 68 e5 cf 8b 01 00 00 ff ff ff ff",
            "00 86 02 00 00 00",
        )
        assert await here.phone.send(6, payload) is not None
        assert here.band.snapshot()["positions"] == [
            {
                "status": 1,
                "longitude": -3.7038,
                "latitude": 40.4168,
                "speed_mps": 2.0,
                "altitude_m": 650.0,
                "time_ms": 1700000000000,
            }
        ]
        assert not here.band.violations


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (1, "10 00"),
        (1, "08 4d"),
        (1, "08 c3 00"),
        (1, "02 00 f1 53 65 04 40 15 00"),
        (1, "02 00 f1 53 65 04"),
        (1, "01 00 f1 53 65 04 00"),
        (1, "01 00 f1 53 65 04 08"),
        (1, "08 4d 00 00"),
        (2, "99 00"),
        (2, "0b 16 08 00 00 00"),
        (2, "0b 00 02 00 00 00 e8 07 05 14 09 00 00"),
        (2, "0b 00 09 00 00 00 e8 07 0d 14 09 00 00 41 00"),
        (2, "0b 00 09 00 00 00 e8 07 05 14 09 00 00" + " 41" * 17 + " 00"),
        (2, "1e 00 00 ff 01"),
        (2, "1e 00 00 ff 12 02 00 ff 01"),
        (2, "1e 00 01 ff 12"),
        (2, "20 03 41 64 00 64 00"),
        (2, "20 01 01 64 00 64 00"),
        (2, "20 01 41 10 27 01 00"),
        (3, "80"),
        (3, "01 02 00 00 00"),
        (3, "02 00"),
        (3, "02" + " 41" * 81 + " 00"),
        (3, "40 32 00 00"),
        (6, "06 02 00 00 00"),
        (6, "05"),
    ],
)
async def test_what_makes_no_sense_is_listed_and_not_acknowledged(
    radio: Radio, kind: int, payload: str
) -> None:
    async with authenticated(radio) as here:
        assert await here.phone.send(kind, bytes.fromhex(payload)) is None
        assert len(here.band.violations) == 1
        state = here.band.snapshot()
        for name in ("weather", "reminders", "display_items", "vibration_patterns", "music"):
            assert not state[name]
