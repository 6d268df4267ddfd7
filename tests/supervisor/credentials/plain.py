"""A proxy in the test's own process, before a service that a test plays itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import trio

from nono.broker.credentials.services import own_service
from nono.supervisor.credentials.proxy import CredentialProxy
from tests.supervisor.credentials.fake import REAL_KEY

END = b"\r\n\r\n"
_SECONDS = 20.0

Serve = Callable[["Side"], Awaitable[None]]


@dataclass
class Side:
    """One side of a connection, and what was read too much of."""

    stream: trio.SocketStream
    rest: bytes = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def until(self, end: bytes) -> bytes:
        """What comes up to this, or to the end of the connection."""
        with trio.fail_after(_SECONDS):
            while end not in self.rest:
                data = await self.stream.receive_some(1 << 16)
                if not data:
                    all_of_it, self.rest = self.rest, b""
                    return all_of_it
                self.rest += data
        at = self.rest.index(end) + len(end)
        found, self.rest = self.rest[:at], self.rest[at:]
        return found

    async def to_the_end(self) -> bytes:
        found, self.rest = self.rest, b""
        with trio.fail_after(_SECONDS):
            try:
                while data := await self.stream.receive_some(1 << 16):
                    found += data
            except trio.BrokenResourceError:
                pass
        return found


@dataclass
class Proxied:
    """The proxy, how many connections the service has had, and how many of them are over."""

    proxy: CredentialProxy
    count: int = 0
    served: int = 0

    async def connect(self) -> Side:
        return Side(await trio.open_tcp_stream("127.0.0.1", self.proxy.port))

    def head(self, first: bytes, *fields: bytes) -> bytes:
        """That of a request with the right token."""
        token = self.proxy.issued.tokens["t"]
        lines = (first, b"Host: a", b"Authorization: Bearer " + token, *fields)
        return b"\r\n".join(lines) + END

    async def ask(self, data: bytes) -> bytes:
        """Everything that is answered to this."""
        side = await self.connect()
        async with side.stream:
            await side.send(data)
            return await side.to_the_end()


@asynccontextmanager
async def proxied(
    serve: Serve,
    endpoints: Sequence[tuple[str, str]] = (),
    second: str = "",
    other: str = REAL_KEY,
    path: str = "/api",
) -> AsyncIterator[Proxied]:
    """`serve` is called with each connection to the service."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    services = [
        own_service(name, f"http://localhost:{port}{path}", f"env://{key}", key, None, endpoints)
        for name, key in (("t", "KEY"), (second, "OTHER"))
        if name
    ]
    proxy = CredentialProxy(services, {"KEY": REAL_KEY, "OTHER": other})
    shown = Proxied(proxy)

    async def connected(stream: trio.SocketStream) -> None:
        shown.count += 1
        with suppress(trio.BrokenResourceError):
            await serve(Side(stream))
        await stream.aclose()
        shown.served += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, connected, listeners)
        nursery.start_soon(proxy.serve)
        yield shown
        nursery.cancel_scope.cancel()
    proxy.close()
    assert not proxy.issued.faults.texts, proxy.issued.faults.texts[0]
