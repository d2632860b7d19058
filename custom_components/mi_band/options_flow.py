"""The page on which a person chooses how Home Assistant deals with a band."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.data_entry_flow import section
import voluptuous as vol

from .options import SECTIONS, Option

OPEN: Final = "connection"
"""The section that is not folded when the page opens."""


class MiBandOptionsFlow(OptionsFlowWithReload):
    """Shows every option, and sets the band up anew when one was changed."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything on one page; the sections are its order, and not stored."""
        if user_input is not None:
            chosen = {key: value for part in user_input.values() for key, value in part.items()}
            return self.async_create_entry(data=chosen)
        return self.async_show_form(step_id="init", data_schema=options_schema(self.config_entry))


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
