"""Device events: what the wearer does on the band, as one-byte notifications and a few longer ones.

Music keys are sent to anybody who listens, the rest after authentication.

Source: protocol-control.md, section 19 and 2.3 (the MTU announcement).
"""

import contextlib
from typing import override

from bumble import core

from ..screen import Content, Kind
from .body import Body, Capability, Json

# By the names that the control port takes.
EVENTS = {
    "fell_asleep": b"\x01",
    "woke_up": b"\x02",
    "goal_reached": b"\x03",
    "button": b"\x04",
    "not_worn": b"\x06",
    "call_reject": b"\x07",
    "find_phone_start": b"\x08",
    "call_ignore": b"\x09",
    "alarm_toggled": b"\x0a",
    "button_long": b"\x0b",
    "tick": b"\x0e",
    "find_phone_stop": b"\x0f",
    "mute_phone": b"\x10\x01",
    "unmute_phone": b"\x10\x00",
    "alarm_edited": b"\x1a",
}
MUSIC_KEYS = {
    "play": 0x00,
    "pause": 0x01,
    "next": 0x03,
    "previous": 0x04,
    "volume_up": 0x05,
    "volume_down": 0x06,
    "open": 0xE0,
    "close": 0xE1,
}
WORKOUT_STEPS = {"start": 0x02, "pause": 0x03, "resume": 0x04, "end": 0x05}
_KEPT = 100


class Events(Capability):
    """The notifications of the wearer's acts."""

    def __init__(self, body: Body, *, mtu: int) -> None:
        super().__init__(body)
        self._mtu = mtu
        self._sent: list[Json] = []
        self._announced = False
        self.searching = False
        """The wearer looks for the phone."""
        self.music_open = False
        self.workout = False
        """A workout is running on the band."""

    def send(self, name: str) -> None:
        """Send an event by its name.

        Raises:
            ValueError: There is no such event.
        """
        if name not in EVENTS:
            raise ValueError(f"no event is called {name!r}")
        self._tell(name, EVENTS[name], listening=self.body.authenticated)

    def press_music(self, key: str) -> None:
        """Press a key of the music screen, or open or close it.

        Raises:
            ValueError: There is no such key.
        """
        if key not in MUSIC_KEYS:
            raise ValueError(f"no music key is called {key!r}")
        if key == "open":
            self.music_open = True
        elif key == "close":
            self.music_open = False
            self.body.screen.clear(Kind.MUSIC)
        self._tell(f"music_{key}", bytes((0xFE, MUSIC_KEYS[key])), listening=True)

    def open_workout(self, kind: int, *, phone_gps: bool) -> None:
        """Open the screen of a workout; what byte 1 says nobody knows."""
        self._tell(
            "workout_opened", bytes((0x14, 0, phone_gps, kind)), listening=self.body.authenticated
        )

    def workout_step(self, step: str) -> None:
        """Start, pause, resume or end a workout.

        Raises:
            ValueError: There is no such step.
        """
        if step not in WORKOUT_STEPS:
            raise ValueError(f"a workout has no {step!r}")
        self.workout = step != "end"
        self._sent.append(f"workout_{step}")
        if self.body.authenticated:
            self.body.notify("000f", bytes((0x11, WORKOUT_STEPS[step])))
        self.body.announce()

    def search_phone(self) -> None:
        """Look for the phone."""
        self.searching = True
        self.body.screen.show(
            Kind.SEARCHING, Content(title="Find phone", body="Searching", hint="Stop")
        )
        self.send("find_phone_start")

    def found_phone(self) -> None:
        """Look no longer: the wearer says so on the band."""
        self.stop_searching()
        self.send("find_phone_stop")

    def stop_searching(self) -> None:
        """Take the searching screen away."""
        self.searching = False
        self.body.screen.clear(Kind.SEARCHING)
        self.body.changed()

    def _tell(self, name: str, value: bytes, *, listening: bool) -> None:
        self._sent.append(name)
        del self._sent[:-_KEPT]
        if listening:
            self.body.notify("0010", value)
        self.body.changed()

    # The ATT MTU

    def raise_mtu(self) -> None:
        """Exchange the ATT MTU from the band's side, as a band does after authentication."""
        session = self.body.session
        if session is not None and session.connection.att_mtu < self._mtu:
            session.tasks.spawn(self._exchange())
        else:
            self._announce_mtu()

    async def _exchange(self) -> None:
        session = self.body.session
        if session is None:
            return
        # A client may have its reasons for 23, and say so or nothing; the band gets along with it.
        with contextlib.suppress(core.BaseBumbleError):
            await session.connection.gatt_client.request_mtu(self._mtu)
        self._announce_mtu()

    def _announce_mtu(self) -> None:
        session = self.body.session
        if session is None or not session.authenticated or self._announced:
            return
        # 23 needs no announcement, and clients ignore less.
        if self.body.subscribed("0010") and session.connection.att_mtu > 23:
            self._announced = True
            self.body.notify("0010", b"\x16" + session.connection.att_mtu.to_bytes(2, "little"))

    @override
    def subscribed(self, characteristic: str) -> None:
        if characteristic == "0010":
            self._announce_mtu()

    @override
    def disconnected(self) -> None:
        self._announced = False

    @override
    def state(self) -> dict[str, Json]:
        return {
            "events": list(self._sent),
            "find_phone": {"searching": self.searching},
            "music_open": self.music_open,
            "workout": self.workout,
        }
