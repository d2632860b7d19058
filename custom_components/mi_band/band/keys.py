"""A key as people type and paste it. Source: binding-and-firmware.md section 3."""

import re

from .wire import KEY_SIZE

_INVISIBLE = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")
_HEX_DIGITS = re.compile(r"[0-9A-Fa-f]+")
_BETWEEN_BYTES = re.compile(r"[\s:\-]+")
_WITH_ADDRESS = re.compile(
    r"(?P<address>[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{12})"
    r"\s*[;,\s]\s*(?P<key>.+)",
    re.DOTALL,
)


class InvalidKeyFormat(ValueError):
    """The text holds no key: not 32 hexadecimal digits, or only zeros."""

    code = "invalid_key_format"


class KeyTruncated(InvalidKeyFormat):
    """The text is hexadecimal, but a piece of the key is missing.

    Attributes:
        digits: how many digits there are.
    """

    code = "key_truncated"

    def __init__(self, digits: int) -> None:
        super().__init__(f"{digits} digits where a key has {2 * KEY_SIZE}")
        self.digits = digits


class KeyOfOtherBand(InvalidKeyFormat):
    """The text names the address of another band beside its key."""

    code = "key_other_band"


def parse_key(text: str, address: str) -> bytes:
    """Read a key from what a person typed or pasted.

    Taken are 32 hexadecimal digits, upper or lower case, with or without 0x, with white space,
    colons or dashes between them, alone or behind the band's address as in "address;key".
    Source: binding-and-firmware.md section 3.

    Args:
        text: what was typed.
        address: of the band in front of us, six bytes with colons.

    Returns:
        The key, 16 bytes.

    Raises:
        KeyTruncated: digits are missing.
        KeyOfOtherBand: the text names another address.
        InvalidKeyFormat: it is no key for another reason.
    """
    text = text.translate(_INVISIBLE).strip()
    digits = _digits_of(text)
    if (match := _WITH_ADDRESS.fullmatch(text)) and _names_a_band(match, digits, address):
        if _bare(match["address"]) != _bare(address):
            raise KeyOfOtherBand("the text names the address of another band")
        digits = _digits_of(match["key"])
    if not _HEX_DIGITS.fullmatch(digits) or len(digits) > 2 * KEY_SIZE or not int(digits, 16):
        raise InvalidKeyFormat("a key has 32 hexadecimal digits that are not all zero")
    if len(digits) < 2 * KEY_SIZE:
        raise KeyTruncated(len(digits))
    return bytes.fromhex(digits)


def _names_a_band(match: re.Match[str], digits: str, address: str) -> bool:
    """Tell an address and what is behind it from a key with a gap after its first twelve digits.

    A piece of a key that lacks twelve digits makes 32 with the address in front of it.
    """
    if len(digits) != 2 * KEY_SIZE or not _HEX_DIGITS.fullmatch(digits):
        return True
    apart = len(match["address"]) > len(_bare(match["address"]))
    return _bare(match["address"]) == _bare(address) or (
        apart and not _BETWEEN_BYTES.search(match["key"])
    )


def _digits_of(text: str) -> str:
    text = text.strip()
    if text[:2] in {"0x", "0X"}:
        text = text[2:]
    return _BETWEEN_BYTES.sub("", text)


def _bare(address: str) -> str:
    return _BETWEEN_BYTES.sub("", address).lower()
