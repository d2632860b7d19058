"""The vendor's catalogue of firmware: the question for something new, and the host of the files.

No account is needed, and none may be shown: a request that brings a token is a violation. The
files are made up (see `files`); a release that nobody put in is not there.

Source: binding-and-firmware.md, 7.1 to 7.3. Where the files lie no document says; the host's name
is made up.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum, unique
import hashlib
import json
import re

from . import files

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

HOSTS = {
    *("api-mifit-us2.huami.com", "api-mifit-ru.huami.com"),
    *("api.amazfit.com", "api-mifit-cn3.zepp.com"),
}
FILE_HOST = "upload-cdn.zepp.com"
FOREIGN_HOST = "files.example.com"
PATH = "devices/ALL/hasNewVersion"
_APP_VERSIONS = {"6.5.5_50677", "6.9.7_50764", "6.14.0_50818"}
_PRODUCTION = {"25": "257", "24": "256"}
# Parameters that have these values for the model, whatever the band.
_NONE, _NO_FLAG = frozenset({"0"}), frozenset({"0", "-1"})
_FIXED: dict[str, Set[str]] = {
    **dict.fromkeys(("resourceVersion", "baseResourceVersion", "fontVersion", "gpsVersion"), _NONE),
    **dict.fromkeys(("fontFlag", "firmwareFlag", "resourceFlag"), _NO_FLAG),
    "deviceType": {"ALL"},
    "device_type": {"android_phone"},
    "productId": {"0"},
    "vendorId": {"-1"},
    "vendorSource": {"1"},
    "userId": {"0"},
    "appid": {"0"},
    "channel": {"play"},
    "support8Bytes": {"true"},
    "v": {"2.0"},
    "diagnosticCode": {"1"},
}
_FREE = {
    *("deviceSource", "productionSource", "firmwareVersion", "hardwareVersion", "appVersion"),
    *("cv", "device", "country", "lang", "timezone"),
}
_NEEDED = {"deviceSource", "productionSource", "firmwareVersion", "hardwareVersion", "appVersion"}


@unique
class Offer(StrEnum):
    """What the catalogue makes of the next questions, and its host of the next downloads."""

    NEWER = "newer"
    NOTHING_NEW = "nothing_new"
    OLDER = "older"
    NULL = "null"
    HTML = "html"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    ODD_TYPES = "odd_types"
    ODD_VERSION = "odd_version"
    NO_CHECKSUM = "no_checksum"
    WRONG_CHECKSUM = "wrong_checksum"
    WRONG_SIZE = "wrong_size"
    HUGE = "huge"
    """A size that no band has room for."""
    FOREIGN_HOST = "foreign_host"
    PLAIN_HTTP = "plain_http"
    FILE_MISSING = "file_missing"
    FILE_TRUNCATED = "file_truncated"
    FILE_TOO_LONG = "file_too_long"
    FILE_OF_ANOTHER = "file_of_another"
    """The file is what was announced, but for another model."""
    FILE_ELSEWHERE = "file_elsewhere"
    """The host of the files sends on to somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A firmware with what belongs to it."""

    version: str
    firmware: bytes
    resources: bytes = b""
    resource_version: int = 77
    font: bytes = b""
    notes: str = "Better sleep.\n###summary###\nLess words."
    built: str = "202105181030"


def release(version: str = "1.0.9.68", *, size: int = 6000) -> Release:
    """Make a release with made-up files."""
    return Release(
        version=version,
        firmware=files.firmware(version, size=size),
        resources=files.packed_resources(size=size // 2),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request, as the catalogue sees it."""

    host: str
    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Catalogue:
    """The releases, and what has been asked for."""

    def __init__(self, wrong: Callable[[str], None]) -> None:
        """Have no release.

        Args:
            wrong: Called with what a client did that no document allows.
        """
        self._wrong = wrong
        self.offer = Offer.NEWER
        self.releases: list[Release] = []
        """Oldest first."""
        self.one_by_one = False
        """Offer the next release instead of the last; clients walk the chain."""
        self.link = f"https://{FILE_HOST}"
        """What links begin with; a lab may point it to where its own files are found."""
        self.asked: list[str] = []
        """The version that each question gave."""
        self.questions: list[Question] = []
        """All of each question, to look for what should not be in it."""
        self.downloads: list[str] = []
        self.moved: dict[str, str] = {}
        """Where the host of the files sends on to, by path."""

    # The question

    def ask(self, question: Question) -> Answer:
        """Answer `hasNewVersion`."""
        self._judge(question)
        version = question.query.get("firmwareVersion", "0")
        self.asked.append(version)
        self.questions.append(question)
        match self.offer:
            case Offer.NULL:
                return _json(None)
            case Offer.HTML:
                return Answer(body=b"<html>Hello</html>", headers={"Content-Type": "text/html"})
            case Offer.NOT_FOUND:
                return _json({"code": 404}, 404)
            case Offer.RATE_LIMITED:
                return _json({"code": 12, "message": "too many requests"}, 429)
            case Offer.SERVER_ERROR:
                return Answer(status=503, body=b"upstream")
            case _:
                found = self._choose(version)
                return _json({"gpsVersion": "0"} if found is None else self._describe(found))

    def _judge(self, question: Question) -> None:
        query, headers = question.query, question.headers
        checks = {
            "a parameter that nobody documents": query.keys() <= _FREE | _FIXED.keys(),
            "a parameter is missing": query.keys() >= _NEEDED,
            "productionSource is not that of the deviceSource": query.get("productionSource")
            == _PRODUCTION.get(query.get("deviceSource", "")),
            "appVersion is none that was seen": query.get("appVersion") in _APP_VERSIONS,
            "a version of another shape": all(
                re.fullmatch(r"0|V\d+(\.\d+){3}", query.get(name, ""))
                for name in ("firmwareVersion", "hardwareVersion")
            ),
            "a token, where no account is needed": headers.get("apptoken", "0") in {"0", "none"}
            and "Authorization" not in headers,
            "appname is not the app's": headers.get("appname") == "com.xiaomi.hm.health",
            "appplatform is not android_phone": headers.get("appplatform") == "android_phone",
            "lang is wrong": headers.get("lang") in {"en_US", "zh_CN"},
            **{
                f"{name} is wrong": query[name] in values
                for name, values in _FIXED.items()
                if name in query
            },
        }
        for what, right in checks.items():
            if not right:
                self._wrong(what)

    def _choose(self, version: str) -> Release | None:
        if self.offer is Offer.NOTHING_NEW or not self.releases:
            return None
        if self.offer is Offer.OLDER:
            return self.releases[0]
        newer = [one for one in self.releases if _parts(one.version) > _parts(version)]
        if not newer:
            return None
        return newer[0] if self.one_by_one else newer[-1]

    def _describe(self, found: Release) -> dict[str, Json]:
        answer: dict[str, Json] = {
            "firmwareVersion": f"V{found.version}",
            **self._file("firmware", found.version, "fw", found.firmware),
            "firmwareSize": len(found.firmware),
            "changeLog": found.notes,
            "buildTime": found.built,
        }
        if found.resources:
            answer |= {
                "resourceVersion": found.resource_version,
                **self._file("resource", found.version, "res", found.resources),
            }
        if found.font:
            answer |= {"fontVersion": 1, **self._file("font", found.version, "ft", found.font)}
        return answer | self._flaws(found)

    def _file(self, kind: str, version: str, suffix: str, content: bytes) -> dict[str, Json]:
        return {
            f"{kind}Url": f"{self.link}/made-up/{version}.{suffix}",
            f"{kind}Md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        }

    def _flaws(self, found: Release) -> dict[str, Json]:
        path = f"made-up/{found.version}.fw"
        flaws: dict[Offer, dict[str, Json]] = {
            Offer.ODD_TYPES: {"firmwareVersion": 10968, "firmwareSize": "many", "changeLog": []},
            Offer.ODD_VERSION: {"firmwareVersion": "latest"},
            Offer.NO_CHECKSUM: {"firmwareMd5": None},
            Offer.WRONG_CHECKSUM: {"firmwareMd5": "0" * 32},
            Offer.WRONG_SIZE: {"firmwareSize": len(found.firmware) + 1},
            Offer.HUGE: {"firmwareSize": 1 << 31},
            Offer.FOREIGN_HOST: {"firmwareUrl": f"https://{FOREIGN_HOST}/{path}"},
            Offer.PLAIN_HTTP: {"firmwareUrl": f"http://{FILE_HOST}/{path}"},
        }
        if self.offer is Offer.FILE_OF_ANOTHER:
            return self._file("firmware", found.version, "fw", _of_another(found))
        return flaws.get(self.offer, {})

    # The files

    def download(self, question: Question, path: str) -> Answer:
        """Give a file."""
        self.downloads.append(path)
        if question.host != FILE_HOST:
            self._wrong("a file from somebody else's host")
        if question.headers.get("apptoken") or question.headers.get("Authorization"):
            self._wrong("a token for a file")
        if self.offer is Offer.FILE_ELSEWHERE:
            return Answer(status=302, headers={"Location": f"https://{FOREIGN_HOST}/{path}"})
        if path in self.moved:
            return Answer(status=302, headers={"Location": self.moved[path]})
        content = self._content(path)
        if content is None or self.offer is Offer.FILE_MISSING:
            return Answer(status=404, body=b"no such file")
        if self.offer is Offer.FILE_TRUNCATED:
            content = content[: len(content) // 2]
        elif self.offer is Offer.FILE_TOO_LONG:
            content += bytes(len(content))
        return Answer(body=content, headers={"Content-Type": "application/octet-stream"})

    def _content(self, path: str) -> bytes | None:
        for one in self.releases:
            held = {"fw": one.firmware, "res": one.resources, "ft": one.font}
            for suffix, content in held.items():
                if path == f"made-up/{one.version}.{suffix}" and content:
                    another = suffix == "fw" and self.offer is Offer.FILE_OF_ANOTHER
                    return _of_another(one) if another else content
        return None


def _of_another(one: Release) -> bytes:
    return files.firmware(one.version, size=len(one.firmware), model=b"Mi Smart Band 5\x00")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("V").split("."))


def _json(value: Json, status: int = 200) -> Answer:
    return Answer(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json"},
    )
