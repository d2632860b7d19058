"""The control port: the band's page for people, and the same controls as JSON for tests.

Everything is a small function from a band and the fields of a request. `?band=1` means the second
band. A control answers `{"ok": true}`, or 400 with `{"error": ...}`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
import dataclasses
from enum import Enum
from functools import partial
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from aiohttp import web

from .band import EmulatedBand
from .day import draw_day
from .gatt.body import Json
from .gatt.events import EVENTS, MUSIC_KEYS
from .gatt.fetch import Amount, Block, Manner, Trouble
from .gatt.firmware import UploadTrouble
from .life import Doing
from .sports import Sport
from .wearer import Policy

_MOST_TIMES = 1000
_PAGE = Path(__file__).with_name("page.html")
# The page needs nothing from anywhere, and may not fetch anything either.
_POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline';"
    " style-src 'unsafe-inline'; img-src 'self' data:"
)


class _Served(NamedTuple):
    bands: tuple[EmulatedBand, ...]


_SERVED = web.AppKey("served", _Served)


class BadRequest(ValueError):
    """A control cannot be done like this; says why."""


class Fields:
    """The JSON object of a request, read field by field."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given

    def _take[T](self, name: str, kind: type[T], default: T | None) -> T:
        value = self._given.get(name, default)
        # A bool is an int in Python, but not in JSON.
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        raise BadRequest(f"{name} is missing or not of the type {kind.__name__}")

    def integer(self, name: str, default: int | None = None) -> int:
        """Take a whole number."""
        return self._take(name, int, default)

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """Take a truth value."""
        return self._take(name, bool, default)

    def text(self, name: str, default: str | None = None) -> str:
        """Take a string."""
        return self._take(name, str, default)

    def seconds(self, name: str) -> float:
        """Take a time that is not negative."""
        value = self._given.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BadRequest(f"{name} is missing or no time")
        return float(value)

    def updated[T: Manner | Trouble | UploadTrouble](self, base: T) -> T:
        """Take the fields of a dataclass that differ; bytes are hex digits, tuples lists."""
        changed: dict[str, Any] = {}
        kinds = {field.name: field.type for field in dataclasses.fields(base)}
        for name, value in self._given.items():
            if name not in kinds:
                raise BadRequest(f"there is no {name}")
            read = _READERS[str(kinds[name])]
            if value is None and "None" not in str(kinds[name]):
                raise BadRequest(f"{name} cannot be null")
            try:
                changed[name] = None if value is None else read(value)
            except (TypeError, ValueError) as error:
                raise BadRequest(f"{name}: {error}") from None
        return dataclasses.replace(base, **changed)

    def without(self, name: str) -> Fields:
        """Leave a field out."""
        return Fields({key: value for key, value in self._given.items() if key != name})

    def number_or_none(self, name: str) -> int | None:
        """Take a whole number, or null."""
        return None if self._given.get(name) is None else self.integer(name)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("no whole number")


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("neither true nor false")


def _hex(value: object) -> bytes:
    return bytes.fromhex(str(value))


def _wholes(value: object) -> tuple[int, ...]:
    if isinstance(value, list):
        return tuple(_whole(one) for one in value)
    raise ValueError("no list")


# By the annotation of a field.
_READERS: dict[str, Callable[[object], object]] = {
    str(kind): read
    for kind, read in (
        (bool, _truth),
        (int, _whole),
        (int | None, _whole),
        (bytes, _hex),
        (bytes | None, _hex),
        (tuple[int, ...], _wholes),
        (float, lambda value: _whole(value) if isinstance(value, int) else float(str(value))),
        (Amount, lambda value: Amount(str(value))),
        (Block | int, lambda value: Block(value) if isinstance(value, str) else _whole(value)),
    )
}

type Act = Callable[[EmulatedBand, Fields], Awaitable[None] | None]


class Control(NamedTuple):
    """One thing that can be done, and how it is asked for."""

    act: Act
    fields: Mapping[str, Json] = MappingProxyType({})
    """An example of the fields."""


def _sleep(band: EmulatedBand, fields: Fields) -> None:
    if fields.flag("asleep", default=True):
        band.wearer.fall_asleep()
    else:
        band.wearer.wake_up()


def _wear(band: EmulatedBand, fields: Fields) -> None:
    if fields.flag("worn"):
        band.wearer.put_on()
    else:
        band.wearer.take_off()


def _find_phone(band: EmulatedBand, fields: Fields) -> None:
    match fields.text("action", "start"):
        case "start":
            band.wearer.find_phone()
        case "stop":
            band.wearer.stop_finding_phone()
        case _:
            raise BadRequest("action is start or stop")


def _policy(band: EmulatedBand, fields: Fields) -> None:
    band.wearer.policy = Policy(fields.text("policy"))


async def _power(band: EmulatedBand, fields: Fields) -> None:
    if fields.flag("on"):
        await band.power_on()
    else:
        await band.power_off()


def _records(band: EmulatedBand, fields: Fields) -> None:
    band.records = fields.updated(band.records)


def _times(fields: Fields, name: str) -> int:
    """Take how often something happens; each time is held until then."""
    times = fields.integer(name, 1)
    if not 0 <= times <= _MOST_TIMES:
        raise BadRequest(f"{name} is not 0 to {_MOST_TIMES}")
    return times


def _trouble(band: EmulatedBand, fields: Fields) -> None:
    rounds = _times(fields, "rounds")
    if rounds == 0:
        band.faults.forgive_records()
    else:
        band.faults.records(fields.without("rounds").updated(Trouble()), rounds)


def _upload_trouble(band: EmulatedBand, fields: Fields) -> None:
    times = _times(fields, "times")
    if times == 0:
        band.faults.forgive_uploads()
    else:
        band.faults.upload(fields.without("times").updated(UploadTrouble()), times)


def _chosen[T: Enum](kind: type[T], name: str) -> T:
    try:
        return kind[name.upper()]
    except KeyError:
        raise BadRequest(f"{name!r} is none of {', '.join(kind.__members__).lower()}") from None


def _work_out(band: EmulatedBand, fields: Fields) -> None:
    band.wearer.work_out(
        _chosen(Sport, fields.text("sport")),
        fields.integer("minutes"),
        phone=fields.flag("phone", default=False),
        paused=fields.integer("paused", 0),
    )


def _live(band: EmulatedBand, fields: Fields) -> None:
    band.wearer.live(fields.seconds("hours"), _chosen(Doing, fields.text("doing")))


CONTROLS: dict[str, Control] = {
    "tap": Control(lambda band, _: band.wearer.tap()),
    "refuse": Control(lambda band, _: band.wearer.refuse()),
    "ignore": Control(lambda band, _: band.wearer.ignore()),
    "policy": Control(_policy, {"policy": "accept"}),
    "walk": Control(lambda band, fields: band.wearer.walk(fields.integer("steps")), {"steps": 100}),
    "heart_rate": Control(
        lambda band, fields: band.wearer.set_heart_rate(fields.integer("bpm")), {"bpm": 72}
    ),
    "sleep": Control(_sleep, {"asleep": True}),
    "wear": Control(_wear, {"worn": False}),
    "charge": Control(
        lambda band, fields: band.wearer.charge(fields.flag("charging", default=True)),
        {"charging": True},
    ),
    "battery": Control(
        lambda band, fields: band.wearer.set_battery(fields.integer("percent")), {"percent": 50}
    ),
    "event": Control(lambda band, fields: band.wearer.event(fields.text("name")), {"name": "tick"}),
    "call_answer": Control(
        lambda band, fields: band.wearer.answer_call(fields.text("answer")), {"answer": "reject"}
    ),
    "music_key": Control(
        lambda band, fields: band.wearer.press_music(fields.text("key")), {"key": "next"}
    ),
    "find_phone": Control(_find_phone, {"action": "start"}),
    "alarm_toggle": Control(
        lambda band, fields: band.wearer.toggle_alarm(fields.integer("slot")), {"slot": 0}
    ),
    "alarm_ring": Control(
        lambda band, fields: band.wearer.ring_alarm(fields.integer("slot")), {"slot": 0}
    ),
    "open_weather": Control(lambda band, _: band.wearer.open_weather()),
    "look_at_the_clock": Control(lambda band, _: band.wearer.look_at_the_clock()),
    "wear_loosely": Control(
        lambda band, fields: band.wearer.wear_loosely(fields.integer("searches")), {"searches": 3}
    ),
    "refuse_setting": Control(
        lambda band, fields: band.faults.refuse(
            bytes.fromhex(fields.text("head")),
            fields.number_or_none("status"),
            fields.integer("count", 1),
        ),
        {"head": "06 02", "status": 4, "count": 1},
    ),
    "alarm_edit": Control(
        lambda band, fields: band.wearer.edit_alarm(
            fields.integer("slot"), fields.integer("hour"), fields.integer("minute")
        ),
        {"slot": 0, "hour": 7, "minute": 30},
    ),
    "workout": Control(
        lambda band, fields: band.wearer.workout(fields.text("step"), fields.integer("type", 1)),
        {"step": "start", "type": 1},
    ),
    "work_out": Control(_work_out, {"sport": "outdoor_running", "minutes": 30, "phone": True}),
    "clock": Control(
        lambda band, fields: band.wearer.shift_clock(fields.integer("minutes")), {"minutes": -30}
    ),
    "live": Control(_live, {"hours": 8, "doing": "light_sleep"}),
    "records": Control(_records, {"block": 232, "delete": False}),
    "trouble": Control(_trouble, {"missing": [3], "rounds": 1}),
    "upload_trouble": Control(_upload_trouble, {"cut_after": 50, "times": 1}),
    "out_of_range": Control(
        lambda band, fields: band.faults.out_of_range(fields.flag("value")), {"value": True}
    ),
    "cut": Control(
        lambda band, fields: band.faults.cut_after(fields.number_or_none("after")), {"after": 3}
    ),
    "delay": Control(
        lambda band, fields: band.faults.delay(fields.seconds("seconds")), {"seconds": 0.2}
    ),
    "lose": Control(
        lambda band, fields: band.faults.lose(
            fields.text("characteristic"), fields.integer("count", 1)
        ),
        {"characteristic": "0007", "count": 1},
    ),
    "double": Control(
        lambda band, fields: band.faults.double(
            fields.text("characteristic"), fields.integer("count", 1)
        ),
        {"characteristic": "0007", "count": 1},
    ),
    "garble": Control(
        lambda band, fields: band.faults.garble(
            fields.text("characteristic"), fields.integer("count", 1)
        ),
        {"characteristic": "0007", "count": 1},
    ),
    "pair_elsewhere": Control(
        lambda band, fields: band.wearer.pair_elsewhere(bytes.fromhex(fields.text("key"))),
        {"key": "000102030405060708090a0b0c0d0e0f"},
    ),
    "reset": Control(lambda band, _: band.wearer.reset()),
    "power": Control(_power, {"on": False}),
}


def _band(request: web.Request) -> EmulatedBand:
    bands = request.app[_SERVED].bands
    index = request.query.get("band", "0")
    if not index.isdecimal() or int(index) >= len(bands):
        raise web.HTTPBadRequest(
            text=json.dumps({"error": f"there is no band {index}"}), content_type="application/json"
        )
    return bands[int(index)]


async def _control(request: web.Request) -> web.Response:
    name = request.match_info["control"]
    control = CONTROLS.get(name)
    if control is None:
        return _error(f"no control is called {name!r}", status=404)
    band = _band(request)
    try:
        given = await request.json() if request.can_read_body else {}
        if not isinstance(given, dict):
            return _error("the fields are an object")
        done = control.act(band, Fields(given))
        if done is not None:
            await done
    except ValueError as error:
        return _error(str(error))
    return web.json_response({"ok": True})


def _error(text: str, *, status: int = 400) -> web.Response:
    return web.json_response({"error": text}, status=status)


async def _state(request: web.Request) -> web.Response:
    return web.json_response(_band(request).snapshot())


async def _violations(request: web.Request) -> web.Response:
    return web.json_response(_band(request).violations)


async def _what_was(request: web.Request) -> web.Response:
    """Give the truth between two minutes since the epoch; the last day of it otherwise."""
    given = [request.query.get(name) for name in ("from", "to")]
    if any(one is not None and not one.isdecimal() for one in given):
        raise web.HTTPBadRequest(
            text=json.dumps({"error": "from and to are minutes since the epoch"}),
            content_type="application/json",
        )
    start, end = (None if one is None else int(one) for one in given)
    return web.json_response(_band(request).truth.as_json(start, end), dumps=_compact)


_compact = partial(json.dumps, separators=(",", ":"))


async def _controls(_request: web.Request) -> web.Response:
    return web.json_response(
        {
            "controls": {name: dict(control.fields) for name, control in CONTROLS.items()},
            "events": list(EVENTS),
            "music_keys": list(MUSIC_KEYS),
            "doings": [doing.name.lower() for doing in Doing if doing],
            "sports": [sport.name.lower() for sport in Sport],
        }
    )


async def _bands(request: web.Request) -> web.Response:
    return web.json_response(
        [
            {"band": index, "address": band.address, "name": band.name}
            for index, band in enumerate(request.app[_SERVED].bands)
        ]
    )


async def _svg(request: web.Request) -> web.Response:
    return web.Response(text=_band(request).draw(), content_type="image/svg+xml")


async def _day(request: web.Request) -> web.Response:
    """Draw the last day that was lived."""
    return web.Response(text=draw_day(_band(request).truth), content_type="image/svg+xml")


async def _view(request: web.Request) -> web.Response:
    """Give the page what it shows, in one go."""
    band = _band(request)
    state = band.snapshot()
    shown = ("address", "profile", "power", "connected", "authenticated", "bound", "worn")
    return web.json_response(
        {name: state[name] for name in (*shown, "asleep", "battery", "steps", "screen", "time")}
        | {
            "svg": band.draw(),
            "vibration": state["vibration"],
            "heart_rate": state["heart_rate"],
            "device": state["device"],
            "calling": state["calling"],
            "stored": band.stored,
            "bands": len(request.app[_SERVED].bands),
            "violations": list(band.violations[-20:]),
        }
    )


async def _page(_request: web.Request) -> web.Response:
    return web.Response(
        text=_PAGE.read_text(),
        content_type="text/html",
        headers={"Content-Security-Policy": _POLICY},
    )


def application(bands: Sequence[EmulatedBand]) -> web.Application:
    """Make the web application of some bands."""
    app = web.Application()
    app[_SERVED] = _Served(tuple(bands))
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/state", _state),
            web.get("/violations", _violations),
            web.get("/controls", _controls),
            web.get("/truth", _what_was),
            web.get("/bands", _bands),
            web.get("/screen.svg", _svg),
            web.get("/day.svg", _day),
            web.get("/view", _view),
            web.post("/{control}", _control),
        ]
    )
    return app


class ControlPort:
    """A web server for some bands, on loopback unless told otherwise."""

    def __init__(
        self, bands: Sequence[EmulatedBand], *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        # No log of every poll, and no waiting for a browser that keeps its connection open.
        self._runner = web.AppRunner(application(bands), access_log=None, shutdown_timeout=0.2)
        self._host = host
        self.port = port
        """0 until started, when any port will do."""

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{self._host}:{self.port}/"

    async def start(self) -> None:
        """Begin to listen."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close everything."""
        await self._runner.cleanup()
