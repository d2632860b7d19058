"""Actions for what was recorded: read it, write it into a file, build the statistics anew."""

from datetime import datetime, timedelta
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
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .extracts import Page, Query, RowKind, read_page, write_table
from .targets import BAND, coordinator_of

ATTR_RECORDS: Final = "records"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_LIMIT: Final = "limit"
ATTR_FILE: Final = "file"

DEFAULT_SPAN: Final = timedelta(days=1)
DEFAULT_LIMIT: Final = 1440
HIGHEST_LIMIT: Final = 7 * 1440

SPAN_FIELDS: Final = {
    vol.Required(ATTR_DEVICE_ID): BAND,
    vol.Optional(ATTR_RECORDS, default=RowKind.MINUTES.value): vol.In([*RowKind]),
    vol.Optional(ATTR_START): cv.datetime,
    vol.Optional(ATTR_END): cv.datetime,
}
GET_HISTORY_SCHEMA: Final = vol.Schema(
    {
        **SPAN_FIELDS,
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=HIGHEST_LIMIT)
        ),
    }
)
REBUILD_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): BAND})
EXPORT_HISTORY_SCHEMA: Final = vol.Schema({**SPAN_FIELDS, vol.Required(ATTR_FILE): cv.string})


def _query(call: ServiceCall) -> Query:
    """Return what was asked for; by default the day before its end, or before now."""
    end = _aware(call.data.get(ATTR_END)) or dt_util.now()
    start = _aware(call.data.get(ATTR_START)) or end - DEFAULT_SPAN
    # Compared as they are, both would be clocks on the wall: in autumn an hour comes twice there.
    if start.timestamp() >= end.timestamp():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="span_without_time")
    return Query(kind=RowKind(call.data[ATTR_RECORDS]), start=start, end=end)


def _aware(moment: datetime | None) -> datetime | None:
    """Take a moment without a zone for one of Home Assistant's, as its forms give them."""
    return None if moment is None else dt_util.as_local(moment)


async def async_get_history(call: ServiceCall) -> ServiceResponse:
    """Return what was recorded within a span."""
    coordinator, query = coordinator_of(call), _query(call)
    page: Page = await coordinator.records.async_read(read_page, query, call.data[ATTR_LIMIT])
    return {
        query.kind.value: [*page.rows],
        "next": None if page.following is None else page.following.isoformat(),
    }


async def async_export_history(call: ServiceCall) -> ServiceResponse:
    """Write what was recorded within a span into a file."""
    coordinator = coordinator_of(call)
    path = Path(call.hass.config.path(call.data[ATTR_FILE]))
    if not await call.hass.async_add_executor_job(call.hass.config.is_allowed_path, str(path)):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"path": str(path)},
        )
    try:
        rows = await coordinator.records.async_read(write_table, _query(call), path)
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="file_not_written",
            translation_placeholders={"path": str(path), "reason": err.strerror or "-"},
        ) from err
    return {ATTR_FILE: str(path), "rows": rows}


async def async_rebuild_statistics(call: ServiceCall) -> None:
    """Build the long-term statistics of a band anew from what is stored."""
    await coordinator_of(call).records.async_rebuild()


@callback
def async_setup_history_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, "get_history", async_get_history, GET_HISTORY_SCHEMA, SupportsResponse.ONLY
    )
    for_admins = partial(service.async_register_admin_service, hass, DOMAIN)
    for_admins(
        "export_history", async_export_history, EXPORT_HISTORY_SCHEMA, SupportsResponse.OPTIONAL
    )
    for_admins("rebuild_statistics", async_rebuild_statistics, REBUILD_SCHEMA)
