"""Calls on the emulated band: its screen, its vibration, and their end."""

import pytest

from custom_components.mi_band.band.calls import hang_up, ring
from custom_components.mi_band.band.events import DeviceEvent
from custom_components.mi_band.band.state import watch
from tests.emulator.screen import Kind
from tests.vectors import calls as vectors
from tests.vectors.texts import TEXTS

from .lab import Lab, items, say_first, state, traffic


async def test_a_call_rings_until_it_is_ended(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await ring(link, vectors.CALL.value)
        assert band.snapshot()["calling"] == "Alice"
        assert (band.screen.kind, band.screen.content.title) == (Kind.CALL, "Alice")
        assert band.vibrations == 1
        await hang_up(link)
    assert band.snapshot()["calling"] is None
    assert state(band, "settings")["show_caller"] is True
    assert traffic(band, "2A46").last == [
        vectors.CALL.packet.hex(" "),
        vectors.END.packet.hex(" "),
    ]


@pytest.mark.parametrize(
    ("answer", "event"),
    [("reject", DeviceEvent.CALL_REJECTED), ("ignore", DeviceEvent.CALL_IGNORED)],
)
async def test_the_wearers_answer_is_an_event(lab: Lab, answer: str, event: DeviceEvent) -> None:
    band = await lab.band()
    async with lab.open(band) as link, watch(link) as events:
        await ring(link, "Alice")
        band.wearer.answer_call(answer)
        async for told in events:
            if told is event:
                break
        await hang_up(link)
    assert band.snapshot()["calling"] is None


async def test_ending_no_call_does_no_harm(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await hang_up(link)
    assert items(band, "calls") == [{"event": "end"}]


@pytest.mark.parametrize("mtu", [247, 23])
async def test_no_name_breaks_a_call(lab: Lab, mtu: int) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        for name, text in TEXTS.items():
            await ring(link, text)
            assert band.screen.kind is Kind.CALL, name
            await hang_up(link)


async def test_wrong_replies_before_a_call_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(monkeypatch, band, "0003", bytes.fromhex("1006170006"), b"\x10", b"")
    async with lab.open(band) as link:
        await ring(link, "Alice")
        assert band.snapshot()["calling"] == "Alice"
        await hang_up(link)
