"""The proxy's server: connections from the sandbox, and one request after the other on each."""

from __future__ import annotations

import contextlib
import http
import json
import socket
from dataclasses import dataclass

import h11
import trio

from nono.broker.credentials.request import Refused, judge
from nono.supervisor.credentials.exchange import BODY_SECONDS, ClientGone, Exchange
from nono.supervisor.credentials.issued import Issued, url
from nono.supervisor.credentials.upstreams import Peer, UpstreamFailure, Upstreams
from nono.supervisor.credentials.usage import Usage

_MAX_CONNECTIONS = 512
_HEAD_SECONDS = 30.0
_IDLE_SECONDS = 75.0
_CHALLENGES = {
    401: (b"WWW-Authenticate", b'Bearer realm="nono"'),
    407: (b"Proxy-Authenticate", b'Bearer realm="nono"'),
}


@dataclass(frozen=True, slots=True)
class _Serving:
    """What every connection needs. `port` is the listener's."""

    issued: Issued
    upstreams: Upstreams
    port: int


async def serve(listener: socket.socket, issued: Issued, upstreams: Upstreams) -> None:
    """Serve until cancelled. At most 512 connections at a time; others wait."""
    room = trio.Semaphore(_MAX_CONNECTIONS)
    own = trio.socket.from_stdlib_socket(listener.dup())
    serving = _Serving(issued, upstreams, own.getsockname()[1])
    with own:
        async with trio.open_nursery() as nursery:
            try:
                while True:
                    await room.acquire()
                    accepted = await _accept(own)
                    nursery.start_soon(_serve_one, accepted, serving, room)
            finally:
                with trio.CancelScope(shield=True):
                    await upstreams.close()


async def _accept(listener: trio.socket.SocketType) -> trio.socket.SocketType:
    while True:
        try:
            return (await listener.accept())[0]
        except OSError:  # no descriptor left, or the client is gone already
            await trio.sleep(0.1)


async def _serve_one(sock: trio.socket.SocketType, serving: _Serving, room: trio.Semaphore) -> None:
    client = Peer(trio.SocketStream(sock), h11.SERVER)
    try:
        seconds = _HEAD_SECONDS
        while await _answer_one(client, sock, serving, seconds):
            client.http.start_next_cycle()
            seconds = _IDLE_SECONDS
    except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, ClientGone):
        pass
    except Exception:
        serving.issued.faults.note()
    finally:
        with trio.CancelScope(shield=True):
            await client.close()
        room.release()


async def _answer_one(
    client: Peer, sock: trio.socket.SocketType, serving: _Serving, seconds: float
) -> bool:
    """One request. False when the connection cannot be used for another."""
    issued = serving.issued
    try:
        event = await client.next_event(seconds)
    except h11.RemoteProtocolError as error:
        return await _refuse(
            client, issued.usage, Refused(error.error_status_hint, "not HTTP/1.1"), b""
        )
    if not isinstance(event, h11.Request):
        return False
    audit = issued.usage.audit
    if audit is not None and audit.refuses:
        unrecorded = Refused(503, "the request cannot be recorded")
        return await _refuse(client, issued.usage, unrecorded, event.method)
    verdict = judge(event.method, event.target, list(event.headers), issued.services, issued.tokens)
    if isinstance(verdict, Refused):
        return await _refuse(client, issued.usage, verdict, event.method)
    name = verdict.service.name
    exchange = Exchange(
        client,
        sock,
        event,
        verdict,
        issued.keys[name].value,
        issued.masks[name],
        url(verdict.service, serving.port),
    )
    reason = "the program closed the connection"
    try:
        await exchange.run(serving.upstreams)
        reason = ""
    except UpstreamFailure as error:
        reason = str(error)
        if not exchange.is_answered:
            exchange.status = 502
            await _respond(client, event.method, 502, f"{name}: {reason}")
    finally:
        issued.usage.note(
            name,
            event.method.decode("ascii"),
            verdict.path,
            exchange.status,
            exchange.sent,
            exchange.received,
            reason,
        )
    states = client.http.our_state, client.http.their_state
    return states == (h11.DONE, h11.DONE)


async def _refuse(client: Peer, usage: Usage, refused: Refused, method: bytes) -> bool:
    shown = method.decode("ascii", "replace")[:40]
    usage.note(refused.service, shown, refused.path, refused.status, reason=refused.reason)
    if client.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
        await _respond(client, method, refused.status, refused.reason)
    return False


async def _respond(client: Peer, method: bytes, status: int, reason: str) -> None:
    """An answer of our own, and the end of the connection: a body may still be on its way."""
    # In the form that the clients of most APIs show to people.
    error = {"type": "nono_refused", "message": f"nono: {reason}"}
    body = json.dumps({"error": error}).encode()
    headers = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Connection", b"close"),
        *((_CHALLENGES[status],) if status in _CHALLENGES else ()),
    ]
    await client.send(
        h11.Response(status_code=status, headers=headers, reason=_phrase(status)), BODY_SECONDS
    )
    if method != b"HEAD":
        await client.send(h11.Data(data=body), BODY_SECONDS)
    await client.send(h11.EndOfMessage(), BODY_SECONDS)
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await _linger(client)


def _phrase(status: int) -> bytes:
    return http.HTTPStatus(status).phrase.encode()


async def _linger(client: Peer) -> None:
    """Read on for a moment: closing with unread bytes would take the answer away with a RST."""
    stream = client.stream
    if isinstance(stream, trio.SocketStream):
        await stream.send_eof()
    with trio.move_on_after(1):
        left = 1 << 20
        while left > 0 and (data := await stream.receive_some(1 << 16)):
            left -= len(data)
