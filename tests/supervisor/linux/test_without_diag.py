"""Without tcp_diag and unix_diag own servers are reached as elsewhere, and others' are not."""

import secrets
import socket
from pathlib import Path

import pytest

from tests.conftest import Account, Nono, program_beside
from tests.older_kernel import without_diag

pytestmark = pytest.mark.requires(landlock=2)

SCRIPT = program_beside(__file__, "own_servers.py")


def test_own_servers_are_reached_and_no_others(nono: Nono, as_user: Account, project: Path) -> None:
    env = without_diag(as_user.directory(project.parent / "startup"))
    path, name = project / "another", f"nono-{secrets.token_hex(8)}"
    with (
        socket.create_server(("127.0.0.1", 0)) as inet,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        for server, address in ((unix, str(path)), (abstract, f"\0{name}")):
            server.bind(address)
            server.listen()
        path.chmod(0o777)
        others = (str(inet.getsockname()[1]), str(path), name)
        command = ("/usr/bin/python3", "-c", SCRIPT, *others)
        done = nono("run", "--allow-cwd", "--allow-domain=api.example", "--", *command, env=env)
    assert done.stdout.splitlines() == [
        "reached reached",
        "reached reached reached",
        "Connection refused, Permission denied, Permission denied",
        "Connection refused",
    ], done.stderr


def test_the_check_says_so(nono: Nono, as_user: Account, project: Path) -> None:
    env = without_diag(as_user.directory(project.parent / "startup"))
    checked = nono("setup", "--check", env=env)
    assert "sockets told by the kernel: without tcp_diag, unix_diag" in checked.stdout
    assert "modprobe tcp_diag unix_diag" in checked.stdout
