"""One plain request through the proxy: made anew for its host, and its answer for the client.

Each has a connection to its host of its own, which ends with it. Both directions go on at the same
time and neither is collected.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import h11
import trio

from nono.broker.proxy.targets import HTTP_PORT, Target
from nono.supervisor.nursery import open_nursery
from nono.supervisor.proxy.peer import Peer

_BODY_SECONDS: Final = 120.0
_ANSWER_SECONDS: Final = 900.0
_SWITCHING: Final = 101
_OF_THE_CONNECTION: Final = frozenset(
    (
        *(b"connection", b"expect", b"host", b"keep-alive", b"te", b"trailer"),
        *(b"content-length", b"transfer-encoding", b"upgrade"),
    )
)
"""RFC 9110 section 7.6.1. Framing is each connection's own, and is written anew."""

Headers = list[tuple[bytes, bytes]]


class HostFailure(Exception):
    """The host does not speak HTTP as it should; the text is for people.

    `can_be_told` says that nothing was answered yet.
    """

    def __init__(self, text: str, can_be_told: bool) -> None:
        super().__init__(text)
        self.can_be_told = can_be_told


async def exchange(
    client: Peer,
    client_socket: trio.socket.SocketType,
    request: h11.Request,
    target: Target,
    path: bytes,
    outside: trio.socket.SocketType,
) -> bool:
    """To the end of the answer. False when the client's connection cannot be used for another.

    Raises HostFailure, and trio's stream errors when the client is gone.
    """
    host = Peer(trio.SocketStream(outside), h11.CLIENT)
    made = _Exchange(client, client_socket, host)
    await made.run(_anew(request, target, path))
    return client.http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}


def _anew(request: h11.Request, target: Target, path: bytes) -> h11.Request:
    """RFC 9112 section 3.2.2: the target says which host, whatever the header does."""
    place = target._replace(port=HTTP_PORT).authority.removesuffix(f":{HTTP_PORT}")
    authority = place if target.port == HTTP_PORT else target.authority
    return h11.Request(
        method=request.method,
        target=path,
        headers=[
            (b"Host", authority.encode()),
            *_end_to_end(request.headers),
            *_framing(request.headers),
            (b"Connection", b"close"),
        ],
    )


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """What is not of this connection, be it by its name or because the connection names it."""
    headers = list(headers)
    named = {
        part.strip().lower()
        for name, value in headers
        if name == b"connection"
        for part in value.split(b",")
    }
    dropped = _OF_THE_CONNECTION | named
    return [
        (name, value)
        for name, value in headers
        if name not in dropped and not name.startswith(b"proxy-")
    ]


def _framing(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """RFC 9112 section 6.3: a length beside chunks does not count, and is not passed on."""
    found = dict(headers)
    for name in (b"transfer-encoding", b"content-length"):
        if name in found:
            return [(name, found[name])]
    return []


@dataclass
class _Exchange:
    client: Peer
    client_socket: trio.socket.SocketType
    host: Peer
    is_answered: bool = False

    async def run(self, request: h11.Request) -> None:
        is_over = False
        async with open_nursery() as nursery:
            try:
                await self.host.send(request, _BODY_SECONDS)
            except (trio.BrokenResourceError, trio.TooSlowError):
                raise self._failure("it closed the connection") from None
            if self.client.http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await self.client.send(go_on, _BODY_SECONDS)
            nursery.start_soon(self._upload, nursery.cancel_scope)
            await self._answer()
            is_over = True
            nursery.cancel_scope.cancel()
        if not is_over:
            raise trio.BrokenResourceError  # the upload ended it: the client is gone

    def _failure(self, text: str) -> HostFailure:
        return HostFailure(text, not self.is_answered)

    async def _upload(self, scope: trio.CancelScope) -> None:
        """Pass on the body; then look whether the client still waits for the answer."""
        try:
            while True:
                event = await self.client.next_event(_BODY_SECONDS)
                if isinstance(event, h11.EndOfMessage):
                    event = h11.EndOfMessage()  # without trailers
                elif not isinstance(event, h11.Data):
                    break
                try:
                    await self.host.send(event, _BODY_SECONDS)
                except (trio.BrokenResourceError, trio.TooSlowError, h11.LocalProtocolError):
                    return  # it may have answered before it closed
                if isinstance(event, h11.EndOfMessage):
                    await trio.lowlevel.wait_readable(self.client_socket)
                    if await self.client_socket.recv(1, socket.MSG_PEEK):
                        return
                    break
        except (OSError, trio.BrokenResourceError, trio.TooSlowError, h11.RemoteProtocolError):
            pass
        scope.cancel()

    async def _answer(self) -> None:
        while True:
            try:
                event = await self.host.next_event(_ANSWER_SECONDS)
            except (trio.BrokenResourceError, trio.TooSlowError):
                raise self._failure("it closed the connection, or does not answer") from None
            except h11.RemoteProtocolError:
                raise self._failure("its answer is not HTTP") from None
            match event:
                case h11.InformationalResponse(status_code=code) if code == _SWITCHING:
                    raise self._failure("it changes to a protocol that nobody asked for")
                case h11.InformationalResponse():
                    continue
                case h11.Response():
                    event = self._response(event)
                case h11.EndOfMessage():
                    event = h11.EndOfMessage()
                case h11.Data():
                    pass
                case _:
                    raise self._failure("it closed the connection")
            await self.client.send(event, _BODY_SECONDS)
            if isinstance(event, h11.EndOfMessage):
                return

    def _response(self, response: h11.Response) -> h11.Response:
        self.is_answered = True
        return h11.Response(
            status_code=response.status_code,
            headers=[*_end_to_end(response.headers), *_framing(response.headers)],
            reason=response.reason,
        )
