"""Weather, byte by byte."""

from dataclasses import replace
from datetime import datetime
from itertools import accumulate

import pytest
import regex

from custom_components.mi_band.band.texts import clean
from custom_components.mi_band.band.weather import (
    AirQuality,
    Condition,
    Current,
    Day,
    Forecast,
    Location,
    Record,
    encode_record,
)
from custom_components.mi_band.band.wire import encode_chunks
from tests.vectors import Vector, weather as vectors
from tests.vectors.texts import TEXTS

_FORECAST = vectors.CAPTURED[0]
_TIME = _FORECAST.time


@pytest.mark.parametrize("vector", vectors.RECORDS, ids=str)
def test_a_documented_record_is_encoded(vector: Vector[Record]) -> None:
    assert encode_record(vector.value) == vector.packet


def test_a_forecast_travels_in_packets_as_recorded() -> None:
    forecast, *recorded = vectors.CAPTURED
    assert list(encode_chunks(1, encode_record(forecast), 23))[:2] == recorded


@pytest.mark.parametrize(
    "record",
    [
        Current(time=_TIME, condition=Condition.CLEAR, temperature=128),
        Current(time=_TIME, condition=Condition.CLEAR, temperature=-129),
        AirQuality(time=_TIME, index=-1),
        AirQuality(time=_TIME, index=0x8000),
        replace(_FORECAST, days=()),
        replace(_FORECAST, days=_FORECAST.days * 2),
        replace(_FORECAST, days=(replace(_FORECAST.days[0], highest=128),)),
        Current(time=datetime(2026, 1, 1), condition=Condition.CLEAR, temperature=1),  # noqa: DTZ001  the fault itself
    ],
    ids=["hot", "cold", "good air", "bad air", "no day", "ten days", "hot day", "naive"],
)
def test_a_record_that_no_byte_holds_is_refused(record: Record) -> None:
    with pytest.raises(ValueError, match=r"range|negative|days|aware"):
        encode_record(record)


@pytest.mark.parametrize("temperature", [-128, -1, 0, 127])
def test_temperatures_have_a_sign(temperature: int) -> None:
    day = Day(
        condition=Condition.SNOW,
        night=Condition.HAZE,
        highest=temperature,
        lowest=temperature,
    )
    encoded = encode_record(Forecast(time=_TIME, days=(day,)))
    assert encoded[7:] == bytes((0x0F, 0x35, temperature & 0xFF, temperature & 0xFF, 0))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_texts_fit_and_end_with_a_whole_character(text: str) -> None:
    encoded = encode_record(Location(text))
    sent = encoded[1:-1].decode()
    assert encoded[-1] == 0
    assert "\x00" not in sent
    assert len(sent) <= 32
    assert sent in set(accumulate(regex.findall(r"\X", clean(text)), initial=""))
