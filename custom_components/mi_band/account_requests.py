"""What the maker's account service is asked, and what people type for it.

    R1 tokens   POST, encrypted form with the password   -> 303 whose address holds a code
    R2 login    POST, form with that code                -> tokens, user id, data hosts
    R3 devices  GET, token in a header                   -> the bands, their keys as text in JSON
    R4 logout   POST, form with the login token

Source: binding-and-firmware.md section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .account_constants import VENDOR, App, Vendor
from .account_errors import AccountCodeMissing, Step

FROM_BROWSER: Final = "request_token"
"""What R2 calls a code that the browser got."""
_BETWEEN_DIGITS = re.compile(r"[\s().\-/]+")
_CODE = re.compile(r"[A-Za-z0-9_.~\-]{8,512}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, whole."""

    step: Step
    host: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    """None makes a GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What R2 asks with."""

    app: App
    third_name: str
    grant_type: str
    code: str = field(repr=False)
    country: str


def password_request(app: App, account: str, password: str, vendor: Vendor) -> Request:
    """Return R1, which trades the password for a code."""
    return Request(
        step=Step.TOKENS,
        host=vendor.token_host,
        path="/v2/registrations/tokens",
        headers={**_form_headers(app), "x-hm-ekv": "1"},
        body=encrypt_form(encode_password(account, password, vendor), vendor),
    )


def login_request(login: Login, vendor: Vendor) -> Request:
    """Return R2, which trades a code for tokens."""
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
        "dn": ",".join(vendor.wanted_hosts),
        "lang": "en",
    }
    return Request(
        step=Step.LOGIN,
        host=vendor.login_host,
        path="/v2/client/login",
        headers=_form_headers(login.app),
        body=urlencode(form).encode(),
    )


def token_request(
    app: App,
    app_token: str,
    step: Step,
    address: tuple[str, str],
    *,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Request:
    """Return a request with the token, to a host and a path there; a form makes it a POST."""
    headers = _headers(app) if form is None else _form_headers(app)
    return Request(
        step=step,
        host=address[0],
        path=address[1],
        headers={**headers, "apptoken": app_token},
        query=query or {},
        body=None if form is None else urlencode(form).encode(),
    )


def log_out_request(app: App, login_token: str, vendor: Vendor) -> Request:
    """Return R4, after which no token is good for anything."""
    return Request(
        step=Step.LOGOUT,
        host=vendor.logout_host,
        path="/v1/client/logout",
        headers=_form_headers(app),
        body=urlencode({"login_token": login_token, "os_version": "12"}).encode(),
    )


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


def login_name(account: str) -> tuple[str, bool]:
    """Return what R1 calls the account, and whether it is a phone number."""
    account = account.strip()
    if "@" in account:
        return account, False
    number = _BETWEEN_DIGITS.sub("", account)
    return f"+{number[2:]}" if number.startswith("00") else number, True


def read_code(pasted: str) -> tuple[str, str | None]:
    """Return the code in what was pasted, and the host of the page when there is one.

    Raises:
        AccountCodeMissing: there is none.
    """
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
