"""Whoever waits in a test waits for the others in it, and not for the machine."""

import asyncio
from datetime import datetime, timedelta
from time import monotonic, sleep

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from tests.patience import PatientLoop


async def test_what_the_machine_takes_for_a_turn_is_not_taken_from_those_who_wait() -> None:
    async with asyncio.timeout(0.05):
        for _ in range(10):
            sleep(0.02)  # noqa: ASYNC251  the machine is slow
            await asyncio.sleep(0)


async def test_whoever_falls_silent_is_given_up_all_the_same() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await asyncio.Event().wait()


async def test_nobody_waits_for_less_than_was_asked_for() -> None:
    begun = monotonic()
    for _ in range(10):
        await asyncio.sleep(0.005)
    assert monotonic() - begun >= 0.05


async def test_the_clock_never_goes_back() -> None:
    times = []
    for _ in range(10):
        times.append(asyncio.get_running_loop().time())
        sleep(0.003)  # noqa: ASYNC251  the machine is slow
        times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.001)
    assert times == sorted(times)


async def test_time_that_is_skipped_has_passed() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PatientLoop)
    loop.call_soon(loop.skip, 3600)
    async with asyncio.timeout(60):
        await asyncio.sleep(3600)


async def test_whoever_waits_for_an_answer_gets_it_when_time_is_skipped() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PatientLoop)
    answer = loop.create_future()
    loop.call_soon(loop.skip, 3600)
    loop.call_later(3600.01, answer.set_result, "here")
    assert await asyncio.wait_for(answer, 0.1) == "here"


async def test_a_time_out_still_strikes_after_time_was_skipped() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PatientLoop)
    loop.call_soon(loop.skip, 3600)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.05)


async def test_home_assistant_runs_by_this_clock(hass: HomeAssistant) -> None:
    assert isinstance(hass.loop, PatientLoop)
    before = hass.loop.time()
    sleep(0.1)  # noqa: ASYNC251  the machine is slow
    assert hass.loop.time() - before < 0.01


async def test_what_is_due_on_a_slow_machine_is_due_when_time_is_let_pass(
    hass: HomeAssistant,
) -> None:
    moment = dt_util.utcnow() + timedelta(hours=1)
    due: list[datetime] = []

    @callback
    def note(now: datetime) -> None:
        due.append(now)

    async_track_point_in_utc_time(hass, note, moment)
    for _ in range(10):
        sleep(0.1)  # noqa: ASYNC251  the machine is slow
        await asyncio.sleep(0)
    async_fire_time_changed(hass, moment)
    assert len(due) == 1


async def test_whoever_waits_for_an_answer_gets_it_when_time_is_let_pass(
    hass: HomeAssistant,
) -> None:
    answer = hass.loop.create_future()
    hass.loop.call_soon(async_fire_time_changed, hass, dt_util.utcnow() + timedelta(hours=1))
    hass.loop.call_later(0.01, answer.set_result, "here")
    assert await asyncio.wait_for(answer, 60) == "here"
