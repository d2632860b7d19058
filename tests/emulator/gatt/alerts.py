"""Alerts and calls: rich ones as chunked messages, simple ones and calls on New Alert.

Rich: category (`fa` with an icon, `05` SMS, `01` e-mail), `00 00 00 00`, `01`, the icon of `fa`,
title NUL body, then NUL, the app's name and NUL. Title, NUL and body are at most 223 bytes for
`fa` and 224 for the others, of whole characters.

Simple: category, count, text; `03 01` and a name is a call, `03 00` its end.

Source: protocol-control.md, sections 14 and 15.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import override

from ..screen import ICON_LAST, Content, Kind, icon_name
from .body import AttError, Body, Capability, Json

_RICH, _SIMPLE = "protocol-control 14.1", "protocol-control 14.2"
_CUSTOM, _SMS, _EMAIL = 0xFA, 0x05, 0x01
_BUDGET = {_CUSTOM: 223, _SMS: 224, _EMAIL: 224}
_TITLE_CHARACTERS = 32
_CALL, _MISSED_CALL = 0x03, 0x04
_CALL_TEXT = 255
_LABELS = {0x00: "Alert", _EMAIL: "E-mail", _MISSED_CALL: "Missed call", _SMS: "Message"}
# Offered by a test tool, with an unknown result: taken, not shown.
_UNPROVEN = {0x02, 0x06, 0x07, 0x08, 0x09}
_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rich:
    """A rich alert, taken apart."""

    category: int
    icon: int | None
    title: str
    body: str
    app: str


class Malformed(ValueError):
    """Bytes that are no alert."""


def _decode_rich(payload: bytes) -> _Rich:
    """Take a rich alert apart.

    Raises:
        Malformed: With what is wrong about it.
    """
    if not payload or payload[0] not in _BUDGET:
        raise Malformed("category that is not fa, 05 or 01")
    category = payload[0]
    if payload[1:6] != b"\x00\x00\x00\x00\x01":
        raise Malformed("header that is not 00 00 00 00 01 behind the category")
    icon, text = None, payload[6:]
    if category == _CUSTOM:
        if not text or text[0] > ICON_LAST:
            raise Malformed("icon that no table has")
        icon, text = text[0], text[1:]
    parts = text.split(b"\x00")
    if len(parts) != 4 or parts[3]:
        raise Malformed("not title NUL body NUL name NUL")
    if len(parts[0]) + 1 + len(parts[1]) > _BUDGET[category]:
        raise Malformed(f"title and body beyond {_BUDGET[category]} bytes")
    try:
        title, body, app = (part.decode() for part in parts[:3])
    except UnicodeDecodeError:
        raise Malformed("text that is not UTF-8, half a character perhaps") from None
    _check(title, body, app)
    return _Rich(category=category, icon=icon, title=title, body=body, app=app)


def _check(title: str, body: str, app: str) -> None:
    """Refuse texts that the documents rule out.

    Raises:
        Malformed: With what is wrong about them.
    """
    if len(title) > _TITLE_CHARACTERS:
        raise Malformed(f"title of more than {_TITLE_CHARACTERS} characters")
    if not body:
        raise Malformed("empty body where a space belongs")
    if not app:
        raise Malformed("no name behind the body, so that nothing is shown")


class Alerts(Capability):
    """What has been told to the wearer."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._alerts: list[Json] = []
        self._calls: list[Json] = []
        self.calling: str | None = None
        """Who is calling."""

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"2A46": self._write}

    # Rich

    def take_rich(self, payload: bytes) -> bool:
        """Take a message of chunk type 0; say whether it is to be acknowledged."""
        try:
            alert = _decode_rich(payload)
        except Malformed as malformed:
            self.body.wrong("0020", f"alert: {malformed}", _RICH, payload)
            return False
        label = alert.app if alert.icon is not None else _LABELS[alert.category]
        if alert.icon is not None and not alert.app.strip():
            label = icon_name(alert.icon)
        self._keep(
            category=f"{alert.category:02x}",
            icon=alert.icon,
            title=alert.title,
            body=alert.body,
            app=alert.app,
            transport="0020",
        )
        icon = _LABELS.get(alert.category) if alert.icon is None else icon_name(alert.icon)
        self._tell(Content(title=alert.title, body=alert.body, label=label, icon=icon or ""))
        return True

    def _keep(self, **alert: Json) -> None:
        icon = alert["icon"]
        alert["icon_name"] = icon_name(icon) if isinstance(icon, int) else None
        self._alerts.append(alert)
        del self._alerts[:-_KEPT]

    def _tell(self, content: Content) -> None:
        if self.body.bound:
            self.body.screen.show(Kind.NOTIFICATION, content)
            self.body.vibrate()

    # Simple

    def _write(self, value: bytes) -> None:
        if len(value) < 2:
            raise self.body.wrong(
                "2A46", "no category and count", _SIMPLE, value, error=AttError.INVALID_LENGTH
            )
        category, count = value[0], value[1]
        known = category in _LABELS or category in _UNPROVEN or category == _CALL
        if not known or (count != 1 and value[:2] != b"\x03\x00"):
            raise self.body.wrong("2A46", "unknown category or count", _SIMPLE, value)
        try:
            text = value[2:].decode()
        except UnicodeDecodeError:
            raise self.body.wrong("2A46", "text that is not UTF-8", _SIMPLE, value) from None
        if category == _CALL:
            self._call(value, count, text)
        else:
            self._simple(category, text)

    def _simple(self, category: int, text: str) -> None:
        # Two conventions: NUL between title and body, or three line feeds (14.2).
        separator = "\x00" if "\x00" in text else "\n\n\n"
        title, _, body = text.partition(separator)
        body = body.removesuffix("\x00")
        self._keep(
            category=f"{category:02x}",
            icon=None,
            title=title,
            body=body,
            app="",
            transport="2A46",
        )
        if category in _LABELS:
            label = _LABELS[category]
            self._tell(Content(title=title, body=body, label=label, icon=label))

    def _call(self, value: bytes, count: int, name: str) -> None:
        if count == 0:
            if name:
                raise self.body.wrong(
                    "2A46", "end of a call with a text", "protocol-control 15", value
                )
            self._note({"event": "end"})
            self.end_call()
            return
        if len(name) > _CALL_TEXT:
            raise self.body.wrong("2A46", "caller too long", "protocol-control 15", value)
        self._note({"event": "incoming", "caller": name})
        self.calling = name
        if self.body.bound:
            self.body.screen.show(
                Kind.CALL, Content(title=name, label="Incoming call", hint="Reject / Mute")
            )
            self.body.vibrate(5)

    def _note(self, call: Json) -> None:
        self._calls.append(call)
        del self._calls[:-_KEPT]

    def end_call(self) -> None:
        """Take the call from the screen."""
        self.calling = None
        self.body.screen.clear(Kind.CALL)
        self.body.still()

    @override
    def state(self) -> dict[str, Json]:
        return {"alerts": list(self._alerts), "calls": list(self._calls), "calling": self.calling}
