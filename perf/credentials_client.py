"""The measured side of credentials.py: runs outside and inside, and prints one number.

credentials_client.py direct|proxy latency COUNT PERCENTILE       microseconds per request
credentials_client.py direct|proxy throughput CONNECTIONS SECONDS PATH requests per second
credentials_client.py direct|proxy first_byte COUNT               microseconds, median
credentials_client.py proxy processor CONNECTIONS SECONDS PATH    microseconds of the supervisor
credentials_client.py proxy streams COUNT                         kB of the supervisor for each
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import statistics
import sys
import time
from collections.abc import Callable, Coroutine
from urllib.parse import urlsplit

_HOST = "api.openai.com"
_CHUNK = 1 << 16
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Way:
    """How the service is reached: by TLS with the key, or by the proxy with a token."""

    def __init__(self, name: str) -> None:
        self._direct = name == "direct"
        self._base = urlsplit(os.environ.get("OPENAI_BASE_URL", ""))
        self._context = ssl.create_default_context() if self._direct else None

    def request(self, path: str) -> bytes:
        base = "/v1" if self._direct else self._base.path
        host = _HOST if self._direct else self._base.netloc
        key = os.environ["OPENAI_API_KEY"]
        text = f"GET {base}{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n"
        return text.encode()

    async def connect(self) -> Streams:
        if self._direct:
            return await asyncio.open_connection(
                os.environ["PERF_ADDRESS"], 443, ssl=self._context, server_hostname=_HOST
            )
        return await asyncio.open_connection(self._base.hostname, self._base.port)

    def socket(self) -> socket.socket:
        """A connected one, that does not block from now on."""
        if self._context is not None:
            plain = socket.create_connection((os.environ["PERF_ADDRESS"], 443))
            sock: socket.socket = self._context.wrap_socket(plain, server_hostname=_HOST)
        else:
            sock = socket.create_connection((self._base.hostname or "", self._base.port or 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        return sock


async def _one(streams: Streams, request: bytes) -> None:
    reader, writer = streams
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise ConnectionError(head)
    await reader.readexactly(2)


async def latency(way: Way, count: str, percentile: str) -> float:
    streams, request = await way.connect(), way.request("/models")
    times = []
    for number in range(int(count) + 100):
        begin = time.perf_counter()
        await _one(streams, request)
        if number >= 100:
            times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) * int(percentile) // 100] * 1e6


async def throughput(way: Way, connections: str, seconds: str, path: str) -> float:
    count, took, _ = await _requests(way, connections, seconds, path)
    return count / took


async def processor(way: Way, connections: str, seconds: str, path: str) -> float:
    """What a busy machine tells as well: how long the supervisor worked for each request."""
    count, _, worked = await _requests(way, connections, seconds, path, asks=True)
    return worked / count


async def _requests(
    way: Way, connections: str, seconds: str, path: str, asks: bool = False
) -> tuple[int, float, float]:
    """By the calls of sockets alone: the client has the same cores as what it measures.

    How many, in how many seconds, and microseconds of the supervisor meanwhile.
    """
    request, counts = way.request(path), [0]
    loop = asyncio.get_running_loop()

    def work(sock: socket.socket) -> None:
        def readable() -> None:
            try:
                data = sock.recv(_CHUNK)
            except ssl.SSLWantReadError:
                return
            if b" 200 " not in data[:20] or not data.endswith(b"{}"):
                raise SystemExit(f"what came is no answer: {data!r}")
            counts[0] += 1
            sock.send(request)

        loop.add_reader(sock, readable)
        sock.send(request)

    opened = [await asyncio.to_thread(way.socket) for _ in range(int(connections))]
    for sock in opened:
        work(sock)
    # Once all have a connection to the service.
    while counts[0] < 4 * len(opened):
        await asyncio.sleep(0.01)
    worked = await _told("worked") if asks else 0.0
    before, begin = counts[0], time.perf_counter()
    await asyncio.sleep(float(seconds))
    found = counts[0] - before, time.perf_counter() - begin
    worked = await _told("worked") - worked if asks else 0.0
    for sock in opened:
        loop.remove_reader(sock)
        sock.close()
    return *found, worked


async def first_byte(way: Way, count: str) -> float:
    streams, request = await way.connect(), way.request("/stream")
    reader, writer = streams
    times = []
    for _ in range(int(count)):
        begin = time.perf_counter()
        writer.write(request)
        await reader.readuntil(b"data: x")
        times.append(time.perf_counter() - begin)
        await reader.readuntil(b"0\r\n\r\n")
    return statistics.median(times) * 1e6


async def streams(way: Way, count: str) -> float:
    """What nono tells of its own size, as its user: the program may not look."""
    warm = []
    for _ in range(20):
        warm.append(await _hold(way))
    before = await _told("size")
    held = [await _hold(way) for _ in range(int(count))]
    grown = await _told("size") - before
    del warm, held
    return grown / int(count)


async def _hold(way: Way) -> Streams:
    reader, writer = await way.connect()
    writer.write(way.request("/hold"))
    await reader.readuntil(b"data: x")
    return reader, writer


async def _told(what: str) -> float:
    """Asks credentials.py, which watches the directory, for a figure of the supervisor.

    Its `size` in kB, or how many microseconds it has `worked`.
    """
    with open("ask", "w", encoding="ascii"):
        pass
    while not os.path.exists("told"):
        await asyncio.sleep(0.01)
    with open("told", encoding="ascii") as file:
        found = dict(line.split() for line in file)
    os.unlink("told")
    return float(found[what])


_MEASUREMENTS: dict[str, Callable[..., Coroutine[None, None, float]]] = {
    "latency": latency,
    "throughput": throughput,
    "processor": processor,
    "first_byte": first_byte,
    "streams": streams,
}

if __name__ == "__main__":
    name, what, *arguments = sys.argv[1:]
    print(asyncio.run(_MEASUREMENTS[what](Way(name), *arguments)))
