"""Raw kinds, minute by minute, with what they mean."""

from custom_components.mi_band.band.kinds import Kind

from . import Origin, Vector

EIGHT_MINUTES: Vector[tuple[Kind, ...]] = Vector(
    name="activity, light, deep, activity",
    packet=bytes.fromhex("01 79 70 70 7b 70 7a 1c"),
    value=(
        # Activity without a step, and the minute of waking up, are activity in the document.
        Kind.STILL,
        Kind.LIGHT_SLEEP,
        Kind.LIGHT_SLEEP,
        Kind.LIGHT_SLEEP,
        Kind.DEEP_SLEEP,
        Kind.DEEP_SLEEP,
        Kind.DEEP_SLEEP,
        Kind.AWAKE,
    ),
    origin=Origin.COMPUTED,
    source="protocol-data.md section 6.3",
)

# Section 6.2: every raw byte on record, and those the document derives.
ON_RECORD: dict[int, Kind | None] = {
    0x00: None,
    0x10: None,
    0x50: None,
    0x60: None,
    0x70: None,
    0x01: Kind.WALKING,
    0x11: Kind.WALKING,
    0x51: Kind.WALKING,
    0x02: Kind.RUNNING,
    0x03: Kind.NOT_WORN,
    0x53: Kind.NOT_WORN,
    0x73: Kind.NOT_WORN,
    0x04: Kind.CYCLING,
    0x06: Kind.CHARGING,
    0x76: Kind.CHARGING,
    0x09: Kind.LIGHT_SLEEP,
    0x79: Kind.LIGHT_SLEEP,
    0x0A: None,
    0x1A: None,
    0x5A: None,
    0x7A: None,
    0x0B: Kind.DEEP_SLEEP,
    0x5B: Kind.DEEP_SLEEP,
    0x7B: Kind.DEEP_SLEEP,
    0x0C: Kind.AWAKE,
    0x1C: Kind.AWAKE,
    0x5C: Kind.AWAKE,
    0x78: Kind.UNKNOWN,
    0x05: Kind.UNKNOWN,
    0x07: Kind.UNKNOWN,
    0x0D: Kind.UNKNOWN,
    0x0E: Kind.UNKNOWN,
    0x0F: Kind.UNKNOWN,
}
"""None: no change."""
