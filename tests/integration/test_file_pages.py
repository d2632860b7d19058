"""Files for bands through the browser: bringing them in, the list of them, and what goes wrong."""

from collections.abc import AsyncGenerator
from io import BytesIO
import os
from pathlib import Path
import shutil
from typing import Any

from aiohttp import FormData
from homeassistant.components.file_upload import TEMP_DIR_NAME
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mi_band import firmware_library
from custom_components.mi_band.band.files import recognise
from custom_components.mi_band.firmware_library import async_get_library, safe_name
from tests.emulator import files

from .house import House, until

OLDER, NEW, NEWEST = "1.0.9.58", "1.0.9.68", "1.0.9.70"
FIRMWARE = files.firmware(NEW, size=20_000)
FACE = files.watchface()


class Pages:
    """The pages behind the gear, as a browser goes through them."""

    def __init__(self, house: House, client: ClientSessionGenerator, uploads: Path) -> None:
        self.hass = house.hass
        self.entry = house.entry
        self.folder = Path(house.hass.config.path("mi_band"))
        self._client = client
        self._uploads = uploads

    async def open(self) -> ConfigFlowResult:
        """Press the gear."""
        return await self.hass.config_entries.options.async_init(self.entry.entry_id)

    async def submit(self, page: ConfigFlowResult, **answer: object) -> ConfigFlowResult:
        """Fill in a page."""
        return await self.hass.config_entries.options.async_configure(page["flow_id"], answer)

    async def choose(self, page: ConfigFlowResult, step: str) -> ConfigFlowResult:
        """Choose from a menu."""
        return await self.submit(page, next_step_id=step)

    async def list(self) -> ConfigFlowResult:
        """Go to the list of files."""
        return await self.choose(await self.open(), "files")

    async def send(self, name: str, content: bytes) -> str:
        """Send a file, as the browser does once one is chosen; returns what the page gets."""
        data = FormData(quote_fields=False)
        data.add_field("file", BytesIO(content), filename=name)
        client = await self._client()
        response = await client.post("/api/file_upload", data=data)
        assert response.status == 200, await response.text()
        return str((await response.json())["file_id"])

    async def bring(self, name: str, content: bytes) -> ConfigFlowResult:
        """Go through the pages until a file is taken or refused."""
        page = await self.choose(await self.open(), "upload")
        return await self.submit(page, file=await self.send(name, content))

    async def kept(self) -> set[str]:
        """Return the names of what lies in the folder."""
        return await self.hass.async_add_executor_job(_names, self.folder)

    async def left_of_uploads(self) -> set[str]:
        """Return what lies where Home Assistant keeps uploads."""
        return await self.hass.async_add_executor_job(_names, self._uploads)

    async def put(self, name: str, content: bytes) -> None:
        """Copy a file into the folder, past the browser."""
        await self.hass.async_add_executor_job((self.folder / name).write_bytes, content)


@pytest.fixture
async def pages(
    house: House,
    hass_client: ClientSessionGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Pages]:
    """Provide the pages of a house without files, which is without files afterwards."""
    # The folder that the machine has for it is for one Home Assistant only.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pages = Pages(house, hass_client, tmp_path / TEMP_DIR_NAME)
    yield pages
    await house.hass.async_add_executor_job(lambda: shutil.rmtree(pages.folder, ignore_errors=True))


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def _told(page: ConfigFlowResult) -> dict[str, str]:
    told = page["description_placeholders"]
    assert told is not None
    return dict(told)


def _offered(page: ConfigFlowResult) -> list[str]:
    assert page["type"] is FlowResultType.MENU
    offered = page["menu_options"]
    assert isinstance(offered, list)
    return offered


def _listed(page: ConfigFlowResult) -> dict[str, str]:
    """Return what stands beside each box, by the name of the file."""
    schema = page["data_schema"]
    assert schema is not None
    (boxes,) = schema.schema.values()
    return {option["value"]: option["label"] for option in boxes.config["options"]}


# The menu


async def test_the_list_is_offered_once_there_is_a_file(pages: Pages) -> None:
    menu = await pages.open()
    assert menu["type"] is FlowResultType.MENU
    assert _offered(menu) == ["settings", "upload"]
    await pages.bring("new.fw", FIRMWARE)
    menu = await pages.open()
    assert _offered(menu) == ["settings", "upload", "files"]
    assert _told(menu)["files"] == "1"


# Bringing a file


async def test_a_firmware_is_kept_and_offered_as_an_update(house: House, pages: Pages) -> None:
    page = await pages.bring("any name.txt", FIRMWARE)
    assert (page["type"], page["step_id"]) == (FlowResultType.MENU, "uploaded")
    told = _told(page)
    assert (told["kind"], told["file"], told["size"]) == (
        f"Firmware {NEW}",
        "any_name.txt",
        "20 KiB",
    )
    assert "it is offered as an update" in told["advice"]
    assert await pages.kept() == {"any_name.txt"}
    # Of what was uploaded nothing is left where Home Assistant keeps uploads.
    assert await pages.left_of_uploads() == set()
    await until(lambda: house.value("update", "firmware") == "on")
    assert house.state("update", "firmware").attributes["latest_version"] == NEW


@pytest.mark.parametrize(
    ("content", "kind", "advice"),
    [
        (
            FACE,
            "Watch face",
            "action?service=mi_band.install_watchface) with the file `mi_band/x.y`",
        ),
        (
            files.font(3, size=3000),
            "Font 3",
            "action?service=mi_band.update_firmware) with the file",
        ),
        (files.resources(81, size=3000), "Resources 81", "together with it"),
        (files.packed_resources(81, size=3000), "Resources 81", "together with it"),
        (files.firmware(OLDER, size=3000), f"Firmware {OLDER}", "not offered as an update"),
    ],
    ids=["watch face", "font", "resources", "packed resources", "older firmware"],
)
async def test_each_kind_says_what_it_is_and_how_it_comes_to_the_band(
    pages: Pages, content: bytes, kind: str, advice: str
) -> None:
    told = _told(await pages.bring("x.y", content))
    assert told["kind"] == kind
    assert advice in told["advice"]
    assert "`mi_band/x.y`" in told["advice"]
    assert "{" not in told["advice"]


async def test_a_large_file_is_told_in_mebibytes(pages: Pages) -> None:
    told = _told(await pages.bring("large.fw", files.firmware(NEW, size=2_000_000)))
    assert told["size"] == "1.9 MiB"


async def test_only_the_newest_firmware_is_said_to_be_offered(pages: Pages) -> None:
    await pages.bring("newest.fw", files.firmware(NEWEST, size=3000))
    told = _told(await pages.bring("new.fw", FIRMWARE))
    assert "not offered as an update" in told["advice"]


async def test_several_files_are_brought_in_one_after_the_other(pages: Pages) -> None:
    page = await pages.bring("new.fw", FIRMWARE)
    page = await pages.choose(page, "upload")
    page = await pages.submit(page, file=await pages.send("face.bin", FACE))
    page = await pages.choose(page, "files")
    assert set(_listed(page)) == {"new.fw", "face.bin"}


async def test_bringing_a_file_leaves_options_and_link_alone(house: House, pages: Pages) -> None:
    coordinator = house.entry.runtime_data
    options = dict(house.entry.options)
    page = await pages.bring("face.bin", FACE)
    page = await pages.choose(page, "finish")
    await house.hass.async_block_till_done()
    assert page["type"] is FlowResultType.CREATE_ENTRY
    assert house.entry.options == options
    assert house.entry.runtime_data is coordinator
    assert house.value("binary_sensor", "connected") == "on"


async def test_a_file_is_taken_for_a_band_that_is_not_set_up(house: House, pages: Pages) -> None:
    await house.unload()
    page = await pages.bring("new.fw", FIRMWARE)
    assert _told(page)["kind"] == f"Firmware {NEW}"


# What is refused


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"PK\x03\x04" + bytes(100), "file_refused"),
        (files.firmware(model=b"Mi Smart Band 5\x00"), "file_of_another_model"),
        (FACE[:-1], "file_truncated"),
        (bytes(4 * 1024 * 1024 + 1), "file_too_large"),
    ],
    ids=["empty", "archive", "another model", "truncated", "too large"],
)
async def test_a_bad_file_is_refused_with_its_reason_and_a_good_one_taken_then(
    pages: Pages, content: bytes, code: str
) -> None:
    page = await pages.bring("firmware.fw", content)
    assert (page["step_id"], page["errors"]) == ("upload", {"file": code})
    assert await pages.kept() == set()
    assert await pages.left_of_uploads() == set()
    page = await pages.submit(page, file=await pages.send("firmware.fw", FIRMWARE))
    assert page["step_id"] == "uploaded"


async def test_of_a_file_that_is_too_large_no_more_is_read_than_shows_it(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def note(content: bytes) -> Any:
        seen.append(len(content))
        return recognise(content)

    monkeypatch.setattr(firmware_library, "recognise", note)
    await pages.bring("film.mkv", bytes(6 * 1024 * 1024))
    assert seen == [4 * 1024 * 1024 + 1]


async def test_a_file_that_was_looked_at_already_has_to_be_chosen_again(pages: Pages) -> None:
    sent = await pages.send("face.bin", FACE[:-1])
    page = await pages.choose(await pages.open(), "upload")
    page = await pages.submit(page, file=sent)
    page = await pages.submit(page, file=sent)
    assert page["errors"] == {"file": "upload_gone"}


async def test_a_folder_that_cannot_be_written_is_told(house: House, pages: Pages) -> None:
    # Nothing can be written below what is no folder, whoever tries.
    await house.hass.async_add_executor_job(pages.folder.touch)
    try:
        page = await pages.bring("new.fw", FIRMWARE)
    finally:
        await house.hass.async_add_executor_job(pages.folder.unlink)
    assert page["errors"] == {"base": "file_not_kept"}
    assert _told(page)["reason"] == "File exists"
    assert _told(page)["folder"] == str(pages.folder)


async def test_more_files_than_are_looked_at_are_not_taken(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firmware_library, "MOST_FILES", 1)
    await pages.bring("face.bin", FACE)
    page = await pages.bring("new.fw", FIRMWARE)
    assert page["errors"] == {"base": "library_full"}
    # What is there already needs no room.
    page = await pages.bring("face.bin", FACE)
    assert page["step_id"] == "uploaded"


# Names


async def test_a_name_that_is_taken_gets_a_number_and_the_same_file_does_not(
    house: House, pages: Pages
) -> None:
    second, third = files.watchface(seed=6), files.font(size=3000)
    await pages.bring("x.bin", FACE)
    assert _told(await pages.bring("x.bin", second))["file"] == "x-2.bin"
    assert _told(await pages.bring("x.bin", third))["file"] == "x-3.bin"
    assert _told(await pages.bring("x.bin", second))["file"] == "x-2.bin"
    read = (pages.folder / "x.bin").read_bytes
    assert await house.hass.async_add_executor_job(read) == FACE
    assert await pages.kept() == {
        "x.bin",
        "x-2.bin",
        "x-3.bin",
    }


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Mili_cinco.fw", "Mili_cinco.fw"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\face.bin", "face.bin"),
        (".hidden.fw", "hidden.fw"),
        ("..", "file"),
        ("", "file"),
        ("***", "file"),
        ("new (1) & old\n.fw", "new_(1)_old_.fw"),
        ("表盘.bin", "表盘.bin"),
        ("u\u0308.bin", "ü.bin"),
        (f"{'long' * 99}.{'suffix' * 9}", f"{'long' * 12}.suffixs"),
    ],
)
def test_a_name_from_elsewhere_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


async def test_half_a_file_is_never_listed(
    house: House, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = async_get_library(house.hass)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        await library.async_add("new.fw", FIRMWARE)
    assert await pages.kept() == set()
    # What a process leaves that was killed meanwhile.
    left = pages.folder / ".new.fw.part"
    await house.hass.async_add_executor_job(left.write_bytes, FIRMWARE[:10_000])
    await library.async_look()
    assert library.files == ()


async def test_a_file_that_is_gone_at_once_is_told(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firmware_library, "_write_whole", lambda *_: None)
    page = await pages.bring("new.fw", FIRMWARE)
    assert page["errors"] == {"base": "file_not_kept"}
    assert _told(page)["reason"] == "No such file or directory"


# The list


async def test_a_list_that_has_become_empty_leads_back_to_the_menu(pages: Pages) -> None:
    await pages.bring("face.bin", FACE)
    menu = await pages.open()
    await pages.hass.async_add_executor_job(shutil.rmtree, pages.folder)
    assert _offered(await pages.choose(menu, "files")) == ["settings", "upload"]


@pytest.mark.parametrize("name", ["new\n.fw", "new\udcff.fw", ".new.fw"])
async def test_a_name_that_no_page_can_show_is_passed_over(pages: Pages, name: str) -> None:
    await pages.bring("face.bin", FACE)
    await pages.put(name, FIRMWARE)
    assert _listed(await pages.list()).keys() == {"face.bin"}


async def test_the_list_tells_what_the_files_are(
    house: House, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pages.bring("new.fw", FIRMWARE)
    await pages.put("holiday.png", b"\x89PNG")
    for path in ("new.fw", "holiday.png"):
        await house.hass.async_add_executor_job(os.utime, pages.folder / path, (1_700_000_000,) * 2)
    page = await pages.list()
    assert _listed(page) == {
        "new.fw": f"new.fw · Firmware {NEW} · 20 KiB · 2023-11-14",
        "holiday.png": "holiday.png · Nothing for a band · 1 KiB · 2023-11-14",
    }


async def test_files_that_are_ticked_are_removed(house: House, pages: Pages) -> None:
    await pages.bring("new.fw", FIRMWARE)
    await pages.bring("face.bin", FACE)
    page = await pages.list()
    page = await pages.submit(page, remove=["new.fw"])
    assert page["step_id"] == "init"
    assert await pages.kept() == {"face.bin"}
    await until(lambda: house.value("update", "firmware") == "unknown")
    page = await pages.submit(await pages.choose(page, "files"), remove=["face.bin"])
    assert _offered(page) == ["settings", "upload"]


async def test_without_a_tick_nothing_is_removed(pages: Pages) -> None:
    await pages.bring("face.bin", FACE)
    page = await pages.submit(await pages.list())
    assert page["step_id"] == "init"
    assert await pages.kept() == {"face.bin"}


async def test_what_is_not_on_the_list_cannot_be_removed(pages: Pages) -> None:
    await pages.bring("face.bin", FACE)
    page = await pages.list()
    with pytest.raises(InvalidData):
        await pages.submit(page, remove=["../configuration.yaml"])


async def test_a_file_that_cannot_be_removed_is_told(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pages.bring("face.bin", FACE)
    page = await pages.list()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        page = await pages.submit(page, remove=["face.bin"])
    assert page["errors"] == {"base": "file_not_removed"}
    assert _told(page)["reason"] == "Permission denied"
    page = await pages.submit(page, remove=["face.bin"])
    assert await pages.kept() == set()
