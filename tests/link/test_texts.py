"""Texts of all kinds on the emulated screen: whole characters, line by line, within every limit.

What a character is says a library that implements Unicode's annex whole.
"""

from itertools import accumulate
import unicodedata

import pytest
import regex

from custom_components.mi_band.band.alerts import Alert, Category, Icon, send_alert, split_alert
from custom_components.mi_band.band.calls import hang_up, ring
from tests.emulator.band import EmulatedBand
from tests.emulator.screen import COLUMNS, LINES, Kind, draw
from tests.vectors.texts import TEXTS

from .lab import Lab, items

ROOM = {Icon.APP: 223, Category.MESSAGE: 224, Category.EMAIL: 224}
"""Bytes that title, NUL and body may have: protocol-control.md, section 14.1."""
LONGEST_TITLE = 32
LONGEST_CALLER = 255
"""Section 15."""


def _characters(text: str) -> list[str]:
    return regex.findall(r"\X", text)


def _arriving(text: str) -> list[str]:
    """Take apart what a text is when nothing is left that cannot be sent."""
    sendable = text.replace("\x00", " ").encode(errors="replace").decode()
    return _characters(unicodedata.normalize("NFC", sendable))


def _is_whole(shown: str, text: str) -> bool:
    """Tell whether what is shown is a beginning of a text that ends with a whole character."""
    return shown in set(accumulate(_arriving(text), initial=""))


def _lines_are_whole(band: EmulatedBand) -> bool:
    """Tell whether no line of the screen ends within a character."""
    body = "".join(band.screen.content.body.split())
    borders = set(accumulate(len(one) for one in _characters(body)))
    ends = accumulate(len("".join(line.split())) for line in band.screen.lines)
    return all(end in borders or end == 0 for end in ends)


@pytest.mark.parametrize(
    ("look", "mtu"), [*((look, 247) for look in ROOM), (Icon.APP, 23)], ids=str
)
async def test_an_alert_on_the_screen_is_whole_and_within_its_limits(
    lab: Lab, look: Icon | Category, mtu: int
) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        for name, text in TEXTS.items():
            await send_alert(link, Alert(title=text, body=text, look=look, app_name=text))
            content = band.screen.content
            assert _is_whole(content.title, text), name
            assert content.body == " " or _is_whole(content.body, text), name
            shown = items(band, "alerts")[-1]
            assert len(content.title) <= LONGEST_TITLE, name
            assert len(f"{content.title}\x00{content.body}".encode()) <= ROOM[look], name
            if isinstance(look, Icon) and text:
                assert _is_whole(str(shown["app"]), text), name
            pieces = items(band, "messages")[-1]["pieces"]
            assert isinstance(pieces, list)
            assert all(isinstance(size, int) and size <= mtu - 3 for size in pieces), name
    assert band.violations == []


async def test_no_line_of_the_screen_ends_within_a_character(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        for name, text in TEXTS.items():
            for piece in split_alert(Alert(title="T", body=text)):
                await send_alert(link, piece)
                lines = band.screen.lines
                assert len(lines) <= LINES, name
                assert all(len(_characters(line)) <= COLUMNS for line in lines), name
                assert _lines_are_whole(band), name
                assert "\U000f0000" not in draw(band.screen), name
    assert band.violations == []


@pytest.mark.parametrize("mtu", [247, 23])
async def test_a_caller_on_the_screen_is_whole_and_within_the_limit(lab: Lab, mtu: int) -> None:
    band = await lab.band(mtu=mtu)
    lab.adapter.mtu = mtu
    async with lab.open(band) as link:
        for name, text in TEXTS.items():
            await ring(link, text)
            assert band.screen.kind is Kind.CALL, name
            caller = band.screen.content.title
            assert _is_whole(caller, text) or not text.strip(), name
            assert len(caller) <= LONGEST_CALLER, name
            await hang_up(link)
    assert band.violations == []


@pytest.mark.parametrize(
    ("half", "text"), [("e", "xe\u0323\u0302"), ("\N{WATCH}\u200d", "x\N{WATCH}\u200d\N{DOOR}")]
)
def test_half_a_character_would_be_noticed(half: str, text: str) -> None:
    assert not _is_whole("x" + half, text)
    assert _is_whole("x", text)
