"""Run emulated bands behind emulated Bluetooth proxies: `python -m tests.emulator`."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
import hashlib
from pathlib import Path
import signal
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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulator",
        description="Emulated Mi Smart Bands behind emulated Bluetooth proxies, on loopback.",
    )
    parser.add_argument("--proxy-port", type=int, default=0, help="first proxy; 0 is any")
    parser.add_argument("--control-port", type=int, default=0, help="page and JSON; 0 is any")
    parser.add_argument("--host", default=_HOST)
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        nargs="+",
        default=["bound"],
        help="of the first band, the second, ...; further ones are like the last",
    )
    parser.add_argument("--key", type=_key, help="32 hex digits; of a bound band")
    parser.add_argument("--verify-key", type=_verify_key, help="PEM file; the vendor's public key")
    parser.add_argument("--days", type=int, default=14, help="of minutes behind it")
    parser.add_argument("--seed", type=int, default=1, help="for these days")
    parser.add_argument(
        "--zone", type=_zone, metavar="NAME", help="where the wearer is; else this machine's zone"
    )
    parser.add_argument("--address", default=ADDRESS, help="of the first band")
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--policy", choices=list(Policy), help="what the wearer does when asked")
    parser.add_argument("--bands", type=int, default=1, help="at least one for each profile")
    parser.add_argument("--off", action="store_true", help="they wait to be switched on")
    parser.add_argument("--proxies", type=int, default=1)
    parser.add_argument("--slots", type=int, default=3, help="connections that a proxy holds")
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
    asyncio.run(_run(_options()))


if __name__ == "__main__":
    main()
