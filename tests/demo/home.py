"""Band, proxy and Home Assistant, joined as their owner would join them."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Unpack

from .lab import BandOptions, Lab
from .process import free_port, until
from .server import DOMAIN, HOST, HomeAssistantError, HomeServer, JsonObject, ServerOptions

_DISCOVERY_TIMEOUT_S = 120.0


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
    config_dir: Path,
    band: BandOptions,
    *,
    port: int,
    page_port: int,
    scanning_mode: str = "active",
    **server_options: Unpack[ServerOptions],
) -> AsyncIterator[Home]:
    """Run band, proxy and Home Assistant; at the end neither is left.

    Args:
        config_dir: Home Assistant's folder, new or from an earlier run.
        band: The band on the air.
        port: Where Home Assistant is served.
        page_port: Where the band's page is served.
        scanning_mode: Of the proxy. `auto` is what Home Assistant gives to a new one: it listens,
            and asks for scan responses when somebody wants that, and a band says its name in
            nothing else. With `active` the band is discovered five seconds sooner.
        server_options: What else Home Assistant is told.
    """
    await asyncio.to_thread(config_dir.mkdir, parents=True, exist_ok=True)
    proxy_port = remember(config_dir).proxy_port or free_port()
    log = config_dir / "emulator.log"
    async with (
        Lab(band, log=log, proxy_port=proxy_port, control_port=page_port) as lab,
        HomeServer(config_dir, port, **server_options) as server,
    ):
        await lab.ready()
        await add_proxy(server, lab.proxy_port, scanning_mode)
        await remove_map(server)
        yield Home(server=server, lab=lab)


async def add_proxy(server: HomeServer, port: int, scanning_mode: str) -> None:
    """Add the Bluetooth proxy as a person does who knows its address."""
    if await server.entries("esphome"):
        return
    step = await server.start_flow("esphome")
    step = await server.submit(step["flow_id"], {"host": HOST, "port": port})
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"The proxy was not added: {step}")

    async def scans() -> bool:
        return bool(await server.entries("bluetooth"))

    # Only a proxy that has said what it can do has the option.
    await until(
        scans,
        what="the proxy begins to listen",
        timeout_s=_DISCOVERY_TIMEOUT_S,
        child=server.child,
    )
    entry_id = step["result"]["entry_id"]
    await server.set_options(entry_id, {"bluetooth_scanning_mode": scanning_mode})


async def remove_map(server: HomeServer) -> None:
    """Remove the map, whose tiles the browser would fetch from the internet."""
    for dashboard in await server.command("lovelace/dashboards/list"):
        if dashboard["url_path"] == "map":
            await server.command("lovelace/dashboards/delete", dashboard_id=dashboard["id"])
