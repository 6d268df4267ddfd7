"""HTTP by the proxy: CONNECT and plain requests, judged and made anew."""

from __future__ import annotations

from tests.supervisor.network.world import World
from tests.supervisor.proxy.conftest import network, read_to_end, serving


async def test_a_tunnel_and_a_plain_request(world: World) -> None:
    host = world.http("a.example", 0)
    where = f"a.example:{host.port}"
    async with serving(world, network(where, f"{host.address}:{host.port}")) as served:
        status, stream = await served.connect(where.encode())
        assert status == b"HTTP/1.1 200 Connection established"
        await stream.send_all(b"GET /t HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        await stream.send_eof()
        assert (await read_to_end(stream)).endswith(b"this is a.example")
        plain = await served.request(f"GET http://{where}/p?q=1".encode())
        assert plain.startswith(b"HTTP/1.1 200") and plain.endswith(b"this is a.example")
        assert host.requests == ["GET /t", "GET /p?q=1"]
        assert served.refused == []
