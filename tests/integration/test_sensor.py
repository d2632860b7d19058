"""Sensors show what the band tells, and keep what it recorded."""

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from .house import House, until

RECORDED = ["steps", "distance", "calories", "step_goal_progress", "battery", "last_charged"]


async def test_walking_shows_at_once(house: House) -> None:
    before = int(house.value("sensor", "steps"))
    house.band.wearer.walk(120)
    await house.until_state("sensor", "steps", str(before + 120))
    assert house.value("sensor", "distance") == str(house.on_band("steps", "distance_m"))
    assert house.value("sensor", "calories") == str(house.on_band("steps", "calories_kcal"))


async def test_progress_is_a_share_of_the_goal(house: House) -> None:
    steps = int(house.value("sensor", "steps"))
    await house.act("number", "step_goal", "set_value", value=steps + 100)
    house.band.wearer.walk(400)
    await house.until_state("sensor", "steps", str(steps + 400))
    progress = float(house.value("sensor", "step_goal_progress"))
    assert progress == pytest.approx(100 * (steps + 400) / (steps + 100))


async def test_battery_shows_its_level(house: House) -> None:
    house.band.wearer.set_battery(42)
    await house.until_state("sensor", "battery", "42")


async def test_a_heart_rate_shows_while_the_band_measures(house: House) -> None:
    assert house.value("sensor", "heart_rate") == STATE_UNKNOWN
    house.band.wearer.set_heart_rate(71)
    await house.act("button", "measure_heart_rate", "press")
    assert house.value("sensor", "heart_rate") == "71"


async def test_last_sync_is_when_the_band_was_read(house: House) -> None:
    before = house.value("sensor", "last_sync")
    assert before not in {STATE_UNKNOWN, STATE_UNAVAILABLE}


async def test_what_was_recorded_stays_when_the_band_goes(house: House) -> None:
    house.band.wearer.walk(10)
    await until(lambda: house.on_band("steps", "walking") == 0)
    await house.until_state("sensor", "steps", str(house.on_band("steps", "today")))
    house.band.wearer.charge(charging=True)
    house.band.wearer.charge(charging=False)
    await until(lambda: house.value("sensor", "last_charged") != STATE_UNKNOWN)
    before = {key: house.value("sensor", key) for key in RECORDED}
    assert STATE_UNKNOWN not in before.values()
    await house.lose_band()
    assert {key: house.value("sensor", key) for key in RECORDED} == before


@pytest.fixture
def of_another_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make bands whose totals no document explains."""
    monkeypatch.setattr("tests.emulator.gatt.steps.Steps.encode", lambda _: bytes(9))


@pytest.mark.usefixtures("of_another_layout")
async def test_what_no_document_explains_keeps_nothing_else_away(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    assert house.value("sensor", "steps") == STATE_UNKNOWN
    assert house.value("sensor", "battery") == "77"
    await house.call("sync")
    assert caplog.text.count("9 bytes of STEPS break the layout") == 1


async def test_what_is_live_is_unavailable_without_the_band(house: House) -> None:
    await house.act("button", "measure_heart_rate", "press")
    await house.lose_band()
    assert house.value("sensor", "heart_rate") == STATE_UNAVAILABLE


async def test_a_heart_rate_of_an_earlier_link_is_forgotten(house: House) -> None:
    await house.act("button", "measure_heart_rate", "press")
    await house.lose_band()
    await house.bring_band_back()
    assert house.value("sensor", "heart_rate") == STATE_UNKNOWN


async def test_signal_strength_is_there_for_who_wants_it(house: House, hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    entity_id = house.entity_id("sensor", "signal_strength")
    entity = registry.async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()
    assert int(house.value("sensor", "signal_strength")) < 0
    await house.lose_band()
    assert house.value("sensor", "signal_strength") == STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("steps", (None, "total_increasing", "steps")),
        ("distance", ("distance", "total_increasing", "m")),
        ("calories", (None, "total_increasing", "kcal")),
        ("heart_rate", (None, "measurement", "bpm")),
        ("step_goal_progress", (None, "measurement", "%")),
        ("battery", ("battery", "measurement", "%")),
        ("last_charged", ("timestamp", None, None)),
        ("last_sync", ("timestamp", None, None)),
    ],
)
async def test_a_sensor_is_of_its_kind(
    house: House, key: str, kind: tuple[str | None, str | None, str | None]
) -> None:
    attributes = house.state("sensor", key).attributes
    names = ("device_class", "state_class", "unit_of_measurement")
    assert tuple(attributes.get(name) for name in names) == kind


async def test_side_facts_are_diagnostic(house: House, hass: HomeAssistant) -> None:
    diagnostic = {
        entity.unique_id.partition("_")[2]
        for entity in er.async_entries_for_config_entry(er.async_get(hass), house.entry.entry_id)
        if entity.domain == "sensor" and entity.entity_category is EntityCategory.DIAGNOSTIC
    }
    assert diagnostic == {
        *("battery", "last_charged", "last_sync", "signal_strength", "unsynced_minutes")
    }
