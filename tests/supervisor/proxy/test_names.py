"""Attacks on what decides: names that lead elsewhere or are others, TLS for another host."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import replace

import pytest
import trio

from nono.broker import Connect, ConnectHost, Process, ServerName
from nono.broker.requests import NOBODY, Request
from tests.supervisor.network.world import World
from tests.supervisor.proxy.conftest import Served, network, read_to_end, receive, serving

LEADS = [
    *("127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "10.0.0.1", "192.168.0.1", "172.16.0.1"),
    *("169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::127.0.0.1"),
    *("fc00::1", "224.0.0.1", "255.255.255.255"),
]


async def test_a_name_that_leads_where_it_may_not(world: World) -> None:
    """Decided again for each address, whichever way the client asks."""
    allowed = [f"n{number}.example" for number in range(len(LEADS))]
    for name, address in zip(allowed, LEADS, strict=True):
        world.name(name, address)
    async with serving(world, network(*allowed)) as served:
        for name in allowed:
            status, _ = await served.connect(name.encode() + b":80")
            assert status.split()[1] == b"403", (name, status)
        assert len(served.refused) == len(LEADS)
        said = await served.request(b"GET http://n0.example/")
        assert said.startswith(b"HTTP/1.1 403 ")


async def test_addresses_in_place_of_names(world: World) -> None:
    """The network knows a name only; what it leads to is not open by itself."""
    host = world.http("a.example", 0)
    port = host.port
    async with serving(world, network(f"a.example:{port}")) as served:
        for target in (
            *(f"{host.address}:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "[::ffff:7f00:1]:80"),
            *("169.254.169.254:80", "[::ffff:169.254.169.254]:80", "0.0.0.0:80", "[::]:80"),
            *(f"localhost:{port}", f"x.localhost:{port}", f"LOCALHOST.:{port}"),
        ):
            status, _ = await served.connect(target.encode())
            assert status.split()[1] == b"403", target
        assert host.connections == [] and world.dns.queries == []


async def test_the_proxy_is_no_way_to_itself(world: World) -> None:
    async with serving(world, network("127.0.0.1/32:1")) as served:
        port = served.proxy.port
        opened = network(f"127.0.0.1:{port}")
        policy = replace(served.decisions.policy, network=opened)
        served.decisions.policy = policy
        status, _ = await served.connect(f"127.0.0.1:{port}".encode())
        assert status.split()[1] == b"403"
        assert served.refused == [Connect(NOBODY, "127.0.0.1", port)]


async def test_other_spellings_of_a_name_are_the_name(world: World) -> None:
    host = world.http("a.example", 0)
    made = network(f"a.example:{host.port}", f"{host.address}:{host.port}", denied=("bad.example",))
    async with serving(world, made) as served:
        for name in ("A.Example", "a.example.", "A.EXAMPLE."):
            status, _ = await served.connect(f"{name}:{host.port}".encode())
            assert status.split()[1] == b"200", name
        for name in ("BAD.example", "bad.example.", "a.example.bad.example", "xa.example"):
            status, _ = await served.connect(f"{name}:{host.port}".encode())
            assert status.split()[1] == b"403", name
        assert {name for name, _ in world.dns.queries} == {"a.example"}


async def test_the_address_that_was_decided_is_the_one_that_is_connected_to(world: World) -> None:
    """Whoever answers for the name says something else the next time: there is none."""
    host = world.http("a.example", 0)
    asked: list[bytes] = []

    def rebind(query: bytes) -> list[bytes]:
        asked.append(query)
        if len(asked) > 2:  # one for each family
            world.name("a.example", "169.254.169.254")
        return []

    world.dns.before = rebind
    made = network(f"a.example:{host.port}", f"{host.address}:{host.port}")
    where = f"a.example:{host.port}".encode()
    async with serving(world, made) as served:
        assert (await served.connect(where))[0].split()[1] == b"200"
        assert len(asked) == 2
    async with serving(world, made) as served:  # which has to ask again
        assert (await served.connect(where))[0].split()[1] == b"403"
        refused = Connect(NOBODY, "169.254.169.254", host.port, "a.example")
        assert served.refused == [refused]
    assert len(host.connections) == 1


def hello(name: str | None) -> bytes:
    """A ClientHello for a server of this name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    talk = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        talk.do_handshake()
    return outgoing.read()


FIRST = {
    "the name": (hello("a.example"), None),
    "the name in capitals": (hello("A.Example"), None),
    "another name": (hello("b.example"), "b.example"),
    "no name": (hello(None), ""),
    "plain HTTP": (b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", ""),
    "SSH": (b"SSH-2.0-x\r\n", ""),
}


@pytest.mark.requires(ports=[443])
async def test_tls_has_to_name_the_host(world: World) -> None:
    """At once with the head, in one piece later, or byte by byte; and by SOCKS."""
    host = world.https("a.example")
    made = network("a.example", f"{host.address}:443")
    for what, (data, named) in FIRST.items():
        async with serving(world, made) as served:
            for way in ("at once", "later"):
                stream = await tunnel(served, data if way == "at once" else b"")
                with contextlib.suppress(trio.BrokenResourceError):
                    if way == "later":
                        await stream.send_all(data[:7])
                        await stream.send_all(data[7:])
                    await stream.send_eof()
                await read_to_end(stream)
            expected: list[Request] = (
                [] if named is None else [ServerName(NOBODY, "a.example", 443, named or None)]
            )
            assert served.refused == expected, what
    async with serving(world, made) as served:
        said = await served.request(b"GET http://a.example:443/")
        assert said.startswith(b"HTTP/1.1 403 ")
        assert served.refused == [ServerName(NOBODY, "a.example", 443, None)]


async def tunnel(served: Served, first: bytes) -> trio.SocketStream:
    """A tunnel to port 443 of the host, with its first bytes in the packet of the head."""
    stream = await served.client()
    line = b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n" + served.authorization
    await stream.send_all(line + b"\r\n" + first)
    assert (await receive(stream)).startswith(b"HTTP/1.1 200 ")
    return stream


async def test_a_person_is_asked_while_one_connection_waits(world: World) -> None:
    """Others go on meanwhile, and one that is given up waits no more."""
    host = world.http("a.example", 0)
    asked: list[Request] = []
    given_up: list[Request] = []
    answered = trio.Event()

    async def permit(request: Connect | ConnectHost) -> Process:
        if getattr(request, "host", "") == "asked.example":
            asked.append(request)
            try:
                await answered.wait()
            except trio.Cancelled:
                given_up.append(request)
                raise
        return request.process

    world.name("asked.example", host.address)
    place = f"{host.address}:{host.port}"
    allowed = (f"a.example:{host.port}", f"asked.example:{host.port}", place)
    async with serving(world, network(*allowed)) as served:
        served.proxy.terms.permit = permit
        where = f"asked.example:{host.port}".encode()
        statuses: list[bytes] = []

        async def connect() -> None:
            statuses.append((await served.connect(where))[0])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(connect)
            leaving = await served.client()
            head = b"CONNECT " + where + b" HTTP/1.1\r\nHost: x\r\n" + served.authorization
            await leaving.send_all(head + b"\r\n")
            while len(asked) < 2:
                await trio.sleep(0.005)
            status, _ = await served.connect(f"a.example:{host.port}".encode())
            assert status.split()[1] == b"200" and statuses == []
            await leaving.aclose()
            while not given_up:
                await trio.sleep(0.005)
            answered.set()
        assert statuses == [b"HTTP/1.1 200 Connection established"]
