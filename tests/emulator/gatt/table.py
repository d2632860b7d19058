"""The GATT table of a Mi Smart Band 4, in the order of a real one.

Handles follow from the order. Two public listings of real bands (janvda/miband4, and
yukishioriii/miband4_macos of firmware 1.0.9.70) agree in every handle, and so does this table: a
client should find its way by UUID, but satcar77/miband4 knows an event by its handle, 74. The
second listing was made without a key; what could not be read there wants it here. An access of
`KEY` means that the band answers only after authentication; where nobody has established it, the
band is open.

Source: protocol-control.md, section 3 with its notes; 21.3 for what is open before authentication;
protocol-data.md, 0.4 for the handles.
"""

from dataclasses import dataclass
from enum import Enum, unique

from bumble.gatt import Characteristic

HUAMI = "0000{}-0000-3512-2118-0009af100700"
# On the air an assigned number is two bytes, not the sixteen it stands for: who looks for a service
# by its UUID compares bytes.
SIG = "{}"

USER_DESCRIPTION = SIG.format("2901")
CLIENT_CONFIGURATION = SIG.format("2902")
_LONG = b"Long Value"

_LETTERS = {
    "R": Characteristic.Properties.READ,
    "W": Characteristic.Properties.WRITE,
    "C": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "N": Characteristic.Properties.NOTIFY,
}


@unique
class Access(Enum):
    """What the band wants to know before it answers."""

    OPEN = "open"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One characteristic.

    Attributes:
        name: Short name as the documents use it: `0007`, `2A2B`.
        letters: R read, W write request, C write command, N notify.
        read: Who may read the value.
        write: Who may write the value.
        value: What it reads when no capability has another answer.
        description: User description (2901), None where the band has none.
        configurable: Whether it has a client configuration (2902).
        guarded: Whether only the key opens the client configuration for a reader.
    """

    name: str
    uuid: str
    letters: str
    read: Access
    write: Access
    value: bytes
    description: bytes | None
    configurable: bool
    guarded: bool = False

    @property
    def properties(self) -> Characteristic.Properties:
        """The property bits of the declaration."""
        properties = Characteristic.Properties(0)
        for letter in self.letters:
            properties |= _LETTERS[letter]
        return properties


@dataclass(frozen=True, slots=True)
class Service:
    """A primary service with its characteristics in order."""

    uuid: str
    rows: tuple[Row, ...]


def _row(
    name: str,
    letters: str,
    *,
    pattern: str = SIG,
    key: str = "",
    value: bytes = b"",
    description: bytes | None = None,
) -> Row:
    """Build a row; `key` names the letters that want the key, N for a reader of configuration."""
    return Row(
        name=name,
        uuid=pattern.format(name.rpartition("/")[2].lower()),
        letters=letters,
        read=Access.KEY if "R" in key else Access.OPEN,
        write=Access.KEY if "W" in key else Access.OPEN,
        value=value,
        description=description,
        configurable="N" in letters,
        guarded="N" in key,
    )


TABLE: tuple[Service, ...] = (
    Service(
        SIG.format("1800"),
        (
            _row("2A00", "R", value=b"Mi Smart Band 4"),
            _row("2A01", "R", value=bytes(2)),
            # 7.5 ms to 1 s, latency 0, supervision time-out 5 s.
            _row("1800/2A04", "R", value=bytes.fromhex("060020030000f401")),
        ),
    ),
    Service(SIG.format("1801"), ()),
    Service(
        SIG.format("180a"),
        (
            _row("2A25", "R"),
            _row("2A27", "R"),
            _row("2A28", "R"),
            _row("2A23", "R"),
            _row("2A50", "R"),
        ),
    ),
    Service(
        HUAMI.format("1530"),
        (
            _row("1531", "WN", pattern=HUAMI, key="W"),
            _row("1532", "C", pattern=HUAMI, key="W"),
        ),
    ),
    Service(
        SIG.format("1811"),
        (
            _row("2A46", "RW", value=b"\x05", description=_LONG),
            _row("2A44", "RWN", value=b"\x00"),
        ),
    ),
    Service(SIG.format("1802"), (_row("2A06", "C"),)),
    Service(
        SIG.format("180d"),
        (_row("2A37", "N", key="N"), _row("2A39", "RW", key="RW", value=b"\x00")),
    ),
    Service(
        SIG.format("fee0"),
        (
            _row("2A2B", "RWN", key="W"),
            _row("0001", "CN", pattern=HUAMI, key="W"),
            _row("0002", "N", pattern=HUAMI),
            _row("0003", "CN", pattern=HUAMI, key="W"),
            # 48.75 ms, latency 0, supervision time-out 5 s.
            _row("2A04", "RCN", value=bytes.fromhex("270027000000f401")),
            _row("0004", "CN", pattern=HUAMI, key="W"),
            _row("0005", "N", pattern=HUAMI),
            _row("0006", "RN", pattern=HUAMI),
            _row("0007", "RN", pattern=HUAMI, key="R"),
            _row("0008", "WN", pattern=HUAMI, key="W"),
            _row("0010", "N", pattern=HUAMI),
            # Whether a message wants the key depends on its type; the chunked receiver asks.
            _row("0020", "RCN", pattern=HUAMI, value=b"\x04"),
            _row("000e", "W", pattern=HUAMI, description=_LONG),
            _row("000f", "CN", pattern=HUAMI, key="W"),
            _row("0011", "RCN", pattern=HUAMI, key="R"),
            _row("0012", "RCN", pattern=HUAMI, value=b"\x0d"),
            _row("0013", "RWN", pattern=HUAMI),
        ),
    ),
    Service(
        SIG.format("fee1"),
        (
            _row("0009", "RCN", pattern=HUAMI, value=b"\x01\x00\x00\x00"),
            _row("fedd", "W"),
            _row("fede", "R"),
            _row("fedf", "R", value=b"\x01"),
            _row("fed0", "RW"),
            _row("fed1", "RW"),
            _row("fed2", "R"),
            _row("fed3", "RW"),
            _row("fec1", "RWN", pattern=HUAMI),
        ),
    ),
    Service(SIG.format("3802"), (_row("4a02", "RWN", key="R"),)),
)

MOVED: tuple[Service, ...] = (
    *TABLE[:3],
    # What a later firmware could bring is made up: no document has seen one do it.
    Service(HUAMI.format("15f0"), (_row("15f1", "R", pattern=HUAMI), _row("15f2", "R"))),
    *TABLE[3:],
)
"""The same with a service in front of most others, so that their handles are not the same."""

ROWS: dict[str, Row] = {row.name: row for service in TABLE for row in service.rows}
