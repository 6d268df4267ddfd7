"""While a connection by name is on its way, it belongs to nobody else, and leads nowhere else."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from nono.supervisor.linux.processes import descendants
from tests.attacks.conftest import Attack
from tests.attacks.network import witnesses
from tests.attacks.scene import Scene
from tests.supervisor.network.world import Listener, World

pytestmark = pytest.mark.requires(landlock=2)

LOOPBACK = "0100007F"
SYN_SENT, LISTEN = "02", "0A"
WAIT = 30
SETTLED = 0.5


@dataclass
class Held:
    """A DNS server that answers when it is told to; by then somebody has asked."""

    world: World
    asked: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Held":
        self.world.dns.before = self._before
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()

    def _before(self, query: bytes) -> list[bytes]:
        self.asked.set()
        self.go_on.wait(WAIT)
        return []


def connections(state: str, inodes: Container[str] | None = None) -> Iterator[tuple[int, int]]:
    """The ports of the TCP sockets on 127.0.0.1 in this state: its own, and the peer's. With
    `inodes`, of those alone."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, found, _, _, _, _, _, inode, *_ = line.split()
        if found == state and here.startswith(LOOPBACK) and (inodes is None or inode in inodes):
            yield int(here[-4:], 16), int(there[-4:], 16)


def sockets_of_ours() -> set[str]:
    """The inodes of the sockets of what this test has started: others test beside it."""
    found = set()
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            found |= {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
    return {each[8:-1] for each in found if each.startswith("socket:[")}


def test_nobody_else_takes_part(outside: Scene, attack: Attack) -> None:
    with World() as world, Held(world) as held, witnesses(world.address()) as (denied,):
        host = Listener(world.address(), 0, lambda client: client.sendall(b"hello"))
        world.name("slow.example", host.address)
        over = threading.Event()

        def ready(client: socket.socket) -> None:
            held.go_on.set()
            over.wait(WAIT)

        signal = Listener(world.address(), 0, ready)
        places = (f"slow.example:{host.port}", f"{host.address}:{host.port}")
        first = (*outside.options, *world.flags(), *(f"--allow-domain={each}" for each in places))
        second = (*outside.options, "--allow-domain", f"{signal.address}:{signal.port}")
        words = ("slow.example", host.port, denied.address, denied.port)
        before = {port for port, _ in connections(LISTEN)}
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(
                attack, outside, "network_parked", "wait", *words, options=first
            )
            waiting.add_done_callback(lambda _: over.set())
            assert held.asked.wait(WAIT)
            until = time.monotonic() + WAIT
            earlier, parked = {0: 0}, dict[int, int]()
            while (not parked or parked != earlier) and time.monotonic() < until:
                time.sleep(SETTLED)  # some of the program's are given up again
                new = {port for port, _ in connections(LISTEN)} - before
                calling = connections(SYN_SENT, sockets_of_ours())
                earlier, parked = (
                    parked,
                    {source: place for source, place in calling if place in new},
                )
            lists = json.dumps(sorted({*parked.values()})), json.dumps(sorted(parked))
            address = f"{signal.address}:{signal.port}"
            taking = attack(outside, "network_parked", "take", address, *lists, options=second)
            done = waiting.result()
        assert denied.seen() == []
        signal.close()
        host.close()
    assert parked
    assert taking.won == [], taking.text
    assert taking.attempts["met"] == "0", taking.text
    own = [name for name in done.attempts if name.startswith("own")]
    assert done.won == own, done.text
    assert {done.attempts[name] for name in own} == {"WON\tb'hello'"}, done.text


def test_a_place_that_is_given_up_is_nobody_elses(outside: Scene, attack: Attack) -> None:
    """Whoever comes next there would have the program's socket as a client."""
    with World() as world, Held(world) as held, ThreadPoolExecutor() as threads:
        names = [f"{number}.gone.example" for number in range(4)]
        options = (*outside.options, *world.flags(), "--allow-domain", "*.gone.example")
        running = threads.submit(
            attack, outside, "network_parked", "leave", *names, options=options
        )
        assert held.asked.wait(WAIT)
        places: set[int] = set()
        servers: dict[int, socket.socket] = {}
        while not running.done():
            places |= {place for _, place in connections(SYN_SENT, sockets_of_ours()) if place}
            held.go_on.set()
            for place in places - servers.keys():
                with contextlib.suppress(OSError):
                    servers[place] = socket.create_server(("127.0.0.1", place))
                    servers[place].setblocking(False)
        outcome = running.result()
    assert places
    assert outcome.won == [], outcome.text
    for each in servers.values():
        with each, pytest.raises(BlockingIOError):
            each.accept()
