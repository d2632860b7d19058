"""Both sides of an account: the client under test, and the service that it signs in to."""

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, unique
import traceback
from urllib.parse import quote, quote_plus

import aiohttp

from custom_components.mi_band.account import sign_in_with_mi, sign_in_with_password
from custom_components.mi_band.account_answers import AccountBand
from custom_components.mi_band.account_constants import MI_LINK_HELD, MiLink, Vendor
from custom_components.mi_band.account_errors import AccountError
from tests.emulator.vendor import EmulatedVendor

ADDRESS = "F3:4E:C4:1E:46:0F"
KEY = bytes.fromhex("c33d3ef72cd974853857f9201a65f252")


@unique
class Way(Enum):
    """How somebody signs in."""

    EMAIL = "email"
    PHONE = "phone"
    MI = "mi"


@dataclass(slots=True, kw_only=True)
class Lab:
    """One client and its service."""

    session: aiohttp.ClientSession
    service: EmulatedVendor
    vendor: Vendor
    seen: list[str] = field(default_factory=list)
    """Everything that came of the sign-ins, as it would be printed."""

    def hurry(self) -> None:
        """Let the client lose patience soon, for answers that never come."""
        self.vendor = replace(self.vendor, timeout=timedelta(seconds=0.1))

    async def sign_in(
        self, way: Way = Way.EMAIL, *, password: str | None = None, address: str | None = ADDRESS
    ) -> tuple[AccountBand, ...]:
        """Sign in as the owner."""
        owner = self.service.owner
        if way is Way.MI:
            return await self.paste(landed(self.service.issue_code()))
        return await self._watch(
            sign_in_with_password(
                self.session,
                owner.account if way is Way.EMAIL else owner.phone,
                owner.password if password is None else password,
                address=address,
                vendor=self.vendor,
            )
        )

    async def paste(self, text: str, *, link: MiLink = MI_LINK_HELD) -> tuple[AccountBand, ...]:
        """Sign in with what the browser gave."""
        return await self._watch(
            sign_in_with_mi(self.session, text, country="DE", link=link, vendor=self.vendor)
        )

    async def _watch(
        self, signing_in: Awaitable[tuple[AccountBand, ...]]
    ) -> tuple[AccountBand, ...]:
        try:
            bands = await signing_in
        except BaseException as err:
            self.seen.append(texts_of(err))
            raise
        self.seen.append(repr(bands))
        return bands

    async def fail(self, way: Way = Way.EMAIL) -> AccountError:
        """Sign in as the owner, which has to fail."""
        try:
            bands = await self.sign_in(way)
        except AccountError as err:
            assert not self.service.open_logins
            return err
        raise AssertionError(f"signed in and found {len(bands)} bands")


def landed(code: str, link: MiLink = MI_LINK_HELD) -> str:
    """Return the address on which the browser ends."""
    return f"{link.landing}?code={code}"


def texts_of(err: BaseException) -> str:
    """Return everything that an exception and those behind it may print."""
    parts = traceback.format_exception(err)
    behind: BaseException | None = err
    while behind is not None:
        parts += [str(behind), repr(behind), repr(behind.args), repr(vars(behind))]
        behind = behind.__cause__ or behind.__context__
    return "\n".join(parts)


def leaks(service: EmulatedVendor, text: str) -> set[str]:
    """Return the secrets that a text holds, in whichever form."""
    owner = service.owner
    forms = {
        secret: {secret, secret.lower(), secret.upper(), quote(secret), quote_plus(secret)}
        for secret in service.secrets | {owner.account, owner.phone, owner.user_id}
    }
    forms["the key as bytes"] = {repr(KEY)[2:-1]}
    return {secret for secret, written in forms.items() if any(form in text for form in written)}
