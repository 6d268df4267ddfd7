"""What only newer kernels than CI's can: run by its name, in the guests of tests/kernels."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.shims.linux import landlock, process
from nono.shims.linux.landlock import FS, Net, Rights, Scope
from tests.shims.linux.forked import error_of, in_child


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nono-tests-", dir="/var/tmp") as name:
        yield Path(name)


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def serve(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


@pytest.mark.requires(landlock=9)
def test_unix_sockets_by_path(place: Path) -> None:
    """One's own servers may be reached, others' not, though their directory is granted."""

    def work() -> list[str]:
        everything = landlock.running().fs
        ruleset = landlock.create_ruleset(Rights(everything, Net(0), Scope(0)))
        parent = os.open(place, os.O_PATH)
        landlock.add_path_rule(ruleset, parent, everything & ~FS.RESOLVE_UNIX)
        process.set_no_new_privs()
        landlock.restrict_self(ruleset)
        with serve(place / "own"):
            names = ("outer", "own")
            return [error_of(lambda n=name: connect(place / n)) for name in names]  # type: ignore[misc]

    with serve(place / "outer"):
        assert in_child(work) == ["EACCES", ""]


@pytest.mark.requires(landlock=10)
def test_datagrams() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        address = server.getsockname()

        def work() -> list[str]:
            udp = Net.BIND_UDP | Net.CONNECT_SEND_UDP
            ruleset = landlock.create_ruleset(Rights(FS(0), udp, Scope(0)))
            process.set_no_new_privs()
            landlock.restrict_self(ruleset)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                return [
                    error_of(lambda: client.sendto(b"", address)),
                    error_of(lambda: client.connect(address)),
                    error_of(lambda: client.bind(("127.0.0.1", 0))),
                ]

        assert in_child(work) == ["EACCES", "EACCES", "EACCES"]
