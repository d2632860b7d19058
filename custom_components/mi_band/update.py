"""Updates: the firmware of the band, and the newest one in the library or at the maker's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import re
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
from .catalogue import Offer
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
from .firmware_watch import FirmwareWatch, firmware_signal
from .installer import async_install, async_is_installing, progress_signal

PARALLEL_UPDATES = 1

LOOK_INTERVAL: Final = timedelta(minutes=5)
"""How often the library is looked at, for a file that somebody has copied there, and the maker's
answer, which holds for a time."""

# What could become a picture from elsewhere, a link that hides where it leads, or HTML.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&])")


@dataclass(frozen=True, kw_only=True)
class MiBandUpdateDescription(MiBandEntityDescription, UpdateEntityDescription):
    """An update. What runs and what there is stays true while the band is away."""


UPDATES = (MiBandUpdateDescription(key="firmware", device_class=UpdateDeviceClass.FIRMWARE),)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: MiBandConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the updates of a band."""
    library = async_get_library(hass)
    await library.async_look()
    firmware_watch = FirmwareWatch(hass, entry)
    await firmware_watch.async_start()
    async_add_entities(
        MiBandUpdate(entry.runtime_data, row, library, firmware_watch) for row in UPDATES
    )


class MiBandUpdate(MiBandEntity, UpdateEntity):
    """The firmware of a band. Of newer ones only the library knows, and the maker if asked."""

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
        firmware_watch: FirmwareWatch,
    ) -> None:
        super().__init__(coordinator, description)
        self._library = library
        self._watch = firmware_watch
        self._percent: int | None = None

    @property
    @override
    def installed_version(self) -> str | None:
        """Return what the band said last."""
        device = self.coordinator.data.device
        return device.firmware_version or None if device else None

    @property
    @override
    def latest_version(self) -> str | None:
        """Return the newest version in the library or at the maker's; None when there is none."""
        newest = newest_firmware(self._library.files)
        known = (
            newest.version if newest else None,
            self._watch.latest_version(self.installed_version),
        )
        return max((version for version in known if version), key=version_parts, default=None)

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
        """Follow the library, the maker, and what is installed, by whomever."""
        await super().async_added_to_hass()
        hass, identity = self.hass, self.coordinator.identity
        for signal in (LIBRARY_CHANGED, firmware_signal(identity)):
            self.async_on_remove(async_dispatcher_connect(hass, signal, self.async_write_ha_state))
        self.async_on_remove(
            async_dispatcher_connect(hass, progress_signal(identity), self._show_progress)
        )
        self.async_on_remove(async_track_time_interval(hass, self._async_look, LOOK_INTERVAL))

    @override
    async def async_update(self) -> None:
        """Look at the library, when somebody asks for an update of the entity."""
        await self._library.async_look()
        await super().async_update()

    @override
    async def async_release_notes(self) -> str | None:
        """Return what the maker says is new, and what to mind before and during an installation."""
        path = f"component.{DOMAIN}.selector.firmware.options"
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "selector", {DOMAIN})
        rules = texts.get(f"{path}.rules")
        offer = self._watch.offer_of(self.latest_version)
        if not (offer and offer.notes and rules):
            return rules
        return f"{texts.get(f'{path}.notes', '')}\n\n{_quoted(offer.notes)}\n\n{rules}"

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Install a firmware of the library or the maker's, and what was made for it."""
        await self._library.async_look()
        wanted = version or self.latest_version
        firmware = self._find(FileKind.FIRMWARE, wanted)
        if firmware is None and (offer := self._watch.offer_of(wanted)):
            await self._async_install_offer(offer)
            return
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

    async def _async_install_offer(self, offer: Offer) -> None:
        # Fetching is a part of it, so that nobody begins a second one meanwhile.
        self._show_progress(0)
        try:
            files = await self._watch.async_fetch(offer, str(self._library.folder))
            await async_install(self.coordinator, files, force=False)
        finally:
            # Somebody else's may have begun while this one was fetched.
            if not async_is_installing(self.hass, self.coordinator.identity):
                self._show_progress(None)

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
        self.async_write_ha_state()

    @callback
    def _show_progress(self, percent: int | None) -> None:
        self._percent = percent
        self.async_write_ha_state()


def _quoted(text: str) -> str:
    """Return a plain text as Markdown that looks like it, line by line."""
    lines = (_MARKDOWN.sub(r"\\\1", line.strip()) for line in text.splitlines())
    return "  \n".join(f"> {line}" for line in lines)
