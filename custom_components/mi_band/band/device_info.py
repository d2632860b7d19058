"""Which band this is: the Device Information service, readable without a key.

    characteristic   value                                      example
    serial number    12 ASCII characters                        7ac8d2a4d03c
    hardware         ASCII with a leading V                     V0.25.18.5
    software         ASCII with a leading V: the firmware       V1.0.9.66
    PnP ID           source, vendor, product, version           01 5701 2400 0101

The version of the PnP ID tells the variant with NFC, 256, from the one without, 257.
Source: protocol-control.md section 6.1, binding-and-firmware.md section 7.2.
"""

from dataclasses import dataclass
import logging
import struct

from .errors import UNAVAILABLE, MalformedPacket, NotSupported
from .link import Link
from .uuids import Characteristic

_LOGGER = logging.getLogger(__name__)

_SERIAL_LENGTH = 12
_PNP_ID = struct.Struct("<BHHH")
_BAND_4 = (0x01, 0x0157, 0x0024)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """What a band says of itself."""

    serial_number: str | None
    """Twelve characters; None when the band gives something else."""
    hardware_version: str
    firmware_version: str
    """These two are empty where the band does not tell."""


def decode_version(value: bytes, characteristic: Characteristic) -> str:
    """Decode a version such as 1.0.9.66, without its leading V.

    Raises:
        MalformedPacket: no printable ASCII.
    """
    return _decode_text(value, characteristic).removeprefix("V")


def decode_serial_number(value: bytes) -> str | None:
    """Decode a serial number; None unless it has the documented twelve characters.

    It is a label for people, which keeps no band out.
    """
    try:
        text = _decode_text(value, Characteristic.SERIAL_NUMBER)
    except MalformedPacket:
        return None
    return text if len(text) == _SERIAL_LENGTH else None


def decode_product_version(value: bytes) -> int | None:
    """Decode the version in the PnP ID; None when it is not that of a Mi Smart Band 4."""
    if len(value) != _PNP_ID.size:
        return None
    *product, version = _PNP_ID.unpack(value)
    return version if tuple(product) == _BAND_4 else None


def _decode_text(value: bytes, characteristic: Characteristic) -> str:
    try:
        text = value.rstrip(b"\x00").decode("ascii")
    except UnicodeDecodeError as err:
        raise MalformedPacket(characteristic, value) from err
    if not text.isprintable():
        raise MalformedPacket(characteristic, value)
    return text


async def read_firmware_version(link: Link) -> str:
    """Read the firmware version: the one fact here that changes in a band's life."""
    value = await link.read(Characteristic.SOFTWARE_REVISION)
    return decode_version(value, Characteristic.SOFTWARE_REVISION)


async def read_product_version(link: Link) -> int | None:
    """Read the version that tells the variants apart; None when the band does not say."""
    try:
        return decode_product_version(await link.read(Characteristic.PNP_ID))
    except NotSupported:
        return None


async def read_device_info(link: Link) -> DeviceInfo:
    """Read everything, in three reads; what the band does not tell keeps no band out."""
    return DeviceInfo(
        serial_number=decode_serial_number(await _read(link, Characteristic.SERIAL_NUMBER)),
        hardware_version=await _read_version(link, Characteristic.HARDWARE_REVISION),
        firmware_version=await _read_version(link, Characteristic.SOFTWARE_REVISION),
    )


async def _read_version(link: Link, characteristic: Characteristic) -> str:
    value = await _read(link, characteristic)
    try:
        return decode_version(value, characteristic)
    except MalformedPacket as err:
        _LOGGER.warning("Going without something that the band tells of itself: %s", err)
        return ""


async def _read(link: Link, characteristic: Characteristic) -> bytes:
    try:
        return await link.read(characteristic)
    except UNAVAILABLE as err:
        _LOGGER.warning("Going without something that the band tells of itself: %s", err)
        return b""
