"""Performing connect(2), which may wait: for the peer's answer, or for room in its backlog.

The caller's own open socket is connected, without waiting anywhere: a socket that would block is
made not to while the attempt is started, which changes nothing else as long as it is not
connected. What is left to wait for is a task.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import time
from collections.abc import Callable
from functools import lru_cache

from nono.shims.linux import sockets as kernel
from nono.shims.linux.sockets import not_blocking
from nono.supervisor.linux.calls.answers import DONE, Answer, Fail, Later, Restart
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.stalling import may_stall

_TIMEVAL = struct.Struct("@ll")


def perform_connect(
    call: Call,
    held: contextlib.ExitStack,
    sock: socket.socket,
    address: bytes,
    attempt: Callable[[], None] | None = None,
) -> Answer:
    """connect(2) of the caller's open socket, once it is allowed.

    `held` closes what the connect needs, after it. `attempt` is what connects a unix socket, each
    time it is tried; by default it is connected to `address`. Raises OSError.
    """
    call.ensure_waiting()
    connect = attempt or (lambda: kernel.connect(sock.fileno(), address))
    if not os.get_blocking(sock.fileno()) or _is_at_once(sock, address):
        connect()
        return DONE
    if sock.family == socket.AF_UNIX:
        return _connect_when_there_is_room(held, sock, connect)
    started = start_connect(sock, address)
    return await_connect(held, sock, started) if started else DONE


def await_connect(held: contextlib.ExitStack, sock: socket.socket, started: int) -> Answer:
    """Wait for the end of an attempt that was started, as `start_connect` tells."""
    deadline = deadline_of(sock)
    return Later(
        lambda: until_connected(sock, deadline, started),
        held.pop_all().close,
        lambda: interrupted(deadline),
    )


def deadline_of(sock: socket.socket) -> float:
    """When a connect of this socket has to end, by the monotonic clock: SO_SNDTIMEO, socket(7)."""
    seconds, microseconds = _TIMEVAL.unpack(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.size)
    )
    limit: float = seconds + microseconds / 1e6
    return time.monotonic() + limit if limit else float("inf")


def start_connect(sock: socket.socket, address: bytes) -> int:
    """Start to connect a blocking socket. Raises OSError.

    0 when it is connected already, as with a peer on this machine, which answers at once. Else
    EINPROGRESS, or EALREADY when an attempt goes on that an earlier call has started.
    """
    with not_blocking(sock):
        started = _connect(sock, address)
        return started if started and _is_undecided(sock) else 0


def finish_connect(sock: socket.socket) -> None:
    """Make a connected socket know it, as a connect(2) that blocks does. Raises OSError."""
    with not_blocking(sock):
        _is_undecided(sock)


def interrupted(deadline: float) -> Answer:
    """For a caller with a signal. A connect with a time limit is not restarted: signal(7)."""
    return Restart() if deadline == float("inf") else Fail(errno.EINTR)


async def until_connected(
    sock: socket.socket, deadline: float, late: int = errno.EINPROGRESS
) -> Answer:
    """Wait for the end of an attempt that was started. Raises OSError when it has failed.

    `late` is the error when it has not ended by the deadline.
    """
    import trio

    with trio.move_on_at(trio_time(deadline)):
        while True:
            await trio.lowlevel.wait_writable(sock.fileno())
            with not_blocking(sock):
                if not _is_undecided(sock):
                    return DONE
    return Fail(late)


def trio_time(deadline: float) -> float:
    """A time of the monotonic clock by trio's clock."""
    import trio

    return trio.current_time() + (deadline - time.monotonic())


def nowhere(sock: socket.socket) -> bytes:
    """An address where nothing listens, ever, to ask for the outcome of an attempt with.

    connect(2) ignores it while there is one. When the program has given up its attempt meanwhile,
    no other one begins.
    """
    return _nowhere(sock.family)


@lru_cache
def _nowhere(family: int) -> bytes:
    return kernel.inet_address(family, "127.0.0.1", 0)


def _is_undecided(sock: socket.socket) -> bool:
    """Ask for the outcome, as a second connect(2) does. Raises OSError when it is a failure."""
    try:
        return bool(_connect(sock, nowhere(sock)))
    except OSError as error:
        if error.errno != errno.EISCONN:  # another thread of the caller's asked first
            raise
        return False


def _connect(sock: socket.socket, address: bytes) -> int:
    """0 when the socket is connected, EINPROGRESS or EALREADY when that takes time, or OSError."""
    try:
        kernel.connect(sock.fileno(), address)
    except BlockingIOError as error:
        if error.errno not in (errno.EINPROGRESS, errno.EALREADY):
            raise
        return error.errno
    return 0


def _connect_when_there_is_room(
    held: contextlib.ExitStack, sock: socket.socket, connect: Callable[[], None]
) -> Answer:
    """A unix connect waits while the other's backlog is full, and only room or a timeout ends that.

    Nothing tells that there is room, so it is tried again. `connect` decides again what is not
    held: a path is connected to by its inode, which no other socket can get.
    """
    deadline = deadline_of(sock)

    def attempt() -> Answer | None:
        try:
            with not_blocking(sock):
                connect()
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            return None
        return DONE

    answer = attempt()
    if answer is not None:
        return answer
    return may_stall(attempt, held.pop_all().close, lambda: interrupted(deadline))


def _is_at_once(sock: socket.socket, address: bytes) -> bool:
    """Only sockets with a handshake wait, and disconnecting does not."""
    unspecified = address[: kernel.FAMILY.size] == kernel.FAMILY.pack(socket.AF_UNSPEC)
    return sock.type not in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET) or unspecified
