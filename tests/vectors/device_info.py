"""Values of the Device Information service."""

from . import Origin, Vector

_TABLE = "protocol-control.md section 6.1"


def _text(name: str, packet: str, value: str, source: str = _TABLE) -> Vector[str]:
    return Vector(
        name=name,
        packet=bytes.fromhex(packet),
        value=value,
        origin=Origin.CAPTURED,
        source=source,
    )


SERIAL_NUMBER = _text("serial number", "376163386432613464303363", "7ac8d2a4d03c")
HARDWARE = _text("hardware", "56302e32352e31382e35", "0.25.18.5")
FIRMWARE = _text("firmware", "56312e302e392e3636", "1.0.9.66")
VERSIONS = (
    HARDWARE,
    FIRMWARE,
    _text(
        "hardware of the NFC variant",
        "56302e32352e3133312e3231",
        "0.25.131.21",
        "binding-and-firmware.md section 2.3",
    ),
)
PNP_IDS = (
    Vector(
        name="without NFC",
        packet=bytes.fromhex("01570124000101"),
        value=257,
        origin=Origin.CAPTURED,
        source=_TABLE,
    ),
    Vector(
        name="with NFC",
        packet=bytes.fromhex("01570124000001"),
        value=256,
        origin=Origin.COMPUTED,
        source="binding-and-firmware.md section 7.2",
    ),
)
