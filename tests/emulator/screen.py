"""What the wearer sees on the band's 120 x 240 pixels, as data and as a drawing.

The band shows one thing at a time; what is more pressing hides the rest. `Screen` holds what there
is to show, `look` decides what is seen, `draw` draws it.

Source: protocol-control.md, 14 (icons, ten characters by six lines), 15, 16, 17.1; product.md, 8.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from html import escape
from textwrap import wrap
import zlib

import regex

WIDTH, HEIGHT = 120, 240
COLUMNS, LINES = 10, 6
_KEPT = 20


@unique
class Kind(StrEnum):
    """What can be on the screen, the most pressing first."""

    OFF = "off"
    CONFIRM = "confirm"
    UPDATE = "update"
    CALL = "call"
    ALARM = "alarm"
    FIND = "find"
    REMINDER = "reminder"
    NOTIFICATION = "notification"
    HEART_RATE = "heart_rate"
    WEATHER = "weather"
    MUSIC = "music"
    SEARCHING = "searching"
    CHARGING = "charging"
    RESOURCES = "resources"
    PAIRING = "pairing"
    CLOCK = "clock"


ICONS = {
    0: "Chat",
    1: "QQ",
    2: "Mi chat",
    3: "Facebook",
    4: "Twitter",
    5: "Mi",
    6: "Snapchat",
    7: "WhatsApp",
    8: "Fire",
    10: "Alarm clock",
    11: "App",
    12: "Instagram",
    13: "Chat bubble",
    14: "Cow",
    17: "Star",
    18: "App",
    21: "Calendar",
    22: "Messenger",
    23: "Viber",
    24: "LINE",
    25: "Telegram",
    26: "KakaoTalk",
    27: "Skype",
    28: "VK",
    29: "Pokémon Go",
    30: "Hangouts",
    31: "Mi",
    34: "E-mail",
    35: "Weather",
    36: "Heart rate",
}
ICON_LAST = 36


def icon_name(icon: int) -> str:
    """Name an icon id as a person would."""
    return ICONS.get(icon, "App")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Something to show.

    Attributes:
        title: First line, short.
        body: Text, wrapped when drawn.
        label: Small line above: the name of the app's icon, of the caller's kind.
        hint: What the wearer can do about it.
        icon: What the icon stands for that an alert asks for; none where its kind has one.
    """

    title: str = ""
    body: str = ""
    label: str = ""
    hint: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the clock face, and every drawing's edge, shows besides."""

    wall: datetime
    twelve_hours: bool
    steps: int
    battery: int
    charging: bool
    connected: bool
    vibrating: bool
    face: str | None = None
    """Which custom watch face is shown, by the first digits of its checksum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is seen at one moment."""

    kind: Kind
    content: Content
    status: Status

    @property
    def lines(self) -> list[str]:
        """The body as the band breaks it."""
        return [
            line
            for paragraph in self.content.body.split("\n")
            for line in _broken(paragraph, COLUMNS) or [""]
        ][:LINES]

    @property
    def missing(self) -> str:
        """The characters that the band's font does not have, each once, in their order.

        Of it is only known that it has no emoji (protocol-control 14.1).
        """
        content = self.content
        text = f"{content.label}{content.title}{content.body}"
        return "".join(dict.fromkeys(one for one in text if _is_emoji(one)))

    @property
    def text(self) -> str:
        """All that can be read, unbroken, in reading order."""
        match self.kind:
            case Kind.CLOCK:
                parts = [_time(self.status), f"{self.status.steps} steps"]
                parts.append(f"{self.status.battery} %")
                if self.status.face is not None:
                    parts.append(f"face {self.status.face}")
            case Kind.CHARGING:
                parts = ["Charging", f"{self.status.battery} %"]
            case _:
                content = self.content
                parts = [content.label, content.title, content.body, content.hint]
        return "\n".join(part for part in parts if part)


class Screen:
    """Everything there is to show."""

    def __init__(self) -> None:
        self._shown: dict[Kind, Content] = {}
        self._notifications: deque[Content] = deque(maxlen=_KEPT)

    def show(self, kind: Kind, content: Content) -> None:
        """Show something until it is cleared; a notification lies on the ones before it."""
        if kind is Kind.NOTIFICATION:
            self._notifications.append(content)
        self._shown[kind] = content

    def clear(self, kind: Kind) -> None:
        """Show something no more; behind a notification lies the one before."""
        self._shown.pop(kind, None)
        if kind is Kind.NOTIFICATION and self._notifications:
            self._notifications.pop()
            if self._notifications:
                self._shown[kind] = self._notifications[-1]

    def clear_all(self) -> None:
        """Show nothing but the time."""
        self._shown.clear()
        self._notifications.clear()

    def shows(self, kind: Kind) -> bool:
        """Say whether there is something of a kind, seen or hidden."""
        return kind in self._shown

    def look(self, status: Status) -> Look:
        """Decide what is seen."""
        kind = next((kind for kind in Kind if kind in self._shown), Kind.CLOCK)
        return Look(kind=kind, content=self._shown.get(kind, Content()), status=status)


def _broken(text: str, columns: int, lines: int | None = None) -> list[str]:
    """Break a text into lines, never within what a reader takes for one character."""
    characters = regex.findall(r"\X", text)
    joined = dict.fromkeys(one for one in characters if len(one) > 1 and not one.isspace())
    # While lines are broken, one code point of private use stands for each.
    single = {one: chr(0xF0000 + number) for number, one in enumerate(joined)}
    back = {ord(stand_in): one for one, stand_in in single.items()}
    short = "".join(single.get(one, one) for one in characters)
    found = wrap(short, columns, max_lines=lines, placeholder="…")
    return [line.translate(back) for line in found]


def _is_emoji(character: str) -> bool:
    code = ord(character)
    return code >= 0x1F000 or 0x2600 <= code <= 0x27BF or code in {0x200D, 0xFE0F, 0x20E3}


def _seen(text: str) -> str:
    """Put the empty box of a missing glyph where there is one, for a joined picture one as well."""
    characters = regex.findall(r"\X", text)
    return "".join("\N{WHITE SQUARE}" if any(map(_is_emoji, one)) else one for one in characters)


def _time(status: Status) -> str:
    return status.wall.strftime("%I:%M %p" if status.twelve_hours else "%H:%M")


# Drawing. Coordinates are pixels of the band; the page scales the whole.

_COLOURS = {
    Kind.CONFIRM: "#2dd4bf",
    Kind.UPDATE: "#38bdf8",
    Kind.CALL: "#4ade80",
    Kind.ALARM: "#f59e0b",
    Kind.FIND: "#fb923c",
    Kind.REMINDER: "#a3e635",
    Kind.NOTIFICATION: "#60a5fa",
    Kind.WEATHER: "#7dd3fc",
    Kind.HEART_RATE: "#fb7185",
    Kind.MUSIC: "#c084fc",
    Kind.SEARCHING: "#facc15",
    Kind.CHARGING: "#4ade80",
    Kind.RESOURCES: "#fbbf24",
    Kind.PAIRING: "#60a5fa",
}
_FONT = "font-family='DejaVu Sans, Verdana, sans-serif'"


def _line(y: int, text: str, *, size: int, fill: str = "#f8fafc", weight: int = 400) -> str:
    # A line that is too long is pressed together rather than cut: the wearer reads all of it.
    room, text = WIDTH - 12, _seen(text)
    squeeze = (
        f" textLength='{room}' lengthAdjust='spacingAndGlyphs'"
        if len(text) * size * 0.62 > room
        else ""
    )
    return (
        f"<text x='{WIDTH // 2}' y='{y}' text-anchor='middle' font-size='{size}' fill='{fill}'"
        f" font-weight='{weight}' {_FONT}{squeeze}>{escape(text)}</text>"
    )


def _battery(percent: int, *, charging: bool) -> list[str]:
    low = percent <= 15 and not charging
    fill = "#f87171" if low else "#4ade80"
    width = max(1, round(18 * percent / 100))
    return [
        "<rect x='88' y='9' width='22' height='11' rx='3' fill='none' stroke='#64748b'/>",
        "<rect x='111' y='12' width='2' height='5' rx='1' fill='#64748b'/>",
        f"<rect x='90' y='11' width='{width}' height='7' rx='1.5' fill='{fill}'/>",
    ]


def _edge(look: Look) -> list[str]:
    """The narrow line at the top: link, time, battery."""
    status = look.status
    dot = "#38bdf8" if status.connected else "#334155"
    parts = [f"<circle cx='13' cy='14' r='3.5' fill='{dot}'/>"]
    if look.kind is not Kind.CLOCK:
        parts.append(
            f"<text x='52' y='18' text-anchor='middle' font-size='11' fill='#94a3b8' {_FONT}>"
            f"{escape(_time(status))}</text>"
        )
    return parts + _battery(status.battery, charging=status.charging)


def _clock_face(status: Status) -> list[str]:
    hours = status.wall.strftime("%I" if status.twelve_hours else "%H")
    if status.face is not None:
        # Two colours of its own are enough to tell one watch face from another.
        bright, dark = f"#{int(status.face, 16) | 0x808080:06x}", f"#{status.face}"
        return [
            f"<rect x='6' y='30' width='108' height='204' rx='18' fill='{dark}' opacity='0.35'/>",
            f"<circle cx='60' cy='112' r='46' fill='none' stroke='{bright}' stroke-width='4'/>",
            _line(122, f"{hours}:{status.wall:%M}", size=26, weight=700),
            _line(186, f"{status.steps}", size=17, fill=bright, weight=700),
            _line(216, f"face {status.face}", size=9, fill="#94a3b8"),
        ]
    return [
        _line(86, hours, size=54, weight=700),
        _line(138, status.wall.strftime("%M"), size=54, fill="#7dd3fc", weight=300),
        _line(
            162,
            status.wall.strftime("%p  %a %d %b" if status.twelve_hours else "%a %d %b"),
            size=12,
            fill="#94a3b8",
        ),
        "<rect x='14' y='180' width='92' height='40' rx='14' fill='#0f2a24'/>",
        _line(200, f"{status.steps}", size=17, fill="#5eead4", weight=700),
        _line(214, "steps", size=10, fill="#5eead4"),
    ]


def _charging_face(status: Status) -> list[str]:
    height = round(86 * status.battery / 100)
    return [
        "<rect x='38' y='66' width='44' height='98' rx='10' fill='none' stroke='#4ade80'/>",
        "<rect x='50' y='57' width='20' height='8' rx='3' fill='#4ade80'/>",
        f"<rect x='44' y='{158 - height}' width='32' height='{height}' rx='6' fill='#166534'/>",
        "<path d='M63 88 L50 120 H60 L56 144 L71 110 H61 Z' fill='#bbf7d0'/>",
        _line(192, f"{status.battery} %", size=22, weight=700),
        _line(212, "Charging", size=12, fill="#86efac"),
    ]


def _icon(kind: Kind, colour: str) -> str:
    """A mark of 32 by 32 pixels around (60, 52)."""
    shapes = {
        Kind.CONFIRM: "<path d='M50 52 l8 8 l14 -16' fill='none' stroke='#042f2e'"
        " stroke-width='5' stroke-linecap='round' stroke-linejoin='round'/>",
        Kind.CALL: "<path d='M50 45 q2 14 16 18 l5 -5 l-6 -5 l-4 2 q-4 -3 -5 -7 l3 -3 l-4 -6 z'"
        " fill='#052e16'/>",
        Kind.FIND: "<path d='M48 52 h4 l4 -9 l7 18 l4 -9 h5' fill='none' stroke='#431407'"
        " stroke-width='4' stroke-linecap='round' stroke-linejoin='round'/>",
        Kind.NOTIFICATION: "<path d='M49 44 h22 v14 h-13 l-6 6 v-6 h-3 z' fill='#172554'/>",
        Kind.HEART_RATE: "<path d='M60 63 l-10 -10 a6 6 0 0 1 10 -7 a6 6 0 0 1 10 7 z'"
        " fill='#4c0519'/>",
        Kind.MUSIC: "<path d='M55 62 v-17 l13 -3 v15' fill='none' stroke='#3b0764'"
        " stroke-width='4'/><circle cx='52' cy='62' r='4' fill='#3b0764'/>"
        "<circle cx='65' cy='58' r='4' fill='#3b0764'/>",
        Kind.UPDATE: "<path d='M60 40 v20 m-8 -8 l8 9 l8 -9 M49 65 h22' fill='none'"
        " stroke='#082f49' stroke-width='4' stroke-linecap='round' stroke-linejoin='round'/>",
        Kind.RESOURCES: "<path d='M60 42 v14' stroke='#451a03' stroke-width='5'"
        " stroke-linecap='round'/><circle cx='60' cy='64' r='3' fill='#451a03'/>",
        Kind.ALARM: "<circle cx='60' cy='54' r='11' fill='none' stroke='#451a03' stroke-width='4'/>"
        "<path d='M60 48 v6 h5 M49 42 l-4 4 M71 42 l4 4' fill='none' stroke='#451a03'"
        " stroke-width='3' stroke-linecap='round'/>",
        Kind.REMINDER: "<path d='M51 44 h18 v18 h-18 z M51 50 h18 M56 41 v5 M64 41 v5' fill='none'"
        " stroke='#1a2e05' stroke-width='3'/>",
        Kind.WEATHER: "<circle cx='56' cy='49' r='6' fill='#082f49'/><path d='M52 62 h16 a6 6 0 0 0"
        " 0 -12 a8 8 0 0 0 -15 2 a5 5 0 0 0 -1 10 z' fill='#082f49'/>",
        Kind.SEARCHING: "<rect x='52' y='41' width='16' height='22' rx='3' fill='#422006'/>",
        Kind.PAIRING: "<path d='M52 45 l16 14 l-8 7 v-28 l8 7 l-16 14' fill='none'"
        " stroke='#172554' stroke-width='3.5' stroke-linejoin='round'/>",
    }
    return f"<circle cx='60' cy='52' r='20' fill='{colour}'/>{shapes.get(kind, '')}"


def _app_icon(name: str) -> str:
    """The place of an app's icon: its letters, in a colour by which it is known again."""
    letters = escape("".join(word[0] for word in name.split())[:2])
    hue = zlib.crc32(name.encode()) % 360
    return (
        f"<rect x='40' y='32' width='40' height='40' rx='11' fill='hsl({hue} 60% 45%)'/>"
        f"<text x='60' y='59' text-anchor='middle' font-size='20' font-weight='700'"
        f" fill='#f8fafc' {_FONT}>{letters}</text>"
    )


# A call has nothing but its title, which may be a question.
_TITLE_LINES = {Kind.CALL: 5}


def _message(look: Look) -> list[str]:
    colour = _COLOURS.get(look.kind, "#60a5fa")
    icon = look.content.icon
    parts = [_app_icon(icon) if icon else _icon(look.kind, colour)]
    y = 92
    if look.content.label:
        parts.append(_line(y, look.content.label, size=11, fill=colour))
        y += 17
    for line in wrap(
        look.content.title, COLUMNS + 2, max_lines=_TITLE_LINES.get(look.kind, 2), placeholder="…"
    ):
        parts.append(_line(y, line, size=15, weight=700))
        y += 18
    for line in look.lines:
        parts.append(_line(y, line, size=14, fill="#cbd5e1"))
        y += 16
    if look.content.hint:
        parts.append(f"<rect x='10' y='206' width='100' height='24' rx='12' fill='{colour}'/>")
        parts.append(_line(222, look.content.hint, size=12, fill="#020617", weight=700))
    return parts


def draw(look: Look) -> str:
    """Draw what is seen as SVG."""
    parts = [f"<rect width='{WIDTH}' height='{HEIGHT}' rx='22' fill='#020617'/>"]
    match look.kind:
        case Kind.OFF:
            pass
        case Kind.CLOCK:
            parts += _edge(look) + _clock_face(look.status)
        case Kind.CHARGING:
            parts += _edge(look) + _charging_face(look.status)
        case _:
            parts += _edge(look) + _message(look)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}'"
        f" width='{WIDTH}' height='{HEIGHT}' role='img'>{''.join(parts)}</svg>"
    )
