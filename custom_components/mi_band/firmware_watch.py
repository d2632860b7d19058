"""Asks the maker for newer firmware, for who wants that: a question a day for a band, at most.

What was answered, and when the next question is due, outlives a restart of Home Assistant, so that
a restart asks nothing. A question needs the band, which says what variant it is; for one that is
away nothing is asked.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
import logging
from random import SystemRandom
from typing import Final

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .account_constants import VENDOR
from .band.device_info import read_firmware_version, read_product_version
from .band.errors import FileRefused
from .band.files import BandFile
from .band.link import Link
from .catalogue import CatalogueError, Offer, Question
from .catalogue_client import ask, download
from .const import DOMAIN
from .coordinator import MiBandConfigEntry
from .firmware_constants import CATALOGUE_HOSTS
from .firmware_library import version_parts
from .firmware_memory import Answer, Memory, async_load_memory, firmware_store
from .options import CHECK_FIRMWARE_ONLINE

_LOGGER = logging.getLogger(__name__)

INTERVAL: Final = timedelta(days=1)
"""From one question to the next, at least."""
SPREAD: Final = timedelta(hours=6)
"""How much later it may be: not all houses are to ask at once."""
FIRST_SPREAD: Final = timedelta(hours=1)
"""Within which a question is asked that is overdue."""
AWAY_INTERVAL: Final = timedelta(hours=1)
"""After which it is tried again for a band that was away; that asks the maker nothing."""


def firmware_signal(identity: str) -> str:
    """Return the signal that tells of another answer."""
    return f"{DOMAIN}_firmware_answer_{identity}"


class FirmwareWatch:
    """Asks for one band, and fetches what somebody wants to have installed."""

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._memory = Memory()
        self._wakes: CALLBACK_TYPE | None = None
        self._asking: asyncio.Task[None] | None = None

    async def async_start(self) -> None:
        """Begin to ask, if that was chosen; ends with the entry."""
        if not CHECK_FIRMWARE_ONLINE.of(self._entry):
            return
        self._memory = await async_load_memory(self._hass, self._entry.entry_id)
        self._entry.async_on_unload(self._async_rest)
        now = dt_util.utcnow()
        due = self._memory.due
        if due is None or due <= now:
            due = _later(now, FIRST_SPREAD)
        # A clock that was wrong may have put it years ahead.
        self._async_wake_at(min(due, now + INTERVAL + SPREAD))

    # What it knows

    def latest_version(self, installed: str | None) -> str | None:
        """Return the newest version that the maker knows of; None when that is not known."""
        answer = self._memory.fresh
        if answer is None:
            return None
        if answer.offer is not None:
            return answer.offer.version
        # What is newer than another version, nobody has asked.
        return answer.about if answer.about == installed else None

    def offer_of(self, version: str | None) -> Offer | None:
        """Return what the maker offers of a version."""
        answer = self._memory.fresh
        offer = answer.offer if answer else None
        return offer if offer and offer.version == version else None

    # When it asks

    @callback
    def _async_rest(self) -> None:
        if self._wakes is not None:
            self._wakes()
            self._wakes = None

    @callback
    def _async_wake_at(self, moment: datetime) -> None:
        self._async_rest()
        self._wakes = async_track_point_in_utc_time(self._hass, self._async_begin, moment)

    @callback
    def _async_begin(self, _: datetime) -> None:
        self._wakes = None
        self._asking = self._entry.async_create_background_task(
            self._hass, self._async_ask(), f"question for firmware of {self._entry.title}"
        )

    async def _async_ask(self) -> None:
        now = dt_util.utcnow()
        question = await self._async_question()
        if question is None:
            self._async_wake_at(now + AWAY_INTERVAL)
            return
        # Before it is asked: whatever ends this in between, there is no second one today.
        due = _later(now + INTERVAL, SPREAD)
        await self._async_remember(replace(self._memory, due=due))
        self._async_wake_at(due)
        host = CATALOGUE_HOSTS[self._memory.failures % len(CATALOGUE_HOSTS)]
        try:
            async with _own_session(self._hass) as session:
                offer = await ask(session, host, question, VENDOR)
        except CatalogueError as err:
            await self._async_note_failure(host, err)
            return
        if self._memory.failures:
            _LOGGER.info("The maker tells again which firmware %s may have", self._entry.title)
        about = question.firmware_version.removeprefix("V")
        if offer and version_parts(offer.version) <= version_parts(about):
            offer = None
        answer = Answer(asked=now, about=about, offer=offer)
        await self._async_remember(replace(self._memory, failures=0, answer=answer))

    async def _async_question(self) -> Question | None:
        try:
            variant, firmware = await self._coordinator.async_run(_read_variant)
        except HomeAssistantError as err:
            _LOGGER.debug("The maker is not asked about a band that is away: %s", err)
            return None
        device = self._coordinator.data.device
        hardware = device.hardware_version if device else ""
        return Question.about(variant, hardware, firmware, self._hass.config.language)

    async def _async_note_failure(self, host: str, err: CatalogueError) -> None:
        if not self._memory.failures:
            _LOGGER.warning(
                "%s did not tell which firmware %s may have, and is asked again tomorrow: %s",
                host,
                self._entry.title,
                err,
            )
        failures = self._memory.failures + 1
        await self._async_remember(replace(self._memory, failures=failures, answer=None))

    async def _async_remember(self, memory: Memory) -> None:
        self._memory = memory
        await firmware_store(self._hass, self._entry.entry_id).async_save(asdict(memory))
        async_dispatcher_send(self._hass, firmware_signal(self._coordinator.identity))

    # What somebody wants to have installed

    async def async_fetch(self, offer: Offer, folder: str) -> list[BandFile]:
        """Fetch what belongs to a release; it is kept nowhere.

        Args:
            offer: The release.
            folder: Where a file of one's own may be put instead.

        Raises:
            HomeAssistantError: translated; it is not to be had, or not what was announced.
        """
        try:
            async with _own_session(self._hass) as session:
                return await download(session, offer, VENDOR)
        except FileRefused as err:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key=err.code) from err
        except CatalogueError as err:
            _LOGGER.warning("Firmware %s was not fetched: %s", offer.version, err)
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=err.code,
                translation_placeholders={"version": offer.version, "folder": folder},
            ) from err


async def _read_variant(link: Link) -> tuple[int | None, str]:
    return await read_product_version(link), await read_firmware_version(link)


@asynccontextmanager
async def _own_session(hass: HomeAssistant) -> AsyncGenerator[ClientSession]:
    """Make a session that brings no cookie back, by which a house could be told again."""
    session = async_create_clientsession(hass, auto_cleanup=False, cookie_jar=DummyCookieJar())
    try:
        yield session
    finally:
        session.detach()


def _later(moment: datetime, spread: timedelta) -> datetime:
    return moment + SystemRandom().random() * spread
