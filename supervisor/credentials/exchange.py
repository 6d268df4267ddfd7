"""One admitted request: sent on with the real key, its answer passed back without it.

Both directions go on at the same time and neither is collected: an upload is as large as it likes,
and each piece of a streamed answer is passed on when it comes.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import h11
import trio

from nono.broker.credentials.masking import Mask, Masking
from nono.broker.credentials.request import Admitted, Headers, led_back
from nono.broker.credentials.services import FRAMING_HEADERS
from nono.supervisor.credentials.upstreams import (
    CHUNK,
    Connection,
    Peer,
    UpstreamFailure,
    Upstreams,
)
from nono.supervisor.nursery import open_nursery

BODY_SECONDS = 120.0
"""How long a side may take for the next piece of what it sends, or to take what it is sent."""
_ANSWER_SECONDS = 900.0
_TUNNEL_SECONDS = 3600.0
_RETRIED = (b"GET", b"HEAD", b"OPTIONS")
_SWITCHING = 101
_NO_BODY = frozenset((b"identity", b""))
# Where else the service is: not through the proxy, so of no use to the program.
_DROPPED = frozenset((*(name.encode() for name in FRAMING_HEADERS), b"alt-svc"))


@dataclass
class Exchange:
    """A request, and what is known of its answer so far."""

    client: Peer
    client_socket: trio.socket.SocketType
    request: h11.Request
    admitted: Admitted
    key: bytes = field(repr=False)
    mask: Mask
    base_url: str
    """The proxy's URL of the service's host: where redirects to the service itself lead back to."""
    status: int = 0
    sent: int = 0
    received: int = 0
    is_answered: bool = False
    """An answer was begun: nothing else can be said to the client any more."""
    _uploaded: bool = False
    _unsent: bytearray = field(default_factory=bytearray)
    """What the client is to be told, as long as there is more at hand."""

    async def run(self, upstreams: Upstreams) -> None:
        """To the end of the answer.

        Raises UpstreamFailure, and trio.BrokenResourceError when the client is gone.
        """
        upstream = self.admitted.service.upstream
        connection = await upstreams.get(upstream)
        try:
            try:
                await self._on(connection)
            except UpstreamFailure:
                # The service may have closed it while we began to use it again.
                if not connection.is_reused or self._is_begun:
                    raise
                await connection.close()
                connection = await upstreams.get(upstream, fresh=True)
                await self._on(connection)
            await upstreams.put(upstream, connection)
        except BaseException:
            await connection.close()
            raise

    @property
    def _is_begun(self) -> bool:
        return self.is_answered or self.sent > 0 or self.request.method not in _RETRIED

    async def _on(self, connection: Connection) -> None:
        async with open_nursery() as nursery:
            try:
                await connection.send(self._head(), BODY_SECONDS)
                await self._ask_for_body()
                if self.admitted.upgrade:
                    # There is no body, and what comes next is for whoever carries it.
                    await self._upload(connection, nursery.cancel_scope)
                else:
                    nursery.start_soon(self._upload, connection, nursery.cancel_scope)
                await self._answer(connection)
            except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
                raise self._failure(error) from None
            except h11.RemoteProtocolError:
                raise UpstreamFailure("the service's answer is not HTTP") from None
            nursery.cancel_scope.cancel()
        if not self.is_answered:
            raise trio.BrokenResourceError  # the upload ended it: the client is gone

    def _failure(self, error: Exception) -> Exception:
        if isinstance(error, trio.TooSlowError):
            return UpstreamFailure("the service did not answer in time")
        return UpstreamFailure("the service closed the connection")

    def _head(self) -> h11.Request:
        target, headers = self.admitted.with_key(self.key)
        host = (b"Host", self.admitted.service.upstream.authority.encode())
        framing = [
            (name, value)
            for name, value in self.request.headers
            if name in (b"content-length", b"transfer-encoding")
        ]
        if self.admitted.upgrade:
            framing += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
        return h11.Request(
            method=self.request.method, target=target, headers=[host, *headers, *framing]
        )

    async def _ask_for_body(self) -> None:
        """RFC 9110 section 10.1.1. Before the answer is read, so that nobody else writes."""
        if self.client.http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._tell(go_on)
            await self._flush()

    async def _upload(self, connection: Connection, scope: trio.CancelScope) -> None:
        """Pass on the body; then look whether the client still waits for the answer."""
        try:
            if self._uploaded:  # on another connection, which was lost
                await connection.send(h11.EndOfMessage(), BODY_SECONDS)
            while not self._uploaded:
                event = await self.client.next_event(BODY_SECONDS)
                if isinstance(event, h11.EndOfMessage):
                    self._uploaded = True
                    event = h11.EndOfMessage()  # without trailers
                elif not isinstance(event, h11.Data):
                    scope.cancel()
                    return
                try:
                    await connection.send(event, BODY_SECONDS)
                except (trio.BrokenResourceError, trio.TooSlowError, h11.LocalProtocolError):
                    return  # it may have answered before it closed
                if isinstance(event, h11.Data):
                    self.sent += len(event.data)
            if self.admitted.upgrade:
                return
            await trio.lowlevel.wait_readable(self.client_socket)
            if not await self.client_socket.recv(1, socket.MSG_PEEK):
                scope.cancel()
        except (OSError, trio.BrokenResourceError, trio.TooSlowError, h11.RemoteProtocolError):
            scope.cancel()

    async def _answer(self, connection: Connection) -> None:
        masking = Masking(self.mask)
        seconds = _ANSWER_SECONDS
        while True:
            event = connection.http.next_event()
            if event is h11.NEED_DATA:
                await self._flush()
                event = await connection.next_event(seconds)
            match event:
                case h11.InformationalResponse(status_code=code) if code == _SWITCHING:
                    await self._switch(connection, event)
                    return
                case h11.InformationalResponse():
                    continue
                case h11.Response():
                    await self._begin(event)
                case h11.Data():
                    self.received += len(event.data)
                    await self._tell_data(masking.feed(bytes(event.data)))
                case h11.EndOfMessage():
                    await self._tell_data(masking.finish())
                    await self._tell(h11.EndOfMessage())
                    await self._flush()
                    return
                case _:
                    raise UpstreamFailure("the service closed the connection")

    async def _begin(self, response: h11.Response) -> None:
        for name, value in response.headers:
            if name == b"content-encoding" and value.strip().lower() not in _NO_BODY:
                raise UpstreamFailure("the answer is compressed, and cannot be read for the key")
        self.status = response.status_code
        self.is_answered = True
        await self._tell(
            h11.Response(
                status_code=response.status_code,
                headers=self._headers(response.headers),
                reason=self.mask.covered(response.reason),
            )
        )

    def _headers(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        # RFC 9112 section 6.3: a length beside chunks does not count, and is not passed on.
        is_chunked = any(name == b"transfer-encoding" for name, _ in headers)
        dropped = _DROPPED if is_chunked else _DROPPED - {b"content-length"}
        kept = []
        for name, value in headers:
            if name not in dropped and not name.startswith(b"proxy-"):
                if name == b"location":
                    value = led_back(value, self.admitted.service, self.base_url)
                kept.append((self.mask.covered(name), self.mask.covered(value)))
        return kept

    async def _tell_data(self, data: bytes) -> None:
        if data:
            await self._tell(h11.Data(data=data))

    async def _tell(self, event: h11.Event) -> None:
        self._unsent += self.client.http.send(event) or b""
        if len(self._unsent) >= CHUNK:
            await self._flush()

    async def _flush(self) -> None:
        data, self._unsent = self._unsent, bytearray()
        try:
            await self.client.write(data, BODY_SECONDS)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            raise ClientGone from None

    async def _switch(self, connection: Connection, response: h11.InformationalResponse) -> None:
        """A WebSocket from here on: bytes both ways until one side ends, or nothing comes."""
        if not self.admitted.upgrade:
            raise UpstreamFailure("the service changes to a protocol that nobody asked for")
        self.status = _SWITCHING
        self.is_answered = True
        headers = [
            *self._headers(response.headers),
            (b"Connection", b"Upgrade"),
            (b"Upgrade", b"websocket"),
        ]
        switching = h11.InformationalResponse(
            status_code=_SWITCHING, headers=headers, reason=b"Switching Protocols"
        )
        await self._tell(switching)
        await self._flush()
        async with open_nursery() as nursery:
            scope = nursery.cancel_scope
            nursery.start_soon(self._carry, connection, self.client, Masking(self.mask), scope)
            nursery.start_soon(self._carry, self.client, connection, None, scope)
        await connection.close()

    async def _carry(
        self, source: Peer, target: Peer, masking: Masking | None, scope: trio.CancelScope
    ) -> None:
        data, _ = source.http.trailing_data
        try:
            while True:
                if masking is None:
                    self.sent += len(data)
                else:
                    self.received += len(data)
                    data = masking.feed(data)
                await target.write(data, BODY_SECONDS)
                with trio.fail_after(_TUNNEL_SECONDS):
                    data = bytes(await source.stream.receive_some(CHUNK))
                if not data:
                    break
            if masking is not None:
                await target.write(masking.finish(), BODY_SECONDS)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass
        scope.cancel()


class ClientGone(Exception):
    """The program closed the connection, or does not take what it asked for."""
