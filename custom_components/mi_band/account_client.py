"""The requests to the maker's account service, between a login and its log-out.

What is asked and answered is in `account_requests` and `account_answers`.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
import logging
from typing import Final

import aiohttp
from yarl import URL

from .account_answers import (
    AccountBand,
    Answer,
    Grant,
    decode_bands,
    decode_code,
    decode_items,
    decode_login,
)
from .account_constants import MI_LINKS, App, MiLink, Vendor
from .account_errors import (
    AccountError,
    AccountRateLimited,
    AccountUnreachable,
    Step,
)
from .account_requests import (
    FROM_BROWSER,
    Login,
    Request,
    log_out_request,
    login_name,
    login_request,
    password_request,
    read_code,
    token_request,
)

_LOGGER = logging.getLogger(__name__)
# Longer than any list of devices that a person could own.
_LARGEST_ANSWER: Final = 1 << 20


class _ConnectionBroken(AccountUnreachable):
    """It may work when tried again at once."""


class _TimedOut(AccountUnreachable):
    """Whoever waits has waited long enough."""


class Client:
    """Makes the requests, one after the other."""

    def __init__(self, session: aiohttp.ClientSession, vendor: Vendor) -> None:
        self._session = session
        self.vendor = vendor

    async def ask(self, request: Request) -> Answer:
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
        name, is_phone = login_name(account)
        answer = await self.ask(password_request(app, name, password, self.vendor))
        code, country = decode_code(answer)
        login = Login(
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
        code, landed = read_code(pasted)
        app = next((link.app for link in MI_LINKS if URL(link.landing).host == landed), link.app)
        login = Login(
            app=app, third_name=app.mi, grant_type=FROM_BROWSER, code=code, country=country
        )
        async with self._signed_in(login) as signed_in:
            yield signed_in

    @asynccontextmanager
    async def _signed_in(self, login: Login) -> AsyncGenerator[SignedIn]:
        """Trade a code for tokens (R2); log out in the end, however it comes."""
        # Whoever is cancelled from here on still brings it to its end: there is, or will be,
        # something to log out of.
        trade = asyncio.ensure_future(self._trade(login))
        try:
            grant = await _ended(trade)
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
            let_in = trade.done() and not trade.cancelled() and trade.exception() is None
            if let_in and (token := trade.result().login_token):
                await _ended(asyncio.ensure_future(self._log_out(login.app, token)))

    async def _trade(self, login: Login) -> Grant:
        answer = await self.ask(login_request(login, self.vendor))
        return decode_login(answer, from_browser=login.grant_type == FROM_BROWSER)

    async def _log_out(self, app: App, login_token: str) -> None:
        try:
            answer = await self.ask(log_out_request(app, login_token, self.vendor))
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
        return await self.client.ask(
            token_request(self.app, self.app_token, step, address, query=query, form=form)
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


async def _ended[T](task: asyncio.Task[T]) -> T:
    """Return what comes of a task, which ends by itself even when nobody waits any more."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


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
