"""A procedure of the pages that add a band, run phase by phase beside the page that shows it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN


class Phase(NamedTuple):
    """What a procedure does now."""

    name: str
    """The key of its text."""
    task: asyncio.Task[str | None]
    """Ends with it; gives the name of the next one."""


class Procedure:
    """A generator of `pairing` that goes on by itself, one phase at a time."""

    def __init__(self, hass: HomeAssistant, phases: AsyncGenerator[str]) -> None:
        self._hass = hass
        self._phases = phases
        self._phase: Phase | None = None

    async def async_phase(self) -> Phase | None:
        """Return the phase that is not over yet, the first to begin with; None after the last.

        Raises:
            Exception: whatever ended the procedure; it must not be asked again.
        """
        if self._phase is None:
            self._go_on(await anext(self._phases))
        while self._phase is not None and self._phase.task.done():
            self._go_on(self._phase.task.result())
        return self._phase

    @callback
    def async_close(self) -> None:
        """End it wherever it is, which lets the band go."""
        if self._phase is not None:
            # Home Assistant keeps the task and waits for it when it stops.
            _ = self._hass.async_create_task(
                _abandon(self._phases, self._phase.task), f"{DOMAIN} closed"
            )

    def _go_on(self, name: str | None) -> None:
        if name is None:
            self._phase = None
            return
        # Not eager: a page must be shown before the procedure can fail. Home Assistant gives what
        # was submitted on the page before to the page after a progress that is over at once.
        task = self._hass.async_create_task(
            _after(self._phases), f"{DOMAIN} {name}", eager_start=False
        )
        self._phase = Phase(name, task)


async def _after(phases: AsyncGenerator[str]) -> str | None:
    return await anext(phases, None)


async def _abandon(phases: AsyncGenerator[str], task: asyncio.Task[str | None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    await phases.aclose()
