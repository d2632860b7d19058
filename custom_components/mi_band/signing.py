"""The vendor's signature for a band in factory state, asked for with the owner's account.

    prepare    GET, the address of the band          -> nothing useful, but without it none signs
    sign       GET, hash of the key, digest          -> 64 bytes r and s as base64 in JSON
    complete   POST, form with the key and the band  -> the account knows the band

Source: binding-and-firmware.md sections 5.1 and 5.3. That the digest is signed whole is
inferred there; nobody has shown it on this model.
"""

import base64
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import time
from typing import Final
from uuid import uuid4

import aiohttp

from .account_answers import Answer
from .account_client import Client, SignedIn
from .account_constants import (
    BINDS_COMMON,
    BINDS_COMPLETE,
    BINDS_PATH,
    DEVICE_SOURCES,
    MI_LINK_HELD,
    PRODUCT_VERSION,
    VENDOR,
    MiLink,
    Vendor,
)
from .account_errors import AccountNotRegistered, AccountSignRefused, AccountUnreachable, Step
from .band.device_info import DeviceInfo

_SIGNATURE_SIZE: Final = 64
_DONE: Final = "1"
# Neither says that the vendor objects to the band.
_NO_OBJECTION: Final = frozenset({_DONE, "unknown"})


@dataclass(frozen=True, slots=True)
class Zone:
    """Where a band is bound, as the vendor wants to know it."""

    name: str = "UTC"
    """Of the time zone; the vendor is told with each request."""
    quarter_hours: int = 0
    """From UTC to there."""


class Signer:
    """Lets the vendor sign for bands while the owner is signed in."""

    def __init__(self, signed_in: SignedIn, zone: Zone) -> None:
        self._signed_in = signed_in
        self._zone = zone

    async def sign(self, *, address: str, public_key_hash: bytes, digest: bytes) -> bytes:
        """Return the signature that the band asks for.

        Args:
            address: Of the band, six bytes with colons.
            public_key_hash: Names the vendor's key, 16 bytes.
            digest: 32 bytes, of which the first half is the key-to-be.

        Returns:
            64 bytes: r, then s.

        Raises:
            AccountSignRefused: the band is registered to an account.
            AccountUnreachable: no signature.
            AccountRateLimited: too many requests.
        """
        # What it says is not looked at: no source tells what it may say.
        await self._get(Step.PREPARE, {"mac": address.upper()})
        answer = await self._get(
            Step.SIGN,
            {
                "publickeyhash": f"SHA1:{public_key_hash.hex()}",
                "random": base64.b64encode(digest).decode(),
            },
        )
        return _decode_signature(answer)

    async def complete(
        self,
        *,
        address: str,
        key: bytes,
        info: DeviceInfo,
        product_version: int | None,
    ) -> None:
        """Tell the vendor that the band now has its key; the band works without, too.

        Args:
            address: Of the band, six bytes with colons.
            key: 16 bytes.
            info: What the band says of itself.
            product_version: Tells the variants apart; None when the band does not say.

        Raises:
            AccountUnreachable: the account does not know the band now.
            AccountRateLimited: too many requests.
        """
        version = product_version or PRODUCT_VERSION
        if version not in DEVICE_SOURCES:
            version = PRODUCT_VERSION
        form = {
            **self._common(),
            **BINDS_COMPLETE,
            "app_time": str(int(time.time())),
            "auth_key": key.hex(),
            "bind_timezone": str(self._zone.quarter_hours),
            "deviceid": address.replace(":", "").upper(),
            "device_source": DEVICE_SOURCES[version],
            "fw_version": _with_v(info.firmware_version),
            "hardwareVersion": _with_v(info.hardware_version),
            "mac": address.upper(),
            "productVersion": str(version),
            "sn": info.serial_number or "",
        }
        answer = await self._signed_in.ask(Step.COMPLETE, self._where, form=form)
        _require_known(answer)
        if answer.code != _DONE:
            raise AccountUnreachable(Step.COMPLETE, f"code {answer.code}")

    async def _get(self, step: Step, query: dict[str, str]) -> Answer:
        answer = await self._signed_in.ask(step, self._where, query={**self._common(), **query})
        _require_known(answer)
        return answer

    @property
    def _where(self) -> tuple[str, str]:
        return self._signed_in.all_hosts[0], BINDS_PATH

    def _common(self) -> dict[str, str]:
        now_ms = str(time.time_ns() // 1_000_000)
        return {
            **BINDS_COMMON,
            "userid": self._signed_in.user_id,
            "callid": now_ms,
            "r": str(uuid4()),
            "t": now_ms,
            "country": self._signed_in.country,
            "timezone": self._zone.name,
        }


@asynccontextmanager
async def signer_with_password(
    session: aiohttp.ClientSession,
    account: str,
    password: str,
    *,
    zone: Zone,
    vendor: Vendor = VENDOR,
) -> AsyncGenerator[Signer]:
    """Sign in with e-mail address or phone number; log out in the end, however it comes.

    Asks as one app, and as the other when the first does not know the account.

    Args:
        session: Which makes the requests; its cookies are its owner's business.
        account: E-mail address, or phone number with its country prefix.
        password: Of the app.
        zone: Where the band is bound.
        vendor: Where the services are.

    Raises:
        AccountError: one for each way in which the sign-in ends.
    """
    client = Client(session, vendor)
    async with AsyncExitStack() as stack:
        signed_in = await _enter_with_password(stack, client, account, password)
        yield Signer(signed_in, zone)


@asynccontextmanager
async def signer_with_mi(
    session: aiohttp.ClientSession,
    pasted: str,
    *,
    country: str = "CN",
    link: MiLink = MI_LINK_HELD,
    zone: Zone,
    vendor: Vendor = VENDOR,
) -> AsyncGenerator[Signer]:
    """Sign in with a Mi account's code from the browser; log out in the end, however it comes.

    Args:
        session: Which makes the requests; its cookies are its owner's business.
        pasted: The address on which the browser ended, or only the code in it.
        country: Two letters; China's are good for everybody.
        link: The link that was followed, when the pasted text does not tell.
        zone: Where the band is bound.
        vendor: Where the services are.

    Raises:
        AccountCodeMissing: there is no code in the text.
        AccountCodeUsed: the code is spent or too old; the link gives another.
        AccountError: one for each other way in which the sign-in ends.
    """
    client = Client(session, vendor)
    async with client.signed_in_with_mi(pasted, country, link) as signed_in:
        yield Signer(signed_in, zone)


async def _enter_with_password(
    stack: AsyncExitStack, client: Client, account: str, password: str
) -> SignedIn:
    unregistered = AccountNotRegistered(Step.LOGIN, "no app")
    for app in client.vendor.apps:
        signing_in = client.signed_in_with_password(app, account, password)
        try:
            return await stack.enter_async_context(signing_in)
        except AccountNotRegistered as err:
            unregistered = err
    raise unregistered


def _require_known(answer: Answer) -> None:
    if answer.is_refusal:
        raise AccountUnreachable(answer.step, f"status {answer.status}")


def _decode_signature(answer: Answer) -> bytes:
    # Java's usual encoder breaks lines after 76 characters.
    text = "".join(answer.text("signature").split())
    if not text:
        if answer.code in _NO_OBJECTION:
            raise AccountUnreachable(Step.SIGN, "an answer without a signature")
        raise AccountSignRefused(Step.SIGN, f"code {answer.code}")
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError:
        signature = b""
    if len(signature) != _SIGNATURE_SIZE:
        raise AccountUnreachable(Step.SIGN, "a signature that is none")
    return signature


def _with_v(version: str) -> str:
    """Return a version as the vendor writes it: V1.0.9.66."""
    return f"V{version.removeprefix('V')}"
