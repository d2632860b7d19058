"""Run a command where there is no network but loopback: `loopback.py COMMAND [ARGUMENT...]`.

Needs no tool that may be missing (`unshare`, `ip`), and no root where the kernel lets users make
namespaces. The command keeps its user.
"""

import errno
import os
from pathlib import Path
import socket
import struct
import sys

# linux/netlink.h, linux/rtnetlink.h, linux/if.h
_NETLINK_ROUTE = 0
_REQUEST_WITH_ACK = 0x1 | 0x4
_CREATE = 0x400
_RTM_NEWLINK = 16
_RTM_NEWROUTE = 24
_IFF_UP = 0x1
_IFF_MULTICAST = 0x1000
_RT_TABLE_MAIN = 254
_RTPROT_BOOT = 3
_RT_SCOPE_LINK = 253
_RTN_UNICAST = 1
_RTA_DST = 1
_RTA_OIF = 4


def main(command: list[str]) -> int:
    """Enter the namespace, then become the command; return only when there is no such command."""
    if not command:
        sys.stderr.write("loopback: which command?\n")
        return 2
    if not _can_enter():
        sys.stderr.write("loopback: no network namespace is permitted here; going on without\n")
    else:
        _enter()
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell between would change the arguments
    except OSError as error:
        sys.stderr.write(f"loopback: {command[0]}: {error.strerror}\n")
    return 127


def _can_enter() -> bool:
    # In a child: a namespace that can be had but not set up would leave no network at all.
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        _enter()
    except OSError:
        os._exit(1)
    os._exit(0)


def _enter() -> None:
    user, group = os.getuid(), os.getgid()
    try:
        os.unshare(os.CLONE_NEWNET)
    except PermissionError:
        # Not root, or root in a container. A user namespace gives the right, until the command.
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            Path("/proc/self", name).write_text(line, encoding="ascii")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as kernel:
        loopback = socket.if_nametoindex("lo")
        flags = _IFF_UP | _IFF_MULTICAST
        _ask(kernel, _RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, loopback, flags, flags))
        # 224.0.0.0/4: without this route zeroconf cannot open its sockets.
        route = struct.pack(
            "=8BI", socket.AF_INET, 4, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, _RT_SCOPE_LINK,
            _RTN_UNICAST, 0,
        )  # fmt: skip
        destination = struct.pack("=HH4s", 8, _RTA_DST, socket.inet_aton("224.0.0.0"))
        interface = struct.pack("=HHi", 8, _RTA_OIF, loopback)
        _ask(kernel, _RTM_NEWROUTE, route + destination + interface)


def _ask(kernel: socket.socket, kind: int, payload: bytes) -> None:
    """Send one netlink request and wait for its acknowledgement.

    Raises:
        OSError: the kernel refused.
    """
    header = struct.pack("=IHHII", 16 + len(payload), kind, _REQUEST_WITH_ACK | _CREATE, 1, 0)
    kernel.send(header + payload)
    reply = kernel.recv(4096)
    (status,) = struct.unpack_from("=i", reply, 16)
    if status not in {0, -errno.EEXIST}:
        raise OSError(-status, os.strerror(-status))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
