"""The vendor's signature: every way in, every answer, every break, against a key that is real."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import hashlib
import json
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
import pytest

from custom_components.mi_band.account_constants import MI_LINK_ZEPP
from custom_components.mi_band.account_errors import (
    AccountAuthFailed,
    AccountCodeMissing,
    AccountCodeUsed,
    AccountError,
    AccountNotRegistered,
    AccountRateLimited,
    AccountSignRefused,
    AccountUnreachable,
    Step as AccountStep,
)
from custom_components.mi_band.band.device_info import DeviceInfo
from custom_components.mi_band.signing import Signer, Zone, signer_with_mi, signer_with_password
from tests.emulator.vendor import (
    FALLBACK_HOSTS,
    HOME_HOST,
    HTML_PAGE,
    VENDOR_KEY_HASH,
    Cut,
    EmulatedVendor,
    Fault,
    Reply,
    Scenario,
    Step,
)

from .lab import ADDRESS, Lab, Way, landed, leaks, texts_of

# Section 5.1: what the band E0:C4:A3:D6:D1:3E made of a captured challenge.
DIGEST = bytes.fromhex("c33d3ef72cd974853857f9201a65f25264b0a9b7105f4c5a342c35e5226c9d10")
KEY = DIGEST[:16]
# In base64 it has each character that means something else in an address.
AWKWARD_DIGEST = b"\xfb\xef\xbe\xff\xff\xff" * 5 + b"\xfb\xff"
BINDING = (Step.PREPARE, Step.SIGN, Step.COMPLETE)


@asynccontextmanager
async def signing(lab: Lab, way: Way = Way.EMAIL) -> AsyncGenerator[Signer]:
    """Sign in as the owner; what goes wrong is looked through for secrets."""
    owner = lab.service.owner
    opened = (
        signer_with_mi(
            lab.session,
            landed(lab.service.issue_code()),
            country="DE",
            zone=Zone("Europe/Berlin", 4),
            vendor=lab.vendor,
        )
        if way is Way.MI
        else signer_with_password(
            lab.session,
            owner.account if way is Way.EMAIL else owner.phone,
            owner.password,
            zone=Zone("Europe/Berlin", 4),
            vendor=lab.vendor,
        )
    )
    # Known to the service only when it has been asked to sign.
    lab.service.secrets |= {DIGEST.hex(), KEY.hex(), base64.b64encode(DIGEST).decode()}
    lab.service.secrets |= {repr(DIGEST)[2:-1], repr(KEY)[2:-1]}
    try:
        async with opened as signer:
            lab.seen.append(f"{signer} {signer!r}")
            yield signer
    except BaseException as err:
        lab.seen.append(texts_of(err))
        raise


async def sign(signer: Signer, digest: bytes = DIGEST, *, address: str = ADDRESS) -> bytes:
    return await signer.sign(address=address, public_key_hash=VENDOR_KEY_HASH, digest=digest)


async def complete(
    signer: Signer,
    *,
    serial_number: str | None = "ec5326f9ddf3",
    product_version: int | None = 257,
) -> None:
    await signer.complete(
        address=ADDRESS,
        key=KEY,
        info=DeviceInfo(
            firmware_version="1.0.9.66", hardware_version="0.25.17.5", serial_number=serial_number
        ),
        product_version=product_version,
    )


async def bind(lab: Lab, way: Way = Way.EMAIL) -> None:
    """Do all that a pairing does."""
    async with signing(lab, way) as signer:
        await sign(signer)
        await complete(signer)


async def fail_to_bind(lab: Lab, way: Way = Way.EMAIL) -> AccountError:
    with pytest.raises(AccountError) as caught:
        await bind(lab, way)
    return caught.value


def verify(service: EmulatedVendor, signature: bytes, digest: bytes) -> None:
    """Do what the band does."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    service.verify_key.verify(
        utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(hashes.SHA256()))
    )


# What goes well


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("digest", [DIGEST, AWKWARD_DIGEST])
async def test_the_signature_is_the_vendors_over_the_whole_digest(
    lab: Lab, way: Way, digest: bytes
) -> None:
    async with signing(lab, way) as signer:
        signature = await sign(signer, digest)
    assert len(signature) == 64
    verify(lab.service, signature, digest)
    with pytest.raises(InvalidSignature):
        verify(lab.service, signature, hashlib.sha256(digest).digest())
    first = [] if way is Way.MI else [Step.TOKENS]
    assert [step for step, _ in lab.service.requests] == [
        *first,
        *(Step.LOGIN, Step.PREPARE, Step.SIGN, Step.LOGOUT),
    ]
    assert not lab.service.open_logins


@pytest.mark.parametrize("way", Way)
async def test_the_account_knows_the_band_in_the_end(lab: Lab, way: Way) -> None:
    begun = int(time.time())
    await bind(lab, way)
    assert lab.service.bindings.keys() == {ADDRESS}
    told = lab.service.bindings[ADDRESS]
    assert {
        "auth_key": KEY.hex(),
        "bind_timezone": "4",
        "timezone": "Europe/Berlin",
        "country": "DE",
        "deviceid": ADDRESS.replace(":", ""),
        "device_source": "25",
        "productId": "36",
        "productVersion": "257",
        "fw_version": "V1.0.9.66",
        "hardwareVersion": "V0.25.17.5",
        "sn": "ec5326f9ddf3",
        "enableMultiDevice": "true",
    }.items() <= told.items()
    now = int(time.time())
    assert begun <= int(told["app_time"]) <= now
    assert begun * 1000 <= int(told["t"]) <= (now + 1) * 1000
    assert not lab.service.open_logins


async def test_a_band_without_a_readable_serial_number_is_registered_too(lab: Lab) -> None:
    async with signing(lab) as signer:
        await sign(signer)
        await complete(signer, serial_number=None)
    assert lab.service.bindings[ADDRESS]["sn"] == ""


@pytest.mark.parametrize(
    ("version", "source", "told"),
    [(256, "24", "256"), (257, "25", "257"), (258, "25", "257"), (None, "25", "257")],
)
async def test_each_variant_is_registered_as_what_it_is(
    lab: Lab, version: int | None, source: str, told: str
) -> None:
    async with signing(lab) as signer:
        await sign(signer)
        await complete(signer, product_version=version)
    binding = lab.service.bindings[ADDRESS]
    assert (binding["device_source"], binding["productVersion"]) == (source, told)


async def test_an_address_may_be_in_lower_case(lab: Lab) -> None:
    async with signing(lab) as signer:
        await sign(signer, address=ADDRESS.lower())
        await complete(signer)
    assert lab.service.bindings.keys() == {ADDRESS}


async def test_one_sign_in_lasts_for_a_second_try(lab: Lab) -> None:
    async with signing(lab) as signer:
        await sign(signer, AWKWARD_DIGEST)
        # The band gives another challenge each time.
        verify(lab.service, await sign(signer), DIGEST)
        await complete(signer)
    assert lab.service.steps[Step.LOGIN] == lab.service.steps[Step.LOGOUT] == 1


@pytest.mark.parametrize(
    ("scenario", "host"),
    [(Scenario.OK_EMAIL, HOME_HOST), (Scenario.OK_OTHER_REGION, FALLBACK_HOSTS[0])],
)
async def test_the_host_of_the_accounts_region_is_asked_when_the_login_names_it(
    lab: Lab, scenario: Scenario, host: str
) -> None:
    lab.service.scenario = scenario
    await bind(lab)
    assert {asked for step, asked in lab.service.requests if step in BINDING} == {host}


async def test_what_the_preparation_answers_does_not_matter(lab: Lab) -> None:
    lab.service.replies[Step.PREPARE] = Reply()
    await bind(lab)
    assert lab.service.bindings


async def test_line_breaks_in_a_signature_are_none_of_it(lab: Lab) -> None:
    text = base64.encodebytes(bytes(range(64))).decode()
    assert text.count("\n") == 2
    lab.service.replies[Step.SIGN] = Reply(body=json.dumps({"signature": text}).encode())
    async with signing(lab) as signer:
        assert await sign(signer) == bytes(range(64))


# Signing in


@pytest.mark.parametrize("way", [Way.EMAIL, Way.PHONE])
async def test_the_other_app_is_asked_when_the_first_does_not_know_the_account(
    lab: Lab, way: Way
) -> None:
    lab.service.scenario = Scenario.NOT_REGISTERED
    await bind(lab, way)
    assert lab.service.steps[Step.LOGIN] == 2
    assert lab.service.steps[Step.LOGOUT] == 1
    assert lab.service.bindings


@pytest.mark.parametrize(
    ("scenario", "error", "logins"),
    [
        (Scenario.WRONG_PASSWORD, AccountAuthFailed, 0),
        (Scenario.NOWHERE_REGISTERED, AccountNotRegistered, 2),
        (Scenario.FROZEN, AccountAuthFailed, 1),
        (Scenario.RATE_LIMITED, AccountRateLimited, 0),
        (Scenario.NULL, AccountUnreachable, 1),
    ],
)
async def test_a_failed_sign_in_asks_for_no_signature(
    lab: Lab, scenario: Scenario, error: type[AccountError], logins: int
) -> None:
    lab.service.scenario = scenario
    assert isinstance(await fail_to_bind(lab), error)
    assert lab.service.steps[Step.LOGIN] == logins
    assert not lab.service.steps[Step.PREPARE]
    assert not lab.service.open_logins


async def test_a_mi_account_has_one_code_and_so_one_login(lab: Lab) -> None:
    lab.service.scenario = Scenario.NOT_REGISTERED
    assert isinstance(await fail_to_bind(lab, Way.MI), AccountNotRegistered)
    assert lab.service.steps[Step.LOGIN] == 1


async def test_a_spent_code_is_told(lab: Lab) -> None:
    lab.service.scenario = Scenario.CODE_USED
    assert isinstance(await fail_to_bind(lab, Way.MI), AccountCodeUsed)


async def test_a_text_without_a_code_asks_nobody(lab: Lab) -> None:
    with pytest.raises(AccountCodeMissing):
        async with signer_with_mi(
            lab.session, "https://example.com/?x=y", zone=Zone(), vendor=lab.vendor
        ):
            pass
    assert not lab.service.requests


async def test_the_page_tells_the_app_of_a_mi_account(lab: Lab) -> None:
    pasted = landed(lab.service.issue_code(MI_LINK_ZEPP.app.name), MI_LINK_ZEPP)
    async with signer_with_mi(lab.session, pasted, zone=Zone(), vendor=lab.vendor) as signer:
        verify(lab.service, await sign(signer), DIGEST)


# What goes wrong


@pytest.mark.parametrize("way", Way)
async def test_a_band_of_another_account_is_refused(lab: Lab, way: Way) -> None:
    lab.service.bound_elsewhere.add(ADDRESS)
    err = await fail_to_bind(lab, way)
    assert isinstance(err, AccountSignRefused)
    assert err.code == "account_sign_refused"
    assert str(err) == "the signature: code -2003"
    assert not lab.service.open_logins
    assert not lab.service.steps[Step.COMPLETE]


async def test_an_answer_without_a_signature_is_no_refusal(lab: Lab) -> None:
    lab.service.scenario = Scenario.NO_SIGNATURE
    err = await fail_to_bind(lab)
    assert isinstance(err, AccountUnreachable)
    assert not lab.service.open_logins
    assert not lab.service.steps[Step.COMPLETE]


JUNK = [
    HTML_PAGE,
    Reply(body=b""),
    Reply(body=b"null"),
    Reply(body=b"[]"),
    Reply(body=b"\xff\xfe\x00"),
    Reply(body=b"{}"),
    Reply(body=b'{"code":null}'),
    Reply(status=500),
    Reply(status=302, headers={"Location": "https://example.com/"}),
]
NO_SIGNATURES = [
    base64.b64encode(bytes(63)).decode(),
    base64.b64encode(bytes(65)).decode(),
    base64.b64encode(bytes(64)).decode().rstrip("="),
    "*" + base64.b64encode(bytes(64)).decode()[1:],
    "ä" * 88,
    bytes(64).hex(),
    "",
    0,
    True,
    None,
    [],
    {},
]


@pytest.mark.parametrize("reply", JUNK)
@pytest.mark.parametrize("step", [Step.SIGN, Step.COMPLETE])
async def test_an_answer_that_is_not_understood_is_unreachable(
    lab: Lab, step: Step, reply: Reply
) -> None:
    lab.service.replies[step] = reply
    assert isinstance(await fail_to_bind(lab), AccountUnreachable)
    assert not lab.service.open_logins


@pytest.mark.parametrize("signature", NO_SIGNATURES)
async def test_a_signature_has_64_bytes_in_base64(lab: Lab, signature: object) -> None:
    lab.service.replies[Step.SIGN] = Reply(body=json.dumps({"signature": signature}).encode())
    assert isinstance(await fail_to_bind(lab), AccountUnreachable)
    assert not lab.service.open_logins


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("step", BINDING)
async def test_an_expired_token_is_unreachable(lab: Lab, step: Step, status: int) -> None:
    lab.service.replies[step] = Reply(
        status=status, body=b'{"code":0,"message":"invalid token of ada@example.com"}'
    )
    err = await fail_to_bind(lab)
    assert isinstance(err, AccountUnreachable)
    assert err.reason == f"status {status}"
    assert not lab.service.open_logins


@pytest.mark.parametrize("step", BINDING)
async def test_too_many_requests_are_told(lab: Lab, step: Step) -> None:
    lab.service.replies[step] = Reply(status=429)
    assert isinstance(await fail_to_bind(lab), AccountRateLimited)
    assert not lab.service.open_logins


async def test_what_the_vendor_says_of_a_refusal_is_not_quoted(lab: Lab) -> None:
    lab.service.replies[Step.SIGN] = Reply(
        body=b'{"code":-2003,"message":"bound by ada@example.com"}'
    )
    err = await fail_to_bind(lab)
    assert isinstance(err, AccountSignRefused)
    assert "ada" not in str(err)


@pytest.mark.parametrize("way", Way)
async def test_a_registration_that_fails_takes_no_signature_back(lab: Lab, way: Way) -> None:
    lab.service.scenario = Scenario.COMPLETE_FAILS
    async with signing(lab, way) as signer:
        signature = await sign(signer)
        with pytest.raises(AccountUnreachable) as caught:
            await complete(signer)
    assert str(caught.value) == "the registration of the band: code 0"
    verify(lab.service, signature, DIGEST)
    assert not lab.service.bindings
    assert not lab.service.open_logins


@pytest.mark.parametrize("way", [Way.EMAIL, Way.MI])
@pytest.mark.parametrize("step", [Step.LOGIN, *BINDING])
@pytest.mark.parametrize("cut", Cut)
async def test_every_cut_ends_as_unreachable_in_time(
    lab: Lab, way: Way, step: Step, cut: Cut
) -> None:
    lab.hurry()
    lab.service.faults[step] = Fault(cut)
    begun = asyncio.get_running_loop().time()
    err = await fail_to_bind(lab, way)
    assert isinstance(err, AccountUnreachable)
    assert asyncio.get_running_loop().time() - begun < 1.5
    # A login whose answer was lost cannot be ended by anybody; all others are.
    assert lab.service.open_logins == (step is Step.LOGIN)


async def test_a_registration_is_not_sent_twice(lab: Lab) -> None:
    lab.service.faults[Step.COMPLETE] = Fault(Cut.BEFORE)
    await fail_to_bind(lab)
    assert lab.service.steps[Step.COMPLETE] == 1


@pytest.mark.parametrize("cut", Cut)
async def test_a_log_out_that_breaks_takes_nothing_away(lab: Lab, cut: Cut) -> None:
    lab.hurry()
    lab.service.faults[Step.LOGOUT] = Fault(cut)
    await bind(lab)
    assert lab.service.bindings


# Leaving


async def test_a_band_that_fails_meanwhile_does_not_keep_the_login(lab: Lab) -> None:
    with pytest.raises(ConnectionError):
        async with signing(lab):
            raise ConnectionError
    assert lab.service.steps[Step.LOGOUT] == 1
    assert not lab.service.open_logins


async def test_an_error_of_the_block_signs_nobody_in_again(lab: Lab) -> None:
    with pytest.raises(AccountNotRegistered):
        async with signing(lab):
            # Only the sign-in's own word sends us to the other app.
            raise AccountNotRegistered(AccountStep.LOGIN, "error 0117")
    assert lab.service.steps[Step.LOGIN] == 1
    assert not lab.service.open_logins


async def test_a_log_out_that_fails_does_not_hide_what_went_wrong(lab: Lab) -> None:
    lab.service.scenario = Scenario.LOGOUT_FAILS
    lab.service.bound_elsewhere.add(ADDRESS)
    assert isinstance(await fail_to_bind(lab), AccountSignRefused)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("step", BINDING)
async def test_the_log_out_happens_when_nobody_waits_any_more(
    lab: Lab, way: Way, step: Step
) -> None:
    lab.service.delay_s = 0.05
    binding = asyncio.create_task(bind(lab, way))
    await lab.service.reached(step)
    binding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await binding
    # A request that is given up is still being answered when the log-out comes.
    _forgive_overlap(lab.service)
    assert not lab.service.open_logins


async def test_the_log_out_happens_when_a_progress_page_is_closed(lab: Lab) -> None:
    async def phases() -> AsyncGenerator[str]:
        async with signing(lab) as signer:
            await sign(signer)
            yield "tap_band"

    running = phases()
    assert await anext(running) == "tap_band"
    assert lab.service.open_logins == 1
    await running.aclose()
    assert not lab.service.open_logins


def _forgive_overlap(service: EmulatedVendor) -> None:
    service.violations[:] = [
        found for found in service.violations if found["what"] != "a second request in flight"
    ]


# Secrets


@pytest.mark.parametrize("way", Way)
async def test_digest_and_key_are_in_no_log(
    lab: Lab, caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    await bind(lab, way)
    assert "The account service answered the signature with 200" in caplog.text
    assert not leaks(lab.service, caplog.text)
    # The check would find them.
    for text in (DIGEST.hex(), KEY.hex().upper(), repr(KEY), base64.b64encode(DIGEST).decode()):
        assert leaks(lab.service, f"GET /?random={text}")
