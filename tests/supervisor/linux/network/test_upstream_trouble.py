"""Trouble upstream is its caller's own: dead hosts, dead resolvers, callers that go away."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from tests.conftest import Nono
from tests.supervisor.linux.network.conftest import PROGRAM, PYTHON
from tests.supervisor.linux.network.peers import Peers, connecting_to, echo

pytestmark = pytest.mark.requires(landlock=4)


def supervisor() -> int:
    """The process id of the one nono that this process runs as a command.

    Tests of the library in the same process leave its fork server, which is a child too.
    """
    tasks = Path("/proc/self/task")
    (pid,) = [
        int(pid)
        for task in tasks.iterdir()
        for pid in (task / "children").read_text().split()
        if b"\0run\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return pid


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
        limit = time.monotonic() + 20
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
        limit = time.monotonic() + 20
        while True:
            count = connecting_to(peer.address, peer.port)
            if count == int(wanted) or time.monotonic() > limit:
                return count
            time.sleep(0.01)


WATCHED = r"""
watcher = socket.create_connection(TARGETS["watcher"][:2])
lines = watcher.makefile("rw")
def ask(*words):
    print(*words, file=lines, flush=True)
    return int(lines.readline())

def starts(host, blocking, family=socket.AF_INET):
    "A process that connects and never sees the end of it."
    where = address(TARGETS[host], family)
    pid = os.fork()
    if pid == 0:
        sock = socket.socket(family)
        sock.setblocking(blocking)
        said(sock.connect, where)
        if not blocking:
            signal.pause()
        os._exit(1)
    return pid

def kill(pid):
    os.kill(pid, signal.SIGKILL)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])
"""

GONE = r"""
# A first round, so that what is loaded once is loaded.
for host in ("deadtls", "dead"):
    kill(starts(host, False)); ask("connecting", f"{host}.example", 0)
before = ask("descriptors")
for host in ("deadtls", "dead"):
    for blocking in (False, True):
        for _ in range(2):
            pids = [starts(host, blocking) for _ in range(3)]
            # Somebody outside sees all of them, and nothing of them when they are gone.
            reached = ask("connecting", f"{host}.example", 3)
            ends = [kill(pid) for pid in pids]
            print(host, int(blocking), reached, ends, ask("connecting", f"{host}.example", 0))
    # One that closes its socket, or disconnects it, gives up as well.
    for give_up in (socket.socket.close, lambda sock: plain_connect(sock, UNSPECIFIED)):
        sock = socket.socket(); sock.setblocking(False)
        print(said(sock.connect, address(TARGETS[host])), ask("connecting", f"{host}.example", 1))
        give_up(sock)
        print(ask("connecting", f"{host}.example", 0))
        sock.close()
print(ask("descriptors", before) <= before)
# Connections that were made, and that end on either side.
for turn in range(2):
    socks = [socket.create_connection(TARGETS["live"][:2], 30) for _ in range(50)]
    during = ask("descriptors")
    print([echoed(sock) for sock in socks] == [True] * 50)
    for sock in socks:
        sock.close()
print(ask("descriptors", before) <= before)
"""


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


STUCK = r"""
def forever(host, family, blocking):
    sock = socket.socket(family)
    sock.setblocking(blocking)
    said(sock.connect, address(TARGETS[host], family))
    outcome(sock)
    print("this never ends")

def still_works():
    "Everything that does not concern who is stuck."
    for turn in range(10):
        os.chmod(".", 0o755)
        with socket.create_server(("127.0.0.1", 0)) as own:
            socket.create_connection(own.getsockname()).close()
        with socket.create_connection((TARGETS["live"][2], TARGETS["live"][1])) as sock:
            assert echoed(sock)
        with socket.create_connection(TARGETS["live"][:2]) as sock:
            assert echoed(sock)
        socket.getaddrinfo(f"name-{turn}.example", 443)
    return "works"

print(still_works())
if "silent" in sys.argv:
    ask("silence")
for host in ("deadtls", "dead"):
    for family in (socket.AF_INET, socket.AF_INET6):
        for blocking in (False, True):
            arguments = host, family, blocking
            threading.Thread(target=forever, args=arguments, daemon=True).start()
            if os.fork() == 0:
                forever(*arguments)
print(still_works())
# Its own limit of time is kept, whoever does not answer: a host or a resolver.
for host in ("deadtls", "dead"):
    try:
        socket.create_connection(TARGETS[host][:2], timeout=0.2)
    except TimeoutError as error:
        print("timeout")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 200_000))
        print(said(sock.connect, address(TARGETS[host])))
print(still_works(), flush=True)
os._exit(0)  # which ends all the others
"""


@pytest.mark.parametrize("trouble", ["dead", "silent"])
def test_only_who_connects_is_stuck(nono: Nono, hosts: Peers, trouble: str) -> None:
    """Because the host does not answer, or because the DNS server does not."""
    Watcher(hosts)
    hosts.serve("live.example", echo)
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    words = watched(nono, hosts, f"sys.argv.append({trouble!r})\n" + STUCK)
    assert words == ["works", "works", *["timeout", "EINPROGRESS"] * 2, "works"]


UNKNOWN = r"""
from concurrent.futures import ThreadPoolExecutor

def unknown(host, blocking):
    with socket.socket() as sock:
        sock.setblocking(blocking)
        result = said(sock.connect, address(TARGETS[host]))
        return (host, result) if blocking else (host, result, *outcome(sock))

for hosts in (("missing", "missingtls", "empty", "emptytls"), ("broken", "brokentls")):
    if hosts[0] == "broken":
        ask("fail")
    with ThreadPoolExecutor(8) as pool:
        for line in pool.map(unknown, hosts * 2, [False] * len(hosts) + [True] * len(hosts)):
            print(*line)
"""


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


RACE = r"""
import asyncio

async def talk(host):
    reader, writer = await asyncio.open_connection(*TARGETS[host][:2], happy_eyeballs_delay=0.1)
    writer.write(b"hello"); writer.write_eof()
    received = await reader.read(); writer.close(); await writer.wait_closed()
    return received

for turn in range(2):
    for host in ("first", "second", "six", "sixthen", "thensix"):
        for family in (socket.AF_INET, socket.AF_INET6):
            for blocking in (False, True):
                with socket.socket(family) as sock:
                    sock.setblocking(blocking)
                    sock.connect_ex(address(TARGETS[host], family))
                    print(host, *outcome(sock), echoed(sock))
        print(host, asyncio.run(talk(host)))
    # What it was reached at the last time may be gone the next time.
    ask("close", "first.example")
"""


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
