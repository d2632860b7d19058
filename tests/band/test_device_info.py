"""Serial number and versions."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.device_info import (
    decode_product_version,
    decode_serial_number,
    decode_version,
)
from custom_components.mi_band.band.errors import MalformedPacket
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, device_info as vectors

_SOFTWARE = Characteristic.SOFTWARE_REVISION


@pytest.mark.parametrize("vector", vectors.VERSIONS, ids=str)
def test_a_version_loses_its_leading_v(vector: Vector[str]) -> None:
    assert decode_version(vector.packet, _SOFTWARE) == vector.value


def test_a_version_without_a_v_is_taken_as_it_is() -> None:
    assert decode_version(b"1.0.9.66", _SOFTWARE) == "1.0.9.66"


def test_a_serial_number_has_twelve_characters() -> None:
    assert decode_serial_number(vectors.SERIAL_NUMBER.packet) == vectors.SERIAL_NUMBER.value


@pytest.mark.parametrize("length", range(12))
def test_a_serial_number_of_another_length_is_none(length: int) -> None:
    assert decode_serial_number(vectors.SERIAL_NUMBER.packet[:length]) is None


def test_a_longer_serial_number_is_none() -> None:
    assert decode_serial_number(vectors.SERIAL_NUMBER.packet + b"0") is None


@pytest.mark.parametrize("vector", vectors.PNP_IDS, ids=str)
def test_the_pnp_id_tells_the_variants_apart(vector: Vector[int]) -> None:
    assert decode_product_version(vector.packet) == vector.value


@pytest.mark.parametrize("length", [*range(7), 8])
def test_a_pnp_id_of_another_length_tells_nothing(length: int) -> None:
    packet = vectors.PNP_IDS[0].packet + b"\x00"
    assert decode_product_version(packet[:length]) is None


@pytest.mark.parametrize(
    "value",
    ["02 5701 2400 0101", "01 5801 2400 0101", "01 5701 3d00 0101"],
    ids=["not given out by the SIG", "another vendor", "a Mi Band 5"],
)
def test_the_pnp_id_of_another_product_tells_nothing(value: str) -> None:
    assert decode_product_version(bytes.fromhex(value)) is None


def test_trailing_nuls_belong_to_no_text() -> None:
    assert decode_version(vectors.FIRMWARE.packet + b"\x00\x00", _SOFTWARE) == "1.0.9.66"


@pytest.mark.parametrize(
    "value", [b"V1.0\xff", b"V1\x00.0", b"V1.0\n", b"\x7f"], ids=["no ASCII", "NUL", "LF", "DEL"]
)
def test_unprintable_text_is_malformed(value: bytes) -> None:
    with pytest.raises(MalformedPacket) as caught:
        decode_version(value, _SOFTWARE)
    assert caught.value.characteristic is _SOFTWARE


@pytest.mark.parametrize("value", [bytes(12), b"\xff" * 12, b"\xff", b"7ac8d2a4d03\n"])
def test_a_serial_number_that_nobody_can_read_is_none(value: bytes) -> None:
    assert decode_serial_number(value) is None


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20))
def test_every_printable_version_is_read_back(version: str) -> None:
    assert decode_version(b"V" + version.encode(), _SOFTWARE) == version


@given(st.binary(max_size=20))
def test_arbitrary_bytes_are_text_or_malformed(value: bytes) -> None:
    serial_number = decode_serial_number(value)
    assert serial_number is None or len(serial_number) == 12
    try:
        version = decode_version(value, _SOFTWARE)
    except MalformedPacket:
        return
    assert version.isprintable()
