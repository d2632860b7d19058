"""A key as people type and paste it."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band.keys import (
    InvalidKeyFormat,
    KeyOfOtherBand,
    KeyTruncated,
    parse_key,
)
from tests.vectors import key_forms as vectors
from tests.vectors.key_forms import KeyForm

_KEYS = st.binary(min_size=16, max_size=16).filter(any)


@pytest.mark.parametrize("form", vectors.ACCEPTED, ids=str)
def test_a_key_is_read_in_every_form_seen_in_the_wild(form: KeyForm) -> None:
    assert parse_key(form.typed, vectors.ADDRESS) == form.outcome


@pytest.mark.parametrize("form", vectors.REFUSED, ids=str)
def test_what_is_no_key_is_refused_with_its_fault(form: KeyForm) -> None:
    with pytest.raises(InvalidKeyFormat) as caught:
        parse_key(form.typed, vectors.ADDRESS)
    assert caught.value.code == form.outcome


def test_there_are_forty_forms_and_no_name_twice() -> None:
    assert len({form.name for form in vectors.FORMS}) == len(vectors.FORMS) >= 40


@pytest.mark.parametrize("digits", [1, 30, 31])
def test_a_truncated_key_says_how_many_digits_there_are(digits: int) -> None:
    with pytest.raises(KeyTruncated) as caught:
        parse_key(vectors.TEXT[:digits], vectors.ADDRESS)
    assert caught.value.digits == digits


def test_no_error_repeats_what_was_typed() -> None:
    for form in vectors.REFUSED:
        with pytest.raises(InvalidKeyFormat) as caught:
            parse_key(form.typed, vectors.ADDRESS)
        assert vectors.TEXT[:8] not in str(caught.value).lower()


@pytest.mark.parametrize("address", ["f3:4e:c4:1e:46:0f", "F3-4E-C4-1E-46-0F", "F34EC41E460F"])
def test_the_address_of_the_band_may_be_written_in_any_way(address: str) -> None:
    assert parse_key(f"{vectors.ADDRESS};{vectors.TEXT}", address) == vectors.KEY


@given(_KEYS)
def test_every_key_is_read_back(key: bytes) -> None:
    assert parse_key(key.hex(), vectors.ADDRESS) == key
    assert parse_key(f"0x{key.hex().upper()}\n", vectors.ADDRESS) == key
    assert parse_key(key.hex(":"), vectors.ADDRESS) == key
    assert parse_key(f"{vectors.ADDRESS};{key.hex()}", vectors.ADDRESS) == key


@given(key=_KEYS, own=st.binary(min_size=6, max_size=6), other=st.binary(min_size=6, max_size=6))
def test_a_key_beside_another_address_is_never_taken(key: bytes, own: bytes, other: bytes) -> None:
    text = f"{other.hex(':')};{key.hex()}"
    if own == other:
        assert parse_key(text, own.hex(":").upper()) == key
    else:
        with pytest.raises(KeyOfOtherBand):
            parse_key(text, own.hex(":").upper())


@given(
    st.text(max_size=80)
    | st.text("0123456789abcdefABCDEFxX:;,- \n\u200b", max_size=80)
    | st.from_regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}[;, ][0-9a-fx]{0,40}", fullmatch=True)
)
def test_arbitrary_text_is_a_key_or_no_key(text: str) -> None:
    try:
        key = parse_key(text, vectors.ADDRESS)
    except InvalidKeyFormat:
        return
    assert len(key) == 16
    assert any(key)
