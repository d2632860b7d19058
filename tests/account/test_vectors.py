"""The bytes and addresses that the documents state."""

import hashlib

from custom_components.mi_band.account import mi_sign_in_address
from custom_components.mi_band.account_requests import encode_password, encrypt_form
from tests.vectors import account as vectors


def test_the_form_is_the_documented_one() -> None:
    form = encode_password(vectors.ACCOUNT, vectors.PASSWORD)
    assert form == vectors.FORM
    assert len(form) == vectors.FORM_SIZE


def test_the_form_is_encrypted_to_the_documented_bytes() -> None:
    cipher = encrypt_form(vectors.FORM)
    assert len(cipher) == vectors.CIPHER_SIZE
    assert cipher.startswith(vectors.CIPHER_BEGINNING)
    assert hashlib.sha256(cipher).hexdigest() == vectors.CIPHER_SHA256


def test_a_short_form_is_encrypted_to_the_documented_bytes() -> None:
    assert encrypt_form(vectors.SHORT_FORM) == vectors.SHORT_CIPHER


def test_the_link_of_a_mi_account_is_the_documented_one() -> None:
    assert mi_sign_in_address() == vectors.MI_ADDRESS
