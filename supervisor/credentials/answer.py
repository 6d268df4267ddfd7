"""A service's answer on its way to the program: made anew, and without the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nono.broker.credentials.bodies import Body, body, chunk, last_chunk
from nono.broker.credentials.heads import (
    CHUNKED,
    NotHTTP,
    Request,
    Response,
    end_of_head,
    is_response,
    response,
    written,
)
from nono.broker.credentials.masking import Mask, Masking
from nono.broker.credentials.request import Admitted, led_back
from nono.broker.credentials.services import FRAMING_HEADERS
from nono.supervisor.credentials.client import Client
from nono.supervisor.credentials.upstreams import UpstreamFailure
from nono.supervisor.credentials.wire import Wire

SWITCHING: Final = 101
_MAX_PIECES: Final = 16
_FINAL: Final = 200
_NOT_HTTP: Final = "the service's answer is not HTTP"
_UNENCODED: Final = frozenset((b"identity", b""))
# Where else the service is: not through the proxy, so of no use to the program.
_DROPPED: Final = frozenset((*(name.encode() for name in FRAMING_HEADERS), b"alt-svc"))
_IN_CHUNKS: Final = (b"Transfer-Encoding", b"chunked")
_LAST_ONE: Final = (b"Connection", b"close")
_SWITCHED: Final = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))


class Answer:
    """`unsent` is what the client has not taken yet, `received` counts bytes of the body.

    `base_url` is the proxy's URL of the service's host: where redirects to the service itself lead
    back to.
    """

    def __init__(
        self, client: Client, request: Request, admitted: Admitted, mask: Mask, base_url: str
    ) -> None:
        self._client = client
        self._request = request
        self._admitted = admitted
        self._mask = mask
        self._base_url = base_url
        self._masking = Masking(mask)
        self._body: Body | None = None
        self._kept = b""
        """The beginning of a head."""
        self._adds_chunks = False
        self.unsent = b""
        self.status = 0
        """Of an answer that was begun: nothing else can be said to the client any more."""
        self.received = 0
        self.is_whole = False
        self.keeps_client = request.keeps
        self.keeps_service = False

    @property
    def rest(self) -> bytes:
        """What came behind it."""
        return self._kept if self._body is None else self._body.rest

    def go(self, wire: Wire) -> None:
        """Pass on what can be passed on now. Raises UpstreamFailure and ClientGone."""
        for _ in range(_MAX_PIECES):
            if self.unsent:
                self.unsent = self._client.give(self.unsent)
            if self.unsent or self.is_whole:
                return
            try:
                data = wire.receive()
            except OSError:
                raise closed() from None
            if data is None:
                return
            try:
                self._feed(data)
            except NotHTTP:
                raise closed() if not data else UpstreamFailure(_NOT_HTTP) from None

    def _feed(self, data: bytes) -> None:
        if not data:
            if self._body is None:
                raise closed()
            self._body.end()
        elif self._body is None:
            data = self._head(data)
        if self._body is not None:
            self._pass_on(data)

    def _head(self, data: bytes) -> bytes:
        """What follows the head, once it has come."""
        known, data = len(self._kept), self._kept + data
        while (end := end_of_head(data, known)) >= 0:
            read = response(data[:end], self._request.method)
            data, known, self._kept = data[end:], 0, b""
            if read.status == SWITCHING:
                self._switch(read)
                self._kept = data
                return b""
            if read.status >= _FINAL:
                self._begin(read)
                return data
        self._kept = data
        return b""

    def _begin(self, read: Response) -> None:
        for name, value in read.fields:
            if name == b"content-encoding" and value.lower() not in _UNENCODED:
                raise UpstreamFailure("the answer is compressed, and cannot be read for the key")
        self._body = body(read.length)
        self.keeps_service = read.keeps and read.length is not None
        framing = []
        if read.announced is not None:
            framing = [(b"Content-Length", b"%d" % read.announced)]
        elif read.length in (CHUNKED, None) and self._request.minor:
            self._adds_chunks = True
            framing = [_IN_CHUNKS]
        elif read.length in (CHUNKED, None):
            self.keeps_client = False
        if not self.keeps_client:
            framing.append(_LAST_ONE)
        self._tell(read, framing)

    def _switch(self, read: Response) -> None:
        """A WebSocket from here on: what follows is for whoever carries it."""
        if not self._admitted.upgrade:
            raise UpstreamFailure("the service changes to a protocol that nobody asked for")
        self._tell(read, _SWITCHED)
        self.is_whole = True
        self.keeps_client = self.keeps_service = False

    def _tell(self, read: Response, framing: Sequence[tuple[bytes, bytes]]) -> None:
        covered = self._mask.covered
        fields = []
        for name, value in read.fields:
            if name not in _DROPPED and not name.startswith(b"proxy-"):
                if name == b"location":
                    value = led_back(value, self._admitted.service, self._base_url)
                fields.append((covered(name), covered(value)))
        first = b"HTTP/1.1 %d %b" % (read.status, covered(read.reason))
        head = written(first, (*fields, *framing))
        if not is_response(head):
            raise UpstreamFailure(_NOT_HTTP)
        self.status = read.status
        self.unsent += head

    def _pass_on(self, data: bytes) -> None:
        assert self._body is not None
        data = self._body.feed(data)
        self.received += len(data)
        data = self._masking.feed(data) if data else b""
        self.is_whole = self._body.is_whole
        if self.is_whole:
            data += self._masking.finish()
        if self._adds_chunks:
            data = chunk(data) + (last_chunk() if self.is_whole else b"")
        self.unsent += data


def closed() -> UpstreamFailure:
    """What is said of a service that says nothing more."""
    return UpstreamFailure("the service closed the connection")
