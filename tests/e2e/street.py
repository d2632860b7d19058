"""One Home Assistant and one maker's service for several walks, each with a band of its own.

A walk switches its band on, and leaves nothing: neither the band on the air, nor its entry, nor a
card. So no walk sees another, and a server starts once for all of them.
"""

from collections.abc import AsyncIterator, Iterator
import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, BrowserContext

from tests.demo.home import Home, home
from tests.demo.lab import BandOptions
from tests.demo.pairing import pair
from tests.demo.process import free_port
from tests.demo.server import DOMAIN
from tests.emulator.vendor import EmulatedVendor, Scenario
from tests.leaks import Secret, find, texts_of_file

from .pages import Visit, new_context, revisit

KEY = "8fa9b42078627a654d22beff985655db"
# What an operation takes on a real link; without it the pages of a progress are over unseen.
LINK_PACE_S = 0.02
_PROFILES = (*["bound"] * 24, "v2_new", "bound_07")
# What a person makes loud who looks for a fault, and what carries packets and requests.
_LOUD = (
    *("aioesphomeapi", "aiohttp", "bleak", "bleak_esphome", "bleak_retry_connector", "habluetooth"),
    *("homeassistant.config_entries", "homeassistant.data_entry_flow"),
)
_ENTRY = "/api/config/config_entries/entry/{}"
_FLOW = "/api/config/config_entries/flow/{}"


@dataclass(slots=True, kw_only=True)
class Street:
    """What the walks share."""

    home: Home
    vendor: EmulatedVendor
    context: BrowserContext
    """A browser in which the owner of the Home Assistant is signed in."""
    _free: list[tuple[int, str]] = field(default_factory=lambda: list(enumerate(_PROFILES)))

    @contextlib.asynccontextmanager
    async def walk(self, profile: str, folder: Path) -> AsyncIterator[Visit]:
        """Walk with a band of this profile that nobody had before; the account has it, too.

        What the band, the server, the browser or the maker's service complains of is an error.
        """
        band = next(band for band in self._free if band[1] == profile)
        self._free.remove(band)
        here = replace(self.home, lab=self.home.lab.of_band(band[0]))
        errors_before = here.server.log_errors()
        self.vendor.scenario = Scenario.OK_EMAIL
        self.vendor.delay_s = 0.0
        self.vendor.address = (await here.lab.state())["address"]
        self.vendor.key = bytes.fromhex(KEY)
        self.vendor.requests.clear()
        await here.lab.control("delay", seconds=LINK_PACE_S)
        await here.lab.control("power", on=True)
        try:
            async with revisit(self.context, here, folder) as wearer:
                yield wearer
        finally:
            await self._leave(here)
        assert await here.lab.violations() == []
        assert here.server.log_errors() == errors_before
        assert wearer.faults == []
        assert self.vendor.violations == []
        assert self.vendor.open_logins == 0

    async def _leave(self, here: Home) -> None:
        await here.lab.control("power", on=False)
        for entry in await here.server.entries(DOMAIN):
            await here.server.delete(_ENTRY.format(entry["entry_id"]))
        for flow in await here.server.discovered(DOMAIN):
            await here.server.delete(_FLOW.format(flow["flow_id"]))


@contextlib.asynccontextmanager
async def open_street(browser: Browser, folder: Path) -> AsyncIterator[Street]:
    """Start everything, with the bands switched off, and sign in."""
    async with EmulatedVendor() as vendor:
        pem = folder / "vendor.pem"
        pem.write_bytes(
            vendor.verify_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        bands = BandOptions(
            profile=_PROFILES[0], others=_PROFILES[1:], key=KEY, verify_key=pem, off=True
        )
        context = await new_context(browser)
        async with home(
            folder / "home",
            bands,
            port=free_port(),
            page_port=free_port(),
            vendor=vendor.base,
            loud=_LOUD,
        ) as here:
            signing_in = folder / "signing-in"
            signing_in.mkdir()
            async with revisit(context, here, signing_in) as wearer:
                await wearer.sign_in()
            yield Street(home=here, vendor=vendor, context=context)
        await context.close()


def secrets_on_disk(street: Street) -> list[str]:
    """Tell which file of the server's, its log and its database among them, holds which secret."""
    secrets: dict[str, Secret] = {
        text: _plain(text)
        for text in (*street.vendor.secrets, KEY)
        # The libraries log every packet, and in one of them the band gets its signature.
        if text not in street.vendor.signatures
    }
    return find(_texts(street.home.server.config_dir), secrets)


def _plain(text: str) -> Secret:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        # What is in Home Assistant's own log is in that of its process, too.
        if not path.is_file() or path.name == "home-assistant.log":
            continue
        yield from ((path.name, text) for text in texts_of_file(path.read_bytes()))


async def add_with_key(wearer: Visit) -> None:
    """Add the band over the API, for a walk that begins later in its life."""
    lab = wearer.home.lab
    await lab.control("delay", seconds=0)
    flow = await wearer.home.discovered_band()
    await pair(wearer.home.server, flow["flow_id"], KEY)
    await lab.control("delay", seconds=LINK_PACE_S)


async def entities(here: Home) -> dict[str, str]:
    """Give the unique id of each entity of the band, by entity id."""
    registry = await here.server.command("config/entity_registry/list")
    return {one["entity_id"]: one["unique_id"] for one in registry if one["platform"] == DOMAIN}


async def until_connected(wearer: Visit) -> None:
    """Wait until Home Assistant has the band, and shows it."""
    here = wearer.home
    (connected,) = (
        entity_id
        for entity_id, unique_id in (await entities(here)).items()
        if unique_id.partition("_")[2] == "connected"
    )

    async def shown() -> bool:
        return (await here.server.states())[connected].state == "on"

    await here.server.until(shown, what="the band is connected")
