"""Run the demonstration where every packet that leaves it is seen, and tell what was seen.

Started in a network and mount namespace of its own. One end of a cable that ends in the same
namespace plays the network card of a machine with a way to the internet and a name server; what the
demonstration sends to anybody but itself goes into it. Prints one JSON object.
"""

import asyncio
import contextlib
import json
from pathlib import Path
import socket
import struct
import subprocess
import sys
import tempfile

from tests.demo.home import home
from tests.demo.lab import BandOptions
from tests.demo.pairing import pair
from tests.demo.process import free_port

KEY = "4d692042616e64203420646f6e7421e5"
_CARD = "card0"
# Addresses of the documentation range: a mistake here would reach nobody either.
_SETUP = f"""\
ip link set lo up
ip link add {_CARD} type veth peer name cable0
ip link set {_CARD} addrgenmode none
ip link set cable0 addrgenmode none
ip link set cable0 up
ip address add 203.0.113.2/24 dev {_CARD}
ip -6 address add 2001:db8::2/64 dev {_CARD} nodad
ip link set {_CARD} up
ip route add default via 203.0.113.1
ip -6 route add default via 2001:db8::1 dev {_CARD}
ip neighbour add 203.0.113.1 lladdr 02:00:00:00:00:01 dev {_CARD}
ip neighbour add 203.0.113.53 lladdr 02:00:00:00:00:35 dev {_CARD}
ip -6 neighbour add 2001:db8::1 lladdr 02:00:00:00:00:01 dev {_CARD}
"""
_ETH_P_ALL = 3
# The kernel reports, up to a second after it got its address, that it listens to the one multicast
# group that belongs to it. A report with any other group in it is longer, or ends otherwise.
_OWN_GROUP = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:2")
_OWN_REPORT_LENGTH = 90


def make_network(folder: Path) -> None:
    """Make a network card, a way out and a name server."""
    for line in _SETUP.splitlines():
        subprocess.run(line.split(), check=True)
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 203.0.113.53\n")
    subprocess.run(("mount", "--bind", resolver, "/etc/resolv.conf"), check=True)


def open_capture() -> socket.socket:
    """Begin to collect what goes through the card."""
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    capture.bind((_CARD, 0))
    capture.settimeout(0)
    return capture


def packets(capture: socket.socket) -> list[str]:
    """Give what has been collected."""
    seen = []
    with contextlib.suppress(BlockingIOError):
        while True:
            packet = capture.recv(2048)
            if not (packet.endswith(_OWN_GROUP) and len(packet) == _OWN_REPORT_LENGTH):
                seen.append(packet.hex(" "))
    return seen


def open_sockets() -> list[str]:
    """Give the local addresses of the sockets in this namespace that are not loopback's."""
    foreign = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local = line.split()[1]
            address, port = local.split(":")
            # Words of 32 bits, each in the order of the machine.
            words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
            raw = struct.pack(f"={len(words)}I", *words)
            family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
            name = socket.inet_ntop(family, raw)
            if not (name.startswith("127.") or name == "::1"):
                foreign.append(f"{table} {name}:{int(port, 16)}")
    return foreign


def send_one_packet() -> None:
    """Send a packet out, as proof that the capture sees what leaves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"seen", ("203.0.113.53", 53))


async def demonstrate(folder: Path) -> list[str]:
    """Do what a demonstration does: start, discover, pair, show an icon.

    Gives the sockets that somebody beyond loopback could reach.
    """
    band = BandOptions(profile="bound", key=KEY)
    async with home(folder, band, port=free_port(), page_port=free_port()) as here:
        flow = await here.discovered_band()
        await pair(here.server, flow["flow_id"], KEY)
        # The server would fetch it from the internet for the browser that shows the proxy's card.
        await here.server.fetch("/api/brands/integration/esphome/icon.png")
        return open_sockets()


def main() -> None:
    """Run in the namespace."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_network(folder)
        capture = open_capture()
        sockets = asyncio.run(demonstrate(folder / "config"))
        sent = packets(capture)
        send_one_packet()
        report = {"sockets": sockets, "sent": sent, "control": packets(capture)}
        json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
