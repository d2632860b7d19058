"""What a player plays, as messages of the chunked transfer."""

from datetime import timedelta
from typing import Final

from custom_components.mi_band.band.music import Music

from . import Origin, Vector

_SOURCE = "protocol-control.md section 16.1"

PLAYING: Final = Vector(
    name="a song",
    packet=bytes.fromhex("1b 01 00 1e00 41424241 00 534f53 00 ca00"),
    value=Music(
        playing=True,
        position=timedelta(seconds=30),
        artist="ABBA",
        track="SOS",
        duration=timedelta(seconds=202),
    ),
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
VOLUME: Final = Vector(
    name="half as loud",
    packet=bytes.fromhex("40 32"),
    value=50,
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
NOTHING: Final = Vector(
    name="nothing plays",
    packet=bytes.fromhex("60 00"),
    value=None,
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
PAUSED: Final = Vector(
    name="paused, with an album",
    packet=bytes.fromhex("05 00 00 0000 41 00"),
    value=Music(playing=False, album="A"),
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
