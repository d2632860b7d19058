"""What bringing stored minutes home costs: `python -m tests.bench.history`.

    the link    bytes, packets and time of a transfer, by a client that only counts and by ours
    the work    CPU for decoding, committing and projecting; memory; how long the loop was held up
    a year      reading a day, building the statistics anew, the cost of a minute as they grow more

The band is emulated, with a radio whose connection events carry so many packets. The recorder is
Home Assistant's own with its database on the disk. What else runs on the machine shows in the
times, so they are the best of some tries; CPU seconds are those of the process with all threads.
"""

import argparse
import asyncio
from asyncio.events import Handle
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import gc
import logging
import os
from pathlib import Path
import struct
import tempfile
import time
from typing import Final
from unittest.mock import patch

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.tasks import ImportStatisticsTask
from homeassistant.core import HomeAssistant

from custom_components.mi_band import sync as sync_module
from custom_components.mi_band.archive import Archive, async_get_archive
from custom_components.mi_band.band.fetch import Batch, RecordKind
from custom_components.mi_band.band.link import Link
from custom_components.mi_band.band.minutes import decode_minutes
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.digest import digest
from custom_components.mi_band.extracts import Query, RowKind, read_page
from custom_components.mi_band.history import History
from custom_components.mi_band.hours import all_hours
from custom_components.mi_band.statistics import Projection
from custom_components.mi_band.sync import PAUSE_BETWEEN_ROUNDS, Sync
from custom_components.mi_band.wearer import wearer
from tests.band.giver import GivingLink, Round, whole
from tests.crash.core import core
from tests.crash.direct import DirectBand
from tests.crash.life import PROFILE
from tests.emulator.backend import client_class
from tests.emulator.band import EmulatedBand
from tests.emulator.central import Adapter
from tests.emulator.gatt.fetch import Manner
from tests.emulator.radio import Radio
from tests.link.lab import Lab

DAY: Final = 1440
YEAR: Final = 365 * DAY
IDENTITY: Final = "0123456789abcdef0123456789abcdef"
OTHER: Final = "fedcba9876543210fedcba9876543210"
INTERVAL_S: Final = 0.015
"""A connection interval that proxies and adapters settle for."""
TICK_S: Final = 0.001
TRIES: Final = 3

_CONTROL, _DATA = Characteristic.FETCH_CONTROL, Characteristic.FETCH_DATA
_NOTHING = b"\x10\x01\x01\x00\x00\x00\x00"
_PROFILE = wearer(PROFILE)


def midnight() -> datetime:
    """Return when the last whole day has ended."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Life:
    """Whole days of minutes, up to midnight."""

    first: int
    """The first minute since 1970-01-01 UTC."""
    records: bytes
    """As a band gives them out."""

    @classmethod
    def of(cls, days: int) -> Life:
        """Live so many days."""
        band = DirectBand(days, Manner(), now=midnight(), zone=UTC)
        first, _ = band.truth.span
        return cls(first, band.body.history.noted(first, first + days * DAY))

    @property
    def days(self) -> int:
        """How many."""
        return len(self.records) // 4 // DAY

    def batch(self, day: int, days: int = 1) -> Batch:
        """Return what a transfer of some days brings."""
        piece = self.records[day * DAY * 4 : (day + days) * DAY * 4]
        start = datetime.fromtimestamp((self.first + day * DAY) * 60, UTC)
        return Batch(kind=RecordKind.MINUTES, start=start, records=piece)


class Home:
    """A house with a recorder and a store."""

    def __init__(self, hass: HomeAssistant, archive: Archive, identity: str = IDENTITY) -> None:
        self.archive = archive
        self._hass = hass
        self._identity = identity
        self._projection = Projection(hass, identity, name=lambda: "Ada", profile=lambda: _PROFILE)

    async def warm_up(self) -> None:
        """Have run for a while: bring another band's day home, which reads texts and plans."""
        life = Life.of(1)
        other = Home(self._hass, self.archive, OTHER)
        await other.begin(life.first)
        assert await _minutes_only(other, replay(life)) == DAY

    async def begin(self, first: int) -> None:
        """Have fetched everything before a minute."""
        await self.archive.async_run(
            History.commit_minutes, self._identity, (), fetched_until=first
        )

    async def bring_home(self, link: Link) -> int:
        """Sync as the coordinator does; returns how many minutes came."""
        sync = Sync(
            archive=self.archive,
            band=self._identity,
            project=lambda: self._projection.async_project(self.archive),
            committed=lambda _: self._tell(),
            told=self._tell,
            keep=False,
            right_until=0,
        )
        return (await sync.async_run(link, None)).minutes

    async def rebuild(self) -> None:
        """Build the statistics anew."""
        await self._projection.async_rebuild(self.archive)

    async def _tell(self) -> None:
        await self.archive.async_run(digest, self._identity)


@asynccontextmanager
async def home() -> AsyncGenerator[Home]:
    """Run an empty house while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        async with core(Path(folder)) as hass:
            yield Home(hass, await async_get_archive(hass))


# The link


@dataclass(frozen=True, slots=True)
class Carried:
    """What came over a link, and how long it took."""

    seconds: float
    size: int
    """Bytes of records."""
    packets: int


@asynccontextmanager
async def _link(
    days: int, packets_per_event: int | None
) -> AsyncGenerator[tuple[EmulatedBand, Link]]:
    """Have a link to a band with so many days; None is as fast as the emulation goes."""
    async with Radio(advertising_interval_s=0.02) as radio:
        adapter = Adapter(radio)
        await adapter.start()
        lab = Lab(radio, adapter, client_class(adapter))
        now = midnight() + timedelta(seconds=20)
        band = await lab.band(days=days, now=lambda: now, zone=UTC)
        # Workouts come with another transfer.
        band.history.__dict__["_past_workouts"] = []
        # Its life is made up when it is looked at first.
        sum(len(band.history.read(run)) for run in band.history.runs(0))
        async with lab.open(band) as link:
            if packets_per_event is not None:
                faults = lab.faults(band)
                faults.interval_s, faults.packets_per_event = INTERVAL_S, packets_per_event
            yield band, link
        await lab.close()
        await adapter.stop()


def _start(minute: int) -> bytes:
    moment = datetime.fromtimestamp(minute * 60, UTC)
    date = struct.pack("<HBBBB", moment.year, moment.month, moment.day, moment.hour, moment.minute)
    return b"\x01\x01" + date + b"\x00\x00"


async def carry(link: Link, first: int) -> Carried:
    """Do nothing but ask, count and acknowledge, round by round: the limit of the link."""
    size = packets = 0
    begun = time.perf_counter()
    async with link.notifications(_CONTROL, _DATA) as heard:
        while True:
            await link.write(_CONTROL, _start(first + size // 4))
            if not int.from_bytes((await anext(heard)).value[3:7], "little"):
                await link.write(_CONTROL, b"\x03")
                await anext(heard)
                return Carried(time.perf_counter() - begun, size, packets)
            await link.write(_CONTROL, b"\x02")
            while (packet := await anext(heard)).characteristic is _DATA:
                size += len(packet.value) - 1
                packets += 1
            await link.write(_CONTROL, b"\x03")
            await anext(heard)
            await asyncio.sleep(PAUSE_BETWEEN_ROUNDS.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A sync beside the limit of the link."""

    bare: Carried
    ours: float
    """Seconds."""

    @property
    def ratio(self) -> float:
        """Ours of the link's rate."""
        return self.bare.seconds / self.ours


async def transfer(days: int, packets_per_event: int | None) -> Transfer:
    """Carry so many days barely, and bring them home."""
    async with _link(days, packets_per_event) as (band, link):
        bare = await carry(link, band.truth.span[0])
    async with _link(days, packets_per_event) as (band, link), home() as house:
        await house.warm_up()
        await house.begin(band.truth.span[0])
        begun = time.perf_counter()
        count = await _minutes_only(house, link)
        ours = time.perf_counter() - begun
    assert count * 4 == bare.size
    return Transfer(bare=bare, ours=ours)


async def _minutes_only(house: Home, link: Link) -> int:
    async def none(_: Sync, _link: Link, _error: object) -> int:
        return 0

    with patch.object(Sync, "_fetch_workouts", none):
        return await house.bring_home(link)


# The loop


@dataclass(slots=True)
class HeldUp:
    """How long the event loop was not there for others."""

    longest_s: float = 0.0
    """By which a timer was late: also while threads of ours, or other programs, had its turn."""
    collection_s: float = 0.0
    """Likewise, when Python has looked through all objects of the process in between.

    Whose turn that comes in is chance; how long it takes depends on what the process has loaded.
    """
    longest_cpu_s: float = 0.0
    """Of one callback, in the thread of the loop."""
    what: str = ""
    """That callback."""


@contextmanager
def watch() -> Generator[HeldUp]:
    """Watch the running loop while the block runs."""
    loop = asyncio.get_running_loop()
    held_up = HeldUp()
    run = Handle._run

    def timed(handle: Handle) -> None:
        begun, collections = time.thread_time(), _collections()
        run(handle)
        used = time.thread_time() - begun
        if _collections() != collections:
            held_up.collection_s = max(held_up.collection_s, used)
        elif used > held_up.longest_cpu_s:
            held_up.longest_cpu_s, held_up.what = used, repr(handle)

    async def tick() -> None:
        while True:
            due, collections = loop.time() + TICK_S, _collections()
            await asyncio.sleep(TICK_S)
            late = loop.time() - due
            if _collections() == collections:
                held_up.longest_s = max(held_up.longest_s, late)
            else:
                held_up.collection_s = max(held_up.collection_s, late)

    ticking = loop.create_task(tick())
    try:
        with patch.object(Handle, "_run", timed):
            yield held_up
    finally:
        ticking.cancel()


def _collections() -> int:
    """Return how often everything was looked through."""
    return int(gc.get_stats()[-1]["collections"])


# The work


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What decoding, committing and projecting takes, without a radio."""

    cpu_s: float
    recorder_cpu_s: float
    """Of that, Home Assistant's own import of the rows."""
    memory: int
    """Bytes at the peak, over what there was before."""
    held_up: HeldUp


def replay(life: Life) -> GivingLink:
    """Return a link over which a life comes, a day in a round, and then nothing."""
    end = Round([(whole(b"", datetime.now(UTC)).start[0]._replace(value=_NOTHING))])
    days = [life.batch(day) for day in range(life.days)]
    return GivingLink(*(whole(batch.records, batch.start) for batch in days), end, end)


async def work(life: Life) -> Work:
    """Bring a life home that costs nothing to receive."""
    imports = 0.0
    run = ImportStatisticsTask.run

    def timed(task: ImportStatisticsTask, instance: Recorder) -> None:
        nonlocal imports
        begun = time.thread_time()
        run(task, instance)
        imports += time.thread_time() - begun

    async with home() as house:
        link = replay(life)
        await house.begin(life.first)
        gc.collect()
        with (
            patch.object(ImportStatisticsTask, "run", timed),
            patch.object(sync_module, "PAUSE_BETWEEN_ROUNDS", timedelta()),
            watch() as held_up,
            peak_memory() as memory,
        ):
            begun = time.process_time()
            count = await _minutes_only(house, link)
            cpu_s = time.process_time() - begun
        assert count == life.days * DAY
    return Work(cpu_s=cpu_s, recorder_cpu_s=imports, memory=memory[0], held_up=held_up)


@contextmanager
def peak_memory() -> Generator[list[int]]:
    """Give the bytes that this process had more at its peak than before; known at the end."""
    grown: list[int] = []
    before = _status("VmRSS")
    # Begin to measure the peak anew.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    yield grown
    grown.append(_status("VmHWM") - before)


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


# A year


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What so many minutes take."""

    minutes: int
    store_s: float
    """CPU seconds for decoding and committing."""
    add_up_s: float
    """CPU seconds for adding all of them up hour by hour."""
    rebuild_s: float
    rebuild_cpu_s: float
    day_s: float
    """Seconds until `get_history` has a day's minutes."""


async def cost(life: Life) -> Cost:
    """Store a life, read of it and build its statistics."""
    async with home() as house:
        archive = house.archive
        store_s = await _cpu(lambda: archive.async_run(_store, life))
        add_up_s = await _cpu(lambda: archive.async_run(all_hours, IDENTITY, _PROFILE))
        begun, cpu = time.perf_counter(), time.process_time()
        await house.rebuild()
        rebuild_s, rebuild_cpu_s = time.perf_counter() - begun, time.process_time() - cpu
        day_s = await best_of(lambda: _read_day(archive, life))
    return Cost(
        minutes=life.days * DAY,
        store_s=store_s,
        add_up_s=add_up_s,
        rebuild_s=rebuild_s,
        rebuild_cpu_s=rebuild_cpu_s,
        day_s=day_s,
    )


def _store(history: History, life: Life) -> None:
    for day in range(life.days):
        history.commit_minutes(IDENTITY, decode_minutes(life.batch(day)))


async def _read_day(archive: Archive, life: Life) -> None:
    start = datetime.fromtimestamp((life.first + life.days // 2 * DAY) * 60, UTC)
    query = Query(kind=RowKind.MINUTES, start=start, end=start + timedelta(days=1))
    page = await archive.async_run(read_page, IDENTITY, query, DAY)
    assert len(page.rows) == DAY


async def _cpu(act: Callable[[], Awaitable[object]]) -> float:
    begun = time.process_time()
    await act()
    return time.process_time() - begun


async def best_of(act: Callable[[], Awaitable[object]]) -> float:
    """Do something some times; returns the seconds of the quickest."""
    found = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        await act()
        found.append(time.perf_counter() - begun)
    return min(found)


# The baseline


def decode_plainly(batch: Batch) -> list[tuple[datetime, int, int, int, int]]:
    """Decode minutes as one does at first: one `struct.unpack` and one `datetime` a minute."""
    return [
        (
            batch.start + timedelta(minutes=index),
            *struct.unpack("<BBBB", batch.records[index * 4 : index * 4 + 4]),
        )
        for index in range(len(batch.records) // 4)
    ]


def decoding(life: Life, decode: Callable[[Batch], object]) -> float:
    """Return the CPU seconds for decoding a life, a day in a batch."""
    found = []
    for _ in range(TRIES):
        begun = time.process_time()
        for day in range(life.days):
            decode(life.batch(day))
        found.append(time.process_time() - begun)
    return min(found)


# What is printed


def _row(*cells: object) -> None:
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def _head(*cells: str) -> None:
    print()
    _row(*cells)
    _row(*("---" for _ in cells))


async def print_links(spans: list[int], *, slow: bool) -> None:
    """Print the transfers."""
    _head("link", "days", "bytes", "packets", "bare", "ours", "of the rate")
    links: dict[str, int | None] = {"15 ms, 1 an event": 1} if slow else {}
    links |= {"15 ms, 4 an event": 4, "as fast as it goes": None}
    for name, packets_per_event in links.items():
        for days in spans:
            one = await transfer(days, packets_per_event)
            _row(
                name,
                days,
                one.bare.size,
                one.bare.packets,
                f"{one.bare.seconds:.2f} s",
                f"{one.ours:.2f} s",
                f"{one.ratio:.3f}",
            )


async def print_work(spans: list[int]) -> None:
    """Print what the work takes."""
    _head(
        *("days", "CPU", "of it the recorder's import", "memory"),
        *("loop held up", "by a collection of Python's"),
    )
    for days in spans:
        life = Life.of(days)
        tries = [await work(life) for _ in range(TRIES)]
        best = min(tries, key=lambda one: one.cpu_s)
        _row(
            days,
            f"{best.cpu_s:.2f} s",
            f"{best.recorder_cpu_s:.2f} s",
            f"{max(one.memory for one in tries) / 2**20:.1f} MiB",
            f"{min(one.held_up.longest_s for one in tries) * 1000:.1f} ms",
            f"{max(one.held_up.collection_s for one in tries) * 1000:.0f} ms",
        )


async def print_costs(spans: list[int]) -> None:
    """Print what so many minutes cost."""
    _head("minutes", "stored, each", "added up, each", "built anew", "its CPU", "a day read")
    for days in spans:
        one = await cost(Life.of(days))
        _row(
            one.minutes,
            f"{one.store_s / one.minutes * 1e6:.1f} us",
            f"{one.add_up_s / one.minutes * 1e6:.1f} us",
            f"{one.rebuild_s:.1f} s",
            f"{one.rebuild_cpu_s:.1f} s",
            f"{one.day_s * 1000:.1f} ms",
        )


def print_decoders(days: int) -> None:
    """Print the decoder beside the baseline."""
    life = Life.of(days)
    _head("minutes", "our decoder", "one struct.unpack and one datetime each")
    ours, plain = decoding(life, decode_minutes), decoding(life, decode_plainly)
    _row(days * DAY, f"{ours * 1000:.0f} ms", f"{plain * 1000:.0f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.history", description=__doc__)
    parser.add_argument("--days", type=int, nargs="+", default=[1, 14, 100])
    parser.add_argument("--slow", action="store_true", help="also at one packet an event")
    parser.add_argument(
        "--only", choices=["link", "work", "year", "decoder"], nargs="+", help="not everything"
    )
    options = parser.parse_args()
    wanted = options.only or ["link", "work", "year", "decoder"]
    for name in ("bumble", "homeassistant"):
        logging.getLogger(name).setLevel(logging.ERROR)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, of which others keep {load:.1f} busy")
    if "link" in wanted:
        asyncio.run(print_links(options.days, slow=options.slow))
    if "work" in wanted:
        asyncio.run(print_work(options.days))
    if "year" in wanted:
        asyncio.run(print_costs([*options.days, 365]))
    if "decoder" in wanted:
        print_decoders(365)


if __name__ == "__main__":
    main()
