"""Heart rate: readings and commands."""

from . import Origin, Vector

_READING = "protocol-data.md section 2.1"
_COMMAND = "protocol-data.md section 2.2"


def _reading(name: str, packet: str, bpm: int | None) -> Vector[int | None]:
    return Vector(
        name=name,
        packet=bytes.fromhex(packet),
        value=bpm,
        origin=Origin.COMPUTED,
        source=_READING,
    )


READINGS = (
    Vector[int | None](
        name="72",
        packet=bytes.fromhex("0048"),
        value=72,
        origin=Origin.CAPTURED,
        source=_READING,
    ),
    _reading("75, from the trace of a continuous measurement", "004b", 75),
    _reading("the lowest that counts", "000a", 10),
    _reading("above what a signed byte holds", "0082", 130),
    _reading("the highest that counts", "00fa", 250),
    _reading("still searching", "0000", None),
    _reading("too low to be a pulse", "0009", None),
    _reading("too high to be a pulse", "00fb", None),
    _reading("not measured", "00ff", None),
)

START_ONE = bytes.fromhex("150201")
STOP_ONE = bytes.fromhex("150200")
START_CONTINUOUS = bytes.fromhex("150101")
STOP_CONTINUOUS = bytes.fromhex("150100")
KEEP_ALIVE = bytes.fromhex("16")

ONE_SHOT = (STOP_CONTINUOUS, STOP_ONE, START_ONE)
"""The order of writes that starts one measurement; protocol-data.md section 2.3."""
CONTINUOUS = (STOP_ONE, STOP_CONTINUOUS, START_CONTINUOUS)
"""The order of writes that starts measuring without end; protocol-data.md section 2.4."""
