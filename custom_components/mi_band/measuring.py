"""The heart rate as somebody wants it: once now, or all the time until there is enough of it."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from .band.link import Link
from .band.state import BandState
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .options import HEART_RATE_LIMIT

_NAME = "heart rate"


async def async_measure_heart_rate(coordinator: MiBandCoordinator) -> None:
    """Measure once; the reading arrives in the state.

    Raises:
        HomeAssistantError: translated; no reading came, there is no link, or it broke.
    """

    async def take(link: Link) -> None:
        is_measuring = coordinator.data.settings.continuous_heart_rate
        await coordinator.readings.async_take(link, is_measuring=is_measuring)

    try:
        await coordinator.async_run(take)
    except TimeoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="heart_rate_timeout"
        ) from err


async def async_set_continuous_heart_rate(coordinator: MiBandCoordinator, *, enabled: bool) -> None:
    """Measure the heart rate all the time, or stop that."""

    async def begin(_: Link) -> None:
        measuring = coordinator.lease.run(coordinator.readings.async_take_all_the_time)
        coordinator.companions.start(_NAME, measuring)

    def remember(state: BandState) -> BandState:
        return replace(state, settings=replace(state.settings, continuous_heart_rate=enabled))

    if enabled:
        await coordinator.async_run(begin)
    coordinator.async_publish(remember)
    if not enabled:
        await coordinator.companions.dismiss(_NAME)


class Measuring:
    """Measures all the time where that was chosen, until the time is over that was chosen too.

    A restart of Home Assistant begins that time anew.
    """

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._limit = timedelta(minutes=HEART_RATE_LIMIT.of(entry))
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_start(self) -> None:
        """Begin; ends with the entry."""
        unload = self._entry.async_on_unload
        unload(self._coordinator.companions.async_on_link(_NAME, self._async_measure))
        if not self._limit:
            return
        unload(self._coordinator.async_add_listener(self._async_note))
        unload(self._forget)
        self._async_note()

    async def _async_measure(self) -> None:
        if self._coordinator.data.settings.continuous_heart_rate:
            await self._coordinator.lease.run(self._coordinator.readings.async_take_all_the_time)

    @callback
    def _async_note(self) -> None:
        if not self._coordinator.data.settings.continuous_heart_rate:
            self._forget()
        elif self._cancel is None:
            self._cancel = async_call_later(self._hass, self._limit, self._async_end)

    async def _async_end(self, _: datetime) -> None:
        self._cancel = None
        await async_set_continuous_heart_rate(self._coordinator, enabled=False)

    @callback
    def _forget(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
