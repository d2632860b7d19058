"""Repairs: what a person can do about a trouble from here, which is to try something at once."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .archive import HISTORY_CORRUPT
from .band.alerts import Alert
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .troubles import ALERTS_NOT_SHOWN

TRY_TIMEOUT: Final = timedelta(seconds=60)
"""As long as one try to connect takes at most."""

SENDER: Final = "Home Assistant"

type IssueData = dict[str, str | int | float | None]
type Words = dict[str, str] | None
"""What fills the texts of a page."""


class TryAgainFlow(RepairsFlow):
    """Explains a trouble, and ends once the band is connected."""

    def __init__(self) -> None:
        self._words: Words = None
        self._trying: asyncio.Task[bool] | None = None

    async def async_step_init(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Begin with what there is to know, as it was when the dialog was opened."""
        # The issue may go while it is tried, and its text is still shown.
        self._words = _words_of(self.hass, self.issue_id)
        return self._show()

    async def async_step_confirm(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Try again, if that was asked for."""
        return self._show() if user_input is None else await self.async_step_trying()

    async def async_step_trying(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Show that it is being tried, until that succeeded or took too long."""
        coordinator = _coordinator(self.hass, self.data)
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
        return self.async_show_progress_done(next_step_id="tried")

    async def async_step_tried(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """End if the band was here, and ask again if it was not."""
        trying, self._trying = self._trying, None
        if trying is None or _coordinator(self.hass, self.data) is None:
            return self.async_abort(reason="band_gone")
        # The band may have been let go again before somebody looks.
        if trying.result():
            return self.async_create_entry(data={})
        return self._show({"base": "still_away"})

    def _show(self, errors: dict[str, str] | None = None) -> RepairsFlowResult:
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=self._words,
        )


class TryAlertFlow(RepairsFlow):
    """Sends an alert, and asks whether it appeared where the band does not say so itself."""

    def __init__(self) -> None:
        self._words: Words = None
        self._trying: asyncio.Task[bool] | None = None
        self._time = ""

    async def async_step_init(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Begin with what there is to know, as it was when the dialog was opened."""
        self._words = _words_of(self.hass, self.issue_id)
        return self._show()

    async def async_step_confirm(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Send the alert, if that was asked for."""
        return self._show() if user_input is None else await self.async_step_trying()

    async def async_step_trying(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Show that it is being sent, until the band acknowledged it or should have."""
        coordinator = _coordinator(self.hass, self.data)
        if coordinator is None:
            return self.async_abort(reason="band_gone")
        if self._trying is None:
            # A text that differs each time and is the same in every language.
            self._time = f"{dt_util.now():%H:%M:%S}"
            self._trying = self.hass.async_create_task(
                _send(coordinator, Alert(title=SENDER, body=self._time)), "sending a test alert"
            )
        if not self._trying.done():
            return self.async_show_progress(
                step_id="trying", progress_action="trying", progress_task=self._trying
            )
        return self.async_show_progress_done(next_step_id="tried")

    async def async_step_tried(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """End if the band acknowledged it, and ask the person if it did not."""
        coordinator = _coordinator(self.hass, self.data)
        trying, self._trying = self._trying, None
        if coordinator is None or trying is None:
            return self.async_abort(reason="band_gone")
        if not trying.result():
            return self._show({"base": "still_away"})
        if not coordinator.data.unacknowledged_alerts:
            return self.async_create_entry(data={})
        return await self.async_step_seen()

    async def async_step_seen(self, user_input: IssueData | None = None) -> RepairsFlowResult:
        """Ask whether it appeared, and believe the person."""
        if user_input is None:
            return self.async_show_form(
                step_id="seen",
                data_schema=vol.Schema({vol.Required("seen", default=False): bool}),
                description_placeholders={"time": self._time, **(self._words or {})},
            )
        if not user_input["seen"]:
            return self._show({"base": "not_seen"})
        if coordinator := _coordinator(self.hass, self.data):
            # Until the band acknowledges one and then stops.
            coordinator.async_publish(lambda state: replace(state, unacknowledged_alerts=None))
        return self.async_create_entry(data={})

    def _show(self, errors: dict[str, str] | None = None) -> RepairsFlowResult:
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=self._words,
        )


def _coordinator(hass: HomeAssistant, data: IssueData | None) -> MiBandCoordinator | None:
    entry: MiBandConfigEntry | None = hass.config_entries.async_get_entry(
        str((data or {})["entry_id"])
    )
    loaded = entry is not None and entry.state is ConfigEntryState.LOADED
    return entry.runtime_data if entry is not None and loaded else None


def _words_of(hass: HomeAssistant, issue_id: str) -> Words:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    return issue.translation_placeholders if issue else None


async def _send(coordinator: MiBandCoordinator, alert: Alert) -> bool:
    """Send an alert; returns whether it was sent."""
    try:
        await coordinator.async_alert(alert)
    except HomeAssistantError:
        return False
    return True


async def _try(hass: HomeAssistant, coordinator: MiBandCoordinator) -> bool:
    """Let every scanner listen and the keeper connect; returns whether it has within a while."""
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
    return connected.is_set()


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: IssueData | None
) -> RepairsFlow:
    """Return the flow of an issue that can be tried to fix from here, or that was read."""
    if issue_id == HISTORY_CORRUPT:
        return ConfirmRepairFlow()
    return TryAlertFlow() if issue_id.startswith(ALERTS_NOT_SHOWN) else TryAgainFlow()
