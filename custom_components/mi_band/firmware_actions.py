"""Actions that bring files into a band."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
import voluptuous as vol

from .band.errors import FileRefused
from .band.files import BandFile, FileKind
from .const import DOMAIN
from .firmware_library import async_get_library, read_band_file
from .installer import async_install
from .targets import coordinator_of

ATTR_FILE: Final = "file"
ATTR_FORCE: Final = "force"
MOST_FILES: Final = 5
"""One of each kind."""

UPDATE_FIRMWARE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_FILE): vol.All(
            cv.ensure_list, [cv.string], vol.Length(min=1, max=MOST_FILES)
        ),
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
    }
)
INSTALL_WATCHFACE_SCHEMA: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, vol.Required(ATTR_FILE): cv.string}
)


async def async_update_firmware(call: ServiceCall) -> ServiceResponse:
    """Install files of any kind, in the order in which they belong together."""
    coordinator = coordinator_of(call)
    files = [await _async_read(call.hass, name) for name in call.data[ATTR_FILE]]
    installed = await async_install(coordinator, files, force=call.data[ATTR_FORCE])
    return {
        **asdict(installed),
        "files": [
            {"file": name, "kind": file.kind.name.lower(), "version": file.version}
            for name, file in zip(call.data[ATTR_FILE], files, strict=True)
        ],
    }


async def async_install_watchface(call: ServiceCall) -> None:
    """Install a watch face."""
    coordinator = coordinator_of(call)
    file = await _async_read(call.hass, call.data[ATTR_FILE])
    if file.kind is not FileKind.WATCHFACE:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="file_is_no_watchface"
        )
    await async_install(coordinator, [file], force=False)


async def _async_read(hass: HomeAssistant, name: str) -> BandFile:
    """Read a file of the library, or of a folder that Home Assistant may read."""
    path = Path(hass.config.path(name))
    folder = async_get_library(hass).folder

    def read() -> BandFile | None:
        # Links are followed before it is decided where a file lies.
        is_in_library = path.resolve().is_relative_to(folder.resolve())
        return read_band_file(path) if is_in_library or _is_allowed(hass, path) else None

    try:
        file = await hass.async_add_executor_job(read)
    except FileRefused as err:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=err.code) from err
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="file_not_read",
            translation_placeholders={"path": str(path), "reason": err.strerror or "-"},
        ) from err
    if file is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="folder_not_allowed",
            translation_placeholders={"path": str(path), "folder": str(folder)},
        )
    return file


def _is_allowed(hass: HomeAssistant, path: Path) -> bool:
    return hass.config.is_allowed_path(str(path))


@callback
def async_setup_firmware_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    for_admins = partial(service.async_register_admin_service, hass, DOMAIN)
    for_admins(
        "update_firmware", async_update_firmware, UPDATE_FIRMWARE_SCHEMA, SupportsResponse.OPTIONAL
    )
    for_admins("install_watchface", async_install_watchface, INSTALL_WATCHFACE_SCHEMA)
