"""What the supervisor, the sandbox's init and the child tell each other, over a socket pair.

One SOCK_SEQPACKET message is one msgpack list. All of it is said by our own code: the program
that is run never holds an end of it.
"""

from __future__ import annotations

import errno
import os
import struct
from _socket import (
    AF_UNIX,
    CMSG_SPACE,
    MSG_CMSG_CLOEXEC,
    MSG_CTRUNC,
    MSG_NOSIGNAL,
    MSG_TRUNC,
    SCM_RIGHTS,
    SOCK_SEQPACKET,
    SOL_SOCKET,
    socket,
    socketpair,
)
from collections.abc import Sequence

from nono.broker.named_tuple import NamedTuple
from nono.broker.packed import packed, unpacked
from nono.supervisor.errors import failure

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

MAX_MESSAGE = 8192
_FD = struct.Struct("i")

STARTED = "started"
"""init -> supervisor: [STARTED, pid of the child], and a pidfd of it."""
LISTENER = "listener"
"""child -> supervisor: [LISTENER], with the listener's descriptor, if there is a broker."""
PROXY = "proxy"
"""child -> supervisor: [PROXY], with what listens in a network of the program's own."""
FAILED = "failed"
"""child or init -> supervisor: [FAILED, step, errno]; nothing was run."""
NOT_EXECUTED = "not executed"
"""child -> supervisor: [NOT_EXECUTED, errno] of execve."""
STOPPED = "stopped"
"""init -> supervisor: [STOPPED, n]: the child was stopped by a signal, for the n-th time."""
EXITED = "exited"
"""init -> supervisor: [EXITED, wait status]: the child ended; the rest is killed, or lingers."""
ENDED = "ended"
"""init -> supervisor: [ENDED]: no process of the sandbox is left."""
CONTINUE = "continue"
"""supervisor -> init: [CONTINUE, n]: let the child go on if it is still in its n-th stop."""
SEEN = "seen"
"""supervisor -> init: [SEEN, n]: forget the signal n that waits; what it tells has been noted."""
KILL = "kill"
"""supervisor -> init: [KILL]: end the session now. A closed socket means the same."""


class Spec(NamedTuple):
    """Everything that init and child need to know, besides the descriptors in `Descriptors`."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    program: bytes
    """The seccomp filter: an array of struct sock_filter."""
    keep: list[int]
    """Numbers of the capabilities that the child keeps, if it has them."""
    umask: int
    broker: bool = True
    """False: the filter has no listener, and the floor is all there is."""
    ignored_signals: Sequence[int] = ()
    signal_mask: Sequence[int] = ()
    closed_streams: Sequence[int] = ()
    lingers: bool = False
    """What the program leaves running goes on after its end, until the session is ended."""
    own_network: int = 0
    """The port of nono's proxy in a network of the program's own; 0 for the machine's network."""
    group: str = ""
    """The directory of the control group that the program enters; empty for nono's own."""
    rlimits: Sequence[Sequence[int]] = ()
    """Numbers of setrlimit(2), each with its soft and its hard limit."""
    own_session: bool = False
    """Whether the init leaves our session, and so our terminal, even where it gets no other."""

    def pack(self) -> bytes:
        return packed([self.argv, [*self.env.items()], *self[2:]])

    @staticmethod
    def unpack(data: bytes) -> Spec:
        said: Any = unpacked(data)
        argv, env, *rest = said
        return Spec(argv, dict(env), *rest)


class Descriptors(NamedTuple):
    """Open descriptors of the process that forks. `scope` is -1 where the kernel has no scopes.

    `terminal` becomes the controlling terminal of a session of the sandbox's own, and `outer` is
    the person's, which is put back if the supervisor is killed; -1 for none.
    """

    control: int
    stdin: int
    stdout: int
    stderr: int
    ruleset: int
    scope: int
    terminal: int = -1
    outer: int = -1


def open_pair() -> tuple[socket, socket]:
    """Two ends that block, whatever default timeout this process has. Raises OSError.

    They are of the interpreter's own kind: to load `socket` takes a thirtieth of a start.
    """
    pair = socketpair(AF_UNIX, SOCK_SEQPACKET)
    for end in pair:
        end.setblocking(True)
    return pair


def send(sock: socket, *message: Any, fds: tuple[int, ...] = ()) -> None:
    """Send one message. Raises OSError when the other end is gone."""
    data = packed(message)
    ancillary = [(SOL_SOCKET, SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else []
    sock.sendmsg([data], ancillary, MSG_NOSIGNAL)


def receive(sock: socket, fd_limit: int = 1) -> tuple[list[Any] | None, list[int]]:
    """The next message and its descriptors (close-on-exec); None at the end.

    Raises OSError; EMFILE where there was no room for the descriptors: unix(7), SCM_RIGHTS.
    """
    space = CMSG_SPACE(fd_limit * _FD.size)
    try:
        data, ancillary, flags, _ = sock.recvmsg(MAX_MESSAGE, space, MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        # The peer ended before it had read all: that is said once, before what it has sent.
        data, ancillary, flags, _ = sock.recvmsg(MAX_MESSAGE, space, MSG_CMSG_CLOEXEC)
    fds: list[int] = []
    for level, kind, content in ancillary:
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            whole = content[: len(content) - len(content) % _FD.size]
            fds += (each for (each,) in _FD.iter_unpack(whole))
    if flags & (MSG_TRUNC | MSG_CTRUNC):
        for fd in fds:
            os.close(fd)
        raise failure(errno.EMFILE if flags & MSG_CTRUNC else errno.EMSGSIZE)
    return (_list(data) if data else None), fds


def _list(data: bytes) -> list[Any] | None:
    """A message; None where it is none, which is as good as the end."""
    try:
        message = unpacked(data)
    except ValueError:
        return None
    return message if isinstance(message, list) else None
