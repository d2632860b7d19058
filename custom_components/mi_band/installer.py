"""Bringing files into a band: what is looked at before, in which order, and what after.

Firmware comes first; the band restarts, is found again and tells its version. Resources, fonts and
watch faces follow on the new link. Everything that can be known beforehand is looked at before the
first byte is sent.

A try that fails starts over, and never where it failed. When it failed on the way with packets as
large as the link takes, the next one uses small ones, and the other way round: some adapters lose
the large ones.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.hass_dict import HassKey

from .band.battery import read_battery
from .band.device_info import read_firmware_version, read_product_version
from .band.errors import (
    BandError,
    LinkLost,
    LowBattery,
    LowBatteryCharging,
    NotSupported,
    UploadBatteryLow,
    UploadBusy,
    UploadNoSpace,
    UploadRefused,
    WorkoutRunning,
)
from .band.files import BandFile, FileKind
from .band.link import Link
from .band.session import BandSession
from .band.state import BandState
from .band.upload import upload
from .const import DOMAIN
from .coordinator import MiBandCoordinator
from .firmware_library import version_parts

LOWEST_BATTERY_PERCENT: Final = 30
RETURN_TIMEOUT: Final = timedelta(seconds=180)
"""How long a band may be away to restart into a new firmware. [INFERRED]"""

_RETURN_LOOK: Final = timedelta(seconds=2)
_SENT_PERCENT: Final = 95
"""What is shown when all bytes are sent: the band still has to take them, and to come back."""
_ORDER: Final = (
    FileKind.FIRMWARE,
    FileKind.RESOURCES,
    FileKind.PACKED_RESOURCES,
    FileKind.FONT,
    FileKind.WATCHFACE,
)
_RUNNING: Final[HassKey[set[str]]] = HassKey(f"{DOMAIN}_installing")
_SMALL_PACKETS: Final[HassKey[set[str]]] = HassKey(f"{DOMAIN}_small_packets")
"""The bands to which the next file goes in small packets, as long as Home Assistant runs."""
_NOT_OF_THE_WAY: Final = (UploadBatteryLow, UploadBusy, UploadNoSpace)
"""What a band says of itself, whatever the packets are like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The firmware of a band before and after an installation."""

    before: str
    after: str


def progress_signal(identity: str) -> str:
    """Return the signal that tells how far an installation is: percent, and None at its end."""
    return f"{DOMAIN}_installing_{identity}"


class _Gauge:
    """Tells how far an installation is, once for each percent and never less than before."""

    def __init__(self, hass: HomeAssistant, identity: str, size: int) -> None:
        self._hass = hass
        self._signal = progress_signal(identity)
        self._size = size
        self._told = -1

    def begin(self) -> None:
        """Tell that it begins."""
        self._tell(0)

    def sent(self, before: int, more: int) -> None:
        """Tell that so many bytes of a file are sent, after those of the files before it."""
        self._tell((before + more) * _SENT_PERCENT // self._size)

    def complete(self) -> None:
        """Tell that everything is as it should be."""
        self._tell(100)

    def end(self) -> None:
        """Tell that it is over, well or not."""
        async_dispatcher_send(self._hass, self._signal, None)

    def _tell(self, percent: int) -> None:
        if percent > self._told:
            self._told = percent
            async_dispatcher_send(self._hass, self._signal, percent)


@callback
def async_is_installing(hass: HomeAssistant, identity: str) -> bool:
    """Tell whether files are on their way into a band."""
    return identity in hass.data.get(_RUNNING, ())


async def async_install(
    coordinator: MiBandCoordinator, files: Sequence[BandFile], *, force: bool
) -> Installed:
    """Bring files into a band, in the order in which they belong together.

    Args:
        coordinator: of the band.
        files: one of a kind at most.
        force: install a firmware also if it is the one that runs.

    Raises:
        HomeAssistantError: translated; it was refused, broke off, or did not lead to the version.
    """
    kinds = [file.kind for file in files]
    if len(kinds) != len({*kinds}):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="files_of_a_kind")
    running = coordinator.hass.data.setdefault(_RUNNING, set())
    if coordinator.identity in running:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="already_installing",
            translation_placeholders={"name": coordinator.name},
        )
    gauge = _Gauge(coordinator.hass, coordinator.identity, sum(len(file.content) for file in files))
    running.add(coordinator.identity)
    try:
        gauge.begin()
        ordered = sorted(files, key=lambda file: _ORDER.index(file.kind))
        installed = await _async_install(coordinator, ordered, gauge, force=force)
        gauge.complete()
        return installed
    finally:
        running.discard(coordinator.identity)
        gauge.end()


async def _async_install(
    coordinator: MiBandCoordinator, files: Sequence[BandFile], gauge: _Gauge, *, force: bool
) -> Installed:
    before = after = await coordinator.async_run(partial(_async_check, coordinator))
    done = 0
    for file in files:
        transfer = _Transfer(coordinator, file, partial(gauge.sent, done))
        done += len(file.content)
        if file.kind is not FileKind.FIRMWARE:
            await coordinator.async_run(transfer.run)
            if file.kind is FileKind.WATCHFACE:
                await coordinator.faces.async_note(file)
            continue
        if _are_same(file.version, before) and not force:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="firmware_is_installed",
                translation_placeholders={"name": coordinator.name, "version": before},
            )
        links = coordinator.keeper.record.connections
        await coordinator.async_run(transfer.run)
        # It may have lost all that it was told; the next link tells it anew.
        coordinator.async_publish(BandState.doubted)
        after = await _async_until_back(coordinator, links)
        if not _are_same(file.version, after):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="firmware_not_running",
                translation_placeholders={
                    "name": coordinator.name,
                    "version": after,
                    "expected": file.version or "",
                },
            )
    return Installed(before=before, after=after)


def _are_same(of_file: str | None, of_band: str) -> bool:
    """Tell whether two versions are one.

    Band and file need not write it alike: 1.0.6.00 may be 1.0.6.0. [INFERRED]
    """
    return version_parts(of_file or "") == version_parts(of_band)


class _Transfer:
    """The way of one file into a band."""

    def __init__(
        self, coordinator: MiBandCoordinator, file: BandFile, sent: Callable[[int], None]
    ) -> None:
        self._coordinator = coordinator
        self._file = file
        self._sent = sent
        self._small = coordinator.hass.data.setdefault(_SMALL_PACKETS, set())
        self._begun = False

    async def run(self, link: Link) -> None:
        """Send the file, and let the link go unless the band is as before."""
        # What rings could not be told to stop before all of the file is sent.
        async with self._coordinator.calls.silence():
            await self._async_run(link)

    async def _async_run(self, link: Link) -> None:
        # Also before the second file: the first may have taken what the battery had.
        await _async_check(self._coordinator, link)
        session = self._coordinator.lease.link
        if session is None:
            raise LinkLost("the link broke")
        with ExitStack() as leaving:
            # With the link a band drops what it has of a file, and its question for more.
            leaving.callback(self._hang_up, session)
            try:
                await self._send(session)
            except UploadRefused:
                # It has ended this by itself.
                leaving.pop_all()
                raise
            if self._file.kind is not FileKind.FIRMWARE:
                leaving.pop_all()

    async def _send(self, session: BandSession) -> None:
        identity = self._coordinator.identity
        try:
            async with upload(
                session, self._file, progress=self._note, small_packets=identity in self._small
            ):
                if self._file.kind is FileKind.FIRMWARE:
                    # Another firmware may have other services, or the same ones elsewhere.
                    await session.forget_services()
        except BandError as err:
            if self._begun and not isinstance(err, _NOT_OF_THE_WAY):
                self._small ^= {identity}
            raise

    def _note(self, sent: int, _: int) -> None:
        self._begun = True
        self._sent(sent)

    def _hang_up(self, session: BandSession) -> None:
        session.end()
        # Whoever tries again, or waits for the version, is not to wait for a pause to end.
        self._coordinator.keeper.async_wake()


async def _async_check(coordinator: MiBandCoordinator, link: Link) -> str:
    """See that a band can take a file; returns the version of its firmware.

    Raises:
        WorkoutRunning: it would refuse.
        LowBattery: it could go out in the middle.
        NotSupported: it is another model.
    """
    if coordinator.data.working_out:
        raise WorkoutRunning
    battery = await read_battery(link)
    if battery.level_percent < LOWEST_BATTERY_PERCENT:
        too_low = LowBatteryCharging if battery.charging else LowBattery
        raise too_low(battery.level_percent, LOWEST_BATTERY_PERCENT)
    if await read_product_version(link) is None:
        raise NotSupported("the band does not say that it is a Mi Smart Band 4")
    return await read_firmware_version(link)


async def _async_until_back(coordinator: MiBandCoordinator, links: int) -> str:
    """Wait until a band is there again on a new link; returns the version of its firmware."""
    changed = asyncio.Event()
    stop = coordinator.async_add_listener(changed.set)
    try:
        async with asyncio.timeout(RETURN_TIMEOUT.total_seconds()):
            while (version := await _async_version(coordinator, links)) is None:
                changed.clear()
                # Short links make the keeper rest for long, and this one was short on purpose.
                coordinator.keeper.async_wake()
                await _async_wait(changed)
            return version
    except TimeoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="firmware_not_back",
            translation_placeholders={"name": coordinator.name},
        ) from err
    finally:
        stop()


async def _async_version(coordinator: MiBandCoordinator, links: int) -> str | None:
    """Read the version on a newer link than the first so many; None while there is none."""
    try:
        version = await coordinator.async_run(read_firmware_version)
    except HomeAssistantError as err:
        if not coordinator.lease.closed:
            return None
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="firmware_unwatched",
            translation_placeholders={"name": coordinator.name},
        ) from err
    return version if coordinator.keeper.record.connections > links else None


async def _async_wait(changed: asyncio.Event) -> None:
    """Wait for news of the band; a link on demand brings none before it is asked for."""
    try:
        async with asyncio.timeout(_RETURN_LOOK.total_seconds()):
            await changed.wait()
    except TimeoutError:
        return
