"""The search for secrets finds them, however they were written down; and nothing else."""

import base64
import html
from itertools import batched
import json
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest

from tests.leaks import Reading, Secret, find, texts_of_file

KEY = bytes.fromhex("c33d3ef72cd974853857f9201a65f252")
PRINTABLE = b"sixteen 'bytes'!"
PASSWORD = "corr3ct h+rse&b@ttery<\"'ü"  # noqa: S105 - nobody's

WRITTEN = {
    "hex": KEY.hex(),
    "HEX": KEY.hex().upper(),
    "hex with colons": KEY.hex(":"),
    "HEX with spaces": KEY.hex(" ").upper(),
    "hex with dashes": KEY.hex("-", 4),
    "hex with 0x": f"0x{KEY.hex()}",
    "hex numbers": str([f"0x{byte:02x}" for byte in KEY]),
    "hex in quotation marks": json.dumps([f"{byte:02X}" for byte in KEY]),
    "hex over two lines": f"{KEY[:8].hex(' ')}\n{KEY[8:].hex(' ')}",
    "half of it": f"key {KEY[:8].hex()}...",
    "the other half": f"...{KEY[8:].hex()}",
    "in a packet": (b"\x01\x00" + KEY + b"\x55").hex(),
    "backwards": KEY[::-1].hex(),
    "a UUID": str(UUID(bytes=KEY)),
    "bytes": repr(KEY),
    "bytes of a packet": repr(b"\x01\x00" + KEY + b"\x55"),
    "bytes in JSON": json.dumps(repr(KEY)),
    "a bytearray": repr(bytearray(KEY)),
    "escapes": "".join(f"\\x{byte:02x}" for byte in KEY),
    "a list": repr(list(KEY)),
    "a tuple": repr(tuple(KEY)),
    "numbers in JSON": json.dumps(list(KEY), indent=1),
    "a list of a packet": repr([1, 0, *KEY, 85]),
    "a number": repr(int.from_bytes(KEY)),
    "a small-endian number": repr(int.from_bytes(KEY, "little")),
    "base64": base64.b64encode(KEY).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(KEY).decode(),
    "base64 without its end": base64.b64encode(KEY).decode().rstrip("="),
    "base64 in an address": quote(base64.b64encode(KEY).decode(), safe=""),
    **{
        f"base64 behind {count} bytes": base64.b64encode(b"\xa5" * count + KEY + b"\x5a").decode()
        for count in range(1, 4)
    },
}
QUOTED = {
    "itself": PASSWORD,
    "in capitals": PASSWORD.upper(),
    "in an address": quote(PASSWORD, safe=""),
    "in a form": f"user=a&password={quote_plus(PASSWORD)}&x=y",
    "on a page": html.escape(PASSWORD),
    "base64": base64.b64encode(f"user:{PASSWORD}".encode()).decode(),
    "hex": PASSWORD.encode().hex(),
    "bytes": repr(PASSWORD.encode()),
    "Python": repr({"password": PASSWORD}),
    "JSON": json.dumps({"password": PASSWORD}),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_key_is_found_as_it_was_written(written: str) -> None:
    assert Reading(f"before {written} after").holds(KEY)


@pytest.mark.parametrize("written", QUOTED.values(), ids=QUOTED)
def test_a_password_is_found_as_it_was_written(written: str) -> None:
    assert Reading(f"before {written} after").holds(PASSWORD)


@pytest.mark.parametrize("packet", [PRINTABLE, b'"' + PRINTABLE, b"\n" + PRINTABLE + b"\xff"])
def test_bytes_that_are_letters_are_found_in_bytes(packet: bytes) -> None:
    assert Reading(f"sent {packet!r}").holds(PRINTABLE)


@pytest.mark.parametrize("secret", [KEY, PASSWORD, PRINTABLE])
def test_what_is_not_there_is_not_found(secret: Secret) -> None:
    strangers: list[Secret] = [bytes(reversed(range(16))), "another password", b"some other bytes"]
    text = " ".join((*WRITTEN.values(), *QUOTED.values()))
    assert not any(Reading(text).holds(stranger) for stranger in strangers)
    assert not Reading("a log of a day\n2026-11-22 10:00:00 DEBUG c3 3d 3e f7").holds(secret)


STORED = {
    "bytes": b"\0\x07" + KEY + b"\xff\0",
    "hex": b"\0\x07" + KEY.hex().encode() + b"\xff\0",
    "HEX with colons": b"\x01\x02\0" + KEY.hex(":").upper().encode() + b"\x07",
    "a number": b"\x01\0" + str(int.from_bytes(KEY)).encode() + b"\0\x01",
    "numbers": b"\0" + str(list(KEY)).encode(),
    "base64": b"\xf8\0x" + base64.b64encode(KEY) + b"\0",
    "a text": f"one\n{KEY.hex()}\nthree".encode(),
    "a long text": b"line\n" * 5000 + KEY.hex().encode() + b"\nline" * 5000,
}


@pytest.mark.parametrize("content", STORED.values(), ids=STORED)
def test_a_key_is_found_in_a_file(content: bytes) -> None:
    assert any(Reading(text).holds(KEY) for text in texts_of_file(content))


def test_the_columns_of_a_table_are_not_read_as_one_word() -> None:
    digits = "c33d3ef72cd97485"
    rows = b"\0".join(
        bytes((6, ord(one), 0x80, ord(two))) for one, two in batched(digits, 2, strict=True)
    )
    assert not any(Reading(text).holds(KEY) for text in texts_of_file(rows))
    words = b"\0".join(digits[at : at + 4].encode() for at in range(0, len(digits), 4))
    assert not any(Reading(text).holds(KEY) for text in texts_of_file(words))


def test_what_is_found_is_told_with_its_place() -> None:
    texts = [("log", f"the key is {KEY.hex()}"), ("page", "nothing"), ("issue", PASSWORD)]
    assert find(texts, {"key": KEY, "password": PASSWORD}) == ["issue: password", "log: key"]
