"""A client that speaks HTTP: CONNECT, or a plain request for an http:// URL.

*Performed on our copy*: a plain request is read by h11, judged, and made anew (`exchange.py`), so
nothing that only one side understands gets through. RFC 9110 section 9.3.6, RFC 9112.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable
from typing import Final, NamedTuple

import h11
import trio

from nono.broker.errors import InvalidHost
from nono.broker.proxy.targets import Target, of_authority, of_url
from nono.supervisor.decisions.refusal import Refusal
from nono.supervisor.proxy.client import HEAD_SECONDS, Client
from nono.supervisor.proxy.exchange import HostFailure, exchange
from nono.supervisor.proxy.peer import Peer

_KEPT_SECONDS: Final = 75.0
"""How long a client may take for its next request."""
_MAX_UNKNOWN_REQUESTS: Final = 3
"""Some ask without the password first, to be told that one is needed."""
_LINGER_SECONDS: Final = 1.0
_MAX_LINGER: Final = 1 << 20
_CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})


class Said(NamedTuple):
    """An answer of our own."""

    status: int
    phrase: bytes
    text: str


_NO_TOKEN = Said(407, b"Proxy Authentication Required", "this proxy is a sandbox's own")
_NO_ROOM = Said(503, b"Service Unavailable", "too many connections at a time")
_NO_BODY = Said(400, b"Bad Request", "CONNECT has no body")


async def serve_http(client: Client) -> None:
    """One request after the other. Raises OSError, TooSlowError and stream errors."""
    peer = Peer(trio.SocketStream(client.sock), h11.SERVER)
    seconds, asked = HEAD_SECONDS, 0
    with trio.move_on_after(HEAD_SECONDS) as unknown:
        while True:
            try:
                request = await peer.next_event(seconds)
            except h11.RemoteProtocolError as error:
                await _say(peer, Said(error.error_status_hint, b"Bad Request", "not HTTP/1.1"))
                return
            if not isinstance(request, h11.Request):
                return
            if not _is_known(request, client.knows):
                asked += 1
                goes_on = await _say(peer, _NO_TOKEN, request.method, asked < _MAX_UNKNOWN_REQUESTS)
            else:
                unknown.deadline, seconds = float("inf"), _KEPT_SECONDS
                goes_on = await _serve_request(client, peer, request)
            if not goes_on:
                return
            peer.http.start_next_cycle()


def _is_known(request: h11.Request, knows: Callable[[bytes, bytes], bool]) -> bool:
    given = [value for name, value in request.headers if name == b"proxy-authorization"]
    scheme, _, credentials = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
    try:
        name, _, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
    except binascii.Error:
        return False
    return scheme.lower() == b"basic" and knows(name, password)


async def _serve_request(client: Client, peer: Peer, request: h11.Request) -> bool:
    """False when the connection cannot be used for another."""
    if not client.admit(client):
        return await _say(peer, _NO_ROOM, request.method)
    try:
        if request.method == b"CONNECT":
            return await _connect(client, peer, request, of_authority(request.target))
        return await _plain(client, peer, request, *of_url(request.target))
    except InvalidHost as error:
        text = f"{error.message}: {error.hint}"
        return await _say(peer, Said(400, b"Bad Request", text), request.method)


async def _connect(client: Client, peer: Peer, request: h11.Request, target: Target) -> bool:
    if any(name in _FRAMING for name, _ in request.headers):
        return await _say(peer, _NO_BODY)
    outside = await _connected(client, peer, request.method, target)
    if outside is not None:
        with outside:
            await client.send(_CONNECTED)
            await client.talk(target, outside, peer.http.trailing_data[0])
    return False


async def _plain(
    client: Client, peer: Peer, request: h11.Request, target: Target, path: bytes
) -> bool:
    outside = await _connected(client, peer, request.method, target)
    if outside is None:
        return False
    with outside:
        try:
            return await exchange(peer, client.sock, request, target, path, outside)
        except HostFailure as failure:
            text = f"{target.authority}: {failure}"
            said = Said(502, b"Bad Gateway", text)
            return failure.can_be_told and await _say(peer, said, request.method)


async def _connected(
    client: Client, peer: Peer, method: bytes, target: Target
) -> trio.socket.SocketType | None:
    """Our connection; None when there is none, which the client was told."""
    try:
        if method != b"CONNECT":
            client.reach.refuse_plain(client.process, target)
        return await client.connected(target)
    except OSError as error:
        await _say(peer, _why_not(target, error), method)
        return None


def _why_not(target: Target, error: OSError) -> Said:
    where = target.authority
    if isinstance(error, Refusal):
        text = f"{where} is refused: what nono tells after the run says why"
        return Said(403, b"Forbidden", text)
    if isinstance(error, TimeoutError):
        return Said(504, b"Gateway Timeout", f"{where} does not answer in time")
    return Said(502, b"Bad Gateway", f"{where}: {error.strerror or type(error).__name__}")


async def _say(peer: Peer, said: Said, method: bytes = b"", keep: bool = False) -> bool:
    """Answer, if that can be done yet. True when the connection is kept, as far as it can be."""
    if peer.http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return False
    body = f"nono: {said.text}\n".encode()
    headers = [
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Content-Length", str(len(body)).encode()),
    ]
    if said.status == 407:
        headers.append((b"Proxy-Authenticate", b'Basic realm="nono"'))
    # A body that is still on its way would be taken for the next request.
    keep = keep and _has_ended(peer)
    if not keep:
        headers.append((b"Connection", b"close"))
    answer = h11.Response(status_code=said.status, headers=headers, reason=said.phrase)
    data = () if method == b"HEAD" else (h11.Data(data=body),)
    events = (answer, *data, h11.EndOfMessage())
    await peer.write(b"".join(peer.http.send(each) or b"" for each in events), HEAD_SECONDS)
    if not keep:
        await _linger(peer)
    return keep and peer.http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}


def _has_ended(peer: Peer) -> bool:
    """Whether a request has no body, and all of it is here."""
    try:
        return isinstance(peer.http.next_event(), h11.EndOfMessage)
    except h11.RemoteProtocolError:
        return False


async def _linger(peer: Peer) -> None:
    """Read on for a moment: closing with unread bytes would take the answer away with a RST."""
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        stream = peer.stream
        if isinstance(stream, trio.SocketStream):
            await stream.send_eof()
        with trio.move_on_after(_LINGER_SECONDS):
            left = _MAX_LINGER
            while left > 0 and (data := await stream.receive_some(1 << 16)):
                left -= len(data)
