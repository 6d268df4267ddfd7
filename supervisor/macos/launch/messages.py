"""What the supervisor, a sandbox's guard and the child tell each other, over sockets and pipes.

One message is its length and one msgpack value: macOS has no unix sockets that keep messages
apart. All of it is said by our own code: the program that is run never holds an end of it.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgpack

STARTED = "started"
"""guard -> supervisor: [STARTED, pid of the program]: it was executed."""
ENTERED = "entered"
"""child -> guard: [ENTERED]: it is in the sandbox, and executes the program next."""
FAILED = "failed"
"""child or guard -> supervisor: [FAILED, step, errno, words]; nothing was run."""
NOT_EXECUTED = "not executed"
"""child -> supervisor: [NOT_EXECUTED, errno] of execve."""
STOPPED = "stopped"
"""guard -> supervisor: [STOPPED, n]: the program was stopped by a signal, for the n-th time."""
EXITED = "exited"
"""guard -> supervisor: [EXITED, wait status]: it ended; the rest is being killed."""
ENDED = "ended"
"""guard -> supervisor: [ENDED, n]: all are killed, but for n that could not be."""
CONTINUE = "continue"
"""supervisor -> guard: [CONTINUE, n]: let the program go on if it is still in its n-th stop."""
SIGNAL = "signal"
"""supervisor -> guard: [SIGNAL, number, to its group]."""
KILL = "kill"
"""supervisor -> guard: [KILL]: end the session now. A closed socket means the same."""

_LENGTH = struct.Struct("=I")
_MAX_MESSAGE = 64 << 20


class Spec(NamedTuple):
    """Everything that guard and child need to know, besides the descriptors in `Descriptors`."""

    argv: list[str]
    env: dict[str, str]
    cwd: str
    profile: str
    parameters: dict[str, str]
    mark: str
    """The name by which the kernel tells the sandbox's processes: see `ending`."""
    umask: int
    ignored_signals: Sequence[int] = ()
    signal_mask: Sequence[int] = ()
    closed_streams: Sequence[int] = ()


class Descriptors(NamedTuple):
    """Open descriptors of the process that forks.

    `terminal` becomes the controlling terminal of a session of the sandbox's own, and `outer` is
    the person's, which is put back if the supervisor is killed; -1 for none.
    """

    control: int
    stdin: int
    stdout: int
    stderr: int
    terminal: int = -1
    outer: int = -1


def packed(*message: Any) -> bytes:
    """A message as it is sent."""
    data = msgpack.packb(list(message), unicode_errors="surrogateescape")
    return _LENGTH.pack(len(data)) + bytes(data)


def send(sock: socket.socket, *message: Any) -> None:
    """Send one message. Raises OSError when the other end is gone."""
    sock.sendall(packed(*message))


def receive(sock: socket.socket) -> list[Any] | None:
    """The next message; None at the end. Blocks until it is whole. Raises OSError."""
    return unpacked(sock.recv)


def unpacked(read: Any) -> list[Any] | None:
    """The next message of those that `read(size)` gives, which may give less; None at the end."""
    head = _exactly(read, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    data = _exactly(read, length) if length <= _MAX_MESSAGE else None
    return None if data is None else list(_plain(data))


def _plain(data: bytes) -> Any:
    return msgpack.unpackb(data, unicode_errors="surrogateescape")


def _exactly(read: Any, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = read(size - len(data))
        if not more:
            return None
        data += more
    return data


def read_pipe(fd: int) -> list[Any] | None:
    """The one message that a pipe brings before it ends; None where it brings none."""
    return unpacked(lambda size: os.read(fd, size))
