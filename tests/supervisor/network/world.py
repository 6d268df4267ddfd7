"""An internet of ours: hosts on loopback addresses, a DNS server that names them, a CA."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from tests.requirements import require
from tests.supervisor.network.upstream import FakeDns

_numbers = itertools.count(1)  # in this process; the rest of an address is the process's own
_PAGE = b"this is "


@dataclass
class Host:
    """A server with an address of its own, and what it has seen."""

    name: str
    address: str
    port: int
    connections: list[str] = field(default_factory=list)
    """One for each accepted connection, whatever came of it."""
    requests: list[str] = field(default_factory=list)
    """`METHOD path`, of complete requests."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    host: Host
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted, peer = super().get_request()
        self.host.connections.append(str(peer))
        return accepted, peer

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):
            if self.context is not None:
                request.settimeout(20)
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to print."""


class Page(BaseHTTPRequestHandler):
    """Answers every request with the name of the host."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.host.requests.append(f"{self.command} {self.path}")
        body = _PAGE + self.server.host.name.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Tests look at `Host.requests`."""


class World:
    """Use as a context manager. Each server has an address that no other has."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._records: dict[str, list[str]] = {}
        self._network = f"127.{os.getpid() // 250 % 250 + 2}.{os.getpid() % 250}"
        self._stack = contextlib.ExitStack()
        self.dns = FakeDns(self._records)
        self.addresses: list[str] = []

    def __enter__(self) -> World:
        self.dns.start()
        self._stack.callback(self.dns.stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def address(self) -> str:
        """A loopback address that nobody uses yet."""
        return f"{self._network}.{next(_numbers)}"

    def name(self, name: str, *addresses: str) -> None:
        """Let a name resolve to these addresses."""
        self._records[name] = list(addresses)

    def ca(self, path: Path) -> Path:
        """Write the CA's certificate."""
        path.write_bytes(self._ca.cert_pem.bytes())
        path.chmod(0o644)
        return path

    def http(self, name: str, port: int = 80, handler: type[BaseHTTPRequestHandler] = Page) -> Host:
        """Serve plain HTTP as this host, and name it in the DNS."""
        return self._serve(name, port, handler, None)

    def https(
        self,
        name: str,
        port: int = 443,
        handler: type[BaseHTTPRequestHandler] = Page,
        certificate: str | None = None,
    ) -> Host:
        """Serve HTTPS as this host, with a certificate for it, and name it in the DNS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(certificate or name).configure_cert(context)
        return self._serve(name, port, handler, context)

    def listener(self, address: str | None = None, port: int = 0) -> Listener:
        """A socket that takes connections and remembers them."""
        listener = Listener(address or self.address(), port)
        self._stack.callback(listener.close)
        return listener

    def flags(self, *hosts: Host) -> list[str]:
        """What lets nono resolve by this world and reach the addresses of these hosts at all.

        The names are a matter of other flags.
        """
        opened = [f"--allow-domain={host.address}:{host.port}" for host in hosts]
        return [f"--dns={self.dns.address}:{self.dns.port}", *opened]

    def _serve(
        self,
        name: str,
        port: int,
        handler: type[BaseHTTPRequestHandler],
        context: ssl.SSLContext | None,
    ) -> Host:
        require(ports=[port])
        address = self.address()
        server = _Server((address, port), handler)
        host = Host(name, address, server.server_address[1])
        server.host, server.context = host, context
        self.name(name, address)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        return host


class Listener:
    """A TCP listener that must often see nothing. `on_accept` may talk to the other side."""

    def __init__(
        self, address: str, port: int = 0, on_accept: Callable[[socket.socket], None] | None = None
    ) -> None:
        require(ports=[port])
        self._socket = socket.create_server((address, port))
        self._on_accept = on_accept
        self.address, self.port = self._socket.getsockname()[:2]
        self.connections: list[str] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, peer = self._socket.accept()
                self.connections.append(str(peer))
                with accepted, contextlib.suppress(OSError):
                    if self._on_accept is not None:
                        self._on_accept(accepted)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@contextlib.contextmanager
def world() -> Iterator[World]:
    """An empty world."""
    with World() as made:
        yield made
