"""A lab for each test; what its bands object to fails the test."""

from collections.abc import AsyncGenerator, Generator
import logging

from bleak_retry_connector import BleakClientWithServiceCache
import pytest

from tests.emulator.central import Adapter
from tests.emulator.radio import Radio
from tests.lab import adapter, radio, radio_client

from .lab import Lab

__all__ = ["adapter", "radio", "radio_client"]


@pytest.fixture(scope="session", autouse=True)
def quiet_radio() -> None:
    """Do not write every packet of the radio into the report of a failure."""
    logging.getLogger("bumble").setLevel(logging.WARNING)


@pytest.fixture
async def lab(
    radio: Radio, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> AsyncGenerator[Lab]:
    """Provide the lab."""
    lab = Lab(radio, adapter, radio_client)
    yield lab
    await lab.close()


@pytest.fixture
def violations_expected() -> bool:
    """Say, by being asked for, that a test is about what a band objects to."""
    return True


@pytest.fixture(autouse=True)
def no_violations(request: pytest.FixtureRequest, lab: Lab) -> Generator[None]:
    """Fail a test in which we did what the documents do not allow."""
    yield
    if "violations_expected" not in request.fixturenames:
        assert [violation for band in lab.bands for violation in band.violations] == []
