"""A connection to a host through an upstream proxy: CONNECT, RFC 9110 section 9.3.6."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import trio

from nono.supervisor.errors import ProxyRefusal
from nono.supervisor.network.dial import dial

if TYPE_CHECKING:
    from nono.supervisor.network.resolver import Resolver
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_MAX_HEAD: Final = 16 * 1024
_SECONDS: Final = 60.0
_END: Final = b"\r\n\r\n"
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r)")


async def connect_through(
    proxy: UpstreamProxy, resolver: Resolver, host: str, port: int
) -> trio.socket.SocketType:
    """A TCP socket that the proxy has connected to the host, with nothing read of what it says.

    `host` is a canonical name, allowed before. Raises ProxyRefusal, and OSError as a resolution
    does.
    """
    try:
        with trio.fail_after(_SECONDS):
            sock = await _connected(proxy, await resolver.addresses(proxy.host))
            try:
                await _ask(proxy, sock, host, port)
            except BaseException:
                sock.close()
                raise
            return sock
    except trio.TooSlowError:
        raise ProxyRefusal(proxy.authority, "it does not answer in time") from None


async def _connected(proxy: UpstreamProxy, addresses: Sequence[str]) -> trio.socket.SocketType:
    try:
        return await dial(addresses, proxy.port)
    except OSError as error:
        raise ProxyRefusal(proxy.authority, error.strerror or "it is not reached") from None


async def _ask(proxy: UpstreamProxy, sock: trio.socket.SocketType, host: str, port: int) -> None:
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    request = "\r\n".join([*lines, "", ""]).encode()
    while request:
        request = request[await sock.send(request) :]
    status = _STATUS.match(await _head(proxy, sock))
    if status is None:
        raise ProxyRefusal(proxy.authority, "it does not speak HTTP as a proxy does")
    if not status[1].startswith(b"2"):
        raise ProxyRefusal(proxy.authority, f"it answers {status[1].decode()}")


async def _head(proxy: UpstreamProxy, sock: trio.socket.SocketType) -> bytes:
    """The head of the answer. What follows is the host's, and stays in the socket."""
    head = b""
    while not head.endswith(_END):
        await trio.lowlevel.wait_readable(sock)
        seen = head + await sock.recv(_MAX_HEAD, socket.MSG_PEEK)
        end = seen.find(_END, max(0, len(head) - len(_END)))
        wanted = (end + len(_END) if end >= 0 else len(seen)) - len(head)
        more = await sock.recv(wanted) if wanted else b""
        head += more
        if not more or len(head) > _MAX_HEAD:
            raise ProxyRefusal(proxy.authority, "it does not speak HTTP as a proxy does")
    return head
