"""Alerts on their way to one wrist: how often it may shake, and what waits while it is away."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum, unique
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .band.alerts import Alert
from .band.errors import BandNotFound, LinkError, NoConnectionSlot
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

HIGHEST_PER_HOUR: Final = 30
"""Alerts of one priority that a wrist gets within an hour."""
TRICKLE: Final = timedelta(minutes=30)
"""How often one is let through while more than that are sent."""
HIGHEST_WAITING: Final = 20
"""Messages that wait for a band to come back."""
REPEAT_PAUSE: Final = timedelta(seconds=10)
"""From one showing of a message to the next: long enough to be noticed as another one."""

_HOUR = timedelta(hours=1)
_AWAY = {"not_connected", LinkError.code, BandNotFound.code, NoConnectionSlot.code}


@unique
class Priority(IntEnum):
    """What goes first, and has an hourly number of its own."""

    NORMAL = 0
    HIGH = 1


@unique
class Outcome(StrEnum):
    """What became of a message."""

    SHOWN = "shown"
    WAITING = "waiting"
    LIMITED = "limited"


@dataclass(slots=True, eq=False)
class Message:
    """One message of a person or an automation, in as many alerts as its text takes.

    Not frozen: `left` shrinks as it is shown, so that a link that breaks repeats nothing.
    """

    alerts: tuple[Alert, ...]
    repeat: int = 1
    """How often it is shown, from 1 on."""
    priority: Priority = Priority.NORMAL
    left: deque[Alert] = field(init=False)
    until: float = field(init=False, default=0.0)
    """On the loop's clock; when it is no news any more."""

    def __post_init__(self) -> None:
        self.left = deque(self.alerts * self.repeat)

    @property
    def begins_anew(self) -> bool:
        """Whether it was shown whole at least once, and is about to be shown once more."""
        shown = len(self.alerts) * self.repeat - len(self.left)
        return bool(shown) and shown % len(self.alerts) == 0


class RateLimit:
    """Keeps an automation that does not come to rest from shaking a wrist all night.

    Within an hour so many alerts are let through. Who sends more gets one through now and then,
    so that the wearer learns of it, until an hour has fewer, those not let through included.
    """

    def __init__(self) -> None:
        self.limiting = False
        self._asked: deque[float] = deque(maxlen=HIGHEST_PER_HOUR)
        self._last = float("-inf")

    def admit(self, now: float, alerts: int) -> bool:
        """Tell whether so many alerts may be shown at a moment, in seconds."""
        full = len(self._asked) == HIGHEST_PER_HOUR
        self.limiting = full and self._asked[0] > now - _HOUR.total_seconds()
        self._asked.extend([now] * alerts)
        if self.limiting and now - self._last < TRICKLE.total_seconds():
            return False
        self._last = now
        return True


class AlertQueue:
    """Shows messages on one wrist, one after the other.

    Attributes:
        patience: how long a message waits for a band that is away; nothing refuses it.
    """

    def __init__(self) -> None:
        self.patience = timedelta()
        self._limits = {priority: RateLimit() for priority in Priority}
        self._turn = asyncio.Lock()
        self._waiting: list[Message] = []

    def serve(
        self,
        name: str,
        show: Callable[[Alert], Awaitable[object]],
        patience: timedelta,
        want_band: Callable[[], None],
    ) -> None:
        """Show what comes, what waits and what is on its way like this from now on.

        Args:
            name: of the band, for the log.
            show: shows one alert, and raises `HomeAssistantError` where it could not.
            patience: see above.
            want_band: called when a message waits, so that the next link does not wait too.
        """
        self.patience = patience
        self._name = name
        self._show = show
        self._want_band = want_band

    @property
    def waiting(self) -> int:
        """How many messages wait for the band."""
        return len(self._waiting)

    async def async_deliver(self, message: Message) -> Outcome:
        """Show a message, or keep it for a band that is away; returns when it was shown last.

        Raises:
            HomeAssistantError: translated; it could not be shown and does not wait.
        """
        now = asyncio.get_running_loop().time()
        if not self._is_admitted(message, now):
            return Outcome.LIMITED
        try:
            await self._async_show(message)
        except HomeAssistantError as err:
            if not self.patience or err.translation_key not in _AWAY:
                raise
            message.until = now + self.patience.total_seconds()
            self._keep(message)
            return Outcome.WAITING
        return Outcome.SHOWN

    async def async_catch_up(self) -> None:
        """Show what waited for the band, now that it is here: the most pressing first."""
        while self._waiting:
            # The first of those that are alike is the oldest. It waits on until it was shown, for
            # the link may break meanwhile.
            message = max(self._waiting, key=lambda waiting: waiting.priority)
            try:
                await self._async_show_late(message)
            except HomeAssistantError as err:
                if err.translation_key in _AWAY:
                    return
                _LOGGER.warning("A message that waited for %s was lost: %s", self._name, err)
            self._waiting = [other for other in self._waiting if other is not message]

    async def _async_show_late(self, message: Message) -> None:
        if message.until < asyncio.get_running_loop().time():
            _LOGGER.info("A message for %s was too old when it came back", self._name)
        else:
            await self._async_show(message)

    def _is_admitted(self, message: Message, now: float) -> bool:
        limit = self._limits[message.priority]
        before = limit.limiting
        admitted = limit.admit(now, len(message.left))
        if limit.limiting and not before:
            _LOGGER.warning(
                "%s gets more than %d alerts an hour, likely from an automation that does not come"
                " to rest; until that ends, one every %d minutes is shown",
                self._name,
                HIGHEST_PER_HOUR,
                TRICKLE.total_seconds() // 60,
            )
        return admitted

    def _keep(self, message: Message) -> None:
        # Nobody wants to read the same ten times on coming home.
        self._waiting = [other for other in self._waiting if other.alerts != message.alerts]
        self._waiting.append(message)
        if len(self._waiting) > HIGHEST_WAITING:
            self._waiting.remove(min(self._waiting, key=lambda waiting: waiting.priority))
            _LOGGER.info("Too many messages wait for %s; the oldest is dropped", self._name)
        self._want_band()

    async def _async_show(self, message: Message) -> None:
        while message.left:
            if message.begins_anew:
                await asyncio.sleep(REPEAT_PAUSE.total_seconds())
            await self._async_show_once(message)

    async def _async_show_once(self, message: Message) -> None:
        # The alerts of one text stay together, whoever else has something to say.
        async with self._turn:
            first = True
            while message.left and (first or not message.begins_anew):
                await self._show(message.left[0])
                message.left.popleft()
                first = False


_QUEUES: Final[HassKey[dict[str, AlertQueue]]] = HassKey(f"{DOMAIN}_alert_queues")
"""By the identities of the bands. They outlive a reload, or what waits would be gone with it."""


@callback
def async_get_alert_queue(hass: HomeAssistant, identity: str) -> AlertQueue:
    """Return the queue of a band."""
    return hass.data.setdefault(_QUEUES, {}).setdefault(identity, AlertQueue())


@callback
def async_forget_alert_queue(hass: HomeAssistant, identity: str) -> None:
    """Drop what waits for a band that is here no more."""
    hass.data.get(_QUEUES, {}).pop(identity, None)
