"""A key as people type and paste it, in forty forms and more, and what becomes of each.

Sources: binding-and-firmware.md section 3, protocol-control.md section 5.2 (key text handling).
The outcome is the key's bytes, or the word of the error that the form shows.
"""

from dataclasses import dataclass
from typing import override

ADDRESS = "F3:4E:C4:1E:46:0F"
OTHER_ADDRESS = "E0:C4:A3:D6:D1:3E"
TEXT = "c33d3ef72cd974853857f9201a65f252"
KEY = bytes.fromhex(TEXT)

INVALID = "invalid_key_format"
TRUNCATED = "key_truncated"
OTHER_BAND = "key_other_band"

_PAIRS = tuple(TEXT[start : start + 2] for start in range(0, 32, 2))


@dataclass(frozen=True, slots=True)
class KeyForm:
    """What was typed, and what comes of it."""

    name: str
    typed: str
    outcome: bytes | str
    """The key, or the code of the error."""

    @override
    def __str__(self) -> str:
        """The name, for pytest."""
        return self.name


ACCEPTED = (
    KeyForm("32 digits", TEXT, KEY),
    KeyForm("upper case", TEXT.upper(), KEY),
    KeyForm("mixed case", TEXT[:16].upper() + TEXT[16:], KEY),
    KeyForm("with 0x", f"0x{TEXT}", KEY),
    KeyForm("with 0X in upper case", f"0X{TEXT.upper()}", KEY),
    KeyForm("with 0x and a space", f"0x {TEXT}", KEY),
    KeyForm("newline behind", f"{TEXT}\n", KEY),
    KeyForm("carriage return and newline behind", f"{TEXT}\r\n", KEY),
    KeyForm("space before and behind", f"  {TEXT} ", KEY),
    KeyForm("tab before", f"\t{TEXT}", KEY),
    KeyForm("newline before 0x", f"\n0x{TEXT}", KEY),
    KeyForm("space between bytes", " ".join(_PAIRS), KEY),
    KeyForm("colon between bytes", ":".join(_PAIRS), KEY),
    KeyForm("dash between bytes", "-".join(_PAIRS), KEY),
    KeyForm("colons in upper case", ":".join(_PAIRS).upper(), KEY),
    KeyForm("four groups", " ".join(TEXT[start : start + 8] for start in range(0, 32, 8)), KEY),
    KeyForm(
        "dashes of a UUID", f"{TEXT[:8]}-{TEXT[8:12]}-{TEXT[12:16]}-{TEXT[16:20]}-{TEXT[20:]}", KEY
    ),
    KeyForm("broken into two lines", f"{TEXT[:16]}\n{TEXT[16:]}", KEY),
    # Neither is an address with a short key behind it.
    KeyForm("a space where an address would end", f"{TEXT[:12]} {TEXT[12:]}", KEY),
    KeyForm("a line where an address would end", f"{TEXT[:12]}\n{TEXT[12:]}", KEY),
    KeyForm(
        "colons, and a line where an address would end",
        f"{':'.join(_PAIRS[:6])}\n{':'.join(_PAIRS[6:])}",
        KEY,
    ),
    KeyForm("no-break space behind", f"{TEXT}\u00a0", KEY),
    KeyForm("zero-width space behind", f"{TEXT}\u200b", KEY),
    KeyForm("zero-width space within", f"{TEXT[:16]}\u200b{TEXT[16:]}", KEY),
    KeyForm("byte order mark before", f"\ufeff{TEXT}", KEY),
    KeyForm("word joiner before 0x", f"\u2060 0x{TEXT}", KEY),
    KeyForm("behind the address and a semicolon", f"{ADDRESS};{TEXT}", KEY),
    KeyForm("behind the address and a space", f"{ADDRESS} {TEXT}", KEY),
    KeyForm("behind the address and a tab", f"{ADDRESS}\t{TEXT}", KEY),
    KeyForm("behind the address, semicolon and space", f"{ADDRESS} ; {TEXT}\n", KEY),
    KeyForm("behind the address and a comma", f"{ADDRESS},{TEXT}", KEY),
    KeyForm("behind the address in lower case", f"{ADDRESS.lower()};{TEXT}", KEY),
    KeyForm("behind the address with dashes", f"{ADDRESS.replace(':', '-')};{TEXT}", KEY),
    KeyForm("behind the address without colons", f"{ADDRESS.replace(':', '')};{TEXT}", KEY),
    KeyForm("behind the address, with 0x", f"{ADDRESS};0x{TEXT}", KEY),
    KeyForm("behind the address, in pairs", f"{ADDRESS};{':'.join(_PAIRS)}", KEY),
)

REFUSED = (
    KeyForm("nothing", "", INVALID),
    KeyForm("white space", " \t\n", INVALID),
    KeyForm("zero-width space alone", "\u200b", INVALID),
    KeyForm("0x alone", "0x", INVALID),
    KeyForm("one zero byte, no key of a tool", "00", INVALID),
    KeyForm("32 zeros", "0" * 32, INVALID),
    KeyForm("32 zeros with 0x", "0x" + "0" * 32, INVALID),
    KeyForm("address and zeros", f"{ADDRESS};{'0' * 32}", INVALID),
    KeyForm("30 digits, as in a manual", TEXT[:30], TRUNCATED),
    KeyForm("30 digits with 0x", f"0x{TEXT[:30]}", TRUNCATED),
    KeyForm("31 digits", TEXT[:31], TRUNCATED),
    KeyForm("one digit", "c", TRUNCATED),
    KeyForm("30 digits behind the address", f"{ADDRESS};{TEXT[:30]}", TRUNCATED),
    # Together with the address these have as many digits as a key.
    KeyForm("20 digits behind the address and a space", f"{ADDRESS} {TEXT[:20]}", TRUNCATED),
    KeyForm("20 digits in the line below the address", f"{ADDRESS}\n{TEXT[:20]}", TRUNCATED),
    KeyForm("20 digits in pairs", f"{ADDRESS} {' '.join(_PAIRS[:10])}", TRUNCATED),
    KeyForm(
        "20 digits behind the address without colons",
        f"{ADDRESS.replace(':', '')} {TEXT[:20]}",
        TRUNCATED,
    ),
    KeyForm("19 digits behind the address and a comma", f"{ADDRESS},{TEXT[:19]}", TRUNCATED),
    KeyForm("the address alone", ADDRESS, TRUNCATED),
    KeyForm("33 digits", f"{TEXT}a", INVALID),
    KeyForm("34 digits", f"{TEXT}52", INVALID),
    KeyForm("the key twice", f"{TEXT}{TEXT}", INVALID),
    KeyForm("0x twice", f"0x0x{TEXT}", INVALID),
    KeyForm("16 letters", "abcdefghijklmnop", INVALID),
    KeyForm("16 letters that are digits", "abcdefabcdefabcd", TRUNCATED),
    KeyForm("a letter O instead of a zero", TEXT.replace("0", "O"), INVALID),
    KeyForm("a letter l instead of a one", TEXT.replace("1", "l"), INVALID),
    KeyForm("double quotes around", f'"{TEXT}"', INVALID),
    KeyForm("single quotes around", f"'{TEXT}'", INVALID),
    KeyForm("typographic quotes around", f"\u201c{TEXT}\u201d", INVALID),
    KeyForm("a full stop behind", f"{TEXT}.", INVALID),
    KeyForm("a comma behind", f"{TEXT},", INVALID),
    KeyForm("a Python literal", f"b'{TEXT}'", INVALID),
    KeyForm("a word before", f"key: {TEXT}", INVALID),
    KeyForm("Arabic digits", "".join(chr(0x660 + index % 10) for index in range(32)), INVALID),
    KeyForm("full-width digits", "".join(chr(0xFF10 + index % 10) for index in range(32)), INVALID),
    KeyForm("one full-width digit", TEXT[:-1] + "\uff12", INVALID),
    KeyForm("a minus sign before", f"\u2212{TEXT}", INVALID),
    KeyForm("en dashes between bytes", "\u2013".join(_PAIRS), INVALID),
    KeyForm("underscores between bytes", "_".join(_PAIRS), INVALID),
    KeyForm("half a surrogate pair behind", f"{TEXT}\ud800", INVALID),
    KeyForm("another address", f"{OTHER_ADDRESS};{TEXT}", OTHER_BAND),
    KeyForm("another address and a space", f"{OTHER_ADDRESS} {TEXT}", OTHER_BAND),
    KeyForm("another address without colons", f"e0c4a3d6d13e;{TEXT}", OTHER_BAND),
    KeyForm("another address, 30 digits", f"{OTHER_ADDRESS};{TEXT[:30]}", OTHER_BAND),
    KeyForm("another address and 20 digits", f"{OTHER_ADDRESS} {TEXT[:20]}", OTHER_BAND),
    KeyForm("another address, no key", f"{OTHER_ADDRESS};none", OTHER_BAND),
)

FORMS = ACCEPTED + REFUSED
