"""`--network=proxy` on Linux: with the broker, by the floor alone, asked, recorded and learned."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path

import pytest

from nono.shims.linux import landlock
from nono.supervisor.errors import StartError, UsageError
from nono.supervisor.linux import confine, own_network
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from tests.conftest import BY_A_USER, Account, Nono, program_beside
from tests.supervisor.linux.network.conftest import PYTHON
from tests.supervisor.network.world import World

PAST = program_beside(__file__, "past_proxy.py")
BY_PROXY = ("run", "--network=proxy", "--allow-cwd")
FETCH = """
curl -sS http://a.example/x; echo
curl -sS http://b.example/ > /dev/null
curl -sS -o /dev/null -w '%{http_code}' http://localhost:PORT/
"""
ASKING = program_beside(__file__, "library_by_proxy.py")


@pytest.mark.requires(landlock=4)
def test_by_the_floor_alone(nono: Nono, as_user: Account, project: Path) -> None:
    """Nothing but the proxy is there, not even what listens on this machine."""
    with World() as world, socket.create_server(("127.0.0.1", 0)) as local:
        host = world.http("a.example")
        path = str(project / "socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            (project / "socket").chmod(0o777)
            server.listen()
            flags = (*BY_PROXY, *world.flags(host), "--allow-domain=a.example", "--floor-only")
            port = local.getsockname()[1]
            fetch = FETCH.replace("PORT", str(port))
            done = nono(*flags, "-q", "--", PYTHON, "-c", PAST, str(port), path)
            assert done.stdout.splitlines() == [
                f"elsewhere PermissionError {errno.EACCES}",
                f"the proxy's port elsewhere OSError {errno.ENETUNREACH}",
                f"IPv6 OSError {errno.ENETUNREACH}",
                f"this machine PermissionError {errno.EACCES}",
                f"mapped PermissionError {errno.EACCES}",
                f"again elsewhere OSError {errno.ENETUNREACH}",
                f"unix OSError {errno.EAFNOSUPPORT}",
                f"a pair OSError {errno.EISCONN}",
                f"abstract OSError {errno.EAFNOSUPPORT}",
                f"UDP OSError {errno.EPROTONOSUPPORT}",
                f"server PermissionError {errno.EPERM}",
                f"namespace PermissionError {errno.EPERM}",
                "no token HTTP/1.1 407",
            ], done.stderr
            done = nono(*flags, "--json", "--", "sh", "-c", fetch)
            assert done.stdout == "this is a.example\n403", done.stderr
            told = json.loads(done.stderr.splitlines()[-1])
            assert [each["summary"] for each in told["denials"]] == [
                "connect to b.example port 80",
                f"connect to 127.0.0.1 port {port}",
            ]
            assert host.requests == ["GET /x"]
            last = nono("why", "--last")
            assert "connect to b.example port 80: no rule allows it" in last.stdout


def test_where_there_can_be_no_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Landlock holds the program to a port of every machine: only where somebody wants that."""
    holding = next(abi for abi, each in landlock.CHANGES.items() if each.rights.net)
    monkeypatch.setattr(own_network, "why_not", lambda: 0)
    assert not confine.is_shared(1, best_effort=False)
    monkeypatch.setattr(own_network, "why_not", lambda: errno.EPERM)
    assert confine.is_shared(holding, best_effort=True)
    for abi, best_effort in ((holding, False), (holding - 1, True)):
        with pytest.raises(StartError, match="can be reached on every machine"):
            confine.is_shared(abi, best_effort)


@BY_A_USER
@pytest.mark.requires(landlock=2, commands=["curl"])
def test_learning_and_why(nono: Nono) -> None:
    """Hosts by name, as without the proxy; what would be decided is said in the same words."""
    with World() as world:
        host = world.http("a.example")
        learned = nono(
            *("learn", "--json", "--network=proxy", *world.flags()),
            *("--", "curl", "-sS", "http://a.example/x"),
        )
        network = json.loads(learned.stdout)["network"]
        assert "a.example:80" in network["allow_domain"]
        assert host.requests == ["GET /x"]
    done = nono("why", "--network=proxy", "--allow-domain=a.example", "--host", "a.example")
    assert "enforced by: the proxy of nono's" in done.stdout and done.returncode == 0
    done = nono(*BY_PROXY, "--dry-run", "--", "curl")
    assert "hosts are reached by nono's proxy alone" in done.stdout


@BY_A_USER
@pytest.mark.requires(landlock=2, commands=["curl"])
def test_asking(as_user: Account) -> None:
    """One connection waits in the proxy while a person is asked; the others go on."""
    with World() as world:
        one, two = world.http("asked.example"), world.http("open.example")
        world.name("asked.example", two.address)
        place = (one.name, two.name, f"{two.address}:80", world.dns.address, str(world.dns.port))
        done = as_user.host(ASKING, *place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "open.example this is open.example ",
        "asked.example this is open.example ",
        "ConnectHost curl []",
    ]


def test_what_cannot_be_meant() -> None:
    with pytest.raises(UsageError, match="there is no such way"):
        make_plan(Options(network="tunnel"))
    with pytest.raises(UsageError, match="contradict"):
        make_plan(Options(network="proxy", block_net=True))
    with pytest.raises(UsageError, match="contradict"):
        make_plan(Options(network="proxy", loopback_only=True))
    assert make_plan(Options(network="proxy")).by_proxy
