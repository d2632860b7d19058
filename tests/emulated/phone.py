"""A phone without opinions: it writes the bytes it is given and keeps what it hears."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, Unpack

from bumble import att, core
from bumble.device import Connection, Peer
from bumble.gatt_client import CharacteristicProxy, DescriptorProxy
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.emulator.band import EmulatedBand, Options
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind

KEY = bytes.fromhex("c33d3ef72cd974853857f9201a65f252")
_PATTERNS = ("0000{}-0000-3512-2118-0009af100700", "0000{}-0000-1000-8000-00805f9b34fb")


def aes(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block) + encryptor.finalize()


def pieces(kind: int, payload: bytes, room: int = 17) -> list[bytes]:
    """Cut a message for 0020, written down here a second time."""
    cuts = [payload[start : start + room] for start in range(0, len(payload), room)]
    cut_pieces = []
    for number, cut in enumerate(cuts):
        first, last = number == 0, number == len(cuts) - 1
        flags = 0xC0 if first and last else 0x00 if first else 0x80 if last else 0x40
        cut_pieces.append(bytes((0, flags | kind, number & 0xFF)) + cut)
    return cut_pieces


class Phone:
    """A raw central, with characteristics by their short names."""

    def __init__(self, radio: Radio, band: EmulatedBand) -> None:
        self.radio = radio
        self.band = band
        self.device = radio.central("phone")
        self.connection: Connection | None = None
        self.peer: Peer | None = None
        self.heard: defaultdict[str, list[bytes]] = defaultdict(list)
        self._news = asyncio.Event()

    async def connect(self) -> None:
        if not self.device.powered_on:
            await self.device.power_on()
        self.connection = await self.radio.connect(self.device, self.band.address, timeout_s=5)
        self.peer = Peer(self.connection)
        await self.peer.discover_services()
        await self.peer.discover_characteristics()
        await self.band.wait_for(lambda: self.band.connected)

    async def disconnect(self) -> None:
        assert self.connection is not None
        await self.radio.disconnect(self.connection)
        await self.band.wait_for(lambda: not self.band.connected)

    def characteristic(self, name: str) -> CharacteristicProxy[bytes]:
        """Find a characteristic by its short name; `1800/2A04` names the service, too."""
        assert self.peer is not None
        service, _, short = name.rpartition("/")
        wanted = {core.UUID(pattern.format(short.lower())) for pattern in _PATTERNS}
        within = core.UUID(_PATTERNS[1].format(service or "fee0"))
        found = [
            (characteristic, candidate.uuid == within)
            for candidate in self.peer.services
            for characteristic in candidate.characteristics
            if characteristic.uuid in wanted
        ]
        # Only 2A04 occurs twice; FEE0's is meant unless another service is named.
        return max(found, key=lambda one: one[1])[0]

    async def descriptors(self, name: str) -> dict[str, DescriptorProxy]:
        """Find the descriptors of a characteristic by the last digits of their UUIDs."""
        assert self.peer is not None
        found = await self.peer.discover_descriptors(self.characteristic(name))
        return {descriptor.type.to_hex_str(): descriptor for descriptor in found}

    async def read(self, name: str) -> bytes:
        assert self.peer is not None
        return await self.peer.read_value(self.characteristic(name))

    async def write(self, name: str, value: str | bytes, *, response: bool = True) -> None:
        data = bytes.fromhex(value) if isinstance(value, str) else value
        await self.characteristic(name).write_value(data, with_response=response)

    async def command(self, name: str, value: str | bytes) -> None:
        """Write a command and wait until the band must have it."""
        await self.write(name, value, response=False)
        await self.read("2A28")

    async def subscribe(self, *names: str) -> None:
        assert self.peer is not None
        for name in names:
            await self.peer.subscribe(self.characteristic(name), self._listener(name))

    def listen(self, name: str) -> None:
        """Keep what a characteristic notifies without asking it to, as some stacks do."""
        assert self.peer is not None
        handle = self.characteristic(name).handle
        self.peer.gatt_client.notification_subscribers[handle] = {self._listener(name)}

    def _listener(self, name: str) -> Callable[[bytes], None]:
        def listen(value: bytes) -> None:
            self.heard[name].append(value)
            self._news.set()

        return listen

    async def hear(self, name: str, count: int = 1, timeout_s: float = 60.0) -> bytes:
        """Return the last of so many notifications."""
        async with asyncio.timeout(timeout_s):
            while len(self.heard[name]) < count:
                self._news.clear()
                await self._news.wait()
        return self.heard[name][count - 1]

    async def refused(self, name: str, value: str | bytes | None = None) -> int:
        """Read or write what the band refuses; return the ATT error."""
        try:
            if value is None:
                await self.read(name)
            else:
                await self.write(name, value)
        except att.ATT_Error as error:
            return error.error_code
        raise AssertionError(f"{name} was not refused")

    async def ask(self, name: str, value: str | bytes) -> bytes:
        """Write a command and return the notification that follows."""
        count = len(self.heard[name]) + 1
        await self.write(name, value, response=False)
        return await self.hear(name, count)

    async def authenticate(self, key: bytes = KEY, *, family: int = 0x80) -> bytes:
        """Answer the band's challenge with a key; return its verdict."""
        if "0009" not in self.heard:
            await self.subscribe("0009")
        request = "8200020100" if family else "0200"
        challenge = (await self.ask("0009", request))[3:]
        return await self.ask("0009", bytes((0x03 | family, 0x00)) + aes(key, challenge))

    async def send(self, kind: int, payload: bytes, *, room: int = 17) -> bytes | None:
        """Send a chunked message; return the acknowledgement, None when the band gives none."""
        if "0020" not in self.heard:
            await self.subscribe("0020")
        count = len(self.heard["0020"])
        for piece in pieces(kind, payload, room):
            await self.command("0020", piece)
        heard = self.heard["0020"][count:]
        return heard[0] if heard else None


class Lab(NamedTuple):
    """A band and a phone that is connected to it."""

    band: EmulatedBand
    phone: Phone

    @property
    def wrongs(self) -> list[str]:
        """What the phone did wrong, shortly."""
        return [f"{one['characteristic']}: {one['what']}" for one in self.band.violations]

    def shows(self) -> Kind:
        """What is on the screen at this moment."""
        return self.band.screen.kind

    def knows_us(self) -> bool:
        """Whether the link is authenticated at this moment."""
        return self.band.authenticated


@asynccontextmanager
async def lab(radio: Radio, **options: Unpack[Options]) -> AsyncGenerator[Lab]:
    """Switch a quick band without a past on, and connect a phone to it."""
    # The plugin's debug mode keeps a stack for every packet, which is most of the time it takes.
    asyncio.get_running_loop().set_debug(False)
    defaults: Options = {
        "key": KEY,
        "tick_s": 0.01,
        "days": 0,
        "goes_on": "now" in options,
    }
    band = EmulatedBand(radio, **(defaults | options))
    await band.power_on()
    phone = Phone(radio, band)
    try:
        await phone.connect()
        yield Lab(band, phone)
    finally:
        await band.power_off()


@asynccontextmanager
async def authenticated(radio: Radio, **options: Unpack[Options]) -> AsyncGenerator[Lab]:
    """The same, with the key shown."""
    async with lab(radio, **options) as here:
        assert await here.phone.authenticate() == b"\x10\x83\x01"
        yield here
