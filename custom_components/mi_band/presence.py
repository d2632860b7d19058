"""Whether a band is at home: while a link to it is held, and while it is heard."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .coordinator import MiBandCoordinator

PATIENCE: Final = timedelta(minutes=5)
"""How long after its last sign of life a band is still at home.

It advertises every second or so. A bath, an arm under a blanket or a proxy that restarts hides it
for minutes; who leaves and is back sooner has hardly left.
"""
REMEMBERED_DBM: Final = -127
"""The signal of a band that the system under a local adapter remembers and does not hear.

Home Assistant begins with what the system remembers, as if it had just heard it, and is told again
whenever the system changes what it knows.
"""


class Presence:
    """Watches for signs of one band.

    Home Assistant's own word on that would not do: it knows of no advertisement that says the same
    as the one before until it has given the band up, and a band that is linked sends none.

    Attributes:
        home: None until a sign of it came, or for long enough none did.
    """

    def __init__(
        self, hass: HomeAssistant, coordinator: MiBandCoordinator, changed: Callable[[], None]
    ) -> None:
        self.home: bool | None = None
        self._hass = hass
        self._coordinator = coordinator
        self._changed = changed
        self._last_sign = 0.0
        self._is_linked = False
        self._timer: asyncio.TimerHandle | None = None

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Begin to watch; returns what ends that."""
        coordinator = self._coordinator
        self._last_sign = self._hass.loop.time()
        registered = (
            coordinator.async_add_listener(self._async_note_link),
            bluetooth.async_register_advertisement_callback(
                self._hass, self._async_note_advertisement, coordinator.address
            ),
        )
        heard = bluetooth.async_last_service_info(
            self._hass, coordinator.address, connectable=False
        )
        # Its times are those of the loop. Who only had it loaded anew has not come home.
        if (
            heard is not None
            and heard.rssi > REMEMBERED_DBM
            and self._last_sign - heard.time < PATIENCE.total_seconds()
        ):
            self._last_sign = heard.time
            self._tell(home=True)
        self._async_note_link()
        self._look_later()

        @callback
        def stop() -> None:
            for unregister in registered:
                unregister()
            if self._timer is not None:
                self._timer.cancel()

        return stop

    @callback
    def _async_note_link(self) -> None:
        was_linked, self._is_linked = self._is_linked, self._coordinator.data.connected
        # That it was there until now is the last sign of a band that leaves.
        if was_linked or self._is_linked:
            self._note_sign()

    @callback
    def _async_note_advertisement(self, heard: BluetoothServiceInfoBleak) -> None:
        if heard.rssi > REMEMBERED_DBM:
            self._note_sign()

    def _note_sign(self) -> None:
        self._last_sign = self._hass.loop.time()
        self._tell(home=True)

    @callback
    def _look(self) -> None:
        silence = self._hass.loop.time() - self._last_sign
        if not self._is_linked and silence >= PATIENCE.total_seconds():
            self._tell(home=False)
        self._look_later()

    def _look_later(self) -> None:
        # One timer, however often the band is heard.
        loop, patience = self._hass.loop, PATIENCE.total_seconds()
        silent_until = self._last_sign + patience
        if silent_until <= loop.time():
            # It is away or linked already: a sign that comes now is found in time all the same.
            silent_until = loop.time() + patience
        self._timer = loop.call_at(silent_until, self._look)

    def _tell(self, *, home: bool) -> None:
        if home is not self.home:
            self.home = home
            self._changed()
