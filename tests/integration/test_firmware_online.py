"""Asking the maker for newer firmware: when, what comes of each answer, and what is installed."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
import json
import logging
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.mi_band.account_constants import Vendor
from custom_components.mi_band.firmware_library import async_get_library
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.catalogue import Offer, Release, release
from tests.emulator.gatt.device_info import Identity
from tests.emulator.gatt.firmware import Running
from tests.emulator.vendor import Cut, EmulatedVendor, Fault, Reply, Step

from .bands import MakeBand
from .flow import KEY
from .house import IDENTITY, House, until

OURS = "custom_components.mi_band"
WATCH = f"{OURS}.firmware_watch"
OLDER, RUNS, NEW = "1.0.9.58", "1.0.9.66", "1.0.9.68"
OFFERED, NOTHING_NEWER, UNKNOWN = ("on", NEW), ("off", RUNS), ("unknown", None)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PATIENCE = timedelta(seconds=1)


class Clock:
    """The time of day, which passes only when a test says so."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.now = dt_util.utcnow()
        self._hass = hass

    def __call__(self) -> datetime:
        return self.now

    def advance(self, span: timedelta) -> None:
        """Let time pass, and what was due in it happen."""
        self.now += span
        async_fire_time_changed(self._hass, self.now)


@pytest.fixture
def clock(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Provide the time."""
    clock = Clock(hass)
    monkeypatch.setattr(dt_util, "utcnow", clock)
    return clock


@pytest.fixture
async def vendor(loopback: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[EmulatedVendor]:
    """Provide the maker's catalogue with something newer; it found nothing wrong with us."""
    async with EmulatedVendor(key=KEY) as vendor:
        vendor.catalogue.releases = [release(OLDER), release(NEW)]
        monkeypatch.setattr(f"{WATCH}.VENDOR", Vendor(base=vendor.base))
        yield vendor
        assert not vendor.violations


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77)


@pytest.fixture
def options() -> dict[str, Any]:
    """Let the maker be asked."""
    return {"check_firmware_online": True}


class Lab:
    """A house, the maker whom it may ask, and the time that passes for both."""

    def __init__(
        self, house: House, vendor: EmulatedVendor, clock: Clock, kept: dict[str, Any]
    ) -> None:
        self.house = house
        self.vendor = vendor
        self.clock = clock
        self.kept = kept
        """What Home Assistant has on its disk."""

    @property
    def memory(self) -> Any:
        """What is on the disk of the maker's answers; Any, for that is JSON."""
        stored = self.kept.get(f"mi_band.{self.house.entry.entry_id}.firmware")
        return stored["data"] if stored else None

    def latest(self) -> tuple[str, object]:
        """Return what the entity shows: its state, and the version beside it."""
        state = self.house.state("update", "firmware")
        return state.state, state.attributes["latest_version"]

    async def settle(self) -> None:
        """Wait until the band was read, as it is after every hour, and is left alone again."""
        await self.house.until_connected()
        shown = self.clock.now.replace(microsecond=0).isoformat()
        await self.house.until_state("sensor", "last_sync", shown)
        await self.house.hass.async_block_till_done()

    async def let_pass(self, span: timedelta) -> None:
        """Let time pass that the band spends here."""
        await self.settle()
        self.clock.advance(span)
        await self.settle()

    async def ask(self, after: timedelta = HOUR) -> None:
        """Let so much time pass that there is a question, and wait for what comes of it."""
        before = self._outcome
        await self.let_pass(after)
        await until(lambda: self._outcome != before)
        await self.house.hass.async_block_till_done()

    @property
    def _outcome(self) -> tuple[int, object]:
        memory = self.memory
        return (memory["failures"], memory["answer"]) if memory else (0, None)

    @property
    def due(self) -> datetime:
        """When the next question is due."""
        return datetime.fromisoformat(self.memory["due"])

    async def restart(self) -> None:
        """Set the band up anew, as a restart of Home Assistant does."""
        await self.house.unload()
        # So that its new reading differs from the last.
        self.clock.now += timedelta(seconds=1)
        await self.house.set_up()
        await self.settle()

    async def install(self, **data: object) -> None:
        """Press the button."""
        await self.house.act("update", "firmware", "install", **data)

    async def fail_to_install(self, **data: object) -> HomeAssistantError:
        """Press the button, which has to fail without a byte for the band."""
        with pytest.raises(HomeAssistantError) as caught:
            await self.install(**data)
        assert self.house.on_band("firmware", "inits") == []
        assert self.house.band.firmware.running is Running.OLD
        assert self.house.state("update", "firmware").attributes["in_progress"] is False
        return caught.value


@pytest.fixture
async def lab(
    vendor: EmulatedVendor, clock: Clock, hass_storage: dict[str, Any], house: House
) -> Lab:
    """Provide a house in which the maker may be asked."""
    return Lab(house, vendor, clock, hass_storage)


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a person sees of us in the log, beside the band's coming and going."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.INFO and record.name == WATCH
    ]


# Whether it asks, and when


class TestNotChosen:
    """A house in which nobody chose to ask the maker, as every house is at first."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {}

    async def test_nobody_is_asked(self, lab: Lab) -> None:
        for _ in range(3):
            await lab.let_pass(DAY)
        assert lab.vendor.requests == []
        assert lab.latest() == UNKNOWN
        assert lab.memory is None

    async def test_it_can_be_chosen_and_left_again(self, lab: Lab) -> None:
        lab.clock.now += timedelta(seconds=1)
        await lab.house.choose(check_firmware_online=True)
        await lab.ask()
        assert lab.latest() == OFFERED
        lab.clock.now += timedelta(seconds=1)
        await lab.house.choose(check_firmware_online=False)
        assert lab.latest() == UNKNOWN
        await lab.let_pass(3 * DAY)
        assert lab.vendor.steps == {Step.NEW_VERSION: 1}


async def test_a_newer_version_is_told_and_nothing_is_fetched(lab: Lab) -> None:
    assert lab.latest() == UNKNOWN
    await lab.ask()
    assert lab.latest() == OFFERED
    assert lab.vendor.catalogue.asked == [f"V{RUNS}"]
    assert lab.vendor.steps == {Step.NEW_VERSION: 1}


async def test_nothing_that_tells_who_asks_is_in_the_question(lab: Lab) -> None:
    await lab.ask()
    (question,) = lab.vendor.catalogue.questions
    hass = lab.house.hass
    said = json.dumps([dict(question.query), dict(question.headers)]).lower()
    secrets = [
        KEY.hex(),
        IDENTITY,
        lab.house.band.address,
        lab.house.band.address.replace(":", ""),
        lab.house.on_band("device", "serial"),
        lab.house.entry.title,
        "ada",
        lab.house.entry.entry_id,
        hass.config.time_zone,
        hass.config.location_name,
        "homeassistant",
        "cookie",
    ]
    assert [secret for secret in secrets if secret.lower() in said] == []
    assert question.query["firmwareVersion"] == lab.house.on_band("device", "software")
    assert question.query["hardwareVersion"] == lab.house.on_band("device", "hardware")
    assert question.query["deviceSource"] == "25"
    assert question.headers["lang"] == "en_US"


async def test_texts_and_fonts_are_asked_for_in_the_house_s_language_as_far_as_there_is_one(
    lab: Lab,
) -> None:
    lab.house.hass.config.language = "zh-Hans"
    await lab.ask()
    (question,) = lab.vendor.catalogue.questions
    assert question.headers["lang"] == "zh_CN"


class TestVariantWithNfc:
    """A band of the other variant."""

    @pytest.fixture
    async def band(self, make_band: MakeBand) -> EmulatedBand:
        return await make_band(
            key=KEY, identity=Identity(product_version=256, hardware="V0.25.131.21")
        )

    async def test_it_is_asked_about_as_that(self, lab: Lab) -> None:
        await lab.ask()
        (question,) = lab.vendor.catalogue.questions
        assert question.query["deviceSource"] == "24"
        assert question.query["hardwareVersion"] == "V0.25.131.21"


class TestVariantThatNobodyKnows:
    """A band whose variant no document has."""

    @pytest.fixture
    async def band(self, make_band: MakeBand) -> EmulatedBand:
        return await make_band(key=KEY, identity=Identity(product_version=258))

    async def test_it_is_not_asked_about(self, lab: Lab) -> None:
        for _ in range(3):
            await lab.let_pass(HOUR)
        assert lab.vendor.requests == []


async def test_a_band_is_asked_about_once_a_day_at_most(lab: Lab) -> None:
    began = lab.clock.now
    moments: list[datetime] = []
    for _ in range(5 * 8):
        await lab.let_pass(3 * HOUR)
        await until(lambda: lab.memory is not None and lab.due > lab.clock.now)
        if len(lab.vendor.requests) > len(moments):
            moments.append(lab.clock.now)
    assert len(moments) == len(lab.vendor.requests) >= 4
    assert moments[0] - began <= 3 * HOUR
    spans = [later - earlier for earlier, later in pairwise(moments)]
    # The clock here goes in steps of three hours.
    assert all(DAY <= span <= 33 * HOUR for span in spans)
    assert lab.latest() == OFFERED


async def test_two_houses_do_not_ask_at_the_same_moment(lab: Lab) -> None:
    dues = set()
    for _ in range(3):
        await lab.ask(after=2 * DAY)
        dues.add(lab.due - lab.clock.now)
    assert len(dues) == 3
    assert all(DAY <= due <= timedelta(hours=30) for due in dues)


async def test_a_restart_asks_nothing_and_forgets_nothing(lab: Lab) -> None:
    await lab.ask()
    await lab.restart()
    assert lab.latest() == OFFERED
    await lab.let_pass(22 * HOUR)
    assert lab.vendor.steps == {Step.NEW_VERSION: 1}
    assert lab.latest() == OFFERED
    await lab.install()
    await until(lambda: lab.latest() == ("off", NEW))


async def test_a_restart_in_the_middle_of_a_question_asks_no_second_one(lab: Lab) -> None:
    lab.vendor.faults[Step.NEW_VERSION] = Fault(Cut.SILENT)
    await lab.let_pass(HOUR)
    await lab.vendor.reached(Step.NEW_VERSION)
    lab.vendor.faults.clear()
    await lab.restart()
    await lab.let_pass(22 * HOUR)
    assert lab.vendor.steps == {Step.NEW_VERSION: 1}
    await lab.ask(after=9 * HOUR)
    assert lab.latest() == OFFERED


async def test_a_clock_that_was_years_ahead_does_not_end_the_asking(lab: Lab) -> None:
    await lab.ask()
    await lab.house.unload()
    lab.memory["due"] = (lab.clock.now + timedelta(days=900)).isoformat()
    lab.memory["answer"]["asked"] = (lab.clock.now + timedelta(days=899)).isoformat()
    await lab.restart()
    assert lab.latest() == UNKNOWN
    await lab.ask(after=timedelta(hours=31))
    assert lab.latest() == OFFERED


async def test_an_answer_does_not_hold_for_ever(lab: Lab) -> None:
    await lab.ask()
    await lab.settle()
    await lab.house.lose_band()
    for _ in range(12):
        lab.clock.advance(3 * HOUR)
        await lab.house.hass.async_block_till_done()
    await lab.house.bring_band_back()
    assert lab.latest() == UNKNOWN
    # Who is away is not asked about.
    assert lab.vendor.steps == {Step.NEW_VERSION: 1}
    await lab.ask()
    assert lab.latest() == OFFERED
    assert lab.vendor.steps == {Step.NEW_VERSION: 2}


async def test_what_was_kept_goes_with_the_band(lab: Lab) -> None:
    await lab.ask()
    assert lab.memory is not None
    await lab.house.hass.config_entries.async_remove(lab.house.entry.entry_id)
    await lab.house.hass.async_block_till_done()
    assert lab.memory is None


# What comes of each answer

TOLD: dict[Offer, tuple[str, str | None]] = {
    Offer.NEWER: OFFERED,
    Offer.NOTHING_NEW: NOTHING_NEWER,
    Offer.OLDER: NOTHING_NEWER,
    Offer.NULL: UNKNOWN,
    Offer.HTML: UNKNOWN,
    Offer.NOT_FOUND: UNKNOWN,
    Offer.RATE_LIMITED: UNKNOWN,
    Offer.SERVER_ERROR: UNKNOWN,
    Offer.ODD_TYPES: UNKNOWN,
    Offer.ODD_VERSION: UNKNOWN,
    Offer.NO_CHECKSUM: OFFERED,
    Offer.WRONG_CHECKSUM: OFFERED,
    Offer.WRONG_SIZE: OFFERED,
    Offer.HUGE: OFFERED,
    Offer.FOREIGN_HOST: OFFERED,
    Offer.PLAIN_HTTP: OFFERED,
    Offer.FILE_MISSING: OFFERED,
    Offer.FILE_TRUNCATED: OFFERED,
    Offer.FILE_TOO_LONG: OFFERED,
    Offer.FILE_OF_ANOTHER: OFFERED,
    Offer.FILE_ELSEWHERE: OFFERED,
}
# What a person reads who presses the button, and how many files were asked for.
REFUSED: dict[Offer, tuple[str, int]] = {
    Offer.NO_CHECKSUM: ("firmware_not_trusted", 0),
    Offer.WRONG_CHECKSUM: ("firmware_not_trusted", 1),
    Offer.WRONG_SIZE: ("firmware_not_trusted", 1),
    Offer.HUGE: ("firmware_not_trusted", 0),
    Offer.FOREIGN_HOST: ("firmware_not_trusted", 0),
    Offer.PLAIN_HTTP: ("firmware_not_trusted", 0),
    Offer.FILE_MISSING: ("firmware_unreachable", 1),
    Offer.FILE_TRUNCATED: ("firmware_not_trusted", 1),
    Offer.FILE_TOO_LONG: ("firmware_not_trusted", 1),
    Offer.FILE_OF_ANOTHER: ("file_of_another_model", 1),
    Offer.FILE_ELSEWHERE: ("firmware_not_trusted", 1),
}
# The answer itself is right, so that another try may come through.
PASSING = {
    Offer.FILE_MISSING,
    Offer.FILE_TRUNCATED,
    Offer.FILE_TOO_LONG,
    Offer.FILE_ELSEWHERE,
}


def test_every_answer_of_the_catalogue_is_gone_through() -> None:
    assert TOLD.keys() == set(Offer)
    assert REFUSED.keys() | {Offer.NEWER} == {
        offer for offer, told in TOLD.items() if told == OFFERED
    }


@pytest.mark.parametrize(("offer", "told"), TOLD.items())
async def test_the_entity_tells_what_is_known_and_the_log_what_is_not(
    lab: Lab, caplog: pytest.LogCaptureFixture, offer: Offer, told: tuple[str, str | None]
) -> None:
    lab.vendor.catalogue.offer = offer
    caplog.clear()
    await lab.ask()
    assert lab.latest() == told
    assert len(_lines(caplog)) == (told == UNKNOWN)
    await lab.ask(after=2 * DAY)
    assert lab.latest() == told
    assert len(_lines(caplog)) == (told == UNKNOWN)
    assert lab.vendor.steps == {Step.NEW_VERSION: 2}


@pytest.mark.parametrize(("offer", "refused"), REFUSED.items())
async def test_nothing_of_a_bad_offer_reaches_the_band(
    lab: Lab, caplog: pytest.LogCaptureFixture, offer: Offer, refused: tuple[str, int]
) -> None:
    lab.vendor.catalogue.offer = offer
    await lab.ask()
    caplog.clear()
    error = await lab.fail_to_install()
    assert (error.translation_key, lab.vendor.steps[Step.FILE]) == refused
    assert len(_lines(caplog)) == (offer is not Offer.FILE_OF_ANOTHER)
    if offer in PASSING:
        lab.vendor.catalogue.offer = Offer.NEWER
        await lab.install()
        await until(lambda: lab.latest() == ("off", NEW))


@pytest.mark.parametrize(
    "release",
    [
        Release(version="1.0.9.70", firmware=files.firmware(NEW, size=6000)),
        Release(version=NEW, firmware=files.font(size=6000)),
        Release(
            version=NEW,
            firmware=files.firmware(NEW, size=6000),
            resources=files.font(size=3000),
        ),
        Release(
            version=NEW,
            firmware=files.firmware(NEW, size=6000),
            resources=files.packed_resources(size=3000),
            font=files.watchface(),
        ),
    ],
    ids=["another version", "a font as firmware", "a font as resources", "a face as font"],
)
async def test_nothing_is_sent_when_one_file_is_something_else(lab: Lab, release: Release) -> None:
    lab.vendor.catalogue.releases = [release]
    await lab.ask()
    error = await lab.fail_to_install()
    assert error.translation_key == "firmware_not_trusted"


async def test_what_is_no_file_for_a_band_is_refused_as_a_file_of_one_s_own_is(lab: Lab) -> None:
    lab.vendor.catalogue.releases = [replace(release(NEW), resources=b"PK\x03\x04" + bytes(3000))]
    await lab.ask()
    error = await lab.fail_to_install()
    assert error.translation_key == "file_refused"


@pytest.mark.parametrize("cut", Cut)
async def test_a_question_that_is_not_answered_whole_tells_nothing(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, cut: Cut
) -> None:
    monkeypatch.setattr(f"{WATCH}.VENDOR", Vendor(base=lab.vendor.base, timeout=PATIENCE))
    lab.vendor.faults[Step.NEW_VERSION] = Fault(cut)
    caplog.clear()
    await lab.ask()
    assert lab.latest() == UNKNOWN
    assert len(_lines(caplog)) == 1


@pytest.mark.parametrize("skip", [0, 1], ids=["firmware", "resources"])
@pytest.mark.parametrize("cut", Cut)
async def test_a_file_that_does_not_come_whole_is_told_and_another_try_comes_through(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, cut: Cut, skip: int
) -> None:
    monkeypatch.setattr(f"{OURS}.catalogue_client.DOWNLOAD_TIMEOUT", PATIENCE)
    await lab.ask()
    lab.vendor.skip[Step.FILE] = skip
    lab.vendor.faults[Step.FILE] = Fault(cut)
    error = await lab.fail_to_install()
    assert error.translation_key == "firmware_unreachable"
    lab.vendor.faults.clear()
    await lab.install()
    await until(lambda: lab.latest() == ("off", NEW))


async def test_a_maker_who_is_not_there_is_told_with_what_to_do(lab: Lab) -> None:
    await lab.ask()
    await lab.vendor.stop()
    error = await lab.fail_to_install()
    assert error.translation_key == "firmware_unreachable"
    assert error.translation_placeholders == {
        "version": NEW,
        "folder": str(Path(lab.house.hass.config.path("mi_band"))),
    }


async def test_a_catalogue_that_is_silent_for_days_has_one_line_in_the_log(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    await lab.ask()
    assert lab.latest() == OFFERED
    lab.vendor.catalogue.offer = Offer.RATE_LIMITED
    caplog.clear()
    for _ in range(3):
        await lab.ask(after=timedelta(hours=31))
        assert lab.latest() == UNKNOWN
    await lab.restart()
    await lab.ask(after=timedelta(hours=31))
    (line,) = _lines(caplog)
    assert "429" in line
    lab.vendor.catalogue.offer = Offer.NEWER
    await lab.ask(after=timedelta(hours=31))
    assert lab.latest() == OFFERED
    assert len(_lines(caplog)) == 2
    hosts = [host for _, host in lab.vendor.requests]
    # Each of them has had a turn.
    assert hosts[0] == hosts[1]
    assert len({*hosts}) == 3


@pytest.mark.parametrize(
    "body", [b'{"code": 0, "message": "unknown device"}', b'{"firmwareVersion": ""}', b"[]", b"7"]
)
async def test_an_answer_to_another_question_tells_nothing(lab: Lab, body: bytes) -> None:
    lab.vendor.replies[Step.NEW_VERSION] = Reply(body=body)
    await lab.ask()
    assert lab.latest() == UNKNOWN


async def test_an_endless_answer_tells_nothing(lab: Lab) -> None:
    endless = json.dumps({"firmwareVersion": f"V{NEW}", "changeLog": "x" * (1 << 20)})
    lab.vendor.replies[Step.NEW_VERSION] = Reply(body=endless.encode())
    await lab.ask()
    assert lab.latest() == UNKNOWN


# What is installed


async def test_what_the_maker_offers_is_fetched_on_demand_and_installed_in_its_order(
    lab: Lab,
) -> None:
    offered = replace(release(NEW), font=files.font(size=3000))
    lab.vendor.catalogue.releases = [offered]
    await lab.ask()
    assert lab.vendor.steps[Step.FILE] == 0
    await lab.install()
    await until(lambda: lab.latest() == ("off", NEW))
    assert [init["type"] for init in lab.house.on_band("firmware", "inits")] == [
        files.FIRMWARE,
        files.PACKED_RESOURCES,
        files.FONT,
    ]
    assert lab.house.on_band("reboots") == 1
    assert lab.vendor.steps[Step.FILE] == 3
    # Nothing of it stays.
    library = async_get_library(lab.house.hass)
    await library.async_look()
    assert library.files == ()
    assert not await lab.house.hass.async_add_executor_job(library.folder.exists)
    assert offered.firmware[:64].hex() not in json.dumps(lab.kept)


async def test_a_version_that_the_maker_offers_can_be_named(lab: Lab) -> None:
    await lab.ask()
    error = await lab.fail_to_install(version=OLDER)
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == "firmware_not_in_library"
    assert lab.vendor.steps[Step.FILE] == 0
    await lab.install(version=NEW)
    await until(lambda: lab.latest() == ("off", NEW))


async def test_it_is_in_progress_while_files_are_fetched_and_a_second_press_fetches_none(
    lab: Lab,
) -> None:
    await lab.ask()
    lab.vendor.delay_s = 0.3
    installing = lab.house.hass.async_create_task(lab.install())
    await lab.vendor.reached(Step.FILE)
    state = lab.house.state("update", "firmware")
    assert state.attributes["in_progress"] is True
    assert state.attributes["update_percentage"] == 0
    with pytest.raises(HomeAssistantError, match="No update available"):
        await lab.install()
    await installing
    await until(lambda: lab.latest() == ("off", NEW))
    assert lab.vendor.steps[Step.FILE] == 2


class TestLibrary:
    """A house with firmware of its own."""

    @pytest.fixture
    async def put(self, lab: Lab) -> AsyncGenerator[Any]:
        library = async_get_library(lab.house.hass)
        yield library.async_add
        await library.async_look()
        for file in library.files:
            await library.async_remove(file.name)
        await lab.house.hass.async_add_executor_job(library.folder.rmdir)

    async def test_what_lies_there_is_not_fetched(self, lab: Lab, put: Any) -> None:
        await lab.ask()
        await put("own.fw", files.firmware(NEW, size=7000))
        assert lab.latest() == OFFERED
        await lab.install()
        await until(lambda: lab.latest() == ("off", NEW))
        assert lab.vendor.steps[Step.FILE] == 0

    @pytest.mark.parametrize(
        ("own", "latest"), [("1.0.10.2", "1.0.10.2"), (OLDER, NEW)], ids=["newer", "older"]
    )
    async def test_the_higher_version_is_offered(
        self, lab: Lab, put: Any, own: str, latest: str
    ) -> None:
        await put("own.fw", files.firmware(own, size=7000))
        await lab.ask()
        assert lab.latest() == ("on", latest)

    async def test_nothing_newer_at_the_maker_s_says_nothing_about_a_version_that_was_not_asked_for(
        self, lab: Lab, put: Any
    ) -> None:
        lab.vendor.catalogue.offer = Offer.NOTHING_NEW
        await lab.ask()
        assert lab.latest() == NOTHING_NEWER
        await put("own.fw", files.firmware(OLDER, size=7000))
        await lab.install(version=OLDER)
        await until(lambda: lab.latest() == ("off", OLDER))


# What is read before


async def _notes(lab: Lab, hass_ws_client: WebSocketGenerator) -> str:
    client = await hass_ws_client(lab.house.hass)
    await client.send_json_auto_id(
        {"type": "update/release_notes", "entity_id": lab.house.entity_id("update", "firmware")}
    )
    return str((await client.receive_json())["result"])


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Better sleep.\r\n- Faster\n###summary###\nLess words.", "> Better sleep.  \n> - Faster"),
        ("###summary###Less words.", "> Less words."),
        ("No mark at all", "> No mark at all"),
        (
            "![x](http://example.com/x.png) <img src=x> # _a_",
            r"> !\[x\](http://example.com/x.png) \<img src=x\> \# \_a\_",
        ),
    ],
    ids=["both", "only the shorter", "no mark", "what would be more than text"],
)
async def test_the_change_log_and_the_rules_are_on_the_screen(
    lab: Lab, hass_ws_client: WebSocketGenerator, given: str, shown: str
) -> None:
    lab.vendor.catalogue.releases = [replace(release(NEW), notes=given)]
    await lab.ask()
    head, log, rules = (await _notes(lab, hass_ws_client)).split("\n\n", 2)
    assert head.endswith(":")
    assert log == shown
    assert "30 %" in rules


@pytest.mark.parametrize("offer", [Offer.NOTHING_NEW, Offer.RATE_LIMITED])
async def test_without_a_change_log_the_rules_stand_alone(
    lab: Lab, hass_ws_client: WebSocketGenerator, offer: Offer
) -> None:
    lab.vendor.catalogue.offer = offer
    await lab.ask()
    assert (await _notes(lab, hass_ws_client)).startswith("Before it starts")


async def test_diagnostics_tell_what_was_answered_and_when(
    lab: Lab, hass_client: ClientSessionGenerator
) -> None:
    async def told() -> Any:
        whole = await get_diagnostics_for_config_entry(lab.house.hass, hass_client, lab.house.entry)
        return whole["firmware_online"]

    assert set((await told()).values()) == {None, 0}
    lab.vendor.catalogue.offer = Offer.FOREIGN_HOST
    await lab.ask()
    found = await told()
    assert datetime.fromisoformat(found.pop("answered")) == lab.clock.now
    assert datetime.fromisoformat(found.pop("due")) > lab.clock.now + DAY
    assert found == {
        "unanswered_in_a_row": 0,
        "about": RUNS,
        "offered": NEW,
        "fault": "an address at files.example.com, which is not the maker's",
    }
    lab.vendor.catalogue.offer = Offer.HTML
    await lab.ask(after=2 * DAY)
    found = await told()
    assert (found["unanswered_in_a_row"], found["answered"], found["offered"]) == (1, None, None)
