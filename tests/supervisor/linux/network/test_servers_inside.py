"""Servers inside the sandbox: on loopback for its own programs, wider only where it is said."""

from __future__ import annotations

import pytest

from tests.conftest import Nono, program_beside
from tests.ports import later_port
from tests.supervisor.linux.network.conftest import PYTHON, Same

pytestmark = pytest.mark.requires(landlock=2)

FILTERED = "--allow-domain=api.example"

SERVERS = program_beside(__file__, "servers.py")


def test_own_servers(same: Same) -> None:
    words = same(SERVERS, FILTERED)
    assert words.count("('served', 0, b'served\\n')") == 6
    assert words[-4:] == ["EADDRINUSE", "ECONNREFUSED", "127.0.0.1", "ok ok EINVAL"]


PROGRAMS = program_beside(__file__, "server_programs.py")


@pytest.mark.requires(commands=["curl"])
def test_programs_that_serve(same: Same) -> None:
    words = same(PROGRAMS, FILTERED)
    assert "a pagea page" in words[0]
    assert words[-2:] == ["[(0, 0), (1, 2), (2, 4)] True", "['an', 'object']"]


ONCE_EACH = program_beside(__file__, "once_each.py")


@pytest.mark.parametrize("lane", ["python", "compiled"])
def test_each_connect_reaches_a_server_once(nono: Nono, lane: str) -> None:
    """With an audit, which does not know of a process yet that connects at once."""
    command = ("run", "-q", FILTERED, "--", PYTHON, "-c", ONCE_EACH)
    done = nono(*command, env={"NONO_LANE": lane})
    assert (done.stdout, done.stderr) == ("80 80\n", "")


WIDE = program_beside(__file__, "wide.py")
LISTENING = program_beside(__file__, "listening.js")


def test_on_every_address_means_for_this_machine(nono: Nono) -> None:
    """Node's listen(0), http.server, gRPC: as asked, and tied to the loopback device."""
    port = later_port()
    command = ("--", PYTHON, "-c", WIDE, str(port))
    local = ["ok ok ok", "True True lo", "True True EPERM"]
    last = ["ok True lo", "127.0.0.1 free"]
    done = nono("run", "--allow-cwd", FILTERED, *command)
    assert (done.stderr, done.stdout.splitlines()) == ("", [*(local * 6), *last])

    allowed = nono("run", "--allow-cwd", f"--listen-port={port}", *command)
    wide = ["ok ok ok", "True True ", "True True EPERM"]
    assert allowed.stdout.splitlines() == [*((wide + local) * 3), *last], allowed.stderr


@pytest.mark.requires(commands=["node"])
def test_node_listens_as_its_test_libraries_do(nono: Nono) -> None:
    """supertest and its like: listen(0), read the port, ask oneself."""
    done = nono("run", FILTERED, "--", "node", "-e", LISTENING)
    assert (done.stderr, done.stdout.splitlines()) == (
        "",
        [":: IPv6 served", "0.0.0.0 IPv4 served"],
    )


def test_a_blocked_network_has_no_servers(nono: Nono) -> None:
    done = nono("run", "-q", "--block-net", "--", PYTHON, "-c", WIDE, "1", timeout=30)
    assert "Address family not supported" in done.stderr
