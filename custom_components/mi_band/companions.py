"""The tasks that run beside a link and end with it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .band.errors import BandError
from .lease import NoLink

_LOGGER = logging.getLogger(__name__)

type Work = Coroutine[Any, Any, None]
"""What a task does; begun by nobody yet."""


class Companions:
    """Named tasks of one link, at most one of each name."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._on_each_link: dict[str, Callable[[], Work]] = {}

    @callback
    def async_on_link(self, name: str, work: Callable[[], Work]) -> CALLBACK_TYPE:
        """Do something on every new link, at most as long as it lasts; returns what ends that."""
        self._on_each_link[name] = work

        def end() -> None:
            self._on_each_link.pop(name, None)

        return end

    def begin(self) -> None:
        """Start what is done on every link: there is a new one."""
        for name, work in self._on_each_link.items():
            self.start(name, work())

    def start(self, name: str, work: Work) -> None:
        """Start a task, in place of an older one of its name, as soon as that has ended."""
        older = self._tasks.pop(name, None)
        if older:
            older.cancel()
        self._tasks[name] = self._entry.async_create_background_task(
            self._hass, _until_link_ends(work, name, older), f"{name} of {self._entry.title}"
        )

    async def dismiss(self, name: str) -> None:
        """End a task, if there is one, and wait for what it does last."""
        if task := self._tasks.pop(name, None):
            task.cancel()
            await asyncio.wait([task])

    async def dismiss_all(self) -> None:
        """End every task."""
        for name in list(self._tasks):
            await self.dismiss(name)


async def _until_link_ends(work: Work, name: str, older: asyncio.Task[None] | None) -> None:
    try:
        with closing(work):
            if older and not older.done():
                # What it does last, such as to stop measuring, would undo what this does first.
                await asyncio.wait([older])
            await work
    except (BandError, NoLink) as err:
        # Who watches the link sees its end too, and a new link starts what is needed again.
        _LOGGER.debug("%s ended: %s", name, err)
