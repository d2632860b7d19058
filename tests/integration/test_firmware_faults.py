"""What a person sees when a firmware does not get there, and what is left of it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
import pytest

from custom_components.mi_band import installer
from custom_components.mi_band.band import session, upload
from tests.emulator import files
from tests.emulator.band import EmulatedBand
from tests.emulator.gatt.firmware import Running, UploadTrouble

from .bands import MakeBand
from .flow import KEY
from .house import House, until
from .shelf import folder, put

__all__ = ["folder"]

OLD, NEW = "1.0.9.66", "1.0.9.68"
FIRMWARE = files.firmware(NEW, size=60_000)
PACKETS: Final = 246
NEXT_STEPS: Final = ("begin again", "try again", "charger", "look at its version")


@pytest.fixture
async def band(make_band: MakeBand) -> EmulatedBand:
    """Provide a band with enough in its battery."""
    return await make_band(key=KEY, battery=77)


@pytest.fixture(autouse=True)
async def no_looking_after_the_loop(hass: HomeAssistant) -> None:
    """The loop is looked after elsewhere; here most of the time would go into that."""
    hass.loop.set_debug(False)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INIT", "RECEIVED", "VERIFIED", "RESTART"):
        monkeypatch.setattr(upload, f"{name}_TIMEOUT", timedelta(milliseconds=300))
    monkeypatch.setattr(session, "REQUEST_TIMEOUT", timedelta(seconds=1))
    monkeypatch.setattr(installer, "RETURN_TIMEOUT", timedelta(seconds=3))
    monkeypatch.setattr(installer, "_RETURN_LOOK", timedelta(milliseconds=50))
    monkeypatch.setattr("custom_components.mi_band.keeper.FIRST_PAUSE", timedelta(milliseconds=20))


@pytest.fixture
async def file(house: House, folder: Path) -> str:
    """Provide a new firmware that lies in the library."""
    return await put(house, folder, "new", FIRMWARE)


@asynccontextmanager
async def watched(house: House) -> AsyncGenerator[list[Any]]:
    """Note what the update entity shows of its progress; None is that it is at nothing."""
    told: list[Any] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and "in_progress" in state.attributes:
            busy = state.attributes["in_progress"]
            told.append(state.attributes["update_percentage"] if busy else None)

    stop = async_track_state_change_event(house.hass, house.entity_id("update", "firmware"), note)
    yield told
    stop()


def _is_idle(house: House) -> bool:
    attributes = house.state("update", "firmware").attributes
    return not attributes.get("in_progress") and attributes.get("update_percentage") is None


async def _comes_through(house: House, file: str) -> None:
    """Try again, as who was told to."""
    house.band._battery.set_level(77)
    await until(lambda: house.entry.runtime_data.lease.link is not None)
    assert (await house.call("update_firmware", file=file, force=True))["after"] == NEW
    await house.until_connected()
    assert house.band.firmware.running is Running.NEW


INTERRUPTED, REFUSED, MALFORMED = "upload_interrupted", "upload_refused", "malformed_packet"
BUSY, NO_SPACE = "upload_busy", "upload_no_space"
BATTERY_LOW, NOT_VERIFIED = "upload_battery_low", "upload_not_verified"
TROUBLES: Final[dict[str, tuple[UploadTrouble, str]]] = {
    "cut at the beginning": (UploadTrouble(cut_at=0x01), INTERRUPTED),
    "cut in the data": (UploadTrouble(cut_after=150), INTERRUPTED),
    "cut before the checksum": (UploadTrouble(cut_at=0x04), INTERRUPTED),
    "cut before the verdict": (UploadTrouble(cut_reply=0x04), INTERRUPTED),
    "silent at the beginning": (UploadTrouble(silent_init=True), INTERRUPTED),
    "silent after the data": (UploadTrouble(silent_received=True), INTERRUPTED),
    "silent after the checksum": (UploadTrouble(silent_verified=True), INTERRUPTED),
    "a request unanswered": (UploadTrouble(unanswered=0x00), INTERRUPTED),
    "a packet lost": (UploadTrouble(lost=(7,)), INTERRUPTED),
    "a packet twice": (UploadTrouble(doubled=(7,)), REFUSED),
    "a packet spoiled": (UploadTrouble(spoiled=(7,)), NOT_VERIFIED),
    "refused at the beginning": (UploadTrouble(init=0x04), REFUSED),
    "busy at the beginning": (UploadTrouble(init=0x02), BUSY),
    "battery too low at the beginning": (UploadTrouble(init=0x22), BATTERY_LOW),
    "no space at the beginning": (UploadTrouble(init=0x47), NO_SPACE),
    "refused in the data": (UploadTrouble(breaks_off=(120, 0x47)), NO_SPACE),
    "refused after the data": (UploadTrouble(received=0x04), REFUSED),
    "refused after the checksum": (UploadTrouble(verified=0x04), NOT_VERIFIED),
    "the restart refused": (UploadTrouble(rebooting=0x02), BUSY),
    "the restart unheard": (UploadTrouble(cut_at=0x05), "firmware_not_running"),
    "battery empty on the way": (UploadTrouble(battery_after=150), BATTERY_LOW),
    "garbled at the beginning": (UploadTrouble(garbled=0x01), MALFORMED),
    "garbled after the data": (UploadTrouble(garbled=0x03), MALFORMED),
    "garbled after the checksum": (UploadTrouble(garbled=0x04), MALFORMED),
    "back with the old one": (UploadTrouble(stays_old=True), "firmware_not_running"),
}


@pytest.mark.parametrize(("trouble", "key"), TROUBLES.values(), ids=TROUBLES)
async def test_a_failure_is_told_with_the_next_step_and_that_leads_on(
    house: House, file: str, trouble: UploadTrouble, key: str
) -> None:
    house.band.faults.upload(trouble)
    async with watched(house) as told:
        with pytest.raises(HomeAssistantError) as caught:
            await house.call("update_firmware", file=file)
    assert caught.value.translation_key == key
    text = str(caught.value)
    assert house.entry.title in text
    assert any(step in text.lower() for step in NEXT_STEPS), text
    assert house.band.firmware.running is Running.OLD
    assert house.on_band("reboots") == (1 if trouble.stays_old else 0)
    percents = [percent for percent in told if percent is not None]
    assert percents == sorted(percents)
    assert 100 not in percents
    assert told[-1] is None
    assert _is_idle(house)
    await _comes_through(house, file)


async def test_during_a_workout_nothing_is_sent(house: House, file: str) -> None:
    house.band.wearer.workout("open")
    house.band.wearer.workout("start")
    house.band.wearer.workout("pause")
    await until(lambda: house.entry.runtime_data.data.working_out)
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("update_firmware", file=file)
    assert caught.value.translation_key == "workout_running"
    assert any(step in str(caught.value).lower() for step in NEXT_STEPS)
    assert house.band._body.traffic["1531"].writes == 0
    assert _is_idle(house)
    house.band.wearer.workout("end")
    await until(lambda: not house.entry.runtime_data.data.working_out)
    await _comes_through(house, file)


async def test_a_band_that_does_not_come_back_is_told(house: House, file: str) -> None:
    house.band.faults.upload(UploadTrouble(stays_away=True))
    with pytest.raises(HomeAssistantError) as caught:
        await house.call("update_firmware", file=file)
    assert caught.value.translation_key == "firmware_not_back"
    assert _is_idle(house)
    # Its wearer puts it on the charger.
    await house.band.power_on()
    await house.until_connected()
    assert house.state("update", "firmware").attributes["installed_version"] == NEW


# The person changes their mind, and Home Assistant ends


def _received(house: House) -> int:
    received: int = house.on_band("firmware", "received")
    return received


PLACES: Final[dict[str, tuple[UploadTrouble, Callable[[House], bool]]]] = {
    "before the first reply": (
        UploadTrouble(silent_init=True),
        lambda house: house.on_band("firmware", "step") == "accepted",
    ),
    "in the data": (UploadTrouble(), lambda house: _received(house) > 30_000),
    "before the checksum": (
        UploadTrouble(silent_received=True),
        lambda house: house.on_band("firmware", "step") == "received",
    ),
    "before the restart": (
        UploadTrouble(silent_verified=True),
        lambda house: house.on_band("firmware", "step") == "verified",
    ),
}


async def _begin(
    house: House, file: str, trouble: UploadTrouble, reached: Callable[[House], bool]
) -> asyncio.Task[dict[str, Any]]:
    """Have an installation reach a place."""
    house.band.faults.upload(trouble)
    installing = house.hass.async_create_task(house.call("update_firmware", file=file))
    await house.band.wait_for(lambda: reached(house))
    return installing


@pytest.mark.parametrize(("trouble", "reached"), PLACES.values(), ids=PLACES)
async def test_an_installation_can_be_cancelled(
    house: House, file: str, trouble: UploadTrouble, reached: Callable[[House], bool]
) -> None:
    installing = await _begin(house, file, trouble, reached)
    installing.cancel()
    with suppress(asyncio.CancelledError):
        await installing
    assert installing.cancelled()
    await house.hass.async_block_till_done()
    assert _is_idle(house)
    # With the link the band drops what it has, and shows its watch face again.
    await house.band.wait_for(lambda: house.on_band("firmware", "step") == "idle")
    assert house.on_band("screen", "kind") == "clock"
    assert house.on_band("reboots") == 0
    await _comes_through(house, file)


@pytest.mark.parametrize("reload", [True, False], ids=["reloaded", "unloaded"])
@pytest.mark.parametrize(("trouble", "reached"), PLACES.values(), ids=PLACES)
async def test_an_entry_can_be_unloaded_in_the_middle(
    house: House,
    file: str,
    trouble: UploadTrouble,
    reached: Callable[[House], bool],
    *,
    reload: bool,
) -> None:
    installing = await _begin(house, file, trouble, reached)
    entries = house.hass.config_entries
    assert await (entries.async_reload if reload else entries.async_unload)(house.entry.entry_id)
    with pytest.raises(HomeAssistantError) as caught:
        await installing
    assert caught.value.translation_key == INTERRUPTED
    assert house.on_band("reboots") == 0
    assert house.band.firmware.running is Running.OLD
    if not reload:
        await house.set_up()
    await house.until_connected()
    assert _is_idle(house)
    await _comes_through(house, file)


@pytest.mark.parametrize(("trouble", "reached"), PLACES.values(), ids=PLACES)
async def test_home_assistant_can_stop_in_the_middle(
    house: House, file: str, trouble: UploadTrouble, reached: Callable[[House], bool]
) -> None:
    installing = await _begin(house, file, trouble, reached)
    house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    with pytest.raises(HomeAssistantError) as caught:
        await installing
    assert caught.value.translation_key == INTERRUPTED
    await house.band.wait_for(lambda: not house.band.connected)
    assert house.on_band("reboots") == 0
    assert house.band.firmware.running is Running.OLD


@pytest.mark.parametrize("how", ["reload", "stop"])
async def test_who_leaves_while_the_band_restarts_is_told_that_at_once(
    house: House, file: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "RETURN_TIMEOUT", timedelta(seconds=60))
    installing = await _begin(house, file, UploadTrouble(stays_away=True), _is_away)
    if how == "reload":
        assert await house.hass.config_entries.async_reload(house.entry.entry_id)
    else:
        house.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    async with asyncio.timeout(30):
        with pytest.raises(HomeAssistantError) as caught:
            await installing
    assert caught.value.translation_key == "firmware_unwatched"
    assert "look at its version" in str(caught.value).lower()
    await house.band.power_on()
    if how == "reload":
        await house.until_connected()
        assert _is_idle(house)
        assert house.state("update", "firmware").attributes["installed_version"] == NEW


def _is_away(house: House) -> bool:
    return not house.band.powered


async def test_a_band_that_comes_back_with_another_key_is_told_at_once(
    house: House, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "RETURN_TIMEOUT", timedelta(seconds=60))
    installing = await _begin(house, file, UploadTrouble(), _is_away)
    house.band._auth.key = bytes(16)
    async with asyncio.timeout(30):
        with pytest.raises(HomeAssistantError) as caught:
            await installing
    assert caught.value.translation_key == "firmware_unwatched"
    assert [flow["context"]["source"] for flow in house.hass.config_entries.flow.async_progress()]


# The packets


def _packets(house: House) -> int:
    """Return in how many packets the firmware came that was installed last."""
    packets: int = house.on_band("firmware", "installed")[-1]["packets"]
    return packets


@pytest.mark.parametrize(
    "trouble",
    [UploadTrouble(cut_after=50), UploadTrouble(spoiled=(3,)), UploadTrouble(lost=(3,))],
    ids=["cut", "spoiled", "lost"],
)
async def test_after_a_failure_on_the_way_the_next_try_sends_small_packets(
    house: House, file: str, trouble: UploadTrouble
) -> None:
    house.band.faults.upload(trouble)
    with pytest.raises(HomeAssistantError):
        await house.call("update_firmware", file=file)
    await _comes_through(house, file)
    assert _packets(house) == 3000
    # What has worked is kept to.
    await _comes_through(house, file)
    assert _packets(house) == 3000


async def test_when_small_packets_fail_too_the_next_try_sends_large_ones(
    house: House, file: str
) -> None:
    house.band.faults.upload(UploadTrouble(cut_after=50), times=2)
    for _ in range(2):
        await until(lambda: house.entry.runtime_data.lease.link is not None)
        with pytest.raises(HomeAssistantError):
            await house.call("update_firmware", file=file)
    await _comes_through(house, file)
    assert _packets(house) == PACKETS


@pytest.mark.parametrize(
    "trouble",
    [UploadTrouble(init=0x04), UploadTrouble(battery_after=150)],
    ids=["before any", "battery"],
)
async def test_what_the_band_says_of_itself_tells_nothing_of_the_packets(
    house: House, file: str, trouble: UploadTrouble
) -> None:
    house.band.faults.upload(trouble)
    with pytest.raises(HomeAssistantError):
        await house.call("update_firmware", file=file)
    await _comes_through(house, file)
    assert _packets(house) == PACKETS
