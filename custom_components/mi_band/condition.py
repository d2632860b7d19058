"""Conditions for the automation editor: each a few lines over an entity of the band.

None holds for a band without a link: what is live is not known then.
"""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    Condition,
    EntityNumericalConditionBase,
    EntityStateConditionBase,
)

from .targets import entities_of_bands

_BINARY_SENSORS: Final[Mapping[str, DomainSpec]] = {BINARY_SENSOR: DomainSpec()}
_SENSORS: Final[Mapping[str, DomainSpec]] = {SENSOR: DomainSpec()}


def _counts(_: State) -> bool:
    """Let a band without a link count, or "all are asleep" held when none is known of."""
    return True


def _is(entity: str, state: str) -> type[Condition]:
    """Make a condition on a binary sensor."""
    wanted: set[str | bool] = {state}

    class Is(EntityStateConditionBase):
        """Holds while the binary sensor has this state."""

        _domain_specs = _BINARY_SENSORS
        _states = wanted

        @override
        def _should_include(self, state: State) -> bool:
            return _counts(state)

        @override
        def entity_filter(self, entities: set[str]) -> set[str]:
            return entities_of_bands(self._hass, BINARY_SENSOR, entity, entities)

    return Is


class IsHeartRate(EntityNumericalConditionBase):
    """Holds while the last reading of the heart rate lies in the range that was chosen."""

    _domain_specs = _SENSORS

    @override
    def _should_include(self, state: State) -> bool:
        return _counts(state)

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_of_bands(self._hass, SENSOR, "heart_rate", entities)


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_asleep": _is("asleep", STATE_ON),
    "is_awake": _is("asleep", STATE_OFF),
    "is_goal_reached": _is("goal_reached", STATE_ON),
    "is_heart_rate": IsHeartRate,
    "is_not_worn": _is("worn", STATE_OFF),
    "is_worn": _is("worn", STATE_ON),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions."""
    return CONDITIONS
