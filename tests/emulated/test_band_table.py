"""The GATT table, the advertisement, and who may do what."""

import asyncio
import gc
import struct

from bumble import att, core, gatt_client
from bumble.gatt import Characteristic
import pytest

from tests.emulated.phone import Lab, Phone, authenticated, lab
from tests.emulator.band import EmulatedBand
from tests.emulator.radio import Advertisement, Radio

from .phone import KEY

R, C, W, N = 0x02, 0x04, 0x08, 0x10
NOT_PERMITTED, UNAUTHENTICATED, LENGTH, VALUE = 0x03, 0x05, 0x0D, 0x13

# protocol-control.md, section 3, by hand.
TABLE = {
    "1800/2A00": R,
    "1800/2A01": R,
    "1800/2A04": R,
    "2A25": R,
    "2A27": R,
    "2A28": R,
    "2A23": R,
    "2A50": R,
    "1531": W | N,
    "1532": C,
    "2A46": R | W,
    # Two listings of real bands show its client configuration, and one that it notifies.
    "2A44": R | W | N,
    "2A06": C,
    "2A37": N,
    "2A39": R | W,
    "2A2B": R | W | N,
    "0001": C | N,
    "0002": N,
    "0003": C | N,
    "2A04": R | C | N,
    "0004": C | N,
    "0005": N,
    "0006": R | N,
    "0007": R | N,
    "0008": W | N,
    "000e": W,
    "000f": C | N,
    "0010": N,
    "0011": R | C | N,
    "0012": R | C | N,
    "0013": R | W | N,
    "0020": R | C | N,
    "0009": R | C | N,
    "fedd": W,
    "fede": R,
    "fedf": R,
    "fed0": R | W,
    "fed1": R | W,
    "fed2": R,
    "fed3": R | W,
    "fec1": R | W | N,
    "4a02": R | W | N,
}


async def test_the_table_has_the_documented_characteristics_and_properties(radio: Radio) -> None:
    async with lab(radio) as here:
        assert here.phone.peer is not None
        found = [
            characteristic
            for service in here.phone.peer.services
            for characteristic in service.characteristics
        ]
        assert len(found) == len(TABLE)
        assert {name: int(here.phone.characteristic(name).properties) for name in TABLE} == TABLE


async def _ask(here: Lab, request: att.ATT_PDU) -> att.ATT_PDU:
    assert here.phone.connection is not None
    answer: att.ATT_PDU = await here.phone.connection.gatt_client.send_request(request)
    return answer


# Two listings of real bands agree in them; the last is told by the service that follows.
@pytest.mark.parametrize(
    ("number", "first", "last"),
    [("0a18", 9, 19), ("0218", 33, 35), ("0d18", 36, 41), ("e0fe", 42, 93), ("e1fe", 94, 114)],
)
async def test_a_service_is_found_by_the_two_bytes_of_its_number(
    radio: Radio, number: str, first: int, last: int
) -> None:
    """A stack that looks for one service alone sends its number, and the band compares bytes."""
    async with lab(radio) as here:
        found = await _ask(
            here,
            att.ATT_Find_By_Type_Value_Request(
                starting_handle=1,
                ending_handle=0xFFFF,
                attribute_type=core.UUID.from_16_bits(0x2800),
                attribute_value=bytes.fromhex(number),
            ),
        )
        assert isinstance(found, att.ATT_Find_By_Type_Value_Response), found
        assert found.handles_information == [(first, last)]


async def test_assigned_numbers_are_two_bytes_and_the_vendors_are_sixteen(radio: Radio) -> None:
    async with lab(radio) as here:
        for name, properties in TABLE.items():
            declaration = here.phone.characteristic(name).handle - 1
            read = await _ask(here, att.ATT_Read_Request(attribute_handle=declaration))
            assert isinstance(read, att.ATT_Read_Response), read
            value = read.attribute_value
            assert struct.unpack_from("<BH", value) == (properties, declaration + 1)
            short = name.rpartition("/")[2]
            vendor = short.startswith(("00", "15")) or short == "fec1"
            assert len(value) - 3 == (16 if vendor else 2), name
        configuration = (await here.phone.descriptors("0006"))["2902"].handle
        listed = await _ask(
            here,
            att.ATT_Find_Information_Request(
                starting_handle=configuration, ending_handle=configuration
            ),
        )
        assert isinstance(listed, att.ATT_Find_Information_Response), listed
        assert (listed.format, listed.information_data[2:]) == (1, b"\x02\x29")


async def test_what_notifies_can_be_configured(radio: Radio) -> None:
    async with lab(radio) as here:
        for name, properties in TABLE.items():
            kinds = await here.phone.descriptors(name)
            assert ("2902" in kinds) == bool(properties & N), name
            assert ("2901" in kinds) == (name in {"2A46", "000e"}), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("1800/2A00", b"Mi Smart Band 4".hex()),
        ("1800/2A01", "0000"),
        ("2A25", b"7ac8d2a4d03c".hex()),
        ("2A27", "56302e32352e31382e35"),
        ("2A28", "56312e302e392e3636"),
        ("2A23", "f34ec4fffe1e460f"),
        ("2A50", "01570124000101"),
        ("2A46", "05"),
        ("2A44", "00"),
        ("2A04", "270027000000f401"),
        ("0012", "0d"),
        ("0020", "04"),
        ("fedf", "01"),
        ("0009", "01000000"),
    ],
)
async def test_these_are_read_without_a_key(radio: Radio, name: str, value: str) -> None:
    async with lab(radio) as here:
        assert (await here.phone.read(name)).hex() == value
        assert not here.band.violations


async def test_the_band_advertises_its_address_its_name_and_its_steps(radio: Radio) -> None:
    heard: list[Advertisement] = []
    radio.listen(heard.append)
    band = EmulatedBand(radio, key=KEY, days=0, tick_s=0.001)
    await band.power_on()
    await band.wait_for(lambda: bool(heard))
    assert heard[0].advertisement.hex(" ") == (
        "02 01 06 1b ff 57 01 02" + " ff" * 16 + " 02 f3 4e c4 1e 46 0f"
    )
    assert heard[0].scan_response.hex(" ") == (
        "10 09 4d 69 20 53 6d 61 72 74 20 42 61 6e 64 20 34 03 02 e0 fe 07 16 e0 fe 00 00 00 00"
    )
    band.wearer.walk(5000)
    await band.wait_for(lambda: heard[-1].scan_response.endswith(bytes.fromhex("88130000")))
    await band.power_off()


async def test_a_connected_band_is_silent_unless_it_is_visible(radio: Radio) -> None:
    async with authenticated(radio) as here:
        heard: list[Advertisement] = []
        stop = radio.listen(heard.append)
        await here.phone.subscribe("0003")
        assert not heard
        assert await here.phone.ask("0003", "06010001") == bytes.fromhex("1006010001")
        await here.band.wait_for(lambda: bool(heard))
        assert not heard[-1].connectable
        stop()


async def test_the_pulse_is_advertised_during_a_workout_when_it_is_shared(radio: Radio) -> None:
    async with authenticated(radio) as here:
        heard: list[Advertisement] = []
        await here.phone.subscribe("0003", "000f")
        await here.phone.ask("0003", "061f0001")
        await here.phone.ask("0003", "06010001")
        here.band.wearer.set_heart_rate(131)
        here.band.wearer.workout("start")
        assert await here.phone.hear("000f") == b"\x11\x02"
        radio.listen(heard.append)
        await here.band.wait_for(lambda: bool(heard) and heard[-1].advertisement[10] == 131)


async def test_a_second_central_is_sent_away(radio: Radio) -> None:
    async with lab(radio, profile="visible") as here:
        second = Phone(radio, here.band)
        await second.device.power_on()
        with pytest.raises(TimeoutError):
            await radio.connect(second.device, here.band.address, timeout_s=0.2)
        assert here.band.connected


@pytest.mark.parametrize("name", ["0007", "2A39", "0011", "4a02"])
async def test_reading_wants_the_key(radio: Radio, name: str) -> None:
    async with lab(radio) as here:
        assert await here.phone.refused(name) == UNAUTHENTICATED
        assert here.wrongs == [f"{name}: read without authentication"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("2A2B", "e6070c0f1426350400 0004"),
        ("2A39", "140a"),
        ("0008", "100000401f0000"),
        ("1531", "05"),
    ],
)
async def test_writing_wants_the_key(radio: Radio, name: str, value: str) -> None:
    async with lab(radio) as here:
        before = here.band.snapshot()
        assert await here.phone.refused(name, value) == UNAUTHENTICATED
        after = here.band.snapshot()
        assert here.wrongs == [f"{name}: write without authentication"]
        for held in ("heart_rate", "user_profile", "reboots"):
            assert after[held] == before[held]


@pytest.mark.parametrize(
    ("name", "value"),
    [("0003", "06030000"), ("0003", "060b0001"), ("0004", "02"), ("0020", "00c1000861 00")],
)
async def test_commands_without_the_key_do_nothing(radio: Radio, name: str, value: str) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe(name)
        await here.phone.command(name, value)
        assert here.band.snapshot()["settings"] == {}
        assert here.band.snapshot()["weather"] == {}
        assert here.phone.heard[name] == []
        assert len(here.wrongs) == 1
        assert "without authentication" in here.wrongs[0]


@pytest.mark.parametrize(
    ("name", "value"), [("2A46", "0501"), ("0003", "0d"), ("0020", "00c3004032"), ("2A06", "03")]
)
async def test_the_other_kind_of_write_is_refused(radio: Radio, name: str, value: str) -> None:
    async with authenticated(radio) as here:
        if TABLE[name] & W:
            await here.phone.command(name, value)
        else:
            assert await here.phone.refused(name, value) == NOT_PERMITTED
        kind = "command" if TABLE[name] & W else "request"
        assert here.wrongs == [f"{name}: write {kind}: cannot be written this way"]


@pytest.mark.parametrize("name", ["0010", "2A37", "fedd"])
async def test_what_cannot_be_read_is_refused(radio: Radio, name: str) -> None:
    async with authenticated(radio) as here:
        assert await here.phone.refused(name) == att.ATT_READ_NOT_PERMITTED_ERROR
        assert len(here.wrongs) == 1


@pytest.mark.parametrize("name", ["fed0", "000e", "2A44", "fec1"])
async def test_a_write_without_a_documented_meaning_is_a_violation(radio: Radio, name: str) -> None:
    async with authenticated(radio) as here:
        assert await here.phone.refused(name, "01") == VALUE
        assert here.wrongs == [f"{name}: write without a documented meaning"]


@pytest.mark.parametrize("value", [b"\x02\x00", b"\x01", b"\x01\x00\x00"])
async def test_a_client_configuration_is_01_00_or_00_00(radio: Radio, value: bytes) -> None:
    async with lab(radio) as here:
        assert here.phone.peer is not None
        descriptor = (await here.phone.descriptors("0006"))["2902"]
        with pytest.raises(att.ATT_Error):
            await here.phone.peer.write_value(descriptor, value, with_response=True)
        assert len(here.wrongs) == 1
        await here.phone.peer.write_value(descriptor, b"\x01\x00", with_response=True)
        assert await here.phone.peer.read_value(descriptor) == b"\x01\x00"
        await here.phone.peer.write_value(descriptor, b"\x00\x00", with_response=True)
        assert await here.phone.peer.read_value(descriptor) == b"\x00\x00"


async def test_the_band_raises_the_mtu_after_authentication_and_says_so(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0009", "0010")
        assert here.band.snapshot()["mtu"] == 23
        await here.phone.authenticate()
        assert await here.phone.hear("0010") == b"\x16\xf7\x00"
        assert here.band.snapshot()["mtu"] == 247


@pytest.mark.parametrize("silent", [False, True])
async def test_a_phone_may_keep_the_mtu_at_23(
    radio: Radio, monkeypatch: pytest.MonkeyPatch, *, silent: bool
) -> None:
    """It refuses to exchange it, as stacks do that cannot, or does not answer in 30 s."""
    troubles: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, trouble: troubles.append(trouble)
    )
    asked = asyncio.Event()

    async with lab(radio) as here:
        server = here.phone.device.gatt_server

        def answer(bearer: att.Bearer, request: att.ATT_Exchange_MTU_Request) -> None:
            asked.set()
            if not silent:
                refusal = att.ATT_Error_Response(
                    request_opcode_in_error=request.op_code,
                    attribute_handle_in_error=0,
                    error_code=att.ATT_REQUEST_NOT_SUPPORTED_ERROR,
                )
                server.send_response(bearer, refusal)

        monkeypatch.setattr(server, "on_att_exchange_mtu_request", answer)
        await here.phone.subscribe("0009", "0010")
        await here.phone.ask("0009", "820002")
        with monkeypatch.context() as patience:
            # From here on the phone writes commands only; who waits for an answer is the band.
            patience.setattr(gatt_client, "GATT_REQUEST_TIMEOUT", 0.01 if silent else 30)
            assert await here.phone.authenticate() == b"\x10\x83\x01"
            await asked.wait()
            await here.band.wait_for(lambda: not _exchanging())
        gc.collect()
        here.band.wearer.event("tick")
        assert await here.phone.hear("0010") == b"\x0e"
        assert here.band.snapshot()["mtu"] == 23
    assert not troubles


def _exchanging() -> bool:
    """Say whether the band still waits for the answer to its request."""
    return any("_exchange" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_a_band_may_leave_the_mtu_alone(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0010")
        here.band.wearer.event("tick")
        assert await here.phone.hear("0010") == b"\x0e"
        assert here.band.snapshot()["mtu"] == 23


async def test_operations_are_counted_by_characteristic(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.read("0006")
        await here.phone.write("0008", "100000401f0000")
        state = here.band.snapshot()
        counted = state["att"]
        assert isinstance(counted, dict)
        # CCCD, request, answer, read, write.
        assert counted["since_connected"] == counted["operations"] == 5
        assert counted["characteristics"] == {
            "0006": {"reads": 1, "writes": 0, "cccd": 0, "bytes": 0, "last": []},
            "0008": {
                "reads": 0,
                "writes": 1,
                "cccd": 0,
                "bytes": 7,
                "last": ["10 00 00 40 1f 00 00"],
            },
            "0009": {"reads": 0, "writes": 2, "cccd": 1, "bytes": 23, "last": [None, None]},
        }


def test_properties_are_what_bumble_calls_them() -> None:
    assert (R, C, W, N) == (
        Characteristic.READ,
        Characteristic.WRITE_WITHOUT_RESPONSE,
        Characteristic.WRITE,
        Characteristic.NOTIFY,
    )
