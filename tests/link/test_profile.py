"""Wearer, goal and wrist on the band."""

import pytest

from custom_components.mi_band.band.errors import CommandRefused
from custom_components.mi_band.band.profile import (
    Profile,
    Wrist,
    set_profile,
    set_step_goal,
    set_wrist,
)
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


@pytest.mark.parametrize("vector", vectors.GOALS, ids=str)
async def test_the_band_learns_the_goal(lab: Lab, vector: Vector[int]) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await set_step_goal(link, vector.value)
    assert state(band, "user_profile")["goal"] == vector.value


@pytest.mark.parametrize("vector", vectors.WRISTS, ids=str)
async def test_the_band_learns_its_wrist(lab: Lab, vector: Vector[Wrist]) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await set_wrist(link, vector.value)
    assert state(band, "user_profile")["wrist"] == vector.value.name.lower()


@pytest.mark.usefixtures("violations_expected")
async def test_without_a_key_the_band_refuses_to_learn(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await set_step_goal(link, 8000)
    assert caught.value.status == AttError.INSUFFICIENT_AUTHENTICATION
    assert state(band, "user_profile")["goal"] is None
    assert len(band.violations) == 1
