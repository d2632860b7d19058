"""A watch face and parameters, byte by byte, by what the documents say of them.

The face is written down by hand from protocol-data.md section 9.8; the numbers of its tables and
what its image looks like from the public programs that `band/dial.py` names.
"""

HEAD = bytes.fromhex(
    "484d4449414c00ffffffffffffffffff"  # HMDIAL
    "2400d00300003d78ffffffffffffffff"  # a Mi Smart Band 4
    "00020000"
    "0c000000"  # the block has twelve bytes
)
BLOCK = bytes.fromhex(
    "0a04 0808 1001"  # 1: the tables have eight bytes, and there is one image
    "1204 0800 1008"  # 2: a table from 0 on, eight bytes
)
TABLE = bytes.fromhex("0a06 0805 1007 1800")
"""1: an image, x 5, y 7, number 0."""
OFFSETS = bytes(4)
IMAGE = bytes.fromhex(
    "424d6400 0300 0200 0100 0200"  # a palette, 3 x 2, a byte in a row, 2 bits
    "0300 0100"  # 3 colours, the first is not drawn
    "00000000 ff000000 0080ff00"
    "60 94"  # 1 2 0 and 2 1 1
)
FACE = HEAD + BLOCK + TABLE + OFFSETS + IMAGE

type Plain = list[tuple[int, int, Plain]]

PARAMETERS: dict[str, Plain | None] = {
    "08 05": [(1, 5, [])],
    "10 ac 02": [(2, 300, [])],
    "f8 01 7f": None,
    "f8 7f": [(31, 127, [])],
    "08 fc ff ff ff ff ff ff ff ff 01": [(1, -4, [])],
    "0a 00": [(1, 0, [])],
    "0a 04 08 08 10 01 12 00": [(1, 4, [(1, 8, []), (2, 1, [])]), (2, 0, [])],
    "0a 05 08 08 10 01": None,
    "08": None,
    "08 80": None,
    "08 ff ff ff ff ff ff ff ff ff ff 01": None,
}
"""What a list holds: numbers, values and children; None when it ends too early."""

ENCODED = tuple(bytes.fromhex(packet) for packet in PARAMETERS)
