"""The search for secrets finds them, however they were written down; and nothing else."""

import base64
import html
import json
from urllib.parse import quote, quote_plus
from uuid import UUID

import pytest

from tests.leaks import Reading, Secret, find

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


def test_what_is_found_is_told_with_its_place() -> None:
    texts = [("log", f"the key is {KEY.hex()}"), ("page", "nothing"), ("issue", PASSWORD)]
    assert find(texts, {"key": KEY, "password": PASSWORD}) == ["issue: password", "log: key"]
