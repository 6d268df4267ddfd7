"""A request on its way to the service: its head, made anew, and its body piece by piece."""

from __future__ import annotations

from nono.broker.credentials.bodies import body, chunk, last_chunk
from nono.broker.credentials.heads import CHUNKED, NotHTTP, Request
from nono.supervisor.credentials.client import Client, ClientFault
from nono.supervisor.credentials.wire import MAX_PIECES, Wire


class Upload:
    """`unsent` is what the service has not taken yet, `sent` counts bytes of the body."""

    __slots__ = ("_body", "_client", "_is_chunked", "is_cut", "is_read", "sent", "unsent")

    def __init__(self, client: Client, request: Request) -> None:
        self._client = client
        self._is_chunked = request.length == CHUNKED
        self._body = body(request.length or 0)
        self.unsent = b""
        self.sent = 0
        self.is_read = self._body.is_whole
        """The client has sent all of it."""
        self.is_cut = False
        """The service takes no more of it: it may have answered before."""

    @property
    def is_over(self) -> bool:
        """Nothing of it is to be sent any more."""
        return self.is_cut or (self.is_read and not self.unsent)

    def begin(self, head: bytes) -> None:
        """With this head; again on another connection, when none of the body was sent.

        Raises ClientFault.
        """
        self.unsent, self.is_cut = head, False
        if self.is_read and self._is_chunked:
            self.unsent += last_chunk()
        elif not self.is_read and self._client.rest:
            # In one message with the head.
            rest, self._client.rest = self._client.rest, b""
            self._feed(rest)

    def go(self, wire: Wire) -> None:
        """Send on what can be sent now. Raises ClientGone and ClientFault."""
        for _ in range(MAX_PIECES):
            if self.is_cut:
                return
            if self.unsent:
                try:
                    self.unsent = wire.send(self.unsent)
                except OSError:
                    self.cut()
                if self.unsent:
                    return
            if self.is_read:
                return
            data = self._client.take()
            if data is None:
                return
            self._feed(data)

    def cut(self) -> None:
        self.is_cut, self.unsent = True, b""

    def _feed(self, data: bytes) -> None:
        try:
            data = self._body.feed(data)
        except NotHTTP as error:
            raise ClientFault(f"not HTTP/1.1: {error}", error.status) from None
        self.sent += len(data)
        self.unsent += chunk(data) if self._is_chunked else data
        if self._body.is_whole:
            self.is_read = True
            self._client.rest = self._body.rest
            if self._is_chunked:
                self.unsent += last_chunk()
