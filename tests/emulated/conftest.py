"""The lab's fixtures for the tests of the emulator."""

from tests.lab import (
    adapter,
    add_proxy,
    add_scanner,
    bluetooth_scanner,
    esphome_hass,
    hass_config_dir,
    loopback,
    radio,
    radio_client,
)

from .gadget import gadget

__all__ = [
    "adapter",
    "add_proxy",
    "add_scanner",
    "bluetooth_scanner",
    "esphome_hass",
    "gadget",
    "hass_config_dir",
    "loopback",
    "radio",
    "radio_client",
]
