"""Servers of the machine itself: a sandbox reaches its own, and no other one's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.network import denials
from tests.attacks.scene import Scene
from tests.conftest import Account, Nono
from tests.supervisor.network.world import Listener

pytestmark = pytest.mark.requires(landlock=2)

FILTERED = ("--allow-domain", "allowed.example")
PYTHON = "/usr/bin/python3"
PING = """
import socket, sys
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as redis:
        print(redis.recv(100).decode())
except OSError as error:
    print(error.strerror)
"""


def test_only_its_own(
    outside: Scene,
    as_user: Account,
    attack: Attack,
    partner: Callable[..., None],
    programs: Path,
    tag: str,
) -> None:
    readable = as_user.directory(outside.base.parent / "sockets")
    partner(outside, readable / "allowed.other", program="network_partner")
    allowed = ("--allow-unix-socket", readable / "allowed")
    granted = ("--write", outside.work, "--read", outside.work, "--read", readable)
    options = (*granted, "--read", programs, *FILTERED, *allowed)
    words = (outside.work, readable, "allowed", tag)
    outcome = attack(outside, "network_local", *words, options=options)
    own = [name for name in outcome.attempts if name.startswith("own")]
    assert outcome.won == own, outcome.text
    assert len(own) == 14
    assert outcome.attempts["talked"] == "[]"
    results = {(name.partition(":")[0], text) for name, text in outcome.attempts.items()}
    assert {text for title, text in results if title == "options"} == {"EPERM", "ENOPROTOOPT"}
    assert {text for title, text in results if title == "wider"} == {
        "EACCES",
        "EINVAL",
        "EAFNOSUPPORT",
    }
    fixes = {tuple(each["fix"]) for each in denials(outcome)}
    assert ("--allow-unix-socket", f"{readable}/docker.sock") in fixes


@pytest.mark.parametrize("lane", ["compiled", "python"])
def test_who_comes_to_share_a_port_is_not_reached(
    outside: Scene,
    attack: Attack,
    partner: Callable[..., None],
    programs: Path,
    lane: str,
) -> None:
    """With SO_REUSEPORT, set once the port is known, half of the connections would be theirs.

    On Linux 6.18 that is found even where nobody tells the lane that a port may be shared: asked
    who is reached, the kernel names the one that listened last, and nono refuses to listen beside
    another's. That the lane is told, the tests of the filter and the playbooks of sockets show.
    """
    partner(outside, program="network_partner")
    granted = ("--write", outside.work, "--read", outside.work, "--read", programs)
    outcome = attack(
        outside,
        "shared_port",
        outside.work,
        options=(*granted, *FILTERED),
        env={"NONO_LANE": lane},
    )
    assert outcome.won == [], outcome.text
    assert outcome.attempts.pop("talked") == "[]"
    assert set(outcome.attempts.values()) == {"ECONNREFUSED"}
    assert len(outcome.attempts) == 72


def test_a_database_of_the_machine(nono: Nono) -> None:
    """Out of reach unless its port is opened."""
    redis = Listener("127.0.0.1", on_accept=lambda client: client.sendall(b"PONG"))
    command = ("--", PYTHON, "-c", PING, str(redis.port))
    for closed in (FILTERED, ("--block-net",), ("--open-port", str(redis.port % 65535 + 1))):
        done = nono("run", "--allow-cwd", *closed, *command)
        assert (done.returncode, "PONG" in done.stdout) == (0, False)
        assert "nono: 1 call refused" in done.stderr
    assert redis.connections == []
    done = nono("run", "--allow-cwd", "--open-port", str(redis.port), *command)
    assert (done.stdout, done.stderr) == ("PONG\n", "")
    redis.close()
