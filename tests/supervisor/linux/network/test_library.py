"""The filtered network of the library: the same names, with a nameserver that is given."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import Account, program_beside
from tests.supervisor.network.world import world

pytestmark = pytest.mark.requires(landlock=2)

PROGRAM = program_beside(__file__, "library.py")


def test_hosts_by_name(as_user: Account) -> None:
    with world() as made:
        one, two = made.http("one.example.net"), made.http("two.example.net")
        place = (one.name, f"{one.address}:80", made.dns.address, str(made.dns.port))
        done = as_user.host(PROGRAM, *place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "this is one.example.net",
        "Connection refused",
        "['two.example.net']",
    ]
    assert two.connections == []


def test_a_default_timeout_of_the_host_is_not_the_program_s(as_user: Account) -> None:
    program = program_beside(__file__, "default_timeout.py")
    with world() as made, socket.create_server(("127.0.0.1", 0)) as opened:
        one = made.http("one.example.net")
        servers = f"{one.address}:80", made.dns.address, str(made.dns.port)
        place = (one.name, *servers, str(opened.getsockname()[1]))
        done = as_user.host(program, *place)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:-1] == [
        *["connected True", "listens True"] * 3,
        "unix datagrams True",
        *["pair True"] * 2,
        "datagrams True",
    ]
    assert lines[-1] == "this is one.example.net"


@pytest.mark.lots(kind="lane")
@pytest.mark.parametrize("lane", ["python", "compiled"])
def test_a_connect_to_a_full_open_port_ends_as_outside(as_user: Account, lane: str) -> None:
    program = program_beside(__file__, "full_port.py")
    done = as_user(as_user.python, "-P", "-c", program, env={"NONO_LANE": lane})
    assert (done.stdout, done.stderr) == ("EINPROGRESS\n" * 6, "")


@pytest.mark.parametrize("lane", ["python", "compiled"])
def test_a_fork_of_the_host_keeps_no_look_up_open(as_user: Account, lane: str) -> None:
    program = program_beside(__file__, "forked_host.py")
    done = as_user(as_user.python, "-P", "-c", program, env={"NONO_LANE": lane})
    assert (done.stdout, done.stderr) == ("b''\n" * 4, "")
