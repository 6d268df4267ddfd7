"""A run as clients of its control socket see it, and the socket itself.

The socket is there from the start on; what serves it is loaded once somebody comes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence

from nono.broker import Origin, OriginKind, visible
from nono.supervisor.asking.control.listening import listen
from nono.supervisor.errors import UsageError
from nono.supervisor.faults import Faults
from nono.supervisor.places import run_name
from nono.supervisor.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.broker.asking.control.conversation import Work
    from nono.supervisor.asking.channel import Channel
    from nono.supervisor.asking.control.server import Server
    from nono.supervisor.asking.granting.live import Live
    from nono.supervisor.planning.plan import Plan
    from nono.supervisor.session.prepare import Prepared

# Together they fit a line, whatever characters they hold.
_MAX_WORDS = 16
_MAX_WORD = 100
_MAX_REFUSED = 10
_MAX_GIVEN = 20
_MAX_WHAT = 200


class Controlled:
    """One run. Its methods are called from trio's thread."""

    def __init__(
        self,
        prepared: Prepared,
        plan: Plan,
        argv: Sequence[str],
    ) -> None:
        self._prepared = prepared
        self._plan = plan
        self._argv = argv
        self._kill: Callable[[], None] = _nothing
        self._name = run_name(prepared.tmpdir)
        self._listening = listen(self._name, os.environ)
        self._live: Live | None = None
        self._started = time.time()
        self._server: Server | None = None
        self.ended_by = ""
        """The client that has ended the program, for people; empty as long as none has."""
        self.faults = Faults()
        """Of what is served here; a run goes on without it."""
        if prepared.asking is not None:
            from nono.supervisor.asking.control.over_control import OverControl

            for channel in prepared.asking.dispatch.channels:
                if isinstance(channel, OverControl):
                    channel.offered = self

    def end_with(self, kill: Callable[[], None]) -> None:
        """How to end the program, which runs by now."""
        self._kill = kill

    @property
    def has_answerers(self) -> bool:
        """Whether a client is there that answers. From any thread."""
        return self._server is not None and self._server.has_answerers

    @property
    def path(self) -> str:
        """Of the socket; empty where there is none."""
        return "" if self._listening is None else self._listening.path

    def server(self) -> Server:
        """What questions are asked through."""
        from nono.supervisor.asking.control.server import Server

        # The door to the platform.
        if sys.platform == "darwin":
            from nono.supervisor.macos.peers import Peers, is_trusted
        else:
            from nono.supervisor.linux.peers import Peers, is_trusted

        if self._server is None:
            self._server = Server(self, is_trusted, self.faults, Peers())
        return self._server

    def wakes(self) -> Sequence[int]:
        """Descriptors that can be read when `serve` has something to do."""
        return () if self._listening is None else (self._listening.socket.fileno(),)

    def is_stopped(self, pid: int) -> bool:
        """Whether a process is stopped, as by Control-Z. From any thread."""
        # The door to the platform.
        if sys.platform == "darwin":
            from nono.supervisor.macos.peers import state_of
        else:
            from nono.supervisor.linux.processes import state_of

        return state_of(pid) == "T"

    async def serve(self) -> None:
        """Until cancelled."""
        if self._listening is None:
            return
        import trio

        sock = self._listening.whole()
        await trio.lowlevel.wait_readable(sock)
        try:
            await self.server().serve(sock)
        except Exception:
            self.faults.note()

    def close(self) -> None:
        """When the program has ended."""
        if self._listening is not None:
            self._listening.close()

    def status(self) -> dict[str, Any]:
        """What it runs and how it stands."""
        refused = self._prepared.decisions.denials.all()
        return {
            "run": self._name,
            "nono": VERSION,
            "pid": os.getpid(),
            "argv": [visible(word, _MAX_WORD) for word in self._argv[:_MAX_WORDS]],
            "workdir": visible(self._plan.workdir, _MAX_WHAT),
            "started": round(self._started, 3),
            "session": "" if self._prepared.audit is None else self._prepared.audit.name,
            "refused": len(refused),
            "last_refused": [self._words(each.request) for each in refused[-_MAX_REFUSED:]],
            "channels": [each.name for each in self._channels()],
            **self._given(),
            **self._stats(),
        }

    def _stats(self) -> dict[str, Any]:
        """What its calls cost so far, where that is counted; without the buckets, for a line."""
        tally = self._prepared.tally
        if tally is None:
            return {}
        plain = tally.plain()
        latency = [{k: v for k, v in each.items() if k != "buckets"} for each in plain["latency"]]
        return {"stats": {**plain, "latency": latency}}

    def _channels(self) -> Sequence[Channel]:
        asking = self._prepared.asking
        return () if asking is None else asking.dispatch.channels

    def _given(self) -> dict[str, Any]:
        """What was allowed since the start, and what waits; nothing where nobody has looked."""
        if self._live is None and self._prepared.asking is None:
            return {"given": [], "waiting": [], "asked": 0}
        told = self._changeable().status()
        given = [{**each, "what": each["what"][:_MAX_WHAT]} for each in told["given"]]
        return {**told, "given": given[-_MAX_GIVEN:], "given_before": len(given[:-_MAX_GIVEN])}

    def _words(self, request: Any) -> str:
        from nono.broker.explaining.explain import summary

        return visible(summary(request), _MAX_WHAT)

    def grant(self, rules: dict[str, Any], client: str) -> Work:
        """Allow something from now on."""
        changed = self._changeable()
        if not self._prepared.confinement.broker and {*rules} - {"network"}:
            raise UsageError("without the broker only hosts can be granted")
        return changed.grant_sections(rules, client)

    def revoke(self, number: str, client: str) -> dict[str, Any]:
        """Take back what was given, by its number."""
        self._changeable().revoke(number, client)
        return {}

    def _changeable(self) -> Live:
        """What the sandbox allows, and how to change it: also where nobody is asked."""
        from nono.supervisor.asking.channels import Channels
        from nono.supervisor.asking.granting.live import Live
        from nono.supervisor.asking.opening import open_asking

        prepared = self._prepared
        if not prepared.confinement.broker and prepared.proxy is None:
            raise UsageError("without the broker nothing can be granted: the kernel alone decides")
        if self._live is None:
            asking = prepared.asking
            if asking is None:
                nobody = Channels(lambda run: [])
                asking = open_asking(
                    self._plan, prepared.decisions, nobody, prepared.audit, self._name
                )
            self._live = Live(asking, self._plan.workdir)
        return self._live

    def kill(self, client: str) -> dict[str, Any]:
        """End every process of it."""
        if self._prepared.audit is not None:
            from nono.broker.audit.answer_records import Changed

            origin = Origin(OriginKind.ANSWER, time.strftime("%H:%M"))
            with contextlib.suppress(OSError):
                self._prepared.audit.answered(
                    Changed(time.time_ns(), "killed", visible(client), (), origin)
                )
        self.ended_by = visible(client) or "a client of the control socket"
        self._kill()
        return {}


def _nothing() -> None:
    """There is nothing to end yet."""
