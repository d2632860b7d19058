"""Configuration: the settings of the band, each one command and one reply.

`06 <id> 00 <value>` is answered with `10 06 <id> 00 <status>`, every other opcode with
`10 <opcode> <status>`. Status `01` done, `04` malformed, `05` unknown, `06` bad value.

Source: protocol-control.md, 4.1, sections 9, 10, 12 and 20.1.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, override

from ..screen import Kind
from .alarms import Alarms, ReadForms
from .body import Body, Capability, Json
from .events import Events
from .wire import is_clock_time

_OK, _FAILED, _UNKNOWN, _BAD_VALUE = 0x01, 0x04, 0x05, 0x06
# fmt: off
_LANGUAGES = (
    "ar_SA", "de_DE", "el_GR", "en_US", "es_ES", "fr_FR", "id_ID", "it_IT", "pt_PT",
    "pl_PL", "ru_RU", "th_TH", "tr_TR", "uk_UA", "vi_VN", "zh_CN", "zh_TW",
)
# fmt: on
_DATE_FORMATS = ("MM/dd/yyyy", "dd.MM.yyyy", "dd/MM/yyyy")
_FACTORY_RESET, _FIND_PHONE, _PIN = 0x0B, 0x14, 0x21
_OF_SETTINGS = {b"\x06", b"\x08", b"\x09", b"\x0a", b"\x1a"}
"""How a command begins that is no question, no alarm and nothing of another model."""


class BadValue(ValueError):
    """A setting does not take this value."""


def _flag(value: bytes) -> Json:
    if value not in {b"\x00", b"\x01"}:
        raise BadValue
    return value == b"\x01"


def _window(value: bytes) -> Json:
    """Decode `en sh sm eh em`; `en` alone is all day or off.

    Two clients switch a real band on by `01` alone; that it means all day is [INFERRED].
    """
    if len(value) == 1:
        value += bytes(4)
    if len(value) != 5 or value[0] > 1 or not is_clock_time(*value[1:]):
        raise BadValue
    return {"enabled": bool(value[0]), "start": _clock(value[1:3]), "end": _clock(value[3:5])}


def _full_window(value: bytes) -> Json:
    if len(value) != 5:
        raise BadValue
    return _window(value)


def _clock(pair: bytes) -> str:
    return f"{pair[0]:02}:{pair[1]:02}"


def _one_of(*values: str) -> Callable[[bytes], Json]:
    def decode(value: bytes) -> Json:
        text = value.decode("ascii", "replace")
        if text not in values:
            raise BadValue
        return text

    return decode


def _exactly(meanings: Mapping[bytes, Json]) -> Callable[[bytes], Json]:
    def decode(value: bytes) -> Json:
        if value not in meanings:
            raise BadValue
        return meanings[value]

    return decode


def _heart_rate_alert(value: bytes) -> Json:
    if len(value) != 2 or value[0] > 1:
        raise BadValue
    return {"enabled": bool(value[0]), "threshold": value[1]}


class _Setting(NamedTuple):
    name: str
    decode: Callable[[bytes], Json]


_SETTINGS: dict[int, _Setting] = {
    0x01: _Setting("visible", _flag),
    0x02: _Setting("time_format_24h", _flag),
    0x03: _Setting("imperial", _flag),
    0x05: _Setting("lift_wrist", _window),
    0x06: _Setting("goal_notification", _flag),
    # What it is for nobody knows; the vendor's app sends it.
    0x07: _Setting("unknown_07", _exactly({b"\x0d\x00\x00\x00": True})),
    0x0A: _Setting("idle_screen_date", _exactly({b"\x00": False, b"\x03": True})),
    0x0C: _Setting("disconnect_alert", _full_window),
    0x0D: _Setting("rotate_wrist", _flag),
    0x10: _Setting(
        "show_caller", _exactly({b"\x00\x00": False, b"\x00\x01": True, b"\x01\x01": True})
    ),
    0x16: _Setting("swipe_unlock", _flag),
    0x17: _Setting("language", _one_of(*_LANGUAGES)),
    0x19: _Setting("phone_silent", _flag),
    0x1A: _Setting("heart_rate_alert", _heart_rate_alert),
    0x1E: _Setting("date_format", _one_of(*_DATE_FORMATS)),
    0x1F: _Setting("share_heart_rate", _flag),
    0x22: _Setting("activity_heart_rate", _flag),
    0x23: _Setting("lift_wrist_sensitive", _flag),
}


class Configuration(Capability):
    """The settings."""

    def __init__(
        self, body: Body, events: Events, reset: Callable[[], None], goal: Callable[[], int]
    ) -> None:
        super().__init__(body)
        self.goal = goal
        self.alarms = Alarms(body, self._reply)
        self._events = events
        self._reset = reset
        self.settings: dict[str, Json] = {}
        self._settings_told = 0
        self._acknowledged: list[Json] = []
        self._refused: dict[bytes, tuple[int | None, int]] = {}
        self._opcodes: dict[int, Callable[[bytes], None]] = {
            0x02: self._alarm,
            0x06: self._setting,
            0x08: self._inactivity,
            0x09: self._do_not_disturb,
            0x0A: self._display_mask,
            0x0C: lambda value: self._query(value, b"\x0c\x05"),
            0x0D: self._read_alarms,
            # There is no GPS chip whose version could be told.
            0x0E: lambda value: self._query(value, b"\x0e\x01"),
            0x11: lambda value: self._query(
                value, bytes.fromhex("1101080b020700000060030000000107000000")
            ),
            0x1A: self._night_mode,
            0xFE: self._foreign,
            0xFF: self._read_long,
        }

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"0003": self._write}

    def is_on(self, name: str) -> bool:
        """Say whether a switch has been switched on."""
        return self.settings.get(name) is True

    def _reply(self, value: bytes) -> None:
        self.body.notify("0003", value)

    def refuse(self, head: bytes, status: int | None, count: int) -> None:
        """Do not do the next commands that begin like this.

        Args:
            head: First bytes of the command.
            status: What is answered; None for nothing.
            count: How many commands.
        """
        self._refused[head] = status, count

    def _is_refused(self, value: bytes) -> bool:
        for head, (status, count) in self._refused.items():
            if value.startswith(head) and count > 0:
                self._refused[head] = status, count - 1
                echoed = value[:3] if value[:1] == b"\x06" else value[:1]
                if status is not None:
                    self._reply(b"\x10" + echoed + bytes((status,)))
                return True
        return False

    def _write(self, value: bytes) -> None:
        if self._is_refused(value):
            return
        self._settings_told += value[:1] in _OF_SETTINGS
        handle = self._opcodes.get(value[0]) if value else None
        if handle is None:
            self._complain("unknown opcode", "4.1", value)
            self._reply(bytes((0x10, value[0] if value else 0, _UNKNOWN)))
            return
        handle(value)

    def _complain(self, what: str, section: str, value: bytes) -> None:
        self.body.wrong("0003", what, f"protocol-control {section}", value)

    def _done(self, value: bytes, status: int = _OK) -> None:
        self._reply(bytes((0x10, value[0], status)))

    def _malformed(self, what: str, section: str, value: bytes) -> None:
        self._complain(what, section, value)
        self._done(value, _FAILED)

    # The 06 family

    def _setting(self, value: bytes) -> None:
        if len(value) < 4 or value[2] != 0:
            self._complain("not 06, id, 00 and a value", "9.4", value)
            self._reply(b"\x10" + value[:3].ljust(3, b"\x00") + bytes((_BAD_VALUE,)))
            return
        number, argument = value[1], value[3:]
        match number:
            case 0x0B | 0x14:
                status = self._act(number, argument, value)
            case 0x21:
                status = self._pin(argument, value)
            case _:
                status = self._keep(number, argument, value)
        self._reply(b"\x10" + value[:3] + bytes((status,)))
        if number == _FACTORY_RESET and status == _OK:
            self._reset()

    def _keep(self, number: int, argument: bytes, value: bytes) -> int:
        setting = _SETTINGS.get(number)
        if setting is None:
            self._complain(f"unknown setting {number:02x}", "9.4", value)
            return _UNKNOWN
        try:
            self.settings[setting.name] = setting.decode(argument)
        except BadValue:
            self._complain(f"value that {setting.name} does not have", "9.4", value)
            return _BAD_VALUE
        self.body.announce()
        return _OK

    def _act(self, number: int, argument: bytes, value: bytes) -> int:
        """Take the two that are no settings: factory reset and the find-phone answer."""
        if number == _FACTORY_RESET:
            if argument != b"\x01":
                self._complain("factory reset without 01", "20.1", value)
                return _BAD_VALUE
            return _OK
        if argument not in {b"\x00", b"\x01"}:
            self._complain("find-phone answer that is not 00 or 01", "19.2", value)
            return _BAD_VALUE
        stopped = argument == b"\x01"
        self._acknowledged.append({"find_phone": "stopped" if stopped else "ringing"})
        del self._acknowledged[:-100]
        if stopped:
            self._events.stop_searching()
        return _OK

    def _pin(self, argument: bytes, value: bytes) -> int:
        # The vendor's app switches the lock off without digits, and is told so (4.1).
        if argument == b"\x00\x00":
            return _BAD_VALUE
        digits = argument[1:5]
        if (
            len(argument) != 6
            or argument[0] > 1
            or argument[5]
            or any(digit not in b"1234" for digit in digits)
        ):
            self._complain("PIN that is not 4 digits of 1..4 and NUL", "10.2", value)
            return _BAD_VALUE
        self.settings["lock"] = {"enabled": bool(argument[0]), "pin": digits.decode()}
        return _OK

    # The other opcodes

    def _inactivity(self, value: bytes) -> None:
        if len(value) != 12 or value[1] > 1 or value[3] or not is_clock_time(*value[4:]):
            self._malformed("inactivity warning of another shape", "9.11", value)
            return
        self.settings["inactivity"] = {
            "enabled": bool(value[1]),
            "minutes": value[2],
            "first": [_clock(value[4:6]), _clock(value[6:8])],
            "second": [_clock(value[8:10]), _clock(value[10:12])],
        }
        self._done(value)

    def _do_not_disturb(self, value: bytes) -> None:
        modes = {0x82: "off", 0x83: "automatic", 0x03: "automatic"}
        scheduled = value[1:2] in {b"\x81", b"\x01"}
        if scheduled and len(value) == 6 and is_clock_time(*value[2:]):
            mode: dict[str, Json] = {
                "mode": "scheduled",
                "start": _clock(value[2:4]),
                "end": _clock(value[4:6]),
            }
        elif len(value) == 2 and value[1] in modes:
            mode = {"mode": modes[value[1]]}
        else:
            self._malformed("do not disturb of another shape", "9.8", value)
            return
        if len(value) > 1 and mode["mode"] != "off":
            mode["lift_wrist"] = not value[1] & 0x80
        self.settings["do_not_disturb"] = mode
        self._done(value)

    def _night_mode(self, value: bytes) -> None:
        modes = {b"\x1a\x00": "off", b"\x1a\x02": "sunset"}
        if value in modes:
            self.settings["night_mode"] = {"mode": modes[value]}
        elif value[1:2] == b"\x01" and len(value) == 6 and is_clock_time(*value[2:]):
            self.settings["night_mode"] = {
                "mode": "scheduled",
                "start": _clock(value[2:4]),
                "end": _clock(value[4:6]),
            }
        else:
            self._malformed("night mode of another shape", "9.10", value)
            return
        self._done(value)

    def _display_mask(self, value: bytes) -> None:
        mask, positions = int.from_bytes(value[1:3], "little"), list(value[3:])
        # The clock is always there and has no number; the screens shown are numbered first.
        shown = [screen for screen in range(1, 9) if mask >> screen & 1]
        if (
            sorted(positions) != list(range(9))
            or positions[0]
            or not mask & 1
            or mask > 0x1FF
            or any(positions[screen] > len(shown) for screen in shown)
        ):
            self._malformed("display mask of another shape", "10.1 variant O", value)
            return
        self.settings["display_mask"] = {"mask": mask, "positions": list[Json](positions)}
        self._done(value)

    def _foreign(self, value: bytes) -> None:
        """Take what Gadgetbridge sends to every model: `fe 06 00 vv` means nothing here."""
        if len(value) != 4 or value[1:3] != b"\x06\x00":
            self._complain("unknown opcode", "9.12", value)
        self._done(value, _UNKNOWN)

    def _alarm(self, value: bytes) -> None:
        self._done(value, self.alarms.write(value))

    # Questions

    def _asked(self) -> None:
        if not self.body.subscribed("0003"):
            self.body.wrong("0003", "nobody hears the reply: CCCD is off", "protocol-control 4.1")

    def _query(self, value: bytes, reply: bytes) -> None:
        if len(value) != 1:
            self._malformed("question of more than its opcode", "4.1", value)
            return
        self._asked()
        self._reply(b"\x10" + reply)

    def _read_alarms(self, value: bytes) -> None:
        if len(value) != 1:
            self._malformed("question of more than its opcode", "12.2", value)
            return
        self._asked()
        if self.alarms.forms in {ReadForms.BOTH, ReadForms.SHORT}:
            self.alarms.reply_short()
        else:
            self._done(value, _UNKNOWN)

    def _read_long(self, value: bytes) -> None:
        if value != b"\xff\x01\x00\x00\x00":
            self._complain("unknown long question", "4.5", value)
            self._done(value, _UNKNOWN)
            return
        self._asked()
        if self.alarms.forms in {ReadForms.BOTH, ReadForms.LONG}:
            self.alarms.reply_long()
        else:
            self._done(value, _UNKNOWN)

    def erase(self) -> None:
        """Have the settings of a new band."""
        self.settings.clear()
        self.alarms.erase()
        self._acknowledged.clear()
        self.body.screen.clear(Kind.SEARCHING)

    @override
    def state(self) -> dict[str, Json]:
        return {
            "settings": dict(self.settings),
            "settings_told": self._settings_told,
            "alarms": self.alarms.as_json(),
            "acknowledgements": list(self._acknowledged),
        }
