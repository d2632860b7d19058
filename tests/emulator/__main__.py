"""Run emulated bands behind emulated Bluetooth proxies: `python -m tests.emulator`."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
import hashlib
from pathlib import Path
import re
import signal
import sys
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .band import ADDRESS, NAME, PROFILES, EmulatedBand
from .gatt.device_info import Identity
from .page import ControlPort
from .proxy import EmulatedProxy
from .radio import Radio
from .wearer import Policy

_HOST = "127.0.0.1"
_MOMENT_S = 2.0
_EPILOG = """\
profiles:
  bound          has a key, and takes whoever shows it; visible too while connected: visible
  bound_04, bound_07, bound_08
                 bound with a key that the client does not have, which is told by this status
  v1_new         new, takes a key after a tap; whose wearer says no: v1_refuses, nothing: v1_ignores
  v2_new         new, wants the vendor's signature: --verify-key
  silent_auth    says nothing to whoever shows a key; drops_on_auth hangs up
  battery_low    at 4 %

It prints `proxy HOST:PORT` for each proxy, to be added to Home Assistant as an ESPHome device,
`page URL` for people, with the same as JSON (URL/controls says what can be done, URL/violations
what clients did wrong), and `band ADDRESS` for each band; it ends on Ctrl+C.
"""


def _key(text: str) -> bytes:
    """Read a key of 32 hex digits, with or without 0x."""
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 16:
        raise argparse.ArgumentTypeError("a key has 32 hex digits")
    return key


def _verify_key(path: str) -> ec.EllipticCurvePublicKey:
    """Read a public key from a PEM file."""
    try:
        key = load_pem_public_key(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"no public key in {path}: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise argparse.ArgumentTypeError("the vendor's key is one of an elliptic curve")
    return key


def _zone(name: str) -> ZoneInfo:
    """Find a time zone by its name in the IANA database."""
    try:
        return ZoneInfo(name)
    except ValueError, ZoneInfoNotFoundError:
        raise argparse.ArgumentTypeError(f"no time zone is called {name!r}") from None


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number within bounds."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return number

    return read


def _address(text: str) -> str:
    """Read a Bluetooth address."""
    if not re.fullmatch("[0-9A-F]{2}(:[0-9A-F]{2}){5}", text.upper()):
        raise argparse.ArgumentTypeError(f"{text!r} is no address like {ADDRESS}")
    return text.upper()


def _name(text: str) -> str:
    """Read a name that a scan response has room for."""
    if not 1 <= len(text.encode()) <= 16:
        raise argparse.ArgumentTypeError("a name has 1 to 16 bytes")
    return text


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulator",
        description="Emulated Mi Smart Bands behind emulated Bluetooth proxies, on loopback.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    port = _whole(0, 65535)
    parser.add_argument(
        "--proxy-port", type=port, default=0, metavar="PORT", help="first proxy; 0 is any"
    )
    parser.add_argument(
        "--control-port", type=port, default=0, metavar="PORT", help="page and JSON; 0 is any"
    )
    parser.add_argument("--host", default=_HOST, help="where both listen; loopback by default")
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        nargs="+",
        default=["bound"],
        metavar="PROFILE",
        help="of the first band, the second, ...; further ones are like the last",
    )
    parser.add_argument(
        "--key", type=_key, help="32 hex digits, of a bound band; else it has one nobody knows"
    )
    parser.add_argument(
        "--verify-key",
        type=_verify_key,
        metavar="FILE",
        help="PEM, the vendor's public key; without one no signature is right",
    )
    parser.add_argument("--days", type=_whole(0, 3650), default=14, help="of minutes behind it")
    parser.add_argument("--seed", type=int, default=1, help="for these days")
    parser.add_argument(
        "--zone", type=_zone, metavar="NAME", help="where the wearer is; else this machine's zone"
    )
    parser.add_argument(
        "--address", type=_address, default=ADDRESS, help="of the first band; the next count on"
    )
    parser.add_argument("--name", type=_name, default=NAME, help="of all of them")
    parser.add_argument(
        "--policy",
        choices=list(Policy),
        help="what the wearer does when the band asks for a tap; manual waits for the page",
    )
    parser.add_argument(
        "--bands", type=_whole(1, 256), default=1, help="at least one for each profile"
    )
    parser.add_argument("--off", action="store_true", help="they wait to be switched on")
    parser.add_argument("--proxies", type=_whole(0, 16), default=1, help="how many; 0 is none")
    parser.add_argument(
        "--slots", type=_whole(0, 16), default=3, help="connections that a proxy holds"
    )
    return parser.parse_args()


def _band(radio: Radio, options: argparse.Namespace, index: int) -> EmulatedBand:
    """Make a band; the ones after the first have addresses and serials of their own."""
    address, serial = options.address, Identity().serial
    if index:
        last = (int(address.rpartition(":")[2], 16) + index) % 256
        address = f"{address.rpartition(':')[0]}:{last:02X}"
        serial = hashlib.sha256(address.encode()).hexdigest()[:12]
    band = EmulatedBand(
        radio,
        address=address,
        name=options.name,
        profile=options.profile[min(index, len(options.profile) - 1)],
        key=options.key,
        verify_key=options.verify_key,
        days=options.days,
        seed=options.seed + index,
        zone=options.zone,
        identity=Identity(serial=serial),
        advertising_interval_s=0.5,
    )
    if options.policy:
        band.wearer.policy = Policy(options.policy)
    return band


async def _live(bands: Sequence[EmulatedBand]) -> None:
    """Let alarms and reminders come at their time."""
    while True:
        await asyncio.sleep(_MOMENT_S)
        for band in bands:
            if band.powered:
                band.wearer.look_at_the_clock()


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        radio = await stack.enter_async_context(Radio())
        count = max(options.bands, len(options.profile))
        bands = [_band(radio, options, index) for index in range(count)]
        for band in bands:
            stack.push_async_callback(band.power_off)
            if not options.off:
                await band.power_on()
        for index in range(options.proxies):
            proxy = EmulatedProxy(
                radio,
                name=f"emulated-proxy-{index + 1}",
                host=options.host,
                port=options.proxy_port + index if options.proxy_port else 0,
                slots=options.slots,
            )
            stack.push_async_callback(proxy.stop)
            await proxy.start()
            print(f"proxy {options.host}:{proxy.port}", flush=True)
        port = ControlPort(bands, host=options.host, port=options.control_port)
        stack.push_async_callback(port.stop)
        await port.start()
        print(f"page {port.url}", flush=True)
        for band in bands:
            print(f"band {band.address}", flush=True)
        living = asyncio.create_task(_live(bands))
        await stop.wait()
        living.cancel()
        await asyncio.wait({living})


def main() -> None:
    """Run until interrupted or terminated."""
    options = _options()
    try:
        asyncio.run(_run(options))
    except OSError as error:
        # A port that is taken, or a host that is not this machine.
        sys.exit(f"python -m tests.emulator: {error}")


if __name__ == "__main__":
    main()
