"""What the wearer sees after each action and each entity: held to its words, and on one sheet.

A real Home Assistant does each of them over its API. When the emulated band shows what it must, its
screen is drawn, and all drawings are put on sheets for somebody to look at. The settings, of which
a screen shows no more than the time, stand there with what the band holds.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
import contextlib
from dataclasses import dataclass, field
import datetime as dt
from html import escape
from itertools import batched
import json
from pathlib import Path
import shutil
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from tests.demo.home import Home
from tests.demo.lab import TIME_ZONE
from tests.demo.server import DOMAIN
from tests.emulator import files
from tests.on_band import on_band

from .pages import Visit
from .street import Street, add_with_key, entities, until_connected

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SHOWS_ONLY: Final = {
    *("binary_sensor", "calendar", "device_tracker", "event", "image", "sensor"),
}
_UNSEEN: Final = {"export_history", "get_history", "rebuild_statistics"}
"""Actions of which the band learns nothing."""
_CLOCK: Final = "steps"
"""What only the face with the clock says."""
_A_SHEET: Final = 28
_LONGEST_S: Final = 240.0
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FACE: Final = files.watchface()
FIRMWARE: Final = files.firmware("1.0.9.68", size=60_000)
NEWER: Final = files.firmware("1.0.9.70", size=60_000)

type Told = Mapping[str, Any]
"""What the emulated band tells of itself."""
type Controls = tuple[tuple[str, Mapping[str, object]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One thing that somebody does, and what the wearer sees then."""

    subjects: tuple[str, ...]
    """Actions of the integration, or platform and key of entities; done in this order."""
    data: tuple[Mapping[str, object], ...]
    words: tuple[str, ...]
    """All that must be on the screen."""
    before: Controls = ()
    """What the wearer does first."""
    look: Controls = ()
    """What the wearer does to see it."""
    after: Controls = ()
    """What the wearer does to be rid of it."""
    holds: tuple[str, bool | int | str] | None = None
    """A setting that the band must hold, and its value."""
    is_long: bool = False
    """Whether it is seen while it is done."""


_PUT_AWAY: Final[Controls] = (("tap", {}),)
_SLOWLY: Final[Controls] = (("delay", {"seconds": 0.02}),)
_AT_ONCE: Final[Controls] = (("delay", {"seconds": 0}),)
_STOP_CALL: Final[Controls] = (("call_answer", {"answer": "reject"}),)


def _soon(_: Told) -> str:
    """Give a moment in a few minutes, as the wall clock has it."""
    moment = dt.datetime.now(ZoneInfo(TIME_ZONE)) + dt.timedelta(minutes=2)
    return moment.strftime("%Y-%m-%d %H:%M:00")


def _not_these_days(_: Told) -> list[str]:
    """Give two days of the week on which nobody looks: what is set rings when it is told to."""
    today = dt.datetime.now(ZoneInfo(TIME_ZONE)).weekday()
    return [_WEEKDAYS[(today + days) % 7] for days in (3, 4)]


def _within_reach(band: Told) -> int:
    """Give a goal that is a hundred steps away."""
    return int(band["steps"]["today"]) + 100


def action(name: str, *words: str, after: Controls = _PUT_AWAY, **data: object) -> Sight:
    """Give what an action shows until it is put away."""
    return Sight(subjects=(name,), data=(data,), words=words, after=after)


def _alarm(slot: int) -> Sight:
    return Sight(
        subjects=(f"time.alarm_{slot + 1}", f"switch.alarm_{slot + 1}"),
        data=({"time": f"0{slot}:3{slot}:00"}, {"state": True}),
        look=(("alarm_ring", {"slot": slot}),),
        words=(f"0{slot}:3{slot}",),
        after=_PUT_AWAY,
    )


def _setting(entity: str, *words: str, to: bool | str) -> Sight:
    platform, _, key = entity.partition(".")
    name = {"switch": "state", "select": "option"}[platform]
    return Sight(subjects=(entity,), data=({name: to},), words=words or (_CLOCK,), holds=(key, to))


SIGHTS: Final = (
    action(
        "notify",
        "WhatsApp",
        "Alice",
        "Hi there",
        title="Alice",
        message="Hi there",
        icon="whatsapp",
        app_name="WhatsApp",
    ),
    action("notify", "Bob", "Où es-tu ?", title="Bob", message="Où es-tu ?", icon="message"),
    action("notify", "Ann", "The minutes", title="Ann", message="The minutes", icon="email"),
    action(
        "notify", "Alice", "called twice", title="Alice", message="called twice", icon="missed_call"
    ),
    action(
        "notify",
        "Garden",
        "Storm",
        title="Storm",
        message="Close the windows before you go.",
        icon="weather",
        app_name="Garden",
    ),
    action("notify", "شروق", title="شروق", message="الغسالة انتهت"),
    action("notify", "洗衣机", title="洗衣机", message="衣服洗好了"),
    action("notify", "Party", title="Party", message="Tonight 🎉👨‍👩‍👧‍👦 at 8"),
    action(
        "notify", "Tonight", title="Party", message="Tonight 🎉👨‍👩‍👧‍👦 at 8", transliterate=True
    ),
    action(
        "notify",
        "2/2",
        title="Recipe",
        message="Peel, cut, boil and mash. " * 14,
        split=True,
        after=_PUT_AWAY * 2,
    ),
    Sight(
        subjects=("notify.wrist",),
        data=({"title": "Door", "message": "Somebody rang."},),
        words=("Door", "Somebody rang."),
        after=_PUT_AWAY,
    ),
    Sight(
        subjects=("call",),
        data=({"caller": "Front door"},),
        words=("Front door", "Incoming"),
        after=_STOP_CALL,
        is_long=True,
    ),
    Sight(
        subjects=("ask",),
        data=({"question": "Garage is open. Close it?"},),
        words=("Garage is open. Close it?",),
        after=_STOP_CALL,
        is_long=True,
    ),
    Sight(subjects=("find_band",), data=({"duration": 5},), words=("Find band",)),
    Sight(subjects=("find_band",), data=({"stop": True},), words=(_CLOCK,)),
    Sight(subjects=("button.find",), data=({},), words=("Find band",), after=_PUT_AWAY),
    Sight(
        subjects=("stop_find_phone",),
        data=({},),
        before=(("find_phone", {"action": "start"}),),
        words=(_CLOCK,),
    ),
    Sight(
        subjects=("set_alarm",),
        data=({"alarm": 1, "time": "07:30", "days": _not_these_days},),
        look=(("alarm_ring", {"slot": 0}),),
        words=("07:30",),
        after=_PUT_AWAY,
    ),
    *(_alarm(slot) for slot in range(10)),
    Sight(
        subjects=("set_reminder",),
        data=({"reminder": 1, "text": "Take pills", "when": _soon},),
        look=(("clock", {"minutes": 3}), ("look_at_the_clock", {})),
        words=("Take pills",),
        after=(*_PUT_AWAY, ("clock", {"minutes": -3})),
    ),
    Sight(
        subjects=("set_weather",),
        data=(
            {
                "condition": "sunny",
                "temperature": 21,
                "air_quality": 42,
                "location": "Madrid",
                "forecast": [
                    {"condition": "rainy", "temperature": 18, "templow": 9},
                    {"condition": "cloudy", "temperature": 15, "templow": -2},
                ],
            },
        ),
        look=(("open_weather", {}),),
        words=("Madrid", "21°", "Air 42", "18/9", "15/-2"),
        after=_PUT_AWAY,
    ),
    Sight(
        subjects=("set_music",),
        data=({"track": "SOS", "artist": "ABBA", "position": 30, "duration": 202, "volume": 50},),
        before=(("music_key", {"key": "open"}),),
        words=("SOS", "ABBA", "/3:22", "Playing"),
    ),
    Sight(
        subjects=("set_music",),
        data=({},),
        words=("No music",),
        after=(("music_key", {"key": "close"}),),
    ),
    Sight(subjects=("sync",), data=({},), words=(_CLOCK,)),
    Sight(subjects=("button.sync",), data=({},), words=(_CLOCK,)),
    Sight(subjects=("button.measure_heart_rate",), data=({},), words=("Heart rate",), is_long=True),
    Sight(
        subjects=("switch.continuous_heart_rate",),
        data=({"state": True},),
        before=(("heart_rate", {"bpm": 72}),),
        words=("Heart rate", "72"),
    ),
    Sight(subjects=("switch.continuous_heart_rate",), data=({"state": False},), words=(_CLOCK,)),
    _setting("select.time_format", "M\n", to="twelve_hours"),
    _setting("select.time_format", to="twenty_four_hours"),
    _setting("select.heart_rate_interval", to="10_min"),
    _setting("select.wear_location", to="right"),
    _setting("select.night_mode", to="sunset"),
    _setting("select.distance_unit", to="imperial"),
    _setting("select.language", to="german"),
    _setting("select.lift_sensitivity", to="sensitive"),
    _setting("switch.sleep_heart_rate", to=True),
    _setting("switch.lift_to_wake", to=True),
    _setting("switch.inactivity_warning", to=True),
    _setting("switch.disconnect_alert", to=True),
    _setting("switch.swipe_lock", to=True),
    _setting("switch.visible_when_connected", to=True),
    _setting("switch.share_heart_rate", to=True),
    _setting("switch.goal_notification", to=True),
    Sight(
        subjects=("number.step_goal",),
        data=({"value": _within_reach},),
        look=(("walk", {"steps": 200}),),
        words=("Goal", "steps"),
        after=_PUT_AWAY,
    ),
    Sight(
        subjects=("install_watchface",), data=({"file": f"{DOMAIN}/face.bin"},), words=("face ",)
    ),
    Sight(
        subjects=("update_firmware",),
        data=({"file": f"{DOMAIN}/new.fw"},),
        words=("Updating", "%"),
        before=_SLOWLY,
        after=_AT_ONCE,
        is_long=True,
    ),
    Sight(
        subjects=("update.firmware",),
        data=({"version": "1.0.9.70"},),
        words=("Updating", "%"),
        before=_SLOWLY,
        after=_AT_ONCE,
        is_long=True,
    ),
    Sight(subjects=("reboot",), data=({},), words=(_CLOCK,)),
    Sight(subjects=("button.reboot",), data=({},), words=(_CLOCK,)),
    Sight(subjects=("unbind",), data=({},), words=("Pair me",)),
)
"""All that one band lives to see; the last one is its end here."""
RESETS: Final = (
    Sight(subjects=("factory_reset",), data=({},), words=("Pair me",)),
    Sight(subjects=("button.factory_reset",), data=({},), words=("Pair me",)),
)
"""Each the end of a band of its own."""

_SERVICES: Final[Mapping[str, str]] = {
    "button": "press",
    "notify": "send_message",
    "number": "set_value",
    "select": "select_option",
    "time": "set_value",
    "update": "install",
}
"""The action of each platform; a switch has two."""


@dataclass(slots=True, kw_only=True)
class Wall:
    """A band in a house, and the pictures of it."""

    here: Home
    device_id: str
    entities: Mapping[str, str]
    """Entity id by platform and key."""
    pictures: list[str] = field(default_factory=list)

    async def see(self, sight: Sight) -> None:
        """Do it, wait for what must be on the screen, and draw that."""
        await self._until_connected()
        await self._control(sight.before)
        doing = asyncio.create_task(self._do(sight))
        if not sight.is_long:
            await doing
        await self._control(sight.look)
        view = await self._until_shown(sight)
        self._draw(sight, view, await self._held(sight))
        await self._control(sight.after)
        await doing

    async def _do(self, sight: Sight) -> None:
        for subject, given in zip(sight.subjects, sight.data, strict=True):
            band = await self.here.lab.state()
            data = {name: one(band) if callable(one) else one for name, one in given.items()}
            platform, _, key = subject.rpartition(".")
            if not platform:
                path, target = f"{DOMAIN}/{key}", {"device_id": self.device_id}
            else:
                on = data.pop("state", None)
                service = _SERVICES.get(platform) or ("turn_on" if on else "turn_off")
                path, target = f"{platform}/{service}", {"entity_id": self.entities[subject]}
            await self.here.server.post(f"/api/services/{path}", {**target, **data})

    async def _control(self, controls: Controls) -> None:
        for name, fields in controls:
            await self.here.lab.control(name, **fields)

    async def _until_connected(self) -> None:
        connected = self.entities["binary_sensor.connected"]

        async def is_on() -> bool:
            return (await self.here.server.states())[connected].state == "on"

        await self.here.server.until(is_on, what="the band is connected", timeout_s=_LONGEST_S)

    async def _until_shown(self, sight: Sight) -> Told:
        async def shown() -> Told | None:
            view = await self.here.lab.view()
            return view if all(word in view["screen"]["text"] for word in sight.words) else None

        what = f"{sight.subjects} show {sight.words}"
        return await self.here.server.until(shown, what=what, timeout_s=_LONGEST_S)

    async def _held(self, sight: Sight) -> object:
        if sight.holds is None:
            return None
        part, name, value = on_band(*sight.holds)
        state = await self.here.lab.until(
            lambda state: state[part][name] == value, what=f"{sight.holds} is on the band"
        )
        return {name: state[part][name]}

    def _draw(self, sight: Sight, view: Told, held: object) -> None:
        lines = [", ".join(sight.subjects), *(json.dumps(held).strip("{}") for _ in [0] if held)]
        caption = "<br>".join(escape(line) for line in lines)
        self.pictures.append(f"<figure>{view['svg']}<figcaption>{caption}</figcaption></figure>")


_STYLE: Final = """
body { margin: 12px; background: #1e293b; color: #e2e8f0; font: 11px DejaVu Sans, sans-serif;
  display: grid; grid-template-columns: repeat(7, 170px); gap: 12px; }
figure { margin: 0; text-align: center; overflow-wrap: anywhere; }
svg { width: 160px; height: 320px; }
"""


async def hang_up(wearer: Visit, pictures: list[str], name: str) -> None:
    """Put pictures on sheets, a few dozen on each."""
    page = await wearer.ha.context.new_page()
    for some in batched(pictures, _A_SHEET, strict=False):
        await page.set_content(f"<style>{_STYLE}</style>{''.join(some)}")
        await wearer.shoot(page, name, full=True)
    await page.close()


async def enable_all(here: Home) -> str:
    """Enable every entity of the band; give the id of its device."""
    registry = await here.server.command("config/entity_registry/list")
    ours = [one for one in registry if one["platform"] == DOMAIN]
    for one in ours:
        if one["disabled_by"]:
            await here.server.command(
                "config/entity_registry/update", entity_id=one["entity_id"], disabled_by=None
            )
    ids = {one["entity_id"] for one in ours}

    async def are_there() -> bool:
        states = await here.server.states()
        # Of those that were enabled just now there is a state that says so.
        return not any(states[one].attributes.get("restored") for one in ids)

    # Home Assistant loads the entry anew by itself, half a minute later.
    await here.server.until(are_there, what="all entities are enabled", timeout_s=_LONGEST_S)
    return str(ours[0]["device_id"])


@contextlib.asynccontextmanager
async def on_the_shelf(wearer: Visit) -> AsyncIterator[None]:
    """Have files for a band in the library."""
    library = wearer.home.server.config_dir / DOMAIN

    def bring() -> None:
        library.mkdir(exist_ok=True)
        for name, content in (("face.bin", FACE), ("new.fw", FIRMWARE), ("newer.fw", NEWER)):
            (library / name).write_bytes(content)

    await asyncio.to_thread(bring)
    try:
        yield
    finally:
        await asyncio.to_thread(shutil.rmtree, library, ignore_errors=True)


@contextlib.asynccontextmanager
async def at_the_wall(street: Street, folder: Path) -> AsyncIterator[tuple[Visit, Wall]]:
    """Have a band with enough in its battery, of which every entity is enabled."""
    async with street.walk("bound", folder) as wearer, on_the_shelf(wearer):
        here = wearer.home
        await add_with_key(wearer)
        await here.lab.control("delay", seconds=0)
        await here.lab.control("battery", percent=77)
        device_id = await enable_all(here)
        await until_connected(wearer)
        by_key = {
            f"{entity_id.partition('.')[0]}.{unique_id.partition('_')[2]}": entity_id
            for entity_id, unique_id in (await entities(here)).items()
        }
        yield wearer, Wall(here=here, device_id=device_id, entities=by_key)


async def test_the_wearer_sees_what_each_action_and_each_entity_does(
    street: Street, artefacts: Path
) -> None:
    async with at_the_wall(street, artefacts) as (wearer, wall):
        actions = next(
            set(one["services"])
            for one in await wall.here.server.get("/api/services")
            if one["domain"] == DOMAIN
        )
        acting = {one for one in wall.entities if one.partition(".")[0] not in _SHOWS_ONLY}
        # This one shows nothing on the band, and stands here for the newer Home Assistant.
        tracker = wall.entities["device_tracker.presence"]
        assert (await wall.here.server.states())[tracker].state == "home"
        sights = (*SIGHTS, *RESETS)
        seen = {subject for sight in sights for subject in sight.subjects}
        assert seen == (actions - _UNSEEN) | acting
        try:
            for sight in SIGHTS:
                await wall.see(sight)
        finally:
            await hang_up(wearer, wall.pictures, "screens")


@pytest.mark.parametrize("sight", RESETS, ids=["action", "button"])
async def test_the_wearer_sees_a_band_that_is_new(
    street: Street, artefacts: Path, sight: Sight
) -> None:
    async with at_the_wall(street, artefacts) as (wearer, wall):
        await wall.see(sight)
        await hang_up(wearer, wall.pictures, "screen")
