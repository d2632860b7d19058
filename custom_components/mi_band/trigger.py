"""Triggers for the automation editor: each a few lines over an entity of the band.

What the band recorded and told later fires none of them: the event entities report only what it
tells at the moment.
"""

from collections.abc import Mapping
from typing import Final, override

from homeassistant.components.event import DOMAIN as EVENT, EventEntityStateAttribute
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import CONF_OPTIONS, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    EntityNumericalStateCrossedThresholdTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)
import voluptuous as vol

from .targets import entities_of_bands

ATTR_ANSWER: Final = "answer"
ATTR_KEY: Final = "key"

ANSWERS: Final = ("rejected", "ignored")
KEYS: Final = ("play", "pause", "next", "previous", "volume_up", "volume_down")

_EVENTS: Final[Mapping[str, DomainSpec]] = {EVENT: DomainSpec()}
_SENSORS: Final[Mapping[str, DomainSpec]] = {SENSOR: DomainSpec()}


def _on_event(entity: str, event_type: str) -> type[Trigger]:
    """Make a trigger for one event of an event entity."""

    class OnEvent(StatelessEntityTriggerBase):
        """Fires when the band tells this event."""

        _domain_specs = _EVENTS

        @override
        def entity_filter(self, entities: set[str]) -> set[str]:
            return entities_of_bands(self._hass, EVENT, entity, entities)

        @override
        def is_valid_state(
            self, state: State, report_not_triggered: NotTriggeredReasonReporter
        ) -> bool:
            return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) == event_type

    return OnEvent


def _on_chosen_event(entity: str, option: str, event_types: tuple[str, ...]) -> type[Trigger]:
    """Make a trigger for those events of an event entity that an option names; all by default."""

    class OnChosenEvent(StatelessEntityTriggerBase):
        """Fires when the band tells one of the events that were chosen."""

        _domain_specs = _EVENTS
        _schema = ENTITY_STATE_TRIGGER_SCHEMA.extend(
            {
                vol.Required(CONF_OPTIONS, default={}): {
                    vol.Required(option, default=list(event_types)): vol.All(
                        cv.ensure_list, vol.Length(min=1), [vol.In(event_types)]
                    )
                }
            }
        )

        def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
            super().__init__(hass, config)
            self._chosen = frozenset(self._options[option])

        @override
        def entity_filter(self, entities: set[str]) -> set[str]:
            return entities_of_bands(self._hass, EVENT, entity, entities)

        @override
        def is_valid_state(
            self, state: State, report_not_triggered: NotTriggeredReasonReporter
        ) -> bool:
            return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) in self._chosen

    return OnChosenEvent


class HeartRateCrossedThreshold(EntityNumericalStateCrossedThresholdTriggerBase):
    """Fires when the heart rate comes into the range that was chosen.

    The first reading of a link has no reading before it. One that lies in the range fires, or a
    pulse that rose while the band was out of reach would never be told.
    """

    _domain_specs = _SENSORS
    _excluded_from_states = frozenset({STATE_UNAVAILABLE})

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return entities_of_bands(self._hass, SENSOR, "heart_rate", entities)


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "call_answered": _on_chosen_event("call", ATTR_ANSWER, ANSWERS),
    "fell_asleep": _on_event("sleep", "fell_asleep"),
    "find_phone_started": _on_event("find_phone", "started"),
    "find_phone_stopped": _on_event("find_phone", "stopped"),
    "goal_reached": _on_event("goal", "reached"),
    "heart_rate_crossed_threshold": HeartRateCrossedThreshold,
    "music_key_pressed": _on_chosen_event("music", ATTR_KEY, KEYS),
    "taken_off": _on_event("wear", "not_worn"),
    "woke_up": _on_event("sleep", "woke_up"),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS
