"""Wearers, as the user settings characteristic takes them."""

from datetime import date

from custom_components.mi_band.band.profile import Profile, Sex

from . import Origin, Vector

PROFILES = (
    Vector(
        name="alice",
        packet=bytes.fromhex("4f0000 c607 060f 00 b400 983a 80968905"),
        value=Profile(
            born=date(1990, 6, 15),
            sex=Sex.MALE,
            height_cm=180,
            weight_kg=75,
            user_id=0x05899680,
        ),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 9.1",
    ),
    Vector(
        name="somebody light with an id of all ones",
        packet=bytes.fromhex("4f0000 d707 0c1f 02 7800 7014 ffffffff"),
        value=Profile(
            born=date(2007, 12, 31),
            sex=Sex.OTHER,
            height_cm=120,
            weight_kg=26.16,
            user_id=0xFFFFFFFF,
        ),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 9.1, from the layout",
    ),
    Vector(
        name="a weight that no binary fraction is",
        packet=bytes.fromhex("4f0000 d707 0101 01 7800 3c19 01000000"),
        value=Profile(
            born=date(2007, 1, 1),
            sex=Sex.FEMALE,
            height_cm=120,
            weight_kg=32.3,
            user_id=1,
        ),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 9.1, from the layout",
    ),
    Vector(
        name="the heaviest that the field holds",
        packet=bytes.fromhex("4f0000 c607 0101 01 b400 78ff 01000000"),
        value=Profile(
            born=date(1990, 1, 1),
            sex=Sex.FEMALE,
            height_cm=180,
            weight_kg=327,
            user_id=1,
        ),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 9.1: at most 327 kg",
    ),
)
