"""Bands on the emulated air and sessions with them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Unpack, cast

from bleak_retry_connector import BleakClientWithServiceCache
import pytest

from custom_components.mi_band.band.link import Operation
from custom_components.mi_band.band.session import BandSession, open_session
from tests.emulator.backend import bleak_device
from tests.emulator.band import EmulatedBand, Options
from tests.emulator.central import Adapter
from tests.emulator.gatt.body import Json
from tests.emulator.radio import AirFaults, Radio
from tests.vectors import auth as vectors

KEY = vectors.KEY
OTHER_KEY = vectors.ANSWERS[1].key
TICK_S = 0.02
"""How long a band's second is."""


@dataclass(slots=True)
class Traffic:
    """What a band has received for one characteristic."""

    reads: int
    writes: int
    cccd: int
    last: list[str | None]


class Lab:
    """The air, one adapter, and bands that exist until the test ends."""

    def __init__(
        self, radio: Radio, adapter: Adapter, client_class: type[BleakClientWithServiceCache]
    ) -> None:
        self.radio = radio
        self.adapter = adapter
        self.client_class = client_class
        self.bands: list[EmulatedBand] = []

    async def band(self, **options: Unpack[Options]) -> EmulatedBand:
        """Put a band on the air; it has the lab's key unless it is new or told otherwise."""
        defaults = Options(key=KEY, days=0, tick_s=TICK_S, battery=77, goes_on="now" in options)
        band = EmulatedBand(self.radio, **(defaults | options))
        self.bands.append(band)
        await band.power_on()
        return band

    async def close(self) -> None:
        """Take the bands from the air."""
        for band in self.bands:
            await band.power_off()

    def open(
        self, band: EmulatedBand, key: bytes | None = KEY, *, attempts: int = 1
    ) -> AbstractAsyncContextManager[BandSession]:
        """Open a session; authenticated unless the key is None."""
        return open_session(
            lambda: bleak_device(self.radio, band.address),
            name=band.name,
            key=key,
            attempts=attempts,
            client_class=self.client_class,
        )

    def faults(self, band: EmulatedBand) -> AirFaults:
        """Return what can be done to the air around a band."""
        return self.radio.faults(band.address)

    def all_free(self) -> bool:
        """Whether no connection slot is taken."""
        return self.adapter.free == self.adapter.slots


def state(band: EmulatedBand, name: str) -> Mapping[str, Json]:
    """Return a part of what a band holds that has parts of its own."""
    part = band.snapshot()[name]
    assert isinstance(part, dict)
    return part


def items(band: EmulatedBand, name: str) -> list[Mapping[str, Json]]:
    """Return what a band holds a list of."""
    part = band.snapshot()[name]
    assert isinstance(part, list)
    return cast("list[Mapping[str, Json]]", part)


def traffic(band: EmulatedBand, characteristic: str) -> Traffic:
    """Return what a band has received for a characteristic."""
    seen = band._body.traffic[characteristic]
    return Traffic(
        reads=seen.reads, writes=seen.writes, cccd=seen.subscriptions, last=list(seen.last)
    )


def notify(band: EmulatedBand, characteristic: str, *packets: bytes) -> None:
    """Make a band notify something, whatever it is."""
    for packet in packets:
        band._body.notify(characteristic, packet)


def say_first(
    monkeypatch: pytest.MonkeyPatch, band: EmulatedBand, characteristic: str, *packets: bytes
) -> None:
    """Make a band notify something else before each of its notifications of a characteristic."""
    properly = band._body.notify

    def noisily(name: str, value: bytes, *, unasked: bool = False) -> None:
        if name == characteristic:
            for packet in packets:
                properly(name, packet, unasked=unasked)
        properly(name, value, unasked=unasked)

    monkeypatch.setattr(band._body, "notify", noisily)


async def run[T](session: AbstractAsyncContextManager[BandSession], operation: Operation[T]) -> T:
    """Open a session for one operation."""
    async with session as link:
        return await operation(link)
