"""Alerts: what is cut, and how."""

from itertools import accumulate
import unicodedata

from hypothesis import given, strategies as st
import pytest
import regex

from custom_components.mi_band.band.alerts import (
    Alert,
    Category,
    Icon,
    encode_alert,
    encode_missed_call,
    send_alert,
    split_alert,
)
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.band.wire import encode_chunks
from tests.vectors import Vector, alerts as vectors
from tests.vectors.texts import TEXTS

from .scripted import ScriptedLink

_BUDGET = 230
_TEXT = st.text(max_size=600)
_LOOKS = st.sampled_from([*Icon, Category.EMAIL, Category.MESSAGE])


def _fields(payload: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Take a message apart as the band does: header, title, body, suffix."""
    size = 7 if payload[0] == 0xFA else 6
    title, body, suffix, rest = payload[size:].split(b"\x00", 3)
    assert rest == b""
    return payload[:size], title, body, suffix


@pytest.mark.parametrize("vector", vectors.MESSAGES, ids=str)
def test_a_documented_alert_is_encoded(vector: Vector[Alert]) -> None:
    assert encode_alert(vector.value) == vector.packet


@pytest.mark.parametrize("packets", vectors.PACKETS, ids=lambda packets: packets[0].title)
def test_an_alert_travels_in_the_documented_packets(
    packets: tuple[Alert, *tuple[bytes, ...]],
) -> None:
    alert, *documented = packets
    assert list(encode_chunks(0, encode_alert(alert), 23)) == documented


def _sent(text: str) -> str:
    """Return a text as it is to arrive: no NUL, no half of a pair, letters with their accents."""
    return unicodedata.normalize("NFC", text.replace("\x00", " ").encode(errors="replace").decode())


def _is_whole(part: bytes, text: str) -> bool:
    """Tell whether a part is the beginning of a text and ends with a whole character."""
    return part.decode() in set(accumulate(regex.findall(r"\X", _sent(text)), initial=""))


@given(title=_TEXT, body=_TEXT, look=_LOOKS, app_name=st.text(max_size=40))
def test_every_alert_keeps_to_the_budget_and_can_be_taken_apart(
    title: str, body: str, look: Icon | Category, app_name: str
) -> None:
    payload = encode_alert(Alert(title=title, body=body, look=look, app_name=app_name))
    header, sent_title, sent_body, suffix = _fields(payload)
    assert len(header) + len(sent_title) + 1 + len(sent_body) <= _BUDGET
    assert header[1:6] == b"\x00\x00\x00\x00\x01"
    assert len(sent_title.decode()) <= 32
    assert _is_whole(sent_title, title)
    assert sent_body == b" " or _is_whole(sent_body, body)
    if isinstance(look, Icon):
        assert (header[0], header[6]) == (0xFA, look.value)
        assert 1 <= len(suffix.decode()) <= 32
        assert not app_name or _is_whole(suffix, app_name)
    else:
        assert header[0] == look.value
        assert suffix == b" "


@given(body=st.text(st.characters(codec="utf-8"), max_size=600))
def test_a_body_is_cut_no_sooner_than_needed(body: str) -> None:
    header, title, sent, _ = _fields(encode_alert(Alert(title="T", body=body)))
    left = _sent(body).removeprefix(sent.decode())
    if left and sent != b" ":
        longer = sent + regex.findall(r"\X", left)[0].encode()
        assert len(header) + len(title) + 1 + len(longer) > _BUDGET


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("look", [Icon.APP, Category.MESSAGE], ids=["icon", "message"])
def test_no_kind_of_text_is_cut_within_a_character_or_too_long(
    text: str, look: Icon | Category
) -> None:
    room = 223 if isinstance(look, Icon) else 224
    _, title, body, _ = _fields(encode_alert(Alert(title=text, body=text, look=look)))
    assert len(title) + 1 + len(body) <= room
    assert len(title.decode()) <= 32
    assert _is_whole(title, text)
    assert body == b" " or _is_whole(body, text)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("title", ["T", "\N{DOOR}" * 40], ids=["short", "long"])
def test_no_kind_of_text_is_split_within_a_character(text: str, title: str) -> None:
    rest = _sent(text).split()
    for piece in split_alert(Alert(title=title, body=text)):
        _, sent_title, body, _ = _fields(encode_alert(piece))
        assert len(sent_title) + 1 + len(body) <= 223
        assert len(sent_title.decode()) <= 32
        # Nothing is cut off a piece: it was made to fit.
        assert body.decode() == _sent(piece.body) or not piece.body
        whole = regex.findall(r"\X", " ".join(rest))
        words = body.decode().split()
        assert " ".join(words) in set(accumulate(whole, initial=""))
        rest = " ".join(rest).removeprefix(" ".join(words)).split()


def test_a_split_alert_has_the_whole_text_and_its_titles_are_numbered() -> None:
    body = " ".join(f"word{number:03}" for number in range(70))
    pieces = split_alert(Alert(title="News", body=body))
    assert [piece.title for piece in pieces] == ["News 1/3", "News 2/3", "News 3/3"]
    assert " ".join(piece.body for piece in pieces) == body


def test_an_alert_that_fits_stays_one() -> None:
    alert = Alert(title="T", body="b" * 221)
    assert split_alert(alert) == (alert,)
    assert len(split_alert(Alert(title="T", body="b" * 222))) == 2


def test_a_missed_call_is_not_split() -> None:
    alert = Alert(title="T", body="b" * 999, look=Category.MISSED_CALL)
    assert split_alert(alert) == (alert,)


def test_a_text_without_end_makes_nine_alerts() -> None:
    pieces = split_alert(Alert(title="x" * 40, body="b" * 9999))
    assert len(pieces) == 9
    assert pieces[8].title == "x" * 28 + " 9/9"


@pytest.mark.parametrize(
    ("look", "room"), [(Icon.APP, 223), (Category.MESSAGE, 224)], ids=["icon", "message"]
)
def test_title_and_body_share_the_documented_number_of_bytes(
    look: Icon | Category, room: int
) -> None:
    _, title, body, _ = _fields(encode_alert(Alert(title="T", body="b" * 300, look=look)))
    assert len(title) + 1 + len(body) == room


def test_an_emoji_at_the_border_is_left_out_whole() -> None:
    body = "x" * 220 + "\N{WATCH}\N{WATCH}"
    _, _, sent, _ = _fields(encode_alert(Alert(title="T", body=body)))
    assert sent == b"x" * 220


def test_a_title_of_emoji_leaves_room_for_a_body() -> None:
    _, title, body, _ = _fields(encode_alert(Alert(title="\N{GRINNING FACE}" * 40, body="b" * 300)))
    assert len(title) == 32 * 4
    assert len(body) == 223 - 129


@pytest.mark.parametrize("body", ["", "\ud800"], ids=["empty", "half a surrogate pair"])
def test_no_body_is_ever_empty(body: str) -> None:
    _, _, sent, _ = _fields(encode_alert(Alert(title="", body=body)))
    assert sent in {b" ", b"?"}


def test_a_nul_in_a_text_does_not_end_it() -> None:
    alert = Alert(title="a\x00b", body="c\x00d", app_name="e\x00f")
    assert _fields(encode_alert(alert))[1:] == (b"a b", b"c d", b"e f")


def test_a_missed_call_is_no_chunked_message() -> None:
    with pytest.raises(ValueError, match="missed call"):
        encode_alert(vectors.MISSED_CALL.value)


def test_a_missed_call_is_encoded_for_the_alert_characteristic() -> None:
    vector = vectors.MISSED_CALL
    assert encode_missed_call(vector.value, 247) == vector.packet


@given(title=_TEXT, body=_TEXT, mtu=st.integers(23, 517))
def test_a_missed_call_fits_into_one_write(title: str, body: str, mtu: int) -> None:
    packet = encode_missed_call(Alert(title=title, body=body, look=Category.MISSED_CALL), mtu)
    assert packet[:2] == b"\x04\x01"
    assert len(packet) <= mtu - 3
    assert b"\x00" not in packet[2:]
    packet[2:].decode()


def test_the_icons_have_the_documented_numbers() -> None:
    assert (Icon.APP.value, Icon.WHATSAPP.value, Icon.TELEGRAM.value) == (11, 7, 25)
    assert (Icon.PENGUIN.value, Icon.MI_CHAT.value, Icon.MI_APP.value, Icon.FIRE.value) == (
        1,
        2,
        5,
        8,
    )
    assert (Icon.COW.value, Icon.STAR.value, Icon.POKEMON_GO.value) == (14, 17, 29)
    assert (Icon.WEATHER.value, Icon.HEART_RATE.value, Icon.CALENDAR.value) == (35, 36, 21)


async def test_a_missed_call_is_written_to_the_alert_characteristic() -> None:
    link = ScriptedLink(mtu=23)
    await send_alert(link, vectors.MISSED_CALL.value)
    assert link.written == [(Characteristic.NEW_ALERT, vectors.MISSED_CALL.packet[:20])]
