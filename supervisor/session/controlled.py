"""A run as clients of its control socket see it, and the socket itself.

The socket is there from the start on; what serves it is loaded once somebody comes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nono.broker import visible
from nono.supervisor.asking.listening import Listening, listen
from nono.supervisor.faults import Faults
from nono.supervisor.places import TMPDIR_PREFIX
from nono.supervisor.version import VERSION

if TYPE_CHECKING:
    from nono.supervisor.asking.server import Server
    from nono.supervisor.planning.plan import Plan
    from nono.supervisor.session.prepare import Prepared

_MAX_WORDS = 32
_MAX_WORD = 200
_MAX_REFUSED = 20


class Controlled:
    """One run. Its methods are called from trio's thread."""

    def __init__(
        self,
        prepared: Prepared,
        plan: Plan,
        argv: Sequence[str],
        kill: Callable[[], None],
        listening: Listening | None,
    ) -> None:
        self._prepared = prepared
        self._plan = plan
        self._argv = argv
        self._kill = kill
        self._listening = listening
        self._started = time.time()
        self._server: Server | None = None
        self.faults = Faults()
        """Of what is served here; a run goes on without it."""

    @property
    def path(self) -> str:
        """Of the socket; empty where there is none."""
        return "" if self._listening is None else self._listening.path

    def server(self) -> Server:
        """What questions are asked through."""
        from nono.supervisor.asking.server import Server

        # The door to the platform.
        from nono.supervisor.linux.peers import is_trusted

        if self._server is None:
            self._server = Server(self, is_trusted, self.faults)
        return self._server

    async def serve(self) -> None:
        """Until cancelled."""
        if self._listening is None:
            return
        import trio

        sock = self._listening.socket
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
            "run": run_name(self._prepared.tmpdir),
            "nono": VERSION,
            "pid": os.getpid(),
            "argv": [visible(word, _MAX_WORD) for word in self._argv[:_MAX_WORDS]],
            "workdir": visible(self._plan.workdir, _MAX_WORD),
            "started": round(self._started, 3),
            "session": "" if self._prepared.audit is None else self._prepared.audit.name,
            "refused": len(refused),
            "last_refused": [self._words(each.request) for each in refused[-_MAX_REFUSED:]],
        }

    def _words(self, request: Any) -> str:
        from nono.broker.explaining.explain import summary

        return visible(summary(request), _MAX_WORD)

    def grant(self, rules: dict[str, Any], client: str) -> dict[str, Any]:
        raise NotImplementedError

    def revoke(self, grant: int, client: str) -> dict[str, Any]:
        raise NotImplementedError

    def kill(self, client: str) -> dict[str, Any]:
        """End every process of it."""
        self._kill()
        return {}


def run_name(tmpdir: str) -> str:
    """How people call a run: what its private directory has of its own in its name."""
    return os.path.basename(tmpdir).removeprefix(TMPDIR_PREFIX)


def control(
    prepared: Prepared, plan: Plan, argv: Sequence[str], kill: Callable[[], None]
) -> Controlled:
    """The run, with a socket where there is a place for it."""
    listening = listen(run_name(prepared.tmpdir), os.environ)
    return Controlled(prepared, plan, argv, kill, listening)
