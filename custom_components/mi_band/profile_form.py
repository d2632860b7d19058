"""The page that asks who wears the band."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import voluptuous as vol

from .band.settings import (
    DISTANCE_UNIT,
    HIGHEST_STEP_GOAL,
    LOCALES,
    TIME_FORMAT,
    WEAR_LOCATION,
)
from .preferences import closest_language
from .wearer import ProfileInput

DEFAULT_STEP_GOAL: Final = 8000
HIGHEST_AGE_YEARS: Final = 120
TWELVE_HOUR_COUNTRIES: Final = frozenset({"AU", "CA", "CO", "EG", "IN", "MX", "NZ", "PH", "US"})
"""Where people mostly write the hour with a.m. and p.m.; only what the page suggests."""


def profile_schema() -> vol.Schema:
    """Return the fields; every one of them goes to the band."""
    return vol.Schema(
        {
            vol.Optional("name", default=""): selector.TextSelector(),
            # A calendar would begin today, and be hundreds of clicks away from a birthday.
            vol.Required("birth_date"): selector.TextSelector(
                selector.TextSelectorConfig(type=selector.TextSelectorType.DATE)
            ),
            vol.Required("sex"): _choice("sex", ["female", "male", "other"]),
            vol.Required("height"): _number(50, 250, 1, "cm"),
            vol.Required("weight"): _number(10, 300, 0.1, "kg"),
            vol.Required("wrist"): _choice("wrist", WEAR_LOCATION.values),
            vol.Required("step_goal"): _number(100, HIGHEST_STEP_GOAL, 100, "steps"),
            vol.Required("distance_unit"): _choice("distance_unit", DISTANCE_UNIT.values),
            vol.Required("time_format"): _choice("time_format", TIME_FORMAT.values),
            vol.Required("language"): _choice("language", LOCALES),
        }
    )


def profile_defaults(hass: HomeAssistant) -> ProfileInput:
    """Return what Home Assistant's own settings suggest."""
    imperial = hass.config.units is US_CUSTOMARY_SYSTEM
    twelve = hass.config.country in TWELVE_HOUR_COUNTRIES
    return {
        # Otherwise the browser would begin with the first choice and the lowest numbers.
        "sex": "other",
        "height": 170,
        "weight": 70,
        "wrist": "left",
        "step_goal": DEFAULT_STEP_GOAL,
        "distance_unit": "imperial" if imperial else "metric",
        "time_format": "twelve_hours" if twelve else "twenty_four_hours",
        "language": closest_language(hass.config.language),
    }


def is_birth_date(text: str) -> bool:
    """Tell whether somebody who wears a band today can have been born on a date."""
    try:
        born = date.fromisoformat(text)
    except ValueError:
        return False
    oldest = dt_util.now().date() - timedelta(days=366 * HIGHEST_AGE_YEARS)
    return oldest <= born < dt_util.now().date()


def _choice(key: str, options: Iterable[str]) -> selector.SelectSelector:
    return selector.SelectSelector(
        selector.SelectSelectorConfig(
            options=list(options), mode=selector.SelectSelectorMode.DROPDOWN, translation_key=key
        )
    )


def _number(lowest: float, highest: float, step: float, unit: str) -> selector.NumberSelector:
    return selector.NumberSelector(
        selector.NumberSelectorConfig(
            min=lowest,
            max=highest,
            step=step,
            unit_of_measurement=unit,
            mode=selector.NumberSelectorMode.BOX,
        )
    )
