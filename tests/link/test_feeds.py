"""Weather, music and reminders on the emulated band."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import override

import pytest

from custom_components.mi_band.band import wire
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.music import Music, send_music, send_volume
from custom_components.mi_band.band.reminders import (
    SLOTS,
    Reminder,
    clear_reminder,
    set_reminder,
)
from custom_components.mi_band.band.weather import Location, Record, send_weather
from tests.emulator.screen import Kind
from tests.vectors import (
    Vector,
    music as music_vectors,
    reminders as reminder_vectors,
    weather as weather_vectors,
)
from tests.vectors.texts import TEXTS

from .lab import Lab, items, say_first, state


@dataclass(frozen=True, slots=True)
class Sending:
    """A message, and what it looks like on the air."""

    name: str
    send: Callable[[Link], Awaitable[None]]
    kind: int
    payload: bytes

    @override
    def __str__(self) -> str:
        """The name, for pytest."""
        return self.name


def _report(vector: Vector[Record]) -> Sending:
    return Sending(vector.name, lambda link: send_weather(link, vector.value), 1, vector.packet)


def _remind(vector: Vector[Reminder]) -> Sending:
    return Sending(vector.name, lambda link: set_reminder(link, vector.value), 2, vector.packet)


def _clear(vector: Vector[int], *, event: bool) -> Sending:
    return Sending(
        vector.name,
        lambda link: clear_reminder(link, vector.value, event=event),
        2,
        vector.packet,
    )


def _play(vector: Vector[Music] | Vector[None]) -> Sending:
    return Sending(vector.name, lambda link: send_music(link, vector.value), 3, vector.packet)


SENDINGS = (
    *map(_report, weather_vectors.RECORDS),
    *map(_remind, reminder_vectors.REMINDERS),
    _clear(reminder_vectors.EMPTY, event=False),
    _clear(reminder_vectors.EMPTY_EVENT, event=True),
    _play(music_vectors.PLAYING),
    _play(music_vectors.PAUSED),
    _play(music_vectors.NOTHING),
    Sending(
        music_vectors.VOLUME.name,
        lambda link: send_volume(link, music_vectors.VOLUME.value),
        3,
        music_vectors.VOLUME.packet,
    ),
)


@pytest.mark.parametrize("sending", SENDINGS, ids=str)
@pytest.mark.parametrize("mtu", [247, 23])
async def test_a_documented_message_arrives(lab: Lab, sending: Sending, mtu: int) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        await sending.send(link)
    (message,) = items(band, "messages")
    assert message["type"] == sending.kind
    assert message["payload"] == sending.payload.hex(" ")


@pytest.mark.parametrize("what", ["lose", "garble", "double"])
async def test_an_acknowledgement_that_goes_wrong_is_no_failure(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(wire, "ACKNOWLEDGEMENT_TIMEOUT", timedelta(milliseconds=20))
    band = await lab.band()
    getattr(band.faults, what)("0020", len(SENDINGS))
    async with lab.open(band) as link:
        for sending in SENDINGS:
            await sending.send(link)
    assert len(items(band, "messages")) == len(SENDINGS)


async def test_wrong_acknowledgements_first_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(monkeypatch, band, "0020", bytes.fromhex("1000c001010000"), b"\x10\x00", b"")
    async with lab.open(band) as link:
        for sending in SENDINGS:
            await sending.send(link)
    assert len(items(band, "messages")) == len(SENDINGS)


async def test_the_band_knows_the_weather(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for vector in weather_vectors.RECORDS:
            await send_weather(link, vector.value)
    weather = state(band, "weather")
    time, zone = 1_700_000_000, 4
    assert weather["current"] == {
        "time": time,
        "zone": zone,
        "condition": 0,
        "temperature": 21,
        "text": "Clear",
    }
    assert weather["air_quality"] == {"time": time, "zone": zone, "aqi": 42, "text": ""}
    assert weather["forecast"] == {
        "time": time,
        "zone": zone,
        "days": [
            {"day": 0, "night": 0, "maximum": 25, "minimum": 14, "text": "Clear"},
            {"day": 2, "night": 2, "maximum": 18, "minimum": -2, "text": "Overcast"},
        ],
    }
    assert weather["location"] == "Madrid"


async def test_the_music_screen_shows_what_plays(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        band.wearer.press_music("open")
        await send_music(link, music_vectors.PLAYING.value)
        await send_volume(link, music_vectors.VOLUME.value)
        assert state(band, "music") == {
            "nothing_playing": False,
            "playing": True,
            "position_s": 30,
            "artist": "ABBA",
            "track": "SOS",
            "duration_s": 202,
            "volume": 50,
        }
        assert (band.screen.kind, band.screen.content.title) == (Kind.MUSIC, "SOS")
        await send_music(link, None)
        assert state(band, "music")["nothing_playing"] is True


async def test_every_slot_holds_a_reminder_until_it_is_emptied(lab: Lab) -> None:
    band = await lab.band()
    once = reminder_vectors.REMINDERS[0].value
    async with lab.open(band) as link:
        for slot in range(SLOTS):
            await set_reminder(link, Reminder(slot=slot, begin=once.begin, text=f"Reminder {slot}"))
        held = state(band, "reminders")
        assert sorted(map(int, held)) == list(range(SLOTS))
        assert held["7"] == {
            "enabled": True,
            "start": "2024-05-20T09:00",
            "end": None,
            "weekdays": 0,
            "monthly": False,
            "yearly": False,
            "text": "Reminder 7",
        }
        for slot in range(SLOTS):
            await clear_reminder(link, slot, event=slot % 2 == 0)
    assert state(band, "reminders") == {}


@pytest.mark.parametrize("mtu", [247, 23])
async def test_no_text_breaks_a_message(lab: Lab, mtu: int) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    begin = reminder_vectors.REMINDERS[0].value.begin
    async with lab.open(band) as link:
        for number, text in enumerate(TEXTS.values()):
            await send_weather(link, Location(text))
            await send_music(link, Music(playing=True, artist=text, album=text, track=text))
            await set_reminder(link, Reminder(slot=number % SLOTS, begin=begin, text=text))
            await set_reminder(
                link, Reminder(slot=number % SLOTS, begin=begin, end=begin, text=text)
            )
    assert band.violations == []
