"""Repairs: what a person can do about a trouble from here, which is to try again at once."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator

TRY_TIMEOUT: Final = timedelta(seconds=60)
"""As long as one try to connect takes at most."""

type IssueData = dict[str, str | int | float | None]


class TryAgainFlow(RepairsFlow):
    """Explains a trouble, and ends once the band is connected."""

    def __init__(self) -> None:
        self._trying: asyncio.Task[None] | None = None

    async def async_step_init(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Begin with what there is to know."""
        return self._show()

    async def async_step_confirm(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Try again, if that was asked for."""
        return self._show() if user_input is None else await self.async_step_trying()

    async def async_step_trying(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Show that it is being tried, until that succeeded or took too long."""
        coordinator = self._coordinator()
        if coordinator is None:
            return self.async_abort(reason="band_gone")
        if self._trying is None:
            self._trying = self.hass.async_create_task(
                _try(self.hass, coordinator), "trying to reach the band"
            )
        if not self._trying.done():
            return self.async_show_progress(
                step_id="trying", progress_action="trying", progress_task=self._trying
            )
        self._trying = None
        return self.async_show_progress_done(next_step_id="tried")

    async def async_step_tried(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """End if the band is here, and ask again if it is not."""
        coordinator = self._coordinator()
        if coordinator is None:
            return self.async_abort(reason="band_gone")
        if coordinator.data.connected:
            return self.async_create_entry(data={})
        return self._show({"base": "still_away"})

    def _show(self, errors: dict[str, str] | None = None) -> RepairsFlowResult:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    def _coordinator(self) -> MiBandCoordinator | None:
        entry: MiBandConfigEntry | None = self.hass.config_entries.async_get_entry(
            str((self.data or {})["entry_id"])
        )
        loaded = entry is not None and entry.state is ConfigEntryState.LOADED
        return entry.runtime_data if entry is not None and loaded else None


async def _try(hass: HomeAssistant, coordinator: MiBandCoordinator) -> None:
    """Let every scanner listen and the keeper connect; returns when it has, or after a while."""
    connected = asyncio.Event()

    def look() -> None:
        if coordinator.data.connected:
            connected.set()

    remove = coordinator.async_add_listener(look)
    scan = hass.async_create_background_task(
        bluetooth.async_request_active_scan(hass), "listening for the band"
    )
    try:
        look()
        coordinator.keeper.async_wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(TRY_TIMEOUT.total_seconds()):
                await connected.wait()
    finally:
        remove()
        scan.cancel()


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: IssueData | None
) -> RepairsFlow:
    """Return the flow of an issue that can be tried to fix from here."""
    return TryAgainFlow()
