"""A DNS server for tests: it knows what it is told, and can be slow, silent or broken."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trio

_MAX_UDP: Final = 512
_MAX_CHAIN: Final = 40
_TRIES: Final = 20


class FakeDns:
    """Answers over UDP and TCP on `address` in a thread of its own, between start and stop.

    `records` gives each name (lower case, no dot at the end) its addresses, or the one name that
    it is an alias of (a CNAME), or records such as "TXT text". A name with an empty list exists
    and has no address. Everything but `port` may be changed while it runs.
    """

    def __init__(
        self, records: Mapping[str, list[str]], address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.records = records
        self.address = address
        self.port = port
        """Of both protocols; with 0 given, `start` finds one."""
        self.ttl = 300
        self.queries: list[tuple[str, str]] = []
        """The name and type of each question, such as ("api.openai.com", "AAAA")."""
        self.tcp_queries: list[tuple[str, str]] = []
        """Those of them that came over TCP."""
        self.delay: Mapping[str, float] = {}
        """Seconds before the answer, by type."""
        self.silent: frozenset[str] = frozenset()
        """Types that are not answered."""
        self.rcodes: Mapping[str, str] = {}
        """Types that are answered with an error, such as SERVFAIL."""
        self.before: Callable[[bytes], list[bytes]] = lambda query: []
        """Datagrams to send before the answer to a query."""
        self._sockets: list[socket.socket] = []
        self._stop: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> FakeDns:
        self._sockets = [*_bound(self.address, self.port)]
        self.port = self._sockets[0].getsockname()[1]
        running = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._serve, running))
        self._thread.start()
        running.wait()
        return self

    def stop(self) -> None:
        assert self._stop is not None and self._thread is not None
        self._stop()
        self._thread.join()

    def __enter__(self) -> FakeDns:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def server(self) -> tuple[str, int]:
        return self.address, self.port

    async def _serve(self, running: threading.Event) -> None:
        udp, tcp = map(trio.socket.from_stdlib_socket, self._sockets)
        token = trio.lowlevel.current_trio_token()
        with udp, tcp:
            async with trio.open_nursery() as nursery:
                self._stop = lambda: token.run_sync_soon(nursery.cancel_scope.cancel)
                nursery.start_soon(self._serve_udp, udp, nursery)
                nursery.start_soon(self._serve_tcp, tcp, nursery)
                running.set()

    async def _serve_udp(self, sock: trio.socket.SocketType, nursery: trio.Nursery) -> None:
        while True:
            query, client = await sock.recvfrom(_MAX_UDP)
            nursery.start_soon(self._answer_udp, sock, query, client)

    async def _answer_udp(
        self, sock: trio.socket.SocketType, query: bytes, client: tuple[str, int]
    ) -> None:
        for datagram in self.before(query):
            await sock.sendto(datagram, client)
        if (response := await self._answer(query, self.queries)) is None:
            return
        try:
            wire = response.to_wire(max_size=_MAX_UDP)
        except dns.exception.TooBig:
            cut = dns.message.make_response(dns.message.from_wire(query))
            cut.flags |= dns.flags.TC
            wire = cut.to_wire()
        await sock.sendto(wire, client)

    async def _serve_tcp(self, sock: trio.socket.SocketType, nursery: trio.Nursery) -> None:
        sock.listen(64)
        while True:
            client, _ = await sock.accept()
            nursery.start_soon(self._answer_tcp, trio.SocketStream(client))

    async def _answer_tcp(self, stream: trio.SocketStream) -> None:
        async with stream:
            received = b""
            with contextlib.suppress(trio.BrokenResourceError):
                while data := await stream.receive_some():
                    received += data
                    while len(received) >= 2 + (length := int.from_bytes(received[:2], "big")) > 2:
                        query, received = received[2 : 2 + length], received[2 + length :]
                        response = await self._answer(query, self.queries, self.tcp_queries)
                        if response is not None:
                            wire = response.to_wire(max_size=65535)
                            await stream.send_all(struct.pack(">H", len(wire)) + wire)

    async def _answer(
        self, query: bytes, *seen: list[tuple[str, str]]
    ) -> dns.message.Message | None:
        message = dns.message.from_wire(query)
        question = message.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        for queries in seen:
            queries.append((name, kind))
        await trio.sleep(self.delay.get(kind, 0))
        if kind in self.silent:
            return None
        response = dns.message.make_response(message)
        response.flags |= dns.flags.RA
        if kind in self.rcodes:
            response.set_rcode(dns.rcode.from_text(self.rcodes[kind]))
        else:
            self._fill(response, name, kind)
        return response

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(_MAX_CHAIN):
            if name not in self.records:
                response.set_rcode(dns.rcode.NXDOMAIN)
                return
            values = self.records[name]
            found = [value for value in values if _kind_of(value) in (kind, "CNAME")]
            if not found:
                return
            of = "CNAME" if _kind_of(found[0]) == "CNAME" else kind
            for value in found:  # one each: the records of one rrset would be sent in any order
                text = f"{value}." if of == "CNAME" else value.removeprefix(f"{kind} ")
                response.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", of, text))
            if of == kind:
                return
            name = found[0]


def _kind_of(value: str) -> str:
    if value.startswith(("SRV ", "TXT ", "MX ")):
        return value.partition(" ")[0]
    try:
        return "AAAA" if ipaddress.ip_address(value).version == 6 else "A"
    except ValueError:
        return "CNAME"


def _bound(address: str, port: int) -> Iterator[socket.socket]:
    """A UDP and a TCP socket on the same port."""
    for _ in range(_TRIES):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            udp.bind((address, port))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(udp.getsockname())
        except OSError as error:
            udp.close()
            tcp.close()
            if port or error.errno != errno.EADDRINUSE:
                raise
        else:
            yield from (udp, tcp)
            return
    raise OSError(errno.EADDRINUSE, "no port is free for both protocols")
