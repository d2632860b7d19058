"""What can be said to Assist: to find a band, to tell its wearer something, to ask for a pulse.

Sentences are not here: those of an integration are its user's, see the README. Each intent stands
for one entity, and is for the bands whose entity is exposed to the assistant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.button import DOMAIN as BUTTON
from homeassistant.components.homeassistant import async_should_expose
from homeassistant.components.notify import ATTR_MESSAGE, DOMAIN as NOTIFY
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, intent
import voluptuous as vol

from .alert_queue import Outcome
from .const import CONF_PROFILE, DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .finding import async_find
from .measuring import async_measure_heart_rate
from .wrist_actions import ATTR_OUTCOME

SLOT_WEARER: Final = "wearer"
SLOT_MESSAGE: Final = "message"
_FIND: Final = timedelta(seconds=30)
"""Who looks for a band in the room hears it by then; who does not asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """A band, with the entity that lets an assistant do something to it."""

    coordinator: MiBandCoordinator
    entity_id: str


def exposed_bands(
    hass: HomeAssistant, assistant: str | None, platform: str, key: str
) -> Iterator[Exposed]:
    """Give the bands whose entity is exposed; without an assistant there is no limit."""
    registry = er.async_get(hass)
    entry: MiBandConfigEntry
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        coordinator = entry.runtime_data
        unique_id = f"{coordinator.identity}_{key}"
        entity_id = registry.async_get_entity_id(platform, DOMAIN, unique_id)
        if entity_id and (assistant is None or async_should_expose(hass, assistant, entity_id)):
            yield Exposed(coordinator=coordinator, entity_id=entity_id)


class BandIntent(intent.IntentHandler):
    """An intent for one band."""

    entity: tuple[str, str]
    """Platform and key of the entity that stands for it."""

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Take the name of the wearer, who can be left out where there is one band only."""
        return {
            vol.Optional(
                SLOT_WEARER, description="Whose band, if there are several"
            ): intent.non_empty_string
        }

    def band(self, intent_obj: intent.Intent) -> Exposed:
        """Return the band that is meant.

        Raises:
            IntentHandleError: No band is exposed, none is this person's, or it may be several.
        """
        slots = self.async_validate_slots(intent_obj.slots)
        bands = list(exposed_bands(intent_obj.hass, intent_obj.assistant, *self.entity))
        if wearer := slots.get(SLOT_WEARER, {}).get("value"):
            bands = [band for band in bands if _is_of(band.coordinator, wearer)]
        match bands:
            case [band]:
                return band
            case []:
                raise intent.IntentHandleError(
                    "No band of that name is exposed to this assistant", "mi_band_no_band"
                )
            case _:
                raise intent.IntentHandleError(
                    "Several bands: say whose is meant", "mi_band_which_band"
                )


def _is_of(coordinator: MiBandCoordinator, wearer: str) -> bool:
    entry = coordinator.config_entry
    names = {str(entry.data[CONF_PROFILE]["name"]), entry.title}
    return wearer.strip().casefold() in {name.strip().casefold() for name in names}


def _answer(intent_obj: intent.Intent, band: Exposed, **said: object) -> intent.IntentResponse:
    entry = band.coordinator.config_entry
    response = intent_obj.create_response()
    response.async_set_results(
        [
            intent.IntentResponseTarget(
                type=intent.IntentResponseTargetType.ENTITY, name=entry.title, id=band.entity_id
            )
        ]
    )
    response.async_set_speech_slots({"band": entry.title, **said})
    return response


def _failure(err: HomeAssistantError) -> intent.IntentHandleError:
    return intent.IntentHandleError(str(err), "mi_band_failed")


class FindBand(BandIntent):
    """Finds a band."""

    intent_type = "MiBandFind"
    description = "Makes a Mi Band vibrate for half a minute, so that it is found"
    entity = (BUTTON, "find")

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Let it vibrate; the answer comes when it has begun."""
        band = self.band(intent_obj)
        try:
            await async_find(band.coordinator, _FIND)
        except HomeAssistantError as err:
            raise _failure(err) from err
        return _answer(intent_obj, band)


class TellWrist(BandIntent):
    """Shows a message on a wrist."""

    intent_type = "MiBandTell"
    description = "Shows a short message on the wrist of a person who wears a Mi Band"
    entity = (NOTIFY, "wrist")

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Take the message as well."""
        return {vol.Required(SLOT_MESSAGE): intent.non_empty_string, **super().slot_schema}

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Send it as the action does, which fails where the notify entity would be passed over."""
        band = self.band(intent_obj)
        message = self.async_validate_slots(intent_obj.slots)[SLOT_MESSAGE]["value"]
        entity = er.async_get(intent_obj.hass).async_get(band.entity_id)
        data = {ATTR_DEVICE_ID: entity and entity.device_id, ATTR_MESSAGE: message}
        try:
            told = await intent_obj.hass.services.async_call(
                DOMAIN,
                "notify",
                data,
                blocking=True,
                context=intent_obj.context,
                return_response=True,
            )
        except HomeAssistantError as err:
            raise _failure(err) from err
        if told and told[ATTR_OUTCOME] == Outcome.LIMITED:
            raise intent.IntentHandleError("Too many messages at once", "mi_band_too_many")
        return _answer(intent_obj, band, message=message)


class TellHeartRate(BandIntent):
    """Tells a heart rate."""

    intent_type = "MiBandHeartRate"
    description = "Measures the heart rate of a person who wears a Mi Band, in beats per minute"
    entity = (SENSOR, "heart_rate")

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Measure: the last reading may be hours old."""
        band = self.band(intent_obj)
        try:
            await async_measure_heart_rate(band.coordinator)
        except HomeAssistantError as err:
            raise _failure(err) from err
        heart_rate = band.coordinator.data.heart_rate_bpm
        if heart_rate is None:
            raise intent.IntentHandleError("The band found no pulse", "mi_band_no_pulse")
        response = _answer(intent_obj, band, heart_rate=heart_rate)
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        return response


INTENTS: Final = (FindBand, TellWrist, TellHeartRate)


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    for handler in INTENTS:
        intent.async_register(hass, handler())
