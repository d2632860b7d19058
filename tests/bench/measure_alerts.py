"""What `tests.bench.alerts` measures, as tests, for these have a Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
import logging
import statistics
import time
from typing import Final

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.mi_band import pace
from custom_components.mi_band.alert_queue import RateLimit
from custom_components.mi_band.coordinator import MiBandCoordinator
from tests.emulator.band import EmulatedBand
from tests.integration.bands import MakeBand, held, make_band
from tests.integration.conftest import (
    bluetooth_scanner,
    entry,
    find_our_integration,
    house,
    no_pause_between_rounds,
    options,
    texts,
)
from tests.integration.flow import KEY
from tests.integration.house import House, until
from tests.lab import add_scanner, hass_config_dir, radio

__all__ = [
    "add_scanner",
    "bluetooth_scanner",
    "entry",
    "find_our_integration",
    "hass_config_dir",
    "house",
    "make_band",
    "no_pause_between_rounds",
    "options",
    "radio",
    "texts",
]

LENGTHS: Final = (10, 100, 400)
MTUS: Final = (247, 23)
INTERVAL: Final = timedelta(milliseconds=48.75)
"""The connection interval that a band prefers: protocol-control.md, section 2.3."""
ALERTS, SLOW_ALERTS = 50, 5
NOTIFICATIONS: Final = 1000


@pytest.fixture(params=MTUS, ids=lambda mtu: f"MTU {mtu}")
async def band(request: pytest.FixtureRequest, make_band: MakeBand) -> EmulatedBand:
    """Provide a band that takes packets of some length."""
    return await make_band(key=KEY, mtu=request.param)


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Leave the terminal to the figures."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let more alerts through than a wrist would bear."""
    monkeypatch.setattr(RateLimit, "admit", lambda *_: True)


def text_of(length: int) -> str:
    """Return some words of so many letters in all."""
    return ("The washing machine is done. " * length)[: length - 1] + "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an act took."""

    operations: int
    alerts: int
    seconds: float


async def measure_alert(house: House, length: int) -> Cost:
    """Show a text; the action returns when the last of its alerts was acknowledged."""
    before = held(house.band)
    begin = time.perf_counter()
    answer = await house.call("notify", message=text_of(length), title="Home", split=True)
    seconds = time.perf_counter() - begin
    after = held(house.band)
    assert answer == {"outcome": "shown"}
    return Cost(
        operations=after["att"]["operations"] - before["att"]["operations"],
        alerts=after["vibration"]["count"] - before["vibration"]["count"],
        seconds=seconds,
    )


async def _measure(act: Callable[[], Awaitable[Cost]], times: int) -> tuple[Cost, Cost]:
    """Return what the first time took, and what a later one usually does."""
    first, *later = [await act() for _ in range(times + 1)]
    assert len({(one.operations, one.alerts) for one in later}) == 1
    usual = statistics.median(one.seconds for one in later)
    return first, Cost(operations=later[0].operations, alerts=later[0].alerts, seconds=usual)


@pytest.mark.parametrize("length", LENGTHS)
async def test_alert(house: House, length: int) -> None:
    """Measure an alert, on a link that is as fast as the machine and on one like the band's."""
    asyncio.get_running_loop().set_debug(False)
    mtu = held(house.band)["mtu"]
    first, usual = await _measure(lambda: measure_alert(house, length), ALERTS)
    house.band.faults.delay(INTERVAL.total_seconds())
    _, slow = await _measure(lambda: measure_alert(house, length), SLOW_ALERTS)
    house.band.faults.delay(0)
    print(
        f"\n{length:4} characters, MTU {mtu:3}: {usual.alerts} alerts,"
        f" {usual.operations} operations ({first.operations} the first time),"
        f" {usual.seconds * 1000:.1f} ms, {slow.seconds * 1000:.0f} ms when each packet takes"
        f" {INTERVAL / timedelta(milliseconds=1)} ms",
        end="",
    )


@pytest.mark.parametrize("band", [247], indirect=True)
@pytest.mark.parametrize("calm", [timedelta(), pace.CALM], ids=str)
async def test_heart_rate(
    hass: HomeAssistant, house: House, calm: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measure heart rates that are shown one by one, and as calmly as they are by default."""
    asyncio.get_running_loop().set_debug(False)
    monkeypatch.setattr(pace, "CALM", calm)
    changed = asyncio.Event()
    shown: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        assert event.data["new_state"] is not None
        shown.append(event.data["new_state"].state)
        changed.set()

    stop = async_track_state_change_event(hass, house.entity_id("sensor", "heart_rate"), note)
    waits: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(NOTIFICATIONS):
        begin = time.perf_counter()
        changed.clear()
        house.band._body.notify("2A37", bytes((0, 60 + number % 60)))
        # The first is shown at once in any case.
        if not calm or not number:
            await changed.wait()
        else:
            await asyncio.sleep(0)
        waits.append(time.perf_counter() - begin)
    coordinator: MiBandCoordinator = house.entry.runtime_data
    await until(lambda: coordinator.data.heart_rate_bpm == 60 + (NOTIFICATIONS - 1) % 60)
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    stop()
    waits.sort()
    waited = (
        f" {1000 * statistics.median(waits):.2f} ms until it is shown"
        f" ({1000 * waits[NOTIFICATIONS * 99 // 100]:.2f} ms for 99 %),"
    )
    print(
        f"\n{NOTIFICATIONS} heart rates, shown every {calm.total_seconds():g} s:"
        f" {len(shown)} states,{'' if calm else waited}"
        f" {1000 * cpu / NOTIFICATIONS:.2f} ms of CPU each, {took:.1f} s in all",
        end="",
    )
