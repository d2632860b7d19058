"""Weather: four records by chunked transfer of type 1, each a message of its own.

    offset size  02, current      04, air quality    01, forecast
    0      1     02               04                 01
    1      4     Unix time of the observation, in all of them
    5      1     zone in quarter hours, signed
    6            condition        index, 16 bits     number of days, today first, 1 to 7
    7            temperature      signed; -1 is      each: condition of the day and of the night,
    8            text, 00         unknown            highest, lowest, text, 00
                                  text, 00

    08, location: name, 00

Temperatures are signed bytes in the unit that the wearer chose; the band does not convert them. How
long a text may be is not documented: it gets 32 characters. [INFERRED] The records go in the order
current, air quality, forecast, location. Source: protocol-control.md section 18.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, unique
import struct
from typing import Final

from .link import Link
from .texts import clean, cut
from .wire import encode_zone, send_chunked

HIGHEST_DAYS: Final = 7
HIGHEST_INDEX: Final = 0x7FFF
"""Of the air: what there are bits for."""
HIGHEST_TEXT_CHARACTERS: Final = 32

_MESSAGE_TYPE = 1
_HEAD = struct.Struct("<BIb")
_FORECAST, _CURRENT, _AIR_QUALITY, _LOCATION = 0x01, 0x02, 0x04, 0x08
_NOW = struct.Struct("<Bb")
_INDEX = struct.Struct("<h")
_DAY = struct.Struct("<BBbb")
_UNKNOWN_INDEX = -1
_BYTES_OF_A_CHARACTER = 4


@unique
class Condition(IntEnum):
    """What the sky does, by the numbers on the wire (section 18.6).

    Where sources differ the names follow the code list of the Chinese weather service, whose
    numbering this is. [INFERRED]
    """

    CLEAR = 0x00
    SCATTERED_CLOUDS = 0x01
    CLOUDY = 0x02
    SHOWER = 0x03
    THUNDERSTORM = 0x04
    HAIL = 0x05
    SLEET = 0x06
    LIGHT_RAIN = 0x07
    RAIN = 0x08
    HEAVY_RAIN = 0x09
    EXTREME_RAIN = 0x0A
    SUPER_EXTREME_RAIN = 0x0B
    TORRENTIAL_RAIN = 0x0C
    SNOW_SHOWER = 0x0D
    LIGHT_SNOW = 0x0E
    SNOW = 0x0F
    HEAVY_SNOW = 0x10
    SNOWSTORM = 0x11
    FOG = 0x12
    FREEZING_RAIN = 0x13
    SANDSTORM = 0x14
    DUST = 0x1D
    STRONG_SANDSTORM = 0x1F
    HAZE = 0x35


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The weather now."""

    time: datetime
    """Aware; when it was observed."""
    condition: Condition
    temperature: int
    """-128 to 127, in the unit that the wearer chose."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AirQuality:
    """How good the air is."""

    time: datetime
    """Aware; when it was observed."""
    index: int | None
    """0 to 32767; None when it is not known."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the forecast."""

    condition: Condition
    night: Condition
    highest: int
    """-128 to 127, in the unit that the wearer chose."""
    lowest: int
    """Alike."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The weather of the days to come."""

    time: datetime
    """Aware; when it was made."""
    days: tuple[Day, ...]
    """1 to 7, today first."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the weather is."""

    name: str


type Record = Current | AirQuality | Forecast | Location


def encode_record(record: Record) -> bytes:
    """Encode one record, its texts cut to what the band takes.

    Raises:
        ValueError: a number is out of its range, a time is naive, or there are too many days.
    """
    try:
        return _encode(record)
    except struct.error as err:
        raise ValueError("a temperature or an index is out of its range") from err


def _encode(record: Record) -> bytes:
    match record:
        case Current(condition=condition, temperature=temperature, text=text):
            head = _head(_CURRENT, record.time)
            return head + _NOW.pack(condition, temperature) + _encode_text(text)
        case AirQuality(index=index, text=text):
            if index is not None and index < 0:
                raise ValueError("an index is not negative")
            packed = _INDEX.pack(_UNKNOWN_INDEX if index is None else index)
            return _head(_AIR_QUALITY, record.time) + packed + _encode_text(text)
        case Forecast(days=days):
            if not 1 <= len(days) <= HIGHEST_DAYS:
                raise ValueError("a forecast has 1 to 7 days")
            encoded = b"".join(_encode_day(day) for day in days)
            return _head(_FORECAST, record.time) + bytes((len(days),)) + encoded
        case Location(name):
            return bytes((_LOCATION,)) + _encode_text(name)


def _head(number: int, time: datetime) -> bytes:
    return _HEAD.pack(number, int(time.timestamp()), encode_zone(time))


def _encode_day(day: Day) -> bytes:
    return _DAY.pack(day.condition, day.night, day.highest, day.lowest) + _encode_text(day.text)


def _encode_text(text: str) -> bytes:
    octets = HIGHEST_TEXT_CHARACTERS * _BYTES_OF_A_CHARACTER
    return cut(clean(text), octets, HIGHEST_TEXT_CHARACTERS).encode() + b"\x00"


async def send_weather(link: Link, record: Record) -> None:
    """Send one record.

    Raises:
        LinkLost: the link broke.
        ValueError: it cannot be encoded.
    """
    await send_chunked(link, _MESSAGE_TYPE, encode_record(record))
