"""The firmware service: how new firmware, resources, fonts and watch faces come into the band.

On control: INIT `01`, type, u32 size, u32 CRC-32; START `03 01`; SYNC `00`, which is not answered;
FINISH `04`; REBOOT `05`. Answers are `10`, the command and a status. The file goes to the data
characteristic in its order, without a head. Whatever ends a transfer too early, the link first of
all, throws away what has come; what runs in the band stays until it is told to reboot.

Source: protocol-data.md, 9.2 to 9.6 and the emulated band of 9.4; protocol-control.md, 20.2.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto, unique
from itertools import repeat
import re
import struct
from typing import NamedTuple, override
import zlib

from ..screen import Content, Kind
from .body import AttError, Body, Capability, Json, Refused, Unanswered
from .device_info import Identity

_SYNC, _INIT, _START, _FINISH, _REBOOT = 0x00, 0x01, 0x03, 0x04, 0x05
_OK, _BUSY, _FAILED, _REFUSED, _LOW_BATTERY, _NO_SPACE = 0x01, 0x02, 0x04, 0x09, 0x22, 0x47
# The vendor's app writes it, and nobody knows why; a recorded band refuses (protocol-control 4.1).
_PROBE = b"\x01\xff"
_CLAUSE = "protocol-data 9.2, 9.4"
_LENGTHS = {_SYNC: 1, _INIT: 10, _START: 2, _FINISH: 1, _REBOOT: 1}
_TYPES = {0x00: "firmware", 0x01: "font", 0x02: "resources", 0x82: "resources", 0x08: "watchface"}
# No file of the model comes near; the flash is said to take less than a quarter of this.
_LARGEST = 16 * 1024 * 1024
# The band's own opinion; clients ask for more.
_BATTERY = 10
# In the band's seconds: how long it waits for a SYNC after the last byte, how long the link stays
# up after a reboot was told, and how long it writes a new firmware where that is.
_PATIENCE = 1.0
_FAREWELL = 0.5
_FLASHING = 12.0
_KEPT = 50


@unique
class _State(Enum):
    IDLE = auto()
    ACCEPTED = auto()
    RECEIVING = auto()
    RECEIVED = auto()
    VERIFIED = auto()
    FAILED = auto()
    """Something was begun and did not come to its end; a reboot now is the end of the band."""


@unique
class Running(StrEnum):
    """What the band runs."""

    OLD = "old"
    NEW = "new"
    BROKEN = "broken"
    """It was told to reboot in the middle of a firmware, and does not come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTrouble:
    """What goes wrong in one transfer, from its INIT on; packets of data count from 0.

    Attributes:
        init: Status of the reply to INIT instead of 01.
        received: Status of the reply when all bytes are in.
        verified: Status of the reply to FINISH.
        rebooting: Status of the reply to REBOOT, which then is not done.
        silent_init: No reply to INIT; likewise the next three.
        silent_received: No reply when all bytes are in.
        silent_verified: No reply to FINISH.
        silent_reboot: No reply to REBOOT, but it is done.
        garbled: The command whose reply has every bit turned around.
        says: What that reply is instead of turned around.
        refuse: Answer this command with an ATT error, and do not do it.
        refuse_sync: Likewise, this SYNC, counted from 0.
        unanswered: Do not answer the write of this command at all, and do not do it.
        lost: Packets of data that never arrive.
        spoiled: Packets of data that arrive with a bit turned around.
        doubled: Packets of data that arrive twice.
        cut_after: Cut the link after so many packets of data.
        cut_at: Cut the link when this command comes, before it is done.
        cut_reply: Cut the link when this command is done, before its reply.
        breaks_off: After so many packets of data it says such a status, and is done with it.
        battery_after: Let the battery be empty after so many packets of data.
        stays_old: The band comes back with what it was running before.
        stays_away: It does not come back by itself; switched on, it is new.
    """

    init: int | None = None
    received: int | None = None
    verified: int | None = None
    rebooting: int | None = None
    silent_init: bool = False
    silent_received: bool = False
    silent_verified: bool = False
    silent_reboot: bool = False
    garbled: int | None = None
    says: bytes | None = None
    refuse: int | None = None
    refuse_sync: int | None = None
    unanswered: int | None = None
    lost: tuple[int, ...] = ()
    spoiled: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    cut_after: int | None = None
    cut_at: int | None = None
    cut_reply: int | None = None
    breaks_off: tuple[int, ...] = ()
    battery_after: int | None = None
    stays_old: bool = False
    stays_away: bool = False


_PLAIN = UploadTrouble()


@dataclass(slots=True)
class _Upload:
    """A file on its way."""

    kind: int
    size: int
    checksum: int
    content: bytearray
    trouble: UploadTrouble
    packets: int = 0
    unsynced: int = 0
    """Packets since the last SYNC."""
    longest: int = 0
    """Most packets without a SYNC between them."""
    syncs: int = 0


class Reboot(NamedTuple):
    """How the band starts again."""

    linger_s: float
    """For how long the link stays, in the band's seconds; how long it is away, likewise."""
    away_s: float
    returns: bool


@dataclass(slots=True)
class Machinery:
    """What the firmware can do to the band around it."""

    identity: Identity
    """What it says about itself; a new firmware changes it."""
    battery: Callable[[], int]
    """The level in percent."""
    drain: Callable[[], None]
    """Let the battery be as good as empty."""
    busy: Callable[[], bool]
    """Whether records are being sent or a workout is running."""
    forget: Callable[[], None]
    """Lose what the wearer and clients have set."""
    reboot: Callable[[Reboot], None]
    hang_up: Callable[[], None]


class Firmware(Capability):
    """The control point and the data of the firmware service."""

    def __init__(self, body: Body, machinery: Machinery) -> None:
        super().__init__(body)
        self._machinery = machinery
        self._state = _State.IDLE
        self._upload: _Upload | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._troubles: deque[UploadTrouble] = deque()
        self._reboots = 0
        self._installed: list[Json] = []
        self._inits: list[Json] = []
        self._next: Identity | None = None
        self.running = Running.OLD
        self.long_init = False
        """Whether INIT is answered with eight bytes more, which nobody reads."""
        self.forgets_settings = False
        """Whether a new firmware begins with the settings of a new band."""
        self.moves_services = False
        """Whether a new firmware has another GATT table."""
        self.asks_for_resources = False
        """Whether a new firmware asks for its resources on the screen until they come."""
        self.holds: dict[str, Json] = {"resources": None, "font": None, "watchface": None}

    @property
    @override
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        return {"1531": self._write, "1532": self._data}

    @property
    def services_moved(self) -> bool:
        """Whether what runs has another GATT table than the band came with."""
        return self.moves_services and self.running is Running.NEW

    @property
    def busy(self) -> bool:
        """Whether a file is on its way."""
        return self._state in {_State.ACCEPTED, _State.RECEIVING, _State.RECEIVED}

    @property
    def face(self) -> str | None:
        """The custom watch face, by six digits of its checksum."""
        held = self.holds["watchface"]
        return str(held["checksum"])[:6] if isinstance(held, dict) else None

    def erase(self) -> None:
        """Have nothing custom, as after a factory reset; the firmware stays."""
        self.holds = dict.fromkeys(self.holds)

    def expect(self, trouble: UploadTrouble, times: int) -> None:
        """Have trouble in so many of the next transfers."""
        self._troubles.extend(repeat(trouble, times))

    def forgive(self) -> None:
        """Have no more trouble than in the transfer of the moment."""
        self._troubles.clear()

    # Control

    def _wrong(self, what: str, value: bytes = b"") -> Refused:
        return self.body.wrong("1531", what, _CLAUSE, value)

    def _trouble(self) -> UploadTrouble:
        return _PLAIN if self._upload is None else self._upload.trouble

    def _reply(self, opcode: int, status: int, rest: bytes = b"") -> None:
        # A client that only wants a reboot may not care for the answer (protocol-control 20.2).
        if opcode != _REBOOT and not self.body.subscribed("1531"):
            self._wrong("nobody hears the reply: CCCD is off")
        value = bytes((0x10, opcode, status)) + rest
        trouble = self._trouble()
        if trouble.cut_reply == opcode:
            self._machinery.hang_up()
            return
        if trouble.garbled == opcode:
            value = bytes(byte ^ 0xFF for byte in value) if trouble.says is None else trouble.says
        self.body.notify("1531", value)

    def _write(self, value: bytes) -> None:
        opcode = value[0] if value else 0xFF
        if value == _PROBE:
            self._reply(_INIT, _REFUSED)
            return
        if len(value) != _LENGTHS.get(opcode):
            self._wrong("unknown command", value)
            self._reply(opcode, _FAILED)
            return
        if opcode == _INIT:
            self._init(value)
            return
        if self._stumbles(self._trouble(), opcode):
            return
        match opcode:
            case 0x00:
                self._sync()
            case 0x03:
                self._start(value)
            case 0x04:
                self._finish()
            case _:
                self._tell_reboot()

    def _stumbles(self, trouble: UploadTrouble, opcode: int) -> bool:
        """Say whether a command is not done because the link is cut at it.

        Raises:
            Refused: It is answered with an error instead.
            Unanswered: It is not answered at all.
        """
        if trouble.cut_at == opcode:
            self._machinery.hang_up()
            return True
        if opcode in {trouble.refuse, trouble.unanswered} and self.busy:
            self._state = _State.FAILED
        if trouble.refuse == opcode:
            raise Refused(AttError.VALUE_NOT_ALLOWED)
        if trouble.unanswered == opcode:
            raise Unanswered
        return False

    def _init(self, value: bytes) -> None:
        _, kind, size, checksum = struct.unpack("<BBII", value)
        # To begin again is what a client does after a failure (9.5), be it that the answer to its
        # FINISH was lost. Other files come after the restart (9.9).
        if self._state is _State.VERIFIED and self._next is not None and kind != 0x00:
            self._wrong("INIT of another file while a firmware waits for its reboot", value)
        self._drop()
        trouble = self._troubles.popleft() if self._troubles else _PLAIN
        self._inits.append({"type": kind, "size": size, "checksum": f"{checksum:08x}"})
        del self._inits[:-_KEPT]
        if self._stumbles(trouble, _INIT):
            return
        status = self._judge(kind, size) if trouble.init is None else trouble.init
        self._upload = _Upload(kind, size, checksum, bytearray(), trouble)
        if status == _OK:
            self._state = _State.ACCEPTED
            self._show()
        if not trouble.silent_init:
            tail = bytes.fromhex("0000000000000000") if self.long_init and status == _OK else b""
            self._reply(_INIT, status, tail)
        if status != _OK:
            self._upload = None

    def _judge(self, kind: int, size: int) -> int:
        if kind not in _TYPES or size == 0:
            return _FAILED
        if self._machinery.busy():
            return _BUSY
        if self._machinery.battery() < _BATTERY and not self.body.posture.charging:
            return _LOW_BATTERY
        return _NO_SPACE if size > _LARGEST else _OK

    def _start(self, value: bytes) -> None:
        if self._state is not _State.ACCEPTED or value[1] != 1:
            self._wrong("START without an accepted INIT, or not 03 01", value)
            self._fail(_START, _BUSY)
            return
        self._state = _State.RECEIVING

    def _sync(self) -> None:
        upload = self._upload
        if upload is None or self._state not in {_State.RECEIVING, _State.RECEIVED}:
            if self._state is not _State.FAILED:
                self._wrong("SYNC without a transfer", b"\x00")
            return
        number, upload.syncs = upload.syncs, upload.syncs + 1
        if upload.trouble.refuse_sync == number:
            self._state = _State.FAILED
            raise Refused(AttError.VALUE_NOT_ALLOWED)
        upload.unsynced = 0
        if len(upload.content) == upload.size:
            self._received(upload)

    def _finish(self) -> None:
        upload = self._upload
        if upload is None or self._state is not _State.RECEIVED:
            self._wrong("FINISH before all bytes are in", b"\x04")
            self._fail(_FINISH, _BUSY)
            return
        status = upload.trouble.verified
        if status is None:
            right = zlib.crc32(upload.content) == upload.checksum
            status = _OK if right and _is_of(upload.kind, bytes(upload.content)) else _FAILED
        if status == _OK:
            self._state = _State.VERIFIED
            self._install(upload)
        else:
            self._state = _State.FAILED
        self.body.screen.clear(Kind.UPDATE)
        if not upload.trouble.silent_verified:
            self._reply(_FINISH, status)

    def _fail(self, opcode: int, status: int) -> None:
        if self.busy:
            self._state = _State.FAILED
            self.body.screen.clear(Kind.UPDATE)
        self._reply(opcode, status)

    # Data

    def _data(self, value: bytes) -> None:
        upload = self._upload
        if self._state is _State.FAILED:
            # It was on its way before the client could know.
            return
        if upload is None or self._state is not _State.RECEIVING:
            raise self.body.wrong(
                "1532", "data without a transfer that was started", _CLAUSE, value[:20]
            )
        number, upload.packets = upload.packets, upload.packets + 1
        upload.unsynced += 1
        upload.longest = max(upload.longest, upload.unsynced)
        if number not in upload.trouble.lost:
            flawed = number in upload.trouble.spoiled
            upload.content += bytes((value[0] ^ 0x01,)) + value[1:] if flawed else value
        if number in upload.trouble.doubled:
            upload.content += value
        if number % 100 == 0:
            self._show()
        self._taken(upload)

    def _taken(self, upload: _Upload) -> None:
        """See what a packet has led to."""
        trouble = upload.trouble
        if len(upload.content) > upload.size:
            if not trouble.doubled:
                self.body.wrong("1532", "more bytes than announced", _CLAUSE)
            self._fail(_START, _FAILED)
        elif upload.packets == trouble.cut_after:
            self._machinery.hang_up()
        elif upload.packets == trouble.battery_after:
            self._machinery.drain()
            self._fail(_START, _LOW_BATTERY)
        elif trouble.breaks_off[:1] == (upload.packets,):
            self._fail(_START, trouble.breaks_off[1])
        elif len(upload.content) == upload.size:
            self._waiting = self.body.tasks.later(
                _PATIENCE * self.body.tick_s, lambda: self._received(upload)
            )

    def _received(self, upload: _Upload) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._upload is not upload or self._state is not _State.RECEIVING:
            return
        status = _OK if upload.trouble.received is None else upload.trouble.received
        self._state = _State.RECEIVED if status == _OK else _State.FAILED
        self._show()
        if not upload.trouble.silent_received:
            self._reply(_START, status)

    def _show(self) -> None:
        upload = self._upload
        if upload is None:
            return
        percent = 100 * len(upload.content) // upload.size
        self.body.screen.show(
            Kind.UPDATE, Content(title="Updating", body=f"{percent} %", label=_TYPES[upload.kind])
        )
        self.body.changed()

    # What comes of it

    def _install(self, upload: _Upload) -> None:
        content = bytes(upload.content)
        what: dict[str, Json] = {
            "kind": _TYPES[upload.kind],
            "size": upload.size,
            "checksum": f"{upload.checksum:08x}",
            "version": version_of(upload.kind, content),
            "packets": upload.packets,
            "syncs": upload.syncs,
            "longest_without_sync": upload.longest,
        }
        if upload.kind == 0x00:
            self._next = replace(
                self._machinery.identity, software=f"V{version_of(0x00, content) or '?'}"
            )
        else:
            self.holds[_TYPES[upload.kind]] = what
        if _TYPES[upload.kind] == "resources":
            self.body.screen.clear(Kind.RESOURCES)
        self._installed.append(what)
        del self._installed[:-_KEPT]

    def _tell_reboot(self) -> None:
        trouble, new = self._trouble(), self._next
        if self._state in {_State.ACCEPTED, _State.RECEIVING, _State.RECEIVED, _State.FAILED}:
            # Never to be told so (9.5): what lies in the flash is neither the old nor the new.
            self._wrong("REBOOT in the middle of a transfer", b"\x05")
            if self._upload is not None and self._upload.kind == 0x00:
                self.running = Running.BROKEN
        elif self._state is _State.VERIFIED and new is None:
            self._wrong("REBOOT for what needs none", b"\x05")
        if trouble.rebooting is not None:
            self._reply(_REBOOT, trouble.rebooting)
            return
        self._reboots += 1
        if not trouble.silent_reboot:
            self._reply(_REBOOT, _OK)
        if new is not None and not trouble.stays_old:
            self._become(new)
        self._next = None
        self._drop()
        self._machinery.reboot(
            Reboot(
                _FAREWELL,
                _FLASHING if new is not None else 1.0,
                returns=self.running is not Running.BROKEN and not trouble.stays_away,
            )
        )

    def _become(self, new: Identity) -> None:
        self._machinery.identity = new
        self.running = Running.NEW
        if self.forgets_settings:
            self._machinery.forget()
        if self.asks_for_resources:
            self.body.screen.show(Kind.RESOURCES, Content(title="Resources", body="Update them"))

    def _drop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._state, self._upload, self._next = _State.IDLE, None, None
        self.body.screen.clear(Kind.UPDATE)

    @override
    def disconnected(self) -> None:
        self._drop()

    @override
    def state(self) -> dict[str, Json]:
        upload = self._upload
        return {
            "reboots": self._reboots,
            "firmware": {
                "running": self.running.value,
                "step": self._state.name.lower(),
                "received": 0 if upload is None else len(upload.content),
                "inits": list(self._inits),
                "installed": list(self._installed),
                "holds": dict(self.holds),
            },
        }


# What is in a file

_FIRMWARE = bytes.fromhex("31000000000000000000 9ce37d5c0004")
_MODEL = b"Mi Smart Band 4\x00"
_VERSION = b"V%d.%d.%d.%d\x00\x00\x00\x00"


def _is_of(kind: int, content: bytes) -> bool:
    """Whether a file is what it was announced as, and for this model."""
    match kind:
        case 0x00:
            return content[16:32] == _FIRMWARE and _aligned(content, _MODEL) is not None
        case 0x01:
            return content[:4] == b"NEZK" and content[10:11] in {b"\x03", b"\x06"}
        case 0x02:
            return content[:5] == b"HMRES"
        case 0x82:
            return content[9:14] in {b"HMRES", b"NERES"} or content[13:18] == b"NERES"
        case _:
            return content[:6] == b"HMDIAL"


def _aligned(content: bytes, what: bytes) -> int | None:
    """Find something at an offset that four divides."""
    return next(
        (
            found.start()
            for found in re.finditer(re.escape(what), content)
            if found.start() % 4 == 0
        ),
        None,
    )


def version_of(kind: int, content: bytes) -> str | None:
    """Read the version that a file bears; None when it bears none."""
    match kind:
        case 0x00:
            place = _aligned(content, _VERSION)
            if place is None:
                return None
            start = place + len(_VERSION)
            return content[start : start + 8].split(b"\x00")[0].decode("ascii", "replace")
        case 0x01:
            return str(content[4])
        case 0x02:
            return str(content[5])
        case 0x82:
            return str(content[14] if content[11:14] == b"RES" else content[18])
        case _:
            return None
