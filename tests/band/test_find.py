"""Vibrating for a while, with a link that does not keep up."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from custom_components.mi_band.band import find
from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.band.find import keep_vibrating, stop_vibrating, vibrate_once
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import find as vectors

from .scripted import ScriptedLink


@pytest.fixture(autouse=True)
def _short_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "PATTERN_LENGTH", timedelta(milliseconds=5))


async def test_one_write_runs_the_pattern_once() -> None:
    link = ScriptedLink()
    await vibrate_once(link)
    assert link.packets(Characteristic.ALERT_LEVEL) == [vectors.VIBRATE]


async def test_the_pattern_is_repeated_and_stopped_after_the_time() -> None:
    link = ScriptedLink()
    await keep_vibrating(link, timedelta(milliseconds=200))
    *repeated, last = link.packets(Characteristic.ALERT_LEVEL)
    assert set(repeated) == {vectors.VIBRATE}
    assert last == vectors.STOP


async def test_another_write_stops_it() -> None:
    link = ScriptedLink()
    await stop_vibrating(link)
    assert link.packets(Characteristic.ALERT_LEVEL) == [vectors.STOP]


async def test_less_than_a_pattern_is_only_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "PATTERN_LENGTH", timedelta(minutes=1))
    link = ScriptedLink()
    await keep_vibrating(link, timedelta(milliseconds=1))
    assert link.packets(Characteristic.ALERT_LEVEL) == [vectors.STOP]


async def test_cancelling_stops_the_vibration() -> None:
    link = ScriptedLink()
    vibrating = asyncio.create_task(keep_vibrating(link, timedelta(minutes=1)))
    await asyncio.sleep(0)
    vibrating.cancel()
    with suppress(asyncio.CancelledError):
        await vibrating
    assert vibrating.cancelled()
    assert link.packets(Characteristic.ALERT_LEVEL) == [vectors.STOP]


async def test_a_broken_link_is_told_and_the_stop_does_not_hide_it() -> None:
    link = ScriptedLink()
    link.refusals |= {vectors.VIBRATE: LinkLost("first"), vectors.STOP: LinkLost("second")}
    with pytest.raises(LinkLost, match="first"):
        await keep_vibrating(link, timedelta(minutes=1))
