"""Secrets stay within the requests.

The `lab` fixture looks for them in every test of this folder: every scenario, every way in, every
cut and every odd answer. Here is shown that it would find them.
"""

import logging

import pytest

from tests.emulator.vendor import Scenario

from .lab import KEY, Lab, Way, leaks, texts_of


@pytest.mark.parametrize("way", Way)
async def test_a_sign_in_is_logged_but_not_its_secrets(
    lab: Lab, caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    await lab.sign_in(way)
    assert "The account service answered the login with 200" in caplog.text
    assert "Logged out of the account service" in caplog.text
    # Password, key, access and refresh or Mi code, login and app token.
    assert len(lab.service.secrets) >= (5 if way is Way.MI else 6)
    assert not leaks(lab.service, caplog.text)


async def test_each_secret_would_be_found(lab: Lab) -> None:
    await lab.sign_in()
    for secret in lab.service.secrets:
        assert leaks(lab.service, f"before {secret} after") == {secret}
    assert leaks(lab.service, f"password={'corr3ct+h%2Brse%26b%40ttery'}")
    assert leaks(lab.service, repr({"key": KEY}))


async def test_what_lies_behind_an_exception_would_be_seen(lab: Lab) -> None:
    lab.service.scenario = Scenario.FROZEN
    err = await lab.fail()
    err.__context__ = ValueError(lab.service.owner.password)
    assert leaks(lab.service, texts_of(err))


async def test_the_service_does_not_quote_secrets_in_its_violations(lab: Lab) -> None:
    async with lab.session.post(
        lab.service.base.format(host="account.zepp.com") + "/v2/client/login",
        data={"code": lab.service.issue_code(), "app_name": "x"},
    ) as response:
        assert response.status == 200
    assert lab.service.violations
    assert not leaks(lab.service, repr(lab.service.violations))
    lab.service.violations.clear()


async def test_nothing_but_ours_is_at_the_level_of_warnings(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.service.scenario = Scenario.LOGOUT_FAILS
    await lab.sign_in()
    assert not [found for found in caplog.records if found.levelno >= logging.WARNING]
