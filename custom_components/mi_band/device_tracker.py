"""Device trackers: whether a band, and most likely its wearer, is at home."""

from typing import override

from homeassistant.components.device_tracker import BaseScannerEntity, SourceType
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription
from .presence import Presence

PARALLEL_UPDATES = 0

TRACKERS = (
    # Disabled, for a home in which nobody asked for it should not know who is out.
    MiBandEntityDescription(key="presence", entity_registry_enabled_default=False),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the device trackers of a band."""
    async_add_entities(MiBandTracker(hass, entry.runtime_data, row) for row in TRACKERS)


class MiBandTracker(MiBandEntity, BaseScannerEntity):
    """A device tracker of a band."""

    _attr_source_type = SourceType.BLUETOOTH_LE

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: MiBandCoordinator,
        description: MiBandEntityDescription,
    ) -> None:
        super().__init__(coordinator, description)
        self._presence = Presence(hass, coordinator, self.async_write_ha_state)

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to watch; nothing does while the entity is disabled."""
        await super().async_added_to_hass()
        self.async_on_remove(self._presence.async_start())

    @property
    @override
    def is_connected(self) -> bool | None:
        """Tell whether the band is at home; None until that is known."""
        return self._presence.home
