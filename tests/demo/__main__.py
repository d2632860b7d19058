"""Run the demonstration: `python -m tests.demo [--ready]`. Ctrl-C ends it."""

import argparse
import asyncio
from collections.abc import Iterator
import contextlib
from pathlib import Path
import signal
import sys
import tempfile

from .dashboard import add_dashboard, measure_once
from .home import Home, home, remember
from .lab import BandOptions
from .pairing import pair
from .process import ChildEndedError, free_port, is_free
from .server import DOMAIN, PASSWORD, USER, HomeAssistantError

_HOME_ASSISTANT_PORT = 8123
_PAGE_PORT = 8124
# The key of the emulated band that has one; a real band's is a secret, this one is printed.
_KEY = "4d692042616e64203420646f6e7421e5"

_WAITING = """\

Home Assistant   {server}
                 user {user}, password {password}
The band         {page}

1. Open both addresses beside each other and sign in to Home Assistant.
2. Settings > Devices & services shows "Mi Smart Band 4" as discovered: press Add.
3. Choose "{method}"{hint}
4. Make it walk on the band's page, and look at its steps in Home Assistant.

Only this machine can reach them. Ctrl-C ends everything.
"""
_READY = """\

Home Assistant   {server}
                 user {user}, password {password}
The band         {page}

The band is paired. Make it walk on its page, send it a message, press its buttons.
What it recorded in the days before arrives within seconds: the dashboard shows two weeks of it.

Only this machine can reach them. Ctrl-C ends everything.
"""


def main() -> int:
    """Run until somebody ends it; give the exit code."""
    options = _options()
    if taken := [port for port in (options.port, options.page_port) if port and not is_free(port)]:
        _say(f"Something else listens on port {taken[0]} of this machine.")
        return 1
    try:
        with _folder(options.keep) as folder:
            asyncio.run(_demonstrate(folder, options))
    except KeyboardInterrupt:
        _say("Stopped; nothing is left running.")
        return 0
    except (ChildEndedError, HomeAssistantError, TimeoutError) as error:
        _say(f"The demonstration cannot go on. {error}")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/demo",
        description="A real Home Assistant and an emulated Mi Smart Band 4, on loopback only.",
    )
    parser.add_argument("--ready", action="store_true", help="the band is already paired")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep Home Assistant's folder there and go on with it the next time",
    )
    parser.add_argument(
        "--port", type=int, help=f"of Home Assistant (default {_HOME_ASSISTANT_PORT} or a free one)"
    )
    parser.add_argument(
        "--page-port", type=int, help=f"of the band's page (default {_PAGE_PORT} or a free one)"
    )
    parser.add_argument(
        "--profile",
        choices=("v1_new", "bound", "v2_new"),
        default="v1_new",
        help="a new band that asks for a tap; one whose key you have; "
        "one that wants the vendor's signature",
    )
    parser.add_argument("--days", type=int, default=14, help="that the band remembers")
    parser.add_argument("--seed", type=int, default=1, help="of what it remembers")
    return parser.parse_args()


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give the folder of Home Assistant: the one to keep, or one that is gone afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="mi_band_demo_", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def _demonstrate(folder: Path, options: argparse.Namespace) -> None:
    """Run it until a signal, or until a part of it ends."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    # Not only Ctrl-C: an ended shell, a closed terminal and a killed script end it as well. Who
    # starts it with nohup wants it to outlive the terminal.
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    known_key = remember(folder).key
    band = BandOptions(
        profile="bound" if options.ready or known_key else options.profile,
        key=known_key or _KEY,
        days=options.days,
        seed=options.seed,
    )
    _say("Starting Home Assistant and the band; this takes some seconds.")
    try:
        async with home(
            folder,
            band,
            port=options.port or _port(_HOME_ASSISTANT_PORT),
            page_port=options.page_port or _port(_PAGE_PORT),
        ) as here:
            await _welcome(here, band, ready=options.ready)
            await _until_a_part_ends(here)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _welcome(here: Home, band: BandOptions, *, ready: bool) -> None:
    """Bring it as far as was asked for, and say what to do."""
    added = bool(await here.server.entries(DOMAIN))
    if not added:
        flow = await here.discovered_band()
        if ready and band.key is not None:
            _say("Pairing the band.")
            await pair(here.server, flow["flow_id"], band.key)
            added = True
    if added:
        await add_dashboard(here.server, here.lab.url)
        await measure_once(here.server)
    has_key = band.profile == "bound"
    text = (_READY if added else _WAITING).format(
        server=here.server.url,
        page=here.lab.url,
        user=USER,
        password=PASSWORD,
        method="I have the key" if has_key else "New or just reset: ask the band",
        hint=f" and paste {band.key}." if has_key else ", and tap the band on its page when asked.",
    )
    _say(text)


async def _until_a_part_ends(here: Home) -> None:
    children = (here.server.child, here.lab.child)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(child.ended()) for child in children]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
    for child in children:
        child.check()


def _port(wish: int) -> int:
    return wish if is_free(wish) else free_port()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
