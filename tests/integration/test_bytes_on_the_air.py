"""What each action and each entity has on the air, byte for byte, as the documents have it.

The expected bytes are written down here by hand: packets of protocol-control.md where it gives
them, else from its layouts, cut for an ATT MTU of 23 as its section 4.3 says. Nothing else may be
written meanwhile. `..` stands for a byte that is a time of now, a size or a checksum.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
import logging
from pathlib import Path
import re
from typing import Final, override
import zlib

from freezegun import freeze_time
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.event import EVENTS
from custom_components.mi_band.firmware_library import async_get_library
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.table import ROWS as CHARACTERISTICS
from tests.vectors import settings as vectors

from .bands import MakeBand
from .flow import DOMAIN, KEY
from .house import House, until
from .sources import add_sky
from .test_firmware import folder
from .test_texts import TABLES

__all__ = ["folder"]

SHOWS: Final = {"binary_sensor", "calendar", "device_tracker", "event", "image", "sensor"}
"""Platforms that only show; every other one acts."""


ACTING: Final = [
    (platform, row) for platform, table in TABLES.items() if platform not in SHOWS for row in table
]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that somebody does, and what is on the air because of it."""

    subject: str
    """An action of the integration, or platform and key of an entity."""
    does: Callable[[House], Awaitable[object]]
    writes: tuple[str, ...]
    """Short name of the characteristic and the packet in hex, in their order."""
    source: str

    @override
    def __str__(self) -> str:
        return f"{self.subject}: {self.source}"


def calls(action: str, *writes: str, source: str, **data: object) -> Row:
    """Give the row of an action."""
    return Row(
        subject=action,
        does=lambda house: house.call(action, **data),
        writes=writes,
        source=source,
    )


def acts(entity: str, action: str, *writes: str, source: str, **data: object) -> Row:
    """Give the row of an entity."""
    platform, _, key = entity.partition(".")
    return Row(
        subject=entity,
        does=lambda house: house.act(platform, key, action, **data),
        writes=writes,
        source=source,
    )


async def _ring_and_stop(house: House, action: str, **data: object) -> None:
    ringing = asyncio.create_task(house.call(action, **data))
    await until(lambda: house.band.screen.kind == "call")
    await house.call("call", stop=True)
    await ringing


async def _rebuild(house: House) -> None:
    # There is no recorder in this house.
    with pytest.raises(HomeAssistantError):
        await house.call("rebuild_statistics")


def _rings(action: str, *writes: str, source: str, **data: object) -> Row:
    return Row(
        subject=action,
        does=lambda house: _ring_and_stop(house, action, **data),
        writes=writes,
        source=source,
    )


# On the screen

_ALICE = "41 6c 69 63 65"
ALERTS: Final = (
    calls(
        "notify",
        "0020 00 00 00 fa 00 00 00 00 01 07 41 6c 69 63 65 00 48 69 20 74",
        "0020 00 80 01 68 65 72 65 00 57 68 61 74 73 41 70 70 00",
        source="14.1, WhatsApp",
        title="Alice",
        message="Hi there",
        icon="whatsapp",
        app_name="WhatsApp",
    ),
    calls(
        "notify",
        "0020 00 00 00 05 00 00 00 00 01 42 6f 62 00 4f c3 b9 20 65 73 2d",
        "0020 00 80 01 74 75 20 3f 00 20 00",
        source="14.1, SMS",
        title="Bob",
        message="Où es-tu ?",
        icon="message",
    ),
    calls(
        "notify",
        "0020 00 c0 00 fa 00 00 00 00 01 0b 41 00 42 00 43 00",
        source="14.1, single piece",
        title="A",
        message="B",
        app_name="C",
    ),
    calls(
        "notify",
        "0020 00 c0 00 01 00 00 00 00 01 41 6e 6e 00 42 00 20 00",
        source="14.1, an e-mail, from the layout",
        title="Ann",
        message="B",
        icon="email",
    ),
    acts(
        "notify.wrist",
        "send_message",
        "0020 00 00 00 fa 00 00 00 00 01 0b 41 00 42 00 48 6f 6d 65 20 41",
        "0020 00 80 01 73 73 69 73 74 61 6e 74 00",
        source="14.1, an app called Home Assistant, from the layout",
        title="A",
        message="B",
    ),
    _rings(
        "call",
        "0003 06 10 00 00 01",
        f"2A46 03 01 {_ALICE}",
        "2A46 03 00",
        source="15; 9.4, show caller",
        caller="Alice",
    ),
    _rings(
        "ask",
        "0003 06 10 00 00 01",
        "2A46 03 01 43 6c 6f 73 65 3f",
        "2A46 03 00",
        source="15, a question for a name",
        question="Close?",
    ),
    calls("find_band", "2A06 03", source="17.1"),
    # The repetition ends with it, and then whatever else vibrates.
    calls("find_band", "2A06 00", "2A06 00", source="17.1", stop=True),
    acts("button.find", "press", "2A06 03", source="17.1"),
    calls("stop_find_phone", "0003 06 14 00 01", source="19.2"),
)
MISSED_CALL: Final = (
    # It travels in one write, and is cut at what that holds.
    calls(
        "notify",
        f"2A46 04 01 {_ALICE} 0a 0a 0a 6d 69 73 73 65 64 20 63 61 6c 6c",
        source="14.2, missed call",
        title="Alice",
        message="missed call",
        icon="missed_call",
    ),
)
FEEDS: Final = (
    calls(
        "set_weather",
        "0020 00 c1 00 02 .. .. .. .. .. 00 15 53 75 6e 6e 79 00",
        "0020 00 c1 00 04 .. .. .. .. .. 2a 00 00",
        "0020 00 01 00 01 .. .. .. .. .. 02 00 00 19 0e 53 75 6e 6e 79 00",
        "0020 00 81 01 02 02 12 fe 43 6c 6f 75 64 79 00",
        "0020 00 c1 00 08 4d 61 64 72 69 64 00",
        source="18.1 to 18.4, with Home Assistant's words for the sky",
        condition="sunny",
        temperature=21,
        air_quality=42,
        forecast=[
            {"condition": "sunny", "temperature": 25, "templow": 14},
            {"condition": "cloudy", "temperature": 18, "templow": -2},
        ],
        location="Madrid",
    ),
    calls(
        "set_music",
        "0020 00 c3 00 1b 01 00 1e 00 41 42 42 41 00 53 4f 53 00 ca 00",
        "0020 00 c3 00 40 32",
        source="16.1",
        track="SOS",
        artist="ABBA",
        position=30,
        duration=202,
        volume=50,
    ),
    calls("set_music", "0020 00 c3 00 60 00", source="16.1, no player"),
)

# In its slots

SLOTS: Final = (
    calls(
        "set_alarm",
        "0003 02 80 07 1e 1f",
        source="12.1, Mon to Fri",
        alarm=1,
        time="07:30",
        days=["mon", "tue", "wed", "thu", "fri"],
    ),
    calls(
        "set_alarm",
        "0003 02 c3 16 05 80",
        source="12.1, once without snooze",
        alarm=4,
        time="22:05",
        days=[],
        snooze=False,
    ),
    calls(
        "set_alarm",
        "0003 02 01 06 00 7f",
        source="12.1, daily, disabled",
        alarm=2,
        time="06:00",
        days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        enabled=False,
    ),
    calls("set_alarm", "0003 02 02 00 00 00", source="12.1, delete", alarm=3, remove=True),
    # The first of its 13 slots is the tenth of the band's. In 2080 (20 08) the days of the week are
    # those of the documents' year.
    calls(
        "set_reminder",
        "0020 00 02 00 0b 09 09 00 00 00 20 08 05 14 09 00 00 54 61 6b 65",
        "0020 00 82 01 20 70 69 6c 6c 73 00",
        source="13, once",
        reminder=1,
        text="Take pills",
        when="2080-05-20 09:00:00",
    ),
    calls(
        "set_reminder",
        "0020 00 c2 00 0b 0a 29 00 00 00 20 08 05 14 12 1e 00 47 79 6d 00",
        source="13, every Monday",
        reminder=2,
        text="Gym",
        when="2080-05-20 18:30:00",
        repeat="weekly",
    ),
    calls(
        "set_reminder",
        "0020 00 c2 00 0b 0a 08 00 00 00 00",
        source="13, delete",
        reminder=2,
        remove=True,
    ),
)
ALARMS: Final = tuple(
    row
    for slot in range(10)
    for row in (
        acts(
            f"time.alarm_{slot + 1}",
            "set_value",
            f"0003 02 {slot:02x} 07 1e 80",
            source="12.1, a new one: once, disabled",
            time="07:30:00",
        ),
        acts(f"switch.alarm_{slot + 1}", "turn_on", f"0003 02 8{slot:x} 07 1e 80", source="12.1"),
        acts(f"switch.alarm_{slot + 1}", "turn_off", f"0003 02 {slot:02x} 07 1e 80", source="12.1"),
    )
)

# Settings


def _setting(key: str, value: bool | int | str, write: str, source: str) -> Row:  # noqa: FBT001  a value
    match value:
        case bool():
            return acts(f"switch.{key}", "turn_on" if value else "turn_off", write, source=source)
        case int():
            return acts(f"number.{key}", "set_value", write, source=source, value=value)
        case str():
            return acts(f"select.{key}", "select_option", write, source=source, option=value)


SETTINGS: Final = tuple(
    _setting(
        vector.value.key,
        vector.value.value,
        f"{vector.value.characteristic} {vector.packet.hex(' ')}",
        vector.source,
    )
    for vector in vectors.SETTINGS
)

# Heart rate, records

MEASURING: Final = (
    acts(
        "button.measure_heart_rate",
        "press",
        "2A39 15 01 00",
        "2A39 15 02 00",
        "2A39 15 02 01",
        "2A39 15 02 00",
        source="11 and protocol-data.md 2.3, one-shot",
    ),
    acts(
        "switch.continuous_heart_rate",
        "turn_on",
        "2A39 15 02 00",
        "2A39 15 01 00",
        "2A39 15 01 01",
        source="protocol-data.md 2.4",
    ),
    acts(
        "switch.continuous_heart_rate",
        "turn_off",
        "2A39 15 01 00",
        source="protocol-data.md 2.4",
    ),
)
_SYNC: Final = (
    "0004 01 01 .. .. .. .. .. .. 00 ..",
    "0004 03",
    "0004 01 05 .. .. .. .. .. .. 00 ..",
    "0004 03",
)
"""Of a band that has recorded nothing since: each kind of record is asked for, and closed."""
RECORDS: Final = (
    calls("sync", *_SYNC, source="protocol-data.md 4.4, rounds of nothing"),
    acts("button.sync", "press", *_SYNC, source="protocol-data.md 4.4, rounds of nothing"),
    # Of what was brought home, so nothing is said to the band.
    calls("get_history", source="nothing"),
    calls("export_history", source="nothing", file="minutes.csv"),
    Row(subject="rebuild_statistics", does=_rebuild, writes=(), source="nothing"),
)

# What ends a link

ENDS: Final = (
    calls("reboot", "1531 05", source="20.2"),
    acts("button.reboot", "press", "1531 05", source="20.2"),
    calls("factory_reset", *_SYNC, "0003 06 0b 00 01", source="20.1"),
    acts("button.factory_reset", "press", *_SYNC, "0003 06 0b 00 01", source="20.1"),
    calls("unbind", *_SYNC, "0003 06 0b 00 01", source="20.1, 20.3"),
)

# Files

FACE: Final = files.watchface()
FIRMWARE: Final = files.firmware("1.0.9.68", size=3000)


def _upload(kind: str, content: bytes, *ends: str) -> tuple[str, ...]:
    """Give the writes of a file: protocol-data.md section 9.2, at an ATT MTU of 23."""
    head = (len(content).to_bytes(4, "little") + zlib.crc32(content).to_bytes(4, "little")).hex(" ")
    packets = [content[start : start + 20] for start in range(0, len(content), 20)]
    data: list[str] = []
    for number, packet in enumerate(packets):
        data.append(f"1532 {packet.hex(' ')}")
        if number and number % 100 == 0:
            data.append("1531 00")
    return (f"1531 01 {kind} {head}", "1531 03 01", *data, "1531 00", "1531 04", *ends)


FILES: Final = (
    calls(
        "install_watchface",
        *_upload("08", FACE),
        source="protocol-data.md 9.2, 9.4",
        file="mi_band/face.bin",
    ),
    calls(
        "update_firmware",
        *_upload("00", FIRMWARE, "1531 05"),
        source="protocol-data.md 9.2, 9.4",
        file="mi_band/new.fw",
    ),
    acts(
        "update.firmware",
        "install",
        *_upload("00", FIRMWARE, "1531 05"),
        source="protocol-data.md 9.2, 9.4",
    ),
)

GROUPS: Final[Mapping[str, tuple[Row, ...]]] = {
    "alerts": ALERTS,
    "missed call": MISSED_CALL,
    "feeds": FEEDS,
    "slots": SLOTS,
    "alarms": ALARMS,
    "settings": SETTINGS,
    "measuring": MEASURING,
    "records": RECORDS,
}
"""What can be done to one band one after the other."""


class Air(deque[str | None]):
    """Takes the place of what the emulated band keeps of the writes of a characteristic."""

    def __init__(self, name: str, writes: list[str]) -> None:
        super().__init__()
        self._name = name
        self._writes = writes

    @override
    def append(self, packet: str | None, /) -> None:
        self._writes.append(f"{self._name} {packet}")
        super().append(packet)


def listen(band: EmulatedBand) -> list[str]:
    """Give the list of what is written to a band from now on, which grows."""
    writes: list[str] = []
    for row in CHARACTERISTICS.values():
        band._body.traffic[row.name].last = Air(row.name, writes)
    return writes


def differences(expected: tuple[str, ...], writes: list[str]) -> list[str]:
    """Tell what was written otherwise than expected."""
    found = [
        f"{want} was {got}"
        for want, got in zip(expected, writes, strict=False)
        if not re.fullmatch(want.replace("..", "[0-9a-f]{2}"), got)
    ]
    found += [f"{want} was not written" for want in expected[len(writes) :]]
    return found + [f"{got} was written, too" for got in writes[len(expected) :]]


@pytest.fixture
def early_in_a_minute() -> Generator[None]:
    """Begin when no minute ends soon: a band that recorded one has more to tell."""
    with freeze_time(datetime(2026, 6, 9, 13, 0, 5, tzinfo=UTC), tick=True):
        yield


@pytest.fixture(autouse=True)
def find_our_integration(early_in_a_minute: None, enable_custom_integrations: None) -> None:
    """Begin the minute before Home Assistant does."""


@pytest.fixture
def mtu() -> int:
    """Provide the ATT MTU; 23 is that of a band that leaves it alone."""
    return 23


@pytest.fixture
async def band(make_band: MakeBand, mtu: int) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77, mtu=mtu)


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Provide the config entry of a band of which everything that acts is enabled."""
    registry = er.async_get(hass)
    for platform, row in ACTING:
        registry.async_get_or_create(
            platform, DOMAIN, f"{entry.data['identity']}_{row.key}", config_entry=entry
        )
    return entry


async def _until_arrived(house: House, expected: tuple[str, ...], writes: list[str]) -> None:
    """Wait until all of it has come to the band, and nothing else is on its way."""
    await until(lambda: len(writes) >= len(expected))
    await house.hass.async_block_till_done()
    # A band answers no read before it has taken the writes before it.
    await house.entry.runtime_data.async_run(read_battery)


async def _put(hass: HomeAssistant, folder: Path) -> None:
    def write() -> None:
        (folder / "face.bin").write_bytes(FACE)
        (folder / "new.fw").write_bytes(FIRMWARE)

    await hass.async_add_executor_job(write)
    await async_get_library(hass).async_look()


@pytest.mark.parametrize(
    ("group", "mtu"),
    [(name, 247 if rows is MISSED_CALL else 23) for name, rows in GROUPS.items()],
    ids=GROUPS,
)
async def test_the_band_hears_the_documented_bytes_and_no_others(
    house: House, tmp_path: Path, subtests: pytest.Subtests, group: str
) -> None:
    await add_sky(house.hass)
    house.hass.config.allowlist_external_dirs = {str(tmp_path)}
    for row in GROUPS[group]:
        with subtests.test(str(row)):
            writes = listen(house.band)
            await row.does(house)
            await _until_arrived(house, row.writes, writes)
            assert differences(row.writes, writes) == []


@pytest.mark.parametrize("row", ENDS, ids=str)
async def test_the_band_hears_the_documented_bytes_before_it_is_gone(
    house: House, row: Row
) -> None:
    writes = listen(house.band)
    await row.does(house)
    assert differences(row.writes, writes[: len(row.writes)]) == []


@pytest.mark.parametrize("row", FILES, ids=str)
async def test_the_band_gets_a_file_in_the_documented_packets(
    house: House, folder: Path, row: Row
) -> None:
    await _put(house.hass, folder)
    await until(lambda: house.value("update", "firmware") == "on")
    writes = listen(house.band)
    await row.does(house)
    assert differences(row.writes, writes[: len(row.writes)]) == []


async def test_every_action_and_every_entity_that_acts_has_a_row(
    house: House, hass: HomeAssistant
) -> None:
    rows = [row for rows in (*GROUPS.values(), ENDS, FILES) for row in rows]
    actions = set(hass.services.async_services()[DOMAIN])
    entities = {f"{platform}.{row.key}" for platform, row in ACTING}
    assert {row.subject for row in rows} == actions | entities
    _LOGGER.info("%d rows for %d actions and %d entities", len(rows), len(actions), len(entities))


@pytest.mark.parametrize(
    ("expected", "writes", "found"),
    [
        (("0003 06 ..",), ["0003 06 01"], []),
        (("0003 06 ..",), ["0003 06 01 00"], ["0003 06 .. was 0003 06 01 00"]),
        (("0003 06", "2A06 03"), ["0003 06"], ["2A06 03 was not written"]),
        ((), ["2A06 03"], ["2A06 03 was written, too"]),
    ],
)
def test_another_byte_would_be_noticed(
    expected: tuple[str, ...], writes: list[str], found: list[str]
) -> None:
    assert differences(expected, writes) == found


# What the band tells

TOLD: Final[tuple[tuple[str, str, Mapping[str, str]], ...]] = (
    ("0010 01", "19.1", {"event.sleep": "fell_asleep", "binary_sensor.asleep": "on"}),
    ("0010 02", "19.1", {"event.sleep": "woke_up", "binary_sensor.asleep": "off"}),
    ("0010 03", "19.1", {"event.goal": "reached"}),
    ("0010 06", "19.1", {"event.wear": "not_worn", "binary_sensor.worn": "off"}),
    ("0010 07", "19.1", {"event.call": "rejected"}),
    ("0010 09", "19.1", {"event.call": "ignored"}),
    ("0010 08", "19.1", {"event.find_phone": "started"}),
    ("0010 0f", "19.1", {"event.find_phone": "stopped"}),
    ("0010 0a", "19.1", {"event.alarm": "toggled"}),
    ("0010 1a", "19.1", {"event.alarm": "changed"}),
    ("0010 fe 00", "19.1", {"event.music": "play"}),
    ("0010 fe 01", "19.1", {"event.music": "pause"}),
    ("0010 fe 03", "19.1", {"event.music": "next"}),
    ("0010 fe 04", "19.1", {"event.music": "previous"}),
    ("0010 fe 05", "19.1", {"event.music": "volume_up"}),
    ("0010 fe 06", "19.1", {"event.music": "volume_down"}),
    ("0010 fe e0", "19.1", {"event.music": "opened"}),
    ("0010 fe e1", "19.1", {"event.music": "closed"}),
    (
        "2A37 00 4c",
        "11, captured",
        {"sensor.heart_rate": "76", "binary_sensor.worn": "on"},
    ),
    (
        "0007 0c 39 30 00 00 38 22 00 00 59 01 00 00",
        "protocol-data.md 1",
        {
            "sensor.steps": "12345",
            "sensor.distance": "8760",
            "sensor.calories": "345",
            "binary_sensor.goal_reached": "on",
        },
    ),
    (
        "0006 0f 57 00 e8 07 03 01 08 02 0b 08 e8 07 03 01 09 29 05 08 17",
        "protocol-data.md 3",
        {
            "sensor.battery": "87",
            "binary_sensor.charging": "off",
            "sensor.last_charged": "2024-03-01T07:41:05+00:00",
        },
    ),
)
"""A notification of the band, its section, and what is shown because of it."""
NOT_TOLD: Final = {
    *("binary_sensor.connected", "sensor.last_sync", "sensor.signal_strength"),
    # Of the goal, which is told to the band, and the steps.
    "sensor.step_goal_progress",
    # From the stored records: see the tests of these.
    *("sensor.activity", "sensor.deep_sleep", "sensor.fell_asleep_at", "sensor.last_workout"),
    *("sensor.light_sleep", "sensor.resting_heart_rate", "sensor.sleep_duration"),
    *("sensor.unsynced_minutes", "sensor.woke_up_at"),
}
"""What Home Assistant knows by itself, or counts."""


def _shows(house: House, wanted: Mapping[str, str]) -> bool:
    found = {}
    for entity in wanted:
        platform, _, key = entity.partition(".")
        state = house.state(platform, key)
        is_event = platform == "event"
        found[entity] = state.attributes["event_type"] if is_event else state.state
    return found == wanted


async def test_what_the_band_tells_in_the_documented_bytes_is_shown(
    house: House, subtests: pytest.Subtests
) -> None:
    for packet, source, shown in TOLD:
        with subtests.test(f"{packet}: {source}"):
            name, _, value = packet.partition(" ")
            # Nobody measures, so that nothing else comes; readings are listened to all the same.
            house.band._body.notify(name, bytes.fromhex(value))
            await until(partial(_shows, house, shown))


def test_everything_that_the_band_tells_has_a_row() -> None:
    told = {entity for _, _, shown in TOLD for entity in shown}
    rows = {
        f"{platform}.{row.key}"
        for platform in ("binary_sensor", "event", "sensor")
        for row in TABLES[platform]
    }
    assert told == rows - NOT_TOLD
    events = {(f"event.{row.key}", kind) for row in EVENTS for kind in row.types.values()}
    assert {one for _, _, shown in TOLD for one in shown.items() if one in events} == events
