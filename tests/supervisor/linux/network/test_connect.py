"""connect(2) in the filtered network: to a name it behaves as to an address outside."""

from __future__ import annotations

import pytest

from tests.supervisor.linux.network.conftest import Same
from tests.supervisor.linux.network.peers import Peers, digest, echo, reset, speak

pytestmark = pytest.mark.requires(landlock=4)

KINDS = r"""
def pairs():
    "Each family of socket with each kind of target; a name is reached in two ways."
    own = socket.create_server(("127.0.0.1", 0), backlog=64)
    every = {**TARGETS, "again": TARGETS["new"], "own": own.getsockname()}
    every["literal"] = (TARGETS["new"][2], TARGETS["new"][1])
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in ("tls", "new", "again", "literal", "own"):
            if kind == "new" and family == socket.AF_INET6:
                every["new"] = every["newer"]
            yield kind, family, address(every[kind], family)
    own.close()
"""

NOT_BLOCKING = r"""
for kind, family, where in pairs():
    with socket.socket(family) as sock:
        sock.setblocking(False)
        print(kind, family, said(sock.connect, where), *outcome(sock))
        # The outcome is told once.
        print(said(sock.connect, where), said(sock.connect, where), sock.getblocking())
        print(sock.getpeername() is not None, kind in ("tls", "own") or echoed(sock))
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        epoll = select.epoll(); epoll.register(sock, select.EPOLLOUT | select.EPOLLET)
        print(said(sock.connect, where))
        while not (events := epoll.poll(30)) or events[0][1] & select.EPOLLHUP:
            pass
        print(events[0][1], epoll.poll(0))
"""


def connectable(hosts: Peers) -> None:
    hosts.serve("tls.example", echo, 443)
    hosts.serve("new.example", echo, 7000)
    hosts.serve("newer.example", echo, 7000)


def test_a_socket_that_does_not_block(same: Same, hosts: Peers) -> None:
    connectable(hosts)
    words = same(KINDS + NOT_BLOCKING)
    assert words[:3] == ["tls 2 EINPROGRESS 4 ok", "ok EISCONN False", "True True"]
    assert len(words) == 50


BLOCKING = r"""
for kind, family, where in pairs():
    with socket.socket(family) as sock:
        print(kind, family, said(sock.connect, where), said(sock.connect, where))
        print(sock.getblocking(), kind in ("tls", "own") or echoed(sock))
for kind in ("tls", "new"):
    with socket.socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        print(said(sock.connect, address(TARGETS[kind], socket.AF_INET6)))
        sock.setblocking(False)
        print(said(sock.connect, address(TARGETS[kind], socket.AF_INET6)))
"""


def test_a_socket_that_blocks(same: Same, hosts: Peers) -> None:
    connectable(hosts)
    words = same(KINDS + BLOCKING)
    assert words[:2] == ["tls 2 ok EISCONN", "True True"]
    assert words[-4:] == ["ENETUNREACH"] * 4


TIMEOUTS = r"""
for host in ("deadtls", "dead", "dead"):
    for family in (socket.AF_INET, socket.AF_INET6):
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 20_000))
            where = address(TARGETS[host], family)
            print(said(sock.connect, where), said(sock.connect, where))
            sock.setblocking(False)
            print(said(sock.connect, where), said(sock.connect, where))
    # In the middle of it: disconnected, and connected to somebody else.
    for blocking in (False, True):
        with socket.socket() as sock:
            sock.setblocking(False)
            print(said(sock.connect, address(TARGETS[host])), plain_connect(sock, UNSPECIFIED))
            sock.setblocking(blocking)
            print(said(sock.connect, address(TARGETS["live"])), *outcome(sock), echoed(sock))
"""


def test_its_own_timeout_and_a_change_of_mind(same: Same, hosts: Peers) -> None:
    hosts.serve("live.example", echo, 7000)
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    words = same(TIMEOUTS)
    assert words[:2] == ["EINPROGRESS EALREADY", "EALREADY EALREADY"]
    assert words[4:8] == [
        "EINPROGRESS ok",
        "EINPROGRESS 4 ok True",
        "EINPROGRESS ok",
        "ok 4 ok True",
    ]


SIGNALS = r"""
def is_waiting(pid):
    "In a call, and the supervisor (of one that is asked) has it."
    with open(f"/proc/{pid}/stat") as file:
        waiting = file.read().rpartition(")")[2].split()[0] == "S"
    if waiting:
        os.chmod(".", 0o755)  # asked about after the other's
    return waiting

def connecting(sock, where, restart):
    "A process that connects; what it says, and when signals were handled."
    results, result = os.pipe()
    handled, handling = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.set_blocking(handling, False)
        signal.set_wakeup_fd(handling)  # written by the handler of C, also during a call
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.siginterrupt(signal.SIGALRM, not restart)
        signal.signal(signal.SIGUSR1, lambda *_: None)  # which restarts nothing
        os.write(handling, b"!")
        os.write(result, plain_connect(sock, where).encode())
        os._exit(0)
    os.close(result)
    return pid, results, handled

def has_ended(results, seconds=0.0):
    return bool(select.select([results], [], [], seconds)[0])

for host in ("deadtls", "dead", "dead"):
    where = packed(address(TARGETS[host]))
    for restart in (False, True):
        for seconds in (0, 1000):
            sock = socket.socket()
            limit = struct.pack("@ll", seconds, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            pid, results, handled = connecting(sock, where, restart)
            os.read(handled, 1)
            for turn, number in enumerate((signal.SIGALRM, signal.SIGUSR1)):
                while not has_ended(results, 0.001) and not is_waiting(pid):
                    pass
                if not has_ended(results):
                    os.kill(pid, number)
                    os.read(handled, 1)
                    last = number.name
            os.waitpid(pid, 0)
            print(host, restart, seconds, os.read(results, 100), "at", last)
            # The attempt goes on.
            sock.setblocking(False)
            print(plain_connect(sock, where))
            sock.close()
"""


def test_interrupted_by_a_signal(same: Same, hosts: Peers) -> None:
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    words = same(SIGNALS)
    # Restarted is only what has no time limit: signal(7).
    ends = ["False 0", "False 1000", "True 0", "True 1000"]
    at = ["SIGALRM", "SIGALRM", "SIGUSR1", "SIGALRM"]
    expected = [f"{end} b'EINTR' at {name}" for end, name in zip(ends, at, strict=True)]
    assert [line.partition(" ")[2] for line in words[::2]] == expected * 3
    assert words[1::2] == ["EALREADY"] * 12


REFUSED = r"""
from concurrent.futures import ThreadPoolExecutor

def refused(kind, family):
    with socket.socket(family) as sock:
        sock.setblocking(kind == "newer")
        where = address(TARGETS[kind], family)
        said_first = said(sock.connect, where), *outcome(sock)
        # It may try again, and ask by connecting for what came of it; then with something else.
        again = [said(sock.connect, where), *outcome(sock)]
        again += [said(sock.connect, where), poll_writable(sock), said(sock.connect, where)]
        sock.setblocking(True)
        last = said(sock.connect, where), sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        live = said(sock.connect, address(TARGETS["live"], family)), echoed(sock)
        return kind, family, said_first, again, last, live

def poll_writable(sock):
    return select.select([], [sock], [], 30)[1] == [sock]

with ThreadPoolExecutor(8) as pool:
    for kinds in (("tls", "new", "newer"), ("new", "newer")):
        pairs = [(kind, each) for kind in kinds for each in (socket.AF_INET, socket.AF_INET6)]
        print(*pool.map(lambda pair: refused(*pair), pairs), sep="\n")
"""


def test_refused_upstream(same: Same, hosts: Peers) -> None:
    hosts.serve("live.example", echo, 7000)
    hosts.refusing("tls.example", 443)
    hosts.refusing("new.example", 7000)
    hosts.refusing("newer.example", 7000)
    words = same(REFUSED)
    assert len(words) == 10
    assert words[0].startswith("('tls', <AddressFamily.AF_INET: 2>, ('EINPROGRESS', 28, 'ECONNREF")
    assert all("ECONNREFUSED" in line and line.endswith("('ok', True))") for line in words)


MANY = r"""
for host in ("fresh", "fresh", "tls"):
    where = address(TARGETS[host])
    socks = [socket.socket() for _ in range(200)]
    for sock in socks:
        sock.setblocking(False)
    print({said(sock.connect, where) for sock in socks})
    print({outcome(sock) for sock in socks})
    if host != "tls":
        for number, sock in enumerate(socks):
            sock.setblocking(True)
            sock.sendall(b"%d" % number)
        print(all(sock.recv(10) == b"%d" % number for number, sock in enumerate(socks)))
    for sock in socks:
        sock.close()
# One after the other they arrive in their order, through a tunnel and without.
where = address(TARGETS["order"])
socks = [socket.socket() for _ in range(20)]
for number, sock in enumerate(socks):
    sock.setblocking(number % 2)
    sock.connect_ex(where); outcome(sock)
for sock in socks:
    sock.setblocking(True)
numbers = [int(sock.recv(10)) for sock in socks]
print([number - numbers[0] for number in numbers])
"""


def test_many_at_once(same: Same, hosts: Peers) -> None:
    hosts.serve("fresh.example", echo)
    hosts.serve("order.example", echo, numbered=True)
    hosts.serve("tls.example", echo, 443)
    words = same(MANY)
    assert words[:3] == ["{'EINPROGRESS'}", "{(4, 'ok')}", "True"]
    assert words[-1] == str(list(range(20)))


STREAMS = r"""
import hashlib
heap = bytes(range(256)) * 4096 * 50

def transfer(sock):
    "50 MB there, with their end; a digest and the same back."
    sock.setblocking(True)
    threading.Thread(target=lambda: (sock.sendall(heap), sock.shutdown(socket.SHUT_WR))).start()
    received = b"".join(iter(lambda: sock.recv(1 << 20), b""))
    return received[:64] == hashlib.sha256(heap).hexdigest().encode(), received[64:] == heap

for blocking in (False, True):
    host = "digest" if blocking else "fresh"
    with socket.socket() as sock:
        sock.setblocking(blocking)
        print(said(sock.connect, address(TARGETS[host])), *outcome(sock), transfer(sock))
for blocking in (False, True):
    with socket.socket() as sock:
        sock.setblocking(blocking)
        sock.connect_ex(address(TARGETS["reset"])); outcome(sock)
        sock.setblocking(True)
        print(said(sock.send, b"x"), said(sock.recv, 1))
    with socket.socket() as sock:
        sock.setblocking(blocking)
        sock.connect_ex(address(TARGETS["aborted"])); outcome(sock)
        sock.setblocking(True)
        sock.send(b"x"); print(sock.recv(1))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    with socket.socket() as sock:
        sock.setblocking(blocking)
        sock.connect_ex(address(TARGETS["mail"])); outcome(sock)
        sock.setblocking(True)
        print(sock.recv(100), echoed(sock))
"""


def test_what_goes_through_a_tunnel_and_beside_it(same: Same, hosts: Peers) -> None:
    hosts.serve("fresh.example", digest)
    hosts.serve("digest.example", digest)
    hosts.serve("reset.example", reset)
    aborted = hosts.serve("aborted.example", echo)
    hosts.serve("mail.example", speak)
    words = same(STREAMS)
    assert words[0] == "EINPROGRESS 4 ok (True, True)"
    assert words[2:5] == ["ok ECONNRESET", "b'x'", "b'220 ready\\r\\n' True"]
    assert aborted.await_ends(4) == ["ECONNRESET"] * 4
