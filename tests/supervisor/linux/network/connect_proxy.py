"""A CONNECT proxy on loopback, as a company has one."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """`hosts` are the names that it knows; others are answered with 403."""

    hosts: dict[str, tuple[str, int]]
    heads: list[str] = field(default_factory=list)
    listener: socket.socket = field(
        default_factory=lambda: socket.create_server(("127.0.0.1", 0)), repr=False
    )

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.heads.append(head.decode())
            where = self.hosts.get(head.split()[1].decode())
            if where is None:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            with socket.create_connection(where) as host:
                # The host's first words in the same packet as the head.
                client.sendall(b"HTTP/1.1 200 Yes\r\nVia: it\r\n\r\n" + host.recv(4096))
                pump = threading.Thread(target=copy, args=(client, host), daemon=True)
                pump.start()
                copy(host, client)
                pump.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def connect_proxy(hosts: dict[str, tuple[str, int]]) -> Iterator[ConnectProxy]:
    proxy = ConnectProxy(hosts)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.listener.shutdown(socket.SHUT_RDWR)
        proxy.listener.close()
