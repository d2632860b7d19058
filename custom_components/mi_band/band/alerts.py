"""Alerts on the wrist.

With an icon, by chunked transfer of type 0 (protocol-control.md section 14.1):

    offset size  meaning
    0      1     category: fa with an icon, 05 message, 01 e-mail
    1      4     00 00 00 00
    5      1     01, the number of alerts
    6      1     icon, in category fa only
    then         title, 00, body; then for fa 00, app name, 00, and for the others 00, space, 00

Title, its 00 and the body share 230 bytes with the header; a title has at most 32 characters. How
long the app's name may be is not documented: it gets as many. [INFERRED] Missed calls go to the
alert characteristic (section 14.2): category 04, count 01, title, three line feeds, body.
"""

from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final

from .link import Link
from .texts import clean, cut, split
from .uuids import Characteristic
from .wire import send_chunked

HIGHEST_TITLE_CHARACTERS: Final = 32
HIGHEST_PIECES: Final = 9
"""Into how many alerts a long text is split; one digit numbers them."""

_MESSAGE_TYPE = 0
_BUDGET = 230
_CUSTOM, _EMAIL, _MISSED_CALL, _MESSAGE = 0xFA, 0x01, 0x04, 0x05
_ATT_HEADER = 3
_SKIP_ICON_AND_CLOCK = "\n\n\n"
_FALLBACK_APP = "Home Assistant"


@unique
class Icon(Enum):
    """Icons of category fa; the value is the byte on the wire.

    Numbers without a name in the documents are left out. Penguin, fire, cow and star are named by
    how they look. [INFERRED]
    """

    CHAT = 0
    PENGUIN = 1
    MI_CHAT = 2
    FACEBOOK = 3
    TWITTER = 4
    MI_APP = 5
    SNAPCHAT = 6
    WHATSAPP = 7
    FIRE = 8
    ALARM_CLOCK = 10
    APP = 11
    INSTAGRAM = 12
    CHAT_BUBBLE = 13
    COW = 14
    STAR = 17
    CALENDAR = 21
    MESSENGER = 22
    VIBER = 23
    LINE = 24
    TELEGRAM = 25
    KAKAOTALK = 26
    SKYPE = 27
    VK = 28
    POKEMON_GO = 29
    HANGOUTS = 30
    MI = 31
    WEATHER = 35
    HEART_RATE = 36


@unique
class Category(Enum):
    """Alerts that the band draws in their own way; the value is the byte on the wire."""

    EMAIL = _EMAIL
    MISSED_CALL = _MISSED_CALL
    MESSAGE = _MESSAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What shall appear on the wrist."""

    title: str
    body: str
    look: Icon | Category = Icon.APP
    app_name: str = _FALLBACK_APP


def encode_alert(alert: Alert) -> bytes:
    """Encode an alert for the chunked transfer, cut to what the band takes.

    Raises:
        ValueError: a missed call, which travels in another way.
    """
    if alert.look is Category.MISSED_CALL:
        raise ValueError("a missed call is no chunked alert")
    head, tail = _frame(alert)
    # An empty body made some models of the family restart.
    body = cut(clean(alert.body), _BUDGET - len(head)) or " "
    return head + body.encode() + tail


def split_alert(alert: Alert) -> tuple[Alert, ...]:
    """Split an alert whose text is too long into several that have all of it, up to a limit.

    Their titles are numbered, for the band shows the newest first. A missed call stays one.
    """
    if alert.look is Category.MISSED_CALL:
        return (alert,)
    if len(clean(alert.body).encode()) <= _BUDGET - len(_frame(alert)[0]):
        return (alert,)
    # Longer than any that a number leads to, so that every piece has at least as much room.
    longest = replace(alert, title=_numbered(alert.title, HIGHEST_PIECES, HIGHEST_PIECES))
    room = _BUDGET - len(_frame(longest)[0])
    bodies = split(clean(alert.body), room, HIGHEST_PIECES)
    return tuple(
        replace(alert, title=_numbered(alert.title, number, len(bodies)), body=body)
        for number, body in enumerate(bodies, start=1)
    )


def _numbered(title: str, number: int, count: int) -> str:
    ending = f" {number}/{count}"
    return _title(title, HIGHEST_TITLE_CHARACTERS - len(ending)) + ending


def _frame(alert: Alert) -> tuple[bytes, bytes]:
    """Return what stands before the body of a chunked alert, and what behind it."""
    title = _title(alert.title).encode() + b"\x00"
    if isinstance(alert.look, Icon):
        header = bytes((_CUSTOM, 0, 0, 0, 0, 1, alert.look.value))
        return header + title, b"\x00" + _title(alert.app_name or _FALLBACK_APP).encode() + b"\x00"
    header = bytes((alert.look.value, 0, 0, 0, 0, 1))
    # The band shows nothing at all without a name here; a space is the shortest.
    return header + title, b"\x00 \x00"


def _title(text: str, characters: int = HIGHEST_TITLE_CHARACTERS) -> str:
    return cut(clean(text), _BUDGET, characters)


def encode_missed_call(alert: Alert, mtu: int) -> bytes:
    """Encode a missed call for the alert characteristic, cut to what one write carries."""
    text = clean(alert.title) + _SKIP_ICON_AND_CLOCK + clean(alert.body)
    head = bytes((_MISSED_CALL, 0x01))
    return head + cut(text, mtu - _ATT_HEADER - len(head)).encode()


async def send_alert(link: Link, alert: Alert) -> bool | None:
    """Show an alert on the wrist; the band vibrates once.

    Returns:
        Whether the band acknowledged it, or None for a missed call, which it never does. No source
        shows that alerts are acknowledged as other messages of this transfer are. [INFERRED]

    Raises:
        LinkLost: the link broke before the band had confirmed it; it may have come all the same.
    """
    if alert.look is Category.MISSED_CALL:
        await link.write(Characteristic.NEW_ALERT, encode_missed_call(alert, link.mtu))
        return None
    return await send_chunked(link, _MESSAGE_TYPE, encode_alert(alert))
