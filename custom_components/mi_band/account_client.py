"""The requests to the maker's account service, between a login and its log-out.

    R1 tokens   POST, encrypted form with the password   -> 303 whose address holds a code
    R2 login    POST, form with that code                -> tokens, user id, data hosts
    R3 devices  GET, token in a header                   -> the bands, their keys as text in JSON
    R4 logout   POST, form with the login token

Source: binding-and-firmware.md section 4.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
import logging
import re
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from yarl import URL

from .account_answers import (
    AccountBand,
    Answer,
    decode_bands,
    decode_code,
    decode_items,
    decode_login,
)
from .account_constants import MI_LINKS, VENDOR, App, MiLink, Vendor
from .account_errors import (
    AccountCodeMissing,
    AccountError,
    AccountRateLimited,
    AccountUnreachable,
    Step,
)

_LOGGER = logging.getLogger(__name__)
# Longer than any list of devices that a person could own.
_LARGEST_ANSWER: Final = 1 << 20
_FROM_BROWSER: Final = "request_token"
"""What R2 calls a code that the browser got."""
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")
_CODE = re.compile(r"[A-Za-z0-9_.~\-]{8,512}")


class _ConnectionBroken(AccountUnreachable):
    """It may work when tried again at once."""


class _TimedOut(AccountUnreachable):
    """Whoever waits has waited long enough."""


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
