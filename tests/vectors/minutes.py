"""Stored minutes: what the records of a batch say."""

from datetime import datetime, timedelta, timezone

from . import Origin, Vector

START = datetime(2024, 3, 9, 7, 30, tzinfo=timezone(timedelta(hours=2)))
ZONE = 8

TRACE = Vector[tuple[tuple[int, int, int, int, int], ...]](
    name="six minutes",
    packet=bytes.fromhex("501500ff 5016004c 01400fff 01644c5d 700000ff 7914003d"),
    value=(
        (1709962200, 0x50, 21, 0, 255),
        (1709962260, 0x50, 22, 0, 76),
        (1709962320, 0x01, 64, 15, 255),
        (1709962380, 0x01, 100, 76, 93),
        (1709962440, 0x70, 0, 0, 255),
        (1709962500, 0x79, 20, 0, 61),
    ),
    origin=Origin.COMPUTED,
    source="protocol-data.md section 4.4",
)
"""Epoch seconds, raw kind, intensity, steps and raw heart rate of each minute."""

HEART_RATES = (
    (0, None),
    (9, None),
    (10, 10),
    (61, 61),
    (130, 130),
    (250, 250),
    (251, None),
    (254, None),
    (255, None),
)
"""Raw, and beats per minute: sections 2.1 and 6.1."""
