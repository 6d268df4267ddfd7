"""Requests, judged and made anew. A head that comes again byte by byte is judged but once.

Programs ask the same again and again, and the judgement is a function of the head alone: services,
tokens and keys are those of the run. It is found by a hash with a secret of the process, so how
long that takes tells nothing of a token to those who guess one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from nono.broker.credentials.heads import (
    CHUNKED,
    IN_CHUNKS,
    TO_WEBSOCKET,
    Request,
    is_request,
    request,
    written,
)
from nono.broker.credentials.request import Admitted, Refused, judge
from nono.supervisor.credentials.issued import Issued, url
from nono.supervisor.credentials.told import Teller

_MAX_KNOWN: Final = 128
_MAX_LENGTH: Final = 4096


@dataclass(frozen=True, slots=True)
class Judged:
    """A request that may be sent on, and what the service is sent in its place."""

    request: Request
    admitted: Admitted
    head: bytes = field(repr=False)
    """With the real key."""
    teller: Teller = field(repr=False)
    """Of the answers to it."""


class Judge:
    """Of the requests of one run. `port` is the proxy's."""

    def __init__(self, issued: Issued, port: int) -> None:
        self._issued = issued
        self._port = port
        self._known: dict[bytes, Judged] = {}

    def judge(self, head: bytes) -> Judged | tuple[Request, Refused]:
        """What becomes of a request with this head. Raises NotHTTP."""
        known = self._known.get(head)
        if known is not None:
            return known
        read, issued = request(head), self._issued
        admitted = judge(read.method, read.target, read.fields, issued.services, issued.tokens)
        if isinstance(admitted, Refused):
            return read, admitted
        key = issued.keys[admitted.service.name].value
        assert issued.mask is not None  # there is a service
        teller = Teller(read, admitted, issued.mask, url(admitted.service, self._port))
        judged = Judged(read, admitted, _anew(read, admitted, key), teller)
        if len(head) <= _MAX_LENGTH:
            if len(self._known) >= _MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[head] = judged
        return judged


def is_last(request: Request) -> bool:
    """Whether the connection to the service must not be used again: behind every body.

    A service that leaves a body unread takes it for the next request, in front of what is written
    then: its line would be the program's, and the key in it ours. Nothing that a service says or
    acknowledges proves that it has read one.
    """
    return bool(request.length)


def _anew(request: Request, admitted: Admitted, key: bytes) -> bytes:
    """The head that the service sees."""
    target, fields = admitted.with_key(key)
    framing: list[tuple[bytes, bytes]] = []
    if request.length == CHUNKED:
        framing = [IN_CHUNKS]
    elif request.length is not None:
        framing = [(b"Content-Length", b"%d" % request.length)]
    if admitted.upgrade:
        framing += TO_WEBSOCKET
    elif is_last(request):
        framing.append((b"Connection", b"close"))
    host = b"Host", admitted.service.upstream.authority.encode()
    head = written(b"%b %b HTTP/1.1" % (request.method, target), (host, *fields, *framing))
    if not is_request(head):
        raise ValueError("a request that was judged cannot be written")
    return head
