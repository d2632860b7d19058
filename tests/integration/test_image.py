"""The pictures that Home Assistant shows of a band's records."""

from datetime import UTC, datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from homeassistant.components.image import async_get_image
from homeassistant.const import STATE_UNKNOWN
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mi_band.drawing import DENSITY, FAINT, HEIGHT, WIDTH
from custom_components.mi_band.pictures import PULSE, STAGE_COLOURS
from tests.emulator.band import EmulatedBand
from tests.pictures.view import View

from .bands import MakeBand
from .flow import KEY
from .house import House

HOME = ZoneInfo("US/Pacific")
"""Where the house of the tests is."""
TOP = 70
"""Where the chart begins, below the words."""


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band that was worn for two days."""
    return await make_band(key=KEY, days=2, zone=HOME)


@pytest.fixture
async def synced(house: House) -> House:
    """Provide a house in which its records have arrived."""
    await house.call("sync")
    await house.hass.async_block_till_done()
    return house


async def _view(house: House, key: str) -> View:
    image = await async_get_image(house.hass, house.entity_id("image", key))
    assert image.content_type == "image/png"
    return View(image.content)


async def test_the_last_night_is_shown_with_its_stages(synced: House) -> None:
    view = await _view(synced, "last_night")
    assert all(view.count(colour, left=108) for colour in STAGE_COLOURS.values())


async def test_the_state_of_the_night_is_when_it_ended(synced: House) -> None:
    truth = synced.band.truth
    over = [slept for slept in truth.sleeps() if slept.end + 60 <= truth.span[1]]
    night = [slept for slept in over if not slept.nap][-1]
    ended = datetime.fromtimestamp(night.end * 60, UTC)
    assert synced.value("image", "last_night") == ended.isoformat()


async def test_todays_heart_rate_is_shown(synced: House) -> None:
    midnight = int(dt_util.start_of_local_day().timestamp()) // 60
    measured = [
        minute for minute in synced.band.truth.minutes(midnight) if 10 <= minute.heart_rate <= 250
    ]
    view = await _view(synced, "heart_rate_today")
    # In the first minutes of a day there is nothing to see yet.
    assert bool(view.count(PULSE, top=TOP)) is bool(measured)


async def test_the_state_of_today_is_up_to_when_it_is_known(synced: House) -> None:
    known = datetime.fromisoformat(synced.value("image", "heart_rate_today"))
    assert dt_util.start_of_local_day() <= known <= dt_util.utcnow()


async def test_a_picture_is_served_to_a_dashboard(
    synced: House, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    for key in ("last_night", "heart_rate_today"):
        picture = synced.state("image", key).attributes["entity_picture"]
        response = await client.get(picture)
        assert (response.status, response.content_type) == (HTTPStatus.OK, "image/png")
        assert View(await response.read()).size == (WIDTH * DENSITY, HEIGHT * DENSITY)


async def test_pictures_stay_when_the_band_goes(synced: House) -> None:
    before = synced.value("image", "last_night")
    await synced.lose_band()
    assert synced.value("image", "last_night") == before
    assert (await _view(synced, "last_night")).size


class TestWithoutRecords:
    """A band that was switched on just now."""

    @pytest.fixture
    async def band(self, make_band: MakeBand) -> EmulatedBand:
        """Provide it."""
        return await make_band(key=KEY)

    @pytest.mark.parametrize("key", ["last_night", "heart_rate_today"])
    async def test_a_picture_says_that_there_is_nothing_yet(self, house: House, key: str) -> None:
        view = await _view(house, key)
        assert view.count(FAINT)
        assert not any(view.count(colour, top=TOP) for colour in [*STAGE_COLOURS.values(), PULSE])

    async def test_there_is_no_night_yet(self, house: House) -> None:
        assert house.value("image", "last_night") == STATE_UNKNOWN
