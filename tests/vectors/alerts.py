"""Alerts: messages of the chunked transfer, the packets that carry them, and missed calls."""

from custom_components.mi_band.band.alerts import Alert, Category, Icon

from . import Origin, Vector

_RICH = "protocol-control.md section 14.1"


def _alert(name: str, alert: Alert, payload: str, source: str = _RICH) -> Vector[Alert]:
    return Vector(
        name=name,
        packet=bytes.fromhex(payload),
        value=alert,
        origin=Origin.COMPUTED,
        source=source,
    )


_WHATSAPP = Alert(title="Alice", body="Hi there", look=Icon.WHATSAPP, app_name="WhatsApp")
_SMS = Alert(title="Bob", body="Où es-tu ?", look=Category.MESSAGE)
_SHORT = Alert(title="A", body="B", look=Icon.APP, app_name="C")

MESSAGES = (
    _alert(
        "an app with an icon of its own",
        _WHATSAPP,
        "fa00000000 01 07 416c696365 00 4869207468657265 00 5768617473417070 00",
    ),
    _alert("a message", _SMS, "0500000000 01 426f62 00 4fc3b92065732d7475203f 00 20 00"),
    _alert("one letter each", _SHORT, "fa00000000 01 0b 41 00 42 00 43 00"),
    _alert(
        "an e-mail without a body",
        Alert(title="Ann", body="", look=Category.EMAIL),
        "0100000000 01 416e6e 00 20 00 20 00",
        "protocol-control.md section 14.1: a single space instead of an empty body",
    ),
)
"""What is cut into packets."""

PACKETS = (
    (
        _WHATSAPP,
        bytes.fromhex("000000fa00000000 0107416c69636500 48692074"),
        bytes.fromhex("0080016865726500 5768617473417070 00"),
    ),
    (
        _SMS,
        bytes.fromhex("0000000500000000 01426f62004fc3b9 2065732d"),
        bytes.fromhex("0080017475203f00 2000"),
    ),
    (_SHORT, bytes.fromhex("00c000fa00000000 010b410042004300")),
)
"""Alerts and their packets at an ATT MTU of 23, computed in protocol-control.md section 14.1."""

MISSED_CALL = _alert(
    "a missed call",
    Alert(title="Alice", body="missed call", look=Category.MISSED_CALL),
    "0401 416c696365 0a0a0a 6d69737365642063616c6c",
    "protocol-control.md section 14.2",
)
