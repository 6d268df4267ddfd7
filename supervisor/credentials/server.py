"""The proxy's server: connections from the sandbox, and one request after the other on each."""

from __future__ import annotations

import http
import json
import socket
from dataclasses import dataclass
from functools import partial

import trio

from nono.broker.credentials.heads import NotHTTP, written
from nono.broker.credentials.request import Refused
from nono.supervisor.credentials.client import Client, ClientFault, ClientGone
from nono.supervisor.credentials.exchange import BODY_SECONDS, Exchange
from nono.supervisor.credentials.issued import Issued
from nono.supervisor.credentials.judged import Judge, Judged
from nono.supervisor.credentials.poll import Line, Poll, TimeOver
from nono.supervisor.credentials.upstreams import UpstreamFailure, Upstreams
from nono.supervisor.credentials.usage import Usage
from nono.supervisor.credentials.wire import Wire

_MAX_CONNECTIONS = 512
_HEAD_SECONDS = 30.0
_IDLE_SECONDS = 75.0
_CHALLENGES = {
    401: (b"WWW-Authenticate", b'Bearer realm="nono"'),
    407: (b"Proxy-Authenticate", b'Bearer realm="nono"'),
}


@dataclass(frozen=True, slots=True)
class _Serving:
    """What every connection needs."""

    issued: Issued
    judge: Judge
    upstreams: Upstreams
    strangers: dict[Line, None]
    """Those that have not shown a token yet, the oldest first."""


async def serve(listener: socket.socket, issued: Issued, upstreams: Upstreams) -> None:
    """Serve until cancelled. At most 512 connections at a time.

    Another one takes the place of the oldest that has shown no token, or waits if all have.
    """
    room = trio.Semaphore(_MAX_CONNECTIONS)
    own = trio.socket.from_stdlib_socket(listener.dup())
    serving = _Serving(issued, Judge(issued, own.getsockname()[1]), upstreams, {})
    poll: Poll | None = None
    try:
        async with trio.open_nursery() as nursery:
            poll = Poll(nursery)
            nursery.start_soon(poll.run)
            nursery.start_soon(poll.watch_time)
            while True:
                accepted = socket.socket(fileno=(await _accept(own)).detach())
                if not room.value and serving.strangers:
                    next(iter(serving.strangers)).go(ClientGone("another one has its place"))
                await room.acquire()
                poll.start(partial(_serve_one, accepted, serving, room))
    finally:
        own.close()
        if poll is not None:
            poll.end_lines()
            upstreams.close()
            poll.close()


async def _accept(listener: trio.socket.SocketType) -> trio.socket.SocketType:
    while True:
        try:
            return (await listener.accept())[0]
        except OSError:  # no descriptor left, or the client is gone already
            await trio.sleep(0.1)


async def _serve_one(
    sock: socket.socket, serving: _Serving, room: trio.Semaphore, line: Line
) -> None:
    client = Client(Wire(sock, line.poll, line), line)
    serving.strangers[line] = None
    try:
        seconds = _HEAD_SECONDS
        while await _answer_one(client, serving, seconds):
            seconds = _IDLE_SECONDS
        await client.linger()
    except (OSError, TimeOver, ClientGone):
        pass
    except Exception:
        serving.issued.faults.note()
    finally:
        client.wire.close()
        serving.strangers.pop(line, None)
        room.release()


async def _answer_one(client: Client, serving: _Serving, seconds: float) -> bool:
    """One request. False when the connection cannot be used for another."""
    issued = serving.issued
    try:
        head = await client.head(seconds, _HEAD_SECONDS)
        if head is None:
            return False
        judged = serving.judge.judge(head)
    except NotHTTP as error:
        refused = Refused(error.status, f"not HTTP/1.1: {error}")
        return await _refuse(client, issued.usage, refused, b"")
    except ClientFault as error:
        return await _refuse(client, issued.usage, Refused(error.status, str(error)), b"")
    request = judged[0] if isinstance(judged, tuple) else judged.request
    audit = issued.usage.audit
    if audit is not None and audit.refuses:
        refused = Refused(503, "the request cannot be recorded")
        return await _refuse(client, issued.usage, refused, request.method)
    if isinstance(judged, tuple):
        return await _refuse(client, issued.usage, judged[1], request.method)
    serving.strangers.pop(client.line, None)
    return await _exchange(client, serving, judged)


async def _exchange(client: Client, serving: _Serving, judged: Judged) -> bool:
    issued, request, admitted = serving.issued, judged.request, judged.admitted
    name = admitted.service.name
    assert issued.mask is not None  # there is a service
    exchange = Exchange(client, judged, issued.mask)
    status, reason = 0, "nono failed"
    try:
        await exchange.run(serving.upstreams)
        reason = ""
    except (UpstreamFailure, ClientFault) as error:
        reason = str(error)
        if exchange.status:
            if not exchange.tells_its_end:
                client.wire.reset()
            raise ClientGone from None
        status = error.status
        told = f"{name}: {reason}" if isinstance(error, UpstreamFailure) else reason
        await _respond(client, request.method, status, told)
    except ClientGone as error:
        reason = str(error)
        raise
    except GeneratorExit:
        reason = "the run ended"
        raise
    finally:
        issued.usage.note(
            name,
            request.method.decode("ascii"),
            admitted.path,
            status or exchange.status,
            exchange.sent,
            exchange.received,
            reason,
        )
    return not status and exchange.keeps


async def _refuse(client: Client, usage: Usage, refused: Refused, method: bytes) -> bool:
    shown = method.decode("ascii", "replace")[:40]
    usage.note(refused.service, shown, refused.path, refused.status, reason=refused.reason)
    await _respond(client, method, refused.status, refused.reason)
    return False


async def _respond(client: Client, method: bytes, status: int, reason: str) -> None:
    """An answer of our own, and the end of the connection: a body may still be on its way."""
    # In the form that the clients of most APIs show to people.
    error = {"type": "nono_refused", "message": f"nono: {reason}"}
    body = json.dumps({"error": error}).encode()
    fields = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Connection", b"close"),
        *((_CHALLENGES[status],) if status in _CHALLENGES else ()),
    ]
    phrase = http.HTTPStatus(status).phrase.encode()
    head = written(b"HTTP/1.1 %d %b" % (status, phrase), fields)
    await client.write(head + (b"" if method == b"HEAD" else body), BODY_SECONDS)
