"""Bringing files into a band: what is looked at before, in which order, and what after.

Firmware comes first; the band restarts, is found again and tells its version. Resources, fonts and
watch faces follow on the new link. Everything that can be known beforehand is looked at before the
first byte is sent.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util.hass_dict import HassKey

from .band.battery import read_battery
from .band.device_info import read_firmware_version, read_product_version
from .band.errors import LowBattery, LowBatteryCharging, NotSupported
from .band.files import BandFile, FileKind
from .band.link import Link
from .band.upload import Progress, upload
from .const import DOMAIN
from .coordinator import MiBandCoordinator

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
        self._done = 0
        self._told = -1

    def begin(self) -> None:
        """Tell that it begins."""
        self._tell(0)

    def of_file(self) -> Progress:
        """Return what takes the progress of the next file."""
        before = self._done

        def progress(sent: int, _: int) -> None:
            self._done = max(self._done, before + sent)
            self._tell(self._done * _SENT_PERCENT // self._size)

        return progress

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
    before = after = await coordinator.async_run(_async_check)
    for file in files:
        if file.kind is not FileKind.FIRMWARE:
            await _async_send(coordinator, file, gauge)
            continue
        if file.version == before and not force:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="firmware_is_installed",
                translation_placeholders={"name": coordinator.name, "version": before},
            )
        links = coordinator.keeper.connections
        await _async_send(coordinator, file, gauge)
        after = await _async_until_back(coordinator, links)
        if after != file.version:
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


async def _async_send(coordinator: MiBandCoordinator, file: BandFile, gauge: _Gauge) -> None:
    async def send(link: Link) -> None:
        # Also of the second file: the first may have taken what the battery had.
        await _async_check(link)
        await upload(link, file, progress=gauge.of_file())

    await coordinator.async_run(send)


async def _async_check(link: Link) -> str:
    """See that a band can take a file; returns the version of its firmware.

    Raises:
        LowBattery: it could go out in the middle.
        NotSupported: it is another model.
    """
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
    except HomeAssistantError:
        return None
    return version if coordinator.keeper.connections > links else None


async def _async_wait(changed: asyncio.Event) -> None:
    """Wait for news of the band; a link on demand brings none before it is asked for."""
    try:
        async with asyncio.timeout(_RETURN_LOOK.total_seconds()):
            await changed.wait()
    except TimeoutError:
        return
