"""What every entity of a band has in common."""

from dataclasses import dataclass
from typing import override

from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import MiBandCoordinator
from .device import device_of


@dataclass(frozen=True, kw_only=True)
class MiBandEntityDescription(EntityDescription):
    """A row of a platform's table; its key names the unique id, the texts and the icons."""

    needs_link: bool = False
    """Whether it is live. What the band once recorded stays true while it is away."""
    acts: bool = False
    """Whether it does something to the band. Where no link is kept, one is made for that."""


class MiBandEntity(CoordinatorEntity[MiBandCoordinator]):
    """One row of a table, for one band."""

    _attr_has_entity_name = True
    entity_description: MiBandEntityDescription

    def __init__(
        self, coordinator: MiBandCoordinator, description: MiBandEntityDescription
    ) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{coordinator.identity}_{description.key}"
        self._attr_device_info = device_of(coordinator.config_entry, coordinator.data.device)

    @property
    @override
    def available(self) -> bool:
        """Tell whether the value still holds, or the act is possible."""
        state, row = self.coordinator.data, self.entity_description
        return (state.connected or not row.needs_link) and (state.reachable or not row.acts)
