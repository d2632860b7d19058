"""What the tests of the account client share."""

from collections.abc import AsyncGenerator
from datetime import timedelta
import logging

import aiohttp
import pytest
import pytest_socket

from custom_components.mi_band.account_constants import Vendor
from tests.emulator.vendor import EmulatedVendor

from .lab import Lab, leaks


@pytest.fixture
def loopback() -> None:
    """Allow this test sockets, within the machine."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture
async def service(loopback: None) -> AsyncGenerator[EmulatedVendor]:
    """Provide the vendor's service; what no document allows fails the test."""
    async with EmulatedVendor() as service:
        yield service
        assert not service.violations


@pytest.fixture
async def lab(service: EmulatedVendor, caplog: pytest.LogCaptureFixture) -> AsyncGenerator[Lab]:
    """Provide the client's side of the service.

    Whatever a test is about, it fails when a secret is seen in the complete debug log, in what a
    sign-in returned or in the texts of an exception and of those behind it.
    """
    caplog.set_level(logging.DEBUG)
    vendor = Vendor(base=service.base, timeout=timedelta(seconds=5))
    # The vendor's hosts are many, the fake's is one: on a connection that was used before, aiohttp
    # would ask again by itself.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        lab = Lab(session=session, service=service, vendor=vendor)
        yield lab
    assert not leaks(service, "\n".join((*lab.seen, caplog.text)))
