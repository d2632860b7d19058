"""What can go wrong with a band, as types.

Four classes carry four decisions for the caller: a `LinkError` may be tried again later, an
`AuthenticationError` needs the person, a `CommandRefused` is told to whoever asked, and a
`MalformedPacket` is a bug to report. `code` is the word for it everywhere: in the log, in the
form and as the key of the translated text.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, override

from .uuids import Characteristic


class BandError(Exception):
    """Anything the band or the way to it refuses; never raised itself."""

    code: ClassVar[str] = "unknown"

    @property
    def details(self) -> Mapping[str, str]:
        """What the text about it may tell, by the names of its placeholders."""
        return {}


class LinkError(BandError):
    """The band cannot be reached now; the same call may work later."""

    code: ClassVar[str] = "cannot_connect"


class BandNotFound(LinkError):
    """No adapter and no proxy hears the band."""

    code: ClassVar[str] = "band_not_found"


class NoConnectionSlot(LinkError):
    """Every adapter or proxy that hears the band has its connection slots taken."""

    code: ClassVar[str] = "no_slot"


class LinkLost(LinkError):
    """The link broke, or the band did not answer in time."""


class BandBusy(LinkError):
    """The band is still at an earlier transfer; on a new link it is not."""

    code: ClassVar[str] = "band_busy"


class BandSilent(BandBusy):
    """The band does not answer when it is asked for records; on a new link it may."""

    code: ClassVar[str] = "cannot_connect"


class StillBusy(LinkError):
    """The band is busy or silent, and new links have not changed that."""

    code: ClassVar[str] = "fetch_refused"


class RecordsLost(LinkError):
    """The records came with holes each time, and what stands before them is of no use."""

    code: ClassVar[str] = "records_lost"


class AuthenticationError(BandError):
    """The band does not let us in; only the person can change that."""

    code: ClassVar[str] = "wrong_key"


class KeyRejected(AuthenticationError):
    """The band holds another key.

    Attributes:
        status: the band's answer, one byte; 0x04, 0x07 and 0x08 were seen in the wild.
    """

    SEEN: ClassVar = frozenset({0x04, 0x07, 0x08})

    def __init__(self, status: int) -> None:
        super().__init__(f"the band refused the key with status 0x{status:02x}")
        self.status = status

    @property
    def is_certain(self) -> bool:
        """Whether another key was ever told like this; else something else may be the matter."""
        return self.status in self.SEEN


class ConfirmationTimeout(AuthenticationError):
    """Nobody tapped the band in time."""

    code: ClassVar[str] = "confirm_timeout"


class ConfirmationRefused(AuthenticationError):
    """The wearer or the band said no to the pairing."""

    code: ClassVar[str] = "confirm_refused"


class SignatureRequired(AuthenticationError):
    """The band takes a key only with the vendor's signature."""

    code: ClassVar[str] = "vendor_signature_needed"


class CommandRefused(BandError):
    """The band answered no.

    Attributes:
        command: what was asked, in words.
        status: the band's answer, one byte; anything but 0x01.
    """

    code: ClassVar[str] = "command_refused"

    def __init__(self, command: str, status: int) -> None:
        super().__init__(f"the band refused {command} with status 0x{status:02x}")
        self.command = command
        self.status = status

    @property
    @override
    def details(self) -> Mapping[str, str]:
        return {"status": f"0x{self.status:02x}"}


class LowBattery(CommandRefused):
    """Refused before asking: the battery is below what the act needs, and does not charge.

    Attributes:
        level_percent: what the battery has.
        needed_percent: what the act needs.
    """

    code: ClassVar[str] = "low_battery"

    def __init__(self, level_percent: int, needed_percent: int) -> None:
        super().__init__("an act that needs more battery", 0)
        self.level_percent = level_percent
        self.needed_percent = needed_percent

    @property
    @override
    def details(self) -> Mapping[str, str]:
        return {"level": str(self.level_percent), "needed": str(self.needed_percent)}

    @override
    def __str__(self) -> str:
        return f"the battery is at {self.level_percent} %, {self.needed_percent} % is needed"


class LowBatteryCharging(LowBattery):
    """The battery is too low still, but charges: waiting is enough."""

    code: ClassVar[str] = "low_battery_charging"


class WorkoutRunning(CommandRefused):
    """Refused before asking: a band takes no file during a workout."""

    code: ClassVar[str] = "workout_running"

    def __init__(self) -> None:
        super().__init__("a file during a workout", 0)

    @override
    def __str__(self) -> str:
        return "a workout is running"


class FetchRefused(CommandRefused):
    """The band gives out none of the records that were asked for, or broke off on its own."""

    code: ClassVar[str] = "fetch_refused"


class NotSupported(BandError):
    """What answered is no Mi Smart Band 4, or speaks a protocol of later bands.

    Attributes:
        firmware_version: of one with a later protocol; empty where it tells none.
    """

    code: ClassVar[str] = "not_supported"

    def __init__(self, words: str, firmware_version: str = "") -> None:
        super().__init__(words)
        self.firmware_version = firmware_version


class MalformedPacket(BandError):
    """Bytes that break the documented layout.

    The bytes stay an attribute and out of the text, for they may be health values.

    Attributes:
        characteristic: where they came from.
        packet: the bytes.
    """

    code: ClassVar[str] = "malformed_packet"

    def __init__(self, characteristic: Characteristic, packet: bytes) -> None:
        super().__init__(f"{len(packet)} bytes of {characteristic.name} break the layout")
        self.characteristic = characteristic
        self.packet = packet


class FileRefused(BandError):
    """A file is nothing that a band takes; refused before any of it is sent."""

    code: ClassVar[str] = "file_refused"


class FileEmpty(FileRefused):
    """There is nothing in the file."""

    code: ClassVar[str] = "file_empty"


class FileTooLarge(FileRefused):
    """The file is larger than anything that a band takes.

    Attributes:
        size: of the file, in bytes.
        largest: that is taken.
    """

    code: ClassVar[str] = "file_too_large"

    def __init__(self, size: int, largest: int) -> None:
        super().__init__(f"{size} bytes, and {largest} at most are expected")
        self.size = size
        self.largest = largest


class FileTruncated(FileRefused):
    """The file ends before what it says is in it, or was damaged."""

    code: ClassVar[str] = "file_truncated"


class FileOfAnotherModel(FileRefused):
    """The file is for another band or watch."""

    code: ClassVar[str] = "file_of_another_model"


class UploadRefused(CommandRefused):
    """The band did not take a file; it goes on with what it had."""

    code: ClassVar[str] = "upload_refused"


class UploadBusy(UploadRefused):
    """The band is at something else, such as a workout."""

    code: ClassVar[str] = "upload_busy"


class UploadBatteryLow(UploadRefused):
    """The band thinks its own battery too low, before a file or on its way."""

    code: ClassVar[str] = "upload_battery_low"


class UploadNoSpace(UploadRefused):
    """The band has no room for a file."""

    code: ClassVar[str] = "upload_no_space"


class UploadNotVerified(UploadRefused):
    """The band has all of a file, and says that it is not right."""

    code: ClassVar[str] = "upload_not_verified"


class UploadInterrupted(LinkError):
    """The link broke in the middle of a file; the band goes on with what it had."""

    code: ClassVar[str] = "upload_interrupted"


REFUSALS: Final = (CommandRefused, NotSupported)
"""How a band on a link that stands shows that it does not do something: it says no, or lacks what
that needs. Who asked for it is told, and all else goes on."""
UNAVAILABLE: Final = (*REFUSALS, MalformedPacket)
"""How it shows that something cannot be had from it: what comes may have another layout, too."""
