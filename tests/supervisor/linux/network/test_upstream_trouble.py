"""Trouble upstream is its caller's own: dead hosts, dead resolvers, callers that go away."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Finished, Nono, program_beside
from tests.supervisor.linux.network.conftest import PROGRAM, PYTHON
from tests.supervisor.linux.network.peers import Peers, connecting_to, echo

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]


def supervisor() -> int:
    """The process id of the one nono that this process runs as a command.

    Tests of the library in the same process leave its fork server, which is a child too.
    """
    tasks = Path("/proc/self/task")
    (pid,) = [
        int(pid)
        for task in tasks.iterdir()
        for pid in _read(task / "children").split()
        if b"\0run\0" in _read(Path(f"/proc/{int(pid)}/cmdline"))
    ]
    return pid


def _read(file: Path) -> bytes:
    """Nothing, of a thread of a peer or a child of another test that has just ended."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


class Watcher:
    """A host that tells the program what the world outside looks like.

    The program asks a line and gets a line; that is how it waits for what it cannot see.
    """

    def __init__(self, hosts: Peers) -> None:
        self._peers = hosts
        hosts.serve("watcher.example", self._talk)

    def _talk(self, sock: socket.socket) -> None:
        with sock.makefile("rw") as lines:
            for line in lines:
                word, *arguments = line.split()
                print(getattr(self, word)(*arguments), file=lines, flush=True)

    def descriptors(self, most: str = "") -> int:
        """How many the supervisor has, once they are not more than `most`."""
        limit = time.monotonic() + 60
        while True:
            count = len(os.listdir(f"/proc/{supervisor()}/fd"))
            if not most or count <= int(most) or time.monotonic() > limit:
                return count
            time.sleep(0.01)

    def silence(self) -> int:
        """Nobody resolves any more, but for what is known."""
        self._peers.world.dns.silent = frozenset({"A", "AAAA"})
        return 0

    def fail(self) -> int:
        """Every question is answered with a failure."""
        self._peers.world.dns.rcodes = {"A": "SERVFAIL", "AAAA": "SERVFAIL"}
        return 0

    def close(self, name: str) -> int:
        """A host goes away."""
        next(peer for peer in self._peers.hosts if peer.name == name).close()
        return 0

    def connecting(self, name: str, wanted: str) -> int:
        """How many sockets wait for this host, once they are as many as wanted."""
        peer = next(peer for peer in self._peers.hosts if peer.name == name)
        limit = time.monotonic() + 60
        while True:
            count = connecting_to(peer.address, peer.port)
            if count == int(wanted) or time.monotonic() > limit:
                return count
            time.sleep(0.01)


WATCHED = program_beside(__file__, "watched.py")
GONE = program_beside(__file__, "gone.py")


@pytest.fixture
def nono(as_user: Account, project: Path) -> Callable[..., Finished]:
    """Each is a child of this process: `supervisor` looks for it there."""
    return partial(as_user.nono, cwd=project, forked=False)


def watched(
    nono: Nono, hosts: Peers, program: str, report: frozenset[str] = frozenset()
) -> list[str]:
    """Run a program that may ask the watcher; the lines that it printed."""
    command = (PYTHON, "-c", PROGRAM + WATCHED + program, hosts.targets(by_name=True))
    done = nono("run", "--allow-cwd", *hosts.options, "--", *command)
    assert frozenset(done.stderr.splitlines()) == report
    assert done.returncode == 0
    return done.stdout.splitlines()


def test_who_goes_away_leaves_nothing_behind(nono: Nono, hosts: Peers) -> None:
    Watcher(hosts)
    hosts.serve("live.example", echo)
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    expected: list[str] = []
    for host in ("deadtls", "dead"):
        expected += [f"{host} {blocking} 3 [9, 9, 9] 0" for blocking in (0, 0, 1, 1)]
        expected += ["EINPROGRESS 1", "0"] * 2
    assert watched(nono, hosts, GONE) == [*expected, *["True"] * 4]


STUCK = program_beside(__file__, "stuck.py")


@pytest.mark.parametrize("trouble", ["dead", "silent"])
def test_only_who_connects_is_stuck(nono: Nono, hosts: Peers, trouble: str) -> None:
    """Because the host does not answer, or because the DNS server does not."""
    Watcher(hosts)
    hosts.serve("live.example", echo)
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    words = watched(nono, hosts, f"sys.argv.append({trouble!r})\n" + STUCK)
    assert words == ["works", "works", *["timeout", "EINPROGRESS"] * 2, "works"]


UNKNOWN = program_beside(__file__, "unknown.py")


def test_a_name_that_nobody_knows(nono: Nono, hosts: Peers) -> None:
    """The look-up inside cannot tell: the connect fails."""
    Watcher(hosts)
    kinds = ("missing", "empty", "broken")
    for kind in kinds:
        hosts.dead(f"{kind}.example", 7000)
        hosts.dead(f"{kind}tls.example", 443)
    for name in ("missing.example", "missingtls.example"):
        hosts.world.name(name, "there-is-none.example")
    for name in ("empty.example", "emptytls.example"):
        hosts.world.name(name)
    causes = {"missing": "there is no such host", "empty": "there is no such host"}
    causes["broken"] = "no DNS server gives an answer that can be used"
    report = {
        f"nono: {name}.example: {cause}"
        for kind, cause in causes.items()
        for name in (kind, f"{kind}tls")
    }
    words = watched(nono, hosts, UNKNOWN, frozenset(report))
    assert sorted(words) == sorted(
        line
        for kind in kinds
        for line in (
            f"{kind} EHOSTUNREACH",
            f"{kind}tls ECONNREFUSED",
            f"{kind} EINPROGRESS 28 ECONNREFUSED",
            f"{kind}tls EINPROGRESS 28 ECONNREFUSED",
        )
    )


RACE = program_beside(__file__, "race.py")


def test_the_best_of_several_addresses(nono: Nono, hosts: Peers) -> None:
    Watcher(hosts)
    live = hosts.serve("first.example", echo)
    dead = hosts.dead("dead.example", live.port)
    six = hosts.serve("six.example", echo, live.port, "::1")
    hosts.refusing("second.example", live.port)
    hosts.refusing("sixthen.example", live.port)
    hosts.refusing("thensix.example", live.port)
    other = hosts.serve("other.example", echo, live.port)
    hosts.world.name("first.example", live.address, dead.address, other.address)
    hosts.world.name("second.example", dead.address, live.address, other.address)
    hosts.world.name("sixthen.example", six.address, dead.address)
    hosts.world.name("thensix.example", dead.address, six.address)
    words = watched(nono, hosts, RACE)
    names = ("first", "second", "six", "sixthen", "thensix")
    expected = [line for name in names for line in [f"{name} 4 ok True"] * 4 + [f"{name} b'hello'"]]
    assert words == expected * 2
