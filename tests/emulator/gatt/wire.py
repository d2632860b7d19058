"""Times, chunks of numbers and text as the band writes them.

Source: protocol-data.md, 0.3; protocol-control.md, 0.2.
"""

from datetime import datetime, timedelta, timezone

ZONE_UNKNOWN = 0x80
ZONE_MIN, ZONE_MAX = -48, 56
QUARTER_HOUR = timedelta(minutes=15)


def full_time(moment: datetime) -> bytes:
    """Encode `yy yy MM dd hh mm ss`."""
    return moment.year.to_bytes(2, "little") + bytes(
        (moment.month, moment.day, moment.hour, moment.minute, moment.second)
    )


def zone_byte(zone: int | None) -> int:
    """Encode a UTC offset in quarter hours; None is unknown."""
    return ZONE_UNKNOWN if zone is None else zone & 0xFF


def signed(value: int) -> int:
    """Read a byte as i8."""
    return value - 256 if value > 127 else value


def zone_info(quarters: int) -> timezone:
    """Return the fixed offset that a zone byte stands for."""
    return timezone(quarters * QUARTER_HOUR)


def short_time(value: bytes, zone: timezone) -> datetime:
    """Decode `yy yy MM dd hh mm`, to which seconds may be appended.

    Raises:
        ValueError: There is no such moment.
    """
    year = int.from_bytes(value[:2], "little")
    second = value[6] if len(value) > 6 else 0
    return datetime(year, value[2], value[3], value[4], value[5], second, tzinfo=zone)


def is_clock_time(*pairs: int) -> bool:
    """Say whether numbers are hours and minutes in turn."""
    return all(hour < 24 for hour in pairs[::2]) and all(minute < 60 for minute in pairs[1::2])
