"""The pages behind the gear of a band: its options, and the files that are kept for bands."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .band.errors import FileRefused
from .band.files import BandFile, FileKind
from .const import DOMAIN
from .coordinator import MiBandConfigEntry
from .firmware_library import (
    MOST_FILES,
    LibraryFull,
    Stored,
    async_get_library,
    newest_firmware,
    read_band_file,
    version_parts,
)
from .options import SECTIONS, Option

OPEN: Final = "connection"
"""The section that is not folded when the page opens."""
CONF_FILE: Final = "file"
CONF_REMOVE: Final = "remove"
_MIB: Final = 1024 * 1024
_ACTION_PAGE: Final = "/config/developer-tools/action"
"""Where actions are tried; Home Assistant leads on from there when it has moved the page."""

# What a file is, its content tells: a name that the browser would not offer may be the right one.
UPLOAD_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_FILE): selector.FileSelector(selector.FileSelectorConfig(accept="*"))}
)


class UploadGone(Exception):
    """What was uploaded is not there any more: it was looked at before, or is of another day."""


class MiBandOptionsFlow(OptionsFlowWithReload):
    """Leads to the options, and to the files.

    The band is set up anew when an option was changed; bringing or removing files leaves it alone.
    """

    _stored: Stored
    """The file that was brought in last."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to do; files can be looked through where there are some."""
        library = async_get_library(self.hass)
        await library.async_look()
        steps = ["settings", "upload", *(["files"] if library.files else [])]
        return self.async_show_menu(
            step_id="init",
            menu_options=steps,
            description_placeholders={"files": str(len(library.files))},
        )

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for every option on one page; the sections are its order, and not stored."""
        if user_input is not None:
            chosen = {key: value for part in user_input.values() for key, value in part.items()}
            return self.async_create_entry(data=chosen)
        return self.async_show_form(
            step_id="settings", data_schema=options_schema(self.config_entry)
        )

    async def async_step_upload(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take a file, or tell why it is not taken."""
        library = async_get_library(self.hass)
        errors: dict[str, str] = {}
        placeholders = {"folder": str(library.folder), "most": str(MOST_FILES), "reason": "-"}
        if user_input is not None:
            try:
                name, file = await self.hass.async_add_executor_job(
                    _take_upload, self.hass, user_input[CONF_FILE]
                )
                self._stored = await library.async_add(name, file.content)
            except UploadGone:
                errors[CONF_FILE] = "upload_gone"
            except FileRefused as err:
                errors[CONF_FILE] = err.code
            except LibraryFull:
                errors["base"] = "library_full"
            except OSError as err:
                errors["base"] = "file_not_kept"
                placeholders["reason"] = err.strerror or "-"
            else:
                return await self.async_step_uploaded()
        return self.async_show_form(
            step_id="upload",
            data_schema=UPLOAD_SCHEMA,
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def async_step_uploaded(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell what the file is, and how it comes to the band."""
        words = await _async_words(self.hass)
        runs = _firmware_of(self.config_entry)
        offered = newest_firmware(async_get_library(self.hass).files)
        advice = _advice(self._stored, is_newest=self._stored == offered, runs=runs)
        return self.async_show_menu(
            step_id="uploaded",
            menu_options=["upload", "files", "finish"],
            description_placeholders={
                "file": self._stored.name,
                "kind": _kind(self._stored, words),
                "size": _size(self._stored),
                "advice": words[advice].format(
                    name=self.config_entry.title,
                    runs=runs or "-",
                    path=f"{DOMAIN}/{self._stored.name}",
                    link=f"{_ACTION_PAGE}?service={DOMAIN}.",
                ),
            },
        )

    async def async_step_files(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """List the files, and remove those that were chosen."""
        library = async_get_library(self.hass)
        errors: dict[str, str] = {}
        placeholders = {"folder": str(library.folder), "reason": "-"}
        if user_input is not None:
            try:
                for name in user_input[CONF_REMOVE]:
                    await library.async_remove(name)
            except OSError as err:
                errors["base"] = "file_not_removed"
                placeholders["reason"] = err.strerror or "-"
            else:
                return await self.async_step_init()
        await library.async_look()
        if not library.files:
            # Somebody else has removed them since the menu was shown.
            return await self.async_step_init()
        return self.async_show_form(
            step_id="files",
            data_schema=files_schema(library.files, await _async_words(self.hass)),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Close the dialog; the options stay as they are."""
        return self.async_create_entry(data=dict(self.config_entry.options))


def options_schema(entry: ConfigEntry) -> vol.Schema:
    """Return the page with what holds for a band now."""
    return vol.Schema(
        {
            vol.Required(name): section(
                vol.Schema(dict(_field(option, entry) for option in options)),
                {"collapsed": name != OPEN},
            )
            for name, options in SECTIONS.items()
        }
    )


def _field(option: Option[Any], entry: ConfigEntry) -> tuple[vol.Marker, Any]:
    now = option.of(entry)
    if option.default is None:
        # With a default it could not be emptied again.
        return vol.Optional(option.key, description={"suggested_value": now}), option.selector
    return vol.Required(option.key, default=now), option.selector


# Files


def files_schema(files: tuple[Stored, ...], words: Mapping[str, str]) -> vol.Schema:
    """Return the list of the files, each with a box to tick."""
    options = [
        selector.SelectOptionDict(value=stored.name, label=_label(stored, words))
        for stored in files
    ]
    chosen = selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=options, multiple=True, mode=selector.SelectSelectorMode.LIST
        )
    )
    return vol.Schema({vol.Optional(CONF_REMOVE, default=[]): chosen})


def _take_upload(hass: HomeAssistant, upload: str) -> tuple[str, BandFile]:
    """Read an uploaded file, of which Home Assistant then keeps nothing; for a thread.

    Raises:
        FileRefused: it is nothing that a band takes.
        UploadGone: it is not there any more.
    """
    try:
        with process_uploaded_file(hass, upload) as path:
            return path.name, read_band_file(path)
    except ValueError as err:
        raise UploadGone from err


def _label(stored: Stored, words: Mapping[str, str]) -> str:
    day = dt_util.as_local(stored.changed).date().isoformat()
    return " · ".join((stored.name, _kind(stored, words), _size(stored), day))


def _kind(stored: Stored, words: Mapping[str, str]) -> str:
    if stored.kind is None:
        return words["nothing"]
    kind = words[stored.kind.name.lower()]
    return f"{kind} {stored.version}" if stored.version else kind


def _size(stored: Stored) -> str:
    if stored.size >= _MIB:
        return f"{stored.size / _MIB:.1f} MiB"
    return f"{max(1, round(stored.size / 1024))} KiB"


def _advice(stored: Stored, *, is_newest: bool, runs: str | None) -> str:
    """Return the text that says how a file comes to a band, and whether it is offered there."""
    if stored.kind is FileKind.FIRMWARE:
        is_newer = version_parts(stored.version or "") > version_parts(runs or "")
        return "install_offered" if is_newest and is_newer else "install_other"
    return "install_watchface" if stored.kind is FileKind.WATCHFACE else "install_file"


def _firmware_of(entry: MiBandConfigEntry) -> str | None:
    """Return what a band runs, as far as that is known."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    device = entry.runtime_data.data.device
    return device.firmware_version if device else None


async def _async_words(hass: HomeAssistant) -> dict[str, str]:
    """Return the words about files, in the language of the house."""
    path = f"component.{DOMAIN}.selector.band_file.options."
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return {key.removeprefix(path): text for key, text in texts.items() if key.startswith(path)}
