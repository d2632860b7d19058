"""The firmware service, of which this band knows one thing: the reboot `05`.

An upload is refused honestly: `10 <op> 09`, as a band does that does not take one.

Source: protocol-control.md, 20.2 and 4.1; protocol-data.md, 9.2.
"""

from collections.abc import Callable, Mapping
from typing import override

from .body import Body, Capability, Json

_REBOOT = b"\x05"
_REFUSED = 0x09
_OPCODES = {0x00, 0x01, 0x03, 0x04, 0x05}


class Firmware(Capability):
    """The control point of the firmware service."""

    def __init__(self, body: Body, reboot: Callable[[], None]) -> None:
        super().__init__(body)
        self._reboot = reboot
        self._reboots = 0

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"1531": self._write, "1532": self._data}

    def _write(self, value: bytes) -> None:
        if value == _REBOOT:
            self._reboots += 1
            self.body.notify("1531", b"\x10\x05\x01")
            self._reboot()
            return
        opcode = value[0] if value else 0
        if opcode not in _OPCODES or opcode == _REBOOT[0]:
            self.body.wrong("1531", "unknown command", "protocol-data 9.2", value)
        self.body.notify("1531", bytes((0x10, opcode, _REFUSED)))

    def _data(self, value: bytes) -> None:
        raise self.body.wrong("1532", "data without an accepted upload", "protocol-data 9.4", value)

    @override
    def state(self) -> dict[str, Json]:
        return {"reboots": self._reboots}
