"""Servers inside the sandbox: on loopback for its own programs, wider only where it is said."""

from __future__ import annotations

import json
import socket

import pytest

from tests.conftest import Nono, program_beside
from tests.supervisor.linux.network.conftest import PYTHON, Same

pytestmark = pytest.mark.requires(landlock=4)

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


WIDE = program_beside(__file__, "wide.py")


def free_port() -> int:
    with socket.create_server(("", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def test_listening_for_others_is_refused_with_the_way_to_allow_it(nono: Nono) -> None:
    port = free_port()
    command = ("--", PYTHON, "-c", WIDE, str(port))
    done = nono("run", FILTERED, "--json", *command)
    assert done.stdout.splitlines() == ["EACCES EACCES"] * 3 + ["EACCES False"], done.stderr
    denials = [each for each in json.loads(done.stderr)["denials"] if each["request"] == "Bind"]
    fixes = [each["fix"] for each in denials if each["port"] == str(port)]
    assert fixes == [["--listen-port", str(port)]] * 3
    # Every address at a port that nobody knows beforehand: there is no flag for that.
    assert [each["fix"] for each in denials if each["port"] == "0"] == [[]] * 2

    text = nono("run", FILTERED, *command).stderr
    assert f"hint: --listen-port {port}" in text

    allowed = nono("run", f"--listen-port={port}", *command)
    assert allowed.stdout.splitlines() == ["ok ok", "True"] * 3 + ["EACCES False"], allowed.stderr


def test_a_blocked_network_has_no_servers(nono: Nono) -> None:
    done = nono("run", "-q", "--block-net", "--", PYTHON, "-c", WIDE, "1", timeout=30)
    assert "Address family not supported" in done.stderr
