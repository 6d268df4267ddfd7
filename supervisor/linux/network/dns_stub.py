"""The sandbox's name server: DNS over TCP (RFC 7766), each message answered by dns_answers.

A client that is silent, slow or malicious must not keep another one from resolving. So each has a
time for its next message, in which the answer to the last one must be taken as well, and when too
many are connected, the one whose last message is longest ago makes room for the newest.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import trio

from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.dns_answers import answer, record_asked
from nono.supervisor.linux.network.dns_repeated import Repeated
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from nono.supervisor.nursery import open_nursery

if TYPE_CHECKING:
    from nono.supervisor.linux.network.dns_records import Records

MAX_CLIENTS = 256
IDLE_SECONDS = 10.0
"""From one complete message to the next, or to the first (RFC 7766 section 6.2.3)."""

MAX_QUERY = 4096
"""Bytes of the largest message that is read. A query has about 300, with all that EDNS adds."""

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
) -> None:
    """Answer the clients of `listener`, a listening TCP socket, until cancelled.

    Those whose two ends, theirs and ours, `admits` does not know are closed at once. `records`
    finds what is asked for and not made up. The listener stays the caller's to close, and becomes
    non-blocking. A fault of ours closes the connection that it happened on. Raises ValueError when
    the socket does not listen, OSError when it can no longer be accepted from.
    """
    clients = _Clients()
    serve_one = partial(_converse, names, Repeated(names), clients, faults, records)
    accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    async with open_nursery() as nursery:
        while True:
            stream = await _accept(accepting, clients)
            if not _is_admitted(stream, admits):
                stream.socket.close()
                continue
            if len(clients) == MAX_CLIENTS:
                clients.close_longest_idle()
            nursery.start_soon(serve_one, stream, clients.add())


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


def _is_admitted(stream: trio.SocketStream, admits: Callable[[Address, Address], bool]) -> bool:
    """False also for one that is over already."""
    try:
        return admits(stream.socket.getpeername(), stream.socket.getsockname())
    except OSError:
        return False


async def _accept(listener: trio.SocketListener, clients: _Clients) -> trio.SocketStream:
    """The next connection. Without a descriptor for it (EMFILE), a client makes room."""
    while True:
        # accept(2) wants a descriptor even when nobody is there to be accepted.
        await trio.lowlevel.wait_readable(listener.socket)
        try:
            return await listener.accept()
        except OSError as error:
            if error.errno in _UNUSABLE:
                raise
            # A moment in which the newest client's message may come.
            await trio.sleep(_RETRY_SECONDS)
            if error.errno in _SHORT:
                clients.close_longest_idle()
                await trio.lowlevel.checkpoint()


async def _converse(
    names: SyntheticNames,
    repeated: Repeated,
    clients: _Clients,
    faults: Faults,
    records: Records | None,
    stream: trio.SocketStream,
    scope: trio.CancelScope,
) -> None:
    """Answer one client's messages, in their order, until it ends, errs or is out of time."""
    try:
        with scope:
            async with stream:
                received = bytearray()
                while (query := await _message(stream, received)) is not None:
                    clients.heard_of(scope)
                    reply = repeated.answer(query)
                    if reply is None:
                        asked = None if records is None else record_asked(query)
                        found = await records.find(*asked) if records and asked else None
                        reply = answer(query, names, found)
                        if reply is None:
                            return
                        if found is None:
                            repeated.note(query, reply)
                    await stream.send_all(len(reply).to_bytes(_LENGTH) + reply)
    except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
        pass  # The client reset the connection.
    except Exception:
        faults.note()
    finally:
        clients.remove(scope)


async def _message(stream: trio.SocketStream, received: bytearray) -> bytes | None:
    """The next message (RFC 1035 section 4.2.2); None at the end, or when it is too long.

    `received` holds what came with the last one: most messages are read in one go.
    """
    while True:
        if len(received) >= _LENGTH:
            size = _LENGTH + int.from_bytes(received[:_LENGTH])
            if size > _LENGTH + MAX_QUERY:
                return None
            if len(received) >= size:
                message = bytes(received[_LENGTH:size])
                del received[:size]
                return message
        more = await stream.receive_some(_LENGTH + MAX_QUERY - len(received))
        if not more:
            return None
        received += more
