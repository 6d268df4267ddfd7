"""Performing connect(2), which may wait: for the peer's answer, or for room in its backlog."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time

from nono.shims.linux import sockets as kernel
from nono.supervisor.answers import DONE, Answer, Retry, Wait
from nono.supervisor.call import Call

_FAMILY = struct.Struct("=H")
_TIMEVAL = struct.Struct("@ll")


def perform_connect(
    call: Call, held: contextlib.ExitStack, sock: socket.socket, address: bytes
) -> Answer:
    """connect(2) of the caller's open socket, once it is allowed.

    A blocking socket may wait for its peer for minutes, so its connect becomes a task. `held`
    closes what the connect needs, after it. Raises OSError.
    """
    call.ensure_waiting()
    if not os.get_blocking(sock.fileno()) or _is_at_once(sock, address):
        kernel.connect(sock.fileno(), address)
        return DONE
    if sock.family == socket.AF_UNIX:
        return _connect_when_there_is_room(held, sock, address)

    def work() -> Answer:
        kernel.connect(sock.fileno(), address)
        return DONE

    def release() -> None:
        sock.shutdown(socket.SHUT_RDWR)

    return Wait(work, release, held.pop_all().close)


def _connect_when_there_is_room(
    held: contextlib.ExitStack, sock: socket.socket, address: bytes
) -> Answer:
    """A unix connect waits while the other's backlog is full, and only room or a timeout ends that.

    So it is tried without waiting: the open file is the caller's, but before it is connected
    nothing else that could be done with it depends on O_NONBLOCK.
    """
    seconds, microseconds = _TIMEVAL.unpack(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.size)
    )
    limit = seconds + microseconds / 1e6
    deadline = time.monotonic() + limit if limit else float("inf")

    def attempt() -> Answer | None:
        os.set_blocking(sock.fileno(), False)
        try:
            kernel.connect(sock.fileno(), address)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            return None
        finally:
            os.set_blocking(sock.fileno(), True)
        return DONE

    answer = attempt()
    return Retry(attempt, held.pop_all().close) if answer is None else answer


def _is_at_once(sock: socket.socket, address: bytes) -> bool:
    """Datagram sockets and disconnecting never wait."""
    unspecified = address[: _FAMILY.size] == _FAMILY.pack(socket.AF_UNSPEC)
    return sock.type == socket.SOCK_DGRAM or unspecified
