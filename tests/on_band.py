"""How the emulated band, which is a witness of its own, calls the settings and what they are."""

from tests.emulator.gatt.body import Json

ALL_DAY: dict[str, Json] = {"start": "00:00", "end": "00:00"}
INACTIVITY: dict[str, Json] = {
    "minutes": 60,
    "first": ["08:00", "21:00"],
    "second": ["00:00", "00:00"],
}
ON_BAND: dict[str, tuple[str, str, dict[bool | int | str, Json]]] = {
    "visible_when_connected": ("settings", "visible", {}),
    "time_format": (
        "settings",
        "time_format_24h",
        {"twenty_four_hours": True, "twelve_hours": False},
    ),
    "distance_unit": ("settings", "imperial", {"metric": False, "imperial": True}),
    "lift_to_wake": (
        "settings",
        "lift_wrist",
        {on: {"enabled": on, **ALL_DAY} for on in (False, True)},
    ),
    "goal_notification": ("settings", "goal_notification", {}),
    "disconnect_alert": (
        "settings",
        "disconnect_alert",
        {on: {"enabled": on, **ALL_DAY} for on in (False, True)},
    ),
    "swipe_lock": ("settings", "swipe_unlock", {}),
    "language": (
        "settings",
        "language",
        {"english": "en_US", "german": "de_DE", "chinese_traditional": "zh_TW"},
    ),
    "share_heart_rate": ("settings", "share_heart_rate", {}),
    "lift_sensitivity": (
        "settings",
        "lift_wrist_sensitive",
        {"normal": False, "sensitive": True},
    ),
    "inactivity_warning": (
        "settings",
        "inactivity",
        {on: {"enabled": on, **INACTIVITY} for on in (False, True)},
    ),
    "night_mode": (
        "settings",
        "night_mode",
        {
            "off": {"mode": "off"},
            "sunset": {"mode": "sunset"},
            "scheduled": {"mode": "scheduled", "start": "22:00", "end": "07:00"},
        },
    ),
    "step_goal": ("user_profile", "goal", {}),
    "wear_location": ("user_profile", "wrist", {}),
    "heart_rate_interval": (
        "heart_rate",
        "interval",
        {"off": 0, "1_min": 1, "5_min": 5, "10_min": 10, "30_min": 30},
    ),
    "sleep_heart_rate": ("heart_rate", "sleep", {}),
}
"""By the key of a setting: the part of the band's snapshot, the name there, and which values are
something else there."""


def on_band(key: str, value: bool | int | str) -> tuple[str, str, Json]:  # noqa: FBT001  a value
    """Return where the band has a setting, and what is there when it has a value."""
    part, name, words = ON_BAND[key]
    return part, name, words.get(value, value)
