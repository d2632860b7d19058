"""Restarting and resetting the band."""

REBOOT = bytes.fromhex("05")
REBOOT_REPLY = bytes.fromhex("100501")
"""Of the firmware service: protocol-control.md section 20.2."""

FACTORY_RESET = bytes.fromhex("060b0001")
FACTORY_RESET_REPLY = bytes.fromhex("10060b0001")
"""Of the configuration: protocol-control.md section 20.1."""
