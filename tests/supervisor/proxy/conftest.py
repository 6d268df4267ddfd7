"""A proxy in this process: what it decides by, hosts on loopback, and clients that say anything."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import trio

from nono.broker import (
    Access,
    Effect,
    Floor,
    Mode,
    Network,
    Origin,
    OriginKind,
    Policy,
    Rule,
)
from nono.broker.network.host_entries import parse_host
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.network.upstream_proxy import UpstreamProxy
from nono.supervisor.proxy.proxy import NetworkProxy
from nono.supervisor.proxy.terms import NAME
from tests.supervisor.network.world import World

FLAG = Origin(OriginKind.FLAG, "--allow-domain")
PATIENCE = 10.0


@dataclass
class Served:
    """A proxy that is served, and what it knows."""

    proxy: NetworkProxy
    world: World
    decisions: Decisions
    _streams: list[trio.SocketStream] = field(default_factory=list)

    @property
    def authorization(self) -> bytes:
        """The header that shows the token."""
        pair = f"{NAME}:{self.proxy.terms.token}".encode()
        return b"Proxy-Authorization: Basic " + base64.b64encode(pair) + b"\r\n"

    async def client(self) -> trio.SocketStream:
        """A connection to it."""
        stream = await trio.open_tcp_stream("127.0.0.1", self.proxy.port)
        self._streams.append(stream)
        return stream

    async def say(self, data: bytes) -> bytes:
        """All that is answered to these bytes until the proxy closes; a reset is an end, too."""
        stream = await self.client()
        with contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(data)
        return await read_to_end(stream)

    async def request(self, line: bytes, *headers: bytes) -> bytes:
        """The answer to a request with the token, up to the end of the connection."""
        lines = b"".join(header + b"\r\n" for header in headers)
        head = line + b" HTTP/1.1\r\nHost: x\r\n" + self.authorization + lines
        return await self.say(head + b"Connection: close\r\n\r\n")

    async def connect(self, target: bytes, *headers: bytes) -> tuple[bytes, trio.SocketStream]:
        """The status line of a CONNECT with the token, and what follows it."""
        stream = await self.client()
        lines = b"".join(header + b"\r\n" for header in headers)
        head = b"CONNECT " + target + b" HTTP/1.1\r\nHost: x\r\n" + self.authorization
        await stream.send_all(head + lines + b"\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer and (more := await receive(stream)):
            answer += more
        return answer.partition(b"\r\n")[0], stream

    @property
    def refused(self) -> list[object]:
        """The requests that were refused so far."""
        return [each.request for each in self.decisions.denials.all()]

    async def close(self) -> None:
        for stream in self._streams:
            await trio.aclose_forcefully(stream)


async def receive(stream: trio.SocketStream) -> bytes:
    with trio.fail_after(PATIENCE):
        return bytes(await stream.receive_some(1 << 16))


async def read_to_end(stream: trio.SocketStream) -> bytes:
    data = b""
    with contextlib.suppress(trio.BrokenResourceError):
        while more := await receive(stream):
            data += more
    return data


def network(*allowed: str, denied: tuple[str, ...] = ()) -> Network:
    """The filtered mode with these hosts."""
    rules = [
        Rule(parse_host(each), Access.CONNECT, effect, FLAG)
        for effect, names in ((Effect.ALLOW, allowed), (Effect.DENY, denied))
        for each in names
    ]
    return Network(Mode.FILTERED, rules=tuple(rules))


@contextlib.asynccontextmanager
async def serving(
    world: World, made: Network, upstream: UpstreamProxy | None = None
) -> AsyncIterator[Served]:
    """A proxy that decides by this network and resolves by this world."""
    proxy = NetworkProxy([(world.dns.address, world.dns.port)], upstream)
    decisions = Decisions(Policy(network=made), Floor())
    proxy.decide_by(decisions)
    served = Served(proxy, world, decisions)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(proxy.serve)
            yield served
            await served.close()
            nursery.cancel_scope.cancel()
    finally:
        proxy.close()
    assert proxy.faults == []


@pytest.fixture
def world() -> Iterator[World]:
    """An internet without hosts."""
    with World() as made:
        yield made
