"""The ways out: what is done before a band is reset, and what is looked for after it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import (
    BluetoothCallbackMatcher,
    BluetoothScanningMode,
    BluetoothServiceInfoBleak,
)
from homeassistant.config_entries import ConfigEntryState, UnknownEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .band.link import Link
from .band.reset import factory_reset
from .band.session import BandSession
from .band.state import BandState, Recorded
from .claims import async_end_offers
from .const import DOMAIN
from .coordinator import MiBandConfigEntry, MiBandCoordinator
from .reach import is_band_4, system_hold

NEW_LIFE_TIMEOUT: Final = timedelta(seconds=60)
"""How long a band that was reset is listened for; it needs some ten seconds to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """How a band left."""

    synced: bool
    """Whether it was read a last time."""
    heard_as_new: bool
    """Whether a band that nobody knew before was heard after the reset."""


async def async_factory_reset(
    coordinator: MiBandCoordinator, *, force: bool = False, keep_history: bool = True
) -> Farewell:
    """Read the band a last time, reset it, and listen for it under its new address.

    The config entry stays, so that the band can be paired into it again. Until then nobody tries to
    connect: that happens when the old address is heard, and it is gone.

    Args:
        coordinator: of the band.
        force: reset it even if it cannot be read before.
        keep_history: keep what it last told; what was written to Home Assistant's history stays
            either way.

    Raises:
        HomeAssistantError: translated; nothing was reset, or nothing shows that it was.
    """
    synced = await _async_sync_last(coordinator, force=force)
    known = _known_addresses(coordinator.hass)
    said_yes = await _async_reset(coordinator)
    connections = coordinator.keeper.record.connections
    heard = await _async_heard_as_new(coordinator.hass, known)
    # One that lets us in with its old key was not reset, whatever it said.
    let_in = coordinator.keeper.record.connections > connections
    if not heard and (let_in or not said_yes):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="reset_not_confirmed",
            translation_placeholders={"name": coordinator.name},
        )
    if not keep_history:
        await _async_forget(coordinator)
    return Farewell(synced=synced, heard_as_new=heard)


async def async_unbind(
    coordinator: MiBandCoordinator, *, force: bool, keep_history: bool
) -> Farewell:
    """Reset the band as above, then remove its config entry, device and entities."""
    farewell = await async_factory_reset(coordinator, force=force, keep_history=keep_history)
    hass, entry_id = coordinator.hass, coordinator.config_entry.entry_id
    # Somebody else may have removed it while the band was listened for.
    with suppress(UnknownEntry):
        # It takes some time to end everything that goes on, in which it may be heard once more.
        await hass.config_entries.async_unload(entry_id)
    # With its entry gone it would be offered anew, under the address that nobody answers to.
    bluetooth.async_clear_advertisement_history(hass, coordinator.address)
    with suppress(UnknownEntry):
        await hass.config_entries.async_remove(entry_id)
    # A discovery may have begun while the band still had its entry.
    async_end_offers(hass, coordinator.address)
    return farewell


async def _async_reset(coordinator: MiBandCoordinator) -> bool:
    """Reset the band, let it go, and have the operating system forget its bond with it.

    Returns:
        Whether the band said yes.
    """

    async def reset(link: Link) -> tuple[bool, BandSession | None]:
        session = coordinator.lease.link
        return await factory_reset(link), session

    bonded = system_hold(coordinator.hass, coordinator.address).bonded
    said_yes, session = await coordinator.async_run(reset)
    if bonded and session is not None:
        # Also when the link is gone: the system remembers the bond for the address.
        await session.forget_bond()
    # One that did not hang up by itself is not heard under its new address before.
    coordinator.lease.end()
    return said_yes


async def _async_forget(coordinator: MiBandCoordinator) -> None:
    """Forget what the band told, wherever that is by now."""
    entry: MiBandConfigEntry = coordinator.config_entry
    await coordinator.records.async_forget()
    if coordinator.hass.config_entries.async_get_entry(entry.entry_id) is None:
        # Somebody has removed it while the band was listened for.
        return
    if entry.state is ConfigEntryState.LOADED:
        # It may have been loaded anew.
        coordinator = entry.runtime_data
    await coordinator.faces.async_forget()
    coordinator.async_publish(_without_records)


def _without_records(state: BandState) -> BandState:
    """Forget what the band recorded; keep what it is and what the wearer chose."""
    return replace(state, battery=None, today=None, last_sync=None, recorded=Recorded())


async def _async_sync_last(coordinator: MiBandCoordinator, *, force: bool) -> bool:
    try:
        await coordinator.async_sync()
    except HomeAssistantError as err:
        if force:
            return False
        last_sync = coordinator.data.last_sync
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="last_sync_failed",
            translation_placeholders={
                "name": coordinator.name,
                "last_sync": f"{dt_util.as_local(last_sync):%Y-%m-%d %H:%M}" if last_sync else "-",
                "reason": str(err),
            },
        ) from err
    return True


def _known_addresses(hass: HomeAssistant) -> set[str]:
    """Return who is not a band that was just reset: who is heard already, and our own bands."""
    heard = bluetooth.async_discovered_service_info(hass, connectable=True)
    # Those whose card was dismissed have an address and nothing else.
    entries = hass.config_entries.async_entries(DOMAIN)
    ours = {entry.unique_id for entry in entries if entry.unique_id is not None}
    return {info.address for info in heard} | ours


async def _async_heard_as_new(hass: HomeAssistant, known: set[str]) -> bool:
    def is_new(heard: BluetoothServiceInfoBleak) -> bool:
        return is_band_4(heard) and heard.address not in known

    try:
        # Actively, for a band tells its name only when it is asked.
        await bluetooth.async_process_advertisements(
            hass,
            is_new,
            BluetoothCallbackMatcher(connectable=True),
            BluetoothScanningMode.ACTIVE,
            int(NEW_LIFE_TIMEOUT.total_seconds()),
        )
    except TimeoutError:
        return False
    return True
