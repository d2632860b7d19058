"""Values of the steps characteristic."""

from custom_components.mi_band.band.steps import DayTotals

from . import Origin, Vector

TOTALS = (
    Vector(
        name="Mi Band 2, same layout",
        packet=bytes.fromhex("0c 4c000000 1f000000 01000000"),
        value=DayTotals(steps=76, distance_m=31, energy_kcal=1),
        origin=Origin.CAPTURED,
        source="protocol-control.md section 6.3, protocol-data.md section 1",
    ),
    Vector(
        name="5000 steps",
        packet=bytes.fromhex("0c 88130000 ac0d0000 b4000000"),
        value=DayTotals(steps=5000, distance_m=3500, energy_kcal=180),
        origin=Origin.COMPUTED,
        source="protocol-control.md section 6.3",
    ),
    Vector(
        name="12345 steps",
        packet=bytes.fromhex("0c 39300000 38220000 59010000"),
        value=DayTotals(steps=12345, distance_m=8760, energy_kcal=345),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 1",
    ),
    Vector(
        name="an ultramarathon, beyond 16 bits",
        packet=bytes.fromhex("0c 401f0200 90400100 881f0000"),
        value=DayTotals(steps=139_072, distance_m=82_064, energy_kcal=8072),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 1: treat them as 32 bits",
    ),
    Vector(
        name="midnight",
        packet=bytes.fromhex("0c 00000000 00000000 00000000"),
        value=DayTotals(steps=0, distance_m=0, energy_kcal=0),
        origin=Origin.COMPUTED,
        source="protocol-data.md section 1",
    ),
)
