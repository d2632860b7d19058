"""The minute store as the event loop may use it: one file for all bands of the house."""

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
from .history import History, HistoryCorrupt, move_aside

_LOGGER = logging.getLogger(__name__)

FILE_NAME: Final = f"{DOMAIN}.db"
HISTORY_CORRUPT: Final = "history_corrupt"


class Archive:
    """Runs calls of the store in threads, as they wait for the disk."""

    def __init__(self, hass: HomeAssistant, history: History) -> None:
        self._hass = hass
        self._history = history

    async def async_run[**P, R](
        self, call: Callable[Concatenate[History, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run a method of the store, or a function that takes the store first.

        Raises:
            HistoryError: the store cannot be read or written.
        """
        return await self._hass.async_add_executor_job(
            partial(call, self._history, *args, **kwargs)
        )


ARCHIVE: Final = HassKey[Archive](f"{DOMAIN}_archive")


@singleton(ARCHIVE, async_=True)
async def async_get_archive(hass: HomeAssistant) -> Archive:
    """Return the house's store; opened at the first call, closed with Home Assistant.

    Raises:
        HistoryError: it cannot be opened. One that is corrupt is moved aside instead.
    """
    path = Path(hass.config.path(FILE_NAME))
    history = await hass.async_add_executor_job(_open, path, partial(_tell_corrupt, hass))
    archive = Archive(hass, history)

    async def close(_: Event) -> None:
        await archive.async_run(History.close)

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, close)
    return archive


def _open(path: Path, tell: Callable[[Path], None]) -> History:
    try:
        return History.open(path)
    except HistoryCorrupt as err:
        aside = move_aside(path, dt_util.utcnow())
        _LOGGER.warning("%s; it was moved to %s and a new one was begun", err, aside.name)
        tell(aside)
        return History.open(path)


def _tell_corrupt(hass: HomeAssistant, aside: Path) -> None:
    ir.create_issue(
        hass,
        DOMAIN,
        HISTORY_CORRUPT,
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=HISTORY_CORRUPT,
        translation_placeholders={"file": aside.name},
    )
