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

One part of the integration lies beyond loopback by its nature: the maker's account service. Where
the environment names another address, the integration finds it there, as if it had been written so.
"""

from collections.abc import Sequence
import errno
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
import ipaddress
import os
import runpy
import signal
import sys
import threading
import time
from types import ModuleType
from typing import override
from unittest.mock import patch

GRACE_S = 30.0
VENDOR_VARIABLE = "MI_BAND_VENDOR"
"""Holds the address of the maker's service, with `{host}` in it for the name of each host."""
_VENDOR_MODULE = "custom_components.mi_band.account_constants"
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


class VendorElsewhere:
    """Finder of the one module that says where the maker's service is; says it lies elsewhere.

    The integration is imported from Home Assistant's folder when its first flow begins, so there
    is nothing to patch before.
    """

    def __init__(self, base: str) -> None:
        self._base = base

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find that module, and leave every other to the other finders."""
        spec = PathFinder.find_spec(name, path, target) if name == _VENDOR_MODULE else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _VendorLoader(self._base, spec.loader)
        return spec


class _VendorLoader(SourceFileLoader):
    def __init__(self, base: str, original: SourceFileLoader) -> None:
        super().__init__(original.name, original.path)
        self._base = base

    @override
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        vars(module)["VENDOR"] = module.Vendor(base=self._base)


def main() -> None:
    """Run the module that the command line names."""
    sys.argv = sys.argv[1:]
    module = sys.argv[0]
    end_with_parent()
    sys.addaudithook(refuse_other_hosts)
    if module == "homeassistant":
        keep_home_assistant_inside()
        if vendor := os.environ.get(VENDOR_VARIABLE):
            sys.meta_path.insert(0, VendorElsewhere(vendor))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
