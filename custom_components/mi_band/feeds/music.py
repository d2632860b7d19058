"""Music on the wrist: what a player plays on the band's screen, and its keys for the player."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.components.media_player import (
    ATTR_MEDIA_ALBUM_NAME,
    ATTR_MEDIA_ARTIST,
    ATTR_MEDIA_DURATION,
    ATTR_MEDIA_POSITION,
    ATTR_MEDIA_POSITION_UPDATED_AT,
    ATTR_MEDIA_TITLE,
    ATTR_MEDIA_VOLUME_LEVEL,
    DOMAIN as MEDIA_PLAYER_DOMAIN,
    MediaPlayerState,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_MEDIA_NEXT_TRACK,
    SERVICE_MEDIA_PAUSE,
    SERVICE_MEDIA_PLAY,
    SERVICE_MEDIA_PREVIOUS_TRACK,
    SERVICE_VOLUME_DOWN,
    SERVICE_VOLUME_UP,
)
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..band.events import DeviceEvent
from ..band.link import Link
from ..band.music import HIGHEST_VOLUME_PERCENT, Music, send_music, send_volume
from ..coordinator import MiBandConfigEntry
from .push import Push

_LOGGER = logging.getLogger(__name__)

CALM: Final = timedelta(milliseconds=100)
"""From news to the band: what follows the opened screen at once it ignores, and more often than
this nobody sends."""
SEEK: Final = timedelta(seconds=3)
"""How far the position may be from where the band has counted to by itself."""

KEYS: Final[Mapping[DeviceEvent, str]] = {
    DeviceEvent.MUSIC_PLAY: SERVICE_MEDIA_PLAY,
    DeviceEvent.MUSIC_PAUSE: SERVICE_MEDIA_PAUSE,
    DeviceEvent.MUSIC_NEXT: SERVICE_MEDIA_NEXT_TRACK,
    DeviceEvent.MUSIC_PREVIOUS: SERVICE_MEDIA_PREVIOUS_TRACK,
    DeviceEvent.MUSIC_VOLUME_UP: SERVICE_VOLUME_UP,
    DeviceEvent.MUSIC_VOLUME_DOWN: SERVICE_VOLUME_DOWN,
}
"""What each key of the band's screen asks of the player."""

_AT_WORK = {MediaPlayerState.PLAYING, MediaPlayerState.PAUSED, MediaPlayerState.BUFFERING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is to be on the screen, or is there."""

    music: Music | None
    volume_percent: int | None
    moment: datetime
    """When the position was true."""

    def is_news_after(self, shown: Shown | None) -> bool:
        """Tell whether the band would show something else than this by itself."""
        if shown is None or self.volume_percent != shown.volume_percent:
            return True
        if self.music is None or shown.music is None:
            return self.music is not shown.music
        counted = shown.music.position
        if shown.music.playing:
            counted += self.moment - shown.moment
        if abs(self.music.position - counted) >= SEEK:
            return True
        return replace(self.music, position=counted) != replace(shown.music, position=counted)


def shown_of(state: State | None) -> Shown:
    """Return what a player's state shows on the band."""
    now = dt_util.utcnow()
    if state is None or state.state not in _AT_WORK:
        return Shown(music=None, volume_percent=None, moment=now)
    attributes = state.attributes
    playing = state.state != MediaPlayerState.PAUSED
    duration = attributes.get(ATTR_MEDIA_DURATION)
    volume = attributes.get(ATTR_MEDIA_VOLUME_LEVEL)
    music = Music(
        playing=playing,
        position=_position(attributes, now if playing else None),
        artist=str(attributes.get(ATTR_MEDIA_ARTIST) or ""),
        album=str(attributes.get(ATTR_MEDIA_ALBUM_NAME) or ""),
        track=str(attributes.get(ATTR_MEDIA_TITLE) or state.name),
        duration=None if duration is None else timedelta(seconds=float(duration)),
    )
    return Shown(
        music=music,
        volume_percent=None if volume is None else _percent(float(volume)),
        moment=now,
    )


def _percent(volume: float) -> int:
    # Some players go beyond full volume; the band does not.
    return max(0, min(round(volume * HIGHEST_VOLUME_PERCENT), HIGHEST_VOLUME_PERCENT))


def _position(attributes: Mapping[str, Any], now: datetime | None) -> timedelta:
    """Return where the player is now; it told so at some moment, and plays on since."""
    position = timedelta(seconds=float(attributes.get(ATTR_MEDIA_POSITION) or 0))
    told_at = attributes.get(ATTR_MEDIA_POSITION_UPDATED_AT)
    if now is not None and isinstance(told_at, datetime):
        position += now - told_at
    return position


class MusicFeed:
    """Keeps the band's music screen as its player is, while somebody looks at it."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry, entity_id: str) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._entity_id = entity_id
        self._push = Push(hass, entry, "music", self._async_push)
        self._open = False
        self._shown: Shown | None = None
        self._pressing: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Begin; ends with the entry."""
        unload = self._entry.async_on_unload
        unload(self._coordinator.companions.async_on_link("music screen", self._async_close))
        self._push.async_start(self._entity_id, CALM)
        unload(self._coordinator.async_listen_event(self._async_note))

    async def _async_close(self) -> None:
        # Whether the screen is open nobody tells on a new link; who looks at it opens it anew.
        self._open = False

    @callback
    def _async_note(self, event: DeviceEvent) -> None:
        match event:
            case DeviceEvent.MUSIC_OPENED:
                self._open, self._shown = True, None
                self._push.async_note()
            case DeviceEvent.MUSIC_CLOSED:
                self._open = False
            case _ if event in KEYS:
                self._pressing = self._entry.async_create_background_task(
                    self._hass, self._async_press(KEYS[event]), f"{event.name} of the wearer"
                )
            case _:
                pass

    async def _async_press(self, action: str) -> None:
        try:
            await self._hass.services.async_call(
                MEDIA_PLAYER_DOMAIN, action, {ATTR_ENTITY_ID: self._entity_id}, blocking=True
            )
        except HomeAssistantError as err:
            # A radio has no next track; the wearer sees that nothing happens.
            _LOGGER.info("%s did not do what was pressed on the band: %s", self._entity_id, err)

    async def _async_push(self) -> None:
        shown = shown_of(self._hass.states.get(self._entity_id))
        if self._open and shown.is_news_after(self._shown):
            await self._coordinator.async_run(lambda link: self._async_show(link, shown))

    async def _async_show(self, link: Link, shown: Shown) -> None:
        before, self._shown = self._shown, shown
        await send_music(link, shown.music)
        volume = shown.volume_percent
        if volume is not None and (before is None or before.volume_percent != volume):
            await send_volume(link, volume)
