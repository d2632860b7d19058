"""The entities that feed a band, when somebody changes them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from .house import House, until


def _add(hass: HomeAssistant, domain: str) -> str:
    """Register an entity of another integration."""
    return er.async_get(hass).async_get_or_create(domain, "elsewhere", "1").entity_id


async def _until_begun_anew(house: House, served: object) -> None:
    # While the band is between two, it is not served at all.
    await until(lambda: getattr(house.entry, "runtime_data", served) is not served)
    await house.until_connected()


@pytest.mark.parametrize(
    ("option", "domain"),
    [("weather_entity", "weather"), ("media_player", "media_player"), ("calendar", "calendar")],
)
async def test_a_source_is_followed_under_its_new_name(
    house: House, hass: HomeAssistant, option: str, domain: str
) -> None:
    entity_id = _add(hass, domain)
    await house.choose(**{option: entity_id}, sync_interval=60)
    served = house.entry.runtime_data
    for name in ("garden", "roof"):
        renamed = f"{domain}.{name}"
        er.async_get(hass).async_update_entity(entity_id, new_entity_id=renamed)
        await _until_begun_anew(house, served)
        assert house.entry.options == {option: renamed, "sync_interval": 60}
        entity_id, served = renamed, house.entry.runtime_data


async def test_a_source_that_changes_otherwise_or_goes_is_no_reason_to_begin_anew(
    house: House, hass: HomeAssistant
) -> None:
    entity_id = _add(hass, "weather")
    await house.choose(weather_entity=entity_id)
    served = house.entry.runtime_data
    registry = er.async_get(hass)
    registry.async_update_entity(entity_id, name="The sky")
    registry.async_remove(entity_id)
    await hass.async_block_till_done()
    assert house.entry.runtime_data is served
    assert house.entry.options == {"weather_entity": entity_id}
