"""The upstream of credentials.py: TLS, keep-alive, and as little work per request as possible.

credentials_server.py ADDRESS PORT CERTIFICATE KEY
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_OTHER = (
    b"HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 23:00:00 GMT\r\nServer: perf\r\nVary: Origin\r\n"
    b"X-Request-Id: req_%020d\r\nCache-Control: no-cache, must-revalidate\r\nX-Took: 12\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
"""As services answer: no head is like the one before."""
_NUMBERS = itertools.count()
_DENIED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"7\r\ndata: x\r\n"
)
_END = b"0\r\n\r\n"
_PAUSE = 0.002
_CHUNK = 1 << 16


def serve(loop: asyncio.AbstractEventLoop, sock: ssl.SSLSocket, key: bytes) -> None:
    """Answer what comes. Calls of the socket alone: streams cost as much as all the rest."""

    def readable() -> None:
        try:
            head = sock.recv(_CHUNK)
        except ssl.SSLWantReadError:
            return
        except OSError:
            head = b""
        if not head:
            loop.remove_reader(sock)
            sock.close()
        elif b"Bearer " + key not in head:
            sock.send(_DENIED)
        elif b"/hold" in head:
            sock.send(_STREAM)
        elif b"/other" in head:
            sock.send(_OTHER % next(_NUMBERS))
        elif b"/stream" in head:
            sock.send(_STREAM)
            loop.call_later(_PAUSE, sock.send, _END)
        else:
            sock.send(_ANSWER)

    loop.add_reader(sock, readable)


async def encrypted(
    loop: asyncio.AbstractEventLoop, wrap: Callable[[], ssl.SSLSocket]
) -> ssl.SSLSocket:
    """A TLS connection that does not block."""
    sock = wrap()
    while True:
        try:
            sock.do_handshake()
            return sock
        except ssl.SSLWantReadError:
            await _readable(loop, sock)


def _readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> Awaitable[None]:
    ready: asyncio.Future[None] = loop.create_future()

    def done() -> None:
        loop.remove_reader(sock)
        ready.set_result(None)

    loop.add_reader(sock, done)
    return ready


async def main(address: str, port: str, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    listener = socket.create_server((address, int(port)), backlog=1024)
    listener.setblocking(False)

    async def connected(plain: socket.socket) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = await encrypted(
                loop,
                lambda: context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False),
            )
        except OSError:
            plain.close()
        else:
            serve(loop, sock, key.encode())

    running = set()
    while True:
        task = asyncio.ensure_future(connected((await loop.sock_accept(listener))[0]))
        running.add(task)
        task.add_done_callback(running.discard)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
