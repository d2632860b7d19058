"""Notifications: messages that appear on the wrist."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.notify import (
    ATTR_TITLE_DEFAULT,
    NotifyEntity,
    NotifyEntityDescription,
    NotifyEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.signal_type import SignalType

from .alert_queue import Message
from .band.alerts import Alert
from .coordinator import MiBandConfigEntry
from .entity import MiBandEntity, MiBandEntityDescription
from .options import TRANSLITERATE
from .transliteration import transliterate

PARALLEL_UPDATES = 1

ALERTED: Final[SignalType[str]] = SignalType("mi_band_alerted")
"""An alert went to the band of this identity by another way than its notify entity."""


@dataclass(frozen=True, kw_only=True)
class MiBandNotifyDescription(MiBandEntityDescription, NotifyEntityDescription):
    """A place on the band where messages appear."""

    acts: bool = True


NOTIFIERS = (MiBandNotifyDescription(key="wrist"),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the notify entity of a band."""
    async_add_entities(MiBandNotifier(entry.runtime_data, row) for row in NOTIFIERS)


class MiBandNotifier(MiBandEntity, NotifyEntity):
    """The wrist."""

    entity_description: MiBandNotifyDescription
    _attr_supported_features = NotifyEntityFeature.TITLE

    @property
    @override
    def available(self) -> bool:
        """Tell whether a message is taken: now, or for a band that comes back."""
        return super().available or bool(self.coordinator.alerts.patience)

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to take note of what the action of this integration sends."""
        await super().async_added_to_hass()
        self.async_on_remove(async_dispatcher_connect(self.hass, ALERTED, self._async_note_alert))

    @callback
    def _async_note_alert(self, identity: str) -> None:
        if identity == self.coordinator.identity:
            self._async_record_notification()

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Show a message; it is cut to what the band takes."""
        title = title or ATTR_TITLE_DEFAULT
        if TRANSLITERATE.of(self.coordinator.config_entry):
            title, message = transliterate(title), transliterate(message)
        alert = Alert(title=title, body=message)
        await self.coordinator.alerts.async_deliver(Message(alerts=(alert,)))
