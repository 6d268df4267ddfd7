"""The measured side of network.py: runs outside and inside, and prints one number.

network_client.py connects HOST PORT THREADS SECONDS     connects per second
network_client.py lookups COUNT                          seconds, median
network_client.py download HOST PORT MEGABYTES CA BITS [ADDRESS]
                                                         megabytes per second, over TLS, from
                                                         a server held to BITS per second, 0: not
"""

from __future__ import annotations

import socket
import ssl
import statistics
import sys
import threading
import time
from collections.abc import Callable

_CHUNK = 1 << 18


def connects(host: str, port: str, threads: str, seconds: str) -> float:
    counts = [0] * int(threads)
    begin = time.perf_counter()
    end = begin + float(seconds)

    def run(place: int) -> None:
        while time.perf_counter() < end:
            with socket.create_connection((host, int(port))):
                counts[place] += 1

    running = [threading.Thread(target=run, args=(place,)) for place in range(len(counts))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.perf_counter() - begin)


def lookups(count: str) -> float:
    durations = []
    for number in range(int(count)):
        begin = time.perf_counter()
        socket.getaddrinfo(f"host{number}.bench.example", 443, type=socket.SOCK_STREAM)
        durations.append(time.perf_counter() - begin)
    return statistics.median(durations)


def download(host: str, port: str, megabytes: str, ca: str, bits: str, address: str = "") -> float:
    """The host is found by its name, or at the address where nobody knows that."""
    wanted = int(megabytes) << 20
    context = ssl.create_default_context(cafile=ca)
    buffer = memoryview(bytearray(_CHUNK))
    with (
        socket.create_connection((address or host, int(port))) as plain,
        context.wrap_socket(plain, server_hostname=host) as stream,
    ):
        stream.sendall(wanted.to_bytes(8, "big") + int(bits).to_bytes(8, "big"))
        begin = time.perf_counter()
        got = 0
        while got < wanted:
            count = stream.recv_into(buffer)
            if not count:
                raise ConnectionError("the server closed the connection")
            got += count
        return wanted / (1 << 20) / (time.perf_counter() - begin)


_MEASUREMENTS: dict[str, Callable[..., float]] = {
    "connects": connects,
    "lookups": lookups,
    "download": download,
}

if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(_MEASUREMENTS[what](*arguments))
