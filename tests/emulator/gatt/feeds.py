"""What is shown besides: weather, music, reminders, menu, vibration patterns, the phone's place.

All of them are chunked messages: type 1 weather, 2 the lists, 3 music, 6 the phone's place.

Source: protocol-control.md, 10.1, sections 13, 16, 17.2, 18 and 19.4.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
import struct
from typing import override

from ..screen import Content, Kind
from .body import Body, Capability, Json
from .events import Events
from .wire import ZONE_MAX, ZONE_MIN, short_time, signed, zone_info

_KEPT = 50
_DEGREE = 3_000_000


class Malformed(ValueError):
    """A payload that has no meaning; says why."""


class Reader:
    """Takes a payload apart from front to back."""

    def __init__(self, payload: bytes) -> None:
        self._rest = payload

    def take(self, size: int) -> bytes:
        """Take a number of bytes.

        Raises:
            Malformed: There are fewer.
        """
        if len(self._rest) < size:
            raise Malformed("too short")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def number(self, size: int) -> int:
        """Take an unsigned number."""
        return int.from_bytes(self.take(size), "little")

    def text(self) -> str:
        """Take a text up to its NUL.

        Raises:
            Malformed: It has no end, or is not UTF-8.
        """
        head, nul, self._rest = self._rest.partition(b"\x00")
        if not nul:
            raise Malformed("text without NUL")
        try:
            return head.decode()
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None

    def end(self) -> None:
        """Be through.

        Raises:
            Malformed: Something is left.
        """
        if self._rest:
            raise Malformed(f"{len(self._rest)} bytes too many")

    @property
    def rest(self) -> bytes:
        """What is left."""
        return self._rest


class Feeds(Capability):
    """The last of everything that was sent to be shown."""

    def __init__(self, body: Body, events: Events) -> None:
        super().__init__(body)
        self._events = events
        self._weather: dict[str, Json] = {}
        self._music: dict[str, Json] = {}
        self._reminders: dict[int, Json] = {}
        self._items: list[Json] = []
        self._patterns: dict[str, Json] = {}
        self._positions: list[Json] = []

    def _take(self, payload: bytes, clause: str, decode: Callable[[Reader], None]) -> bool:
        try:
            decode(Reader(payload))
        except Malformed as malformed:
            self.body.wrong("0020", str(malformed), f"protocol-control {clause}", payload)
            return False
        self.body.changed()
        return True

    def take_weather(self, payload: bytes) -> bool:
        """Take a message of chunk type 1."""
        return self._take(payload, "18", self._decode_weather)

    def take_list(self, payload: bytes) -> bool:
        """Take a message of chunk type 2."""
        return self._take(payload, "10.1, 13, 17.2", self._decode_list)

    def take_music(self, payload: bytes) -> bool:
        """Take a message of chunk type 3."""
        return self._take(payload, "16", self._decode_music)

    def take_position(self, payload: bytes) -> bool:
        """Take a message of chunk type 6."""
        return self._take(payload, "19.4", self._decode_position)

    # Weather

    def _decode_weather(self, reader: Reader) -> None:
        record = reader.number(1)
        if record == 0x08:
            location = reader.text()
            reader.end()
            self._weather["location"] = location
            return
        if record not in {0x01, 0x02, 0x04}:
            raise Malformed(f"weather record {record:02x}")
        time, zone = reader.number(4), signed(reader.number(1))
        if not ZONE_MIN <= zone <= ZONE_MAX:
            raise Malformed("offset outside -48..56")
        head: dict[str, Json] = {"time": time, "zone": zone}
        match record:
            case 0x02:
                name = "current"
                head |= {"condition": _condition(reader), "temperature": signed(reader.number(1))}
                head["text"] = reader.text()
            case 0x04:
                name = "air_quality"
                (aqi,) = struct.unpack("<h", reader.take(2))
                if aqi < -1:
                    raise Malformed("air of less than nothing")
                head |= {"aqi": None if aqi == -1 else aqi, "text": reader.text()}
            case _:
                name = "forecast"
                count = reader.number(1)
                if not 1 <= count <= 7:
                    raise Malformed(f"forecast of {count} days")
                head["days"] = [_forecast_day(reader) for _ in range(count)]
        reader.end()
        self._weather[name] = head

    # Music

    def _decode_music(self, reader: Reader) -> None:
        flags = reader.number(1)
        if flags & 0x80:
            raise Malformed("unknown music flag")
        music: dict[str, Json] = {"nothing_playing": bool(flags & 0x20)}
        for bit, decode in _MUSIC_FIELDS:
            if flags & bit:
                music |= decode(reader)
        # One client ends with a NUL, which does no harm (3, notes).
        if reader.rest != b"\x00":
            reader.end()
        self._music |= music
        if self._events.music_open:
            self._show_music()

    def _show_music(self) -> None:
        if self._music.get("nothing_playing"):
            self.body.screen.show(Kind.MUSIC, Content(label="Music", title="No music"))
            return
        self.body.screen.show(
            Kind.MUSIC,
            Content(
                label="Playing" if self._music.get("playing") else "Paused",
                title=str(self._music.get("track") or "No music"),
                body=str(self._music.get("artist") or ""),
                hint=self._position(),
            ),
        )

    def _position(self) -> str:
        position, duration = self._music.get("position_s"), self._music.get("duration_s")
        if not isinstance(position, int) or not isinstance(duration, int):
            return ""
        return f"{position // 60}:{position % 60:02}/{duration // 60}:{duration % 60:02}"

    # Weather, as the wearer sees it

    def show_weather(self) -> None:
        """Open the weather: what is known of now, of the air and of the next days."""
        current, forecast = self._weather.get("current"), self._weather.get("forecast")
        air = self._weather.get("air_quality")
        lines = []
        if isinstance(air, dict) and air["aqi"] is not None:
            lines.append(f"Air {air['aqi']}")
        if isinstance(forecast, dict) and isinstance(forecast["days"], list):
            lines += [
                f"{day['maximum']}/{day['minimum']} {_CONDITIONS.get(_code(day['day']), '?')}"
                for day in forecast["days"]
                if isinstance(day, dict)
            ]
        title, label = "No data", str(self._weather.get("location") or "Weather")
        if isinstance(current, dict):
            title = f"{current['temperature']}° {_CONDITIONS.get(_code(current['condition']), '?')}"
        self.body.screen.show(
            Kind.WEATHER, Content(title=title, body="\n".join(lines), label=label)
        )
        self.body.changed()

    # Reminders, when their time comes

    def due(self, since: datetime, now: datetime) -> Iterator[str]:
        """Go through the reminders whose time has come between two moments of the wall clock."""
        for slot in sorted(self._reminders):
            reminder = self._reminders[slot]
            if not isinstance(reminder, dict) or not reminder["enabled"]:
                continue
            start = datetime.fromisoformat(str(reminder["start"])).replace(tzinfo=now.tzinfo)
            moment = now.replace(hour=start.hour, minute=start.minute, second=0, microsecond=0)
            if since < moment <= now and _falls_on(reminder, start, moment):
                yield str(reminder["text"])

    def remind(self, text: str) -> None:
        """Show a reminder."""
        self.body.screen.show(Kind.REMINDER, Content(title=text, label="Reminder"))
        self.body.vibrate()
        self.body.changed()

    # Lists

    def _decode_list(self, reader: Reader) -> None:
        match reader.number(1):
            case 0x0B:
                self._decode_reminder(reader)
            case 0x1E:
                self._decode_items(reader)
            case 0x20:
                self._decode_pattern(reader)
            case opcode:
                raise Malformed(f"unknown list {opcode:02x}")

    def _decode_reminder(self, reader: Reader) -> None:
        slot, flags = reader.number(1), reader.number(4)
        if slot > 21:
            raise Malformed(f"reminder slot {slot}")
        if flags == 0x08:
            # A NUL, or the 14 that Gadgetbridge sends for an event.
            if reader.rest not in {bytes(1), bytes(14)}:
                raise Malformed("deleted reminder with anything but NULs, 1 or 14")
            self._reminders.pop(slot, None)
            return
        if flags & ~0x3FED:
            raise Malformed("unknown reminder flag")
        start = _moment(reader)
        end = _moment(reader) if flags & 0x04 else None
        if reader.number(1) != 0:
            raise Malformed("no 00 before the text of a reminder")
        text = reader.text() if flags & 0x08 else ""
        reader.end()
        if len(text) > 16 and end is None:
            raise Malformed("reminder of more than 16 characters")
        self._reminders[slot] = {
            "enabled": bool(flags & 0x01),
            "start": start,
            "end": end,
            "weekdays": (flags >> 5) & 0x7F,
            "monthly": bool(flags & 0x1000),
            "yearly": bool(flags & 0x2000),
            "text": text,
        }

    def _decode_items(self, reader: Reader) -> None:
        items: list[dict[str, Json]] = []
        while reader.rest:
            position, hidden, menu, item = reader.take(4)
            if position != len(items) or hidden > 1 or menu != 0xFF or not 1 <= item <= 0x15:
                raise Malformed("display item of another shape")
            if items and not hidden and items[-1]["shown"] is False:
                raise Malformed("display item shown behind a hidden one")
            if any(one["item"] == item for one in items):
                raise Malformed("display item twice")
            items.append({"item": item, "shown": not hidden})
        if items[:1] != [{"item": 0x12, "shown": True}]:
            raise Malformed("the watch face is not first and shown")
        self._items = list(items)

    def _decode_pattern(self, reader: Reader) -> None:
        kind, head = reader.number(1), reader.number(1)
        if kind not in {0, 1, 2, 4, 5, 6, 8, 9} or not head & 0x40:
            raise Malformed("vibration pattern of another shape")
        pairs = [[reader.number(2), reader.number(2)] for _ in range(head & 0x3F)]
        reader.end()
        if sum(map(sum, pairs)) > 10_000:
            raise Malformed("vibration of more than 10 s")
        if head & 0x80:
            self.body.vibrate(sum(map(sum, pairs)) / 1000)
        else:
            self._patterns[str(kind)] = [list[Json](pair) for pair in pairs]

    # The phone's place

    def _decode_position(self, reader: Reader) -> None:
        if reader.number(1) != 0x06:
            raise Malformed("position that does not begin with 06")
        flags = reader.number(4)
        if flags & ~0x40001:
            raise Malformed("unknown position flag")
        position: dict[str, Json] = {}
        if flags & 0x01:
            position["status"] = reader.number(1)
            if position["status"] not in {1, 2, 4}:
                raise Malformed("position of unknown status")
        if flags & 0x40000:
            longitude, latitude, speed, altitude, when, constant, bearing, nought = struct.unpack(
                "<iiiiqIHB", reader.take(31)
            )
            if constant != 0xFFFFFFFF or bearing or nought:
                raise Malformed("position with another end")
            if abs(longitude) > 180 * _DEGREE or abs(latitude) > 90 * _DEGREE:
                raise Malformed("position beyond the poles or the date line")
            position |= {
                "longitude": longitude / _DEGREE,
                "latitude": latitude / _DEGREE,
                "speed_mps": speed / 10,
                "altitude_m": altitude / 100,
                "time_ms": when,
            }
            self.body.training.locate(longitude, latitude, altitude // 100)
        reader.end()
        self._positions.append(position)
        del self._positions[:-_KEPT]

    def erase(self) -> None:
        """Have nothing to show."""
        for held in (self._weather, self._music, self._reminders, self._patterns):
            held.clear()
        self._items.clear()
        self._positions.clear()

    @override
    def state(self) -> dict[str, Json]:
        return {
            "weather": dict(self._weather),
            "music": dict(self._music),
            "reminders": {str(slot): self._reminders[slot] for slot in sorted(self._reminders)},
            "display_items": list(self._items),
            "vibration_patterns": dict(self._patterns),
            "positions": list(self._positions),
        }


# What the picture of a condition says, by the list that prefers (18.6).
_CONDITIONS = dict(
    enumerate(
        (
            *("clear", "cloudy", "overcast", "shower", "thunder", "hail", "sleet"),
            *("light rain", "rain", "heavy rain", "rainstorm", "rainstorm", "rainstorm"),
            *("flurry", "light snow", "snow", "heavy snow", "snowstorm", "fog", "icy rain"),
            *("sandstorm", "rain", "rain", "rain", "rain", "snow", "snow", "snow", "snow"),
            *("dust", "sand", "sandstorm"),
        )
    )
) | {0x35: "haze"}


def _code(value: Json) -> int:
    return value if isinstance(value, int) else -1


def _falls_on(reminder: dict[str, Json], start: datetime, moment: datetime) -> bool:
    """Whether a reminder is for a day."""
    if moment < start:
        return False
    weekdays = reminder["weekdays"]
    if isinstance(weekdays, int) and weekdays:
        return bool(weekdays >> moment.weekday() & 1)
    if reminder["monthly"]:
        return moment.day == start.day
    if reminder["yearly"]:
        return (moment.month, moment.day) == (start.month, start.day)
    return moment == start


def _condition(reader: Reader) -> int:
    code = reader.number(1)
    if code not in {*range(0x1E), 0x1F, 0x35}:
        raise Malformed(f"condition {code:02x}")
    return code


def _forecast_day(reader: Reader) -> Json:
    return {
        "day": _condition(reader),
        "night": _condition(reader),
        "maximum": signed(reader.number(1)),
        "minimum": signed(reader.number(1)),
        "text": reader.text(),
    }


def _music_state(reader: Reader) -> dict[str, Json]:
    state, nought, position = struct.unpack("<BBH", reader.take(4))
    if state > 1 or nought:
        raise Malformed("unknown music state")
    return {"playing": state == 1, "position_s": position}


def _music_volume(reader: Reader) -> dict[str, Json]:
    volume = reader.number(1)
    if volume > 100:
        raise Malformed("volume above 100")
    return {"volume": volume}


def _music_text(name: str) -> Callable[[Reader], dict[str, Json]]:
    def decode(reader: Reader) -> dict[str, Json]:
        text = reader.text()
        if not 1 <= len(text) <= 80:
            raise Malformed("music text empty or of more than 80 characters")
        return {name: text}

    return decode


_MUSIC_FIELDS: tuple[tuple[int, Callable[[Reader], dict[str, Json]]], ...] = (
    (0x01, _music_state),
    (0x02, _music_text("artist")),
    (0x04, _music_text("album")),
    (0x08, _music_text("track")),
    (0x10, lambda reader: {"duration_s": reader.number(2)}),
    (0x40, _music_volume),
)


def _moment(reader: Reader) -> str:
    # Local time without a zone; any will do to see whether there is such a moment.
    written = reader.take(6)
    try:
        moment = short_time(written, zone_info(0))
    except ValueError:
        raise Malformed("date that does not exist") from None
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")
