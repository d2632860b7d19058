"""The transfer of stored records, packet by packet."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import override
import zlib
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import fetch as module, transfer
from custom_components.mi_band.band.errors import (
    BandBusy,
    BandError,
    BandSilent,
    FetchRefused,
    LinkLost,
    MalformedPacket,
    RecordsLost,
)
from custom_components.mi_band.band.fetch import (
    Batch,
    Offer,
    RecordKind,
    decode_end,
    decode_offer,
    encode_start,
    fetch,
)
from custom_components.mi_band.band.link import Packet
from custom_components.mi_band.band.uuids import Characteristic
from tests.vectors import Vector, fetch as vectors

from .giver import (
    ACKNOWLEDGE,
    CONTROL,
    DATA,
    END,
    GivingLink,
    Round,
    control,
    cut,
    data,
    offer,
    whole,
)

_MINUTES = RecordKind.MINUTES
_DETAILS = RecordKind.WORKOUT_DETAILS
_SUMMARY = RecordKind.WORKOUT_SUMMARY
_START = vectors.START
_PLACE = timezone(timedelta(hours=2))
_LONG = bytes(index % 251 for index in range(16 * 300))
"""Records in 300 packets: the counter begins anew once."""
_NOTHING = Round(start=[control("100101 00000000 e80703090724 00 08")])
_SHORT_WAIT = timedelta(milliseconds=40)


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("REPLY_TIMEOUT", "SILENCE_TIMEOUT", "ACKNOWLEDGEMENT_TIMEOUT", "BUSY_PAUSE", "QUIET")
    for name in names:
        monkeypatch.setattr(module, name, _SHORT_WAIT)


async def _fetch(
    link: GivingLink,
    kind: RecordKind = _MINUTES,
    *,
    since: datetime = _START,
    keep: bool = False,
) -> Batch:
    async with asyncio.timeout(10), fetch(link, kind, since, keep=keep) as batch:
        pass
    return batch


# The question


@pytest.mark.parametrize("question", vectors.QUESTIONS, ids=str)
def test_a_question_is_encoded(question: vectors.Question) -> None:
    assert encode_start(question.kind, question.since) == question.packet


def test_a_time_without_a_zone_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="aware"):
        encode_start(_MINUTES, datetime(2024, 3, 9))  # noqa: DTZ001  it is about that


def test_the_two_hours_of_an_autumn_night_are_told_apart_by_the_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = encode_start(_MINUTES, datetime(2026, 10, 25, 2, 30, tzinfo=berlin))
    second = encode_start(_MINUTES, datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin))
    assert first[:-1] == second[:-1]
    assert (first[-1], second[-1]) == (8, 4)


def test_the_zone_is_that_of_the_time_asked_for_and_not_of_today() -> None:
    winter = datetime(2026, 1, 15, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert encode_start(_MINUTES, winter)[-1] == 4


@given(
    minute=st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),  # noqa: DTZ001  see below
    offset=st.integers(-12 * 60, 14 * 60),
)
def test_wall_clock_and_zone_of_a_question_always_mean_the_same_minute(
    minute: datetime, offset: int
) -> None:
    # Offsets off the grid of quarter hours included.
    since = minute.replace(tzinfo=timezone(timedelta(minutes=offset)))
    packet = encode_start(_MINUTES, since)
    year = int.from_bytes(packet[2:4], "little")
    zone = timezone(timedelta(minutes=15) * int.from_bytes(packet[9:], signed=True))
    month, day, hour, minute_of_hour = packet[4:8]
    said = datetime(year, month, day, hour, minute_of_hour, tzinfo=zone)
    assert said == since.astimezone(UTC).replace(second=0, microsecond=0)


# The replies


@pytest.mark.parametrize("vector", vectors.OFFERS, ids=str)
def test_an_offer_is_decoded(vector: Vector[Offer | None]) -> None:
    decoded = decode_offer(vector.packet, UTC)
    assert decoded == vector.value
    if decoded is not None and vector.value is not None:
        assert decoded.start.utcoffset() == vector.value.start.utcoffset()


@pytest.mark.parametrize("length", range(3, 15))
def test_a_successful_reply_without_its_time_is_nothing(length: int) -> None:
    assert decode_offer(vectors.OFFERS[0].packet[:length], UTC) is None


@pytest.mark.parametrize("length", range(3))
def test_a_reply_that_is_cut_before_its_status_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket):
        decode_offer(vectors.OFFERS[0].packet[:length], UTC)


def test_a_zone_that_the_band_does_not_know_is_that_of_the_question() -> None:
    decoded = decode_offer(bytes.fromhex("100101 06000000 e8070309071e00 80"), _PLACE)
    assert decoded == Offer(6, vectors.START)


@pytest.mark.parametrize(
    "packet",
    [
        "100101 06000000 e8070309071e00 39",
        "100101 06000000 e8070309071e00 cf",
        "100101 06000000 e8070d09071e00 08",
        "100101 06000000 e807021e071e00 08",
        "100101 06000000 e8070309181e00 08",
        "100101 06000000 e8070309073c00 08",
        "100101 06000000 e8070309071e3c 08",
        "100101 06000000 00000309071e00 08",
        "100101 06000000 b2070309071e00 08",
        "100101 06000000 3a080309071e00 08",
        "100101 06000000 ffff0309071e00 08",
        "100102 06000000 e8070309071e00 08",
        "100201 06000000 e8070309071e00 08",
        "110101 06000000 e8070309071e00 08",
        "100101 06000000 ffffffffffffff ff",
    ],
)
def test_an_offer_that_cannot_be_is_malformed(packet: str) -> None:
    value = bytes.fromhex(packet)
    with pytest.raises(MalformedPacket) as caught:
        decode_offer(value, UTC)
    assert caught.value.characteristic is Characteristic.FETCH_CONTROL
    assert caught.value.packet == value


def test_the_time_of_an_offer_of_nothing_does_not_count() -> None:
    assert decode_offer(bytes.fromhex("100101 00000000 ffffffffffffff ff"), UTC) is None


@given(value=st.binary(max_size=20), tail=st.binary(max_size=14))
def test_arbitrary_bytes_are_an_offer_or_malformed(value: bytes, tail: bytes) -> None:
    for packet in (value, b"\x10\x01\x01" + tail):
        try:
            decoded = decode_offer(packet, UTC)
        except MalformedPacket:
            continue
        assert decoded is None or (decoded.amount > 0 and decoded.start.tzinfo is not None)


@given(
    amount=st.integers(1, 2**32 - 1),
    start=st.datetimes(
        datetime(1971, 1, 1),  # noqa: DTZ001  the zone comes next
        datetime(2105, 12, 31),  # noqa: DTZ001
        timezones=st.integers(-48, 56).map(lambda zone: timezone(timedelta(minutes=15) * zone)),
    ).map(lambda moment: moment.replace(microsecond=0)),
)
def test_every_offer_is_read_back(amount: int, start: datetime) -> None:
    assert decode_offer(offer(amount, start), UTC) == Offer(amount, start)


@pytest.mark.parametrize("vector", vectors.ENDS, ids=str)
def test_the_end_is_decoded(vector: Vector[int | None]) -> None:
    assert decode_end(vector.packet) == vector.value


@pytest.mark.parametrize("length", range(3))
def test_an_end_that_is_cut_before_its_status_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPacket):
        decode_end(vectors.CHECKED_END.packet[:length])


@pytest.mark.parametrize("rest", ["00", "0000", "b51820", "b51820e5 00"])
def test_what_follows_the_end_in_another_length_is_no_checksum(rest: str) -> None:
    assert decode_end(bytes.fromhex("100201" + rest)) is None


def test_what_follows_the_zone_of_an_offer_plays_no_part() -> None:
    vector = vectors.OFFERS[0]
    for tail in range(1, 6):
        assert decode_offer(vector.packet + bytes(range(tail)), UTC) == vector.value


@pytest.mark.parametrize("packet", ["100202", "100301", "110201"])
def test_an_end_that_is_none_is_malformed(packet: str) -> None:
    with pytest.raises(MalformedPacket):
        decode_end(bytes.fromhex(packet))


@given(value=st.binary(max_size=9), tail=st.binary(max_size=6))
def test_arbitrary_bytes_are_an_end_or_malformed(value: bytes, tail: bytes) -> None:
    for packet in (value, b"\x10\x02\x01" + tail):
        try:
            checksum = decode_end(packet)
        except MalformedPacket:
            continue
        assert checksum is None or 0 <= checksum < 2**32


# A round that goes well


async def test_the_documented_exchange() -> None:
    heard = [
        [
            Packet(CONTROL if where == "control" else DATA, bytes.fromhex(packet))
            for where, packet in vectors.TRACE[first:last]
        ]
        for first, last in ((1, 2), (3, 6), (9, 10))
    ]
    link = GivingLink(Round(heard[0], heard[1]), Round(heard[2]))
    batch = await _fetch(link)
    assert batch == Batch(kind=_MINUTES, start=_START, records=vectors.RECORDS)
    assert batch.start.utcoffset() == timedelta(hours=2)
    since = batch.start + timedelta(minutes=6)
    assert await _fetch(link, since=since) == Batch(kind=_MINUTES, start=since, records=b"")
    assert link.packets(CONTROL) == [
        bytes.fromhex(packet) for where, packet in vectors.TRACE if where == "C"
    ]


async def test_nothing_is_asked_for_before_both_are_subscribed() -> None:
    link = GivingLink(_NOTHING)
    async with fetch(link, _MINUTES, _START):
        assert set(link._queues) == {CONTROL, DATA}


@pytest.mark.parametrize("size", [4, 7, 8, 16, 19, 60, 240, 243], ids=lambda size: f"{size} bytes")
async def test_a_packet_may_have_any_size(size: int) -> None:
    link = GivingLink(whole(_LONG, _START, packets=cut(_LONG, size)))
    assert (await _fetch(link)).records == _LONG


async def test_records_of_a_track_may_straddle_packets() -> None:
    link = GivingLink(whole(_LONG, _START, amount=len(_LONG), packets=cut(_LONG, 19)))
    assert (await _fetch(link, _DETAILS)).records == _LONG


@pytest.mark.parametrize("amount", [1200, 300], ids=["samples", "packets"])
async def test_the_amount_may_count_samples_or_packets(amount: int) -> None:
    link = GivingLink(whole(_LONG, _START, amount=amount))
    assert await _fetch(link) == Batch(kind=_MINUTES, start=_START, records=_LONG)
    assert link.commands == [b"\x01", b"\x02", b"\x03"]


async def test_an_amount_in_bytes_is_believed_when_it_comes_twice_and_from_then_on() -> None:
    link = GivingLink(*[whole(_LONG, _START, amount=4800)] * 3)
    for _ in range(2):
        assert await _fetch(link) == Batch(kind=_MINUTES, start=_START, records=_LONG)
    assert b"".join(link.commands) == bytes.fromhex("0102 0102 03 0102 03")


async def test_a_few_bytes_are_no_proof_that_the_band_counts_them() -> None:
    link = GivingLink(*[whole(_LONG[:16], _START, amount=16)] * 2)
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG[:16], False)


async def test_a_quarter_of_the_minutes_is_not_taken_for_all_of_them_in_bytes() -> None:
    link = GivingLink(
        whole(_LONG, _START, packets=cut(_LONG)[:75]),
        whole(_LONG, _START),
    )
    assert (await _fetch(link)).records == _LONG


@pytest.mark.parametrize("amount", [4800, 600, 300], ids=["bytes", "records", "packets"])
async def test_details_may_be_counted_in_anything(amount: int) -> None:
    link = GivingLink(whole(_LONG, _START, amount=amount))
    assert (await _fetch(link, _DETAILS)).complete


async def test_the_start_of_a_batch_is_what_the_band_says_and_not_what_was_asked_for() -> None:
    later = datetime(2024, 3, 9, 9, 0, tzinfo=timezone(timedelta(hours=1)))
    batch = await _fetch(GivingLink(whole(vectors.RECORDS, later)))
    assert batch.start == later
    assert batch.start.utcoffset() == timedelta(hours=1)


async def test_a_reply_of_a_later_device_will_do() -> None:
    played = whole(vectors.RECORDS, _START)
    played.start = [Packet(CONTROL, vectors.OFFERS[1].packet)]
    played.send = [*played.send[:-1], Packet(CONTROL, vectors.CHECKED_END.packet)]
    batch = await _fetch(GivingLink(played))
    assert batch == Batch(kind=_MINUTES, start=_START, records=vectors.RECORDS)


async def test_a_checksum_that_agrees_counts_more_than_the_amount() -> None:
    played = whole(vectors.RECORDS, _START, amount=77)
    played.send = [*played.send[:-1], Packet(CONTROL, vectors.CHECKED_END.packet)]
    link = GivingLink(played)
    assert (await _fetch(link)).complete
    assert link.commands == [b"\x01", b"\x02", b"\x03"]


async def test_foreign_notifications_are_passed_over() -> None:
    noise = [control(value) for value in ("", "10", "1001", "ff", "110101", "100301", "10")]
    played = whole(vectors.RECORDS, _START)
    played.start = [*noise, *played.start]
    played.send = [
        *noise,
        control("100104"),
        played.send[0],
        *noise,
        *played.send[1:],
    ]
    link = GivingLink(played, acknowledgement=[control(""), control("100201"), control("100301")])
    assert (await _fetch(link)).records == vectors.RECORDS


async def test_progress_is_told_in_bytes() -> None:
    told: list[tuple[int, int]] = []
    link = GivingLink(whole(vectors.RECORDS, _START))
    async with fetch(
        link, _MINUTES, _START, received=lambda done, expected: told.append((done, expected))
    ):
        pass
    assert told == [(16, 24), (24, 24)]


async def test_progress_never_passes_what_is_expected() -> None:
    told: list[tuple[int, int]] = []
    link = GivingLink(whole(_LONG, _START, amount=300))
    async with fetch(
        link, _MINUTES, _START, received=lambda done, expected: told.append((done, expected))
    ):
        pass
    assert [done for done, _ in told] == list(range(16, 4801, 16))
    assert all(done <= expected for done, expected in told)


# Nothing to give


@pytest.mark.parametrize(
    "reply", [vector.packet for vector in vectors.OFFERS if vector.value is None], ids=bytes.hex
)
async def test_nothing_is_an_empty_batch_from_the_time_asked_for(reply: bytes) -> None:
    link = GivingLink(Round([Packet(CONTROL, reply)]))
    assert await _fetch(link) == Batch(kind=_MINUTES, start=_START, records=b"")
    assert link.commands == [b"\x01", ACKNOWLEDGE]


async def test_an_empty_round_is_closed_even_when_the_records_are_to_stay() -> None:
    link = GivingLink(_NOTHING)
    await _fetch(link, keep=True)
    assert link.commands == [b"\x01", ACKNOWLEDGE]


async def test_details_of_another_workout_are_none_and_neither_taken_nor_acknowledged() -> None:
    other = _START + module.FIRST_DETAIL
    link = GivingLink(whole(vectors.RECORDS, other, amount=24))
    batch = await _fetch(link, _DETAILS)
    assert batch == Batch(kind=_DETAILS, start=other, records=b"", complete=False)
    assert link.commands == [b"\x01"]


async def test_what_nobody_wants_is_neither_taken_nor_acknowledged() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START))
    async with fetch(link, _MINUTES, _START, unwanted={_START}) as batch:
        assert batch == Batch(kind=_MINUTES, start=_START, records=b"", complete=False)
    assert link.commands == [b"\x01"]


async def test_details_are_known_by_the_minute_in_which_the_workout_began() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START.replace(second=45), amount=24))
    batch = await _fetch(link, _DETAILS, since=_START.astimezone(UTC).replace(second=30))
    assert batch.records == vectors.RECORDS


async def test_details_may_begin_in_the_minute_after_the_workout_did() -> None:
    first = _START + timedelta(seconds=62)
    link = GivingLink(whole(vectors.RECORDS, first, amount=24))
    batch = await _fetch(link, _DETAILS, since=_START.replace(second=55))
    assert (batch.records, batch.complete) == (vectors.RECORDS, True)


# What the amount counts, where it counts something else


async def test_a_short_last_packet_shows_that_minutes_are_counted_in_bytes() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START, amount=len(vectors.RECORDS)))
    batch = await _fetch(link)
    assert batch == Batch(kind=_MINUTES, start=_START, records=vectors.RECORDS)
    assert link.commands == [b"\x01", b"\x02", ACKNOWLEDGE]


@pytest.mark.usefixtures("short_waits")
async def test_of_a_band_that_cannot_be_asked_twice_the_minutes_are_kept() -> None:
    """It wants each round closed, and announces more than it gives at once."""
    records = _LONG[: 16 * 9]
    busy = Round([control("100102")])
    link = GivingLink(whole(records, _START, amount=5000), busy)
    batch = await _fetch(link)
    assert batch == Batch(kind=_MINUTES, start=_START, records=records, complete=False)
    assert ACKNOWLEDGE not in link.commands


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("size", [len(_LONG) - short for short in (0, 4, 8, 12)])
async def test_a_gap_of_all_counters_is_not_taken_for_the_end_of_what_came(size: int) -> None:
    records = _LONG[:size]
    packets = cut(records)
    busy = Round([control("100102")])
    link = GivingLink(whole(records, _START, packets=packets[:20] + packets[276:]), busy)
    with pytest.raises(RecordsLost):
        await _fetch(link)


@pytest.mark.parametrize("amount", [7, 136, 5000])
async def test_a_summary_that_comes_twice_alike_is_right_whatever_its_amount_counts(
    amount: int,
) -> None:
    summary = _LONG[:128]
    link = GivingLink(*[whole(summary, _START, amount=amount)] * 2)
    batch = await _fetch(link, _SUMMARY)
    assert batch == Batch(kind=_SUMMARY, start=_START, records=summary, complete=False)
    assert ACKNOWLEDGE not in link.commands


async def test_what_is_no_checksum_both_times_spoils_nothing() -> None:
    played = whole(vectors.RECORDS, _START)
    played.send = [*played.send[:-1], control("100201 01020304")]
    link = GivingLink(played, played)
    assert await _fetch(link) == Batch(kind=_MINUTES, start=_START, records=vectors.RECORDS)
    assert link.commands[-1] == ACKNOWLEDGE


# Acknowledging


async def test_records_are_acknowledged_after_the_block_and_not_before() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START))
    async with fetch(link, _MINUTES, _START):
        assert link.commands == [b"\x01", b"\x02"]
    assert link.commands == [b"\x01", b"\x02", ACKNOWLEDGE]


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError, LinkLost])
async def test_records_that_could_not_be_stored_are_not_acknowledged(
    error: type[BaseException],
) -> None:
    link = GivingLink(whole(vectors.RECORDS, _START))
    with pytest.raises(error):
        async with fetch(link, _MINUTES, _START):
            raise error
    assert link.commands == [b"\x01", b"\x02"]


async def test_records_that_are_to_stay_are_not_acknowledged() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START))
    assert (await _fetch(link, keep=True)).records == vectors.RECORDS
    assert link.commands == [b"\x01", b"\x02"]


@pytest.mark.usefixtures("short_waits")
async def test_an_acknowledgement_that_is_not_answered_is_no_failure() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START), acknowledgement=())
    assert (await _fetch(link)).complete


async def test_an_acknowledgement_that_is_refused_is_no_failure() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START), acknowledgement=[control("100304")])
    assert (await _fetch(link)).complete


async def test_a_link_that_breaks_under_the_acknowledgement_is_told() -> None:
    link = GivingLink(whole(vectors.RECORDS, _START))
    link.refusals[ACKNOWLEDGE] = LinkLost("gone")
    with pytest.raises(LinkLost):
        await _fetch(link)


# A band that is busy or says no


@pytest.mark.usefixtures("short_waits")
async def test_a_busy_band_is_asked_again_after_the_last_round_was_closed() -> None:
    busy = Round([Packet(CONTROL, vectors.BUSY)])
    link = GivingLink(busy, busy, busy, whole(vectors.RECORDS, _START))
    assert (await _fetch(link)).records == vectors.RECORDS
    assert b"".join(link.commands) == bytes.fromhex("0103 0103 0103 0102 03")


@pytest.mark.usefixtures("short_waits")
async def test_a_band_that_stays_busy_is_told_so() -> None:
    link = GivingLink(*[Round([Packet(CONTROL, vectors.BUSY)])] * 5)
    with pytest.raises(BandBusy) as caught:
        await _fetch(link)
    assert caught.value.code == "band_busy"
    assert link.commands.count(b"\x01") == 4


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("how", ["failed", "kept"])
async def test_a_busy_band_is_never_told_that_what_was_not_stored_is_safe(how: str) -> None:
    link = GivingLink(whole(vectors.RECORDS, _START), Round([Packet(CONTROL, vectors.BUSY)]))
    if how == "kept":
        await _fetch(link, keep=True)
    else:
        with pytest.raises(RuntimeError):
            async with fetch(link, _MINUTES, _START):
                raise RuntimeError
    with pytest.raises(BandBusy):
        await _fetch(link)
    assert ACKNOWLEDGE not in link.commands


async def test_a_later_round_that_went_well_makes_up_for_one_that_did_not() -> None:
    link = GivingLink(
        whole(vectors.RECORDS, _START),
        whole(vectors.RECORDS, _START),
        Round([Packet(CONTROL, vectors.BUSY)]),
        _NOTHING,
    )
    with pytest.raises(RuntimeError):
        async with fetch(link, _MINUTES, _START):
            raise RuntimeError
    assert (await _fetch(link)).complete
    assert (await _fetch(link)).records == b""


@pytest.mark.parametrize("status", [0x00, 0x03, 0x04, 0x22, 0xFF])
async def test_a_start_that_is_refused_says_with_which_status(status: int) -> None:
    link = GivingLink(Round([Packet(CONTROL, bytes((0x10, 0x01, status)))]))
    with pytest.raises(FetchRefused) as caught:
        await _fetch(link)
    assert caught.value.status == status
    assert caught.value.code == "fetch_refused"
    assert link.commands == [b"\x01"]


@pytest.mark.parametrize("before", [0, 1], ids=["at once", "in the middle"])
async def test_a_transfer_that_the_band_breaks_off_is_refused(before: int) -> None:
    played = whole(vectors.RECORDS, _START)
    played.send = [*played.send[:before], Packet(CONTROL, vectors.SEND_FAILED)]
    link = GivingLink(played)
    with pytest.raises(FetchRefused) as caught:
        await _fetch(link)
    assert caught.value.status == 0x04
    assert link.commands == [b"\x01", b"\x02"]


async def test_a_malformed_offer_ends_the_round() -> None:
    link = GivingLink(Round([control("100101 06000000 e8070d09071e00 08")]))
    with pytest.raises(MalformedPacket):
        await _fetch(link)
    assert link.commands == [b"\x01"]


# Packets that are lost, doubled or changed

type Damage = Callable[[list[bytes]], list[bytes]]


def _without(*numbers: int) -> Damage:
    return lambda packets: [
        packet for number, packet in enumerate(packets) if number not in numbers
    ]


def _with(number: int, change: Callable[[bytes], Sequence[bytes]]) -> Damage:
    return lambda packets: [
        *packets[:number],
        *change(packets[number]),
        *packets[number + 1 :],
    ]


DAMAGES = {
    "lost": _without(5),
    "two lost": _without(5, 6),
    "lost after the counter began anew": _without(256),
    "doubled": _with(5, lambda packet: [packet, packet]),
    "another counter": _with(5, lambda packet: [bytes((packet[0] ^ 1,)) + packet[1:]]),
    "exchanged": lambda packets: [*packets[:5], packets[6], packets[5], *packets[7:]],
    "cut within a minute": _with(5, lambda packet: [packet[:-1]]),
    "cut between minutes": _with(5, lambda packet: [packet[:-4]]),
    "only the counter": _with(5, lambda packet: [packet[:1]]),
    "empty": _with(5, lambda _: [b""]),
    "too long": _with(5, lambda packet: [packet + b"\x00"]),
    "the last lost": _without(299),
    "the first lost": _without(0),
    "256 lost": _without(*range(20, 276)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_round_with_damage_is_repeated_from_the_same_minute(damage: Damage) -> None:
    link = GivingLink(
        whole(_LONG, _START, packets=damage(cut(_LONG))),
        whole(_LONG, _START),
    )
    assert await _fetch(link) == Batch(kind=_MINUTES, start=_START, records=_LONG)
    question = encode_start(_MINUTES, _START)
    assert link.packets(CONTROL) == [question, b"\x02", question, b"\x02", ACKNOWLEDGE]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_of_a_round_that_is_damaged_twice_only_right_minutes_are_left(
    damage: Damage,
) -> None:
    broken = whole(_LONG, _START, packets=damage(cut(_LONG)))
    link = GivingLink(broken, broken)
    try:
        batch = await _fetch(link)
    except RecordsLost:
        assert damage is DAMAGES["the first lost"]
    else:
        assert not batch.complete
        # Lost in the same place twice, those look like a tail that was lost twice.
        if damage is not DAMAGES["256 lost"]:
            assert _LONG.startswith(batch.records)
        assert len(batch.records) % 4 == 0
        assert batch.records
    assert ACKNOWLEDGE not in link.commands


async def test_the_head_before_the_first_gap_is_kept() -> None:
    broken = whole(_LONG, _START, packets=_without(5)(cut(_LONG)))
    batch = await _fetch(GivingLink(broken, broken))
    assert batch == Batch(kind=_MINUTES, start=_START, records=_LONG[:80], complete=False)


async def test_only_the_head_that_came_twice_is_kept() -> None:
    link = GivingLink(
        whole(_LONG, _START, packets=_without(90)(cut(_LONG))),
        whole(_LONG, _START, packets=_without(50)(cut(_LONG))),
    )
    assert (await _fetch(link)).records == _LONG[: 50 * 16]


async def test_what_stands_in_front_of_a_gap_by_mistake_is_not_kept() -> None:
    """As a packet of an older transfer whose counter fits by chance."""
    packets = cut(_LONG)
    link = GivingLink(
        whole(_LONG, _START, packets=[*packets[:40], b"\x28" + bytes(16), *packets[40:]]),
        whole(_LONG, _START, packets=_without(90)(packets)),
    )
    assert (await _fetch(link)).records == _LONG[: 40 * 16]


async def test_a_minute_that_is_over_since_the_first_try_does_no_harm() -> None:
    packets = _without(50)(cut(_LONG))
    link = GivingLink(
        whole(_LONG, _START, packets=packets),
        whole(_LONG, _START, packets=packets, amount=1201),
    )
    assert (await _fetch(link)).records == _LONG[: 50 * 16]


async def test_of_two_tries_that_begin_differently_the_last_one_counts() -> None:
    packets = _without(50)(cut(_LONG))
    later = _START + timedelta(minutes=5)
    link = GivingLink(
        whole(_LONG, _START, packets=packets),
        whole(_LONG[20:], later, packets=_without(30)(cut(_LONG[20:]))),
    )
    batch = await _fetch(link)
    assert (batch.start, batch.records) == (later, _LONG[20 : 20 + 30 * 16])


async def test_tails_that_were_lost_leave_what_both_rounds_had() -> None:
    link = GivingLink(
        whole(_LONG, _START, packets=cut(_LONG)[:200]),
        whole(_LONG, _START, packets=cut(_LONG)[:150]),
    )
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG[: 150 * 16], False)


async def test_a_gap_of_all_counters_is_seen_when_it_comes_but_once() -> None:
    """Such a gap does not show in the counters, only in the amount."""
    link = GivingLink(
        whole(_LONG, _START, packets=DAMAGES["256 lost"](cut(_LONG))),
        whole(_LONG, _START, packets=_without(150)(cut(_LONG))),
    )
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG[: 20 * 16], False)


async def test_an_amount_that_agrees_with_nothing_is_never_fatal() -> None:
    played = whole(_LONG, _START, amount=7777)
    link = GivingLink(played, played)
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG, False)


async def test_of_more_records_than_were_announced_the_surplus_is_left_out() -> None:
    played = whole(_LONG, _START, amount=1199)
    batch = await _fetch(GivingLink(played, played))
    assert (batch.records, batch.complete) == (_LONG[:-4], False)


async def test_a_wrong_checksum_makes_the_round_be_repeated() -> None:
    played = whole(vectors.RECORDS, _START)
    spoiled = whole(vectors.RECORDS, _START, packets=cut(bytes(24)))
    for one in (played, spoiled):
        one.send = [*one.send[:-1], Packet(CONTROL, vectors.CHECKED_END.packet)]
    link = GivingLink(spoiled, played)
    assert (await _fetch(link)).records == vectors.RECORDS


async def test_of_records_with_a_wrong_checksum_only_what_came_twice_is_left() -> None:
    spoiled = [
        whole(_LONG, _START, packets=cut(_LONG[:at] + b"\xfe" + _LONG[at + 1 :]))
        for at in (1601, 805)
    ]
    checksum = zlib.crc32(_LONG).to_bytes(4, "little")
    for one in spoiled:
        one.send = [*one.send[:-1], Packet(CONTROL, END + checksum)]
    batch = await _fetch(GivingLink(*spoiled))
    assert (batch.records, batch.complete) == (_LONG[:804], False)


@pytest.mark.parametrize("size", [1, 2, 3, 15])
async def test_packets_that_were_all_cut_on_their_way_leave_nothing(size: int) -> None:
    """As by somebody who takes the MTU for smaller than it is."""
    broken = whole(_LONG, _START, packets=[packet[: size + 1] for packet in cut(_LONG)])
    link = GivingLink(broken, broken)
    with pytest.raises(RecordsLost):
        await _fetch(link)


async def test_of_a_track_whole_records_are_left() -> None:
    packets = _without(5)(cut(_LONG, 19))
    broken = whole(_LONG, _START, amount=len(_LONG), packets=packets)
    batch = await _fetch(GivingLink(broken, broken), _DETAILS)
    assert (batch.records, batch.complete) == (_LONG[:88], False)


async def test_a_summary_is_whole_or_lost() -> None:
    summary = bytes(128)
    broken = whole(summary, _START, amount=128, packets=_without(5)(cut(summary)))
    link = GivingLink(broken, broken)
    with pytest.raises(RecordsLost) as caught:
        await _fetch(link, _SUMMARY)
    assert caught.value.code == "records_lost"
    assert ACKNOWLEDGE not in link.commands


@pytest.mark.parametrize("amount", [1, 8, 128], ids=["records", "packets", "bytes"])
async def test_a_summary_may_be_counted_as_anything(amount: int) -> None:
    summary = bytes(range(128))
    link = GivingLink(whole(summary, _START, amount=amount))
    assert (await _fetch(link, _SUMMARY)).records == summary


@pytest.mark.usefixtures("short_waits")
async def test_a_band_that_is_strict_about_a_second_try_leaves_the_head() -> None:
    link = GivingLink(
        whole(_LONG, _START, packets=_without(5)(cut(_LONG))),
        Round([Packet(CONTROL, vectors.BUSY)]),
    )
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG[:80], False)
    assert ACKNOWLEDGE not in link.commands


async def test_a_band_that_has_nothing_the_second_time_leaves_the_head() -> None:
    link = GivingLink(whole(_LONG, _START, packets=_without(5)(cut(_LONG))), _NOTHING)
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG[:80], False)
    assert ACKNOWLEDGE not in link.commands


# The rest of a transfer that was given up


async def test_the_rest_of_an_older_transfer_does_not_get_into_a_new_one() -> None:
    old = cut(bytes(len(_LONG)))
    link = GivingLink(
        Round(
            [data(old[7]), Packet(CONTROL, offer(1200, _START)), data(old[8]), control("100201")]
        ),
        whole(_LONG, _START),
    )
    assert await _fetch(link) == Batch(kind=_MINUTES, start=_START, records=_LONG)
    assert link.commands == [b"\x01", b"\x01", b"\x02", b"\x03"]


@pytest.mark.usefixtures("short_waits")
async def test_an_older_transfer_that_just_stops_is_waited_out() -> None:
    old = cut(bytes(len(_LONG)))
    link = GivingLink(
        Round([data(old[7]), Packet(CONTROL, offer(1200, _START)), data(old[8])]),
        whole(_LONG, _START),
    )
    assert (await _fetch(link)).records == _LONG


@pytest.mark.usefixtures("short_waits")
async def test_a_band_that_says_busy_while_it_sends_is_let_end_and_not_acknowledged() -> None:
    old = cut(bytes(len(_LONG)))
    link = GivingLink(
        Round([data(old[7]), control("100102"), data(old[8]), control("100201")]),
        whole(_LONG, _START),
    )
    assert (await _fetch(link)).records == _LONG
    assert link.commands == [b"\x01", b"\x01", b"\x02", b"\x03"]


@pytest.mark.usefixtures("short_waits")
async def test_an_older_transfer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND_TIMEOUT", 5 * _SHORT_WAIT)
    link = GivingLink(*[Round([data(b"\x07" + bytes(16))])] * 4)
    async with asyncio.TaskGroup() as group:

        async def go_on() -> None:
            while True:
                link.notify(DATA, b"\x08" + bytes(16))
                await asyncio.sleep(_SHORT_WAIT.total_seconds() / 4)

        going_on = group.create_task(go_on())
        with pytest.raises(BandBusy):
            await _fetch(link)
        going_on.cancel()


# Silence, and too much


@pytest.mark.usefixtures("short_waits")
async def test_a_start_that_is_not_answered_wants_a_new_link() -> None:
    with pytest.raises(BandSilent):
        await _fetch(GivingLink())


@pytest.mark.usefixtures("short_waits")
async def test_foreign_notifications_do_not_prolong_the_waiting() -> None:
    link = GivingLink()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:

        async def disturb() -> None:
            while True:
                link.notify(CONTROL, b"\x10\x03\x01")
                await asyncio.sleep(_SHORT_WAIT.total_seconds() / 4)

        disturbing = group.create_task(disturb())
        with pytest.raises(BandSilent):
            await _fetch(link)
        disturbing.cancel()


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("sent", [0, 1, 150, 300])
async def test_a_band_that_falls_silent_is_asked_again(sent: int) -> None:
    silent = whole(_LONG, _START)
    silent.send = silent.send[:sent]
    assert (await _fetch(GivingLink(silent, whole(_LONG, _START)))).complete


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("sent", [1, 150, 300])
async def test_a_band_that_falls_silent_twice_leaves_what_it_sent(sent: int) -> None:
    silent = whole(_LONG, _START)
    silent.send = silent.send[:sent]
    link = GivingLink(silent, silent)
    batch = await _fetch(link)
    assert (batch.records, batch.complete) == (_LONG[: sent * 16], False)
    assert ACKNOWLEDGE not in link.commands


@pytest.mark.usefixtures("short_waits")
async def test_a_band_that_never_sends_has_lost_its_records() -> None:
    silent = Round([Packet(CONTROL, offer(6, _START))])
    with pytest.raises(RecordsLost):
        await _fetch(GivingLink(silent, silent))


async def test_a_round_that_takes_too_long_leaves_what_it_brought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROUND_TIMEOUT", 5 * _SHORT_WAIT)
    slow = Round([Packet(CONTROL, offer(100_000, _START))])
    link = GivingLink(slow)
    async with asyncio.TaskGroup() as group:

        async def go_on() -> None:
            number = 0
            while True:
                if b"\x02" in link.commands:
                    link.notify(DATA, bytes((number & 0xFF,)) + bytes(16))
                    number += 1
                await asyncio.sleep(_SHORT_WAIT.total_seconds() / 8)

        going_on = group.create_task(go_on())
        batch = await _fetch(link)
        going_on.cancel()
    assert batch.records
    assert not batch.complete
    assert link.commands == [b"\x01", b"\x02"]


@pytest.mark.parametrize("counted", [True, False], ids=["numbered", "not numbered"])
async def test_a_band_that_sends_without_end_is_given_up(*, counted: bool) -> None:
    enough = transfer.LONGEST_TRANSFER // 240 + 1
    endless = Round(
        [Packet(CONTROL, offer(6, _START))],
        [data(bytes((number & 0xFF if counted else 9,)) + bytes(240)) for number in range(enough)],
    )
    with pytest.raises(RecordsLost):
        await _fetch(GivingLink(endless))


async def test_empty_packets_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "LONGEST_TRANSFER", 1000)
    endless = Round([Packet(CONTROL, offer(6, _START))], [data(b"")] * 1001)
    with pytest.raises(RecordsLost):
        await _fetch(GivingLink(endless))


# A link that breaks


class _BreakingLink(GivingLink):
    """Breaks before one of its notifications."""

    def __init__(self, *rounds: Round, after: int) -> None:
        super().__init__(*rounds)
        self.left = after

    @override
    def notify(self, characteristic: Characteristic, value: bytes) -> None:
        if self.left == 0:
            self.break_off()
        self.left -= 1
        if self.left >= 0:
            super().notify(characteristic, value)


@pytest.mark.parametrize("after", range(5))
async def test_a_link_that_breaks_anywhere_is_lost_and_nothing_else(after: int) -> None:
    """The reply, two packets, the end and the reply to the acknowledgement."""
    link = _BreakingLink(whole(vectors.RECORDS, _START), after=after)
    with pytest.raises(LinkLost):
        await _fetch(link)
    assert (ACKNOWLEDGE in link.commands) is (after == 4)


@pytest.mark.parametrize("command", [encode_start(_MINUTES, _START), b"\x02"], ids=bytes.hex)
async def test_a_write_that_fails_ends_the_round(command: bytes) -> None:
    link = GivingLink(whole(vectors.RECORDS, _START))
    link.refusals[command] = LinkLost("gone")
    with pytest.raises(LinkLost):
        await _fetch(link)


def test_neither_a_batch_nor_its_errors_show_records() -> None:
    batch = Batch(kind=_MINUTES, start=_START, records=b"\x01\x02\x03\x48")
    errors: list[BandError] = [RecordsLost("records were lost twice"), BandBusy("busy")]
    for text in (repr(batch), *map(str, errors)):
        assert "48" not in text
        assert "\\x" not in text
