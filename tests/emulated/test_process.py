"""The emulator as the process that the demonstration starts."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
import socket
from typing import Any
from zoneinfo import ZoneInfo

from aioesphomeapi.client import APIClient
from aioesphomeapi.core import BluetoothGATTAPIError
import pytest

from tests.demo.lab import TIME_ZONE, BandOptions, Lab
from tests.demo.process import free_port
from tests.emulated.phone import KEY, aes, authenticated
from tests.emulator.__main__ import main
from tests.emulator.band import ADDRESS, PROFILES
from tests.emulator.radio import Radio

HOME = ZoneInfo(TIME_ZONE)
AFTER_MIDNIGHT = datetime(2026, 11, 22, 23, 47, 5, tzinfo=UTC)
"""A Monday at 00:47 at home."""


@pytest.mark.usefixtures("loopback")
async def test_the_wearer_lives_where_home_assistant_is_and_not_where_the_machine_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """14 hours from UTC, so that it is another time there, and mostly another day."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    band = BandOptions(profile="bound", key=KEY.hex(), days=2)
    log = tmp_path / "emulator.log"
    async with Lab(band, log=log, proxy_port=free_port(), control_port=free_port()) as lab:
        await lab.ready()
        before = datetime.now(HOME).replace(tzinfo=None, microsecond=0)
        shown = datetime.fromisoformat((await lab.state())["time"]["wall"])
        assert before <= shown <= before + timedelta(minutes=1)


async def test_just_after_midnight_the_steps_are_those_of_the_new_day(radio: Radio) -> None:
    """Setting the clock of the day before would have kept the steps of that."""
    async with authenticated(radio, now=lambda: AFTER_MIDNIGHT, zone=HOME, days=3) as here:
        midnight = int(datetime(2026, 11, 23, tzinfo=HOME).timestamp()) // 60
        new_day = sum(one.steps for one in here.band.truth.minutes() if one.minute >= midnight)
        day_before = sum(
            one.steps for one in here.band.truth.minutes() if 0 < midnight - one.minute <= 1440
        )
        assert here.band.steps == new_day < 100
        assert day_before > 3000
        await here.phone.write("2A2B", "ea 07 0b 17 00 2f 05 01 00 00 04")
        assert here.band.steps == new_day
        assert f"{new_day} steps" in here.band.screen.text


HUAMI = "0000{}-0000-3512-2118-0009af100700"
# What Home Assistant's own client passes; without its cache flag, which is another's matter.
FEATURES, CONNECT_S = 127, 10.0


@pytest.mark.usefixtures("loopback")
async def test_a_stranger_finds_the_band_behind_its_proxy_and_shows_the_key(tmp_path: Path) -> None:
    """Nothing of Home Assistant's Bluetooth is in between: ESPHome's own client does it all."""
    band = BandOptions(profile="bound", key=KEY.hex(), days=1)
    log = tmp_path / "emulator.log"
    async with Lab(band, log=log, proxy_port=free_port(), control_port=free_port()) as lab:
        await lab.ready()
        client = APIClient("127.0.0.1", lab.proxy_port, None)
        await client.connect(login=True)
        try:
            await _show_the_key(client, await _heard(client))
        finally:
            await client.disconnect()
        (violation,) = await lab.violations()
        assert violation["what"] == "read without authentication"


async def _heard(client: APIClient) -> int:
    """Return the address of whom the proxy hears."""
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def hear(message: Any) -> None:
        for advertisement in message.advertisements:
            if not heard.done():
                heard.set_result(advertisement.address)

    stop = client.subscribe_bluetooth_le_raw_advertisements(hear)
    async with asyncio.timeout(CONNECT_S):
        address = await heard
    stop()
    return address


async def _show_the_key(client: APIClient, address: int) -> None:
    assert f"{address:012X}" == ADDRESS.replace(":", "")
    linked: asyncio.Queue[bool] = asyncio.Queue()
    await client.bluetooth_device_connect(
        address,
        lambda connected, _mtu, _error: linked.put_nowait(connected),
        timeout=CONNECT_S,
        feature_flags=FEATURES,
        has_cache=False,
        address_type=0,
    )
    assert await linked.get()
    table = await client.bluetooth_gatt_get_services(address)
    found = {one.uuid: one for service in table.services for one in service.characteristics}
    steps, auth = found[HUAMI.format("0007")], found[HUAMI.format("0009")]
    with pytest.raises(BluetoothGATTAPIError, match="error=5"):
        await client.bluetooth_gatt_read(address, steps.handle)
    replies: asyncio.Queue[bytes] = asyncio.Queue()
    await client.bluetooth_gatt_start_notify(
        address, auth.handle, lambda _handle, value: replies.put_nowait(bytes(value))
    )
    (cccd,) = (one.handle for one in auth.descriptors if one.uuid.startswith("00002902"))
    await client.bluetooth_gatt_write_descriptor(address, cccd, b"\x01\x00")
    await client.bluetooth_gatt_write(address, auth.handle, b"\x02\x00", response=False)
    challenge = (await replies.get())[3:]
    answer = b"\x03\x00" + aes(KEY, challenge)
    await client.bluetooth_gatt_write(address, auth.handle, answer, response=False)
    assert await replies.get() == b"\x10\x03\x01"
    assert (await client.bluetooth_gatt_read(address, steps.handle))[0] == 0x0C


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (["--address", "F3:4E"], "'F3:4E' is no address like F3:4E:C4:1E:46:0F"),
        (["--days", "-3"], "'-3' is no whole number from 0 to 3650"),
        (["--days", "two"], "'two' is no whole number"),
        (["--bands", "257"], "from 1 to 256"),
        (["--proxy-port", "65536"], "from 0 to 65535"),
        (["--control-port", "-1"], "from 0 to 65535"),
        (["--name", ""], "a name has 1 to 16 bytes"),
        (["--name", "Mi Smart Band 4, ours"], "a name has 1 to 16 bytes"),
        (["--key", "0x12"], "a key has 32 hex digits"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    answer: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["emulator", *given])
    with pytest.raises(SystemExit):
        main()
    assert answer in capsys.readouterr().err


@pytest.mark.usefixtures("loopback")
def test_a_port_that_is_taken_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setattr("sys.argv", ["emulator", "--days", "0", "--proxy-port", port])
        with pytest.raises(SystemExit, match=f"python -m tests.emulator: .*{port}"):
            main()


def test_the_help_says_what_every_profile_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["emulator", "--help"])
    with pytest.raises(SystemExit):
        main()
    help_text = capsys.readouterr().out
    profiles = help_text.partition("profiles:")[2]
    for profile in PROFILES:
        assert re.search(rf"\b{profile}\b", profiles), profile


@pytest.mark.parametrize("name", ["Europe/Nowhere", "/etc/localtime", ""])
def test_a_zone_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr("sys.argv", ["emulator", "--zone", name])
    with pytest.raises(SystemExit):
        main()
    assert f"no time zone is called {name!r}" in capsys.readouterr().err
