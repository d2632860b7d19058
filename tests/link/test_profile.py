"""The wearer on the band."""

import pytest

from custom_components.mi_band.band.errors import CommandRefused
from custom_components.mi_band.band.profile import Profile, set_profile
from tests.emulator.gatt.body import AttError
from tests.vectors import Vector, profile as vectors

from .lab import Lab, state, traffic


@pytest.mark.parametrize("vector", vectors.PROFILES, ids=str)
async def test_the_band_learns_who_wears_it(lab: Lab, vector: Vector[Profile]) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await set_profile(link, vector.value)
    assert state(band, "user_profile")["user"] == {
        "birth": vector.value.born.isoformat(),
        "sex": vector.value.sex.name.lower(),
        "height_cm": vector.value.height_cm,
        "weight_kg": pytest.approx(vector.value.weight_kg, abs=0.0025),
        "user_id": vector.value.user_id,
    }
    assert traffic(band, "0008").last == [vector.packet.hex(" ")]


@pytest.mark.usefixtures("violations_expected")
async def test_without_a_key_the_band_refuses_to_learn(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await set_profile(link, vectors.PROFILES[0].value)
    assert caught.value.status == AttError.INSUFFICIENT_AUTHENTICATION
    assert state(band, "user_profile")["user"] is None
    assert len(band.violations) == 1
