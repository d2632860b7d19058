"""The vendor's catalogue of firmware: binding-and-firmware.md, 7.1."""

from collections.abc import AsyncGenerator, Mapping
import hashlib
from typing import Any, NamedTuple

import aiohttp
import pytest

from tests.emulator import files
from tests.emulator.catalogue import FILE_HOST, FOREIGN_HOST, HOSTS, Offer, release
from tests.emulator.vendor import EmulatedVendor, Step

pytestmark = pytest.mark.usefixtures("loopback")
QUERY = {
    "deviceSource": "25",
    "productionSource": "257",
    "firmwareVersion": "V1.0.9.66",
    "hardwareVersion": "V0.25.18.5",
    "resourceVersion": "0",
    "fontVersion": "0",
    "gpsVersion": "0",
    "appVersion": "6.14.0_50818",
    "deviceType": "ALL",
}
HEADERS = {"appname": "com.xiaomi.hm.health", "appplatform": "android_phone", "lang": "en_US"}


class Shop(NamedTuple):
    """The service, and somebody who asks."""

    service: EmulatedVendor
    http: aiohttp.ClientSession

    async def ask(
        self,
        query: Mapping[str, str | None] | None = None,
        headers: Mapping[str, str] | None = None,
        host: str = "api-mifit-us2.huami.com",
    ) -> tuple[int, bytes]:
        """Ask for something new; None takes a parameter away."""
        given = {name: value for name, value in {**QUERY, **(query or {})}.items() if value}
        address = f"{self.service.base.format(host=host)}/devices/ALL/hasNewVersion"
        async with self.http.get(
            address, params=given, headers={**HEADERS, **(headers or {})}
        ) as answer:
            return answer.status, await answer.read()

    async def offer(self, **query: str) -> Any:
        address = f"{self.service.base.format(host='api.amazfit.com')}/devices/ALL/hasNewVersion"
        async with self.http.get(address, params={**QUERY, **query}, headers=HEADERS) as answer:
            return await answer.json()

    async def get(self, link: str) -> tuple[int, bytes]:
        scheme, _, rest = link.partition("://")
        host, _, path = rest.partition("/")
        assert scheme == "https"
        address = f"{self.service.base.format(host=host)}/{path}"
        async with self.http.get(address, allow_redirects=False) as answer:
            return answer.status, await answer.read()

    @property
    def wrongs(self) -> list[str]:
        return [wrong["what"] for wrong in self.service.violations]


@pytest.fixture
async def shop(loopback: None) -> AsyncGenerator[Shop]:
    async with EmulatedVendor() as service, aiohttp.ClientSession() as http:
        service.catalogue.releases = [release("1.0.9.66"), release("1.0.9.68"), release("1.0.10.2")]
        yield Shop(service, http)


@pytest.mark.parametrize("host", sorted(HOSTS))
async def test_the_last_release_is_offered(shop: Shop, host: str) -> None:
    status, _ = await shop.ask(host=host)
    assert status == 200
    offer = await shop.offer()
    assert offer["firmwareVersion"] == "V1.0.10.2"
    assert offer["firmwareSize"] == 6000
    assert "###summary###" in offer["changeLog"]
    status, content = await shop.get(offer["firmwareUrl"])
    assert status == 200
    assert len(content) == 6000
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == offer["firmwareMd5"]
    _, resources = await shop.get(offer["resourceUrl"])
    assert hashlib.md5(resources, usedforsecurity=False).hexdigest() == offer["resourceMd5"]
    assert not shop.wrongs
    assert shop.service.steps[Step.FILE] == 2


async def test_a_band_with_the_last_release_is_offered_nothing(shop: Shop) -> None:
    assert "firmwareVersion" not in await shop.offer(firmwareVersion="V1.0.10.2")
    shop.service.catalogue.offer = Offer.NOTHING_NEW
    assert "firmwareVersion" not in await shop.offer()


async def test_the_chain_can_be_walked(shop: Shop) -> None:
    shop.service.catalogue.one_by_one = True
    version, walked = "0", []
    while "firmwareVersion" in (offer := await shop.offer(firmwareVersion=version)):
        version = offer["firmwareVersion"]
        walked.append(version)
    assert walked == ["V1.0.9.66", "V1.0.9.68", "V1.0.10.2"]


@pytest.mark.parametrize(
    ("query", "headers", "what"),
    [
        ({"productionSource": "256"}, {}, "productionSource is not that of the deviceSource"),
        ({"firmwareVersion": "1.0.9.66"}, {}, "a version of another shape"),
        ({"appVersion": "1.0"}, {}, "appVersion is none that was seen"),
        ({"hardwareVersion": None}, {}, "a parameter is missing"),
        ({"mac": "F3:4E"}, {}, "a parameter that nobody documents"),
        ({"userId": "7034468780"}, {}, "userId is wrong"),
        ({"resourceVersion": "12"}, {}, "resourceVersion is wrong"),
        ({}, {"apptoken": "secret"}, "a token, where no account is needed"),
        ({}, {"appname": "com.huami.midong"}, "appname is not the app's"),
        ({}, {"lang": "de"}, "lang is wrong"),
    ],
)
async def test_what_is_not_documented_is_listed(
    shop: Shop, query: Mapping[str, str | None], headers: Mapping[str, str], what: str
) -> None:
    await shop.ask(query, headers)
    assert what in shop.wrongs


async def test_the_other_variant_is_asked_for_as_documented(shop: Shop) -> None:
    await shop.ask({"deviceSource": "24", "productionSource": "256"})
    assert not shop.wrongs


@pytest.mark.parametrize(
    ("offer", "status"),
    [
        (Offer.NULL, 200),
        (Offer.HTML, 200),
        (Offer.NOT_FOUND, 404),
        (Offer.RATE_LIMITED, 429),
        (Offer.SERVER_ERROR, 503),
    ],
)
async def test_the_service_can_be_of_no_help(shop: Shop, offer: Offer, status: int) -> None:
    shop.service.catalogue.offer = offer
    found, body = await shop.ask()
    assert found == status
    assert b"firmwareVersion" not in body


@pytest.mark.parametrize(
    ("offer", "field", "value"),
    [
        (Offer.OLDER, "firmwareVersion", "V1.0.9.66"),
        (Offer.ODD_TYPES, "firmwareVersion", 10968),
        (Offer.ODD_VERSION, "firmwareVersion", "latest"),
        (Offer.NO_CHECKSUM, "firmwareMd5", None),
        (Offer.WRONG_CHECKSUM, "firmwareMd5", "0" * 32),
        (Offer.WRONG_SIZE, "firmwareSize", 6001),
        (Offer.HUGE, "firmwareSize", 1 << 31),
        (Offer.FOREIGN_HOST, "firmwareUrl", f"https://{FOREIGN_HOST}/made-up/1.0.10.2.fw"),
        (Offer.PLAIN_HTTP, "firmwareUrl", f"http://{FILE_HOST}/made-up/1.0.10.2.fw"),
    ],
)
async def test_an_offer_can_be_wrong(shop: Shop, offer: Offer, field: str, value: object) -> None:
    shop.service.catalogue.offer = offer
    assert (await shop.offer())[field] == value


@pytest.mark.parametrize(
    ("offer", "status", "size"),
    [
        (Offer.FILE_MISSING, 404, None),
        (Offer.FILE_TRUNCATED, 200, 3000),
        (Offer.FILE_TOO_LONG, 200, 12_000),
        (Offer.FILE_ELSEWHERE, 302, None),
    ],
)
async def test_a_file_can_be_wrong(shop: Shop, offer: Offer, status: int, size: int | None) -> None:
    link = (await shop.offer())["firmwareUrl"]
    shop.service.catalogue.offer = offer
    found, content = await shop.get(link)
    assert found == status
    assert size is None or len(content) == size


async def test_a_file_can_be_anothers_with_the_right_checksum(shop: Shop) -> None:
    shop.service.catalogue.offer = Offer.FILE_OF_ANOTHER
    offer = await shop.offer()
    _, content = await shop.get(offer["firmwareUrl"])
    assert hashlib.md5(content, usedforsecurity=False).hexdigest() == offer["firmwareMd5"]
    assert b"Mi Smart Band 5\x00" in content
    assert content != files.firmware("1.0.10.2", size=6000)


async def test_who_follows_a_link_elsewhere_is_listed(shop: Shop) -> None:
    await shop.get(f"https://{FOREIGN_HOST}/made-up/1.0.10.2.fw")
    assert shop.wrongs == ["a file from somebody else's host"]


async def test_a_file_that_nobody_released_is_missing(shop: Shop) -> None:
    assert (await shop.get(f"https://{FILE_HOST}/made-up/1.0.0.1.fw"))[0] == 404
