"""What the wearer reads on the wrist."""

import asyncio
from datetime import timedelta
from itertools import accumulate
import unicodedata

import pytest
import regex

from custom_components.mi_band.band import wire
from custom_components.mi_band.band.alerts import (
    Alert,
    Category,
    Icon,
    send_alert,
    split_alert,
)
from tests.emulator.central import Adapter
from tests.vectors import Vector, alerts as vectors
from tests.vectors.texts import TEXTS

from .lab import Lab, items, say_first, state, traffic

_LONG = Alert(title="Alice", body="0123456789" * 30, look=Icon.WHATSAPP, app_name="WhatsApp")


@pytest.fixture
def short_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ACKNOWLEDGEMENT_TIMEOUT", timedelta(milliseconds=20))


@pytest.mark.parametrize("vector", vectors.MESSAGES, ids=str)
async def test_an_alert_appears_on_the_screen(lab: Lab, vector: Vector[Alert]) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await send_alert(link, vector.value)
    (shown,) = items(band, "alerts")
    assert shown["title"] == vector.value.title
    assert shown["body"] == (vector.value.body or " ")
    assert shown["transport"] == "0020"
    assert band.screen.content.title == vector.value.title
    assert band.vibrations == 1


@pytest.mark.parametrize("icon", Icon, ids=lambda icon: icon.name.lower())
async def test_the_band_has_every_icon(lab: Lab, icon: Icon) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await send_alert(link, Alert(title="T", body="B", look=icon))
    (shown,) = items(band, "alerts")
    assert shown["icon"] == icon.value


async def test_a_missed_call_appears_without_a_key(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        await send_alert(link, vectors.MISSED_CALL.value)
    (shown,) = items(band, "alerts")
    assert (shown["category"], shown["title"], shown["body"]) == ("04", "Alice", "missed call")
    assert traffic(band, "2A46").last == [vectors.MISSED_CALL.packet.hex(" ")]


@pytest.mark.parametrize(
    "alert",
    [
        _LONG,
        Alert(title="\N{GRINNING FACE}" * 50, body="\N{WATCH}" * 300),
        Alert(title="", body=""),
        Alert(title="a\x00b", body="c\x00d"),
        Alert(title="\ud800", body="\udfff"),
        Alert(title="x" * 40, body="\u00e9" * 400, look=Category.MESSAGE),
        Alert(title="x" * 40, body="y" * 400, look=Category.MISSED_CALL),
        Alert(title="T", body="line\nline\r\n\ttab"),
        Alert(title="T", body="B", app_name="A name that is longer than any app has" * 3),
    ],
    ids=["long", "emoji", "empty", "NUL", "surrogates", "accents", "missed", "lines", "app"],
)
@pytest.mark.parametrize("mtu", [247, 23])
async def test_no_text_breaks_an_alert(lab: Lab, alert: Alert, mtu: int) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        assert link.mtu == mtu
        await send_alert(link, alert)
        await band.wait_for(lambda: bool(items(band, "alerts")))
    assert len(items(band, "alerts")) == 1


def _whole_beginnings(text: str) -> set[str]:
    """Return every beginning of a text that ends with a whole character, as Unicode counts them."""
    arriving = text.replace("\x00", " ").encode(errors="replace").decode()
    characters = regex.findall(r"\X", unicodedata.normalize("NFC", arriving))
    return set(accumulate(characters, initial="")) | {" "}


@pytest.mark.parametrize("mtu", [247, 23])
@pytest.mark.parametrize("look", [Icon.APP, Category.EMAIL, Category.MISSED_CALL])
async def test_the_screen_never_shows_half_a_character(
    lab: Lab, look: Icon | Category, mtu: int
) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        for name, text in TEXTS.items():
            await send_alert(link, Alert(title="T", body=text, look=look))
            shown = items(band, "alerts")[-1]
            assert shown["title"] == "T", name
            assert shown["body"] in _whole_beginnings(text), name
            await send_alert(link, Alert(title=text, body=text, look=look))
            if look is not Category.MISSED_CALL:
                assert items(band, "alerts")[-1]["title"] in _whole_beginnings(text) | {""}, name


async def test_the_screens_of_a_split_text_show_all_of_it(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for name, text in TEXTS.items():
            shown = []
            for piece in split_alert(Alert(title="T", body=text)):
                await send_alert(link, piece)
                shown.append(str(items(band, "alerts")[-1]["body"]))
                assert band.screen.content.body == shown[-1]
            # A split text loses blanks at its borders, and what goes beyond nine pieces.
            arrived = "".join("".join(shown).split())
            whole = "".join(max(_whole_beginnings(text) - {" "}, key=len).split())
            assert whole.startswith(arrived), name
            assert len(shown) == 9 or arrived == whole, name


async def test_a_narrow_link_carries_an_alert_in_many_packets(lab: Lab) -> None:
    band = await lab.band(mtu=23)
    lab.adapter.mtu = None
    async with lab.open(band) as link:
        await send_alert(link, _LONG)
    (message,) = items(band, "messages")
    sizes = message["pieces"]
    assert isinstance(sizes, list)
    assert set(sizes[:-1]) == {20}
    assert len(sizes) == 15


async def test_a_wide_link_carries_an_alert_in_one_packet(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await send_alert(link, _LONG)
    (message,) = items(band, "messages")
    assert isinstance(message["pieces"], list)
    assert len(message["pieces"]) == 1


async def test_a_link_that_the_band_widens_is_used_as_it_is_now(lab: Lab) -> None:
    band = await lab.band()
    lab.adapter.mtu = None
    async with lab.open(band) as link:
        await band.wait_for(lambda: band.snapshot()["mtu"] == 247)
        assert link.mtu == 247
        await send_alert(link, _LONG)
    (message,) = items(band, "messages")
    assert isinstance(message["pieces"], list)
    assert len(message["pieces"]) == 1


async def test_alerts_at_the_same_time_do_not_mix(lab: Lab) -> None:
    band = await lab.band(mtu=23)
    lab.adapter.mtu = 23
    async with lab.open(band) as link, asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(
                send_alert(link, Alert(title=f"Alert {number}", body=f"{number}" * 200))
            )
    assert sorted(str(alert["title"]) for alert in items(band, "alerts")) == [
        f"Alert {number}" for number in range(5)
    ]
    assert traffic(band, "0020").cccd == 1


@pytest.mark.usefixtures("short_acknowledgement")
@pytest.mark.parametrize("what", ["lose", "garble"])
async def test_an_acknowledgement_that_does_not_arrive_is_no_failure(lab: Lab, what: str) -> None:
    band = await lab.band()
    getattr(band.faults, what)("0020")
    async with lab.open(band) as link:
        assert await send_alert(link, _LONG) is False
    assert len(items(band, "alerts")) == 1


async def test_an_alert_tells_whether_it_was_acknowledged(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        assert await send_alert(link, _LONG) is True
        assert await send_alert(link, vectors.MISSED_CALL.value) is None


async def test_a_doubled_acknowledgement_does_no_harm(lab: Lab) -> None:
    band = await lab.band()
    band.faults.double("0020", 2)
    async with lab.open(band) as link:
        await send_alert(link, _LONG)
        await send_alert(link, _LONG)
    assert len(items(band, "alerts")) == 2


async def test_wrong_acknowledgements_first_are_passed_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    say_first(monkeypatch, band, "0020", bytes.fromhex("1000c301010000"), b"\x10\x00", b"")
    async with lab.open(band) as link:
        await send_alert(link, _LONG)
    assert len(items(band, "alerts")) == 1


@pytest.mark.usefixtures("violations_expected", "short_acknowledgement")
async def test_an_alert_without_a_key_is_not_shown(lab: Lab, adapter: Adapter) -> None:
    # A command is not answered, so that only the missing acknowledgement could tell.
    band = await lab.band()
    async with lab.open(band, None) as link:
        await send_alert(link, _LONG)
    assert items(band, "alerts") == []
    assert {violation["characteristic"] for violation in band.violations} == {"0020"}
    assert state(band, "screen")["kind"] != "notification"
    assert adapter.free == adapter.slots
