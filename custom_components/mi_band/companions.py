"""The tasks that run beside a link and end with it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .band.errors import BandError
from .lease import NoLink

_LOGGER = logging.getLogger(__name__)

QUICKLY: Final = timedelta(minutes=1)
"""A link that breaks so soon after something was begun on it may break because of that."""
MOST_BREAKS: Final = 5
"""In a row, from which on it is put off: a band that does not bear something else bears the rest,
and no document tells what a band does with a command that it does not know."""
FIRST_REST: Final = timedelta(minutes=10)
LONGEST_REST: Final = timedelta(days=1)

type Work = Coroutine[Any, Any, None]
"""What a task does; begun by nobody yet."""


@dataclass(slots=True)
class _Breaks:
    """How often links broke soon after the same was begun on them."""

    count: int = 0
    rests_until: float = float("-inf")
    """On the loop's clock."""


class Companions:
    """Named tasks of one link, at most one of each name."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._on_each_link: dict[str, Callable[[], Work]] = {}
        self._breaks: dict[str, _Breaks] = {}

    @callback
    def async_on_link(self, name: str, work: Callable[[], Work]) -> CALLBACK_TYPE:
        """Do something on every new link, at most as long as it lasts; returns what ends that."""
        self._on_each_link[name] = work

        def end() -> None:
            self._on_each_link.pop(name, None)

        return end

    def begin(self, is_open: Callable[[], bool]) -> None:
        """Start what is done on every link: there is a new one.

        Args:
            is_open: tells whether it still stands.
        """
        for name, work in self._on_each_link.items():
            self.start(name, self._async_work(name, work, is_open))

    async def _async_work(
        self, name: str, work: Callable[[], Work], is_open: Callable[[], bool]
    ) -> None:
        """Do it, but later where the last links broke over it."""
        breaks, now = self._breaks.setdefault(name, _Breaks()), self._hass.loop.time
        await asyncio.sleep(max(0.0, breaks.rests_until - now()))
        began = now()
        try:
            await work()
        finally:
            if is_open() or now() - began >= QUICKLY.total_seconds():
                breaks.count = 0
            else:
                self._note_break(name, breaks)

    def _note_break(self, name: str, breaks: _Breaks) -> None:
        breaks.count += 1
        if breaks.count < MOST_BREAKS:
            return
        if breaks.count == MOST_BREAKS:
            _LOGGER.warning(
                "%s of %s is put off, and longer each time: the link broke %d times over it",
                name,
                self._entry.title,
                MOST_BREAKS,
            )
        rest = min(FIRST_REST * (1 << min(breaks.count - MOST_BREAKS, 16)), LONGEST_REST)
        breaks.rests_until = self._hass.loop.time() + rest.total_seconds()

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
