"""Weather, as messages of the chunked transfer."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from custom_components.mi_band.band.weather import (
    AirQuality,
    Condition,
    Current,
    Day,
    Forecast,
    Location,
    Record,
)

from . import Origin, Vector

_ONE_EAST = timezone(timedelta(hours=1))
_TIME = datetime.fromtimestamp(1_700_000_000, _ONE_EAST)
_CLEAR = Day(condition=Condition.CLEAR, night=Condition.CLEAR, highest=25, lowest=14, text="Clear")


def _vector(name: str, packet: str, record: Record, section: str) -> Vector[Record]:
    return Vector(
        name=name,
        packet=bytes.fromhex(packet),
        value=record,
        origin=Origin.COMPUTED,
        source=f"protocol-control.md section {section}",
    )


RECORDS: Final = (
    _vector(
        "current",
        "02 00f15365 04 00 15 436c656172 00",
        Current(time=_TIME, condition=Condition.CLEAR, temperature=21, text="Clear"),
        "18.1",
    ),
    _vector(
        "unknown air",
        "04 00f15365 04 ffff 286e2f6129 00",
        AirQuality(time=_TIME, index=None, text="(n/a)"),
        "18.2",
    ),
    _vector("air", "04 00f15365 04 2a00 00", AirQuality(time=_TIME, index=42), "18.2"),
    _vector(
        "two days",
        "01 00f15365 04 02 00 00 19 0e 436c656172 00 02 02 12 fe 4f76657263617374 00",
        Forecast(
            time=_TIME,
            days=(
                _CLEAR,
                Day(
                    condition=Condition.CLOUDY,
                    night=Condition.CLOUDY,
                    highest=18,
                    lowest=-2,
                    text="Overcast",
                ),
            ),
        ),
        "18.3",
    ),
    _vector("location", "08 4d6164726964 00", Location("Madrid"), "18.4"),
)

CAPTURED: Final = (
    Forecast(
        time=datetime(2020, 9, 18, 10, 22, 6, tzinfo=UTC).astimezone(_ONE_EAST),
        days=(
            _CLEAR,
            Day(
                condition=Condition.CLEAR,
                night=Condition.SCATTERED_CLOUDS,
                highest=23,
                lowest=14,
                text="Clear",
            ),
            Day(
                condition=Condition.SCATTERED_CLOUDS,
                night=Condition.SCATTERED_CLOUDS,
                highest=24,
                lowest=15,
                text="Cloudy",
            ),
            *(_CLEAR,) * 2,
        ),
    ),
    bytes.fromhex("000100014e8a645f04050000190e436c65617200"),
    bytes.fromhex("0041010001170e436c656172000101180f436c6f"),
)
"""A forecast of the maker's app, and its first two packets as recorded; the rest was not kept, and
stands here as anything. Protocol-control.md section 18.3."""
