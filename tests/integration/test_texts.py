"""Every entity, action, choice and error has a text, and every text belongs to something."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.selector import validate_selector
from homeassistant.util import slugify
from homeassistant.util.yaml import load_yaml_dict
import pytest
import voluptuous as vol

from custom_components.mi_band import services, wrist_actions
from custom_components.mi_band.band.errors import BandError
from custom_components.mi_band.binary_sensor import BINARY_SENSORS
from custom_components.mi_band.button import BUTTONS
from custom_components.mi_band.calendar import CALENDARS
from custom_components.mi_band.const import DOMAIN
from custom_components.mi_band.device_tracker import TRACKERS
from custom_components.mi_band.event import EVENTS, MiBandEventDescription
from custom_components.mi_band.history_file import HistoryError
from custom_components.mi_band.image import IMAGES
from custom_components.mi_band.notify import NOTIFIERS
from custom_components.mi_band.number import NUMBERS
from custom_components.mi_band.select import SELECTS, MiBandSelectDescription
from custom_components.mi_band.sensor import SENSORS
from custom_components.mi_band.switch import ALARM_SWITCHES, SWITCHES
from custom_components.mi_band.time import TIMES
from custom_components.mi_band.update import UPDATES

from .texts import FILE, TextWatch, load_texts

FOLDER = FILE.parents[1]
TABLES: Mapping[str, tuple[EntityDescription, ...]] = {
    "binary_sensor": BINARY_SENSORS,
    "button": BUTTONS,
    "calendar": CALENDARS,
    "device_tracker": TRACKERS,
    "event": EVENTS,
    "image": IMAGES,
    "notify": NOTIFIERS,
    "number": NUMBERS,
    "select": SELECTS,
    "sensor": SENSORS,
    "switch": (*SWITCHES, *ALARM_SWITCHES),
    "time": TIMES,
    "update": UPDATES,
}
ROWS = [(platform, row) for platform, table in TABLES.items() for row in table]
SELECTORS_OF_PAGES = {
    *("connection_mode", "distance_unit", "known_band", "language", "next_step", "sex"),
    *("time_format", "wrist"),
}


@pytest.fixture(autouse=True)
def find_our_integration() -> None:
    """Most tests here read files only: let no Home Assistant be made for them."""


@pytest.fixture(scope="module")
def english() -> dict[str, Any]:
    return load_texts()


@pytest.fixture(scope="module")
def icons() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def actions() -> dict[str, Any]:
    return load_yaml_dict(FOLDER / "services.yaml")


def _codes(error: type[BandError] = BandError) -> Iterator[str]:
    yield error.code
    for kind in error.__subclasses__():
        yield from _codes(kind)


# What the actions say of their own, beside what the band and the way to it refuse.
ERRORS = sorted(
    {
        *_codes(),
        *(error.code for error in HistoryError.__subclasses__()),
        *("file_not_written", "path_not_allowed", "span_without_time"),
        *("already_installing", "file_is_no_watchface", "file_not_read", "files_of_a_kind"),
        *("address_not_local", "media_not_local"),
        *("firmware_is_installed", "firmware_not_back", "firmware_not_in_library"),
        *("firmware_not_running", "firmware_not_trusted", "firmware_unreachable"),
        "firmware_unwatched",
        "folder_not_allowed",
        *("no_recorder", "statistics_unavailable"),
        *("heart_rate_timeout", "last_sync_failed", "no_adapter", "not_connected"),
        "reset_not_confirmed",
        *("alarm_without_time", "reminder_in_the_past", "reminder_without_content"),
        *("not_one_band", "too_many_calls"),
        "weather_without_content",
    }
)


@pytest.mark.parametrize(("platform", "row"), ROWS, ids=lambda value: getattr(value, "key", value))
def test_an_entity_is_named_so_that_its_entity_id_ends_in_its_key(
    platform: str, row: EntityDescription, english: dict[str, Any]
) -> None:
    assert slugify(english["entity"][platform][row.key]["name"]) == row.key


def test_no_text_of_an_entity_is_left_over(english: dict[str, Any]) -> None:
    assert {platform: set(keys) for platform, keys in english["entity"].items()} == {
        platform: {row.key for row in table} for platform, table in TABLES.items()
    }


@pytest.mark.parametrize("row", EVENTS, ids=lambda row: row.key)
def test_every_event_type_has_a_text(row: MiBandEventDescription, english: dict[str, Any]) -> None:
    texts = english["entity"]["event"][row.key]["state_attributes"]["event_type"]["state"]
    assert set(texts) == set(row.types.values())


@pytest.mark.parametrize("row", SELECTS, ids=lambda row: row.key)
def test_every_option_has_a_text(row: MiBandSelectDescription, english: dict[str, Any]) -> None:
    assert set(english["entity"]["select"][row.key]["state"]) == set(row.setting.values)


@pytest.mark.parametrize("row", BINARY_SENSORS, ids=lambda row: row.key)
def test_a_binary_sensor_has_words_for_both_states(
    row: EntityDescription, english: dict[str, Any]
) -> None:
    """Where no device class brings them, Home Assistant would say "On" and "Off"."""
    words = english["entity"]["binary_sensor"][row.key].get("state", {})
    assert set(words) == (set() if row.device_class else {"on", "off"})


def test_every_icon_belongs_to_an_entity(icons: dict[str, Any]) -> None:
    for platform, keys in icons["entity"].items():
        assert set(keys) <= {row.key for row in TABLES[platform]}


def test_an_entity_has_an_icon_of_its_own_or_of_its_device_class(icons: dict[str, Any]) -> None:
    """That of an enumeration is an eye, which says nothing of what the words are about."""
    bare = {
        (platform, row.key)
        for platform, row in ROWS
        if (row.device_class in {None, SensorDeviceClass.ENUM})
        != (row.key in icons["entity"].get(platform, {}))
    }
    assert not bare


def test_an_icon_of_a_state_differs_from_the_default(icons: dict[str, Any]) -> None:
    for keys in icons["entity"].values():
        for icon in keys.values():
            kinds = [icon, *icon.get("state_attributes", {}).values()]
            for kind in kinds:
                assert kind["default"] not in kind.get("state", {}).values()


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_of_the_band_has_a_text_for_actions(code: str, english: dict[str, Any]) -> None:
    assert english["exceptions"][code]["message"]


def test_no_text_of_an_error_is_left_over(english: dict[str, Any]) -> None:
    assert set(english["exceptions"]) == set(ERRORS)


def test_actions_have_texts_icons_and_a_description(
    english: dict[str, Any], icons: dict[str, Any], actions: dict[str, Any]
) -> None:
    assert set(english["services"]) == set(actions) == set(icons["services"])
    for action, description in actions.items():
        texts = english["services"][action]
        assert texts["name"]
        assert texts["description"]
        assert set(texts["fields"]) == set(description["fields"])
        assert all(field["name"] and field["description"] for field in texts["fields"].values())


def test_fields_of_actions_have_selectors_that_home_assistant_knows(
    actions: dict[str, Any],
) -> None:
    for description in actions.values():
        for field in description["fields"].values():
            validate_selector(field["selector"])


async def test_actions_take_the_fields_that_they_describe(
    hass: HomeAssistant, actions: dict[str, Any]
) -> None:
    services.async_setup_services(hass)
    registered = hass.services.async_services_for_domain(DOMAIN)
    assert set(registered) == set(actions)
    for name, action in registered.items():
        assert isinstance(action.schema, vol.Schema)
        assert {str(field) for field in action.schema.schema} == set(actions[name]["fields"])


def test_the_action_offers_every_look_that_an_alert_can_have(
    english: dict[str, Any], actions: dict[str, Any]
) -> None:
    offered = actions["notify"]["fields"]["icon"]["selector"]["select"]["options"]
    assert set(offered) == set(wrist_actions.LOOKS)
    assert set(english["selector"]["alert_icon"]["options"]) == set(offered)


def test_the_numbers_that_the_pages_offer_are_those_that_are_taken(actions: dict[str, Any]) -> None:
    offered = actions["notify"]["fields"]["repeat"]["selector"]["number"]
    assert offered["max"] == wrist_actions.HIGHEST_REPEAT
    for action in ("call", "ask"):
        offered = actions[action]["fields"]["duration"]["selector"]["number"]
        assert offered["max"] == wrist_actions.LONGEST_RING.total_seconds()


def test_the_duration_that_the_page_offers_is_the_one_that_is_taken(
    actions: dict[str, Any],
) -> None:
    offered = actions["find_band"]["fields"]["duration"]["selector"]["number"]
    assert offered["max"] == services.LONGEST_FIND.total_seconds()


def test_no_selector_text_is_left_over(english: dict[str, Any]) -> None:
    assert set(english["selector"]) == SELECTORS_OF_PAGES | {
        "alert_icon",
        "alert_priority",
        *("reminder_repeat", "weather_condition", "weekday", "call_answer", "music_key"),
        # Asked for by name when something is drawn, entered, listed or recorded.
        *("band_file", "calendar", "firmware", "pictures", "records", "statistics"),
    }


def test_texts_have_no_stray_blanks(english: dict[str, Any]) -> None:
    assert not [text for text in _leaves(english) if text != text.strip()]


def _leaves(texts: Mapping[str, Any]) -> Iterator[str]:
    for text in texts.values():
        if isinstance(text, str):
            yield text
        else:
            yield from _leaves(text)


def test_quality_scale_gives_a_reason_for_each_exemption() -> None:
    rules = load_yaml_dict(Path(FOLDER / "quality_scale.yaml"))["rules"]
    assert len(rules) == 54
    for rule, status in rules.items():
        if isinstance(status, dict):
            assert status["status"] in {"done", "todo", "exempt"}, rule
            assert status["comment"], rule
        else:
            assert status in {"done", "todo"}, rule


def test_the_watch_notices_an_error_without_a_text_and_one_with_a_gap(texts: TextWatch) -> None:
    HomeAssistantError(translation_domain=DOMAIN, translation_key="no_such_text")
    HomeAssistantError(translation_domain=DOMAIN, translation_key="wrong_key")
    assert texts.missing == [
        "exceptions.no_such_text.message",
        "exceptions.wrong_key.message: {name}",
    ]
    texts.missing.clear()


def test_the_watch_notices_a_page_without_its_texts(texts: TextWatch) -> None:
    texts.watch_page(
        "config",
        {
            "type": FlowResultType.FORM,
            "step_id": "bluetooth_confirm",
            "data_schema": vol.Schema({vol.Required("pin"): str}),
            "errors": {"base": "no_such_error"},
            "description_placeholders": {"name": "", "signal": "", "lowest_battery": ""},
        },
    )
    texts.watch_page("config", {"type": FlowResultType.ABORT, "reason": "no_such_reason"})
    assert texts.missing == [
        "config.step.bluetooth_confirm.description: {address}",
        "config.step.bluetooth_confirm.data.pin",
        "config.step.bluetooth_confirm.data_description.pin",
        "config.error.no_such_error",
        "config.abort.no_such_reason",
    ]
    texts.missing.clear()
