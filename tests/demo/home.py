"""Band, proxy and Home Assistant, joined as their owner would join them."""

from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass
import json
from pathlib import Path

from .lab import BandOptions, Lab
from .process import free_port, until
from .server import DOMAIN, HOST, HomeAssistantError, HomeServer, JsonObject

_DISCOVERY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What runs while the demonstration does."""

    server: HomeServer
    lab: Lab

    async def discovered_band(self) -> JsonObject:
        """Wait for the card of a band that nobody has added, and give its flow."""

        async def card() -> JsonObject | None:
            flows = await self.server.discovered(DOMAIN)
            return flows[0] if flows else None

        return await until(
            card,
            what="Home Assistant discovers the band",
            timeout_s=_DISCOVERY_TIMEOUT_S,
            child=self.server.child,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What an earlier run left in its folder."""

    proxy_port: int | None
    """Where Home Assistant will look for the proxy."""
    key: str | None
    """The key of the band that was added."""


def remember(config_dir: Path) -> Memory:
    """Read what an earlier run left; nothing in a new folder."""
    try:
        stored = json.loads((config_dir / ".storage" / "core.config_entries").read_text())
    except FileNotFoundError:
        return Memory(proxy_port=None, key=None)
    data = {entry["domain"]: entry["data"] for entry in stored["data"]["entries"]}
    return Memory(
        proxy_port=data.get("esphome", {}).get("port"), key=data.get(DOMAIN, {}).get("key")
    )


@contextlib.asynccontextmanager
async def home(
    config_dir: Path, band: BandOptions, *, port: int, page_port: int
) -> AsyncIterator[Home]:
    """Run band, proxy and Home Assistant; at the end neither is left.

    Args:
        config_dir: Home Assistant's folder, new or from an earlier run.
        band: The band on the air.
        port: Where Home Assistant is served.
        page_port: Where the band's page is served.
    """
    proxy_port = remember(config_dir).proxy_port or free_port()
    log = config_dir / "emulator.log"
    async with (
        Lab(band, log=log, proxy_port=proxy_port, control_port=page_port) as lab,
        HomeServer(config_dir, port) as server,
    ):
        await lab.ready()
        await add_proxy(server, lab.proxy_port)
        await remove_map(server)
        yield Home(server=server, lab=lab)


async def add_proxy(server: HomeServer, port: int) -> None:
    """Add the Bluetooth proxy as a person does who knows its address.

    By itself Home Assistant lets a proxy listen without asking for scan responses, but for a short
    while every few minutes, and a band says its name in nothing else: it would be discovered late.
    So the proxy is set to scan actively, which is on the page of its options.
    """
    if await server.entries("esphome"):
        return
    step = await server.start_flow("esphome")
    step = await server.submit(step["flow_id"], {"host": HOST, "port": port})
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"The proxy was not added: {step}")

    async def scanner() -> JsonObject | None:
        entries = await server.entries("bluetooth")
        return next((entry for entry in entries if entry["state"] == "loaded"), None)

    entry = await until(
        scanner,
        what="the proxy's own Bluetooth entry",
        timeout_s=_DISCOVERY_TIMEOUT_S,
        child=server.child,
    )
    await server.set_options(entry["entry_id"], {"mode": "active"})


async def remove_map(server: HomeServer) -> None:
    """Remove the map, whose tiles the browser would fetch from the internet."""
    for dashboard in await server.command("lovelace/dashboards/list"):
        if dashboard["url_path"] == "map":
            await server.command("lovelace/dashboards/delete", dashboard_id=dashboard["id"])
