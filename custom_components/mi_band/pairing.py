"""What the progress pages of the config flow run.

Each procedure is an async generator: it yields the name of what it does next, which is the key of
the page's text, and ends when it is through. Closing it at any point lets the band go.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import logging
import secrets
from typing import Any, Final

from aiohttp import ClientSession
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from .account_answers import AccountBand
from .account_errors import AccountError
from .band.auth import authenticate
from .band.battery import read_battery
from .band.binding import (
    VendorSignature,
    bind,
    bind_with_signature,
    probe_binding,
    request_signature,
)
from .band.device_info import (
    DeviceInfo,
    read_device_info,
    read_firmware_version,
    read_product_version,
)
from .band.errors import (
    REFUSALS,
    UNAVAILABLE,
    CommandRefused,
    KeyRejected,
    LinkLost,
    LowBattery,
    LowBatteryCharging,
    NotSupported,
    SignatureRequired,
)
from .band.link import Link, Operation
from .band.profile import set_profile
from .band.session import BandSession, open_session, prove_key
from .band.settings import Change, Values, apply_change, differences
from .band.uuids import Characteristic
from .band.wire import KEY_SIZE
from .const import MODEL
from .reach import find_connectable
from .signing import Signer
from .timepiece import async_set_at_first
from .wearer import ProfileInput, wearer

_LOGGER = logging.getLogger(__name__)

LOWEST_BATTERY_PERCENT: Final = 30
PAIRING_ATTEMPTS: Final = 4
PROBES: Final = 2
"""On how many links a band is asked that does not tell how it wants to be bound."""
SHORTEST_TEXT: Final = timedelta(seconds=1)
"""How long the text of a progress is shown at least; nobody reads faster."""

BINDING_NOT_ASKED: Final = "not_asked"
BINDING_LOCAL_KEY: Final = "local_key"
BINDING_VENDOR_SIGNATURE: Final = "vendor_signature"

type AccountRequest = Callable[[ClientSession], Awaitable[tuple[AccountBand, ...]]]
"""Signs in, reads the bands of an account and signs out again."""


class SignIn:
    """Reads an account's bands once; nothing of the sign-in outlives it.

    Attributes:
        bands: what the account has; filled when `run` ended well.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self.bands: tuple[AccountBand, ...] = ()
        self._hass = hass

    async def run(self, request: AccountRequest) -> AsyncGenerator[str]:
        """Sign in, read, sign out.

        Args:
            request: holds the password, so it lives no longer than this.

        Raises:
            AccountError: one for each way in which this ends.
        """
        yield "signing_in"
        async with _own_session(self._hass) as session:
            self.bands = await request(session)


@asynccontextmanager
async def _own_session(hass: HomeAssistant) -> AsyncGenerator[ClientSession]:
    """Make a session whose cookies go no further than one sign-in."""
    session = async_create_clientsession(hass, auto_cleanup=False)
    try:
        yield session
    finally:
        session.detach()


class Pairing:
    """Gets the key of one band proven, however often that has to be tried.

    Attributes:
        key: 16 bytes; proven when `run` ended well.
        binding: how the band wants to be bound; a typed key is tried without asking.
    """

    def __init__(self, hass: HomeAssistant, address: str, typed_key: bytes | None = None) -> None:
        self.key = typed_key or secrets.token_bytes(KEY_SIZE)
        self.binding = BINDING_NOT_ASKED
        self._typed = typed_key is not None
        self._sent = False
        self._hass = hass
        self._address = address

    async def run(self) -> AsyncGenerator[str]:
        """Connect, bind if the band is to take a key of ours, and authenticate.

        Raises:
            BandError: one for each way in which this ends; trying again is always possible.
        """
        yield "connecting"
        for number in range(1, PROBES + 1):
            async with _open_charged(self._hass, self._address) as link:
                if self._typed:
                    yield "authenticating"
                elif self._sent and await _accepts(link, self.key):
                    return
                elif not await self._takes_local_key(link, is_last=number == PROBES):
                    continue
                else:
                    yield "tap_band"
                    self._sent = True
                    await bind(link, self.key)
                    yield "confirmed"
                await _prove_key(link, self.key)
                return

    async def _takes_local_key(self, link: Link, *, is_last: bool) -> bool:
        """Ask how the band wants to be bound; False when it is to be asked on another link."""
        try:
            binding = await probe_binding(link)
        except LinkLost:
            # It may be busy, or the link a leftover of somebody else's.
            if is_last:
                raise
            return False
        if isinstance(binding, VendorSignature):
            self.binding = BINDING_VENDOR_SIGNATURE
            raise SignatureRequired("the band wants the vendor's signature")
        self.binding = BINDING_LOCAL_KEY
        return True


async def _accepts(link: Link, key: bytes) -> bool:
    """Tell whether the band took this key before, although its answer was lost with the link."""
    try:
        await authenticate(link, key)
    except KeyRejected, CommandRefused:
        # Nobody tells how one without a key says that it has none.
        return False
    return True


async def _prove_key(link: BandSession, key: bytes) -> None:
    """Prove it, and say which firmware it is that wants a later protocol."""
    later = link.offers(Characteristic.LATER_PROTOCOL_WRITE)
    # Read first: a band may hang up over a wrong key.
    firmware_version = await read_firmware_version(link) if later else ""
    try:
        await prove_key(link, key)
    except NotSupported as err:
        raise NotSupported(str(err), firmware_version) from err


@asynccontextmanager
async def _open_charged(hass: HomeAssistant, address: str) -> AsyncGenerator[BandSession]:
    """Connect without a key to a band that would not die halfway."""
    async with open_session(
        partial(find_connectable, hass, address), name=MODEL, attempts=PAIRING_ATTEMPTS
    ) as link:
        await _require_battery(link)
        yield link


async def _require_battery(link: Link) -> None:
    try:
        # Readable without a key, so that it is not even asked.
        battery = await read_battery(link)
    except UNAVAILABLE:
        # That is known of bands that have a key. What a new one lets anybody read nobody tells.
        return
    if battery.level_percent < LOWEST_BATTERY_PERCENT:
        too_low = LowBatteryCharging if battery.charging else LowBattery
        raise too_low(battery.level_percent, LOWEST_BATTERY_PERCENT)


type SigningRequest = Callable[[ClientSession], AbstractAsyncContextManager[Signer]]
"""Signs in, gives what signs, and signs out again."""


class SignedPairing:
    """Binds a new band with the vendor's signature. Experimental: no source did it on a Band 4.

    Attributes:
        key: 16 bytes; proven when `run` ended well.
        binding: how the band wants to be bound, which is what leads here.
    """

    def __init__(self, hass: HomeAssistant, address: str, earlier_key: bytes = b"") -> None:
        # Of a try whose end was lost with the link: the band may hold it.
        self.key = earlier_key
        self.binding = BINDING_VENDOR_SIGNATURE
        self._hass = hass
        self._address = address

    async def run(self, request: SigningRequest) -> AsyncGenerator[str]:
        """Sign in, let the vendor sign what the band gave, bind, authenticate, sign out.

        Args:
            request: holds the password, so it lives no longer than this.

        Raises:
            AccountError: the vendor did not sign; nothing was changed on the band.
            BandError: one for each way in which the band's part ends.
        """
        yield "signing_in"
        async with _own_session(self._hass) as session, request(session) as signer:
            yield "connecting"
            async with _open_charged(self._hass, self._address) as link:
                if self.key and await _accepts(link, self.key):
                    return
                info = await read_device_info(link)
                product_version = await read_product_version(link)
                asked = await request_signature(link, self._address)
                yield "asking_vendor"
                signature = await signer.sign(
                    address=self._address,
                    public_key_hash=asked.public_key_hash,
                    digest=asked.digest,
                )
                self.key = asked.key
                yield "tap_band"
                await bind_with_signature(link, signature)
                yield "confirmed"
                await authenticate(link, self.key)
            await self._tell_vendor(signer, info, product_version)

    async def _tell_vendor(
        self, signer: Signer, info: DeviceInfo, product_version: int | None
    ) -> None:
        try:
            await signer.complete(
                address=self._address, key=self.key, info=info, product_version=product_version
            )
        except AccountError as err:
            # The band has the key and proved it; only the phone app will not know this band.
            _LOGGER.warning("The band is paired, but its maker was not told: %s", err)


@dataclass(frozen=True, slots=True)
class FirstSettings:
    """What the first sync puts on a band."""

    profile: ProfileInput
    wanted: Values


async def _tell_wearer(link: Link, profile: ProfileInput) -> None:
    try:
        await set_profile(link, wearer(profile))
    except REFUSALS as err:
        # Its distance and energy are off by then, and all else is as it should be.
        _LOGGER.warning("The band does not know who wears it: %s", err)


class FirstSync:
    """Puts time, wearer and preferences on a band; goes on where it was interrupted.

    Attributes:
        refused: settings that the band did not take, by their keys.
    """

    def __init__(
        self, hass: HomeAssistant, address: str, key: bytes, settings: FirstSettings
    ) -> None:
        self._hass = hass
        self._address = address
        self._key = key
        self.refused: list[str] = []
        self._remaining = list(self._operations(settings))
        self._all = len(self._remaining)

    async def run(self, report: Callable[[float], None]) -> AsyncGenerator[str]:
        """Do what remains.

        Args:
            report: told how much is done, from 0 to 1.

        Raises:
            BandError: what was done until then is not done again.
        """
        yield "connecting"
        async with open_session(
            partial(find_connectable, self._hass, self._address),
            name=MODEL,
            key=self._key,
            attempts=PAIRING_ATTEMPTS,
        ) as link:
            yield "syncing"
            shown_until = self._hass.loop.time() + SHORTEST_TEXT.total_seconds()
            while self._remaining:
                await self._remaining[0](link)
                self._remaining.pop(0)
                report(1 - len(self._remaining) / self._all)
            # A browser that still fetches this text when the flow ends would show an error instead.
            await asyncio.sleep(shown_until - self._hass.loop.time())

    def _operations(self, settings: FirstSettings) -> Iterator[Operation[Any]]:
        yield async_set_at_first
        yield partial(_tell_wearer, profile=settings.profile)
        # Nothing is known of what the band has by now, so it is told everything.
        for change in differences(settings.wanted, {}):
            yield partial(self._tell, change=change)

    async def _tell(self, link: Link, change: Change) -> None:
        try:
            await apply_change(link, change)
        except REFUSALS as err:
            # Such as a language that its firmware lacks: the band is of use without.
            _LOGGER.warning("The band has another %s than chosen: %s", change.key, err)
            self.refused.append(change.key)
