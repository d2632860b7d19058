"""The two ways to hold a band: always, or from time to time and for who needs it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.components.bluetooth import async_scanner_by_source
from homeassistant.components.bluetooth.const import UNAVAILABLE_TRACK_SECONDS
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.mi_band.options import LINGERS
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.lab import AddProxy, AddScanner, add_proxy, esphome_hass

from .bands import MakeBand, held
from .flow import DOMAIN, KEY, async_until_heard
from .house import House, entry_of, until

__all__ = ["add_proxy", "esphome_hass"]

KEEPER = "custom_components.mi_band.keeper"
COORDINATOR = "custom_components.mi_band.coordinator"
TROUBLES = "custom_components.mi_band.troubles"
FAREWELL = "custom_components.mi_band.farewell"
LINGER = timedelta(milliseconds=300)
OFTEN = 0.01
"""Minutes from one reading to the next, in tests that wait for several."""
OPERATIONS_OF_A_VISIT = 13
"""From the first to the one after which the link may be used."""

ACTS: Mapping[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("button", "find"): ("press", {}),
    ("button", "sync"): ("press", {}),
    ("button", "measure_heart_rate"): ("press", {}),
    ("notify", "wrist"): ("send_message", {"message": "Soup", "title": "Ready"}),
    ("number", "step_goal"): ("set_value", {"value": 9000}),
    ("select", "heart_rate_interval"): ("select_option", {"option": "10_min"}),
    ("switch", "continuous_heart_rate"): ("turn_on", {}),
}
LIVE = [
    ("sensor", "heart_rate"),
    ("binary_sensor", "worn"),
    ("binary_sensor", "asleep"),
]


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the times that suit a real band."""
    monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(f"{COORDINATOR}.LINGERS", {**LINGERS, "periodic": LINGER})


@pytest.fixture
def options() -> dict[str, Any]:
    """Provide the options of the band; a test may have others."""
    return {"connection_mode": "periodic"}


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any]) -> MockConfigEntry:
    """Provide the config entry of a band with these options."""
    hass.config_entries.async_update_entry(entry, options=options)
    return entry


@pytest.fixture
async def visited(house: House) -> House:
    """Provide a house whose band was visited once, and let go."""
    await until_let_go(house)
    return house


async def until_let_go(house: House) -> None:
    """Wait until nobody holds the band."""
    await house.until_state("binary_sensor", "connected", "off")
    await house.band.wait_for(lambda: not house.band.connected)


async def until_connected_more_often(house: House, links: int) -> None:
    """Wait until the band was connected to more often."""
    await until(lambda: connections(house) > links)


async def until_synced(house: House) -> None:
    """Wait until the band was read for the first time."""
    await until(lambda: house.value("sensor", "last_sync") != "unknown")


async def forget_that_it_was_heard(house: House) -> None:
    """Carry the band away in the middle of something, so that its absence is noticed."""
    await house.call("find_band", duration=60)
    await house.lose_band()


def connections(house: House) -> int:
    """Return how often the band was connected to."""
    count: int = held(house.band)["connections"]
    return count


class TestPeriodic:
    """A band that is connected to from time to time."""

    async def test_the_link_ends_when_nobody_has_used_it_for_long(self, visited: House) -> None:
        await asyncio.sleep(2 * LINGER.total_seconds())
        assert connections(visited) == 1
        assert visited.value("binary_sensor", "connected") == "off"

    async def test_what_waits_for_a_link_is_done_in_the_order_in_which_it_was_asked_for(
        self, visited: House
    ) -> None:
        times = [f"07:{minute:02}" for minute in range(8)]
        await asyncio.gather(
            *(visited.call("set_alarm", alarm=1, time=time) for time in times),
        )
        written = visited.band._body.traffic["0003"].last
        alarms = [packet for packet in written if packet and packet.startswith("02 ")]
        assert alarms == [f"02 80 07 {minute:02x} 80" for minute in range(8)]

    @pytest.mark.parametrize("options", [{"connection_mode": "periodic", "notify_when_away": 10}])
    async def test_a_message_that_waits_for_a_link_waits_on_when_the_options_change(
        self, visited: House
    ) -> None:
        # Out of reach now, which nobody noticed yet.
        visited.band.faults.out_of_range(value=True)
        lease = visited.entry.runtime_data.lease
        sending = visited.hass.async_create_task(visited.call("notify", message="Fire"))
        await until(lambda: lease.wanted.is_set() or sending.done())
        assert await visited.hass.config_entries.async_reload(visited.entry.entry_id)
        assert await sending == {"outcome": "waiting"}
        visited.band.faults.out_of_range(value=False)
        await until(lambda: visited.on_band("alerts"))

    async def test_the_slot_is_free_while_the_band_is_let_go(
        self, visited: House, bluetooth_scanner: AttachedScanner
    ) -> None:
        adapter = bluetooth_scanner.adapter
        assert adapter.free == adapter.slots
        await visited.call("find_band", duration=60)
        assert adapter.free == adapter.slots - 1
        await visited.call("find_band", stop=True)
        await until(lambda: adapter.free == adapter.slots)

    @pytest.mark.parametrize("options", [{"connection_mode": "periodic", "sync_interval": OFTEN}])
    async def test_the_band_is_read_again_after_each_interval(self, visited: House) -> None:
        before = visited.value("sensor", "last_sync")
        visited.band.wearer.walk(123)
        await until(lambda: connections(visited) >= 3)
        await until_let_go(visited)
        assert visited.value("sensor", "steps") == str(visited.band.steps)
        assert visited.value("sensor", "last_sync") != before

    async def test_what_is_stored_is_kept_and_what_is_live_is_not(self, visited: House) -> None:
        for key in ("steps", "battery", "last_sync"):
            assert visited.value("sensor", key) not in {"unknown", STATE_UNAVAILABLE}
        for platform, key in LIVE:
            assert visited.value(platform, key) == STATE_UNAVAILABLE

    @pytest.mark.parametrize(("platform", "key"), ACTS)
    async def test_a_command_makes_a_link_for_itself(
        self, visited: House, platform: str, key: str
    ) -> None:
        action, data = ACTS[platform, key]
        assert visited.value(platform, key) != STATE_UNAVAILABLE
        await visited.act(platform, key, action, **data)
        assert connections(visited) == 2
        if key == "continuous_heart_rate":
            await visited.act(platform, key, "turn_off")
        await until_let_go(visited)
        assert visited.value(platform, key) != STATE_UNAVAILABLE

    async def test_commands_that_come_together_share_a_link(self, visited: House) -> None:
        await asyncio.gather(
            visited.act("button", "find", "press"),
            visited.act("notify", "wrist", "send_message", message="Soup"),
            visited.act("number", "step_goal", "set_value", value=9000),
            visited.call("sync"),
        )
        assert connections(visited) == 2
        assert visited.on_band("user_profile", "goal") == 9000
        await until_let_go(visited)
        await asyncio.sleep(2 * LINGER.total_seconds())
        assert connections(visited) == 2

    async def test_a_measured_heart_rate_is_shown_while_the_link_lasts(
        self, visited: House
    ) -> None:
        visited.band.wearer.set_heart_rate(88)
        await visited.act("button", "measure_heart_rate", "press")
        assert visited.value("sensor", "heart_rate") == "88"
        await until_let_go(visited)
        assert visited.value("sensor", "heart_rate") == STATE_UNAVAILABLE

    async def test_the_link_does_not_end_during_an_operation(self, visited: House) -> None:
        await visited.act("button", "find", "press")
        visited.band.faults.delay(LINGER.total_seconds() / 2)
        started = asyncio.get_running_loop().time()
        await visited.call("sync")
        assert asyncio.get_running_loop().time() - started > LINGER.total_seconds()
        visited.band.faults.delay(0)
        assert connections(visited) == 2

    async def test_the_link_lasts_while_the_band_vibrates(self, visited: House) -> None:
        await visited.call("find_band", duration=2)
        await asyncio.sleep(2 * LINGER.total_seconds())
        assert visited.value("binary_sensor", "connected") == "on"
        await until_let_go(visited)
        assert connections(visited) == 2

    async def test_the_link_lasts_while_the_heart_rate_is_measured_all_the_time(
        self, visited: House
    ) -> None:
        visited.band.wearer.set_heart_rate(91)
        await visited.act("switch", "continuous_heart_rate", "turn_on")
        await visited.until_state("sensor", "heart_rate", "91")
        await asyncio.sleep(2 * LINGER.total_seconds())
        assert visited.value("binary_sensor", "connected") == "on"
        await visited.unload()
        await visited.set_up()
        await visited.until_state("sensor", "heart_rate", "91")
        await asyncio.sleep(2 * LINGER.total_seconds())
        assert visited.value("binary_sensor", "connected") == "on"
        await visited.act("switch", "continuous_heart_rate", "turn_off")
        await until_let_go(visited)

    async def test_what_the_wearer_does_makes_the_link_last(self, visited: House) -> None:
        await visited.act("button", "find", "press")
        for _ in range(8):
            visited.band.wearer.press_music("next")
            await asyncio.sleep(LINGER.total_seconds() / 3)
        assert visited.value("binary_sensor", "connected") == "on"
        assert visited.state("event", "music").attributes["event_type"] == "next"
        await until_let_go(visited)

    async def test_what_the_band_tells_by_itself_does_not_make_the_link_last(
        self, visited: House
    ) -> None:
        await visited.act("button", "find", "press")

        async def walk() -> None:
            while True:
                visited.band.wearer.walk(1)
                await asyncio.sleep(0.05)

        walking = asyncio.create_task(walk())
        await until_let_go(visited)
        walking.cancel()

    async def test_no_command_is_lost_while_links_end(self, visited: House) -> None:
        """Pauses as long as the link lingers: many commands come just when it ends."""
        visited.entry.runtime_data.lease.linger = timedelta(milliseconds=40)
        for goal in range(1001, 1041):
            await visited.act("number", "step_goal", "set_value", value=goal)
            assert visited.on_band("user_profile", "goal") == goal
            await asyncio.sleep(0.03 + goal % 7 * 0.004)
        assert connections(visited) > 2

    async def test_a_link_that_ended_is_neither_failure_nor_loss(self, visited: House) -> None:
        for _ in range(3):
            await visited.act("button", "find", "press")
            await until_let_go(visited)
        record = visited.entry.runtime_data.keeper.record
        assert record.connections == 4
        assert (record.failures, record.last_error, record.failing_since) == (0, None, None)
        assert record.drops_within(timedelta(hours=1)) == 0

    async def test_the_log_has_no_line_for_each_visit(
        self, visited: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.clear()
        for _ in range(2):
            await visited.act("button", "find", "press")
            await until_let_go(visited)
        assert said(caplog) == []

    async def test_the_log_has_one_line_when_the_band_goes_and_one_when_it_comes(
        self, visited: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.clear()
        await forget_that_it_was_heard(visited)
        await visited.until_state("button", "find", STATE_UNAVAILABLE)
        await visited.bring_band_back()
        await until_let_go(visited)
        assert said(caplog) == [
            "Mi Smart Band 4 Ada can no longer be reached",
            "Mi Smart Band 4 Ada can be reached",
        ]

    async def test_stopping_while_the_band_is_held_lets_it_go(self, visited: House) -> None:
        await visited.call("find_band", duration=60)
        await visited.unload()
        await visited.band.wait_for(lambda: not visited.band.connected)
        assert visited.on_band("find", "levels")[-1] == 0

    async def test_a_visit_costs_the_band_no_more_than_a_link_that_is_kept(
        self, visited: House
    ) -> None:
        before = visited.on_band("att", "operations")
        await visited.entry.runtime_data.async_run(_nothing)
        assert visited.on_band("att", "operations") - before <= OPERATIONS_OF_A_VISIT


class TestAway:
    """A band that is connected to from time to time, and is not there."""

    async def test_a_command_to_a_band_that_nobody_hears_fails_at_once(
        self, visited: House
    ) -> None:
        await forget_that_it_was_heard(visited)
        await visited.until_state("notify", "wrist", STATE_UNAVAILABLE)
        started = asyncio.get_running_loop().time()
        with pytest.raises(HomeAssistantError, match=r"scanner\(s\) registered") as caught:
            await visited.call("notify", message="Soup")
        assert asyncio.get_running_loop().time() - started < 1
        assert caught.value.translation_key == "not_connected"

    async def test_it_is_visited_as_soon_as_it_is_heard_again(self, visited: House) -> None:
        await forget_that_it_was_heard(visited)
        before = connections(visited)
        await visited.bring_band_back()
        assert connections(visited) == before + 1
        await until_let_go(visited)
        assert visited.value("notify", "wrist") != STATE_UNAVAILABLE

    async def test_what_acts_is_unavailable_once_nobody_hears_it_any_more(
        self, hass: HomeAssistant, visited: House, bluetooth_scanner: AttachedScanner
    ) -> None:
        assert visited.value("button", "find") != STATE_UNAVAILABLE
        bluetooth_scanner()
        later = dt_util.utcnow() + timedelta(seconds=UNAVAILABLE_TRACK_SECONDS)
        async_fire_time_changed(hass, later)
        await visited.until_state("button", "find", STATE_UNAVAILABLE)
        assert visited.value("event", "music") != STATE_UNAVAILABLE

    async def test_a_command_waits_only_so_long(
        self, visited: House, monkeypatch: pytest.MonkeyPatch, bluetooth_scanner: AttachedScanner
    ) -> None:
        monkeypatch.setattr(f"{COORDINATOR}.PATIENCE", timedelta(milliseconds=200))
        bluetooth_scanner.adapter.connect_delay_s = 1
        with pytest.raises(HomeAssistantError) as caught:
            await visited.act("button", "find", "press")
        assert caught.value.translation_key == "not_connected"
        await visited.until_connected()
        await until_let_go(visited)
        assert visited.on_band("find", "runs") == 0

    @pytest.mark.parametrize("cut_after", range(OPERATIONS_OF_A_VISIT))
    async def test_a_command_outlasts_a_link_that_is_cut_before_it_can_be_used(
        self, visited: House, cut_after: int
    ) -> None:
        visited.band.faults.cut_after(cut_after)
        await visited.act("number", "step_goal", "set_value", value=4321)
        assert visited.on_band("user_profile", "goal") == 4321
        assert connections(visited) <= 3

    async def test_the_enumeration_of_cuts_reaches_the_command(self, visited: House) -> None:
        """Without this the enumeration could end too early and nobody would see."""
        visited.band.faults.cut_after(OPERATIONS_OF_A_VISIT)
        with pytest.raises(HomeAssistantError) as caught:
            await visited.act("number", "step_goal", "set_value", value=4321)
        assert caught.value.translation_key == "cannot_connect"
        assert connections(visited) == 2

    async def test_a_command_is_told_that_the_band_has_another_key(
        self, hass: HomeAssistant, visited: House
    ) -> None:
        visited.band.wearer.pair_elsewhere(bytes(reversed(KEY)))
        with pytest.raises(HomeAssistantError) as caught:
            await visited.act("button", "find", "press")
        assert caught.value.translation_key == "wrong_key"
        await visited.until_state("button", "find", STATE_UNAVAILABLE)
        with pytest.raises(HomeAssistantError) as caught:
            await visited.call("sync")
        assert caught.value.translation_key == "not_connected"
        (flow,) = visited.entry.async_get_active_flows(hass, {SOURCE_REAUTH})
        hass.config_entries.flow.async_abort(flow["flow_id"])

    async def test_a_command_that_waits_ends_when_the_band_is_unloaded(
        self, visited: House, bluetooth_scanner: AttachedScanner
    ) -> None:
        bluetooth_scanner.adapter.connect_delay_s = 30
        command = asyncio.create_task(visited.call("notify", message="Soup"))
        await asyncio.sleep(0.1)
        assert not command.done()
        await visited.unload()
        with pytest.raises(HomeAssistantError) as caught:
            await command
        assert caught.value.translation_key == "cannot_connect"


class TestSeveral:
    """Bands that share what there is to connect with."""

    async def test_two_bands_share_one_slot(
        self,
        hass: HomeAssistant,
        add_scanner: AddScanner,
        make_band: MakeBand,
    ) -> None:
        await add_scanner(connection_slots=1)
        houses = [await _add(hass, make_band, number) for number in (1, 2)]
        # Home Assistant sets up both with the first.
        await houses[0].set_up()
        for house in houses:
            await until_synced(house)
        for house in (*houses, *houses):
            await until_let_go(house)
            await house.act("number", "step_goal", "set_value", value=5000)
            assert house.on_band("user_profile", "goal") == 5000
        for house in houses:
            await house.unload()

    async def test_a_command_says_so_when_the_slot_is_not_given_back(
        self,
        hass: HomeAssistant,
        add_scanner: AddScanner,
        make_band: MakeBand,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(f"{COORDINATOR}.PATIENCE", timedelta(milliseconds=300))
        await add_scanner(connection_slots=1)
        kept = await _add(hass, make_band, 1, connection_mode="always")
        await kept.set_up()
        await kept.until_connected()
        other = await _add(hass, make_band, 2)
        await async_until_heard(hass, other.band)
        await other.set_up()
        with pytest.raises(HomeAssistantError, match="slot") as caught:
            await other.call("sync")
        assert caught.value.translation_key == "not_connected"
        assert other.entry.runtime_data.keeper.record.last_error == "no_slot"
        await kept.unload()
        await until(lambda: connections(other) == 1)
        await other.unload()

    async def test_one_band_is_kept_beside_one_that_is_visited(
        self,
        hass: HomeAssistant,
        bluetooth_scanner: AttachedScanner,
        make_band: MakeBand,
    ) -> None:
        kept = await _add(hass, make_band, 1, connection_mode="always")
        visited = await _add(hass, make_band, 2)
        await kept.set_up()
        await kept.until_connected()
        await until_synced(visited)
        await until_let_go(visited)
        assert kept.band.authenticated
        assert bluetooth_scanner.adapter.free == bluetooth_scanner.adapter.slots - 1
        await visited.act("notify", "wrist", "send_message", message="For one of them")
        await until_let_go(visited)
        assert "For one of them" not in str(kept.on_band("alerts"))
        assert "For one of them" in str(visited.on_band("alerts"))
        assert connections(kept) == 1
        for house in (kept, visited):
            await house.unload()


class TestThroughAProxy:
    """A band that is reached through an ESPHome proxy."""

    async def test_the_proxy_gets_its_slot_back(
        self, esphome_hass: HomeAssistant, add_proxy: AddProxy, make_band: MakeBand
    ) -> None:
        proxy = await add_proxy(slots=1)

        def told_free() -> int:
            """Return how many slots Home Assistant believes to be free."""
            scanner = async_scanner_by_source(esphome_hass, proxy.bluetooth_mac)
            allocations = scanner.get_allocations() if scanner else None
            return allocations.free if allocations else -1

        house = await _add(esphome_hass, make_band, 1)
        await house.set_up()
        await until_synced(house)
        await until_let_go(house)
        await until(lambda: proxy.adapter.free == told_free() == 1)
        await house.call("find_band", duration=60)
        assert proxy.adapter.free == 0
        await house.call("find_band", stop=True)
        await until(lambda: proxy.adapter.free == told_free() == 1)
        await house.unload()


class TestTroubles:
    """What is told to a person of a band that is visited."""

    @pytest.fixture(autouse=True)
    def short_spans(self, wall_clock_of_the_loop: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{TROUBLES}.CHECK_INTERVAL", timedelta(milliseconds=20))
        monkeypatch.setattr(f"{TROUBLES}.LONG_SILENCE", timedelta(milliseconds=500))
        monkeypatch.setattr(f"{TROUBLES}.LONG_WITHOUT_ADAPTER", timedelta(milliseconds=500))
        monkeypatch.setattr(f"{TROUBLES}.LONG_REFUSAL", timedelta(milliseconds=500))
        monkeypatch.setattr(f"{TROUBLES}.MOST_DROPS", 2)

    async def test_a_band_that_is_let_go_is_no_trouble(self, visited: House) -> None:
        for _ in range(3):
            await asyncio.sleep(0.6)
            await visited.act("button", "find", "press")
            await until_let_go(visited)
            assert issues(visited.hass) == []

    async def test_one_failure_after_a_long_rest_is_no_trouble(
        self, visited: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=200))
        await asyncio.sleep(0.6)
        visited.band.faults.cut_after(1)
        command = asyncio.create_task(visited.act("button", "find", "press"))
        await until(lambda: visited.entry.runtime_data.keeper.record.failures)
        await asyncio.sleep(0.1)
        assert issues(visited.hass) == []
        await command

    async def test_a_band_that_refuses_for_long_is_told_and_can_be_tried_again(
        self, visited: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{COORDINATOR}.PATIENCE", timedelta(milliseconds=100))
        monkeypatch.setattr(f"{KEEPER}.LONGEST_PAUSE", timedelta(milliseconds=40))
        keep_cutting = asyncio.create_task(_cut_every_link(visited.band))
        with pytest.raises(HomeAssistantError):
            await visited.act("button", "find", "press")
        await until(lambda: issues(visited.hass) == ["not_reached"])
        keep_cutting.cancel()
        visited.band.faults.cut_after(None)
        await until(lambda: issues(visited.hass) == [])

    async def test_trying_again_from_the_repair_makes_a_link(self, visited: House) -> None:
        await forget_that_it_was_heard(visited)
        await until(lambda: "not_heard" in issues(visited.hass))
        assert await async_setup_component(visited.hass, "repairs", {})
        manager = repairs_flow_manager(visited.hass)
        assert manager is not None
        issue_id = f"not_heard_{visited.entry.entry_id}"
        flow = await manager.async_init(DOMAIN, context={"issue_id": issue_id})
        page = await manager.async_configure(flow["flow_id"], {})
        assert page["type"] is FlowResultType.SHOW_PROGRESS
        visited.band.faults.out_of_range(value=False)
        # Nobody looks before the band is let go again.
        await visited.until_connected()
        await until_let_go(visited)
        page = await manager.async_configure(flow["flow_id"])
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert issues(visited.hass) == []

    async def test_links_that_are_really_lost_are_told(self, visited: House) -> None:
        for _ in range(2):
            await visited.call("find_band", duration=60)
            links = connections(visited)
            visited.band.faults.cut_after(0)
            await until_connected_more_often(visited, links)
            await until_let_go(visited)
        await until(lambda: "often_lost" in issues(visited.hass))


class TestWaysOut:
    """Leaving a band that is let go just now."""

    @pytest.fixture(autouse=True)
    def short_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{FAREWELL}.NEW_LIFE_TIMEOUT", timedelta(seconds=1))

    @pytest.mark.parametrize("action", ["factory_reset", "unbind"])
    async def test_it_is_connected_to_for_its_reset(self, visited: House, action: str) -> None:
        address = visited.band.address
        assert (await visited.call(action))["heard_as_new"]
        assert visited.band.address != address
        assert not visited.band.bound
        await visited.hass.async_block_till_done()
        for flow in visited.hass.config_entries.flow.async_progress_by_handler(DOMAIN):
            visited.hass.config_entries.flow.async_abort(flow["flow_id"])

    @pytest.mark.parametrize("action", ["factory_reset", "unbind"])
    async def test_one_that_was_not_reset_keeps_its_entry(
        self, visited: House, monkeypatch: pytest.MonkeyPatch, action: str
    ) -> None:
        """It lets us in after the reset, and is let go again before the question is settled."""
        monkeypatch.setattr(visited.band, "_erase", lambda: None)
        with pytest.raises(HomeAssistantError) as caught:
            await visited.call(action)
        assert caught.value.translation_key == "reset_not_confirmed"
        assert visited.hass.config_entries.async_entries(DOMAIN) == [visited.entry]

    async def test_a_band_that_is_away_is_not_reset(self, visited: House) -> None:
        await forget_that_it_was_heard(visited)
        with pytest.raises(HomeAssistantError) as caught:
            await visited.call("factory_reset")
        assert caught.value.translation_key == "last_sync_failed"
        assert visited.band.bound


class TestAlways:
    """A band whose link is kept."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"connection_mode": "always", "sync_interval": OFTEN}

    async def test_the_link_stays_and_the_band_is_read_after_each_interval(
        self, house: House
    ) -> None:
        reads = house.on_band("att", "characteristics", "0007", "reads")
        await until(lambda: house.on_band("att", "characteristics", "0007", "reads") >= reads + 2)
        await asyncio.sleep(2 * LINGER.total_seconds())
        assert connections(house) == 1
        assert house.value("binary_sensor", "connected") == "on"

    async def test_a_command_does_not_wait_for_a_band_that_is_away(self, house: House) -> None:
        await house.lose_band()
        started = asyncio.get_running_loop().time()
        with pytest.raises(HomeAssistantError) as caught:
            await house.call("sync")
        assert asyncio.get_running_loop().time() - started < 1
        assert caught.value.translation_key == "not_connected"


async def _add(
    hass: HomeAssistant, make_band: MakeBand, number: int, connection_mode: str = "periodic"
) -> House:
    band = await make_band(key=KEY, address=f"F3:4E:C4:00:00:0{number}")
    entry = entry_of(
        hass,
        band,
        wearer=str(number),
        identity=str(number) * 32,
        options={"connection_mode": connection_mode},
    )
    return House(hass, band, entry)


async def _cut_every_link(band: EmulatedBand) -> None:
    """Cut each link at its first read or write, until cancelled."""
    while True:
        band.faults.cut_after(1)
        await asyncio.sleep(0.005)


def issues(hass: HomeAssistant) -> list[str]:
    """Return the keys of our repair issues."""
    return [
        str(issue.translation_key)
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    ]


async def _nothing(_: object) -> None:
    """Need the link, and do nothing with it."""


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return our lines that everybody sees."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.mi_band") and record.levelname != "DEBUG"
    ]
