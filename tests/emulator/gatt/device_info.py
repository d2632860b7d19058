"""Device Information: who the band is, readable by anybody.

Source: protocol-control.md, 6.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import override

from .body import Body, Capability, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What is printed into a band."""

    serial: str = "7ac8d2a4d03c"
    """12 hex digits."""
    hardware: str = "V0.25.18.5"
    software: str = "V1.0.9.66"
    product_version: int = 0x0101
    """0x0100 is the variant with NFC."""


def system_id(address: str) -> bytes:
    """Encode the address in display order with `ff fe` in its middle."""
    octets = bytes.fromhex(address.replace(":", ""))
    return octets[:3] + b"\xff\xfe" + octets[3:]


class DeviceInfo(Capability):
    """Name, serial number, revisions, System ID and PnP ID."""

    def __init__(
        self, body: Body, identity: Callable[[], Identity], *, name: str, address: Callable[[], str]
    ) -> None:
        super().__init__(body)
        self._name = name
        self._identity = identity
        self._address = address

    @property
    @override
    def reads(self) -> Mapping[str, Callable[[], bytes]]:
        return {
            "2A00": self._name.encode,
            "2A25": lambda: _text(self._identity().serial),
            "2A27": lambda: _text(self._identity().hardware),
            "2A28": lambda: _text(self._identity().software),
            "2A23": lambda: system_id(self._address()),
            # Vendor 0x0157 (Huami), product 0x0024.
            "2A50": lambda: (
                bytes.fromhex("0157012400") + self._identity().product_version.to_bytes(2, "little")
            ),
        }

    @override
    def state(self) -> dict[str, Json]:
        identity = self._identity()
        return {
            "device": {
                "serial": identity.serial,
                "hardware": identity.hardware,
                "software": identity.software,
            }
        }


def _text(text: str) -> bytes:
    return text.encode()
