"""Alarms, as they are written and as the band tells them."""

from typing import Final

from custom_components.mi_band.band.alarms import Alarm, Days

from . import Origin, Vector

_WRITTEN = "protocol-control.md section 12.1"
_TOLD = "protocol-control.md section 12.2"

WORKDAYS: Final = Days.MONDAY | Days.TUESDAY | Days.WEDNESDAY | Days.THURSDAY | Days.FRIDAY


def _vector(
    name: str, packet: str, alarm: Alarm, origin: Origin = Origin.COMPUTED
) -> Vector[Alarm]:
    return Vector(
        name=name, packet=bytes.fromhex(packet), value=alarm, origin=origin, source=_WRITTEN
    )


ALARMS: Final = (
    _vector("workdays", "02 80 07 1e 1f", Alarm(slot=0, hour=7, minute=30, days=WORKDAYS)),
    _vector(
        "once, without snooze",
        "02 c3 16 05 80",
        Alarm(slot=3, hour=22, minute=5, days=Days.ONCE, snooze=False),
    ),
    _vector(
        "daily, disabled",
        "02 01 06 00 7f",
        Alarm(slot=1, hour=6, minute=0, days=Days(0x7F), enabled=False),
    ),
)
EMPTY: Final = Vector(
    name="an empty slot",
    packet=bytes.fromhex("02 02 00 00 00"),
    value=2,
    origin=Origin.COMPUTED,
    source=_WRITTEN,
)
REPLY: Final = bytes.fromhex("10 02 01")

NO_SWITCHES: Final = Vector[dict[int, bool]](
    name="no alarms",
    packet=bytes.fromhex("10 0d 01 03 00 40 00 02 00"),
    value={},
    origin=Origin.CAPTURED,
    source=_TOLD,
)
SWITCHES: Final = Vector[dict[int, bool]](
    name="two alarms",
    packet=bytes.fromhex("10 0d 01 03 00 40 00 02 02 10 03"),
    value={0: True, 3: False},
    origin=Origin.COMPUTED,
    source=_TOLD,
)
LIST: Final = Vector(
    name="one alarm",
    packet=bytes.fromhex("80 01 c0 00 01 00 00 00 01 80 07 1e 1f"),
    value=(Alarm(slot=0, hour=7, minute=30, days=WORKDAYS),),
    origin=Origin.COMPUTED,
    source=_TOLD,
)
LIST_IN_PIECES: Final = (
    bytes.fromhex("80 01 00 00 01 00 00 00 03 80 07 1e 1f 01"),
    bytes.fromhex("80 01 40 01 06 00 7f"),
    bytes.fromhex("80 01 80 02 83 16 05 80"),
)
"""Three alarms, computed from sections 4.5 and 12.2: pieces end anywhere."""
LISTED: Final = (
    Alarm(slot=0, hour=7, minute=30, days=WORKDAYS),
    Alarm(slot=1, hour=6, minute=0, days=Days(0x7F), enabled=False),
    Alarm(slot=3, hour=22, minute=5, days=Days.ONCE),
)
