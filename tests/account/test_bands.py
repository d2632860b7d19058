"""What is made of the service's list, and how a band is chosen. No service, no event loop."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.mi_band.account import require_keys, sort_bands
from custom_components.mi_band.account_answers import AccountBand, decode_band
from custom_components.mi_band.account_errors import AccountNoBands, AccountNoKey

from .lab import ADDRESS, KEY

MORE = {"auth_key": KEY.hex(), "hardwareVersion": "V0.25.17.5", "sn": "0123456789ab"}
ITEM: dict[str, Any] = {
    "deviceType": 0,
    "deviceSource": 25,
    "deviceId": "F34EC41E460F",
    "macAddress": ADDRESS,
    "sn": "ec5326f9ddf3",
    "displayName": "Ada's band",
    "firmwareVersion": "V1.0.9.66",
    "bindingStatus": 1,
    "activeStatus": 1,
    "additionalInfo": json.dumps(MORE),
}
BAND = AccountBand(
    address=ADDRESS,
    key=KEY,
    name="Ada's band",
    firmware_version="V1.0.9.66",
    serial="ec5326f9ddf3",
    active=True,
    device_source=25,
)


def test_a_band_is_read_with_everything_that_the_list_says() -> None:
    assert decode_band(ITEM) == BAND


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"macAddress": "f3:4e:c4:1e:46:0f"}, BAND),
        ({"macAddress": ""}, BAND),
        ({"macAddress": None}, BAND),
        ({"deviceType": "0"}, BAND),
        ({"deviceSource": "25"}, BAND),
        ({"sn": ""}, replace(BAND, serial="0123456789ab")),
        ({"displayName": None}, replace(BAND, name="")),
        ({"firmwareVersion": ""}, replace(BAND, firmware_version=None)),
        ({"activeStatus": 0}, replace(BAND, active=False)),
        ({"activeStatus": None}, replace(BAND, active=False)),
        ({"deviceSource": {}}, replace(BAND, device_source=None)),
        ({"additionalInfo": None}, replace(BAND, key=None)),
        ({"additionalInfo": ""}, replace(BAND, key=None)),
        ({"additionalInfo": "[]"}, replace(BAND, key=None)),
        ({"additionalInfo": "{"}, replace(BAND, key=None)),
    ],
)
def test_odd_fields_do_not_lose_the_band(change: dict[str, Any], expected: AccountBand) -> None:
    assert decode_band(ITEM | change) == expected


@pytest.mark.parametrize(
    "key", ["", "00", "0" * 32, KEY.hex()[:30], KEY.hex() + "00", "x" * 32, 7, None, [], True]
)
def test_what_is_no_key_is_none(key: object) -> None:
    band = decode_band(ITEM | {"additionalInfo": json.dumps({"auth_key": key})})
    assert band is not None
    assert band.key is None


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "band",
        {},
        ITEM | {"deviceType": 1},
        ITEM | {"deviceType": None},
        ITEM | {"macAddress": "", "deviceId": ""},
        ITEM | {"macAddress": "F3:4E", "deviceId": 7},
    ],
)
def test_what_is_no_band_is_passed_over(item: object) -> None:
    assert decode_band(item) is None


def test_the_key_is_in_no_repr() -> None:
    assert KEY.hex() not in repr(BAND)
    assert repr(KEY) not in repr(BAND)


@pytest.mark.parametrize("written", [ADDRESS, ADDRESS.lower(), ADDRESS.replace(":", "")])
def test_a_band_is_known_by_its_address_however_it_is_written(written: str) -> None:
    assert BAND.is_at(written)
    assert not replace(BAND, address="C0:00:00:00:00:01").is_at(written)


def test_ours_comes_first_and_inactive_ones_last_and_those_without_a_key_not_at_all() -> None:
    keyless = replace(BAND, address="C0:00:00:00:00:01", key=None)
    inactive = replace(BAND, address="C0:00:00:00:00:02", active=False)
    other_model = replace(BAND, address="C0:00:00:00:00:03", device_source=59)
    same_model = replace(BAND, address="C0:00:00:00:00:04")
    assert sort_bands((keyless, inactive, other_model, same_model, BAND), ADDRESS) == (
        BAND,
        same_model,
        other_model,
        inactive,
    )


def test_an_account_without_bands_is_told_from_one_without_keys() -> None:
    require_keys((replace(BAND, key=None), BAND))
    with pytest.raises(AccountNoBands):
        require_keys(())
    with pytest.raises(AccountNoKey):
        require_keys((replace(BAND, key=None),))
