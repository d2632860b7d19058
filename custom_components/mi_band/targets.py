"""Which band an action is for, and which entities a trigger or a condition looks at."""

from collections.abc import Iterable

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er, service

from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator


def coordinator_of(call: ServiceCall) -> MiBandCoordinator:
    """Return the band that an action is for.

    Raises:
        ServiceValidationError: translated; the device is no band, or its band is not set up.
    """
    entry: MiBandConfigEntry
    _, entry = service.async_get_device_and_config_entry(
        call.hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    return entry.runtime_data


def entities_of_bands(
    hass: HomeAssistant, platform: str, key: str, entity_ids: Iterable[str]
) -> set[str]:
    """Return those that are bands' entities of this platform and key.

    A target can be an area, in which there is much that is no band.
    """
    registry = er.async_get(hass)
    found = (registry.async_get(entity_id) for entity_id in entity_ids)
    return {
        entity.entity_id
        for entity in found
        if entity
        and (entity.domain, entity.platform, entity.translation_key) == (platform, DOMAIN, key)
    }
