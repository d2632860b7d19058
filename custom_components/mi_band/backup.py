"""Lets Home Assistant's backup copy the store while it is in use."""

import logging

from homeassistant.core import HomeAssistant

from .archive import ARCHIVE, async_get_archive
from .history_file import HistoryError

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Make the store such that a copy of it is whole, whenever it is taken."""
    # One that was not opened yet is whole.
    if ARCHIVE in hass.data:
        archive = await async_get_archive(hass)
        try:
            await archive.async_run(lambda history: history.file.begin_copying())
        except HistoryError as err:
            # To raise would end the backup, and everything else in it is sound.
            _LOGGER.warning("The stored history may not be whole in this backup: %s", err)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Go back to the way that writes less."""
    if ARCHIVE in hass.data:
        archive = await async_get_archive(hass)
        try:
            await archive.async_run(lambda history: history.file.end_copying())
        except HistoryError as err:
            _LOGGER.warning("The stored history cannot be used after the backup: %s", err)
