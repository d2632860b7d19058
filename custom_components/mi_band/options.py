"""What a person may choose for a band: a row for each option, in the sections of its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers import selector

LINGERS: Final[Mapping[str, timedelta | None]] = {
    "always": None,
    "periodic": timedelta(seconds=15),
}
"""How long the link stays open after its last use, by connection mode; None keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option[T]:
    """A row of the options page; its key names the stored option and the texts."""

    key: str
    default: T
    """What holds until somebody chooses; None lets the field be empty."""
    selector: selector.Selector[Any]

    def of(self, entry: ConfigEntry) -> T:
        """Return what was chosen for a band."""
        chosen: T = entry.options.get(self.key, self.default)
        return chosen


def _whole_number(lowest: int, highest: int, unit: str) -> selector.NumberSelector:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(
            min=lowest,
            max=highest,
            step=1,
            unit_of_measurement=unit,
            mode=selector.NumberSelectorMode.BOX,
        )
    )


CONNECTION_MODE: Final = Option(
    key="connection_mode",
    default="always",
    selector=selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=list(LINGERS),
            mode=selector.SelectSelectorMode.LIST,
            translation_key="connection_mode",
        )
    ),
)
SYNC_INTERVAL: Final = Option[float](
    key="sync_interval",
    default=30,
    selector=_whole_number(5, 1440, "min"),
)
"""Minutes from one reading of the band to the next."""

KEEP_DATA_ON_BAND: Final = Option(
    key="keep_data_on_band", default=False, selector=selector.BooleanSelector()
)
"""Leave the band's records unacknowledged, so that another app finds them too."""

RETENTION: Final = Option[float | None](
    key="retention",
    default=None,
    selector=_whole_number(7, 36500, "d"),
)
"""Days after which minutes become hours; None keeps every minute for ever."""

NOTIFY_WHEN_AWAY: Final = Option[float](
    key="notify_when_away",
    default=0,
    selector=_whole_number(0, 1440, "min"),
)
"""Minutes that a message waits for a band that is away; 0 refuses it."""
TRANSLITERATE: Final = Option(
    key="transliterate", default=False, selector=selector.BooleanSelector()
)
"""Write what the band's font lacks in letters that it has, where a message does not say."""

HEART_RATE_LIMIT: Final = Option[float](
    key="heart_rate_limit",
    default=0,
    selector=_whole_number(0, 1440, "min"),
)
"""Minutes after which measuring all the time ends by itself; 0 lets it go on."""

WEATHER_ENTITY: Final = Option[str | None](
    key="weather_entity",
    default=None,
    selector=selector.EntitySelector(selector.EntitySelectorConfig(domain="weather")),
)
MEDIA_PLAYER: Final = Option[str | None](
    key="media_player",
    default=None,
    selector=selector.EntitySelector(selector.EntitySelectorConfig(domain="media_player")),
)
CALENDAR: Final = Option[str | None](
    key="calendar",
    default=None,
    selector=selector.EntitySelector(selector.EntitySelectorConfig(domain="calendar")),
)

CHECK_FIRMWARE_ONLINE: Final = Option(
    key="check_firmware_online", default=False, selector=selector.BooleanSelector()
)
"""Ask the maker once a day whether there is newer firmware."""

SECTIONS: Final[Mapping[str, tuple[Option[Any], ...]]] = {
    "connection": (CONNECTION_MODE, SYNC_INTERVAL),
    "alerts": (NOTIFY_WHEN_AWAY, TRANSLITERATE),
    "feeds": (WEATHER_ENTITY, MEDIA_PLAYER, CALENDAR),
    "heart_rate": (HEART_RATE_LIMIT,),
    "history": (RETENTION, KEEP_DATA_ON_BAND),
    "firmware": (CHECK_FIRMWARE_ONLINE,),
}
"""The options page: its sections, and what each of them asks."""
