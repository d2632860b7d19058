"""Firmware and other files: the actions, the update entity and what goes wrong."""

from pathlib import Path

from homeassistant.core import Context, Event, EventStateChangedData, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.mi_band.firmware_library import async_get_library, version_parts
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Running, UploadTrouble

from .bands import MakeBand
from .flow import DOMAIN, KEY
from .house import House, until
from .shelf import folder, put

__all__ = ["folder"]

OLD, NEW = "1.0.9.66", "1.0.9.68"
FIRMWARE = files.firmware(NEW, size=20_000)


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77)


def _runs(house: House) -> Running:
    return house.band.firmware.running


# The action


async def test_a_firmware_is_installed_and_its_version_compared(house: House, folder: Path) -> None:
    name = await put(house, folder, "any name", FIRMWARE)
    answer = await house.call("update_firmware", file=name)
    assert answer == {
        "before": OLD,
        "after": NEW,
        "files": [{"file": name, "kind": "firmware", "version": NEW}],
    }
    assert _runs(house) is Running.NEW
    await house.until_connected()
    await until(lambda: house.device.sw_version == NEW)


async def test_a_band_may_write_its_version_in_another_way_than_the_file_does(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.emulator.gatt.firmware.version_of", lambda *_: "1.1.0.0")
    name = await put(house, folder, "any name", files.firmware("1.1.0.00", size=20_000))
    assert (await house.call("update_firmware", file=name))["after"] == "1.1.0.0"
    await house.until_connected()
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("update_firmware", file=name)
    assert caught.value.translation_key == "firmware_is_installed"
    assert house.on_band("reboots") == 1


async def test_several_files_come_in_the_order_in_which_they_belong(
    house: House, folder: Path
) -> None:
    names = [
        await put(house, folder, "3", files.font(2, size=3000)),
        await put(house, folder, "2", files.packed_resources(81, size=3000)),
        await put(house, folder, "1", FIRMWARE),
    ]
    await house.call("update_firmware", file=names)
    inits = house.on_band("firmware", "inits")
    assert [init["type"] for init in inits] == [
        files.FIRMWARE,
        files.PACKED_RESOURCES,
        files.FONT,
    ]
    assert house.on_band("reboots") == 1


async def test_a_watch_face_is_installed(house: House, folder: Path) -> None:
    name = await put(house, folder, "face", files.watchface())
    await house.call("install_watchface", file=name)
    assert house.on_band("firmware", "holds", "watchface") is not None
    other = await put(house, folder, "other", files.font(size=3000))
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("install_watchface", file=other)
    assert caught.value.translation_key == "file_is_no_watchface"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"PK\x03\x04" + bytes(100), "file_refused"),
        (files.firmware(model=b"Mi Smart Band 5\x00"), "file_of_another_model"),
        (files.watchface()[:-1], "file_truncated"),
        (bytes(4 * 1024 * 1024 + 1), "file_too_large"),
    ],
    ids=["empty", "archive", "another model", "truncated", "too large"],
)
async def test_a_bad_file_is_refused_before_a_byte_is_sent(
    house: House, folder: Path, content: bytes, code: str
) -> None:
    name = await put(house, folder, "firmware.fw", content)
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("update_firmware", file=name)
    assert caught.value.translation_key == code
    assert house.on_band("firmware", "inits") == []


@pytest.mark.parametrize("name", ["secrets.yaml", "mi_band/../secrets.yaml", "/etc/hostname"])
async def test_a_file_elsewhere_is_not_read(house: House, folder: Path, name: str) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("update_firmware", file=name)
    assert caught.value.translation_key == "folder_not_allowed"


async def test_a_file_that_is_not_there_is_told(house: House, folder: Path) -> None:
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("update_firmware", file="mi_band/nothing.fw")
    assert caught.value.translation_key == "file_not_read"


async def test_the_version_that_runs_is_installed_only_when_forced(
    house: House, folder: Path
) -> None:
    name = await put(house, folder, "same", files.firmware(OLD, size=5000))
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("update_firmware", file=name)
    assert caught.value.translation_key == "firmware_is_installed"
    assert house.on_band("firmware", "inits") == []
    answer = await house.call("update_firmware", file=name, force=True)
    assert (answer["before"], answer["after"]) == (OLD, OLD)


async def test_two_files_of_a_kind_are_refused(house: House, folder: Path) -> None:
    names = [await put(house, folder, str(seed), files.font(size=999)) for seed in (1, 2)]
    with pytest.raises(ServiceValidationError) as caught:
        await house.call("update_firmware", file=names)
    assert caught.value.translation_key == "files_of_a_kind"


async def test_a_band_with_too_little_battery_takes_nothing(house: House, folder: Path) -> None:
    name = await put(house, folder, "new", FIRMWARE)
    house.band._battery.set_level(29)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("update_firmware", file=name)
    assert caught.value.translation_key in {"low_battery", "low_battery_charging"}
    assert "is at 29 %, and 30 % is needed" in str(caught.value)
    assert house.on_band("firmware", "inits") == []


async def test_only_administrators_may_install(
    house: House, folder: Path, hass_read_only_user: MockUser
) -> None:
    for action in ("update_firmware", "install_watchface"):
        with pytest.raises(Unauthorized):
            await house.hass.services.async_call(
                DOMAIN,
                action,
                {"device_id": house.device.id, "file": "mi_band/x"},
                blocking=True,
                context=Context(user_id=hass_read_only_user.id),
            )


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (UploadTrouble(init=0x22), "upload_battery_low"),
        (UploadTrouble(verified=0x04), "upload_not_verified"),
        (UploadTrouble(cut_after=20), "upload_interrupted"),
        (UploadTrouble(garbled=0x03), "malformed_packet"),
        (UploadTrouble(stays_old=True), "firmware_not_running"),
    ],
    ids=["refused", "checksum", "cut", "garbled", "came back old"],
)
async def test_what_goes_wrong_is_told_and_a_new_try_comes_through(
    house: House, folder: Path, trouble: UploadTrouble, code: str
) -> None:
    name = await put(house, folder, "new", FIRMWARE)
    house.band.faults.upload(trouble)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("update_firmware", file=name)
    assert caught.value.translation_key == code
    assert _runs(house) is Running.OLD
    assert house.state("update", "firmware").attributes["in_progress"] is False
    if code in {"upload_interrupted", "malformed_packet"}:
        # Whoever cannot tell what the band has of the file begins anew, on another link.
        await house.until_state("binary_sensor", "connected", "off")
    await house.until_connected()
    answer = await house.call("update_firmware", file=name)
    assert answer["after"] == NEW


# The entity


async def test_without_a_file_nothing_is_known_of_newer_firmware(house: House) -> None:
    state = house.state("update", "firmware")
    assert state.state == "unknown"
    assert state.attributes["installed_version"] == OLD
    assert state.attributes["latest_version"] is None


async def test_the_newest_firmware_of_the_library_is_offered_and_installed(
    house: House, folder: Path
) -> None:
    await put(house, folder, "older", files.firmware("1.0.9.58", size=3000))
    await until(lambda: house.value("update", "firmware") == "off")
    await put(house, folder, "face", files.watchface())
    await put(house, folder, "newer", FIRMWARE)
    await until(lambda: house.value("update", "firmware") == "on")
    told: list[object] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        if state.attributes.get("in_progress"):
            told.append(state.attributes["update_percentage"])

    entity_id = house.entity_id("update", "firmware")
    stop = async_track_state_change_event(house.hass, entity_id, note)
    await house.act("update", "firmware", "install")
    stop()
    await until(lambda: house.value("update", "firmware") == "off")
    percents = [percent for percent in told if isinstance(percent, int)]
    assert percents == told
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    state = house.state("update", "firmware")
    assert state.attributes["installed_version"] == NEW
    assert state.attributes["in_progress"] is False
    assert state.attributes["update_percentage"] is None


async def test_what_runs_and_what_is_newer_is_told_while_the_band_is_away(
    house: House, folder: Path
) -> None:
    await put(house, folder, "newer", FIRMWARE)
    await until(lambda: house.value("update", "firmware") == "on")
    await house.lose_band()
    assert house.value("update", "firmware") == "on"
    assert house.state("update", "firmware").attributes["installed_version"] == OLD
    with pytest.raises(HomeAssistantError) as caught:
        await house.act("update", "firmware", "install")
    assert caught.value.translation_key == "not_connected"
    assert house.state("update", "firmware").attributes["in_progress"] is False


async def test_a_specific_version_is_installed_if_it_is_there(house: House, folder: Path) -> None:
    await put(house, folder, "older", files.firmware("1.0.9.58", size=3000))
    await put(house, folder, "newer", FIRMWARE)
    with pytest.raises(ServiceValidationError) as caught:
        await house.act("update", "firmware", "install", version="1.0.5.22")
    assert caught.value.translation_key == "firmware_not_in_library"
    await house.act("update", "firmware", "install", version="1.0.9.58")
    await until(
        lambda: house.state("update", "firmware").attributes["installed_version"] == "1.0.9.58"
    )


async def test_the_rules_are_on_the_screen_before_it_starts(
    house: House, folder: Path, hass_ws_client: WebSocketGenerator
) -> None:
    await put(house, folder, "newer", FIRMWARE)
    client = await hass_ws_client(house.hass)
    await client.send_json_auto_id(
        {"type": "update/release_notes", "entity_id": house.entity_id("update", "firmware")}
    )
    answer = await client.receive_json()
    assert "30 %" in answer["result"]


def test_versions_follow_each_other_by_number() -> None:
    mixed = ["1.0.10.1", "1.0.9.9", "2.0.0.0", "1.0.5.22", "1.0.9.10"]
    expected = ["1.0.5.22", "1.0.9.9", "1.0.9.10", "1.0.10.1", "2.0.0.0"]
    assert sorted(mixed, key=version_parts) == expected


# The library


async def test_the_library_knows_what_was_added_and_removed(house: House, folder: Path) -> None:
    library = async_get_library(house.hass)
    stored = await library.async_add("../../new.fw", FIRMWARE)
    assert (stored.name, stored.version, stored.size) == ("new.fw", NEW, len(FIRMWARE))
    assert await house.hass.async_add_executor_job((folder / "new.fw").exists)
    assert house.state("update", "firmware").attributes["latest_version"] == NEW
    await library.async_remove("new.fw")
    assert library.files == ()
    await house.hass.async_block_till_done()
    assert house.state("update", "firmware").attributes["latest_version"] is None


async def test_what_is_no_file_for_a_band_is_listed_without_a_kind(
    house: House, folder: Path
) -> None:
    await put(house, folder, "holiday.png", b"\x89PNG" + bytes(100))
    (stored,) = async_get_library(house.hass).files
    assert (stored.kind, stored.version) == (None, None)
