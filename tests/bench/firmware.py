"""What bringing a firmware into a band costs: `python -m tests.bench.firmware`.

    the link    time of a transfer, by a client that only writes the same packets and by ours
    the work    memory and CPU of ours alone, and how long the event loop was held up

The band is emulated, with a radio whose connection events carry so many packets. The bare client
has every packet ready, writes them through bleak without looking at anything that the band says,
and waits for the answer to each SYNC as the documents want it. What else runs on the machine shows
in the times.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
import gc
from itertools import product
import logging
import multiprocessing
import os
from pathlib import Path
import tempfile
import time
from typing import Final, override

from bleak import BleakClient

from custom_components.mi_band.band.errors import LinkLost
from custom_components.mi_band.band.files import BandFile, recognise
from custom_components.mi_band.band.link import Link, Packet
from custom_components.mi_band.band.session import BandSession
from custom_components.mi_band.band.upload import encode_init, upload
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.firmware_library import read_band_file
from tests.emulator import files
from tests.emulator.backend import client_class
from tests.emulator.band import EmulatedBand
from tests.emulator.central import Adapter
from tests.emulator.gatt.firmware import Running
from tests.emulator.radio import Radio
from tests.link.lab import Lab

from .history import HeldUp, peak_memory, watch

VERSION: Final = "1.0.9.68"
SIZES: Final = (512 * 1024, 1024 * 1024, 4 * 1024 * 1024)
MTUS: Final = (23, 247)
INTERVAL_S: Final = 0.0075
PACKETS_PER_EVENT: Final = 6
"""The shortest connection interval, and what a good stack carries in each of its events."""
LONGEST_S: Final = 90.0
"""Transfers that a radio of this kind makes longer are measured only when asked for."""
TRIES: Final = 3

_CONTROL, _DATA = Characteristic.FIRMWARE, Characteristic.FIRMWARE_DATA
_RESTARTS = b"\x10\x05\x01"


def make_file(size: int) -> BandFile:
    """Make a firmware of a size."""
    return recognise(files.firmware(VERSION, size=size))


def packets_of(file: BandFile, mtu: int) -> int:
    """Return how many packets of data a file takes."""
    return -(-len(file.content) // (mtu - 3))


# The link


@asynccontextmanager
async def _link(mtu: int, *, paced: bool) -> AsyncGenerator[tuple[EmulatedBand, BandSession]]:
    """Have a link to a band; one that is not paced is as fast as the emulation goes."""
    async with Radio(advertising_interval_s=0.02) as radio:
        adapter = Adapter(radio, mtu=None if mtu == min(MTUS) else mtu)
        await adapter.start()
        lab = Lab(radio, adapter, client_class(adapter))
        band = await lab.band(mtu=mtu)
        async with lab.open(band) as link:
            assert link.mtu == mtu
            if paced:
                faults = lab.faults(band)
                faults.interval_s, faults.packets_per_event = INTERVAL_S, PACKETS_PER_EVENT
            yield band, link
        await lab.close()
        await adapter.stop()


async def write_only(client: BleakClient, file: BandFile, mtu: int) -> float:
    """Do nothing but write: the limit of the link. Returns the seconds for the file."""
    control = client.services.get_characteristic(_CONTROL)
    data = client.services.get_characteristic(_DATA)
    assert control is not None
    assert data is not None
    room = mtu - 3
    content = file.content
    packets = [content[at : at + room] for at in range(0, len(content), room)]
    await client.start_notify(control, lambda _, __: None)
    init = encode_init(file.kind, len(content), file.checksum)
    await client.write_gatt_char(control, init, response=True)
    await client.write_gatt_char(control, b"\x03\x01", response=True)
    begun = time.perf_counter()
    for number, packet in enumerate(packets):
        await client.write_gatt_char(data, packet, response=False)
        if number and number % 100 == 0:
            await client.write_gatt_char(control, b"\x00", response=True)
    await client.write_gatt_char(control, b"\x00", response=True)
    return time.perf_counter() - begun


async def send(link: Link, file: BandFile) -> float:
    """Bring a file in as we do. Returns the seconds from the first byte to the last SYNC."""
    moments: list[float] = []
    async with upload(link, file, progress=lambda _, __: moments.append(time.perf_counter())):
        pass
    return moments[-1] - moments[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A file that we brought in, beside the limit of the link."""

    packets: int
    bare_s: float
    ours_s: float
    held_up: HeldUp

    @property
    def ratio(self) -> float:
        """Ours of the link's rate."""
        return self.bare_s / self.ours_s


async def transfer(size: int, mtu: int, *, paced: bool) -> Transfer:
    """Only write a firmware, and bring it in."""
    file = make_file(size)
    async with _link(mtu, paced=paced) as (band, link):
        bare_s = await write_only(link._client, file, mtu)
    async with _link(mtu, paced=paced) as (band, link):
        with watch() as held_up:
            ours_s = await send(link, file)
        assert band.firmware.running is Running.NEW
    return Transfer(packets=packets_of(file, mtu), bare_s=bare_s, ours_s=ours_s, held_up=held_up)


# The work


class TakingLink(Link):
    """A link to a band that takes everything at once, and keeps nothing of it."""

    def __init__(self, size: int, mtu: int) -> None:
        self.received = 0
        self._size = size
        self._mtu = mtu
        self._replies: asyncio.Queue[Packet] = asyncio.Queue()

    @property
    @override
    def mtu(self) -> int:
        return self._mtu

    @override
    def offers(self, characteristic: Characteristic) -> bool:
        return True

    @override
    async def read(self, characteristic: Characteristic) -> bytes:
        raise NotImplementedError

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        for packet in packets:
            if characteristic is _DATA:
                self.received += len(packet)
            else:
                self._reply(packet)
            # A real one has to be waited for.
            await asyncio.sleep(0)

    def _reply(self, command: bytes) -> None:
        if command == b"\x00":
            if self.received == self._size:
                self._notify(b"\x10\x03\x01")
        elif command != b"\x03\x01":
            self._notify(bytes((0x10, command[0], 0x01)))

    def _notify(self, value: bytes) -> None:
        self._replies.put_nowait(Packet(_CONTROL, value))

    @override
    @asynccontextmanager
    async def notifications(
        self, *characteristics: Characteristic
    ) -> AsyncGenerator[AsyncIterator[Packet]]:
        yield _Replies(self._replies)

    @override
    def alone(self) -> AbstractAsyncContextManager[Link]:
        return _itself(self)


@asynccontextmanager
async def _itself(link: Link) -> AsyncGenerator[Link]:
    yield link


class _Replies(AsyncIterator[Packet]):
    """What the band says; it hangs up to restart."""

    def __init__(self, queue: asyncio.Queue[Packet]) -> None:
        self._queue = queue

    @override
    async def __anext__(self) -> Packet:
        try:
            packet = await self._queue.get()
        except asyncio.QueueShutDown as err:
            raise LinkLost("the band restarts") from err
        if packet.value == _RESTARTS:
            self._queue.shutdown()
        return packet


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What reading, looking at and sending a file takes, without a radio."""

    size: int
    cpu_s: float
    memory: int
    """Bytes at the peak, over what there was before; the file is among them."""
    held_up: HeldUp


async def work(path: Path, mtu: int) -> Work:
    """Read a file as the library does, and bring it into a band that costs nothing."""
    gc.collect()
    with watch() as held_up, peak_memory() as memory:
        begun = time.process_time()
        file = await asyncio.to_thread(read_band_file, path)
        size = len(file.content)
        link = TakingLink(size, mtu)
        await send(link, file)
        cpu_s = time.process_time() - begun
    assert link.received == size
    return Work(size=size, cpu_s=cpu_s, memory=memory[0], held_up=held_up)


def work_apart(path: Path, mtu: int) -> Work:
    """Do that in a process of its own, for memory that a file before has left would not count."""
    forks = multiprocessing.get_context("forkserver")
    # To import everything takes longer than the work.
    forks.set_forkserver_preload(["tests.bench.history"])
    with ProcessPoolExecutor(1, forks) as process:
        return process.submit(_work, path, mtu).result()


def _work(path: Path, mtu: int) -> Work:
    return asyncio.run(work(path, mtu))


# What is printed


def _row(*cells: object) -> None:
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def _head(*cells: str) -> None:
    print()
    _row(*cells)
    _row(*("---" for _ in cells))


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"


async def print_links(sizes: list[int], *, slow: bool) -> None:
    """Print the transfers."""
    _head(
        *("link", "MTU", "file", "packets", "bare", "ours", "of the rate", "longest callback"),
        "by a collection of Python's",
    )
    paced = f"{INTERVAL_S * 1000:g} ms, {PACKETS_PER_EVENT} an event"
    radios = {paced: True, "as fast as it goes": False}
    for (name, is_paced), mtu, size in product(radios.items(), MTUS, sizes):
        at_least_s = size / (mtu - 3) / PACKETS_PER_EVENT * INTERVAL_S
        if is_paced and at_least_s > LONGEST_S and not slow:
            continue
        one = await transfer(size, mtu, paced=is_paced)
        _row(
            name,
            mtu,
            _size(size),
            one.packets,
            f"{one.bare_s:.2f} s",
            f"{one.ours_s:.2f} s",
            f"{one.ratio:.3f}",
            f"{one.held_up.longest_cpu_s * 1000:.1f} ms",
            f"{one.held_up.collection_s * 1000:.0f} ms",
        )


def print_work(sizes: list[int]) -> None:
    """Print what the work takes."""
    _head("MTU", "file", "CPU", "memory over the file", "loop held up", "by one callback")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "firmware"
        for mtu, size in product(MTUS, sizes):
            path.write_bytes(files.firmware(VERSION, size=size))
            tries = [work_apart(path, mtu) for _ in range(TRIES)]
            _row(
                mtu,
                _size(size),
                f"{min(one.cpu_s for one in tries):.2f} s",
                f"{(max(one.memory for one in tries) - size) / 2**20:.2f} MiB",
                f"{min(one.held_up.longest_s for one in tries) * 1000:.1f} ms",
                f"{min(one.held_up.longest_cpu_s for one in tries) * 1000:.1f} ms",
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.firmware", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="of the file, in bytes")
    parser.add_argument("--slow", action="store_true", help="also what takes many minutes")
    parser.add_argument("--only", choices=["link", "work"], nargs="+", help="not everything")
    options = parser.parse_args()
    wanted = options.only or ["work", "link"]
    logging.getLogger("bumble").setLevel(logging.ERROR)
    print(f"{os.cpu_count()} cores, of which others keep {os.getloadavg()[0]:.1f} busy")
    if "work" in wanted:
        print_work([*options.sizes])
    if "link" in wanted:
        asyncio.run(print_links([*options.sizes], slow=options.slow))


if __name__ == "__main__":
    main()
