"""Finding the band and the phone."""

VIBRATE = bytes.fromhex("03")
STOP = bytes.fromhex("00")
"""Of the alert level: protocol-control.md section 17.1."""

PHONE_RINGS = bytes.fromhex("06140000")
PHONE_FOUND = bytes.fromhex("06140001")
PHONE_REPLY = bytes.fromhex("1006140001")
"""Of the configuration: protocol-control.md section 19.2."""
