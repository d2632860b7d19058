"""What waits for a band that is away, and how often a wrist may shake."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import logging

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mi_band import alert_queue
from custom_components.mi_band.alert_queue import (
    HIGHEST_PER_HOUR,
    HIGHEST_WAITING,
    AlertQueue,
    Message,
    Outcome,
    Priority,
    RateLimit,
)
from custom_components.mi_band.band.alerts import Alert
from custom_components.mi_band.const import DOMAIN

_MINUTE = 60.0
_NIGHT = 8 * 60
"""In minutes."""


@pytest.fixture(autouse=True)
def no_pause(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    # An error that is logged asks Home Assistant for its text.
    monkeypatch.setattr(alert_queue, "REPEAT_PAUSE", timedelta())


def _error(key: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"name": "Ada", "reason": ""},
    )


class Wrist:
    """Shows alerts while it is here."""

    def __init__(self) -> None:
        self.here = True
        self.wanted = 0
        self.shown: list[str] = []
        self.ends_after: int | None = None
        """After so many alerts the link breaks."""
        self.refuses = False

    def want(self) -> None:
        self.wanted += 1

    async def show(self, alert: Alert) -> None:
        await asyncio.sleep(0)
        if self.refuses:
            raise _error("command_refused")
        if self.ends_after == 0:
            self.here, self.ends_after = False, None
        if not self.here:
            raise _error("not_connected")
        if self.ends_after is not None:
            self.ends_after -= 1
        self.shown.append(alert.body)


@pytest.fixture
def wrist() -> Wrist:
    return Wrist()


def _queue(wrist: Wrist, *, minutes: float = 10) -> AlertQueue:
    queue = AlertQueue()
    queue.serve("Ada", wrist.show, timedelta(minutes=minutes), wrist.want)
    return queue


def _message(*bodies: str, repeat: int = 1, priority: Priority = Priority.NORMAL) -> Message:
    alerts = tuple(Alert(title="T", body=body) for body in bodies)
    return Message(alerts=alerts, repeat=repeat, priority=priority)


async def test_a_message_is_shown_at_once(wrist: Wrist) -> None:
    queue = _queue(wrist)
    assert await queue.async_deliver(_message("a", "b")) is Outcome.SHOWN
    assert wrist.shown == ["a", "b"]
    assert queue.waiting == 0


async def test_a_message_is_repeated_whole(wrist: Wrist) -> None:
    assert await _queue(wrist).async_deliver(_message("a", "b", repeat=3)) is Outcome.SHOWN
    assert wrist.shown == ["a", "b"] * 3


async def test_alerts_of_one_text_stay_together(wrist: Wrist) -> None:
    queue = _queue(wrist)
    async with asyncio.TaskGroup() as group:
        for letters in ("abc", "xyz"):
            group.create_task(queue.async_deliver(_message(*letters)))
    assert "".join(wrist.shown) in {"abcxyz", "xyzabc"}


async def test_others_are_shown_between_two_repetitions(
    wrist: Wrist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_queue, "REPEAT_PAUSE", timedelta(milliseconds=30))
    queue = _queue(wrist)
    async with asyncio.TaskGroup() as group:
        group.create_task(queue.async_deliver(_message("a", "b", repeat=2)))
        group.create_task(queue.async_deliver(_message("x")))
    assert wrist.shown == ["a", "b", "x", "a", "b"]


async def test_without_patience_a_message_for_a_band_that_is_away_is_an_error(
    wrist: Wrist,
) -> None:
    wrist.here = False
    queue = _queue(wrist, minutes=0)
    with pytest.raises(HomeAssistantError):
        await queue.async_deliver(_message("a"))
    assert queue.waiting == 0


async def test_a_message_waits_until_the_band_is_back(wrist: Wrist) -> None:
    wrist.here = False
    queue = _queue(wrist)
    assert await queue.async_deliver(_message("a")) is Outcome.WAITING
    assert wrist.wanted == 1
    wrist.here = True
    await queue.async_catch_up()
    assert wrist.shown == ["a"]
    assert queue.waiting == 0


async def test_what_the_band_refuses_does_not_wait(wrist: Wrist) -> None:
    wrist.refuses = True
    queue = _queue(wrist)
    with pytest.raises(HomeAssistantError):
        await queue.async_deliver(_message("a"))
    assert queue.waiting == 0


async def test_the_most_pressing_is_shown_first_and_then_the_oldest(wrist: Wrist) -> None:
    wrist.here = False
    queue = _queue(wrist)
    for body, priority in (
        ("normal 1", Priority.NORMAL),
        ("high 1", Priority.HIGH),
        ("normal 2", Priority.NORMAL),
        ("high 2", Priority.HIGH),
    ):
        await queue.async_deliver(_message(body, priority=priority))
    wrist.here = True
    await queue.async_catch_up()
    assert wrist.shown == ["high 1", "high 2", "normal 1", "normal 2"]


async def test_a_message_that_is_too_old_is_not_shown(
    wrist: Wrist, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrist.here = False
    queue = _queue(wrist)
    message = _message("a")
    await queue.async_deliver(message)
    message.until = 0.0
    wrist.here = True
    await queue.async_catch_up()
    assert wrist.shown == []
    assert queue.waiting == 0
    assert "too old" in caplog.text


async def test_the_same_message_waits_once(wrist: Wrist) -> None:
    wrist.here = False
    queue = _queue(wrist)
    for body in ("a", "b", "a"):
        await queue.async_deliver(_message(body))
    wrist.here = True
    await queue.async_catch_up()
    assert wrist.shown == ["b", "a"]


async def test_the_oldest_of_the_least_pressing_makes_room(
    wrist: Wrist, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrist.here = False
    queue = _queue(wrist)
    await queue.async_deliver(_message("high", priority=Priority.HIGH))
    for number in range(HIGHEST_WAITING):
        await queue.async_deliver(_message(f"{number}"))
    assert queue.waiting == HIGHEST_WAITING
    assert caplog.text.count("the oldest is dropped") == 1
    wrist.here = True
    await queue.async_catch_up()
    assert wrist.shown == ["high", *(f"{number}" for number in range(1, HIGHEST_WAITING))]


async def test_a_link_that_breaks_repeats_nothing(wrist: Wrist) -> None:
    wrist.ends_after = 2
    queue = _queue(wrist)
    assert await queue.async_deliver(_message("a", "b", "c", repeat=2)) is Outcome.WAITING
    wrist.here, wrist.ends_after = True, 2
    await queue.async_catch_up()
    assert queue.waiting == 1
    wrist.here = True
    await queue.async_catch_up()
    assert wrist.shown == ["a", "b", "c"] * 2
    assert queue.waiting == 0


async def test_a_message_is_not_lost_when_the_link_ends_while_it_is_shown(wrist: Wrist) -> None:
    wrist.here = False
    queue = _queue(wrist)
    await queue.async_deliver(_message("a"))
    wrist.here = True
    catching_up = asyncio.create_task(queue.async_catch_up())
    await asyncio.sleep(0)
    catching_up.cancel()
    await asyncio.wait([catching_up])
    assert wrist.shown == []
    await queue.async_catch_up()
    assert wrist.shown == ["a"]


async def test_a_waiting_message_that_the_band_refuses_is_told_and_dropped(
    wrist: Wrist, caplog: pytest.LogCaptureFixture
) -> None:
    wrist.here = False
    queue = _queue(wrist)
    await queue.async_deliver(_message("a"))
    wrist.here, wrist.refuses = True, True
    await queue.async_catch_up()
    assert queue.waiting == 0
    assert "was lost" in caplog.text


# How often a wrist may shake


def _minutes(limit: RateLimit, times: Iterator[float] | range) -> list[float]:
    """Return in which of these minutes an alert was let through."""
    return [minute for minute in times if limit.admit(minute * _MINUTE, 1)]


def test_what_keeps_to_the_hourly_number_is_never_held_up() -> None:
    limit = RateLimit()
    assert _minutes(limit, range(0, _NIGHT, 2)) == list(range(0, _NIGHT, 2))
    assert not limit.limiting


def test_an_automation_that_does_not_come_to_rest_does_not_shake_a_wrist_all_night() -> None:
    shaken = _minutes(RateLimit(), range(_NIGHT))
    assert shaken[:HIGHEST_PER_HOUR] == list(range(HIGHEST_PER_HOUR))
    assert shaken[HIGHEST_PER_HOUR:] == list(range(59, _NIGHT, 30))
    assert len(shaken) == 45


def test_after_a_calm_hour_everything_is_shown_again() -> None:
    limit = RateLimit()
    _minutes(limit, range(_NIGHT))
    calm = range(_NIGHT + 61, _NIGHT + 80)
    assert _minutes(limit, calm) == list(calm)


async def test_the_limit_is_told_once_and_spares_what_is_pressing(
    wrist: Wrist, caplog: pytest.LogCaptureFixture
) -> None:
    queue = _queue(wrist)
    outcomes = [await queue.async_deliver(_message("a")) for _ in range(99)]
    assert outcomes == [Outcome.SHOWN] * HIGHEST_PER_HOUR + [Outcome.LIMITED] * (
        99 - HIGHEST_PER_HOUR
    )
    assert caplog.text.count("more than 30 alerts an hour") == 1
    assert await queue.async_deliver(_message("a", priority=Priority.HIGH)) is Outcome.SHOWN
    assert len(wrist.shown) == HIGHEST_PER_HOUR + 1


async def test_a_long_or_repeated_text_counts_as_often_as_the_wrist_shakes(wrist: Wrist) -> None:
    queue = _queue(wrist)
    assert await queue.async_deliver(_message("a", "b", "c", repeat=9)) is Outcome.SHOWN
    assert await queue.async_deliver(_message("a", "b", "c")) is Outcome.SHOWN
    assert await queue.async_deliver(_message("a")) is Outcome.LIMITED
