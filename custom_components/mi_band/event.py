"""Events: what the wearer does on the band, and what the band notices, when it happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .band.events import DeviceEvent
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class MiBandEventDescription(MiBandEntityDescription, EventEntityDescription):
    """An event entity and what it reports.

    None needs the link: an entity that comes back from unavailable with its event in the same
    moment would trigger no automation.
    """

    types: Mapping[DeviceEvent, str]
    """The event type for each event of the band that belongs here."""


EVENTS = (
    MiBandEventDescription(
        key="find_phone",
        types={
            DeviceEvent.FIND_PHONE_STARTED: "started",
            DeviceEvent.FIND_PHONE_STOPPED: "stopped",
        },
    ),
    MiBandEventDescription(
        key="call",
        types={DeviceEvent.CALL_REJECTED: "rejected", DeviceEvent.CALL_IGNORED: "ignored"},
    ),
    MiBandEventDescription(
        key="music",
        types={
            DeviceEvent.MUSIC_PLAY: "play",
            DeviceEvent.MUSIC_PAUSE: "pause",
            DeviceEvent.MUSIC_NEXT: "next",
            DeviceEvent.MUSIC_PREVIOUS: "previous",
            DeviceEvent.MUSIC_VOLUME_UP: "volume_up",
            DeviceEvent.MUSIC_VOLUME_DOWN: "volume_down",
            DeviceEvent.MUSIC_OPENED: "opened",
            DeviceEvent.MUSIC_CLOSED: "closed",
        },
    ),
    MiBandEventDescription(
        key="sleep",
        types={DeviceEvent.FELL_ASLEEP: "fell_asleep", DeviceEvent.WOKE_UP: "woke_up"},
    ),
    MiBandEventDescription(key="wear", types={DeviceEvent.NOT_WORN: "not_worn"}),
    MiBandEventDescription(
        key="alarm",
        types={DeviceEvent.ALARM_TOGGLED: "toggled", DeviceEvent.ALARM_CHANGED: "changed"},
    ),
    MiBandEventDescription(key="goal", types={DeviceEvent.GOAL_REACHED: "reached"}),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of a band."""
    async_add_entities(MiBandEvent(entry.runtime_data, row) for row in EVENTS)


class MiBandEvent(MiBandEntity, EventEntity):
    """An event entity of a band."""

    entity_description: MiBandEventDescription

    def __init__(self, coordinator: MiBandCoordinator, description: MiBandEventDescription) -> None:
        super().__init__(coordinator, description)
        self._attr_event_types = list(description.types.values())

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to listen."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_event(self._async_report))

    @callback
    def _async_report(self, event: DeviceEvent) -> None:
        if event_type := self.entity_description.types.get(event):
            self._trigger_event(event_type)
            self.async_write_ha_state()
