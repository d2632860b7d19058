"""Who wears a band, as the page about the wearer asked it."""

from datetime import date
from typing import Any
import zlib

from .band.profile import Profile, Sex

type ProfileInput = dict[str, Any]
"""What the page gave, by the names of its fields; Any, for that is what pages give."""


def wearer(profile: ProfileInput) -> Profile:
    """Return what the band, and an estimate, have to know of the wearer."""
    return Profile(
        born=date.fromisoformat(profile["birth_date"]),
        sex=Sex[profile["sex"].upper()],
        height_cm=int(profile["height"]),
        weight_kg=profile["weight"],
        # Stable for a wearer, so that a band that is paired again sees the same person.
        user_id=zlib.crc32(profile["name"].encode()),
    )
