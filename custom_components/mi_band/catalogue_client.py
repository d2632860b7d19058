"""Asks the maker's catalogue for something newer, and for the files themselves.

The session is passed in. Nothing waits for ever, and no more is read than could be of use.

Source: binding-and-firmware.md section 7.1.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
import json
from typing import Final

import aiohttp
from yarl import URL

from .account_constants import VENDOR, ZEPP_LIFE, Vendor
from .band.files import LARGEST_FILE, BandFile
from .catalogue import (
    CatalogueUnreachable,
    FirmwareNotTrusted,
    Offer,
    Question,
    RemoteFile,
    check_file,
    decode_offer,
    require_ours,
)
from .firmware_constants import (
    CATALOGUE_HEADERS,
    CATALOGUE_PATH,
    DOWNLOAD_TIMEOUT,
    MOST_REDIRECTS,
)

# A change log is some hundred characters.
_LARGEST_ANSWER: Final = 1 << 18
_REDIRECTS: Final = range(300, 400)


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
        files.append(await asyncio.to_thread(check_file, content, file, offer.version))
    return files


async def _fetch(session: aiohttp.ClientSession, file: RemoteFile, vendor: Vendor) -> bytes:
    url = require_ours(file.link, vendor)
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
        url = require_ours(_joined(url, answer.location), vendor)
    raise CatalogueUnreachable("one address after the other")


def _joined(url: URL, location: str) -> str:
    try:
        return str(url.join(URL(location)))
    except ValueError as err:
        raise FirmwareNotTrusted("an address that is none") from err


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
