"""The lab's fixtures for the tests of the emulator."""

from tests.lab import (
    adapter,
    add_scanner,
    bluetooth_scanner,
    hass_config_dir,
    radio,
    radio_client,
)

from .gadget import gadget

__all__ = [
    "adapter",
    "add_scanner",
    "bluetooth_scanner",
    "gadget",
    "hass_config_dir",
    "radio",
    "radio_client",
]
