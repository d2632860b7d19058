"""The wearer, byte by byte."""

from dataclasses import replace
import math
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.profile import (
    Profile,
    Sex,
    encode_profile,
)
from tests.vectors import Vector, profile as vectors

_ALICE = vectors.PROFILES[0].value


@pytest.mark.parametrize("vector", vectors.PROFILES, ids=str)
def test_a_documented_wearer_is_encoded(vector: Vector[Profile]) -> None:
    assert encode_profile(vector.value) == vector.packet


@given(
    st.builds(
        Profile,
        born=st.dates(),
        sex=st.sampled_from(Sex),
        height_cm=st.integers(1, 65535),
        weight_kg=st.integers(1, 65400).map(lambda steps_of_5g: steps_of_5g / 200),
        user_id=st.integers(0, 0xFFFFFFFF),
    )
)
def test_every_wearer_can_be_read_back(profile: Profile) -> None:
    assert struct.unpack("<3sHBBBHHI", encode_profile(profile)) == (
        b"\x4f\x00\x00",
        profile.born.year,
        profile.born.month,
        profile.born.day,
        profile.sex,
        profile.height_cm,
        round(profile.weight_kg * 200),
        profile.user_id,
    )


@pytest.mark.parametrize("weight_kg", [0, -1, 327.01, 400, math.nan, math.inf])
def test_a_weight_that_the_field_cannot_hold_is_our_mistake(weight_kg: float) -> None:
    with pytest.raises(ValueError, match="327"):
        encode_profile(replace(_ALICE, weight_kg=weight_kg))


@pytest.mark.parametrize("height_cm", [0, -1, 65536])
def test_a_height_that_the_field_cannot_hold_is_our_mistake(height_cm: int) -> None:
    with pytest.raises(ValueError, match="65535"):
        encode_profile(replace(_ALICE, height_cm=height_cm))


def test_a_user_id_keeps_its_lower_32_bits() -> None:
    # A hash of a name may come out negative or too long; any stable value will do.
    assert encode_profile(replace(_ALICE, user_id=-1))[12:] == b"\xff\xff\xff\xff"
    assert encode_profile(replace(_ALICE, user_id=1 << 32))[12:] == bytes(4)
