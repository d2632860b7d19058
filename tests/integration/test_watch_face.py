"""Watch faces: the picture of the last one, and the list of what was installed."""

from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zlib import crc32

from homeassistant.components.image import async_get_image
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mi_band.band.files import recognise
from custom_components.mi_band.drawing import BACKGROUND, FAINT
from custom_components.mi_band.face_log import MOST_FACES
from custom_components.mi_band.installer import async_is_installing
from tests.emulator import dials, files
from tests.emulator.band import EmulatedBand
from tests.emulator.dials import AMBER, GREEN, GREY, NAVY, VIOLET, WHITE, node, values
from tests.emulator.gatt.firmware import UploadTrouble
from tests.pictures.view import View

from .bands import MakeBand
from .flow import KEY
from .house import House, until
from .shelf import folder, put

__all__ = ["folder"]

FACE = dials.digital_face()


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77)


async def _install(house: House, folder: Path, name: str, content: bytes) -> None:
    await house.call("install_watchface", file=await put(house, folder, name, content))


async def test_no_wrist_rings_while_a_file_is_on_its_way(house: House, folder: Path) -> None:
    ringing = house.hass.async_create_task(house.call("call", caller="Bob", duration=60))
    await until(lambda: house.on_band("calling") == "Bob")
    installing = house.hass.async_create_task(_install(house, folder, "face", FACE))
    # It would go on without end: for the end of a call the link is not free.
    await until(lambda: async_is_installing(house.hass, house.entry.data["identity"]))
    await house.call("sync")
    assert house.on_band("firmware", "inits") == []
    house.band.wearer.answer_call("reject")
    assert await ringing == {"answer": "rejected"}
    await installing
    assert len(house.on_band("firmware", "inits")) == 1


async def _view(house: House) -> View:
    image = await async_get_image(house.hass, house.entity_id("image", "watch_face"))
    assert image.content_type == "image/png"
    return View(image.content)


def _installed(house: House) -> list[dict[str, Any]]:
    installed: list[dict[str, Any]] = house.state("image", "watch_face").attributes["installed"]
    return installed


def _names(house: House) -> list[str]:
    return [face["name"] for face in _installed(house)]


def _shows_digits(view: View) -> bool:
    return (
        view.size == (240, 480)
        and view.shows(NAVY, 3, 130)
        and view.shows(VIOLET, 60, 230)
        and view.shows(WHITE, 52, 60)
        and view.shows(AMBER, 33, 103)
    )


async def test_before_any_was_installed_the_picture_says_so(house: House) -> None:
    assert house.value("image", "watch_face") == STATE_UNKNOWN
    assert _installed(house) == []
    view = await _view(house)
    assert view.at(2, 2) == BACKGROUND
    assert view.count(FAINT)


async def test_an_installed_face_is_shown_and_listed(
    house: House, folder: Path, hass_client: ClientSessionGenerator
) -> None:
    before = dt_util.utcnow()
    await _install(house, folder, "digits.bin", FACE)
    assert house.on_band("firmware", "holds", "watchface") is not None
    (face,) = _installed(house)
    assert (face["name"], face["size"]) == ("digits.bin", len(FACE))
    assert before <= datetime.fromisoformat(face["date"]) <= dt_util.utcnow()
    state = house.state("image", "watch_face")
    assert state.state == face["date"]
    client = await hass_client()
    response = await client.get(state.attributes["entity_picture"])
    assert (response.status, response.content_type) == (HTTPStatus.OK, "image/png")
    assert _shows_digits(View(await response.read()))


async def test_the_last_one_is_shown_and_all_are_listed(house: House, folder: Path) -> None:
    await _install(house, folder, "digits.bin", FACE)
    before = house.state("image", "watch_face")
    await _install(house, folder, "hands.bin", dials.analog_face())
    assert _names(house) == ["hands.bin", "digits.bin"]
    assert house.value("image", "watch_face") > before.state
    view = await _view(house)
    assert view.at(5, 5) == GREY
    assert not view.count(NAVY)


async def test_a_face_among_other_files_is_noted_too(house: House, folder: Path) -> None:
    names = [
        await put(house, folder, "face", FACE),
        await put(house, folder, "font", files.font(size=3000)),
    ]
    await house.call("update_firmware", file=names)
    assert _names(house) == ["face"]
    assert _shows_digits(await _view(house))


async def test_other_files_are_no_faces(house: House, folder: Path) -> None:
    await house.call(
        "update_firmware", file=await put(house, folder, "font", files.font(size=3000))
    )
    assert _installed(house) == []


async def test_faces_stay_through_a_restart_without_the_band(house: House, folder: Path) -> None:
    await _install(house, folder, "digits.bin", FACE)
    before = house.state("image", "watch_face")
    await house.unload()
    house.band.faults.out_of_range(value=True)
    await house.set_up()
    after = house.state("image", "watch_face")
    assert after.state == before.state
    assert after.attributes["installed"] == before.attributes["installed"]
    assert _shows_digits(await _view(house))


async def test_faces_stay_when_the_band_goes(house: House, folder: Path) -> None:
    await _install(house, folder, "digits.bin", FACE)
    before = house.value("image", "watch_face")
    await house.lose_band()
    assert house.value("image", "watch_face") == before
    assert _shows_digits(await _view(house))


async def test_only_the_latest_faces_are_listed(house: House, folder: Path) -> None:
    for number in range(MOST_FACES + 2):
        await _install(house, folder, f"{number}.bin", files.watchface(seed=number))
    assert _names(house) == [f"{number}.bin" for number in range(MOST_FACES + 1, 1, -1)]


async def test_a_face_of_which_nobody_knows_what_it_is_called_bears_its_checksum(
    house: House,
) -> None:
    await house.entry.runtime_data.faces.async_note(recognise(FACE))
    assert _names(house) == [f"{crc32(FACE):08x}"]


# What cannot be drawn, or was not installed


async def test_a_face_that_nobody_can_draw_is_installed_all_the_same(
    house: House, folder: Path
) -> None:
    await _install(house, folder, "digits.bin", FACE)
    later = b"BM\x65\x00" + bytes(12)
    strange = dials.container({2: node(1, values(0, 0, 0))}, [later])
    broken = dials.container({2: b"\x0a\x7f"}, [later])
    for name, content in (("strange.bin", strange), ("broken.bin", broken)):
        await _install(house, folder, name, content)
        assert _names(house)[0] == name
        view = await _view(house)
        assert view.count(FAINT)
        assert not view.count(NAVY)
    await _install(house, folder, "digits.bin", FACE)
    assert _shows_digits(await _view(house))


@pytest.mark.parametrize(
    "content",
    [
        FACE[:-1],
        FACE[:200],
        FACE.replace(b"BM", b"MB"),
        dials.container({2: node(1, values(0, 0, 0))}, [b"BM\x64\x00" + b"\xff" * 12]),
    ],
    ids=["a byte too short", "cut", "no images", "more pixels than bytes"],
)
async def test_a_face_that_contradicts_itself_is_refused_before_a_byte_is_sent(
    house: House, folder: Path, content: bytes
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await _install(house, folder, "face.bin", content)
    assert caught.value.translation_key == "file_truncated"
    assert house.on_band("firmware", "inits") == []
    assert _installed(house) == []


async def test_a_face_that_the_band_did_not_take_is_not_listed(house: House, folder: Path) -> None:
    await _install(house, folder, "digits.bin", FACE)
    house.band.faults.upload(UploadTrouble(verified=0x04))
    with pytest.raises(HomeAssistantError) as caught:
        await _install(house, folder, "hands.bin", dials.analog_face())
    assert caught.value.translation_key == "upload_not_verified"
    assert _names(house) == ["digits.bin"]
    assert _shows_digits(await _view(house))


# What is left


async def test_a_band_that_is_reset_without_its_history_forgets_its_faces(
    house: House, folder: Path
) -> None:
    await _install(house, folder, "digits.bin", FACE)
    await house.call("factory_reset", keep_history=False)
    assert _installed(house) == []
    assert house.value("image", "watch_face") == STATE_UNKNOWN
    assert not (await _view(house)).count(GREEN)


async def test_nothing_is_left_of_a_band_that_was_removed(
    house: House, folder: Path, hass_storage: dict[str, Any]
) -> None:
    await _install(house, folder, "digits.bin", FACE)
    kept = [key for key in hass_storage if key.endswith(".watch_faces")]
    assert kept == [f"mi_band.{house.entry.entry_id}.watch_faces"]
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await house.hass.async_block_till_done()
    assert not any(house.entry.entry_id in key for key in hass_storage)
