"""Band time, zone byte, reply envelope and chunked transfer."""

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from custom_components.mi_band.band import wire
from custom_components.mi_band.band.errors import CommandRefused, LinkLost
from custom_components.mi_band.band.uuids import Characteristic
from custom_components.mi_band.band.wire import (
    decode_status,
    decode_wall_clock,
    decode_zone,
    encode_chunks,
    encode_wall_clock,
    encode_zone,
    reply_to,
    send_chunked,
    write_configuration,
)
from tests.vectors import wire as vectors
from tests.vectors.wire import Reply, Transfer

from .scripted import ScriptedLink

_COMMAND = bytes.fromhex("06030001")
_ACCEPTED = bytes.fromhex("1006030001")


def _reassemble(packets: tuple[bytes, ...]) -> tuple[int, bytes]:
    """Put a message together as the band does: protocol-control.md section 4.3."""
    payload = b""
    for index, packet in enumerate(packets):
        assert packet[0] == 0x00
        assert packet[2] == index % 256
        assert packet[1] & 0x0F == packets[0][1] & 0x0F
        first, last = index == 0, index == len(packets) - 1
        flags = 0xC0 if first and last else 0x00 if first else 0x80 if last else 0x40
        assert packet[1] & 0xF0 == flags
        assert len(packet) > 3
        payload += packet[3:]
    return packets[0][1] & 0x0F, payload


# Time


@given(
    st.datetimes(
        datetime(2, 1, 1),  # noqa: DTZ001 - the zone comes from the strategy beside it
        datetime(9998, 12, 31, 23, 59, 59),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    )
)
def test_every_time_of_day_is_read_back(moment: datetime) -> None:
    assert decode_wall_clock(encode_wall_clock(moment), UTC) == moment.replace(microsecond=0)


@pytest.mark.parametrize("length", [*range(7), 8])
def test_band_time_has_seven_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="seven"):
        decode_wall_clock(bytes.fromhex("e6070c0f14263504")[:length], UTC)


@pytest.mark.parametrize("year", [0, 1, 9999, 10000, 65535])
def test_a_year_that_has_no_other_zones_is_no_time(year: int) -> None:
    with pytest.raises(ValueError, match="year"):
        decode_wall_clock(year.to_bytes(2, "little") + bytes.fromhex("0c1f173b3a"), UTC)


@given(st.binary(max_size=9) | st.binary(min_size=7, max_size=7))
def test_arbitrary_bytes_are_a_time_or_a_value_error(value: bytes) -> None:
    try:
        moment = decode_wall_clock(value, UTC)
    except ValueError:
        return
    assert encode_wall_clock(moment) == value
    for hours in (-12, 14):
        assert moment.astimezone(timezone(timedelta(hours=hours))) == moment


@pytest.mark.parametrize(("quarters", "zone"), vectors.ZONES)
def test_a_zone_is_quarter_hours_from_utc(quarters: int, zone: timezone) -> None:
    assert encode_zone(datetime(2026, 7, 15, tzinfo=zone)) == quarters
    assert decode_zone(quarters) == zone


def test_an_offset_beside_the_grid_is_rounded_down() -> None:
    # Local mean time of Berlin, before zones: the band cannot express it.
    berlin = timezone(timedelta(minutes=53, seconds=28))
    assert encode_zone(datetime(1890, 1, 1, tzinfo=berlin)) == 3
    assert encode_zone(datetime(1890, 1, 1, tzinfo=timezone(timedelta(seconds=-1)))) == -1


def test_every_zone_byte_is_a_zone_of_this_earth_or_unknown() -> None:
    zones = {quarters: decode_zone(quarters) for quarters in range(-128, 128)}
    assert zones == {
        quarters: timezone(timedelta(minutes=15 * quarters)) if -48 <= quarters <= 56 else None
        for quarters in zones
    }


# Replies


@pytest.mark.parametrize("reply", vectors.REPLIES, ids=str)
def test_a_captured_reply_answers_its_command(reply: Reply) -> None:
    assert decode_status(reply.packet, reply.command[: reply.echoed]) == reply.status


@pytest.mark.parametrize("reply", vectors.REPLIES, ids=str)
def test_a_truncated_reply_answers_nothing(reply: Reply) -> None:
    for length in range(reply.echoed + 2):
        assert decode_status(reply.packet[:length], reply.command[: reply.echoed]) is None


@given(packet=st.binary(max_size=20), command=st.binary(min_size=1, max_size=3))
def test_only_a_reply_that_repeats_the_command_has_a_status(packet: bytes, command: bytes) -> None:
    status = decode_status(packet, command)
    assert (status is not None) == (
        packet[: 1 + len(command)] == b"\x10" + command and len(packet) > 1 + len(command)
    )


async def test_a_reply_brings_the_data_behind_its_status() -> None:
    link = ScriptedLink(lambda _: [bytes.fromhex("100d01 0300400002 00")])
    async with link.notifications(Characteristic.CONFIGURATION) as replies:
        await link.write(Characteristic.CONFIGURATION, b"\x0d")
        data = await reply_to(replies, b"\x0d", words="alarms", within=timedelta(seconds=1))
    assert data == bytes.fromhex("030040000200")


@pytest.mark.parametrize("status", [0x00, 0x02, 0x04, 0x05, 0x06, 0x09, 0x81, 0xFF])
async def test_every_status_but_success_is_a_refusal(status: int) -> None:
    link = ScriptedLink(lambda _: [_ACCEPTED[:-1] + bytes((status,))])
    with pytest.raises(CommandRefused) as caught:
        await write_configuration(link, _COMMAND, echoed=3, words="the unit")
    assert caught.value.status == status
    assert caught.value.command == "the unit"


@pytest.mark.parametrize("reply", vectors.REPLIES, ids=str)
async def test_a_reply_to_another_command_is_passed_over(reply: Reply) -> None:
    # The unit's own captured reply is among them, so ask for what none of them answers.
    link = ScriptedLink(lambda _: [reply.packet, b"", b"\x10", bytes.fromhex("10063b0001")])
    await write_configuration(link, bytes.fromhex("063b000103"), echoed=3, words="the language")


@given(noise=st.lists(st.binary(max_size=20), max_size=8))
def test_arbitrary_notifications_before_the_reply_do_no_harm(noise: list[bytes]) -> None:
    link = ScriptedLink(lambda _: [*noise, _ACCEPTED])

    refused = [status for packet in noise if (status := decode_status(packet, _COMMAND[:3]))]

    async def ask() -> None:
        with pytest.raises(CommandRefused) if refused[:1] not in ([], [1]) else nullcontext():
            await write_configuration(link, _COMMAND, echoed=3, words="the unit")

    asyncio.run(ask())
    assert link.packets(Characteristic.CONFIGURATION) == [_COMMAND]


async def test_silence_after_a_setting_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ACKNOWLEDGEMENT_TIMEOUT", timedelta(milliseconds=5))
    link = ScriptedLink()
    await write_configuration(link, _COMMAND, echoed=3, words="the unit")
    assert link.packets(Characteristic.CONFIGURATION) == [_COMMAND]


async def test_a_link_that_ends_while_waiting_for_a_reply_is_a_failure() -> None:
    link = ScriptedLink()
    asking = asyncio.create_task(write_configuration(link, _COMMAND, echoed=3, words="the unit"))
    await asyncio.sleep(0)
    link.break_off()
    with pytest.raises(LinkLost):
        await asking


# Chunked transfer


@pytest.mark.parametrize("transfer", vectors.TRANSFERS, ids=str)
def test_a_message_is_cut_as_captured(transfer: Transfer) -> None:
    packets = encode_chunks(transfer.message_type, transfer.payload, transfer.mtu)
    assert packets == transfer.packets


@given(
    message_type=st.integers(0, 15),
    payload=st.binary(min_size=1, max_size=600),
    mtu=st.integers(23, 517),
)
def test_every_message_can_be_put_together_again(
    message_type: int, payload: bytes, mtu: int
) -> None:
    packets = encode_chunks(message_type, payload, mtu)
    assert _reassemble(packets) == (message_type, payload)
    assert all(len(packet) <= mtu - 3 for packet in packets)


def test_the_sequence_starts_over_after_256_packets() -> None:
    packets = encode_chunks(1, bytes(17 * 300), 23)
    assert len(packets) == 300
    assert [packet[2] for packet in packets[254:258]] == [254, 255, 0, 1]
    assert _reassemble(packets) == (1, bytes(17 * 300))


@pytest.mark.parametrize(
    ("message_type", "payload", "mtu"),
    [(-1, b"1", 23), (16, b"1", 23), (0, b"", 23), (0, b"1", 22), (0, b"1", 0)],
)
def test_a_message_that_cannot_travel_is_our_mistake(
    message_type: int, payload: bytes, mtu: int
) -> None:
    with pytest.raises(ValueError, match="nibble"):
        encode_chunks(message_type, payload, mtu)


@pytest.mark.parametrize("transfer", vectors.TRANSFERS, ids=str)
async def test_a_message_is_sent_in_one_call_and_waits_for_its_acknowledgement(
    transfer: Transfer,
) -> None:
    wrong = bytes.fromhex("1000c901010000")
    link = ScriptedLink(
        lambda packet: [wrong, transfer.acknowledgement] if packet == transfer.packets[-1] else [],
        mtu=transfer.mtu,
    )
    async with asyncio.timeout(1):
        assert await send_chunked(link, transfer.message_type, transfer.payload)
    assert link.calls == [transfer.packets]
    assert {target for target, _ in link.written} == {Characteristic.CHUNKED_TRANSFER}


async def test_a_missing_acknowledgement_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ACKNOWLEDGEMENT_TIMEOUT", timedelta(milliseconds=5))
    link = ScriptedLink(lambda _: [bytes.fromhex("1000c901010000"), b"\x10\x00", b""])
    assert not await send_chunked(link, 3, b"\x40\x32")
    assert link.calls == [(bytes.fromhex("00c3004032"),)]
