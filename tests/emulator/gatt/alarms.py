"""Alarms: ten slots, written one by one, read back in two ways.

`02`, enabled (bit 7), snooze off (bit 6) and slot, hour, minute, days (bit 0 Monday to bit 6
Sunday, `80` once, `00` none). `0d` is answered shortly, `ff 01 00 00 00` with all there is.

Source: protocol-control.md, section 12 and 4.5.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique

from ..screen import Content, Kind
from .body import Body, Json
from .wire import is_clock_time

SLOTS = 10
_CLAUSE = "protocol-control 12.1"
_OK, _FAILED = 0x01, 0x04
_ENABLED, _NO_SNOOZE, _ONCE = 0x80, 0x40, 0x80


@unique
class ReadForms(StrEnum):
    """Which questions for the alarms a firmware answers; nobody has told (12.2)."""

    BOTH = "both"
    SHORT = "short"
    LONG = "long"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One slot in use."""

    slot: int
    enabled: bool
    snooze: bool
    hour: int
    minute: int
    days: int


class Alarms:
    """The slots of the band."""

    def __init__(self, body: Body, notify: Callable[[bytes], None]) -> None:
        self.forms = ReadForms.BOTH
        self._ringing: int | None = None
        self._body = body
        self._notify = notify
        self._slots: dict[int, Alarm] = {}

    def write(self, value: bytes) -> int:
        """Take the command `02`; return the status of the reply."""
        if len(value) != 5:
            self._body.wrong("0003", "alarm that is not 5 bytes", _CLAUSE, value)
            return _FAILED
        _, head, hour, minute, days = value
        slot = head & 0x3F
        if slot >= SLOTS or not is_clock_time(hour, minute):
            self._body.wrong("0003", "alarm slot or time out of range", _CLAUSE, value)
            return _FAILED
        if days > _ONCE:
            self._body.wrong("0003", "once, and weekdays", _CLAUSE, value)
            return _FAILED
        if days:
            self._slots[slot] = Alarm(
                slot=slot,
                enabled=bool(head & _ENABLED),
                snooze=not head & _NO_SNOOZE,
                hour=hour,
                minute=minute,
                days=days,
            )
        else:
            self._slots.pop(slot, None)
        return _OK

    def reply_short(self) -> None:
        """Answer `0d`; what its five bytes say nobody knows."""
        alarms = self._sorted()
        self._notify(
            bytes.fromhex("100d01 0300400002")
            + bytes((len(alarms),))
            + bytes(alarm.slot | (0x10 if alarm.enabled else 0) for alarm in alarms)
        )

    def reply_long(self) -> None:
        """Answer `ff 01 00 00 00` in as many pieces as the ATT MTU makes of it."""
        session = self._body.session
        if session is None:
            return
        alarms = self._sorted()
        data = bytes((0x01, 0x00, 0x00, 0x00, len(alarms))) + b"".join(
            bytes((alarm.slot | (_ENABLED * alarm.enabled), alarm.hour, alarm.minute, alarm.days))
            for alarm in alarms
        )
        room = session.connection.att_mtu - 3 - 4
        pieces = [data[start : start + room] for start in range(0, len(data), room)]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            flags = (0xC0 if last else 0x00) if number == 0 else (0x80 if last else 0x40)
            self._notify(bytes((0x80, 0x01, flags, number)) + piece)

    def toggle(self, slot: int) -> None:
        """Switch an alarm on or off on the band itself.

        Raises:
            ValueError: There is no alarm in this slot.
        """
        if slot not in self._slots:
            raise ValueError(f"no alarm in slot {slot}")
        self._slots[slot] = replace(self._slots[slot], enabled=not self._slots[slot].enabled)

    def edit(self, slot: int, hour: int, minute: int) -> None:
        """Change the time of an alarm on the band itself.

        Raises:
            ValueError: There is no alarm in this slot, or no such time.
        """
        if slot not in self._slots or not is_clock_time(hour, minute):
            raise ValueError(f"no alarm in slot {slot}, or no such time")
        self._slots[slot] = replace(self._slots[slot], hour=hour, minute=minute)

    # Ringing

    def due(self, since: datetime, now: datetime) -> Iterator[int]:
        """Go through the alarms whose time has come between two moments of the wall clock."""
        for alarm in self._sorted():
            moment = now.replace(hour=alarm.hour, minute=alarm.minute, second=0, microsecond=0)
            if moment > now:
                moment -= timedelta(days=1)
            today = alarm.days == _ONCE or alarm.days >> moment.weekday() & 1
            if alarm.enabled and today and moment > since:
                yield alarm.slot

    def ring(self, slot: int) -> None:
        """Let an alarm ring; one that rings once is off afterwards.

        Raises:
            ValueError: There is no alarm in this slot, or it is off.
        """
        alarm = self._slots.get(slot)
        if alarm is None or not alarm.enabled:
            raise ValueError(f"no alarm in slot {slot}, or it is off")
        self._ringing = slot
        if alarm.days == _ONCE:
            self._slots[slot] = replace(alarm, enabled=False)
        hint = "Swipe: later" if alarm.snooze else "Tap: stop"
        self._body.screen.show(
            Kind.ALARM,
            Content(title=f"{alarm.hour:02}:{alarm.minute:02}", label="Alarm", hint=hint),
        )
        self._body.vibrate(10)

    @property
    def ringing(self) -> bool:
        """Whether an alarm rings."""
        return self._ringing is not None

    def stop(self) -> None:
        """Stop ringing."""
        self._ringing = None
        self._body.screen.clear(Kind.ALARM)
        self._body.still()

    def erase(self) -> None:
        """Have no alarms."""
        self.stop()
        self._slots.clear()

    def _sorted(self) -> list[Alarm]:
        return [self._slots[slot] for slot in sorted(self._slots)]

    def as_json(self) -> list[Json]:
        """Give the alarms for the control port."""
        return [asdict(alarm) for alarm in self._sorted()]
