"""A popup of tmux's as the way to a person: tmux draws it over everything, the program included.

What runs in it is `nono watch`, which answers over the control socket. See display-popup in
tmux(1), which has it since 3.2.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nono.broker import Policy
from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.commands import find_command

if TYPE_CHECKING:
    from nono.supervisor.asking.server import Server

CHANNEL = "tmux popup"
_OLDEST = (3, 2)
_VERSION_SECONDS = 2.0
_MAX_VERSION = 100


def tmux_of(env: Mapping[str, str], policy: Policy) -> str | None:
    """The tmux that can show a popup to whoever started nono; None where there is none."""
    if not env.get("TMUX"):
        return None
    path = find_command("tmux", policy)
    return path if path is not None and _version(path) >= _OLDEST else None


def _version(tmux: str) -> tuple[int, ...]:
    """Of `tmux 3.3a` or `tmux next-3.4`; nothing where it does not tell."""
    try:
        done = subprocess.run([tmux, "-V"], capture_output=True, timeout=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(rb"(\d{1,4})\.(\d{1,4})", done.stdout[:_MAX_VERSION])
    return tuple(map(int, found.groups())) if found else ()


class Popup:
    """A channel. One popup at a time: another question waits for it."""

    def __init__(self, tmux: str, server: Server, socket: str) -> None:
        import trio

        self._tmux = tmux
        self._server = server
        self._socket = socket
        self._free = trio.Lock()

    async def ask(self, question: Question) -> Answer | None:
        """None when the popup is closed without an answer, and where none can be shown."""
        import trio

        answer: Answer | None = None

        async def answered() -> None:
            nonlocal answer
            answer = await self._server.ask(question, patient=True)
            nursery.cancel_scope.cancel()

        async with self._free, trio.open_nursery() as nursery:
            nursery.start_soon(answered)
            command = self._command(question)
            await trio.run_process(command, check=False, capture_stdout=True, capture_stderr=True)
            nursery.cancel_scope.cancel()
        return answer

    def _command(self, question: Question) -> list[str]:
        watch = [sys.executable, "-P", "-m", "nono.supervisor", "watch", self._socket]
        inside = shlex.join([*watch, "--once", str(question.id)])
        return [self._tmux, "display-popup", "-E", "-w", "90%", "-h", "80%", inside]
