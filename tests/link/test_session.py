"""The session itself: whose turn it is, what a reader gets, and what remains when it is over."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakError
import pytest

from custom_components.mi_band.band import session
from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.device_info import read_device_info
from custom_components.mi_band.band.errors import CommandRefused, LinkLost, NotSupported
from custom_components.mi_band.band.link import Link, Operation, Packet
from custom_components.mi_band.band.session import BandSession
from custom_components.mi_band.band.settings import DISTANCE_UNIT, TIME_FORMAT, apply_change
from custom_components.mi_band.band.steps import read_day_totals
from custom_components.mi_band.band.uuids import Characteristic

from .lab import KEY, Lab, notify, run, state, traffic

_CONFIGURATION = Characteristic.CONFIGURATION
_EVENT = Characteristic.DEVICE_EVENT
_BATTERY = Characteristic.BATTERY
_STEPS = Characteristic.STEPS


@pytest.fixture
def short_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "REQUEST_TIMEOUT", timedelta(milliseconds=50))


# Readers


async def test_the_second_reader_of_a_characteristic_waits(lab: Lab) -> None:
    band = await lab.band()
    order: list[str] = []
    async with lab.open(band) as link:

        async def second() -> None:
            async with link.notifications(_CONFIGURATION):
                order.append("second reads")

        async with link.notifications(_CONFIGURATION):
            waiting = asyncio.create_task(second())
            await read_battery(link)
            order.append("first leaves")
        await waiting
    assert order == ["first leaves", "second reads"]
    assert traffic(band, "0003").cccd == 1


async def test_readers_of_different_characteristics_do_not_wait(lab: Lab) -> None:
    band = await lab.band()
    async with (
        lab.open(band) as link,
        asyncio.timeout(5),
        link.notifications(_CONFIGURATION),
        link.notifications(_EVENT),
        link.notifications(_BATTERY, _STEPS),
    ):
        await read_battery(link)


async def test_readers_of_several_characteristics_never_wait_for_each_other(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:

        async def read(*characteristics: Characteristic) -> None:
            async with link.notifications(*characteristics):
                await read_battery(link)

        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(read(_BATTERY, _STEPS, _EVENT))
                group.create_task(read(_EVENT, _STEPS, _BATTERY))
                group.create_task(read(_STEPS, _EVENT))
    assert [traffic(band, name).cccd for name in ("0006", "0007", "0010")] == [1, 1, 1]


async def test_a_reader_of_several_characteristics_gets_them_in_order_of_arrival(
    lab: Lab,
) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link, link.notifications(_BATTERY, _EVENT) as packets:
        notify(band, "0010", b"\x01")
        notify(band, "0006", b"\x0f\x10\x00")
        notify(band, "0010", b"\x02")
        assert [await anext(packets) for _ in range(3)] == [
            Packet(_EVENT, b"\x01"),
            Packet(_BATTERY, b"\x0f\x10\x00"),
            Packet(_EVENT, b"\x02"),
        ]


async def test_what_arrives_between_two_readers_is_nobodys(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        async with link.notifications(_EVENT):
            pass
        # Nothing is left that could fill up.
        assert link._queues == {}
        notify(band, "0010", b"\x01")
        await read_battery(link)
        async with link.notifications(_EVENT) as packets:
            notify(band, "0010", b"\x02")
            assert await anext(packets) == Packet(_EVENT, b"\x02")


async def test_a_subscription_is_written_once_per_connection(lab: Lab) -> None:
    band = await lab.band()

    async def read(link: Link) -> None:
        for _ in range(3):
            async with link.notifications(_EVENT, _BATTERY):
                pass

    for connection in (1, 2):
        await run(lab.open(band), read)
        assert traffic(band, "0010").cccd == connection
        assert traffic(band, "0006").cccd == connection


async def test_a_reader_that_falls_behind_starts_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LONGEST_QUEUE", 8)
    band = await lab.band()
    async with lab.open(band, None) as link:
        async with link.notifications(_EVENT) as packets:
            notify(band, "0010", *(bytes((number,)) for number in range(20)))
            await read_battery(link)
            # Not one packet of the stream that has a hole.
            with pytest.raises(LinkLost):
                await anext(packets)
        async with link.notifications(_EVENT) as packets:
            notify(band, "0010", b"\x02")
            assert await anext(packets) == Packet(_EVENT, b"\x02")


async def test_a_full_queue_is_no_overflow(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LONGEST_QUEUE", 8)
    band = await lab.band()
    async with lab.open(band, None) as link, link.notifications(_EVENT) as packets:
        notify(band, "0010", *(bytes((number,)) for number in range(8)))
        await read_battery(link)
        assert [(await anext(packets)).value[0] for _ in range(8)] == list(range(8))


async def test_an_overflow_of_one_reader_leaves_the_others_alone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LONGEST_QUEUE", 2)
    band = await lab.band()
    async with (
        lab.open(band) as link,
        link.notifications(_EVENT) as slow,
        link.notifications(_BATTERY) as quick,
    ):
        notify(band, "0010", *([b"\x01"] * 5))
        notify(band, "0006", b"\x0f\x10\x00")
        assert (await anext(quick)).value == b"\x0f\x10\x00"
        with pytest.raises(LinkLost):
            await anext(slow)
        await apply_change(link, DISTANCE_UNIT.to("metric"))


# Requests


async def test_one_request_at_a_time(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link, asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(read_battery(link))
            group.create_task(read_day_totals(link))
    assert traffic(band, "0006").reads == 20
    assert traffic(band, "0007").reads == 20


async def test_the_packets_of_a_call_stay_together(lab: Lab) -> None:
    band = await lab.band()
    control = Characteristic.HEART_RATE_CONTROL
    async with lab.open(band) as link, asyncio.TaskGroup() as group:
        for minutes in range(0, 40, 4):
            packets = [bytes((0x14, minutes + number)) for number in range(4)]
            group.create_task(link.write(control, *packets))
            group.create_task(read_battery(link))
    assert traffic(band, "2A39").last == [f"14 {number:02x}" for number in range(40)]


@pytest.mark.usefixtures("short_request")
async def test_a_band_that_takes_too_long_is_a_lost_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        band.faults.delay(0.5)
        with pytest.raises(LinkLost):
            await read_battery(link)


@pytest.mark.usefixtures("short_request")
async def test_a_subscription_that_takes_too_long_is_a_lost_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        band.faults.delay(0.5)
        with pytest.raises(LinkLost):
            async with link.notifications(_EVENT):
                pytest.fail("nobody has subscribed")


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (lambda link: link.read(_STEPS), "STEPS"),
        (lambda link: link.write(Characteristic.CURRENT_TIME, bytes(11)), "CURRENT_TIME"),
    ],
    ids=["read", "write"],
)
@pytest.mark.usefixtures("violations_expected")
async def test_an_att_error_is_a_refusal_with_its_code(
    lab: Lab, request_: Operation[object], name: str
) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with pytest.raises(CommandRefused) as caught:
            await request_(link)
    assert caught.value.status == 0x05
    assert name in caught.value.command


async def test_a_refusal_that_a_proxy_tells_in_words_has_no_code(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()

    async def refuse(*_: object, **__: object) -> bytearray:
        raise BleakError("Error reading GATT: Insufficient authentication (5)")

    async with lab.open(band, None) as link:
        monkeypatch.setattr(lab.client_class, "read_gatt_char", refuse)
        with pytest.raises(CommandRefused) as caught:
            await link.read(_BATTERY)
    assert caught.value.status == 0xFF


@pytest.mark.parametrize(
    "failure", [EOFError, BrokenPipeError, AttributeError, AssertionError], ids=str
)
async def test_a_system_service_that_goes_away_is_a_lost_link(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    band = await lab.band()

    async def fail(*_: object, **__: object) -> bytearray:
        raise failure

    async def read(link: BandSession) -> Packet:
        async with link.notifications(_EVENT) as packets:
            return await anext(packets)

    async with lab.open(band, None) as link:
        reading = asyncio.create_task(read(link))
        await band.wait_for(lambda: traffic(band, "0010").cccd == 1)
        with monkeypatch.context() as service:
            for name in ("read_gatt_char", "write_gatt_char", "start_notify"):
                service.setattr(lab.client_class, name, fail)
            with pytest.raises(LinkLost):
                await link.read(_BATTERY)
        # Nothing comes of this link any more, and everybody learns of it.
        with pytest.raises(LinkLost):
            await reading
        with pytest.raises(LinkLost):
            await link.read(_BATTERY)


@pytest.mark.parametrize("failure", [EOFError, BrokenPipeError, AssertionError], ids=str)
async def test_a_system_service_that_is_gone_does_not_keep_a_session_from_ending(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    band = await lab.band()

    async def fail(*_: object) -> None:
        raise failure

    with monkeypatch.context() as service:
        async with lab.open(band) as link:
            service.setattr(lab.client_class, "disconnect", fail)
            service.setattr(lab.client_class, "unpair", fail)
            await link.forget_bond()
        with pytest.raises(LinkLost):
            await link.read(_BATTERY)


async def test_the_mtu_is_the_one_of_the_link_where_the_client_does_not_know_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    # As bleak does on Linux, beside a warning.
    monkeypatch.setattr(lab.client_class, "mtu_size", 23)
    async with lab.open(band) as link:
        assert link.mtu == 247


async def test_no_mtu_is_below_the_one_that_every_band_has(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    found = BleakGATTCharacteristic
    async with lab.open(band) as link:
        monkeypatch.setattr(found, "max_write_without_response_size", 17)
        assert link.mtu == 23


async def test_a_characteristic_that_the_band_lacks_is_not_supported(lab: Lab) -> None:
    band = await lab.band()
    missing = Characteristic.LATER_PROTOCOL_WRITE
    async with lab.open(band) as link:
        assert not link.offers(missing)
        with pytest.raises(NotSupported):
            await link.read(missing)
        with pytest.raises(NotSupported):
            await link.write(missing, b"")
        with pytest.raises(NotSupported):
            async with link.notifications(missing):
                pytest.fail("there is nothing to read")
        await read_battery(link)


async def test_commands_and_requests_are_chosen_by_the_characteristic(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await apply_change(link, DISTANCE_UNIT.to("metric"))
        await link.write(Characteristic.USER_SETTINGS, bytes.fromhex("100000401f0000"))
    written = [operation.opcode for operation in lab.faults(band).att_log]
    # Subscribe, ask, answer; subscribe, set; and the goal.
    assert written == [
        "WRITE_REQUEST",
        "WRITE_COMMAND",
        "WRITE_COMMAND",
        "WRITE_REQUEST",
        "WRITE_COMMAND",
        "WRITE_REQUEST",
    ]


# A link that breaks


async def test_every_reader_wakes_when_the_link_breaks(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        readers = []
        async with AsyncExitStack() as stack:
            for characteristic in (_CONFIGURATION, _EVENT, _BATTERY):
                packets = await stack.enter_async_context(link.notifications(characteristic))
                readers.append(asyncio.ensure_future(anext(packets)))
            lab.faults(band).out_of_range = True
            async with asyncio.timeout(5):
                results = await asyncio.gather(*readers, return_exceptions=True)
        assert [type(result) for result in results] == [LinkLost] * 3


async def test_who_waits_for_a_turn_learns_of_a_broken_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        async with link.notifications(_CONFIGURATION):
            waiting = asyncio.create_task(apply_change(link, DISTANCE_UNIT.to("metric")))
            await read_battery(link)
            lab.faults(band).cut()
            await band.wait_for(lambda: not band.connected)
            await asyncio.sleep(0)
        with pytest.raises(LinkLost):
            async with asyncio.timeout(5):
                await waiting


async def test_a_broken_link_stays_broken(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        async with link.notifications(_EVENT):
            pass
        await lab.adapter.close_links()
        with pytest.raises(LinkLost):
            await link.read(_BATTERY)
        with pytest.raises(LinkLost):
            await link.write(_CONFIGURATION, b"\x06\x03\x00\x00")
        with pytest.raises(LinkLost):
            async with link.notifications(_EVENT):
                pytest.fail("there is no link")
        with pytest.raises(LinkLost):
            link.offers(_EVENT)
    assert traffic(band, "0006").reads == 0


async def test_requests_that_wait_learn_of_a_broken_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        reading = [asyncio.create_task(read_device_info(link)) for _ in range(5)]
        band.faults.cut_after(4)
        results = await asyncio.gather(*reading, return_exceptions=True)
    assert [type(result) for result in results] == [LinkLost] * 5


# Cancelling


async def _usable(link: Link) -> None:
    """Use everything that a cancelled operation could have left behind."""
    async with asyncio.timeout(5):
        await apply_change(link, TIME_FORMAT.to("twelve_hours"))
        assert (await read_battery(link)).level_percent == 77
        async with link.notifications(_EVENT, _BATTERY, _STEPS):
            pass


@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_an_operation_cancelled_at_any_point_leaves_the_session_usable(
    lab: Lab, turns: int
) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        doing = asyncio.create_task(apply_change(link, DISTANCE_UNIT.to("imperial")))
        for _ in range(turns):
            await asyncio.sleep(0)
        doing.cancel()
        with suppress(asyncio.CancelledError):
            await doing
        await _usable(link)
    assert traffic(band, "0003").cccd <= 2
    assert lab.all_free()


async def test_a_subscription_that_was_interrupted_can_be_made_again_where_none_is_made_twice(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    subscribe = lab.client_class.start_notify
    unsubscribe = lab.client_class.stop_notify
    made = set()
    begun = asyncio.Event()

    # BlueZ goes on with what it was asked, whether or not anybody waits for it.
    async def subscribe_once(
        client: BleakClient, found: BleakGATTCharacteristic, *args: Any, **kwargs: Any
    ) -> None:
        if found.uuid in made:
            raise BleakError("[org.bluez.Error.InProgress] In Progress")
        made.add(found.uuid)
        begun.set()
        await asyncio.shield(subscribe(client, found, *args, **kwargs))

    async def forget(client: BleakClient, found: BleakGATTCharacteristic) -> None:
        made.discard(found.uuid)
        await unsubscribe(client, found)

    async with lab.open(band) as link:
        monkeypatch.setattr(lab.client_class, "start_notify", subscribe_once)
        monkeypatch.setattr(lab.client_class, "stop_notify", forget)
        doing = asyncio.create_task(apply_change(link, DISTANCE_UNIT.to("imperial")))
        await begun.wait()
        doing.cancel()
        await asyncio.wait([doing])
        await _usable(link)
    assert traffic(band, "0003").last == ["06 02 00 00"]


async def test_a_cancelled_wait_for_a_notification_gives_the_turn_back(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:

        async def wait() -> None:
            async with link.notifications(_EVENT, _BATTERY) as packets:
                await anext(packets)

        for _ in range(3):
            waiting = asyncio.create_task(wait())
            await read_battery(link)
            waiting.cancel()
            await asyncio.wait([waiting])
        await _usable(link)


async def test_who_is_cancelled_while_waiting_for_a_turn_takes_none(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        async with link.notifications(_STEPS):
            # It has the turn of one characteristic and waits for that of the other.
            waiting = asyncio.create_task(_both(link))
            await read_battery(link)
            waiting.cancel()
            await asyncio.wait([waiting])
            async with asyncio.timeout(5), link.notifications(_BATTERY):
                pass
        await _usable(link)


async def _both(link: Link) -> None:
    async with link.notifications(_BATTERY, _STEPS):
        pytest.fail("somebody else reads")


async def test_a_read_cancelled_on_its_way_does_not_answer_the_next(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        band.faults.delay(0.02)
        reading = asyncio.create_task(link.read(Characteristic.SERIAL_NUMBER))
        await asyncio.sleep(0.01)
        reading.cancel()
        await asyncio.wait([reading])
        assert await link.read(Characteristic.SOFTWARE_REVISION) == b"V1.0.9.66"
        band.faults.delay(0)
        await _usable(link)


# The end


async def test_leaving_disconnects(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band):
        assert band.connected
        assert not lab.all_free()
    assert lab.all_free()
    await band.wait_for(lambda: not band.connected)


async def test_an_error_in_the_block_disconnects(lab: Lab) -> None:
    band = await lab.band()
    with pytest.raises(ZeroDivisionError):
        async with lab.open(band):
            raise ZeroDivisionError
    assert lab.all_free()
    await band.wait_for(lambda: not band.connected)


async def test_cancelling_the_block_disconnects(lab: Lab) -> None:
    band = await lab.band()

    async def stay() -> None:
        async with lab.open(band):
            await asyncio.Event().wait()

    staying = asyncio.create_task(stay())
    await band.wait_for(lambda: band.authenticated)
    staying.cancel()
    await asyncio.wait([staying])
    assert staying.cancelled()
    assert lab.all_free()
    await band.wait_for(lambda: not band.connected)


@pytest.mark.parametrize("after_s", [0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08])
async def test_cancelling_while_the_session_opens_leaves_no_link(lab: Lab, after_s: float) -> None:
    band = await lab.band()

    async def opening() -> None:
        async with lab.open(band, attempts=4):
            await asyncio.Event().wait()

    task = asyncio.create_task(opening())
    await asyncio.sleep(after_s)
    task.cancel()
    await asyncio.wait([task])
    assert lab.all_free()
    await band.wait_for(lambda: not band.connected)
    async with lab.open(band) as link:
        await _usable(link)


async def test_who_still_reads_learns_of_the_end(lab: Lab) -> None:
    band = await lab.band()

    async def read(link: BandSession) -> Packet:
        async with link.notifications(_EVENT) as packets:
            return await anext(packets)

    async with lab.open(band, None) as link:
        reading = asyncio.create_task(read(link))
        await band.wait_for(lambda: traffic(band, "0010").cccd == 1)
        await read_battery(link)
    with pytest.raises(LinkLost):
        await reading


async def test_a_link_that_does_not_close_ends_its_session_all_the_same(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()
    monkeypatch.setattr(session, "CLOSE_TIMEOUT", timedelta(milliseconds=20))
    disconnect = lab.client_class.disconnect

    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    async def read(link: BandSession) -> Packet:
        async with link.notifications(_EVENT) as packets:
            return await anext(packets)

    async with lab.open(band, None) as link:
        reading = asyncio.create_task(read(link))
        await band.wait_for(lambda: traffic(band, "0010").cccd == 1)
        monkeypatch.setattr(lab.client_class, "disconnect", hang)
    with pytest.raises(LinkLost):
        await reading
    monkeypatch.setattr(lab.client_class, "disconnect", disconnect)


async def test_a_session_leaves_no_task_behind(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        await _usable(link)

    async def lose(link: Link) -> bytes:
        lab.faults(band).out_of_range = True
        return await link.read(_BATTERY)

    with pytest.raises(LinkLost):
        await run(lab.open(band), lose)
    ours = [task for task in asyncio.all_tasks() if "mi_band" in repr(task.get_coro())]
    assert ours == []


async def test_the_mtu_is_what_was_agreed(lab: Lab) -> None:
    band = await lab.band(mtu=23)
    lab.adapter.mtu = None
    async with lab.open(band, KEY) as link:
        assert link.mtu == 23
    band = await lab.band(address="F3:4E:C4:00:00:02")
    async with lab.open(band, None) as link:
        assert link.mtu == 23
    async with lab.open(band, KEY) as link:
        await band.wait_for(lambda: band.snapshot()["mtu"] == 247)
        assert link.mtu == 247
    assert state(band, "att")["characteristics"]


async def test_a_band_that_stops_answering_ends_the_link_for_everybody(
    lab: Lab, short_request: None
) -> None:
    band = await lab.band()
    async with lab.open(band) as link, link.notifications(_EVENT) as events:
        band.faults.delay(1.0)
        with pytest.raises(LinkLost):
            await link.read(_BATTERY)
        with pytest.raises(LinkLost):
            # What came before is still read.
            async for _ in events:
                pass
        with pytest.raises(LinkLost):
            await link.read(_STEPS)


async def test_the_mtu_of_a_lost_link_is_a_lost_link(lab: Lab) -> None:
    band = await lab.band()
    async with lab.open(band) as link:
        assert link.mtu > 0
        band.faults.out_of_range(value=True)
        with pytest.raises(LinkLost):
            await read_battery(link)
        await band.wait_for(lambda: not band.connected)
        with pytest.raises(LinkLost):
            _ = link.mtu


async def test_who_has_the_link_alone_is_not_disturbed_and_lets_go(lab: Lab) -> None:
    band = await lab.band()
    order: list[str] = []
    async with lab.open(band) as link:

        async def other() -> None:
            await read_battery(link)
            order.append("other")

        async with link.alone() as alone:
            waiting = asyncio.create_task(other())
            for _ in range(3):
                await read_battery(alone)
                order.append("alone")
        await waiting
    assert order == ["alone"] * 3 + ["other"]
