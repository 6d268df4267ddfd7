"""What the program is told of an answer: its head made anew, and without any key.

It is a function of the head that came and of the request alone. Services say the same again and
again, so a head that comes again byte by byte is made but once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from nono.broker.credentials.heads import (
    CHUNKED,
    IN_CHUNKS,
    TO_WEBSOCKET,
    Request,
    Response,
    is_response,
    response,
    written,
)
from nono.broker.credentials.masking import Mask, TooMuchWork
from nono.broker.credentials.request import Admitted, led_back
from nono.broker.credentials.services import FRAMING_HEADERS
from nono.broker.named_tuple import NamedTuple
from nono.supervisor.credentials.masked import spelt
from nono.supervisor.credentials.upstreams import UpstreamFailure

SWITCHING: Final = 101
FINAL: Final = 200
_MAX_KNOWN: Final = 4
"""Of one request: so many heads of answers to all requests that are known stay small."""
_MAX_LENGTH: Final = 2048
_MAX_SPELT: Final = 8192
_MAX_WORK: Final = 60_000
"""In a head, which is looked through at once: a quarter of a second at worst."""
_UNENCODED: Final = frozenset((b"identity", b""))
# Where else the service is: not through the proxy, so of no use to the program.
_DROPPED: Final = frozenset((*(name.encode() for name in FRAMING_HEADERS), b"alt-svc"))
_LAST_ONE: Final = (b"Connection", b"close")
NOT_HTTP: Final = "the service's answer is not HTTP"
_UNREADABLE: Final = "the headers of the answer cannot be read for the key"


class Told(NamedTuple):
    """`head` is what the program is sent: nothing for an answer before the final one."""

    head: bytes
    status: int
    length: int | None
    """Of the body that the service sends, CHUNKED, or None where it goes on to the end."""
    adds_chunks: bool
    """The program gets the body in chunks."""
    tells_its_end: bool
    """The program knows of its end without that of the connection."""
    keeps_client: bool
    keeps_service: bool


class Teller:
    """For one request. `base_url` is the proxy's URL of the service's host: where redirects to the
    service itself lead back to.
    """

    __slots__ = ("_admitted", "_base_url", "_known", "_mask", "_request")

    def __init__(self, request: Request, admitted: Admitted, mask: Mask, base_url: str) -> None:
        self._request = request
        self._admitted = admitted
        self._mask = mask
        self._base_url = base_url
        self._known: dict[bytes, Told] = {}

    def told(self, head: bytes) -> Told:
        """What becomes of this head. Raises NotHTTP and UpstreamFailure."""
        known = self._known.get(head)
        if known is not None:
            return known
        told = self._made(head, response(head, self._request.method))
        if len(head) <= _MAX_LENGTH:
            if len(self._known) >= _MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[head] = told
        return told

    def _made(self, head: bytes, read: Response) -> Told:
        if read.status == SWITCHING:
            if not self._admitted.upgrade:
                raise UpstreamFailure("the service changes to a protocol that nobody asked for")
            _check_readable(head, read)
            made = self._anew(read, TO_WEBSOCKET)
            return Told(made, SWITCHING, 0, False, False, False, False)
        if read.status < FINAL:
            return Told(b"", read.status, 0, False, False, False, False)
        _check_readable(head, read)
        is_open_ended = read.length is None or read.length == CHUNKED
        adds_chunks = is_open_ended and bool(self._request.minor)
        keeps_client = self._request.keeps and (adds_chunks or not is_open_ended)
        framing = []
        if read.announced is not None:
            framing.append((b"Content-Length", b"%d" % read.announced))
        elif adds_chunks:
            framing.append(IN_CHUNKS)
        if not keeps_client:
            framing.append(_LAST_ONE)
        return Told(
            self._anew(read, framing),
            read.status,
            read.length,
            adds_chunks,
            adds_chunks or read.announced is not None or read.length == 0,
            keeps_client,
            read.keeps and read.length is not None,
        )

    def _covered(self, parts: Iterable[bytes]) -> list[bytes]:
        try:
            return self._mask.covered_all(parts, _MAX_WORK)
        except TooMuchWork:
            raise UpstreamFailure(_UNREADABLE) from None

    def _led_back(self, location: bytes) -> bytes:
        return led_back(location, self._admitted.service, self._base_url)

    def _anew(self, read: Response, framing: Iterable[tuple[bytes, bytes]]) -> bytes:
        reason = read.reason
        fields = [
            (name, self._led_back(value) if name == b"location" else value)
            for name, value in read.fields
            if name not in _DROPPED and not name.startswith(b"proxy-")
        ]
        if self._mask.may_be_in((reason, *itertools.chain.from_iterable(fields))):
            reason, *parts = self._covered((reason, *itertools.chain.from_iterable(fields)))
            fields = [*zip(parts[::2], parts[1::2], strict=True)]
        head = written(b"HTTP/1.1 %d %b" % (read.status, reason), (*fields, *framing))
        if not is_response(head):
            raise UpstreamFailure(NOT_HTTP)
        return head


def _check_readable(head: bytes, read: Response) -> None:
    """Raises UpstreamFailure for an answer that cannot be looked through for the key."""
    if spelt(head) > _MAX_SPELT:
        raise UpstreamFailure(_UNREADABLE)
    for name, value in read.fields:
        if name == b"sec-websocket-extensions" and read.status == SWITCHING:
            raise UpstreamFailure("the service uses an extension that nobody asked for")
        if name == b"content-encoding" and value.lower() not in _UNENCODED:
            raise UpstreamFailure("the answer is compressed, and cannot be read for the key")
