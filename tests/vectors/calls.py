"""Calls on the alert characteristic."""

from typing import Final

from . import Origin, Vector

_SOURCE = "protocol-control.md section 15"

CALL: Final = Vector(
    name="a call from Alice",
    packet=bytes.fromhex("0301 416c696365"),
    value="Alice",
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
END: Final = Vector(
    name="the end of a call",
    packet=bytes.fromhex("0300"),
    value=None,
    origin=Origin.COMPUTED,
    source=_SOURCE,
)
SHOW_CALLER: Final = Vector(
    name="show who calls",
    packet=bytes.fromhex("0610000001"),
    value=None,
    origin=Origin.COMPUTED,
    source="protocol-control.md section 9.4",
)
