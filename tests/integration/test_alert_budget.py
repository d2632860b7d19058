"""What an alert costs the link, counted on the band's side, from the action to the last byte."""

import pytest

from tests.emulator.band import EmulatedBand

from .bands import MakeBand, held
from .flow import KEY
from .house import House

WIDE, NARROW = 247, 23


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
async def band(request: pytest.FixtureRequest, make_band: MakeBand) -> EmulatedBand:
    return await make_band(key=KEY, mtu=request.param)


def _operations(house: House) -> int:
    count: int = held(house.band)["att"]["operations"]
    return count


@pytest.mark.parametrize(
    ("length", "alerts", "packets"),
    # A chunk carries 241 bytes or 17, and what is not text is 24 bytes of these alerts.
    [
        (10, 1, {WIDE: 1, NARROW: 3}),
        (100, 1, {WIDE: 1, NARROW: 8}),
        (400, 2, {WIDE: 3, NARROW: 28}),
    ],
    ids=str,
)
async def test_an_alert_costs_its_packets_and_nothing_else(
    house: House, length: int, alerts: int, packets: dict[int, int]
) -> None:
    """The first on a link costs one more, for the band has to be told to acknowledge."""
    text = ("word " * length)[: length - 1] + "."
    mtu = held(house.band)["mtu"]
    before = _operations(house)
    for first in (True, False):
        shown = house.band.vibrations
        await house.call("notify", message=text, title="Home", split=True)
        assert house.band.vibrations - shown == alerts
        assert _operations(house) - before == packets[mtu] + first
        before = _operations(house)
    sizes = [size for message in house.on_band("messages") for size in message["pieces"]]
    assert len(sizes) == 2 * packets[mtu]
    assert max(sizes) <= mtu - 3
