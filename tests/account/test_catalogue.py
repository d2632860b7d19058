"""The client of the maker's catalogue, without Home Assistant: binding-and-firmware.md, 7.1."""

from collections.abc import AsyncGenerator
from dataclasses import replace
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.account_constants import Vendor
from custom_components.mi_band.band.errors import FileRefused
from custom_components.mi_band.band.files import LARGEST_FILE, FileKind
from custom_components.mi_band.catalogue import (
    CatalogueUnreachable,
    FirmwareNotTrusted,
    Offer,
    Part,
    Question,
    RemoteFile,
    decode_offer,
)
from custom_components.mi_band.catalogue_client import ask, download
from custom_components.mi_band.firmware_constants import CATALOGUE_HOSTS
from tests.emulator import files
from tests.emulator.catalogue import FILE_HOST, FOREIGN_HOST, release
from tests.emulator.vendor import EmulatedVendor, Reply, Step

FIRMWARE = files.firmware("1.0.9.68", size=6000)
LINK = f"https://{FILE_HOST}/made-up/1.0.9.68.fw"
RIGHT: dict[str, object] = {
    "firmwareVersion": "V1.0.9.68",
    "firmwareUrl": LINK,
    "firmwareMd5": hashlib.md5(FIRMWARE, usedforsecurity=False).hexdigest(),
    "firmwareSize": len(FIRMWARE),
    "changeLog": "Better sleep.",
}


@pytest.fixture
async def http(loopback: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Provide a session as the integration makes one."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


@pytest.fixture
def vendor(service: EmulatedVendor) -> Vendor:
    """Provide where the maker's services are."""
    service.catalogue.releases = [release()]
    return Vendor(base=service.base)


BAND: dict[str, Any] = {
    "product_version": 257,
    "hardware": "0.25.18.5",
    "firmware": "1.0.9.66",
    "language": "de",
}


def _question(**told: Any) -> Question:
    question = Question.about(**(BAND | told))
    assert question is not None
    return question


def _offer(link: str = LINK) -> Offer:
    offer = decode_offer(RIGHT | {"firmwareUrl": link})
    assert offer is not None
    return offer


# The question


@pytest.mark.parametrize("host", CATALOGUE_HOSTS)
async def test_every_host_is_asked_as_documented(
    http: aiohttp.ClientSession, vendor: Vendor, host: str
) -> None:
    offer = await ask(http, host, _question(), vendor)
    assert offer is not None
    assert (offer.version, offer.notes, offer.fault) == ("1.0.9.68", "Better sleep.", None)
    assert [file.part for file in offer.files] == [Part.FIRMWARE, Part.RESOURCES]


@pytest.mark.parametrize(
    "told",
    [
        {"product_version": None},
        {"product_version": 258},
        {"firmware": ""},
        {"firmware": "1.0.9"},
        {"firmware": "1.0.9.66-ada"},
        {"firmware": "\N{ARABIC-INDIC DIGIT ONE}.0.9.66"},
    ],
)
def test_of_a_band_that_says_something_else_there_is_no_question(told: dict[str, Any]) -> None:
    assert Question.about(**(BAND | told)) is None


def test_hardware_that_is_no_version_is_not_passed_on() -> None:
    assert _question(hardware="Ada's band").query["hardwareVersion"] == "0"


# The answer


@pytest.mark.parametrize("given", [{}, {"gpsVersion": "0"}, {"resourceVersion": 77}])
def test_an_answer_without_a_version_is_nothing_newer(given: dict[str, object]) -> None:
    assert decode_offer(given) is None


@pytest.mark.parametrize(
    "version",
    ["", "V", "latest", "1.0.9", "V1.0.9.68.1", "VV1.0.9.68", "V1.0.9.99999", 10968, [], None],
)
def test_a_version_that_is_none_is_no_answer(version: object) -> None:
    with pytest.raises(CatalogueUnreachable):
        decode_offer({**RIGHT, "firmwareVersion": version, "code": 1})


@pytest.mark.parametrize("size", [6000, "6000"])
def test_a_size_may_be_text(size: object) -> None:
    offer = decode_offer(RIGHT | {"firmwareSize": size})
    assert offer is not None
    assert [file.size for file in offer.files] == [6000]


@pytest.mark.parametrize(
    "changed",
    [
        {"firmwareUrl": None},
        {"firmwareUrl": 7},
        {"firmwareUrl": "not an address"},
        {"firmwareUrl": LINK.replace("https", "http")},
        {"firmwareUrl": LINK.replace("https", "ftp")},
        {"firmwareUrl": LINK.replace(FILE_HOST, FOREIGN_HOST)},
        {"firmwareUrl": LINK.replace(FILE_HOST, "zepp.com.example.com")},
        {"firmwareUrl": LINK.replace(FILE_HOST, "evilzepp.com")},
        {"firmwareUrl": LINK.replace(FILE_HOST, "127.0.0.1")},
        {"firmwareUrl": LINK.replace(FILE_HOST, f"{FILE_HOST}:8443")},
        {"firmwareUrl": LINK.replace(FILE_HOST, f"{FILE_HOST}:port")},
        {"firmwareUrl": LINK.replace(FILE_HOST, f"ada:secret@{FILE_HOST}")},
        {"firmwareUrl": LINK.replace(FILE_HOST, f"{FILE_HOST}@example.com")},
        {"firmwareUrl": "https://[::1]/zepp.com"},
        {"firmwareUrl": "https:///zepp.com"},
        {"firmwareMd5": None},
        {"firmwareMd5": "d41d8cd9"},
        {"firmwareMd5": "g" * 32},
        {"firmwareSize": None},
        {"firmwareSize": True},
        {"firmwareSize": -1},
        {"firmwareSize": 6000.5},
        {"firmwareSize": "many"},
        {"firmwareSize": LARGEST_FILE + 1},
        {"resourceUrl": LINK},
        {"fontUrl": LINK.replace(FILE_HOST, FOREIGN_HOST), "fontMd5": "0" * 32},
    ],
)
def test_a_file_that_cannot_be_checked_is_none_but_the_version_is_told(
    changed: dict[str, object],
) -> None:
    offer = decode_offer(RIGHT | changed)
    assert offer is not None
    assert (offer.version, offer.files) == ("1.0.9.68", ())
    assert offer.fault


def test_half_a_character_does_not_get_into_the_notes() -> None:
    given = json.loads(
        '{"firmwareVersion": "V1.0.9.68", "changeLog": "a\\ud800b",'
        ' "firmwareUrl": "https://zepp.com/\\ud800"}'
    )
    offer = decode_offer(given)
    assert offer is not None
    assert (offer.notes, offer.files) == ("a?b", ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.sampled_from(["V1.0.9.68", LINK, "0" * 32, "https://zepp.com:0/", "###summary###", "6"])


@given(
    st.fixed_dictionaries(
        {"firmwareVersion": st.just("V1.0.9.68") | JSON},
        optional=dict.fromkeys(
            (
                *("firmwareUrl", "firmwareMd5", "firmwareSize", "changeLog", "resourceUrl"),
                *("resourceMd5", "fontUrl", "fontMd5", "fontSize", "code"),
            ),
            TEXTS | JSON,
        ),
    )
)
def test_whatever_is_answered_only_what_can_be_checked_is_believed(
    answer: dict[str, object],
) -> None:
    try:
        offer = decode_offer(answer)
    except CatalogueUnreachable:
        return
    if offer is None:
        return
    assert (offer.fault is None) == bool(offer.files)
    for file in offer.files:
        parts = urlsplit(file.link)
        assert parts.scheme == "https"
        assert parts.hostname is not None
        assert parts.hostname.endswith(("zepp.com", "huami.com", "amazfit.com"))
        assert len(file.md5) == 32
        assert file.size is None or 0 <= file.size <= LARGEST_FILE


# The files


async def test_the_files_of_a_release_are_fetched_in_their_order(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor
) -> None:
    service.catalogue.releases = [replace(release(), font=files.font(size=3000))]
    offer = await ask(http, CATALOGUE_HOSTS[0], _question(), vendor)
    assert offer is not None
    found = await download(http, offer, vendor)
    assert [file.kind for file in found] == [
        FileKind.FIRMWARE,
        FileKind.PACKED_RESOURCES,
        FileKind.FONT,
    ]
    assert found[0].version == "1.0.9.68"


async def test_another_address_of_the_maker_s_is_followed(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor
) -> None:
    away = f"https://{FILE_HOST}/somewhere/else.fw"
    offer = _offer(away)
    # What lies there is not known to the service: only the second address is right.
    with pytest.raises(CatalogueUnreachable, match="404"):
        await download(http, offer, vendor)
    service.catalogue.moved[away.rpartition(f"{FILE_HOST}/")[2]] = "/made-up/1.0.9.68.fw?sign=1"
    (file,) = await download(http, offer, vendor)
    assert file.content == FIRMWARE


@pytest.mark.parametrize("to", ["/made-up/1.0.9.68.fw", LINK, "?again"])
async def test_an_address_that_leads_to_itself_is_left(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor, to: str
) -> None:
    service.replies[Step.FILE] = Reply(status=302, headers={"Location": to})
    with pytest.raises(CatalogueUnreachable, match="after the other"):
        await download(http, _offer(), vendor)
    assert service.steps[Step.FILE] == 3


@pytest.mark.parametrize(
    "to",
    [
        f"https://{FOREIGN_HOST}/made-up/1.0.9.68.fw",
        f"//{FOREIGN_HOST}/made-up/1.0.9.68.fw",
        LINK.replace("https", "http"),
        "https://zepp.com:99999/",
    ],
)
async def test_an_address_of_somebody_else_s_is_not_followed(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor, to: str
) -> None:
    service.replies[Step.FILE] = Reply(status=302, headers={"Location": to})
    with pytest.raises(FirmwareNotTrusted):
        await download(http, _offer(), vendor)
    assert service.steps[Step.FILE] == 1


async def test_a_packed_file_is_refused_before_it_is_unpacked(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor
) -> None:
    service.replies[Step.FILE] = Reply(body=FIRMWARE, headers={"Content-Encoding": "identity"})
    assert len(await download(http, _offer(), vendor)) == 1
    service.replies[Step.FILE] = Reply(body=FIRMWARE, headers={"Content-Encoding": "br"})
    with pytest.raises(CatalogueUnreachable):
        await download(http, _offer(), vendor)


async def test_of_a_file_that_does_not_say_how_long_it_is_no_more_is_read_than_a_band_takes(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor
) -> None:
    endless = RemoteFile(part=Part.FONT, link=LINK, md5="0" * 32, size=None)
    service.replies[Step.FILE] = Reply(body=bytes(3 * LARGEST_FILE))
    with pytest.raises(FirmwareNotTrusted):
        await download(http, replace(_offer(), files=(endless,)), vendor)
    md5 = hashlib.md5(bytes(3 * LARGEST_FILE), usedforsecurity=False).hexdigest()
    with pytest.raises((FirmwareNotTrusted, FileRefused)):
        await download(http, replace(_offer(), files=(replace(endless, md5=md5),)), vendor)


async def test_without_files_nothing_is_asked_for(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor
) -> None:
    with pytest.raises(FirmwareNotTrusted, match="no checksum"):
        await download(http, replace(_offer(), files=(), fault="no checksum"), vendor)
    assert not service.requests


async def test_an_answer_that_is_no_object_is_none(
    http: aiohttp.ClientSession, vendor: Vendor, service: EmulatedVendor
) -> None:
    for body in (b"[]", b"[" * 100_000, b"\xff", b"", json.dumps("V1.0.9.68").encode()):
        service.replies[Step.NEW_VERSION] = Reply(body=body)
        with pytest.raises(CatalogueUnreachable):
            await ask(http, CATALOGUE_HOSTS[0], _question(), vendor)
