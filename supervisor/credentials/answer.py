"""A service's answer on its way to the program: made anew, and without the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nono.broker.credentials.bodies import Body, body, chunk, last_chunk
from nono.broker.credentials.heads import (
    CHUNKED,
    IN_CHUNKS,
    TO_WEBSOCKET,
    NotHTTP,
    Request,
    Response,
    end_of_head,
    is_response,
    response,
    written,
)
from nono.broker.credentials.masking import Mask
from nono.broker.credentials.request import Admitted, led_back
from nono.broker.credentials.services import FRAMING_HEADERS
from nono.supervisor.credentials.client import Client
from nono.supervisor.credentials.masked import Masked, spelt
from nono.supervisor.credentials.upstreams import UpstreamClosed, UpstreamFailure
from nono.supervisor.credentials.wire import MAX_PIECES, Wire

SWITCHING: Final = 101
_FINAL: Final = 200
_MAX_SPELT: Final = 4096
"""In the fields of a head, which are looked through at once."""
_NOT_HTTP: Final = "the service's answer is not HTTP"
_UNENCODED: Final = frozenset((b"identity", b""))
# Where else the service is: not through the proxy, so of no use to the program.
_DROPPED: Final = frozenset((*(name.encode() for name in FRAMING_HEADERS), b"alt-svc"))
_LAST_ONE: Final = (b"Connection", b"close")


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
        self._masked = Masked(mask)
        self._body: Body | None = None
        self._kept = b""
        """The beginning of a head."""
        self._adds_chunks = False
        self._is_read = False
        self._is_measured = False
        self.has_begun = False
        """Something of it came."""
        self.unsent = b""
        self.status = 0
        """Of an answer that was begun: nothing else can be said to the client any more."""
        self.received = 0
        self.is_whole = False
        self.keeps_client = request.keeps
        self.keeps_service = False

    @property
    def has_more(self) -> bool:
        """Something came that takes long to look through: others may go first."""
        return not self._masked.is_empty

    @property
    def tells_its_end(self) -> bool:
        """Whether the client knows without the end of the connection."""
        return self._adds_chunks or self._is_measured

    @property
    def rest(self) -> bytes:
        """What came behind it."""
        return self._kept if self._body is None else self._body.rest

    def go(self, wire: Wire) -> None:
        """Pass on what can be passed on now. Raises UpstreamFailure and ClientGone."""
        is_late = False
        for _ in range(MAX_PIECES):
            if self.unsent:
                self.unsent = self._client.give(self.unsent)
            if self.unsent or self.is_whole:
                return
            if self.has_more:
                if is_late:
                    return
                self._take()
                is_late = self.has_more
                continue
            try:
                data = wire.receive()
            except OSError:
                raise UpstreamClosed from None
            if data is None:
                return
            self.has_begun |= bool(data)
            try:
                self._feed(data)
            except NotHTTP:
                raise UpstreamFailure(_NOT_HTTP) if data else UpstreamClosed() from None

    def _feed(self, data: bytes) -> None:
        if not data:
            if self._body is None:
                raise UpstreamClosed
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
        if sum([spelt(value) for _, value in read.fields]) > _MAX_SPELT:
            raise UpstreamFailure("the headers of the answer cannot be read for the key")
        for name, value in read.fields:
            if name == b"content-encoding" and value.lower() not in _UNENCODED:
                raise UpstreamFailure("the answer is compressed, and cannot be read for the key")
        self._body = body(read.length)
        self.keeps_service = read.keeps and read.length is not None
        framing = []
        self._is_measured = read.announced is not None or read.length == 0
        if read.announced is not None:
            framing = [(b"Content-Length", b"%d" % read.announced)]
        elif read.length in (CHUNKED, None) and self._request.minor:
            self._adds_chunks = True
            framing = [IN_CHUNKS]
        elif read.length in (CHUNKED, None):
            self.keeps_client = False
        if not self.keeps_client:
            framing.append(_LAST_ONE)
        self._tell(read, framing)

    def _switch(self, read: Response) -> None:
        """A WebSocket from here on: what follows is for whoever carries it."""
        if not self._admitted.upgrade:
            raise UpstreamFailure("the service changes to a protocol that nobody asked for")
        self._tell(read, TO_WEBSOCKET)
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
        self._is_read = self._body.is_whole
        self._masked.add(data)
        self._take()

    def _take(self) -> None:
        """Tell the next piece that was looked through."""
        data = self._masked.take()
        self.is_whole = self._is_read and self._masked.is_empty
        if self.is_whole:
            data += self._masked.finish()
        if self._adds_chunks:
            data = chunk(data) + (last_chunk() if self.is_whole else b"")
        self.unsent += data
