"""Pictures: the last night, today's heart rate, and the watch face that was installed last."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .band.sleep import Stage
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription
from .face_picture import draw_words
from .history import History
from .hours import kinds_of
from .pictures import Day, HeartRateWords, NightWords, day_bounds, draw_heart_rate, draw_night

# Whoever looks at a dashboard looks at all of its pictures at once.
PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MiBandImageDescription(MiBandEntityDescription, ImageEntityDescription):
    """A picture: since when it shows what it shows, and how it is drawn."""

    changed_fn: Callable[[MiBandCoordinator], datetime | None]
    draw_fn: Callable[[MiBandCoordinator], Awaitable[bytes]]
    attributes_fn: Callable[[MiBandCoordinator], Mapping[str, Any]] | None = None


def night_changed(coordinator: MiBandCoordinator) -> datetime | None:
    """Return when the last night ended."""
    night = coordinator.data.recorded.night
    return datetime.fromtimestamp(night.end * 60, UTC) if night else None


def today_changed(coordinator: MiBandCoordinator) -> datetime | None:
    """Return up to when today is known; a new day begins empty."""
    until = coordinator.data.recorded.until
    return max(until, dt_util.start_of_local_day()) if until else None


def face_changed(coordinator: MiBandCoordinator) -> datetime | None:
    """Return when the last watch face was installed."""
    installed = coordinator.faces.installed
    return installed[0].installed_at if installed else None


def installed_faces(coordinator: MiBandCoordinator) -> Mapping[str, Any]:
    """Return which watch faces were installed, the last one first."""
    return {
        "installed": [
            {"name": face.name, "date": face.installed_at.isoformat(), "size": face.size}
            for face in coordinator.faces.installed
        ]
    }


async def async_draw_last_night(coordinator: MiBandCoordinator) -> bytes:
    """Draw the last night."""
    words = await _async_words(coordinator.hass)
    night_words = NightWords(
        stages={stage: words[stage] for stage in Stage},
        unknown=words["not_recorded"],
        nothing=words["no_night"],
    )
    return await coordinator.hass.async_add_executor_job(
        draw_night, coordinator.data.recorded.night, dt_util.get_default_time_zone(), night_words
    )


async def async_draw_heart_rate_today(coordinator: MiBandCoordinator) -> bytes:
    """Draw the heart rate of today."""
    words = await _async_words(coordinator.hass)
    heart_rate_words = HeartRateWords(
        unit=words["bpm"],
        resting=words["resting_heart_rate"],
        not_worn=words["not_worn"],
        nothing=words["not_measured"],
    )
    zone = dt_util.get_default_time_zone()
    resting_bpm = coordinator.data.recorded.resting_heart_rate_bpm

    def draw(history: History, band: str) -> bytes:
        day = _read_day(history, band, dt_util.now().date(), zone)
        return draw_heart_rate(day._replace(resting_bpm=resting_bpm), zone, heart_rate_words)

    return await coordinator.records.async_read(draw)


async def async_draw_watch_face(coordinator: MiBandCoordinator) -> bytes:
    """Show the watch face that was installed last, which was drawn then."""
    if coordinator.faces.picture is not None:
        return coordinator.faces.picture
    words = await _async_words(coordinator.hass)
    why = words["not_drawable" if coordinator.faces.installed else "no_watch_face"]
    return await coordinator.hass.async_add_executor_job(draw_words, why)


IMAGES = (
    MiBandImageDescription(
        key="last_night", changed_fn=night_changed, draw_fn=async_draw_last_night
    ),
    MiBandImageDescription(
        key="heart_rate_today", changed_fn=today_changed, draw_fn=async_draw_heart_rate_today
    ),
    MiBandImageDescription(
        key="watch_face",
        changed_fn=face_changed,
        draw_fn=async_draw_watch_face,
        attributes_fn=installed_faces,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the pictures of a band."""
    async_add_entities(MiBandImage(entry.runtime_data, row) for row in IMAGES)


class MiBandImage(MiBandEntity, ImageEntity):
    """A picture of a band. Its state tells the frontend when to load it again."""

    entity_description: MiBandImageDescription
    _attr_content_type = "image/png"
    _unrecorded_attributes = frozenset({"installed"})

    def __init__(self, coordinator: MiBandCoordinator, description: MiBandImageDescription) -> None:
        super().__init__(coordinator, description)
        ImageEntity.__init__(self, coordinator.hass)
        self._note_change()

    @override
    async def async_image(self) -> bytes:
        """Draw it."""
        return await self.entity_description.draw_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what belongs to the picture."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator) if attributes else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._note_change()
        super()._handle_coordinator_update()

    def _note_change(self) -> None:
        self._attr_image_last_updated = self.entity_description.changed_fn(self.coordinator)


def _read_day(history: History, band: str, day: date, zone: tzinfo) -> Day:
    start, end = day_bounds(day, zone)
    minutes = history.minutes(band, start, end)
    return Day(day, minutes, kinds_of(history, band, minutes), None)


async def _async_words(hass: HomeAssistant) -> dict[str, str]:
    """Return the words of the pictures, in the language of the house."""
    path = f"component.{DOMAIN}.selector.pictures.options."
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return {key.removeprefix(path): text for key, text in texts.items() if key.startswith(path)}
