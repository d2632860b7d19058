"""Calls and questions: the wearer's answer, and a sure end whatever happens."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
import voluptuous as vol

from custom_components.mi_band.band.calls import hang_up
from custom_components.mi_band.band.errors import CommandRefused
from custom_components.mi_band.band.link import Link
from tests.emulator.screen import Kind
from tests.vectors import calls as vectors

from .house import House, until

_RING = 60
"""Seconds: longer than any test."""


class Caller:
    """Calls the wrist, and knows what came of it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def begin(self, action: str = "call", **fields: object) -> asyncio.Task[dict[str, Any]]:
        """Begin to ring."""
        return self._house.hass.async_create_task(self._house.call(action, **fields))

    async def until_ringing(self, name: str) -> None:
        """Wait until the wrist rings with a name."""
        await until(lambda: self._house.on_band("calling") == name)


@pytest.fixture
def caller(house: House) -> Caller:
    return Caller(house)


def _is_quiet(house: House) -> bool:
    return house.on_band("calling") is None and house.on_band("calls")[-1] == {"event": "end"}


async def test_the_wrist_shows_who_calls(house: House, caller: Caller) -> None:
    ringing = caller.begin(caller="Alice", duration=_RING)
    await caller.until_ringing("Alice")
    assert house.band.screen.kind is Kind.CALL
    assert "Alice" in house.band.screen.text
    house.band.wearer.answer_call("reject")
    await ringing
    await until(lambda: house.band.screen.kind is Kind.CLOCK)
    assert house.on_band("settings", "show_caller") is True
    sent = list(house.band._body.traffic["2A46"].last)
    assert sent == [vectors.CALL.packet.hex(" "), vectors.END.packet.hex(" ")]


@pytest.mark.parametrize(
    ("press", "answer", "reply"), [("reject", "rejected", "no"), ("ignore", "ignored", "yes")]
)
async def test_what_the_wearer_presses_is_the_answer_and_an_event(
    house: House, press: str, answer: str, reply: str
) -> None:
    caller = Caller(house)
    assert house.value("event", "call") == STATE_UNKNOWN
    ringing = caller.begin(caller="Alice", duration=_RING)
    await caller.until_ringing("Alice")
    house.band.wearer.answer_call(press)
    assert await ringing == {"answer": answer}
    asking = caller.begin("ask", question="Garage open. Close it?", duration=_RING)
    await caller.until_ringing("Garage open. Close it?")
    house.band.wearer.answer_call(press)
    assert await asking == {"answer": reply}
    assert house.value("event", "call") != STATE_UNKNOWN
    await until(lambda: _is_quiet(house))


@pytest.mark.parametrize(("action", "field"), [("call", "caller"), ("ask", "question")])
async def test_a_call_that_nobody_answers_ends_by_itself(
    house: House, action: str, field: str
) -> None:
    assert await house.call(action, **{field: "Bob"}, duration=1) == {"answer": "timeout"}
    assert _is_quiet(house)


async def test_a_call_without_a_name_comes_from_home_assistant(
    house: House, caller: Caller
) -> None:
    ringing = caller.begin(duration=_RING)
    await caller.until_ringing("Home Assistant")
    await house.call("call", stop=True)
    await ringing


@pytest.mark.parametrize(("action", "field"), [("call", "caller"), ("ask", "question")])
async def test_a_call_can_be_stopped(house: House, caller: Caller, action: str, field: str) -> None:
    ringing = caller.begin(action, **{field: "Bob"}, duration=_RING)
    await caller.until_ringing("Bob")
    assert await house.call("call", stop=True) == {"answer": "cancelled"}
    assert await ringing == {"answer": "cancelled"}
    await until(lambda: _is_quiet(house))


async def test_stopping_what_does_not_ring_does_no_harm(house: House) -> None:
    assert await house.call("call", stop=True) == {"answer": "cancelled"}
    assert house.on_band("calls") == []


async def test_a_script_that_is_stopped_ends_the_call(house: House, caller: Caller) -> None:
    ringing = caller.begin(caller="Bob", duration=_RING)
    await caller.until_ringing("Bob")
    ringing.cancel()
    await until(lambda: _is_quiet(house))


async def test_an_end_that_a_proxy_does_not_pass_on_is_told_once_more(
    house: House, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [CommandRefused("access to NEW_ALERT", 0xFF)]

    async def end(link: Link) -> None:
        if ends:
            raise ends.pop()
        await hang_up(link)

    monkeypatch.setattr("custom_components.mi_band.call_desk.hang_up", end)
    ringing = caller.begin(caller="Bob", duration=_RING)
    await caller.until_ringing("Bob")
    await house.call("call", stop=True)
    assert await ringing == {"answer": "cancelled"}
    assert _is_quiet(house)
    assert house.entry.runtime_data.calls.unended is False


async def test_calls_at_the_same_time_ring_one_after_the_other(
    house: House, caller: Caller
) -> None:
    first = caller.begin(caller="First", duration=_RING)
    await caller.until_ringing("First")
    second = caller.begin("ask", question="Second", duration=_RING)
    house.band.wearer.answer_call("ignore")
    assert await first == {"answer": "ignored"}
    await caller.until_ringing("Second")
    house.band.wearer.answer_call("reject")
    assert await second == {"answer": "no"}
    assert [call["event"] for call in house.on_band("calls")] == ["incoming", "end"] * 2


async def test_stopping_ends_those_that_wait_too(house: House, caller: Caller) -> None:
    first = caller.begin(caller="First", duration=_RING)
    await caller.until_ringing("First")
    second = caller.begin(caller="Second", duration=_RING)
    await asyncio.sleep(0)
    await house.call("call", stop=True)
    assert await first == await second == {"answer": "cancelled"}
    assert [call.get("caller") for call in house.on_band("calls")] == ["First", None]


async def test_more_calls_at_once_than_a_wrist_bears_are_refused(
    house: House, caller: Caller
) -> None:
    ringing = [caller.begin(caller=f"{number}", duration=_RING) for number in range(5)]
    await caller.until_ringing("0")
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("call", caller="One too many")
    assert caught.value.translation_key == "too_many_calls"
    await house.call("call", stop=True)
    await asyncio.gather(*ringing)


async def test_more_calls_an_hour_than_a_wrist_bears_are_refused(
    house: House, caller: Caller
) -> None:
    for number in range(30):
        ringing = caller.begin(caller=f"{number}", duration=_RING)
        await caller.until_ringing(f"{number}")
        house.band.wearer.answer_call("reject")
        await ringing
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("call", caller="One too many")
    assert caught.value.translation_key == "too_many_calls"


async def test_an_answer_to_a_call_of_yesterday_answers_nothing(
    house: House, caller: Caller
) -> None:
    house.band.wearer.event("call_reject")
    await until(lambda: house.value("event", "call") != STATE_UNKNOWN)
    ringing = caller.begin(caller="Bob", duration=_RING)
    await caller.until_ringing("Bob")
    house.band.wearer.answer_call("ignore")
    assert await ringing == {"answer": "ignored"}


# When the link ends


async def _lose_caller(house: House, caller: Caller) -> None:
    """Let Bob call, and carry the band away while it rings."""
    ringing = caller.begin(caller="Bob", duration=_RING)
    await caller.until_ringing("Bob")
    await house.lose_band()
    with pytest.raises(HomeAssistantError, match="broke"):
        await ringing


async def test_a_link_that_breaks_ends_the_call_and_the_next_one_the_ringing(
    house: House, caller: Caller
) -> None:
    await _lose_caller(house, caller)
    assert house.on_band("calling") == "Bob"
    await house.bring_band_back()
    await until(lambda: _is_quiet(house))


async def test_a_call_whose_link_broke_ends_also_after_a_restart(
    house: House, caller: Caller
) -> None:
    await _lose_caller(house, caller)
    assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    assert house.on_band("calling") == "Bob"
    await house.bring_band_back()
    await until(lambda: _is_quiet(house))


@pytest.mark.parametrize("operation", [1, 2, 3])
async def test_a_cut_at_each_write_leaves_nothing_that_rings(
    house: House, caller: Caller, operation: int
) -> None:
    # Let nothing else be on the air that would count.
    await until(lambda: house.entry.runtime_data.data.slots.address is not None)
    await until(lambda: house.entry.runtime_data.data.last_sync is not None)
    house.band.faults.cut_after(operation)
    ringing = caller.begin(caller="Bob", duration=1)
    await asyncio.wait([ringing])
    await until(lambda: house.on_band("connections") == 2)
    await house.until_connected()
    await until(lambda: house.on_band("calling") is None)
    assert not ringing.cancelled()
    if ringing.exception() is None:
        assert ringing.result() == {"answer": "timeout"}
    again = caller.begin(caller="Ann", duration=_RING)
    await caller.until_ringing("Ann")
    house.band.wearer.answer_call("reject")
    assert await again == {"answer": "rejected"}


async def test_the_next_call_ends_too_when_the_end_of_the_last_one_comes_late(
    house: House, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, end = house.entry.runtime_data.calls, asyncio.Event()

    async def hang_up_late(link: Link) -> None:
        await end.wait()
        await hang_up(link)

    with monkeypatch.context() as slow:
        slow.setattr("custom_components.mi_band.call_desk.hang_up", hang_up_late)
        late = asyncio.create_task(house.entry.runtime_data.lease.run(calls.async_end_late))
        ringing = caller.begin(caller="Bob", duration=_RING)
        await caller.until_ringing("Bob")
        end.set()
        await late
    # Now the band has to be told of that one's end.
    assert calls.unended is True
    ringing.cancel()
    await until(lambda: _is_quiet(house))
    assert calls.unended is False


async def _unload(house: House) -> None:
    await house.unload()


async def _stop(house: House) -> None:
    house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await house.band.wait_for(lambda: not house.band.connected)


@pytest.mark.parametrize("end", [_unload, _stop])
async def test_the_call_ends_with_the_integration(
    house: House, caller: Caller, end: Callable[[House], Any]
) -> None:
    ringing = caller.begin(caller="Bob", duration=_RING)
    await caller.until_ringing("Bob")
    await end(house)
    assert _is_quiet(house)
    with pytest.raises(HomeAssistantError):
        await ringing


async def test_a_call_says_that_the_band_is_away(house: House) -> None:
    await house.lose_band()
    for action, field in (("call", "caller"), ("ask", "question")):
        with pytest.raises(HomeAssistantError) as caught:
            await house.call(action, **{field: "Bob"})
        assert caught.value.translation_key == "not_connected"


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("ask", {}),
        ("call", {"duration": 0}),
        ("call", {"duration": 121}),
        ("ask", {"question": "?", "duration": "long"}),
    ],
)
async def test_a_call_that_makes_no_sense_is_refused(
    house: House, action: str, fields: dict[str, object]
) -> None:
    with pytest.raises(vol.Invalid):
        await house.call(action, **fields)


async def test_what_the_font_lacks_is_replaced_in_names(
    house: House, hass: HomeAssistant, caller: Caller
) -> None:
    ringing = caller.begin(caller="한국 \N{BELL}", duration=_RING, transliterate=True)
    await caller.until_ringing("hangug")
    await house.call("call", stop=True)
    await ringing


# Looking for the phone, whose screen is much like a call's


async def test_the_search_for_the_phone_ends_when_it_was_found_here(house: House) -> None:
    house.band.wearer.find_phone()
    await until(lambda: house.on_band("acknowledgements") == [{"find_phone": "ringing"}])
    assert house.on_band("screen", "kind") == Kind.SEARCHING
    await house.call("stop_find_phone")
    assert house.on_band("find_phone", "searching") is False
    assert house.on_band("screen", "kind") == Kind.CLOCK
    assert house.on_band("acknowledgements")[-1] == {"find_phone": "stopped"}
