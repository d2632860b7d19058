"""Settings: the key of each, a value, and the command that makes it so."""

from dataclasses import dataclass

from . import Origin, Vector


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting by its key, and what it is to be."""

    key: str
    value: bool | int | str
    characteristic: str
    """Where the command goes, by its short name."""


_CAPTURED, _COMPUTED = Origin.CAPTURED, Origin.COMPUTED
_WHERE = {0x10: "0008", 0x20: "0008", 0x14: "2A39", 0x15: "2A39"}
"""Where a command goes, by its first byte; all others to 0003."""
_ROWS: tuple[tuple[str, bool | int | str, str, str, Origin], ...] = (
    ("visible_when_connected", False, "06 01 00 00", "4.1", _CAPTURED),
    ("visible_when_connected", True, "06 01 00 01", "9.4", _COMPUTED),
    ("time_format", "twelve_hours", "06 02 00 00", "9.4", _COMPUTED),
    ("time_format", "twenty_four_hours", "06 02 00 01", "4.1", _CAPTURED),
    ("distance_unit", "metric", "06 03 00 00", "9.4", _COMPUTED),
    ("distance_unit", "imperial", "06 03 00 01", "4.1", _CAPTURED),
    ("lift_to_wake", False, "06 05 00 00 00 00 00 00", "9.7", _CAPTURED),
    ("lift_to_wake", True, "06 05 00 01 00 00 00 00", "9.7, all day", _COMPUTED),
    ("goal_notification", False, "06 06 00 00", "4.1", _CAPTURED),
    ("goal_notification", True, "06 06 00 01", "9.4", _COMPUTED),
    ("disconnect_alert", False, "06 0c 00 00 00 00 00 00", "9.9", _COMPUTED),
    ("disconnect_alert", True, "06 0c 00 01 00 00 00 00", "9.9", _COMPUTED),
    ("swipe_lock", False, "06 16 00 00", "9.4", _COMPUTED),
    ("swipe_lock", True, "06 16 00 01", "9.4", _COMPUTED),
    ("language", "english", "06 17 00 65 6e 5f 55 53", "9.5", _CAPTURED),
    ("language", "german", "06 17 00 64 65 5f 44 45", "9.5", _COMPUTED),
    ("language", "chinese_traditional", "06 17 00 7a 68 5f 54 57", "9.5", _COMPUTED),
    ("share_heart_rate", False, "06 1f 00 00", "9.4", _COMPUTED),
    ("share_heart_rate", True, "06 1f 00 01", "9.4", _COMPUTED),
    ("lift_sensitivity", "normal", "06 23 00 00", "4.1", _CAPTURED),
    ("lift_sensitivity", "sensitive", "06 23 00 01", "9.4", _COMPUTED),
    ("inactivity_warning", False, "08 00 3c 00 08 00 15 00 00 00 00 00", "9.11", _CAPTURED),
    ("inactivity_warning", True, "08 01 3c 00 08 00 15 00 00 00 00 00", "9.11", _COMPUTED),
    ("night_mode", "off", "1a 00", "4.1", _CAPTURED),
    ("night_mode", "sunset", "1a 02", "9.10", _COMPUTED),
    ("night_mode", "scheduled", "1a 01 16 00 07 00", "9.10, 22:00 to 07:00", _COMPUTED),
    ("step_goal", 1, "10 00 00 01 00 00 00", "9.2", _COMPUTED),
    ("step_goal", 8000, "10 00 00 40 1f 00 00", "9.2", _COMPUTED),
    ("step_goal", 10000, "10 00 00 10 27 00 00", "9.2", _COMPUTED),
    ("step_goal", 65535, "10 00 00 ff ff 00 00", "9.2", _COMPUTED),
    ("wear_location", "left", "20 00 00 02", "9.3", _COMPUTED),
    ("wear_location", "right", "20 00 00 82", "9.3", _COMPUTED),
    ("heart_rate_interval", "off", "14 00", "11", _COMPUTED),
    ("heart_rate_interval", "1_min", "14 01", "11", _COMPUTED),
    ("heart_rate_interval", "5_min", "14 05", "11", _COMPUTED),
    ("heart_rate_interval", "10_min", "14 0a", "11", _COMPUTED),
    ("heart_rate_interval", "30_min", "14 1e", "11", _COMPUTED),
    ("sleep_heart_rate", False, "15 00 00", "11", _COMPUTED),
    ("sleep_heart_rate", True, "15 00 01", "11", _COMPUTED),
)

SETTINGS = tuple(
    Vector(
        name=f"{key} {value}",
        packet=bytes.fromhex(packet),
        value=Choice(key, value, _WHERE.get(bytes.fromhex(packet)[0], "0003")),
        origin=origin,
        source=f"protocol-control.md section {section}",
    )
    for key, value, packet, section, origin in _ROWS
)

LANGUAGES = (
    "ar_SA de_DE el_GR en_US es_ES fr_FR id_ID it_IT pt_PT pl_PL ru_RU th_TH tr_TR uk_UA vi_VN "
    "zh_CN zh_TW"
)
"""The locales of this model, protocol-control.md section 9.5."""
