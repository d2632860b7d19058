"""The vendor's account service, as its phone apps know it, on one port of this machine.

Every host of the vendor is a folder: `http://127.0.0.1:PORT/account.zepp.com/v2/client/login`.
What the documents do not let a client do is answered as the service would, and listed as a
violation. Nothing secret is in a violation.

Source: binding-and-firmware.md sections 4 and 5.3.
"""

import asyncio
import base64
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from html import escape
import json
import re
import secrets
from typing import Self
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from . import catalogue
from .catalogue import Catalogue, Question

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

ZEPP_LIFE = "com.xiaomi.hm.health"
ZEPP = "com.huami.midong"
_CLIENTS = {"428135909242707968": ZEPP_LIFE, "2882303761517383915": ZEPP}
_LANDINGS = {
    "https://api-mifit-cn.huami.com/huami.health.loginview.do_not": ZEPP_LIFE,
    "https://api-mifit-cn.huami.com/huami.health.loginview.do": ZEPP_LIFE,
    "https://hm.xiaomi.com/watch.do": ZEPP,
}
_VERSIONS = {
    ZEPP_LIFE: ("6.14.0", "com.xiaomi.hm.health:6.14.0:50818"),
    ZEPP: ("9.12.5", "com.huami.watch.hmwatchmanager:9.12.5:151689"),
}
_THIRD_NAMES = {
    (ZEPP_LIFE, "email"): "email",
    (ZEPP_LIFE, "phone"): "huami_phone",
    (ZEPP_LIFE, "mi"): "xiaomi-hm-mifit",
    (ZEPP, "email"): "huami",
    (ZEPP, "phone"): "huami",
    (ZEPP, "mi"): "mi-watch",
}
_TOKEN_HOSTS = {"api-user-us2.zepp.com", "api-user.zepp.com"}
_LOGIN_HOSTS = {"account.zepp.com", "account.huami.com", "api-mifit-us2.zepp.com"}
FALLBACK_HOSTS = (
    "api-mifit-de2.zepp.com",
    "api-mifit.zepp.com",
    "api-mifit-us2.zepp.com",
    "api-mifit-us3.zepp.com",
    "api-mifit-cn3.zepp.com",
)
HOME_HOST = "api-mifit-de2.huami.com"
"""Where the account's data lies when the login names it."""
_SCALE = "00:00:00:00:00:01"
_KEY, _IV = b"xeNtBVqzDc6tuNTh", b"MAAAYAAAAAAAAABg"
_LANDING = "https://s3-us-west-2.amazonaws.com/hm-registration/successsignin.html"
_TOKEN_FORM = {
    "state": "REDIRECTION",
    "client_id": "HuaMi",
    "redirect_uri": _LANDING,
    "region": "us-west-2",
    "country_code": "US",
}
_LOGIN_FIELDS = {
    *("app_name", "app_version", "source", "third_name", "code", "grant_type", "country_code"),
    *("device_id", "device_model", "allow_registration", "dn", "lang"),
}
_BIND_FIELDS = {
    *("userid", "appid", "callid", "r", "t", "channel", "country", "cv", "device", "lang"),
    *("timezone", "v", "device_type"),
}
_COMPLETE_FIELDS = {
    *("activeStatus", "app_time", "auth_key", "bind_timezone", "brand", "brandType", "code"),
    *("crcedUserId", "deviceid", "device_source", "displayName", "fw_version", "fw_hr_version"),
    *("hardwareVersion", "mac", "productId", "productVersion", "sn", "soft_version"),
    *("sys_model", "sys_version", "enableMultiDevice"),
}
# Truncated SHA-1 of the vendor's public key, as every band gives it.
VENDOR_KEY_HASH = bytes.fromhex("1863c2cce5d159413bed92c4b163c279")


@unique
class Scenario(StrEnum):
    """What the service makes of the next sign-ins."""

    OK_EMAIL = "ok_email"
    OK_OTHER_REGION = "ok_other_region"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  a name, no password
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_LOGIN = "rate_limited_login"
    RATE_LIMITED_DEVICES = "rate_limited_devices"
    NOT_REGISTERED = "not_registered"
    NOWHERE_REGISTERED = "nowhere_registered"
    FROZEN = "frozen"
    DISABLED = "disabled"
    REGION = "region"
    REFUSED_OTHERWISE = "refused_otherwise"
    BINARY_400 = "binary_400"
    NO_LOCATION = "no_location"
    HTML = "html"
    NULL = "null"
    USER_ID_NUMBER = "user_id_number"
    NO_BANDS = "no_bands"
    SCALE_ONLY = "scale_only"
    KEY_EMPTY = "key_empty"
    KEY_MISSING = "key_missing"
    ADDITIONAL_EMPTY = "additional_empty"
    ADDITIONAL_NOT_JSON = "additional_not_json"
    KEY_IN_ZEPP = "key_in_zepp"
    THREE_BANDS = "three_bands"
    CODE_USED = "code_used"
    LOGOUT_FAILS = "logout_fails"
    SIGN_REFUSED = "sign_refused"
    NO_SIGNATURE = "no_signature"
    COMPLETE_FAILS = "complete_fails"


_LOGIN_ERRORS = {
    Scenario.FROZEN: "0121",
    Scenario.DISABLED: "0115",
    Scenario.REGION: "0113",
    Scenario.REFUSED_OTHERWISE: "0125",
    Scenario.NOWHERE_REGISTERED: "0117",
    Scenario.CODE_USED: "0106",
}


@unique
class Step(StrEnum):
    """What a request is."""

    AUTHORIZE = "authorize"
    TOKENS = "tokens"
    LOGIN = "login"
    DEVICES = "devices"
    LOGOUT = "logout"
    PREPARE = "prepare"
    SIGN = "sign"
    COMPLETE = "complete"
    BINDINGS = "bindings"
    UNBIND = "unbind"
    NEW_VERSION = "new version"
    FILE = "file"


_ROUTES = {
    ("GET", "oauth2/authorize"): (Step.AUTHORIZE, {"account.xiaomi.com"}),
    ("POST", "v2/registrations/tokens"): (Step.TOKENS, _TOKEN_HOSTS),
    ("POST", "v2/client/login"): (Step.LOGIN, _LOGIN_HOSTS),
    ("POST", "v1/client/logout"): (Step.LOGOUT, {"api-mifit-us2.zepp.com"}),
    ("GET", catalogue.PATH): (Step.NEW_VERSION, catalogue.HOSTS),
}


@unique
class Cut(StrEnum):
    """Where an answer ends too early."""

    SILENT = "silent"
    BEFORE = "closed before the answer"
    IN_HEADERS = "closed in the headers"
    IN_BODY = "closed in the body"
    STALLED_IN_HEADERS = "stalled in the headers"
    STALLED_IN_BODY = "stalled in the body"


@dataclass(slots=True)
class Fault:
    """What happens to the answers of one step."""

    cut: Cut
    times: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The person whose account it is."""

    account: str = "ada@example.com"
    phone: str = "+4915790264813"
    password: str = field(default="corr3ct h+rse&b@ttery", repr=False)
    country: str = "DE"
    user_id: str = "7034468780"


@dataclass(slots=True)
class _Code:
    app: str
    kind: str
    spent: bool = False


@dataclass(slots=True)
class _Login:
    app: str
    login_token: str
    app_token: str
    ended: bool = False
    prepared: str | None = None
    signed: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    host: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    @property
    def question(self) -> Question:
        """As the catalogue sees it."""
        return Question(host=self.host, headers=self.headers, query=self.query)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a plain form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


def _json(value: Json, status: int = 200) -> Reply:
    return Reply(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json;charset=UTF-8"},
    )


HTML_PAGE = Reply(
    body=b"<html><body>Down for maintenance</body></html>", headers={"Content-Type": "text/html"}
)
_BINARY_400 = Reply(
    status=400, body=b"\x8f\x00\xd1\x7a", headers={"Content-Type": "application/octet-stream"}
)


class EmulatedVendor:
    """The service, with one account.

    Attributes:
        address: The band that the account has.
        key: That band's.
        scenario: What it makes of the next sign-ins.
        faults: Answers that are cut or do not come, by step.
        skip: How many answers of a step stay whole before its fault begins.
        delay_s: How long every answer takes.
        replies: Answers that are given instead of the service's own, by step.
        bound_elsewhere: Addresses of bands that belong to another account.
        violations: What clients did that no document allows.
        requests: Every step taken, with the host asked.
        secrets: Everything that must not be seen outside of a request.
        signatures: Those of them that a band gets, too.
    """

    def __init__(
        self,
        *,
        address: str = "F3:4E:C4:1E:46:0F",
        key: bytes = bytes.fromhex("c33d3ef72cd974853857f9201a65f252"),
        owner: Owner | None = None,
        scenario: Scenario = Scenario.OK_EMAIL,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.scenario = scenario
        self.owner = owner or Owner()
        self.faults: dict[Step, Fault] = {}
        self.skip: Counter[Step] = Counter()
        self.delay_s = 0.0
        self.replies: dict[Step, Reply] = {}
        self.bound_elsewhere: set[str] = set()
        self.violations: list[dict[str, str]] = []
        self.requests: list[tuple[Step, str]] = []
        self.secrets: set[str] = {self.owner.password, key.hex()}
        self.signatures: set[str] = set()
        self.bindings: dict[str, dict[str, str]] = {}
        """What was completed with `binds.json`, by address."""
        self.address = address
        self.key = key
        self.catalogue = Catalogue(
            lambda what: self._wrong(Step.NEW_VERSION, what, "7.1"),
        )
        """The firmware that it knows of."""
        self._signing_key = ec.generate_private_key(ec.SECP256R1())
        self._codes: dict[str, _Code] = {}
        self._logins: list[_Login] = []
        self._devices_seen: set[str] = set()
        self._in_flight = 0
        self._reached: defaultdict[Step, asyncio.Event] = defaultdict(asyncio.Event)
        self._listen = (host, port)
        self._runner: web.AppRunner | None = None
        self._stopped = asyncio.Event()

    # Running

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_route("*", "/{host}/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._listen).start()

    async def stop(self) -> None:
        """Stop listening."""
        self._stopped.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def base(self) -> str:
        """Where a host of the vendor's is found, to be filled in with `format(host=...)`."""
        if self._runner is None:
            raise RuntimeError("the service does not run")
        address, port = self._runner.addresses[0][:2]
        return f"http://{address}:{port}/{{host}}"

    # Looking

    @property
    def verify_key(self) -> ec.EllipticCurvePublicKey:
        """The public half of the key that signs."""
        return self._signing_key.public_key()

    @property
    def open_logins(self) -> int:
        """How many logins nobody has ended."""
        return sum(not login.ended for login in self._logins)

    @property
    def steps(self) -> Counter[Step]:
        """How often each step was taken."""
        return Counter(step for step, _ in self.requests)

    async def reached(self, step: Step) -> None:
        """Return when a step has been taken at least once."""
        await self._reached[step].wait()

    def issue_code(self, app: str = ZEPP_LIFE) -> str:
        """Give the code that a Mi account's sign-in in the browser ends with."""
        return self._new_code(app, "mi", f"ALSG_CLOUDSRV_{secrets.token_hex(16).upper()}")

    # Requests

    async def _take(self, request: web.Request) -> web.Response:
        self._in_flight += 1
        try:
            return await self._answer(request)
        finally:
            self._in_flight -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        call = _Call(
            host=request.match_info["host"],
            path=request.match_info["path"],
            headers=request.headers,
            query=request.query,
            body=await request.read(),
        )
        step = self._step(request.method, request.match_info["path"], call)
        if step is None:
            self._wrong(Step.LOGIN, "a request that nobody documents", "4")
            return web.Response(status=404)
        self._check(step, {"a second request in flight": self._in_flight == 1}, "4.6")
        self.requests.append((step, call.host))
        self._reached[step].set()
        handlers: Mapping[Step, Callable[[_Call], Reply]] = {
            Step.AUTHORIZE: self._authorize,
            Step.TOKENS: self._tokens,
            Step.LOGIN: self._login,
            Step.DEVICES: self._list_devices,
            Step.LOGOUT: self._log_out,
            Step.PREPARE: self._prepare,
            Step.SIGN: self._sign,
            Step.COMPLETE: self._complete,
            Step.BINDINGS: self._list_bindings,
            Step.UNBIND: self._unbind,
            Step.NEW_VERSION: self._ask_for_new,
            Step.FILE: self._download,
        }
        logins = len(self._logins)
        reply = handlers[step](call)
        if step in self.replies:
            # The request is judged all the same, but nobody has been let in.
            reply = self.replies[step]
            del self._logins[logins:]
        await asyncio.sleep(self.delay_s)
        fault = self.faults.get(step)
        if self.skip[step] > 0:
            self.skip[step] -= 1
        elif fault is not None and fault.times > 0:
            fault.times -= 1
            await self._disturb(request, reply, fault.cut)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    async def _disturb(self, request: web.Request, reply: Reply, cut: Cut) -> None:
        transport = request.transport
        if transport is None:
            return
        head = f"HTTP/1.1 {reply.status} Whatever\r\nContent-Length: {len(reply.body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        sent = {
            Cut.IN_HEADERS: head.encode()[: len(head) // 2],
            Cut.STALLED_IN_HEADERS: head.encode()[: len(head) // 2],
            Cut.IN_BODY: head.encode() + b"\r\n" + reply.body[: len(reply.body) // 2],
            Cut.STALLED_IN_BODY: head.encode() + b"\r\n" + reply.body[: len(reply.body) // 2],
        }.get(cut, b"")
        if sent:
            transport.write(sent)
        if cut in {Cut.SILENT, Cut.STALLED_IN_HEADERS, Cut.STALLED_IN_BODY}:
            # The client gives up and goes on; that is no second request.
            self._in_flight -= 1
            await self._stopped.wait()
            self._in_flight += 1
        transport.close()

    def _step(self, method: str, path: str, call: _Call) -> Step | None:
        if path == "v1/device/binds.json":
            return _binding_step(method, call.query)
        if path == f"users/{self.owner.user_id}/devices" and method == "GET":
            return Step.DEVICES
        if call.host in {catalogue.FILE_HOST, catalogue.FOREIGN_HOST} and method == "GET":
            return Step.FILE
        step, hosts = _ROUTES.get((method, path), (None, ()))
        return step if call.host in hosts else None

    def _wrong(self, step: Step, what: str, clause: str) -> None:
        self.violations.append(
            {"step": step, "what": what, "clause": f"binding-and-firmware {clause}"}
        )

    def _check(self, step: Step, checks: Mapping[str, bool], clause: str) -> bool:
        """List what is not true; tell whether all is."""
        for what, right in checks.items():
            if not right:
                self._wrong(step, what, clause)
        return all(checks.values())

    def _check_headers(self, step: Step, call: _Call, *, encrypted: bool = False) -> None:
        app = call.headers.get("appname", "")
        form = step is not Step.DEVICES
        self._check(
            step,
            {
                "appname is no app of the vendor's": app in _VERSIONS,
                "app_name and appname differ": call.headers.get("app_name", app) == app,
                "appplatform is not android_phone": (
                    call.headers.get("appplatform") == "android_phone"
                ),
                "the user agent is not the app's": bool(
                    re.match(r"(MiFit|Zepp)/\d", call.headers.get("User-Agent", ""))
                ),
                "the content type is not that of a form": not form
                or call.headers.get("Content-Type")
                == "application/x-www-form-urlencoded; charset=UTF-8",
                "x-hm-ekv does not fit the body": (
                    call.headers.get("x-hm-ekv") == ("1" if encrypted else None)
                ),
                "parameters in the address": form <= (not call.query),
            },
            "4.2",
        )

    # Signing in

    def _new_code(self, app: str, kind: str, code: str) -> str:
        self._codes[code] = _Code(app, kind)
        self.secrets.add(code)
        return code

    def _authorize(self, call: _Call) -> Reply:
        client = call.query.get("client_id", "")
        landing = call.query.get("redirect_uri", "")
        app = _CLIENTS.get(client)
        right = self._check(
            Step.AUTHORIZE,
            {
                "client_id is not known": app is not None,
                "redirect_uri is not this client's": _LANDINGS.get(landing) == app,
                "scope is wrong": call.query.get("scope") == "1 6000 16001 20000",
                "response_type is not code": call.query.get("response_type") == "code",
                "skip_confirm is wrong": call.query.get("skip_confirm") == "false",
            },
            "4.3",
        )
        if not right or app is None:
            return Reply(status=400, body=b"invalid client")
        address = f"{landing}?{urlencode({'code': self.issue_code(app)})}"
        page = f'<title>Mi account</title><a id="agree" href="{escape(address)}">Agree</a>'
        return Reply(body=page.encode(), headers={"Content-Type": "text/html"})

    def _tokens(self, call: _Call) -> Reply:
        self._check_headers(Step.TOKENS, call, encrypted=True)
        try:
            pairs = parse_qsl(_decrypt(call.body).decode(), strict_parsing=True)
        except ValueError:
            self._wrong(Step.TOKENS, "the form is not encrypted as documented", "4.2")
            return _BINARY_400
        form = dict(pairs)
        wanted = {"token": "refresh", **_TOKEN_FORM}
        self._check(
            Step.TOKENS,
            {
                "fields are missing, doubled or unknown": Counter(name for name, _ in pairs)
                == Counter(("emailOrPhone", "password", "token", *wanted)),
                "the tokens are not access and refresh": [
                    value for name, value in pairs if name == "token"
                ]
                == ["access", "refresh"],
                **{f"{name} is wrong": form.get(name) == value for name, value in wanted.items()},
            },
            "4.2",
        )
        return self._judge_password(form, call.headers.get("appname", ""))

    def _judge_password(self, form: Mapping[str, str], app: str) -> Reply:
        match self.scenario:
            case Scenario.RATE_LIMITED:
                return _json({"code": 12, "message": "too many requests"}, 429)
            case Scenario.NO_LOCATION:
                return Reply(status=303, body=b"see there")
            case Scenario.HTML:
                return HTML_PAGE
            case _:
                pass
        kind = {self.owner.account: "email", self.owner.phone: "phone"}.get(
            form.get("emailOrPhone", "")
        )
        given = {"appname": app, "state": "REDIRECTION"}
        if (
            kind is None
            or form.get("password") != self.owner.password
            or self.scenario is Scenario.WRONG_PASSWORD
        ):
            given["error"] = "401"
        else:
            access, refresh = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
            self.secrets.add(refresh)
            given |= {
                "region": "eu-central-1",
                "refresh": refresh,
                "access": self._new_code(app, kind, access),
                "country_code": self.owner.country,
                "expiration": "1893456000",
            }
        return Reply(
            status=303,
            body=b"<html>see there</html>",
            headers={"Location": f"{_LANDING}?{urlencode(given)}"},
        )

    def _login(self, call: _Call) -> Reply:
        self._check_headers(Step.LOGIN, call)
        if "x-hm-ekv" in call.headers or self.scenario is Scenario.BINARY_400:
            return _BINARY_400
        form = call.form
        app = form.get("app_name", "")
        code = self._codes.get(form.get("code", ""))
        self._check_login(call, form, app, code)
        kind = code.kind if code else ""
        if self.scenario is Scenario.RATE_LIMITED_LOGIN or (
            self.scenario is Scenario.RATE_LIMITED and kind == "mi"
        ):
            return _json({"code": 12, "message": "too many requests"}, 429)
        if self.scenario is Scenario.HTML:
            return HTML_PAGE
        if self.scenario is Scenario.NULL:
            return _json(None)
        return self._judge_code(app, code)

    def _check_login(
        self, call: _Call, form: Mapping[str, str], app: str, code: _Code | None
    ) -> None:
        kind = code.kind if code else ""
        fields = _LOGIN_FIELDS | ({"countryState"} if app == ZEPP else set())
        place = self.owner.country if kind != "mi" else form.get("country_code", "")
        if app == ZEPP:
            place = "US"
        self._check(
            Step.LOGIN,
            {
                "fields are missing or unknown": form.keys() == fields,
                "app_name is not that of the headers": app == call.headers.get("appname"),
                "the version is not that of the app": (form.get("app_version"), form.get("source"))
                == _VERSIONS.get(app),
                "third_name does not fit": form.get("third_name") == _THIRD_NAMES.get((app, kind)),
                "the code was given to the other app": code is None or code.app == app,
                "grant_type does not fit": form.get("grant_type")
                == ("request_token" if kind == "mi" else "access_token"),
                "country_code is wrong": form.get("country_code") == place
                and re.fullmatch("[A-Z]{2}", place) is not None,
                "countryState is wrong": form.get("countryState", "US-NY") == "US-NY",
                "device_id is no fresh UUID": self._is_fresh(form.get("device_id", "")),
                "device_model is wrong": form.get("device_model") == "android_phone",
                "an account might be made": form.get("allow_registration") == "false",
                "dn does not ask for data hosts": "api-mifit.zepp.com"
                in form.get("dn", "").split(","),
                "lang is wrong": form.get("lang") == "en",
            },
            "4.2",
        )

    def _is_fresh(self, device_id: str) -> bool:
        try:
            fresh = str(UUID(device_id)) not in self._devices_seen
        except ValueError:
            return False
        self._devices_seen.add(device_id)
        return fresh

    def _judge_code(self, app: str, code: _Code | None) -> Reply:
        error = _LOGIN_ERRORS.get(self.scenario)
        if code is None or code.spent:
            error = "0106"
        elif self.scenario is Scenario.NOT_REGISTERED and app == ZEPP_LIFE:
            error = "0117"
        if code is not None:
            code.spent = True
        if error is not None:
            return _json({"error_code": error, "result": "fail"}, 401 if error == "0113" else 200)
        login = _Login(app, secrets.token_urlsafe(64), secrets.token_urlsafe(64))
        self._logins.append(login)
        self.secrets |= {login.login_token, login.app_token}
        number = self.scenario is Scenario.USER_ID_NUMBER
        domains: list[Json] = [
            {"host": "account.zepp.com", "cnames": ["account-de2.zepp.com"]},
            # A token must not follow wherever an answer points.
            {"host": "api-mifit.example.com", "cnames": []},
        ]
        if self.scenario is not Scenario.OK_OTHER_REGION:
            domains.append({"host": "api-mifit.zepp.com", "cnames": [HOME_HOST]})
        return _json(
            {
                "token_info": {
                    "login_token": login.login_token,
                    "app_token": login.app_token,
                    "user_id": int(self.owner.user_id) if number else self.owner.user_id,
                    "ttl": 31536000,
                    "app_ttl": 7776000,
                },
                "regist_info": {
                    "is_new_user": 0,
                    "regist_date": 1600000000000,
                    "region": "7",
                    "country_code": self.owner.country,
                },
                "thirdparty_info": {"nickname": "", "icon": ""},
                "domain": {"id-dns": "https://account.zepp.com"},
                "domains": domains,
                "result": "ok",
            }
        )

    def _of_token(self, step: Step, call: _Call) -> _Login | None:
        token = call.headers.get("apptoken", "")
        login = next((login for login in self._logins if login.app_token == token), None)
        self._check(
            step,
            {
                "the token is not known": login is not None,
                "the token is used after the log-out": login is None or not login.ended,
                "the host is none of the vendor's": "mifit" in call.host
                and call.host.endswith((".zepp.com", ".huami.com")),
            },
            "4.2",
        )
        return None if login is None or login.ended else login

    def _log_out(self, call: _Call) -> Reply:
        self._check_headers(Step.LOGOUT, call)
        form = call.form
        token = form.get("login_token", "")
        login = next((login for login in self._logins if login.login_token == token), None)
        self._check(
            Step.LOGOUT,
            {
                "fields are missing or unknown": form.keys() == {"login_token", "os_version"},
                "the token is not known": login is not None,
                "logged out twice": login is None or not login.ended,
            },
            "4.2",
        )
        if login is not None:
            login.ended = True
        if self.scenario is Scenario.LOGOUT_FAILS:
            return _json({"result": "fail"}, 500)
        return _json({"result": "ok"})

    # The list of devices

    def _list_devices(self, call: _Call) -> Reply:
        self._check_headers(Step.DEVICES, call)
        login = self._of_token(Step.DEVICES, call)
        self._check(
            Step.DEVICES,
            {
                "enableMultiDevice is not true": call.query.get("enableMultiDevice") == "true",
                "appname is not that of the login": login is None
                or call.headers.get("appname") == login.app,
            },
            "4.2",
        )
        if self.scenario is Scenario.RATE_LIMITED_DEVICES:
            return _json({"code": 12, "message": "too many requests"}, 429)
        other_region = self.scenario is Scenario.OK_OTHER_REGION
        home = FALLBACK_HOSTS[2] if other_region else HOME_HOST
        if login is None or (call.host == FALLBACK_HOSTS[0] and other_region):
            return _json({"code": 0, "message": "invalid token"}, 401)
        if call.host != home:
            return _json({"items": []})
        return _json({"items": self._items(login.app)})

    def _items(self, app: str) -> list[Json]:
        ours = self._item()
        scale: dict[str, Json] = {"deviceType": 1, "deviceSource": 1, "macAddress": _SCALE}
        lists: Mapping[Scenario, list[Json]] = {
            Scenario.NO_BANDS: [],
            Scenario.SIGN_REFUSED: [],
            Scenario.NO_SIGNATURE: [],
            Scenario.SCALE_ONLY: [scale],
            Scenario.KEY_EMPTY: [self._item(key="")],
            Scenario.KEY_MISSING: [self._item(key=None)],
            Scenario.ADDITIONAL_EMPTY: [{**ours, "additionalInfo": ""}],
            Scenario.ADDITIONAL_NOT_JSON: [{**ours, "additionalInfo": "auth_key: none"}],
            Scenario.KEY_IN_ZEPP: [ours if app == ZEPP else self._item(key="")],
            Scenario.THREE_BANDS: [
                self._item(
                    address="C0:00:00:00:00:05", source=59, key="6d1f0a93c75e482bb8047ad16c2e95f3"
                ),
                self._item(
                    address="C0:00:00:00:00:04", active=0, key="b2904e7d5fa1c3680d97e86b21f45ac8"
                ),
                ours,
            ],
        }
        return lists.get(self.scenario, [ours])

    def _item(
        self,
        *,
        address: str | None = None,
        key: str | None = "ours",
        source: int = 25,
        active: int = 1,
    ) -> dict[str, Json]:
        address = address or self.address
        more: dict[str, Json] = {
            "hardwareVersion": "V0.25.17.5",
            "productId": "36",
            "productVersion": "257",
            "sn": "ec5326f9ddf3",
            "brand_type": "0",
        }
        if key is not None:
            more["auth_key"] = self.key.hex() if key == "ours" else key
            self.secrets |= {str(more["auth_key"])} - {""}
        return {
            "deviceType": 0,
            "deviceSource": source,
            "deviceId": address.replace(":", ""),
            "macAddress": address,
            "sn": "ec5326f9ddf3",
            "displayName": "",
            "firmwareVersion": "V1.0.9.66",
            "bindingStatus": 1,
            "activeStatus": active,
            "applicationTime": 1600000000,
            "lastStatusUpdateTime": 1600000000,
            "lastBindingPlatform": "android_phone",
            "additionalInfo": json.dumps(more),
        }

    # Binding with the vendor's signature

    def _check_binding(self, step: Step, call: _Call, form: Mapping[str, str]) -> _Login | None:
        login = self._of_token(step, call)
        given = {**call.query, **form}
        missing = _BIND_FIELDS - given.keys()
        self._check(
            step,
            {
                **{f"{name} is missing": False for name in missing},
                "userid is not the account's": given.get("userid") == self.owner.user_id,
                "appid is wrong": given.get("appid") == "428135909242707968",
                "device_type is not 0": given.get("device_type") == "0",
            },
            "5.3",
        )
        return login

    def _prepare(self, call: _Call) -> Reply:
        login = self._check_binding(Step.PREPARE, call, {})
        if login is None:
            return _json({"code": 0, "message": "invalid token"}, 401)
        login.prepared = call.query["mac"].upper()
        return _json({"code": 1, "message": "success", "data": []})

    def _sign(self, call: _Call) -> Reply:
        login = self._check_binding(Step.SIGN, call, {})
        if login is None:
            return _json({"code": 0, "message": "invalid token"}, 401)
        digest = _digest(call.query.get("random", ""))
        right = self._check(
            Step.SIGN,
            {
                "not prepared": login.prepared is not None,
                "publickeyhash is not what the band gave": call.query["publickeyhash"].lower()
                == f"sha1:{VENDOR_KEY_HASH.hex()}",
                "random is no 32 bytes in base64": digest is not None,
            },
            "5.1",
        )
        foreign = login.prepared in self.bound_elsewhere
        if digest is None or not right or foreign or self.scenario is Scenario.SIGN_REFUSED:
            return _json({"code": -2003, "message": "device is bound by another user"})
        if self.scenario is Scenario.NO_SIGNATURE:
            return _json({"code": 1, "message": "success"})
        login.signed = digest
        self.secrets |= {digest.hex(), digest[:16].hex(), call.query["random"]}
        r, s = utils.decode_dss_signature(
            self._signing_key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        )
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        self.signatures.add(signature.hex())
        self.secrets |= self.signatures
        return _json({"signature": base64.b64encode(signature).decode()})

    def _complete(self, call: _Call) -> Reply:
        form = call.form
        login = self._check_binding(Step.COMPLETE, call, form)
        if login is None:
            return _json({"code": 0, "message": "invalid token"}, 401)
        mac = form.get("mac", "").upper()
        key = login.signed[:16].hex() if login.signed else None
        right = self._check(
            Step.COMPLETE,
            {
                "fields are missing": form.keys() | call.query.keys()
                >= _BIND_FIELDS | _COMPLETE_FIELDS,
                "mac is not what was prepared": mac == login.prepared,
                "deviceid is not the address without colons": form.get("deviceid", "").upper()
                == mac.replace(":", ""),
                "auth_key is not the first half of what was signed": form.get("auth_key") == key,
                "activeStatus is not 1": form.get("activeStatus") == "1",
                "device_source is not this model's": form.get("device_source") in {"24", "25"},
                "productVersion is not that of the device_source": form.get("productVersion")
                == {"24": "256", "25": "257"}.get(form.get("device_source", "")),
                "productId is not this model's": form.get("productId") == "36",
            },
            "5.3",
        )
        if not right or self.scenario is Scenario.COMPLETE_FAILS:
            return _json({"code": 0, "message": "bind failed"})
        self.bindings[mac] = form
        return _json({"code": 1, "message": "success"})

    # The catalogue

    def _ask_for_new(self, call: _Call) -> Reply:
        answer = self.catalogue.ask(call.question)
        return Reply(status=answer.status, body=answer.body, headers=answer.headers)

    def _download(self, call: _Call) -> Reply:
        answer = self.catalogue.download(call.question, call.path)
        return Reply(status=answer.status, body=answer.body, headers=answer.headers)

    def _list_bindings(self, call: _Call) -> Reply:
        if self._of_token(Step.BINDINGS, call) is None:
            return _json({"code": 0, "message": "invalid token"}, 401)
        return _json({"code": 1, "data": [{"mac": mac} for mac in self.bindings]})

    def _unbind(self, call: _Call) -> Reply:
        if self._of_token(Step.UNBIND, call) is None:
            return _json({"code": 0, "message": "invalid token"}, 401)
        self._check(
            Step.UNBIND,
            {f"{name} is missing": name in call.query for name in ("deviceid", "mac")},
            "5.3",
        )
        known = self.bindings.pop(call.query.get("mac", "").upper(), None)
        return _json({"code": 0 if known is None else 1})


def _binding_step(method: str, query: Mapping[str, str]) -> Step | None:
    match method:
        case "GET" if "publickeyhash" in query:
            return Step.SIGN
        case "GET":
            return Step.PREPARE if "mac" in query else Step.BINDINGS
        case "POST":
            return Step.COMPLETE
        case "DELETE":
            return Step.UNBIND
        case _:
            return None


def _decrypt(body: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(_KEY), modes.CBC(_IV)).decryptor()
    unpadder = PKCS7(128).unpadder()
    padded = decryptor.update(body) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def _digest(text: str) -> bytes | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return digest if len(digest) == 32 else None
