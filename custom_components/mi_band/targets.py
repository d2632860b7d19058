"""Which band an action is for."""

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import service

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
