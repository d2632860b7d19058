"""The emulated service itself: that it is strict, and that its signature is one."""

import base64
from collections.abc import Mapping
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import aiohttp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
import pytest

from custom_components.mi_band.account_requests import encode_password, encrypt_form
from tests.emulator.vendor import VENDOR_KEY_HASH, EmulatedVendor, Scenario

from .lab import ADDRESS, Lab

FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"
HEADERS = {
    "app_name": "com.xiaomi.hm.health",
    "appname": "com.xiaomi.hm.health",
    "appplatform": "android_phone",
    "user-agent": "MiFit/6.14.0",
    "content-type": FORM_TYPE,
}
LOGIN = {
    "app_name": "com.xiaomi.hm.health",
    "app_version": "6.14.0",
    "source": "com.xiaomi.hm.health:6.14.0:50818",
    "third_name": "xiaomi-hm-mifit",
    "grant_type": "request_token",
    "country_code": "DE",
    "device_id": "d56c5517-c1c7-4c43-9554-8b29726faefd",
    "device_model": "android_phone",
    "allow_registration": "false",
    "dn": "account.zepp.com,api-mifit.zepp.com",
    "lang": "en",
}
COMMON = {
    "userid": "7034468780",
    "appid": "428135909242707968",
    "callid": "1621258514579",
    "r": "d56c5517-c1c7-4c43-9554-8b29726faefd",
    "t": "1621258514583",
    "channel": "play",
    "country": "DE",
    "cv": "50818_6.14.0",
    "device": "android_23",
    "lang": "en_US",
    "timezone": "Europe/Berlin",
    "v": "2.0",
    "device_type": "0",
    "enableMultiDevice": "true",
}
SEED = bytes.fromhex("69df29231c52f948ec0a1188803e9ea7")
DIGEST = hashlib.sha256(bytes.fromhex(ADDRESS.replace(":", "")) + SEED).digest()
SIGN = {
    "publickeyhash": f"SHA1:{VENDOR_KEY_HASH.hex()}",
    "random": base64.b64encode(DIGEST).decode(),
}
COMPLETE = {
    **COMMON,
    "activeStatus": "1",
    "app_time": "1621258524",
    "auth_key": DIGEST[:16].hex(),
    "bind_timezone": "4",
    "brand": "google",
    "brandType": "-1",
    "code": "0",
    "crcedUserId": "0",
    "deviceid": ADDRESS.replace(":", ""),
    "device_source": "25",
    "displayName": "",
    "fw_version": "V1.0.9.66",
    "fw_hr_version": "",
    "hardwareVersion": "V0.25.17.5",
    "mac": ADDRESS,
    "productId": "36",
    "productVersion": "257",
    "sn": "ec5326f9ddf3",
    "soft_version": "6.14.0",
    "sys_model": "Pixel 4",
    "sys_version": "Android_12",
}


class Phone:
    """A phone app that is signed in, request by request."""

    def __init__(self, session: aiohttp.ClientSession, service: EmulatedVendor) -> None:
        self._session = session
        self._service = service
        self._token = ""

    async def ask(
        self, method: str, host: str, path: str, **kwargs: Any
    ) -> tuple[int, Mapping[str, Any]]:
        """Make a request; return the status and the object."""
        address = self._service.base.format(host=host) + path
        async with self._session.request(
            method, address, allow_redirects=False, **kwargs
        ) as answer:
            try:
                return answer.status, json.loads(await answer.read())
            except ValueError:
                return answer.status, {}

    async def sign_in(self) -> str:
        """Sign in with a fresh code; return the login token."""
        form = {**LOGIN, "code": self._service.issue_code()}
        _, given = await self.ask(
            "POST", "account.zepp.com", "/v2/client/login", data=urlencode(form), headers=HEADERS
        )
        self._token = given["token_info"]["app_token"]
        login_token: str = given["token_info"]["login_token"]
        return login_token

    async def bind(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Use `binds.json`."""
        _, given = await self.ask(
            method,
            "api-mifit-de2.huami.com",
            "/v1/device/binds.json",
            params=query,
            data=None if form is None else urlencode(form),
            headers={"apptoken": self._token, "content-type": FORM_TYPE},
        )
        return given


@pytest.fixture
async def phone(lab: Lab) -> Phone:
    """Provide a phone app that is signed in."""
    phone = Phone(lab.session, lab.service)
    await phone.sign_in()
    return phone


async def test_a_digest_is_prepared_signed_and_completed(
    service: EmulatedVendor, phone: Phone
) -> None:
    assert (await phone.bind("GET", {**COMMON, "mac": ADDRESS}))["code"] == 1
    signature = base64.b64decode((await phone.bind("GET", COMMON | SIGN))["signature"])
    assert len(signature) == 64
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    # Raises when it is not one.
    service.verify_key.verify(
        utils.encode_dss_signature(r, s), DIGEST, ec.ECDSA(utils.Prehashed(hashes.SHA256()))
    )
    times = {name: COMMON[name] for name in ("r", "t")}
    assert (await phone.bind("POST", times, COMPLETE))["code"] == 1
    assert service.bindings[ADDRESS]["auth_key"] == DIGEST[:16].hex()
    listed = await phone.bind("GET", {"userid": COMMON["userid"]})
    assert listed["data"] == [{"mac": ADDRESS}]
    gone = {"deviceid": COMPLETE["deviceid"], "mac": ADDRESS, "device_source": "25"}
    assert (await phone.bind("DELETE", COMMON | gone))["code"] == 1
    assert not service.bindings


async def test_a_band_of_somebody_else_gets_no_signature(
    service: EmulatedVendor, phone: Phone
) -> None:
    service.bound_elsewhere.add(ADDRESS)
    await phone.bind("GET", {**COMMON, "mac": ADDRESS})
    refused = await phone.bind("GET", COMMON | SIGN)
    assert "signature" not in refused
    assert refused["message"]


@pytest.mark.parametrize("scenario", [Scenario.SIGN_REFUSED, Scenario.NO_SIGNATURE])
async def test_scenarios_without_a_signature(
    service: EmulatedVendor, phone: Phone, scenario: Scenario
) -> None:
    service.scenario = scenario
    await phone.bind("GET", {**COMMON, "mac": ADDRESS})
    assert "signature" not in await phone.bind("GET", COMMON | SIGN)


async def test_a_completion_may_fail(service: EmulatedVendor, phone: Phone) -> None:
    service.scenario = Scenario.COMPLETE_FAILS
    await phone.bind("GET", {**COMMON, "mac": ADDRESS})
    await phone.bind("GET", COMMON | SIGN)
    assert (await phone.bind("POST", {}, COMPLETE))["code"] != 1


# Strictness: each of these is listed, once and under its own words.


@pytest.fixture
async def strict(service: EmulatedVendor, lab: Lab) -> Phone:
    """Provide a phone app that is about to do something wrong."""
    return Phone(lab.session, service)


def _violations(service: EmulatedVendor) -> list[str]:
    found = [violation["what"] for violation in service.violations]
    service.violations.clear()
    return found


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"random": base64.b64encode(DIGEST[:31]).decode()}, "random is no 32 bytes in base64"),
        ({"random": DIGEST.hex()}, "random is no 32 bytes in base64"),
        ({"publickeyhash": "SHA1:00"}, "publickeyhash is not what the band gave"),
        ({"userid": "1"}, "userid is not the account's"),
        ({"appid": "1"}, "appid is wrong"),
    ],
)
async def test_a_wrong_request_for_a_signature_is_listed(
    service: EmulatedVendor, phone: Phone, change: dict[str, str], what: str
) -> None:
    await phone.bind("GET", {**COMMON, "mac": ADDRESS})
    await phone.bind("GET", COMMON | SIGN | change)
    assert _violations(service) == [what]


async def test_a_signature_must_be_prepared(service: EmulatedVendor, phone: Phone) -> None:
    assert "signature" not in await phone.bind("GET", COMMON | SIGN)
    assert _violations(service) == ["not prepared"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"mac": "C0:00:00:00:00:01"}, "mac is not what was prepared"),
        ({"auth_key": DIGEST[16:].hex()}, "auth_key is not the first half of what was signed"),
        ({"productId": "61"}, "productId is not this model's"),
        ({"device_source": "59"}, "device_source is not this model's"),
        ({"device_source": "24"}, "productVersion is not that of the device_source"),
        ({"productVersion": "256"}, "productVersion is not that of the device_source"),
    ],
)
async def test_a_wrong_completion_is_listed(
    service: EmulatedVendor, phone: Phone, change: dict[str, str], what: str
) -> None:
    await phone.bind("GET", {**COMMON, "mac": ADDRESS})
    await phone.bind("GET", COMMON | SIGN)
    assert (await phone.bind("POST", {}, COMPLETE | change))["code"] != 1
    assert what in _violations(service)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"allow_registration": "true"}, "an account might be made"),
        ({"third_name": "email"}, "third_name does not fit"),
        ({"device_id": "02:00:00:00:00:00"}, "device_id is no fresh UUID"),
        ({"app_version": "4.7.0"}, "the version is not that of the app"),
        ({"password": "x"}, "fields are missing or unknown"),
        ({"dn": ""}, "dn does not ask for data hosts"),
    ],
)
async def test_a_wrong_login_is_listed(
    service: EmulatedVendor, strict: Phone, change: dict[str, str], what: str
) -> None:
    form = {**LOGIN, "code": service.issue_code(), **change}
    await strict.ask(
        "POST", "account.zepp.com", "/v2/client/login", data=urlencode(form), headers=HEADERS
    )
    assert _violations(service) == [what]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"appname": "com.huami.midong"}, "app_name and appname differ"),
        ({"appplatform": "ios_phone"}, "appplatform is not android_phone"),
        ({"user-agent": "Python/3.14 aiohttp/3"}, "the user agent is not the app's"),
        ({"content-type": "text/plain"}, "the content type is not that of a form"),
    ],
)
async def test_wrong_headers_are_listed(
    service: EmulatedVendor, strict: Phone, change: dict[str, str], what: str
) -> None:
    form = {**LOGIN, "code": service.issue_code()}
    headers = HEADERS | change
    await strict.ask(
        "POST", "account.zepp.com", "/v2/client/login", data=urlencode(form), headers=headers
    )
    assert what in _violations(service)


async def test_the_header_of_an_encrypted_form_spoils_a_login(
    service: EmulatedVendor, strict: Phone
) -> None:
    form = {**LOGIN, "code": service.issue_code()}
    status, _ = await strict.ask(
        "POST",
        "account.zepp.com",
        "/v2/client/login",
        data=urlencode(form),
        headers={**HEADERS, "x-hm-ekv": "1"},
    )
    assert status == 400
    assert _violations(service) == ["x-hm-ekv does not fit the body"]


PASSWORD_FORM = encode_password("ada@example.com", "x")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (PASSWORD_FORM, "the form is not encrypted as documented"),
        (b"", "the form is not encrypted as documented"),
        (encrypt_form(b"\xff"), "the form is not encrypted as documented"),
        (encrypt_form(PASSWORD_FORM + b"&lang=en"), "fields are missing, doubled or unknown"),
        (encrypt_form(PASSWORD_FORM.replace(b"us-west-2", b"x")), "region is wrong"),
    ],
)
async def test_a_wrong_password_form_is_listed(
    service: EmulatedVendor, strict: Phone, body: bytes, what: str
) -> None:
    await strict.ask(
        "POST",
        "api-user-us2.zepp.com",
        "/v2/registrations/tokens",
        data=body,
        headers={**HEADERS, "x-hm-ekv": "1"},
    )
    assert what in _violations(service)


async def test_a_token_is_worth_nothing_after_the_log_out(
    service: EmulatedVendor, strict: Phone
) -> None:
    form = {"login_token": await strict.sign_in(), "os_version": "12"}
    await strict.ask(
        "POST",
        "api-mifit-us2.zepp.com",
        "/v1/client/logout",
        data=urlencode(form),
        headers=HEADERS,
    )
    assert not service.open_logins
    assert (await strict.bind("GET", {"userid": COMMON["userid"]}))["code"] == 0
    assert _violations(service) == ["the token is used after the log-out"]


async def test_nothing_else_is_served(service: EmulatedVendor, strict: Phone) -> None:
    assert (await strict.ask("GET", "account.zepp.com", "/v2/client/login"))[0] == 404
    assert (await strict.ask("POST", "example.com", "/v2/client/login"))[0] == 404
    assert len(_violations(service)) == 2
