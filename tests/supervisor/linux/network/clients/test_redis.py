"""redis-py at an allowed host and port: through a tunnel first, then the direct way."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.conftest import Account, program_beside
from tests.supervisor.linux.network.clients.conftest import Client, Internet, refused
from tests.supervisor.network.world import Host

NAME = "redis.example.net"
PORT = 6379
TALK = program_beside(__file__, "talk.py")


class Store(socketserver.StreamRequestHandler):
    """The few commands of RESP2 that a client needs to store and to fetch."""

    values: ClassVar[dict[bytes, bytes]] = {}

    def handle(self) -> None:
        while line := self.rfile.readline():
            command, *arguments = [self._bulk() for _ in range(int(line[1:]))]
            match command.upper(), arguments:
                case b"SET", [key, value]:
                    self.values[key] = value
                    self.wfile.write(b"+OK\r\n")
                case b"GET", [key]:
                    value = self.values[key]
                    self.wfile.write(b"$%d\r\n%b\r\n" % (len(value), value))
                case _:
                    self.wfile.write(b"-ERR unknown command\r\n")

    def _bulk(self) -> bytes:
        length = int(self.rfile.readline()[1:])
        return self.rfile.read(length + 2)[:length]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture(scope="module")
def store(internet: Internet) -> Iterator[Host]:
    """A server that speaks the protocol of Redis."""
    with Server((internet.world.address(), PORT), Store) as server:
        host = Host(NAME, str(server.server_address[0]), PORT)
        internet.world.name(NAME, host.address)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield host
        server.shutdown()
        thread.join()


def test_redis(client: Client, store: Host, python: str, project: Path, as_user: Account) -> None:
    as_user.file(project / "talk.py", TALK)
    done = client(python, "talk.py", NAME, str(PORT), hosts={f"{NAME}:{PORT}": store})
    first, second, *rest = done.stdout.splitlines()
    (one, tunnel), *direct = json.loads(first)
    assert (one, tunnel) == ("value of one", "127.0.0.1"), done.stderr
    assert direct == [["value of two", store.address], ["value of three", store.address]]
    assert second == "value of four"
    assert "Connection refused" in rest[0]
    assert done.stderr.splitlines() == refused(1, NAME, PORT + 1)
