"""A day in the life of a band: what is written to it with default options, counted by cause.

There is one clock for Home Assistant, the band and the timers, and it jumps: between two jumps
everything takes its own time. The day is a busy one, for the wearer leaves the house twelve times.
What a client costs that tells a band everything on every connection is computed from the documents
for the same day: protocol-control.md, sections 5.2 and 7 for a connection, 18 for the weather.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
import logging
from typing import Any, Final

from freezegun import freeze_time
from homeassistant.components.weather import Forecast
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from tests.emulator.band import EmulatedBand
from tests.emulator.clock import utc_now
from tests.emulator.gatt.table import ROWS
from tests.patience import PatientLoop

from .bands import MakeBand
from .flow import KEY
from .house import House, until
from .sources import Sky, add_sky

_LOGGER = logging.getLogger(__name__)

MORNING: Final = datetime(2026, 6, 9, 13, tzinfo=UTC)
"""Six o'clock where the tests' Home Assistant is."""
TRIPS: Final = 12
SYNCS_BETWEEN: Final = 3
ALERTS_A_TRIP: Final = 2
CHOICES: Final[tuple[tuple[str, str, str, dict[str, object]], ...]] = (
    ("number", "step_goal", "set_value", {"value": 9000}),
    ("switch", "lift_to_wake", "turn_on", {}),
)
MESSAGE: Final = "The washing machine is done"
FORECASTS: Final = 4

CAUSES: Final[Mapping[str, Mapping[str, str]]] = {
    "0003": {
        "06 14": "find phone",
        "ff 01": "alarms asked for",
        "06": "settings",
        "08": "settings",
        "1a": "settings",
    },
    "0004": {"01": "records", "02": "records", "03": "records"},
    "0008": {"": "settings"},
    "0009": {"": "key"},
    "0020": {"00 c0": "alerts", "00 00": "alerts", "00 80": "alerts", "00 c1": "weather"},
    "2A2B": {"": "clock"},
    "2A39": {"14": "settings", "15 00": "settings"},
}
"""Why a value was written, by its characteristic and how it begins; the longest beginning wins."""


_PHASE_2 = 6
"""Language twice, the version of the GPS, swipe to unlock, night mode, date format."""
_PHASE_3 = 20
"""From how the date is shown to the interval of the heart rate, one write each."""
_REMINDERS, _VIBRATION_PATTERNS = 22, 8
_SILENT_MODE_AND_SENSITIVITY = 2
REFERENCE_ON_CONNECTING: Final[Mapping[str, int]] = {
    "key": 2,
    "clock": 1,
    # The key's, and the six of the list that a Mi Smart Band 4 has.
    "subscriptions": 1 + 6,
    "settings": _PHASE_2
    + _PHASE_3
    + _REMINDERS
    + _VIBRATION_PATTERNS
    + _SILENT_MODE_AND_SENSITIVITY,
    "alarms asked for": 2,
    "weather": len(("current", "forecast", "location")),
}
"""The writes of a connection, every message counted as one although some take more; no PIN."""


class Day:
    """Time that passes at once, and the band that lives in it."""

    def __init__(self, house: House, clock: Any) -> None:
        self.house = house
        self.syncs = 0
        self._clock = clock

    async def pass_by(self, span: timedelta) -> None:
        """Let time pass."""
        # Its own `tick` goes on from the last jump, and takes back what passed since.
        self._clock.move_to(dt_util.utcnow() + span)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PatientLoop)
        loop.skip(span.total_seconds())
        await self.house.hass.async_block_till_done()

    async def until_synced_again(self, before: str) -> None:
        """Wait until the records came home that came after what was shown before."""
        await until(lambda: self.house.value("sensor", "last_sync") != before)
        self.syncs += 1

    async def sync(self) -> None:
        """Let half an hour pass, at the end of which the records come home."""
        before = self.house.value("sensor", "last_sync")
        await self.pass_by(timedelta(minutes=30))
        await self.until_synced_again(before)

    async def trip(self) -> None:
        """Leave the house for ten minutes, and sit still for another twenty."""
        before = self.house.value("sensor", "last_sync")
        await self.house.lose_band()
        await self.pass_by(timedelta(minutes=10))
        await self.house.bring_band_back()
        await self.until_synced_again(before)
        await self.pass_by(timedelta(minutes=20))


@pytest.fixture
def clock() -> Generator[Any]:
    """Begin the day."""
    with freeze_time(MORNING, tick=True) as clock:
        yield clock


@pytest.fixture(autouse=True)
def find_our_integration(clock: Any, enable_custom_integrations: None) -> None:
    """Begin the day before Home Assistant does."""


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band that lives through the whole day."""
    return await make_band(key=KEY, now=utc_now)


@pytest.fixture
async def sky(hass: HomeAssistant) -> Sky:
    sky = await add_sky(hass)
    sky.days = _days(20)
    sky.change("sunny", 15)
    return sky


@pytest.fixture
def options(sky: Sky) -> dict[str, Any]:
    """Choose a weather entity; everything else is as it is at first."""
    return {"weather_entity": sky.entity_id}


def _days(highest: int) -> list[Forecast]:
    today = dt_util.now().replace(hour=12)
    return [
        Forecast(
            datetime=(today + timedelta(days=number)).isoformat(),
            condition="sunny",
            native_temperature=highest,
            native_templow=highest - 8,
        )
        for number in range(3)
    ]


def keep_all_writes(band: EmulatedBand) -> None:
    """Forget what was written so far, and forget nothing from now on."""
    for name in ROWS:
        band._body.traffic[name].last = deque()
        band._body.traffic[name].subscriptions = 0


def _writes(band: EmulatedBand) -> Iterator[tuple[str, str]]:
    for name, traffic in band._body.traffic.items():
        yield from ((name, packet or "") for packet in traffic.last)


def cause(characteristic: str, packet: str) -> str:
    """Return why something was written; fails for what nobody has thought of."""
    heads = CAUSES[characteristic]
    return heads[max((head for head in heads if packet.startswith(head)), key=len)]


def causes(band: EmulatedBand) -> Counter[str]:
    """Count the writes to a band by cause; subscriptions are writes too."""
    found = Counter(cause(*write) for write in _writes(band))
    found["subscriptions"] = sum(one.subscriptions for one in band._body.traffic.values())
    return found


@pytest.fixture
async def day(house: House, clock: Any) -> Day:
    # Otherwise each jump is reported as a task that took so long.
    asyncio.get_running_loop().set_debug(False)
    keep_all_writes(house.band)
    return Day(house, clock)


async def _live(day: Day, sky: Sky) -> None:
    house = day.house
    for trip in range(TRIPS):
        # The forecast at breakfast is another at noon, in the evening and at night.
        sky.days = _days(25 + trip // (TRIPS // FORECASTS))
        sky.change("sunny", 16 + trip)
        for number in range(SYNCS_BETWEEN):
            house.band.wearer.walk(500)
            if number < ALERTS_A_TRIP:
                await house.call("notify", message=MESSAGE, title="Home")
            await day.sync()
        await day.trip()
    for platform, key, action, data in CHOICES:
        await house.act(platform, key, action, **data)


def reference(ours: Counter[str]) -> Counter[str]:
    """Count what the reference client writes on such a day.

    How often it fetches records the documents do not say: they are taken to cost the same, as are
    the alerts and what the wearer chooses.
    """
    found = Counter({name: count * TRIPS for name, count in REFERENCE_ON_CONNECTING.items()})
    # All of the weather is sent on every update, too, of which there is one between two trips.
    found["weather"] *= 2
    found["settings"] += len(CHOICES)
    return found + Counter({name: ours[name] for name in ("records", "alerts")})


async def test_a_day_costs_fewer_writes_than_telling_everything_on_every_connection(
    day: Day, sky: Sky
) -> None:
    began = dt_util.utcnow()
    await _live(day, sky)
    assert timedelta(hours=24) <= dt_util.utcnow() - began < timedelta(hours=24, minutes=5)
    assert day.syncs == 48
    ours = causes(day.house.band)
    theirs = reference(ours)
    for name, count in (*sorted(theirs.items()), ("all", theirs.total())):
        mine = ours.total() if name == "all" else ours[name]
        _LOGGER.info("Writes of a day, %s: %d, reference %d", name, mine, count)
    assert ours["key"] == 2 * TRIPS
    assert ours["alerts"] == ALERTS_A_TRIP * TRIPS
    # What is so on the band already is not told again.
    assert not ours["clock"]
    assert ours["settings"] == len(CHOICES)
    assert ours["alarms asked for"] <= TRIPS
    assert ours["weather"] < theirs["weather"]
    assert ours.total() * 2 < theirs.total()
    # All of ours is less than what theirs are for settings alone.
    assert ours.total() < theirs["settings"]
