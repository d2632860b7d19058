"""Troubles that need a person are told as repair issues, and these go by themselves."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import IssueEntry
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.archive import FILE_NAME
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.lab import AddScanner

from .bands import MakeBand, held
from .flow import DOMAIN, KEY
from .house import House, until
from .texts import TextWatch

KEEPER = "custom_components.mi_band.keeper"
TROUBLES = "custom_components.mi_band.troubles"
REPAIRS = "custom_components.mi_band.repairs"
WIRE = "custom_components.mi_band.band.wire"
SHORT = timedelta(milliseconds=150)
REASONS = ("name", "since", "reason")

pytestmark = pytest.mark.usefixtures("wall_clock_of_the_loop")


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the minutes and hours that pass with a real band."""
    monkeypatch.setattr(f"{TROUBLES}.CHECK_INTERVAL", timedelta(milliseconds=20))
    monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=20))
    monkeypatch.setattr(f"{KEEPER}.LONGEST_PAUSE", timedelta(milliseconds=40))


@pytest.fixture
async def home(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    band: EmulatedBand,
    entry: MockConfigEntry,
) -> AsyncGenerator[House]:
    """Provide a house that is not set up yet."""
    house = House(hass, band, entry)
    yield house
    await house.unload()


def issues(hass: HomeAssistant) -> dict[str, IssueEntry]:
    """Return our issues by the keys of their texts."""
    return {
        str(issue.translation_key): issue
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


async def until_raised(hass: HomeAssistant, key: str) -> IssueEntry:
    """Wait for an issue and look at what all of them have."""
    await until(lambda: key in issues(hass))
    issue = issues(hass)[key]
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.entry_id in issue.issue_id
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_persistent
    assert (issue.translation_placeholders or {})["name"] == "Mi Smart Band 4 Ada"
    return issue


async def until_gone(hass: HomeAssistant, key: str) -> None:
    await until(lambda: key not in issues(hass))


async def test_a_band_that_is_here_is_no_trouble(hass: HomeAssistant, house: House) -> None:
    await asyncio.sleep(0.1)  # several looks
    await house.lose_band()
    await asyncio.sleep(0.1)
    assert issues(hass) == {}


class TestNotHeard:
    """A band that nobody has heard for long."""

    @pytest.fixture(autouse=True)
    def short_silence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{TROUBLES}.LONG_SILENCE", SHORT)
        monkeypatch.setattr(f"{TROUBLES}.LONG_WITHOUT_ADAPTER", SHORT)

    async def test_it_appears_and_goes_when_the_band_is_back(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await house.lose_band()
        issue = await until_raised(hass, "not_heard")
        assert issue.is_fixable
        words = issue.translation_placeholders or {}
        assert _ago(words["since"]) < timedelta(hours=2)
        assert "scanner(s) registered" in words["reason"]
        await house.bring_band_back()
        await until_gone(hass, "not_heard")

    async def test_it_does_not_appear_while_a_silent_band_is_connected(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert house.value("binary_sensor", "connected") == "on"
        assert issues(hass) == {}

    async def test_hearing_it_is_enough(self, hass: HomeAssistant, house: House) -> None:
        await house.lose_band()
        await until_raised(hass, "not_heard")
        keep_cutting = asyncio.create_task(cut_every_link(house.band))
        house.band.faults.out_of_range(value=False)
        await until_gone(hass, "not_heard")
        assert house.value("binary_sensor", "connected") == "off"
        keep_cutting.cancel()

    async def test_it_is_gone_after_unload(self, hass: HomeAssistant, house: House) -> None:
        await house.lose_band()
        await until_raised(hass, "not_heard")
        await house.unload()
        assert issues(hass) == {}

    async def test_it_is_gone_after_removal(self, hass: HomeAssistant, house: House) -> None:
        await house.lose_band()
        await until_raised(hass, "not_heard")
        await hass.config_entries.async_remove(house.entry.entry_id)
        await hass.async_block_till_done()
        assert issues(hass) == {}

    async def test_a_band_that_was_never_heard_is_told_too(
        self, hass: HomeAssistant, home: House
    ) -> None:
        await home.band.power_off()
        await home.set_up()
        await until_raised(hass, "not_heard")

    async def test_the_text_holds_no_secret(self, hass: HomeAssistant, house: House) -> None:
        await house.lose_band()
        issue = await until_raised(hass, "not_heard")
        told = json.dumps([issue.translation_placeholders, issue.data]).lower()
        assert KEY.hex() not in told
        assert house.band.address.lower() not in told

    async def test_trying_again_ends_it_once_the_band_is_here(
        self, hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch, texts: TextWatch
    ) -> None:
        monkeypatch.setattr(f"{REPAIRS}.TRY_TIMEOUT", SHORT)
        await house.lose_band()
        issue = await until_raised(hass, "not_heard")
        page = await open_fix(hass, issue)
        assert page["step_id"] == "confirm"
        assert page["description_placeholders"] == issue.translation_placeholders
        page = await submit(hass, page)
        assert page["type"] is FlowResultType.FORM
        assert page["errors"] == {"base": "still_away"}
        assert "not_heard" in issues(hass)
        monkeypatch.setattr(f"{REPAIRS}.TRY_TIMEOUT", timedelta(seconds=5))
        house.band.faults.out_of_range(value=False)
        page = await submit(hass, page)
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert house.value("binary_sensor", "connected") == "on"
        assert issues(hass) == {}
        want_fix_texts(texts, "not_heard")

    async def test_a_band_that_is_heard_while_it_is_tried_leaves_a_page_with_words(
        self, hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{REPAIRS}.TRY_TIMEOUT", timedelta(seconds=1))
        await house.lose_band()
        page = await open_fix(hass, await until_raised(hass, "not_heard"))
        words = page["description_placeholders"]
        keep_cutting = asyncio.create_task(cut_every_link(house.band))
        house.band.faults.out_of_range(value=False)
        await until_gone(hass, "not_heard")
        page = await submit(hass, page)
        keep_cutting.cancel()
        assert page["errors"] == {"base": "still_away"}
        assert page["description_placeholders"] == words

    async def test_trying_again_after_the_band_was_removed_ends_in_words(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await house.lose_band()
        page = await open_fix(hass, await until_raised(hass, "not_heard"))
        await house.unload()
        page = await submit(hass, page)
        assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "band_gone")

    async def test_closing_the_dialog_ends_the_try(self, hass: HomeAssistant, house: House) -> None:
        await house.lose_band()
        page = await open_fix(hass, await until_raised(hass, "not_heard"))
        manager = repairs_flow_manager(hass)
        assert manager is not None
        page = await manager.async_configure(page["flow_id"], {})
        assert page["type"] is FlowResultType.SHOW_PROGRESS
        manager.async_abort(page["flow_id"])
        await hass.async_block_till_done()
        assert "not_heard" in issues(hass)


class TestNotReached:
    """A band that is heard and cannot be connected."""

    @pytest.fixture(autouse=True)
    def short_refusal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{TROUBLES}.LONG_REFUSAL", SHORT)

    async def test_it_appears_and_goes_with_a_link(self, hass: HomeAssistant, house: House) -> None:
        house.band.faults.cut_after(0)
        keep_cutting = asyncio.create_task(cut_every_link(house.band))
        issue = await until_raised(hass, "not_reached")
        assert issue.is_fixable
        assert set(issue.translation_placeholders or {}) == {"name", "since", "reason"}
        keep_cutting.cancel()
        house.band.faults.cut_after(None)
        await house.until_connected()
        await until_gone(hass, "not_reached")

    async def test_trying_again_does_not_wait_for_the_pause_after_failures(
        self, hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch, texts: TextWatch
    ) -> None:
        monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(minutes=1))
        monkeypatch.setattr(f"{KEEPER}.LONGEST_PAUSE", timedelta(minutes=1))
        house.band.faults.cut_after(0)
        issue = await until_raised(hass, "not_reached")
        page = await submit(hass, await open_fix(hass, issue))
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert house.value("binary_sensor", "connected") == "on"
        assert issues(hass) == {}
        want_fix_texts(texts, "not_reached")

    async def test_it_does_not_appear_while_the_band_is_away(
        self, hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{TROUBLES}.FRESH", timedelta(milliseconds=50))
        await house.lose_band()
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert issues(hass) == {}

    async def test_a_refused_key_is_not_told_twice(
        self, hass: HomeAssistant, house: House, make_band: MakeBand
    ) -> None:
        await house.band.power_off()
        await house.until_state("binary_sensor", "connected", "off")
        rebound = await make_band(key=bytes(reversed(KEY)), address=house.band.address)
        await until(lambda: hass.config_entries.flow.async_progress_by_handler(DOMAIN))
        await rebound.wait_for(lambda: not rebound.connected)
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert issues(hass) == {}
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
            hass.config_entries.flow.async_abort(flow["flow_id"])


class TestOftenLost:
    """A band that connects and disconnects all the time."""

    @pytest.fixture(autouse=True)
    def few_drops(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{TROUBLES}.MOST_DROPS", 3)

    async def test_it_appears_with_its_facts_and_goes_once_the_link_has_held(
        self, hass: HomeAssistant, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            assert "often_lost" not in issues(hass)
            await drop(house)
        issue = await until_raised(hass, "often_lost")
        assert not issue.is_fixable
        words = issue.translation_placeholders or {}
        assert words["count"] == "3"
        assert words["signal"].endswith(" dBm")
        assert words["scanner"].startswith("adapter")
        assert house.value("binary_sensor", "connected") == "on"
        await asyncio.sleep(0.1)
        assert "often_lost" in issues(hass)
        # As if the hour were over.
        monkeypatch.setattr(f"{TROUBLES}.DROPS_SPAN", timedelta())
        await until_gone(hass, "often_lost")

    async def test_it_is_gone_after_unload(self, hass: HomeAssistant, house: House) -> None:
        for _ in range(3):
            await drop(house)
        await until_raised(hass, "often_lost")
        await house.unload()
        assert issues(hass) == {}


class TestNoAdapter:
    """A house without anything that can connect."""

    @pytest.fixture(autouse=True)
    def short_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{TROUBLES}.LONG_WITHOUT_ADAPTER", SHORT)
        monkeypatch.setattr(f"{TROUBLES}.LONG_SILENCE", SHORT)

    async def test_it_appears_and_goes_with_a_new_adapter(
        self, house: House, bluetooth_scanner: AttachedScanner, add_scanner: AddScanner
    ) -> None:
        hass = house.hass
        bluetooth_scanner()
        issue = await until_raised(hass, "no_connectable_adapter")
        assert not issue.is_fixable
        # That nothing hears the band follows from it.
        assert set(issues(hass)) == {"no_connectable_adapter"}
        await add_scanner(source="00:00:00:00:00:99")
        await until_gone(hass, "no_connectable_adapter")

    async def test_it_is_gone_after_unload(
        self, hass: HomeAssistant, house: House, bluetooth_scanner: AttachedScanner
    ) -> None:
        bluetooth_scanner()
        await until_raised(hass, "no_connectable_adapter")
        await house.unload()
        assert issues(hass) == {}


class TestHeldBySystem:
    """A band that somebody paired in the operating system's Bluetooth settings."""

    @pytest.fixture(autouse=True)
    def short_hold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{TROUBLES}.LONG_HOLD", SHORT)

    @pytest.fixture
    def system(self, bluetooth_scanner: AttachedScanner, band: EmulatedBand) -> dict[str, object]:
        """Provide what the operating system says of the band."""
        return bluetooth_scanner.adapter.system.setdefault(band.address, {})

    async def test_a_link_of_the_system_is_told_and_goes_with_it(
        self, hass: HomeAssistant, house: House, system: dict[str, object]
    ) -> None:
        await house.lose_band()
        system["Connected"] = True
        issue = await until_raised(hass, "held_by_system")
        assert issue.is_fixable
        words = issue.translation_placeholders or {}
        assert words["address"] == house.band.address
        assert _ago(words["since"]) < timedelta(hours=2)
        system["Connected"] = False
        await until_gone(hass, "held_by_system")

    @pytest.mark.parametrize("word", ["Paired", "Bonded"])
    async def test_a_bond_is_told_when_links_fail_and_goes_with_it(
        self, hass: HomeAssistant, house: House, system: dict[str, object], word: str
    ) -> None:
        system[word] = True
        house.band.faults.cut_after(0)
        keep_cutting = asyncio.create_task(cut_every_link(house.band))
        await until_raised(hass, "held_by_system")
        del system[word]
        await until_gone(hass, "held_by_system")
        assert house.value("binary_sensor", "connected") == "off"
        keep_cutting.cancel()

    async def test_it_goes_with_a_link(
        self, hass: HomeAssistant, house: House, system: dict[str, object]
    ) -> None:
        await house.lose_band()
        system["Connected"] = True
        await until_raised(hass, "held_by_system")
        await house.bring_band_back()
        await until_gone(hass, "held_by_system")

    async def test_neither_is_a_trouble_while_there_is_a_link(
        self, hass: HomeAssistant, house: House, system: dict[str, object]
    ) -> None:
        # A link of ours is one of the system's too.
        system.update(Paired=True, Bonded=True, Connected=True)
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert house.value("binary_sensor", "connected") == "on"
        assert issues(hass) == {}

    async def test_a_bond_of_a_band_that_is_out_is_no_trouble(
        self,
        hass: HomeAssistant,
        house: House,
        system: dict[str, object],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(f"{KEEPER}.SHORT_LINK", timedelta())
        system.update(Paired=True, Bonded=True, Connected=False)
        await house.lose_band()
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert issues(hass) == {}

    async def test_a_system_that_only_heard_the_band_is_no_trouble(
        self, hass: HomeAssistant, house: House, system: dict[str, object]
    ) -> None:
        system.update(Paired=False, Bonded=False, Connected=False, Trusted=True)
        house.band.faults.cut_after(0)
        keep_cutting = asyncio.create_task(cut_every_link(house.band))
        await asyncio.sleep(2 * SHORT.total_seconds())
        assert issues(hass) == {}
        keep_cutting.cancel()

    async def test_trying_again_ends_it_once_the_band_was_removed_there(
        self, hass: HomeAssistant, house: House, system: dict[str, object], texts: TextWatch
    ) -> None:
        await house.lose_band()
        system["Connected"] = True
        page = await open_fix(hass, await until_raised(hass, "held_by_system"))
        assert page["description_placeholders"]["address"] == house.band.address
        system.clear()
        house.band.faults.out_of_range(value=False)
        page = await submit(hass, page)
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert issues(hass) == {}
        want_fix_texts(texts, "held_by_system", {"name", "since", "address"})

    async def test_it_is_gone_after_unload(
        self, hass: HomeAssistant, house: House, system: dict[str, object]
    ) -> None:
        await house.lose_band()
        system["Connected"] = True
        await until_raised(hass, "held_by_system")
        await house.unload()
        assert issues(hass) == {}


class TestDamagedStore:
    """A store that could not be read, and was moved aside."""

    @pytest.fixture
    async def damaged(self, hass: HomeAssistant) -> None:
        """Damage the store before anything opens it."""
        file = Path(hass.config.path(FILE_NAME))
        await hass.async_add_executor_job(file.write_bytes, b"SQLite format 3\0" + bytes(256))

    async def test_it_is_told_until_somebody_has_read_it(
        self, hass: HomeAssistant, damaged: None, house: House, texts: TextWatch
    ) -> None:
        await house.unload()
        await house.set_up()
        issue = issues(hass)["history_corrupt"]
        page = await open_fix(hass, issue)
        assert page["description_placeholders"] == issue.translation_placeholders
        page = await submit(hass, page)
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert issues(hass) == {}
        confirm = ("issues", "history_corrupt", "fix_flow", "step", "confirm")
        texts.want(*confirm, "title")
        texts.want(*confirm, "description", filled_by=("file", "minutes"))


class TestAlertsNotShown:
    """A band that stopped acknowledging alerts."""

    @pytest.fixture(autouse=True)
    def short_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{WIRE}.ACKNOWLEDGEMENT_TIMEOUT", timedelta(milliseconds=20))

    @pytest.fixture
    async def silent(self, house: House) -> House:
        """Provide a house whose band acknowledged an alert, and then three no more."""
        await alert(house)
        house.band.faults.lose("0020", 3)
        for _ in range(3):
            assert issues(house.hass) == {}
            await alert(house)
        return house

    async def test_it_appears_after_three_and_goes_with_the_next_acknowledgement(
        self, hass: HomeAssistant, silent: House
    ) -> None:
        issue = await until_raised(hass, "alerts_not_shown")
        assert issue.is_fixable
        assert (issue.translation_placeholders or {})["count"] == "3"
        await alert(silent)
        await until_gone(hass, "alerts_not_shown")

    async def test_both_the_action_and_the_entity_count(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await house.call("notify", message="once")
        house.band.faults.lose("0020", 3)
        await house.call("notify", message="twice")
        await alert(house)
        await house.call("notify", message="three times", icon="message")
        await until_raised(hass, "alerts_not_shown")

    async def test_a_band_that_never_acknowledges_is_no_trouble(
        self, hass: HomeAssistant, house: House
    ) -> None:
        house.band.faults.lose("0020", 10)
        for _ in range(6):
            await alert(house)
        await asyncio.sleep(0.1)
        assert issues(hass) == {}

    async def test_three_that_are_not_in_a_row_are_no_trouble(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await alert(house)
        for _ in range(2):
            house.band.faults.lose("0020", 2)
            for _ in range(3):
                await alert(house)
        await asyncio.sleep(0.1)
        assert issues(hass) == {}

    async def test_missed_calls_are_never_acknowledged_and_count_for_nothing(
        self, hass: HomeAssistant, house: House
    ) -> None:
        await alert(house)
        for _ in range(4):
            await house.call("notify", message="who", icon="missed_call")
        await asyncio.sleep(0.1)
        assert issues(hass) == {}

    async def test_it_stays_through_a_restart(self, hass: HomeAssistant, silent: House) -> None:
        await until_raised(hass, "alerts_not_shown")
        await silent.unload()
        assert issues(hass) == {}
        await silent.set_up()
        await until_raised(hass, "alerts_not_shown")

    async def test_no_alert_costs_more_than_it_did(self, house: House) -> None:
        before = house.on_band("att", "operations")
        await alert(house)
        # The subscription, once in the life of a link, and the alert in one piece.
        assert house.on_band("att", "operations") - before == 2
        await alert(house)
        assert house.on_band("att", "operations") - before == 3
        assert house.band.vibrations == 2

    async def test_a_test_alert_that_is_acknowledged_ends_it(
        self, hass: HomeAssistant, silent: House, texts: TextWatch
    ) -> None:
        page = await open_fix(hass, await until_raised(hass, "alerts_not_shown"))
        assert page["step_id"] == "confirm"
        assert page["description_placeholders"]["count"] == "3"
        vibrations = silent.band.vibrations
        page = await submit(hass, page)
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert silent.band.vibrations == vibrations + 1
        assert silent.band.screen.content.title == "Home Assistant"
        assert issues(hass) == {}
        want_fix_texts(texts, "alerts_not_shown", {"name", "count"})
        seen = ("issues", "alerts_not_shown", "fix_flow", "step", "seen")
        for text in ("title", "description"):
            texts.want(*seen, text, filled_by={"name", "count", "time"})
        texts.want(*seen, "data", "seen")
        texts.want(*seen, "data_description", "seen")
        texts.want("issues", "alerts_not_shown", "fix_flow", "error", "not_seen")

    async def test_a_person_who_saw_the_test_alert_ends_it_until_the_band_acknowledges_again(
        self, hass: HomeAssistant, silent: House
    ) -> None:
        page = await open_fix(hass, await until_raised(hass, "alerts_not_shown"))
        silent.band.faults.lose("0020", 10)
        page = await submit(hass, page)
        assert page["step_id"] == "seen"
        assert page["description_placeholders"]["time"] == silent.band.screen.content.body
        page = await submit(hass, page, {"seen": True})
        assert page["type"] is FlowResultType.CREATE_ENTRY
        assert issues(hass) == {}
        for _ in range(4):
            await alert(silent)
        assert issues(hass) == {}
        silent.band.faults.lose("0020", 0)
        await alert(silent)
        silent.band.faults.lose("0020", 3)
        for _ in range(3):
            await alert(silent)
        await until_raised(hass, "alerts_not_shown")

    async def test_a_test_alert_that_nobody_saw_leads_back_to_the_remedies(
        self, hass: HomeAssistant, silent: House
    ) -> None:
        page = await open_fix(hass, await until_raised(hass, "alerts_not_shown"))
        silent.band.faults.lose("0020", 1)
        page = await submit(hass, page)
        page = await submit(hass, page, {"seen": False})
        assert (page["step_id"], page["errors"]) == ("confirm", {"base": "not_seen"})
        assert "alerts_not_shown" in issues(hass)
        page = await submit(hass, page)
        assert page["type"] is FlowResultType.CREATE_ENTRY

    async def test_a_test_alert_without_a_link_is_told(
        self, hass: HomeAssistant, silent: House
    ) -> None:
        page = await open_fix(hass, await until_raised(hass, "alerts_not_shown"))
        await silent.lose_band()
        page = await submit(hass, page)
        assert page["errors"] == {"base": "still_away"}
        await silent.unload()
        page = await submit(hass, page)
        assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "band_gone")


def _ago(shown: str) -> timedelta:
    """Return how long ago a moment was that a text has."""
    moment = datetime.strptime(shown, "%Y-%m-%d %H:%M")  # noqa: DTZ007  the house's time
    return abs(dt_util.now().replace(tzinfo=None) - moment)


async def alert(house: House) -> None:
    """Send an alert through the entity."""
    await house.act("notify", "wrist", "send_message", message="hello")


async def drop(house: House) -> None:
    """Lose the link once, and wait until it is back."""
    connections = held(house.band)["connections"]
    house.band.faults.cut_after(0)
    await until(lambda: held(house.band)["connections"] > connections)
    await house.until_connected()


async def cut_every_link(band: EmulatedBand) -> None:
    """Cut each link at its first read or write, until cancelled."""
    while True:
        band.faults.cut_after(1)
        await asyncio.sleep(0.005)


async def open_fix(hass: HomeAssistant, issue: IssueEntry) -> Any:
    """Open the dialog of an issue."""
    assert await async_setup_component(hass, "repairs", {})
    manager = repairs_flow_manager(hass)
    assert manager is not None
    return await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id})


async def submit(hass: HomeAssistant, page: Any, answer: dict[str, Any] | None = None) -> Any:
    """Submit a page and wait out the progress, as the dialog does."""
    manager = repairs_flow_manager(hass)
    assert manager is not None
    page = await manager.async_configure(page["flow_id"], answer or {})
    async with asyncio.timeout(60):
        while page["type"] in {FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE}:
            await asyncio.sleep(0.02)
            page = await manager.async_configure(page["flow_id"])
    return page


def want_fix_texts(texts: TextWatch, key: str, filled_by: Iterable[str] = REASONS) -> None:
    """Note what the dialog of an issue lacks."""
    fix = ("issues", key, "fix_flow")
    texts.want(*fix, "step", "confirm", "title", filled_by=filled_by)
    texts.want(*fix, "step", "confirm", "description", filled_by=filled_by)
    texts.want(*fix, "step", "trying", "title")
    texts.want(*fix, "progress", "trying")
    texts.want(*fix, "error", "still_away")
    texts.want(*fix, "abort", "band_gone")
