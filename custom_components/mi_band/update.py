"""Updates: the firmware of the band, and the newest one that lies in the library."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.translation import async_get_translations

from .band.errors import FileRefused
from .band.files import BandFile, FileKind
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .entity import MiBandEntity, MiBandEntityDescription
from .firmware_library import (
    LIBRARY_CHANGED,
    FirmwareLibrary,
    Stored,
    async_get_library,
    newest_firmware,
    version_parts,
)
from .installer import async_install, progress_signal

PARALLEL_UPDATES = 1

LOOK_INTERVAL: Final = timedelta(minutes=5)
"""How often the library is looked at, for a file that somebody has copied there."""


@dataclass(frozen=True, kw_only=True)
class MiBandUpdateDescription(MiBandEntityDescription, UpdateEntityDescription):
    """An update."""

    acts: bool = True


UPDATES = (MiBandUpdateDescription(key="firmware", device_class=UpdateDeviceClass.FIRMWARE),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the updates of a band."""
    library = async_get_library(hass)
    await library.async_look()
    async_add_entities(MiBandUpdate(entry.runtime_data, row, library) for row in UPDATES)


class MiBandUpdate(MiBandEntity, UpdateEntity):
    """The firmware of a band. Without one in the library nothing is known of newer ones."""

    entity_description: MiBandUpdateDescription
    _attr_supported_features = (
        UpdateEntityFeature.INSTALL
        | UpdateEntityFeature.SPECIFIC_VERSION
        | UpdateEntityFeature.PROGRESS
        | UpdateEntityFeature.RELEASE_NOTES
    )

    def __init__(
        self,
        coordinator: MiBandCoordinator,
        description: MiBandUpdateDescription,
        library: FirmwareLibrary,
    ) -> None:
        super().__init__(coordinator, description)
        self._library = library
        self._percent: int | None = None

    @property
    @override
    def available(self) -> bool:
        """Stay while the band is away to restart into what is being installed."""
        return self._percent is not None or super().available

    @property
    @override
    def installed_version(self) -> str | None:
        """Return what the band said last."""
        device = self.coordinator.data.device
        return device.firmware_version if device else None

    @property
    @override
    def latest_version(self) -> str | None:
        """Return the newest version in the library; None without one."""
        newest = newest_firmware(self._library.files)
        return newest.version if newest else None

    @property
    @override
    def in_progress(self) -> bool:
        """Tell whether something is being installed."""
        return self._percent is not None

    @property
    @override
    def update_percentage(self) -> int | None:
        """Return how far that is."""
        return self._percent

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Compare versions part by part."""
        return version_parts(latest_version) > version_parts(installed_version)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the library, and what is installed, by whomever."""
        await super().async_added_to_hass()
        hass = self.hass
        self.async_on_remove(
            async_dispatcher_connect(hass, LIBRARY_CHANGED, self.async_write_ha_state)
        )
        signal = progress_signal(self.coordinator.identity)
        self.async_on_remove(async_dispatcher_connect(hass, signal, self._show_progress))
        self.async_on_remove(async_track_time_interval(hass, self._async_look, LOOK_INTERVAL))

    @override
    async def async_update(self) -> None:
        """Look at the library, when somebody asks for an update of the entity."""
        await self._library.async_look()
        await super().async_update()

    @override
    async def async_release_notes(self) -> str | None:
        """Return what to mind before and during an installation."""
        path = f"component.{DOMAIN}.selector.firmware.options.rules"
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "selector", {DOMAIN})
        return texts.get(path)

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Install a firmware of the library, and the resources that were made for it."""
        await self._library.async_look()
        firmware = self._find(FileKind.FIRMWARE, version or self.latest_version)
        if firmware is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="firmware_not_in_library",
                translation_placeholders={
                    "version": version or "-",
                    "folder": str(self._library.folder),
                },
            )
        resources = self._find(FileKind.PACKED_RESOURCES, firmware.version) or self._find(
            FileKind.RESOURCES, firmware.version
        )
        files = [await self._async_read(file) for file in (firmware, resources) if file]
        await async_install(self.coordinator, files, force=False)

    def _find(self, kind: FileKind, version: str | None) -> Stored | None:
        return next(
            (
                file
                for file in self._library.files
                if file.kind is kind and version is not None and file.version == version
            ),
            None,
        )

    async def _async_read(self, stored: Stored) -> BandFile:
        try:
            return await self._library.async_read(stored)
        except FileRefused as err:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key=err.code) from err
        except OSError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="file_not_read",
                translation_placeholders={"path": stored.name, "reason": err.strerror or "-"},
            ) from err

    async def _async_look(self, _: datetime) -> None:
        await self._library.async_look()

    @callback
    def _show_progress(self, percent: int | None) -> None:
        self._percent = percent
        self.async_write_ha_state()
