"""A link through Linux: what its Bluetooth service says, and what bleak makes of that.

The words are those of BlueZ (src/gatt-client.c, src/error.c) and of the bus; the errors are made by
bleak's own code.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
import socket

from bleak.backends.bluezdbus.utils import assert_gatt_reply, assert_reply
from bleak.backends.device import BLEDevice
from bleak_retry_connector import BleakClientWithServiceCache
from dbus_fast.constants import MessageType
from dbus_fast.message import Message
import pytest

from custom_components.mi_band.band.battery import read_battery
from custom_components.mi_band.band.errors import CommandRefused, LinkLost
from custom_components.mi_band.band.link import Packet
from custom_components.mi_band.band.session import BandSession, open_session
from custom_components.mi_band.band.uuids import Characteristic
from tests.lab import loopback
from tests.patience import PatientLoop

from .lab import Lab, traffic

__all__ = ["loopback"]

_FAILED = "org.bluez.Error.Failed"
_BATTERY = Characteristic.BATTERY
_EVENT = Characteristic.DEVICE_EVENT


def _error(name: str, words: str) -> Message:
    return Message(
        message_type=MessageType.ERROR,
        error_name=name,
        reply_serial=1,
        signature="s",
        body=[words],
    )


def _replying(name: str, words: str) -> Callable[..., object]:
    async def request(*_: object, **__: object) -> None:
        assert_gatt_reply(_error(name, words))

    return request


@pytest.mark.parametrize(
    ("name", "words"),
    [
        # The link broke, and bleak is told so only after the request has failed.
        (_FAILED, "Not connected"),
        (_FAILED, "Operation failed"),
        (_FAILED, "Failed to send read request"),
        ("org.bluez.Error.NotConnected", "Not Connected"),
        # The service crashed or its adapter was pulled out, of which bleak is never told.
        ("org.freedesktop.DBus.Error.UnknownObject", "Method does not exist"),
        ("org.freedesktop.DBus.Error.UnknownMethod", "Method does not exist"),
        ("org.freedesktop.DBus.Error.ServiceUnknown", "The name was not provided"),
        ("org.freedesktop.DBus.Error.NoReply", "Did not receive a reply"),
    ],
)
async def test_a_link_that_only_the_system_knows_to_be_gone_is_lost(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    band = await lab.band()

    async def listen(link: BandSession) -> Packet:
        async with link.notifications(_EVENT) as packets:
            return await anext(packets)

    async with lab.open(band, None) as link:
        listening = asyncio.create_task(listen(link))
        await band.wait_for(lambda: traffic(band, "0010").cccd == 1)
        with monkeypatch.context() as service:
            service.setattr(lab.client_class, "read_gatt_char", _replying(name, words))
            with pytest.raises(LinkLost):
                await link.read(_BATTERY)
        # Who only listens would wait for ever, and no new link would be made.
        with pytest.raises(LinkLost):
            async with asyncio.timeout(5):
                await listening


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (("org.bluez.Error.NotPermitted", "Not paired"), 0xFF),
        (("org.bluez.Error.NotPermitted", "Read not permitted"), 0x02),
        (("org.bluez.Error.NotSupported", "Operation is not supported"), 0x06),
        ((_FAILED, "Operation failed with ATT error: 0x80"), 0x80),
    ],
)
async def test_a_refusal_that_the_system_tells_leaves_the_link(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, said: tuple[str, str], status: int
) -> None:
    band = await lab.band()
    async with lab.open(band, None) as link:
        with monkeypatch.context() as service:
            service.setattr(lab.client_class, "read_gatt_char", _replying(*said))
            with pytest.raises(CommandRefused) as caught:
                await link.read(_BATTERY)
        assert caught.value.status == status
        assert (await read_battery(link)).level_percent == 77


async def test_a_subscription_that_was_never_begun_need_not_end(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = await lab.band()

    async def stop(*_: object) -> None:
        assert_reply(_error(_FAILED, "No notify session started"))

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async with lab.open(band) as link:
        with monkeypatch.context() as service, suppress(TimeoutError):
            service.setattr(lab.client_class, "start_notify", never)
            async with asyncio.timeout(0), link.notifications(_EVENT):
                pytest.fail("nobody has subscribed")
        monkeypatch.setattr(lab.client_class, "stop_notify", stop)
        async with link.notifications(_EVENT):
            assert traffic(band, "0010").cccd == 1


@asynccontextmanager
async def _nothing(_: Path) -> AsyncGenerator[None]:
    yield


@asynccontextmanager
async def _nobody(path: Path) -> AsyncGenerator[None]:
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(path))
    yield


@asynccontextmanager
async def _hanging_up(path: Path) -> AsyncGenerator[None]:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_unix_server(serve, path):
        yield


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("bus", [_nothing, _nobody, _hanging_up])
async def test_a_bus_that_restarts_meanwhile_is_a_link_that_could_not_be_made(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    bus: Callable[[Path], AbstractAsyncContextManager[None]],
) -> None:
    path = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={path}")
    adapter = "/org/bluez/hci0"
    device = BLEDevice(
        "F3:4E:C4:00:00:01",
        None,
        {"path": f"{adapter}/dev_F3_4E_C4_00_00_01", "props": {"Adapter": adapter}},
    )
    async with bus(path):
        with pytest.raises(LinkLost):
            async with open_session(
                lambda: device,
                name="band",
                attempts=1,
                client_class=BleakClientWithServiceCache,
            ):
                pytest.fail("there is no bus")


async def test_a_link_is_given_the_time_to_close_that_bleak_gives_linux(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PatientLoop)
    band = await lab.band()
    disconnect = lab.client_class.disconnect
    closed = asyncio.Event()

    async def close_late(client: BleakClientWithServiceCache) -> None:
        # A band that went out of reach: the radio waits for its last word. Whoever is interrupted
        # now leaves a connection to the bus behind.
        loop._patient.skip(9.9)
        await asyncio.sleep(0.01)
        await disconnect(client)
        closed.set()

    async with lab.open(band):
        monkeypatch.setattr(lab.client_class, "disconnect", close_late)
    assert closed.is_set()
