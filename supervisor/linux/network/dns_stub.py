"""The sandbox's name server: DNS over TCP (RFC 7766), each message answered by dns_answers.

A client that is silent, slow or malicious must not keep another one from resolving. So each has a
time for its next message, in which the answer to the last one must be taken as well, and when too
many are connected, the one whose last message is longest ago makes room for the newest.

Programs wait for each answer. So between a message and its answer there is no turn of trio's loop,
and what a client has asked by the time it is accepted is answered before it has a task. Most of it
never comes here: the lane in C answers whom it has connected (`known_names.py`), and hands over who
asks for more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import trio

from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.dns_answers import answer, record_asked
from nono.supervisor.linux.network.plain_look_ups import plain_answer
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from nono.supervisor.nursery import open_nursery

if TYPE_CHECKING:
    from nono.supervisor.linux.network.dns_records import Records
    from nono.supervisor.linux.network.handed_clients import HandedClients

MAX_CLIENTS = 256
IDLE_SECONDS = 10.0
"""From one complete message to the next, or to the first (RFC 7766 section 6.2.3)."""

MAX_QUERY = 4096
"""Bytes of the largest message that is read. A query has about 300, with all that EDNS adds."""

_MAX_AT_ONCE = 2
"""Messages: libc asks for both kinds of addresses together."""

Address = tuple[str, int]
_LENGTH = 2
_RETRY_SECONDS = 0.1
# Of the errors of accept(2), these tell that the listener cannot be used any more, and these that
# descriptors or memory are short. Every other one is of a single connection, or passes.
_UNUSABLE = frozenset((errno.EBADF, errno.EINVAL, errno.ENOTSOCK))
_SHORT = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


async def serve(
    listener: socket.socket,
    names: SyntheticNames,
    admits: Callable[[Address, Address], bool],
    faults: Faults,
    records: Records | None = None,
    handed: HandedClients | None = None,
) -> None:
    """Answer the clients of `listener`, a listening TCP socket, until cancelled.

    Those whose two ends, theirs and ours, `admits` does not know are closed at once. `records`
    finds what is asked for and not made up. `handed` has further clients. The listener stays the
    caller's to close, and becomes non-blocking. A fault of ours closes the connection that it
    happened on. Raises ValueError when the socket does not listen, OSError when it can no longer be
    accepted from.
    """
    clients = _Clients()
    serve_one = partial(_converse, names, clients, faults, records)
    listener.setblocking(False)
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ValueError("the socket is not a listening one")

    def begin(client: socket.socket, received: bytearray) -> None:
        if len(clients) == MAX_CLIENTS:
            clients.close_longest_idle()
        nursery.start_soon(serve_one, client, received, clients.add())

    async with open_nursery() as nursery:
        if handed is not None:
            nursery.start_soon(_take_handed, handed, begin)
        while True:
            client = await _accept(listener, clients)
            if _is_admitted(client, admits):
                begin(client, _answer_at_once(client, names))
            else:
                client.close()


async def _take_handed(
    handed: HandedClients, begin: Callable[[socket.socket, bytearray], None]
) -> None:
    # Each program of a sandbox has a task here, and two cannot wait for one descriptor.
    wakes = os.dup(handed.wakes())
    try:
        while True:
            await trio.lowlevel.wait_readable(wakes)
            while (taken := handed.take()) is not None:
                begin(*taken)
    finally:
        os.close(wakes)


class _Clients:
    """The scope in which each client is served; the one that is idle for longest comes first."""

    def __init__(self) -> None:
        # A dict for its order. What is closed for another is no member any more.
        self._scopes: dict[trio.CancelScope, None] = {}

    def __len__(self) -> int:
        return len(self._scopes)

    def add(self) -> trio.CancelScope:
        scope = trio.CancelScope()
        self._scopes[scope] = None
        self.heard_of(scope)
        return scope

    def heard_of(self, scope: trio.CancelScope) -> None:
        """A client's time starts again."""
        if scope in self._scopes:
            del self._scopes[scope]
            self._scopes[scope] = None
            scope.deadline = trio.current_time() + IDLE_SECONDS

    def remove(self, scope: trio.CancelScope) -> None:
        self._scopes.pop(scope, None)

    def close_longest_idle(self) -> None:
        """Cancel the first, if there is one. Its socket is closed as soon as its task runs."""
        scope = next(iter(self._scopes), None)
        if scope is not None:
            self.remove(scope)
            scope.cancel()


def _is_admitted(client: socket.socket, admits: Callable[[Address, Address], bool]) -> bool:
    """False also for one that is over already."""
    try:
        return admits(client.getpeername(), client.getsockname())
    except OSError:
        return False


async def _accept(listener: socket.socket, clients: _Clients) -> socket.socket:
    """The next connection. Without a descriptor for it (EMFILE), a client makes room."""
    while True:
        # accept(2) wants a descriptor even when nobody is there to be accepted.
        await trio.lowlevel.wait_readable(listener)
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno in _UNUSABLE:
                raise
            # A moment in which the newest client's message may come.
            await trio.sleep(_RETRY_SECONDS)
            if error.errno in _SHORT:
                clients.close_longest_idle()
                await trio.lowlevel.checkpoint()
            continue
        client.setblocking(False)
        return client


async def _converse(
    names: SyntheticNames,
    clients: _Clients,
    faults: Faults,
    records: Records | None,
    client: socket.socket,
    received: bytearray,
    scope: trio.CancelScope,
) -> None:
    """Answer one client's messages, in their order, until it ends, errs or is out of time."""
    try:
        with client, _ending(client), scope:
            while (query := await _message(client, received)) is not None:
                clients.heard_of(scope)
                reply = plain_answer(query, names, names.on_loopback)
                if reply is None:
                    asked = None if records is None else record_asked(query)
                    found = await records.find(*asked) if records and asked else None
                    reply = answer(query, names, found)
                    if reply is None:
                        return
                await _send(client, len(reply).to_bytes(_LENGTH) + reply)
    except OSError:
        pass  # The client reset the connection.
    except Exception:
        faults.note()
    finally:
        clients.remove(scope)


@contextlib.contextmanager
def _ending(client: socket.socket) -> Iterator[None]:
    """The client sees the end, even where a fork of this process has its socket as well."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _answer_at_once(client: socket.socket, names: SyntheticNames) -> bytearray:
    """Answer the first messages that are there, if they are plain. What is left of them."""
    received = bytearray()
    try:
        received += client.recv(_LENGTH + MAX_QUERY)
        for _ in range(_MAX_AT_ONCE):
            query = _whole(received)
            if query is None:
                break
            reply = plain_answer(query, names, names.on_loopback)
            if reply is None:
                break
            data = len(reply).to_bytes(_LENGTH) + reply
            if client.send(data) < len(data):  # the room of a new socket, and still too little
                client.shutdown(socket.SHUT_RDWR)
            del received[: _LENGTH + len(query)]
    except OSError:
        pass  # Nothing is there yet, or whoever reads next is told why there never will be.
    return received


def _whole(received: bytearray) -> bytes | None:
    """The first message of what was received, once all of it was (RFC 1035 section 4.2.2)."""
    size = _LENGTH + int.from_bytes(received[:_LENGTH])
    is_whole = _LENGTH <= len(received) >= size and size <= _LENGTH + MAX_QUERY
    return bytes(received[_LENGTH:size]) if is_whole else None


async def _message(client: socket.socket, received: bytearray) -> bytes | None:
    """The next message; None at the end, or when it is too long.

    `received` holds what came with the last one: most messages are read in one go.
    """
    while (message := _whole(received)) is None:
        room = _LENGTH + MAX_QUERY - len(received)
        if len(received) >= _LENGTH and int.from_bytes(received[:_LENGTH]) > MAX_QUERY:
            return None
        try:
            more = client.recv(room)
        except BlockingIOError:
            await trio.lowlevel.wait_readable(client)
            continue
        if not more:
            return None
        received += more
    del received[: _LENGTH + len(message)]
    return message


async def _send(client: socket.socket, data: bytes) -> None:
    """All of it; then others have their turn, however many messages are there. Raises OSError."""
    with memoryview(data) as view:
        sent = 0
        while sent < len(data):
            try:
                sent += client.send(view[sent:])
            except BlockingIOError:
                await trio.lowlevel.wait_writable(client)
    await trio.lowlevel.checkpoint()
