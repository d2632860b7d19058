"""The minute store as the event loop may use it: one file for all bands of the house."""

import asyncio
from collections.abc import Callable
from functools import partial
import logging
from pathlib import Path
from typing import Concatenate, Final

from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.singleton import singleton
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .history import History
from .history_file import HistoryCorrupt
from .salvage import Rebuilt, open_or_rebuild

_LOGGER = logging.getLogger(__name__)

FILE_NAME: Final = f"{DOMAIN}.db"
HISTORY_CORRUPT: Final = "history_corrupt"


class Archive:
    """Runs calls of the store in threads, as they wait for the disk."""

    def __init__(
        self, hass: HomeAssistant, history: History, open_again: Callable[[History], History]
    ) -> None:
        """Make it.

        Args:
            hass: Home Assistant.
            history: the open store.
            open_again: called in a thread to close one that was found to be damaged, and open
                what can be made of it.
        """
        self._hass = hass
        self._history = history
        self._open_again = open_again
        self._turn = asyncio.Lock()

    async def async_run[**P, R](
        self, call: Callable[Concatenate[History, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a method of the store, or a function that takes the store first.

        Raises:
            HistoryError: the store cannot be read or written. One that is damaged has been rebuilt
                when this is raised.
        """
        history = self._history
        try:
            return await self._hass.async_add_executor_job(partial(call, history, *args, **kwargs))
        except HistoryCorrupt:
            async with self._turn:
                if self._history is history:
                    self._history = await self._hass.async_add_executor_job(
                        self._open_again, history
                    )
            raise


ARCHIVE: Final = HassKey[Archive](f"{DOMAIN}_archive")


@singleton(ARCHIVE, async_=True)
async def async_get_archive(hass: HomeAssistant) -> Archive:
    """Return the house's store; opened at the first call, closed with Home Assistant.

    Raises:
        HistoryError: it cannot be opened. A damaged one is rebuilt instead.
    """
    path = Path(hass.config.path(FILE_NAME))
    tell = partial(_tell_corrupt, hass)
    history = await hass.async_add_executor_job(_open, path, tell)
    archive = Archive(hass, history, partial(_open_again, path, tell))

    async def close(_: Event) -> None:
        await archive.async_run(History.close)

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return archive


def _open_again(path: Path, tell: Callable[[Rebuilt], None], damaged: History) -> History:
    damaged.close()
    return _open(path, tell)


def _open(path: Path, tell: Callable[[Rebuilt], None]) -> History:
    history, rebuilt = open_or_rebuild(path, dt_util.utcnow())
    if rebuilt:
        _LOGGER.warning(
            "The stored history was damaged and moved to %s; %d minutes could be saved",
            rebuilt.aside.name,
            rebuilt.minutes,
        )
        tell(rebuilt)
    return history


def _tell_corrupt(hass: HomeAssistant, rebuilt: Rebuilt) -> None:
    ir.create_issue(
        hass,
        DOMAIN,
        HISTORY_CORRUPT,
        # It is over when a person has read it: what was lost stays lost, or a backup is put in.
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=HISTORY_CORRUPT,
        translation_placeholders={
            "file": rebuilt.aside.name,
            "minutes": str(rebuilt.minutes),
        },
    )
