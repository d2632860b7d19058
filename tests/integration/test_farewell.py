"""The ways out: restart, factory reset, unbind, and what is left after each."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from bleak.exc import BleakError
from habluetooth import get_manager
from homeassistant.auth.models import User
from homeassistant.components import bluetooth
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mi_band.archive import async_get_archive
from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.history import History
from tests.emulator.backend import AttachedScanner, BumbleBackend
from tests.emulator.band import EmulatedBand
from tests.emulator.life import Doing

from .bands import MakeBand, held
from .flow import DOMAIN
from .house import IDENTITY, House, entry_of, until

FAREWELL = "custom_components.mi_band.farewell"
COORDINATOR = "custom_components.mi_band.coordinator"
KEEPER = "custom_components.mi_band.keeper"
WAYS_OUT = ["factory_reset", "unbind"]
ADMIN_ACTIONS = ["reboot", *WAYS_OUT]
SYNC = 8
"""Operations of the last sync: four reads, then an empty round for minutes and one for workouts."""
OPERATIONS = SYNC + 1
"""Of a farewell on a held link: then the command."""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for what spares a real band, or gives it its time."""
    monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(f"{FAREWELL}.NEW_LIFE_TIMEOUT", timedelta(seconds=1))


@pytest.fixture
async def old_address(house: House, hass: HomeAssistant) -> AsyncGenerator[str]:
    """Provide the address before a reset; take away the card that the new one brings."""
    yield house.band.address
    await hass.async_block_till_done()
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        hass.config_entries.flow.async_abort(flow["flow_id"])


def _is_new(band: EmulatedBand, old_address: str) -> bool:
    return band.address != old_address and not band.bound and band.key is None


def _stored(house: House) -> str:
    return f"{DOMAIN}.{house.entry.entry_id}"


def _break_sync(*, times: int = 1) -> Any:
    """Let the next readings of the band fail, while its link stays."""
    return patch(f"{COORDINATOR}.read_state", side_effect=[LinkLost("no answer")] * times)


# Restart


@pytest.mark.parametrize("by", ["action", "button"])
async def test_a_restarted_band_comes_back_by_itself(house: House, by: str) -> None:
    address, connections = house.band.address, held(house.band)["connections"]
    await _restart(house, by)
    assert house.on_band("reboots") == 1
    await until(lambda: held(house.band)["connections"] > connections)
    await house.band.wait_for(lambda: house.band.authenticated)
    assert house.band.address == address


async def _restart(house: House, by: str) -> None:
    if by == "action":
        await house.call("reboot")
    else:
        await _async_enable(house, "reboot")
        await house.act("button", "reboot", "press")


async def _async_enable(house: House, key: str) -> None:
    er.async_get(house.hass).async_update_entity(house.entity_id("button", key), disabled_by=None)
    assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.until_connected()


# Reset


async def test_a_reset_band_is_new_and_its_place_is_kept(
    house: House, old_address: str, hass: HomeAssistant
) -> None:
    steps = house.value("sensor", "steps")
    reads = house.on_band("att", "characteristics", "0007", "reads")
    answer = await house.call("factory_reset")
    assert answer == {"synced": True, "heard_as_new": True}
    assert _is_new(house.band, old_address)
    assert house.on_band("att", "characteristics", "0007", "reads") == reads + 1
    assert hass.config_entries.async_get_entry(house.entry.entry_id) is house.entry
    await house.until_state("binary_sensor", "connected", "off")
    assert house.value("sensor", "steps") == steps
    assert house.value("sensor", "heart_rate") == "unavailable"


async def test_nobody_tries_to_connect_to_an_address_that_is_gone(
    house: House, old_address: str
) -> None:
    await house.call("factory_reset")
    await house.until_state("binary_sensor", "connected", "off")
    record = house.entry.runtime_data.keeper.record
    tried = (record.connections, record.failures)
    with patch(f"{KEEPER}.open_session", side_effect=AssertionError) as opened:
        # The band advertises fifty times in this time, under its new address.
        await house.band.wait_for(lambda: house.band.powered)
        with pytest.raises(TimeoutError):
            await until(lambda: opened.called, timeout_s=1)
    assert (record.connections, record.failures) == tried
    assert not list(house.entry.async_get_active_flows(house.hass, {"reauth"}))


async def test_the_last_values_can_be_forgotten(
    house: House, old_address: str, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    await house.act("number", "step_goal", "set_value", value=7000)
    await house.call("factory_reset", keep_history=False)
    for key in ("steps", "battery", "last_sync"):
        assert house.value("sensor", key) == "unknown"
    await house.unload()
    kept = hass_storage[_stored(house)]["data"]
    assert (kept["today"], kept["battery"], kept["last_sync"]) == (None, None, None)
    assert kept["settings"]["chosen"]["step_goal"] == 7000


async def test_the_last_values_are_forgotten_of_a_band_that_was_loaded_anew_meanwhile(
    house: House, old_address: str, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    async def reload(*_: object) -> bool:
        return await hass.config_entries.async_reload(house.entry.entry_id)

    with patch(f"{FAREWELL}._async_heard_as_new", side_effect=reload):
        await house.call("factory_reset", keep_history=False)
    for key in ("steps", "battery", "last_sync"):
        assert house.value("sensor", key) == "unknown"
    await house.unload()
    kept = hass_storage[_stored(house)]["data"]
    assert (kept["today"], kept["battery"], kept["last_sync"]) == (None, None, None)
    await house.band.wait_for(lambda: house.band.powered)


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_band_can_leave_where_the_card_of_another_one_was_dismissed(
    house: House, old_address: str, hass: HomeAssistant, action: str
) -> None:
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": "F3:4E:C4:00:00:77", "title": "Mi Smart Band 4 0077"},
    )
    answer = await house.call(action)
    assert answer == {"synced": True, "heard_as_new": True}
    assert _is_new(house.band, old_address)


async def test_the_button_resets_the_band_too(house: House, old_address: str) -> None:
    await _async_enable(house, "factory_reset")
    await house.act("button", "factory_reset", "press")
    assert _is_new(house.band, old_address)


async def test_the_dangerous_buttons_are_there_for_who_looks_for_them(house: House) -> None:
    registry = er.async_get(house.hass)
    for key in ("reboot", "factory_reset"):
        found = registry.async_get(house.entity_id("button", key))
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert found.entity_category == "config"


# Unbind


@pytest.mark.parametrize("keep_history", [True, False])
async def test_an_unbound_band_is_new_and_gone_from_here(
    house: House,
    old_address: str,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    *,
    keep_history: bool,
) -> None:
    house.band.wearer.live(0.5, Doing.SITTING)
    answer = await house.call("unbind", keep_history=keep_history)
    assert answer == {"synced": True, "heard_as_new": True}
    assert _is_new(house.band, old_address)
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert dr.async_get(hass).async_get_devices(identifiers={(DOMAIN, IDENTITY)}) == []
    assert hass.states.async_all("sensor") == []
    await hass.async_block_till_done()
    assert _stored(house) not in hass_storage
    archive = await async_get_archive(hass)
    kept = await archive.async_run(History.count_minutes, IDENTITY)
    assert (kept >= 30) is keep_history
    assert (kept == 0) is not keep_history


def _offered(hass: HomeAssistant) -> set[str | None]:
    """Return the addresses on the cards of discovered bands."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return {flow["context"].get("unique_id") for flow in flows}


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_bond_of_the_operating_system_goes_with_the_address(
    house: House, bluetooth_scanner: AttachedScanner, action: str, old_address: str
) -> None:
    system = bluetooth_scanner.adapter.system
    system[old_address] = {"Paired": True, "Bonded": True, "Connected": True}
    system["F3:4E:C4:00:00:99"] = {"Paired": True}
    answer = await house.call(action)
    assert answer["heard_as_new"]
    assert list(system) == ["F3:4E:C4:00:00:99"]


async def test_without_a_bond_the_operating_system_is_left_alone(
    house: House, bluetooth_scanner: AttachedScanner, old_address: str
) -> None:
    system = bluetooth_scanner.adapter.system
    system[old_address] = {"Paired": False, "Bonded": False, "Connected": True}
    await house.call("factory_reset")
    assert old_address in system


@pytest.mark.parametrize("problem", [BleakError("busy"), NotImplementedError(), TimeoutError()])
async def test_a_bond_that_cannot_be_removed_fails_no_farewell(
    house: House,
    bluetooth_scanner: AttachedScanner,
    old_address: str,
    problem: Exception,
) -> None:
    system = bluetooth_scanner.adapter.system
    system[old_address] = {"Paired": True}
    with patch.object(BumbleBackend, "unpair", side_effect=problem) as unpair:
        answer = await house.call("unbind")
    unpair.assert_awaited_once()
    assert answer == {"synced": True, "heard_as_new": True}
    assert _is_new(house.band, old_address)


@pytest.mark.parametrize("keep_history", [True, False])
async def test_a_band_that_is_removed_while_it_is_listened_for_has_left_all_the_same(
    house: House,
    old_address: str,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    *,
    keep_history: bool,
) -> None:
    async def remove(*_: object) -> bool:
        await hass.config_entries.async_remove(house.entry.entry_id)
        return True

    with patch(f"{FAREWELL}._async_heard_as_new", side_effect=remove):
        answer = await house.call("unbind", keep_history=keep_history)
    assert answer == {"synced": True, "heard_as_new": True}
    assert hass.config_entries.async_entries(DOMAIN) == []
    await house.band.wait_for(lambda: house.band.powered)
    assert _is_new(house.band, old_address)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert _stored(house) not in hass_storage


async def test_the_new_band_is_offered_to_be_added(
    house: House, old_address: str, hass: HomeAssistant
) -> None:
    await house.call("unbind")
    await until(lambda: house.band.address in _offered(hass))


async def test_the_address_that_is_gone_is_not_offered(
    house: House, old_address: str, hass: HomeAssistant
) -> None:
    # A band sends this between the end of its link and its restart, and a proxy passes it on late.
    late = bluetooth.async_last_service_info(hass, old_address, connectable=True)
    assert late is not None

    async def last(_: HomeAssistant, __: set[str]) -> bool:
        await house.band.wait_for(lambda: house.band.address != old_address)
        get_manager().scanner_adv_received(late)
        return True

    with patch(f"{FAREWELL}._async_heard_as_new", last):
        await house.call("unbind")
    await house.band.wait_for(lambda: house.band.powered)
    await until(lambda: house.band.address in _offered(hass))
    await hass.async_block_till_done()
    assert _offered(hass) == {house.band.address}


async def test_an_answer_need_not_be_wanted(
    house: House, old_address: str, hass: HomeAssistant
) -> None:
    await hass.services.async_call(DOMAIN, "unbind", {"device_id": house.device.id}, blocking=True)
    assert _is_new(house.band, old_address)


async def test_another_band_in_the_house_is_left_alone(
    house: House, old_address: str, hass: HomeAssistant, make_band: MakeBand
) -> None:
    other = await make_band(key=bytes(16), address="F3:4E:C4:00:00:02")
    entry = entry_of(hass, other, wearer="Bob", key=bytes(16), identity="b" * 32)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await other.wait_for(lambda: other.authenticated)
    await house.call("unbind")
    assert _is_new(house.band, old_address)
    assert other.bound
    assert other.authenticated
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
    assert await hass.config_entries.async_unload(entry.entry_id)


# Who may


@pytest.mark.parametrize("action", ADMIN_ACTIONS)
async def test_only_administrators_may(
    house: House, hass: HomeAssistant, hass_read_only_user: User, action: str
) -> None:
    before = house.on_band("att", "operations")
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": house.device.id},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert house.on_band("att", "operations") == before
    assert house.band.bound


@pytest.mark.parametrize("action", ADMIN_ACTIONS)
@pytest.mark.usefixtures("old_address")
async def test_an_administrator_may(
    house: House, hass: HomeAssistant, hass_admin_user: User, action: str
) -> None:
    await hass.services.async_call(
        DOMAIN,
        action,
        {"device_id": house.device.id},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
    )
    assert house.on_band("reboots") == (action == "reboot")
    assert house.band.bound is (action == "reboot")


@pytest.mark.parametrize("action", ADMIN_ACTIONS)
async def test_a_band_that_is_not_set_up_is_no_target(house: House, action: str) -> None:
    device_id = house.device.id
    await house.unload()
    with pytest.raises(ServiceValidationError):
        await house.call(action, device_id=device_id)


# What can go wrong


async def test_a_restart_needs_the_band(house: House) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("reboot")
    assert caught.value.translation_key == "not_connected"


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_band_that_is_away_is_not_reset_and_what_would_be_lost_is_said(
    house: House, hass: HomeAssistant, action: str
) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError, match="would be lost") as caught:
        await house.call(action)
    assert caught.value.translation_key == "last_sync_failed"
    assert "is not connected" in str(caught.value)
    assert house.band.bound
    assert hass.config_entries.async_entries(DOMAIN) == [house.entry]


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_force_does_not_pretend_that_a_band_that_is_away_was_reset(
    house: House, hass: HomeAssistant, action: str
) -> None:
    await house.lose_band()
    with pytest.raises(HomeAssistantError) as caught:
        await house.call(action, force=True)
    assert caught.value.translation_key == "not_connected"
    assert house.band.bound
    assert hass.config_entries.async_entries(DOMAIN) == [house.entry]


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_band_that_cannot_be_read_is_not_reset(house: House, action: str) -> None:
    with _break_sync(), pytest.raises(HomeAssistantError) as caught:
        await house.call(action)
    assert caught.value.translation_key == "last_sync_failed"
    assert house.band.bound
    assert house.value("binary_sensor", "connected") == "on"


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_band_that_cannot_be_read_is_reset_by_force(
    house: House, old_address: str, action: str
) -> None:
    with _break_sync():
        answer = await house.call(action, force=True)
    assert answer == {"synced": False, "heard_as_new": True}
    assert _is_new(house.band, old_address)


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_band_that_is_not_heard_again_is_told(
    house: House, old_address: str, hass: HomeAssistant, action: str
) -> None:
    with patch(f"{FAREWELL}.is_band_4", return_value=False):
        answer = await house.call(action)
    assert answer == {"synced": True, "heard_as_new": False}
    assert _is_new(house.band, old_address)
    assert len(hass.config_entries.async_entries(DOMAIN)) == (action == "factory_reset")


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_refused_reset_is_told(
    house: House, hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    monkeypatch.setattr(house.band._configuration, "_act", lambda *_: 0x05)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call(action)
    assert caught.value.translation_key == "command_refused"
    assert house.band.bound
    assert house.value("binary_sensor", "connected") == "on"
    assert hass.config_entries.async_entries(DOMAIN) == [house.entry]


@pytest.mark.parametrize("says", ["yes", "nothing"])
@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_band_that_still_takes_its_key_keeps_its_entry(
    house: House, monkeypatch: pytest.MonkeyPatch, action: str, says: str
) -> None:
    """It hangs up, as one does that is reset, and is as it was."""
    if says == "nothing":
        house.band.faults.lose("0003")
    monkeypatch.setattr(house.band, "_erase", lambda: None)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call(action)
    assert caught.value.translation_key == "reset_not_confirmed"
    await house.until_connected()
    assert house.hass.config_entries.async_entries(DOMAIN) == [house.entry]


@pytest.mark.parametrize("action", WAYS_OUT)
async def test_a_key_is_not_thrown_away_for_a_reset_that_nothing_shows(
    house: House, old_address: str, hass: HomeAssistant, action: str
) -> None:
    house.band.faults.lose("0003")
    with (
        patch(f"{FAREWELL}.is_band_4", return_value=False),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await house.call(action)
    assert caught.value.translation_key == "reset_not_confirmed"
    assert hass.config_entries.async_entries(DOMAIN) == [house.entry]


async def test_the_band_takes_as_many_operations_as_the_cuts_go_through(
    house: House, old_address: str
) -> None:
    """Without this the enumeration could end too early and nobody would see."""
    before = house.on_band("att", "operations")
    await house.call("factory_reset")
    assert house.on_band("att", "operations") - before == OPERATIONS


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("action", WAYS_OUT)
@pytest.mark.parametrize("cut_after", range(1, OPERATIONS + 1))
async def test_a_way_out_that_is_cut_ends_and_can_be_gone_again(
    house: House,
    old_address: str,
    hass: HomeAssistant,
    action: str,
    *,
    cut_after: int,
    force: bool,
) -> None:
    """Nothing is removed before the band has let go; afterwards the same call goes through."""
    house.band.faults.cut_after(cut_after)
    answer, error = await _async_attempt(house, action, force=force)
    if cut_after < OPERATIONS:
        # By force it goes on to the reset, on a link that is gone or just going.
        by_force = {"cannot_connect", "not_connected"}
        assert error in (by_force if force or cut_after > SYNC else {"last_sync_failed"})
        assert house.band.bound
        assert hass.config_entries.async_entries(DOMAIN) == [house.entry]
        await house.band.wait_for(lambda: house.band.authenticated)
        await house.until_connected()
        answer = await house.call(action)
    assert answer == {"synced": True, "heard_as_new": True}
    assert _is_new(house.band, old_address)
    assert len(hass.config_entries.async_entries(DOMAIN)) == (action == "factory_reset")


async def _async_attempt(
    house: House, action: str, **fields: object
) -> tuple[dict[str, Any] | None, str | None]:
    try:
        return await house.call(action, **fields), None
    except HomeAssistantError as err:
        return None, err.translation_key
