"""What the tests in Home Assistant share."""

from collections.abc import Generator

import pytest

from tests.lab import bluetooth_scanner, hass_config_dir, radio

from .texts import TextWatch, watch_texts

__all__ = ["bluetooth_scanner", "hass_config_dir", "radio"]


@pytest.fixture(autouse=True)
def find_our_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components."""


@pytest.fixture(autouse=True)
def texts(monkeypatch: pytest.MonkeyPatch) -> Generator[TextWatch]:
    """Fail a test in which something was said to a person without a text."""
    watch = watch_texts(monkeypatch)
    yield watch
    assert not watch.missing
