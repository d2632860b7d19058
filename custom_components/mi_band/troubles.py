"""Watches a band for troubles that only a person can end, and tells of them as repair issues.

Each trouble is a row: when it is there, and what fills its text. A row is looked at every minute
and at every news of the band. Its issue is raised once, with the facts of that moment, and goes as
soon as the row no longer holds. What passes by itself, such as a band that is out for a day, is
none; a refused key has its own way, the reauthentication.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import (
    BluetoothScannerDevice,
    BluetoothServiceInfoBleak,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .band.errors import AuthenticationError
from .const import DOMAIN
from .coordinator import MiBandConfigEntry
from .reach import system_hold, why_unreachable

CHECK_INTERVAL: Final = timedelta(minutes=1)
LONG_SILENCE: Final = timedelta(hours=24)
"""A band that is out for the day with its wearer is no trouble; most are home at night."""
LONG_REFUSAL: Final = timedelta(hours=1)
"""How long a band may be heard without a link; the keeper tries every five minutes or sooner."""
LONG_WITHOUT_ADAPTER: Final = timedelta(minutes=10)
"""Proxies and adapters take some time to come back after a restart or an update."""
DROPS_SPAN: Final = timedelta(hours=1)
MOST_DROPS: Final = 10
"""Links lost within the span from which on it is a trouble."""
LONG_HOLD: Final = timedelta(minutes=2)
"""How long the operating system may hold a band; a link of our own is one of its, too, at first."""
MOST_UNACKNOWLEDGED: Final = 3
"""Alerts in a row without an acknowledgement from which on it is a trouble."""
FRESH: Final = timedelta(minutes=10)
"""How young an advertisement is that shows that the band is near."""

NOT_HEARD: Final = "not_heard"
NOT_REACHED: Final = "not_reached"
OFTEN_LOST: Final = "often_lost"
NO_CONNECTABLE_ADAPTER: Final = "no_connectable_adapter"
HELD_BY_SYSTEM: Final = "held_by_system"
ALERTS_NOT_SHOWN: Final = "alerts_not_shown"

type Placeholders = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A row; its key names the issue and its texts."""

    key: str
    find: Callable[[TroubleWatch], Placeholders | None]
    """Returns what fills the text; None while there is no such trouble."""
    is_fixable: bool = False
    """Whether trying something at once can end it."""


def issue_id(entry_id: str, key: str) -> str:
    """Return the id of the issue of a trouble of one config entry."""
    return f"{key}_{entry_id}"


class TroubleWatch:
    """Knows since when a band is missed.

    Attributes:
        hass: Home Assistant.
        coordinator: of the band.
        last_heard: when something that can connect heard the band, or held its link.
        last_linked: when the link was last held.
        last_adapter: when there last was something that can connect.
        last_free: when the operating system last had nothing with the band that keeps us away.
    """

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        self.hass = hass
        self.coordinator = entry.runtime_data
        self._entry = entry
        self._raised: set[str] = set()
        now = dt_util.utcnow()
        # A band that was missed before a restart still is, but gets the time to be heard anew.
        since = min(self.coordinator.data.last_sync or now, now)
        self.last_heard = max(since, now - LONG_SILENCE + LONG_WITHOUT_ADAPTER)
        self.last_linked = now
        self.last_adapter = now
        self.last_free = now

    @callback
    def async_start(self) -> None:
        """Begin to watch; ends with the config entry, and its issues with it."""
        entry = self._entry
        entry.async_on_unload(self._async_end_all)
        entry.async_on_unload(
            bluetooth.async_register_advertisement_callback(
                self.hass, self._async_heard, self.coordinator.address
            )
        )
        entry.async_on_unload(self.coordinator.async_add_listener(self._async_check))
        entry.async_on_unload(
            async_track_time_interval(
                self.hass,
                self._async_check_at,
                CHECK_INTERVAL,
                name=f"troubles of {entry.title}",
                cancel_on_shutdown=True,
            )
        )

    @callback
    def _async_heard(self, advertisement: BluetoothServiceInfoBleak) -> None:
        if advertisement.connectable:
            self.last_heard = dt_util.utcnow()
            self._async_end(NOT_HEARD)

    @callback
    def _async_check_at(self, _: datetime) -> None:
        self._async_check()

    @callback
    def _async_check(self) -> None:
        now = dt_util.utcnow()
        if bluetooth.async_scanner_count(self.hass, connectable=True):
            self.last_adapter = now
        if self.coordinator.data.connected:
            self.last_heard = self.last_linked = now
        if not self._is_held_by_system():
            self.last_free = now
        for trouble in TROUBLES:
            placeholders = trouble.find(self)
            if placeholders is None:
                self._async_end(trouble.key)
            elif trouble.key not in self._raised:
                self._async_raise(trouble, placeholders)

    def _async_raise(self, trouble: Trouble, placeholders: Placeholders) -> None:
        self._raised.add(trouble.key)
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            issue_id(self._entry.entry_id, trouble.key),
            data={"entry_id": self._entry.entry_id},
            is_fixable=trouble.is_fixable,
            severity=ir.IssueSeverity.WARNING,
            translation_key=trouble.key,
            translation_placeholders={"name": self._entry.title, **placeholders},
        )

    def _async_end(self, key: str) -> None:
        if key in self._raised:
            self._raised.remove(key)
            ir.async_delete_issue(self.hass, DOMAIN, issue_id(self._entry.entry_id, key))

    @callback
    def _async_end_all(self) -> None:
        for key in list(self._raised):
            self._async_end(key)

    def _is_held_by_system(self) -> bool:
        if self.coordinator.data.connected:
            return False
        hold = system_hold(self.hass, self.coordinator.address)
        # A bond alone does no harm as long as links come about.
        return hold.connected or (hold.bonded and self.coordinator.keeper.record.failures > 0)

    # What the rows ask

    @property
    def has_adapter(self) -> bool:
        """Tell whether there is something that can connect."""
        return bluetooth.async_scanner_count(self.hass, connectable=True) > 0

    def is_for(self, span: timedelta, since: datetime) -> bool:
        """Tell whether something has lasted for a span."""
        return dt_util.utcnow() - since >= span

    def why_unreachable(self) -> str:
        """Return what Home Assistant knows of the way to the band."""
        return why_unreachable(self.hass, self.coordinator.address)

    def nearest(self) -> BluetoothScannerDevice | None:
        """Return how the band is heard best."""
        return max(
            bluetooth.async_scanner_devices_by_address(
                self.hass, self.coordinator.address, connectable=True
            ),
            key=lambda heard: heard.advertisement.rssi,
            default=None,
        )


def _find_not_heard(watch: TroubleWatch) -> Placeholders | None:
    # Without an adapter nobody could hear it, which is a trouble of its own.
    if not watch.has_adapter or not watch.is_for(LONG_SILENCE, watch.last_heard):
        return None
    return {"since": _words(watch.last_heard), "reason": watch.why_unreachable()}


def _find_not_reached(watch: TroubleWatch) -> Placeholders | None:
    record = watch.coordinator.keeper.record
    # A refused key ends the trying, and the reauthentication tells of it.
    if (
        record.failing_since is None
        or record.last_error == AuthenticationError.code
        or watch.is_for(FRESH, watch.last_heard)
        # Where no link is kept, the last one may be long ago without a failure.
        or not watch.is_for(LONG_REFUSAL, max(watch.last_linked, record.failing_since))
    ):
        return None
    return {"since": _words(watch.last_linked), "reason": watch.why_unreachable()}


def _find_often_lost(watch: TroubleWatch) -> Placeholders | None:
    drops = watch.coordinator.keeper.record.drops_within(DROPS_SPAN)
    if drops < MOST_DROPS:
        return None
    nearest = watch.nearest()
    return {
        "count": str(drops),
        "signal": f"{nearest.advertisement.rssi} dBm" if nearest else "-",
        "scanner": nearest.scanner.name if nearest else "-",
    }


def _find_no_connectable_adapter(watch: TroubleWatch) -> Placeholders | None:
    lasts = watch.is_for(LONG_WITHOUT_ADAPTER, watch.last_adapter)
    return {} if lasts and not watch.has_adapter else None


def _find_held_by_system(watch: TroubleWatch) -> Placeholders | None:
    if not watch.is_for(LONG_HOLD, watch.last_free):
        return None
    return {"since": _words(watch.last_linked), "address": watch.coordinator.address}


def _find_alerts_not_shown(watch: TroubleWatch) -> Placeholders | None:
    # A band that never acknowledges counts none.
    count = watch.coordinator.data.unacknowledged_alerts or 0
    return {"count": str(count)} if count >= MOST_UNACKNOWLEDGED else None


def _words(moment: datetime) -> str:
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")


TROUBLES: Final = (
    Trouble(key=NOT_HEARD, find=_find_not_heard, is_fixable=True),
    Trouble(key=NOT_REACHED, find=_find_not_reached, is_fixable=True),
    Trouble(key=OFTEN_LOST, find=_find_often_lost),
    Trouble(key=NO_CONNECTABLE_ADAPTER, find=_find_no_connectable_adapter),
    Trouble(key=HELD_BY_SYSTEM, find=_find_held_by_system, is_fixable=True),
    Trouble(key=ALERTS_NOT_SHOWN, find=_find_alerts_not_shown, is_fixable=True),
)
