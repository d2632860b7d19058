"""Which band an action is for, and which entities a trigger or a condition looks at."""

from collections.abc import Iterable
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er, service
import voluptuous as vol

from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator

BAND: Final = vol.All(cv.ensure_list, [cv.string])
"""A device as a field gives it, or the list of a target: that it has to be one is said in words."""


def coordinator_of(call: ServiceCall) -> MiBandCoordinator:
    """Return the band that an action is for.

    Raises:
        ServiceValidationError: translated; there is more than one device or none, the device is no
            band, or its band is not set up.
    """
    match call.data[ATTR_DEVICE_ID]:
        case [device_id]:
            pass
        case _:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_one_band")
    entry: MiBandConfigEntry
    _, entry = service.async_get_device_and_config_entry(call.hass, DOMAIN, device_id)
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
