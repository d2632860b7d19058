"""Alerts on the wrist.

With an icon, by chunked transfer of type 0 (protocol-control.md section 14.1):

    offset size  meaning
    0      1     category: fa with an icon, 05 message, 01 e-mail
    1      4     00 00 00 00
    5      1     01, the number of alerts
    6      1     icon, in category fa only
    then         title, 00, body; then for fa 00, app name, 00, and for the others 00, space, 00

Title, its 00 and the body share 230 bytes with the header. Missed calls go to the alert
characteristic (section 14.2): category 04, count 01, title, three line feeds, body.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from .link import Link
from .uuids import Characteristic
from .wire import send_chunked

HIGHEST_TITLE_CHARACTERS: Final = 32
HIGHEST_BODY_CHARACTERS: Final = 512

_MESSAGE_TYPE = 0
_BUDGET = 230
_CUSTOM, _EMAIL, _MISSED_CALL, _MESSAGE = 0xFA, 0x01, 0x04, 0x05
_ATT_HEADER = 3
_SKIP_ICON_AND_CLOCK = "\n\n\n"
_FALLBACK_APP = "Home Assistant"


@unique
class Icon(Enum):
    """Icons of category fa; the value is the byte on the wire."""

    CHAT = 0
    FACEBOOK = 3
    TWITTER = 4
    SNAPCHAT = 6
    WHATSAPP = 7
    ALARM_CLOCK = 10
    APP = 11
    INSTAGRAM = 12
    CHAT_BUBBLE = 13
    CALENDAR = 21
    MESSENGER = 22
    VIBER = 23
    LINE = 24
    TELEGRAM = 25
    KAKAOTALK = 26
    SKYPE = 27
    VK = 28
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


def cut(text: str, limit: int) -> bytes:
    """Encode text in UTF-8 and cut it to a number of bytes, never within a character."""
    return text.encode(errors="replace")[:limit].decode(errors="ignore").encode()


def encode_alert(alert: Alert) -> bytes:
    """Encode an alert for the chunked transfer, cut to what the band takes.

    Raises:
        ValueError: a missed call, which travels in another way.
    """
    if alert.look is Category.MISSED_CALL:
        raise ValueError("a missed call is no chunked alert")
    if isinstance(alert.look, Icon):
        header = bytes((_CUSTOM, 0, 0, 0, 0, 1, alert.look.value))
        suffix = b"\x00" + _printable(alert.app_name) + b"\x00"
    else:
        header = bytes((alert.look.value, 0, 0, 0, 0, 1))
        # The band shows nothing at all without a name here; a space is the shortest.
        suffix = b"\x00 \x00"
    title = _printable(alert.title[:HIGHEST_TITLE_CHARACTERS]) + b"\x00"
    room = _BUDGET - len(header) - len(title)
    # An empty body made some models of the family restart.
    body = cut(_clean(alert.body[:HIGHEST_BODY_CHARACTERS]), room) or b" "
    return header + title + body + suffix


def encode_missed_call(alert: Alert, mtu: int) -> bytes:
    """Encode a missed call for the alert characteristic, cut to what one write carries."""
    text = _clean(alert.title) + _SKIP_ICON_AND_CLOCK + _clean(alert.body)
    head = bytes((_MISSED_CALL, 0x01))
    return head + cut(text, mtu - _ATT_HEADER - len(head))


def _clean(text: str) -> str:
    # A NUL ends a field on the wire, so one inside a text would end it early.
    return text.replace("\x00", " ")


def _printable(text: str) -> bytes:
    return _clean(text).encode(errors="replace")


async def send_alert(link: Link, alert: Alert) -> None:
    """Show an alert on the wrist; the band vibrates once.

    Raises:
        LinkLost: the link broke before the whole alert was sent.
    """
    if alert.look is Category.MISSED_CALL:
        await link.write(Characteristic.NEW_ALERT, encode_missed_call(alert, link.mtu))
    else:
        await send_chunked(link, _MESSAGE_TYPE, encode_alert(alert))
