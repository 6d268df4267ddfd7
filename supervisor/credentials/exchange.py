"""One admitted request: sent on with the real key, its answer passed back without it.

Both directions go on at the same time and neither is collected: an upload is as large as it likes,
and each piece of a streamed answer is passed on when it comes.
"""

from __future__ import annotations

from typing import Final

from nono.broker.credentials.masking import Mask
from nono.broker.credentials.services import Service
from nono.supervisor.credentials.answer import Answer
from nono.supervisor.credentials.client import LATE, Client, ClientFault, ClientGone
from nono.supervisor.credentials.judged import Judged, is_last
from nono.supervisor.credentials.poll import TimeOver, pause
from nono.supervisor.credentials.told import SWITCHING
from nono.supervisor.credentials.upload import Upload
from nono.supervisor.credentials.upstreams import UpstreamClosed, UpstreamFailure, Upstreams
from nono.supervisor.credentials.websocket import Tunnel
from nono.supervisor.credentials.wire import READ, WRITE, Wire

BODY_SECONDS: Final = 120.0
"""How long a side may take for the next piece of what it sends, or to take what it is sent."""
_ANSWER_SECONDS: Final = 900.0
_RETRIED: Final = (b"GET", b"HEAD", b"OPTIONS")
_GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Exchange:
    """A request, and what is known of its answer so far."""

    __slots__ = (
        *("_answer", "_client", "_has_asked", "_judged", "_mask", "_request"),
        *("_tunnel", "_upload"),
    )

    def __init__(self, client: Client, judged: Judged, mask: Mask) -> None:
        self._client = client
        self._judged = judged
        self._request = judged.request
        self._mask = mask
        self._upload = Upload(client, judged.request)
        self._answer = Answer(client, judged.teller, mask)
        self._has_asked = False
        self._tunnel: Tunnel | None = None

    @property
    def status(self) -> int:
        """Of the answer that was begun; 0 while nothing was said to the client."""
        return self._answer.status

    @property
    def sent(self) -> int:
        """Bytes of bodies, as the service has seen them."""
        return self._upload.sent + (self._tunnel.sent if self._tunnel else 0)

    @property
    def received(self) -> int:
        return self._answer.received + (self._tunnel.received if self._tunnel else 0)

    @property
    def keeps(self) -> bool:
        """Whether the client's connection can be used for another request."""
        return self._answer.keeps_client and self._upload.is_read

    async def run(self, upstreams: Upstreams) -> None:
        """To the end of the answer. Raises UpstreamFailure, ClientGone and ClientFault."""
        service = self._judged.admitted.service
        if not is_last(self._request):
            await self._run(service, upstreams)
            return
        upstreams.begin_last(service)
        try:
            await self._run(service, upstreams)
        finally:
            upstreams.end_last(service)

    async def _run(self, service: Service, upstreams: Upstreams) -> None:
        wire = upstreams.kept(service)
        if wire is not None:
            try:
                await self._on(wire, upstreams)
            except UpstreamClosed:
                # The service may have closed it while we began to use it again.
                if self._is_begun:
                    raise
                wire = None
                unsent = self._answer.unsent
                self._answer = Answer(self._client, self._judged.teller, self._mask)
                self._answer.unsent = unsent
        if wire is None:
            self._client.wire.watch(0)
            wire = await upstreams.made(service, self._client.line)
            await self._on(wire, upstreams)
        if self._keeps_service:
            wire.has_answered = True
            upstreams.keep(service, wire)
        else:
            upstreams.end(service, wire)
            if is_last(self._request) and self.keeps:
                upstreams.prepare(service, self._client.line.poll)

    @property
    def _keeps_service(self) -> bool:
        answer = self._answer
        return answer.keeps_service and not answer.rest and not is_last(self._request)

    @property
    def tells_its_end(self) -> bool:
        """Whether the client knows of the answer's end without that of the connection."""
        return self._answer.tells_its_end

    @property
    def _is_begun(self) -> bool:
        return self._answer.has_begun or self.sent > 0 or self._request.method not in _RETRIED

    async def _on(self, wire: Wire, upstreams: Upstreams) -> None:
        client, upload, answer = self._client, self._upload, self._answer
        wire.line = client.line
        try:
            upload.begin(self._judged.head)
            if self._request.waits and not (upload.is_read or upload.sent or self._has_asked):
                self._has_asked = True
                answer.unsent = _GO_ON
            while True:
                upload.go(wire)
                answer.go(wire)
                if answer.is_whole and not answer.unsent:
                    break
                self._watch(wire)
                await pause()
                self._listen()
            if answer.status == SWITCHING:
                self._tunnel = Tunnel(client, wire, answer.rest, self._mask)
                await self._tunnel.carry()
        except TimeOver:
            wire.close()
            raise self._late() from None
        except UpstreamClosed:
            upstreams.broken_off(self._judged.admitted.service, wire)
            wire.close()
            raise
        except BaseException:
            wire.close()
            raise

    def _watch(self, wire: Wire) -> None:
        upload, answer = self._upload, self._answer
        reads_answer = not (answer.unsent or answer.has_more)
        wire.watch((READ if reads_answer else 0) | (WRITE if upload.unsent else 0))
        reads = not self._client.rest and not upload.unsent
        self._client.wire.watch((READ if reads else 0) | (WRITE if answer.unsent else 0))
        if answer.has_more and not answer.unsent:
            self._client.line.go_on_soon()
        moves = upload.is_over and not answer.unsent
        self._client.line.wait_at_most(_ANSWER_SECONDS if moves else BODY_SECONDS)

    def _listen(self) -> None:
        """Whether the client still waits for the answer. What it says is its next request."""
        if self._upload.is_over and not self._client.rest:
            self._client.rest = self._client.take() or b""

    def _late(self) -> Exception:
        """What was waited for in vain."""
        if self._answer.unsent:
            return ClientGone("the program did not take the answer in time")
        if self._upload.unsent:
            return UpstreamFailure("the service did not take the request in time")
        if not self._upload.is_over:
            return ClientFault("the program did not send the rest of the body in time", LATE)
        return UpstreamFailure("the service did not answer in time")
