"""Sockets where a container refuses to copy a descriptor of another process (pidfd_getfd).

There the broker makes every socket itself (socket(2) is *performed on our copy*) and keeps a copy
beside the one that the program gets, so that connect, bind and listen have the program's own open
socket to act on, found by its inode: what is decided on is what is connected, as ever.

A copy of ours keeps a socket open that the program closes. So it is given up as soon as there is
nothing left to decide: when a stream is connected or listens. What was made and forgotten, or bound
and closed, is found by looking at what the sandbox still has open, before a port is bound and when
there are many.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import resource
import socket
import threading
import time
from collections.abc import Callable

from nono.broker.dataclass import dataclass, replace
from nono.shims.linux.sockets import copy_of, taken_copy
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import DONE, WAITING, Answer, Fail, Later, Retry
from nono.supervisor.linux.calls.tasks import Background
from nono.supervisor.linux.processes import descendants

_STREAMS = socket.SOCK_STREAM, socket.SOCK_SEQPACKET
_MANY = 64
"""With so many sockets it is looked for the first time which of them are still there."""
_MAX_SETTLED = 65536
_ATTEMPT_SECONDS = 180.0
"""Longer than the kernel tries to connect: tcp_syn_retries in tcp(7)."""

_FIRST_LOOK_SECONDS = 0.01
_LAST_LOOK_SECONDS = 0.5
"""How long a socket may stay open that a program has closed while it was being connected."""

Key = tuple[int, int]
"""Device and inode of a socket, which no other socket has as long as it is open."""


class _State(enum.Enum):
    """Of a socket that was given up."""

    CONNECTED = enum.auto()
    UNTOLD = enum.auto()
    """Connected, which the program has not been told by another connect(2)."""
    LISTENS = enum.auto()


@dataclass(frozen=True, slots=True)
class _Made:
    fd: int
    init_pid: int


class MadeSockets:
    """Of one sandbox. May be used from any thread. Close it at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Key, _Made] = {}
        self._settled: dict[Key, _State] = {}
        """Those that were given up."""
        self._seen: dict[int, tuple[float, set[int]]] = {}
        """By the init: when it was looked at, and the inodes that were there."""
        self._next_look = _MANY

    def make(self, family: int, kind: int, protocol: int, init_pid: int) -> int:
        """A new socket for the program, as a descriptor, of which one is kept. Raises OSError."""
        if len(self._made) >= self._next_look:
            self.look(init_pid)
            self._next_look = max(_MANY, 2 * len(self._made))
        if len(self._made) >= _limit():
            raise failure(errno.ENFILE)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(not kind & socket.SOCK_NONBLOCK)  # this process may have a timeout
            self.keep(sock.fileno(), init_pid)
        except BaseException:
            sock.close()
            raise
        return sock.detach()

    def keep(self, fd: int, init_pid: int) -> None:
        """Keep a copy of a socket that was made for the program. Raises OSError."""
        copy = os.dup(fd)
        with self._lock:
            self._made[_key(copy)] = _Made(copy, init_pid)

    def copy(self, found: os.stat_result, settled: int = errno.EISCONN) -> socket.socket:
        """A copy of the program's socket with this status.

        Raises OSError: `settled` for one that is connected or listens, with which nothing is left
        to do; EPERM for one that we have not made.
        """
        key = found.st_dev, found.st_ino
        with self._lock:
            made = self._made.get(key)
            if made is None:
                raise failure(settled if key in self._settled else errno.EPERM)
            return taken_copy(made.fd)

    def listens(self, found: os.stat_result) -> bool:
        """True when the program's socket with this status listens, and so was given up."""
        return self._settled.get((found.st_dev, found.st_ino)) is _State.LISTENS

    def is_news(self, found: os.stat_result) -> bool:
        """True, once, when it was connected after the program had been told to wait for that."""
        key = found.st_dev, found.st_ino
        with self._lock:
            if self._settled.get(key) is not _State.UNTOLD:
                return False
            self._settled[key] = _State.CONNECTED
        return True

    def listening(self, sock: socket.socket) -> None:
        """The socket listens: nothing is left to decide of it."""
        self._settle(sock, _State.LISTENS)

    def forget(self, init_pid: int) -> None:
        """At the end of a program, with all that it started."""
        with self._lock:
            for key in [key for key, made in self._made.items() if made.init_pid == init_pid]:
                os.close(self._made.pop(key).fd)

    def _settle(self, sock: socket.socket, state: _State) -> None:
        key = _key(sock.fileno())
        with self._lock:
            made = self._made.pop(key, None)
            if made is not None:
                os.close(made.fd)
                while len(self._settled) >= _MAX_SETTLED:
                    self._settled.pop(next(iter(self._settled)))
                self._settled[key] = state

    def follow(
        self, sock: socket.socket, background: Background, attempt: Callable[[], Answer]
    ) -> Answer:
        """Connect by `attempt`, and give the socket up once it is connected. Raises OSError."""
        if sock.type not in _STREAMS:
            return attempt()
        with contextlib.ExitStack() as held:
            same = held.enter_context(copy_of(sock))
            try:
                answer = attempt()
            except OSError as error:
                self._heard(same, background, error.errno)
                raise
            if isinstance(answer, WAITING):
                held.callback(answer.close)
                held.callback(self._watch, same, background, _State.CONNECTED)
                return self._followed(same, replace(answer, close=held.pop_all().close))
            self._heard(same, background, answer.errno if isinstance(answer, Fail) else 0)
            return answer

    def look(self, init_pid: int) -> None:
        """Give up what no process below `init_pid` has open any more.

        In the thread that makes its sockets: each other has reached its program by then.
        """
        there = _sockets_of([init_pid, *descendants(init_pid)])
        with self._lock:
            for key, made in list(self._made.items()):
                if made.init_pid == init_pid and key[1] not in there:
                    os.close(self._made.pop(key).fd)

    def close(self) -> None:
        with self._lock:
            for made in self._made.values():
                os.close(made.fd)
            self._made.clear()

    def _heard(self, sock: socket.socket, background: Background, number: int | None) -> None:
        if number == errno.EINPROGRESS:
            self._watch(sock, background, _State.UNTOLD)
        elif number in (0, errno.EISCONN) and _is_connected(sock):
            self._settle(sock, _State.CONNECTED)

    def _watch(self, sock: socket.socket, background: Background, state: _State) -> None:
        """An attempt goes on and nobody of ours waits for it: the program does, or is gone."""
        made = self._made.get(_key(sock.fileno()))
        if made is None:
            return
        same, init_pid, begun = copy_of(sock), made.init_pid, time.monotonic()

        async def wait() -> None:
            import trio

            with same, trio.move_on_after(_ATTEMPT_SECONDS):
                pause, since = _FIRST_LOOK_SECONDS, begun
                while self._is_open(same, init_pid, since):
                    with trio.move_on_after(pause):
                        await trio.lowlevel.wait_writable(same.fileno())
                        if _is_connected(same):
                            self._settle(same, state)
                        return
                    since = time.monotonic() - pause / 2
                    pause = min(2 * pause, _LAST_LOOK_SECONDS)

        background.start(wait, same.close)

    def _is_open(self, sock: socket.socket, init_pid: int, since: float) -> bool:
        """Whether the program, which had it at the time `since`, still has it; if not, close it.

        One look serves many.
        """
        key, now = _key(sock.fileno()), time.monotonic()
        with self._lock:
            looked, there = self._seen.get(init_pid, (0.0, set()))
            if looked < since:
                there = _sockets_of([init_pid, *descendants(init_pid)])
                self._seen[init_pid] = now, there
            if key[1] in there:
                return True
            made = self._made.pop(key, None)
            if made is not None:
                os.close(made.fd)
            return False

    def _followed(self, sock: socket.socket, answer: Later | Retry) -> Answer:
        def heard(given: Answer | None) -> None:
            if given == DONE and _is_connected(sock):
                self._settle(sock, _State.CONNECTED)

        if isinstance(answer, Retry):
            attempt = answer.attempt

            def again() -> Answer | None:
                given = attempt()
                heard(given)
                return given

            return replace(answer, attempt=again)
        run = answer.run

        async def once() -> Answer:
            given = await run()
            heard(given)
            return given

        return replace(answer, run=once)


def _is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _key(fd: int) -> Key:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _sockets_of(pids: list[int]) -> set[int]:
    """The inodes of the sockets that these processes have open: proc_pid_fd(5)."""
    found = set()
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:  # it has ended
            continue
        for name in names:
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(int(target[len("socket:[") : -1]))
    return found


def _limit() -> int:
    """How many may be kept: others need descriptors of ours, too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 65536 if soft == resource.RLIM_INFINITY else soft // 4
