"""The owner's account with the band's maker: asked for the keys of its bands, then left.

The wearer of a Mi account signs in with a browser instead of giving a password, and pastes the
address that it ends on, which holds a code. Nothing here outlives a call, and no log line,
exception or `repr` holds the password, a code, a token or a key.

Source: binding-and-firmware.md section 4. These are the private interfaces of the vendor's apps.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

import aiohttp

from .account_answers import BAND_4_SOURCES, AccountBand
from .account_client import Client
from .account_constants import MI_LINK_HELD, MI_LINKS, VENDOR, MiLink, Vendor
from .account_errors import (
    AccountAuthFailed,
    AccountCodeMissing,
    AccountError,
    AccountNoBands,
    AccountNoKey,
    AccountNotRegistered,
    AccountRateLimited,
    AccountUnreachable,
    Step,
)


async def sign_in_with_password(
    session: aiohttp.ClientSession,
    account: str,
    password: str,
    *,
    address: str | None = None,
    vendor: Vendor = VENDOR,
) -> tuple[AccountBand, ...]:
    """Read the bands of an account with an e-mail address or phone number.

    Asks as one app, and as the other when the first does not know the account or has no key for
    the band. Each is logged out again.

    Args:
        session: Which makes the requests; its cookies are its owner's business.
        account: E-mail address, or phone number with its country prefix.
        password: Of the app.
        address: The band in front of us; None when any band with a key will do.
        vendor: Where the services are.

    Returns:
        All bands found; at least one has a key.

    Raises:
        AccountError: one for each way in which this ends.
    """
    client = Client(session, vendor)
    bands: dict[str, AccountBand] = {}
    unregistered: AccountNotRegistered | None = None
    was_in = False
    for app in vendor.apps:
        try:
            async with client.signed_in_with_password(app, account, password) as signed_in:
                found = await signed_in.read_bands()
        except AccountNotRegistered as err:
            unregistered = err
            continue
        except AccountAuthFailed:
            if was_in:
                # The other app's opinion of an account that did get in tells nothing new.
                break
            raise
        was_in = True
        _merge(bands, found)
        if _is_enough(bands.values(), address):
            break
    if unregistered is not None and not was_in:
        raise unregistered
    require_keys(bands.values())
    return tuple(bands.values())


async def sign_in_with_mi(
    session: aiohttp.ClientSession,
    pasted: str,
    *,
    country: str = "CN",
    link: MiLink = MI_LINK_HELD,
    vendor: Vendor = VENDOR,
) -> tuple[AccountBand, ...]:
    """Read the bands of a Mi account whose wearer has signed in with the browser.

    A code is good for one login, so this is one login; trying the other app needs its own link.

    Args:
        session: Which makes the requests; its cookies are its owner's business.
        pasted: The address on which the browser ended, or only the code in it.
        country: Two letters; China's are good for everybody.
        link: The link that was followed, when the pasted text does not tell.
        vendor: Where the services are.

    Returns:
        All bands found; at least one has a key.

    Raises:
        AccountCodeMissing: there is no code in the text.
        AccountCodeUsed: the code is spent or too old; the link gives another.
        AccountError: one for each other way in which this ends.
    """
    bands: dict[str, AccountBand] = {}
    async with Client(session, vendor).signed_in_with_mi(pasted, country, link) as signed_in:
        _merge(bands, await signed_in.read_bands())
    require_keys(bands.values())
    return tuple(bands.values())


def require_keys(bands: Iterable[AccountBand]) -> None:
    """Tell an account without a band from one whose bands all lack a key.

    Raises:
        AccountNoBands: there is no band at all.
        AccountNoKey: there is no key.
    """
    keys = [band.key is not None for band in bands]
    if not keys:
        raise AccountNoBands(Step.DEVICES, "no band")
    if not any(keys):
        raise AccountNoKey(Step.DEVICES, "no key")


def sort_bands(bands: Iterable[AccountBand], address: str) -> tuple[AccountBand, ...]:
    """Return the bands that have a key: ours, those of the model, others; inactive ones last."""
    return tuple(
        sorted(
            (band for band in bands if band.key is not None),
            key=lambda band: (
                not band.is_at(address),
                not band.active,
                band.device_source not in BAND_4_SOURCES,
            ),
        )
    )


def mi_sign_in_address(link: MiLink = MI_LINK_HELD, vendor: Vendor = VENDOR) -> str:
    """Return the address at which the wearer signs in with the browser."""
    query = {
        "skip_confirm": "false",
        "client_id": link.client_id,
        "pt": link.prompt,
        "scope": "1 6000 16001 20000",
        "redirect_uri": link.landing,
        "_locale": "en_US",
        "response_type": "code",
    }
    return f"{vendor.base.format(host=vendor.mi_host)}/oauth2/authorize?{urlencode(query)}"


def next_mi_link(link: MiLink, err: AccountError | None = None) -> MiLink:
    """Return the link to follow after one that led nowhere; after the last comes the first.

    Args:
        link: The one that was followed.
        err: What came of it; None when the page itself did not work.
    """
    place = MI_LINKS.index(link) + 1
    following = (*MI_LINKS[place:], *MI_LINKS[:place])
    if isinstance(err, AccountUnreachable | AccountRateLimited | AccountCodeMissing):
        # Another page would have ended in the same way.
        return link
    if isinstance(err, AccountNotRegistered | AccountNoBands | AccountNoKey):
        # Only the other app may know more of this account.
        return next((other for other in following if other.app != link.app), link)
    return following[0]


def _merge(bands: dict[str, AccountBand], found: Iterable[AccountBand]) -> None:
    """Add what was found; of one band twice, keep the one with a key, else the first."""
    for band in found:
        known = bands.get(band.address)
        if known is None or (known.key is None and band.key is not None):
            bands[band.address] = band


def _is_enough(bands: Iterable[AccountBand], address: str | None) -> bool:
    return any(band.key is not None and (address is None or band.is_at(address)) for band in bands)
