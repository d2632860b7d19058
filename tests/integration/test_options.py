"""The options page, and what a changed option does."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import selector
import pytest
import voluptuous as vol

from custom_components.mi_band import options_flow
from custom_components.mi_band.options import SECTIONS, Option

from .bands import held
from .house import House

PERIODIC = {"connection_mode": "periodic", "sync_interval": 60}


async def _open(house: House) -> ConfigFlowResult:
    flows = house.hass.config_entries.options
    menu = await flows.async_init(house.entry.entry_id)
    return await flows.async_configure(menu["flow_id"], {"next_step_id": "settings"})


async def _submit(house: House, page: ConfigFlowResult, **connection: object) -> ConfigFlowResult:
    """Fill in the first section, and leave the others as they are."""
    answer = _asked(page)
    answer["connection"] |= connection
    page = await house.hass.config_entries.options.async_configure(page["flow_id"], answer)
    await house.hass.async_block_till_done()
    return page


def _asked(page: ConfigFlowResult) -> dict[str, dict[str, Any]]:
    """Return what the page suggests, by section and key; not the fields that are empty."""
    schema = page["data_schema"]
    assert schema is not None
    return {
        str(name): {
            str(field): field.default()
            for field in part.schema.schema
            if isinstance(field, vol.Required) and callable(field.default)
        }
        for name, part in schema.schema.items()
    }


def _chosen(house: House) -> dict[str, Any]:
    """Return what is stored of the first section."""
    return {key: value for key, value in house.entry.options.items() if key in PERIODIC}


async def test_the_page_shows_what_holds(house: House) -> None:
    page = await _open(house)
    assert page["type"] is FlowResultType.FORM
    assert _asked(page)["connection"] == {"connection_mode": "always", "sync_interval": 30}
    page = await _submit(house, page, **PERIODIC)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert _asked(await _open(house))["connection"] == PERIODIC


async def test_a_changed_option_holds_at_once(house: House) -> None:
    coordinator = house.entry.runtime_data
    await _submit(house, await _open(house), **PERIODIC)
    assert _chosen(house) == PERIODIC
    assert house.entry.runtime_data is not coordinator
    await house.band.wait_for(lambda: held(house.band)["connections"] == 2)


async def test_a_page_without_a_change_leaves_the_link_alone(house: House) -> None:
    await _submit(house, await _open(house))
    await house.until_connected()
    coordinator = house.entry.runtime_data
    await _submit(house, await _open(house), connection_mode="always", sync_interval=30)
    assert house.entry.runtime_data is coordinator
    assert house.value("binary_sensor", "connected") == "on"


@pytest.mark.parametrize("minutes", [4, 1441, "often"])
async def test_an_interval_that_makes_no_sense_is_refused(house: House, minutes: object) -> None:
    page = await _open(house)
    with pytest.raises(InvalidData):
        await _submit(house, page, connection_mode="periodic", sync_interval=minutes)
    assert house.entry.options == {}


async def test_options_can_be_chosen_for_a_band_that_is_not_set_up(house: House) -> None:
    await house.unload()
    page = await _submit(house, await _open(house), **PERIODIC)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert _chosen(house) == PERIODIC


async def test_an_optional_field_can_be_emptied_again(
    hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity: Option[str | None] = Option(
        key="entity", default=None, selector=selector.EntitySelector()
    )
    answer = _asked(await _open(house))
    monkeypatch.setattr(options_flow, "SECTIONS", {**SECTIONS, "more": (entity,)})
    hass.config_entries.async_update_entry(house.entry, options={"entity": "weather.home"})
    schema = options_flow.options_schema(house.entry)
    ((field, _),) = schema.schema["more"].schema.schema.items()
    assert field.description == {"suggested_value": "weather.home"}
    assert schema(answer | {"more": {}})["more"] == {}
    assert entity.of(house.entry) == "weather.home"
