"""Images of watch faces, byte by byte, by what public programs say of them.

Each is written down by hand from the table in `band/dial_image.py`, with the red, green, blue and
opacity of its pixels.
"""

from .dial import IMAGE

IMAGES = {
    "palette of two bits": (
        IMAGE,
        (3, 2),
        "ff0000ff 0080ffff 00000000 0080ffff ff0000ff ff0000ff",
    ),
    "palette of one bit": (
        bytes.fromhex("424d6400 0900 0100 0200 0100 0200 0000 11223300 44556600 80 80"),
        (9, 1),
        "445566ff" + "112233ff" * 7 + "445566ff",
    ),
    "palette of four bits, rows filled up": (
        bytes.fromhex("424d6400 0100 0200 0300 0400 0200 0200 11223300 44556600 1fffff 0fffff"),
        (1, 2),
        "44556600 112233ff",
    ),
    "palette of eight bits": (
        bytes.fromhex("424d6400 0200 0100 0200 0800 0200 0000 112233aa 44556600 01 00"),
        (2, 1),
        "445566ff 112233ff",
    ),
    "grey": (
        bytes.fromhex("424d0800 0200 0100 0200 0800 0000 0000 00 7f"),
        (2, 1),
        "000000ff 7f7f7fff",
    ),
    "sixteen bits": (
        bytes.fromhex("424d0800 0400 0100 0800 1000 0000 0000 1f00 e007 00f8 ffff"),
        (4, 1),
        "ff0000ff 00ff00ff 0000ffff ffffffff",
    ),
    "twenty-four bits": (
        bytes.fromhex("424d1b00 0300 0100 0900 1800 0000 0000 00f800 ff001f 4007e0"),
        (3, 1),
        "0000ffff ff000000 00ff00bf",
    ),
    "thirty-two bits": (
        bytes.fromhex("424d1000 0100 0100 0400 2000 0000 0000 12345640"),
        (1, 1),
        "123456bf",
    ),
}
"""The bytes, width and height, and the pixels."""

REFUSED = {
    "no image": "424e0800 0200 0100 0200 0800 0000 0000 00 7f",
    "half a head": "424d0800 0200 0100 0200",
    "no width": "424d0800 0000 0100 0200 0800 0000 0000 00 7f",
    "no height": "424d0800 0200 0000 0200 0800 0000 0000 00 7f",
    "one pixel too few": "424d0800 0200 0100 0200 0800 0000 0000 00",
    "a row shorter than its pixels": "424d0800 0200 0100 0100 0800 0000 0000 00 7f",
    "more pixels than any screen has": "424d6400 ffff ffff 0020 0100 0200 0000 11223300 445566",
    "half a palette": "424d6400 0200 0100 0200 0800 0200 0000 112233aa 4455",
    "more colours than a byte can tell": "424d6400 0100 0100 0100 0800 0101 0000" + "00" * 1029,
    "a colour that no palette has": "424d6400 0200 0100 0200 0800 0200 0000 11223300 44556600 0002",
    "a palette of three bits": "424d6400 0200 0100 0100 0300 0200 0000 11223300 44556600 00",
    "a palette form without a palette": "424d6400 0200 0100 0200 0800 0000 0000 00 7f",
    "a plain form with a palette": "424d0800 0100 0100 0100 0800 0100 0000 11223300 00",
    "five bits": "424d0800 0200 0100 0200 0500 0000 0000 00 7f",
    "no bits at all": "424d0800 0200 0100 0000 0000 0000 0000 00 7f",
    "a form of later watches": "424d1300 0200 0100 0400 1000 0000 0000 00 7f 00 7f",
    "a packed form of later watches": "424d6500 0200 0100 0400 1000 0000 0000 00 7f 00 7f",
}
