"""What these tests share."""

from collections.abc import AsyncGenerator, Generator
import logging

from bleak_retry_connector import BleakClientWithServiceCache
import pytest

from tests.emulator.central import Adapter
from tests.emulator.radio import Radio
from tests.lab import adapter, hass_config_dir, loopback, radio, radio_client
from tests.link.lab import Lab

from .life import lived_long_ago

__all__ = ["adapter", "hass_config_dir", "loopback", "radio", "radio_client"]


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """Do not write down every packet of the radio and every query: it takes most of the time."""
    loggers = [logging.getLogger(name) for name in ("bumble", "sqlalchemy.engine")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(autouse=True)
def find_our_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant, where there is one, load what is in custom_components."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Make the recorder, where there is one, ready before Home Assistant is."""


@pytest.fixture(autouse=True)
def long_ago() -> Generator[None]:
    """Ask the bands for the life of `life`."""
    with lived_long_ago():
        yield


@pytest.fixture
async def lab(
    radio: Radio, adapter: Adapter, radio_client: type[BleakClientWithServiceCache]
) -> AsyncGenerator[Lab]:
    """Provide the lab; what its bands object to fails the test."""
    lab = Lab(radio, adapter, radio_client)
    yield lab
    await lab.close()
    assert [violation for band in lab.bands for violation in band.violations] == []
