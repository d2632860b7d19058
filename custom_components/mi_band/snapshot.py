"""The part of a band's state that outlives a restart, as the JSON of Home Assistant's storage."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .band.alarms import Alarm, Days
from .band.battery import Battery
from .band.device_info import DeviceInfo
from .band.reminders import Reminder, Repeat
from .band.settings import Settings, Values
from .band.state import BandState, Slots
from .band.steps import DayTotals
from .const import DOMAIN

VERSION: Final = 1

type Snapshot = dict[str, Any]
"""Any, because that is what Home Assistant's storage takes and gives."""


def snapshot_store(hass: HomeAssistant, entry_id: str) -> Store[Snapshot]:
    """Return where the snapshot of an entry's band is kept; readable by its owner only."""
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}", private=True)


def encode_snapshot(state: BandState) -> Snapshot:
    """Return what is kept of a state."""
    return {
        "device": asdict(state.device) if state.device else None,
        "battery": asdict(state.battery) if state.battery else None,
        "today": asdict(state.today) if state.today else None,
        "last_sync": state.last_sync,
        "settings": asdict(state.settings),
        "slots": asdict(state.slots),
        "unacknowledged_alerts": state.unacknowledged_alerts,
    }


def decode_snapshot(snapshot: Snapshot) -> BandState:
    """Return the state that a snapshot was taken of, without its link."""
    battery = snapshot["battery"]
    return BandState(
        device=DeviceInfo(**snapshot["device"]) if snapshot["device"] else None,
        battery=(
            Battery(**battery | {"last_charged": _moment(battery["last_charged"])})
            if battery
            else None
        ),
        today=DayTotals(**snapshot["today"]) if snapshot["today"] else None,
        last_sync=_moment(snapshot["last_sync"]),
        settings=_settings(snapshot["settings"]),
        slots=_slots(snapshot.get("slots") or {}),
        unacknowledged_alerts=snapshot.get("unacknowledged_alerts"),
    )


def _slots(slots: Snapshot) -> Slots:
    return Slots(
        alarms=tuple(
            Alarm(**alarm | {"days": Days(alarm["days"])}) for alarm in slots.get("alarms", ())
        ),
        reminders=tuple(
            Reminder(
                **reminder
                | {
                    "begin": _moment(reminder["begin"]),
                    "end": _moment(reminder["end"]),
                    "repeat": Repeat(reminder["repeat"]),
                }
            )
            for reminder in slots.get("reminders", ())
        ),
        address=slots.get("address"),
        doubtful=slots.get("doubtful", False),
        in_doubt=tuple(slots.get("in_doubt", ())),
        alarms_in_doubt=tuple(slots.get("alarms_in_doubt", ())),
    )


async def async_load_chosen(hass: HomeAssistant, entry_id: str) -> Values:
    """Return what the wearer chose for a band whose config entry is not loaded."""
    snapshot = await snapshot_store(hass, entry_id).async_load()
    return _settings(snapshot["settings"]).chosen if snapshot else {}


def _settings(kept: Mapping[str, Any]) -> Settings:
    # Values that this version does not know are kept for the one that does.
    return Settings(
        chosen=dict(kept.get("chosen", {})),
        on_band=dict(kept.get("on_band", {})),
        continuous_heart_rate=kept["continuous_heart_rate"],
    )


def _moment(text: str | None) -> datetime | None:
    return dt_util.parse_datetime(text) if text else None
