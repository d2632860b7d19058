"""Signing in: every scenario of the service, by e-mail, by phone number and by Mi account."""

import asyncio
import json
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.mi_band.account import (
    mi_sign_in_address,
    sign_in_with_mi,
    sign_in_with_password,
    sort_bands,
)
from custom_components.mi_band.account_constants import MI_LINK_ZEPP, MI_LINKS, MiLink
from custom_components.mi_band.account_errors import (
    AccountAuthFailed,
    AccountCodeMissing,
    AccountCodeUsed,
    AccountNoKey,
    AccountNotRegistered,
    AccountUnreachable,
)
from custom_components.mi_band.account_requests import Request, log_out_request
from tests.emulator.vendor import (
    FALLBACK_HOSTS,
    HOME_HOST,
    HTML_PAGE,
    ZEPP,
    Reply,
    Scenario,
    Step,
)

from .lab import ADDRESS, KEY, Lab, Way, landed

SCENARIOS = {
    # What comes out, and how many password checks, logins and log-outs that takes.
    Scenario.OK_EMAIL: (None, 1, 1, 1),
    Scenario.OK_OTHER_REGION: (None, 1, 1, 1),
    Scenario.WRONG_PASSWORD: ("account_auth_failed", 1, 0, 0),
    Scenario.RATE_LIMITED: ("account_rate_limited", 1, 0, 0),
    Scenario.RATE_LIMITED_LOGIN: ("account_rate_limited", 1, 1, 0),
    Scenario.RATE_LIMITED_DEVICES: ("account_rate_limited", 1, 1, 1),
    Scenario.NOT_REGISTERED: (None, 2, 2, 1),
    Scenario.NOWHERE_REGISTERED: ("account_not_registered", 2, 2, 0),
    Scenario.FROZEN: ("account_frozen", 1, 1, 0),
    Scenario.DISABLED: ("account_disabled", 1, 1, 0),
    Scenario.REGION: ("account_wrong_region", 1, 1, 0),
    Scenario.REFUSED_OTHERWISE: ("account_auth_failed", 1, 1, 0),
    Scenario.BINARY_400: ("account_auth_failed", 1, 1, 0),
    Scenario.NO_LOCATION: ("account_unreachable", 1, 0, 0),
    Scenario.HTML: ("account_unreachable", 1, 0, 0),
    Scenario.NULL: ("account_unreachable", 1, 1, 0),
    Scenario.USER_ID_NUMBER: (None, 1, 1, 1),
    Scenario.NO_BANDS: ("account_no_bands", 2, 2, 2),
    Scenario.SCALE_ONLY: ("account_no_bands", 2, 2, 2),
    Scenario.KEY_EMPTY: ("account_no_key", 2, 2, 2),
    Scenario.KEY_MISSING: ("account_no_key", 2, 2, 2),
    Scenario.ADDITIONAL_EMPTY: ("account_no_key", 2, 2, 2),
    Scenario.ADDITIONAL_NOT_JSON: ("account_no_key", 2, 2, 2),
    Scenario.KEY_IN_ZEPP: (None, 2, 2, 2),
    Scenario.THREE_BANDS: (None, 1, 1, 1),
    Scenario.CODE_USED: ("account_auth_failed", 1, 1, 0),
    Scenario.LOGOUT_FAILS: (None, 1, 1, 1),
}
# Hosts to fall back to that the login does not name itself.
OTHER_HOSTS = [host for host in FALLBACK_HOSTS if host != "api-mifit.zepp.com"]
# Where a Mi account, which has one code and so one login, comes to another end.
MI_SCENARIOS = {
    Scenario.WRONG_PASSWORD: None,
    Scenario.NO_LOCATION: None,
    Scenario.NOT_REGISTERED: "account_not_registered",
    Scenario.KEY_IN_ZEPP: "account_no_key",
    Scenario.CODE_USED: "account_code_used",
}


async def outcome(lab: Lab, way: Way) -> str | None:
    """Sign in; return the code of the error, or None when our band's key was found."""
    if (expected := SCENARIOS[lab.service.scenario][0]) and way is not Way.MI:
        err = await lab.fail(way)
        assert err.code == expected
        return err.code
    if way is Way.MI and MI_SCENARIOS.get(lab.service.scenario, expected):
        return (await lab.fail(way)).code
    assert sort_bands(await lab.sign_in(way), ADDRESS)[0].key == KEY
    return None


@pytest.mark.parametrize("way", [Way.EMAIL, Way.PHONE])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_each_scenario_has_its_end_and_its_number_of_requests(
    lab: Lab, scenario: Scenario, way: Way
) -> None:
    lab.service.scenario = scenario
    expected, *counts = SCENARIOS[scenario]
    assert await outcome(lab, way) == expected
    steps = lab.service.steps
    assert [steps[Step.TOKENS], steps[Step.LOGIN], steps[Step.LOGOUT]] == counts
    assert not lab.service.open_logins


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_mi_account_takes_one_login(lab: Lab, scenario: Scenario) -> None:
    lab.service.scenario = scenario
    expected = MI_SCENARIOS.get(scenario, SCENARIOS[scenario][0])
    assert await outcome(lab, Way.MI) == expected
    assert lab.service.steps[Step.TOKENS] == 0
    assert lab.service.steps[Step.LOGIN] == 1
    assert not lab.service.open_logins


async def test_the_password_itself_is_checked(lab: Lab) -> None:
    with pytest.raises(AccountAuthFailed):
        await lab.sign_in(password="wr0ng")  # noqa: S106  it is


async def test_the_band_is_what_the_service_says(lab: Lab) -> None:
    (band,) = await lab.sign_in()
    assert (band.address, band.key) == (ADDRESS, KEY)
    assert (band.serial, band.firmware_version) == ("ec5326f9ddf3", "V1.0.9.66")
    assert (band.active, band.device_source) == (True, 25)


async def test_slow_answers_are_waited_for_one_after_the_other(lab: Lab) -> None:
    lab.service.delay_s = 0.05
    assert await lab.sign_in()


@pytest.mark.parametrize("written", ["0049 157 902-64813", " +49 (157) 90264813 "])
async def test_a_phone_number_may_be_written_as_people_do(lab: Lab, written: str) -> None:
    assert await sign_in_with_password(
        lab.session, written, lab.service.owner.password, vendor=lab.vendor
    )


# Which hosts


async def test_the_hosts_that_the_login_names_come_first(lab: Lab) -> None:
    await lab.sign_in()
    assert [host for step, host in lab.service.requests if step is Step.DEVICES] == [HOME_HOST]


async def test_other_regions_are_asked_in_order_until_one_has_the_band(lab: Lab) -> None:
    lab.service.scenario = Scenario.OK_OTHER_REGION
    await lab.sign_in()
    asked = tuple(host for step, host in lab.service.requests if step is Step.DEVICES)
    assert asked == FALLBACK_HOSTS[:3]


async def test_an_account_without_devices_is_looked_for_everywhere_once_per_app(lab: Lab) -> None:
    lab.service.scenario = Scenario.NO_BANDS
    await lab.fail()
    asked = [host for step, host in lab.service.requests if step is Step.DEVICES]
    assert asked == [HOME_HOST, "api-mifit.zepp.com", *OTHER_HOSTS] * 2


async def test_a_token_goes_to_no_host_of_somebody_else(lab: Lab) -> None:
    lab.service.scenario = Scenario.NO_BANDS
    await lab.fail()
    assert not any("example" in host for _, host in lab.service.requests)


# Which app


async def test_the_other_app_is_asked_when_the_first_has_a_key_of_another_band(lab: Lab) -> None:
    assert len(await lab.sign_in(address="C0:00:00:00:00:09")) == 1
    assert lab.service.steps[Step.LOGIN] == 2


async def test_any_key_will_do_when_no_band_is_in_front_of_us(lab: Lab) -> None:
    assert await lab.sign_in(address=None)
    assert lab.service.steps[Step.LOGIN] == 1


@pytest.mark.parametrize("reply", [Reply(status=400), Reply(status=400, body=b'{"error_code":0}')])
async def test_the_other_apps_refusal_does_not_hide_what_the_first_said(
    lab: Lab, reply: Reply
) -> None:
    lab.service.scenario = Scenario.KEY_EMPTY
    service = lab.service
    signing_in = asyncio.create_task(lab.sign_in())
    await service.reached(Step.LOGOUT)
    service.replies[Step.LOGIN] = reply
    with pytest.raises(AccountNoKey):
        await signing_in


async def test_a_refusal_of_the_other_app_is_told_when_the_first_does_not_know_the_account(
    lab: Lab,
) -> None:
    lab.service.scenario = Scenario.NOWHERE_REGISTERED
    err = await lab.fail()
    assert isinstance(err, AccountNotRegistered)
    assert (err.step, err.reason) == ("the login", "error 0117")


# Odd answers

JUNK = [
    HTML_PAGE,
    Reply(),
    Reply(body=b"null"),
    Reply(body=b"[]"),
    Reply(body=b'"text"'),
    Reply(body=b'{"token_info": '),
    Reply(body=b'{"token_info": [], "items": {}}'),
    Reply(body=b'{"token_info": {"login_token": 7, "user_id": "../x", "app_token": "a b"}}'),
    Reply(body=b"\xff\xfe\x00"),
    Reply(body=b"[" * 100_000),
    Reply(body=b" " * (1 << 20) + b" "),
    Reply(status=204),
    Reply(status=303, headers={"Location": "http://[half"}),
    Reply(status=303, headers={"Location": "https://example.com/?access="}),
    Reply(status=500, body=b"{}"),
    Reply(status=503, body=HTML_PAGE.body),
]


@pytest.mark.parametrize("junk", range(len(JUNK)))
@pytest.mark.parametrize("step", [Step.TOKENS, Step.LOGIN, Step.DEVICES])
async def test_an_answer_that_no_document_explains_is_no_answer(
    lab: Lab, step: Step, junk: int
) -> None:
    lab.service.replies[step] = JUNK[junk]
    ways = (Way.EMAIL,) if step is Step.TOKENS else (Way.EMAIL, Way.MI)
    for way in ways:
        with pytest.raises(AccountUnreachable):
            await lab.sign_in(way)
    forged = step is Step.LOGIN
    lab.service.violations[:] = [
        found
        for found in lab.service.violations
        # The token of the junk is handed back, as any token is.
        if not (forged and found["step"] == Step.LOGOUT)
    ]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_list_that_is_refused_everywhere_is_not_an_empty_list(
    lab: Lab, status: int
) -> None:
    lab.service.replies[Step.DEVICES] = Reply(status=status)
    assert (await lab.fail()).code == "account_unreachable"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error_code": 117}, "account_not_registered"),
        ({"error_code": "0121"}, "account_frozen"),
        ({"error_code": "0102"}, "account_auth_failed"),
        ({"error_code": "ada@example.com is unknown"}, "account_auth_failed"),
    ],
)
async def test_error_codes_come_as_text_or_number_and_are_not_quoted(
    lab: Lab, answer: dict[str, object], code: str
) -> None:
    lab.service.replies[Step.LOGIN] = Reply(status=400, body=json.dumps(answer).encode())
    err = await lab.fail()
    assert err.code == code
    assert "ada" not in str(err)


@pytest.mark.parametrize("step", [Step.LOGIN, Step.DEVICES])
async def test_the_log_out_happens_even_when_nobody_waits_any_more(lab: Lab, step: Step) -> None:
    signing_in = asyncio.create_task(lab.sign_in())
    await lab.service.reached(step)
    signing_in.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing_in
    assert lab.service.steps[Step.LOGIN] == 1
    assert not lab.service.open_logins


async def test_a_log_out_that_nobody_waits_for_any_more_is_brought_to_its_end(lab: Lab) -> None:
    def cancel(*about: Any) -> Request:
        signing_in.cancel()
        return log_out_request(*about)

    signing_in = asyncio.create_task(lab.sign_in())
    begun = patch("custom_components.mi_band.account_client.log_out_request", cancel)
    with begun, pytest.raises(asyncio.CancelledError):
        await signing_in
    assert lab.service.steps[Step.LOGOUT] == 1
    assert not lab.service.open_logins


# The browser


async def browse(lab: Lab, link: MiLink) -> str:
    """Do what the wearer does in the browser, and return where it ends."""
    async with lab.session.get(mi_sign_in_address(link, lab.vendor)) as page:
        text = await page.text()
        assert page.status == 200, text
    return text.partition('href="')[2].partition('"')[0]


@pytest.mark.parametrize("link", MI_LINKS)
async def test_the_page_on_which_the_browser_ends_can_be_pasted_whole(
    lab: Lab, link: MiLink
) -> None:
    # Whichever link was followed, the page tells.
    bands = await lab.paste(await browse(lab, link))
    assert bands[0].key == KEY


async def test_the_code_alone_can_be_pasted(lab: Lab) -> None:
    assert await lab.paste(lab.service.issue_code())
    assert await lab.paste(lab.service.issue_code(ZEPP), link=MI_LINK_ZEPP)


@pytest.mark.parametrize(
    "written",
    [
        "  {}\n",
        "<{}>",
        '"{}"',
        "{}&state=x",
        "{}#top",
    ],
)
async def test_an_address_may_be_pasted_carelessly(lab: Lab, written: str) -> None:
    assert await lab.paste(written.format(landed(lab.service.issue_code())))


async def test_an_address_may_lack_its_beginning_or_have_a_line_break(lab: Lab) -> None:
    for begin in ("https://", "https://api-mifit-cn.huami.com", ""):
        address = landed(lab.service.issue_code()).removeprefix(begin)
        assert await lab.paste(f"{address[:40]}\n{address[40:]}")
    assert await lab.paste(f"code={lab.service.issue_code()}")
    assert await lab.paste(f"?code={lab.service.issue_code()}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "abc",
        "https://api-mifit-cn.huami.com/huami.health.loginview.do_not",
        "https://api-mifit-cn.huami.com/huami.health.loginview.do_not?code=",
        "https://api-mifit-cn.huami.com/huami.health.loginview.do_not?error=access_denied",
        "https://[half",
        "what am I to paste here?",
        mi_sign_in_address(),
    ],
)
async def test_what_holds_no_code_is_told_without_asking_the_service(lab: Lab, text: str) -> None:
    with pytest.raises(AccountCodeMissing):
        await lab.paste(text)
    assert not lab.service.requests


async def test_a_code_is_good_once(lab: Lab) -> None:
    code = lab.service.issue_code()
    assert await lab.paste(code)
    with pytest.raises(AccountCodeUsed):
        await lab.paste(code)


async def test_china_is_where_everybody_is_by_default(lab: Lab) -> None:
    assert await sign_in_with_mi(lab.session, lab.service.issue_code(), vendor=lab.vendor)
