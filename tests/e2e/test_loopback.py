"""The demonstration reaches loopback only, and ends with whom it was started by."""

from collections.abc import Iterator
import contextlib
import json
from pathlib import Path
import shutil
import subprocess
import sys
import textwrap

import pytest

from tests.demo.process import ROOT

LAUNCHER = ROOT / "tests" / "demo" / "loopback.py"
NAMESPACE = ("unshare", "--map-root-user", "--net", "--mount")


@contextlib.contextmanager
def run_child(folder: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    (folder / "child.py").write_text(textwrap.dedent(code))
    with subprocess.Popen(
        (sys.executable, "-P", LAUNCHER, "child"),
        env={"PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        yield child


def printed(child: subprocess.Popen[str]) -> str:
    # Not communicate(): it would begin by closing the pipe that keeps the child alive.
    assert child.stdout is not None
    return child.stdout.read()


@pytest.mark.parametrize(
    "act",
    [
        "udp.bind(('', 0))",
        "udp.bind(('0.0.0.0', 0))",
        "udp.connect(('203.0.113.1', 9))",
        "udp.sendto(b'', ('224.0.0.251', 5353))",
        "tcp.connect(('203.0.113.1', 9))",
        "socket.create_connection(('example.org', 9))",
        "tcp6.connect(('2001:db8::1', 9))",
        "tcp6.bind(('::', 0))",
        "socket.getaddrinfo('example.org', 80)",
        "socket.getaddrinfo(b'example.org', 80)",
        "socket.gethostbyname('example.org')",
    ],
)
def test_a_child_is_refused_what_lies_beyond_loopback(tmp_path: Path, act: str) -> None:
    code = f"""
        import errno, socket
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket()
        tcp6 = socket.socket(socket.AF_INET6)
        try:
            {act}
        except OSError as error:
            print("refused" if error.errno == errno.ENETUNREACH else error)
    """
    with run_child(tmp_path, code) as child:
        assert printed(child) == "refused\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_child_reaches_loopback(tmp_path: Path, host: str) -> None:
    code = f"""
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(("{host}", server.getsockname()[1]))
        print("reached")
    """
    with run_child(tmp_path, code) as child:
        assert printed(child) == "reached\n"


def test_a_child_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    with run_child(tmp_path, "import time; print('up'); time.sleep(600)") as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        child.stdin.close()
        assert child.wait(timeout=120) != 0


def namespace_fault() -> str | None:
    """Say why no namespace can be had here; None when one can."""
    if missing := [name for name in ("unshare", "ip", "mount") if shutil.which(name) is None]:
        return f"no {missing[0]} on this machine"
    # A network card can be made only where the kernel has that kind of it.
    probe = subprocess.run(
        (*NAMESPACE, "ip", "link", "add", "card0", "type", "veth"), capture_output=True, check=False
    )
    return None if probe.returncode == 0 else f"no network namespace here: {probe.stderr!r}"


def test_the_demonstration_sends_nothing_beyond_loopback() -> None:
    if fault := namespace_fault():
        pytest.skip(fault)
    run = subprocess.run(
        (*NAMESPACE, sys.executable, "-m", "tests.e2e.quiet_network"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert len(report["control"]) == 1, "the capture does not see what leaves"
    assert report["sent"] == []
    assert report["sockets"] == []
