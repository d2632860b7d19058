"""The air carries what the radios send, and can be disturbed."""

import asyncio

from bumble import att
from bumble.core import UUID
from bumble.device import Connection, Peer
import pytest

from tests.emulator.radio import Advertisement, AirDevice, Radio

from .gadget import ADVERTISEMENT, ECHO, READABLE, SCAN_RESPONSE, WRITE_ONLY, Gadget, until


@pytest.fixture
async def central(radio: Radio) -> AirDevice:
    central = radio.central("phone")
    await central.power_on()
    return central


class Phone:
    """The central's end of a link."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.peer = Peer(connection)
        self.notifications: list[bytes] = []
        self.reasons: list[int] = []
        connection.on(Connection.EVENT_DISCONNECTION, self.reasons.append)

    async def discover(self) -> None:
        await self.peer.discover_services()
        for service in self.peer.services:
            await service.discover_characteristics()

    def handle(self, uuid: str) -> int:
        return int(self.peer.get_characteristics_by_uuid(UUID(uuid))[0].handle)

    async def subscribe(self) -> None:
        characteristic = self.peer.get_characteristics_by_uuid(UUID(ECHO))[0]
        await self.peer.subscribe(characteristic, self.notifications.append)


async def _phone(radio: Radio, central: AirDevice, gadget: Gadget) -> Phone:
    phone = Phone(await radio.connect(central, gadget.address, timeout_s=2))
    await phone.discover()
    await until(lambda: gadget.connection)
    return phone


@pytest.fixture
async def phone(radio: Radio, central: AirDevice, gadget: Gadget) -> Phone:
    return await _phone(radio, central, gadget)


async def test_a_peripheral_with_a_public_address_reads_writes_and_notifies(
    phone: Phone, gadget: Gadget
) -> None:
    assert await phone.peer.read_value(phone.handle(READABLE)) == b"hello"
    await phone.subscribe()
    await phone.peer.write_value(phone.handle(ECHO), b"one", with_response=True)
    await phone.peer.write_value(phone.handle(ECHO), b"two")
    await until(lambda: len(phone.notifications) == 2)
    assert phone.notifications == [b"echo one", b"echo two"]
    assert phone.connection.peer_address.is_public
    assert gadget.connection is not None
    assert str(gadget.connection.self_address) == f"{gadget.address}/P"


async def test_advertisement_and_scan_response_are_heard_apart(
    radio: Radio, gadget: Gadget
) -> None:
    heard: list[Advertisement] = []
    radio.faults(gadget.address).rssi = -77
    stop = radio.listen(heard.append)
    await until(lambda: heard)
    stop()
    assert heard[-1] == Advertisement(
        address=gadget.address,
        advertisement=ADVERTISEMENT,
        scan_response=SCAN_RESPONSE,
        rssi=-77,
        connectable=True,
    )


async def test_a_connected_peripheral_is_not_heard_and_is_heard_again_afterwards(
    radio: Radio, phone: Phone, gadget: Gadget
) -> None:
    heard: list[Advertisement] = []
    radio.listen(heard.append)
    await asyncio.sleep(0.05)
    assert heard == []
    await radio.disconnect(phone.connection)
    await until(lambda: heard)


async def test_a_peripheral_may_be_heard_while_connected_but_not_be_taken(
    radio: Radio, phone: Phone, gadget: Gadget
) -> None:
    heard: list[Advertisement] = []
    radio.listen(heard.append)
    gadget.advertise(while_connected=True)
    await until(lambda: heard)
    assert not heard[-1].connectable
    other = radio.central("other phone")
    await other.power_on()
    with pytest.raises(TimeoutError):
        await radio.connect(other, gadget.address, timeout_s=0.05)
    assert await phone.peer.read_value(phone.handle(READABLE)) == b"hello"


async def test_the_att_mtu_is_23_until_either_side_asks_for_more(
    radio: Radio, central: AirDevice, gadget: Gadget
) -> None:
    phone = await _phone(radio, central, gadget)
    assert gadget.connection is not None
    assert phone.connection.att_mtu == gadget.connection.att_mtu == 23
    assert await phone.peer.request_mtu(185) == 185
    assert gadget.connection.att_mtu == 185

    await radio.disconnect(phone.connection)
    await until(lambda: not gadget.connection)
    phone = await _phone(radio, central, gadget)
    assert gadget.connection is not None
    assert phone.connection.att_mtu == 23
    assert await Peer(gadget.connection).request_mtu(247) == 247
    assert phone.connection.att_mtu == 247


async def test_a_write_longer_than_the_mtu_is_refused(phone: Phone, gadget: Gadget) -> None:
    await phone.peer.write_value(phone.handle(ECHO), bytes(21))
    await until(lambda: gadget.faults.refusals)
    assert gadget.faults.refusals[0].operation == ("WRITE_COMMAND", phone.handle(ECHO), 21)
    assert gadget.written == []


async def test_reading_what_cannot_be_read_is_an_error_at_once(
    phone: Phone, gadget: Gadget
) -> None:
    with pytest.raises(att.ATT_Error) as error:
        await phone.peer.read_value(phone.handle(WRITE_ONLY))
    assert error.value.error_code == att.ATT_READ_NOT_PERMITTED_ERROR
    assert len(gadget.faults.refusals) == 1


async def test_a_command_is_ignored_where_only_requests_are_allowed(
    phone: Phone, gadget: Gadget
) -> None:
    await phone.peer.write_value(phone.handle(WRITE_ONLY), b"command")
    await phone.peer.write_value(phone.handle(WRITE_ONLY), b"request", with_response=True)
    assert gadget.written == [b"request"]
    with pytest.raises(att.ATT_Error) as error:
        await phone.peer.write_value(phone.handle(READABLE), b"x", with_response=True)
    assert error.value.error_code == att.ATT_WRITE_NOT_PERMITTED_ERROR


async def test_reads_and_writes_are_counted_apart_from_discovery(
    phone: Phone, gadget: Gadget
) -> None:
    faults = gadget.faults
    assert faults.att_operations == 0
    discovery = faults.discovery_operations
    assert discovery > 0
    await phone.subscribe()  # Finds the descriptor, then writes it.
    assert faults.discovery_operations > discovery
    assert [operation.opcode for operation in faults.att_log] == ["WRITE_REQUEST"]
    await phone.peer.read_value(phone.handle(READABLE))
    await phone.peer.write_value(phone.handle(ECHO), b"1234")
    await until(lambda: gadget.written)
    assert faults.att_operations == 3
    assert list(faults.att_log)[1:] == [
        ("READ_REQUEST", phone.handle(READABLE), 0),
        ("WRITE_COMMAND", phone.handle(ECHO), 4),
    ]


async def test_a_link_is_cut_after_the_operation_that_was_still_received(
    radio: Radio, phone: Phone, gadget: Gadget
) -> None:
    heard: list[Advertisement] = []
    radio.listen(heard.append)
    gadget.faults.cut_after = 2
    await phone.peer.write_value(phone.handle(ECHO), b"one", with_response=True)
    with pytest.raises(asyncio.CancelledError):  # Bumble's word for a request without answer.
        await phone.peer.write_value(phone.handle(ECHO), b"two", with_response=True)
    assert gadget.written == [b"one", b"two"]
    await until(lambda: gadget.reasons)
    assert (phone.reasons, gadget.reasons) == ([8], [8])
    assert radio.faults(gadget.address).cut_after is None
    await until(lambda: heard)


async def test_out_of_range_drops_the_link_and_silences_the_gadget_until_it_returns(
    radio: Radio, central: AirDevice, phone: Phone, gadget: Gadget
) -> None:
    heard: list[Advertisement] = []
    gadget.faults.out_of_range = True
    await until(lambda: phone.reasons and gadget.reasons)
    assert (phone.reasons, gadget.reasons) == ([8], [8])
    radio.listen(heard.append)
    with pytest.raises(TimeoutError):
        await radio.connect(central, gadget.address, timeout_s=0.05)
    assert heard == []
    gadget.faults.out_of_range = False
    await radio.connect(central, gadget.address, timeout_s=2)
    assert heard


async def test_latency_delays_and_keeps_the_order(phone: Phone, gadget: Gadget) -> None:
    await phone.subscribe()
    gadget.faults.latency_s = 0.02
    gadget.faults.jitter_s = 0.02
    loop = asyncio.get_running_loop()
    begin = loop.time()
    assert await phone.peer.read_value(phone.handle(READABLE)) == b"hello"
    assert loop.time() - begin >= 0.04
    for number in range(50):
        await gadget.notify(bytes([number]))
    gadget.faults.latency_s = gadget.faults.jitter_s = 0.0
    await until(lambda: len(phone.notifications) == 50)
    assert phone.notifications == [bytes([number]) for number in range(50)]


async def test_a_connection_event_carries_so_many_packets_and_no_more(
    phone: Phone, gadget: Gadget
) -> None:
    await phone.subscribe()
    gadget.faults.interval_s, gadget.faults.packets_per_event = 0.01, 4
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number in range(50):
        await gadget.notify(bytes([number]))
    await until(lambda: len(phone.notifications) == 50)
    # Thirteen events; the first one may be just now.
    assert loop.time() - begin >= 0.12
    assert phone.notifications == [bytes([number]) for number in range(50)]


async def test_an_attempt_that_is_given_up_does_not_stand_in_the_way_of_the_next(
    radio: Radio, central: AirDevice, gadget: Gadget
) -> None:
    radio.stop_advertising(gadget.address)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await radio.connect(central, gadget.address, timeout_s=0.01)
    attempt = asyncio.create_task(radio.connect(central, gadget.address, timeout_s=5))
    await asyncio.sleep(0)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    gadget.advertise()
    await radio.connect(central, gadget.address, timeout_s=2)


async def test_giving_up_at_any_moment_leaves_no_link_behind(
    radio: Radio, central: AirDevice, gadget: Gadget
) -> None:
    for turns in range(60):
        attempt = asyncio.create_task(radio.connect(central, gadget.address, timeout_s=5))
        for _ in range(turns):
            await asyncio.sleep(0)
        attempt.cancel()
        (outcome,) = await asyncio.gather(attempt, return_exceptions=True)
        if isinstance(outcome, Connection):
            await radio.disconnect(outcome)
        await until(lambda: not central.connections and not gadget.device.connections)
        assert not radio.is_connected(gadget.address)
    await radio.connect(central, gadget.address, timeout_s=2)


async def test_two_centrals_that_want_the_same_gadget_get_it_one_after_the_other(
    radio: Radio, central: AirDevice, gadget: Gadget
) -> None:
    other = radio.central("other phone")
    await other.power_on()
    attempts = [
        asyncio.create_task(radio.connect(device, gadget.address, timeout_s=5))
        for device in (central, other)
    ]
    done, pending = await asyncio.wait(attempts, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == len(pending) == 1
    await radio.disconnect(done.pop().result())
    await pending.pop()


async def test_one_central_holds_several_gadgets(
    radio: Radio, central: AirDevice, gadget: Gadget
) -> None:
    other = Gadget(radio, "C0:FF:EE:00:00:02")
    other.value = b"other"
    await other.power_on()
    phones = [await _phone(radio, central, each) for each in (gadget, other)]
    gadget.faults.cut()
    await until(lambda: phones[0].reasons)
    assert await phones[1].peer.read_value(phones[1].handle(READABLE)) == b"other"


async def test_without_its_battery_a_gadget_is_gone_at_once_and_returns_with_it(
    radio: Radio, central: AirDevice, phone: Phone, gadget: Gadget
) -> None:
    heard: list[Advertisement] = []
    await gadget.power_off()
    await until(lambda: phone.reasons)
    assert (phone.reasons, gadget.reasons) == ([8], [8])
    radio.listen(heard.append)
    await asyncio.sleep(0.05)
    assert heard == []
    await gadget.power_on()
    phone = await _phone(radio, central, gadget)
    assert await phone.peer.read_value(phone.handle(READABLE)) == b"hello"


async def test_both_ends_may_hang_up_together(
    radio: Radio, phone: Phone, gadget: Gadget, caplog: pytest.LogCaptureFixture
) -> None:
    assert gadget.connection is not None
    await asyncio.gather(radio.disconnect(phone.connection), radio.disconnect(gadget.connection))
    await until(lambda: phone.reasons and gadget.reasons)
    await radio.disconnect(phone.connection)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_removed_address_is_free_again(radio: Radio, gadget: Gadget) -> None:
    with pytest.raises(ValueError, match="on the air already"):
        Gadget(radio)
    await radio.remove(gadget.device)
    await Gadget(radio).power_on()


async def test_an_attempt_of_a_central_that_is_switched_off_ends(
    radio: Radio, central: AirDevice, gadget: Gadget
) -> None:
    radio.stop_advertising(gadget.address)
    attempt = asyncio.create_task(radio.connect(central, gadget.address, timeout_s=5))
    await asyncio.sleep(0.01)
    await central.power_off()
    with pytest.raises(ConnectionError):
        await attempt


async def test_nothing_is_left_of_a_closed_radio() -> None:
    before = asyncio.all_tasks()
    async with Radio(advertising_interval_s=0.01) as radio:
        gadget = Gadget(radio)
        await gadget.power_on()
        gadget.faults.latency_s = 0.5
        central = radio.central("phone")
        await central.power_on()
        connection = await radio.connect(central, gadget.address, timeout_s=2)
        read = asyncio.create_task(Peer(connection).read_value(3))
        attempt = asyncio.create_task(radio.connect(central, "00:00:00:00:00:00", timeout_s=9))
        await asyncio.sleep(0.01)
    outcomes = await asyncio.gather(read, attempt, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, ConnectionError]
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    loop = asyncio.get_running_loop()
    timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
    assert not [timer for timer in timers if "emulator" in repr(timer)]
