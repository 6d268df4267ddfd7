"""Two TCP connections with a relay between them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

import trio
import trio.testing

from nono.supervisor.linux.network.relay import relay

Socket = trio.socket.SocketType

MEGABYTE = 1 << 20


def tcp_pair(buffers: int = 0) -> tuple[Socket, Socket]:
    """Both ends of a TCP connection; `buffers` bounds those of the kernel."""
    with socket.socket() as listener:
        client = socket.socket()
        for sock in (listener, client):
            if buffers:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    return trio.socket.from_stdlib_socket(client), trio.socket.from_stdlib_socket(server)


@dataclass
class Ends:
    """The program, the host that it talks to, and a relay between them that can be cancelled."""

    program: Socket
    host: Socket
    inside: Socket
    outside: Socket
    relayed: trio.CancelScope
    ended: trio.Event


@contextlib.asynccontextmanager
async def relayed(first: bytes = b"", buffers: int = 0) -> AsyncIterator[Ends]:
    program, inside = tcp_pair(buffers)
    outside, host = tcp_pair(buffers)
    ends = Ends(program, host, inside, outside, trio.CancelScope(), trio.Event())

    async def run() -> None:
        with ends.relayed:
            await relay(inside, outside, first)
        ends.ended.set()

    with program, host:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            yield ends
            nursery.cancel_scope.cancel()
    assert inside.fileno() == outside.fileno() == -1


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


async def send(sock: Socket, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[await sock.send(view) :]


async def receive(sock: Socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count and (more := await sock.recv(count - len(data))):
        data += more
    return bytes(data)


async def receive_all(sock: Socket) -> bytes:
    data = bytearray()
    while more := await sock.recv(MEGABYTE):
        data += more
    return bytes(data)


def reset(sock: Socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def noise(count: int) -> bytes:
    return hashlib.shake_128(b"noise").digest(count)
