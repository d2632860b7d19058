"""Actions that bring files into a band.

A file is named by its path, by a media source or by an address, and lies on this machine's disk in
every case: nothing is fetched, and what lies where Home Assistant may not read is not read.
"""

import contextlib
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from homeassistant.components.media_source import (
    DOMAIN as MEDIA_SOURCE_DOMAIN,
    URI_SCHEME as MEDIA_SOURCE_SCHEME,
    MediaSourceItem,
)
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
from homeassistant.helpers.network import is_hass_url
import voluptuous as vol
from yarl import URL

from .band.errors import FileRefused
from .band.files import BandFile, FileKind
from .const import DOMAIN
from .firmware_library import async_get_library, read_band_file
from .installer import async_install
from .targets import BAND, coordinator_of

ATTR_FILE: Final = "file"
ATTR_FORCE: Final = "force"
MOST_FILES: Final = 5
"""One of each kind."""

_SERVED: Final = "/local/"
"""Where Home Assistant serves the folder `www` of its configuration."""

UPDATE_FIRMWARE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): BAND,
        vol.Required(ATTR_FILE): vol.All(
            cv.ensure_list, [cv.string], vol.Length(min=1, max=MOST_FILES)
        ),
        vol.Optional(ATTR_FORCE, default=False): cv.boolean,
    }
)
INSTALL_WATCHFACE_SCHEMA: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): BAND, vol.Required(ATTR_FILE): cv.string}
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
    path = _path_of(hass, name)
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


def _path_of(hass: HomeAssistant, name: str) -> Path:
    """Return where a file lies; whether it may be read there is another question."""
    if name.startswith(MEDIA_SOURCE_SCHEME):
        return _path_of_media(hass, name)
    if name.startswith(_SERVED) or "://" in name:
        return _path_of_address(hass, name)
    return Path(hass.config.path(name))


def _path_of_media(hass: HomeAssistant, name: str) -> Path:
    """Return where a file of Home Assistant's own media lies.

    It is not resolved as what is played is: that fails for a file whose ending tells no MIME type.
    """
    try:
        item = MediaSourceItem.from_uri(hass, name, None)
    except ValueError as err:
        raise _not_local("media_not_local") from err
    source, _, location = (item.identifier or "").partition("/")
    folder = hass.config.media_dirs.get(source)
    if item.domain != MEDIA_SOURCE_DOMAIN or folder is None:
        raise _not_local("media_not_local")
    return Path(folder, location)


def _path_of_address(hass: HomeAssistant, name: str) -> Path:
    """Return where a file lies that Home Assistant serves without asking who wants it."""
    with contextlib.suppress(ValueError):
        path = URL(name).path
        if name.startswith(_SERVED) or (path.startswith(_SERVED) and is_hass_url(hass, name)):
            return Path(hass.config.path("www", path.removeprefix(_SERVED)))
    raise _not_local("address_not_local")


def _not_local(key: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={
            "media": f"{MEDIA_SOURCE_SCHEME}{MEDIA_SOURCE_DOMAIN}/",
            "served": _SERVED,
        },
    )


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
