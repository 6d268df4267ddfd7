"""TCP servers on the other side: they echo, reset, refuse, or never answer."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.requirements import require
from tests.supervisor.network.world import World

Talk = Callable[[socket.socket], None]

RESET = struct.pack("@ii", 1, 0)
"""SO_LINGER of no time: close(2) sends a RST."""

_CHUNK = 1 << 16
_SYN_SENT = "02"


class Peer:
    """A host of the world with one port. `talk` has a thread for each connection.

    With `numbered` each connection is told first which one it is, in the order of accept(2).
    """

    def __init__(
        self, name: str, listener: socket.socket, talk: Talk | None, numbered: bool = False
    ) -> None:
        self.name = name
        self.listener = listener
        self.address: str
        self.port: int
        self.address, self.port = listener.getsockname()[:2]
        self.ends: list[str] = []
        """How each connection ended: "" or the name of an errno."""
        self._talk = talk
        self._numbered = numbered
        self._changed = threading.Condition()
        if talk is not None:
            threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            for number in itertools.count():
                accepted, _ = self.listener.accept()
                if self._numbered:
                    accepted.sendall(b"%d" % number)
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        assert self._talk is not None
        end = ""
        with accepted:
            try:
                self._talk(accepted)
            except OSError as error:
                end = errno.errorcode[error.errno or 0]
        with self._changed:
            self.ends.append(end)
            self._changed.notify_all()

    def await_ends(self, count: int) -> list[str]:
        """Wait until so many connections are over."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ends) >= count, 30), self.ends
            return self.ends

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Peers:
    """The hosts of one test, and what lets a sandbox reach them by name and by address."""

    def __init__(self, world: World, stack: contextlib.ExitStack) -> None:
        self.world = world
        self._stack = stack
        self.hosts: list[Peer] = []

    def serve(
        self,
        name: str,
        talk: Talk,
        port: int = 0,
        address: str | None = None,
        numbered: bool = False,
    ) -> Peer:
        """A host that answers."""
        return self._add(name, talk, address or self.world.address(), port, 512, numbered)

    def dead(self, name: str, port: int = 0) -> Peer:
        """A host that never answers: its backlog is full, so the kernel drops what comes."""
        peer = self._add(name, None, self.world.address(), port, 0)
        self._stack.callback(socket.create_connection((peer.address, peer.port)).close)
        return peer

    def refusing(self, name: str, port: int = 0) -> Peer:
        """A host with a closed port."""
        peer = self._add(name, None, self.world.address(), port, 0)
        peer.close()
        return peer

    def _add(
        self,
        name: str,
        talk: Talk | None,
        address: str,
        port: int,
        backlog: int,
        numbered: bool = False,
    ) -> Peer:
        require(ports=[port])
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family, backlog=backlog)
        peer = Peer(name, listener, talk, numbered)
        self._stack.callback(peer.close)
        self.world.name(name, peer.address)
        self.hosts.append(peer)
        return peer

    @property
    def options(self) -> list[str]:
        """For `nono run`: every host by its name and its address."""
        return [
            *self.world.flags(),
            *(f"--allow-domain={host.name}:{host.port}" for host in self.hosts),
            *(f"--allow-domain={_with_port(host.address, host.port)}" for host in self.hosts),
        ]

    def targets(self, *, by_name: bool) -> str:
        """JSON for a program: by the first word of its name, where each host is to be found."""
        return json.dumps(
            {
                host.name.partition(".")[0]: [
                    host.name if by_name else host.address,
                    host.port,
                    host.address,
                ]
                for host in self.hosts
            }
        )


def _with_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def echo(sock: socket.socket) -> None:
    """Send back what comes, until the other side has ended."""
    while data := sock.recv(_CHUNK):
        sock.sendall(data)


def digest(sock: socket.socket) -> None:
    """Read to the end; then say the digest of it, and send it all back."""
    received = b"".join(iter(lambda: sock.recv(_CHUNK), b""))
    sock.sendall(hashlib.sha256(received).hexdigest().encode())
    sock.sendall(received)


def reset(sock: socket.socket) -> None:
    """Wait for a word and close with a RST."""
    sock.recv(1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def speak(sock: socket.socket) -> None:
    """Speak first, as servers of mail do."""
    sock.sendall(b"220 ready\r\n")
    echo(sock)


def connecting_to(address: str, port: int) -> int:
    """How many sockets of this machine wait for this IPv4 address: proc_pid_net(5)."""
    number = int.from_bytes(socket.inet_aton(address), "little")
    wanted = f"{number:08X}:{port:04X}", _SYN_SENT
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum((row.split()[2], row.split()[3]) == wanted for row in rows)


@contextlib.contextmanager
def peers() -> Iterator[Peers]:
    """No hosts yet, in a world of their own."""
    with World() as world, contextlib.ExitStack() as stack:
        yield Peers(world, stack)
