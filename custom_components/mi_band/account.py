"""The owner's account with the band's maker: asked for the keys of its bands, then left.

    R1 tokens   POST, encrypted form with the password   -> 303 whose address holds a code
    R2 login    POST, form with that code                -> tokens, user id, data hosts
    R3 devices  GET, token in a header                   -> the bands, their keys as text in JSON
    R4 logout   POST, form with the login token

The wearer of a Mi account signs in with a browser instead of R1 and pastes the address that it
ends on, which holds the code. Nothing here outlives a call, and no log line, exception or `repr`
holds the password, a code, a token or a key.

Source: binding-and-firmware.md section 4. These are the private interfaces of the vendor's apps.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum, unique
from http import HTTPStatus
import json
import logging
import re
from typing import ClassVar, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from yarl import URL

from .account_constants import MI_LINK_HELD, MI_LINKS, VENDOR, App, MiLink, Vendor

_LOGGER = logging.getLogger(__name__)

# Longer than any list of devices that a person could own.
_LARGEST_ANSWER: Final = 1 << 20
_REFUSED: Final = range(400, 500)
_BAND_DEVICE_TYPE: Final = 0
BAND_4_SOURCES: Final = frozenset({24, 25})
"""`deviceSource` of the Mi Smart Band 4: with NFC, and without."""

# What can go wrong


@unique
class Step(StrEnum):
    """What was being asked for."""

    CODE = "the pasted address"
    TOKENS = "the password check"
    LOGIN = "the login"
    DEVICES = "the list of devices"
    LOGOUT = "the log-out"
    PREPARE = "the announcement of the band"
    SIGN = "the signature"
    COMPLETE = "the registration of the band"


class AccountError(Exception):
    """The account gives no key; never raised itself.

    Attributes:
        step: what was being asked for.
        reason: a word or a number of the vendor's; never anything of the owner's.
    """

    code: ClassVar[str]

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class AccountUnreachable(AccountError):
    """No answer, half an answer, or one that no document explains."""

    code = "account_unreachable"


class _ConnectionBroken(AccountUnreachable):
    """It may work when tried again at once."""


class _TimedOut(AccountUnreachable):
    """Whoever waits has waited long enough."""


class AccountRateLimited(AccountError):
    """Too many sign-ins; only waiting helps."""

    code = "account_rate_limited"


class AccountAuthFailed(AccountError):
    """The vendor does not let this person in: unknown, or a wrong password."""

    code = "account_auth_failed"


class AccountNotRegistered(AccountAuthFailed):
    """The account exists, but has not been used with this app."""

    code = "account_not_registered"


class AccountFrozen(AccountAuthFailed):
    """The vendor has frozen the account."""

    code = "account_frozen"


class AccountDisabled(AccountAuthFailed):
    """The vendor has disabled the account."""

    code = "account_disabled"


class AccountWrongRegion(AccountAuthFailed):
    """The account belongs to a region that this service does not serve."""

    code = "account_wrong_region"


class AccountCodeUsed(AccountAuthFailed):
    """The code of the browser was used before, or is too old."""

    code = "account_code_used"


class AccountCodeMissing(AccountError):
    """There is no code in what was pasted."""

    code = "account_code_missing"


class AccountNoBands(AccountError):
    """The account has no band."""

    code = "account_no_bands"


class AccountNoKey(AccountError):
    """The account has a band, but not its key."""

    code = "account_no_key"


class AccountSignRefused(AccountError):
    """The vendor signs nothing for this band: it is registered to an account."""

    code = "account_sign_refused"


_REFUSALS: Final[Mapping[str, type[AccountAuthFailed]]] = {
    "0113": AccountWrongRegion,
    "0115": AccountDisabled,
    "0117": AccountNotRegistered,
    "0121": AccountFrozen,
}
_FROM_BROWSER: Final = "request_token"
"""What R2 calls a code that the browser got."""
_SPENT_CODE: Final = frozenset({"0102", "0106"})


# What it gives


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBand:
    """A band as the account knows it."""

    address: str
    """Six bytes, upper case, with colons."""
    key: bytes | None = field(repr=False)
    """16 bytes; None when the vendor has none."""
    name: str
    """As shown in the app; may be empty."""
    firmware_version: str | None
    serial: str | None
    active: bool
    device_source: int | None
    """The vendor's number for the model; see `BAND_4_SOURCES`."""

    def is_at(self, address: str) -> bool:
        """Tell whether this is its address, however that is written."""
        return _bare(self.address) == _bare(address)


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


# The two ways in


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


# What people type

_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")
_CODE = re.compile(r"[A-Za-z0-9_.~\-]{8,512}")


def _login_name(account: str) -> tuple[str, bool]:
    """Return what R1 calls the account, and whether it is a phone number."""
    account = account.strip()
    if "@" in account:
        return account, False
    number = _BETWEEN_DIGITS.sub("", account)
    return f"+{number[2:]}" if number.startswith("00") else number, True


def _read_code(pasted: str) -> tuple[str, str | None]:
    """Return the code in what was pasted, and the host of the page when there is one."""
    # Mail programs and chats break long lines.
    text = "".join(pasted.split()).strip("<>\"'")
    codes: list[str] = []
    host: str | None = None
    try:
        parts = urlsplit(text)
        host = parts.hostname
        codes = parse_qs(parts.query or parts.path).get("code", [])
    except ValueError:
        pass
    code = codes[0] if codes else text
    if _CODE.fullmatch(code):
        return code, host
    raise AccountCodeMissing(Step.CODE, "no code")


# The requests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    step: Step
    host: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    """None makes a GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole; nothing of it is shown."""

    step: Step
    status: int
    location: str = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_refusal(self) -> bool:
        """Whether the request was not for this person, or not understood."""
        return self.status in _REFUSED

    @property
    def code(self) -> str:
        """How it went, as a number of the vendor's; "unknown" when there is none."""
        return _vendor_word(self.text("code"))

    def text(self, name: str) -> str:
        """Return what a JSON object calls by a name; empty for everything else."""
        return _text(_mapping(_json(self.body)).get(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    app: App
    third_name: str
    grant_type: str
    code: str = field(repr=False)
    country: str


class Client:
    """Makes the requests, one after the other."""

    def __init__(self, session: aiohttp.ClientSession, vendor: Vendor) -> None:
        self._session = session
        self.vendor = vendor

    async def ask(self, request: _Request) -> Answer:
        """Make a request and read its answer whole.

        Raises:
            AccountUnreachable: no answer, half of one, or a fault of the server's.
            AccountRateLimited: too many sign-ins.
        """
        address = URL(self.vendor.base.format(host=request.host) + request.path)
        fault: AccountUnreachable
        try:
            async with (
                asyncio.timeout(self.vendor.timeout.total_seconds()),
                self._session.request(
                    "GET" if request.body is None else "POST",
                    address,
                    params=request.query,
                    data=request.body,
                    headers=request.headers,
                    allow_redirects=False,
                    raise_for_status=False,
                ) as response,
            ):
                answer = Answer(
                    step=request.step,
                    status=response.status,
                    location=response.headers.get("Location", ""),
                    body=await _read_whole(response.content),
                )
                return _accepted(answer)
        except TimeoutError:
            fault = _TimedOut(request.step, "no answer in time")
        except (aiohttp.ClientError, OSError) as err:
            fault = _fault_of(err)(request.step, type(err).__name__)
        # Not within the handlers: what aiohttp raises holds the headers, and so the token.
        raise fault

    @asynccontextmanager
    async def signed_in_with_password(
        self, app: App, account: str, password: str
    ) -> AsyncGenerator[SignedIn]:
        """Sign in as an app; log out in the end, however it comes."""
        name, is_phone = _login_name(account)
        code, country = decode_code(await self._check_password(app, name, password))
        login = _Login(
            app=app,
            third_name=app.phone if is_phone else app.email,
            grant_type="access_token",
            code=code,
            country=country,
        )
        async with self._signed_in(login) as signed_in:
            yield signed_in

    @asynccontextmanager
    async def signed_in_with_mi(
        self, pasted: str, country: str, link: MiLink
    ) -> AsyncGenerator[SignedIn]:
        """Sign in with the browser's code; log out in the end, however it comes."""
        code, landed = _read_code(pasted)
        app = next((link.app for link in MI_LINKS if URL(link.landing).host == landed), link.app)
        login = _Login(
            app=app, third_name=app.mi, grant_type=_FROM_BROWSER, code=code, country=country
        )
        async with self._signed_in(login) as signed_in:
            yield signed_in

    async def _check_password(self, app: App, account: str, password: str) -> Answer:
        """Trade the password for a code (R1)."""
        return await self.ask(
            _Request(
                step=Step.TOKENS,
                host=self.vendor.token_host,
                path="/v2/registrations/tokens",
                headers={**_form_headers(app), "x-hm-ekv": "1"},
                body=encrypt_form(encode_password(account, password, self.vendor), self.vendor),
            )
        )

    @asynccontextmanager
    async def _signed_in(self, login: _Login) -> AsyncGenerator[SignedIn]:
        """Trade a code for tokens (R2); log out in the end, however it comes."""
        form = {
            "app_name": login.app.name,
            "app_version": login.app.version,
            "source": login.app.source,
            "third_name": login.third_name,
            "code": login.code,
            "grant_type": login.grant_type,
            "country_code": login.country,
            **dict(login.app.place),
            "device_id": str(uuid4()),
            "device_model": "android_phone",
            "allow_registration": "false",
            "dn": ",".join(self.vendor.wanted_hosts),
            "lang": "en",
        }
        answer = await self.ask(
            _Request(
                step=Step.LOGIN,
                host=self.vendor.login_host,
                path="/v2/client/login",
                headers=_form_headers(login.app),
                body=urlencode(form).encode(),
            )
        )
        grant = decode_login(answer, from_browser=login.grant_type == _FROM_BROWSER)
        try:
            grant.require_tokens()
            yield SignedIn(
                client=self,
                app=login.app,
                app_token=grant.app_token,
                user_id=grant.user_id,
                country=login.country,
                hosts=grant.hosts_within(self.vendor.domains),
            )
        finally:
            if grant.login_token:
                await self._log_out(login.app, grant.login_token)

    async def _log_out(self, app: App, login_token: str) -> None:
        form = {"login_token": login_token, "os_version": "12"}
        try:
            answer = await self.ask(
                _Request(
                    step=Step.LOGOUT,
                    host=self.vendor.logout_host,
                    path="/v1/client/logout",
                    headers=_form_headers(app),
                    body=urlencode(form).encode(),
                )
            )
        except AccountError as err:
            # The token dies of age, too; nobody could do anything about it.
            _LOGGER.debug("Not logged out of the account service: %s", err)
        else:
            _LOGGER.debug("Logged out of the account service with status %d", answer.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the requests between login and log-out need."""

    client: Client
    app: App
    app_token: str = field(repr=False)
    user_id: str = field(repr=False)
    country: str
    hosts: tuple[str, ...]
    """Data hosts that the login named; may be empty."""

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """Every data host, those of the account's region first."""
        return tuple(dict.fromkeys((*self.hosts, *self.client.vendor.device_hosts)))

    async def ask(
        self,
        step: Step,
        address: tuple[str, str],
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a request with the token, to a host and a path there; a form makes it a POST."""
        headers = _headers(self.app) if form is None else _form_headers(self.app)
        return await self.client.ask(
            _Request(
                step=step,
                host=address[0],
                path=address[1],
                headers={**headers, "apptoken": self.app_token},
                query=query or {},
                body=None if form is None else urlencode(form).encode(),
            )
        )

    async def read_bands(self) -> tuple[AccountBand, ...]:
        """Read the bands from the first data host that has any device (R3)."""
        # Other regions' hosts may know more, but not what is wrong with the account's own.
        own = self.hosts or self.client.vendor.device_hosts
        hosts = self.all_hosts
        fault: AccountUnreachable | None = None
        known = False
        for host in hosts:
            try:
                items = await self._read_items(host, retry=host == hosts[0])
            except _TimedOut:
                raise
            except AccountUnreachable as err:
                fault = fault or (err if host in own else None)
                continue
            if items:
                return decode_bands(items)
            known = known or items is not None
        if fault or not known:
            raise fault or AccountUnreachable(Step.DEVICES, "refused everywhere")
        return ()

    async def _read_items(self, host: str, *, retry: bool) -> list[object] | None:
        """Return the devices that a host knows; None when it does not know the account."""
        address = (host, f"/users/{self.user_id}/devices")
        query = {"enableMultiDevice": "true"}
        try:
            answer = await self.ask(Step.DEVICES, address, query=query)
        except _ConnectionBroken:
            if not retry:
                raise
            answer = await self.ask(Step.DEVICES, address, query=query)
        return None if answer.is_refusal else decode_items(answer)


def _fault_of(err: Exception) -> type[AccountUnreachable]:
    """Tell whether asking once more makes sense: aiohttp itself has, when a GET got no answer."""
    if isinstance(err, aiohttp.ClientConnectorError):
        return _ConnectionBroken
    if isinstance(err, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        return AccountUnreachable
    return _ConnectionBroken


def _headers(app: App) -> dict[str, str]:
    return {
        "app_name": app.name,
        "appname": app.name,
        "appplatform": "android_phone",
        "user-agent": app.user_agent,
    }


def _form_headers(app: App) -> dict[str, str]:
    return {
        **_headers(app),
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    }


def encode_password(account: str, password: str, vendor: Vendor = VENDOR) -> bytes:
    """Return the form of R1, not encrypted yet."""
    return urlencode(
        (
            ("emailOrPhone", account),
            ("state", "REDIRECTION"),
            ("client_id", "HuaMi"),
            ("password", password),
            ("redirect_uri", vendor.redirect),
            ("region", "us-west-2"),
            ("token", "access"),
            ("token", "refresh"),
            ("country_code", "US"),
        )
    ).encode()


def encrypt_form(form: bytes, vendor: Vendor = VENDOR) -> bytes:
    """Encrypt the form of R1 with AES-128-CBC and PKCS#7."""
    padder = PKCS7(algorithms.AES.block_size).padder()
    padded = padder.update(form) + padder.finalize()
    encryptor = Cipher(algorithms.AES(vendor.form_key), modes.CBC(vendor.form_iv)).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


# The answers


async def _read_whole(content: aiohttp.StreamReader) -> bytes:
    body = b""
    async for piece in content.iter_any():
        body += piece
        if len(body) > _LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError
    return body


def _accepted(answer: Answer) -> Answer:
    _LOGGER.debug("The account service answered %s with %d", answer.step, answer.status)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise AccountRateLimited(answer.step, "too many requests")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise AccountUnreachable(answer.step, f"status {answer.status}")
    return answer


def decode_code(answer: Answer) -> tuple[str, str]:
    """Return the code of R1, and the country of the account.

    Raises:
        AccountAuthFailed: the person is not let in.
        AccountUnreachable: there is no code.
    """
    if answer.is_refusal:
        raise AccountAuthFailed(Step.TOKENS, f"status {answer.status}")
    given = _query(answer.location)
    if error := given.get("error"):
        raise AccountAuthFailed(Step.TOKENS, f"error {_vendor_word(error)}")
    if not (code := given.get("access")):
        raise AccountUnreachable(Step.TOKENS, "an answer without a code")
    return code, _country(given.get("country_code")) or _country(given.get("region")) or "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What R2 gives; any of it may be missing, and then is empty."""

    login_token: str = field(repr=False)
    """Good for the log-out, whatever else is missing."""
    app_token: str = field(repr=False)
    user_id: str = field(repr=False)
    hosts: tuple[str, ...]
    """Data hosts of the account's region: first what a name stands for, then it."""

    def require_tokens(self) -> None:
        """Make sure that requests can be made with it.

        Raises:
            AccountUnreachable: they cannot.
        """
        if not _TOKEN.fullmatch(self.app_token) or not _USER_ID.fullmatch(self.user_id):
            raise AccountUnreachable(Step.LOGIN, "an answer without the tokens")

    def hosts_within(self, domains: Iterable[str]) -> tuple[str, ...]:
        """Return the hosts that may see a token."""
        endings = tuple(f".{domain}" for domain in domains)
        return tuple(
            host
            for host in dict.fromkeys(self.hosts)
            if _HOST.fullmatch(host) and host.endswith(endings)
        )


def decode_login(answer: Answer, *, from_browser: bool) -> Grant:
    """Return what R2 gives.

    Args:
        answer: of R2.
        from_browser: whether the code was the browser's, which is good for one login.

    Raises:
        AccountAuthFailed: one for each reason not to let the person in.
        AccountUnreachable: it says nothing that is documented.
    """
    found = _json(answer.body)
    given = _mapping(found)
    if error := _text(given.get("error_code")).zfill(4).removeprefix("0000"):
        word = _vendor_word(error)
        if from_browser and word in _SPENT_CODE:
            raise AccountCodeUsed(Step.LOGIN, f"error {word}")
        raise _REFUSALS.get(word, AccountAuthFailed)(Step.LOGIN, f"error {word}")
    if answer.is_refusal:
        raise AccountAuthFailed(Step.LOGIN, f"status {answer.status}")
    if not isinstance(found, dict):
        raise AccountUnreachable(Step.LOGIN, "an answer that is no object")
    tokens = _mapping(given.get("token_info"))
    return Grant(
        login_token=_text(tokens.get("login_token")),
        app_token=_text(tokens.get("app_token")),
        user_id=_text(tokens.get("user_id")),
        hosts=tuple(_data_hosts(given.get("domains"))),
    )


def decode_items(answer: Answer) -> list[object]:
    """Return the devices of R3, bands or not.

    Raises:
        AccountUnreachable: it is no list of devices.
    """
    items = _mapping(_json(answer.body)).get("items")
    if not isinstance(items, list):
        raise AccountUnreachable(Step.DEVICES, "an answer that is no list of devices")
    return items


def decode_bands(items: Iterable[object]) -> tuple[AccountBand, ...]:
    """Return the bands among R3's devices."""
    return tuple(band for item in items if (band := decode_band(item)))


def decode_band(item: object) -> AccountBand | None:
    """Return a band of R3's list; None for a scale and for what is not understood."""
    given = _mapping(item)
    address = _address(given.get("macAddress")) or _address(given.get("deviceId"))
    if _number(given.get("deviceType")) != _BAND_DEVICE_TYPE or not address:
        return None
    more = _mapping(_json(_text(given.get("additionalInfo")).encode()))
    return AccountBand(
        address=address,
        key=_key(_text(more.get("auth_key"))),
        name=_text(given.get("displayName")),
        firmware_version=_text(given.get("firmwareVersion")) or None,
        serial=_text(given.get("sn")) or _text(more.get("sn")) or None,
        active=_number(given.get("activeStatus")) == 1,
        device_source=_number(given.get("deviceSource")),
    )


def _key(text: str) -> bytes | None:
    return bytes.fromhex(text) if _KEY.fullmatch(text) and int(text, 16) else None


def _data_hosts(domains: object) -> Iterator[str]:
    for domain in domains if isinstance(domains, list) else ():
        given = _mapping(domain)
        aliases = given.get("cnames")
        for name in (*(aliases if isinstance(aliases, list) else ()), given.get("host")):
            if "mifit" in (host := _text(name).lower()):
                yield host


_HOST = re.compile(r"(?:[a-z0-9\-]{1,63}\.)+[a-z]{2,63}")
_VENDOR_WORD = re.compile(r"-?[0-9]{1,6}")
_ADDRESS = re.compile(r"[0-9A-F]{12}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_USER_ID = re.compile(r"[0-9A-Za-z]+")
_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,9}")


def _query(location: str) -> Mapping[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    except ValueError:
        return {}


def _vendor_word(text: str) -> str:
    """Return a code of the vendor's; whatever else it says might quote the owner."""
    return text if _VENDOR_WORD.fullmatch(text) else "unknown"


def _country(text: str | None) -> str | None:
    letters = (text or "")[:2]
    return letters.upper() if letters.isascii() and letters.isalpha() and letters[1:] else None


def _bare(address: str) -> str:
    return address.replace(":", "").upper()


def _address(value: object) -> str | None:
    bare = _bare(_text(value))
    if not _ADDRESS.fullmatch(bare):
        return None
    return ":".join(bare[i : i + 2] for i in range(0, 12, 2))


def _json(body: bytes) -> object:
    try:
        found: object = json.loads(body)
    except ValueError, RecursionError:
        return None
    return found


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return text or a whole number as text; some servers are not sure which they mean."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if _NUMBER.fullmatch(text) else None
