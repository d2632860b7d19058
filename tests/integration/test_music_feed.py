"""A player on the band's music screen, and the band's keys for the player."""

from datetime import timedelta

from homeassistant.components.media_player import MediaPlayerState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mi_band.feeds import music as feed
from tests.emulator.screen import Kind

from .house import House, until
from .sources import Player, add_player, settle

_CALM = timedelta(milliseconds=1)


@pytest.fixture(autouse=True)
def no_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "CALM", _CALM)


@pytest.fixture
async def player(hass: HomeAssistant, house: House) -> Player:
    player = await add_player(hass)
    await house.choose(media_player="media_player.kitchen")
    return player


def _messages(house: House) -> list[bytes]:
    return [
        bytes.fromhex(message["payload"])
        for message in house.on_band("messages")
        if message["type"] == 3
    ]


async def _until_told(house: House, count: int) -> None:
    await until(lambda: len(_messages(house)) == count)
    await settle(house)
    assert len(_messages(house)) == count


async def test_the_screen_shows_what_plays_when_it_is_opened(house: House, player: Player) -> None:
    player.play("SOS")
    house.band.wearer.press_music("open")
    await _until_told(house, 2)
    music = house.on_band("music")
    # It plays on, however long this takes.
    assert music.pop("position_s") in range(30, 90)
    assert music == {
        "nothing_playing": False,
        "playing": True,
        "artist": "ABBA",
        "track": "SOS",
        "duration_s": 202,
        "volume": 50,
    }
    assert _messages(house)[1] == bytes.fromhex("40 32")
    assert house.band.screen.kind is Kind.MUSIC
    assert "SOS" in house.band.screen.text


@pytest.mark.parametrize(("volume", "shown"), [(1.25, 100), (-0.1, 0)])
async def test_a_volume_beyond_what_the_band_has_is_shown_as_near_as_it_comes(
    house: House, player: Player, volume: float, shown: int
) -> None:
    player.turn(MediaPlayerState.PAUSED, volume=volume)
    house.band.wearer.press_music("open")
    await until(lambda: house.on_band("music").get("volume") == shown)


async def test_nothing_is_sent_while_nobody_looks(house: House, player: Player) -> None:
    player.play("SOS")
    player.play("Waterloo")
    await settle(house)
    assert _messages(house) == []
    house.band.wearer.press_music("open")
    await _until_told(house, 2)
    house.band.wearer.press_music("close")
    await until(lambda: house.state("event", "music").attributes["event_type"] == "closed")
    player.play("Fernando")
    await settle(house)
    assert len(_messages(house)) == 2


async def test_only_what_changed_is_sent(house: House, player: Player) -> None:
    player.play("SOS")
    house.band.wearer.press_music("open")
    await _until_told(house, 2)
    # Where it would be by now anyway: the band counts by itself.
    player.play("SOS")
    await settle(house)
    assert len(_messages(house)) == 2
    player.play("SOS", position=99)
    await _until_told(house, 3)
    player.play("Waterloo", position=99)
    await _until_told(house, 4)
    player.turn(MediaPlayerState.PAUSED)
    await _until_told(house, 5)
    assert house.on_band("music", "playing") is False
    player.turn(MediaPlayerState.PAUSED, volume=0.25)
    await _until_told(house, 7)
    assert house.on_band("music", "volume") == 25


@pytest.mark.parametrize(
    "state", [MediaPlayerState.IDLE, MediaPlayerState.OFF, MediaPlayerState.STANDBY]
)
async def test_a_player_that_does_not_play_shows_nothing(
    house: House, player: Player, state: MediaPlayerState
) -> None:
    player.turn(state)
    house.band.wearer.press_music("open")
    await _until_told(house, 1)
    assert _messages(house) == [bytes.fromhex("60 00")]
    player.play("SOS")
    await _until_told(house, 3)
    player.turn(state)
    await _until_told(house, 4)
    assert house.on_band("music", "nothing_playing") is True


async def test_a_player_that_is_gone_shows_nothing(house: House, player: Player) -> None:
    player.play("SOS")
    house.band.wearer.press_music("open")
    await _until_told(house, 2)
    house.hass.states.async_remove("media_player.kitchen")
    await _until_told(house, 3)
    assert house.on_band("music", "nothing_playing") is True


async def test_what_has_no_title_is_shown_by_the_name_of_its_player(
    house: House, player: Player
) -> None:
    player.play("", artist="")
    house.band.wearer.press_music("open")
    await _until_told(house, 2)
    assert house.on_band("music", "track") == "Kitchen"
    assert "artist" not in house.on_band("music")


@pytest.mark.parametrize("key", ["play", "pause", "next", "volume_up", "volume_down"])
async def test_a_key_of_the_band_controls_the_player(
    house: House, player: Player, key: str
) -> None:
    player.play("SOS")
    house.band.wearer.press_music(key)
    await until(lambda: player.pressed == [key])


async def test_keys_that_follow_each_other_all_arrive(house: House, player: Player) -> None:
    player.play("SOS")
    for _ in range(5):
        house.band.wearer.press_music("volume_up")
    await until(lambda: player.pressed == ["volume_up"] * 5)


async def test_what_the_player_cannot_do_is_told_and_harms_nothing(
    house: House, player: Player, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    player.play("SOS")
    house.band.wearer.press_music("previous")
    await until(lambda: "did not do what was pressed" in caplog.text)
    house.band.wearer.press_music("next")
    await until(lambda: player.pressed == ["next"])


async def test_a_screen_that_was_open_when_the_link_broke_counts_as_closed(
    house: House, player: Player
) -> None:
    player.play("SOS")
    house.band.wearer.press_music("open")
    await _until_told(house, 2)
    await house.lose_band()
    player.play("Waterloo")
    await house.bring_band_back()
    await settle(house)
    assert len(_messages(house)) == 2
    house.band.wearer.press_music("open")
    await _until_told(house, 4)
    assert house.on_band("music", "track") == "Waterloo"


async def test_a_cut_while_it_is_shown_harms_nothing(house: House, player: Player) -> None:
    player.play("SOS")
    house.band.faults.cut_after(1)
    house.band.wearer.press_music("open")
    await until(lambda: house.on_band("connections") == 3)
    await house.until_connected()
    house.band.wearer.press_music("open")
    await until(lambda: house.on_band("music").get("volume") == 50)


async def test_without_a_player_the_keys_are_events_only(house: House) -> None:
    house.band.wearer.press_music("open")
    house.band.wearer.press_music("next")
    await until(lambda: house.state("event", "music").attributes.get("event_type") == "next")
    assert _messages(house) == []
