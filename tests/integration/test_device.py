"""The band as a device, and its entities as a whole."""

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .flow import DOMAIN
from .house import IDENTITY, House

ALARMS = {f"alarm_{slot}" for slot in range(1, 11)}
KEYS = {
    "binary_sensor": {"asleep", "charging", "connected", "goal_reached", "worn"},
    "button": {"factory_reset", "find", "measure_heart_rate", "reboot", "sync"},
    "calendar": {"workouts_and_sleep"},
    "device_tracker": {"presence"},
    "event": {"alarm", "call", "find_phone", "goal", "music", "sleep", "wear"},
    "image": {"heart_rate_today", "last_night", "watch_face"},
    "notify": {"wrist"},
    "number": {"step_goal"},
    "select": {
        *("distance_unit", "heart_rate_interval", "language", "lift_sensitivity", "night_mode"),
        *("time_format", "wear_location"),
    },
    "sensor": {
        *("battery", "calories", "distance", "heart_rate", "last_charged", "last_sync"),
        *("activity", "deep_sleep", "fell_asleep_at", "last_workout", "light_sleep"),
        *("resting_heart_rate", "signal_strength", "sleep_duration", "step_goal_progress", "steps"),
        *("unsynced_minutes", "woke_up_at"),
    },
    "switch": {
        *("continuous_heart_rate", "disconnect_alert", "goal_notification", "inactivity_warning"),
        *("lift_to_wake", "share_heart_rate", "sleep_heart_rate", "swipe_lock"),
        "visible_when_connected",
        *ALARMS,
    },
    "time": ALARMS,
    "update": {"firmware"},
}


async def test_the_device_says_what_it_is(house: House) -> None:
    device = house.device
    assert device.name == "Mi Smart Band 4 Ada"
    assert device.manufacturer == "Xiaomi"
    assert device.model == "Mi Smart Band 4"
    assert device.identifiers == {(DOMAIN, IDENTITY)}
    assert device.connections == {(dr.CONNECTION_BLUETOOTH, house.band.address)}


async def test_the_device_says_what_the_band_told_after_the_entities_were_there(
    house: House,
) -> None:
    device = house.device
    assert device.serial_number == house.on_band("device", "serial")
    assert f"V{device.sw_version}" == house.on_band("device", "software")
    assert f"V{device.hw_version}" == house.on_band("device", "hardware")


async def test_every_entity_of_the_product_is_there_under_its_key(
    house: House, hass: HomeAssistant
) -> None:
    found: dict[str, set[str]] = {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), house.entry.entry_id):
        identity, _, key = entity.unique_id.partition("_")
        assert identity == IDENTITY
        assert entity.entity_id == f"{entity.domain}.mi_smart_band_4_ada_{key}"
        assert entity.device_id == house.device.id
        found.setdefault(entity.domain, set()).add(key)
    assert found == KEYS


# product.md, section 4: "what is live or acts ... Nothing else ever is unavailable."
LIVE = {("sensor", "heart_rate"), ("sensor", "signal_strength")} | {
    ("binary_sensor", key) for key in ("worn", "asleep")
}
ACTING = {"button", "notify", "number", "select", "switch", "time"}


async def _enable_all(house: House) -> None:
    registry = er.async_get(house.hass)
    for entry in er.async_entries_for_config_entry(registry, house.entry.entry_id):
        registry.async_update_entity(entry.entity_id, disabled_by=None)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()


def _unavailable(house: House) -> set[tuple[str, str]]:
    """Return platform and key of what is there but unavailable."""
    entries = er.async_entries_for_config_entry(er.async_get(house.hass), house.entry.entry_id)
    return {
        (entry.domain, entry.unique_id.partition("_")[2])
        for entry in entries
        if house.hass.states.is_state(entry.entity_id, STATE_UNAVAILABLE)
    }


async def test_only_what_is_live_or_acts_is_unavailable_without_the_band(house: House) -> None:
    await _enable_all(house)
    acting = {(platform, key) for platform in ACTING for key in KEYS[platform]}
    assert _unavailable(house) == set()
    await house.lose_band()
    assert _unavailable(house) == LIVE | acting
    await house.unload()
    await house.set_up()
    assert _unavailable(house) == LIVE | acting
