"""What a real band may do otherwise than documented costs what it belongs to, and nothing else.

Nobody here has one: many facts are inferred or come from one source. The emulated band stays as the
documents have it; each test bends one fact of it.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
import logging

from bumble import att
from bumble.device import Connection
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.mi_band.band.state import BandState
from custom_components.mi_band.companions import FIRST_REST, MOST_BREAKS
from custom_components.mi_band.timetable import LEAST_BETWEEN
from tests.emulator.backend import AttachedScanner
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt import server
from tests.emulator.gatt.body import AttError, Body
from tests.emulator.gatt.server import Server
from tests.emulator.gatt.table import TABLE, Row

from .bands import MakeBand, held
from .flow import DOMAIN, KEY, async_pair_with_key
from .house import House, entry_of, until

KEEPER = "custom_components.mi_band.keeper"

PASSES, NEVER_PASSES = 2, 3
"""How often a key is refused in unknown words: for as long as that may pass, and once more."""

type Bend = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the pauses that spare a real band."""
    monkeypatch.setattr(f"{KEEPER}.FIRST_PAUSE", timedelta(milliseconds=20))


def _rows(monkeypatch: pytest.MonkeyPatch, change: Callable[[Row], Row | None]) -> None:
    table = [
        replace(service, rows=tuple(row for old in service.rows if (row := change(old))))
        for service in TABLE
    ]
    monkeypatch.setattr(server, "TABLE", tuple(table))


def as_documented(_: pytest.MonkeyPatch) -> None:
    """Do nothing otherwise: what is odd comes later."""


def lacks(name: str) -> Bend:
    """Have no such characteristic."""
    return lambda monkeypatch: _rows(monkeypatch, lambda row: None if row.name == name else row)


def never_tells(name: str) -> Bend:
    """Have it for reading alone."""

    def change(row: Row) -> Row:
        return replace(row, letters="R", configurable=False) if row.name == name else row

    return lambda monkeypatch: _rows(monkeypatch, change)


def keeps_to_itself(name: str) -> Bend:
    """Let nobody subscribe."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        properly = Server._configure

        def configure(self: Server, row: Row, value: bytes) -> None:
            if row.name == name:
                raise att.ATT_Error(AttError.INSUFFICIENT_AUTHENTICATION)
            properly(self, row, value)

        monkeypatch.setattr(Server, "_configure", configure)

    return bend


def hides(name: str) -> Bend:
    """Let nobody read it."""

    def refuse(_: bytes) -> bytes:
        raise att.ATT_Error(AttError.INSUFFICIENT_AUTHENTICATION)

    return reads(name, refuse)


def reads(name: str, change: Callable[[bytes], bytes]) -> Bend:
    """Read as something else."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        properly = Server._read

        def read(self: Server, row: Row, connection: Connection) -> bytes:
            value = properly(self, row, connection)
            return change(value) if row.name == name else value

        monkeypatch.setattr(Server, "_read", read)

    return bend


def takes_none(name: str) -> Bend:
    """Answer every write with an error."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        properly = Server._write

        def write(self: Server, row: Row, connection: Connection, value: bytes) -> None:
            properly(self, row, connection, value)
            if row.name == name:
                raise att.ATT_Error(AttError.VALUE_NOT_ALLOWED)

        monkeypatch.setattr(Server, "_write", write)

    return bend


def answers(name: str, change: Callable[[bytes], bytes]) -> Bend:
    """Notify something else."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        properly = Body.notify

        def notify(self: Body, told: str, value: bytes, *, unasked: bool = False) -> None:
            properly(self, told, change(value) if told == name else value, unasked=unasked)

        monkeypatch.setattr(Body, "notify", notify)

    return bend


def both(*bends: Bend) -> Bend:
    """Bend several sides of one fact."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        for one in bends:
            one(monkeypatch)

    return bend


@pytest.fixture
async def bent(monkeypatch: pytest.MonkeyPatch, bend: Bend, make_band: MakeBand) -> EmulatedBand:
    """Provide a band that does one thing otherwise."""
    bend(monkeypatch)
    return await make_band(key=KEY)


@pytest.fixture
def entry(hass: HomeAssistant, bent: EmulatedBand) -> MockConfigEntry:
    """Provide the config entry of the band, as the flow makes it, not set up yet."""
    return entry_of(hass, bent)


@pytest.fixture
async def house(
    hass: HomeAssistant,
    bluetooth_scanner: AttachedScanner,
    bent: EmulatedBand,
    entry: MockConfigEntry,
) -> AsyncGenerator[House]:
    """Provide a house with that band, which need not come about."""
    house = House(hass, bent, entry)
    await house.set_up()
    yield house
    await house.unload()


OTHERWISE: dict[str, Bend] = {
    "no serial number": lacks("2A25"),
    "no hardware version": lacks("2A27"),
    "no firmware version": lacks("2A28"),
    "a hardware version that cannot be read": hides("2A27"),
    "a firmware version with something behind it": reads("2A28", lambda value: value + b"\x00\xff"),
    "no clock": lacks("2A2B"),
    "a clock that cannot be read": hides("2A2B"),
    "a clock in the layout of the standard": reads("2A2B", lambda value: value[:10]),
    "a clock that reads as nothing": reads("2A2B", lambda _: b""),
    "a clock that cannot be set": both(reads("2A2B", lambda _: b""), takes_none("2A2B")),
    "no totals": lacks("0007"),
    "totals that cannot be read": hides("0007"),
    "a battery that cannot be read": hides("0006"),
    "a battery that is not told": keeps_to_itself("0006"),
    "totals that are not told": never_tells("0007"),
    "a pulse that is not told": keeps_to_itself("2A37"),
    "events that are not told": keeps_to_itself("0010"),
    "workouts that are not told": never_tells("000f"),
}
SILENTLY: dict[str, Bend] = {
    "an acknowledgement that nobody may hear": keeps_to_itself("0020"),
    "a longer serial number": reads("2A25", lambda value: value + b"\x00\xff"),
    "a battery without its tail": reads("0006", lambda value: value[:3]),
    "a longer battery": reads("0006", lambda value: value + b"\xff"),
}
"""What is not worth a line in the log."""


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components") and record.levelno >= logging.WARNING
    ]


@pytest.mark.parametrize(
    ("bend", "lines"),
    [
        *(pytest.param(bend, 1, id=name) for name, bend in OTHERWISE.items()),
        *(pytest.param(bend, 0, id=name) for name, bend in SILENTLY.items()),
    ],
)
async def test_a_band_that_does_one_thing_otherwise_does_all_others(
    house: House, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    await house.until_connected()
    await house.until_synced()
    if house.value("sensor", "battery") != "77":
        # It tells of it by itself.
        house.band.wearer.set_battery(77)
    await house.until_state("sensor", "battery", "77")
    await house.call("notify", title="Ada", message="Come to dinner")
    await until(lambda: house.on_band("alerts"))
    assert house.on_band("alerts")[0]["body"] == "Come to dinner"
    await house.call("sync")
    await house.lose_band()
    await house.bring_band_back()
    await house.until_synced()
    assert house.on_band("connections") == 2
    assert len(_warnings(caplog)) == lines
    assert not [*house.entry.async_get_active_flows(house.hass, {SOURCE_REAUTH})]


@pytest.mark.parametrize(
    "bend",
    [takes_none("0008"), lacks("0008"), hides("2A2B"), lacks("2A2B")],
    ids=["takes no wearer", "knows no wearer", "hides its clock", "has no clock"],
)
@pytest.mark.usefixtures("bluetooth_scanner")
async def test_a_band_that_does_one_thing_otherwise_is_paired(
    hass: HomeAssistant, bent: EmulatedBand
) -> None:
    page = await async_pair_with_key(hass, bent)
    assert page["type"] is FlowResultType.CREATE_ENTRY
    await bent.wait_for(lambda: bent.authenticated)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        assert await hass.config_entries.async_unload(entry.entry_id)


def refuses_key(status: int, times: int) -> Bend:
    """Refuse the right key some times."""
    left = [times]

    def change(value: bytes) -> bytes:
        if value[:2] != b"\x10\x83" or not left[0]:
            return value
        left[0] -= 1
        return bytes((0x10, 0x83, status))

    return answers("0009", change)


@pytest.mark.parametrize("bend", [refuses_key(0x05, PASSES)], ids=["twice"])
async def test_nobody_is_asked_for_a_key_over_an_answer_that_nobody_knows(house: House) -> None:
    await house.until_connected()
    assert house.on_band("connections") == 1 + PASSES
    assert not [*house.entry.async_get_active_flows(house.hass, {SOURCE_REAUTH})]


@pytest.mark.parametrize(
    ("bend", "links"),
    [(refuses_key(0x05, NEVER_PASSES), NEVER_PASSES), (refuses_key(0x08, 1), 1)],
    ids=["unknown words", "known words"],
)
async def test_a_key_that_is_refused_again_and_again_is_asked_for(house: House, links: int) -> None:
    hass, entry = house.hass, house.entry
    await until(lambda: [*entry.async_get_active_flows(hass, {SOURCE_REAUTH})])
    assert house.on_band("connections") == links
    for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
        hass.config_entries.flow.async_abort(flow["flow_id"])


def hangs_up_over(name: str, head: bytes) -> Bend:
    """End the link over some commands."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        properly = Server._write

        def write(self: Server, row: Row, connection: Connection, value: bytes) -> None:
            if row.name != name or not value.startswith(head):
                properly(self, row, connection, value)
                return
            self._body.traffic[name].writes += 1
            self._body.tasks.spawn(connection.disconnect())

        monkeypatch.setattr(Server, "_write", write)

    return bend


@pytest.mark.parametrize("bend", [hangs_up_over("0003", b"\xff")], ids=["its alarms"])
async def test_a_question_that_a_band_does_not_bear_is_put_off(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await until(lambda: "slots of Mi Smart Band 4 Ada is put off" in caplog.text)
    await until(lambda: house.on_band("connections") == MOST_BREAKS + 1)
    await house.until_connected()
    await house.call("notify", title="Ada", message="Come to dinner")
    await until(lambda: house.on_band("alerts"))
    await house.call("sync")
    assert house.value("binary_sensor", "connected") == "on"
    assert house.on_band("connections") == MOST_BREAKS + 1
    assert held(house.band)["att"]["characteristics"]["0003"]["writes"] == MOST_BREAKS
    # Longer each time, but never for good.
    async_fire_time_changed(house.hass, dt_util.utcnow() + FIRST_REST)
    await until(lambda: house.on_band("connections") == MOST_BREAKS + 2)
    await house.until_connected()
    assert len(_warnings(caplog)) == 1


def tells_when(name: str, head: bytes, event: bytes) -> Bend:
    """Tell of an event whenever something is written."""

    def bend(monkeypatch: pytest.MonkeyPatch) -> None:
        properly = Server._write

        def write(self: Server, row: Row, connection: Connection, value: bytes) -> None:
            properly(self, row, connection, value)
            if row.name == name and value.startswith(head):
                self._body.notify("0010", event)

        monkeypatch.setattr(Server, "_write", write)

    return bend


@pytest.mark.parametrize("bend", [tells_when("0003", b"\xff", b"\x1a")], ids=["alarms"])
async def test_a_band_that_tells_of_a_change_when_asked_is_asked_less_and_less(
    house: House,
) -> None:
    await house.until_connected()
    await house.until_synced()
    house.band.wearer.event("alarm_edited")
    for hours in range(1, 9):
        async_fire_time_changed(house.hass, dt_util.utcnow() + timedelta(hours=hours))
        await house.call("sync")
    asked = house.band._body.traffic["0003"].writes
    # What the wearer changes comes all the same.
    await house.call("set_alarm", alarm=1, time="07:30")
    house.band.wearer.edit_alarm(0, 8, 15)
    async_fire_time_changed(house.hass, dt_util.utcnow() + timedelta(hours=9))
    await house.until_state("time", "alarm_1", "08:15:00")
    assert asked <= 1 + 1 + 8


def _without_sense(value: bytes) -> bytes:
    return value[:8] + b"\x09" + value[9:] if value[:2] == b"\x80\x01" else value


@pytest.mark.parametrize("bend", [answers("0003", _without_sense)], ids=["another count"])
async def test_a_band_whose_alarms_cannot_be_read_gets_back_what_it_may_have_lost(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.until_connected()
    await house.call("set_alarm", alarm=1, time="07:30")
    await house.call("set_reminder", reminder=1, text="Tea", when="2080-05-20 06:00:00")
    coordinator = house.entry.runtime_data
    coordinator.async_publish(BandState.doubted)
    await house.lose_band()
    house.band._configuration.alarms.erase()
    house.band._feeds.erase()
    await house.bring_band_back()
    await until(lambda: not coordinator.data.slots.doubtful)
    assert len(house.on_band("alarms")) == len(house.on_band("reminders")) == 1
    assert "tells its alarms in a way that is not understood" in caplog.text


def _refuses_names(value: bytes) -> bytes:
    return b"\x10\x06\x10\x00\x05" if value[:3] == b"\x10\x06\x10" else value


@pytest.mark.parametrize("bend", [answers("0003", _refuses_names)], ids=["show caller"])
async def test_a_band_that_shows_no_names_rings_all_the_same(house: House) -> None:
    await house.until_connected()
    await house.call("call", caller="Bo", duration=1)
    assert [call["event"] for call in house.on_band("calls")] == ["incoming", "end"]


@pytest.mark.parametrize("bend", [as_documented], ids=["language"])
async def test_a_setting_that_stays_refused_is_told_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    hass = house.hass
    await house.until_connected()
    await house.act("select", "language", "select_option", option="auto")
    house.band.faults.refuse(b"\x06\x17", count=10)
    await hass.config.async_update(language="el")
    await until(lambda: "has another language than chosen" in caplog.text)
    for _ in range(2):
        told = _languages_told(house)
        await house.lose_band()
        await house.bring_band_back()
        await until(partial(_is_told_again, house, told))
        await house.until_synced()
    assert len(_warnings(caplog)) == 1


def _languages_told(house: House) -> int:
    written = house.band._body.traffic["0003"].last
    return sum((one or "").startswith("06 17") for one in written)


def _is_told_again(house: House, told: int) -> bool:
    return _languages_told(house) > told


@pytest.mark.parametrize("bend", [as_documented], ids=["woke up"])
async def test_a_band_that_says_the_same_again_and_again_is_not_read_each_time(
    house: House,
) -> None:
    await house.until_connected()
    await house.until_synced()
    before = _asked_for_records(house)
    for _ in range(20):
        seen = house.value("event", "sleep"), house.state("event", "sleep").last_updated
        house.band.wearer.wake_up()
        await until(partial(_is_news, house, seen))
    await house.call("sync")
    a_sync = _asked_for_records(house)
    await house.call("sync")
    a_sync = _asked_for_records(house) - a_sync
    assert _asked_for_records(house) - before == 3 * a_sync
    # What it said last is not forgotten.
    async_fire_time_changed(house.hass, dt_util.utcnow() + LEAST_BETWEEN)
    await until(lambda: _asked_for_records(house) - before == 4 * a_sync)


def _asked_for_records(house: House) -> int:
    return house.band._body.traffic["0004"].writes


def _is_news(house: House, seen: object) -> bool:
    return (house.value("event", "sleep"), house.state("event", "sleep").last_updated) != seen
