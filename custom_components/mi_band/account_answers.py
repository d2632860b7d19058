"""What the maker's account service answers, and what of it is a band.

Source: binding-and-firmware.md section 4.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
import json
import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from .account_errors import (
    AccountAuthFailed,
    AccountCodeUsed,
    AccountDisabled,
    AccountFrozen,
    AccountNotRegistered,
    AccountUnreachable,
    AccountWrongRegion,
    Step,
)

BAND_4_SOURCES: Final = frozenset({24, 25})
"""`deviceSource` of the Mi Smart Band 4: with NFC, and without."""
_REFUSED: Final = range(400, 500)
_BAND_DEVICE_TYPE: Final = 0
_REFUSALS: Final[Mapping[str, type[AccountAuthFailed]]] = {
    "0113": AccountWrongRegion,
    "0115": AccountDisabled,
    "0117": AccountNotRegistered,
    "0121": AccountFrozen,
}
_SPENT_CODE: Final = frozenset({"0102", "0106"})
_HOST = re.compile(r"(?:[a-z0-9\-]{1,63}\.)+[a-z]{2,63}")
_VENDOR_WORD = re.compile(r"-?[0-9]{1,6}")
_ADDRESS = re.compile(r"[0-9A-F]{12}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_USER_ID = re.compile(r"[0-9A-Za-z]+")
_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole; nothing of it is shown."""

    step: Step
    status: int
    location: str = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_refusal(self) -> bool:
        """Whether the request was not for this person, or not understood."""
        return self.status in _REFUSED

    @property
    def code(self) -> str:
        """How it went, as a number of the vendor's; "unknown" when there is none."""
        return _vendor_word(self.text("code"))

    def text(self, name: str) -> str:
        """Return what a JSON object calls by a name; empty for everything else."""
        return _text(_mapping(_json(self.body)).get(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBand:
    """A band as the account knows it."""

    address: str
    """Six bytes, upper case, with colons."""
    key: bytes | None = field(repr=False)
    """16 bytes; None when the vendor has none."""
    name: str
    """As shown in the app; may be empty."""
    firmware_version: str | None
    serial: str | None
    active: bool
    device_source: int | None
    """The vendor's number for the model; see `BAND_4_SOURCES`."""

    def is_at(self, address: str) -> bool:
        """Tell whether this is its address, however that is written."""
        return _bare(self.address) == _bare(address)


def decode_code(answer: Answer) -> tuple[str, str]:
    """Return the code of R1, and the country of the account.

    Raises:
        AccountAuthFailed: the person is not let in.
        AccountUnreachable: there is no code.
    """
    if answer.is_refusal:
        raise AccountAuthFailed(Step.TOKENS, f"status {answer.status}")
    given = _query(answer.location)
    if error := given.get("error"):
        raise AccountAuthFailed(Step.TOKENS, f"error {_vendor_word(error)}")
    if not (code := given.get("access")):
        raise AccountUnreachable(Step.TOKENS, "an answer without a code")
    return code, _country(given.get("country_code")) or _country(given.get("region")) or "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What R2 gives; any of it may be missing, and then is empty."""

    login_token: str = field(repr=False)
    """Good for the log-out, whatever else is missing."""
    app_token: str = field(repr=False)
    user_id: str = field(repr=False)
    hosts: tuple[str, ...]
    """Data hosts of the account's region: first what a name stands for, then it."""

    def require_tokens(self) -> None:
        """Make sure that requests can be made with it.

        Raises:
            AccountUnreachable: they cannot.
        """
        if not _TOKEN.fullmatch(self.app_token) or not _USER_ID.fullmatch(self.user_id):
            raise AccountUnreachable(Step.LOGIN, "an answer without the tokens")

    def hosts_within(self, domains: Iterable[str]) -> tuple[str, ...]:
        """Return the hosts that may see a token."""
        endings = tuple(f".{domain}" for domain in domains)
        return tuple(
            host
            for host in dict.fromkeys(self.hosts)
            if _HOST.fullmatch(host) and host.endswith(endings)
        )


def decode_login(answer: Answer, *, from_browser: bool) -> Grant:
    """Return what R2 gives.

    Args:
        answer: of R2.
        from_browser: whether the code was the browser's, which is good for one login.

    Raises:
        AccountAuthFailed: one for each reason not to let the person in.
        AccountUnreachable: it says nothing that is documented.
    """
    found = _json(answer.body)
    given = _mapping(found)
    if error := _text(given.get("error_code")).zfill(4).removeprefix("0000"):
        word = _vendor_word(error)
        if from_browser and word in _SPENT_CODE:
            raise AccountCodeUsed(Step.LOGIN, f"error {word}")
        raise _REFUSALS.get(word, AccountAuthFailed)(Step.LOGIN, f"error {word}")
    if answer.is_refusal:
        raise AccountAuthFailed(Step.LOGIN, f"status {answer.status}")
    if not isinstance(found, dict):
        raise AccountUnreachable(Step.LOGIN, "an answer that is no object")
    tokens = _mapping(given.get("token_info"))
    return Grant(
        login_token=_text(tokens.get("login_token")),
        app_token=_text(tokens.get("app_token")),
        user_id=_text(tokens.get("user_id")),
        hosts=tuple(_data_hosts(given.get("domains"))),
    )


def decode_items(answer: Answer) -> list[object]:
    """Return the devices of R3, bands or not.

    Raises:
        AccountUnreachable: it is no list of devices.
    """
    items = _mapping(_json(answer.body)).get("items")
    if not isinstance(items, list):
        raise AccountUnreachable(Step.DEVICES, "an answer that is no list of devices")
    return items


def decode_bands(items: Iterable[object]) -> tuple[AccountBand, ...]:
    """Return the bands among R3's devices."""
    return tuple(band for item in items if (band := decode_band(item)))


def decode_band(item: object) -> AccountBand | None:
    """Return a band of R3's list; None for a scale and for what is not understood."""
    given = _mapping(item)
    address = _address(given.get("macAddress")) or _address(given.get("deviceId"))
    if _number(given.get("deviceType")) != _BAND_DEVICE_TYPE or not address:
        return None
    more = _mapping(_json(_text(given.get("additionalInfo")).encode()))
    return AccountBand(
        address=address,
        key=_key(_text(more.get("auth_key"))),
        name=_text(given.get("displayName")),
        firmware_version=_text(given.get("firmwareVersion")) or None,
        serial=_text(given.get("sn")) or _text(more.get("sn")) or None,
        active=_number(given.get("activeStatus")) == 1,
        device_source=_number(given.get("deviceSource")),
    )


def _key(text: str) -> bytes | None:
    return bytes.fromhex(text) if _KEY.fullmatch(text) and int(text, 16) else None


def _data_hosts(domains: object) -> Iterator[str]:
    for domain in domains if isinstance(domains, list) else ():
        given = _mapping(domain)
        aliases = given.get("cnames")
        for name in (*(aliases if isinstance(aliases, list) else ()), given.get("host")):
            if "mifit" in (host := _text(name).lower()):
                yield host


def _query(location: str) -> Mapping[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    except ValueError:
        return {}


def _vendor_word(text: str) -> str:
    """Return a code of the vendor's; whatever else it says might quote the owner."""
    return text if _VENDOR_WORD.fullmatch(text) else "unknown"


def _country(text: str | None) -> str | None:
    letters = (text or "")[:2]
    return letters.upper() if letters.isascii() and letters.isalpha() and letters[1:] else None


def _bare(address: str) -> str:
    return address.replace(":", "").upper()


def _address(value: object) -> str | None:
    bare = _bare(_text(value))
    if not _ADDRESS.fullmatch(bare):
        return None
    return ":".join(bare[i : i + 2] for i in range(0, 12, 2))


def _json(body: bytes) -> object:
    try:
        found: object = json.loads(body)
    except ValueError, RecursionError:
        return None
    return found


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return text or a whole number as text; some servers are not sure which they mean."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _number(value: object) -> int | None:
    text = _text(value)
    return int(text) if _NUMBER.fullmatch(text) else None
