"""What the capabilities of the emulated band share.

One `Body` is one band: its address and clock, the wearer's posture, the link of the moment, the
record of what a client did wrong. A capability owns the state of its subject and nothing else.

Source: protocol-control.md, 5.6 (privileges end with the link) and section 21.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, unique

from bumble.device import Connection

from ..clock import Clock
from ..history import History, Posture
from ..screen import Screen
from ..training import Training

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

# Enough to see what happened, bounded because a demonstration runs for days.
_KEPT_WRITES = 64
_KEPT_VIOLATIONS = 1000
_LOOK_AGAIN_S = 0.05


@unique
class AttError(IntEnum):
    """Why a request is refused (Core Specification, Vol 3 Part F 3.4.1.1)."""

    READ_NOT_PERMITTED = 0x02
    INSUFFICIENT_AUTHENTICATION = 0x05
    INVALID_LENGTH = 0x0D
    VALUE_NOT_ALLOWED = 0x13


class Refused(Exception):
    """The band does not do it. A request is answered with the error, a command with nothing."""

    def __init__(self, error: AttError) -> None:
        super().__init__(error.name)
        self.error = error


class Unanswered(Exception):
    """The band does not do it, and says nothing: a request waits for its answer in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that the documents do not let a client do."""

    characteristic: str
    what: str
    clause: str
    length: int
    hex: str | None
    """None when the bytes are or may be secret."""

    def as_json(self) -> dict[str, Json]:
        """Describe it for the control port."""
        return {
            "characteristic": self.characteristic,
            "what": self.what,
            "clause": self.clause,
            "length": self.length,
            "hex": self.hex,
        }


class Tasks:
    """Tasks and timers with an owner that ends them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something until it is done or everything is cancelled."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        """Call something later unless everything is cancelled before."""

        def fire() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(seconds, fire)
        self._timers.add(timer)
        return timer

    def cancel(self) -> list[asyncio.Task[None]]:
        """Cancel everything but the task that asks for it; return what is still ending."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        ending = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in ending:
            task.cancel()
        return ending

    async def close(self) -> None:
        """Cancel everything and see it end."""
        if ending := self.cancel():
            await asyncio.wait(ending)


@dataclass(slots=True, eq=False)
class Session:
    """One link, with what is lost together with it."""

    connection: Connection
    authenticated: bool = False
    answered_wrong: bool = False
    """A wrong answer has just been given; see `Server` for the write that may follow it."""
    subscribed: set[str] = field(default_factory=set)
    tasks: Tasks = field(default_factory=Tasks)


@dataclass(slots=True)
class Traffic:
    """What has arrived for one characteristic."""

    reads: int = 0
    writes: int = 0
    subscriptions: int = 0
    written_bytes: int = 0
    last: deque[str | None] = field(default_factory=lambda: deque(maxlen=_KEPT_WRITES))

    def as_json(self) -> dict[str, Json]:
        """Describe it for the control port."""
        return {
            "reads": self.reads,
            "writes": self.writes,
            "cccd": self.subscriptions,
            "bytes": self.written_bytes,
            "last": list(self.last),
        }


class Body:
    """One band, without its capabilities."""

    def __init__(self, *, clock: Clock, posture: Posture, history: History, tick_s: float) -> None:
        self.clock = clock
        self.posture = posture
        self.history = history
        self.training = Training(clock, posture, history)
        self.tick_s = tick_s
        """What the band takes for a second between two notifications."""
        self.screen = Screen()
        self.session: Session | None = None
        self.bound = False
        self.tasks = Tasks()
        self.violations: deque[Violation] = deque(maxlen=_KEPT_VIOLATIONS)
        self.traffic: defaultdict[str, Traffic] = defaultdict(Traffic)
        self.sent: Counter[str] = Counter()
        self.disturbed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """How many of the next notifications are lost, doubled or garbled, by characteristic."""
        self.vibrations = 0
        self.vibrating = False
        self.transmit: Callable[[Session, str, bytes], None] = lambda _session, _name, _value: None
        self.uploading: Callable[[], bool] = lambda: False
        """Whether a file is on its way into the band."""
        self.announce: Callable[[], None] = lambda: None
        """What the band advertises has changed."""
        self._quiet: asyncio.TimerHandle | None = None
        self._watchers: set[asyncio.Future[None]] = set()

    # Wrongs

    def wrong(
        self,
        characteristic: str,
        what: str,
        clause: str,
        value: bytes = b"",
        *,
        error: AttError = AttError.VALUE_NOT_ALLOWED,
    ) -> Refused:
        """Write down a violation; the caller may raise what it gets back."""
        self.violations.append(
            Violation(
                characteristic=characteristic,
                what=what,
                clause=clause,
                length=len(value),
                hex=legible(characteristic, value),
            )
        )
        self.changed()
        return Refused(error)

    # The link

    @property
    def authenticated(self) -> bool:
        """Whether the link of the moment, if there is one, has shown the key."""
        return self.session is not None and self.session.authenticated

    def subscribed(self, characteristic: str) -> bool:
        """Whether the client has switched notifications on."""
        return self.session is not None and characteristic in self.session.subscribed

    def notify(self, characteristic: str, value: bytes, *, unasked: bool = False) -> None:
        """Send a notification to a client that has switched them on.

        Args:
            characteristic: Which.
            value: Cut by nobody: it has to fit.
            unasked: Send it to a client that has not subscribed, too.
        """
        session = self.session
        if session is None or not (unasked or characteristic in session.subscribed):
            return
        disturbed = self.disturbed[characteristic]
        if disturbed["lose"] > 0:
            disturbed["lose"] -= 1
            return
        if disturbed["garble"] > 0:
            disturbed["garble"] -= 1
            value = bytes(byte ^ 0xFF for byte in value)
        self.sent[characteristic] += 1
        self.transmit(session, characteristic, value)
        if disturbed["double"] > 0:
            disturbed["double"] -= 1
            self.transmit(session, characteristic, value)
        self.changed()

    def refuses(self, characteristic: str) -> bool:
        """Say whether the band says no to what was just written, for no reason of the client's."""
        disturbed = self.disturbed[characteristic]
        if disturbed["refuse"] <= 0:
            return False
        disturbed["refuse"] -= 1
        return True

    # The body

    def vibrate(self, seconds: float = 1.0) -> None:
        """Vibrate once, in the band's seconds."""
        self.vibrations += 1
        self.still()
        self.vibrating = True
        self._quiet = self.tasks.later(seconds * self.tick_s, self.still)
        self.changed()

    def still(self) -> None:
        """Stop vibrating."""
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        self.vibrating = False
        self.changed()

    # Watching

    def changed(self) -> None:
        """Wake everybody who waits for something to become true."""
        watchers, self._watchers = self._watchers, set()
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)

    async def change(self) -> None:
        """Return when something may have changed, after a short while in any case.

        Not everything that can be asked about tells when it changes.
        """
        watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.add(watcher)
        await asyncio.wait({watcher}, timeout=_LOOK_AGAIN_S)
        self._watchers.discard(watcher)


class Capability:
    """A subject of the band's, with the characteristics it answers for."""

    def __init__(self, body: Body) -> None:
        self.body = body

    @property
    def reads(self) -> Mapping[str, Callable[[], bytes]]:
        """What a read of a characteristic returns."""
        return {}

    @property
    def writes(self) -> Mapping[str, Callable[[bytes], None]]:
        """What a write to a characteristic does; `Refused` when it does nothing."""
        return {}

    def subscribed(self, characteristic: str) -> None:
        """Notifications of a characteristic have been switched on."""

    def disconnected(self) -> None:
        """The link is gone."""

    def state(self) -> dict[str, Json]:
        """Give what is held, under the names of the control port."""
        return {}


def legible(characteristic: str, value: bytes) -> str | None:
    """Write bytes as hex; None when they are or may be a key, a signature or a PIN."""
    secret = (
        characteristic == "0009"
        or (characteristic == "0020" and value[1:2] and value[1] & 0x0F == 4)
        or (characteristic == "0003" and value[:2] == b"\x06\x21")
    )
    return None if secret else value.hex(" ")
