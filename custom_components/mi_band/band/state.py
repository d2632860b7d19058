"""What is known of a band: one frozen value, how it is read, and how events change it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
import logging
from typing import Final

from .alarms import Alarm
from .battery import Battery, decode_battery, read_battery
from .device_info import DeviceInfo, read_device_info, read_firmware_version
from .errors import UNAVAILABLE, CommandRefused, MalformedPacket
from .events import (
    DeviceEvent,
    UnknownEvent,
    WorkoutEvent,
    decode_event,
    decode_workout_event,
)
from .heart_rate import HeartRate, decode_heart_rate
from .kinds import Activity
from .link import Link, Packet
from .reminders import Reminder
from .settings import Settings
from .sleep import SleepSession
from .steps import DayTotals, decode_day_totals, read_day_totals
from .uuids import Characteristic
from .workouts import Workout

_LOGGER = logging.getLogger(__name__)

type BandEvent = Battery | DayTotals | HeartRate | DeviceEvent | WorkoutEvent | UnknownEvent
"""Everything that a band tells without being asked."""

WATCHED: Final = (
    Characteristic.BATTERY,
    Characteristic.STEPS,
    Characteristic.HEART_RATE_MEASUREMENT,
    Characteristic.DEVICE_EVENT,
    Characteristic.WORKOUT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What lies in the band's slots: as it told last, or else as it was written last."""

    alarms: tuple[Alarm, ...] = ()
    """By slot."""
    reminders: tuple[Reminder, ...] = ()
    """By slot; calendar events among them. The band never tells of these."""
    address: str | None = None
    """Of the band that they lie on; a reset one has another, and nothing in its slots."""
    doubtful: bool = False
    """Whether the band may have lost them, as with another firmware."""
    in_doubt: tuple[int, ...] = ()
    """The slots of reminders whose last write was cut off; nobody knows what lies there."""
    alarms_in_doubt: tuple[int, ...] = ()
    """The same of alarms, until the band tells in full what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What follows from the records that the band stored and that were fetched."""

    until: datetime | None = None
    """Up to when the minutes were fetched; None when that was never done."""
    activity: Activity | None = None
    """In the last of them."""
    night: SleepSession | None = None
    """The last one that is over."""
    resting_heart_rate_bpm: int | None = None
    """In the last 24 hours of them; an estimate."""
    workout: Workout | None = None
    """The last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandState:
    """What the band last said.

    The first block is kept through a disconnect and a restart; the second lasts as the link does.
    """

    device: DeviceInfo | None = None
    battery: Battery | None = None
    today: DayTotals | None = None
    """None until the band was read once."""
    last_sync: datetime | None = None
    """When the band was last read as a whole, its records included."""
    recorded: Recorded = field(default_factory=Recorded)
    unsynced_minutes: int | None = None
    """How old the last of them is; None when there is none."""
    settings: Settings = field(default_factory=Settings)
    slots: Slots = field(default_factory=Slots)
    unacknowledged_alerts: int | None = None
    """How many in a row, up to the last; None while the band has not acknowledged any."""

    connected: bool = False
    reachable: bool = False
    """Whether a command finds the band: a link is held, or would be made."""
    heart_rate_bpm: int | None = None
    worn: bool | None = None
    """None until the band gave a sign of it."""
    asleep: bool | None = None
    """None until the wearer fell asleep or woke up."""
    working_out: bool | None = None
    """None until a workout began or ended: a band does not tell of one that runs already."""
    signal_dbm: int | None = None

    def without_link(self) -> BandState:
        """Return what stays true when the link is gone."""
        return replace(
            self,
            connected=False,
            reachable=False,
            heart_rate_bpm=None,
            worn=None,
            asleep=None,
            working_out=None,
            signal_dbm=None,
        )

    def doubted(self) -> BandState:
        """Return the state when the band may have lost all that it was ever told."""
        return replace(
            self,
            settings=replace(self.settings, on_band={}),
            slots=replace(self.slots, doubtful=True),
        )

    def after_alert(self, acknowledged: bool | None) -> BandState:  # noqa: FBT001  an answer
        """Return the state after an alert was sent; None is one that is never acknowledged."""
        if acknowledged:
            return replace(self, unacknowledged_alerts=0)
        if acknowledged is None or self.unacknowledged_alerts is None:
            return self
        return replace(self, unacknowledged_alerts=self.unacknowledged_alerts + 1)


type Update = Callable[[BandState], BandState]
"""How something that was done changed what is known."""


async def read_state(link: Link, before: BandState) -> BandState:
    """Read what changes while nobody listens: firmware, battery and today's totals.

    Three reads; five for a band that was never read, as serial number and hardware stay the same.
    What the band does not give, or in a layout that no document explains, stays as it was, and that
    is logged once for each firmware: nobody has the list of all, and the rest of the band is
    understood.
    """
    if before.device is None:
        device = await read_device_info(link)
    else:
        known = before.device.firmware_version
        version = await _understood(read_firmware_version(link), known, logging.DEBUG)
        device = replace(before.device, firmware_version=version)
    level = logging.WARNING if device != before.device else logging.DEBUG
    return replace(
        before,
        device=device,
        battery=await _understood(read_battery(link), before.battery, level),
        today=await _understood(read_day_totals(link), before.today, level),
    )


async def _understood[T](reading: Awaitable[T], before: T, level: int) -> T:
    try:
        return await reading
    except UNAVAILABLE as err:
        _LOGGER.log(level, "Going without a value that the band gives otherwise: %s", err)
        return before


@asynccontextmanager
async def watch(
    link: Link, reported: set[Characteristic] | None = None
) -> AsyncGenerator[AsyncIterator[BandEvent]]:
    """Subscribe to what the band has, then yield what it tells, until the link breaks.

    What it tells from the beginning of the block on is not lost, even while the block does other
    things first. A packet that breaks its layout is logged once for each characteristic and passed
    over: the next one brings the value anew.

    Args:
        link: the band.
        reported: of which characteristics something was logged before.

    Raises:
        CommandRefused: the band does not tell anything.
        LinkLost: the link broke; from the iteration too.
    """
    reported = set() if reported is None else reported
    wanted = [*filter(link.offers, WATCHED)]
    async with AsyncExitStack() as stack:
        try:
            packets = await stack.enter_async_context(link.notifications(*wanted))
        except CommandRefused:
            granted = await _granted(link, wanted, reported)
            packets = await stack.enter_async_context(link.notifications(*granted))
        yield _decoded(packets, reported)


async def _granted(
    link: Link, wanted: Iterable[Characteristic], reported: set[Characteristic]
) -> list[Characteristic]:
    """Return what the band lets us listen to: one thing that it does not is no reason to go."""
    granted, refusal = [], None
    for characteristic in wanted:
        try:
            async with link.notifications(characteristic):
                granted.append(characteristic)
        except CommandRefused as err:
            refusal = err
            if characteristic not in reported:
                reported.add(characteristic)
                _LOGGER.warning("The band does not tell of something by itself: %s", err)
    if refusal and not granted:
        raise refusal
    return granted


async def _decoded(
    packets: AsyncIterator[Packet], reported: set[Characteristic]
) -> AsyncGenerator[BandEvent]:
    async for packet in packets:
        if event := _decode_or_report(packet, reported):
            yield event


def _decode_or_report(packet: Packet, reported: set[Characteristic]) -> BandEvent | None:
    try:
        return decode_packet(packet)
    except MalformedPacket as err:
        if packet.characteristic not in reported:
            reported.add(packet.characteristic)
            _LOGGER.warning("Ignoring a notification that no document explains: %s", err)
        return None


def decode_packet(packet: Packet) -> BandEvent:
    """Decode a notification of a watched characteristic.

    Raises:
        MalformedPacket: it breaks its layout.
        ValueError: the characteristic is not watched.
    """
    match packet.characteristic:
        case Characteristic.BATTERY:
            return decode_battery(packet.value)
        case Characteristic.STEPS:
            return decode_day_totals(packet.value)
        case Characteristic.HEART_RATE_MEASUREMENT:
            return decode_heart_rate(packet.value)
        case Characteristic.DEVICE_EVENT:
            return decode_event(packet.value)
        case Characteristic.WORKOUT:
            return decode_workout_event(packet.value)
        case other:
            raise ValueError(f"{other.name} is not watched")


def apply(state: BandState, event: BandEvent) -> BandState:
    """Return the state after an event; the same object when nothing changed."""
    after = _changed(state, event)
    return state if after == state else after


def _changed(state: BandState, event: BandEvent) -> BandState:
    match event:
        case Battery():
            return replace(state, battery=event)
        case DayTotals():
            return replace(state, today=event)
        case HeartRate(bpm=int(bpm)):
            # A pulse is the one sign that the band is on a wrist again.
            return replace(state, heart_rate_bpm=bpm, worn=True)
        case DeviceEvent():
            return _after(state, event)
        case WorkoutEvent():
            return replace(state, working_out=event is not WorkoutEvent.ENDED)
        case HeartRate() | UnknownEvent():
            return state


def _after(state: BandState, event: DeviceEvent) -> BandState:
    match event:
        case DeviceEvent.FELL_ASLEEP | DeviceEvent.WOKE_UP:
            return replace(state, asleep=event is DeviceEvent.FELL_ASLEEP)
        case DeviceEvent.NOT_WORN:
            return replace(state, worn=False, heart_rate_bpm=None)
        case _:
            return state
