"""Reset, reboot, faults, the wearer's acts, and what other clients are used to doing."""

import asyncio
import json

from bumble.hci import HCI_Error
import pytest

from tests.emulated.phone import KEY, Phone, aes, authenticated, lab
from tests.emulator.band import ADDRESS, EmulatedBand
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind
from tests.emulator.wearer import Policy


async def test_a_factory_reset_leaves_a_new_band_with_a_new_address(radio: Radio) -> None:
    async with authenticated(radio, days=3) as here:
        await here.phone.subscribe("0003")
        await here.phone.ask("0003", "06 02 00 01")
        await here.phone.ask("0003", "02 80 07 1e 1f")
        assert await here.phone.ask("0003", "06 0b 00 01") == bytes.fromhex("10060b0001")
        await here.band.wait_for(lambda: here.band.address != ADDRESS and here.band.powered)
        assert here.band.address.startswith("F3:4E:C4:")
        assert here.band.key is None
        assert here.shows() is Kind.PAIRING
        state = here.band.snapshot()
        assert state["settings"] == {}
        assert state["alarms"] == []
        assert here.band.steps == 0
        assert len(here.band.history) == 0
        assert not here.band.violations

        again = Phone(radio, here.band)
        await again.connect()
        address = bytes.fromhex(here.band.address.replace(":", ""))
        assert await again.read("2A23") == address[:3] + b"\xff\xfe" + address[3:]
        assert (await again.read("2A2B"))[10] == 0x80
        assert await again.authenticate() == b"\x10\x83\x08"


@pytest.mark.parametrize("meanwhile", ["a disconnection", "a restart", "an empty battery"])
async def test_a_phone_that_has_paired_encrypts_its_next_link(radio: Radio, meanwhile: str) -> None:
    """Some systems use no band that they have not paired with, and pair once."""
    async with authenticated(radio) as here:
        assert here.phone.connection is not None
        await here.phone.connection.pair()
        match meanwhile:
            case "a disconnection":
                await here.phone.disconnect()
            case "a restart":
                await here.phone.write("1531", "05")
                await here.band.wait_for(lambda: not here.band.powered)
                await here.band.wait_for(lambda: here.band.powered)
            case _:
                await here.band.power_off()
                await here.band.power_on()
        await here.phone.connect()
        await here.phone.connection.encrypt()
        assert here.phone.connection.is_encrypted
        await here.phone.subscribe("0009")
        assert await here.phone.authenticate() == b"\x10\x83\x01"


async def test_a_factory_reset_forgets_who_has_paired(radio: Radio) -> None:
    async with authenticated(radio) as here:
        assert here.phone.connection is not None
        await here.phone.connection.pair()
        assert here.phone.device.keystore is not None
        [(_, keys)] = await here.phone.device.keystore.get_all()
        await here.phone.command("0003", "06 0b 00 01")
        await here.band.wait_for(lambda: here.band.address != ADDRESS and here.band.powered)
        await here.phone.connect()
        peer = str(here.phone.connection.peer_address)
        await here.phone.device.keystore.update(peer, keys)
        with pytest.raises(HCI_Error):
            await here.phone.connection.encrypt()


async def test_the_wearer_can_reset_the_band_and_pair_it_again(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", key=None, policy=Policy.ACCEPT) as here:
        here.band.wearer.reset()
        await here.band.wait_for(lambda: here.band.address != ADDRESS and here.band.powered)
        again = Phone(radio, here.band)
        await again.connect()
        await again.subscribe("0009")
        assert await again.ask("0009", b"\x01\x00" + KEY) == b"\x10\x01\x01"


async def test_a_reboot_keeps_key_and_settings(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003", "1531")
        await here.phone.ask("0003", "06 02 00 01")
        await here.phone.write("1531", "05")
        assert await here.phone.hear("1531") == b"\x10\x05\x01"
        await here.band.wait_for(lambda: not here.band.powered)
        assert here.shows() is Kind.OFF
        assert here.band.screen.text == ""
        await here.band.wait_for(lambda: here.band.powered)
        assert here.band.address == ADDRESS
        assert here.band.snapshot()["settings"] == {"time_format_24h": True}
        again = Phone(radio, here.band)
        await again.connect()
        assert await again.authenticate() == b"\x10\x83\x01"


async def test_a_band_without_battery_is_gone_and_comes_back(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.band.power_off()
        assert not here.band.connected
        assert here.shows() is Kind.OFF
        await here.band.power_off()
        await here.band.power_on()
        await here.band.power_on()
        again = Phone(radio, here.band)
        await again.connect()
        assert await again.authenticate() == b"\x10\x83\x01"


async def test_nothing_is_left_running(radio: Radio) -> None:
    async with lab(radio, profile="v1_new", key=None, tick_s=5) as here:
        await here.phone.subscribe("0009", "2A37")
        await here.phone.command("0009", b"\x01\x00" + KEY)
        here.band.wearer.tap()
        await here.phone.authenticate()
        await here.phone.write("2A39", "150101")
        await here.phone.write("2A39", "150201")
        await here.phone.command("2A06", "03")
        here.band.wearer.walk(1000)
        here.band.wearer.reset()
        await here.band.power_off()
        await radio.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        loop = asyncio.get_running_loop()
        timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        assert timers == []


# Faults


async def test_notifications_are_lost_doubled_and_garbled(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0006")
        here.band.faults.lose("0006")
        here.band.wearer.set_battery(50)
        here.band.faults.double("0006")
        here.band.wearer.set_battery(51)
        here.band.faults.garble("0006")
        here.band.wearer.set_battery(52)
        here.band.wearer.set_battery(53)
        await here.phone.hear("0006", 4)
        assert [value[:2].hex() for value in here.phone.heard["0006"]] == [
            "0f33",
            "0f33",
            "f0cb",
            "0f35",
        ]
        with pytest.raises(ValueError, match="no characteristic"):
            here.band.faults.lose("abcd")


async def test_the_link_is_cut_after_a_number_of_operations(radio: Radio) -> None:
    async with authenticated(radio) as here:
        here.band.faults.cut_after(2)
        await here.phone.write("0008", "100000401f0000")
        # The band still gets the second one; its answer does not come back.
        read = asyncio.create_task(here.phone.read("0006"))
        await here.band.wait_for(lambda: not here.band.connected)
        await asyncio.wait({read})
        assert read.cancelled()
        assert not here.knows_us()


async def test_out_of_range_and_back(radio: Radio) -> None:
    async with authenticated(radio) as here:
        here.band.faults.out_of_range(value=True)
        await here.band.wait_for(lambda: not here.band.connected)
        here.band.faults.out_of_range(value=False)
        again = Phone(radio, here.band)
        await again.connect()
        assert await again.authenticate() == b"\x10\x83\x01"


async def test_delay_delays(radio: Radio) -> None:
    async with authenticated(radio) as here:
        here.band.faults.delay(0.05)
        before = asyncio.get_running_loop().time()
        await here.phone.read("0006")
        assert asyncio.get_running_loop().time() - before >= 0.1


# The wearer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fell_asleep", "01"),
        ("woke_up", "02"),
        ("button", "04"),
        ("button_long", "0b"),
        ("not_worn", "06"),
        ("tick", "0e"),
        ("mute_phone", "1001"),
        ("unmute_phone", "1000"),
        ("alarm_edited", "1a"),
    ],
)
async def test_events_have_documented_bytes(radio: Radio, name: str, value: str) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0010")
        here.band.wearer.event(name)
        assert (await here.phone.hear("0010")).hex() == value


async def test_only_music_is_told_without_a_key(radio: Radio) -> None:
    async with lab(radio) as here:
        await here.phone.subscribe("0010")
        here.band.wearer.event("button")
        here.band.wearer.press_music("next")
        assert await here.phone.hear("0010") == b"\xfe\x03"
        with pytest.raises(ValueError, match="no event"):
            here.band.wearer.event("sneezed")


async def test_sleep_and_wear_are_seen_in_the_state(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0010")
        here.band.wearer.fall_asleep()
        assert here.band.snapshot()["asleep"] is True
        here.band.wearer.take_off()
        state = here.band.snapshot()
        assert (state["asleep"], state["worn"]) == (False, False)
        with pytest.raises(ValueError, match="not worn"):
            here.band.wearer.walk(3)
        here.band.wearer.put_on()
        here.band.wearer.wake_up()
        assert await here.phone.hear("0010", 3) == b"\x02"
        assert here.phone.heard["0010"] == [b"\x01", b"\x06", b"\x02"]


async def test_a_workout_is_told(radio: Radio) -> None:
    async with authenticated(radio, mtu=23) as here:
        await here.phone.subscribe("0010", "000f")
        here.band.wearer.workout("open", 0x03)
        assert await here.phone.hear("0010") == b"\x14\x00\x01\x03"
        for number, step in enumerate(("start", "pause", "resume", "end")):
            here.band.wearer.workout(step)
            assert await here.phone.hear("000f", number + 1) == bytes((0x11, number + 2))
        with pytest.raises(ValueError, match="workout"):
            here.band.wearer.workout("swim")


async def test_the_state_is_json(radio: Radio) -> None:
    async with authenticated(radio) as here:
        await here.phone.subscribe("0003", "2A37")
        await here.phone.send(0, b"\x05\x00\x00\x00\x00\x01A\x00B\x00 \x00")
        assert json.loads(json.dumps(here.band.snapshot()))["alerts"][0]["title"] == "A"


async def test_waiting_for_nothing_ends(radio: Radio) -> None:
    band = EmulatedBand(radio, days=0)
    with pytest.raises(TimeoutError):
        await band.wait_for(lambda: False, timeout=0.05)


# What others are used to


async def test_the_initialisation_of_gadgetbridge_is_no_violation(radio: Radio) -> None:
    async with lab(radio) as here:
        phone = here.phone
        await phone.subscribe("0009")
        challenge = (await phone.ask("0009", "82 00 02 01 00"))[3:]
        await phone.write("0009", b"\x83\x00" + aes(KEY, challenge), response=False)
        await phone.write("2A2B", "e6 07 0c 0f 14 26 35 04 00 00 04")
        await phone.subscribe("0003", "0006", "0012", "0013", "0010", "000f")
        for name in ("2A25", "2A27", "2A28", "2A23", "2A50", "0006"):
            await phone.read(name)
        for command in (
            "06 17 00 65 6e 5f 55 53",
            "0e",
            "06 17 00 65 6e 5f 55 53",
            "06 16 00 00",
            "1a 00",
            "06 1e 00 4d 4d 2f 64 64 2f 79 79 79 79",
            "06 0a 00 03",
            "06 02 00 01",
            "06 03 00 00",
            "0a 7f 00 00 01 02 03 04 05 06 07 08",
            "09 82",
            "06 0d 00 00",
            "06 05 00 00",
            "06 10 00 00 01",
            "06 06 00 01",
            "08 00 3c 00 04 00 15 00 00 00 00 00",
            "06 22 00 00",
            "06 1a 00 00 96",
            "fe 06 00 00",
            "06 0c 00 00 00 00 00 00",
            "06 1f 00 00",
            "0d",
            "ff 01 00 00 00",
            "06 19 00 00",
            "06 23 00 00",
        ):
            await phone.command("0003", command)
        await phone.write("0008", "4f 00 00 c6 07 06 0f 00 b4 00 98 3a 80 96 89 05")
        await phone.write("0008", "20 00 00 02")
        await phone.write("0008", "10 00 00 40 1f 00 00")
        await phone.write("2A39", "15 00 01")
        await phone.write("2A39", "14 00")
        for slot in range(22):
            await phone.send(2, bytes((0x0B, slot, 0x08, 0, 0, 0, 0)))
        assert here.band.authenticated
        assert not here.band.violations


async def test_the_order_of_the_python_client_is_no_violation(radio: Radio) -> None:
    async with lab(radio) as here:
        phone = here.phone
        await phone.subscribe("0009", "0010")
        await phone.write("2A46", "05 01 48 69 0a 0a 0a 79 6f 75")
        await phone.send(3, bytes.fromhex("40 32 00"))
        assert await phone.authenticate(family=0) == b"\x10\x03\x01"
        for name in ("2A28", "2A27", "2A25", "0006", "2A2B", "0007"):
            await phone.read(name)
        for command in ("15 01 00", "15 02 00", "15 02 01"):
            await phone.write("2A39", command)
        await here.band.wait_for(lambda: bool(phone.heard["2A37"]) or _measured(here.band))
        await phone.write("2A2B", "e9 07 0c 07 0c 00 00 07 00 00 00")
        await phone.write("1531", "05")
        assert not here.band.violations


def _measured(band: EmulatedBand) -> bool:
    heart_rate = band.snapshot()["heart_rate"]
    return isinstance(heart_rate, dict) and heart_rate["measurements"] == 1
