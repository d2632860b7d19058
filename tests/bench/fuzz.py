"""Wrong bytes for every decoder, and wrong packets for a fetch: `python -m tests.bench.fuzz`.

Every function of the protocol whose name begins with `decode_` is found and fed, those of the
future included: one that takes something for which there is no feed here fails the run. Half of the
packets are those of the documents with something changed, so that they get past the first check.

A fetch gets records whose packets are lost, doubled, exchanged, cut, or not of this transfer. What
is left has to be the first of the minutes that were really there, or an error that has a name.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
import importlib
import inspect
from itertools import islice
import pkgutil
from random import Random
import time
from types import ModuleType
from typing import override
import zlib

import pytest

from custom_components.mi_band import band
from custom_components.mi_band.band import fetch as fetch_module
from custom_components.mi_band.band.auth import authenticate
from custom_components.mi_band.band.errors import (
    BandError,
    CommandRefused,
    ConfirmationRefused,
    FileRefused,
    MalformedPacket,
    SignatureRequired,
)
from custom_components.mi_band.band.fetch import Batch, RecordKind, fetch
from custom_components.mi_band.band.link import Packet
from custom_components.mi_band.band.minutes import decode_minutes
from custom_components.mi_band.band.state import WATCHED
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.band.workouts import Workout, decode_workout
from tests import vectors
from tests.band.giver import CONTROL, END, GivingLink, Round, cut, data, offer
from tests.band.scripted import ScriptedLink
from tests.vectors import auth as auth_vectors, workouts as workout_vectors

START = datetime(2024, 3, 9, 7, 30, tzinfo=timezone(timedelta(hours=2)))
ANSWERS: Mapping[str, tuple[type[Exception], ...]] = {
    # What the band says no with is no broken packet.
    "binding.decode_binding": (CommandRefused,),
    "binding.decode_confirmation": (ConfirmationRefused, SignatureRequired),
    # A file is no packet.
    "dial.decode_dial": (FileRefused,),
    "dial.decode_parameters": (FileRefused,),
    "dial_image.decode_image": (FileRefused,),
    # A part of a packet: its callers turn this into the error of the whole.
    "wire.decode_wall_clock": (ValueError,),
}
"""What a decoder may raise besides `MalformedPacket`."""
_MODULES_WITHOUT_BYTES = {"session"}
_LONGEST = 48


class FuzzError(AssertionError):
    """Something came out that must not."""


# Packets


def _bytes_in(value: object) -> Iterator[bytes]:
    match value:
        case bytes():
            yield value
        case tuple() | list() | set() | frozenset():
            for item in value:
                yield from _bytes_in(item)
        case dict():
            for item in value.values():
                yield from _bytes_in(item)
        case _ if is_dataclass(value) and not isinstance(value, type):
            for one in fields(value):
                yield from _bytes_in(getattr(value, one.name))
        case _:
            pass


@cache
def documented(name: str | None = None) -> tuple[bytes, ...]:
    """Return all bytes that the vectors state: those of a module of that name, or all."""
    names = _names(vectors)
    found: set[bytes] = set()
    for one in [name] if name in names else names:
        module = importlib.import_module(f"{vectors.__name__}.{one}")
        for value in vars(module).values():
            found.update(_bytes_in(value))
    return tuple(sorted(found))


def _names(package: ModuleType) -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__))


def packets(rng: Random, name: str | None = None) -> Iterator[bytes]:
    """Make up packets without end; every second one like those of a module."""
    everything, own = documented(), documented(name)
    while True:
        packet = bytearray(rng.choice(own if rng.random() < 0.5 else everything))
        match rng.randrange(8):
            case 0:
                packet = bytearray(rng.randbytes(rng.randrange(_LONGEST)))
            case 1:
                del packet[rng.randrange(len(packet) + 1) :]
            case 2:
                packet += rng.randbytes(rng.randrange(1, 9))
            case 3:
                other = rng.choice(own)
                packet = packet[: rng.randrange(len(packet) + 1)] + other[rng.randrange(9) :]
            case 4:
                packet = packet[: rng.randrange(1, 4)] + rng.randbytes(rng.randrange(_LONGEST))
            case _:
                for _ in range(rng.randrange(1, 4) if packet else 0):
                    packet[rng.randrange(len(packet))] = rng.choice((0, 0xFF, rng.randrange(256)))
        yield bytes(packet)


# Decoders

type Feed = Callable[[bytes], object]


@cache
def _workout() -> Workout:
    return decode_workout(
        Batch(
            kind=RecordKind.WORKOUT_SUMMARY,
            start=workout_vectors.START,
            records=workout_vectors.SUMMARY,
        )
    )


_CHARACTERISTICS = tuple(Characteristic)
_FEEDS: Mapping[object, Feed] = {
    bytes: lambda packet: packet,
    int: lambda packet: int.from_bytes(packet[:1], signed=True),
    timezone: lambda _: UTC,
    tzinfo: lambda _: UTC,
    Characteristic: lambda packet: _CHARACTERISTICS[len(packet) % len(_CHARACTERISTICS)],
    Packet: lambda packet: Packet(WATCHED[sum(packet[:2]) % len(WATCHED)], packet),
    Batch: lambda packet: Batch(kind=RecordKind.MINUTES, start=START, records=packet),
    Workout: lambda _: _workout(),
}
"""What a parameter of a type is made of."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """A decoder and how to feed it."""

    name: str
    decode: Feed
    answers: tuple[type[Exception], ...]


def decoders() -> list[Decoder]:
    """Find every decoder of the protocol.

    Raises:
        FuzzError: one takes something that nobody here knows how to make.
    """
    found = []
    for name in _names(band):
        if name in _MODULES_WITHOUT_BYTES:
            continue
        module = importlib.import_module(f"{band.__name__}.{name}")
        for function_name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and function_name.startswith("decode_"):
                found.append(_decoder(f"{name}.{function_name}", function))
    return found


def _decoder(name: str, function: Callable[..., object]) -> Decoder:
    wanted = [
        parameter.annotation
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
    ]
    if unknown := [one for one in wanted if one not in _FEEDS]:
        raise FuzzError(f"{name} takes {unknown}, for which there is no feed")
    feeds = [_FEEDS[one] for one in wanted]

    def decode(packet: bytes) -> object:
        return function(*(feed(packet) for feed in feeds))

    direct = decode if wanted != [bytes] else function
    return Decoder(name, direct, (MalformedPacket, *ANSWERS.get(name, ())))


@dataclass(slots=True)
class Counts:
    """How often a decoder made something of its packet, and how often it did not."""

    decoded: int = 0
    refused: int = 0


def fuzz_decoders(count: int, seed: int) -> dict[str, Counts]:
    """Give so many packets to every decoder.

    Raises:
        FuzzError: something other than `MalformedPacket` came out.
    """
    return {decoder.name: _fuzz_decoder(decoder, count, seed) for decoder in decoders()}


def _fuzz_decoder(decoder: Decoder, count: int, seed: int) -> Counts:
    counts = Counts()
    rng = Random(f"{decoder.name} {seed}")  # noqa: S311  packets that repeat, no secret
    module, _, _ = decoder.name.partition(".")
    for packet in islice(packets(rng, module), count):
        try:
            decoder.decode(packet)
        except decoder.answers:
            counts.refused += 1
        except Exception as err:
            raise FuzzError(f"{decoder.name} of {packet.hex()}: {err!r}") from err
        else:
            counts.decoded += 1
    return counts


async def fuzz_authentication(count: int, seed: int) -> Counts:
    """Answer attempts to authenticate with packets.

    Raises:
        FuzzError: something other than an error of ours came out.
    """
    rng = Random(seed)  # noqa: S311
    made = packets(rng)
    counts = Counts()
    used = 0
    while used < count:
        answers = [next(made) for _ in range(rng.randrange(1, 6))]
        if rng.random() < 0.5:
            answers.insert(0, b"\x10\x02\x01" + rng.randbytes(16))
        used += len(answers)
        link = _AnsweringLink(answers)
        try:
            async with asyncio.timeout(5):
                await authenticate(link, auth_vectors.KEY)
        except BandError:
            counts.refused += 1
        except Exception as err:
            told = " ".join(answer.hex() for answer in answers)
            raise FuzzError(f"authenticate of {told}: {err!r}") from err
        else:
            counts.decoded += 1
    return counts


class _AnsweringLink(ScriptedLink):
    """Answers the first write with all that it has, and breaks."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        super().__init__()
        self._answers = answers

    @override
    async def write(self, characteristic: Characteristic, *packets: bytes) -> None:
        await super().write(characteristic, *packets)
        for answer in self._answers:
            self.notify(characteristic, answer)
        self._answers = ()
        self.break_off()


# A fetch

_BUSY = b"\x10\x01\x02"

type Damage = Callable[[Random, list[bytes]], None]


def _lose_one(rng: Random, stream: list[bytes]) -> None:
    del stream[rng.randrange(len(stream))]


def _lose_some(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    del stream[at : at + rng.randrange(1, 300)]


def _lose_as_many_as_the_counter_has(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    if at + 256 <= len(stream):
        del stream[at : at + 256]


def _lose_the_tail(rng: Random, stream: list[bytes]) -> None:
    del stream[rng.randrange(len(stream)) :]


def _double(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    stream.insert(at, stream[at])


def _exchange(rng: Random, stream: list[bytes]) -> None:
    one = rng.randrange(len(stream))
    # Packets that are 256 apart nobody could tell from each other; none overtakes so many.
    other = min(one + rng.randrange(1, 100), len(stream) - 1)
    stream[one], stream[other] = stream[other], stream[one]


def _cut_one(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    stream[at] = stream[at][: rng.randrange(len(stream[at]) + 1)]


def _renumber(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    stream[at] = bytes((rng.randrange(256),)) + stream[at][1:]


def _add_an_old_one(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    counter = stream[at][:1] if rng.random() < 0.5 else rng.randbytes(1)
    stream.insert(at, counter + rng.randbytes(len(stream[at]) - 1))


def _garble(rng: Random, stream: list[bytes]) -> None:
    at = rng.randrange(len(stream))
    stream[at] = stream[at][:1] + rng.randbytes(len(stream[at][1:]))


_SIMPLE: tuple[Damage, ...] = (_lose_one, _lose_the_tail, _double, _cut_one)
"""What does no harm even if there is no second try."""
_ANY: tuple[Damage, ...] = (
    *_SIMPLE,
    *(_lose_some, _lose_as_many_as_the_counter_has, _exchange, _renumber),
)
_OLD: tuple[Damage, ...] = (_add_an_old_one, _double)
"""Not together with a loss: a packet in the very place of another nobody could tell from it."""


@dataclass(slots=True)
class FetchCounts:
    """What came of the fetches."""

    packets: int = 0
    rounds: int = 0
    whole: int = 0
    heads: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a band has, and how it tells of it."""

    records: bytes = field(repr=False)
    size: int
    amount: int
    checksum: bool


def _case(rng: Random) -> _Case:
    minutes = rng.choice((1, 3, 4, 5, 60, 300, 1440, rng.randrange(1, 2400)))
    size = rng.choice((16, 16, 16, 4, 60, 240))
    records = rng.randbytes(4 * minutes)
    # Not in packets: so many packets and so many minutes would be the same amount.
    amount = rng.choice((minutes, minutes, minutes, 4 * minutes))
    return _Case(records=records, size=size, amount=amount, checksum=rng.random() < 0.25)


def _try(rng: Random, case: _Case, damages: tuple[Damage, ...]) -> Round:
    stream = cut(case.records, case.size)
    # Of what does no harm by itself two together may.
    for _ in range(rng.randrange(2 if damages is _SIMPLE else 4)):
        if stream:
            rng.choice(damages)(rng, stream)
    if case.checksum and stream and damages is _ANY and rng.random() < 0.3:
        # Without a checksum nobody could tell, nor has to: the link has one of its own.
        _garble(rng, stream)
    heard = [data(packet) for packet in stream]
    for _ in range(rng.randrange(3)):
        noise = Packet(CONTROL, rng.choice((b"", b"\x10", b"\x10\x03\x01", b"\x11\x02\x01")))
        heard.insert(rng.randrange(len(heard) + 1), noise)
    end = END + zlib.crc32(case.records).to_bytes(4, "little") * case.checksum
    return Round([Packet(CONTROL, offer(case.amount, START))], [*heard, Packet(CONTROL, end)])


async def fuzz_fetch(count: int, seed: int) -> FetchCounts:
    """Fetch from bands whose packets come to harm.

    Raises:
        FuzzError: a wrong minute, an error without a name, or an acknowledgement too many.
    """
    rng = Random(seed)  # noqa: S311
    counts = FetchCounts()
    with _impatient():
        while counts.packets < count:
            case = _case(rng)
            damages = rng.choice((_SIMPLE, _ANY, _ANY, _ANY, _OLD))
            first, second = _try(rng, case, damages), _try(rng, case, damages)
            if damages is _SIMPLE:
                second = Round([Packet(CONTROL, _BUSY)])
            await _fuzz_round(case, [first, second], counts)
            counts.packets += len(first.send) + len(second.send)
            counts.rounds += 1
    return counts


async def _fuzz_round(case: _Case, rounds: list[Round], counts: FetchCounts) -> None:
    link = GivingLink(*rounds)
    batch: Batch | None = None
    try:
        async with asyncio.timeout(5), fetch(link, RecordKind.MINUTES, START) as batch:
            minutes = decode_minutes(batch)
    except BandError:
        counts.errors += 1
    except Exception as err:
        raise FuzzError(f"round {counts.rounds}, {case}: {err!r}") from err
    else:
        truth = decode_minutes(Batch(kind=batch.kind, start=START, records=case.records))
        if minutes != truth[: len(minutes)] or not minutes:
            raise FuzzError(f"round {counts.rounds}, {case}: wrong minutes")
        if batch.complete:
            counts.whole += 1
        else:
            counts.heads += 1
        if batch.complete and len(minutes) != len(truth):
            raise FuzzError(f"round {counts.rounds}, {case}: {len(minutes)} minutes are not all")
    if (b"\x03" in link.commands) != (batch is not None and batch.complete):
        raise FuzzError(f"round {counts.rounds}, {case}: acknowledged what is not all")


@contextmanager
def _impatient() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BUSY_PAUSE", "QUIET", "SILENCE_TIMEOUT", "REPLY_TIMEOUT"):
            patch.setattr(fetch_module, name, timedelta(milliseconds=50))
        yield


# The command


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Feed wrong bytes to every decoder.")
    parser.add_argument("--packets", type=int, default=1_000_000, help="for each, not in all")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _timed[T](words: str, run: Callable[[], T]) -> T:
    began = time.process_time()
    result = run()
    print(f"{words}: {time.process_time() - began:.1f} s of CPU")
    return result


def main() -> None:
    """Run everything and say what came of it."""
    arguments = _arguments()
    count, seed = arguments.packets, arguments.seed
    found = _timed("all decoders", lambda: fuzz_decoders(count, seed))
    for name, counts in found.items():
        print(f"  {name:36} {counts.decoded:9} decoded {counts.refused:9} refused")
    said = _timed("authentication", lambda: asyncio.run(fuzz_authentication(count, seed)))
    print(f"  {said.decoded} let in, {said.refused} refused")
    fetched = _timed("fetch", lambda: asyncio.run(fuzz_fetch(count, seed)))
    print(
        f"  {fetched.packets} packets in {fetched.rounds} rounds: {fetched.whole} whole, "
        f"{fetched.heads} heads, {fetched.errors} errors"
    )


if __name__ == "__main__":
    main()
