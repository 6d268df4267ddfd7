"""Connections that wait for room at a listener of ours, which then goes: another has the place.

Arguments: `wait`, a directory to write in and a name for abstract sockets. There the places are
written, and `taken` appears once somebody else listens at every one of them. Or `swap` and a
directory, where `place` is written, at which somebody else listens now and then, and `over` appears.
"""

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .attempt import arguments, attempt

PLACES = 3
SECONDS = 30
PATIENCE = 1.3
"""The kernel repeats a SYN after a second: tcp(7)."""
HOSTS = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


class Place:
    """A listener whose queue is full, and what waits for it."""

    def __init__(self, family: int, address: str | tuple[str, int]) -> None:
        self.family = family
        self.server = socket.socket(family)
        self.server.bind(address)
        self.server.listen(0)
        self.address = self.server.getsockname()
        self.filling = list(iter(self.fills, None))
        self.waiting: list[socket.socket] = []
        self.outcomes: list[int] = []

    def fills(self) -> socket.socket | None:
        sock = socket.socket(self.family)
        sock.setblocking(False)
        result = sock.connect_ex(self.address)
        waits = self.family != socket.AF_UNIX  # which says at once that there is no room
        if result == 0 or (waits and select.select([], [sock], [], 0.02)[1]):
            return sock
        sock.close()
        return None

    def wait(self) -> list[threading.Thread]:
        """One that blocks, and where that is a thing to wait for, one that does not."""
        blocking = socket.socket(self.family)
        self.waiting.append(blocking)
        threads = [threading.Thread(target=self.connect, args=[blocking])]
        if self.family != socket.AF_UNIX:
            sock = socket.socket(self.family)
            sock.setblocking(False)
            sock.connect_ex(self.address)
            self.waiting.append(sock)
            threads.append(threading.Thread(target=self.poll, args=[sock]))
        return threads

    def connect(self, sock: socket.socket) -> None:
        self.outcomes.append(sock.connect_ex(self.address))

    def poll(self, sock: socket.socket) -> None:
        poll = select.poll()
        poll.register(sock, select.POLLOUT)
        poll.poll(SECONDS * 1000)
        self.outcomes.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def leave(self) -> None:
        self.server.close()
        if isinstance(self.address, str):
            os.unlink(self.address)

    def reached(self) -> object:
        """What waited and has a peer. Raises OSError when there is none."""
        found = []
        for sock in self.waiting:
            with contextlib.suppress(OSError):
                found.append(sock.getpeername())
        if not found:
            raise OSError(self.outcomes[0], "nobody")
        return found


def swap(directory: str) -> None:
    """Our listener comes and goes, while we connect and say something to whoever is there."""
    here = Path(directory)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    (here / "place.new").write_text(json.dumps(address))
    (here / "place.new").rename(here / "place")
    over = threading.Event()
    thread = threading.Thread(target=come_and_go, args=[address, over])
    thread.start()
    results = {True: 0, False: 0}
    while not (here / "over").exists():
        with socket.socket() as sock:
            result = sock.connect_ex(address)
            results[result == 0] += 1
            if all(results.values()):
                (here / "both").touch()
            with contextlib.suppress(OSError):
                sock.send(b"secret")
    over.set()
    thread.join()
    print("connected", results[True], sep="\t")
    print("refused", results[False], sep="\t")


def come_and_go(address: tuple[str, int], over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(OSError), socket.create_server(address, backlog=512):
            time.sleep(0.004)
        time.sleep(0.002)


def main() -> None:
    what, *words = arguments()
    parts: dict[str, Callable[..., None]] = {"wait": wait, "swap": swap}
    parts[what](*words)


def wait(directory: str, tag: str) -> None:
    here = Path(directory)
    places = [Place(kind, (host, 0)) for host, kind in HOSTS.items() for _ in range(PLACES)]
    for number in range(PLACES):
        places.append(Place(socket.AF_UNIX, f"{directory}/{tag}-{number}"))
        places.append(Place(socket.AF_UNIX, f"\0{tag}-{number}"))
    threads = [thread for place in places for thread in place.wait()]
    for thread in threads:
        thread.start()
    names = [
        os.fsdecode(each.address) if isinstance(each.address, bytes) else each.address
        for each in places
    ]
    (here / "places.new").write_text(json.dumps(names))
    (here / "places.new").rename(here / "places")
    time.sleep(0.05)
    for place in places:
        place.leave()
    while not (here / "taken").exists():
        time.sleep(0.005)
    time.sleep(PATIENCE)
    for thread in threads:
        thread.join()
    for number, place in enumerate(places):
        attempt(f"{number} {place.address!r}", place.reached)


if __name__ == "__main__":
    main()
