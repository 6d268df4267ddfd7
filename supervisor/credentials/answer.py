"""A service's answer on its way to the program: made anew, and without the key."""

from __future__ import annotations

import time

from nono.broker.credentials.bodies import Body, body, chunk, last_chunk
from nono.broker.credentials.heads import CHUNKED, NotHTTP, check_begun, end_of_head
from nono.broker.credentials.masking import Mask
from nono.supervisor.credentials.client import Client
from nono.supervisor.credentials.masked import Masked, is_soon_read
from nono.supervisor.credentials.poll import turn_end
from nono.supervisor.credentials.told import FINAL, NOT_HTTP, SWITCHING, Teller, Told
from nono.supervisor.credentials.upstreams import UpstreamClosed, UpstreamFailure
from nono.supervisor.credentials.wire import MAX_PIECES, Wire


class Answer:
    """`unsent` is what the client has not taken yet, `received` counts bytes of the body."""

    __slots__ = (
        *("_adds_chunks", "_body", "_client", "_is_read", "_kept", "_mask", "_masked", "_teller"),
        *("has_begun", "is_whole", "keeps_client", "keeps_service", "received", "status"),
        *("tells_its_end", "unsent"),
    )

    def __init__(self, client: Client, teller: Teller, mask: Mask) -> None:
        self._client = client
        self._teller = teller
        self._mask = mask
        self._masked: Masked | None = None
        self._body: Body | None = None
        self._kept = b""
        """The beginning of a head; and what came behind an answer that came in one piece."""
        self._adds_chunks = False
        self._is_read = False
        self.has_begun = False
        """Something of it came."""
        self.unsent = b""
        self.status = 0
        """Of an answer that was begun: nothing else can be said to the client any more."""
        self.received = 0
        self.is_whole = False
        self.keeps_client = False
        self.keeps_service = False
        self.tells_its_end = False
        """The client knows without the end of the connection."""

    @property
    def has_more(self) -> bool:
        """Something came that takes long to look through: others may go first."""
        return self._masked is not None and not self._masked.is_empty

    @property
    def rest(self) -> bytes:
        """What came behind it."""
        return self._kept if self._body is None else self._body.rest

    def go(self, wire: Wire) -> None:
        """Pass on what can be passed on now. Raises UpstreamFailure and ClientGone."""
        until = turn_end()
        for number in range(MAX_PIECES):
            if self.unsent:
                self.unsent = self._client.give(self.unsent)
            if self.unsent or self.is_whole:
                return
            if number and time.monotonic() >= until:
                return  # what has come is still there to be noticed
            if self._masked is not None and not self._masked.is_empty:
                self._take(self._masked, until)
                continue
            try:
                data = wire.receive()
            except OSError:
                raise UpstreamClosed from None
            if data is None:
                return
            try:
                self._feed(data, until)
            except NotHTTP:
                raise UpstreamFailure(NOT_HTTP) if data else UpstreamClosed() from None

    def _feed(self, data: bytes, until: float) -> None:
        if data:
            self.has_begun = True
            if self._body is None:
                self._head(data, until)
                return
        elif self._body is None:
            raise UpstreamClosed
        else:
            self._body.end()
        self._pass_on(data, until)

    def _head(self, data: bytes, until: float) -> None:
        known = len(self._kept)
        if known:
            data = self._kept + data
        while (end := end_of_head(data, known)) >= 0:
            told = self._teller.told(data[:end])
            data, known, self._kept = data[end:], 0, b""
            if told.status >= FINAL:
                self._begin(told, data, until)
                return
            if told.status == SWITCHING:
                # A WebSocket from here on: what follows is for whoever carries it.
                self._say(told)
                self._kept, self.is_whole = data, True
                return
        check_begun(data, known)
        self._kept = data

    def _begin(self, told: Told, data: bytes, until: float) -> None:
        """With what follows the head."""
        self._say(told)
        length = told.length
        if length is not None and CHUNKED < length <= len(data) and self._is_clean(length, data):
            self._kept, data = data[length:], data[:length]
            self.received, self.is_whole = length, True
            self.unsent += data
            return
        self._adds_chunks = told.adds_chunks
        self._body = body(length)
        self._masked = Masked(self._mask)
        self._pass_on(data, until)

    def _is_clean(self, length: int, data: bytes) -> bool:
        """Whether so much of it is soon known to have no key."""
        return is_soon_read(length, data) and not self._mask.may_be_in((data[:length],))

    def _say(self, told: Told) -> None:
        self.status = told.status
        self.keeps_client = told.keeps_client
        self.keeps_service = told.keeps_service
        self.tells_its_end = told.tells_its_end
        self.unsent += told.head

    def _pass_on(self, data: bytes, until: float) -> None:
        assert self._body is not None and self._masked is not None
        data = self._body.feed(data)
        self.received += len(data)
        self._is_read = self._body.is_whole
        self._masked.add(data)
        self._take(self._masked, until)

    def _take(self, masked: Masked, until: float) -> None:
        """Tell the next piece that was looked through."""
        data = masked.take(until)
        self.is_whole = self._is_read and masked.is_empty
        if self.is_whole:
            data += masked.finish()
        if self._adds_chunks:
            data = chunk(data) + (last_chunk() if self.is_whole else b"")
        self.unsent += data
