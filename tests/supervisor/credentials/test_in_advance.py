"""Connections to services that are begun before a request needs them."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from nono.supervisor.credentials import upstreams
from tests.supervisor.credentials.plain import Proxied, Side, proxied

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def _post(p: Proxied) -> bytes:
    return p.head(b"POST /t/api/x HTTP/1.1", b"Content-Length: 2") + b"ab"


async def _counted(p: Proxied, count: int) -> None:
    with trio.fail_after(20):
        while p.count < count:
            await trio.sleep(0.01)


async def _together(sides: list[Side], p: Proxied) -> None:
    for side in sides:
        await side.send(_post(p))
    for side in sides:
        await side.until(b"xx")


class _Bodies:
    """A service that answers one request on each connection, when so many have come."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._waits = trio.Event()
        self.at_once = 1

    async def serve(self, side: Side) -> None:
        request = await side.until(b"ab")
        self.seen.append(request)
        if len(self.seen) % self.at_once:
            await self._waits.wait()
        else:
            self._waits.set()
            self._waits = trio.Event()
        await side.send(_OK + b"xx")


async def test_behind_a_body_the_next_request_finds_a_connection() -> None:
    """On it the service sees the next request and nothing before."""
    service = _Bodies()
    async with proxied(service.serve) as p:
        side = await p.connect()
        for number in range(3):
            await _together([side], p)
            await _counted(p, number + 2)
        assert [each.count(b"POST") for each in service.seen] == [1] * 3
        assert p.count == 4


async def test_as_many_requests_as_were_lately_made_at_once_find_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each ends one and has one begun, up to a bound; and what was long ago does not count."""
    monkeypatch.setattr(upstreams, "_MAX_PREPARED", 4)
    service = _Bodies()
    async with proxied(service.serve) as p:
        sides = [await p.connect() for _ in range(6)]
        service.at_once = 3
        for ended in (3, 6):
            await _together(sides[:3], p)
            await _counted(p, ended + 3)
            assert p.count == ended + 3
        service.seen, service.at_once = [], 6
        await _together(sides, p)
        await _counted(p, 6 + 6 + 4)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert p.count == 16
        monkeypatch.setattr(upstreams, "_IDLE_SECONDS", 0.0)  # those that are free are old, too
        service.seen, service.at_once = [], 1
        await _together(sides[:1], p)
        await _counted(p, 16 + 2)
        await _together(sides[:1], p)
        await _counted(p, 16 + 4)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert p.count == 20


async def test_a_connection_begun_in_advance_that_the_service_ends_is_not_used() -> None:
    async def serve(side: Side) -> None:
        if p.count == 2:
            await side.stream.aclose()
            return
        await side.until(b"ab")
        await side.send(_OK + b"xx")

    async with proxied(serve) as p:
        side = await p.connect()
        await side.send(_post(p))
        await side.until(b"xx")
        await _counted(p, 2)
        while p.served < 2:
            await trio.sleep(0.01)
        await side.send(_post(p))
        assert (await side.until(b"xx")).startswith(b"HTTP/1.1 200 ")
