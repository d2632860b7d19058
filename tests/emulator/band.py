"""One emulated Mi Smart Band 4 on the air.

A witness: written from the documents alone, strict where they are, tolerant where they say so.
What a client does wrong is refused as far as the documents know how, and listed in `violations`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
import hashlib
import secrets
from typing import NamedTuple, TypedDict, Unpack

from bumble.device import Connection
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from cryptography.hazmat.primitives.asymmetric import ec

from .clock import Clock, Now, utc_now
from .gatt.alarms import ReadForms
from .gatt.alerts import Alerts
from .gatt.auth import KEY_LENGTH, Authentication, Behaviour, Manner, Method
from .gatt.battery import Battery
from .gatt.body import Body, Capability, Json, Session, Tasks
from .gatt.chunked import Chunked
from .gatt.configuration import Configuration
from .gatt.current_time import CurrentTime
from .gatt.device_info import DeviceInfo, Identity
from .gatt.events import Events
from .gatt.feeds import Feeds
from .gatt.fetch import Fetch, Manner as FetchManner, Trouble
from .gatt.find import Find
from .gatt.firmware import Firmware, Machinery, Reboot, Running, UploadTrouble
from .gatt.heart_rate import HeartRate
from .gatt.profile import Profile
from .gatt.server import Server
from .gatt.steps import Steps
from .gatt.table import ROWS
from .history import History, Past, Posture
from .radio import AirDevice, Radio
from .screen import Content, Kind, Look, Status, draw
from .truth import Truth
from .wearer import Organs, Policy, Wearer

ADDRESS = "F3:4E:C4:1E:46:0F"
NAME = "Mi Smart Band 4"
_BY_LOWER_NAME = {name.lower(): name for name in ROWS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """What a profile makes of a band."""

    bound: bool = True
    method: Method = Method.SIGNATURE
    behaviour: Behaviour = Behaviour.PROPER
    wrong_key: int = 0x08
    foreign_key: bool = False
    """Bound with a key that the client does not have, unless one is given."""
    battery: int = 77
    visible: bool = False
    policy: Policy = Policy.MANUAL


PROFILES: dict[str, Character] = {
    "bound": Character(),
    "v1_new": Character(bound=False, method=Method.UPLOAD),
    "v1_refuses": Character(bound=False, method=Method.UPLOAD, policy=Policy.REFUSE),
    "v1_ignores": Character(bound=False, method=Method.UPLOAD, policy=Policy.IGNORE),
    "v2_new": Character(bound=False),
    "bound_04": Character(wrong_key=0x04, foreign_key=True),
    "bound_07": Character(wrong_key=0x07, foreign_key=True),
    "bound_08": Character(wrong_key=0x08, foreign_key=True),
    "silent_auth": Character(behaviour=Behaviour.SILENT),
    "drops_on_auth": Character(behaviour=Behaviour.DROPS),
    "visible": Character(visible=True),
    "battery_low": Character(battery=4),
}


class Options(TypedDict, total=False):
    """How a band differs from the usual one.

    Attributes:
        address: Public address, display order.
        name: What it calls itself.
        profile: One of `PROFILES`.
        key: 16 bytes; for a bound band that has none, a random one.
        verify_key: The vendor's public key of a band that wants a signature.
        days: Whole days of minutes behind it.
        seed: For these days.
        past: All about what lies behind it, instead of days and seed.
        records: How it transfers stored records.
        alarm_forms: Which questions for its alarms it answers.
        battery: Level in percent.
        tick_s: How long the band's second is: walking, measuring, vibrating.
        tap_timeout_s: How long it asks for a tap.
        mtu: ATT MTU that it offers and asks for; 23 for a band that leaves it alone.
        now: The true time.
        goes_on: Whether it writes down the minutes that pass, or only those that it is told to have
            lived. With a new one it has something to tell that it did not have, and whoever counts
            what goes through the air counts that, too: in one test of a hundred.
        zone: Where the wearer is.
        identity: What is printed into it.
        policy: What the wearer does when asked for a tap.
        advertising_interval_s: Seconds between advertisements; None for the radio's own.
    """

    address: str
    name: str
    profile: str
    key: bytes | None
    verify_key: ec.EllipticCurvePublicKey | None
    days: int
    seed: int
    past: Past
    records: FetchManner
    alarm_forms: ReadForms
    battery: int
    tick_s: float
    tap_timeout_s: float
    mtu: int
    now: Now
    goes_on: bool
    zone: tzinfo | None
    identity: Identity
    policy: Policy
    advertising_interval_s: float | None


@dataclass(slots=True)
class _Life:
    """What becomes of a band while it is used."""

    addresses: list[str]
    device: AirDevice | None = None
    server: Server | None = None
    powered: bool = False
    connections: int = 0
    operations_before: int = 0
    restarts: Tasks = field(default_factory=Tasks)
    bonds: MemoryKeyStore = field(default_factory=MemoryKeyStore)
    """Who has paired, which is nothing that the key knows of."""

    @property
    def address(self) -> str:
        return self.addresses[-1]


def _just_works(_connection: Connection) -> PairingConfig:
    """Pair with whoever wants to, and tell no identity but the address (2.2, 2.4) [INFERRED]."""
    only_encryption = PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
    return PairingConfig(
        mitm=False,
        delegate=PairingDelegate(
            local_initiator_key_distribution=only_encryption,
            local_responder_key_distribution=only_encryption,
        ),
    )


class _Faulty(NamedTuple):
    """What has troubles of its own."""

    configuration: Configuration
    fetch: Fetch
    firmware: Firmware


class BandFaults:
    """What can go wrong with a band's notifications and with the air around it."""

    def __init__(self, body: Body, radio: Radio, life: _Life, organs: _Faulty) -> None:
        self._body = body
        self._radio = radio
        self._life = life
        self._organs = organs

    def _disturb(self, what: str, characteristic: str, count: int) -> None:
        name = _BY_LOWER_NAME.get(characteristic.lower())
        if name is None or count < 0:
            raise ValueError(f"no characteristic {characteristic!r}, or a negative count")
        self._body.disturbed[name][what] = count

    def lose(self, characteristic: str, count: int = 1) -> None:
        """Lose the next notifications of a characteristic."""
        self._disturb("lose", characteristic, count)

    def double(self, characteristic: str, count: int = 1) -> None:
        """Send the next notifications of a characteristic twice."""
        self._disturb("double", characteristic, count)

    def garble(self, characteristic: str, count: int = 1) -> None:
        """Turn every bit of the next notifications of a characteristic around."""
        self._disturb("garble", characteristic, count)

    def records(self, trouble: Trouble, rounds: int = 1) -> None:
        """Have trouble in the next rounds of a fetch, after what was asked for before."""
        self._organs.fetch.expect(trouble, rounds)

    def forgive_records(self) -> None:
        """Let the fetches after the one of the moment go well."""
        self._organs.fetch.forgive()

    def refuse(self, head: bytes, status: int | None = 0x04, count: int = 1) -> None:
        """Do not do the next commands on configuration that begin like this; None is silence."""
        if not head or count < 0:
            raise ValueError("a command begins with something, and happens some times")
        self._organs.configuration.refuse(head, status, count)

    def upload(self, trouble: UploadTrouble, times: int = 1) -> None:
        """Have trouble in the next transfers of a file, after what was asked for before."""
        self._organs.firmware.expect(trouble, times)

    def forgive_uploads(self) -> None:
        """Let the transfers after the one of the moment go well."""
        self._organs.firmware.forgive()

    def refuse_requests(self, characteristic: str, count: int = 1) -> None:
        """Answer the next reads of a characteristic, or settings on it, with an error."""
        self._disturb("refuse", characteristic, count)

    def cut_after(self, operations: int | None) -> None:
        """Cut the link after this many further reads and writes; None for never."""
        self._radio.faults(self._life.address).cut_after = operations

    def delay(self, seconds: float) -> None:
        """Delay every packet."""
        self._radio.faults(self._life.address).latency_s = seconds

    def out_of_range(self, value: bool) -> None:  # noqa: FBT001  there and back
        """Carry the band away, or back."""
        self._radio.faults(self._life.address).out_of_range = value


class EmulatedBand:
    """A band with a wearer. Nothing is on the air before `power_on`."""

    def __init__(self, radio: Radio, **options: Unpack[Options]) -> None:
        """Make a band.

        Raises:
            ValueError: The profile is unknown or the key has another length.
        """
        self._radio = radio
        self._options = options
        self.profile = options.get("profile", "bound")
        if self.profile not in PROFILES:
            raise ValueError(f"no profile is called {self.profile!r}")
        self._character = PROFILES[self.profile]
        self._life = _Life([options.get("address", ADDRESS).upper()])
        self.name = options.get("name", NAME)
        self._body = self._make_body()
        self._capabilities: tuple[Capability, ...] = ()
        self.wearer = self._make_capabilities()
        self.wearer.policy = options.get("policy", self._character.policy)
        self.faults = BandFaults(
            self._body, radio, self._life, _Faulty(self._configuration, self._fetch, self._firmware)
        )
        self.truth = Truth(self._body.history)
        if self._character.visible:
            self._configuration.settings["visible"] = True
        self._body.screen.show(Kind.OFF, Content())

    def _make_body(self) -> Body:
        options = self._options
        clock = Clock(options.get("now", utc_now), options.get("zone"))
        posture = Posture()
        past = options.get("past", Past(days=options.get("days", 14), seed=options.get("seed", 1)))
        if past.settings:
            clock.have(past.settings[-1].error, past.settings[-1].zone)
        history = History(clock, posture, past, goes_on=options.get("goes_on", True))
        body = Body(
            clock=clock, posture=posture, history=history, tick_s=options.get("tick_s", 1.0)
        )
        body.announce = self._advertise
        return body

    def _make_capabilities(self) -> Wearer:
        body, options = self._body, self._options
        self._auth = Authentication(
            body,
            self._manner(),
            self._first_key(),
            address=lambda: self.address,
            hang_up=self._hang_up,
        )
        self._battery = Battery(body, options.get("battery", self._character.battery))
        self._steps = Steps(body)
        self._events = Events(body, mtu=options.get("mtu", 247))
        self._profile = Profile(body)
        self._configuration = Configuration(
            body, self._events, self._factory_reset, lambda: self._profile.goal
        )
        self._configuration.alarms.forms = options.get("alarm_forms", ReadForms.BOTH)
        self._feeds = Feeds(body, self._events)
        self._fetch = Fetch(body, self._hang_up, options.get("records", FetchManner()))
        self._heart_rate = HeartRate(body)
        self._heart_rate.shared = self._shares_pulse
        alerts, find = Alerts(body), Find(body)
        receivers = {
            0: alerts.take_rich,
            1: self._feeds.take_weather,
            2: self._feeds.take_list,
            3: self._feeds.take_music,
            4: self._auth.take_blob,
            6: self._feeds.take_position,
        }
        machinery = Machinery(
            identity=options.get("identity", Identity()),
            battery=lambda: self._battery.level,
            drain=lambda: self._battery.set_level(3),
            busy=lambda: self._fetch.busy or self._events.workout,
            forget=self._forget_settings,
            reboot=self._reboot,
            hang_up=self._hang_up,
        )
        self._firmware = Firmware(body, machinery)
        body.uploading = lambda: self._firmware.busy
        self._auth.on_authenticated = self._events.raise_mtu
        self._capabilities = (
            self._auth,
            DeviceInfo(
                body,
                lambda: machinery.identity,
                name=self.name,
                address=lambda: self.address,
            ),
            self._battery,
            CurrentTime(body, self._steps),
            self._steps,
            self._heart_rate,
            alerts,
            find,
            self._events,
            self._profile,
            self._configuration,
            Chunked(body, receivers),
            self._feeds,
            self._firmware,
            self._fetch,
        )
        return Wearer(
            Organs(
                body=body,
                alerts=alerts,
                auth=self._auth,
                battery=self._battery,
                configuration=self._configuration,
                events=self._events,
                feeds=self._feeds,
                find=find,
                heart_rate=self._heart_rate,
                steps=self._steps,
                reset=self._factory_reset,
            )
        )

    def _manner(self) -> Manner:
        return Manner(
            method=self._character.method,
            behaviour=self._character.behaviour,
            wrong_key=self._character.wrong_key,
            verify_key=self._options.get("verify_key"),
            tap_timeout_s=self._options.get("tap_timeout_s", 60.0),
        )

    def _first_key(self) -> bytes | None:
        key = self._options.get("key")
        if key is not None and len(key) != KEY_LENGTH:
            raise ValueError("a key has 16 bytes")
        if not self._character.bound:
            return None
        return key or secrets.token_bytes(KEY_LENGTH)

    # What a test looks at

    @property
    def address(self) -> str:
        """The present address; a factory reset changes it."""
        return self._life.address

    @property
    def key(self) -> bytes | None:
        """The key that the band is bound with; None when it is not."""
        return self._auth.key

    @property
    def bound(self) -> bool:
        """Whether somebody owns the band."""
        return self._body.bound

    @property
    def powered(self) -> bool:
        """Whether the band is switched on."""
        return self._life.powered

    @property
    def connected(self) -> bool:
        """Whether it has a link."""
        return self._body.session is not None

    @property
    def authenticated(self) -> bool:
        """Whether the link has shown the key."""
        return self._body.authenticated

    @property
    def vibrations(self) -> int:
        """How often it has begun to vibrate."""
        return self._body.vibrations

    @property
    def steps(self) -> int:
        """Steps since local midnight."""
        return self._steps.total

    @property
    def history(self) -> History:
        """The minutes and workouts it holds."""
        return self._body.history

    @property
    def stored(self) -> dict[str, Json]:
        """How much it has stored, and up to when, for its page."""
        history = self._body.history
        return {
            "minutes": len(history),
            "workouts": history.held_workouts,
            "last": history.span[1],
            "sending": self._fetch.busy,
        }

    @property
    def firmware(self) -> Firmware:
        """What it runs, and what has been installed."""
        return self._firmware

    @property
    def records(self) -> FetchManner:
        """How it transfers stored records."""
        return self._fetch.manner

    @records.setter
    def records(self, manner: FetchManner) -> None:
        self._fetch.manner = manner

    @property
    def screen(self) -> Look:
        """What the wearer sees now."""
        return self._body.screen.look(
            Status(
                wall=self._body.clock.wall,
                twelve_hours=self._configuration.settings.get("time_format_24h") is False,
                steps=self._steps.total,
                battery=self._battery.level,
                charging=self._body.posture.charging,
                connected=self.connected,
                face=self._firmware.face,
                vibrating=self._body.vibrating,
            )
        )

    def draw(self) -> str:
        """Draw what the wearer sees as SVG."""
        return draw(self.screen)

    @property
    def violations(self) -> list[dict[str, Json]]:
        """What clients did that the documents do not allow, the band's own findings first."""
        found = [violation.as_json() for violation in self._body.violations]
        names = self._life.server.names if self._life.server is not None else {}
        for address in self._life.addresses:
            found.extend(
                {
                    "characteristic": names.get(operation.handle, f"0x{operation.handle:04x}"),
                    "what": f"{operation.opcode.lower().replace('_', ' ')}: {reason}",
                    "clause": "protocol-control 3, 4.2",
                    "length": operation.length,
                    "hex": None,
                }
                for operation, reason in self._radio.faults(address).refusals
            )
        return found

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 60.0) -> None:  # noqa: ASYNC109  a test gives it in seconds
        """Return when something has become true.

        Raises:
            TimeoutError: It has not.
        """
        async with asyncio.timeout(timeout):
            while not predicate():
                await self._body.change()

    def snapshot(self) -> dict[str, Json]:
        """Give everything the band holds and has received, fit for JSON."""
        state: dict[str, Json] = {
            "address": self.address,
            "addresses": list(self._life.addresses),
            "name": self.name,
            "profile": self.profile,
            "power": self.powered,
            "connected": self.connected,
            "mtu": None if self._body.session is None else self._body.session.connection.att_mtu,
            "connections": self._life.connections,
            "worn": self._body.posture.worn,
            "asleep": self._body.posture.asleep,
            "vibration": {"count": self.vibrations, "active": self._body.vibrating},
            "screen": self._screen_state(),
            "att": self._att_state(),
            "violations": len(self.violations),
        }
        for capability in self._capabilities:
            state |= capability.state()
        return state

    def _screen_state(self) -> dict[str, Json]:
        look = self.screen
        return {
            "kind": look.kind.value,
            "label": look.content.label,
            "title": look.content.title,
            "body": look.content.body,
            "hint": look.content.hint,
            "lines": list(look.lines),
            "text": look.text,
            "missing": look.missing,
        }

    def _att_state(self) -> dict[str, Json]:
        operations = self._operations()
        faults = self._radio.faults(self.address)
        return {
            "operations": operations,
            "since_connected": operations - self._life.operations_before,
            "discovery": faults.discovery_operations,
            "characteristics": {
                name: traffic.as_json() for name, traffic in sorted(self._body.traffic.items())
            },
            "notifications": dict(self._body.sent),
        }

    def _operations(self) -> int:
        return sum(self._radio.faults(address).att_operations for address in self._life.addresses)

    # On the air

    async def power_on(self) -> None:
        """Put the band on the air, with all that it remembers."""
        if self.powered or self._firmware.running is Running.BROKEN:
            return
        device = self._radio.peripheral(self.address, self.name)
        self._life.device = device
        self._life.server = Server(
            device, self._body, self._capabilities, moved=self._firmware.services_moved
        )
        self._life.server.max_mtu = self._options.get("mtu", 247)
        # Bumble makes one of its own, which knows nothing of the band.
        device.gatt_server = self._life.server
        device.keystore = self._life.bonds
        device.pairing_config_factory = _just_works
        device.on(device.EVENT_CONNECTION, self._connected)
        self._life.powered = True
        self._body.history.switch(on=True)
        await device.power_on()
        self._body.screen.clear(Kind.OFF)
        self._advertise()
        self._body.changed()

    async def power_off(self) -> None:
        """Take the battery out. What the band remembers it keeps."""
        await self._life.restarts.close()
        await self._switch_off()

    async def _switch_off(self) -> None:
        device = self._life.device
        if device is None:
            return
        self._life.powered = False
        self._body.history.switch(on=False)
        # Who is interrupted here has to find the device again, or it stays on the air for ever.
        await self._radio.remove(device)
        self._life.device = None
        self._disconnected()
        await self._body.tasks.close()
        self._body.still()
        self._body.screen.show(Kind.OFF, Content())
        self._body.changed()

    def _advertise(self) -> None:
        if not self.powered:
            return
        self._radio.set_advertising(
            self.address,
            self._advertisement(),
            self._scan_response(),
            interval_s=self._options.get("advertising_interval_s"),
            while_connected=self._configuration.is_on("visible"),
        )
        self._heart_rate.share()

    def _shares_pulse(self) -> bool:
        return self._events.workout and self._configuration.is_on("share_heart_rate")

    def _advertisement(self) -> bytes:
        """Build the 31 bytes of protocol-control.md, 2.1."""
        opaque = bytearray(b"\xff" * 16)
        if self._shares_pulse():
            opaque[2] = self._body.posture.heart_rate
        return (
            bytes.fromhex("020106 1bff 5701 02")
            + opaque
            + b"\x02"
            + bytes.fromhex(self.address.replace(":", ""))
        )

    def _scan_response(self) -> bytes:
        """Build name, service and steps of protocol-control.md, 2.1."""
        name = self.name.encode()[:16]
        return (
            bytes((len(name) + 1, 0x09))
            + name
            + bytes.fromhex("0302e0fe 0716e0fe")
            + self._steps.total.to_bytes(4, "little")
        )

    def _connected(self, connection: Connection) -> None:
        if self._body.session is not None:
            # One central at a time (2.1).
            self._life.restarts.spawn(self._radio.disconnect(connection))
            return
        self._life.connections += 1
        self._life.operations_before = self._operations()
        self._body.session = Session(connection)
        connection.on(connection.EVENT_DISCONNECTION, lambda _reason: self._lost(connection))
        self._body.changed()

    def _lost(self, connection: Connection) -> None:
        if self._body.session is not None and self._body.session.connection is connection:
            self._disconnected()

    def _disconnected(self) -> None:
        session, self._body.session = self._body.session, None
        if session is None:
            return
        session.tasks.cancel()
        for capability in self._capabilities:
            capability.disconnected()
        self._body.changed()

    def _hang_up(self) -> None:
        if self._body.session is not None:
            self._life.restarts.spawn(self._radio.disconnect(self._body.session.connection))

    # Starting again

    def _reboot(self, reboot: Reboot) -> None:
        self._life.restarts.spawn(self._restart(reboot, lambda: None))

    def _factory_reset(self) -> None:
        self._life.restarts.spawn(self._restart(Reboot(0.1, 1.0, returns=True), self._erase))

    async def _restart(self, reboot: Reboot, meanwhile: Callable[[], None]) -> None:
        # The reply goes out before the link drops.
        await asyncio.sleep(reboot.linger_s * self._body.tick_s)
        if self._body.session is not None:
            await self._radio.disconnect(self._body.session.connection)
        await self._switch_off()
        meanwhile()
        await asyncio.sleep(reboot.away_s * self._body.tick_s)
        if reboot.returns:
            await self.power_on()

    def _forget_settings(self) -> None:
        self._profile.erase()
        self._configuration.erase()
        self._feeds.erase()
        self._heart_rate.erase()

    def _erase(self) -> None:
        digest = hashlib.sha256(self.address.encode()).digest()
        kept = self.address[:8]
        self._life.bonds = MemoryKeyStore()
        self._life.addresses.append(kept + "".join(f":{octet:02X}" for octet in digest[:3]))
        self._body.screen.clear_all()
        self._body.screen.show(Kind.OFF, Content())
        self._body.history.erase()
        self._body.clock.forget()
        self._steps.erase()
        self._forget_settings()
        self._firmware.erase()
        self._auth.forget()
