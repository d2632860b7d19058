"""Publishes what is known of one band, and runs what is asked of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_ADDRESS, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .alert_queue import async_get_alert_queue
from .band.alerts import Alert, send_alert
from .band.errors import AuthenticationError, BandBusy, BandError, LinkLost
from .band.events import DeviceEvent, WorkoutEvent
from .band.heart_rate import HeartRate
from .band.link import Link, Operation
from .band.session import BandSession
from .band.state import BandEvent, BandState, Recorded, Update, apply, read_state, watch
from .band.uuids import Characteristic
from .call_desk import CallDesk
from .companions import Companions
from .const import CONF_IDENTITY, CONF_KEY, CONF_PROFILE, CONF_REFUSED, DOMAIN
from .device import async_note_info
from .face_log import FaceLog
from .history_file import HistoryError, HistoryNewer
from .keeper import LinkKeeper
from .lease import Lease, NoLink
from .options import (
    CONNECTION_MODE,
    KEEP_DATA_ON_BAND,
    LINGERS,
    NOTIFY_WHEN_AWAY,
    RETENTION,
    SYNC_INTERVAL,
)
from .pace import Pace
from .preferences import chosen_on_page, resolved
from .reach import find_device, signal_dbm, why_unreachable
from .readings import Readings
from .records import Records
from .snapshot import Snapshot, decode_snapshot, encode_snapshot, snapshot_store
from .sync import Synced
from .timepiece import Timepiece
from .timetable import Timetable

_LOGGER = logging.getLogger(__name__)

SAVE_DELAY: Final = timedelta(minutes=1)
AGE_INTERVAL: Final = timedelta(minutes=15)
"""How often it is told how old the last record is: no more than anybody needs to know."""
WORKOUT_REST: Final = timedelta(seconds=10)
"""How long a band has to store a workout that ended: "some seconds" in protocol-data.md, 8."""
PATIENCE: Final = timedelta(seconds=60)
"""How long a command waits for a link that is made for it: as long as one try takes at most."""

_MINUTE = timedelta(minutes=1)

type MiBandConfigEntry = ConfigEntry[MiBandCoordinator]


class MiBandCoordinator(DataUpdateCoordinator[BandState]):
    """One band: its state, its events, and the door through which every operation goes.

    Attributes:
        change_turn: held by who changes what is known and on the band, each building on the one
            before.
    """

    config_entry: MiBandConfigEntry

    def __init__(self, hass: HomeAssistant, entry: MiBandConfigEntry) -> None:
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=AGE_INTERVAL,
            always_update=False,
        )
        self.identity: str = entry.data[CONF_IDENTITY]
        self.address: str = entry.data[CONF_ADDRESS]
        self.lease = Lease(LINGERS[CONNECTION_MODE.of(entry)])
        self._timetable = Timetable(
            entry.title, self.lease, timedelta(minutes=SYNC_INTERVAL.of(entry))
        )
        self._timepiece = Timepiece()
        self.keeper = LinkKeeper(
            hass,
            self.address,
            bytes.fromhex(entry.data[CONF_KEY]),
            self._async_serve,
            wanted=self.lease.wanted,
            noticed=self._note_reach,
        )
        self.data = BandState()
        self._store = snapshot_store(hass, entry.entry_id)
        self._is_over = False
        retention = RETENTION.of(entry)
        self.records = Records(
            hass,
            entry,
            keep=KEEP_DATA_ON_BAND.of(entry),
            retention=None if retention is None else timedelta(days=retention),
            fetched=self._show_fetched,
            changed=self._show_recorded,
        )
        self.faces = FaceLog(hass, entry.entry_id, self.async_update_listeners)
        self._pace = Pace(self.async_update_listeners)
        self.companions = Companions(hass, entry)
        self.change_turn = asyncio.Lock()
        self._event_listeners: set[Callable[[DeviceEvent], None]] = set()
        self.readings = Readings()
        self._reported: set[Characteristic] = set()
        self.alerts = async_get_alert_queue(hass, self.identity)
        self.alerts.serve(
            entry.title,
            self.async_alert,
            timedelta(minutes=NOTIFY_WHEN_AWAY.of(entry)),
            self.lease.wanted.set,
        )
        self.calls = CallDesk(entry.title, self.async_run, self.async_listen_event)

    @override
    async def _async_setup(self) -> None:
        await self.faces.async_load()
        snapshot = await self._store.async_load()
        state = decode_snapshot(snapshot) if snapshot else BandState()
        self.calls.unended = bool(snapshot and snapshot.get("unended_call"))
        if not state.settings.chosen:
            # The pages have put these on the band, as far as it took them.
            data = self.config_entry.data
            chosen = chosen_on_page(data[CONF_PROFILE])
            told = resolved(chosen, self.hass.config.language)
            on_band = {
                key: value for key, value in told.items() if key not in data.get(CONF_REFUSED, ())
            }
            settings = replace(state.settings, chosen=chosen, on_band=on_band)
            state = replace(state, settings=settings)
        try:
            recorded = await self.records.async_digest()
        except HistoryNewer as err:
            raise ConfigEntryError(translation_domain=DOMAIN, translation_key=err.code) from err
        except HistoryError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=err.code) from err
        self.data = replace(state, recorded=recorded)

    @override
    async def _async_update_data(self) -> BandState:
        """Return what is known: a band that is away is no failure, and its news is pushed."""
        return replace(self.data, unsynced_minutes=_age_minutes(self.data.recorded))

    @callback
    def async_start(self) -> None:
        """Begin to keep the link; ends with the config entry or Home Assistant."""
        entry = self.config_entry
        task = entry.async_create_background_task(
            self.hass, self._async_keep_link(), f"link to {entry.title}"
        )

        async def stop(event: Event | None = None) -> None:
            task.cancel()
            await asyncio.wait([task])
            self.lease.close(LinkLost("the band is not served any more"))
            self._is_over = event is None
            await self._store.async_save(self._snapshot())

        entry.async_on_unload(stop)
        # Home Assistant does not unload entries when it stops, but the band must be let go.
        entry.async_on_unload(self.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, stop))

    async def _async_keep_link(self) -> None:
        try:
            await self.keeper.async_run()
        except AuthenticationError as err:
            # Of the codes with which a band says so not all are known.
            _LOGGER.warning("%s is asked no more until it has a new key: %s", self.name, err)
            self.lease.close(err)
            self._note_reach()
            self.config_entry.async_start_reauth(self.hass)

    # What a link is used for while it lasts

    async def _async_serve(self, link: BandSession) -> timedelta:
        try:
            # Listen before anything is read or begun, so that no news falls in between.
            async with watch(link, self._reported) as events:
                state = await self._async_read(link)
                async with self.lease.offer(link):
                    self._begin(state, link)
                    await self._async_listen(events)
        finally:
            await self._async_let_go()
        return self._timetable.interval

    def _begin(self, state: BandState, link: BandSession) -> None:
        heard_dbm = signal_dbm(self.hass, self.address)
        self._publish(replace(state, connected=True, reachable=True, signal_dbm=heard_dbm))
        # By itself it is no reason to hold the link, but each sync is.
        # All but the records was read before the link was there for everybody.
        self.companions.start(
            "sync", self._timetable.async_keep(self._async_sync_records, self._async_sync_all)
        )
        if self.calls.unended:
            self.companions.start("end of a call", self.lease.run(self.calls.async_end_late))
        self.companions.start("waiting alerts", self.alerts.async_catch_up())
        self.companions.begin(lambda: link.is_open)

    async def _async_listen(self, events: AsyncIterator[BandEvent]) -> None:
        async for event in events:
            self._handle(event)

    async def _async_let_go(self) -> None:
        await self.calls.async_let_go()
        await self.companions.dismiss_all()
        self.readings.fail(LinkLost("the link broke while measuring"))
        self._publish(replace(self.data.without_link(), reachable=self._can_be_linked()))

    def _can_be_linked(self) -> bool:
        """Tell whether a link that is not there would be made for who needs it."""
        # Where the link is kept, it is being made already whenever the band is heard.
        on_demand = self.lease.linger is not None and not self.lease.closed
        return on_demand and find_device(self.hass, self.address) is not None

    def _note_reach(self) -> None:
        reachable = self.data.connected or self._can_be_linked()
        self._publish(replace(self.data, reachable=reachable))

    async def _async_read(self, link: Link) -> BandState:
        await self._timepiece.async_look(link)
        state = await read_state(link, self.data)
        if state.device != self.data.device:
            if self.data.device is not None and self.data.device.firmware_version:
                # Another firmware. What it kept of all that the one before was told nobody knows.
                self.data = self.data.doubted()
            if state.device is not None:
                async_note_info(self.hass, self.config_entry, state.device)
        # What arrived while this was read is newer than what it began with.
        return replace(self.data, device=state.device, battery=state.battery, today=state.today)

    async def _async_sync_all(self, link: Link) -> Synced:
        self._publish(await self._async_read(link))
        return await self._async_sync_records(link)

    async def _async_sync_records(self, link: Link) -> Synced:
        try:
            async with self._timepiece.async_set_after(link) as error:
                synced = await self.records.async_sync(link, error)
        except BandBusy:
            # It gets over that on a new link.
            self.lease.end()
            raise
        self._publish(replace(self.data, last_sync=dt_util.utcnow()))
        return synced

    def _show_fetched(self, until: datetime) -> None:
        self._show_recorded(replace(self.data.recorded, until=until))

    def _show_recorded(self, recorded: Recorded) -> None:
        self._publish(
            replace(self.data, recorded=recorded, unsynced_minutes=_age_minutes(recorded))
        )

    def _handle(self, event: BandEvent) -> None:
        state = apply(self.data, event)
        if _is_told_without_end(self.data, state):
            # Known at once, and shown soon.
            self.data = state
            self._pace.ask()
        else:
            self._publish(state)
        match event:
            case HeartRate():
                self.readings.note(event)
            case DeviceEvent.WOKE_UP:
                # Now the night can be told of.
                self.records.note_woke_up()
                self._sync_soon("morning sync")
            case WorkoutEvent.ENDED:
                self._sync_soon("sync after a workout", after=WORKOUT_REST)
            case _:
                pass
        if isinstance(event, DeviceEvent):
            # Who pressed a key on the band often goes on to the next, and is answered.
            self.lease.prolong()
            for listener in list(self._event_listeners):
                listener(event)

    def _sync_soon(self, name: str, after: timedelta = timedelta()) -> None:
        wait = self._timetable.plan(name, after)
        if wait is None:
            return
        # Beside the one that still runs, as likely as not, when it has to wait for its turn.
        name = name if wait == after else f"later {name}"
        self.companions.start(name, self._timetable.async_try(self._async_sync_records, after=wait))

    def _publish(self, state: BandState) -> None:
        if state == self.data:
            return
        self._pace.note()
        if state.reachable is not self.data.reachable:
            words = "%s can be reached" if state.reachable else "%s can no longer be reached"
            _LOGGER.info(words, self.name)
        self.async_set_updated_data(state)
        self._save_later()

    def _save_later(self) -> None:
        if self._is_over:
            # Its entry was loaded anew or removed; what somebody still does here is of the past.
            return
        self._store.async_delay_save(self._snapshot, SAVE_DELAY.total_seconds())

    def _snapshot(self) -> Snapshot:
        return encode_snapshot(self.data) | {"unended_call": self.calls.unended}

    # What entities and actions may ask for

    @callback
    def async_listen_event(self, listener: Callable[[DeviceEvent], None]) -> CALLBACK_TYPE:
        """Call a listener for each event of the band; returns what ends that."""
        self._event_listeners.add(listener)
        return lambda: self._event_listeners.discard(listener)

    async def async_run[T](self, operation: Operation[T]) -> T:
        """Run an operation on the band, on a link that is made for it where none is kept.

        Raises:
            HomeAssistantError: translated; there is no link, or the band refused.
        """
        patience = PATIENCE if self._can_be_linked() else timedelta()
        try:
            return await self.lease.run(operation, patience)
        except NoLink as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_connected",
                translation_placeholders={
                    "name": self.name,
                    "reason": why_unreachable(self.hass, self.address),
                },
            ) from err
        except BandError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=err.code,
                translation_placeholders={"name": self.name, **err.details},
            ) from err

    async def async_change(self, operation: Operation[Update]) -> None:
        """Run an operation that returns how it changed the state; one such at a time."""

        async def change(link: Link) -> None:
            async with self.change_turn:
                self.async_publish(await operation(link))

        await self.async_run(change)

    @callback
    def async_publish(self, change: Update) -> None:
        """Change what is known, and show it."""
        self._publish(change(self.data))

    @callback
    def async_keep(self, change: Update) -> None:
        """Change what is known of which nobody shows anything."""
        self.data = change(self.data)
        self._save_later()

    async def async_alert(self, alert: Alert) -> bool | None:
        """Show an alert on the wrist; returns whether the band acknowledged it."""
        acknowledged = await self.async_run(lambda link: send_alert(link, alert))
        self._publish(self.data.after_alert(acknowledged))
        return acknowledged

    async def async_sync(self) -> Synced:
        """Read everything, and bring the records home, now.

        Raises:
            HomeAssistantError: translated; the band, the store or the statistics.
        """
        return await self.async_run(self._async_sync_all)


def _age_minutes(recorded: Recorded) -> int | None:
    if recorded.until is None:
        return None
    # The clock of a band may run a little fast.
    return max(0, (dt_util.utcnow() - recorded.until) // _MINUTE)


def _is_told_without_end(before: BandState, after: BandState) -> bool:
    """Tell whether nothing changed but what changes every second while it does."""
    passing = replace(after, heart_rate_bpm=before.heart_rate_bpm, today=before.today)
    return after != before == passing
