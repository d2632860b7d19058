"""The maker's catalogue of firmware: what it is asked, and what is believed of its answers.

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

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
import hashlib
import re
from typing import ClassVar, Final

from yarl import URL

from .account_constants import DEVICE_SOURCES, VENDOR, Vendor
from .band.files import LARGEST_FILE, BandFile, FileKind, recognise
from .firmware_constants import CATALOGUE_COMMON, CATALOGUE_ENGLISH, CATALOGUE_LANGUAGES

_LONGEST_NOTES: Final = 8000
_SUMMARY_MARK: Final = "###summary###"
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
    url = require_ours(link, vendor)
    checksum = md5.strip().lower() if isinstance(md5, str) else ""
    if not _MD5.fullmatch(checksum):
        raise FirmwareNotTrusted(f"no checksum of the {part}")
    size = _decode_size(given.get(f"{part}Size"))
    if size is None and part is Part.FIRMWARE:
        raise FirmwareNotTrusted("no size of the firmware")
    if size is not None and size > LARGEST_FILE:
        raise FirmwareNotTrusted(f"a {part} of {size} bytes")
    return RemoteFile(part=part, link=str(url), md5=checksum, size=size)


def _decode_size(value: object) -> int | None:
    """Decode a whole number; some of the maker's servers send numbers as text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if _NUMBER.fullmatch(text) else None


def _decode_notes(text: str) -> str:
    """Return the longer text; the shorter one stands in where there is no other."""
    # Halves of characters, which JSON may hold, could be neither stored nor shown.
    whole = text.encode(errors="replace").decode().replace("\r\n", "\n")
    notes, _, summary = whole.partition(_SUMMARY_MARK)
    return (notes.strip() or summary.strip())[:_LONGEST_NOTES]


def require_ours(link: str, vendor: Vendor) -> URL:
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


def check_file(content: bytes, file: RemoteFile, version: str) -> BandFile:
    """See that a file is what was announced for a version.

    Raises:
        FirmwareNotTrusted: it is another.
        FileRefused: it is nothing that this model takes.
    """
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
