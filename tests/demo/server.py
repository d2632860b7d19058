"""A real Home Assistant server in a folder of its own, and its API as a user's browser has it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
import datetime as dt
import json
from pathlib import Path
import re
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

import aiohttp
from PIL import Image, ImageDraw

from .lab import TIME_ZONE
from .loopback import VENDOR_VARIABLE
from .process import ROOT, Child, until

DOMAIN = "mi_band"
HOST = "127.0.0.1"
NAME = "Wearer"
USER = "demo"
PASSWORD = "band-4-demo"  # noqa: S105 - printed on the screen, and only loopback can use it

_START_TIMEOUT_S = 300.0
_STOP_PATIENCE_S = 45.0
# As much of default_config as shows a band; the rest looks around in the network or beyond it.
_CONFIGURATION = """\
homeassistant:
  name: Home
  latitude: 52.52
  longitude: 13.405
  elevation: 34
  unit_system: metric
  currency: EUR
  country: DE
  time_zone: {time_zone}
  internal_url: "{url}"
logger:
  default: warning
  logs:
{loud}
recorder:
  commit_interval: 1
history:
logbook:
config:
frontend:
bluetooth:
automation: !include automations.yaml
script: {{}}
"""
# Not ours, and known: the demonstration installs neither of these programs and libraries.
_ERROR_LINE = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL) ")

type JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """One entity as Home Assistant tells it."""

    entity_id: str
    state: str
    attributes: JsonObject


class ServerOptions(TypedDict, total=False):
    """What a server is told beside where it is.

    Attributes:
        vendor: Where the integration finds the maker's service, see `loopback.py`; else out of
            reach.
        loud: Loggers of which every word is kept, beside the integration's own.
    """

    vendor: str
    loud: Sequence[str]


class HomeAssistantError(Exception):
    """Home Assistant answered no; the message is its own."""


class HomeServer:
    """A server process, prepared so that only its user is missing, and a signed-in client.

    Args:
        config_dir: The folder of its configuration; what is in it from an earlier run is kept.
        port: The port of the loopback interface that it serves.
        options: What else it is told.
    """

    def __init__(
        self,
        config_dir: Path,
        port: int,
        **options: Unpack[ServerOptions],
    ) -> None:
        self.config_dir = config_dir
        vendor = options.get("vendor")
        self.url = f"http://{HOST}:{port}"
        self.child = Child(
            "Home Assistant",
            ("homeassistant", "-c", str(config_dir), "--skip-pip", "--log-no-color"),
            log=config_dir / "server.log",
            cwd=config_dir,
            # What is uploaded passes through a folder there, and the first upload of any Home
            # Assistant empties that.
            environment={"TMPDIR": str(config_dir)} | ({VENDOR_VARIABLE: vendor} if vendor else {}),
        )
        self._port = port
        self._loud = ("custom_components.mi_band", *options.get("loud", ()))
        self._http: aiohttp.ClientSession | None = None
        self._token = ""
        self._messages = 0
        self._has_owner = False

    async def __aenter__(self) -> Self:
        loud = "\n".join(f"    {logger}: debug" for logger in self._loud)
        configuration = _CONFIGURATION.format(time_zone=TIME_ZONE, url=self.url, loud=loud)
        self._has_owner = await asyncio.to_thread(
            prepare, self.config_dir, configuration, self._port
        )
        self._http = aiohttp.ClientSession(self.url)
        try:
            await self.child.start()
            self._token = await until(
                self._sign_in,
                what="Home Assistant takes its owner",
                timeout_s=_START_TIMEOUT_S,
                child=self.child,
            )
            await until(
                self._is_running,
                what="Home Assistant has started",
                timeout_s=_START_TIMEOUT_S,
                child=self.child,
            )
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._http is not None:
                await self._http.close()
        finally:
            await self.child.stop(_STOP_PATIENCE_S)

    # What a user's browser asks for.

    async def get(self, path: str) -> Any:
        """Fetch something from the REST API."""
        return await self._request("GET", path)

    async def fetch(self, path: str) -> bytes:
        """Fetch a file, as the browser does."""
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._http.get(path, headers=headers) as response:
            response.raise_for_status()
            return await response.read()

    async def post(self, path: str, data: Mapping[str, object]) -> Any:
        """Send something to the REST API."""
        return await self._request("POST", path, json=data)

    async def delete(self, path: str) -> None:
        """Delete something of the REST API."""
        await self._request("DELETE", path)

    async def command(self, kind: str, **fields: object) -> Any:
        """Give a command of the websocket API, and give its result.

        Raises:
            HomeAssistantError: it was refused.
        """
        assert self._http is not None
        self._messages += 1
        async with self._http.ws_connect("/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._token})
            await socket.receive_json()
            await socket.send_json({"id": self._messages, "type": kind, **fields})
            answer = await socket.receive_json()
        if not answer.get("success"):
            raise HomeAssistantError(f"{kind}: {answer.get('error', answer)}")
        return answer["result"]

    async def states(self) -> dict[str, EntityState]:
        """Give every entity by its id."""
        return {
            one["entity_id"]: EntityState(
                entity_id=one["entity_id"], state=one["state"], attributes=one["attributes"]
            )
            for one in await self.get("/api/states")
        }

    async def entries(self, domain: str) -> list[JsonObject]:
        """Give the config entries of an integration."""
        found: list[JsonObject] = await self.command("config_entries/get", domain=domain)
        return found

    async def discovered(self, domain: str) -> list[JsonObject]:
        """Give the flows that wait as cards for somebody to look at them."""
        flows: list[JsonObject] = await self.command("config_entries/flow/progress")
        return [flow for flow in flows if flow["handler"] == domain]

    async def start_flow(self, handler: str) -> JsonObject:
        """Begin to add an integration, as the button of its page does."""
        step: JsonObject = await self.post(
            "/api/config/config_entries/flow",
            {"handler": handler, "show_advanced_options": False},
        )
        return step

    async def flow(self, flow_id: str) -> JsonObject:
        """Give the page that a flow shows now."""
        step: JsonObject = await self.get(f"/api/config/config_entries/flow/{flow_id}")
        return step

    async def submit(self, flow_id: str, answers: Mapping[str, object]) -> JsonObject:
        """Answer the page that a flow shows now."""
        step: JsonObject = await self.post(f"/api/config/config_entries/flow/{flow_id}", answers)
        return step

    async def set_options(self, entry_id: str, changes: Mapping[str, object]) -> None:
        """Change fields of the options page of a config entry, and leave the others."""
        path = "/api/config/config_entries/options/flow"
        step = await self.post(path, {"handler": entry_id})
        shown = {field["name"]: field["default"] for field in step["data_schema"]}
        step = await self.post(f"{path}/{step['flow_id']}", {**shown, **changes})
        if step["type"] != "create_entry":
            raise HomeAssistantError(f"Options were not taken: {step}")

    async def act(self, action: str, data: Mapping[str, object]) -> None:
        """Perform an action such as `notify.send_message`."""
        await self.post(f"/api/services/{action.replace('.', '/')}", data)

    async def until[T](
        self, probe: Callable[[], Awaitable[T | None]], *, what: str, timeout_s: float = 120.0
    ) -> T:
        """Wait until it answers a question with more than nothing."""
        return await until(probe, what=what, timeout_s=timeout_s, child=self.child)

    def log_errors(self, word: str = DOMAIN) -> list[str]:
        """Give the lines of the log that are errors and name `word`, and every traceback with it.

        A record of the log is its first line and what follows it up to the next dated line.
        """
        records = re.split(r"\n(?=\d{4}-\d\d-\d\d )", self.child.log.read_text(errors="replace"))
        return [
            record
            for record in records
            if word in record and (_ERROR_LINE.match(record) or "Traceback (" in record)
        ]

    # How it gets there.

    async def _request(self, method: str, path: str, **options: Any) -> Any:
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._http.request(method, path, headers=headers, **options) as response:
            if response.status >= 400:
                raise HomeAssistantError(f"{method} {path}: {await response.text()}")
            return await response.json()

    async def _sign_in(self) -> str | None:
        """Get a token as the owner, who is made first where the folder is new."""
        assert self._http is not None
        who = {"client_id": f"{self.url}/"}
        try:
            async with self._http.get(
                "/auth/providers" if self._has_owner else "/api/onboarding"
            ) as response:
                if response.status != 200:
                    return None
        except aiohttp.ClientConnectionError:
            return None
        code = await (self._log_in(who) if self._has_owner else self._create_owner(who))
        grant = {**who, "grant_type": "authorization_code", "code": code}
        async with self._http.post("/auth/token", data=grant) as response:
            response.raise_for_status()
            token = (await response.json())["access_token"]
        self._token = str(token)
        # The first token ends after half an hour; a demonstration may be left open for longer.
        lasting = await self.command(
            "auth/long_lived_access_token",
            client_name=f"Demonstration {dt.datetime.now(dt.UTC).isoformat()}",
            lifespan=1,
        )
        return str(lasting)

    async def _create_owner(self, who: Mapping[str, str]) -> str:
        owner = {"name": NAME, "username": USER, "password": PASSWORD, "language": "en"}
        answer = await self.post("/api/onboarding/users", {**who, **owner})
        return str(answer["auth_code"])

    async def _log_in(self, who: Mapping[str, str]) -> str:
        step = await self.post(
            "/auth/login_flow",
            {**who, "handler": ["homeassistant", None], "redirect_uri": who["client_id"]},
        )
        answer = await self.post(
            f"/auth/login_flow/{step['flow_id']}",
            {**who, "username": USER, "password": PASSWORD},
        )
        return str(answer["result"])

    async def _is_running(self) -> bool:
        config = await self.get("/api/config")
        return bool(config["state"] == "RUNNING")


def prepare(config_dir: Path, configuration: str, port: int) -> bool:
    """Make the folder what it must be before the server starts; what a user made stays.

    Tells whether it has an owner from an earlier run.
    """
    storage = config_dir / ".storage"
    components = config_dir / "custom_components"
    for folder in (config_dir, storage, components):
        folder.mkdir(parents=True, exist_ok=True)
    (config_dir / "configuration.yaml").write_text(configuration)
    automations = config_dir / "automations.yaml"
    if not automations.exists():
        automations.write_text("[]\n")
    link = components / DOMAIN
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT / "custom_components" / DOMAIN)
    # `http:` in the configuration would be a trial that ends after five minutes with a restart.
    stable = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": dt.datetime.now(dt.UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    _store(storage, "http", 2, {"stable": stable, "pending": None, "yaml_migration_done": True})
    _store(storage, "core.network", 1, {"configured_adapters": ["lo"]})
    # The other pages would add integrations that fetch from the internet.
    has_owner = (storage / "auth_provider.homeassistant").exists()
    if not has_owner:
        _store(storage, "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})
    _draw_placeholder(config_dir / ".cache" / "brands" / "integrations" / "_placeholder")
    return has_owner


def _draw_placeholder(folder: Path) -> None:
    """Draw the icon of every integration whose own icon would come from the internet."""
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGBA", (256, 256))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((32, 32, 224, 224), radius=48, fill=(3, 155, 199))
    draw.ellipse((96, 96, 160, 160), fill=(255, 255, 255))
    for name in ("icon", "logo", "dark_icon", "dark_logo"):
        image.save(folder / f"{name}.png")
        image.save(folder / f"{name}@2x.png")


def _store(storage: Path, key: str, version: int, data: Mapping[str, object]) -> None:
    """Write a file of Home Assistant's storage."""
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content))
