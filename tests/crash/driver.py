"""A process that brings records home, and dies on the way where it is told to.

It is forked from a server that has imported all of it, and holds what Home Assistant's own process
does: the recorder with its database, the store, the link. It kills itself with SIGKILL: no handler,
no `finally` and no buffer of it gets a turn.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import functools
import inspect
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
import os
from pathlib import Path
import signal
from typing import Any, Final

from homeassistant.components.recorder import tasks
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mi_band import statistics
from custom_components.mi_band.band.transfer import Transfer
from custom_components.mi_band.history import History
from custom_components.mi_band.records import Records
from custom_components.mi_band.statistics import Projection
from custom_components.mi_band.sync import Synced

from .core import core
from .life import PROFILE, lived_long_ago
from .remote import FarLink, connect

IDENTITY: Final = "0123456789abcdef0123456789abcdef"

_FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the program at which to die."""

    owner: Any
    """A class, an object or a module."""
    name: str
    """Of a function of it."""
    after: bool = False
    """Behind it; else before it."""
    time: int = 1
    """At which call of it, from 1."""
    such: Callable[..., bool] = lambda *_, **__: True
    """Which calls count, by their arguments."""

    def mine(self) -> None:
        """Make this process die there."""
        function = getattr(self.owner, self.name)
        calls = 0

        def die(*args: Any, **kwargs: Any) -> bool:
            nonlocal calls
            calls += self.such(*args, **kwargs)
            return calls == self.time and self.such(*args, **kwargs)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def deadly(*args: Any, **kwargs: Any) -> Any:
                dies = die(*args, **kwargs)
                _kill_unless(not dies or self.after)
                result = await function(*args, **kwargs)
                _kill_unless(not dies)
                return result

        else:

            @functools.wraps(function)
            def deadly(*args: Any, **kwargs: Any) -> Any:
                dies = die(*args, **kwargs)
                _kill_unless(not dies or self.after)
                result = function(*args, **kwargs)
                _kill_unless(not dies)
                return result

        setattr(self.owner, self.name, deadly)


def _kill_unless(alive: bool) -> None:  # noqa: FBT001  dead or alive
    if not alive:
        os.kill(os.getpid(), signal.SIGKILL)


def _acknowledges(_link: FarLink, _characteristic: object, packet: bytes) -> bool:
    return packet == b"\x03"


def _sends(_link: FarLink, _characteristic: object, packet: bytes) -> bool:
    return packet == b"\x02"


def _packet(number: int) -> Place:
    return Place(owner=Transfer, name="take", after=True, time=number)


_IMPORT = tasks.ImportStatisticsTask
PLACES: Final = {
    "before anything is asked for": Place(owner=FarLink, name="write"),
    "before a packet": Place(owner=FarLink, name="write", after=True, such=_sends),
    "after the first packet": _packet(1),
    "after a packet in the middle": _packet(60),
    "after the last packet of a round": _packet(120),
    "after the first packet of the second round": _packet(121),
    "after a packet of the last round": _packet(300),
    "after the last packet": _packet(360),
    "before the first commit": Place(owner=History, name="commit_minutes"),
    "after the first commit": Place(owner=History, name="commit_minutes", after=True),
    "before the second commit": Place(owner=History, name="commit_minutes", time=2),
    "after the second commit": Place(owner=History, name="commit_minutes", time=2, after=True),
    "after the last commit": Place(owner=History, name="commit_minutes", time=3, after=True),
    "before the first statistic": Place(owner=_IMPORT, name="run"),
    "after the first statistic": Place(owner=_IMPORT, name="run", after=True),
    "between two statistics of the first round": Place(owner=_IMPORT, name="run", time=3),
    "between two statistics of the second round": Place(owner=_IMPORT, name="run", time=9),
    "before the statistics are looked at": Place(owner=statistics, name="read_curves"),
    "after the statistics are there": Place(owner=History, name="mark_projected"),
    "after that is marked": Place(owner=History, name="mark_projected", after=True),
    "after the second round is marked": Place(
        owner=History, name="mark_projected", time=2, after=True
    ),
    "before the first acknowledgement": Place(owner=FarLink, name="write", such=_acknowledges),
    "after the first acknowledgement": Place(
        owner=FarLink, name="write", such=_acknowledges, after=True
    ),
    "before the second acknowledgement": Place(
        owner=FarLink, name="write", such=_acknowledges, time=2
    ),
    "after the second acknowledgement": Place(
        owner=FarLink, name="write", such=_acknowledges, time=2, after=True
    ),
    "before a workout is stored": Place(owner=History, name="commit_workout"),
    "after a workout is stored": Place(owner=History, name="commit_workout", after=True),
    "before a track is stored": Place(owner=History, name="commit_track"),
    "after a track is stored": Place(owner=History, name="commit_track", after=True),
    "after all is done": Place(owner=Records, name="async_sync", after=True),
}
"""Where to die in a sync of three rounds of 120 packets each."""
PLACES_TO_REBUILD: Final = {
    "before the statistics are cleared": Place(owner=statistics, name="async_clear_statistics"),
    "after the statistics are cleared": Place(
        owner=statistics, name="async_clear_statistics", after=True
    ),
    "between two statistics": Place(owner=_IMPORT, name="run", time=3),
    "before the end is marked": Place(owner=History, name="mark_projected"),
    "after the end is marked": Place(owner=Projection, name="async_rebuild", after=True),
}
"""Where to die while the statistics are built anew."""


def records_of(hass: HomeAssistant, identity: str = IDENTITY) -> Records:
    """Return the records of a band as the coordinator has them."""
    entry = MockConfigEntry(
        domain="mi_band", title="Ada", data={"identity": identity, "profile": PROFILE}
    )
    return Records(
        hass, entry, keep=False, retention=None, fetched=lambda _: None, changed=lambda _: None
    )


def bring_home(folder: Path, gate: Path, place: str | None, told: Connection | None) -> None:
    """Bring home what the band has; die at a place, or tell what came."""
    if place is not None:
        PLACES[place].mine()

    async def run() -> Synced:
        async with core(folder) as hass, connect(gate) as link:
            return await records_of(hass).async_sync(link, None)

    with lived_long_ago():
        synced = asyncio.run(run())
    if told is not None:
        told.send(synced)


def rebuild(folder: Path, place: str) -> None:
    """Build the statistics anew, and die at a place."""
    PLACES_TO_REBUILD[place].mine()

    async def run() -> None:
        async with core(folder) as hass:
            await records_of(hass).async_rebuild()

    asyncio.run(run())


def forked[**P](work: Callable[P, None], *args: P.args, **_: P.kwargs) -> ForkServerProcess:
    """Start a process that does some work; it ends with this one."""
    # Not before: other tests fork as well, and the server that is started first serves all.
    _FORKS.set_forkserver_preload([__name__])
    process = _FORKS.Process(target=work, args=args, daemon=True)
    process.start()
    return process
