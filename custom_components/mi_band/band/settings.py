"""Settings: what the band does by itself, and how. Each is one write, and none can be read back.

Of the 06 family, `06 id 00 value` on the configuration characteristic, replied `10 06 id 00 01`:

    id   setting                 value
    01   visible_when_connected  00 off, 01 on
    02   time_format             00 12 hours, 01 24 hours
    03   distance_unit           00 metric, 01 imperial
    05   lift_to_wake            00 off, 01 on; then start and end, each as hour and minute
    06   goal_notification       00 off, 01 on
    0c   disconnect_alert        as lift_to_wake
    16   swipe_lock              00 off, 01 on
    17   language                five ASCII characters such as en_US
    1f   share_heart_rate        00 off, 01 on
    23   lift_sensitivity        00 normal, 01 sensitive

There too, with an opcode of their own, replied `10 opcode 01`:

    08   inactivity_warning      00 off, 01 on; minutes, 00, start and end of two spans of the day
    1a   night_mode              00 off, 01 with start and end, 02 from sunset

Write requests on the user settings, and on the control point of the heart rate:

    step_goal                    10 00 00, goal (2 bytes), 00 00
    wear_location                20 00 00, then 02 left or 82 right
    heart_rate_interval          14, minutes; 0 never
    sleep_heart_rate             15 00, then 00 off or 01 on

Start and end of 00:00 are the whole day. No source shows that the disconnect alert does anything on
this model [INFERRED]. Source: protocol-control.md sections 9.2 to 9.5, 9.7, 9.9 to 9.11, 9.13, 11.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
import struct
from typing import Final

from .link import Link
from .uuids import Characteristic
from .wire import write_configuration

HIGHEST_STEP_GOAL: Final = 0xFFFF
AUTO: Final = "auto"
"""Stands for the language of whoever asks for it; the band knows no such thing."""
LOCALES: Final[Mapping[str, str]] = {
    "arabic": "ar_SA",
    "german": "de_DE",
    "greek": "el_GR",
    "english": "en_US",
    "spanish": "es_ES",
    "french": "fr_FR",
    "indonesian": "id_ID",
    "italian": "it_IT",
    "polish": "pl_PL",
    "portuguese": "pt_PT",
    "russian": "ru_RU",
    "thai": "th_TH",
    "turkish": "tr_TR",
    "ukrainian": "uk_UA",
    "vietnamese": "vi_VN",
    "chinese_simplified": "zh_CN",
    "chinese_traditional": "zh_TW",
}
"""The languages that the firmware of this model has."""

_FAMILY = 0x06
_ECHOED_OF_FAMILY = 3
_STEP_GOAL = struct.Struct("<3sH2x")

type Value = bool | int | str
"""What a setting can be; as JSON can hold it."""
type Values = Mapping[str, Value]
"""What several are, by their keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one setting is to be, and how the band is told."""

    key: str
    value: Value
    characteristic: Characteristic
    command: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting[T: Value]:
    """A row."""

    key: str
    kind: type[T]
    characteristic: Characteristic
    encode: Callable[[T], bytes]
    """Returns the whole command; raises ValueError for a value that the setting does not have."""
    values: tuple[T, ...] = ()
    """All that it can be; none for a number."""

    def of(self, values: Values) -> T | None:
        """Return what it is among others; None when that is not known."""
        value = values.get(self.key)
        return value if isinstance(value, self.kind) else None

    def to(self, value: T) -> Change:
        """Return what makes it so.

        Raises:
            ValueError: it does not have this value.
        """
        return Change(
            key=self.key,
            value=value,
            characteristic=self.characteristic,
            command=self.encode(value),
        )

    def change_to(self, values: Values) -> Change | None:
        """Return what makes it as it is among others; None when that is not known."""
        value = self.of(values)
        return None if value is None else self.to(value)


def _table[T: Value](
    key: str,
    commands: Mapping[T, str],
    characteristic: Characteristic = Characteristic.CONFIGURATION,
) -> Setting[T]:
    """Make a row whose every value has a command of its own, written down in hexadecimal."""

    def encode(value: T) -> bytes:
        if value not in commands:
            raise ValueError(f"{key} cannot be {value}")
        return bytes.fromhex(commands[value])

    values = tuple(commands)
    return Setting(
        key=key, kind=type(values[0]), characteristic=characteristic, encode=encode, values=values
    )


def _encode_step_goal(steps: int) -> bytes:
    if not 0 < steps <= HIGHEST_STEP_GOAL:
        raise ValueError("a goal from 1 to 65535 steps is needed")
    return _STEP_GOAL.pack(b"\x10\x00\x00", steps)


def _encode_language(language: str) -> bytes:
    if language not in LOCALES:
        raise ValueError("one of the languages that the band has is needed")
    return b"\x06\x17\x00" + LOCALES[language].encode("ascii")


STEP_GOAL: Final = Setting(
    key="step_goal",
    kind=int,
    characteristic=Characteristic.USER_SETTINGS,
    encode=_encode_step_goal,
)
"""Steps a day, 1 to 65535."""
WEAR_LOCATION: Final = _table(
    "wear_location",
    {"left": "20 0000 02", "right": "20 0000 82"},
    Characteristic.USER_SETTINGS,
)
LANGUAGE: Final = Setting(
    key="language",
    kind=str,
    characteristic=Characteristic.CONFIGURATION,
    encode=_encode_language,
    values=(AUTO, *LOCALES),
)
TIME_FORMAT: Final = _table(
    "time_format", {"twenty_four_hours": "06 02 00 01", "twelve_hours": "06 02 00 00"}
)
DISTANCE_UNIT: Final = _table("distance_unit", {"metric": "06 03 00 00", "imperial": "06 03 00 01"})
NIGHT_MODE: Final = _table(
    "night_mode", {"off": "1a 00", "sunset": "1a 02", "scheduled": "1a 01 1600 0700"}
)
"""A dark screen: never, from sunset on, or from 22:00 to 07:00."""
LIFT_TO_WAKE: Final = _table(
    "lift_to_wake", {False: "06 05 00 00 0000 0000", True: "06 05 00 01 0000 0000"}
)
LIFT_SENSITIVITY: Final = _table(
    "lift_sensitivity", {"normal": "06 23 00 00", "sensitive": "06 23 00 01"}
)
SWIPE_LOCK: Final = _table("swipe_lock", {False: "06 16 00 00", True: "06 16 00 01"})
GOAL_NOTIFICATION: Final = _table("goal_notification", {False: "06 06 00 00", True: "06 06 00 01"})
INACTIVITY_WARNING: Final = _table(
    "inactivity_warning",
    {False: "08 00 3c 00 0800 1500 0000 0000", True: "08 01 3c 00 0800 1500 0000 0000"},
)
"""After an hour without a step, from 8:00 to 21:00: what the maker's app has there too."""
DISCONNECT_ALERT: Final = _table(
    "disconnect_alert", {False: "06 0c 00 00 0000 0000", True: "06 0c 00 01 0000 0000"}
)
VISIBLE_WHEN_CONNECTED: Final = _table(
    "visible_when_connected", {False: "06 01 00 00", True: "06 01 00 01"}
)
HEART_RATE_INTERVAL: Final = _table(
    "heart_rate_interval",
    {"off": "14 00", "1_min": "14 01", "5_min": "14 05", "10_min": "14 0a", "30_min": "14 1e"},
    Characteristic.HEART_RATE_CONTROL,
)
SLEEP_HEART_RATE: Final = _table(
    "sleep_heart_rate",
    {False: "15 00 00", True: "15 00 01"},
    Characteristic.HEART_RATE_CONTROL,
)
SHARE_HEART_RATE: Final = _table("share_heart_rate", {False: "06 1f 00 00", True: "06 1f 00 01"})

SETTINGS: Final[tuple[Setting[bool] | Setting[int] | Setting[str], ...]] = (
    WEAR_LOCATION,
    STEP_GOAL,
    LANGUAGE,
    TIME_FORMAT,
    DISTANCE_UNIT,
    NIGHT_MODE,
    LIFT_TO_WAKE,
    LIFT_SENSITIVITY,
    SWIPE_LOCK,
    GOAL_NOTIFICATION,
    INACTIVITY_WARNING,
    DISCONNECT_ALERT,
    VISIBLE_WHEN_CONNECTED,
    HEART_RATE_INTERVAL,
    SLEEP_HEART_RATE,
    SHARE_HEART_RATE,
)
"""In the order in which a new band is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the wearer chose, and what of it is on the band for certain."""

    chosen: Values = field(default_factory=dict)
    """As last chosen and taken by the band; without those that nobody ever chose."""
    on_band: Values = field(default_factory=dict)
    """As the band was last told; without those whose answer was lost with the link."""
    continuous_heart_rate: bool = False
    """No setting of the band, which measures only as long as somebody asks for it."""

    def of[T: Value](self, setting: Setting[T]) -> T | None:
        """Return what was chosen for a setting; None when nothing was."""
        return setting.of(self.chosen)

    def choosing(self, key: str, value: Value) -> Settings:
        """Return them after a choice."""
        return replace(self, chosen={**self.chosen, key: value})

    def knowing(self, key: str, value: Value | None) -> Settings:
        """Return them when the band has a value for certain, or nobody knows which."""
        others = {other: value for other, value in self.on_band.items() if other != key}
        return replace(self, on_band=others if value is None else {**others, key: value})


def differences(wanted: Values, on_band: Values) -> Iterator[Change]:
    """Return what has to be told for the band to be as it is wanted, in the order of the rows."""
    for setting in SETTINGS:
        change = setting.change_to(wanted)
        if change is not None and on_band.get(change.key) != change.value:
            yield change


async def apply_change(link: Link, change: Change) -> None:
    """Make a setting so.

    Raises:
        CommandRefused: the band answered no, for instance for a language it lacks.
        LinkLost: the link broke; whether the band took it is not known.
    """
    if change.characteristic is not Characteristic.CONFIGURATION:
        await link.write(change.characteristic, change.command)
        return
    await write_configuration(
        link,
        change.command,
        echoed=_ECHOED_OF_FAMILY if change.command[0] == _FAMILY else 1,
        words=f"the setting {change.key}",
    )
