"""The maker's catalogue of firmware: asked for something newer, and for the files themselves.

    question   GET, parameters with variant and versions of a band   -> JSON
    file       GET, at an address that the answer gave                -> bytes

    firmwareVersion                       such as V1.0.9.68; without it there is nothing newer
    changeLog                             text, "###summary###", shorter text
    firmwareUrl, firmwareMd5, firmwareSize
    resourceUrl, resourceMd5              not always there
    fontUrl, fontMd5                      not always there

No account takes part, and nothing tells which house or wearer asks. An answer is believed only as
far as it can be checked: files come over HTTPS from a host of the maker's, in the announced size,
with the announced MD5, and their content has to be what they were announced to be.

Source: binding-and-firmware.md section 7.1. This is a private interface of the vendor's apps.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum, unique
import hashlib
from http import HTTPStatus
import json
import re
from typing import ClassVar, Final

import aiohttp
from yarl import URL

from .account_constants import DEVICE_SOURCES, VENDOR, ZEPP_LIFE, Vendor
from .band.files import LARGEST_FILE, BandFile, FileKind, recognise
from .firmware_constants import (
    CATALOGUE_COMMON,
    CATALOGUE_ENGLISH,
    CATALOGUE_HEADERS,
    CATALOGUE_LANGUAGES,
    CATALOGUE_PATH,
    DOWNLOAD_TIMEOUT,
    MOST_REDIRECTS,
)

# A change log is some hundred characters.
_LARGEST_ANSWER: Final = 1 << 18
_LONGEST_NOTES: Final = 8000
_SUMMARY_MARK: Final = "###summary###"
_REDIRECTS: Final = range(300, 400)
_REFUSALS: Final = frozenset({"code", "error_code", "message"})
"""What the maker's services answer with when they do not answer the question. [INFERRED]"""


class CatalogueError(Exception):
    """The catalogue is of no help; never raised itself."""

    code: ClassVar[str]


class CatalogueUnreachable(CatalogueError):
    """No answer, half of one, a refusal, or one that no document explains."""

    code = "firmware_unreachable"


class FirmwareNotTrusted(CatalogueError):
    """A file cannot be checked, or is not what was announced."""

    code = "firmware_not_trusted"


@unique
class Part(StrEnum):
    """What belongs to a release, by what its fields begin with."""

    FIRMWARE = "firmware"
    RESOURCES = "resource"
    FONT = "font"


_KINDS: Final[Mapping[Part, frozenset[FileKind]]] = {
    Part.FIRMWARE: frozenset({FileKind.FIRMWARE}),
    Part.RESOURCES: frozenset({FileKind.RESOURCES, FileKind.PACKED_RESOURCES}),
    Part.FONT: frozenset({FileKind.FONT}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that the maker is told of a band."""

    device_source: str
    product_version: int
    hardware_version: str
    firmware_version: str
    language: str

    @classmethod
    def about(
        cls, product_version: int | None, hardware: str, firmware: str, language: str
    ) -> Question | None:
        """Make the question for a band; None for one of which the catalogue could know nothing.

        Args:
            product_version: In the PnP ID, which tells the variant.
            hardware: Its version, without the V.
            firmware: Its version, without the V.
            language: Home Assistant's.
        """
        if product_version is None or product_version not in DEVICE_SOURCES:
            return None
        if not _VERSION.fullmatch(firmware):
            return None
        return cls(
            device_source=DEVICE_SOURCES[product_version],
            product_version=product_version,
            # Whatever else a band may say there is nobody's business.
            hardware_version=f"V{hardware}" if _VERSION.fullmatch(hardware) else "0",
            firmware_version=f"V{firmware}",
            language=CATALOGUE_LANGUAGES.get(language.partition("-")[0], CATALOGUE_ENGLISH),
        )

    @property
    def query(self) -> dict[str, str]:
        """The parameters."""
        return {
            "deviceSource": self.device_source,
            # That the two are equal is [INFERRED], see `DEVICE_SOURCES`.
            "productionSource": str(self.product_version),
            "firmwareVersion": self.firmware_version,
            "hardwareVersion": self.hardware_version,
            **CATALOGUE_COMMON,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file as it was announced."""

    part: Part
    link: str
    md5: str
    """32 hexadecimal digits in lower case."""
    size: int | None
    """In bytes; None where the catalogue does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A release."""

    version: str
    """Such as 1.0.9.68."""
    notes: str
    """What is new in it, as plain text; may be empty."""
    files: tuple[RemoteFile, ...]
    """Firmware first; empty when they are not announced so that they could be checked."""
    fault: str | None
    """Why there are none."""


async def ask(
    session: aiohttp.ClientSession, host: str, question: Question, vendor: Vendor = VENDOR
) -> Offer | None:
    """Ask for something newer than what a band has; None when there is nothing.

    Args:
        session: Which makes the request; its cookies are its owner's business.
        host: One of `CATALOGUE_HOSTS`.
        question: About the band.
        vendor: Where the services are.

    Raises:
        CatalogueUnreachable: nothing is known.
    """
    answer = await _get(
        session,
        URL(vendor.base.format(host=host) + CATALOGUE_PATH).with_query(question.query),
        {**CATALOGUE_HEADERS, "lang": question.language},
        limit=_LARGEST_ANSWER,
        patience=vendor.timeout,
    )
    if answer.status != HTTPStatus.OK:
        raise CatalogueUnreachable(f"status {answer.status}")
    if len(answer.body) > _LARGEST_ANSWER:
        raise CatalogueUnreachable("an answer without end")
    try:
        found: object = json.loads(answer.body)
    except (ValueError, RecursionError) as err:
        raise CatalogueUnreachable("an answer that is no JSON") from err
    if not isinstance(found, dict):
        raise CatalogueUnreachable("an answer that is no object")
    return decode_offer(found, vendor)


async def download(
    session: aiohttp.ClientSession, offer: Offer, vendor: Vendor = VENDOR
) -> list[BandFile]:
    """Fetch the files of a release, one after the other; all of them are as announced.

    Raises:
        CatalogueUnreachable: a file is not to be had.
        FirmwareNotTrusted: a file cannot be checked, or is another.
        FileRefused: a file is nothing that this model takes.
    """
    if not offer.files:
        raise FirmwareNotTrusted(offer.fault or "no file")
    files = []
    for file in offer.files:
        content = await _fetch(session, file, vendor)
        files.append(await asyncio.to_thread(_checked, content, file, offer.version))
    return files


# The answer

_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){3}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[0-9]{1,12}")
_HTTPS_PORT = 443


def decode_offer(given: Mapping[str, object], vendor: Vendor = VENDOR) -> Offer | None:
    """Decode what the catalogue answers; None when it knows nothing newer.

    Raises:
        CatalogueUnreachable: no document explains it.
    """
    version = given.get("firmwareVersion")
    if version is None and not given.keys() & _REFUSALS:
        return None
    text = version.removeprefix("V") if isinstance(version, str) else ""
    if not _VERSION.fullmatch(text):
        raise CatalogueUnreachable("an answer without a version")
    try:
        files = tuple(
            _decode_file(part, given, vendor)
            for part in Part
            if part is Part.FIRMWARE or given.get(f"{part}Url")
        )
        fault = None
    except FirmwareNotTrusted as err:
        files, fault = (), str(err)
    notes = given.get("changeLog")
    return Offer(
        version=text,
        notes=_decode_notes(notes if isinstance(notes, str) else ""),
        files=files,
        fault=fault,
    )


def _decode_file(part: Part, given: Mapping[str, object], vendor: Vendor) -> RemoteFile:
    link, md5 = given.get(f"{part}Url"), given.get(f"{part}Md5")
    if not isinstance(link, str):
        raise FirmwareNotTrusted(f"no address of the {part}")
    _require_ours(link, vendor)
    checksum = md5.strip().lower() if isinstance(md5, str) else ""
    if not _MD5.fullmatch(checksum):
        raise FirmwareNotTrusted(f"no checksum of the {part}")
    size = _decode_size(given.get(f"{part}Size"))
    if size is None and part is Part.FIRMWARE:
        raise FirmwareNotTrusted("no size of the firmware")
    if size is not None and size > LARGEST_FILE:
        raise FirmwareNotTrusted(f"a {part} of {size} bytes")
    return RemoteFile(part=part, link=link, md5=checksum, size=size)


def _decode_size(value: object) -> int | None:
    """Decode a whole number; some of the maker's servers send numbers as text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if _NUMBER.fullmatch(text) else None


def _decode_notes(text: str) -> str:
    """Return the longer text; the shorter one stands in where there is no other."""
    notes, _, summary = text.replace("\r\n", "\n").partition(_SUMMARY_MARK)
    return (notes.strip() or summary.strip())[:_LONGEST_NOTES]


def _require_ours(link: str, vendor: Vendor) -> URL:
    """Return an address, if it is the maker's.

    Raises:
        FirmwareNotTrusted: it is somebody else's, or open to everybody on the way.
    """
    try:
        url = URL(link)
        host, port = url.host or "", url.port
    except ValueError as err:
        raise FirmwareNotTrusted("an address that is none") from err
    if url.scheme != "https" or port != _HTTPS_PORT or url.user is not None:
        raise FirmwareNotTrusted("an address that is not plainly HTTPS")
    if not any(host == domain or host.endswith(f".{domain}") for domain in vendor.domains):
        raise FirmwareNotTrusted(f"an address at {host}, which is not the maker's")
    return url


# The files


async def _fetch(session: aiohttp.ClientSession, file: RemoteFile, vendor: Vendor) -> bytes:
    url = _require_ours(file.link, vendor)
    for _ in range(MOST_REDIRECTS + 1):
        answer = await _get(
            session,
            URL(vendor.base.format(host=url.host) + url.raw_path_qs, encoded=True),
            {},
            limit=LARGEST_FILE if file.size is None else file.size,
            patience=DOWNLOAD_TIMEOUT,
        )
        if answer.status == HTTPStatus.OK:
            return answer.body
        if answer.status not in _REDIRECTS or not answer.location:
            raise CatalogueUnreachable(f"status {answer.status}")
        url = _require_ours(_joined(url, answer.location), vendor)
    raise CatalogueUnreachable("one address after the other")


def _joined(url: URL, location: str) -> str:
    try:
        return str(url.join(URL(location)))
    except ValueError as err:
        raise FirmwareNotTrusted("an address that is none") from err


def _checked(content: bytes, file: RemoteFile, version: str) -> BandFile:
    if file.size is not None and len(content) != file.size:
        raise FirmwareNotTrusted(f"a {file.part} of another size than {file.size} bytes")
    # Against damage, as the maker has it; against forgery there is the firmware's own signature.
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
        raise FirmwareNotTrusted(f"another checksum of the {file.part}")
    found = recognise(content)
    if found.kind not in _KINDS[file.part]:
        raise FirmwareNotTrusted(f"something else as {file.part}")
    if found.kind is FileKind.FIRMWARE and found.version != version:
        raise FirmwareNotTrusted(f"version {found.version} instead of {version}")
    return found


# The requests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    location: str
    body: bytes


async def _get(
    session: aiohttp.ClientSession,
    address: URL,
    headers: Mapping[str, str],
    *,
    limit: int,
    patience: timedelta,
) -> _Answer:
    """Make a request and read its answer; of one that is longer, a little more than the limit."""
    try:
        async with (
            asyncio.timeout(patience.total_seconds()),
            session.get(
                address,
                headers={
                    "user-agent": ZEPP_LIFE.user_agent,
                    # What unpacks could become larger than it looked.
                    "accept-encoding": "identity",
                    **headers,
                },
                allow_redirects=False,
                raise_for_status=False,
            ) as response,
        ):
            if response.headers.get("content-encoding", "identity") != "identity":
                raise CatalogueUnreachable("a packed answer")
            return _Answer(
                status=response.status,
                location=response.headers.get("location", ""),
                body=(
                    await _read_whole(response.content, limit)
                    if response.status == HTTPStatus.OK
                    else b""
                ),
            )
    except TimeoutError as err:
        raise CatalogueUnreachable("no answer in time") from err
    except (aiohttp.ClientError, OSError) as err:
        raise CatalogueUnreachable(type(err).__name__) from err


async def _read_whole(content: aiohttp.StreamReader, limit: int) -> bytes:
    body = bytearray()
    async for piece in content.iter_any():
        body += piece
        if len(body) > limit:
            break
    return bytes(body)
