"""The emulated band and its emulated Bluetooth proxy: a process, and its control port."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from .process import ROOT, Child, until

HOST = "127.0.0.1"
NAME = "Mi Smart Band 4"
TIME_ZONE = "Europe/Berlin"
"""Where Home Assistant is, and with it who wears the bands: else they would live another day."""

_START_TIMEOUT_S = 240.0
_STOP_PATIENCE_S = 5.0

type JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandOptions:
    """Which band it is; the emulator's command line says what the words mean."""

    profile: str
    key: str | None = None
    """32 hexadecimal digits; None where the band has no owner yet."""
    days: int = 14
    seed: int = 1
    others: Sequence[str] = ()
    """Profiles of further bands, which have the key, too."""
    verify_key: Path | None = None
    """PEM file of whose signature the bands take; without it they take none."""
    off: bool = False
    """Whether the bands wait to be switched on."""


class Lab:
    """The emulator's process and a client of its control port.

    Entering starts it; `ready` waits for it, so that a server can start meanwhile.

    Args:
        band: The band that it emulates.
        log: The file that takes what it prints.
        proxy_port: Where Home Assistant reaches the proxy.
        control_port: Where people see the band's page, and tests its state.
    """

    def __init__(self, band: BandOptions, *, log: Path, proxy_port: int, control_port: int) -> None:
        self.proxy_port = proxy_port
        command: list[object] = [
            *("tests.emulator", "--host", HOST),
            *("--proxy-port", proxy_port, "--control-port", control_port),
            *("--profile", band.profile, *band.others),
            *("--days", band.days, "--seed", band.seed, "--zone", TIME_ZONE),
        ]
        if band.key:
            command += ["--key", band.key]
        if band.verify_key:
            command += ["--verify-key", band.verify_key]
        if band.off:
            command += ["--off"]
        self.child = Child("The emulated band", [str(word) for word in command], log=log, path=ROOT)
        self._base = f"http://{HOST}:{control_port}"
        self._index = 0
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.child.start()
        self._http = aiohttp.ClientSession(self._base)
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

    async def ready(self) -> None:
        """Wait until the band is on the air and its page is served."""

        async def answers() -> bool:
            try:
                await self.state()
            except aiohttp.ClientConnectionError:
                return False
            return True

        await until(answers, what="the band's page", timeout_s=_START_TIMEOUT_S, child=self.child)

    @property
    def url(self) -> str:
        """The address of the band's page."""
        return f"{self._base}/?band={self._index}" if self._index else self._base

    def of_band(self, index: int) -> Self:
        """Give the same process, seen from another of its bands."""
        other = copy(self)
        other._index = index
        return other

    async def state(self) -> JsonObject:
        """Give all that the band holds and has received."""
        state: JsonObject = await self._get("/state")
        return state

    async def view(self) -> JsonObject:
        """Give what its page shows, the drawing of its screen included."""
        view: JsonObject = await self._get("/view")
        return view

    async def violations(self) -> list[JsonObject]:
        """Give what it was told that no document allows."""
        answer = await self._get("/violations")
        # The list itself, or the list under its name.
        found: list[JsonObject] = answer["violations"] if isinstance(answer, dict) else answer
        return found

    async def control(self, name: str, **fields: object) -> None:
        """Do what its wearer or its surroundings may do: `control("walk", steps=100)`."""
        assert self._http is not None
        async with self._http.post(f"/{name}", params=self._which, json=fields) as response:
            if response.status != 200:
                raise ValueError(f"{name} {fields}: {await response.text()}")

    async def until(
        self, condition: Callable[[JsonObject], bool], *, what: str, timeout_s: float = 120.0
    ) -> JsonObject:
        """Wait until the band's state fulfils a condition, and give that state."""

        async def probe() -> JsonObject | None:
            state = await self.state()
            return state if condition(state) else None

        return await until(probe, what=what, timeout_s=timeout_s, child=self.child)

    @property
    def _which(self) -> dict[str, int]:
        return {"band": self._index}

    async def _get(self, path: str) -> Any:
        assert self._http is not None
        async with self._http.get(path, params=self._which) as response:
            response.raise_for_status()
            return await response.json()
