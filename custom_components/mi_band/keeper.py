"""Keeps the link to one band, and brings it back after every loss without a person."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Final, Never

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .band.errors import AuthenticationError, BandError, KeyRejected, LinkError
from .band.session import BandSession, open_session
from .const import MODEL
from .reach import find_connectable, find_device

_LOGGER = logging.getLogger(__name__)

ATTEMPTS: Final = 2
"""How often one try connects: few, for the next advertisement starts the next try."""
SHORT_LINK: Final = timedelta(seconds=60)
"""A link that ends sooner counts as a failure, so that a band that is fought over gets a rest."""
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=5)
DOUBTS: Final = 3
"""How many links in a row a key is refused on in unknown words before it is taken for another one.
[INFERRED] protocol-control.md section 4.6."""
KEPT_DROPS: Final = 100
"""Lost links that are remembered; more within an hour say no more than these."""


class TrackRecord:
    """What came of the tries to make a link, and of the links.

    Attributes:
        connections: how many links were made.
        failures: how many tries in a row failed, or ended soon.
        failing_since: when the first of these failed; None while there are none.
        last_error: the code of the last failure; None when there was none.
    """

    def __init__(self) -> None:
        self.connections = 0
        self.failures = 0
        self.failing_since: datetime | None = None
        self.last_error: str | None = None
        self._drops: deque[float] = deque(maxlen=KEPT_DROPS)

    @property
    def pause(self) -> timedelta:
        """How long to rest after what came last."""
        if not self.failures:
            return timedelta()
        return min(FIRST_PAUSE * (1 << min(self.failures - 1, 16)), LONGEST_PAUSE)

    def drops_within(self, span: timedelta) -> int:
        """Count the links that were lost within the last span."""
        since = asyncio.get_running_loop().time() - span.total_seconds()
        return sum(moment >= since for moment in self._drops)

    def note_error(self, err: BandError, *, connected: bool) -> None:
        """Take note of what ended a try, or the link that came of it."""
        self.last_error = err.code
        if connected and isinstance(err, LinkError):
            self._drops.append(asyncio.get_running_loop().time())

    def count(self, *, failed: bool) -> None:
        """Count a try that is over."""
        if not failed:
            self.failures, self.failing_since = 0, None
            return
        self.failures += 1
        self.failing_since = self.failing_since or dt_util.utcnow()


class LinkKeeper:
    """Connects whenever the band is heard and serves each link until it breaks or has served.

    Attributes:
        record: how that went.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        address: str,
        key: bytes,
        serve: Callable[[BandSession], Awaitable[timedelta]],
        *,
        wanted: asyncio.Event,
        noticed: Callable[[], None],
    ) -> None:
        """Make a keeper that does nothing yet.

        Args:
            hass: Home Assistant.
            address: of the band.
            key: of the band, 16 bytes.
            serve: uses a link. Returns, once nobody needs it, for how long nobody will; raises when
                the link breaks, which is then made again at once.
            wanted: set by who cannot wait for the next try.
            noticed: called when the band is heard, or is not heard any more.
        """
        self.record = TrackRecord()
        self._hass = hass
        self._address = address
        self._key = key
        self._serve = serve
        self._wanted = wanted
        self._noticed = noticed
        self._heard = asyncio.Event()

    async def async_run(self) -> Never:
        """Keep the link until cancelled.

        Raises:
            AuthenticationError: the band does not take the key; trying on would only drain it.
        """
        with ExitStack() as registered:
            registered.callback(
                # The one for news alone would not do: where something that cannot connect hears the
                # band as well, Home Assistant has none when somebody who can begins to hear it.
                bluetooth.async_register_advertisement_callback(
                    self._hass, self._async_heard, self._address
                )
            )
            registered.callback(
                bluetooth.async_track_unavailable(
                    self._hass, self._async_missed, self._address, connectable=True
                )
            )
            while True:
                await self._async_until_heard()
                await self._async_rest(await self._async_try())

    @callback
    def async_wake(self) -> None:
        """Try again as soon as the band is heard, without waiting for the pause to end."""
        self._wanted.set()

    @callback
    def _async_heard(self, _: BluetoothServiceInfoBleak) -> None:
        self._heard.set()
        self._noticed()

    @callback
    def _async_missed(self, _: BluetoothServiceInfoBleak) -> None:
        self._noticed()

    async def _async_until_heard(self) -> None:
        while find_device(self._hass, self._address) is None:
            self._noticed()
            self._heard.clear()
            await self._heard.wait()

    async def _async_try(self) -> timedelta:
        """Make a link and serve it; returns how long to rest after it."""
        started = self._hass.loop.time()
        connected = False
        self._wanted.clear()
        try:
            async with open_session(
                partial(find_connectable, self._hass, self._address),
                name=MODEL,
                key=self._key,
                attempts=ATTEMPTS,
            ) as session:
                connected = True
                self.record.connections += 1
                rest = await self._serve(session)
        except BandError as err:
            self.record.note_error(err, connected=connected)
            if isinstance(err, AuthenticationError) and not self._may_pass(err):
                raise
            _LOGGER.debug("The link ended: %s", err)
        else:
            self.record.count(failed=False)
            return rest
        # A band that comes back sends the same bytes as before. Without this they would count as
        # old news, and the old news as a sign that the band is still here.
        bluetooth.async_clear_advertisement_history(self._hass, self._address)
        lasted = self._hass.loop.time() - started
        self.record.count(failed=not connected or lasted < SHORT_LINK.total_seconds())
        return self.record.pause

    def _may_pass(self, err: AuthenticationError) -> bool:
        """Tell whether to try again: nobody is asked for a key over an answer that nobody knows."""
        is_certain = not isinstance(err, KeyRejected) or err.is_certain
        return not is_certain and self.record.failures + 1 < DOUBTS

    async def _async_rest(self, pause: timedelta) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause.total_seconds()):
                await self._wanted.wait()
