"""Run a module so that it reaches loopback only and ends when its parent ends.

Usage: `python -P loopback.py MODULE [ARGUMENTS]`, with a pipe of the parent as standard input.

A home of its own must stay reachable from the browser beside it, so it cannot live in a network
namespace. Two settings of Home Assistant get near: the stored address of the web server, and the
stored choice of network adapters. What they leave is closed here:

- zeroconf still listens on every interface when no adapter but `lo` is chosen;
- names are resolved by a C library which asks the machine's name servers (for the icon of every
  integration that the browser shows).

Home Assistant itself is the released one, file by file. The rule underneath holds for every module:
an audit hook refuses any Python socket that wants to bind or reach anything but loopback. It has
one gap: a name that is given to `connect` itself is looked up before the hook is asked. Whoever
connects by name (asyncio, urllib3, `create_connection`) calls `getaddrinfo` first, and that is
refused.
"""

import errno
import ipaddress
import os
import runpy
import signal
import sys
import threading
import time
from unittest.mock import patch

GRACE_S = 30.0
_ADDRESS_EVENTS = frozenset({"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"})
_NAME_EVENTS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def is_loopback(host: object) -> bool:
    """Tell whether a host, as Python's socket functions take it, is this machine alone."""
    match host:
        case bytes() | bytearray():
            return is_loopback(host.decode("ascii", "replace"))
        case "localhost":
            return True
        case str():
            try:
                return ipaddress.ip_address(host.partition("%")[0]).is_loopback
            except ValueError:
                return False
        case _:
            return False


def refuse_other_hosts(event: str, args: tuple[object, ...]) -> None:
    """Audit hook: to this process no network but loopback exists.

    Raises:
        OSError: the address is not loopback; what a machine without a network would say.
    """
    if event in _ADDRESS_EVENTS:
        # Addresses of other families (unix, netlink) are no such pair.
        match args[1]:
            case (host, int(), *_) if isinstance(host, str):
                allowed = is_loopback(host)
            case _:
                return
    elif event in _NAME_EVENTS:
        # Without a name this asks for an address to bind, and that is looked at when it is bound.
        host = args[0]
        allowed = host is None or is_loopback(host)
    else:
        return
    if not allowed:
        raise OSError(errno.ENETUNREACH, f"{event} outside loopback is refused here", str(host))


def end_with_parent() -> None:
    """End this process when the other end of its standard input is gone.

    The parent stops its children itself; this is for a parent that was killed.
    """

    def watch() -> None:
        # Not sys.stdin: a thread that waits inside it is fatal when the interpreter ends.
        while os.read(0, 64):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()


def keep_home_assistant_inside() -> None:
    """Replace the two parts of Home Assistant that no setting keeps on loopback."""
    # Only here, because the import takes seconds and the other children do not need it.
    from aiohttp.resolver import ThreadedResolver  # noqa: PLC0415
    from homeassistant.components import zeroconf  # noqa: PLC0415
    from homeassistant.components.zeroconf.models import HaZeroconf  # noqa: PLC0415
    from homeassistant.helpers import aiohttp_client  # noqa: PLC0415

    class LoopbackZeroconf(HaZeroconf):
        """Zeroconf without a listener, on a port of its own of the loopback interface."""

        def __init__(self, **_: object) -> None:
            super().__init__(interfaces=["127.0.0.1"], unicast=True)

    class LoopbackResolver(ThreadedResolver):
        """Asks Python for addresses, thus the audit hook, instead of the C library."""

        def __init__(self, **_: object) -> None:
            super().__init__()

        async def real_close(self) -> None:
            """End, by the name that Home Assistant's own resolver has for it."""
            await self.close()

    # For the life of the process: nothing stops these patches.
    patch.object(zeroconf, "HaZeroconf", LoopbackZeroconf).start()
    patch.object(aiohttp_client, "HassAsyncDNSResolver", LoopbackResolver).start()


def main() -> None:
    """Run the module that the command line names."""
    sys.argv = sys.argv[1:]
    module = sys.argv[0]
    end_with_parent()
    sys.addaudithook(refuse_other_hosts)
    if module == "homeassistant":
        keep_home_assistant_inside()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
