"""The control port, and the emulator as a process of its own."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
import contextlib
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
import re
import signal
import sys
from typing import Any, override

import aiohttp
import pytest

from tests.emulator.band import ADDRESS, EmulatedBand
from tests.emulator.gatt.fetch import Amount, Block, Manner
from tests.emulator.page import CONTROLS, ControlPort
from tests.emulator.radio import Radio
from tests.emulator.screen import Kind

pytestmark = pytest.mark.usefixtures("loopback")
ROOT = Path(__file__).parents[2]
SECOND = "F3:4E:C4:1E:46:10"


class Remote:
    """A browser without a screen."""

    def __init__(self, http: aiohttp.ClientSession, bands: list[EmulatedBand]) -> None:
        self._http = http
        self.bands = bands

    async def get(self, path: str) -> Any:
        async with self._http.get(path) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def text(self, path: str) -> str:
        async with self._http.get(path) as response:
            return await response.text()

    async def post(self, path: str, fields: Mapping[str, object] | None = None) -> tuple[int, Any]:
        async with self._http.post(path, json=fields) as response:
            return response.status, await response.json()


@pytest.fixture
async def remote(radio: Radio, loopback: None) -> AsyncGenerator[Remote]:
    bands = [
        EmulatedBand(radio, address=address, days=0, tick_s=0.01) for address in (ADDRESS, SECOND)
    ]
    port = ControlPort(bands)
    async with contextlib.AsyncExitStack() as stack:
        for band in bands:
            stack.push_async_callback(band.power_off)
            await band.power_on()
        stack.push_async_callback(port.stop)
        await port.start()
        yield Remote(await stack.enter_async_context(aiohttp.ClientSession(port.url)), bands)


async def test_the_state_is_the_bands(remote: Remote) -> None:
    state = await remote.get("/state")
    assert state["address"] == ADDRESS
    assert (await remote.get("/state?band=1"))["address"] == SECOND
    assert await remote.get("/violations") == []
    assert [one["address"] for one in await remote.get("/bands")] == [ADDRESS, SECOND]


@pytest.mark.parametrize("name", [name for name in CONTROLS if name not in {"reset", "power"}])
async def test_every_control_does_something_with_its_example(remote: Remote, name: str) -> None:
    status, answer = await remote.post(f"/{name}", dict(CONTROLS[name].fields))
    # Nobody calls, and there is no alarm yet.
    if name in {"call_answer", "alarm_toggle", "alarm_edit", "alarm_ring"}:
        assert status == 400
        assert answer["error"]
    else:
        assert (status, answer) == (200, {"ok": True})


async def test_controls_reach_the_band_they_are_for(remote: Remote) -> None:
    first, second = remote.bands
    await remote.post("/walk", {"steps": 50})
    await first.wait_for(lambda: first.steps == 50)
    assert second.steps == 0
    await remote.post("/battery?band=1", {"percent": 9})
    assert "9 %" in second.screen.text
    await remote.post("/charge", {"charging": True})
    assert first.screen.kind is Kind.CHARGING
    await remote.post("/wear", {"worn": False})
    assert first.snapshot()["worn"] is False
    await remote.post("/power", {"on": False})
    assert not first.powered


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/walk", None),
        ("/walk", {"steps": "many"}),
        ("/walk", {"steps": True}),
        ("/walk", {"steps": -1}),
        ("/walk", {"steps": 10**12}),
        ("/heart_rate", {"bpm": 5}),
        ("/battery", {"percent": 101}),
        ("/event", {"name": "sneezed"}),
        ("/music_key", {"key": "shout"}),
        ("/find_phone", {"action": "throw"}),
        ("/policy", {"policy": "whatever"}),
        ("/pair_elsewhere", {"key": "0102"}),
        ("/pair_elsewhere", {"key": "no key"}),
        ("/delay", {"seconds": -1}),
        ("/lose", {"characteristic": "abcd"}),
        ("/wear", {"worn": 1}),
        ("/live", {"hours": 8, "doing": "nothing"}),
        ("/live", {"hours": 0, "doing": "walking"}),
        ("/live", {"hours": 1e300, "doing": "walking"}),
        ("/work_out", {"sport": "chess", "minutes": 30}),
        ("/work_out", {"sport": "walking", "minutes": 0}),
        ("/work_out", {"sport": "walking", "minutes": 10**12}),
        ("/records", {"blocks": 3}),
        ("/records", {"block": "week"}),
        ("/records", {"delete": 1}),
        ("/records", {"packet": True}),
        ("/records", {"block": None}),
        ("/trouble", {"rounds": 10**12}),
        ("/trouble", {"rounds": -1}),
        ("/trouble", {"missing": 3}),
        ("/trouble", {"stray": "xy"}),
        ("/trouble", {"packet_s": "slow"}),
        ("/clock", {"minutes": "late"}),
        ("/clock", {"minutes": 10**12}),
        ("/upload_trouble", {"times": 10**12}),
        ("/upload_trouble", {"init": "no"}),
        ("/upload_trouble", {"inits": 4}),
        ("/cut", {"after": "soon"}),
        ("/state?band=9", None),
        ("/tap?band=9", None),
    ],
)
async def test_nonsense_is_answered_with_400(
    remote: Remote, path: str, fields: dict[str, object] | None
) -> None:
    if path.startswith("/state"):
        async with remote._http.get(path) as response:
            assert response.status == 400
            assert (await response.json())["error"]
        return
    status, answer = await remote.post(path, fields)
    assert status == 400
    assert answer["error"]


async def test_stored_records_are_arranged_from_outside(remote: Remote) -> None:
    band = remote.bands[0]
    assert (await remote.post("/records", {"block": 232, "packet": None}))[0] == 200
    assert band.records == Manner(block=232, packet=None)
    assert (await remote.post("/records", {"block": "all", "amount": "bytes"}))[0] == 200
    assert band.records == Manner(block=Block.ALL, packet=None, amount=Amount.BYTES)
    fields = {"rounds": 2, "missing": [1, 2], "stray": "00ff", "cut_after": None, "packet_s": 0.1}
    assert (await remote.post("/trouble", fields))[0] == 200
    assert (await remote.get("/state"))["records"]["troubles"] == 2
    assert (await remote.post("/trouble", {"rounds": 0}))[0] == 200
    assert (await remote.get("/state"))["records"]["troubles"] == 0


async def test_the_truth_is_told(remote: Remote) -> None:
    await remote.post("/live", {"hours": 3, "doing": "light_sleep"})
    await remote.post("/work_out", {"sport": "treadmill", "minutes": 20})
    truth = await remote.get("/truth")
    assert len(truth["minutes"]) == 180
    assert [row[0] for row in truth["minutes"]] == list(range(truth["first"], truth["last"]))
    assert sum(row[3] for row in truth["minutes"][-20:]) == truth["workouts"][0]["steps"] > 2000
    (slept,) = truth["sleeps"]
    assert slept["end"] - slept["start"] <= 160
    assert truth["lost"] == []
    last = truth["last"]
    part = await remote.get(f"/truth?from={last - 5}&to={last - 2}")
    assert [row[0] for row in part["minutes"]] == [last - 5, last - 4, last - 3]
    async with remote._http.get("/truth?from=yesterday") as answer:
        assert answer.status == 400
    view = await remote.get("/view")
    assert (view["stored"]["minutes"], view["stored"]["workouts"]) == (180, 1)
    drawing = await remote.text("/day.svg")
    assert drawing.startswith("<svg")
    assert drawing.count("<rect") > 20


async def test_the_clock_can_be_wrong(remote: Remote) -> None:
    before = datetime.fromisoformat((await remote.get("/state"))["time"]["wall"])
    await remote.post("/clock", {"minutes": -90})
    after = datetime.fromisoformat((await remote.get("/state"))["time"]["wall"])
    assert timedelta(minutes=-91) < after - before < timedelta(minutes=-89)


async def test_an_unknown_control_is_not_found(remote: Remote) -> None:
    status, answer = await remote.post("/fly")
    assert status == 404
    assert "fly" in answer["error"]
    async with remote._http.post("/tap", data="{", headers={"Content-Type": "text/plain"}) as bad:
        assert bad.status == 400
    async with remote._http.post("/tap", json=[1]) as bad:
        assert bad.status == 400


async def test_the_screen_is_a_drawing_with_its_text(remote: Remote) -> None:
    await remote.post("/charge", {"charging": True})
    drawing = await remote.text("/screen.svg")
    assert drawing.startswith("<svg")
    assert "Charging" in drawing
    view = await remote.get("/view")
    assert view["screen"]["text"].startswith("Charging")
    assert view["svg"] == drawing


class _Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.controls: list[str] = []
        self.links: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if "data-control" in given:
            self.controls.append(given["data-control"])
            assert given["id"] == given["data-testid"]
        self.links += [given[name] for name in ("src", "href") if name in given]


async def test_the_page_needs_nothing_from_elsewhere_and_names_its_controls(
    remote: Remote,
) -> None:
    text = await remote.text("/")
    page = _Page()
    page.feed(text)
    assert page.links == ["data:,"]
    assert not re.search(r"https?://", text)
    assert len(page.ids) == len(set(page.ids))
    assert {"screen", "screen-text", "tap", "refuse", "walk", "walk-steps"} <= set(page.ids)
    assert set(page.controls) <= set(CONTROLS)
    # What the page leaves to tests.
    assert set(CONTROLS) - set(page.controls) == {
        "policy",
        "pair_elsewhere",
        "alarm_toggle",
        "alarm_edit",
        "alarm_ring",
        "workout",
        "refuse_setting",
        "wear_loosely",
    }
    assert set(re.findall(r'byId\("([^"]+)"\)', text)) <= set(page.ids)


async def test_the_emulator_runs_alone_and_ends_when_it_is_told(loopback: None) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.emulator", "--profile", "bound", "v1_new", "--days", "2"),
        *("--off", "--proxies", "2"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            lines = [(await process.stdout.readline()).decode().split() for _ in range(5)]
        assert [line[0] for line in lines] == ["proxy", "proxy", "page", "band", "band"]
        assert lines[3][1] == ADDRESS
        async with (
            aiohttp.ClientSession(lines[2][1]) as http,
            http.post("/power", params={"band": 1}, json={"on": True}) as switched,
            http.get("/state", params={"band": 0}) as first,
            http.get("/state", params={"band": 1}) as second,
        ):
            assert switched.status == 200
            states = await first.json(), await second.json()
        told = [(state["address"], state["bound"], state["power"]) for state in states]
        assert told == [(ADDRESS, True, False), (SECOND, False, True)]
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            _, errors = await process.communicate()
        assert process.returncode == 0
        assert errors == b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("option", ["--key=zz", "--profile=nobody", "--verify-key=/nowhere"])
async def test_the_command_line_says_what_is_wrong(option: str, loopback: None) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.emulator", option),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert option.partition("=")[0] in errors.decode()
