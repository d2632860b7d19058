"""Where the files of actions may lie: in the media and behind addresses of this Home Assistant."""

from pathlib import Path
import shutil

from homeassistant.components import media_source
from homeassistant.core_config import CORE_CONFIG_SCHEMA, async_process_ha_core_config
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest

from tests.emulator import files
from tests.emulator.band import EmulatedBand

from .bands import MakeBand
from .flow import KEY
from .house import House

OURS = "http://home.example:8123"
NEW = "1.0.9.68"


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77)


@pytest.fixture
async def places(house: House, tmp_path: Path) -> Path:
    """Provide the parent of the media and of what is served, in a house that has an address."""
    hass = house.hass
    (tmp_path / "config").mkdir()
    for name in ("media", "config/www", "config/private"):
        (tmp_path / name).mkdir()
    config = {
        "media_dirs": {"local": str(tmp_path / "media")},
        "internal_url": OURS,
        "external_url": "https://band.example",
    }
    hass.config.config_dir = str(tmp_path / "config")
    await async_process_ha_core_config(hass, CORE_CONFIG_SCHEMA(config))
    assert await async_setup_component(hass, "media_source", {})
    return tmp_path


def _put(folder: Path, name: str, content: bytes) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", ["face.bin", "faces/my face.bin", "no-ending"])
async def test_a_watch_face_comes_from_the_media(house: House, places: Path, name: str) -> None:
    await house.hass.async_add_executor_job(_put, places / "media", name, files.watchface())
    uri = media_source.generate_media_source_id("media_source", f"local/{name}")
    await house.call("install_watchface", file=uri)
    assert house.on_band("firmware", "holds", "watchface") is not None


async def test_a_firmware_comes_from_the_media(house: House, places: Path) -> None:
    content = files.firmware(NEW, size=5000)
    await house.hass.async_add_executor_job(_put, places / "media", "new.fw", content)
    uri = "media-source://media_source/local/new.fw"
    answer = await house.call("update_firmware", file=[uri])
    assert answer["after"] == NEW
    assert answer["files"] == [{"file": uri, "kind": "firmware", "version": NEW}]


@pytest.mark.parametrize(
    "name",
    [
        "/local/my faces/face.bin",
        "/local/my%20faces/face.bin",
        "/local/my%20faces/face.bin?v=2",
        f"{OURS}/local/my%20faces/face.bin",
        "https://band.example/local/my%20faces/face.bin",
        "https://band.example:443/local/my%20faces/face.bin",
    ],
)
async def test_a_watch_face_comes_from_an_address_of_this_home_assistant(
    house: House, places: Path, name: str
) -> None:
    folder = places / "config/www"
    content = files.watchface()
    await house.hass.async_add_executor_job(_put, folder, "my faces/face.bin", content)
    await house.call("install_watchface", file=name)
    assert house.on_band("firmware", "holds", "watchface") is not None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("https://faces.example/local/face.bin", "address_not_local"),
        ("http://home.example:80/local/face.bin", "address_not_local"),
        ("https://home.example:8123/local/face.bin", "address_not_local"),
        ("http://home.example:8123@faces.example/local/face.bin", "address_not_local"),
        (f"{OURS}/api/states", "address_not_local"),
        (f"{OURS}/media/local/face.bin", "address_not_local"),
        ("file:///local/face.bin", "address_not_local"),
        ("ftp://home.example:8123/local/face.bin", "address_not_local"),
        ("http://[/local/face.bin", "address_not_local"),
        ("media-source://camera/camera.door", "media_not_local"),
        ("media-source://media_source/elsewhere/face.bin", "media_not_local"),
        ("media-source://media_source", "media_not_local"),
        ("media-source://", "media_not_local"),
        ("media-source://media_source//etc/hostname", "media_not_local"),
    ],
)
async def test_nothing_is_fetched_from_anywhere_else(
    house: House, places: Path, name: str, code: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("install_watchface", file=name)
    assert caught.value.translation_key == code
    assert house.on_band("firmware", "inits") == []


@pytest.mark.parametrize(
    "name",
    [
        "/local/../private/face.bin",
        "/local/%2e%2e/private/face.bin",
        "/local//etc/hostname",
        f"{OURS}/local/..%2fprivate/face.bin",
        "/local/link.bin",
        "media-source://media_source/local/../config/private/face.bin",
        "media-source://media_source/local//etc/hostname",
    ],
)
async def test_no_way_leads_out_of_the_folders(house: House, places: Path, name: str) -> None:
    def hide() -> None:
        _put(places / "config/private", "face.bin", files.watchface())
        (places / "config/www/link.bin").symlink_to(places / "config/private/face.bin")

    await house.hass.async_add_executor_job(hide)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("install_watchface", file=name)
    # One that an address cannot have at all is looked for inside, where it is not.
    assert caught.value.translation_key in {"folder_not_allowed", "file_not_read"}
    assert house.on_band("firmware", "inits") == []


@pytest.mark.parametrize("name", ["/local/face.bin", "media-source://media_source/local/face.bin"])
async def test_a_file_that_is_not_there_is_told(house: House, places: Path, name: str) -> None:
    await house.hass.async_add_executor_job(shutil.rmtree, places / "config/www")
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("install_watchface", file=name)
    assert caught.value.translation_key == "file_not_read"
