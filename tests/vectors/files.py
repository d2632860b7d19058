"""Checksums, versions and transfers of files, as the documents write them down."""

from typing import NamedTuple


class Checksums(NamedTuple):
    """Bytes and what the documents say that they add up to."""

    content: bytes
    crc_16: int
    crc_32: int


CHECKSUMS = (
    Checksums(b"123456789", 0x29B1, 0xCBF43926),
    Checksums(bytes(256), 0x41E8, 0x0D968558),
    Checksums(bytes(range(256)), 0x3FBD, 0x29058C73),
)
"""protocol-data.md section 9.7."""

INITS = {
    0x00: "01000001000073 8c0529",
    0x01: "01010001000073 8c0529",
    0x02: "01020001000073 8c0529",
    0x82: "01820001000073 8c0529",
    0x08: "01080001000073 8c0529",
}
"""INIT for the 256 bytes 00 to ff, by type: protocol-data.md section 9.4."""

FACE = b"HMDIAL\x00" + b"\xff" * 9 + bytes(range(54))
FACE_CRC_32 = 0x238F66AD
FACE_CRC_16 = 0x12F8
FACE_WRITES = (
    ("control", "01084600 0000ad66 8f23"),
    ("control", "0301"),
    ("data", "484d4449414c00ffffffffffffffffff00010203"),
    ("data", "0405060708090a0b0c0d0e0f1011121314151617"),
    ("data", "18191a1b1c1d1e1f202122232425262728292a2b"),
    ("data", "2c2d2e2f303132333435"),
    ("control", "00"),
    ("control", "04"),
)
"""The transfer of a watch face at an MTU of 23: protocol-data.md section 9.4."""

SYNCED_SIZE = 2101
SYNCED_AFTER = (101, 106)
"""After which packets of so many bytes a SYNC comes at an MTU of 23: likewise."""
