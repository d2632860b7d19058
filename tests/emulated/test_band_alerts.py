"""Alerts, calls and the search for the band, with the vectors of sections 14, 15 and 17."""

from bumble import att
import pytest

from tests.emulated.phone import Lab, authenticated, lab, pieces
from tests.emulator.gatt.body import Json
from tests.emulator.radio import Radio
from tests.emulator.screen import _FONT, Kind

WHATSAPP = (
    "00 00 00 fa 00 00 00 00 01 07 41 6c 69 63 65 00 48 69 20 74",
    "00 80 01 68 65 72 65 00 57 68 61 74 73 41 70 70 00",
)
SMS = (
    "00 00 00 05 00 00 00 00 01 42 6f 62 00 4f c3 b9 20 65 73 2d",
    "00 80 01 74 75 20 3f 00 20 00",
)
LETTERS = {7: "W", None: "M", 11: "A"}
"""What is drawn for an icon."""
SINGLE = ("00 c0 00 fa 00 00 00 00 01 0b 41 00 42 00 43 00",)


def _rich(title: str, body: bytes, *, category: int = 0xFA, name: str = "App") -> bytes:
    icon = b"\x0b" if category == 0xFA else b""
    head = bytes((category, 0, 0, 0, 0, 1)) + icon
    return head + title.encode() + b"\x00" + body + b"\x00" + name.encode() + b"\x00"


def _alerts(here: Lab) -> list[dict[str, Json]]:
    alerts = here.band.snapshot()["alerts"]
    assert isinstance(alerts, list)
    return [alert for alert in alerts if isinstance(alert, dict)]


@pytest.mark.parametrize(
    ("vector", "icon", "seen"),
    [
        (WHATSAPP, 7, "WhatsApp\nAlice\nHi there"),
        (SMS, None, "Message\nBob\nOù es-tu ?"),
        (SINGLE, 11, "C\nA\nB"),
    ],
)
async def test_rich_alerts_reach_the_wearer(
    radio: Radio, vector: tuple[str, ...], icon: int | None, seen: str
) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0020")
        for piece in vector:
            await here.phone.command("0020", piece)
        last = "80" if len(vector) > 1 else "c0"
        assert (await here.phone.hear("0020")).hex() == f"1000{last}01010000"
        assert here.shows() is Kind.NOTIFICATION
        assert here.band.screen.text == seen
        assert (
            f"font-weight='700' fill='#f8fafc' {_FONT}>{LETTERS[icon]}</text>" in here.band.draw()
        )
        assert here.band.vibrations == 1
        assert _alerts(here)[0]["icon"] == icon
        assert not here.band.violations
        here.band.wearer.tap()
        assert here.shows() is Kind.CLOCK


@pytest.mark.parametrize("room", [17, 241])
@pytest.mark.parametrize(("category", "budget"), [(0xFA, 223), (0x05, 224), (0x01, 224)])
async def test_title_and_body_fill_the_budget_and_not_more(
    radio: Radio, room: int, category: int, budget: int
) -> None:
    async with authenticated(radio) as here:
        await here.band.wait_for(lambda: here.band.snapshot()["mtu"] == 247)
        body = "é" * ((budget - 4) // 2)
        title = "t" * (budget - 1 - 2 * len(body))
        full = _rich(title, body.encode(), category=category)
        assert await here.phone.send(0, full, room=room) is not None
        assert _alerts(here)[0]["body"] == body
        assert not here.band.violations
        more = _rich(title + "t", body.encode(), category=category)
        assert await here.phone.send(0, more, room=room) is None
        assert here.wrongs == [f"0020: alert: title and body beyond {budget} bytes"]


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"", "category"),
        (_rich("A", b"B", category=0x03), "category"),
        (b"\xfa\x00\x00\x00\x01\x01\x0bA\x00B\x00C\x00", "header"),
        (b"\xfa\x00\x00\x00\x00\x02\x0bA\x00B\x00C\x00", "header"),
        (b"\xfa\x00\x00\x00\x00\x01\x25A\x00B\x00C\x00", "icon"),
        (b"\xfa\x00\x00\x00\x00\x01", "icon"),
        (b"\x05\x00\x00\x00\x00\x01A\x00B", "NUL"),
        (b"\x05\x00\x00\x00\x00\x01A\x00B\x00C\x00D\x00", "NUL"),
        (_rich("A", "é".encode()[:1]), "UTF-8"),
        (_rich("A" * 33, b"B"), "title"),
        (_rich("A", b""), "empty body"),
        (_rich("A", b"B", name=""), "no name"),
    ],
)
async def test_what_is_no_alert_is_listed_and_not_shown(
    radio: Radio, payload: bytes, what: str
) -> None:
    async with authenticated(radio) as here:
        if not payload:
            await here.phone.command("0020", "00c000")
        else:
            assert await here.phone.send(0, payload) is None
            assert what in here.wrongs[0]
        assert len(here.band.violations) == 1
        assert here.shows() is Kind.CLOCK


async def test_a_body_is_wrapped_to_ten_characters_and_six_lines(radio: Radio) -> None:
    async with authenticated(radio) as here:
        text = b"Dinner is ready\nunbelievably good, come down while it is hot and steaming"
        await here.phone.send(0, _rich("Alice", text))
        lines = here.band.screen.lines
        assert lines[:4] == ["Dinner is", "ready", "unbelievab", "ly good,"]
        assert len(lines) == 6
        assert ">unbelievab<" in here.band.draw()


async def test_the_newest_alert_lies_on_top(radio: Radio) -> None:
    async with authenticated(radio) as here:
        for title in ("one", "two"):
            await here.phone.send(0, _rich(title, b"-"))
        assert here.band.screen.content.title == "two"
        here.band.wearer.refuse()
        assert here.band.screen.content.title == "one"
        here.band.wearer.tap()
        assert here.shows() is Kind.CLOCK


# The chunked receiver


@pytest.mark.parametrize(
    ("written", "what"),
    [
        (["00c000"], "piece without header and data"),
        (["01c0003011"], "piece without header and data"),
        (["00f0003011"], "unknown flags"),
        (["0010003011"], "unknown flags"),
        (["00c5003011"], "message of unknown type 5"),
        (["00c9003011"], "message of unknown type 9"),
        (["00c3014032"], "piece 1 where 0 was due"),
        (["0043014032"], "piece of a message that was not begun"),
        (["0083014032"], "piece of a message that was not begun"),
        (["0003004032", "0083024032"], "piece 2 where 1 was due"),
        (["0003004032", "0082014032"], "piece of a message that was not begun"),
        (["0003004032", "00c3004032"], "new message before the last one was complete"),
    ],
)
async def test_pieces_have_rules(radio: Radio, written: list[str], what: str) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0020")
        for piece in written:
            await here.phone.command("0020", piece)
        assert here.wrongs == [f"0020: {what}"]


async def test_a_message_ends_with_the_link(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.command("0020", WHATSAPP[0])
        await here.phone.disconnect()
        await here.phone.connect()
        here.phone.heard.clear()
        await here.phone.authenticate()
        await here.phone.command("0020", SINGLE[0])
        assert not here.band.violations
        assert len(_alerts(here)) == 1


async def test_a_long_message_is_cut_as_the_documents_cut_it(radio: Radio) -> None:
    assert [piece[:3].hex() for piece in pieces(4, bytes(70))][-1] == "008404"
    async with authenticated(radio) as here:
        assert (await here.phone.send(3, bytes.fromhex("4032"))) == bytes.fromhex("1000c301010000")


# New Alert


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("05 01 54 69 74 6c 65 00 42 6f 64 79 00", "Message\nTitle\nBody"),
        (
            "04 01 41 6c 69 63 65 0a 0a 0a 6d 69 73 73 65 64 20 63 61 6c 6c",
            "Missed call\nAlice\nmissed call",
        ),
        ("01 01 4d 61 69 6c", "E-mail\nMail"),
    ],
)
async def test_simple_alerts_need_no_key(radio: Radio, value: str, seen: str) -> None:
    async with lab(radio) as here:
        await here.phone.write("2A46", value)
        assert here.band.screen.text == seen
        assert here.band.vibrations == 1
        assert not here.band.violations


async def test_a_call_is_shown_until_it_ends(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.write("2A46", "03 01 41 6c 69 63 65")
        assert here.shows() is Kind.CALL
        assert here.band.screen.content.title == "Alice"
        assert here.band.snapshot()["calling"] == "Alice"
        await here.phone.write("2A46", "03 00")
        assert here.shows() is Kind.CLOCK
        assert here.band.snapshot()["calls"] == [
            {"event": "incoming", "caller": "Alice"},
            {"event": "end"},
        ]
        assert not here.band.violations


@pytest.mark.parametrize(("answer", "event"), [("reject", b"\x07"), ("ignore", b"\x09")])
async def test_a_call_can_be_answered_on_the_band(radio: Radio, answer: str, event: bytes) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0010")
        with pytest.raises(ValueError, match="nobody calls"):
            here.band.wearer.answer_call(answer)
        await here.phone.write("2A46", "03 01 41")
        here.band.wearer.answer_call(answer)
        assert await here.phone.hear("0010") == event
        assert (here.shows() is Kind.CALL) == (answer == "ignore")


async def test_a_long_name_arrives_by_a_long_write(radio: Radio) -> None:
    async with lab(radio) as here:
        name = "é" * 120
        assert here.phone.connection is not None
        await _long_write(here, b"\x03\x01" + name.encode())
        assert here.band.snapshot()["calling"] == name


async def _long_write(here: Lab, value: bytes) -> None:
    assert here.phone.connection is not None
    client = here.phone.connection.gatt_client
    handle = here.phone.characteristic("2A46").handle
    for start in range(0, len(value), 18):
        await client.send_request(
            att.ATT_Prepare_Write_Request(
                attribute_handle=handle,
                value_offset=start,
                part_attribute_value=value[start : start + 18],
            )
        )
    await client.send_request(att.ATT_Execute_Write_Request(flags=1))


@pytest.mark.parametrize(
    "value",
    [
        "05",
        "0a01",
        "fa010b41",
        "0502",
        "0400",
        "0500",
        "030041",
        "0501c3",
        "0301" + "41" * 14 + "ff",
    ],
)
async def test_what_is_no_simple_alert_is_refused(radio: Radio, value: str) -> None:
    async with lab(radio) as here:
        assert await here.phone.refused("2A46", value) in {0x0D, 0x13}
        assert len(here.band.violations) == 1


async def test_an_unbound_band_shows_its_pairing_screen_whatever_comes(radio: Radio) -> None:
    async with lab(radio, profile="v2_new", key=None) as here:
        await here.phone.write("2A46", "05 01 54 00 42 00")
        await here.phone.command("2A06", "03")
        assert here.shows() is Kind.PAIRING
        assert here.band.vibrations == 0
        assert not here.band.violations


# Find band


async def test_the_band_vibrates_for_one_run(radio: Radio) -> None:
    async with lab(radio, tick_s=0.02) as here:
        await here.phone.command("2A06", "03")
        assert here.shows() is Kind.FIND
        assert here.band.snapshot()["vibration"] == {"count": 1, "active": True}
        await here.band.wait_for(lambda: here.shows() is Kind.CLOCK)
        assert here.band.snapshot()["vibration"] == {"count": 1, "active": False}
        assert not here.band.violations


async def test_the_run_is_stopped_from_both_ends(radio: Radio) -> None:
    async with lab(radio, tick_s=1) as here:
        await here.phone.command("2A06", "03")
        await here.phone.command("2A06", "00")
        assert here.shows() is Kind.CLOCK
        await here.phone.command("2A06", "03")
        here.band.wearer.tap()
        assert here.shows() is Kind.CLOCK
        assert here.band.snapshot()["find"] == {"ringing": False, "runs": 2, "levels": [3, 0, 3]}


@pytest.mark.parametrize("value", ["04", "0300", "ff0100010003"])
async def test_other_alert_levels_are_violations(radio: Radio, value: str) -> None:
    async with lab(radio) as here:
        await here.phone.command("2A06", value)
        assert here.wrongs == ["2A06: alert level that is not 00..03"]
        assert here.band.vibrations == 0
